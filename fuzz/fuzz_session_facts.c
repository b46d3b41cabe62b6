/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept with a session: refused with a sentence and nothing left, or facts within their
 * limits that are written back octet for octet. */
#include "fuzz_check.h"

#include "base/span.h"
#include "session/facts.h"

static void check_facts(const struct session_facts *facts, struct atls_bytes octets)
{
    static uint8_t again[SESSION_MAX_FACTS_LEN];
    const struct atls_buf room = {again, sizeof again};
    size_t len = 0;
    const struct atls_verdict *verdict = &facts->verdict;
    const bool accepted = verdict->state == ATLS_VERDICT_ACCEPTED;
    fuzz_require(accepted || verdict->state == ATLS_VERDICT_NOT_REQUIRED);
    fuzz_require(!accepted || (verdict->peer_has_key && verdict->num_evidence != 0));
    fuzz_require(verdict->num_evidence <= ATLS_MAX_SUBMODS && !facts->incomplete);
    fuzz_require(facts->num_identities <= SESSION_MAX_FACT_IDENTITIES);
    for (size_t i = 0; i < facts->num_identities; i++) {
        fuzz_require(facts->identities[i].what != NULL);
        fuzz_require(facts->identities[i].len <= ATLS_MAX_REVOKED_VALUE_LEN);
    }
    fuzz_require(session_facts_write(room, &len, facts, NULL) == ATLS_OK);
    fuzz_require(atls_bytes_equal(atls_bytes_of(again, len), octets));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct session_facts facts;
    struct atls_diag diag;
    const struct atls_bytes octets = atls_bytes_of(data, size);
    const enum atls_err err = session_facts_read(&facts, octets, &diag);
    if (err != ATLS_OK) {
        fuzz_require(err == ATLS_ERR_RESUMPTION && diag.err == err);
        fuzz_require(diag.expected[0] != '\0' && !facts.verdict.peer_has_key);
        return 0;
    }
    check_facts(&facts, octets);
    return 0;
}
