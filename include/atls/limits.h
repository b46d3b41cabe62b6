/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * Every size that a peer can influence meets one of these limits before it is used. */
#ifndef ATLS_LIMITS_H
#define ATLS_LIMITS_H

/** Largest binder: Hash.length of SHA-384, the longest hash of a TLS 1.3 suite (RFC 8446, B.4). */
#define ATLS_MAX_BINDER_LEN 48
/** Largest challenge field of any root of trust here (eat_nonce of RFC 9711, report_data). */
#define ATLS_MAX_NONCE_LEN 64
/** Largest digest: SHA-512. */
#define ATLS_MAX_HASH_LEN 64
/** Largest CMW in a CertificateEntry: an Extension's 65535 less its own 4-octet header, less
 *  the 3-octet length, all inside extensions<0..2^16-1> (see PROTOCOL.md). */
#define ATLS_MAX_CMW_LEN 65528
/** Largest extension_data of remoteAttestation: ATLS_MAX_CMW_LEN and its 3-octet length. */
#define ATLS_MAX_EXTENSION_LEN 65531
/** Schemes in one list of a ClientHello; more is refused, a list of one mind is far shorter. */
#define ATLS_MAX_SCHEMES 32
/** Octets of a media type or a Verifier identity in a scheme. */
#define ATLS_MAX_SCHEME_TEXT_LEN 512
/** Parameters of one media type. */
#define ATLS_MAX_MEDIA_PARAMETERS 8
/** CBOR nesting depth. */
#define ATLS_MAX_CBOR_DEPTH 16
/** CMW collections inside one another (RFC 9999). */
#define ATLS_MAX_COLLECTION_DEPTH 4
/** Keys of all maps that are open at one point of a CBOR input, so pairs of any one map: this
 * bounds the search for duplicate keys (RFC 8949, 5.6) to a sort of so many. */
#define ATLS_MAX_CBOR_KEYS 256
/** Largest CBOR input: a file. */
#define ATLS_MAX_CBOR_LEN ATLS_MAX_FILE_LEN
/** Members of one CMW collection. */
#define ATLS_MAX_COLLECTION_ITEMS 16
/** Largest handshake message that goes into the transcript (ClientHello, ServerHello). */
#define ATLS_MAX_HELLO_LEN 131072
/** DER SubjectPublicKeyInfo of a TLS key: room for RSA-16384 and the post-quantum keys. */
#define ATLS_MAX_SPKI_LEN 8192
/** Software components of one PSA token. */
#define ATLS_MAX_COMPONENTS 64
/** Submodules of one Attestation Result. */
#define ATLS_MAX_SUBMODS 8
/** Policy, configuration, endorsement and Result files. */
#define ATLS_MAX_FILE_LEN 4194304u
/** JSON nesting depth. */
#define ATLS_MAX_JSON_DEPTH 32
/** Clock skew that is allowed when dates are compared, in seconds. */
#define ATLS_MAX_SKEW_S 60

#endif
