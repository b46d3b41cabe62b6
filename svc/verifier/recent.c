/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/verifier/recent.h"

#include "base/span.h"

#include <stdlib.h>

/* take_text copies what fits; a text that is cut ends with "...", at the start of a character. */
static void take_text(char *out, size_t cap, const char *text)
{
    const size_t len = text != NULL ? strlen(text) : 0;
    size_t kept = len < cap ? len : cap - 4;
    if (len >= cap) {
        while (kept > 0 && ((unsigned char)text[kept] & 0xc0) == 0x80) {
            kept--;
        }
    }
    if (kept != 0) {
        memcpy(out, text, kept);
    }
    memcpy(out + kept, len < cap ? "" : "...", len < cap ? 1 : 4);
}

static void take_member(char *out, size_t cap, const json_t *object, const char *name)
{
    take_text(out, cap, json_string_value(json_object_get(object, name)));
}

/* take_sentence: of an error as the log has it. */
static void take_sentence(char *out, size_t cap, const json_t *error)
{
    take_member(out, cap, error, "sentence");
}

static void take_submods(struct verifier_recent_item *item, const json_t *submods)
{
    size_t index = 0;
    const json_t *submod = NULL;
    json_array_foreach(submods, index, submod)
    {
        if (index == VERIFIER_MAX_RECENT_SUBMODS) {
            return;
        }
        struct verifier_recent_submod *out = &item->submods[item->num_submods++];
        take_member(out->name, sizeof out->name, submod, "submod");
        take_member(out->status, sizeof out->status, submod, "status");
        take_member(out->machine, sizeof out->machine, submod, "machine");
        take_sentence(out->reason, sizeof out->reason, json_object_get(submod, "reason"));
        out->simulated = json_is_true(json_object_get(submod, "simulated"));
        out->debug = json_is_true(json_object_get(submod, "debug"));
    }
}

static void fill(struct verifier_recent_item *item, const char *event, const struct atls_diag *why,
                 const json_t *fields)
{
    const json_t *version = json_object_get(fields, "version");
    take_text(item->event, sizeof item->event, event);
    take_member(item->status, sizeof item->status, fields, "status");
    take_member(item->format, sizeof item->format, fields, "format");
    take_member(item->peer, sizeof item->peer, fields, "peer");
    take_member(item->submitter, sizeof item->submitter, fields, "submitter");
    take_member(item->id, sizeof item->id, fields, "id");
    item->version = version != NULL ? json_integer_value(version) : -1;
    item->endorsements = json_integer_value(json_object_get(fields, "endorsements"));
    item->microseconds = json_integer_value(json_object_get(fields, "microseconds"));
    take_submods(item, json_object_get(fields, "submods"));
    if (why != NULL && why->err != ATLS_OK) {
        char sentence[ATLS_MAX_SENTENCE_LEN + 1];
        (void)atls_diag_sentence(sentence, sizeof sentence, why);
        take_text(item->why, sizeof item->why, sentence);
    } else {
        take_sentence(item->why, sizeof item->why, json_object_get(fields, "why"));
    }
}

void verifier_recent_note(struct verifier_recent *recent, int64_t time_s, const char *event,
                          const struct atls_diag *why, const json_t *fields)
{
    static const char *const events[] = {"verdict",  "endorsement", "withdrawal", "failure",
                                         "unusable", "store",       "reload",     "revoked"};
    size_t at = 0;
    while (at < ATLS_ARRAY_LEN(events) && strcmp(events[at], event) != 0) {
        at++;
    }
    const size_t kind = at == 0 ? VERIFIER_RECENT_VERDICT : VERIFIER_RECENT_EVENT;
    if (at < ATLS_ARRAY_LEN(events) && recent->items[kind] == NULL) {
        recent->items[kind] = calloc(VERIFIER_RECENT, sizeof *recent->items[kind]);
    }
    if (at == ATLS_ARRAY_LEN(events) || recent->items[kind] == NULL) {
        return;
    }
    struct verifier_recent_item *item = &recent->items[kind][recent->next[kind]];
    memset(item, 0, sizeof *item);
    item->time_s = time_s;
    fill(item, event, why, fields);
    recent->next[kind] = (recent->next[kind] + 1) % VERIFIER_RECENT;
    recent->num[kind] += recent->num[kind] < VERIFIER_RECENT ? 1 : 0;
}

void verifier_recent_copy(const struct verifier_recent *recent, enum verifier_recent_kind kind,
                          struct verifier_recent_item out[VERIFIER_RECENT], size_t *out_num)
{
    for (size_t i = 0; i < recent->num[kind]; i++) {
        out[i] =
            recent->items[kind][(recent->next[kind] + VERIFIER_RECENT - 1 - i) % VERIFIER_RECENT];
    }
    *out_num = recent->num[kind];
}

void verifier_recent_cleanup(struct verifier_recent *recent)
{
    free(recent->items[0]);
    free(recent->items[1]);
    memset(recent, 0, sizeof *recent);
}
