/* SPDX-License-Identifier: Apache-2.0 */
/* COSE_Key (RFC 9052, 7; RFC 9053, 7; RFC 8230) and JWK (RFC 7517, 7518, 8037). Private members
 * are named and never shown. */
#include "inspect/formats.h"
#include "inspect/names.h"

#include "base/span.h"

#define ALONE INSPECT_NO_LABEL

static const struct inspect_name_of op_rows[] = {
    {1, "sign"},       {2, "verify"},     {3, "encrypt"},     {4, "decrypt"},    {5, "wrap key"},
    {6, "unwrap key"}, {7, "derive key"}, {8, "derive bits"}, {9, "MAC create"}, {10, "MAC verify"},
};
static const struct inspect_names ops = INSPECT_NAMES("a key operation", op_rows, false);
/* A public member of another type than it must have may be a private one under a wrong label. */
static void explain_key_word(struct inspect *in, struct inspect_node *node,
                             const struct inspect_value *v, const void *arg)
{
    if (v->type == INSPECT_BYTES || v->type == INSPECT_ARRAY || v->type == INSPECT_MAP ||
        v->type == INSPECT_TAG) {
        inspect_secret(in, node, v, NULL);
        inspect_problem(in, node, "found %s, expected a name or an integer", inspect_type_name(v));
    } else {
        inspect_word(in, node, v, arg);
    }
}

/* So may octets that are longer than a name is. */
static void explain_key_octets(struct inspect *in, struct inspect_node *node,
                               const struct inspect_value *v, const void *arg)
{
    (void)arg;
    if (v->type != INSPECT_BYTES || v->content.len > 64) {
        inspect_secret(in, node, v, NULL);
        inspect_problem(in, node, "expected at most 64 octets");
    } else {
        inspect_octets(in, node, v, NULL);
    }
}

static void explain_key_ops(struct inspect *in, struct inspect_node *node,
                            const struct inspect_value *v, const void *arg)
{
    static const struct inspect_list list = {"", explain_key_word, &ops, 1};
    (void)arg;
    if (v->type == INSPECT_ARRAY) {
        inspect_array(in, node, v, &list);
    } else {
        inspect_secret(in, node, v, NULL);
        inspect_problem(in, node, "found %s, expected an array", inspect_type_name(v));
    }
}

#define COMMON_ROWS                                                                                \
    {1, NULL, "kty", explain_key_word, &inspect_cose_kty, true},                                   \
        {2, NULL, "kid", explain_key_octets, NULL, false},                                         \
        {3, NULL, "alg", explain_key_word, &inspect_cose_algs, false},                             \
        {4, NULL, "key_ops", explain_key_ops, NULL, false},                                        \
    {                                                                                              \
        5, NULL, "Base IV", explain_key_octets, NULL, false                                        \
    }

/* A compressed point has a boolean for y (RFC 9053, 7.1.1). */
static void explain_y(struct inspect *in, struct inspect_node *node, const struct inspect_value *v,
                      const void *arg)
{
    (void)arg;
    if (v->type == INSPECT_BOOL) {
        inspect_show_value(in, node, v);
        inspect_note(in, node, "compressed point");
    } else {
        inspect_octets(in, node, v, NULL);
    }
}

static const struct inspect_field ec2_rows[] = {
    COMMON_ROWS,
    {-1, NULL, "crv", explain_key_word, &inspect_cose_crv, true},
    {-2, NULL, "x", inspect_octets, NULL, true},
    {-3, NULL, "y", explain_y, NULL, true},
    {-4, NULL, "d", inspect_secret, NULL, false},
};
static const struct inspect_field okp_rows[] = {
    COMMON_ROWS,
    {-1, NULL, "crv", explain_key_word, &inspect_cose_crv, true},
    {-2, NULL, "x", inspect_octets, NULL, true},
    {-4, NULL, "d", inspect_secret, NULL, false},
};
static const struct inspect_field rsa_rows[] = {
    COMMON_ROWS,
    {-1, NULL, "n", inspect_octets, NULL, true},
    {-2, NULL, "e", inspect_octets, NULL, true},
    {-3, NULL, "d", inspect_secret, NULL, false},
    {-4, NULL, "p", inspect_secret, NULL, false},
    {-5, NULL, "q", inspect_secret, NULL, false},
    {-6, NULL, "dP", inspect_secret, NULL, false},
    {-7, NULL, "dQ", inspect_secret, NULL, false},
    {-8, NULL, "qInv", inspect_secret, NULL, false},
    {-9, NULL, "other", inspect_secret, NULL, false},
    {-10, NULL, "r_i", inspect_secret, NULL, false},
    {-11, NULL, "d_i", inspect_secret, NULL, false},
    {-12, NULL, "t_i", inspect_secret, NULL, false},
};
/* A member that no row names may be private, so it is not shown either. */
static const struct inspect_field other_rows[] = {
    COMMON_ROWS,
};
static const struct inspect_fields ec2 = {"COSE_Key",     ec2_rows, ATLS_ARRAY_LEN(ec2_rows),
                                          inspect_secret, NULL,     NULL};
static const struct inspect_fields okp = {"COSE_Key",     okp_rows, ATLS_ARRAY_LEN(okp_rows),
                                          inspect_secret, NULL,     NULL};
static const struct inspect_fields rsa = {"COSE_Key",     rsa_rows, ATLS_ARRAY_LEN(rsa_rows),
                                          inspect_secret, NULL,     NULL};
static const struct inspect_fields other = {"COSE_Key",     other_rows, ATLS_ARRAY_LEN(other_rows),
                                            inspect_secret, NULL,       NULL};

void inspect_cose_key(struct inspect *in, struct inspect_node *node, const struct inspect_value *v,
                      const void *arg)
{
    static const struct inspect_fields *const by_type[] = {&okp, &ec2, &rsa};
    struct inspect_value kty;
    int64_t type = 0;
    (void)arg;
    if (inspect_hide_unsound(in, node, v)) {
        return;
    }
    const bool known =
        inspect_get(v, 1, &kty) && inspect_int(&kty, &type) && type >= 1 && type <= 3;
    inspect_map(in, node, v, known ? by_type[type - 1] : &other);
}

/* JWK: members by type, so that no private member of one is taken for a public one of another. */

static void explain_x5c(struct inspect *in, struct inspect_node *node,
                        const struct inspect_value *v, const void *arg)
{
    static const struct inspect_media certificate = {NULL, INSPECT_OCTETS, inspect_certificate,
                                                     NULL};
    static const struct inspect_list chain = {"", inspect_content, &certificate, 1};
    (void)arg;
    inspect_array(in, node, v, &chain);
}

static const struct inspect_list words = {"", inspect_text, NULL, 1};

#define JWK_ROWS                                                                                   \
    {ALONE, "kty", NULL, inspect_text, NULL, true},                                                \
        {ALONE, "use", NULL, inspect_text, NULL, false},                                           \
        {ALONE, "key_ops", NULL, inspect_array, &words, false},                                    \
        {ALONE, "alg", NULL, inspect_text, NULL, false},                                           \
        {ALONE, "kid", NULL, inspect_text, NULL, false},                                           \
        {ALONE, "x5u", NULL, inspect_text, NULL, false},                                           \
        {ALONE, "x5c", NULL, explain_x5c, NULL, false},                                            \
        {ALONE, "x5t", NULL, inspect_octets, NULL, false},                                         \
    {                                                                                              \
        ALONE, "x5t#S256", NULL, inspect_octets, NULL, false                                       \
    }

static const struct inspect_field jwk_ec_rows[] = {
    JWK_ROWS,
    {ALONE, "crv", NULL, inspect_text, NULL, true},
    {ALONE, "x", NULL, inspect_octets, NULL, true},
    {ALONE, "y", NULL, inspect_octets, NULL, true},
};
static const struct inspect_field jwk_okp_rows[] = {
    JWK_ROWS,
    {ALONE, "crv", NULL, inspect_text, NULL, true},
    {ALONE, "x", NULL, inspect_octets, NULL, true},
};
static const struct inspect_field jwk_rsa_rows[] = {
    JWK_ROWS,
    {ALONE, "n", NULL, inspect_octets, NULL, true},
    {ALONE, "e", NULL, inspect_octets, NULL, true},
};
static const struct inspect_field jwk_other_rows[] = {
    JWK_ROWS,
};
static const struct inspect_fields jwk_ec = {
    "JWK", jwk_ec_rows, ATLS_ARRAY_LEN(jwk_ec_rows), inspect_secret, NULL, NULL};
static const struct inspect_fields jwk_okp = {
    "JWK", jwk_okp_rows, ATLS_ARRAY_LEN(jwk_okp_rows), inspect_secret, NULL, NULL};
static const struct inspect_fields jwk_rsa = {
    "JWK", jwk_rsa_rows, ATLS_ARRAY_LEN(jwk_rsa_rows), inspect_secret, NULL, NULL};
static const struct inspect_fields jwk_other = {
    "JWK", jwk_other_rows, ATLS_ARRAY_LEN(jwk_other_rows), inspect_secret, NULL, NULL};

void inspect_jwk(struct inspect *in, struct inspect_node *node, const struct inspect_value *v,
                 const void *arg)
{
    struct inspect_value kty;
    (void)arg;
    if (inspect_hide_unsound(in, node, v)) {
        return;
    }
    const struct inspect_fields *fields = &jwk_other;
    if (inspect_get_text(v, "kty", &kty)) {
        fields = inspect_is_text(&kty, "EC")    ? &jwk_ec
                 : inspect_is_text(&kty, "OKP") ? &jwk_okp
                 : inspect_is_text(&kty, "RSA") ? &jwk_rsa
                                                : &jwk_other;
    }
    inspect_map(in, node, v, fields);
}

static const struct inspect_list keys = {"", inspect_jwk, NULL, 1};
static const struct inspect_field set_rows[] = {
    {ALONE, "keys", NULL, inspect_array, &keys, true},
};
static const struct inspect_fields set = {"JWK Set",      set_rows, ATLS_ARRAY_LEN(set_rows),
                                          inspect_secret, NULL,     NULL};

void inspect_jwk_set(struct inspect *in, struct inspect_node *node, const struct inspect_value *v,
                     const void *arg)
{
    (void)arg;
    if (!inspect_hide_unsound(in, node, v)) {
        inspect_map(in, node, v, &set);
    }
}
