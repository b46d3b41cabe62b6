/* SPDX-License-Identifier: Apache-2.0 */
/* Looking statements, authorities and notes up in a set. */
#include "endorsement/statement_read.h"

#include "base/span.h"
#include "endorsement/set.h"

static bool is_for(const struct atls_profile *profile, const char *format)
{
    return format == NULL || atls_profile_has_format(profile, format);
}

const struct atls_statement *atls_endorsements_next_statement(const struct atls_endorsements *set,
                                                              const char *format,
                                                              enum atls_triple triple,
                                                              int64_t now_s, size_t *cursor)
{
    const struct atls_batch *all = set != NULL ? atls_endorsements_all(set) : NULL;
    while (all != NULL && *cursor < all->num_statements) {
        const struct atls_statement *statement = all->statements[(*cursor)++];
        if (statement->triple == triple && is_for(statement->profile, format) &&
            !atls_endorsement_has_ended(statement->not_after_s, now_s)) {
            return statement;
        }
    }
    return NULL;
}

const struct atls_authority *
atls_endorsements_next_authority(const struct atls_endorsements *set, const char *format,
                                 const struct atls_environment *environment, uint32_t purposes,
                                 int64_t now_s, size_t *cursor)
{
    const struct atls_batch *all = set != NULL ? atls_endorsements_all(set) : NULL;
    while (all != NULL && *cursor < all->num_authorities) {
        const struct atls_authority *authority = &all->authorities[(*cursor)++]->authority;
        const bool in_place =
            !authority->has_environment ||
            (environment != NULL &&
             atls_environment_matches(&authority->environment, environment, ATLS_LABELS_COMPARED));
        if (is_for(authority->profile, format) && in_place &&
            (authority->purposes & purposes) != 0 &&
            !atls_endorsement_has_ended(authority->not_after_s, now_s)) {
            return authority;
        }
    }
    return NULL;
}

const char *atls_endorsements_next_note(const struct atls_endorsements *set, size_t *cursor)
{
    const struct atls_batch *all = set != NULL ? atls_endorsements_all(set) : NULL;
    size_t at = 0;
    for (const struct atls_corim_source *file = all != NULL ? all->sources : NULL; file != NULL;
         file = file->next) {
        for (const struct atls_note *note = file->superseded ? NULL : file->notes; note != NULL;
             note = note->next) {
            if (at++ == *cursor) {
                (*cursor)++;
                return note->text;
            }
        }
    }
    return NULL;
}

size_t atls_endorsements_num_statements(const struct atls_endorsements *set)
{
    return set == NULL ? 0 : atls_endorsements_all(set)->num_statements;
}

size_t atls_endorsements_num_authorities(const struct atls_endorsements *set)
{
    return set == NULL ? 0 : atls_endorsements_all(set)->num_authorities;
}

struct atls_corim atls_statement_context(const struct atls_statement *statement)
{
    const struct atls_corim corim = {
        .source = (struct atls_corim_source *)(uintptr_t)statement->file,
        .profile = statement->profile,
        .extensions =
            statement->profile != NULL ? statement->profile->extensions : ATLS_EXTENSIONS_ANY,
        .old_profile = statement->old_profile,
    };
    return corim;
}

/* item_at gives member `index` of the list of a record [environment, list]. */
static bool item_at(const struct atls_statement *statement, size_t index, struct atls_cbor *out)
{
    struct atls_cbor list;
    return atls_cbor_at(&statement->record, 1, &list) && atls_cbor_at(&list, index, out);
}

bool atls_statement_measurement(const struct atls_statement *statement, size_t index,
                                struct atls_measurement_map *out)
{
    struct atls_cbor item;
    const struct atls_corim corim = atls_statement_context(statement);
    const bool has =
        statement->triple == ATLS_TRIPLE_REFERENCE || statement->triple == ATLS_TRIPLE_ENDORSED;
    return has && item_at(statement, index, &item) &&
           atls_corim_any_measurement(&corim, &item, out) == ATLS_OK;
}

bool atls_statement_key(const struct atls_statement *statement, size_t index,
                        struct atls_tagged *out)
{
    struct atls_cbor item;
    const bool has =
        statement->triple == ATLS_TRIPLE_IDENTITY || statement->triple == ATLS_TRIPLE_ATTEST_KEY;
    return has && item_at(statement, index, &item) && atls_tagged_of(&item, out);
}
