# SPDX-License-Identifier: Apache-2.0
# SNP reports are made by what the simulated attester is made of, where that is built.
if(TARGET room_sim)
  set(appraiser_links room_sim)
endif()
