/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stand-in for configfs-tsm in memory, behind src/attester/tsm/fs.h: objects with their
 * attributes, generations that count writes, reports that are made by the first read after a
 * change, and the error numbers of drivers/virt/coco/guest/report.c and the drivers behind it.
 */
#ifndef SUPPORT_FAKE_TSM_H
#define SUPPORT_FAKE_TSM_H

#include "attester/tsm/fs.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

enum { FAKE_TSM_OBJECTS = 16, FAKE_TSM_MAX_REPORT = 50 << 10 };

struct fake_tsm_object {
    bool live;
    char path[256];
    uint8_t inblob[64];
    size_t inblob_len;
    int privlevel;
    unsigned long written; /* what `generation` says */
    bool has_report;
    unsigned long report_of; /* the generation that the report was made at */
    uint8_t report[FAKE_TSM_MAX_REPORT];
    size_t report_len;
};

struct fake_tsm {
    struct atls_tsm_fs fs;
    pthread_mutex_t mutex;
    const char *provider;   /* NULL: none is registered */
    int privlevel_floor;    /* of sev_guest */
    unsigned quote_version; /* of tdx_guest */
    size_t report_len;      /* not 0: instead of the provider's own */
    size_t auxblob_len;
    uint8_t filler; /* every octet of a report that nothing else is said about */
    bool stale;     /* reports about the octets of the first question, for ever */
    uint8_t first[64];
    bool has_first;

    /* fault: the operation ("make", "remove", "write", "read") on the attribute ("" for objects)
     * gives `error` for `times` times, from the first on. */
    const char *fault_operation;
    const char *fault_attribute;
    int fault_error;
    unsigned fault_times;
    /* meddle: after the next `meddle_times` reads of this attribute somebody writes other octets
     * into the object's inblob. */
    const char *meddle_after;
    unsigned meddle_times;
    /* The next `held_writes` values of inblob do not arrive: a child that was forked meanwhile
     * holds a copy of the descriptor. */
    unsigned held_writes;

    struct fake_tsm_object objects[FAKE_TSM_OBJECTS];
    unsigned num_made, num_removed, num_reports;
    char last_path[256];
};

/* fake_tsm_init: one of the kernel's names, or NULL. */
void fake_tsm_init(struct fake_tsm *fake, const char *provider);
/* fake_tsm_num_live counts the objects that nobody removed. */
unsigned fake_tsm_num_live(const struct fake_tsm *fake);

#endif
