/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite/writer.h"

#include "store/clock.h"
#include "store/pool.h"

#include <errno.h>

enum { MAX_BATCH = 64 /* calls of one commit */ };

/* What one who waits is told. */
enum told { NOTHING, WRITE_NOW, DONE };

struct store_write {
    struct store_write *next;
    store_work *work;
    void *arg;
    struct atls_diag *diag;
    enum atls_err err;
    bool is_durable;
    bool is_settled; /* by the writer's lock: taken, or told to write, so something will be told */
    /* each has its own lock, or all that are done would wake up to queue for one */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    enum told told; /* by its own lock */
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

/* in_transaction is false after an error for which SQLite rolled all of it back by itself. */
static bool in_transaction(const struct store_sqlite_connection *connection)
{
    return sqlite3_get_autocommit(connection->db) == 0;
}

/* run_alone is for one that shares its transaction with nobody: there is nothing of others to save,
 * and so no copy is made of the pages that it changes. */
static void run_alone(struct store_sqlite_connection *connection, struct store_write *write)
{
    struct store_transaction transaction = {&store_sqlite, connection};
    write->err = write->work(&transaction, write->arg, write->diag);
    if (write->err != ATLS_OK && in_transaction(connection)) {
        (void)store_sqlite_control(connection, STORE_SQLITE_ROLLBACK, NULL);
    }
}

static void run_one(struct store_sqlite_connection *connection, struct store_write *write)
{
    struct store_transaction transaction = {&store_sqlite, connection};
    write->err = store_sqlite_control(connection, STORE_SQLITE_SAVEPOINT, write->diag);
    if (write->err != ATLS_OK) {
        return;
    }
    write->err = write->work(&transaction, write->arg, write->diag);
    if (write->err == ATLS_OK) {
        write->err = store_sqlite_control(connection, STORE_SQLITE_RELEASE, write->diag);
    } else if (in_transaction(connection) &&
               (store_sqlite_control(connection, STORE_SQLITE_ROLLBACK_TO, NULL) != ATLS_OK ||
                store_sqlite_control(connection, STORE_SQLITE_RELEASE, NULL) != ATLS_OK)) {
        /* then the whole batch fails */
        (void)store_sqlite_control(connection, STORE_SQLITE_ROLLBACK, NULL);
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

static bool any_durable(const struct store_write *batch)
{
    for (; batch != NULL; batch = batch->next) {
        if (batch->is_durable) {
            return true;
        }
    }
    return false;
}

static void run_batch(struct store_sqlite_connection *connection, struct store_write *batch)
{
    struct atls_diag diag = {.err = ATLS_OK};
    enum atls_err err = store_sqlite_durable(connection, any_durable(batch), &diag);
    if (err == ATLS_OK) {
        err = store_sqlite_control(connection, STORE_SQLITE_BEGIN, &diag);
    }
    if (err == ATLS_OK) {
        for (struct store_write *write = batch; write != NULL && in_transaction(connection);
             write = write->next) {
            (batch->next == NULL ? run_alone : run_one)(connection, write);
        }
        /* fails where the transaction is gone, and then nobody's work was kept */
        err = store_sqlite_control(connection, STORE_SQLITE_COMMIT, &diag);
    }
    if (err != ATLS_OK) {
        if (in_transaction(connection)) {
            (void)store_sqlite_control(connection, STORE_SQLITE_ROLLBACK, NULL);
        }
        fail_all(batch, err, &diag);
    }
    store_sqlite_relax(connection);
}

static void tell(struct store_write *write, enum told told)
{
    pthread_mutex_lock(&write->lock);
    write->told = told;
    pthread_cond_signal(&write->changed);
    pthread_mutex_unlock(&write->lock);
}

/* wait_until gives what is told, NOTHING at the deadline; without a deadline it waits for as long
 * as that takes. */
static enum told wait_until(struct store_write *write, const struct timespec *deadline)
{
    int waited = 0;
    pthread_mutex_lock(&write->lock);
    while (write->told == NOTHING && waited != ETIMEDOUT) {
        waited = deadline != NULL ? pthread_cond_timedwait(&write->changed, &write->lock, deadline)
                                  : pthread_cond_wait(&write->changed, &write->lock);
    }
    const enum told told = write->told;
    pthread_mutex_unlock(&write->lock);
    return told;
}

/* take_batch takes the head of the queue and those behind it; the rest stays. */
static struct store_write *take_batch(struct store_sqlite_writer *writer)
{
    pthread_mutex_lock(&writer->lock);
    struct store_write *batch = writer->first, *last = batch;
    size_t count = 1;
    last->is_settled = true;
    for (; count < MAX_BATCH && last->next != NULL; count++) {
        last = last->next;
        last->is_settled = true;
    }
    writer->num_waiting -= count;
    writer->first = last->next;
    if (writer->first == NULL) {
        writer->last = NULL;
    }
    last->next = NULL;
    pthread_mutex_unlock(&writer->lock);
    return batch;
}

/* pass_on makes the head of the queue the next to write. */
static void pass_on(struct store_sqlite_writer *writer)
{
    pthread_mutex_lock(&writer->lock);
    struct store_write *next = writer->first;
    if (next != NULL) {
        next->is_settled = true;
    } else {
        writer->is_busy = false;
    }
    pthread_mutex_unlock(&writer->lock);
    if (next != NULL) {
        tell(next, WRITE_NOW);
    }
}

/* write_batch is for the head of the queue: `own` comes first in the batch. */
static void write_batch(struct store_sqlite_writer *writer, const struct store_write *own)
{
    struct store_write *batch = take_batch(writer);
    run_batch(writer->connection, batch);
    pass_on(writer);
    for (struct store_write *write = batch; write != NULL;) {
        struct store_write *next = write->next; /* its owner may be gone once it is told */
        if (write != own) {
            tell(write, DONE);
        }
        write = next;
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

/* withdraw takes one that waited too long out of the queue; false when it is settled. */
static bool withdraw(struct store_sqlite_writer *writer, struct store_write *write)
{
    pthread_mutex_lock(&writer->lock);
    const bool is_settled = write->is_settled;
    if (!is_settled) {
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
    }
    pthread_mutex_unlock(&writer->lock);
    return !is_settled;
}

/* enter puts one into the queue; false when that is full. */
static bool enter(struct store_sqlite_writer *writer, struct store_write *write)
{
    pthread_mutex_lock(&writer->lock);
    const bool has_room = writer->num_waiting < STORE_MAX_WAITING;
    if (has_room) {
        append(writer, write);
        if (!writer->is_busy) {
            writer->is_busy = true;
            write->is_settled = true;
            write->told = WRITE_NOW;
        }
    }
    pthread_mutex_unlock(&writer->lock);
    return has_room;
}

/* wait_for_end gives false when there was no turn in time. */
static bool wait_for_end(struct store_sqlite_writer *writer, struct store_write *write)
{
    const struct timespec deadline =
        store_timespec(store_monotonic_ms() + writer->connection->settings->timeout_ms);
    enum told told = wait_until(write, &deadline);
    if (told == NOTHING) {
        if (withdraw(writer, write)) {
            return false;
        }
        told = wait_until(write, NULL);
    }
    if (told == WRITE_NOW) {
        write_batch(writer, write);
    }
    return true;
}

enum atls_err store_sqlite_write(struct store_sqlite_writer *writer, bool is_durable,
                                 store_work *work, void *arg, struct atls_diag *diag)
{
    struct store_write write = {.work = work, .arg = arg, .diag = diag, .is_durable = is_durable};
    pthread_mutex_init(&write.lock, NULL);
    store_condition_init(&write.changed);
    if (!enter(writer, &write)) {
        write.err =
            atls_fail_texts(diag, ATLS_ERR_BUSY, "store", "changes that wait", "too many", NULL);
    } else if (!wait_for_end(writer, &write)) {
        write.err = atls_fail_texts(diag, ATLS_ERR_BUSY, "store", "changes that wait",
                                    "no turn in time", NULL);
    }
    pthread_cond_destroy(&write.changed);
    pthread_mutex_destroy(&write.lock);
    return write.err;
}
