/* SPDX-License-Identifier: Apache-2.0 */
/* Claims of CWT (RFC 8392), of proof of possession (RFC 8747) and of EAT (RFC 9711). */
#include "inspect/claims.h"

#include "base/span.h"
#include "inspect/names.h"

#define ALONE INSPECT_NO_LABEL

static const struct inspect_name_of scheme_rows[] = {
    {1, "multipartnumeric"}, {2, "multipartnumeric-suffix"}, {3, "alphanumeric"}, {4, "decimal"},
    {16384, "semver"},
};
static const struct inspect_names schemes = INSPECT_NAMES("a version scheme", scheme_rows, false);
static const struct inspect_field version_rows[] = {
    {0, NULL, "version", inspect_text, NULL, true},
    {1, NULL, "version-scheme", inspect_word, &schemes, false},
};
static const struct inspect_fields version = INSPECT_FIELDS(NULL, version_rows);

static void explain_version(struct inspect *in, struct inspect_node *node,
                            const struct inspect_value *v, const void *arg)
{
    (void)arg;
    if (v->type == INSPECT_TEXT) {
        inspect_show_value(in, node, v);
        inspect_note(in, node, "text alone, where RFC 9711 has an array");
        return;
    }
    inspect_tuple(in, node, v, &version);
}

static void explain_nonce(struct inspect *in, struct inspect_node *node,
                          const struct inspect_value *v, const void *arg)
{
    static const struct inspect_lengths nonce_lengths = {{0}, 8, 64};
    static const struct inspect_lengths text_lengths = {{0}, 8, 88};
    static const struct inspect_list several = {"", explain_nonce, NULL, 2};
    const char *how = NULL;
    (void)arg;
    if (v->type == INSPECT_ARRAY) {
        inspect_array(in, node, v, &several);
    } else if (v->type == INSPECT_TEXT && v->form == INSPECT_JSON) {
        const struct atls_bytes octets = inspect_base64(in, v->content, &how);
        inspect_text(in, node, v, &text_lengths);
        if (how != NULL) {
            inspect_note(in, node, "%s of %zu octets", how, octets.len);
        }
    } else {
        inspect_octets(in, node, v, &nonce_lengths);
    }
}

void inspect_ueid(struct inspect *in, struct inspect_node *node, const struct inspect_value *v,
                  const void *arg)
{
    static const struct inspect_lengths lengths = {{0}, 7, 33};
    static const char *const types[] = {"?", "RAND", "IEEE EUI", "IMEI"};
    (void)arg;
    inspect_octets(in, node, v, &lengths);
    if (node->shown != INSPECT_SHOW_OCTETS || node->octets.len == 0) {
        return;
    }
    const uint8_t type = node->octets.data[0];
    if (type >= 1 && type <= 3) {
        inspect_note(in, node, "type %s", types[type]);
    } else {
        inspect_problem(in, node, "UEID type %u, expected 1, 2 or 3", type);
    }
}

static void explain_oemid(struct inspect *in, struct inspect_node *node,
                          const struct inspect_value *v, const void *arg)
{
    static const struct inspect_lengths lengths = {{3, 16}, 0, 0};
    (void)arg;
    if (v->type == INSPECT_UINT || v->type == INSPECT_NEGINT) {
        inspect_show_value(in, node, v);
        inspect_note(in, node, "IANA private enterprise number");
        return;
    }
    inspect_octets(in, node, v, &lengths);
    if (node->shown == INSPECT_SHOW_OCTETS) {
        inspect_note(in, node, "%s", node->octets.len == 3 ? "IEEE" : "random");
    }
}

static void explain_profile(struct inspect *in, struct inspect_node *node,
                            const struct inspect_value *v, const void *arg)
{
    (void)arg;
    if (v->type == INSPECT_BYTES) {
        inspect_oid(in, node, v, NULL);
    } else if (v->type == INSPECT_TAG) { /* not as RFC 9711 has it, and seen */
        inspect_any(in, node, v, NULL);
    } else {
        inspect_text(in, node, v, NULL);
    }
}

static const struct inspect_name_of dbgstat_rows[] = {
    {0, "enabled"},
    {1, "disabled"},
    {2, "disabled-since-boot"},
    {3, "disabled-permanently"},
    {4, "disabled-fully-and-permanently"},
};
static const struct inspect_names dbgstat = INSPECT_NAMES("a debug status", dbgstat_rows, true);
static const struct inspect_name_of intuse_rows[] = {
    {1, "generic"}, {2, "registration"}, {3, "provisioning"}, {4, "csr"}, {5, "pop"},
};
static const struct inspect_names intuse = INSPECT_NAMES("an intended use", intuse_rows, true);
static const struct inspect_name_of result_rows[] = {
    {1, "success"},
    {2, "fail"},
    {3, "not-run"},
    {4, "absent"},
};
static const struct inspect_names results = INSPECT_NAMES("a result", result_rows, true);

static const struct inspect_field location_rows[] = {
    {1, "latitude", NULL, inspect_any, NULL, true},
    {2, "longitude", NULL, inspect_any, NULL, true},
    {3, "altitude", NULL, inspect_any, NULL, false},
    {4, "accuracy", NULL, inspect_any, NULL, false},
    {5, "altitude-accuracy", NULL, inspect_any, NULL, false},
    {6, "heading", NULL, inspect_any, NULL, false},
    {7, "speed", NULL, inspect_any, NULL, false},
    {8, "timestamp", NULL, inspect_time, NULL, false},
    {9, "age", NULL, inspect_uint, NULL, false},
};
static const struct inspect_fields location = INSPECT_FIELDS(NULL, location_rows);

static const struct inspect_field manifest_rows[] = {
    {0, NULL, "content-type", inspect_number, &inspect_content_formats, true},
    {1, NULL, "content-format", inspect_guess, NULL, true},
};
static const struct inspect_fields manifest = INSPECT_FIELDS(NULL, manifest_rows);
static const struct inspect_list manifests = {"", inspect_tuple, &manifest, 1};

static const struct inspect_field individual_rows[] = {
    {0, NULL, "result-id", inspect_any, NULL, true},
    {1, NULL, "result", inspect_word, &results, true},
};
static const struct inspect_fields individual = INSPECT_FIELDS(NULL, individual_rows);
static const struct inspect_list individuals = {"", inspect_tuple, &individual, 1};
static const struct inspect_field measres_rows[] = {
    {0, NULL, "measurement-system", inspect_text, NULL, true},
    {1, NULL, "individual-results", inspect_array, &individuals, true},
};
static const struct inspect_fields measres = INSPECT_FIELDS(NULL, measres_rows);
static const struct inspect_list measress = {"", inspect_tuple, &measres, 1};

static const struct inspect_field cnf_rows[] = {
    {1, NULL, "COSE_Key", inspect_cose_key, NULL, false},
    {2, NULL, "Encrypted_COSE_Key", inspect_any, NULL, false},
    {3, NULL, "kid", inspect_octets, NULL, false},
    {5, NULL, "ckt", inspect_octets, NULL, false},
    {ALONE, "jwk", NULL, inspect_jwk, NULL, false},
    {ALONE, "kid", NULL, inspect_text, NULL, false},
    {ALONE, "jkt", NULL, inspect_octets, NULL, false},
};
static const struct inspect_fields cnf = INSPECT_FIELDS(NULL, cnf_rows);

/* Version 1 of ratsd has the JSON of a collection as base64 text. */
static void explain_cmw(struct inspect *in, struct inspect_node *node,
                        const struct inspect_value *v, const void *arg)
{
    (void)arg;
    if (v->form == INSPECT_JSON && v->type == INSPECT_TEXT) {
        inspect_note(in, node, "text, where RFC 9999 has a record or a collection");
        inspect_content(in, node, v, NULL);
    } else {
        inspect_cmw(in, node, v, NULL);
    }
}

static const struct inspect_lengths model_lengths = {{0}, 1, 32};
static const struct inspect_list audiences = {"", inspect_text, NULL, 1};
static const struct inspect_list sueids = {"", inspect_ueid, NULL, 1};
static const struct inspect_list anything = {"", inspect_any, NULL, 0};

static const struct inspect_field eat_rows[] = {
    {10, "eat_nonce", NULL, explain_nonce, NULL, false},
    {256, "ueid", NULL, inspect_ueid, NULL, false},
    {257, "sueids", NULL, inspect_named_map, &sueids, false},
    {258, "oemid", NULL, explain_oemid, NULL, false},
    {259, "hwmodel", NULL, inspect_octets, &model_lengths, false},
    {260, "hwversion", NULL, explain_version, NULL, false},
    {261, "uptime", NULL, inspect_uint, NULL, false},
    {262, "oemboot", NULL, inspect_boolean, NULL, false},
    {263, "dbgstat", NULL, inspect_word, &dbgstat, false},
    {264, "location", NULL, inspect_map, &location, false},
    {265, "eat_profile", NULL, explain_profile, NULL, false},
    {266, "submods", NULL, inspect_eat_submods, NULL, false},
    {267, "bootcount", NULL, inspect_uint, NULL, false},
    {268, "bootseed", NULL, inspect_octets, NULL, false},
    {269, "dloas", NULL, inspect_array, &anything, false},
    {270, "swname", NULL, inspect_text, NULL, false},
    {271, "swversion", NULL, explain_version, NULL, false},
    {272, "manifests", NULL, inspect_array, &manifests, false},
    {273, "measurements", NULL, inspect_array, &manifests, false},
    {274, "measres", NULL, inspect_array, &measress, false},
    {275, "intuse", NULL, inspect_word, &intuse, false},
    {299, "cmw", NULL, explain_cmw, NULL, false},
    {2500, NULL, "kak-pub", inspect_cose_key, NULL, false},
    {-65537, NULL, "nonce_adjust_function", inspect_any, NULL, false},
    {-65538, NULL, "nonce_adjust_map", inspect_any, NULL, false},
};

static const struct inspect_field cwt_rows[] = {
    {1, "iss", NULL, inspect_text, NULL, false},
    {2, "sub", NULL, inspect_text, NULL, false},
    {3, "aud", NULL, inspect_one_or_more, &audiences, false},
    {4, "exp", NULL, inspect_time, NULL, false},
    {5, "nbf", NULL, inspect_time, NULL, false},
    {6, "iat", NULL, inspect_time, NULL, false},
    {7, NULL, "cti", inspect_octets, NULL, false},
    {ALONE, "jti", NULL, inspect_text, NULL, false},
    {8, "cnf", NULL, inspect_map, &cnf, false},
};
static const struct inspect_fields cwt = INSPECT_FIELDS("CWT claims", cwt_rows);
const struct inspect_fields inspect_eat_claims = INSPECT_FIELDS_ALSO("EAT claims", eat_rows, &cwt);

void inspect_cwt_claims(struct inspect *in, struct inspect_node *node,
                        const struct inspect_value *v, const void *arg)
{
    (void)arg;
    inspect_map(in, node, v, &cwt);
}
