# SPDX-License-Identifier: Apache-2.0
set(handshake_links room_crypto)
