# SPDX-License-Identifier: Apache-2.0
# fuzz/fuzz_ROOM_NAME.c is one libFuzzer target that links room_ROOM. Feedback comes from the rooms
# only where they are compiled with -fsanitize=fuzzer-no-link, which cmake/warnings.cmake gives to
# everything in a build with ATLS_FUZZ; control_planted is the target that shows it.
file(GLOB fuzzers CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/fuzz/fuzz_*.c)
function(atls_fuzzer name source room)
  add_executable(${name} ${source})
  target_link_libraries(${name} PRIVATE room_${room})
  target_compile_options(${name} PRIVATE -fsanitize=fuzzer)
  target_compile_definitions(${name} PRIVATE FUZZ_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
endfunction()
foreach(source ${fuzzers})
  get_filename_component(name ${source} NAME_WE)
  string(REGEX REPLACE "^fuzz_([a-z0-9]+)_.*$" "\\1" room ${name})
  if(TARGET room_${room}) # a room may be left out of a build
    atls_fuzzer(${name} ${source} ${room})
  endif()
endforeach()
atls_fuzzer(control_planted ${CMAKE_SOURCE_DIR}/fuzz/control_planted.c codec)
