# SPDX-License-Identifier: Apache-2.0
set(collateral_links room_verifier Threads::Threads)
