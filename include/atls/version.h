/* SPDX-License-Identifier: Apache-2.0 */
/* The version of the library. The wire format has its own: PROTOCOL.md. */
#ifndef ATLS_VERSION_H
#define ATLS_VERSION_H

#include "atls/export.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Of the headers that a program was compiled with; CMakeLists.txt reads the version from here. */
#define ATLS_VERSION     "0.1.0"
#define ATLS_VERSION_HEX 0x000100u /**< major, minor and patch, one octet each */

/** atls_version gives the ATLS_VERSION_HEX of the library that the program runs with. */
ATLS_API uint32_t atls_version(void);

#ifdef __cplusplus
}
#endif
#endif
