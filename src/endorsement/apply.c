/* SPDX-License-Identifier: Apache-2.0 */
#include "endorsement/apply.h"

#include "base/span.h"
#include "endorsement/statement_read.h"

/* One look at a statement. */
struct application {
    const struct atls_statement *statement;
    struct atls_corim context;
    const struct atls_claims *claims;
    struct atls_additions *out;
    bool full;
};

bool atls_measurement_matches(const struct atls_measurement_map *c,
                              const struct atls_measurement_map *e, struct atls_bytes signer)
{
    return atls_mkey_matches(&c->mkey, &e->mkey) && atls_measured_matches(&c->values, &e->values) &&
           atls_is_authorized(&c->authorized_by, signer);
}

/* claim_at gives claim `index`: those of Evidence first, then what endorsers added. */
static bool claim_at(const struct application *a, size_t index, struct atls_claim *out)
{
    if (index < a->claims->num) {
        *out = a->claims->items[index];
        return true;
    }
    const size_t at = index - a->claims->num;
    if (a->out == NULL || at >= a->out->num) {
        return false;
    }
    *out = (struct atls_claim){&a->out->items[at].environment, &a->out->items[at].measurement};
    return true;
}

/* is_there: some claim is about that environment. */
static bool is_there(const struct application *a, const struct atls_environment *environment)
{
    struct atls_claim claim;
    for (size_t i = 0; claim_at(a, i, &claim); i++) {
        if (atls_environment_matches(environment, claim.environment, a->claims->labels)) {
            return true;
        }
    }
    return false;
}

static bool is_claimed(const struct application *a, const struct atls_environment *environment,
                       const struct atls_measurement_map *condition)
{
    struct atls_claim claim;
    for (size_t i = 0; claim_at(a, i, &claim); i++) {
        if (atls_environment_matches(environment, claim.environment, a->claims->labels) &&
            atls_measurement_matches(condition, claim.measurement, a->claims->signer)) {
            return true;
        }
    }
    return false;
}

/* all_claimed: each measurement of a list matches a claim. */
static bool all_claimed(const struct application *a, const struct atls_environment *environment,
                        const struct atls_cbor *list)
{
    struct atls_measurement_map measurement;
    struct atls_cbor item;
    struct atls_cbor_iter iter = atls_cbor_members(list);
    while (atls_cbor_next(&iter, &item)) {
        if (atls_corim_any_measurement(&a->context, &item, &measurement) != ATLS_OK ||
            !is_claimed(a, environment, &measurement)) {
            return false;
        }
    }
    return is_there(a, environment);
}

static bool record_of(const struct application *a, const struct atls_cbor *record,
                      struct atls_environment *environment, struct atls_cbor *list)
{
    struct atls_cbor item;
    return atls_cbor_at(record, 0, &item) && atls_cbor_at(record, 1, list) &&
           atls_corim_any_environment(&a->context, &item, environment) == ATLS_OK;
}

static void add_list(struct application *a, const struct atls_environment *environment,
                     const struct atls_cbor *list)
{
    struct atls_cbor item;
    struct atls_cbor_iter iter = atls_cbor_members(list);
    while (atls_cbor_next(&iter, &item)) {
        if (a->out->num == ATLS_MAX_ADDITIONS) {
            a->full = true;
            return;
        }
        struct atls_addition *addition = &a->out->items[a->out->num];
        addition->statement = a->statement;
        addition->environment = *environment;
        if (atls_corim_any_measurement(&a->context, &item, &addition->measurement) == ATLS_OK) {
            a->out->num++;
        }
    }
}

/* apply_endorsed: the values of an environment that is there (8, endorsed values). */
static void apply_endorsed(struct application *a)
{
    struct atls_environment environment;
    struct atls_cbor list;
    if (record_of(a, &a->statement->record, &environment, &list) && is_there(a, &environment)) {
        add_list(a, &environment, &list);
    }
}

/* apply_series: the first record whose selection matches, where the condition does. */
static void apply_series(struct application *a)
{
    struct atls_cbor condition;
    struct atls_cbor series;
    struct atls_cbor claims;
    struct atls_cbor keys;
    struct atls_cbor record;
    struct atls_cbor selection;
    struct atls_cbor addition;
    struct atls_environment environment;
    if (!atls_cbor_at(&a->statement->record, 0, &condition) ||
        !atls_cbor_at(&a->statement->record, 1, &series) ||
        !record_of(a, &condition, &environment, &claims) ||
        !all_claimed(a, &environment, &claims)) {
        return;
    }
    if (atls_cbor_at(&condition, 2, &keys)) {
        const struct atls_mkeys authorized = {.encoded = keys};
        if (!atls_is_authorized(&authorized, a->claims->signer)) {
            return;
        }
    }
    struct atls_cbor_iter iter = atls_cbor_members(&series);
    while (atls_cbor_next(&iter, &record)) {
        if (atls_cbor_at(&record, 0, &selection) && atls_cbor_at(&record, 1, &addition) &&
            all_claimed(a, &environment, &selection)) {
            add_list(a, &environment, &addition);
            return;
        }
    }
}

/* apply_conditional: all endorsements, where every condition matches. */
static void apply_conditional(struct application *a)
{
    struct atls_cbor conditions;
    struct atls_cbor endorsements;
    struct atls_cbor record;
    struct atls_cbor list;
    struct atls_environment environment;
    if (!atls_cbor_at(&a->statement->record, 0, &conditions) ||
        !atls_cbor_at(&a->statement->record, 1, &endorsements)) {
        return;
    }
    struct atls_cbor_iter iter = atls_cbor_members(&conditions);
    while (atls_cbor_next(&iter, &record)) {
        if (!record_of(a, &record, &environment, &list) || !all_claimed(a, &environment, &list)) {
            return;
        }
    }
    iter = atls_cbor_members(&endorsements);
    while (atls_cbor_next(&iter, &record)) {
        if (record_of(a, &record, &environment, &list)) {
            add_list(a, &environment, &list);
        }
    }
}

static bool has_applied(const struct atls_additions *out, const struct atls_statement *statement)
{
    for (size_t i = 0; i < out->num; i++) {
        if (out->items[i].statement == statement) {
            return true;
        }
    }
    return false;
}

bool atls_statement_matches(const struct atls_statement *statement,
                            const struct atls_claims *claims)
{
    const struct application a = {
        .statement = statement, .context = atls_statement_context(statement), .claims = claims};
    struct atls_environment environment;
    struct atls_cbor list;
    return statement->triple == ATLS_TRIPLE_REFERENCE &&
           record_of(&a, &statement->record, &environment, &list) &&
           all_claimed(&a, &environment, &list);
}

static const struct {
    enum atls_triple triple;
    void (*apply)(struct application *a);
} kinds[] = {
    {ATLS_TRIPLE_ENDORSED, apply_endorsed},
    {ATLS_TRIPLE_CONDITIONAL, apply_conditional},
    {ATLS_TRIPLE_SERIES, apply_series},
};

/* look applies a statement unless it has been, or is about an environment of which nothing is
 * known: what it says is read only after that. */
static enum atls_err look(struct application *a, void (*apply)(struct application *a),
                          struct atls_diag *diag)
{
    if (has_applied(a->out, a->statement) || !is_there(a, &a->statement->environment)) {
        return ATLS_OK;
    }
    apply(a);
    return a->full
               ? atls_fail_texts(diag, ATLS_ERR_ENDORSEMENT, "endorsement", "endorsed values",
                                 "more than 64 that apply", "at most 64 for one piece of Evidence")
               : ATLS_OK;
}

static enum atls_err apply_round(struct atls_additions *out, const struct atls_endorsements *set,
                                 const char *format, const struct atls_claims *claims,
                                 int64_t now_s, struct atls_diag *diag)
{
    for (size_t i = 0; i < ATLS_ARRAY_LEN(kinds); i++) {
        size_t cursor = 0;
        const struct atls_statement *statement;
        while ((statement = atls_endorsements_next_statement(set, format, kinds[i].triple, now_s,
                                                             &cursor)) != NULL) {
            struct application a = {.statement = statement,
                                    .context = atls_statement_context(statement),
                                    .claims = claims,
                                    .out = out};
            const enum atls_err err = look(&a, kinds[i].apply, diag);
            if (err != ATLS_OK) {
                return err;
            }
        }
    }
    return ATLS_OK;
}

enum atls_err atls_endorsements_apply(struct atls_additions *out,
                                      const struct atls_endorsements *set, const char *format,
                                      const struct atls_claims *claims, int64_t now_s,
                                      struct atls_diag *diag)
{
    out->num = 0;
    _Static_assert(ATLS_MAX_ADDITION_ROUNDS == 8, "as the sentence below says");
    for (size_t round = 0; round < ATLS_MAX_ADDITION_ROUNDS; round++) {
        const size_t before = out->num;
        const enum atls_err err = apply_round(out, set, format, claims, now_s, diag);
        if (err != ATLS_OK || out->num == before) {
            return err;
        }
    }
    return atls_fail_texts(diag, ATLS_ERR_ENDORSEMENT, "endorsement", "endorsed values",
                           "conditions that rest on later ones, 8 times over",
                           "what others rest on before them");
}
