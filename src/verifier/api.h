/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which API a remote Verifier speaks: the scheme of its URL says so. One row each, of what differs:
 * where its keys are, how it is asked, and what in its Result is about the Evidence.
 */
#ifndef VERIFIER_API_H
#define VERIFIER_API_H

#include "result/ear.h"
#include "verifier/exchange.h"

struct verifier_api {
    const char *prefix;    /* of the URL, before https: or http: */
    const char *keys_path; /* of its keys, where nobody listed them */
    /* It opens sessions over a nonce, of its own too, which its Result repeats. Without, `find`
     * looks for the nonce in what the Result says of the Evidence, which for a passport is a hash
     * of the Verifier's nonce and our TLS key: any Evidence names the key so. */
    bool has_sessions;
    bool (*takes)(const struct atls_format *format);
    enum atls_err (*exchange)(char **out, const struct verifier_line *line,
                              const struct verifier_question *question, struct atls_diag *diag);
    /* obtain asks for a passport, with question->make. */
    enum atls_err (*obtain)(char **out, const struct verifier_line *line,
                            const struct verifier_question *question, struct atls_diag *diag);
    /* find gives the one submod, once it is known to be of this format, and of this exchange. */
    enum atls_err (*find)(const struct atls_ear_submod **out, const struct atls_ear *ear,
                          const struct atls_format *format, struct atls_bytes nonce,
                          struct atls_diag *diag);
};

/* verifier_api_of gives the row of a URL, and moves *url behind the prefix. */
const struct verifier_api *verifier_api_of(const char **url);

/* verifier_one_submod gives the submod of this name, if it is the only one of a Result. */
ATLS_NODISCARD enum atls_err verifier_one_submod(const struct atls_ear_submod **out,
                                                 const struct atls_ear *ear, const char *name,
                                                 struct atls_diag *diag);

#endif
