/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/service_url.h"

#include "base/span.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <stdio.h>

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static bool begins_with(const char *text, const char *prefix)
{
    size_t i = 0;
    while (prefix[i] != '\0' && lower(text[i]) == prefix[i]) {
        i++;
    }
    return prefix[i] == '\0';
}

/* is_url_octet: what RFC 3986 lets a path have; '?' is looked at by whoever takes no query. */
static bool is_url_octet(char c)
{
    return c > ' ' && c < 0x7f && strchr("\"<>\\^`{|}#", c) == NULL;
}

static bool is_url_text(const char *text)
{
    for (; *text != '\0'; text++) {
        if (!is_url_octet(*text)) {
            return false;
        }
    }
    return true;
}

static bool is_host_octet(char c)
{
    return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
}

/* host_len gives the octets of a host at the front of `text`, 0 for none: a name, an IPv4 address,
 * or an IPv6 address in brackets. */
static size_t host_len(const char *text)
{
    size_t len = 0;
    if (text[0] != '[') {
        while (is_host_octet(text[len])) {
            len++;
        }
        return len;
    }
    len = 1;
    while (strchr("0123456789abcdefABCDEF:.", text[len]) != NULL && text[len] != '\0') {
        len++;
    }
    return text[len] == ']' && len > 2 ? len + 1 : 0;
}

/* port_len gives the octets of ":PORT" at the front of `text`; false when it is no port. */
static bool port_len(const char *text, size_t *out)
{
    unsigned long port = 0;
    *out = 0;
    if (text[0] != ':') {
        return true;
    }
    size_t len = 1;
    while (text[len] >= '0' && text[len] <= '9' && len <= 5) {
        port = port * 10 + (unsigned long)(text[len++] - '0');
    }
    *out = len;
    return len > 1 && port >= 1 && port <= 65535;
}

/* origin_of gives the octets of scheme, host and port at the front of `text`, 0 for none. */
static size_t origin_of(const char *text)
{
    const size_t scheme = begins_with(text, "https://") ? 8 : begins_with(text, "http://") ? 7 : 0;
    const size_t host = scheme != 0 ? host_len(&text[scheme]) : 0;
    size_t port = 0;
    if (host == 0 || !port_len(&text[scheme + host], &port)) {
        return 0;
    }
    const char after = text[scheme + host + port];
    return after == '\0' || after == '/' || after == '?' ? scheme + host + port : 0;
}

/* A name that only begins with 127 is resolved, and may be anybody's. */
static bool is_loopback(const char *host, size_t len)
{
    const struct atls_bytes name = atls_bytes_of(host, len);
    struct in_addr address;
    char text[INET_ADDRSTRLEN];
    if (atls_bytes_is_text(name, "localhost") || atls_bytes_is_text(name, "[::1]")) {
        return true;
    }
    if (len >= sizeof text) {
        return false;
    }
    memcpy(text, host, len);
    text[len] = '\0';
    return inet_pton(AF_INET, text, &address) == 1 && ntohl(address.s_addr) >> 24 == 127;
}

static enum atls_err refuse(struct atls_diag *diag, const char *text)
{
    atls_fail_texts(diag, ATLS_ERR_CONFIG, "Verifier", "URL", NULL,
                    "https://HOST[:PORT][/PATH], without user, query or fragment");
    atls_diag_found_peer_text(diag, atls_bytes_text(text));
    return ATLS_ERR_CONFIG;
}

static void cut_end(char *text, const char *end)
{
    const size_t len = strlen(text), end_len = strlen(end);
    if (len >= end_len && strcmp(&text[len - end_len], end) == 0) {
        text[len - end_len] = '\0';
    }
}

enum atls_err verifier_url_parse(struct verifier_service_url *out, const char *text,
                                 struct atls_diag *diag)
{
    const size_t origin = origin_of(text);
    struct verifier_service_url url = {.https = begins_with(text, "https:"), .origin_len = origin};
    if (origin == 0 || strlen(text) >= VERIFIER_MAX_URL_LEN / 2 || !is_url_text(text) ||
        strchr(text, '?') != NULL) {
        return refuse(diag, text);
    }
    atls_text_copy(url.base, sizeof url.base, text);
    for (size_t i = 0; i < origin; i++) {
        url.base[i] = lower(url.base[i]);
    }
    cut_end(url.base, "/");
    cut_end(url.base, "/challenge-response/v1/newSession");
    cut_end(url.base, "/");
    const size_t host_at = url.https ? 8 : 7;
    url.loopback = is_loopback(&url.base[host_at], host_len(&url.base[host_at]));
    *out = url;
    return ATLS_OK;
}

bool verifier_url_join(char out[static VERIFIER_MAX_URL_LEN],
                       const struct verifier_service_url *url, const char *path)
{
    const int len = snprintf(out, VERIFIER_MAX_URL_LEN, "%s%s", url->base, path);
    return len > 0 && len < VERIFIER_MAX_URL_LEN;
}

/* same_origin compares scheme, host and port, where the port may be written or left to the scheme.
 */
static bool same_origin(const struct verifier_service_url *url, const char *text, size_t len)
{
    const char *standard = url->https ? ":443" : ":80";
    char ours[VERIFIER_MAX_URL_LEN], theirs[VERIFIER_MAX_URL_LEN];
    if (len == 0 || len >= sizeof theirs) {
        return false;
    }
    memcpy(ours, url->base, url->origin_len);
    ours[url->origin_len] = '\0';
    for (size_t i = 0; i < len; i++) {
        theirs[i] = lower(text[i]);
    }
    theirs[len] = '\0';
    cut_end(ours, standard);
    cut_end(theirs, standard);
    return strcmp(ours, theirs) == 0;
}

/* has_dots: a segment that is "." or "..", also written with %2e. */
static bool has_dots(const char *path)
{
    size_t segment = 0, dots = 0;
    for (;; path++) {
        if (*path == '/' || *path == '\0' || *path == '?') {
            if (segment != 0 && segment == dots && dots <= 2) {
                return true;
            }
            if (*path != '/') {
                return false;
            }
            segment = dots = 0;
            continue;
        }
        const bool escaped = path[0] == '%' && path[1] == '2' && lower(path[2]) == 'e';
        dots += *path == '.' || escaped ? 1 : 0;
        path += escaped ? 2 : 0;
        segment++;
    }
}

bool verifier_url_resolve(char out[static VERIFIER_MAX_URL_LEN],
                          const struct verifier_service_url *url, const char *from,
                          const char *location)
{
    int len = 0;
    if (location[0] == '\0' || !is_url_text(location)) {
        return false;
    }
    if (begins_with(location, "http:") || begins_with(location, "https:")) {
        const size_t origin = origin_of(location);
        if (!same_origin(url, location, origin) || has_dots(&location[origin])) {
            return false;
        }
        len = snprintf(out, VERIFIER_MAX_URL_LEN, "%.*s%s", (int)url->origin_len, url->base,
                       &location[origin]);
    } else if (location[0] == '/') {
        if (location[1] == '/' || has_dots(location)) {
            return false;
        }
        len = snprintf(out, VERIFIER_MAX_URL_LEN, "%.*s%s", (int)url->origin_len, url->base,
                       location);
    } else {
        /* relative: behind the last slash of the path; a colon in the first segment is a scheme */
        const size_t path_len = strcspn(from, "?");
        size_t folder = path_len;
        while (folder > url->origin_len && from[folder - 1] != '/') {
            folder--;
        }
        if (location[strcspn(location, ":/?")] == ':' || has_dots(location) || location[0] == '?') {
            return false;
        }
        len = snprintf(out, VERIFIER_MAX_URL_LEN, "%.*s%s%s", (int)folder, from,
                       folder == url->origin_len ? "/" : "", location);
    }
    return len > 0 && len < VERIFIER_MAX_URL_LEN;
}
