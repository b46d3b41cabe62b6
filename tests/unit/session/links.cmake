# SPDX-License-Identifier: Apache-2.0
# Evidence is made by the simulated attester, where that is built.
if(TARGET room_sim)
  set(session_links room_sim)
endif()
