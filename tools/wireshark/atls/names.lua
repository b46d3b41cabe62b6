-- SPDX-License-Identifier: Apache-2.0
-- What numbers mean, by the registry or standard that is named above each table.

if ... ~= "atls.names" then return end -- started as a plugin of its own, not asked for by atls.lua

local names = {}

-- TLS HandshakeType: the messages that this extension can come in, allowed or not.
names.message = {
    [1] = "ClientHello", [2] = "ServerHello", [4] = "NewSessionTicket", [8] = "EncryptedExtensions",
    [11] = "Certificate", [13] = "CertificateRequest",
}

-- PROTOCOL.md, section 11; the messages in it are RFC 9261's
names.frame = { "HELLO", "REQUEST", "AUTHENTICATOR", "DONE", "DATA", "CLOSE" }
names.frame_message = { [11] = "Certificate", [13] = "CertificateRequest", [15] = "CertificateVerify",
    [17] = "ClientCertificateRequest", [20] = "Finished" }
names.frame_extension = { [0] = "server_name", [13] = "signature_algorithms", [0xff5f] = "cmw_attestation",
    [0xff60] = "attestation_schemes" }

-- draft-fossati-seat-early-attestation, 4.1
names.mechanism = { [0] = "evidence", [1] = "result" }
names.encoding = { [0] = "CONTENT_FORMAT", [1] = "MEDIA_TYPE" }

local psa_tfm = 'application/eat+cwt; eat_profile="tag:psacertified.org,2023:psa#tfm"'
local psa_legacy = 'application/eat+cwt; eat_profile="tag:psacertified.org,2019:psa#legacy"'

-- IANA, CoAP Content-Formats
names.content_format = {
    [18] = 'application/cose; cose-type="cose-sign1"', [50] = "application/json",
    [60] = "application/cbor", [61] = "application/cwt", [263] = "application/eat+cwt",
    [264] = "application/eat+jwt", [265] = "application/eat-bun+cbor",
    [266] = "application/eat-bun+json", [267] = "application/eat-ucs+cbor",
    [268] = "application/eat-ucs+json", [273] = "application/cmw+cbor",
    [274] = "application/cmw+json", [275] = "application/cmw+cose", [276] = "application/cmw+jws",
    [601] = "application/uccs+cbor", [10003] = psa_tfm, [10004] = psa_legacy,
    [10571] = "application/ce+cbor",
}

-- RFC 9999: the bits of the conceptual message indicator
names.indicator = { "reference values", "endorsements", "evidence", "attestation results",
    "appraisal policy" }

-- IANA, COSE Algorithms
names.cose_algorithm = {
    [-7] = "ES256", [-8] = "EdDSA", [-9] = "ESP256", [-16] = "SHA-256", [-19] = "Ed25519",
    [-35] = "ES384", [-36] = "ES512", [-37] = "PS256", [-38] = "PS384", [-39] = "PS512",
    [-43] = "SHA-384", [-44] = "SHA-512", [-51] = "ESP384", [-52] = "ESP512", [-257] = "RS256",
    [5] = "HMAC 256/256", [6] = "HMAC 384/384", [7] = "HMAC 512/512",
}
names.cose_key_type = { [1] = "OKP", [2] = "EC2", [3] = "RSA", [4] = "Symmetric" }
names.cose_curve = { [1] = "P-256", [2] = "P-384", [3] = "P-521", [4] = "X25519", [5] = "X448",
    [6] = "Ed25519", [7] = "Ed448" }

-- RFC 9711, 4.2.9 and 4.3.3
names.debug_status = { [0] = "enabled", [1] = "disabled", [2] = "disabled-since-boot",
    [3] = "disabled-permanently", [4] = "disabled-fully-and-permanently" }
names.intended_use = { [1] = "generic", [2] = "registration", [3] = "provisioning", [4] = "csr",
    [5] = "pop" }
names.ueid = { [1] = "RAND", [2] = "IEEE EUI", [3] = "IMEI" }

-- RFC 9783, 4.3.1: the high octet decides
local lifecycle = { [0] = "unknown", "assembly-and-test", "psa-rot-provisioning", "secured",
    "non-psa-rot-debug", "recoverable-psa-rot-debug", "decommissioned" }
function names.psa_lifecycle(value)
    local state, low = math.floor(value / 4096), value % 4096
    return low < 256 and lifecycle[state] or "outside of every range"
end

-- draft-ietf-rats-ear and draft-ietf-rats-ar4si
names.tier = { [0] = "none", [2] = "affirming", [32] = "warning", [96] = "contraindicated" }
function names.tier_of(value)
    if value >= -1 and value <= 1 then
        return value == -1 and "verifier malfunction" or "none"
    end
    local size = value < 0 and -value - 1 or value
    return size < 32 and "affirming" or size < 96 and "warning" or "contraindicated"
end

-- TPM 2.0 Library, part 2: TPM_ALG_ID, TPM_ST, TPM_ECC_CURVE
names.tpm_algorithm = {
    [0x0001] = "RSA", [0x0004] = "SHA1", [0x0006] = "AES", [0x0008] = "KEYEDHASH",
    [0x000b] = "SHA256", [0x000c] = "SHA384", [0x000d] = "SHA512", [0x0010] = "NULL",
    [0x0012] = "SM3_256", [0x0014] = "RSASSA", [0x0015] = "RSAES", [0x0016] = "RSAPSS",
    [0x0017] = "OAEP", [0x0018] = "ECDSA", [0x0019] = "ECDH", [0x001a] = "ECDAA", [0x001b] = "SM2",
    [0x001c] = "ECSCHNORR", [0x0023] = "ECC", [0x0025] = "SYMCIPHER", [0x0027] = "SHA3_256",
    [0x0028] = "SHA3_384", [0x0029] = "SHA3_512",
}
names.tpm_structure = {
    [0x8014] = "ATTEST_NV", [0x8015] = "ATTEST_COMMAND_AUDIT", [0x8016] = "ATTEST_SESSION_AUDIT",
    [0x8017] = "ATTEST_CERTIFY", [0x8018] = "ATTEST_QUOTE", [0x8019] = "ATTEST_TIME",
    [0x801a] = "ATTEST_CREATION", [0x801c] = "ATTEST_NV_DIGEST",
}
names.tpm_curve = { [0x0003] = "NIST_P256", [0x0004] = "NIST_P384", [0x0005] = "NIST_P521" }
-- TPMA_OBJECT: name, mask
names.tpm_attributes = {
    { "fixedTPM", 0x2 }, { "stClear", 0x4 }, { "fixedParent", 0x10 },
    { "sensitiveDataOrigin", 0x20 }, { "userWithAuth", 0x40 }, { "adminWithPolicy", 0x80 },
    { "noDA", 0x400 }, { "encryptedDuplication", 0x800 }, { "restricted", 0x10000 },
    { "decrypt", 0x20000 }, { "sign", 0x40000 }, { "x509sign", 0x80000 },
}

return names
