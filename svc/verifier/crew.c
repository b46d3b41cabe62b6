/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/verifier/crew.h"

#include "base/span.h"
#include "svc/verifier/batch.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static const char step[] = "appraiser";

struct slot {
    int fd; /* -1: no helper is there */
    int32_t pid;
    bool busy;   /* a thread uses fd, and nobody else closes it */
    int next_fd; /* what came while the old one was busy; -1: nothing */
    int32_t next_pid;
    uint32_t jobs;
};

struct verifier_crew {
    int control_fd;
    size_t num_slots;
    uint32_t max_jobs;
    pthread_t thread;
    pthread_mutex_t lock; /* everything below */
    /* Of the signer and of the appraisers: one that is free wakes one who waits. */
    pthread_cond_t signer_free, appraiser_free;
    struct slot slots[VERIFIER_MAX_SLOTS];
    struct verifier_crew_counts counts;
};

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
        *fd = -1;
    }
}

static pthread_cond_t *free_of(struct verifier_crew *crew, size_t slot)
{
    return slot == VERIFIER_SIGNER_SLOT ? &crew->signer_free : &crew->appraiser_free;
}

/* install is called with the lock held. */
static void install(struct verifier_crew *crew, const struct verifier_replacement *r)
{
    struct slot *slot = &crew->slots[r->slot];
    fcntl(r->fd, F_SETFL, fcntl(r->fd, F_GETFL) | O_NONBLOCK);
    if (slot->busy) {
        close_fd(&slot->next_fd);
        slot->next_fd = r->fd;
        slot->next_pid = r->pid;
    } else {
        close_fd(&slot->fd);
        slot->fd = r->fd;
        slot->pid = r->pid;
        slot->jobs = 0;
    }
    if (r->slot != VERIFIER_SIGNER_SLOT) {
        crew->counts.replaced++;
    }
    if (!slot->busy) {
        pthread_cond_signal(free_of(crew, r->slot));
    }
}

static void *receive_helpers(void *arg)
{
    struct verifier_crew *crew = arg;
    struct verifier_replacement r;
    while (verifier_control_receive(crew->control_fd, &r)) {
        if (r.slot >= crew->num_slots) {
            close(r.fd);
            continue;
        }
        pthread_mutex_lock(&crew->lock);
        install(crew, &r);
        pthread_mutex_unlock(&crew->lock);
    }
    return NULL;
}

enum atls_err verifier_crew_new(struct verifier_crew **out, int control_fd, size_t num_appraisers,
                                uint32_t max_jobs, struct atls_diag *diag)
{
    struct verifier_crew *crew = calloc(1, sizeof *crew);
    pthread_condattr_t attributes;
    if (crew == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    }
    crew->control_fd = control_fd;
    crew->num_slots = num_appraisers + 1;
    crew->max_jobs = max_jobs;
    for (size_t i = 0; i < VERIFIER_MAX_SLOTS; i++) {
        crew->slots[i].fd = crew->slots[i].next_fd = -1;
    }
    pthread_mutex_init(&crew->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&crew->signer_free, &attributes);
    pthread_cond_init(&crew->appraiser_free, &attributes);
    pthread_condattr_destroy(&attributes);
    if (pthread_create(&crew->thread, NULL, receive_helpers, crew) != 0) {
        free(crew);
        return atls_fail(diag, ATLS_ERR_MEMORY, step, "thread");
    }
    *out = crew;
    return ATLS_OK;
}

void verifier_crew_free(struct verifier_crew *crew)
{
    if (crew == NULL) {
        return;
    }
    shutdown(crew->control_fd, SHUT_RDWR); /* before theirs: none of them is started again */
    pthread_join(crew->thread, NULL);
    for (size_t i = 0; i < crew->num_slots; i++) {
        close_fd(&crew->slots[i].fd);
        close_fd(&crew->slots[i].next_fd);
    }
    close(crew->control_fd);
    pthread_cond_destroy(&crew->appraiser_free);
    pthread_cond_destroy(&crew->signer_free);
    pthread_mutex_destroy(&crew->lock);
    free(crew);
}

/* find_free gives a free slot of [first, end), or NULL; the lock is held. */
static struct slot *find_free(struct verifier_crew *crew, size_t first, size_t end)
{
    for (size_t i = first; i < end; i++) {
        if (!crew->slots[i].busy && crew->slots[i].fd >= 0) {
            return &crew->slots[i];
        }
    }
    return NULL;
}

static struct slot *take(struct verifier_crew *crew, size_t first, size_t end, int64_t deadline_ms)
{
    const struct timespec until = {.tv_sec = (time_t)(deadline_ms / 1000),
                                   .tv_nsec = (long)(deadline_ms % 1000) * 1000000};
    pthread_mutex_lock(&crew->lock);
    struct slot *slot = find_free(crew, first, end);
    int error = 0;
    while (slot == NULL && error == 0) {
        error = pthread_cond_timedwait(free_of(crew, first), &crew->lock, &until);
        slot = find_free(crew, first, end);
    }
    if (slot != NULL) {
        slot->busy = true;
    }
    pthread_mutex_unlock(&crew->lock);
    return slot;
}

/* give_back: `gone` closes the connection, and a helper that came meanwhile takes its place. */
static void give_back(struct verifier_crew *crew, struct slot *slot, bool gone)
{
    pthread_mutex_lock(&crew->lock);
    slot->busy = false;
    if (gone || slot->next_fd >= 0) {
        close_fd(&slot->fd);
        slot->fd = slot->next_fd;
        slot->pid = slot->next_pid;
        slot->next_fd = -1;
        slot->jobs = 0;
    }
    if (slot->fd >= 0) {
        pthread_cond_signal(free_of(crew, (size_t)(slot - crew->slots)));
    }
    pthread_mutex_unlock(&crew->lock);
}

/* done gives a helper back that has answered; an appraiser goes when it has done enough. */
static void done(struct verifier_crew *crew, struct slot *slot, bool is_appraiser, uint32_t num)
{
    pthread_mutex_lock(&crew->lock);
    slot->jobs += is_appraiser ? num : 0;
    const bool enough = is_appraiser && slot->jobs >= crew->max_jobs;
    crew->counts.jobs += is_appraiser ? num : 0;
    crew->counts.recycled += enough;
    pthread_mutex_unlock(&crew->lock);
    give_back(crew, slot, enough);
}

static void lost(struct verifier_crew *crew, struct slot *slot, uint32_t num, bool too_late)
{
    pthread_mutex_lock(&crew->lock);
    crew->counts.lost += num == 1 ? 1 : 0;
    const int32_t pid = slot->pid;
    pthread_mutex_unlock(&crew->lock);
    if (too_late) {
        verifier_control_end(crew->control_fd, (uint8_t)(slot - crew->slots), pid);
    }
    give_back(crew, slot, true);
}

/* receive waits for the answer; who is slow is told of in between. */
static enum atls_err receive(const struct slot *slot, const struct verifier_crew_batch *batch,
                             int64_t deadline_ms, struct verifier_frame *out,
                             struct atls_diag *diag)
{
    if (batch->slow_ms != 0 && !verifier_frame_wait(slot->fd, verifier_now_ms() + batch->slow_ms)) {
        batch->on_slow(batch->arg);
    }
    return verifier_frame_receive(slot->fd, out, VERIFIER_MAX_FRAME_LEN, deadline_ms, diag);
}

/* call has one helper of [first, end) do the jobs of a frame. */
static enum atls_err call(struct verifier_crew *crew, size_t first, size_t end, uint8_t type,
                          const struct verifier_crew_batch *batch, struct verifier_frame *out,
                          struct atls_diag *diag)
{
    const bool is_appraiser = first != VERIFIER_SIGNER_SLOT;
    const char *name = is_appraiser ? step : "signer";
    for (;;) {
        struct slot *slot = take(crew, first, end, batch->deadline_ms);
        if (slot == NULL) {
            return atls_fail_texts(diag, ATLS_ERR_BUSY, name, NULL, "none is free",
                                   "one before the deadline");
        }
        const int64_t deadline_ms =
            batch->job_ms != 0 ? verifier_now_ms() + batch->job_ms : batch->deadline_ms;
        enum atls_err err = verifier_frame_send(slot->fd, type, batch->payload, deadline_ms, diag);
        if (err == ATLS_ERR_CONNECTION) { /* it did not get the whole of the job */
            give_back(crew, slot, true);
            continue;
        }
        if (err == ATLS_OK) {
            err = receive(slot, batch, deadline_ms, out, diag);
        }
        if (err == ATLS_OK) {
            done(crew, slot, is_appraiser, batch->num);
            return ATLS_OK;
        }
        lost(crew, slot, batch->num, err != ATLS_ERR_CONNECTION);
        return err == ATLS_ERR_CONNECTION ? atls_fail_texts(diag, ATLS_ERR_STATE, name, NULL,
                                                            "it ended with this job", "an answer")
                                          : err;
    }
}

enum atls_err verifier_crew_appraiser(struct verifier_crew *crew, uint8_t type,
                                      struct atls_bytes payload, struct verifier_frame *out,
                                      int64_t deadline_ms, struct atls_diag *diag)
{
    const struct verifier_crew_batch one = {
        .payload = payload, .num = 1, .deadline_ms = deadline_ms};
    return call(crew, VERIFIER_SIGNER_SLOT + 1, crew->num_slots, type, &one, out, diag);
}

enum atls_err verifier_crew_signer(struct verifier_crew *crew, uint8_t type,
                                   struct atls_bytes payload, struct verifier_frame *out,
                                   int64_t deadline_ms, struct atls_diag *diag)
{
    const struct verifier_crew_batch one = {
        .payload = payload, .num = 1, .deadline_ms = deadline_ms};
    return call(crew, VERIFIER_SIGNER_SLOT, VERIFIER_SIGNER_SLOT + 1, type, &one, out, diag);
}

enum atls_err verifier_crew_appraise(struct verifier_crew *crew,
                                     const struct verifier_crew_batch *batch,
                                     struct verifier_frame *out, struct atls_diag *diag)
{
    return call(crew, VERIFIER_SIGNER_SLOT + 1, crew->num_slots, VERIFIER_BATCH, batch, out, diag);
}

enum atls_err verifier_crew_sign(struct verifier_crew *crew,
                                 const struct verifier_crew_batch *batch,
                                 struct verifier_frame *out, struct atls_diag *diag)
{
    return call(crew, VERIFIER_SIGNER_SLOT, VERIFIER_SIGNER_SLOT + 1, VERIFIER_BATCH, batch, out,
                diag);
}

void verifier_crew_ready(struct verifier_crew *crew)
{
    verifier_control_ready(crew->control_fd);
}

void verifier_crew_count(struct verifier_crew *crew, struct verifier_crew_counts *out)
{
    pthread_mutex_lock(&crew->lock);
    *out = crew->counts;
    out->available = out->busy = 0;
    for (size_t i = VERIFIER_SIGNER_SLOT + 1; i < crew->num_slots; i++) {
        out->available += crew->slots[i].fd >= 0;
        out->busy += crew->slots[i].busy;
    }
    const uint64_t first = crew->num_slots - 1;
    out->replaced = out->replaced > first ? out->replaced - first : 0;
    pthread_mutex_unlock(&crew->lock);
}
