# SPDX-License-Identifier: Apache-2.0
# What is installed: libatls (shared and static), libatls-tpm2, libatls-net, libatls-sim, the program,
# headers, pkg-config files and manual pages.
set(ATLS_SOVERSION 0)
# What is installed to be found names its prefix from where it stands itself, so that an installed tree may be moved. Who
# configures with folders that are absolute, as some distributions do, gets them as they are.
if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}" OR IS_ABSOLUTE "${CMAKE_INSTALL_INCLUDEDIR}")
  set(ATLS_PC_PREFIX ${CMAKE_INSTALL_PREFIX})
  set(ATLS_PC_LIBDIR ${CMAKE_INSTALL_FULL_LIBDIR})
  set(ATLS_PC_INCLUDEDIR ${CMAKE_INSTALL_FULL_INCLUDEDIR})
  set(ATLS_CMAKE_PREFIX ${CMAKE_INSTALL_PREFIX})
  set(ATLS_CMAKE_LIBDIR ${CMAKE_INSTALL_FULL_LIBDIR})
  set(ATLS_CMAKE_INCLUDEDIR ${CMAKE_INSTALL_FULL_INCLUDEDIR})
else()
  file(RELATIVE_PATH up /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
  string(REGEX REPLACE "/$" "" up "${up}")
  set(ATLS_PC_PREFIX "\${pcfiledir}/${up}")
  set(ATLS_PC_LIBDIR "\${prefix}/${CMAKE_INSTALL_LIBDIR}")
  set(ATLS_PC_INCLUDEDIR "\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}")
  file(RELATIVE_PATH up /${CMAKE_INSTALL_LIBDIR}/cmake/atls /)
  set(ATLS_CMAKE_PREFIX "\${atls_here}/${up}")
  set(ATLS_CMAKE_LIBDIR "\${atls_prefix}/${CMAKE_INSTALL_LIBDIR}")
  set(ATLS_CMAKE_INCLUDEDIR "\${atls_prefix}/${CMAKE_INSTALL_INCLUDEDIR}")
endif()

# atls_library(NAME ROOMS room... LIBS target...) makes the shared and the static library. Symbols are
# hidden unless a public header marks them, and the export list says so once more.
function(atls_library name)
  cmake_parse_arguments(LIB "" "" "ROOMS;LIBS" ${ARGN})
  set(objects "")
  foreach(room ${LIB_ROOMS})
    if(TARGET objects_${room})
      list(APPEND objects $<TARGET_OBJECTS:objects_${room}>)
    endif()
  endforeach()
  set(map ${CMAKE_SOURCE_DIR}/cmake/${name}.map)
  foreach(kind shared static)
    string(TOUPPER ${kind} KIND)
    add_library(${name}_${kind} ${KIND} ${objects})
    set_target_properties(${name}_${kind} PROPERTIES OUTPUT_NAME ${name} LINKER_LANGUAGE C
      VERSION ${PROJECT_VERSION} SOVERSION ${ATLS_SOVERSION})
    target_link_libraries(${name}_${kind} PRIVATE atls_flags ${LIB_LIBS})
    install(TARGETS ${name}_${kind} DESTINATION ${CMAKE_INSTALL_LIBDIR})
  endforeach()
  target_link_options(${name}_shared PRIVATE -Wl,--version-script=${map} -Wl,-z,defs -Wl,--as-needed)
  set_target_properties(${name}_shared PROPERTIES LINK_DEPENDS ${map})
  set(PC_NAME ${name})
  configure_file(${CMAKE_SOURCE_DIR}/cmake/${name}.pc.in ${CMAKE_BINARY_DIR}/${name}.pc @ONLY)
  install(FILES ${CMAKE_BINARY_DIR}/${name}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endfunction()

if(NOT ATLS_SANITIZE) # a sanitizer's symbols are undefined in a shared library, by design
  atls_library(atls
    ROOMS base codec handshake result crypto json endorsement collateral attester appraiser verifier session
      stack
    LIBS PkgConfig::OPENSSL PkgConfig::JANSSON Threads::Threads)
  if(ATLS_TPM2)
    atls_library(atls-tpm2 ROOMS tpm2 base codec result crypto json attester
      LIBS PkgConfig::TSS2 PkgConfig::OPENSSL PkgConfig::JANSSON Threads::Threads)
  endif()
  if(ATLS_NET)
    atls_library(atls-net ROOMS net base LIBS PkgConfig::CURL PkgConfig::OPENSSL Threads::Threads)
  endif()
  if(ATLS_SIM)
    atls_library(atls-sim ROOMS sim base codec result crypto json attester
      LIBS PkgConfig::OPENSSL PkgConfig::JANSSON)
  endif()
endif()

# find_package(atls)
include(CMakePackageConfigHelpers)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/atls-config-version.cmake COMPATIBILITY SameMinorVersion)
configure_file(cmake/atls-config.cmake.in ${CMAKE_BINARY_DIR}/atls-config.cmake @ONLY)
if(NOT ATLS_SANITIZE)
  install(FILES ${CMAKE_BINARY_DIR}/atls-config.cmake ${CMAKE_BINARY_DIR}/atls-config-version.cmake
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/atls)
endif()

file(GLOB public_headers CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/include/atls/*.h)
install(FILES ${public_headers} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/atls)

file(GLOB cli_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/cli/*.c)
if(NOT ATLS_VERIFIER)
  list(REMOVE_ITEM cli_sources ${CMAKE_SOURCE_DIR}/cli/verifier.c)
endif()
if(NOT ATLS_NET)
  list(REMOVE_ITEM cli_sources ${CMAKE_SOURCE_DIR}/cli/passport.c)
endif()
if(NOT (ATLS_VERIFIER AND ATLS_NET))
  list(REMOVE_ITEM cli_sources ${CMAKE_SOURCE_DIR}/cli/demo_verifier.c)
endif()
add_executable(atls_program ${cli_sources})
set_target_properties(atls_program PROPERTIES OUTPUT_NAME atls)
target_compile_definitions(atls_program PRIVATE _GNU_SOURCE)
target_include_directories(atls_program PRIVATE ${CMAKE_SOURCE_DIR}/cli)
target_link_libraries(atls_program PRIVATE atls_flags room_stack room_session room_verifier
  room_appraiser room_collateral room_endorsement room_attester room_json room_crypto room_result room_handshake
  room_codec room_base room_inspect $<$<BOOL:${ATLS_TPM2}>:room_tpm2> $<$<BOOL:${ATLS_SIM}>:room_sim>
  $<$<BOOL:${ATLS_NET}>:room_net> $<$<BOOL:${ATLS_VERIFIER}>:room_service>)
install(TARGETS atls_program DESTINATION ${CMAKE_INSTALL_BINDIR})

# The unit names the program where it is installed, which is known when it is.
if(ATLS_VERIFIER)
  install(CODE "set(bindir \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}\")
    configure_file(\"${CMAKE_SOURCE_DIR}/packaging/systemd/atls-verifier.service.in\"
      \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/lib/systemd/system/atls-verifier.service\" @ONLY)")
endif()

# Where Wireshark does not look by itself: docs/wireshark.md says what to do with it.
install(DIRECTORY tools/wireshark DESTINATION ${CMAKE_INSTALL_DATADIR}/atls)

find_program(SCDOC scdoc)
if(SCDOC)
  file(GLOB pages CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/docs/man/*.scd)
  foreach(page ${pages})
    get_filename_component(man ${page} NAME_WLE) # atls-serve.1
    string(REGEX REPLACE ".*\\." "" section ${man})
    add_custom_command(OUTPUT ${CMAKE_BINARY_DIR}/man/${man}
      COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/man
      COMMAND sh -c "'${SCDOC}' < '${page}' > '${CMAKE_BINARY_DIR}/man/${man}'"
      DEPENDS ${page} VERBATIM)
    list(APPEND man_outputs ${CMAKE_BINARY_DIR}/man/${man})
    install(FILES ${CMAKE_BINARY_DIR}/man/${man} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
  endforeach()
  add_custom_target(manual_pages ALL DEPENDS ${man_outputs})
endif()
