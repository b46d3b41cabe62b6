/* SPDX-License-Identifier: Apache-2.0 */
/* What of the loaded endorsements has no effect here. */
#include "session/context.h"

#include "endorsement/statement.h"
#include "session/context_internal.h"

const char *atls_context_endorsement_note(const struct atls_context *context, size_t index)
{
    size_t cursor = index;
    return context != NULL ? atls_endorsements_next_note(context->endorsements, &cursor) : NULL;
}
