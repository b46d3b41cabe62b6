/* SPDX-License-Identifier: Apache-2.0 */
/* Keys in DER: SubjectPublicKeyInfo (RFC 5280, 5480, 8410), PKCS #8 (RFC 5958), SEC 1 (RFC 5915),
 * PKCS #1 (RFC 8017), and the file of a TPM key (draft-bottomley-tpm2-keys). No private part is
 * shown. */
#include "inspect/x509.h"

#include "base/span.h"

static void explain_point(struct inspect *in, struct inspect_node *node,
                          const struct inspect_value *v, const void *arg)
{
    struct inspect_der bits;
    struct atls_bytes rest = v->encoded;
    (void)arg;
    inspect_der_octets(in, node, v, NULL);
    if (!inspect_der_next(&rest, &bits) || bits.content.len < 2) {
        return;
    }
    const struct atls_bytes point = inspect_rest(bits.content, 1);
    if (point.data[0] == 4 && point.len % 2 == 1) {
        const size_t width = point.len / 2;
        const struct inspect_value x = inspect_value_octets(inspect_part(point, 1, width));
        const struct inspect_value y = inspect_value_octets(inspect_rest(point, 1 + width));
        inspect_note(in, node, "uncompressed point");
        (void)inspect_add(in, node, "x", &x, inspect_octets, NULL);
        (void)inspect_add(in, node, "y", &y, inspect_octets, NULL);
    }
}

static const struct inspect_der_field rsa_rows[] = {
    {"modulus", inspect_der_integer, NULL, INSPECT_DER_INTEGER, true, false},
    {"publicExponent", inspect_der_integer, NULL, INSPECT_DER_INTEGER, true, false},
};
static const struct inspect_der_fields rsa = INSPECT_DER_FIELDS("RSAPublicKey", rsa_rows);

static void explain_rsa(struct inspect *in, struct inspect_node *node,
                        const struct inspect_value *v, const void *arg)
{
    struct inspect_der bits;
    struct atls_bytes rest = v->encoded;
    (void)arg;
    if (!inspect_der_next(&rest, &bits) || bits.content.len < 2) {
        inspect_later(in, node, v, inspect_der_any, NULL);
        return;
    }
    const struct inspect_value inside = inspect_value_octets(inspect_rest(bits.content, 1));
    inspect_later(in, node, &inside, inspect_der_sequence, &rsa);
}

/* clang-format off: one field a line */
static const struct inspect_der_field ec_spki_rows[] = {
    {"algorithm", inspect_algorithm_identifier, NULL, INSPECT_DER_SEQUENCE, true, false},
    {"subjectPublicKey", explain_point, NULL, INSPECT_DER_BIT_STRING, true, false},
};
static const struct inspect_der_field rsa_spki_rows[] = {
    {"algorithm", inspect_algorithm_identifier, NULL, INSPECT_DER_SEQUENCE, true, false},
    {"subjectPublicKey", explain_rsa, NULL, INSPECT_DER_BIT_STRING, true, false},
};
static const struct inspect_der_field spki_rows[] = {
    {"algorithm", inspect_algorithm_identifier, NULL, INSPECT_DER_SEQUENCE, true, false},
    {"subjectPublicKey", inspect_der_octets, NULL, INSPECT_DER_BIT_STRING, true, false},
};
/* clang-format on */
static const struct inspect_der_fields ec_spki =
    INSPECT_DER_FIELDS("SubjectPublicKeyInfo", ec_spki_rows);
static const struct inspect_der_fields rsa_spki =
    INSPECT_DER_FIELDS("SubjectPublicKeyInfo", rsa_spki_rows);
static const struct inspect_der_fields spki = INSPECT_DER_FIELDS("SubjectPublicKeyInfo", spki_rows);

/* is_algorithm is true when the AlgorithmIdentifier at the start of `content` names `dotted`. */
static bool is_algorithm(struct atls_bytes content, const char *dotted)
{
    char found[INSPECT_MAX_DOTTED];
    struct inspect_der e;
    if (!inspect_der_take(&content, INSPECT_DER_SEQUENCE, &e)) {
        return false;
    }
    struct atls_bytes rest = e.content;
    return inspect_der_take(&rest, INSPECT_DER_OID, &e) && inspect_der_dotted(e.content, found) &&
           atls_bytes_is_text(atls_bytes_text(found), dotted);
}

void inspect_spki(struct inspect *in, struct inspect_node *node, const struct inspect_value *v,
                  const void *arg)
{
    struct atls_bytes rest = v->encoded;
    struct inspect_der whole;
    (void)arg;
    if (!inspect_der_take(&rest, INSPECT_DER_SEQUENCE, &whole)) {
        inspect_show_octets(in, node, v->encoded);
        inspect_note_printable(in, node, v->encoded);
        inspect_problem(in, node, "no SubjectPublicKeyInfo");
        return;
    }
    inspect_der_sequence(in, node, v,
                         is_algorithm(whole.content, "1.2.840.10045.2.1")      ? &ec_spki
                         : is_algorithm(whole.content, "1.2.840.113549.1.1.1") ? &rsa_spki
                                                                               : &spki);
    inspect_note_sha256(in, node, "", whole.encoded);
    if (rest.len != 0) {
        inspect_problem_at(in, node, rest.data, "%zu octets behind the end", rest.len);
    }
}

/* Private keys. */

static void explain_der_secret(struct inspect *in, struct inspect_node *node,
                               const struct inspect_value *v, const void *arg)
{
    struct atls_bytes rest = v->encoded;
    struct inspect_der e;
    (void)arg;
    inspect_show_secret(in, node, inspect_der_next(&rest, &e) ? e.content.len : v->encoded.len);
}

static const struct inspect_der_field pkcs8_rows[] = {
    {"version", inspect_der_integer, NULL, INSPECT_DER_INTEGER, true, false},
    {"privateKeyAlgorithm", inspect_algorithm_identifier, NULL, INSPECT_DER_SEQUENCE, true, false},
    {"privateKey", explain_der_secret, NULL, INSPECT_DER_OCTET_STRING, true, false},
    {"attributes", explain_der_secret, NULL, INSPECT_DER_CONTEXT(0), false, false},
    {"publicKey", inspect_der_octets, NULL, INSPECT_DER_PRIMITIVE(1), false, false},
};
static const struct inspect_der_field sec1_rows[] = {
    {"version", inspect_der_integer, NULL, INSPECT_DER_INTEGER, true, false},
    {"privateKey", explain_der_secret, NULL, INSPECT_DER_OCTET_STRING, true, false},
    {"parameters", inspect_der_any, NULL, INSPECT_DER_CONTEXT(0), false, true},
    {"publicKey", explain_point, NULL, INSPECT_DER_CONTEXT(1), false, true},
};
static const struct inspect_der_field pkcs1_rows[] = {
    {"version", inspect_der_integer, NULL, INSPECT_DER_INTEGER, true, false},
    {"modulus", inspect_der_integer, NULL, INSPECT_DER_INTEGER, true, false},
    {"publicExponent", inspect_der_integer, NULL, INSPECT_DER_INTEGER, true, false},
    {"privateExponent", explain_der_secret, NULL, INSPECT_DER_INTEGER, true, false},
    {"prime1", explain_der_secret, NULL, INSPECT_DER_INTEGER, true, false},
    {"prime2", explain_der_secret, NULL, INSPECT_DER_INTEGER, true, false},
    {"exponent1", explain_der_secret, NULL, INSPECT_DER_INTEGER, true, false},
    {"exponent2", explain_der_secret, NULL, INSPECT_DER_INTEGER, true, false},
    {"coefficient", explain_der_secret, NULL, INSPECT_DER_INTEGER, true, false},
    {"otherPrimeInfos", explain_der_secret, NULL, INSPECT_DER_SEQUENCE, false, false},
};
static const struct inspect_der_field encrypted_rows[] = {
    {"encryptionAlgorithm", inspect_algorithm_identifier, NULL, INSPECT_DER_SEQUENCE, true, false},
    {"encryptedData", explain_der_secret, NULL, INSPECT_DER_OCTET_STRING, true, false},
};

static const struct inspect_der_fields pkcs8 = {"private key (PKCS #8)", pkcs8_rows,
                                                ATLS_ARRAY_LEN(pkcs8_rows), true};
static const struct inspect_der_fields sec1 = {"EC private key (SEC 1)", sec1_rows,
                                               ATLS_ARRAY_LEN(sec1_rows), true};
static const struct inspect_der_fields pkcs1 = {"RSA private key (PKCS #1)", pkcs1_rows,
                                                ATLS_ARRAY_LEN(pkcs1_rows), true};
static const struct inspect_der_fields encrypted = {
    "encrypted private key (PKCS #8)", encrypted_rows, ATLS_ARRAY_LEN(encrypted_rows), true};

void inspect_pkcs8(struct inspect *in, struct inspect_node *node, const struct inspect_value *v,
                   const void *arg)
{
    (void)arg;
    inspect_der_sequence(in, node, v, &pkcs8);
}

void inspect_ec_private_key(struct inspect *in, struct inspect_node *node,
                            const struct inspect_value *v, const void *arg)
{
    (void)arg;
    inspect_der_sequence(in, node, v, &sec1);
}

void inspect_rsa_private_key(struct inspect *in, struct inspect_node *node,
                             const struct inspect_value *v, const void *arg)
{
    (void)arg;
    inspect_der_sequence(in, node, v, &pkcs1);
}

void inspect_encrypted_pkcs8(struct inspect *in, struct inspect_node *node,
                             const struct inspect_value *v, const void *arg)
{
    (void)arg;
    inspect_der_sequence(in, node, v, &encrypted);
}

/* The file of a TPM key. */

static void explain_parent(struct inspect *in, struct inspect_node *node,
                           const struct inspect_value *v, const void *arg)
{
    static const struct inspect_name_of rows[] = {
        {0x40000001, "TPM_RH_OWNER"},
        {0x40000007, "TPM_RH_NULL"},
        {0x4000000b, "TPM_RH_ENDORSEMENT"},
        {0x4000000c, "TPM_RH_PLATFORM"},
    };
    static const struct inspect_names handles = INSPECT_NAMES("a handle", rows, false);
    (void)arg;
    inspect_der_integer(in, node, v, NULL);
    if (node->shown == INSPECT_SHOW_UINT && node->number <= UINT32_MAX) {
        const char *name = inspect_name_find(&handles, (int64_t)node->number);
        inspect_note(in, node, "0x%08llx%s%s", (unsigned long long)node->number,
                     name != NULL ? " " : "", name != NULL ? name : "");
    }
}

static void explain_pubkey(struct inspect *in, struct inspect_node *node,
                           const struct inspect_value *v, const void *arg)
{
    struct inspect_der e;
    struct atls_bytes rest = v->encoded;
    (void)arg;
    if (inspect_der_next(&rest, &e)) {
        const struct inspect_value inside = inspect_value_octets(e.content);
        inspect_later(in, node, &inside, inspect_tpm2b_public, NULL);
    }
}

static const struct inspect_der_field tpm_key_rows[] = {
    {"type", NULL, NULL, INSPECT_DER_OID, true, false},
    {"emptyAuth", NULL, NULL, INSPECT_DER_CONTEXT(0), false, true},
    {"policy", NULL, NULL, INSPECT_DER_CONTEXT(1), false, true},
    {"secret", explain_der_secret, NULL, INSPECT_DER_CONTEXT(2), false, true},
    {"authPolicy", NULL, NULL, INSPECT_DER_CONTEXT(3), false, true},
    {"description", inspect_der_text, NULL, INSPECT_DER_CONTEXT(4), false, true},
    {"rsaParent", NULL, NULL, INSPECT_DER_CONTEXT(5), false, true},
    {"parent", explain_parent, NULL, INSPECT_DER_INTEGER, true, false},
    {"pubkey", explain_pubkey, NULL, INSPECT_DER_OCTET_STRING, true, false},
    {"privkey", explain_der_secret, NULL, INSPECT_DER_OCTET_STRING, true, false},
};
static const struct inspect_der_fields tpm_key = {"TPM key (TPMKey)", tpm_key_rows,
                                                  ATLS_ARRAY_LEN(tpm_key_rows), true};

void inspect_tpm_key_file(struct inspect *in, struct inspect_node *node,
                          const struct inspect_value *v, const void *arg)
{
    (void)arg;
    inspect_der_sequence(in, node, v, &tpm_key);
}
