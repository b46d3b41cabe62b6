/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One writer, many who want to write. A commit takes its time, so calls that come while one is on
 * its way gather in a queue, and the next commit takes all of them: where there are several, each
 * in a savepoint of its own, so that one that fails takes nothing of the others with it. There is
 * no thread for this: of those who wait, the one at the head of the queue does the work of all. A
 * commit that has nothing durable to do writes its log and leaves it to the kernel.
 */
#ifndef STORE_SQLITE_WRITER_H
#define STORE_SQLITE_WRITER_H

#include "store/sqlite/connection.h"

#include <pthread.h>

struct store_write; /* one call that waits */

struct store_sqlite_writer {
    struct store_sqlite_connection *connection;
    pthread_mutex_t lock;
    bool is_busy; /* somebody writes, or was told to */
    struct store_write *first, *last;
    size_t num_waiting;
};

/* store_sqlite_writer_init takes `connection`. */
void store_sqlite_writer_init(struct store_sqlite_writer *writer,
                              struct store_sqlite_connection *connection);
void store_sqlite_writer_cleanup(struct store_sqlite_writer *writer);

/* store_sqlite_write runs the work, and returns when it is committed or rolled back; with
 * `is_durable`, when it is on the disk. */
ATLS_NODISCARD enum atls_err store_sqlite_write(struct store_sqlite_writer *writer, bool is_durable,
                                                store_work *work, void *arg,
                                                struct atls_diag *diag);

#endif
