/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From drivers/virt/coco/guest/report.c and the drivers behind it, sev-guest, tdx-guest and
 * arm-cca-guest; where a number means different things, the attribute tells them apart.
 */
#include "attester/tsm/reason.h"

#include "attester/system_error.h"
#include "base/span.h"

#include <errno.h>

static const struct atls_system_error rows[] = {
    {"object", ENXIO, ATLS_ERR_ATTESTER, "ENXIO",
     "a driver of reports: load sev-guest, tdx-guest or arm-cca-guest in a confidential guest"},
    {"object", ENOENT, ATLS_ERR_ATTESTER, "ENOENT",
     "Linux 6.7 with configfs mounted and the module tsm"},
    {"object", EEXIST, ATLS_ERR_ATTESTER, "EEXIST", "a name that is not taken"},
    {"object", ENAMETOOLONG, ATLS_ERR_ATTESTER, "ENAMETOOLONG", "a shorter path"},
    {"object", EACCES, ATLS_ERR_ATTESTER, "EACCES",
     "the right to make a report: it is the superuser's unless a folder was given away"},
    {"object", EPERM, ATLS_ERR_ATTESTER, "EPERM",
     "the right to make a report: it is the superuser's unless a folder was given away"},
    {"object", EROFS, ATLS_ERR_ATTESTER, "EROFS", "configfs mounted for writing"},
    {"inblob", EFBIG, ATLS_ERR_ATTESTER, "EFBIG", "a provider that takes 64 octets"},
    {"privlevel", EINVAL, ATLS_ERR_ATTESTER, "EINVAL", "a level from privlevel_floor to 3"},
    {"privlevel", ENOENT, ATLS_ERR_ATTESTER, "ENOENT", "a provider that has levels: sev_guest"},
    {"outblob", EINVAL, ATLS_ERR_ATTESTER, "EINVAL",
     "a provider that takes this inblob and privlevel"},
    {"outblob", ENXIO, ATLS_ERR_ATTESTER, "ENXIO",
     "firmware that makes the report: its status was not success"},
    {"outblob", ENOTTY, ATLS_ERR_ATTESTER, "ENOTTY",
     "a VMPCK that is not disabled: the guest must be started again"},
    {"outblob", ETIMEDOUT, ATLS_ERR_ATTESTER, "ETIMEDOUT",
     "a quote from the host within the kernel's 30 s"},
    {"outblob", EBUSY, ATLS_ERR_ATTESTER, "EBUSY",
     "a provider that is not at work for somebody else"},
    {"generation", EPROTO, ATLS_ERR_ATTESTER, "no number", "a decimal number"},
    {NULL, EFBIG, ATLS_ERR_ATTESTER, "EFBIG", "fewer octets: a CMW ends at 65528"},
    {NULL, ENXIO, ATLS_ERR_ATTESTER, "ENXIO", "a provider that is still there"},
    {NULL, EBUSY, ATLS_ERR_ATTESTER, "EBUSY", "an object that nobody else writes into"},
    {NULL, ENOENT, ATLS_ERR_ATTESTER, "ENOENT", "an object that nobody removes meanwhile"},
    {NULL, ETXTBSY, ATLS_ERR_ATTESTER, "ETXTBSY",
     "an attribute that nobody reads and writes at once"},
    {NULL, EACCES, ATLS_ERR_ATTESTER, "EACCES",
     "the right to read and write the object's attributes"},
    {NULL, EPERM, ATLS_ERR_ATTESTER, "EPERM",
     "the right to read and write the object's attributes"},
    {NULL, EINTR, ATLS_ERR_ATTESTER, "EINTR", "no signal meanwhile"},
    {NULL, EIO, ATLS_ERR_ATTESTER, "EIO", "a provider that answers"},
    {NULL, ENOMEM, ATLS_ERR_ATTESTER, "ENOMEM", "memory for the kernel"},
    {NULL, EAGAIN, ATLS_ERR_ATTESTER, "EAGAIN", "random octets for a name"},
};

enum atls_err atls_tsm_refuse(const char *attribute, int error, struct atls_diag *diag)
{
    static const struct atls_system_errors errors = {
        "report", rows, ATLS_ARRAY_LEN(rows), "error number ", "0",
    };
    return atls_system_refuse(&errors, attribute, attribute, error, diag);
}
