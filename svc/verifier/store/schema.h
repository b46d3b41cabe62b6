/* SPDX-License-Identifier: Apache-2.0 */
/* The schema of the store, and its way from any older version to this one. */
#ifndef STORE_SCHEMA_H
#define STORE_SCHEMA_H

#include "store/backend.h"

/* What this program reads and writes. */
enum { STORE_SCHEMA_VERSION = 4 };

/* store_schema_bring is the work of a migration: from whatever is there to version `*(int *)arg`,
 * which is STORE_SCHEMA_VERSION, or an older one in tests. What is newer is refused. */
store_work store_schema_bring;

#endif
