# SPDX-License-Identifier: Apache-2.0
set(result_links room_crypto)
