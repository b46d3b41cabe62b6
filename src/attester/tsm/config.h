/* SPDX-License-Identifier: Apache-2.0 */
/* attester.json of the formats that come by configfs-tsm. */
#ifndef ATTESTER_TSM_CONFIG_H
#define ATTESTER_TSM_CONFIG_H

#include "attester/tsm/report.h"

/* One provider of reports. */
struct atls_tsm_kind {
    const char *name;     /* of the attester and of the format */
    const char *provider; /* the kernel's module */
    const char *media_type;
    bool in_map; /* the report goes into the map of codec/tsm_report.h, not as it is */
    bool has_privlevel;
    struct atls_bytes (*find_data)(struct atls_bytes report); /* data.h */
    /* make_comid gives reference values out of a report (comid.h); NULL in *out: there is nobody
     * yet who would compare them. */
    enum atls_err (*make_comid)(char **out, struct atls_bytes report, struct atls_diag *diag);
};

struct atls_tsm_config {
    const struct atls_tsm_kind *kind;
    char root[ATLS_TSM_MAX_PATH];
    int privlevel;
    size_t queue;
};

/* atls_tsm_config_parse reads {"rot","format"} and, optional, "path", "privlevel" and "queue". */
ATLS_NODISCARD enum atls_err atls_tsm_config_parse(struct atls_tsm_config *out,
                                                   struct atls_bytes json, struct atls_diag *diag);

#endif
