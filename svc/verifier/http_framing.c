/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/verifier/http_framing.h"

#include <string.h>
#include <strings.h>

struct seen {
    unsigned hosts, lengths, codings, blanks;
    const char *coding; /* the last */
};

static enum MHD_Result look(void *arg, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct seen *seen = arg;
    (void)kind;
    seen->blanks += strpbrk(name, " \t") != NULL;
    if (strcasecmp(name, MHD_HTTP_HEADER_HOST) == 0) {
        seen->hosts++;
    } else if (strcasecmp(name, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0) {
        seen->lengths++;
    } else if (strcasecmp(name, MHD_HTTP_HEADER_TRANSFER_ENCODING) == 0) {
        seen->codings++;
        seen->coding = value;
    }
    return MHD_YES;
}

unsigned verifier_framing_check(struct MHD_Connection *connection, const char *version,
                                const char **out_why)
{
    struct seen seen = {.coding = NULL};
    unsigned status = 0;
    (void)MHD_get_connection_values(connection, MHD_HEADER_KIND, look, &seen);
    if (seen.blanks != 0) { /* 5.1 */
        status = MHD_HTTP_BAD_REQUEST;
        *out_why = "there is a blank in the name of a field";
    } else if (seen.hosts == 0 && strcmp(version, MHD_HTTP_VERSION_1_0) != 0) { /* 3.2 */
        status = MHD_HTTP_BAD_REQUEST;
        *out_why = "there is no Host";
    } else if (seen.hosts > 1) { /* 3.2 */
        status = MHD_HTTP_BAD_REQUEST;
        *out_why = "Host is given twice";
    } else if (seen.lengths > 1) { /* 6.3 */
        status = MHD_HTTP_BAD_REQUEST;
        *out_why = "Content-Length is given twice";
    } else if (seen.lengths != 0 && seen.codings != 0) { /* 6.1 */
        status = MHD_HTTP_BAD_REQUEST;
        *out_why = "Content-Length and Transfer-Encoding exclude each other";
    } else if (seen.codings > 1 ||
               (seen.codings == 1 &&
                (seen.coding == NULL || strcasecmp(seen.coding, "chunked") != 0))) { /* 6.1 */
        status = MHD_HTTP_NOT_IMPLEMENTED;
        *out_why = "the one Transfer-Encoding that is taken is chunked, once";
    }
    return status;
}
