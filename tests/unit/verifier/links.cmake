# SPDX-License-Identifier: Apache-2.0
# Evidence to verify is made by the simulated attester, where that is built.
if(TARGET room_sim)
  set(verifier_links room_sim)
endif()
