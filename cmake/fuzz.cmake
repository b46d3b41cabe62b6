# SPDX-License-Identifier: Apache-2.0
# fuzz/fuzz_ROOM_NAME.c is one libFuzzer target that links room_ROOM.
file(GLOB fuzzers CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/fuzz/fuzz_*.c)
foreach(source ${fuzzers})
  get_filename_component(name ${source} NAME_WE)
  string(REGEX REPLACE "^fuzz_([a-z0-9]+)_.*$" "\\1" room ${name})
  add_executable(${name} ${source})
  target_link_libraries(${name} PRIVATE room_${room})
  target_compile_options(${name} PRIVATE -fsanitize=fuzzer)
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
endforeach()
