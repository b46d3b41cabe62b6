/* SPDX-License-Identifier: Apache-2.0 */
#include "verdict.h"

#include "base/span.h"
#include "cli.h"
#include "json/verdict_json.h"

#include <stdio.h>

json_t *cli_verdict_result(const SSL *ssl)
{
    const struct atls_verdict *verdict = atls_openssl_verdict(ssl);
    json_t *result = json_object();
    json_t *shown = verdict != NULL ? atls_verdict_to_json(verdict) : json_null();
    if (json_object_set_new(result, "verdict", shown) != 0) {
        json_decref(result);
        return NULL;
    }
    return result;
}

/* peer_line says what is known of the peer. */
static void peer_line(char *out, size_t cap, const struct atls_verdict *v)
{
    if (v->state == ATLS_VERDICT_NOT_REQUIRED) {
        snprintf(out, cap, "attestation of the peer not required (%s, %s)", v->suite, v->group);
        return;
    }
    snprintf(out, cap, "peer attested by %s: %s%s, key binding %s, %s (%s, %s)",
             v->evidence[0].format, atls_tier_name(v->evidence[0].status),
             v->evidence[0].simulated ? " (simulated root of trust)" : "",
             v->key_binding == ATLS_KEY_BINDING_HARDWARE ? "hardware" : "challenge",
             v->pkix ? "PKIX identity holds" : "identity is the key", v->suite, v->group);
}

void cli_verdict_line(char *out, size_t cap, const SSL *ssl)
{
    const struct atls_verdict *v = atls_openssl_verdict(ssl);
    char peer[300], age[40] = "";
    if (v == NULL || v->state == ATLS_VERDICT_NONE || v->state == ATLS_VERDICT_REFUSED) {
        snprintf(out, cap, "no verdict");
        return;
    }
    peer_line(peer, sizeof peer, v);
    const bool attested = v->own_format[0] != '\0';
    if (v->resumed) {
        snprintf(age, sizeof age, "resumed, as of %u s ago: ", (unsigned)v->age_s);
    }
    snprintf(out, cap, "%s%s%s; %s", age, attested ? "we attested by " : "we did not attest",
             v->own_format, peer);
}

void cli_note_verdict(const char *verb, const SSL *ssl)
{
    char line[400];
    cli_verdict_line(line, sizeof line, ssl);
    cli_note(verb, "%s", line);
}
