/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Says what the codec makes of each line of its input; the scripts beside it compare that with
 * other implementations and with published data. Octets are hex, "-" is none.
 *
 *   cbor FLAGS ITEM          ok RE-ENCODED
 *   cmw CMW                  ok record|tag|collection TYPE IND NUMBER-OF-MEMBERS
 *   cose KEY AAD MESSAGE     ok ALGORITHM KID PAYLOAD    (KEY is a COSE_Key)
 *   key KEY                  ok RE-ENCODED
 *   uccs UCCS                ok CLAIMS
 *
 * A refusal is "refused ERROR SENTENCE".
 */
#include "base/diag.h"
#include "base/span.h"
#include "codec/cmw.h"
#include "codec/cose.h"
#include "codec/uccs.h"
#include "crypto/crypto.h"
#include "crypto/key.h"
#include "support/cbor_reencode.h"
#include "support/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_LINE (1u << 20)

static struct atls_bytes octets_of(const char *word)
{
    return test_hex(strcmp(word, "-") == 0 ? "" : word);
}

static void print_hex(struct atls_bytes octets)
{
    if (octets.len == 0) {
        fputs(" -", stdout);
        return;
    }
    putchar(' ');
    for (size_t i = 0; i < octets.len; i++) {
        printf("%02x", octets.data[i]);
    }
}

static void print_refusal(const struct atls_diag *diag)
{
    char sentence[ATLS_MAX_SENTENCE_LEN + 1];
    atls_diag_sentence(sentence, sizeof sentence, diag);
    printf("refused %s %s\n", atls_err_name(diag->err), sentence);
}

static void print_reencoded(const struct atls_cbor *item)
{
    /* A definite head may be longer than the indefinite one and its break. */
    const struct atls_buf room = test_room(2 * item->encoded.len);
    struct atls_writer w = atls_writer_of(room);
    size_t len = 0;
    if (!test_cbor_reencode(&w, item) || !atls_writer_finish(&w, &len)) {
        puts("failed");
        return;
    }
    fputs("ok", stdout);
    print_hex(atls_bytes_of(room.data, len));
    putchar('\n');
}

static void probe_cbor(char *const *words)
{
    struct atls_diag diag = {0};
    struct atls_cbor item;
    const unsigned flags = (unsigned)strtoul(words[0], NULL, 10);
    if (atls_cbor_parse(&item, octets_of(words[1]), flags, "probe", &diag) != ATLS_OK) {
        print_refusal(&diag);
        return;
    }
    print_reencoded(&item);
}

static void probe_cmw(char *const *words)
{
    static const char *const kinds[] = {"?", "record", "tag", "collection"};
    struct atls_diag diag = {0};
    struct atls_cmw cmw;
    if (atls_cmw_parse(&cmw, octets_of(words[0]), &diag) != ATLS_OK) {
        print_refusal(&diag);
        return;
    }
    printf("ok %s", kinds[cmw.kind]);
    if (cmw.kind == ATLS_CMW_COLLECTION) {
        print_hex(cmw.collection_type);
    } else if (cmw.by_content_format) {
        printf(" %u", cmw.content_format);
    } else {
        print_hex(cmw.media_type);
    }
    const bool has_type = cmw.kind == ATLS_CMW_COLLECTION && cmw.collection_type.len != 0;
    printf(" %u %u\n", cmw.ind, (unsigned)cmw.collection.argument - (has_type ? 1 : 0));
}

static enum atls_err read_key(struct atls_cose_key *out, struct atls_cbor *item, const char *word,
                              struct atls_diag *diag)
{
    enum atls_err err = atls_cbor_parse(item, octets_of(word), ATLS_CBOR_STRICT, "key", diag);
    return err != ATLS_OK ? err : atls_cose_key_parse(out, item, "key", diag);
}

static enum atls_err verify(struct atls_cose_sign1 *message, char *const *words,
                            struct atls_diag *diag)
{
    const struct atls_bytes none = {NULL, 0};
    struct atls_cose_key cose_key;
    struct atls_cbor item;
    struct atls_key *key = NULL;
    enum atls_err err =
        atls_cose_sign1_parse(message, octets_of(words[2]), ATLS_COSE_ANY, "token", diag);
    if (err == ATLS_OK) {
        err = read_key(&cose_key, &item, words[0], diag);
    }
    if (err == ATLS_OK) {
        err = atls_key_from_cose(&key, &cose_key, diag);
    }
    if (err == ATLS_OK) {
        err = atls_cose_sign1_verify(atls_crypto_openssl(), key, message, octets_of(words[1]), none,
                                     "token", diag);
    }
    atls_key_free(key);
    return err;
}

static void probe_cose(char *const *words)
{
    struct atls_diag diag = {0};
    struct atls_cose_sign1 message;
    if (verify(&message, words, &diag) != ATLS_OK) {
        print_refusal(&diag);
        return;
    }
    printf("ok %d", message.alg);
    print_hex(message.kid);
    print_hex(message.payload);
    putchar('\n');
}

static void probe_key(char *const *words)
{
    struct atls_diag diag = {0};
    struct atls_cose_key key;
    struct atls_cbor item;
    if (read_key(&key, &item, words[0], &diag) != ATLS_OK) {
        print_refusal(&diag);
        return;
    }
    const struct atls_buf room = test_room(item.encoded.len);
    struct atls_writer w = atls_writer_of(room);
    atls_cose_key_put(&w, &key);
    fputs("ok", stdout);
    print_hex(atls_bytes_of(room.data, w.len));
    putchar('\n');
}

static void probe_uccs(char *const *words)
{
    struct atls_diag diag = {0};
    struct atls_cbor claims;
    if (atls_uccs_parse(&claims, octets_of(words[0]), &diag) != ATLS_OK) {
        print_refusal(&diag);
        return;
    }
    fputs("ok", stdout);
    print_hex(claims.encoded);
    putchar('\n');
}

static const struct verb {
    const char *name;
    size_t num_words;
    void (*probe)(char *const *words);
} verbs[] = {{"cbor", 2, probe_cbor},
             {"cmw", 1, probe_cmw},
             {"cose", 3, probe_cose},
             {"key", 1, probe_key},
             {"uccs", 1, probe_uccs}};

static bool probe_line(char *line)
{
    char *words[4] = {0};
    size_t num = 0;
    char *rest = NULL;
    for (char *word = strtok_r(line, " \n", &rest); word != NULL && num < ATLS_ARRAY_LEN(words);
         word = strtok_r(NULL, " \n", &rest)) {
        words[num++] = word;
    }
    for (size_t i = 0; num > 0 && i < ATLS_ARRAY_LEN(verbs); i++) {
        if (strcmp(words[0], verbs[i].name) == 0 && num == 1 + verbs[i].num_words) {
            verbs[i].probe(&words[1]);
            return true;
        }
    }
    fprintf(stderr, "not understood: %s\n", num > 0 ? words[0] : "");
    return false;
}

int main(void)
{
    static char line[MAX_LINE];
    while (fgets(line, sizeof line, stdin) != NULL) {
        if (!probe_line(line)) {
            return 1;
        }
    }
    return fflush(stdout) == 0 ? 0 : 1;
}
