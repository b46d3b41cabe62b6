/* SPDX-License-Identifier: Apache-2.0 */
/* What is read of an HTTP request by hand: target, query, Accept, Content-Type. All of it comes
 * from strangers, and is only compared, never followed. */
#ifndef SVC_VERIFIER_QUERY_H
#define SVC_VERIFIER_QUERY_H

#include "atls/bytes.h"
#include "atls/limits.h"
#include "base/compiler.h"

#include <stdbool.h>

enum { VERIFIER_MAX_TARGET_LEN = 2048, VERIFIER_MAX_HEADER_LEN = 4096 };

/* verifier_target_split parts a request target, with or without scheme and host in front; the query
 * is what is behind '?'. */
ATLS_NODISCARD bool verifier_target_split(struct atls_bytes target, struct atls_bytes *out_path,
                                          struct atls_bytes *out_query);

/* verifier_path_below gives what follows `prefix` in a path, when there is something. */
ATLS_NODISCARD bool verifier_path_below(struct atls_bytes path, const char *prefix,
                                        struct atls_bytes *out_rest);

/* The parameters of newSession; every other one is ignored, as the field does. */
struct verifier_nonce_query {
    bool has_nonce, has_size;
    uint8_t nonce[ATLS_MAX_NONCE_LEN];
    size_t nonce_len; /* 8 to 64 */
    uint8_t size;     /* 8 to 64 */
};
/*
 * verifier_query_nonce reads nonce (base64 in either alphabet, padded or not; percent-encoded or
 * not, and a '+' that became a blank) and nonceSize. On false *why says what is wrong: twice the
 * same, both together, out of range, no base64.
 */
ATLS_NODISCARD bool verifier_query_nonce(struct verifier_nonce_query *out, struct atls_bytes query,
                                         const char **why);

/* verifier_query_number reads one parameter, a number below 10^18, and leaves *out without it;
 * false for what is none, and for two. */
ATLS_NODISCARD bool verifier_query_number(uint64_t *out, struct atls_bytes query, const char *name);

/* verifier_base64_any decodes base64 in either alphabet, but not in both, padded or not. */
ATLS_NODISCARD bool verifier_base64_any(struct atls_bytes text, struct atls_buf out,
                                        size_t *out_len);

/* verifier_accepts says whether an Accept header takes `type`, a media type without parameters
 * (RFC 9110, 12.5.1). An absent or empty header takes everything. */
ATLS_NODISCARD bool verifier_accepts(const char *header, const char *type);

/* verifier_names says whether an Accept header has `type` itself, and not by a range alone. */
ATLS_NODISCARD bool verifier_names(const char *header, const char *type);

/* verifier_type_quote writes a Content-Type with quotes around those values of parameters that need
 * them and have none, as older clients send them (RFC 9110, 5.6.6); false when it does not fit. */
ATLS_NODISCARD bool verifier_type_quote(char *out, size_t cap, const char *content_type);

/* verifier_type_is compares type and subtype of a Content-Type, whatever its parameters are. */
ATLS_NODISCARD bool verifier_type_is(struct atls_bytes content_type, const char *type);
/* verifier_type_parameter gives the value of a parameter, without its quotes, tolerant of unquoted
 * values with characters that should be quoted. Borrowed. */
ATLS_NODISCARD bool verifier_type_parameter(struct atls_bytes content_type, const char *name,
                                            struct atls_bytes *out);

#endif
