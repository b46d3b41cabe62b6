/* SPDX-License-Identifier: Apache-2.0 */
#include "inspect/tpm.h"

struct inspect_run inspect_run_of(struct inspect *in, struct inspect_node *node,
                                  struct atls_bytes octets)
{
    const struct inspect_run run = {in, node, octets, false};
    inspect_show_structure(node);
    return run;
}

/* take gives the next octets; false, with the problem marked once, when they are not there. */
static bool take(struct inspect_run *run, const char *name, size_t len, struct atls_bytes *out)
{
    if (run->ended) {
        return false;
    }
    if (len > run->rest.len) {
        run->ended = true;
        inspect_problem(run->in, run->node, "cut off in %s: %zu octets are there, expected %zu",
                        name, run->rest.len, len);
        return false;
    }
    *out = inspect_part(run->rest, 0, len);
    run->rest = inspect_rest(run->rest, len);
    return true;
}

static uint64_t big_endian(struct atls_bytes octets)
{
    uint64_t value = 0;
    for (size_t i = 0; i < octets.len; i++) {
        value = value << 8 | octets.data[i];
    }
    return value;
}

bool inspect_run_uint(struct inspect_run *run, const char *name, size_t width,
                      const struct inspect_names *names, uint64_t *out)
{
    struct atls_bytes octets;
    if (!take(run, name, width, &octets)) {
        return false;
    }
    const struct inspect_value v = inspect_value_octets(octets);
    const uint64_t number = big_endian(octets);
    struct inspect_node *child = inspect_add(run->in, run->node, name, &v, NULL, NULL);
    inspect_show_uint(child, number);
    if (names != NULL) {
        const char *meaning =
            number <= INT64_MAX ? inspect_name_find(names, (int64_t)number) : NULL;
        inspect_note(run->in, child, "0x%0*llx%s%s", (int)(2 * width), (unsigned long long)number,
                     meaning != NULL ? " " : "", meaning != NULL ? meaning : "");
        if (meaning == NULL && names->closed) {
            inspect_problem(run->in, child, "not %s", names->what);
        }
    }
    if (out != NULL) {
        *out = number;
    }
    return true;
}

bool inspect_run_octets(struct inspect_run *run, const char *name, size_t len,
                        inspect_explain *explain, const void *arg)
{
    struct atls_bytes octets;
    if (!take(run, name, len, &octets)) {
        return false;
    }
    const struct inspect_value v = inspect_value_octets(octets);
    (void)inspect_add(run->in, run->node, name, &v, explain != NULL ? explain : inspect_octets,
                      arg);
    return true;
}

bool inspect_run_sized(struct inspect_run *run, const char *name, inspect_explain *explain,
                       const void *arg)
{
    struct atls_bytes size;
    struct atls_bytes octets;
    const struct atls_bytes start = run->rest;
    if (!take(run, name, 2, &size) || !take(run, name, (size_t)big_endian(size), &octets)) {
        return false;
    }
    const struct inspect_value v = inspect_value_octets(octets);
    struct inspect_node *child =
        inspect_add(run->in, run->node, name, &v, explain != NULL ? explain : inspect_octets, arg);
    inspect_place(child, inspect_part(start, 0, 2 + octets.len));
    return true;
}

struct inspect_run inspect_run_enter(struct inspect_run *run, const char *name)
{
    struct inspect_run inner = *run;
    if (!run->ended) {
        const struct inspect_value v = inspect_value_octets(run->rest);
        inner.node = inspect_add(run->in, run->node, name, &v, NULL, NULL);
        inspect_show_structure(inner.node);
    }
    return inner;
}

void inspect_run_leave(struct inspect_run *outer, const struct inspect_run *inner)
{
    if (!outer->ended) {
        const size_t used = outer->rest.len - inner->rest.len;
        inspect_place(inner->node, inspect_part(outer->rest, 0, used));
    }
    outer->rest = inner->rest;
    outer->ended = inner->ended;
}

void inspect_run_end(struct inspect_run *run)
{
    if (!run->ended && run->rest.len != 0) {
        inspect_problem_at(run->in, run->node, run->rest.data, "%zu octets behind the end",
                           run->rest.len);
    }
}
