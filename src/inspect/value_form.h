/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files that read values; nobody else includes this. */
#ifndef INSPECT_VALUE_FORM_H
#define INSPECT_VALUE_FORM_H

#include "inspect/value.h"

/* inspect_json_skip drops blanks and one of the separators that may stand between members. */
struct atls_bytes inspect_json_skip(struct atls_bytes text);

#endif
