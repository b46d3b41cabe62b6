/* SPDX-License-Identifier: Apache-2.0 */
/* FORMAT.regions and FORMAT.fields: plain text, a rule a line, '#' begins a comment. */
#ifndef MUTATION_RULES_H
#define MUTATION_RULES_H

#include <stdbool.h>
#include <stddef.h>

#define RULES_MAX 1024

struct rule {
    char first[96];  /* sample, or field */
    char second[64]; /* path, or mutation */
    char rest[200];  /* reason, or verdict */
    unsigned line;
    size_t num_used;
};

struct rules {
    struct rule rules[RULES_MAX];
    size_t num_rules;
};

/* rules_read reads a file; a line without all three parts, or the same rule twice, ends the
 * program with a failure. A `path` of NULL gives no rules. */
void rules_read(struct rules *out, const char *path);

/* rules_find gives the rule for exactly these two; NULL when there is none. */
struct rule *rules_find(struct rules *rules, const char *first, const char *second);

/* rules_find_region gives the rule of `sample`, or of "*", that a path falls under. In a
 * rule's path '*' stands for anything; '+' in front: what the original does not have. */
struct rule *rules_find_region(struct rules *rules, const char *sample, const char *path,
                               bool is_new);

/* rules_print_unused names the rules that nothing fell under, and counts them. */
size_t rules_print_unused(const struct rules *rules, const char *path);

#endif
