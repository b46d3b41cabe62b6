/* SPDX-License-Identifier: Apache-2.0 */
#include "mutation/rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Noreturn void bad_line(const char *path, unsigned line, const char *why)
{
    fprintf(stderr, "%s:%u: %s\n", path, line, why);
    exit(1);
}

static void read_line(struct rules *out, const char *path, unsigned line, const char *text)
{
    struct rule rule;
    memset(&rule, 0, sizeof rule);
    if (text[strspn(text, " \t\n")] == '\0' || text[0] == '#') {
        return;
    }
    if (sscanf(text, "%95s %63s %199[^\n]", rule.first, rule.second, rule.rest) != 3) {
        bad_line(path, line, "three parts are needed");
    }
    char *comment = strstr(rule.rest, " #");
    if (comment != NULL) {
        *comment = '\0';
    }
    for (size_t len = strlen(rule.rest); len > 0 && rule.rest[len - 1] == ' '; len--) {
        rule.rest[len - 1] = '\0';
    }
    if (rules_find(out, rule.first, rule.second) != NULL) {
        bad_line(path, line, "this rule is there already");
    }
    if (out->num_rules == RULES_MAX) {
        bad_line(path, line, "too many rules");
    }
    rule.line = line;
    out->rules[out->num_rules++] = rule;
}

void rules_read(struct rules *out, const char *path)
{
    out->num_rules = 0;
    if (path == NULL) {
        return;
    }
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        bad_line(path, 0, "cannot be read");
    }
    char text[512];
    for (unsigned line = 1; fgets(text, sizeof text, file) != NULL; line++) {
        read_line(out, path, line, text);
    }
    fclose(file);
}

struct rule *rules_find(struct rules *rules, const char *first, const char *second)
{
    for (size_t i = 0; i < rules->num_rules; i++) {
        struct rule *rule = &rules->rules[i];
        if (strcmp(rule->first, first) == 0 && strcmp(rule->second, second) == 0) {
            return rule;
        }
    }
    return NULL;
}

/* is_path: '*' in a rule stands for any octets, also none. */
static bool is_path(const char *rule, const char *path)
{
    const char *star = NULL;
    const char *resume = NULL;
    while (*path != '\0') {
        if (*rule == '*') {
            star = rule++;
            resume = path;
        } else if (*rule == *path) {
            rule++;
            path++;
        } else if (star != NULL) { /* the star takes one octet more */
            rule = star + 1;
            path = ++resume;
        } else {
            return false;
        }
    }
    while (*rule == '*') {
        rule++;
    }
    return *rule == '\0';
}

struct rule *rules_find_region(struct rules *rules, const char *sample, const char *path,
                               bool is_new)
{
    for (size_t i = 0; i < rules->num_rules; i++) {
        struct rule *rule = &rules->rules[i];
        const bool only_new = rule->second[0] == '+';
        if ((strcmp(rule->first, "*") == 0 || strcmp(rule->first, sample) == 0) &&
            is_path(only_new ? &rule->second[1] : rule->second, path) && (is_new || !only_new)) {
            return rule;
        }
    }
    return NULL;
}

size_t rules_print_unused(const struct rules *rules, const char *path)
{
    size_t num = 0;
    for (size_t i = 0; i < rules->num_rules; i++) {
        const struct rule *rule = &rules->rules[i];
        if (rule->num_used == 0) {
            printf("%s:%u: nothing came under \"%s %s\": the rule is out of date\n", path,
                   rule->line, rule->first, rule->second);
            num++;
        }
    }
    return num;
}
