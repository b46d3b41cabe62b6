/* SPDX-License-Identifier: Apache-2.0 */
/* The few compiler attributes that the tree uses, in one place. */
#ifndef BASE_COMPILER_H
#define BASE_COMPILER_H

#include "atls/export.h"

#define ATLS_PRINTF(format_at, args_at) __attribute__((format(printf, format_at, args_at)))
#define ATLS_UNUSED                     __attribute__((unused))
#define ATLS_ARRAY_LEN(array)           (sizeof(array) / sizeof((array)[0]))

/* ATLS_AUTO(function) runs function(&variable) when the variable goes out of scope. */
#define ATLS_AUTO(function) __attribute__((cleanup(function)))

#endif
