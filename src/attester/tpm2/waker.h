/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the TPM's thread wakes a paused fiber (ASYNC_pause_job of OpenSSL): a file descriptor that
 * the application polls. It is a timerfd, not an eventfd, so that the deadline wakes the fiber as
 * well, even when the thread is held up by a job of somebody else.
 */
#ifndef ATTESTER_TPM2_WAKER_H
#define ATTESTER_TPM2_WAKER_H

#include <stdbool.h>
#include <stdint.h>

struct atls_tpm_waker;

/* atls_tpm_waker_of_fiber gives the waker of the connection whose fiber is running, armed for the
 * deadline; NULL when no fiber runs, or when there is no descriptor or memory (then block). */
struct atls_tpm_waker *atls_tpm_waker_of_fiber(int64_t deadline_ms);
struct atls_tpm_waker *atls_tpm_waker_ref(struct atls_tpm_waker *waker);
void atls_tpm_waker_unref(struct atls_tpm_waker *waker);
/* atls_tpm_waker_fire makes the descriptor readable. From any thread. */
void atls_tpm_waker_fire(struct atls_tpm_waker *waker);
/* atls_tpm_waker_pause gives the thread to the application, once. Spurious returns are normal. */
void atls_tpm_waker_pause(struct atls_tpm_waker *waker);
/* atls_tpm_waker_quiet disarms it, and makes the descriptor unreadable. */
void atls_tpm_waker_quiet(struct atls_tpm_waker *waker);

#endif
