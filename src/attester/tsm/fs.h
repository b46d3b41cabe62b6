/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of configfs-tsm, as far as a report needs them (Linux, Documentation/ABI/testing/
 * configfs-tsm-report). A table, so that tests put a stand-in for the kernel behind it: an ordinary
 * folder has none of its behaviour.
 */
#ifndef ATTESTER_TSM_FS_H
#define ATTESTER_TSM_FS_H

#include "atls/bytes.h"

/* Every entry gives 0 or an errno. */
struct atls_tsm_fs {
    int (*make)(void *arg, const char *object);   /* mkdir */
    int (*remove)(void *arg, const char *object); /* rmdir */
    /* write opens the attribute, writes all octets at once and closes: the kernel takes a value
     * when its last descriptor is closed. */
    int (*write)(void *arg, const char *path, struct atls_bytes value);
    /* read opens the attribute anew, since the kernel keeps what a descriptor read first, and reads
     * to its end. EFBIG when that is more than `out` has room for. */
    int (*read)(void *arg, const char *path, struct atls_buf out, size_t *out_len);
    void *arg;
};

/* Those of the kernel. */
extern const struct atls_tsm_fs atls_tsm_linux;

#endif
