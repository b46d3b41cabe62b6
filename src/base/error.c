/* SPDX-License-Identifier: Apache-2.0 */
/* The list of include/atls/error.h as a table. */
#include "atls/error.h"

struct row {
    enum atls_err err;
    uint8_t alert;
    enum atls_fault fault;
    const char *name;
    const char *text;
};

static const struct row rows[] = {
#define ROW(number, name, alert, fault, sentence)                                                  \
    {ATLS_ERR_##name, (alert), ATLS_FAULT_##fault, #name, sentence},
    ATLS_ERROR_LIST(ROW)
#undef ROW
};

/* A number that is not in the list is our own bug, and is treated as a refusal: fail closed. */
static const struct row unknown = {ATLS_ERR_STATE, 80, ATLS_FAULT_POLICY, "UNKNOWN",
                                   "an error that has no name"};

static const struct row *find(enum atls_err err)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].err == err) {
            return &rows[i];
        }
    }
    return &unknown;
}

const char *atls_err_name(enum atls_err err)
{
    return find(err)->name;
}

const char *atls_err_text(enum atls_err err)
{
    return find(err)->text;
}

uint8_t atls_err_alert(enum atls_err err)
{
    return find(err)->alert;
}

enum atls_fault atls_err_fault(enum atls_err err)
{
    return find(err)->fault;
}

int atls_err_exit(enum atls_err err)
{
    switch (atls_err_fault(err)) {
    case ATLS_FAULT_NONE:
        return 0;
    case ATLS_FAULT_LOCAL:
        return 1;
    case ATLS_FAULT_INFRA:
        return 3;
    case ATLS_FAULT_PEER:
    case ATLS_FAULT_POLICY:
    default:
        return 2;
    }
}
