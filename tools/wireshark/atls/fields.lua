-- SPDX-License-Identifier: Apache-2.0
-- What a display filter can name, each once: fields.KEY is the ProtoField atls.KEY, called as in its standard.

if ... ~= "atls.fields" then return end

local names = require "atls.names"

local fields, called, list = {}, {}, {}

local function field(kind, key, name, ...)
    local made = ProtoField[kind]("atls." .. key, name, ...)
    fields[key], called[key] = made, name
    list[#list + 1] = made
end

-- Several fields of one kind: { key, name, ... }.
local function all(kind, rows)
    for _, row in ipairs(rows) do
        field(kind, (table.unpack or unpack)(row))
    end
end

-- remoteAttestation, draft-fossati-seat-early-attestation 4.1
field("uint8", "message", "Message", base.DEC, names.message)
field("string", "attester", "Attester")
all("none", {
    { "offer.server", "server_attester_schemes" }, { "offer.client", "client_attester_schemes" },
    { "choice.server", "chosen_server_scheme" }, { "choice.client", "chosen_client_scheme" },
    { "scheme", "AttestationScheme" },
})
field("uint16", "list_length", "Length of the list", base.DEC)
field("uint8", "mechanism", "AttestationMechanism", base.DEC, names.mechanism)
field("uint8", "type_encoding", "typeEncoding", base.DEC, names.encoding)
field("uint16", "content_format", "content_format", base.DEC, names.content_format)
field("string", "media_type", "media_type")
field("string", "verifier_identity", "verifier_identity")
field("bool", "choice.offered", "Stands in the ClientHello's list")
field("uint24", "cmw_length", "Length of cmw_payload", base.DEC)
field("bytes", "nonce", "Nonce in the credential")

-- frames after the handshake, PROTOCOL.md, section 11
field("uint8", "frame.type", "Type", base.DEC, names.frame)
field("uint24", "frame.length", "Length", base.DEC)
field("uint8", "frame.version", "Version", base.DEC)
field("bool", "frame.asks", "My REQUEST comes before my DONE", 8, nil, 1)
field("bool", "frame.framed", "Application data may come in frames", 8, nil, 2)
field("uint8", "frame.message", "Message", base.DEC, names.frame_message)
field("uint16", "frame.extension", "Extension", base.HEX, names.frame_extension)
field("uint8", "frame.alert", "Alert", base.DEC)
all("bytes", { { "frame.context", "certificate_request_context" }, { "frame.certificate", "Certificate" },
    { "frame.data", "Application data" } })
field("none", "frame.schemes", "attestation_schemes")

-- Conceptual Message Wrapper, RFC 9999
field("none", "cmw", "CMW")
field("string", "cmw.form", "Form")
field("uint16", "cmw.content_format", "type (content format)", base.DEC, names.content_format)
field("string", "cmw.media_type", "type (media type)")
field("uint32", "cmw.tag", "tag", base.DEC)
field("bytes", "cmw.value", "value")
field("uint32", "cmw.ind", "ind", base.HEX)
field("string", "cmw.collection_type", "__cmwc_t")
field("string", "cmw.label", "Label")

-- COSE, RFC 9052; COSE_Key
all("none", {
    { "cose", "COSE_Sign1" }, { "cose.protected", "protected" },
    { "cose.unprotected", "unprotected" }, { "cose.payload", "payload" },
    { "cose.key", "COSE_Key" },
})
field("uint32", "cose.tag", "CBOR tag", base.DEC)
field("int32", "cose.alg", "alg", base.DEC, names.cose_algorithm)
field("string", "cose.content_type", "content type")
field("int32", "cose.content_format", "content type", base.DEC, names.content_format)
all("bytes", {
    { "cose.kid", "kid" }, { "cose.x5chain", "x5chain" }, { "cose.signature", "signature" },
    { "cose.key.kid", "kid" }, { "cose.key.x", "x" }, { "cose.key.y", "y" }, { "cose.key.n", "n" },
    { "cose.key.e", "e" },
})
field("int32", "cose.key.kty", "kty", base.DEC, names.cose_key_type)
field("int32", "cose.key.alg", "alg", base.DEC, names.cose_algorithm)
field("int32", "cose.key.crv", "crv", base.DEC, names.cose_curve)

-- JWS, RFC 7515
all("none", { { "jws", "JWS" }, { "jws.header", "header" }, { "jws.payload", "payload" },
    { "jwk", "jwk" } })
all("string", { { "jws.alg", "alg" }, { "jws.typ", "typ" }, { "jws.cty", "cty" },
    { "jws.kid", "kid" }, { "jwk.kty", "kty" }, { "jwk.crv", "crv" }, { "jwk.alg", "alg" },
    { "jwk.kid", "kid" } })
all("bytes", { { "jws.signature", "signature" }, { "jwk.x", "x" }, { "jwk.y", "y" },
    { "jwk.n", "n" }, { "jwk.e", "e" } })

-- Claims: CWT (RFC 8392), EAT (RFC 9711)
all("none", { { "claims", "Claims" }, { "eat.submods", "submods" }, { "eat.submod", "Submodule" },
    { "eat.cnf", "cnf" } })
all("string", { { "eat.iss", "iss" }, { "eat.sub", "sub" }, { "eat.aud", "aud" },
    { "eat.jti", "jti" }, { "eat.profile", "eat_profile" }, { "eat.swname", "swname" } })
all("int64", { { "eat.exp", "exp", base.DEC }, { "eat.nbf", "nbf", base.DEC },
    { "eat.iat", "iat", base.DEC }, { "eat.uptime", "uptime", base.DEC },
    { "eat.bootcount", "bootcount", base.DEC }, { "eat.oemid_number", "oemid", base.DEC } })
all("bytes", { { "eat.cti", "cti" }, { "eat.nonce", "eat_nonce" }, { "eat.ueid", "ueid" },
    { "eat.oemid", "oemid" }, { "eat.hwmodel", "hwmodel" }, { "eat.bootseed", "bootseed" },
    { "eat.cnf.kid", "kid" }, { "eat.cnf.ckt", "ckt" }, { "eat.cnf.jkt", "jkt" } })
field("bool", "eat.oemboot", "oemboot")
field("bool", "cose.key.y_sign", "y (its sign: a compressed point)")
field("int32", "eat.dbgstat", "dbgstat", base.DEC, names.debug_status)
field("int32", "eat.intuse", "intuse", base.DEC, names.intended_use)

-- PSA token, RFC 9783 and its predecessors
all("bytes", {
    { "psa.nonce", "psa-nonce" }, { "psa.instance_id", "psa-instance-id" },
    { "psa.implementation_id", "psa-implementation-id" }, { "psa.boot_seed", "psa-boot-seed" },
    { "psa.component.value", "measurement-value" }, { "psa.component.signer_id", "signer-id" },
})
all("string", {
    { "psa.certification_reference", "psa-certification-reference" },
    { "psa.verification_service", "psa-verification-service-indicator" },
    { "psa.component.type", "measurement-type" },
    { "psa.component.version", "version" }, { "psa.component.description", "measurement-desc" },
})
field("int32", "psa.client_id", "psa-client-id", base.DEC)
field("int32", "psa.security_lifecycle", "psa-security-lifecycle", base.DEC)
field("int32", "psa.no_sw_measurement", "psa-no-sw-measurement", base.DEC)
all("none", { { "psa.components", "psa-software-components" },
    { "psa.component", "psa-software-component" } })

-- Arm CCA token, draft-ffm-rats-cca-token
all("none", { { "cca", "CCA token" }, { "cca.platform_token", "cca-platform-token" },
    { "cca.realm_token", "cca-realm-delegated-token" }, { "cca.components", "cca-platform-sw-components" },
    { "cca.component", "cca-sw-component" }, { "cca.rem", "cca-realm-extensible-measurements" } })
all("bytes", {
    { "cca.platform.challenge", "cca-platform-challenge" },
    { "cca.platform.instance_id", "cca-platform-instance-id" },
    { "cca.platform.implementation_id", "cca-platform-implementation-id" },
    { "cca.platform.config", "cca-platform-config" },
    { "cca.component.value", "measurement-value" }, { "cca.component.signer_id", "signer-id" },
    { "cca.realm.challenge", "cca-realm-challenge" },
    { "cca.realm.personalization_value", "cca-realm-personalization-value" },
    { "cca.realm.public_key", "cca-realm-public-key" },
    { "cca.realm.initial_measurement", "cca-realm-initial-measurement" },
    { "cca.realm.extensible_measurement", "REM" },
})
all("string", {
    { "cca.platform.profile", "cca-platform-profile" },
    { "cca.platform.service_indicator", "cca-platform-service-indicator" },
    { "cca.platform.hash_algo_id", "cca-platform-hash-algo-id" },
    { "cca.component.type", "component-type" }, { "cca.component.version", "version" },
    { "cca.component.hash_algo_id", "hash-algo-id" }, { "cca.realm.profile", "cca-realm-profile" },
    { "cca.realm.hash_algo_id", "cca-realm-hash-algo-id" },
    { "cca.realm.public_key_hash_algo_id", "cca-realm-public-key-hash-algo-id" },
})
field("int32", "cca.platform.lifecycle", "cca-platform-lifecycle", base.DEC)

-- EAR (draft-ietf-rats-ear), AR4SI
all("none", { { "ear.verifier_id", "ear_verifier_id" },
    { "ear.vector", "ear_trustworthiness_vector" }, { "ear.policy_ids", "ear_appraisal_policy_ids" },
    { "ear.key_attestation", "ear_veraison_key_attestation" },
    { "ear.annotated_evidence", "ear_veraison_annotated_evidence" },
    { "ear.policy_claims", "ear_veraison_policy_claims" } })
all("string", { { "ear.verifier_id.developer", "developer" }, { "ear.verifier_id.build", "build" },
    { "ear.policy_id", "ear_appraisal_policy_id" } })
all("bytes", { { "ear.raw_evidence", "ear_raw_evidence" }, { "ear.akpub", "akpub" } })
field("int32", "ear.status", "ear_status", base.DEC, names.tier)
for _, name in ipairs { "instance-identity", "configuration", "executables", "file-system", "hardware",
    "runtime-opaque", "storage-opaque", "sourced-data" } do
    field("int32", "ar4si." .. name:gsub("-", "_"), name, base.DEC)
end

-- Parsec's key attestation, and in it TPM 2.0 structures (TPM 2.0 Library, part 2)
all("none", { { "parsec", "Parsec key attestation" }, { "parsec.kat", "kat" },
    { "parsec.pat", "pat" }, { "tpm.attest", "TPMS_ATTEST" }, { "tpm.signature", "TPMT_SIGNATURE" },
    { "tpm.public", "TPMT_PUBLIC" }, { "tpm.certify", "TPMS_CERTIFY_INFO" },
    { "tpm.quote", "TPMS_QUOTE_INFO" }, { "tpm.pcr_selection", "TPMS_PCR_SELECTION" } })
field("string", "parsec.tpm_ver", "tpmVer")
field("bytes", "parsec.kid", "kid")
field("uint32", "tpm.magic", "magic", base.HEX)
field("uint16", "tpm.type", "type", base.HEX, names.tpm_structure)
all("bytes", {
    { "tpm.qualified_signer", "qualifiedSigner" }, { "tpm.extra_data", "extraData" },
    { "tpm.name", "name" }, { "tpm.qualified_name", "qualifiedName" },
    { "tpm.pcr_select", "pcrSelect" }, { "tpm.pcr_digest", "pcrDigest" }, { "tpm.sig", "sig" },
    { "tpm.sig.r", "signatureR" }, { "tpm.sig.s", "signatureS" },
    { "tpm.auth_policy", "authPolicy" }, { "tpm.ecc.x", "x" }, { "tpm.ecc.y", "y" },
    { "tpm.rsa", "n" }, { "tpm.attested", "attested" },
})
field("uint64", "tpm.clock", "clock", base.DEC)
all("uint32", { { "tpm.reset_count", "resetCount", base.DEC },
    { "tpm.restart_count", "restartCount", base.DEC }, { "tpm.pcr_count", "count", base.DEC },
    { "tpm.exponent", "exponent", base.DEC }, { "tpm.object_attributes", "objectAttributes", base.HEX } })
field("uint8", "tpm.safe", "safe", base.DEC, { [0] = "NO", [1] = "YES" })
field("uint64", "tpm.firmware_version", "firmwareVersion", base.HEX)
field("string", "tpm.pcrs", "PCRs")
for _, row in ipairs { { "tpm.sig_alg", "sigAlg" }, { "tpm.hash_alg", "hash" },
    { "tpm.object_type", "type" }, { "tpm.name_alg", "nameAlg" }, { "tpm.symmetric", "symmetric" },
    { "tpm.scheme", "scheme" }, { "tpm.kdf", "kdf" } } do
    field("uint16", row[1], row[2], base.HEX, names.tpm_algorithm)
end
field("uint16", "tpm.curve", "curveID", base.HEX, names.tpm_curve)
field("uint16", "tpm.key_bits", "keyBits", base.DEC)
for _, row in ipairs(names.tpm_attributes) do
    field("bool", "tpm.attribute." .. row[1]:lower(), row[1], 32, nil, row[2])
end

-- Whatever no table names
field("string", "item", "Item")

-- What is wrong, or only worth a look.
local experts = {
    malformed = ProtoExpert.new("atls.malformed", "Not well-formed", expert.group.MALFORMED,
        expert.severity.ERROR),
    violation = ProtoExpert.new("atls.violation", "Not as the standard has it", expert.group.PROTOCOL,
        expert.severity.WARN),
    encoding = ProtoExpert.new("atls.encoding", "Not in the strict encoding", expert.group.PROTOCOL,
        expert.severity.NOTE),
    cut = ProtoExpert.new("atls.cut", "Not all is shown", expert.group.UNDECODED,
        expert.severity.NOTE),
}

return { by = fields, called = called, list = list, experts = experts }
