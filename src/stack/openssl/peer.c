/* SPDX-License-Identifier: Apache-2.0 */
/* What a verify callback can see: the peer's chain, and which keys are our own. */
#include "stack/openssl/peer.h"

#include "base/span.h"
#include "crypto/asn1_time.h"

#include <stdlib.h>
#include <openssl/x509_vfy.h>

/* OpenSSL has a place for the certificate of each type of key: nine of them, and providers' own. */
enum { MAX_OWN = 16 };

static struct atls_bytes spki_of(X509 *cert)
{
    unsigned char *spki = NULL;
    const size_t len = openssl_spki(cert, &spki);
    return atls_bytes_of(spki, len);
}

static void free_spki(struct atls_bytes spki)
{
    OPENSSL_free((void *)(uintptr_t)spki.data);
}

/* collect_chain: X509_verify_cert leaves the chain behind that it verified, the trust anchor
 * included; without PKIX there is none, and `cert` is all. */
static bool collect_chain(struct openssl_peer *out, X509_STORE_CTX *store, X509 *cert, bool ends)
{
    const STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(store);
    const int num = chain != NULL ? sk_X509_num(chain) : 0;
    const size_t room = num > 0 ? (size_t)num : 1;
    out->chain = calloc(room, sizeof *out->chain);
    if (out->chain == NULL) {
        return false;
    }
    for (size_t i = 0; i < room; i++) {
        X509 *at = num > 0 ? sk_X509_value(chain, (int)i) : cert;
        const ASN1_INTEGER *serial = X509_get0_serialNumber(at);
        out->chain[i].spki = spki_of(at);
        out->num_chain++;
        if (out->chain[i].spki.len == 0 || serial == NULL ||
            (ends && !atls_asn1_seconds(X509_get0_notAfter(at), &out->chain[i].not_after_s))) {
            return false;
        }
        out->chain[i].serial =
            atls_bytes_of(ASN1_STRING_get0_data(serial), (size_t)ASN1_STRING_length(serial));
    }
    return true;
}

static bool add_own(struct openssl_peer *out, X509 *cert)
{
    if (out->num_own == MAX_OWN) {
        return false;
    }
    out->own[out->num_own] = spki_of(cert);
    return out->own[out->num_own++].len != 0;
}

/* collect_own takes the certificate that is current, which is what a server has presented, then all
 * others that are loaded: a client has not chosen yet. What is current is so again afterwards. */
static bool collect_own(struct openssl_peer *out, SSL *ssl)
{
    X509 *current = SSL_get_certificate(ssl);
    out->own = calloc(MAX_OWN, sizeof *out->own);
    if (out->own == NULL) {
        return false;
    }
    bool ok = current == NULL || add_own(out, current);
    for (long found = SSL_set_current_cert(ssl, SSL_CERT_SET_FIRST); found == 1;
         found = SSL_set_current_cert(ssl, SSL_CERT_SET_NEXT)) {
        X509 *own = SSL_get_certificate(ssl);
        ok = ok && (own == current || add_own(out, own));
    }
    for (long found = SSL_set_current_cert(ssl, SSL_CERT_SET_FIRST);
         found == 1 && SSL_get_certificate(ssl) != current;
         found = SSL_set_current_cert(ssl, SSL_CERT_SET_NEXT)) {
    }
    return ok;
}

bool openssl_peer_collect(struct openssl_peer *out, SSL *ssl, X509_STORE_CTX *store, X509 *cert,
                          bool ends)
{
    memset(out, 0, sizeof *out);
    return collect_chain(out, store, cert, ends) && collect_own(out, ssl);
}

void openssl_peer_cleanup(struct openssl_peer *peer)
{
    for (size_t i = 0; i < peer->num_chain; i++) {
        free_spki(peer->chain[i].spki);
    }
    for (size_t i = 0; i < peer->num_own; i++) {
        free_spki(peer->own[i]);
    }
    free(peer->chain);
    free(peer->own);
    memset(peer, 0, sizeof *peer);
}
