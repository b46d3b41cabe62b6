# SPDX-License-Identifier: Apache-2.0
# Certificates for the server that the tests talk to.
set(net_links room_crypto)
