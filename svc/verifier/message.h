/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the processes of the Verifier say to each other, as octets and back. Requests go from the
 * front, one at a time on a connection; each has one reply. What is read borrows the frame, unless
 * it says otherwise. Whoever reads takes the sender for hostile: the front has its octets from the
 * network, an appraiser had Evidence in its hands.
 */
#ifndef SVC_VERIFIER_MESSAGE_H
#define SVC_VERIFIER_MESSAGE_H

#include "base/formats.h"
#include "result/appraisal.h"
#include "svc/verifier/frame.h"
#include "svc/verifier/match.h"

enum verifier_message {
    /* to an appraiser */
    VERIFIER_IDENTIFY = 1,
    VERIFIER_APPRAISE = 2,
    VERIFIER_EXAMINE = 3,
    /* to the signer */
    VERIFIER_KEYS = 16,
    VERIFIER_OPEN = 17,
    VERIFIER_SIGN = 18,
    /* replies */
    VERIFIER_IDENTIFIED = 129,
    VERIFIER_OUTCOME = 130,
    VERIFIER_EXAMINED = 131,
    VERIFIER_NEEDS = 132,
    VERIFIER_PUBLISHED = 144,
    VERIFIER_OPENED = 145,
    VERIFIER_SIGNED = 146
};

enum {
    VERIFIER_MAX_SESSION_ID_LEN = 64,
    VERIFIER_MAX_DOCUMENTS = 256 /* endorsements that match one piece of Evidence */
};

/* IDENTIFY: what is this body? */
struct verifier_identify {
    struct atls_bytes content_type;
    struct atls_bytes body;
};
/* IDENTIFIED: `why.err` is OK; EVIDENCE_MALFORMED for what is no CMW where it is labelled as one;
 * EVIDENCE_TYPE for a type that no appraiser here has. */
struct verifier_identified {
    struct atls_diag why;
    struct atls_bytes media_type; /* of the Evidence inside a CMW */
    struct atls_bytes value;
    struct verifier_match match; /* format NULL: the Evidence does not say, it is malformed */
};

/* One endorsement of those that match; the generation of the store names its content. */
struct verifier_document {
    uint64_t generation;
    bool has_content;
    struct atls_bytes content;
};
/* APPRAISE; the reply is OUTCOME, or NEEDS when the set of documents is not known here and some of
 * them came without content. */
struct verifier_appraise {
    int64_t now_s;
    struct atls_bytes nonce;
    struct atls_bytes media_type;
    struct atls_bytes evidence;
    struct verifier_document documents[VERIFIER_MAX_DOCUMENTS];
    size_t num_documents;
};
/* OUTCOME, and part of SIGN: an appraisal, or why there is none. Owns what it holds. */
struct verifier_outcome {
    struct atls_diag why;
    const struct atls_format *format; /* NULL: not even that is known */
    struct atls_appraisal appraisal;  /* the part of it that a Result says */
};

/* OPEN: begins a session with a nonce of `nonce_len` octets, or with the one that is given. */
struct verifier_open {
    uint8_t nonce_len;
    struct atls_bytes nonce; /* empty: make one */
    uint32_t ttl_s;
};
struct verifier_opened {
    struct atls_diag why;
    struct atls_bytes id; /* text */
    struct atls_bytes nonce;
};
/* SIGN: the Result of an open session. */
struct verifier_sign {
    struct atls_bytes id;
    struct atls_bytes nonce;
    struct verifier_outcome outcome;
};
/* SIGNED, and PUBLISHED: a text, or why there is none. */
struct verifier_text {
    struct atls_diag why;
    struct atls_bytes text;
};

/* Each write gives new memory (caller: free). Errors: MEMORY, BUFFER. */
struct verifier_octets {
    uint8_t *data;
    size_t len;
};
ATLS_NODISCARD enum atls_err verifier_identify_write(struct verifier_octets *out,
                                                     const struct verifier_identify *message);
ATLS_NODISCARD enum atls_err verifier_identified_write(struct verifier_octets *out,
                                                       const struct verifier_identified *message);
ATLS_NODISCARD enum atls_err verifier_appraise_write(struct verifier_octets *out,
                                                     const struct verifier_appraise *message);
ATLS_NODISCARD enum atls_err verifier_outcome_write(struct verifier_octets *out,
                                                    const struct verifier_outcome *message);
ATLS_NODISCARD enum atls_err verifier_examine_write(struct verifier_octets *out,
                                                    const struct verifier_examine *message);
ATLS_NODISCARD enum atls_err verifier_examined_write(struct verifier_octets *out,
                                                     const struct verifier_examined *message);
ATLS_NODISCARD enum atls_err verifier_open_write(struct verifier_octets *out,
                                                 const struct verifier_open *message);
ATLS_NODISCARD enum atls_err verifier_opened_write(struct verifier_octets *out,
                                                   const struct verifier_opened *message);
ATLS_NODISCARD enum atls_err verifier_sign_write(struct verifier_octets *out,
                                                 const struct verifier_sign *message);
ATLS_NODISCARD enum atls_err verifier_text_write(struct verifier_octets *out,
                                                 const struct verifier_text *message);

/* Each read is MALFORMED for what is not exactly the message, and MEMORY. */
ATLS_NODISCARD enum atls_err verifier_identify_read(struct verifier_identify *out,
                                                    struct atls_bytes octets);
ATLS_NODISCARD enum atls_err verifier_identified_read(struct verifier_identified *out,
                                                      struct atls_bytes octets);
ATLS_NODISCARD enum atls_err verifier_appraise_read(struct verifier_appraise *out,
                                                    struct atls_bytes octets);
ATLS_NODISCARD enum atls_err verifier_outcome_read(struct verifier_outcome *out,
                                                   struct atls_bytes octets);
ATLS_NODISCARD enum atls_err verifier_examine_read(struct verifier_examine *out,
                                                   struct atls_bytes octets);
ATLS_NODISCARD enum atls_err verifier_examined_read(struct verifier_examined *out,
                                                    struct atls_bytes octets);
ATLS_NODISCARD enum atls_err verifier_open_read(struct verifier_open *out,
                                                struct atls_bytes octets);
ATLS_NODISCARD enum atls_err verifier_opened_read(struct verifier_opened *out,
                                                  struct atls_bytes octets);
ATLS_NODISCARD enum atls_err verifier_sign_read(struct verifier_sign *out,
                                                struct atls_bytes octets);
ATLS_NODISCARD enum atls_err verifier_text_read(struct verifier_text *out,
                                                struct atls_bytes octets);

/* What an outcome that was read owns is freed, and what an appraiser made of it; zero is fine. */
void verifier_outcome_cleanup(struct verifier_outcome *outcome);

#endif
