# SPDX-License-Identifier: Apache-2.0
# What keygen and attest make goes through the rooms that read it.
set(tpm2_links room_verifier room_appraiser room_endorsement)
