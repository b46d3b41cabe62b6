# SPDX-License-Identifier: Apache-2.0
# What a simulation makes is judged by the appraiser, with endorsements made of its own template.
set(sim_links room_appraiser)
