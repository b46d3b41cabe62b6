/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Nitro Secure Module of an enclave: messages in CBOR (aws-nitro-enclaves-nsm-api), carried by
 * one ioctl of the driver (Linux, include/uapi/linux/nsm.h; the driver of AWS has the same).
 */
#ifndef ATTESTER_NITRO_NSM_H
#define ATTESTER_NITRO_NSM_H

#include "base/diag.h"

/* The driver's limits, in octets. */
#define ATLS_NSM_MAX_REQUEST  4096
#define ATLS_NSM_MAX_RESPONSE 12288
/* What the NSM takes in one field of a request that it documents twice, 512 and 1024: we write no
 * more than the smaller; a public key may have 1024. */
#define ATLS_NSM_MAX_PUBLIC_KEY 1024

#define ATLS_NSM_DEVICE         "/dev/nsm"

/*
 * The calls of the operating system, so that tests have a device. Each gives -errno where it fails.
 * `exchange` sends `request` and gives what came back, at most `response.cap` octets of it; how
 * long it may take is the driver's to say, which waits for the hypervisor a bounded time and can
 * not be interrupted.
 */
struct atls_nsm_device {
    int (*open)(const char *path); /* a descriptor, not below zero */
    int (*exchange)(int descriptor, struct atls_bytes request, struct atls_buf response,
                    size_t *out_len);
    void (*close)(int descriptor);
};
extern const struct atls_nsm_device atls_nsm_linux;

/* atls_nsm_put_request writes a request for an attestation document. An empty span is null. */
ATLS_NODISCARD enum atls_err atls_nsm_put_request(struct atls_buf out, size_t *out_len,
                                                  struct atls_bytes nonce,
                                                  struct atls_bytes public_key,
                                                  struct atls_diag *diag);
/* atls_nsm_read_response finds the document in a response, or says which error the NSM names. */
ATLS_NODISCARD enum atls_err atls_nsm_read_response(struct atls_bytes *out_document,
                                                    struct atls_bytes response,
                                                    struct atls_diag *diag);

/* atls_nsm_attest asks the device at `path` for a document, which `room` then holds: at least
 * ATLS_NSM_MAX_RESPONSE octets. An empty `public_key` names none. ATTESTER, DEADLINE, BUSY or
 * MEMORY by what the system says. */
ATLS_NODISCARD enum atls_err atls_nsm_attest(struct atls_bytes *out_document, struct atls_buf room,
                                             const struct atls_nsm_device *device, const char *path,
                                             struct atls_bytes nonce, struct atls_bytes public_key,
                                             struct atls_diag *diag);

#endif
