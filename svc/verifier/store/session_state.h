/* SPDX-License-Identifier: Apache-2.0 */
/* Why a session does not take what it is told. */
#ifndef STORE_SESSION_STATE_H
#define STORE_SESSION_STATE_H

#include "atls/error.h"

/* store_session_absent: there is no such session, or it has expired. */
enum atls_err store_session_absent(struct atls_diag *diag);

#endif
