/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the processes of the Verifier say to each other, as octets and back. Requests go from the
 * front, one frame at a time on a connection; each has one reply. What is read borrows the frame,
 * unless it says otherwise. Whoever reads takes the sender for hostile: the front has its octets
 * from the network, an appraiser had Evidence in its hands.
 */
#ifndef SVC_VERIFIER_MESSAGE_H
#define SVC_VERIFIER_MESSAGE_H

#include "base/formats.h"
#include "endorsement/collateral.h"
#include "result/appraisal.h"
#include "svc/verifier/batch.h"
#include "svc/verifier/match.h"

enum verifier_message {
    /* to an appraiser; EVALUATE comes in batches (batch.h) */
    VERIFIER_EVALUATE = 1,
    VERIFIER_EXAMINE = 3,
    /* to the signer; all but the first may come in batches */
    VERIFIER_KEYS = 16,
    VERIFIER_OPEN = 17,
    VERIFIER_SIGN = 18,
    VERIFIER_CHECK = 19,
    /* replies */
    VERIFIER_REPORT = 129,
    VERIFIER_EXAMINED = 131,
    VERIFIER_PUBLISHED = 144,
    VERIFIER_OPENED = 145,
    VERIFIER_SIGNED = 146,
    VERIFIER_CHECKED = 147
};

enum {
    VERIFIER_MAX_SESSION_ID_LEN = 64,
    VERIFIER_MAX_DOCUMENTS = 256 /* endorsements that match one piece of Evidence */
};

/* One endorsement of those that match; the generation of the store names its content. */
struct verifier_document {
    uint64_t generation;
    bool has_content;
    struct atls_bytes content;
};
/* Something that an appraiser has, or is told now (handout.h). */
struct verifier_told {
    uint64_t number; /* 0: there is none */
    bool has_octets;
    struct atls_bytes octets; /* for an appraiser that has another */
};
/* Collateral that was fetched, for an appraiser that said that it wants it. */
struct verifier_fetched {
    struct atls_collateral_wanted wanted;
    uint64_t number; /* of the front's lease */
    struct atls_bytes path, chain, body;
};
/*
 * EVALUATE: what is this body, and what of it? An appraiser that has seen Evidence of the same
 * class and instance since the index of the front was at this generation knows which endorsements
 * match; else it says what is to be looked for, and is asked again with the documents.
 */
struct verifier_evaluate {
    int64_t now_s;
    uint64_t generation;             /* of the index */
    struct verifier_told revoked;    /* the list of --revoked, JSON */
    struct verifier_told collateral; /* of --endorsements, packed */
    bool asks;                       /* whoever lacks collateral says which: it is fetched */
    uint64_t renewals;               /* what was fetched before this number is out of date */
    bool has_fetched;
    struct verifier_fetched fetched;
    struct atls_bytes nonce; /* empty: only say what it is */
    struct atls_bytes content_type;
    struct atls_bytes body;
    bool has_documents;
    size_t num_documents;
    struct verifier_document documents[VERIFIER_MAX_DOCUMENTS];
};

/* Part of REPORT and of SIGN: an appraisal, or why there is none. Owns what it holds. */
struct verifier_outcome {
    struct atls_diag why;
    const struct atls_format *format; /* NULL: not even that is known */
    struct atls_appraisal appraisal;  /* the part of it that a Result says */
};

enum verifier_report_kind {
    VERIFIER_IDENTIFIED = 0,      /* `why` is not OK, or there was no nonce */
    VERIFIER_NEEDS_DOCUMENTS = 1, /* those that match */
    VERIFIER_NEEDS_CONTENTS = 2,  /* of the documents that came without */
    VERIFIER_APPRAISED = 3,
    VERIFIER_NEEDS_LIST = 4, /* of what is revoked */
    VERIFIER_NEEDS_COLLATERAL = 5,
    VERIFIER_NEEDS_FETCHED = 6 /* collateral that the front may have fetched */
};
/* REPORT: `why.err` is OK; EVIDENCE_MALFORMED for what is no CMW where it is labelled as one;
 * EVIDENCE_TYPE for a type that no appraiser here has. */
struct verifier_report {
    enum verifier_report_kind kind;
    struct atls_diag why;
    struct atls_bytes media_type; /* of the Evidence inside a CMW */
    struct atls_bytes value;
    struct verifier_match match; /* format NULL: the Evidence does not say, it is malformed */
    uint16_t num_documents;      /* that match */
    struct atls_bytes outcome;   /* APPRAISED: octets, for verifier_outcome_read */
    bool holds;                  /* APPRAISED: so what was fetched for it is good */
    struct atls_collateral_wanted wanted; /* NEEDS_FETCHED */
    uint64_t useless; /* NEEDS_FETCHED: number of a lease that was there and does not do; 0: none */
    const struct verifier_outcome *fresh; /* written instead of `outcome`; never read */
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
    struct atls_bytes id; /* as OPENED gave it */
    struct atls_bytes nonce;
    struct atls_bytes outcome; /* octets */
    bool cwt;                  /* the form of the Result; else a JWT */
};
/* CHECK: did a signer here open this session? */
struct verifier_check {
    struct atls_bytes id;
    struct atls_bytes nonce;
};
/* SIGNED, PUBLISHED and CHECKED: a text, or why there is none. */
struct verifier_text {
    struct atls_diag why;
    struct atls_bytes text;
};

/* How each is written, for a batch or by verifier_message_write. */
verifier_put_function verifier_put_evaluate, verifier_put_report, verifier_put_examine,
    verifier_put_examined, verifier_put_open, verifier_put_opened, verifier_put_sign,
    verifier_put_check, verifier_put_text, verifier_put_whole_outcome;

/* verifier_message_write gives new memory (caller: free). Errors: MEMORY, BUFFER. */
struct verifier_octets {
    uint8_t *data;
    size_t len;
};
ATLS_NODISCARD enum atls_err verifier_message_write(struct verifier_octets *out,
                                                    verifier_put_function *put,
                                                    const void *message);

/* Each read is MALFORMED for what is not exactly the message, and MEMORY. */
ATLS_NODISCARD enum atls_err verifier_evaluate_read(struct verifier_evaluate *out,
                                                    struct atls_bytes octets);
ATLS_NODISCARD enum atls_err verifier_report_read(struct verifier_report *out,
                                                  struct atls_bytes octets);
/* ... and this one leaves an empty outcome when it fails; what it held before is overwritten. */
ATLS_NODISCARD enum atls_err verifier_outcome_read(struct verifier_outcome *out,
                                                   struct atls_bytes octets);
/* ... and so does this one, which leaves out the claims of submods. */
ATLS_NODISCARD enum atls_err verifier_outcome_read_verdict(struct verifier_outcome *out,
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
ATLS_NODISCARD enum atls_err verifier_check_read(struct verifier_check *out,
                                                 struct atls_bytes octets);
ATLS_NODISCARD enum atls_err verifier_text_read(struct verifier_text *out,
                                                struct atls_bytes octets);

/* What an outcome that was read owns is freed, and what an appraiser made of it; it is empty then.
 * Zero is fine. */
void verifier_outcome_cleanup(struct verifier_outcome *outcome);

#endif
