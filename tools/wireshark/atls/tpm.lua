-- SPDX-License-Identifier: Apache-2.0
-- TPM 2.0 structures (TPM 2.0 Library, part 2), big-endian, and Parsec's bundles that hold them.

if ... ~= "atls.tpm" then return end

local claims = require "atls.claims"
local content = require "atls.content"
local fields = require "atls.fields"
local names = require "atls.names"
local show = require "atls.show"
local source = require "atls.source"

-- Reads a structure from its front into the tree; after the first shortage nothing more.
local Reader = {}
Reader.__index = Reader

local function reader(context, item, part)
    return setmetatable({ context = context, item = item, source = part.source, at = part.from,
        upto = part.till }, Reader)
end

function Reader:take(length, what)
    if self.ended then
        return nil
    elseif length > self.upto - self.at then
        self.ended = true
        show.expert(self.item, "malformed", ("Not well-formed: %s has %d octets, %d are left"):format(
            fields.called[what] or what, length, self.upto - self.at))
        return nil
    end
    self.at = self.at + length
    return self.at - length
end

-- A number of `width` octets under `key`; gives its value.
function Reader:number(key, width, tree)
    local at = self:take(width, key)
    if not at then
        return nil
    end
    show.octets(self.context, tree or self.item, key, self.source, at, at + width)
    local value = 0
    for index = at + 1, at + math.min(width, 4) do
        value = value * 256 + self.source.raw:byte(index)
    end
    return value
end

-- A TPM2B under `key`: from, to of its content.
function Reader:vector(key, tree, nonce)
    local at = self:take(2, key)
    local length = at and self.source.raw:byte(at + 1) * 256 + self.source.raw:byte(at + 2)
    local from = at and self:take(length, key)
    if not from then
        return nil
    end
    local item = show.octets(self.context, tree or self.item, key, self.source, from, from + length)
    if nonce then
        local list = self.context.nonces
        list[#list + 1] = { src = self.source, from = from, to = from + length, where = key }
    end
    return item
end

function Reader:finish()
    if not self.ended and self.at < self.upto then
        show.expert(self.item, "malformed", ("Not well-formed: %d octets behind the end"):format(
            self.upto - self.at))
    end
end

-- The PCRs of a bitmap: PCR n is bit n % 8 of octet n / 8.
local function selected(octets)
    local found = {}
    for index = 1, #octets do
        for bit = 0, 7 do
            if math.floor(octets:byte(index) / 2 ^ bit) % 2 == 1 then
                found[#found + 1] = ("%d"):format(8 * (index - 1) + bit)
            end
        end
    end
    return table.concat(found, ",")
end

local function selection(read, tree)
    local start = read.at
    local item = not read.ended and read.upto - read.at >= 3 and
        show.heading(read.context, tree, "tpm.pcr_selection", read.source, start, start + 3) or tree
    read:number("tpm.hash_alg", 2, item)
    local at = read:take(1, "sizeofSelect")
    local length = at and read.source.raw:byte(at + 1)
    local from = at and read:take(length, "tpm.pcr_select")
    if from then
        show.octets(read.context, item, "tpm.pcr_select", read.source, from, from + length)
        show.value(read.context, item, "tpm.pcrs", read.source, from, from + length,
            selected(source.octets(read.source, from, from + length))):set_generated()
    end
end

local function quote(read)
    local tree = show.heading(read.context, read.item, "tpm.quote", read.source, read.at, read.upto)
    local count = read:number("tpm.pcr_count", 4, tree)
    while count and count > 0 and not read.ended do
        selection(read, tree)
        count = count - 1
    end
    read:vector("tpm.pcr_digest", tree)
end

local function certify(read)
    local tree = show.heading(read.context, read.item, "tpm.certify", read.source, read.at, read.upto)
    read:vector("tpm.name", tree)
    read:vector("tpm.qualified_name", tree)
end

-- TPMS_ATTEST (10.12.12)
local function attest(context, tree, part)
    local item = show.heading(context, tree, "tpm.attest", part.source, part.from, part.till)
    local read = reader(context, item, part)
    if read:number("tpm.magic", 4) ~= 0xff544347 and not read.ended then
        show.expert(item, "violation", "magic is not TPM_GENERATED_VALUE")
    end
    local kind = read:number("tpm.type", 2)
    read:vector("tpm.qualified_signer")
    read:vector("tpm.extra_data", nil, true)
    read:number("tpm.clock", 8)
    read:number("tpm.reset_count", 4)
    read:number("tpm.restart_count", 4)
    read:number("tpm.safe", 1)
    read:number("tpm.firmware_version", 8)
    if read.ended then
        return
    elseif kind == 0x8017 then
        certify(read)
    elseif kind == 0x8018 then
        quote(read)
    else
        show.octets(context, item, "tpm.attested", part.source, read.at, part.till)
        read.at = part.till
    end
    read:finish()
end

local RSASSA, RSAPSS, NULL, RSA, ECC = 0x0014, 0x0016, 0x0010, 0x0001, 0x0023

-- TPMT_SIGNATURE (11.3.4)
local function signature(context, tree, part)
    local item = show.heading(context, tree, "tpm.signature", part.source, part.from, part.till)
    local read = reader(context, item, part)
    local algorithm = read:number("tpm.sig_alg", 2)
    if algorithm == RSASSA or algorithm == RSAPSS then
        read:number("tpm.hash_alg", 2)
        read:vector("tpm.sig")
    elseif algorithm and algorithm >= 0x0018 and algorithm <= 0x001c then
        read:number("tpm.hash_alg", 2)
        read:vector("tpm.sig.r")
        read:vector("tpm.sig.s")
    elseif algorithm then
        show.expert(item, "violation", "sigAlg: no algorithm of a signature")
        return
    end
    read:finish()
end

local function attributes(read)
    local at = read:take(4, "tpm.object_attributes")
    if not at then
        return
    end
    local item = show.octets(read.context, read.item, "tpm.object_attributes", read.source, at, at + 4)
    for _, row in ipairs(names.tpm_attributes) do
        show.octets(read.context, item, "tpm.attribute." .. row[1]:lower(), read.source, at, at + 4)
    end
end

-- TPMT_PUBLIC (12.2.4)
local function public(context, tree, part)
    local item = show.heading(context, tree, "tpm.public", part.source, part.from, part.till)
    local read = reader(context, item, part)
    local kind = read:number("tpm.object_type", 2)
    read:number("tpm.name_alg", 2)
    attributes(read)
    read:vector("tpm.auth_policy")
    if kind ~= RSA and kind ~= ECC then
        if not read.ended then
            show.expert(item, "violation", "type: neither RSA nor ECC")
        end
        return
    end
    local symmetric = read:number("tpm.symmetric", 2)
    if symmetric and symmetric ~= NULL then
        read:number("tpm.key_bits", 2)
        read:number("tpm.scheme", 2) -- the mode
    end
    local scheme = read:number("tpm.scheme", 2)
    if scheme and scheme ~= NULL then
        read:number("tpm.hash_alg", 2)
    end
    if kind == RSA then
        read:number("tpm.key_bits", 2)
        read:number("tpm.exponent", 4)
        read:vector("tpm.rsa")
    else
        read:number("tpm.curve", 2)
        local kdf = read:number("tpm.kdf", 2)
        if kdf and kdf ~= NULL then
            read:number("tpm.hash_alg", 2)
        end
        read:vector("tpm.ecc.x")
        read:vector("tpm.ecc.y")
    end
    read:finish()
end

-- Parsec

-- A member of octets that holds a structure: the structure itself, without an item between.
local function structure(open, name)
    return { f = name, k = function(context, tree, node, row)
        if node.kind == "bytes" and not node.pieces then
            return open(context, tree, { source = node.source, from = node.from, till = node.till })
        end
        local item = show.any(context, tree, node)
        show.expert(item, "violation", fields.called[row.f] .. ": bytes expected")
    end }
end

local version = { f = "parsec.tpm_ver", k = "text" }
local kid = { f = "parsec.kid", k = "bytes" }
local sig = structure(signature, "tpm.signature")
local bundle = { f = "parsec", k = "map", must = { "parsec.kat", "parsec.pat" }, m = {
    kat = { f = "parsec.kat", k = "map", must = { "parsec.kid", "tpm.signature", "tpm.attest", "tpm.public" },
        m = { tpmVer = version, kid = kid, sig = sig, certInfo = structure(attest, "tpm.attest"),
            pubArea = structure(public, "tpm.public") } },
    pat = { f = "parsec.pat", k = "map", must = { "parsec.kid", "tpm.signature", "tpm.attest" },
        m = { tpmVer = version, kid = kid, sig = sig, attestInfo = structure(attest, "tpm.attest") } },
} }
content.formats["application/vnd.parallaxsecond.key-attestation.tpm"] = function(context, item, part)
    show.node(context, item, content.parse(item, part), bundle)
end

local function inside(field, show_it)
    return { f = field, k = function(context, tree, node)
        local item = show.heading(context, tree, field, node.source, node.at, node.to)
        show_it(context, item, node)
        return item
    end }
end
local cca = { f = "parsec", k = "map", must = { "parsec.kat", "parsec.pat" }, m = {
    kat = inside("parsec.kat", claims.show), pat = inside("parsec.pat", content.cca),
} }
content.formats["application/vnd.parallaxsecond.key-attestation.cca"] = function(context, item, part)
    show.node(context, item, content.parse(item, part), cca)
end
