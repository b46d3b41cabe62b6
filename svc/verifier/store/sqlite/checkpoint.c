/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite/checkpoint.h"

#include <pthread.h>
#include <stdlib.h>

/* Pages of the log: it is brought in from BEGIN on, by the commits themselves from MOST on, where
 * the thread does not keep up; what is below FEW is left to a commit. */
enum { BEGIN = 1000, MOST = 8 * BEGIN, FEW = 50, MAX_PASSES = 4 };

/* Whose turn it is. */
enum turn { NOBODYS, THREADS, COMMITS };

struct store_sqlite_checkpoint {
    struct store_sqlite_connection *connection; /* of the thread */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    enum turn turn;
    bool ending;
};

/* take_turn says whether a commit is to bring in what is left; it has the thread begin otherwise.
 */
static bool take_turn(struct store_sqlite_checkpoint *checkpoint, int pages)
{
    pthread_mutex_lock(&checkpoint->lock);
    const bool is_commits = checkpoint->turn == COMMITS;
    if (is_commits) {
        checkpoint->turn = NOBODYS;
    } else if (checkpoint->turn == NOBODYS) {
        checkpoint->turn = THREADS;
        pthread_cond_signal(&checkpoint->changed);
    }
    pthread_mutex_unlock(&checkpoint->lock);
    return is_commits || pages >= MOST;
}

/* on_commit is called behind each commit. Nothing depends on how it ends: the log is as good. */
static int on_commit(void *arg, sqlite3 *db, const char *name, int pages)
{
    if (pages >= BEGIN && take_turn(arg, pages)) {
        (void)sqlite3_wal_checkpoint_v2(db, name, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    }
    return SQLITE_OK;
}

/* bring_in goes over what came during the pass before, until that is little. */
static void bring_in(sqlite3 *db)
{
    int pages = 0, done = 0, code = SQLITE_OK;
    for (int i = 0; code == SQLITE_OK && i < MAX_PASSES && (i == 0 || pages - done > FEW); i++) {
        code = sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_PASSIVE, &pages, &done);
    }
}

static void *run(void *arg)
{
    struct store_sqlite_checkpoint *checkpoint = arg;
    pthread_mutex_lock(&checkpoint->lock);
    while (!checkpoint->ending) {
        if (checkpoint->turn != THREADS) {
            pthread_cond_wait(&checkpoint->changed, &checkpoint->lock);
            continue;
        }
        pthread_mutex_unlock(&checkpoint->lock);
        bring_in(checkpoint->connection->db);
        pthread_mutex_lock(&checkpoint->lock);
        checkpoint->turn = COMMITS;
    }
    pthread_mutex_unlock(&checkpoint->lock);
    return NULL;
}

enum atls_err store_sqlite_checkpoint_start(struct store_sqlite_checkpoint **out,
                                            const struct store_sqlite_connection *writer,
                                            const char *path, struct atls_diag *diag)
{
    struct store_sqlite_checkpoint *checkpoint = calloc(1, sizeof *checkpoint);
    if (checkpoint == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, "store", "sqlite");
    }
    enum atls_err err = store_sqlite_connect(&checkpoint->connection, path, writer->settings, diag);
    if (err != ATLS_OK) {
        free(checkpoint);
        return err;
    }
    pthread_mutex_init(&checkpoint->lock, NULL);
    pthread_cond_init(&checkpoint->changed, NULL);
    if (pthread_create(&checkpoint->thread, NULL, run, checkpoint) != 0) {
        pthread_cond_destroy(&checkpoint->changed);
        pthread_mutex_destroy(&checkpoint->lock);
        store_sqlite_disconnect(checkpoint->connection);
        free(checkpoint);
        return atls_fail_texts(diag, ATLS_ERR_STATE, "store", "sqlite", "no thread", NULL);
    }
    (void)sqlite3_wal_hook(writer->db, on_commit, checkpoint);
    *out = checkpoint;
    return ATLS_OK;
}

void store_sqlite_checkpoint_stop(struct store_sqlite_checkpoint *checkpoint)
{
    if (checkpoint == NULL) {
        return;
    }
    pthread_mutex_lock(&checkpoint->lock);
    checkpoint->ending = true;
    pthread_cond_signal(&checkpoint->changed);
    pthread_mutex_unlock(&checkpoint->lock);
    pthread_join(checkpoint->thread, NULL);
    pthread_cond_destroy(&checkpoint->changed);
    pthread_mutex_destroy(&checkpoint->lock);
    store_sqlite_disconnect(checkpoint->connection);
    free(checkpoint);
}
