/* SPDX-License-Identifier: Apache-2.0 */
/* The nitro attester with a device of the caller's: what the table of operations does with
 * /dev/nsm, and tests with a stand-in. */
#ifndef ATTESTER_NITRO_NITRO_H
#define ATTESTER_NITRO_NITRO_H

#include "atls/attester.h"
#include "attester/nitro/nsm.h"

/* `device` must outlive the attester. */
ATLS_NODISCARD enum atls_err atls_nitro_open_with(struct atls_attester **out,
                                                  struct atls_bytes config_json,
                                                  const struct atls_nsm_device *device,
                                                  struct atls_diag *diag);
ATLS_NODISCARD enum atls_err atls_nitro_provision_with(struct atls_provision *out,
                                                       const struct atls_provision_request *request,
                                                       const struct atls_nsm_device *device,
                                                       struct atls_diag *diag);

/* atls_nitro_comid makes a CoMID template of the PCRs 0, 1, 2 and 8 of a document (caller: free);
 * its signature is not looked at. ATTESTER for one of debug mode, which measures nothing. */
ATLS_NODISCARD enum atls_err atls_nitro_comid(char **out, struct atls_bytes document,
                                              struct atls_diag *diag);

#endif
