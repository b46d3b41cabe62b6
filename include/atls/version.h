/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * The version of the library. The wire format has its own: PROTOCOL.md. */
#ifndef ATLS_VERSION_H
#define ATLS_VERSION_H

#include "atls/export.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Version of the headers that a program was compiled with; CMakeLists.txt reads it from here. */
#define ATLS_VERSION "0.1.0"
/** The same as a number: major, minor and patch, one octet each. */
#define ATLS_VERSION_HEX 0x000100u

/** atls_version says which library the program runs with.
 *  @return its ATLS_VERSION_HEX */
ATLS_API uint32_t atls_version(void);

#ifdef __cplusplus
}
#endif
#endif
