/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From drivers/virt/coco/guest/report.c and the drivers behind it, sev-guest, tdx-guest and
 * arm-cca-guest; where a number means different things, the attribute tells them apart.
 */
#include "attester/tsm/reason.h"

#include "base/span.h"

#include <errno.h>
#include <string.h>

struct reason {
    const char *attribute; /* NULL: any */
    int error;
    const char *name;
    const char *expected;
};

static const struct reason reasons[] = {
    {"object", ENXIO, "ENXIO",
     "a driver of reports: load sev-guest, tdx-guest or arm-cca-guest in a confidential guest"},
    {"object", ENOENT, "ENOENT", "Linux 6.7 with configfs mounted and the module tsm"},
    {"object", EEXIST, "EEXIST", "a name that is not taken"},
    {"object", ENAMETOOLONG, "ENAMETOOLONG", "a shorter path"},
    {"object", EACCES, "EACCES",
     "the right to make a report: it is the superuser's unless a folder was given away"},
    {"object", EPERM, "EPERM",
     "the right to make a report: it is the superuser's unless a folder was given away"},
    {"object", EROFS, "EROFS", "configfs mounted for writing"},
    {"inblob", EFBIG, "EFBIG", "a provider that takes 64 octets"},
    {"privlevel", EINVAL, "EINVAL", "a level from privlevel_floor to 3"},
    {"privlevel", ENOENT, "ENOENT", "a provider that has levels: sev_guest"},
    {"outblob", EINVAL, "EINVAL", "a provider that takes this inblob and privlevel"},
    {"outblob", ENXIO, "ENXIO", "firmware that makes the report: its status was not success"},
    {"outblob", ENOTTY, "ENOTTY", "a VMPCK that is not disabled: the guest must be started again"},
    {"outblob", ETIMEDOUT, "ETIMEDOUT", "a quote from the host within the kernel's 30 s"},
    {"outblob", EBUSY, "EBUSY", "a provider that is not at work for somebody else"},
    {"generation", EPROTO, "no number", "a decimal number"},
    {NULL, EFBIG, "EFBIG", "fewer octets: a CMW ends at 65528"},
    {NULL, ENXIO, "ENXIO", "a provider that is still there"},
    {NULL, EBUSY, "EBUSY", "an object that nobody else writes into"},
    {NULL, ENOENT, "ENOENT", "an object that nobody removes meanwhile"},
    {NULL, ETXTBSY, "ETXTBSY", "an attribute that nobody reads and writes at once"},
    {NULL, EACCES, "EACCES", "the right to read and write the object's attributes"},
    {NULL, EPERM, "EPERM", "the right to read and write the object's attributes"},
    {NULL, EINTR, "EINTR", "no signal meanwhile"},
    {NULL, EIO, "EIO", "a provider that answers"},
    {NULL, ENOMEM, "ENOMEM", "memory for the kernel"},
    {NULL, EAGAIN, "EAGAIN", "random octets for a name"},
};

enum atls_err atls_tsm_refuse(const char *attribute, int error, struct atls_diag *diag)
{
    for (size_t i = 0; i < ATLS_ARRAY_LEN(reasons); i++) {
        const struct reason *reason = &reasons[i];
        const bool here = reason->attribute == NULL || strcmp(reason->attribute, attribute) == 0;
        if (here && reason->error == error) {
            return atls_fail_texts(diag, ATLS_ERR_ATTESTER, "report", attribute, reason->name,
                                   reason->expected);
        }
    }
    atls_fail_texts(diag, ATLS_ERR_ATTESTER, "report", attribute, "error number ", "0");
    atls_diag_found_int(diag, error);
    return ATLS_ERR_ATTESTER;
}
