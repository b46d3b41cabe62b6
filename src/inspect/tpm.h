/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Structures of numbers and sized octets, one after the other: TPM 2.0 (big-endian; TPM 2.0
 * Library, part 2) and reports of processors (little-endian, at fixed places).
 */
#ifndef INSPECT_TPM_H
#define INSPECT_TPM_H

#include "inspect/explain.h"

/* What is read, and where it goes. After the end of the input every call is false and adds
 * nothing; the first such call marks the problem. */
struct inspect_run {
    struct inspect *in;
    struct inspect_node *node;
    struct atls_bytes rest;
    bool ended;
};

struct inspect_run inspect_run_of(struct inspect *in, struct inspect_node *node,
                                  struct atls_bytes octets);
/* A number of `width` octets, big-endian; `names` may be NULL. `out` may be NULL. */
bool inspect_run_uint(struct inspect_run *run, const char *name, size_t width,
                      const struct inspect_names *names, uint64_t *out);
/* TPM2B: 16 bits of length and so many octets, which `explain` takes (NULL: shown in hex). */
bool inspect_run_sized(struct inspect_run *run, const char *name, inspect_explain *explain,
                       const void *arg);
/* `len` octets. */
bool inspect_run_octets(struct inspect_run *run, const char *name, size_t len,
                        inspect_explain *explain, const void *arg);
/* A part with fields of its own; continue with `out`, then inspect_run_leave. */
struct inspect_run inspect_run_enter(struct inspect_run *run, const char *name);
void inspect_run_leave(struct inspect_run *outer, const struct inspect_run *inner);
/* inspect_run_end marks what is left over. */
void inspect_run_end(struct inspect_run *run);

extern const struct inspect_names inspect_tpm_algs; /* TPM_ALG_ID */

#endif
