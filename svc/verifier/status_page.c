/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/verifier/status_page.h"

#include "atls/version.h"
#include "base/rfc3339.h"
#include "base/span.h"

#include <stdio.h>

/* How a word looks: never by colour alone. */
static void put_word(struct verifier_html *h, const char *word, const char *looks)
{
    verifier_html_put(h, "<span class=\"");
    verifier_html_put(h, looks);
    verifier_html_put(h, "\">");
    verifier_html_text(h, word);
    verifier_html_put(h, "</span>");
}

/* put_status writes a status of AR4SI as the log has it. */
static void put_status(struct verifier_html *h, const char *status)
{
    static const struct {
        const char *status, *looks;
    } known[] = {{"affirming", "good"}, {"warning", "warn"}, {"contraindicated", "bad"}};
    const char *looks = "none";
    for (size_t i = 0; i < ATLS_ARRAY_LEN(known); i++) {
        if (strcmp(status, known[i].status) == 0) {
            looks = known[i].looks;
        }
    }
    put_word(h, status, looks);
}

static void put_health_word(struct verifier_html *h, bool ok)
{
    put_word(h, ok ? "ok" : "failing", ok ? "good" : "bad");
}

static void put_time(struct verifier_html *h, int64_t time_s)
{
    char text[ATLS_RFC3339_LEN];
    atls_rfc3339_write(text, time_s);
    verifier_html_put(h, "<time datetime=\"");
    verifier_html_text(h, text);
    verifier_html_put(h, "\">");
    text[10] = ' ';
    text[19] = '\0'; /* the page says once that it is UTC */
    verifier_html_text(h, text);
    verifier_html_put(h, "</time>");
}

/* put_foreign writes a text of others, so that it turns nothing around it. */
static void put_foreign(struct verifier_html *h, const char *text)
{
    verifier_html_put(h, "<bdi>");
    verifier_html_text(h, text);
    verifier_html_put(h, "</bdi>");
}

static void put_hex(struct verifier_html *h, struct atls_bytes octets, size_t max)
{
    verifier_html_put(h, "<code>");
    for (size_t i = 0; i < octets.len && i < max; i++) {
        char digits[3];
        (void)snprintf(digits, sizeof digits, "%02x", octets.data[i]);
        verifier_html_put(h, digits);
    }
    verifier_html_put(h, octets.len > max ? "…</code>" : "</code>");
}

/* A cell and its column: the roles keep the table a table where the style makes blocks of it. */
static void cell(struct verifier_html *h, const char *column)
{
    verifier_html_put(h, "<td role=\"cell\" data-label=\"");
    verifier_html_put(h, column);
    verifier_html_put(h, "\"><div>");
}

static void end_cell(struct verifier_html *h)
{
    verifier_html_put(h, "</div></td>");
}

static void begin_table(struct verifier_html *h, const char *title_id, const char *const *columns,
                        size_t num)
{
    verifier_html_put(h, "<table role=\"table\" aria-labelledby=\"");
    verifier_html_put(h, title_id);
    verifier_html_put(h, "\"><thead role=\"rowgroup\"><tr role=\"row\">");
    for (size_t i = 0; i < num; i++) {
        verifier_html_put(h, "<th role=\"columnheader\" scope=\"col\">");
        verifier_html_put(h, columns[i]);
        verifier_html_put(h, "</th>");
    }
    verifier_html_put(h, "</tr></thead><tbody role=\"rowgroup\">\n");
}

static void end_table(struct verifier_html *h)
{
    verifier_html_put(h, "</tbody></table>\n");
}

static void put_submod(struct verifier_html *h, const struct verifier_recent_submod *submod)
{
    verifier_html_put(h, "<p>");
    put_foreign(h, submod->name);
    verifier_html_put(h, ": ");
    verifier_html_text(h, submod->status);
    verifier_html_put(h, submod->simulated ? ", simulated" : "");
    verifier_html_put(h, submod->debug ? ", open for debugging" : "");
    if (submod->machine[0] != '\0') {
        verifier_html_put(h, ", machine <code>");
        verifier_html_text(h, submod->machine);
        verifier_html_put(h, "</code>");
    }
    if (submod->reason[0] != '\0') {
        verifier_html_put(h, "<br>");
        put_foreign(h, submod->reason);
    }
    verifier_html_put(h, "</p>");
}

static void put_verdict(struct verifier_html *h, const struct verifier_recent_item *item)
{
    verifier_html_put(h, "<tr role=\"row\">");
    cell(h, "Time");
    put_time(h, item->time_s);
    end_cell(h);
    cell(h, "Status");
    put_status(h, item->status);
    end_cell(h);
    cell(h, "Format");
    put_foreign(h, item->format[0] != '\0' ? item->format : "not known");
    end_cell(h);
    cell(h, "What and why");
    for (size_t i = 0; i < item->num_submods; i++) {
        put_submod(h, &item->submods[i]);
    }
    if (item->why[0] != '\0') {
        verifier_html_put(h, "<p>");
        put_foreign(h, item->why);
        verifier_html_put(h, "</p>");
    }
    end_cell(h);
    cell(h, "Endorsed by");
    verifier_html_number(h, (uint64_t)item->endorsements);
    end_cell(h);
    cell(h, "Client");
    put_foreign(h, item->peer[0] != '\0' ? item->peer : "another node's");
    end_cell(h);
    verifier_html_put(h, "</tr>\n");
}

static void put_verdicts(struct verifier_html *h, const struct verifier_status *s)
{
    static const char *const columns[] = {"Time",         "Status",      "Format",
                                          "What and why", "Endorsed by", "Client"};
    verifier_html_put(h, "<section><h2 id=\"verdicts\">Last verdicts of this node</h2>\n");
    if (s->num_verdicts == 0) {
        verifier_html_put(h, "<p class=\"soft\">None yet.</p>");
    } else {
        begin_table(h, "verdicts", columns, ATLS_ARRAY_LEN(columns));
        for (size_t i = 0; i < s->num_verdicts; i++) {
            put_verdict(h, &s->verdicts[i]);
        }
        end_table(h);
    }
    verifier_html_put(h, "</section>\n");
}

/* put_id: of a CoRIM whose id is a text, that; and always the name by which it is withdrawn. */
static void put_id(struct verifier_html *h, struct atls_bytes id)
{
    size_t skip = id.len != 0 && id.data[0] >= 0x60 && id.data[0] < 0x78 ? 1
                  : id.len > 1 && id.data[0] == 0x78                     ? 2
                                                                         : 0;
    if (skip != 0 && skip < id.len) {
        verifier_html_put(h, "<bdi>");
        verifier_html_octets(h, atls_bytes_of(&id.data[skip], id.len - skip));
        verifier_html_put(h, "</bdi><br>");
    }
    put_hex(h, id, VERIFIER_MAX_ENDORSEMENT_ID_LEN);
}

static void put_matches(struct verifier_html *h, const struct verifier_indexed *indexed)
{
    if (indexed->format == NULL) {
        verifier_html_put(h, "nothing: not usable now");
        return;
    }
    verifier_html_text(h, indexed->format->name);
    verifier_html_put(h, "; machines: ");
    verifier_html_number(h, indexed->num_keys);
    verifier_html_put(h, "; classes with references: ");
    verifier_html_number(h, indexed->num_references);
    if (indexed->class_len != 0) {
        verifier_html_put(h, "<br>class ");
        put_hex(h, atls_bytes_of(indexed->class_id, indexed->class_len), 32);
    }
}

static void put_endorsement(struct verifier_html *h, const struct verifier_endorsement *e,
                            const struct verifier_indexed *indexed)
{
    verifier_html_put(h, "<tr role=\"row\">");
    cell(h, "Id");
    put_id(h, e->id);
    end_cell(h);
    cell(h, "Version");
    verifier_html_number(h, e->version);
    end_cell(h);
    cell(h, "About");
    put_matches(h, indexed);
    end_cell(h);
    cell(h, "Submitted");
    put_time(h, e->submitted_ms / 1000);
    end_cell(h);
    cell(h, "By");
    put_foreign(h, e->submitter);
    end_cell(h);
    cell(h, "Octets");
    verifier_html_number(h, e->content_len);
    end_cell(h);
    verifier_html_put(h, "</tr>\n");
}

static void put_endorsements(struct verifier_html *h, const struct verifier_status *s)
{
    static const char *const columns[] = {"Id", "Version", "About", "Submitted", "By", "Octets"};
    verifier_html_put(h, "<section><h2 id=\"endorsements\">Endorsements</h2>\n");
    if (s->num_shown == 0) {
        verifier_html_put(h, "<p class=\"soft\">None: no Evidence can be affirmed.</p>");
    } else {
        begin_table(h, "endorsements", columns, ATLS_ARRAY_LEN(columns));
        for (size_t i = 0; i < s->num_shown; i++) {
            put_endorsement(h, &s->endorsements[i], &s->indexed[i]);
        }
        end_table(h);
    }
    if (s->num_endorsements > s->num_shown) {
        verifier_html_put(h, "<p class=\"soft\">The newest ");
        verifier_html_number(h, s->num_shown);
        verifier_html_put(h, " of ");
        verifier_html_number(h, s->num_endorsements);
        verifier_html_put(h, ".</p>");
    }
    verifier_html_put(h, "</section>\n");
}

static void put_event(struct verifier_html *h, const struct verifier_recent_item *item)
{
    verifier_html_put(h, "<tr role=\"row\">");
    cell(h, "Time");
    put_time(h, item->time_s);
    end_cell(h);
    cell(h, "Event");
    verifier_html_put(h, item->why[0] != '\0' ? "<span class=\"bad\">" : "<span class=\"good\">");
    put_foreign(h, item->event);
    verifier_html_put(h, item->why[0] != '\0' ? ", refused or failed</span>" : "</span>");
    end_cell(h);
    cell(h, "By");
    put_foreign(h, item->submitter[0] != '\0' ? item->submitter : item->peer);
    end_cell(h);
    cell(h, "About");
    if (item->id[0] != '\0') {
        verifier_html_put(h, "<p><code>");
        verifier_html_text(h, item->id);
        verifier_html_put(h, "</code>");
        if (item->version >= 0) {
            verifier_html_put(h, ", version ");
            verifier_html_number(h, (uint64_t)item->version);
        }
        verifier_html_put(h, "</p>");
    }
    put_foreign(h, item->why);
    end_cell(h);
    verifier_html_put(h, "</tr>\n");
}

static void put_events(struct verifier_html *h, const struct verifier_status *s)
{
    static const char *const columns[] = {"Time", "Event", "By", "About"};
    verifier_html_put(h, "<section><h2 id=\"events\">Last submissions and failures</h2>\n");
    if (s->num_events == 0) {
        verifier_html_put(h, "<p class=\"soft\">None yet.</p>");
    } else {
        begin_table(h, "events", columns, ATLS_ARRAY_LEN(columns));
        for (size_t i = 0; i < s->num_events; i++) {
            put_event(h, &s->events[i]);
        }
        end_table(h);
    }
    verifier_html_put(h, "</section>\n");
}

static void card(struct verifier_html *h, const char *name, uint64_t number, const char *small)
{
    verifier_html_put(h, "<div><dt>");
    verifier_html_put(h, name);
    verifier_html_put(h, "</dt><dd>");
    verifier_html_number(h, number);
    verifier_html_put(h, "<small>");
    verifier_html_put(h, small);
    verifier_html_put(h, "</small></dd></div>\n");
}

static void state_card(struct verifier_html *h, const char *name, bool ok, const char *small)
{
    verifier_html_put(h, "<div><dt>");
    verifier_html_put(h, name);
    verifier_html_put(h, "</dt><dd>");
    put_health_word(h, ok);
    verifier_html_put(h, "<small>");
    verifier_html_put(h, small);
    verifier_html_put(h, "</small></dd></div>\n");
}

static void put_health(struct verifier_html *h, const struct verifier_status *s)
{
    char appraisers[64];
    verifier_html_put(h, "<section><h2>Health</h2>\n<dl class=\"cards\">");
    state_card(h, "Store", s->has_store, verifier_store_kind(s->service->store));
    state_card(h, "Signer", s->has_signer, "has the signing key");
    (void)snprintf(appraisers, sizeof appraisers, "%llu there, %llu busy",
                   (unsigned long long)s->crew.available, (unsigned long long)s->crew.busy);
    state_card(h, "Appraisers", s->crew.available != 0, appraisers);
    card(h, "Jobs done", s->crew.jobs, "since the start");
    card(h, "Jobs lost", s->crew.lost, "with their appraiser");
    card(h, "Appraisers replaced", s->crew.replaced, "since the start");
    verifier_html_put(h, "</dl></section>\n<section><h2>Sessions</h2>\n");
    if (s->has_sessions) {
        verifier_html_put(h, "<dl class=\"cards\">");
        card(h, "Opened", s->opened, "at this node, within their time");
        card(h, "Processing", s->sessions.processing, "at some node");
        card(h, "Complete", s->sessions.complete, "kept until their end");
        card(h, "Failed", s->sessions.failed, "kept until their end");
        verifier_html_put(h, "</dl>");
    } else {
        verifier_html_put(h, "<p class=\"soft\">The store does not answer.</p>");
    }
    verifier_html_put(h, "</section>\n");
}

void verifier_status_write(struct verifier_html *html, const struct verifier_status *status)
{
    const bool stopping = *status->service->stopping;
    const bool ok = status->has_store && status->has_signer && status->crew.available != 0;
    verifier_html_put(html, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
                            "<meta name=\"viewport\" content=\"width=device-width\">\n"
                            "<title>Status of the Verifier ");
    verifier_html_text(html, status->service->id);
    verifier_html_put(html, "</title>\n<style>");
    verifier_html_put(html, verifier_status_style);
    verifier_html_put(html, "</style></head>\n<body><main><header><p>Verifier</p><h1>");
    put_foreign(html, status->service->id);
    verifier_html_put(html, "</h1><p>");
    if (stopping) {
        put_word(html, "stopping", "warn");
    } else {
        put_health_word(html, ok);
    }
    verifier_html_put(html, " · atls " ATLS_VERSION " · as of ");
    put_time(html, status->now_s);
    verifier_html_put(html, " · up since ");
    put_time(html, status->service->started_s);
    verifier_html_put(html, " · times are UTC</p></header>\n");
    put_health(html, status);
    put_verdicts(html, status);
    put_endorsements(html, status);
    put_events(html, status);
    verifier_html_put(html, "</main></body></html>\n");
}
