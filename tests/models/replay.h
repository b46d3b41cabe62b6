/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A model's steps, replayed on the code. A model in formal/spin prints, for every state that it can
 * reach and every event there, one line:
 *
 *   step EVENT STATE -> STATE : ANSWER
 *
 * and "root STATE" for each state in which it may begin. The code is brought into the first state
 * by a shortest way, is given the event, and must answer and end as the line says.
 */
#ifndef MODELS_REPLAY_H
#define MODELS_REPLAY_H

#include <stddef.h>

/* What has the code under test. Texts are compared with those of the model, octet by octet. */
struct replay_driver {
    void (*begin)(const char *root);                /* anew, in this state */
    void (*event)(const char *event, char *answer); /* does it; writes the answer */
    void (*state)(char *state);                     /* writes the state */
};
enum { REPLAY_TEXT = 256 }; /* room for each of these texts */

/* replay reads standard input and tries every step. It ends the program where a step differs, with
 * the way there; it gives the number of steps, which is never 0. */
size_t replay(const struct replay_driver *driver);

#endif
