# SPDX-License-Identifier: Apache-2.0
"""Code points: RFC 8446 / RFC 9846 sections 4, 6 and B, and the private-use remoteAttestation."""

REMOTE_ATTESTATION = 0xFF5E  # not assigned yet: the default, --extension-type overrides it

# Record content types (section 5.1).
CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, APPLICATION_DATA = 20, 21, 22, 23

# Handshake types (section 4).
CLIENT_HELLO, SERVER_HELLO, NEW_SESSION_TICKET = 1, 2, 4
ENCRYPTED_EXTENSIONS, CERTIFICATE, CERTIFICATE_REQUEST = 8, 11, 13
CERTIFICATE_VERIFY, FINISHED, KEY_UPDATE, MESSAGE_HASH = 15, 20, 24, 254

HANDSHAKE_NAMES = {
    CLIENT_HELLO: "ClientHello",
    SERVER_HELLO: "ServerHello",
    NEW_SESSION_TICKET: "NewSessionTicket",
    ENCRYPTED_EXTENSIONS: "EncryptedExtensions",
    CERTIFICATE: "Certificate",
    CERTIFICATE_REQUEST: "CertificateRequest",
    CERTIFICATE_VERIFY: "CertificateVerify",
    FINISHED: "Finished",
    KEY_UPDATE: "KeyUpdate",
}

# Extensions (section 4.2).
SERVER_NAME, MAX_FRAGMENT_LENGTH, STATUS_REQUEST, SUPPORTED_GROUPS = 0, 1, 5, 10
SIGNATURE_ALGORITHMS, USE_SRTP, HEARTBEAT, ALPN, SCT = 13, 14, 15, 16, 18
CLIENT_CERTIFICATE_TYPE, SERVER_CERTIFICATE_TYPE, RECORD_SIZE_LIMIT = 19, 20, 28
PRE_SHARED_KEY, EARLY_DATA, SUPPORTED_VERSIONS, COOKIE = 41, 42, 43, 44
PSK_KEY_EXCHANGE_MODES, KEY_SHARE = 45, 51

# The messages in which an extension that we know may stand (the table of section 4.2).
ALLOWED_IN_SERVER_HELLO = {PRE_SHARED_KEY, SUPPORTED_VERSIONS, KEY_SHARE}
ALLOWED_IN_HELLO_RETRY = {SUPPORTED_VERSIONS, COOKIE, KEY_SHARE}
NOT_ALLOWED_IN_ENCRYPTED_EXTENSIONS = {
    STATUS_REQUEST, SIGNATURE_ALGORITHMS, SCT, PRE_SHARED_KEY, SUPPORTED_VERSIONS, COOKIE,
    PSK_KEY_EXCHANGE_MODES, KEY_SHARE,
}

TLS12, TLS13 = 0x0303, 0x0304

# suite: IANA name, hash, key length, AEAD
SUITES = {
    0x1301: ("TLS_AES_128_GCM_SHA256", "sha256", 16, "aesgcm"),
    0x1302: ("TLS_AES_256_GCM_SHA384", "sha384", 32, "aesgcm"),
    0x1303: ("TLS_CHACHA20_POLY1305_SHA256", "sha256", 32, "chacha"),
}
SUITE_ALIASES = {"aes128": 0x1301, "aes256": 0x1302, "chacha": 0x1303, "chacha20": 0x1303}

SECP256R1, X25519 = 23, 29
GROUPS = {X25519: "x25519", SECP256R1: "secp256r1"}
GROUP_ALIASES = {"p256": SECP256R1, "p-256": SECP256R1, "prime256v1": SECP256R1}

ECDSA_P256_SHA256, ECDSA_P384_SHA384, ED25519 = 0x0403, 0x0503, 0x0807
SIGNATURES = {
    ECDSA_P256_SHA256: "ecdsa_secp256r1_sha256",
    ECDSA_P384_SHA384: "ecdsa_secp384r1_sha384",
    ED25519: "ed25519",
}

ALERTS = {
    0: "close_notify", 10: "unexpected_message", 20: "bad_record_mac", 21: "decryption_failed",
    22: "record_overflow", 40: "handshake_failure", 42: "bad_certificate",
    43: "unsupported_certificate", 44: "certificate_revoked", 45: "certificate_expired",
    46: "certificate_unknown", 47: "illegal_parameter", 48: "unknown_ca", 49: "access_denied",
    50: "decode_error", 51: "decrypt_error", 70: "protocol_version",
    71: "insufficient_security", 80: "internal_error", 86: "inappropriate_fallback",
    90: "user_canceled", 109: "missing_extension", 110: "unsupported_extension",
    112: "unrecognized_name", 113: "bad_certificate_status_response",
    115: "unknown_psk_identity", 116: "certificate_required", 117: "general_error",
    120: "no_application_protocol", 121: "ech_required",
}

# SHA-256("HelloRetryRequest"), section 4.1.3.
HELLO_RETRY_RANDOM = bytes.fromhex(
    "cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
DOWNGRADE_SENTINELS = (b"DOWNGRD\x01", b"DOWNGRD\x00")


def alert_name(number: int) -> str:
    """The name of an alert, or its number in words when nobody assigned it."""
    return ALERTS.get(number, f"unassigned_{number}")
