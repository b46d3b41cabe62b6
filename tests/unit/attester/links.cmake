# SPDX-License-Identifier: Apache-2.0
set(attester_links room_handshake room_endorsement)
