-- SPDX-License-Identifier: Apache-2.0
-- Claims sets: CWT (RFC 8392), EAT (RFC 9711), PSA (RFC 9783 and its two predecessors), Arm CCA
-- (draft-ffm-rats-cca-token), EAR (draft-ietf-rats-ear, and the names with dots that came before).
-- A row stands under the claim's key in CBOR and under its name in JSON.

if ... ~= "atls.claims" then return end

local content = require "atls.content"
local names = require "atls.names"
local show = require "atls.show"

local claims = {}

-- Rows of `first`, and of `second` where the first has none.
local function with(first, second)
    for key, row in pairs(second) do
        first[key] = first[key] or row
    end
    return first
end

-- Rows { key, name, row... }: under both.
local function rows(list)
    local found = {}
    for _, one in ipairs(list) do
        local row = one[3]
        found[one[1]] = row
        found[one[2]] = row
    end
    return found
end

local digests = { 32, 48, 64 }

-- COSE_Key (RFC 9052, 7): what -1 is depends on kty, and is a curve in all but RSA.
local key_rows = {
    [1] = { f = "cose.key.kty", k = "int" }, [2] = { f = "cose.key.kid", k = "bytes" },
    [3] = { f = "cose.key.alg", k = "int" }, [-1] = { f = "cose.key.crv", k = "int" },
    [-2] = { f = "cose.key.x", k = "bytes" }, [-3] = { k = function(context, tree, node)
        return show.node(context, tree, node, node.kind == "bool" and
            { f = "cose.key.y_sign", k = "bool" } or { f = "cose.key.y", k = "bytes" })
    end },
}
local rsa_rows = with({ [-1] = { f = "cose.key.n", k = "bytes" },
    [-2] = { f = "cose.key.e", k = "bytes" } }, key_rows)

function claims.cose_key(context, tree, node)
    local kty
    for _, pair in ipairs(node.pairs or {}) do
        kty = pair.key.value == 1 and pair.value.value or kty
    end
    return show.node(context, tree, node, { f = "cose.key", k = "map",
        m = kty == 3 and rsa_rows or key_rows, must = { "cose.key.kty" } })
end

local jwk_rows = {}
for _, name in ipairs { "kty", "crv", "alg", "kid" } do
    jwk_rows[name] = { f = "jwk." .. name, k = "text" }
end
for _, name in ipairs { "x", "y", "n", "e" } do
    jwk_rows[name] = { f = "jwk." .. name, k = "bytes" }
end

local confirmation = {
    [1] = { k = claims.cose_key }, [3] = { f = "eat.cnf.kid", k = "bytes" },
    [5] = { f = "eat.cnf.ckt", k = "bytes" }, jkt = { f = "eat.cnf.jkt", k = "bytes" },
    jwk = { f = "jwk", k = "map", m = jwk_rows },
}

local nonce = { f = "eat.nonce", k = "bytes", nonce = true }
local function ueid(value)
    return names.ueid[value:byte()] or "no type of a UEID"
end

-- The dotted form of an OID's octets (X.690, 8.19); nil where they are none.
local function dotted(octets)
    local parts, value = {}, 0
    for index = 1, #octets do
        local octet = octets:byte(index)
        value = value * 128 + octet % 128
        if value >= 2 ^ 53 then
            return nil
        elseif octet < 128 then
            if #parts == 0 then
                parts[1] = math.min(math.floor(value / 40), 2)
                value = value - 40 * parts[1]
            end
            parts[#parts + 1] = ("%d"):format(value)
            value = 0
        end
    end
    return #parts > 0 and octets:byte(-1) < 128 and table.concat(parts, ".") or nil
end

-- A profile is a URI or, as octets, an OID (RFC 9711, 4.3.2).
local function profile(context, tree, node)
    local oid = node.kind == "bytes" and dotted(node.value)
    if oid then
        return show.value(context, tree, "eat.profile", node.source, node.at, node.to, oid)
    end
    return show.node(context, tree, node, { f = "eat.profile", k = "text" })
end

-- A submodule: a claims set, or a token of its own.
local function submodule(context, tree, key, value)
    local label = key.kind == "text" and show.printable(key.value) or key.text or key.kind
    local item = show.heading(context, tree, "eat.submod", value.source, value.at, value.to, label)
    if value.kind == "map" then
        claims.members(context, item, value)
    elseif value.kind == "bytes" and not value.pieces and value.till > value.from then
        content.formats["application/eat+cwt"](context, item, { source = value.source,
            from = value.from, till = value.till, depth = value.depth + 1 })
    else
        show.any(context, item, value)
    end
end

local cmw_claim = { f = "cmw", k = function(context, tree, node)
    local item = show.heading(context, tree, "cmw", node.source, node.at, node.to)
    require("atls.cmw").node(context, item, node)
    return item
end }

local eat = rows {
    { 1, "iss", { f = "eat.iss", k = "text" } }, { 2, "sub", { f = "eat.sub", k = "text" } },
    { 3, "aud", { f = "eat.aud", k = "list", i = { f = "eat.aud", k = "text" } } },
    { 4, "exp", { f = "eat.exp", k = "time" } }, { 5, "nbf", { f = "eat.nbf", k = "time" } },
    { 6, "iat", { f = "eat.iat", k = "time" } }, { 7, "cti", { f = "eat.cti", k = "bytes" } },
    { 8, "cnf", { f = "eat.cnf", k = "map", m = confirmation } },
    { 10, "eat_nonce", { f = "eat.nonce", k = "list", i = nonce } },
    { 256, "ueid", { f = "eat.ueid", k = "bytes", note = ueid } },
    { 258, "oemid", { f = "eat.oemid", k = function(context, tree, node)
        return show.node(context, tree, node, node.kind == "int" and
            { f = "eat.oemid_number", k = "long" } or { f = "eat.oemid", k = "bytes" })
    end } },
    { 259, "hwmodel", { f = "eat.hwmodel", k = "bytes" } },
    { 261, "uptime", { f = "eat.uptime", k = "long" } },
    { 262, "oemboot", { f = "eat.oemboot", k = "bool" } },
    { 263, "dbgstat", { f = "eat.dbgstat", k = "int", names = names.debug_status } },
    { 265, "eat_profile", { f = "eat.profile", k = profile } },
    { 266, "submods", { f = "eat.submods", k = "named", each = submodule } },
    { 267, "bootcount", { f = "eat.bootcount", k = "long" } },
    { 268, "bootseed", { f = "eat.bootseed", k = "bytes" } },
    { 270, "swname", { f = "eat.swname", k = "text" } },
    { 275, "intuse", { f = "eat.intuse", k = "int", names = names.intended_use } },
    { 299, "cmw", cmw_claim }, { 2500, "kak-pub", { k = claims.cose_key } },
    { "jti", "jti", { f = "eat.jti", k = "text" } },
}

local function lifecycle(value)
    return value >= 0 and names.psa_lifecycle(value) or "outside of every range"
end

local function client(value)
    return value == 0 and "neither" or value < 0 and "non-secure" or "secure"
end

local component = { f = "psa.component", k = "map", must = { "psa.component.value",
    "psa.component.signer_id" }, m = rows {
    { 1, "measurement-type", { f = "psa.component.type", k = "text" } },
    { 2, "measurement-value", { f = "psa.component.value", k = "bytes", lens = digests } },
    { 4, "version", { f = "psa.component.version", k = "text" } },
    { 5, "signer-id", { f = "psa.component.signer_id", k = "bytes", lens = digests } },
    { 6, "measurement-desc", { f = "psa.component.description", k = "text" } },
} }

-- { key of RFC 9783, key of PSA_IOT_PROFILE_1, name, row }
local psa = {}
for _, one in ipairs {
    { 10, -75008, "psa-nonce", { f = "psa.nonce", k = "bytes", lens = digests, nonce = true } },
    { 256, -75009, "psa-instance-id", { f = "psa.instance_id", k = "bytes", lens = { 33 },
        note = ueid } },
    { 265, -75000, "psa-profile", { f = "eat.profile", k = "text" } },
    { 2394, -75001, "psa-client-id", { f = "psa.client_id", k = "int", note = client } },
    { 2395, -75002, "psa-security-lifecycle", { f = "psa.security_lifecycle", k = "int",
        note = lifecycle } },
    { 2396, -75003, "psa-implementation-id", { f = "psa.implementation_id", k = "bytes",
        lens = { 32 } } },
    { 268, -75004, "psa-boot-seed", { f = "psa.boot_seed", k = "bytes" } },
    { 2398, -75005, "psa-certification-reference", { f = "psa.certification_reference",
        k = "text" } },
    { 2399, -75006, "psa-software-components", { f = "psa.components", k = "array",
        i = component } },
    { 2397, -75007, "psa-no-sw-measurement", { f = "psa.no_sw_measurement", k = "int" } },
    { 2400, -75010, "psa-verification-service-indicator", { f = "psa.verification_service",
        k = "text" } },
} do
    psa[one[1]], psa[one[2]], psa[one[3]] = one[4], one[4], one[4]
end
psa[2397] = psa[268] -- the boot seed, as http://arm.com/psa/2.0.0 had it
local psa_must = { "psa.nonce", "psa.instance_id", "psa.client_id", "psa.security_lifecycle",
    "psa.implementation_id" }
with(psa, eat)

local cca_component = { f = "cca.component", k = "map", must = { "cca.component.value",
    "cca.component.signer_id" }, m = rows {
    { 1, "component-type", { f = "cca.component.type", k = "text" } },
    { 2, "measurement-value", { f = "cca.component.value", k = "bytes", lens = digests } },
    { 4, "version", { f = "cca.component.version", k = "text" } },
    { 5, "signer-id", { f = "cca.component.signer_id", k = "bytes", lens = digests } },
    { 6, "hash-algo-id", { f = "cca.component.hash_algo_id", k = "text" } },
} }

local platform = with(rows {
    { 10, "cca-platform-challenge", { f = "cca.platform.challenge", k = "bytes",
        lens = digests } },
    { 256, "cca-platform-instance-id", { f = "cca.platform.instance_id", k = "bytes",
        lens = { 33 }, note = ueid } },
    { 265, "cca-platform-profile", { f = "cca.platform.profile", k = "text" } },
    { 2395, "cca-platform-lifecycle", { f = "cca.platform.lifecycle", k = "int",
        note = lifecycle } },
    { 2396, "cca-platform-implementation-id", { f = "cca.platform.implementation_id",
        k = "bytes", lens = { 32 } } },
    { 2399, "cca-platform-sw-components", { f = "cca.components", k = "array",
        i = cca_component } },
    { 2400, "cca-platform-service-indicator", { f = "cca.platform.service_indicator",
        k = "text" } },
    { 2401, "cca-platform-config", { f = "cca.platform.config", k = "bytes" } },
    { 2402, "cca-platform-hash-algo-id", { f = "cca.platform.hash_algo_id", k = "text" } },
}, eat)
local platform_must = { "cca.platform.profile", "cca.platform.instance_id",
    "cca.platform.implementation_id", "cca.platform.lifecycle", "cca.components" }

local realm = with(rows {
    { 10, "cca-realm-challenge", { f = "cca.realm.challenge", k = "bytes", lens = { 64 },
        nonce = true } },
    { 265, "cca-realm-profile", { f = "cca.realm.profile", k = "text" } },
    { 44235, "cca-realm-personalization-value", { f = "cca.realm.personalization_value",
        k = "bytes", lens = { 64 } } },
    { 44236, "cca-realm-hash-algo-id", { f = "cca.realm.hash_algo_id", k = "text" } },
    { 44237, "cca-realm-public-key", { f = "cca.realm.public_key", k = "bytes" } },
    { 44238, "cca-realm-initial-measurement", { f = "cca.realm.initial_measurement",
        k = "bytes", lens = digests } },
    { 44239, "cca-realm-extensible-measurements", { f = "cca.rem", k = "array",
        i = { f = "cca.realm.extensible_measurement", k = "bytes", lens = digests } } },
    { 44240, "cca-realm-public-key-hash-algo-id", { f = "cca.realm.public_key_hash_algo_id",
        k = "text" } },
}, eat)
local realm_must = { "cca.realm.challenge", "cca.realm.public_key",
    "cca.realm.initial_measurement", "cca.rem" }

local vector = {}
for number, name in ipairs { "instance-identity", "configuration", "executables", "file-system",
    "hardware", "runtime-opaque", "storage-opaque", "sourced-data" } do
    local row = { f = "ar4si." .. name:gsub("-", "_"), k = "int", names = names.tier,
        note = names.tier_of }
    vector[number - 1], vector[name] = row, row
end

local status = { f = "ear.status", k = "int", names = names.tier }
local trust = { f = "ear.vector", k = "map", m = vector }
local policy = { f = "ear.policy_ids", k = "list", i = { f = "ear.policy_id", k = "text" } }
local key_attestation = { f = "ear.key_attestation", k = "map",
    m = { akpub = { f = "ear.akpub", k = "bytes" } } }
local annotated, policy_claims = { name = "ear_veraison_annotated_evidence" },
    { name = "ear_veraison_policy_claims" }
local appraisal = with(rows {
    { 1000, "ear_status", status }, { "ear.status", "ear.status", status },
    { 1001, "ear_trustworthiness_vector", trust }, { 1003, "ear_appraisal_policy_ids", policy },
    { "ear.trustworthiness-vector", "ear.trustworthiness-vector", trust },
    { "ear.appraisal-policy-id", "ear.appraisal-policy-id", policy },
    { -70000, "ear.veraison.annotated-evidence", annotated },
    { -70001, "ear.veraison.policy-claims", policy_claims },
    { -70002, "ear_veraison_key_attestation", key_attestation },
    { "ear.veraison.key-attestation", "ear.veraison.key-attestation", key_attestation },
}, eat)

local verifier = { f = "ear.verifier_id", k = "map", m = rows {
    { 0, "developer", { f = "ear.verifier_id.developer", k = "text" } },
    { 1, "build", { f = "ear.verifier_id.build", k = "text" } },
} }
local raw_evidence = { f = "ear.raw_evidence", k = function(context, tree, node)
    if node.kind == "array" then -- from -04 on
        return cmw_claim.k(context, tree, node)
    end
    return show.node(context, tree, node, { f = "ear.raw_evidence", k = "bytes" })
end }
local ear = with(rows {
    { 1002, "ear_raw_evidence", raw_evidence }, { "ear.raw-evidence", "ear.raw-evidence", raw_evidence },
    { 1004, "ear_verifier_id", verifier }, { "ear.verifier-id", "ear.verifier-id", verifier },
}, appraisal)
local ear_must = { "eat.profile", "eat.iat", "eat.submods" }

-- What a claims set is, by a key that only one kind has: the special before the general.
local kinds = {
    { "EAR", { 1004, "ear.verifier-id", "ear_verifier_id" }, ear, ear_must },
    { "appraisal", { 1000, 1001, "ear.status", "ear_status" }, appraisal, { "ear.status" } },
    { "CCA realm", { 44235, 44238, "cca-realm-challenge" }, realm, realm_must },
    { "CCA platform", { 2401, 2402, "cca-platform-config" }, platform, platform_must },
    { "PSA", { 2394, 2396, -75001, -75003, "psa-client-id" }, psa, psa_must },
}

local function kind_of(node)
    local present = {}
    for _, pair in ipairs(node.pairs) do
        local key = pair.key
        if key.value ~= nil and (key.kind == "int" or key.kind == "text") then
            present[key.value] = true
        end
    end
    for _, kind in ipairs(kinds) do
        for _, key in ipairs(kind[2]) do
            if present[key] then
                return kind
            end
        end
    end
    return { "EAT", {}, eat }
end

-- The members of a claims set, below `item`; gives what it is.
function claims.members(context, item, node)
    local kind = kind_of(node)
    show.members(context, item, node, kind[3], kind[4])
    return kind[1]
end

-- A claims set as an item of its own.
function claims.show(context, tree, node)
    if node.kind == "tag" and node.number == 601 then
        node = node.items[1]
    end
    if node.kind ~= "map" then
        local item = show.any(context, tree, node, "Claims")
        show.expert(item, "violation", "Claims: " .. node.kind .. " where map is expected")
        return item
    end
    local item = show.heading(context, tree, "claims", node.source, node.at, node.to)
    item:append_text(" (" .. claims.members(context, item, node) .. ")")
    return item
end

function claims.open(context, item, part)
    claims.show(context, item, content.parse(item, part))
end

content.formats["application/eat-ucs+cbor"] = claims.open
content.formats["application/uccs+cbor"] = claims.open
content.formats["application/eat-ucs+json"] = function(context, item, part)
    claims.show(context, item, content.parse(item, part, require "atls.json"))
end

return claims
