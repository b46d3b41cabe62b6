/* SPDX-License-Identifier: Apache-2.0 */
/* PEM (RFC 7468): one block after the other, each by its label. What stands between is text for
 * people, and passed over. */
#include "inspect/formats.h"

#include "base/span.h"

static const struct {
    const char *label;
    inspect_explain *explain;
} labels[] = {
    {"CERTIFICATE", inspect_certificate},
    {"X509 CERTIFICATE", inspect_certificate},
    {"TRUSTED CERTIFICATE", inspect_certificate},
    {"CERTIFICATE REQUEST", inspect_certificate_request},
    {"NEW CERTIFICATE REQUEST", inspect_certificate_request},
    {"X509 CRL", inspect_crl},
    {"PUBLIC KEY", inspect_spki},
    {"PRIVATE KEY", inspect_pkcs8},
    {"ENCRYPTED PRIVATE KEY", inspect_encrypted_pkcs8},
    {"EC PRIVATE KEY", inspect_ec_private_key},
    {"RSA PRIVATE KEY", inspect_rsa_private_key},
    {"TSS2 PRIVATE KEY", inspect_tpm_key_file},
};

/* find gives where `text` begins in `octets` from `at` on; false when it does not. */
static bool find(struct atls_bytes octets, size_t at, const char *text, size_t *out)
{
    const size_t len = atls_text_len(text);
    for (; at + len <= octets.len; at++) {
        if (octets.data[at] == (uint8_t)text[0] &&
            atls_bytes_is_text(inspect_part(octets, at, len), text)) {
            *out = at;
            return true;
        }
    }
    return false;
}

struct block {
    struct atls_bytes label;
    struct atls_bytes body;  /* base64, and headers where there are some */
    struct atls_bytes whole; /* with both lines */
    bool cut;
};

/* next_block finds the next block from `at` on. */
static bool next_block(struct atls_bytes pem, size_t at, struct block *out)
{
    static const char begin[] = "-----BEGIN ";
    static const char dashes[] = "-----";
    size_t start = 0;
    size_t end = 0;
    if (!find(pem, at, begin, &start)) {
        return false;
    }
    const size_t label_at = start + sizeof begin - 1;
    size_t line = 0;
    if (!find(pem, label_at, "\n", &line)) {
        line = pem.len;
    }
    if (!find(inspect_part(pem, 0, line), label_at, dashes, &end)) {
        *out = (struct block){.whole = inspect_part(pem, start, line - start), .cut = true};
        return true;
    }
    out->label = inspect_part(pem, label_at, end - label_at);
    const size_t body_at = end + sizeof dashes - 1;
    size_t body_end = 0;
    out->cut = !find(pem, body_at, "-----END ", &body_end);
    body_end = out->cut ? pem.len : body_end;
    out->body = inspect_part(pem, body_at, body_end - body_at);
    size_t last = body_end + sizeof "-----END " - 1;
    if (!out->cut && find(pem, last, dashes, &last)) {
        last += sizeof dashes - 1;
    }
    out->whole = inspect_part(pem, start, (out->cut ? pem.len : last) - start);
    return true;
}

static bool is_private(struct atls_bytes label)
{
    size_t at = 0;
    return find(label, 0, "PRIVATE", &at);
}

static void explain_block(struct inspect *in, struct inspect_node *node, const struct block *block)
{
    static const char procedure[] = "Proc-Type:";
    const char *how = NULL;
    size_t at = 0;
    inspect_show_structure(node);
    if (block->label.len == 0) {
        inspect_problem(in, node, "its BEGIN line has no label");
        return;
    }
    if (block->cut) {
        inspect_problem(in, node, "cut off: its END line is missing");
    }
    if (find(block->body, 0, procedure, &at)) { /* RFC 1421: encrypted by a password */
        inspect_note(in, node, "encrypted");
        inspect_show_secret(in, node, block->body.len);
        return;
    }
    const struct atls_bytes octets = inspect_base64(in, block->body, &how);
    if (how == NULL || octets.len == 0) {
        inspect_problem(in, node, "what is between the lines is not base64");
        return;
    }
    inspect_decoded(in, node, "base64", octets);
    inspect_note_len(in, node, octets.len);
    for (size_t i = 0; i < ATLS_ARRAY_LEN(labels); i++) {
        if (atls_bytes_is_text(block->label, labels[i].label)) {
            const struct inspect_value v = inspect_value_octets(octets);
            inspect_later(in, node, &v, labels[i].explain, NULL);
            return;
        }
    }
    struct inspect_found found;
    if (is_private(block->label) || !inspect_detect(octets, &found)) {
        inspect_show_secret(in, node, octets.len); /* the label may be what is damaged */
        return;
    }
    inspect_whole(in, node, &found, octets);
}

void inspect_pem(struct inspect *in, struct inspect_node *node, const struct inspect_value *v,
                 const void *arg)
{
    struct block block = {.cut = false};
    size_t at = 0;
    size_t count = 0;
    (void)arg;
    inspect_is(in, node, "PEM");
    inspect_show_structure(node);
    for (; !in->full && count < INSPECT_MAX_MEMBERS && next_block(v->content, at, &block);
         count++) {
        const struct inspect_value whole = inspect_value_octets(block.whole);
        struct inspect_node *child =
            block.label.len != 0
                ? inspect_add_main(in, node, inspect_keep_text(in, block.label), &whole, NULL, NULL)
                : inspect_add(in, node, "block", &whole, NULL, NULL);
        child->main = child->main && count == 0;
        explain_block(in, child, &block);
        at = (size_t)(block.whole.data - v->content.data) + block.whole.len;
    }
    if (count == INSPECT_MAX_MEMBERS) {
        inspect_note(in, node, "only the first %zu blocks are shown", count);
    }
}
