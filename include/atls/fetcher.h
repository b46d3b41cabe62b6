/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * Fetchers: what speaks HTTP for a context, to a remote Verifier and to servers of collateral. An
 * implementation exports one const table of operations (atls_fetcher_curl in atls/net.h), which a
 * program hands to its context (atls_context_set_verifier, atls_context_set_collateral); that is
 * where it is checked.
 *
 * One exchange is one request and its answer, as they are: nothing is followed, repeated with
 * another content, unpacked or remembered.
 *
 * Threads: `fetch` may be called from several threads at once for one fetcher. It blocks, and keeps
 * connections open for the next exchange.
 */
#ifndef ATLS_FETCHER_H
#define ATLS_FETCHER_H

#include "atls/bytes.h"
#include "atls/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/** struct atls_fetcher is one opened fetcher; each implementation defines its own. */
struct atls_fetcher;

/** What a fetcher is opened with. Borrowed until `open` returns. */
struct atls_fetcher_config {
    /** PEM certificates to which that of an https server must lead, or its own; no others are
     *  trusted. Empty: no https, but for `system_ca`. */
    struct atls_bytes ca_pem;
    /** For what is signed itself, and verified here whoever sent it: https servers may lead to the
     *  certificates that the system trusts, where `ca_pem` is empty. Never for a Verifier. */
    bool system_ca;
};

/** What is asked with. */
enum atls_fetch_method {
    ATLS_FETCH_GET = 1,   /**< without a body */
    ATLS_FETCH_POST = 2,  /**< with a body, which may be empty */
    ATLS_FETCH_DELETE = 3 /**< without a body */
};

/** One request. Strings are borrowed, and hold no control characters. */
struct atls_fetch_request {
    enum atls_fetch_method method; /**< GET, POST or DELETE */
    const char *url;               /**< absolute, http or https */
    const char *accept;            /**< value of the header field; NULL: any */
    const char *content_type;      /**< of the body; NULL without one */
    struct atls_bytes body;        /**< of a POST; may be empty */
    /** The body leaves once at most: it is not sent again when a connection that was kept open
     * turns out to be closed. Other requests are, if nothing of an answer has come. */
    bool once;
    size_t max_body;     /**< octets that the answer's body may have */
    uint32_t timeout_ms; /**< for all of it: name, connection, TLS, request and answer */
    const char *field;   /**< name of one more field of the answer, in lower case; NULL: none */
    const char *cookie;  /**< value of the header field; NULL: none */
};

/** How an exchange ended. */
enum atls_fetch_outcome {
    ATLS_FETCH_NONE = 0,        /**< it did not take place */
    ATLS_FETCH_ANSWERED = 1,    /**< status, fields and body are the server's */
    ATLS_FETCH_UNREACHABLE = 2, /**< no connection, or it broke before the answer was whole */
    ATLS_FETCH_UNTRUSTED = 3,   /**< the server's certificate does not hold; nothing was sent */
    ATLS_FETCH_TIMEOUT = 4,     /**< not whole in request->timeout_ms */
    ATLS_FETCH_OVERSIZED = 5,   /**< more than request->max_body, or a head beyond 16 KiB */
    ATLS_FETCH_MALFORMED = 6    /**< what came is no answer of HTTP */
};

/** An answer. All texts are NUL-terminated, and the server's. */
struct atls_fetch_answer {
    enum atls_fetch_outcome outcome; /**< says which of the rest is set */
    bool sent;                       /**< some of the request left, so it may have had its effect */
    unsigned status;                 /**< of HTTP, 100 to 999; 0 unless ANSWERED */
    char content_type[256];          /**< empty: none */
    char location[1024];             /**< empty: none */
    bool has_retry_after;            /**< in seconds; a date is not read */
    uint32_t retry_after_s;          /**< seconds to wait, with has_retry_after */
    uint8_t *body;                   /**< with a NUL after it; the caller frees it with free() */
    size_t body_len;                 /**< octets, without that NUL */
    char field[8192];                /**< value of the field that was asked for; empty: none */
    char detail[200];                /**< what went wrong, in words; empty when ANSWERED */
};

/** Version of the table below; it changes with its layout or meaning. */
#define ATLS_FETCHER_ABI 3u

/** Operations of a fetcher. Every entry is required. */
struct atls_fetcher_ops {
    uint32_t abi;     /**< ATLS_FETCHER_ABI */
    uint32_t size;    /**< sizeof(struct atls_fetcher_ops) */
    const char *name; /**< such as "curl" */

    /** open makes a fetcher. Gives *out to the caller. ATLS_ERR_FILE for certificates that are
     *  none. */
    enum atls_err (*open)(struct atls_fetcher **out, const struct atls_fetcher_config *config,
                          struct atls_diag *diag);
    /** close frees it; NULL is fine. No `fetch` may be running. */
    void (*close)(struct atls_fetcher *fetcher);
    /** fetch runs one exchange. ATLS_OK: *out says how it ended. Errors are our own: ARGUMENT,
     *  MEMORY. */
    enum atls_err (*fetch)(struct atls_fetcher *fetcher, struct atls_fetch_answer *out,
                           const struct atls_fetch_request *request, struct atls_diag *diag);
};

#ifdef __cplusplus
}
#endif
#endif
