# SPDX-License-Identifier: Apache-2.0
# Tests that are not one cmocka program each: scripts, and the programs that they drive.

# Debian's own Python: only that one sees the python3-* packages.
find_program(ATLS_PYTHON python3 PATHS /usr/bin NO_DEFAULT_PATH)
find_program(ATLS_PYTHON python3)

# The codec against other implementations and published data.
if(TARGET objects_codec AND TARGET objects_crypto)
  add_executable(codec_probe ${CMAKE_SOURCE_DIR}/tests/system/codec_probe.c)
  target_link_libraries(codec_probe PRIVATE test_support room_crypto)
  add_test(NAME system/cbor_oracle
           COMMAND ${ATLS_PYTHON} ${CMAKE_SOURCE_DIR}/tests/system/cbor_oracle.py
                   $<TARGET_FILE:codec_probe>)
  add_test(NAME system/codec_vectors
           COMMAND ${ATLS_PYTHON} ${CMAKE_SOURCE_DIR}/tests/system/codec_vectors.py
                   $<TARGET_FILE:codec_probe> ${CMAKE_SOURCE_DIR}/../shared/vectors)
  set_tests_properties(system/cbor_oracle system/codec_vectors
                       PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 900)
endif()

# The core without an operating system.
add_test(NAME system/freestanding
         COMMAND ${CMAKE_SOURCE_DIR}/tests/system/freestanding.sh ${CMAKE_SOURCE_DIR}
                 ${CMAKE_BINARY_DIR}/freestanding)
set_tests_properties(system/freestanding PROPERTIES LABELS once SKIP_RETURN_CODE 77 TIMEOUT 900)

# The independent TLS peer, against itself, OpenSSL and published vectors.
foreach(part peer peer_openssl peer_vectors peer_faults peer_tools)
  add_test(NAME interop/${part}
           COMMAND ${ATLS_PYTHON} -B ${CMAKE_SOURCE_DIR}/tests/interop/test_${part}.py)
  set_tests_properties(interop/${part} PROPERTIES LABELS once SKIP_RETURN_CODE 77 TIMEOUT 900)
endforeach()

# The real Veraison. It is built from Go modules, so it is in no ordinary run: `ctest -C veraison`.
if(TARGET atls_program)
  add_test(NAME interop/veraison CONFIGURATIONS veraison
           COMMAND ${ATLS_PYTHON} -B ${CMAKE_SOURCE_DIR}/tests/interop/test_veraison.py
                   $<TARGET_FILE:atls_program> ${CMAKE_BINARY_DIR}/../veraison)
  set_tests_properties(interop/veraison PROPERTIES LABELS veraison SKIP_RETURN_CODE 77 TIMEOUT 3600)
  # Trustee's Attestation Service and its key broker, where those are: `ctest -C trustee`.
  foreach(name trustee trustee_kbs)
    add_test(NAME interop/${name} CONFIGURATIONS trustee
             COMMAND ${ATLS_PYTHON} -B ${CMAKE_SOURCE_DIR}/tests/interop/test_${name}.py $<TARGET_FILE:atls_program>)
    set_tests_properties(interop/${name} PROPERTIES LABELS trustee SKIP_RETURN_CODE 77 TIMEOUT 900)
  endforeach()
  # A peer in Rust, from crates: `ctest -C rust-peer`.
  add_test(NAME interop/rust_peer CONFIGURATIONS rust-peer
           COMMAND ${ATLS_PYTHON} -B ${CMAKE_SOURCE_DIR}/tests/interop/test_rust_peer.py
                   $<TARGET_FILE:atls_program> ${CMAKE_BINARY_DIR}/../rust-peer)
  set_tests_properties(interop/rust_peer PROPERTIES LABELS rust-peer SKIP_RETURN_CODE 77 TIMEOUT 900)
endif()

# The models of formal/ (docs/models.md), and the code along the steps of one. They are a stage: `ctest -C models`.
if(TARGET room_sim)
  add_custom_target(models) # what they need of the code
  add_executable(replay_session ${CMAKE_SOURCE_DIR}/tests/models/replay_session.c
                 ${CMAKE_SOURCE_DIR}/tests/models/replay_peer.c ${CMAKE_SOURCE_DIR}/tests/models/replay.c)
  target_compile_definitions(replay_session PRIVATE _GNU_SOURCE)
  target_link_libraries(replay_session PRIVATE test_support room_session room_sim)
  add_executable(replay_gate ${CMAKE_SOURCE_DIR}/tests/models/replay_gate.c ${CMAKE_SOURCE_DIR}/tests/models/replay.c)
  target_compile_definitions(replay_gate PRIVATE _GNU_SOURCE)
  target_link_libraries(replay_gate PRIVATE test_support room_stack room_sim)
  add_dependencies(models replay_session replay_gate)
  add_test(NAME models/spin CONFIGURATIONS models
           COMMAND ${ATLS_PYTHON} -B ${CMAKE_SOURCE_DIR}/formal/spin/check.py session=$<TARGET_FILE:replay_session>
                   gate=$<TARGET_FILE:replay_gate>)
  foreach(part tables claims mutants)
    add_test(NAME models/maude_${part} CONFIGURATIONS models
             COMMAND ${ATLS_PYTHON} -B ${CMAKE_SOURCE_DIR}/formal/maude/check.py ${part})
  endforeach()
  set_tests_properties(models/spin models/maude_tables models/maude_claims models/maude_mutants
                       PROPERTIES LABELS models SKIP_RETURN_CODE 77 TIMEOUT 900)
endif()

# Parts of the program by themselves.
if(TARGET atls_program AND TARGET room_sim)
  add_executable(cli_parts ${CMAKE_SOURCE_DIR}/tests/system/cli_parts.c ${CMAKE_SOURCE_DIR}/cli/net.c
                 ${CMAKE_SOURCE_DIR}/cli/handshake.c ${CMAKE_SOURCE_DIR}/cli/idle.c ${CMAKE_SOURCE_DIR}/cli/rate.c
                 ${CMAKE_SOURCE_DIR}/cli/renewal.c ${CMAKE_SOURCE_DIR}/cli/stream.c ${CMAKE_SOURCE_DIR}/cli/tls.c ${CMAKE_SOURCE_DIR}/cli/udp.c
                 ${CMAKE_SOURCE_DIR}/cli/udp_bio.c ${CMAKE_SOURCE_DIR}/cli/dtls_listen.c)
  target_link_options(cli_parts PRIVATE -Wl,--wrap=connect)
  target_compile_definitions(cli_parts PRIVATE _GNU_SOURCE)
  target_include_directories(cli_parts PRIVATE ${CMAKE_SOURCE_DIR}/cli)
  target_link_libraries(cli_parts PRIVATE test_support room_stack room_sim)
  add_test(NAME system/cli_parts COMMAND cli_parts)
  set_tests_properties(system/cli_parts PROPERTIES TIMEOUT 900)
endif()

# `atls inspect` when memory runs out.
if(TARGET objects_inspect)
  add_executable(inspect_out_of_memory ${CMAKE_SOURCE_DIR}/tests/system/inspect_out_of_memory.c)
  target_link_libraries(inspect_out_of_memory PRIVATE test_support room_inspect)
  target_link_options(inspect_out_of_memory PRIVATE -Wl,--wrap=calloc)
  target_compile_definitions(inspect_out_of_memory PRIVATE TEST_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  add_test(NAME system/inspect_out_of_memory COMMAND inspect_out_of_memory)
  set_tests_properties(system/inspect_out_of_memory PROPERTIES TIMEOUT 900)
endif()

# The Verifier's store when memory runs out.
if(TARGET objects_verifier_store)
  add_executable(store_out_of_memory ${CMAKE_SOURCE_DIR}/tests/system/store_out_of_memory.c)
  target_link_libraries(store_out_of_memory PRIVATE test_support room_verifier_store)
  target_link_options(store_out_of_memory PRIVATE -Wl,--wrap=calloc,--wrap=malloc,--wrap=realloc)
  add_test(NAME system/store_out_of_memory COMMAND store_out_of_memory)
  set_tests_properties(system/store_out_of_memory PROPERTIES TIMEOUT 900)
endif()

# A remote check when memory runs out.
add_executable(verifier_out_of_memory ${CMAKE_SOURCE_DIR}/tests/system/verifier_out_of_memory.c)
target_link_libraries(verifier_out_of_memory PRIVATE test_support room_verifier)
target_link_options(verifier_out_of_memory PRIVATE
                    -Wl,--wrap=calloc,--wrap=malloc,--wrap=strdup)
add_test(NAME system/verifier_out_of_memory COMMAND verifier_out_of_memory)
set_tests_properties(system/verifier_out_of_memory PROPERTIES TIMEOUT 900)

# What `atls inspect` says, against decoders that others wrote.
if(TARGET atls_program)
  add_test(NAME system/inspect_oracle
           COMMAND ${ATLS_PYTHON} -B ${CMAKE_SOURCE_DIR}/tests/system/inspect_oracle.py
                   $<TARGET_FILE:atls_program> ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/../shared/vectors)
  # under a sanitizer the same explainers run in unit/inspect and in fuzzing, without a start for each file
  set_tests_properties(system/inspect_oracle PROPERTIES LABELS once SKIP_RETURN_CODE 77 TIMEOUT 900)
endif()

# What the program writes with --json, and takes as a policy, against the schemas of docs/.
if(TARGET atls_program)
  add_test(NAME system/json_contract
           COMMAND ${ATLS_PYTHON} -B ${CMAKE_SOURCE_DIR}/tests/system/json_contract.py
                   $<TARGET_FILE:atls_program> ${CMAKE_SOURCE_DIR}/docs)
  set_tests_properties(system/json_contract PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 900)
endif()

# The program as its peers see it, and as its users do: over sockets, from the command line.
if(TARGET atls_program)
  foreach(suite attack system)
    file(GLOB scripts CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/${suite}/test_*.py)
    foreach(script ${scripts})
      get_filename_component(name ${script} NAME_WE)
      string(REGEX REPLACE "^test_" "" name ${name})
      add_test(NAME ${suite}/${name}
               COMMAND ${ATLS_PYTHON} -B ${script} $<TARGET_FILE:atls_program>)
      set(labels ${suite})
      if(name MATCHES "^(load|datagrams|tpm_gone|serve|dtls|relay|reattest|living|verifier|verifier_(tls|processes|nodes|postgres|fetch)|passport)$") # many connections at one time
        list(APPEND labels threads)
      endif()
      # tshark's Lua, on captures: no sanitizer sees it; nodes have ThreadSanitizer, and their parts ASan in the other tests
      if(name MATCHES "^(wireshark_hostile|wireshark_frames|verifier_nodes)$")
        list(APPEND labels once)
      endif()
      set_tests_properties(${suite}/${name} PROPERTIES LABELS "${labels}" SKIP_RETURN_CODE 77
                           TIMEOUT 900)
    endforeach()
  endforeach()
endif()

# Samples of Evidence: made and checked by Python alone, then appraised by the library.
foreach(folder . corim inspect)
  string(REPLACE "/." "" name kat/sources/${folder})
  add_test(NAME ${name} COMMAND ${ATLS_PYTHON} -B ${CMAKE_SOURCE_DIR}/tests/kat/${folder}/make.py --check)
  set_tests_properties(${name} PROPERTIES LABELS once SKIP_RETURN_CODE 77 TIMEOUT 900)
endforeach()
add_executable(kat_samples ${CMAKE_SOURCE_DIR}/tests/kat/check_samples.c)
target_link_libraries(kat_samples PRIVATE test_support room_verifier)
target_compile_definitions(kat_samples PRIVATE TEST_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
add_test(NAME kat/samples COMMAND kat_samples)
set_tests_properties(kat/samples PROPERTIES TIMEOUT 900)

# What is installed, and what the libraries export. A sanitizer's build makes no shared libraries, and
# those of a build for coverage are not what is installed.
if(TARGET atls_shared AND TARGET atls-tpm2_shared AND TARGET atls-net_shared AND TARGET atls-sim_shared
   AND NOT CMAKE_C_FLAGS MATCHES "--coverage")
  add_test(NAME abi/symbols
           COMMAND ${ATLS_PYTHON} -B ${CMAKE_SOURCE_DIR}/tests/abi/check.py
                   $<TARGET_FILE:atls_shared> $<TARGET_FILE:atls-tpm2_shared>
                   $<TARGET_FILE:atls-net_shared> $<TARGET_FILE:atls-sim_shared>
                   $<TARGET_FILE:atls_program>)
  add_test(NAME system/install
           COMMAND ${CMAKE_SOURCE_DIR}/tests/system/test_install.sh ${CMAKE_SOURCE_DIR}
                   ${CMAKE_BINARY_DIR} ${CMAKE_BINARY_DIR}/install)
  set_tests_properties(system/install PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 900)
endif()

# Mutants of Evidence (docs/testing.md). The number of a run is ATLS_MUTATIONS, 20000 by default.
file(GLOB mutation_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/mutation/*.c)
add_executable(mutate_format ${mutation_sources})
target_link_libraries(mutate_format PRIVATE test_support room_verifier room_sim)
target_compile_definitions(mutate_format PRIVATE TEST_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
foreach(run psa:raw psa:unsigned psa:re-signed psa:control
            tpm2:raw tpm2:unsigned tpm2:re-signed tpm2:control
            nitro:raw nitro:unsigned nitro:re-signed nitro:control
            snp:raw snp:unsigned snp:re-signed snp:control
            tdx:raw tdx:unsigned tdx:re-signed tdx:control
            sgx:raw sgx:unsigned sgx:re-signed sgx:control
            kat:raw kat:unsigned kat:re-signed kat:control
            psa-interim:re-signed psa-legacy:re-signed tpm2-rsa:re-signed
            pck:re-signed tcb-info:re-signed qe-identity:re-signed)
  string(REPLACE ":" ";" words ${run})
  list(GET words 0 format)
  list(GET words 1 kind)
  add_test(NAME mutation/${format}_${kind}
           COMMAND mutate_format ${format} ${kind})
  set_tests_properties(mutation/${format}_${kind} PROPERTIES LABELS mutation TIMEOUT 7200)
endforeach()

# In a clean tree ctest does not know what takes long; what begins last should not.
foreach(long mutation/tcb-info_re-signed mutation/pck_re-signed mutation/qe-identity_re-signed mutation/nitro_raw mutation/sgx_raw
             system/wireshark_hostile system/wireshark system/verifier_nodes system/verifier_postgres system/verifier_processes
             system/verifier_hostile system/inspect_oracle system/json_contract system/demo system/usage system/store_out_of_memory
             system/background_check system/background_results system/background_trustee system/collateral_intel system/install
             attack/load attack/on_path interop/peer_openssl interop/peer_tools
             unit/tpm2/test_hostile unit/stack/test_handshake_threads unit/verifier_store/test_crash
             unit/verifier_store/test_outage unit/endorsement/test_corim_mutants unit/endorsement/test_signed)
  if(TEST ${long})
    set_tests_properties(${long} PROPERTIES COST 10)
  endif()
endforeach()
