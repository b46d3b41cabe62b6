# SPDX-License-Identifier: Apache-2.0
# What the listener shares with `atls serve`.
add_library(service_cli STATIC ${CMAKE_SOURCE_DIR}/cli/rate.c ${CMAKE_SOURCE_DIR}/cli/net.c
            ${CMAKE_SOURCE_DIR}/cli/stream.c ${CMAKE_SOURCE_DIR}/cli/tls.c ${CMAKE_SOURCE_DIR}/cli/idle.c ${CMAKE_SOURCE_DIR}/cli/handshake.c)
target_link_libraries(service_cli PUBLIC room_stack room_base)
set(service_links service_cli)
