/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of collateral share. */
#ifndef ENDORSEMENT_COLLATERAL_TEST_H
#define ENDORSEMENT_COLLATERAL_TEST_H

#include "samples.h"
#include "support/chains.h"

#include "endorsement/collateral.h"
#include "json/file.h"

#include <unistd.h>

static struct atls_diag diag ATLS_UNUSED;
static struct atls_collateral_wanted wanted ATLS_UNUSED;

/* trust loads a root as NAME@file. */
static inline enum atls_err trust(struct atls_endorsements *set, const char *format,
                                  struct atls_bytes root)
{
    char path[] = "/tmp/atls-test-XXXXXX";
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    assert_err(atls_file_write(path, root, ATLS_FILE_PUBLIC, NULL), OK);
    char name[64];
    snprintf(name, sizeof name, "%s@%s", format, path);
    const enum atls_err err = atls_endorsements_load_at(set, name, NOW, &diag);
    unlink(path);
    return err;
}

static inline struct atls_collateral *bag(void)
{
    struct atls_collateral *made = NULL;
    assert_err(atls_collateral_new(&made, ATLS_MAX_BROUGHT, NULL), OK);
    return made;
}

static inline void put(struct atls_collateral *in, struct atls_bytes octets)
{
    const enum atls_err err = atls_collateral_add(in, octets, "test", &diag);
    show(err, &diag);
    assert_err(err, OK);
}

static inline struct atls_collateral_scope scope_of(const struct atls_endorsements *set,
                                                    const struct atls_collateral *brought,
                                                    const char *format)
{
    const struct atls_collateral_scope scope = {
        .endorsements = set, .brought = brought, .format = format, .now_s = NOW, .wanted = &wanted};
    memset(&wanted, 0, sizeof wanted);
    return scope;
}

static inline struct test_chain amd_chain(void)
{
    return test_chain_make(&atls_chain_amd, test_amd_names, 3);
}

#endif
