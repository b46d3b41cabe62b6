/* SPDX-License-Identifier: Apache-2.0 */
/* JSON that another process wrote, and that goes into a text of ours as it is. */
#ifndef JSON_PLAIN_H
#define JSON_PLAIN_H

#include "atls/bytes.h"
#include "base/compiler.h"

#include <stdbool.h>

enum {
    ATLS_MAX_PLAIN_DEPTH = 8,
    ATLS_MAX_PLAIN_MEMBERS = 64 /* of one object: their names are compared with each other */
};

/*
 * atls_json_is_plain is true for one object, without a blank, whose strings have no escapes and are
 * UTF-8, whose numbers are integers of at most 18 digits, and in which no name stands twice. All
 * such texts are read by jansson as well, and written by it in the same form; of the others nothing
 * is said: atls_json_parse decides.
 */
ATLS_NODISCARD bool atls_json_is_plain(struct atls_bytes text);

#endif
