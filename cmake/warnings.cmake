# SPDX-License-Identifier: Apache-2.0
# One target that every other links: warnings, sanitizers, hardening.
add_library(atls_flags INTERFACE)
target_compile_options(atls_flags INTERFACE
  -Wall -Wextra -Wconversion -Wsign-conversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes
  -Wold-style-definition -Wpointer-arith -Wcast-qual -Wcast-align -Wwrite-strings -Wundef -Wvla
  -Wformat=2 -Wswitch-enum -Wdouble-promotion -fno-strict-aliasing
  -fno-common -fstack-protector-strong)
target_compile_definitions(atls_flags INTERFACE _POSIX_C_SOURCE=200809L _DEFAULT_SOURCE)
target_include_directories(atls_flags INTERFACE
  ${CMAKE_SOURCE_DIR}/include ${CMAKE_SOURCE_DIR}/src ${CMAKE_BINARY_DIR}/generated)
if(ATLS_WERROR)
  target_compile_options(atls_flags INTERFACE -Werror)
endif()
if(ATLS_SANITIZE)
  target_compile_options(atls_flags INTERFACE -fsanitize=${ATLS_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  target_link_options(atls_flags INTERFACE -fsanitize=${ATLS_SANITIZE})
endif()
if(ATLS_FUZZ) # coverage feedback, from the rooms as from the targets
  target_compile_options(atls_flags INTERFACE -fsanitize=fuzzer-no-link)
  target_link_options(atls_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Release" OR CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo")
  if(NOT CMAKE_C_FLAGS MATCHES "_FORTIFY_SOURCE") # a distribution's own level, as in its CFLAGS, stays
    target_compile_options(atls_flags INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
  endif()
  target_link_options(atls_flags INTERFACE -Wl,-z,relro,-z,now)
endif()
