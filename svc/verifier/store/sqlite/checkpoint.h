/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Brings the log of a SQLite file into the file. SQLite does so at the end of a commit, and then
 * all who write wait for the disk. Here a thread does the most of it while commits go on; the next
 * commit brings in the little that came meanwhile, so that the log begins anew.
 */
#ifndef STORE_SQLITE_CHECKPOINT_H
#define STORE_SQLITE_CHECKPOINT_H

#include "store/sqlite/connection.h"

struct store_sqlite_checkpoint;

/* store_sqlite_checkpoint_start takes over for `writer`, the one connection that commits, until
 * store_sqlite_checkpoint_stop; it has a connection to the file `path` of its own. Errors: those of
 * store_sqlite_connect, MEMORY, STATE: there is no thread. */
ATLS_NODISCARD enum atls_err
store_sqlite_checkpoint_start(struct store_sqlite_checkpoint **out,
                              const struct store_sqlite_connection *writer, const char *path,
                              struct atls_diag *diag);
/* store_sqlite_checkpoint_stop waits for what is under way; NULL is fine. No commit follows. */
void store_sqlite_checkpoint_stop(struct store_sqlite_checkpoint *checkpoint);

#endif
