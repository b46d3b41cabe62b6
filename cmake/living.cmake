# SPDX-License-Identifier: Apache-2.0
# The clients of `./run bench living` and of system/living.
add_executable(bench_living ${CMAKE_SOURCE_DIR}/bench/living.c)
target_compile_definitions(bench_living PRIVATE _GNU_SOURCE)
target_link_libraries(bench_living PRIVATE atls_flags room_stack room_session room_verifier room_appraiser
  room_endorsement room_attester room_json room_crypto room_result room_handshake room_codec room_base room_sim)
