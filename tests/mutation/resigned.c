/* SPDX-License-Identifier: Apache-2.0 */
#include "mutation/resigned.h"

#include "base/span.h"
#include "crypto/crypto.h"
#include "mutation/outcome.h"
#include "mutation/rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct table_run {
    const struct mutation_format *format;
    const struct resigned_settings *settings;
    const struct atls_endorsements *set;
    struct test_sample sample;
    struct outcome original;
    struct rules table;
    unsigned num_runs, num_failures;
};

/* find_rule takes the row of the variant, "type/null", before that of all, "type". */
static struct rule *find_rule(struct table_run *run, const struct value_change *change)
{
    char variant[64];
    const char *name = value_change_name(change->kind);
    snprintf(variant, sizeof variant, "%s/%s", name,
             value_variant_name(change->kind, change->variant));
    struct rule *rule = rules_find(&run->table, change->field, variant);
    return rule != NULL ? rule : rules_find(&run->table, change->field, name);
}

static void compare(struct table_run *run, const struct value_change *change,
                    const struct outcome *outcome, const char *found)
{
    char sentence[ATLS_MAX_SENTENCE_LEN + 1] = "";
    struct rule *rule = find_rule(run, change);
    if (rule != NULL) {
        rule->num_used++;
        if (strcmp(rule->rest, found) == 0) {
            return;
        }
    }
    run->num_failures++;
    if (run->settings->no_table) {
        return;
    }
    atls_diag_sentence(sentence, sizeof sentence, &outcome->diag);
    printf("FAIL %s: %s %s/%s: found %s, expected %s; %s\n", run->format->name, change->field,
           value_change_name(change->kind), value_variant_name(change->kind, change->variant),
           found, rule != NULL ? rule->rest : "a row in the table", sentence);
}

/* appraise gives what came of Evidence, and of the collateral that its format brings. */
static void appraise(struct table_run *run, struct outcome *out, struct atls_bytes cmw)
{
    struct atls_collateral *brought = NULL;
    struct atls_diag diag;
    memset(out, 0, sizeof *out);
    const enum atls_err err =
        run->format->bring != NULL ? run->format->bring(&brought, &diag) : ATLS_OK;
    if (err != ATLS_OK) {
        out->appraisal = err;
        out->diag = diag;
    } else {
        outcome_with(out, &run->sample, cmw, run->set, brought, atls_crypto_openssl());
    }
    atls_collateral_free(brought);
}

/* tell writes the verdict as tables have it: of collateral with the claim, of which many are
 * refused by one error. */
static void tell(struct table_run *run, char found[200], const struct outcome *outcome)
{
    outcome_text(found, outcome, &run->original);
    if (run->format->bring != NULL && outcome->appraisal != ATLS_OK) {
        snprintf(found, 200, "%s %s", atls_err_name(outcome->appraisal), outcome->diag.claim);
    }
}

/* try_change is false where the field has no such change. */
static bool try_change(struct table_run *run, struct value_change *change, char found[200])
{
    const struct atls_bytes cmw = run->format->make(change);
    if (!change->applied) {
        return false;
    }
    struct outcome outcome;
    outcome_context("%s, %s %s, variant %u", run->format->name, change->field,
                    value_change_name(change->kind), change->variant);
    appraise(run, &outcome, cmw);
    tell(run, found, &outcome);
    run->num_runs++;
    if (!run->settings->print_only) {
        compare(run, change, &outcome, found);
    }
    outcome_cleanup(&outcome);
    return true;
}

/* print_rows writes one row for all variants where they came out alike. */
static void print_rows(const struct value_change *change, char found[][200], const bool *ran,
                       unsigned num)
{
    const char *name = value_change_name(change->kind);
    const char *first = NULL;
    bool alike = true;
    for (unsigned i = 0; i < num; i++) {
        if (ran[i]) {
            first = first == NULL ? found[i] : first;
            alike = alike && strcmp(first, found[i]) == 0;
        }
    }
    for (unsigned i = 0; i < num && first != NULL; i++) {
        char variant[64];
        snprintf(variant, sizeof variant, alike ? "%s" : "%s/%s", name,
                 value_variant_name(change->kind, i));
        if (ran[i]) {
            printf("%-36s %-12s %s\n", change->field, variant, found[i]);
            if (alike) {
                return;
            }
        }
    }
}

static void run_field(struct table_run *run, const struct mutation_field *field)
{
    unsigned num_ways = 0;
    for (unsigned kind = VALUE_CHANGE_NONE + 1; kind < VALUE_NUM_CHANGES; kind++) {
        char found[16][200];
        bool ran[16] = {false};
        struct value_change change = {field->name, (enum value_change_kind)kind, 0, false};
        const unsigned num = value_num_variants(change.kind);
        for (unsigned variant = 0; variant < num; variant++) {
            change.variant = variant;
            change.applied = false;
            ran[variant] = try_change(run, &change, found[variant]);
            num_ways += ran[variant] ? 1 : 0;
        }
        if (run->settings->print_only) {
            print_rows(&change, found, ran, num);
        }
    }
    if (num_ways == 0) {
        printf("FAIL %s: nothing changes the field %s\n", run->format->name, field->name);
        run->num_failures++;
    }
}

static void check_original(struct table_run *run)
{
    struct value_change none = {"", VALUE_CHANGE_NONE, 0, false};
    outcome_context("%s, as it was made", run->format->name);
    appraise(run, &run->original, run->format->make(&none));
    char found[200];
    outcome_text(found, &run->original, &run->original);
    if (strcmp(found, "accepted") != 0) {
        char sentence[ATLS_MAX_SENTENCE_LEN + 1];
        atls_diag_sentence(sentence, sizeof sentence, &run->original.diag);
        printf("FAIL %s: what was not changed is not accepted: %s\n", run->format->name, sentence);
        exit(1);
    }
}

unsigned resigned_run(const struct mutation_format *format,
                      const struct resigned_settings *settings)
{
    struct table_run *run = calloc(1, sizeof *run);
    if (run == NULL) {
        exit(1);
    }
    run->format = format;
    run->settings = settings;
    char path[600];
    snprintf(path, sizeof path, "%s/tests/mutation/%s.fields", TEST_SOURCE_DIR, format->name);
    rules_read(&run->table, settings->no_table || settings->print_only ? NULL : path);
    format->set_up(&run->sample, &run->set);
    check_original(run);
    for (size_t i = 0; i < format->num_fields; i++) {
        run_field(run, &format->fields[i]);
    }
    run->num_failures += (unsigned)rules_print_unused(&run->table, path);
    const unsigned failures = run->num_failures;
    if (!settings->print_only) {
        printf("%s re-signed: %zu fields, %u mutants, %zu rows, %u failures\n", format->name,
               format->num_fields, run->num_runs, run->table.num_rules, failures);
    }
    outcome_cleanup(&run->original);
    free(run);
    return failures;
}
