/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * What marks a symbol as public, and a result as one that must be looked at. */
#ifndef ATLS_EXPORT_H
#define ATLS_EXPORT_H

/** @def ATLS_API
 *  Marks what a library of atls exports. */
/** @def ATLS_NODISCARD
 *  The compiler warns where this function's result is not looked at. */
#if defined(__GNUC__) || defined(__clang__)
#define ATLS_API       __attribute__((visibility("default")))
#define ATLS_NODISCARD __attribute__((warn_unused_result))
#else
#define ATLS_API
#define ATLS_NODISCARD
#endif

#endif
