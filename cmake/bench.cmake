# SPDX-License-Identifier: Apache-2.0
# The benchmarks and what they need; never installed.
add_executable(bench_handshake ${CMAKE_SOURCE_DIR}/bench/handshake.c ${CMAKE_SOURCE_DIR}/bench/setup.c
  ${CMAKE_SOURCE_DIR}/bench/measure.c)
target_link_libraries(bench_handshake PRIVATE atls_flags room_stack room_session room_verifier
  room_appraiser room_endorsement room_attester room_json room_crypto room_result room_handshake
  room_codec room_base room_sim m)

add_executable(bench_reattest ${CMAKE_SOURCE_DIR}/bench/reattest.c ${CMAKE_SOURCE_DIR}/bench/setup.c)
target_link_libraries(bench_reattest PRIVATE atls_flags room_stack room_session room_verifier
  room_appraiser room_endorsement room_attester room_json room_crypto room_result room_handshake
  room_codec room_base room_sim)

# bench/verifier.py drives the program, and has the bare signature operations from this one.
add_executable(bench_signatures ${CMAKE_SOURCE_DIR}/bench/signatures.c)
target_link_libraries(bench_signatures PRIVATE atls_flags PkgConfig::OPENSSL)

# What an appraisal costs beside its signature checks.
add_executable(bench_appraise ${CMAKE_SOURCE_DIR}/bench/appraise.c)
target_link_libraries(bench_appraise PRIVATE atls_flags room_appraiser room_endorsement room_json room_crypto
  room_result room_codec room_base PkgConfig::OPENSSL)
target_compile_definitions(bench_appraise PRIVATE BENCH_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
