/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads in tests, and what sanitizers ask of tests that fork. ThreadSanitizer lets the child of a
 * fork start no threads. AddressSanitizer does not take its own locks over a fork: one beside a
 * thread that just then starts, or allocates, leaves a child that waits for ever.
 */
#ifndef SUPPORT_THREADS_H
#define SUPPORT_THREADS_H

#if defined(__SANITIZE_THREAD__)
#define TEST_UNDER_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define TEST_UNDER_TSAN 1
#endif
#endif
#ifndef TEST_UNDER_TSAN
#define TEST_UNDER_TSAN 0
#endif

#if defined(__SANITIZE_ADDRESS__)
#define TEST_UNDER_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TEST_UNDER_ASAN 1
#endif
#endif
#ifndef TEST_UNDER_ASAN
#define TEST_UNDER_ASAN 0
#endif

/* test_wait_for_sleeping_threads returns once every other thread of this process sleeps, so that
 * none is in the midst of an allocation. For use before fork, where all threads wait for work. */
void test_wait_for_sleeping_threads(void);

#endif
