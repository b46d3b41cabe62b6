# SPDX-License-Identifier: Apache-2.0
# What keygen makes goes through the rooms that read it.
set(tpm2_links room_appraiser room_endorsement)
