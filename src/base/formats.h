/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of names: what a root of trust is called on the command line, in a scheme on the
 * wire, in a CMW, in a Result and in CoRIM. A new format is one row.
 */
#ifndef BASE_FORMATS_H
#define BASE_FORMATS_H

#include "atls/bytes.h"
#include "base/compiler.h"

#include <stdbool.h>

struct atls_format {
    const char *name;              /* "psa": --require, --attest, policy */
    const char *media_type;        /* what we send; also the scheme by MEDIA_TYPE */
    const char *accepted_types[4]; /* other media types that are read; NULL-terminated */
    /* "__cmwc_t" of a CMW collection, where it is one; NULL: a record or a tag */
    const char *collection_type;
    bool outside_only; /* never in a handshake: what a Verifier is sent for a passport */
    bool has_content_format;
    uint16_t content_format;       /* CoAP content format, offered first where there is one */
    const char *submod;            /* name of the submodule in an EAR; NULL: that of a part */
    const char *corim_profile;     /* NULL: those of the parts */
    const char *old_corim_profile; /* the dialect before 2025; may be NULL */
    const char *binder_field;      /* where the binder sits, for sentences */
    /* 64: it sits in so many octets, padded with zeros, all of which count, and a Verifier
     * is asked about these; 0: as it is. */
    size_t padded_len;
    /* Where several formats share the last of accepted_types: what the map inside names. */
    const char *tsm_provider;
};

extern const struct atls_format atls_formats[];
extern const size_t atls_num_formats;

/* atls_format_by_name gives NULL when no row has that name. */
const struct atls_format *atls_format_by_name(struct atls_bytes name);
/* atls_format_is_planned is true for the name of a format that a later version has: told apart from
 * a slip of the finger. */
bool atls_format_is_planned(struct atls_bytes name);
/* atls_format_names_key is true for Evidence that shows the TLS key by itself, so that a Result of
 * it names the key: what a passport takes. */
bool atls_format_names_key(const struct atls_format *format);
/* atls_format_is_pat is true for Evidence that names no TLS key, so that a passport for one takes a
 * bundle with it as the platform's part (row "kat"). */
bool atls_format_is_pat(const struct atls_format *format);

#endif
