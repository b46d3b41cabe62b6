/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * Errors: one list, from which the constant, its name, its sentence, the TLS alert, the exit
 * status and whose fault it is are all made. Numbers are append-only: they are in the ABI test.
 */
#ifndef ATLS_ERROR_H
#define ATLS_ERROR_H

#include "atls/export.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Whose fault an error is; programs choose their exit status by it. */
enum atls_fault {
    ATLS_FAULT_NONE = 0,   /**< no error */
    ATLS_FAULT_LOCAL = 1,  /**< our use, files, TPM, key or memory: exit 1 */
    ATLS_FAULT_PEER = 2,   /**< the peer sent something malformed or out of place: exit 2 */
    ATLS_FAULT_POLICY = 3, /**< well-formed, and refused: exit 2 */
    ATLS_FAULT_INFRA = 4   /**< no connection, time-out, Verifier unreachable: exit 3 */
};

/** The list: X(number, name, alert, fault, sentence). Alert 0 means that none is sent. Alerts:
 * design choice of PROTOCOL.md ("cause, role, alert"), RFC 8446 section 6. */
#define ATLS_ERROR_LIST(X)                                                                         \
    X(0, OK, 0, NONE, "no error")                                                                  \
    /* ours */                                                                                     \
    X(1, ARGUMENT, 80, LOCAL, "a function was called with an argument that it does not take")      \
    X(2, STATE, 80, LOCAL, "a function was called at a moment when it cannot work")                \
    X(3, MEMORY, 80, LOCAL, "there is not enough memory")                                          \
    X(4, FILE, 80, LOCAL, "a file cannot be read or written")                                      \
    X(5, CONFIG, 80, LOCAL, "the configuration is not valid")                                      \
    X(6, NOT_BUILT, 80, LOCAL, "not built in this version")                                        \
    X(7, CRYPTO, 80, LOCAL, "a cryptographic operation of the library failed")                     \
    X(8, BUFFER, 80, LOCAL, "a buffer is too small for what is to be written")                     \
    X(9, KEY, 80, LOCAL, "a key cannot be loaded or used")                                         \
    X(10, ATTESTER, 80, LOCAL, "our own attester could not make Evidence")                         \
    X(11, TPM, 80, LOCAL, "our own TPM did not do what it was asked")                              \
    X(12, DEADLINE, 80, LOCAL, "our own work did not end before its deadline")                     \
    X(13, BUSY, 80, LOCAL, "the queue for this work is full")                                      \
    X(14, TRANSCRIPT, 80, LOCAL, "the transcript of ClientHello and ServerHello is incomplete")    \
    X(15, CALLBACK, 80, LOCAL, "a callback that atls needs is not in place")                       \
    X(16, NONCE_LENGTH, 80, LOCAL, "a nonce has a length that is refused")                         \
    X(17, ENDORSEMENT, 80, LOCAL, "an endorsement cannot be used")                                 \
    X(18, POLICY_FILE, 80, LOCAL, "a policy is not valid")                                         \
    X(19, CANCELLED, 80, LOCAL, "the connection ended before the work was done")                   \
    X(20, REVOKED_FILE, 80, LOCAL, "a list of what is revoked is not valid")                       \
    X(21, NOT_FOUND, 80, LOCAL, "what was asked for is not there")                                 \
    X(22, CONFLICT, 80, LOCAL, "what was asked for does not go with what is there already")        \
    X(23, STORE, 80, LOCAL, "the store cannot do what it was asked")                               \
    X(24, PASSPORT, 80, LOCAL, "the passport that we bring cannot be used")                        \
    X(25, DATAGRAM, 80, LOCAL, "what is to be sent does not fit into a datagram")                  \
    /* the world */                                                                                \
    X(40, CONNECTION, 0, INFRA, "the connection failed")                                           \
    X(41, TIMEOUT, 0, INFRA, "the peer did not answer in time")                                    \
    X(42, VERIFIER_UNREACHABLE, 80, INFRA, "the Verifier cannot be reached")                       \
    X(43, PEER_ALERT, 0, INFRA, "the peer ended the handshake with an alert")                      \
    X(44, STORE_UNREACHABLE, 80, INFRA, "the store cannot be reached")                             \
    X(45, VERIFIER_TIMEOUT, 80, INFRA, "the Verifier did not answer in time")                      \
    X(46, VERIFIER_ANSWER, 80, INFRA, "the answer of the Verifier cannot be used")                 \
    X(47, COLLATERAL_SERVER, 80, INFRA, "collateral that is needed could not be fetched")          \
    /* malformed or misplaced */                                                                   \
    X(60, MALFORMED, 50, PEER, "a message or token is not well-formed")                            \
    X(61, ILLEGAL, 47, PEER, "a message says something that is illegal at this place")             \
    X(62, UNSOLICITED, 110, PEER, "an extension was sent that was never offered")                  \
    X(63, PROTOCOL_VERSION, 70, PEER, "the connection is not TLS 1.3")                             \
    X(64, PEER_REFUSED, 0, PEER, "the peer refused this connection with an alert")                 \
    X(65, EXTENSION_MISSING, 109, PEER, "a message lacks an extension that must be in it")         \
    /* refused */                                                                                  \
    X(80, NOTHING_OFFERED, 109, POLICY, "the client offered no attestation that is required here") \
    X(81, NOT_ATTESTED, 40, POLICY, "the peer did not attest")                                     \
    X(82, EVIDENCE_MALFORMED, 40, POLICY, "the Evidence is not well-formed")                       \
    X(83, EVIDENCE_TYPE, 40, POLICY, "the Evidence is not of the type that was negotiated")        \
    X(84, NOT_ENDORSED, 40, POLICY, "no loaded endorsement names the key that signed")             \
    X(85, SIGNATURE, 40, POLICY, "a signature in the Evidence does not verify")                    \
    X(86, FRESHNESS, 40, POLICY, "the Evidence is not shown to be fresh")                          \
    X(87, KEY_BINDING, 40, POLICY, "the Evidence is not about the key of this connection")         \
    X(88, KEY_ATTRIBUTES, 40, POLICY, "the attested key may live outside the attester")            \
    X(89, REFERENCE_VALUES, 40, POLICY, "a measurement does not match the reference values")       \
    X(90, LIFECYCLE, 40, POLICY, "the platform is not in a state that is trusted")                 \
    X(91, CLAIM, 40, POLICY, "a claim has a value that the policy does not take")                  \
    X(92, SIMULATED, 40, POLICY, "the Evidence comes from a simulated root of trust")              \
    X(93, STATUS, 40, POLICY, "the appraisal did not come out as affirming")                       \
    X(94, REFLECTED, 40, POLICY, "the peer presents the key or the Evidence of this very side")    \
    X(95, CHANNEL, 40, POLICY, "the channel is not one that attestation may be bound to")          \
    X(96, IDENTITY, 40, POLICY, "the identity of the peer is not accepted")                        \
    X(97, REVOKED, 40, POLICY, "what the peer, its Evidence or its Result rests on is revoked")    \
    X(98, RESULT_SIGNATURE, 40, POLICY, "the signature of the Attestation Result does not verify") \
    X(99, RESULT_EXPIRED, 40, POLICY, "the Attestation Result is not valid at this time")          \
    X(100, RESULT, 40, POLICY, "the Attestation Result is not acceptable")                         \
    X(101, RESUMED, 40, POLICY, "the session was resumed, and attestation does not carry over")    \
    X(102, NO_VERDICT, 40, POLICY, "the handshake ended without an appraisal of the peer")         \
    X(103, DEBUG, 40, POLICY, "the platform is open for debugging")                                \
    X(104, MACHINE, 40, POLICY, "the machine is not one of those that the policy lists")           \
    X(105, PKIX, 0, POLICY, "the certificate of the peer is not accepted")                         \
    X(106, ALGORITHM, 40, POLICY, "an algorithm is not one that is accepted here")                 \
    X(107, ENDORSEMENT_SIGNATURE, 0, POLICY, "an endorsement does not verify")                     \
    X(108, ENDORSEMENT_OLDER, 0, POLICY, "an endorsement does not follow the one that is there")   \
    X(109, VERIFIER_IDENTITY, 80, POLICY, "the Verifier is not the one that was named")            \
    X(110, CHAIN, 40, POLICY, "a certificate chain of a root of trust does not hold")              \
    X(111, COLLATERAL, 40, POLICY, "collateral is missing, does not verify or is not of its time") \
    X(112, ENDORSEMENT_DISPUTED, 0, POLICY, "an endorsement contradicts one that is in force")     \
    X(113, AUTHENTICATOR, 51, POLICY,                                                              \
      "an authenticator is not one of this connection and request")                                \
    X(114, RESUMPTION, 40, POLICY, "an earlier appraisal does not hold for this connection")       \
    X(115, NO_PROTOCOL, 120, POLICY, "no protocol was chosen that attests after the handshake")    \
    X(116, REFUSED_TO_ATTEST, 40, POLICY, "the peer was asked to attest, and refuses")             \
    X(117, NO_PSK, 115, POLICY, "the connection is not by the pre-shared key that it must have")

/** What a function may come to; each constant is one row of ATLS_ERROR_LIST. */
enum atls_err {
#define ATLS_ERROR_ENUM(number, name, alert, fault, sentence) ATLS_ERR_##name = (number),
    ATLS_ERROR_LIST(ATLS_ERROR_ENUM)
#undef ATLS_ERROR_ENUM
};
/** ATLS_OK is success. */
#define ATLS_OK ATLS_ERR_OK

/**
 * atls_diag says why: which step, which claim, what was found and what was expected. The caller
 * owns it; functions that take one accept NULL. It holds no secret and no live nonce, and it is
 * never sent to the peer. All texts are NUL-terminated UTF-8, cut where they would not fit.
 */
struct atls_diag {
    enum atls_err err;  /**< what the function returned */
    size_t offset;      /**< octet in the input, where the input is what is wrong; else 0 */
    char step[40];      /**< "negotiation", "evidence signature", ... */
    char claim[64];     /**< the field or claim as its standard names it; may be empty */
    char found[200];    /**< may be empty */
    char expected[200]; /**< may be empty */
};

/** atls_err_name names an error.
 *  @param err  any value
 *  @return the constant's name without its prefix, such as "FRESHNESS"; never NULL */
ATLS_API const char *atls_err_name(enum atls_err err);
/** atls_err_text says what an error is.
 *  @param err  any value
 *  @return one line without a full stop; never NULL */
ATLS_API const char *atls_err_text(enum atls_err err);
/** atls_err_alert says what the peer hears of an error.
 *  @param err  any value
 *  @return the TLS alert (RFC 8446, 6) that is sent, 0 for none */
ATLS_API uint8_t atls_err_alert(enum atls_err err);
/** atls_err_fault says whose fault an error is.
 *  @param err  any value
 *  @return ours, the peer's, the policy's judgement, or the world's */
ATLS_API enum atls_fault atls_err_fault(enum atls_err err);
/** atls_err_exit gives the exit status of programs.
 *  @param err  any value
 *  @return 0, 1, 2 or 3 */
ATLS_API int atls_err_exit(enum atls_err err);

/** Longest sentence in octets: the four texts of a diag at their longest and what joins them. */
#define ATLS_MAX_SENTENCE_LEN 639

/**
 * atls_diag_sentence writes one sentence, "STEP: TEXT (CLAIM: found X, expected Y)", and always
 * terminates it.
 * @param[out] out  room for the sentence and a NUL; ATLS_MAX_SENTENCE_LEN + 1 is always enough
 * @param cap         octets at `out`
 * @param diag        what a function filled in
 * @return length of the sentence in octets, without the NUL
 */
ATLS_API size_t atls_diag_sentence(char *out, size_t cap, const struct atls_diag *diag);

#ifdef __cplusplus
}
#endif
#endif
