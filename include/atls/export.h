/* SPDX-License-Identifier: Apache-2.0 */
/* What marks a symbol as public, and a result as one that must be looked at. */
#ifndef ATLS_EXPORT_H
#define ATLS_EXPORT_H

#if defined(__GNUC__) || defined(__clang__)
#define ATLS_API       __attribute__((visibility("default")))
#define ATLS_NODISCARD __attribute__((warn_unused_result))
#else
#define ATLS_API
#define ATLS_NODISCARD
#endif

#endif
