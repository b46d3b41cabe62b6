/* SPDX-License-Identifier: Apache-2.0 */
/* Which row of the table of names a CMW's label is, and what of it is the Evidence. */
#include "codec/cmw.h"

#include "base/formats.h"
#include "base/span.h"
#include "codec/tsm_report.h"

/* is_of_provider: the type without a parameter is that of several formats, and the map inside says
 * which. Its appraiser reads it again, and judges it. */
static bool is_of_provider(const struct atls_format *format, struct atls_bytes value)
{
    struct atls_tsm_report report;
    return atls_tsm_report_parse(&report, value, NULL) == ATLS_OK &&
           atls_bytes_is_text(report.provider, format->tsm_provider);
}

static bool has_media_type(const struct atls_format *format, const struct atls_cmw *cmw)
{
    if (atls_media_type_is(cmw->media_type, format->media_type)) {
        return true;
    }
    for (size_t i = 0; i < ATLS_ARRAY_LEN(format->accepted_types); i++) {
        if (format->accepted_types[i] == NULL) {
            return false;
        }
        if (atls_media_type_is(cmw->media_type, format->accepted_types[i])) {
            return format->tsm_provider == NULL || is_of_provider(format, cmw->value);
        }
    }
    return false;
}

static bool is_named(const struct atls_format *format, const struct atls_cmw *cmw)
{
    if (cmw->kind == ATLS_CMW_COLLECTION) {
        return format->collection_type != NULL &&
               atls_bytes_is_text(cmw->collection_type, format->collection_type);
    }
    return cmw->by_content_format
               ? format->has_content_format && format->content_format == cmw->content_format
               : has_media_type(format, cmw);
}

const struct atls_format *atls_cmw_format(const struct atls_cmw *cmw)
{
    for (size_t i = 0; i < atls_num_formats; i++) {
        if (is_named(&atls_formats[i], cmw)) {
            return &atls_formats[i];
        }
    }
    return NULL;
}

struct atls_bytes atls_cmw_evidence(const struct atls_cmw *cmw)
{
    return cmw->kind == ATLS_CMW_COLLECTION ? cmw->collection.encoded : cmw->value;
}
