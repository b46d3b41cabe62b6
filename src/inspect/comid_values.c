/* SPDX-License-Identifier: Apache-2.0 */
/* What the triples of a CoMID are made of: environments, keys, measurements, every value of a
 * measurement (draft-ietf-rats-corim-11, 5.1.4). A negative key is a profile's own. */
#include "inspect/corim.h"

#include "base/span.h"
#include "inspect/names.h"

static const struct inspect_lengths mac_lengths = {{6, 8}, 0, 0};
static const struct inspect_lengths ip_lengths = {{4, 16}, 0, 0};

/* Digests: [alg, octets], alg of the Named Information registry. */

static size_t digest_len(const struct inspect_value *alg)
{
    static const size_t lens[] = {0, 32, 16, 15, 12, 8, 4, 48, 64, 28, 32, 48, 64};
    int64_t number = 0;
    if (inspect_int(alg, &number) && number >= 1 && number < (int64_t)ATLS_ARRAY_LEN(lens)) {
        return lens[number];
    }
    return 0;
}

void inspect_digest(struct inspect *in, struct inspect_node *node, const struct inspect_value *v,
                    const void *arg)
{
    static const struct inspect_field rows[] = {
        {0, NULL, "alg", inspect_word, &inspect_hash_names, true},
        {1, NULL, "val", inspect_octets, NULL, true},
    };
    static const struct inspect_fields fields = INSPECT_FIELDS(NULL, rows);
    struct inspect_value alg;
    struct inspect_value value;
    int64_t number = 0;
    (void)arg;
    inspect_tuple(in, node, v, &fields);
    if (!inspect_at(v, 0, &alg) || !inspect_at(v, 1, &value) || value.type != INSPECT_BYTES) {
        return;
    }
    const size_t expected = digest_len(&alg);
    const char *name =
        inspect_int(&alg, &number) ? inspect_name_find(&inspect_hash_names, number) : NULL;
    if (name != NULL) {
        inspect_note(in, node, "%s", name);
    }
    if (expected != 0 && value.content.len != expected) {
        inspect_problem(in, node, "%zu octet%s, expected %zu", value.content.len,
                        value.content.len == 1 ? "" : "s", expected);
    }
}

static const struct inspect_list digests = {"digest", inspect_digest, NULL, 1};

/* Keys and other things that a tag names. */

static const struct inspect_media certificate = {NULL, INSPECT_OCTETS, inspect_certificate, NULL};

/* PEM in text. */
static void explain_pem(struct inspect *in, struct inspect_node *node,
                        const struct inspect_value *v, const void *arg)
{
    struct inspect_found found;
    (void)arg;
    if (v->type == INSPECT_TEXT && inspect_detect(v->content, &found) &&
        found.explain == inspect_pem) {
        inspect_note_len(in, node, v->content.len);
        inspect_later(in, node, &found.value, inspect_pem, NULL);
    } else {
        inspect_text(in, node, v, NULL);
    }
}

static const struct inspect_tag key_rows[] = {
    {554, "pkix-base64-key", explain_pem, NULL},
    {555, "pkix-base64-cert", explain_pem, NULL},
    {556, "pkix-base64-cert-path", explain_pem, NULL},
    {557, "key-thumbprint", inspect_digest, NULL},
    {558, "cose-key", inspect_cose_key, NULL},
    {559, "cert-thumbprint", inspect_digest, NULL},
    {560, "bytes", inspect_octets, NULL},
    {561, "cert-path-thumbprint", inspect_digest, NULL},
    {562, "pkix-asn1der-cert", inspect_content, &certificate},
};
static const struct inspect_tags key_tags = {key_rows, ATLS_ARRAY_LEN(key_rows), NULL, NULL};

void inspect_crypto_key(struct inspect *in, struct inspect_node *node,
                        const struct inspect_value *v, const void *arg)
{
    (void)arg;
    inspect_tagged(in, node, v, &key_tags);
}

const struct inspect_list inspect_crypto_keys = {"key", inspect_crypto_key, NULL, 1};

/* authorized-by is a list; some write one key alone. */
static void explain_authorized_by(struct inspect *in, struct inspect_node *node,
                                  const struct inspect_value *v, const void *arg)
{
    (void)arg;
    if (v->type == INSPECT_TAG) {
        inspect_note(in, node, "not in an array");
    }
    inspect_one_or_more(in, node, v, &inspect_crypto_keys);
}

static void explain_ueid(struct inspect *in, struct inspect_node *node,
                         const struct inspect_value *v, const void *arg)
{
    static const struct inspect_lengths lengths = {{0}, 7, 33};
    (void)arg;
    inspect_octets(in, node, v, &lengths);
}

static const struct inspect_tag id_rows[] = {
    {37, "UUID", inspect_uuid, NULL},
    {111, "OID", inspect_oid, NULL},
    {550, "UEID", explain_ueid, NULL},
    {554, "pkix-base64-key", explain_pem, NULL},
    {555, "pkix-base64-cert", explain_pem, NULL},
    {557, "key-thumbprint", inspect_digest, NULL},
    {558, "cose-key", inspect_cose_key, NULL},
    {559, "cert-thumbprint", inspect_digest, NULL},
    {560, "bytes", inspect_octets, NULL},
    {562, "pkix-asn1der-cert", inspect_content, &certificate},
    {600, "PSA implementation id (before 2025)", inspect_octets, NULL},
};
static const struct inspect_tags id_tags = {id_rows, ATLS_ARRAY_LEN(id_rows), inspect_any, NULL};

static const struct inspect_field class_rows[] = {
    {0, "class-id", NULL, inspect_tagged, &id_tags, false},
    {1, "vendor", NULL, inspect_text, NULL, false},
    {2, "model", NULL, inspect_text, NULL, false},
    {3, "layer", NULL, inspect_uint, NULL, false},
    {4, "index", NULL, inspect_uint, NULL, false},
};
static const struct inspect_fields class_fields = INSPECT_FIELDS(NULL, class_rows);
static const struct inspect_field environment_rows[] = {
    {0, "class", NULL, inspect_map, &class_fields, false},
    {1, "instance", NULL, inspect_tagged, &id_tags, false},
    {2, "group", NULL, inspect_tagged, &id_tags, false},
};
static const struct inspect_fields environment = INSPECT_FIELDS(NULL, environment_rows);

void inspect_environment(struct inspect *in, struct inspect_node *node,
                         const struct inspect_value *v, const void *arg)
{
    (void)arg;
    inspect_map(in, node, v, &environment);
    if (v->type == INSPECT_MAP && inspect_count(v, 1) == 0) {
        inspect_problem(in, node, "neither class nor instance nor group");
    }
}

/* Measurements. */

static const struct inspect_name_of scheme_rows[] = {
    {1, "multipartnumeric"}, {2, "multipartnumeric-suffix"}, {3, "alphanumeric"}, {4, "decimal"},
    {16384, "semver"},
};
static const struct inspect_names schemes = INSPECT_NAMES("a version scheme", scheme_rows, false);
static const struct inspect_field version_rows[] = {
    {0, "version", NULL, inspect_text, NULL, true},
    {1, "version-scheme", NULL, inspect_word, &schemes, false},
};
static const struct inspect_fields version = INSPECT_FIELDS(NULL, version_rows);

static const struct inspect_tag svn_rows[] = {
    {552, "svn", inspect_uint, NULL},
    {553, "min-svn", inspect_uint, NULL},
};
static const struct inspect_tags svn = {svn_rows, ATLS_ARRAY_LEN(svn_rows), inspect_uint, NULL};

static const struct inspect_field flag_rows[] = {
    {0, "is-configured", NULL, inspect_boolean, NULL, false},
    {1, "is-secure", NULL, inspect_boolean, NULL, false},
    {2, "is-recovery", NULL, inspect_boolean, NULL, false},
    {3, "is-debug", NULL, inspect_boolean, NULL, false},
    {4, "is-replay-protected", NULL, inspect_boolean, NULL, false},
    {5, "is-integrity-protected", NULL, inspect_boolean, NULL, false},
    {6, "is-runtime-meas", NULL, inspect_boolean, NULL, false},
    {7, "is-immutable", NULL, inspect_boolean, NULL, false},
    {8, "is-tcb", NULL, inspect_boolean, NULL, false},
    {9, "is-confidentiality-protected", NULL, inspect_boolean, NULL, false},
    {10, "is-runtime-updatable", NULL, inspect_boolean, NULL, false},
};
static const struct inspect_fields flags = INSPECT_FIELDS(NULL, flag_rows);

/* Before 2025 flags were a number. */
static void explain_flags(struct inspect *in, struct inspect_node *node,
                          const struct inspect_value *v, const void *arg)
{
    (void)arg;
    if (v->type == INSPECT_UINT) {
        inspect_show_value(in, node, v);
        inspect_note(in, node, "a number: the dialect of before 2025");
    } else {
        inspect_map(in, node, v, &flags);
    }
}

static const struct inspect_field masked_rows[] = {
    {0, NULL, "value", inspect_octets, NULL, true},
    {1, NULL, "mask", inspect_octets, NULL, true},
};
static const struct inspect_fields masked = INSPECT_FIELDS(NULL, masked_rows);
static const struct inspect_tag raw_rows[] = {
    {560, "bytes", inspect_octets, NULL},
    {563, "masked-raw-value", inspect_tuple, &masked},
};
static const struct inspect_tags raw = {raw_rows, ATLS_ARRAY_LEN(raw_rows), inspect_octets, NULL};

static const struct inspect_field range_rows[] = {
    {0, NULL, "min", inspect_any, NULL, true},
    {1, NULL, "max", inspect_any, NULL, true},
};
static const struct inspect_fields range = INSPECT_FIELDS(NULL, range_rows);
static const struct inspect_tag range_tag[] = {{564, "int-range", inspect_tuple, &range}};
static const struct inspect_tags ranges = {range_tag, 1, inspect_number, NULL};

static const struct inspect_list registers = {"", inspect_array, &digests, 1};

static const struct inspect_field value_rows[] = {
    {0, "version", NULL, inspect_map, &version, false},
    {1, "svn", NULL, inspect_tagged, &svn, false},
    {2, "digests", NULL, inspect_array, &digests, false},
    {3, "flags", NULL, explain_flags, NULL, false},
    {4, "raw-value", NULL, inspect_tagged, &raw, false},
    {5, "raw-value-mask", NULL, inspect_octets, NULL, false},
    {6, "mac-addr", NULL, inspect_octets, &mac_lengths, false},
    {7, "ip-addr", NULL, inspect_octets, &ip_lengths, false},
    {8, "serial-number", NULL, inspect_text, NULL, false},
    {9, "ueid", NULL, explain_ueid, NULL, false},
    {10, "uuid", NULL, inspect_uuid, NULL, false},
    {11, "name", NULL, inspect_text, NULL, false},
    {13, "cryptokeys", NULL, inspect_array, &inspect_crypto_keys, false},
    {14, "integrity-registers", NULL, inspect_named_map, &registers, false},
    {15, "int-range", NULL, inspect_tagged, &ranges, false},
    {100, "psa-cert-num", NULL, inspect_text, NULL, false},
};
static const struct inspect_fields values = INSPECT_FIELDS(NULL, value_rows);

static void explain_values(struct inspect *in, struct inspect_node *node,
                           const struct inspect_value *v, const void *arg)
{
    (void)arg;
    inspect_map(in, node, v, &values);
    if (v->type == INSPECT_MAP && inspect_count(v, 1) == 0) {
        inspect_problem(in, node, "no value, expected one or more");
    }
}

/* Before 2025 the label, version and signer of a PSA component were its key. */
static const struct inspect_field old_key_rows[] = {
    {1, "label", NULL, inspect_text, NULL, false},
    {4, "version", NULL, inspect_text, NULL, false},
    {5, "signer-id", NULL, inspect_octets, NULL, false},
};
static const struct inspect_fields old_key = INSPECT_FIELDS(NULL, old_key_rows);
static const struct inspect_tag mkey_rows[] = {
    {37, "UUID", inspect_uuid, NULL},
    {111, "OID", inspect_oid, NULL},
    {601, "PSA reference value id (before 2025)", inspect_map, &old_key},
    {602, "CCA platform config id (before 2025)", inspect_text, NULL},
};
static const struct inspect_tags mkey = {mkey_rows, ATLS_ARRAY_LEN(mkey_rows), inspect_any, NULL};

static const struct inspect_field measurement_rows[] = {
    {0, "mkey", NULL, inspect_tagged, &mkey, false},
    {1, "mval", NULL, explain_values, NULL, true},
    {2, "authorized-by", NULL, explain_authorized_by, NULL, false},
};
static const struct inspect_fields measurement = INSPECT_FIELDS(NULL, measurement_rows);

void inspect_measurement(struct inspect *in, struct inspect_node *node,
                         const struct inspect_value *v, const void *arg)
{
    (void)arg;
    inspect_map(in, node, v, &measurement);
}

const struct inspect_list inspect_measurements = {"measurement", inspect_measurement, NULL, 1};
