/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Items by their path, each fetched by one thread at a time; whoever else wants it waits behind
 * that one. A renewed item stands beside the one it will replace until an appraisal has found it
 * good, so that a server that turns bad spoils nothing.
 */
#include "collateral/depot.h"

#include "base/span.h"
#include "base/text.h"
#include "collateral/servers.h"

#include <stdlib.h>
#include <unistd.h>

static const char step[] = "collateral";

/* How long "no server has it" is believed, and how often the thread looks what is due. */
#define MISS_MS   60000
#define WAKE_S    30
#define LOOK_S    3600 /* into the folder */
#define NUM_ITEMS ATLS_DEPOT_MAX_ITEMS

struct slot {
    struct depot_location location; /* path "": free */
    struct atls_lease *item;        /* or NULL */
    struct atls_lease *next;        /* renewed, not yet found good; or NULL */
    bool fetching;
    bool doubted;          /* an appraisal could do nothing with `item` */
    bool has_ended;        /* the folder had it: fetched anew before anybody wants it */
    int64_t asked_ms;      /* when servers answered or did not; 0: never */
    int64_t miss_until_ms; /* after a refusal, which `why` tells */
    struct atls_diag why;
    uint64_t used;
};

struct atls_depot {
    struct depot_servers servers;
    char *folder;
    struct atls_collateral *loaded;
    int64_t (*now_s)(void *arg);
    void *now_arg;
    pthread_mutex_t lock;
    pthread_cond_t changed; /* by CLOCK_MONOTONIC */
    /* under the lock */
    struct slot slots[NUM_ITEMS];
    uint64_t uses;
    atomic_uint_fast64_t renewals; /* read without it */
    bool stopping;
    bool watches;     /* the folder */
    int64_t look_s;   /* when the next look is due */
    pid_t thread_pid; /* process of the thread; 0: there is none */
    pthread_t thread;
};

bool atls_depot_asks(const struct atls_depot *depot)
{
    return depot->servers.num != 0;
}

const struct atls_collateral *atls_depot_loaded(const struct atls_depot *depot)
{
    return depot->loaded;
}

/* wait_changed gives the lock away until something changes, or `until_ms`; false at that time. */
static bool wait_changed(struct atls_depot *depot, int64_t until_ms)
{
    const struct timespec until = {.tv_sec = (time_t)(until_ms / 1000),
                                   .tv_nsec = (long)(until_ms % 1000) * 1000000};
    return pthread_cond_timedwait(&depot->changed, &depot->lock, &until) == 0;
}

static void clear_slot(struct slot *slot)
{
    depot_item_release(slot->item);
    depot_item_release(slot->next);
    memset(slot, 0, sizeof *slot);
}

/* slot_of finds the slot of a path, or makes one of that which was not used for the longest time.
 * NULL when all are busy. */
static struct slot *slot_of(struct atls_depot *depot, const struct depot_location *location)
{
    struct slot *oldest = NULL;
    for (size_t i = 0; i < NUM_ITEMS; i++) {
        struct slot *slot = &depot->slots[i];
        if (strcmp(slot->location.path, location->path) == 0) {
            slot->used = ++depot->uses;
            return slot;
        }
        if (!slot->fetching && (oldest == NULL || slot->used < oldest->used)) {
            oldest = slot;
        }
    }
    if (oldest != NULL) {
        clear_slot(oldest);
        oldest->location = *location;
        oldest->used = ++depot->uses;
    }
    return oldest;
}

/* fetch asks servers without the lock, and puts what came into the slot. */
static enum atls_err fetch(struct atls_depot *depot, struct slot *slot, int64_t deadline_ms,
                           struct atls_diag *diag)
{
    const struct depot_location location = slot->location;
    struct atls_lease *came = NULL;
    struct atls_diag why;
    slot->fetching = true;
    slot->doubted = false;
    pthread_mutex_unlock(&depot->lock);
    const int64_t now_s = depot->now_s(depot->now_arg);
    const enum atls_err err =
        depot_servers_ask(&depot->servers, &came, &location, now_s, deadline_ms, &why);
    pthread_mutex_lock(&depot->lock);
    slot->fetching = false;
    slot->asked_ms = atls_depot_clock_ms();
    if (err == ATLS_OK) {
        struct atls_lease **place = slot->item == NULL ? &slot->item : &slot->next;
        if (place == &slot->next) {
            atomic_fetch_add(&depot->renewals, 1);
        }
        depot_item_release(*place);
        *place = came;
        slot->miss_until_ms = 0;
        slot->has_ended = false;
    } else {
        slot->has_ended = slot->has_ended && err != ATLS_ERR_COLLATERAL;
        slot->why = why;
        slot->miss_until_ms = atls_depot_clock_ms() + (err == ATLS_ERR_COLLATERAL ? MISS_MS : 1000);
        if (diag != NULL) {
            *diag = why;
        }
    }
    pthread_cond_broadcast(&depot->changed);
    return err;
}

/* is_due: renewed in time, once. */
static bool is_due(const struct slot *slot, int64_t now_s)
{
    return slot->next == NULL && !slot->fetching && slot->miss_until_ms <= atls_depot_clock_ms() &&
           (slot->item != NULL ? depot_item_is_due(slot->item, now_s) : slot->has_ended);
}

/* adopt gives an item of the folder a slot, so that it is renewed like one that was asked for. */
static void adopt(struct atls_depot *depot, const struct depot_due *due)
{
    struct slot *slot = slot_of(depot, &due->location);
    if (slot != NULL && slot->item == NULL && !slot->fetching) {
        slot->item = due->item;
        slot->has_ended = due->item == NULL;
    } else {
        depot_item_release(due->item);
    }
}

/* look reads the folder, without the lock. What is due and found no place now is with a later look.
 */
static void look(struct atls_depot *depot, int64_t now_s)
{
    struct depot_due due[DEPOT_MAX_DUE];
    if (!depot->watches || now_s < depot->look_s) {
        return;
    }
    depot->look_s = now_s + LOOK_S;
    pthread_mutex_unlock(&depot->lock);
    const size_t num = depot_folder_due(due, depot->folder, now_s);
    pthread_mutex_lock(&depot->lock);
    for (size_t i = 0; i < num; i++) {
        adopt(depot, &due[i]);
    }
}

static void *renew(void *arg)
{
    struct atls_depot *depot = arg;
    pthread_mutex_lock(&depot->lock);
    while (!depot->stopping) {
        const int64_t now_s = depot->now_s(depot->now_arg);
        look(depot, now_s);
        for (size_t i = 0; i < NUM_ITEMS && !depot->stopping; i++) {
            if (is_due(&depot->slots[i], now_s)) {
                const enum atls_err err = fetch(
                    depot, &depot->slots[i], atls_depot_clock_ms() + ATLS_DEPOT_TIMEOUT_MS, NULL);
                (void)err; /* the slot has it, and when to try again */
            }
        }
        if (!depot->stopping) {
            (void)wait_changed(depot, atls_depot_clock_ms() + (int64_t)WAKE_S * 1000);
        }
    }
    pthread_mutex_unlock(&depot->lock);
    return NULL;
}

/* start_thread begins with the first use, or with a folder to watch, and in a child that was forked
 * begins anew. */
static void start_thread(struct atls_depot *depot)
{
    if (depot->thread_pid != getpid() && depot->servers.num != 0 &&
        pthread_create(&depot->thread, NULL, renew, depot) == 0) {
        depot->thread_pid = getpid();
    }
}

/* drop_ended: nothing is given out behind its end; the thread has then failed to renew it. */
static void drop_ended(struct slot *slot, int64_t now_s)
{
    if (slot->item != NULL && slot->item->end_s < now_s) {
        depot_item_release(slot->item);
        slot->item = slot->next;
        slot->next = NULL;
    }
}

/* ready is true when the slot has something to give out, now or from the folder. */
static bool ready(struct atls_depot *depot, struct slot *slot)
{
    const int64_t now_s = depot->now_s(depot->now_arg);
    drop_ended(slot, now_s);
    if (slot->item == NULL && depot->folder != NULL && slot->miss_until_ms == 0) {
        slot->item = depot_file_read(depot->folder, slot->location.path, now_s);
    }
    return slot->item != NULL;
}

static enum atls_err fail_waiting(struct atls_diag *diag)
{
    return atls_fail_texts(diag, ATLS_ERR_COLLATERAL_SERVER, step, "server",
                           "no answer yet to another thread", "one in time");
}

/* take_slot waits behind another thread that fetches the same. Its slot may be another's by then,
 * so it is looked for again. */
static enum atls_err take_slot(struct atls_depot *depot, struct slot **out,
                               const struct depot_location *location, int64_t deadline_ms,
                               struct atls_diag *diag)
{
    struct slot *slot = slot_of(depot, location);
    while (slot != NULL && slot->fetching && !ready(depot, slot)) {
        if (!wait_changed(depot, deadline_ms)) {
            return fail_waiting(diag);
        }
        slot = slot_of(depot, location);
    }
    if (slot == NULL) {
        return atls_fail_texts(diag, ATLS_ERR_COLLATERAL_SERVER, step, "items",
                               "all of them being fetched", "fewer at one time");
    }
    *out = slot;
    return ATLS_OK;
}

/* should_ask: what an appraisal doubts may be old, or the Evidence is what is wrong; so a newer one
 * is asked for beside it, and not often. */
static bool should_ask(const struct slot *slot)
{
    const int64_t now_ms = atls_depot_clock_ms();
    return slot->doubted && slot->next == NULL && !slot->fetching &&
           slot->miss_until_ms <= now_ms &&
           (slot->asked_ms == 0 || slot->asked_ms + MISS_MS <= now_ms);
}

static bool is_refused(const struct slot *slot)
{
    return slot->miss_until_ms > atls_depot_clock_ms();
}

/* is_at_hand: a location has something to give out without a question to anybody. */
static bool is_at_hand(struct atls_depot *depot, const struct depot_location *location)
{
    struct slot *slot = slot_of(depot, location);
    return slot != NULL && !slot->fetching && ready(depot, slot);
}

static bool waits(struct atls_depot *depot, const struct depot_location *location)
{
    struct slot *slot = slot_of(depot, location);
    return slot == NULL         ? false
           : ready(depot, slot) ? should_ask(slot)
                                : slot->fetching || !is_refused(slot);
}

bool atls_depot_would_wait(struct atls_depot *depot, const struct atls_collateral_wanted *wanted)
{
    struct depot_location locations[2];
    const size_t num = depot->servers.num != 0 ? depot_locate_both(locations, wanted) : 0;
    bool any = false;
    pthread_mutex_lock(&depot->lock);
    for (size_t i = 0; i < num; i++) {
        any = any || waits(depot, &locations[i]);
    }
    const bool second = num == 2 && is_at_hand(depot, &locations[1]);
    pthread_mutex_unlock(&depot->lock);
    return any && !second;
}

uint64_t atls_depot_renewals(const struct atls_depot *depot)
{
    return atomic_load(&depot->renewals);
}

static enum atls_err obtain(struct atls_depot *depot, struct slot *slot, int64_t deadline_ms,
                            struct atls_diag *diag)
{
    if (ready(depot, slot)) {
        const enum atls_err err =
            should_ask(slot) ? fetch(depot, slot, deadline_ms, diag) : ATLS_OK;
        return slot->item != NULL ? ATLS_OK : err;
    }
    if (slot->fetching) { /* it ended just now: two fetches of one slot would mix it up */
        return fail_waiting(diag);
    }
    if (is_refused(slot)) {
        if (diag != NULL) {
            *diag = slot->why;
        }
        return slot->why.err;
    }
    return fetch(depot, slot, deadline_ms, diag);
}

/* obtain_one gives out what one location has. */
static enum atls_err obtain_one(struct atls_depot *depot, struct atls_lease **out,
                                const struct depot_location *location, int64_t deadline_ms,
                                struct atls_diag *diag)
{
    struct slot *slot = NULL;
    enum atls_err err = take_slot(depot, &slot, location, deadline_ms, diag);
    if (err == ATLS_OK) {
        err = obtain(depot, slot, deadline_ms, diag);
    }
    if (err == ATLS_OK) {
        *out = depot_item_share(slot->next != NULL ? slot->next : slot->item);
        if (is_due(slot, depot->now_s(depot->now_arg))) {
            pthread_cond_broadcast(&depot->changed);
        }
    }
    return err;
}

enum atls_err atls_depot_obtain(struct atls_depot *depot, struct atls_lease **out,
                                const struct atls_collateral_wanted *wanted, int64_t deadline_ms,
                                struct atls_diag *diag)
{
    struct depot_location locations[2];
    const size_t num = depot_locate_both(locations, wanted);
    if (num == 0) {
        return atls_fail_texts(diag, ATLS_ERR_COLLATERAL, step, "server",
                               "none that has such collateral", "collateral that is loaded");
    }
    pthread_mutex_lock(&depot->lock);
    start_thread(depot);
    const bool second =
        num == 2 && !is_at_hand(depot, &locations[0]) && is_at_hand(depot, &locations[1]);
    enum atls_err err = obtain_one(depot, out, &locations[second ? 1 : 0], deadline_ms, diag);
    if (err == ATLS_ERR_COLLATERAL && num == 2 && !second) {
        err = obtain_one(depot, out, &locations[1], deadline_ms, diag);
    }
    pthread_mutex_unlock(&depot->lock);
    return err;
}

/*
 * doubt: Evidence of a stranger can make anything useless for itself, by naming as its issuer who
 * did not sign it. So one appraisal takes away from others only what is new and has not helped
 * anybody yet, and that only where something older stands beside it.
 */
static void doubt(struct atls_depot *depot, struct slot *slot, const struct atls_lease *lease)
{
    if (slot->item == lease) {
        slot->doubted = true;
        return;
    }
    atomic_fetch_add(&depot->renewals, 1);
    depot_item_release(slot->next);
    slot->next = NULL;
    atls_fail_texts(&slot->why, ATLS_ERR_COLLATERAL, step, "answer",
                    "what did not hold in the appraisal", "what verifies");
    slot->miss_until_ms = atls_depot_clock_ms() + MISS_MS;
}

/* settle puts a good item in its place. */
static void settle(struct slot *slot, struct atls_lease *lease)
{
    slot->doubted = false;
    if (slot->next == lease) {
        depot_item_release(slot->item);
        slot->item = slot->next;
        slot->next = NULL;
    }
}

void atls_depot_give_back(struct atls_depot *depot, struct atls_lease *lease,
                          enum atls_lease_end end)
{
    if (lease == NULL) {
        return;
    }
    pthread_mutex_lock(&depot->lock);
    for (size_t i = 0; end != ATLS_LEASE_UNKNOWN && i < NUM_ITEMS; i++) {
        struct slot *slot = &depot->slots[i];
        if (slot->item != lease && slot->next != lease) {
            continue;
        }
        if (end == ATLS_LEASE_BAD) {
            doubt(depot, slot, lease);
        } else {
            settle(slot, lease);
        }
    }
    pthread_mutex_unlock(&depot->lock);
    if (end == ATLS_LEASE_GOOD && depot->folder != NULL && !atomic_load(&lease->is_kept)) {
        depot_file_write(depot->folder, lease);
    }
    depot_item_release(lease);
}

static bool init_locks(struct atls_depot *depot)
{
    pthread_condattr_t attributes;
    if (pthread_condattr_init(&attributes) != 0) {
        return false;
    }
    const bool done = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0 &&
                      pthread_cond_init(&depot->changed, &attributes) == 0;
    pthread_condattr_destroy(&attributes);
    if (done && pthread_mutex_init(&depot->lock, NULL) != 0) {
        pthread_cond_destroy(&depot->changed);
        return false;
    }
    return done;
}

enum atls_err atls_depot_open(struct atls_depot **out, const struct atls_depot_options *options,
                              struct atls_diag *diag)
{
    struct atls_depot *depot = calloc(1, sizeof *depot);
    if (depot == NULL || !init_locks(depot)) {
        free(depot);
        return atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    }
    depot->now_s = options->now_s;
    depot->now_arg = options->now_arg;
    enum atls_err err = depot_servers_open(&depot->servers, options, diag);
    if (err != ATLS_OK) {
        pthread_mutex_destroy(&depot->lock);
        pthread_cond_destroy(&depot->changed);
        free(depot);
        return err;
    }
    if (options->folder != NULL) {
        depot->folder = strdup(options->folder);
        err = depot->folder != NULL ? depot_folder_open(&depot->loaded, depot->folder, diag)
                                    : atls_fail(diag, ATLS_ERR_MEMORY, step, "folder");
    }
    if (err != ATLS_OK) {
        atls_depot_close(depot);
        return err;
    }
    if (options->watches && depot->folder != NULL) {
        depot->watches = true;
        start_thread(depot);
    }
    *out = depot;
    return ATLS_OK;
}

void atls_depot_close(struct atls_depot *depot)
{
    if (depot == NULL) {
        return;
    }
    pthread_mutex_lock(&depot->lock);
    depot->stopping = true;
    pthread_cond_broadcast(&depot->changed);
    pthread_mutex_unlock(&depot->lock);
    if (depot->thread_pid == getpid()) {
        pthread_join(depot->thread, NULL);
    }
    for (size_t i = 0; i < NUM_ITEMS; i++) {
        clear_slot(&depot->slots[i]);
    }
    depot_servers_close(&depot->servers);
    atls_collateral_free(depot->loaded);
    free(depot->folder);
    pthread_cond_destroy(&depot->changed);
    pthread_mutex_destroy(&depot->lock);
    free(depot);
}
