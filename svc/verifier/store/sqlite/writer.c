/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite/writer.h"

#include "store/clock.h"
#include "store/pool.h"

#include <errno.h>

enum { MAX_BATCH = 64 /* calls of one commit */ };

struct store_write {
    struct store_write *next;
    store_work *work;
    void *arg;
    struct atls_diag *diag;
    enum atls_err err;
    bool is_taken; /* out of the queue: it will be done, however long that takes */
    bool is_done;
    pthread_cond_t changed; /* it is done, or its turn to write */
};

void store_sqlite_writer_init(struct store_sqlite_writer *writer,
                              struct store_sqlite_connection *connection)
{
    *writer = (struct store_sqlite_writer){.connection = connection};
    pthread_mutex_init(&writer->lock, NULL);
}

void store_sqlite_writer_cleanup(struct store_sqlite_writer *writer)
{
    store_sqlite_disconnect(writer->connection);
    pthread_mutex_destroy(&writer->lock);
}

static enum atls_err execute(struct store_sqlite_connection *connection, const char *text,
                             struct atls_diag *diag)
{
    const int code = sqlite3_exec(connection->db, text, NULL, NULL, NULL);
    return code == SQLITE_OK ? ATLS_OK : store_sqlite_fail(connection, code, diag);
}

/* in_transaction is false after an error for which SQLite rolled all of it back by itself. */
static bool in_transaction(const struct store_sqlite_connection *connection)
{
    return sqlite3_get_autocommit(connection->db) == 0;
}

static void run_one(struct store_sqlite_connection *connection, struct store_write *write)
{
    struct store_transaction transaction = {&store_sqlite, connection};
    write->err = execute(connection, "SAVEPOINT one", write->diag);
    if (write->err != ATLS_OK) {
        return;
    }
    write->err = write->work(&transaction, write->arg, write->diag);
    if (write->err == ATLS_OK) {
        write->err = execute(connection, "RELEASE one", write->diag);
    } else if (in_transaction(connection) &&
               execute(connection, "ROLLBACK TO one; RELEASE one", NULL) != ATLS_OK) {
        (void)execute(connection, "ROLLBACK", NULL); /* then the whole batch fails */
    }
}

static void fail_all(struct store_write *batch, enum atls_err err, const struct atls_diag *diag)
{
    for (struct store_write *write = batch; write != NULL; write = write->next) {
        if (write->err == ATLS_OK) {
            write->err = err;
            if (write->diag != NULL) {
                *write->diag = *diag;
            }
        }
    }
}

static void run_batch(struct store_sqlite_connection *connection, struct store_write *batch)
{
    struct atls_diag diag = {.err = ATLS_OK};
    enum atls_err err = execute(connection, "BEGIN IMMEDIATE", &diag);
    if (err == ATLS_OK) {
        for (struct store_write *write = batch; write != NULL && in_transaction(connection);
             write = write->next) {
            run_one(connection, write);
        }
        /* fails where the transaction is gone, and then nobody's work was kept */
        err = execute(connection, "COMMIT", &diag);
    }
    if (err != ATLS_OK) {
        if (in_transaction(connection)) {
            (void)execute(connection, "ROLLBACK", NULL);
        }
        fail_all(batch, err, &diag);
    }
    store_sqlite_relax(connection);
}

static struct store_write *take_batch(struct store_sqlite_writer *writer)
{
    struct store_write *batch = writer->first, *last = batch;
    last->is_taken = true;
    writer->num_waiting--;
    for (size_t i = 1; i < MAX_BATCH && last->next != NULL; i++) {
        last = last->next;
        last->is_taken = true;
        writer->num_waiting--;
    }
    writer->first = last->next;
    if (writer->first == NULL) {
        writer->last = NULL;
    }
    last->next = NULL;
    return batch;
}

/* write_batch is called with the lock, by the head of the queue; `own` is in the batch. */
static void write_batch(struct store_sqlite_writer *writer)
{
    struct store_write *batch = take_batch(writer);
    writer->is_busy = true;
    pthread_mutex_unlock(&writer->lock);
    run_batch(writer->connection, batch);
    pthread_mutex_lock(&writer->lock);
    writer->is_busy = false;
    for (struct store_write *write = batch; write != NULL;) {
        struct store_write *next = write->next; /* its owner may be gone after this */
        write->is_done = true;
        pthread_cond_signal(&write->changed);
        write = next;
    }
    if (writer->first != NULL) {
        pthread_cond_signal(&writer->first->changed);
    }
}

static void append(struct store_sqlite_writer *writer, struct store_write *write)
{
    if (writer->last != NULL) {
        writer->last->next = write;
    } else {
        writer->first = write;
    }
    writer->last = write;
    writer->num_waiting++;
}

/* withdraw takes one that waited too long out of the queue, and wakes the head if it was that. */
static void withdraw(struct store_sqlite_writer *writer, struct store_write *write)
{
    struct store_write *before = NULL;
    for (struct store_write *at = writer->first; at != write; at = at->next) {
        before = at;
    }
    if (before != NULL) {
        before->next = write->next;
    } else {
        writer->first = write->next;
    }
    if (writer->last == write) {
        writer->last = before;
    }
    writer->num_waiting--;
    if (!writer->is_busy && writer->first != NULL) {
        pthread_cond_signal(&writer->first->changed);
    }
}

/* wait_for_turn is called with the lock; it returns when `write` is done, has the turn to write, or
 * waited too long in the queue. */
static void wait_for_turn(struct store_sqlite_writer *writer, struct store_write *write,
                          const struct timespec *deadline)
{
    int waited = 0;
    while (!write->is_done && !(writer->first == write && !writer->is_busy) &&
           !(waited == ETIMEDOUT && !write->is_taken)) {
        waited = write->is_taken ? pthread_cond_wait(&write->changed, &writer->lock)
                                 : pthread_cond_timedwait(&write->changed, &writer->lock, deadline);
    }
}

enum atls_err store_sqlite_write(struct store_sqlite_writer *writer, store_work *work, void *arg,
                                 struct atls_diag *diag)
{
    struct store_write write = {.work = work, .arg = arg, .diag = diag};
    const struct timespec deadline =
        store_timespec(store_monotonic_ms() + writer->connection->settings->timeout_ms);
    pthread_mutex_lock(&writer->lock);
    if (writer->num_waiting == STORE_MAX_WAITING) {
        pthread_mutex_unlock(&writer->lock);
        return atls_fail_texts(diag, ATLS_ERR_BUSY, "store", "changes that wait", "too many", NULL);
    }
    store_condition_init(&write.changed);
    append(writer, &write);
    wait_for_turn(writer, &write, &deadline);
    if (!write.is_done && writer->first == &write && !writer->is_busy) {
        write_batch(writer);
    } else if (!write.is_done) {
        withdraw(writer, &write);
        write.err = atls_fail_texts(diag, ATLS_ERR_BUSY, "store", "changes that wait",
                                    "no turn in time", NULL);
    }
    pthread_mutex_unlock(&writer->lock);
    pthread_cond_destroy(&write.changed);
    return write.err;
}
