-- SPDX-License-Identifier: Apache-2.0
-- The remoteAttestation extension (draft-fossati-seat-early-attestation, 4.1): its body in each of the
-- four messages. What a connection's ClientHello offered is kept, so that a choice can be held to it.

if ... ~= "atls.extension" then return end

local cmw = require "atls.cmw"
local names = require "atls.names"
local show = require "atls.show"
local source = require "atls.source"

local extension = {}

local CLIENT_HELLO, ENCRYPTED_EXTENSIONS, CERTIFICATE, CERTIFICATE_REQUEST = 1, 8, 11, 13
local EVIDENCE, RESULT, CONTENT_FORMAT, MEDIA_TYPE = 0, 1, 0, 1

local function malformed(item, text)
    show.expert(item, "malformed", "Not well-formed: " .. text)
end

-- An integer at `at`, or nil where the body ends before.
local function uint(part, at, width)
    if at + width > part.till then
        return nil
    end
    local value = 0
    for index = at + 1, at + width do
        value = value * 256 + part.source.raw:byte(index)
    end
    return value
end

-- Where a vector with a length of 16 bits at `at` begins and ends; nil when it goes past the end.
local function vector16(part, at)
    local length = uint(part, at, 2)
    if length and at + 2 + length <= part.till then
        return at + 2, at + 2 + length
    end
end

local function text_field(context, item, key, part, at)
    local from, till = vector16(part, at)
    if not from then
        return malformed(item, "a name goes past the end")
    end
    show.node(context, item, { kind = "text", source = part.source, at = at, to = till, from = from,
        till = till, value = source.octets(part.source, from, till) }, { f = key, k = "text" })
    return till
end

local function evidence_type(context, item, part, at)
    local encoding = uint(part, at, 1)
    if not encoding then
        return malformed(item, "no typeEncoding")
    end
    show.octets(context, item, "type_encoding", part.source, at, at + 1)
    if encoding == CONTENT_FORMAT then
        local format = uint(part, at + 1, 2)
        if not format then
            return malformed(item, "no content_format")
        end
        show.octets(context, item, "content_format", part.source, at + 1, at + 3)
        return at + 3, names.content_format[format] or ("content format %d"):format(format)
    elseif encoding == MEDIA_TYPE then
        local till = text_field(context, item, "media_type", part, at + 1)
        return till, till and source.octets(part.source, at + 3, till)
    end
    malformed(item, "an unknown typeEncoding has no length: the rest cannot be read")
end

-- One AttestationScheme at `at`; gives where it ends, what it is, its item. A scheme has no length of its
-- own, so after an unknown one nothing can be read.
local function scheme(context, tree, part, at)
    local mechanism = uint(part, at, 1)
    if not mechanism then
        return malformed(tree, "no AttestationMechanism")
    end
    local item = show.octets(context, tree, "scheme", part.source, at, part.till)
    show.octets(context, item, "mechanism", part.source, at, at + 1)
    local till, what
    if mechanism == EVIDENCE then
        till, what = evidence_type(context, item, part, at + 1)
    elseif mechanism == RESULT then
        till = text_field(context, item, "verifier_identity", part, at + 1)
        what = till and source.octets(part.source, at + 3, till)
    else
        malformed(item, "an unknown AttestationMechanism has no length: the rest cannot be read")
    end
    if not till then
        return nil
    end
    what = names.mechanism[mechanism] .. ", " .. show.printable(what, 100)
    item:set_len(till - at)
    item:append_text(": " .. what)
    return till, what, item
end

-- A list of schemes; gives what follows it, and the octets of each scheme.
local function scheme_list(context, tree, key, part, at)
    local from, till = vector16(part, at)
    if not from then
        malformed(tree, "a list of schemes goes past the end")
        return nil, {}
    end
    local item = show.octets(context, tree, key, part.source, at, till)
    show.octets(context, item, "list_length", part.source, at, at + 2)
    local found, inner = {}, { source = part.source, till = till }
    local next_at = from
    while next_at and next_at < till do
        local begins = next_at
        next_at = scheme(context, item, inner, begins)
        if next_at then
            found[#found + 1] = source.octets(part.source, begins, next_at)
        end
    end
    item:append_text((": %d"):format(#found))
    return till, found
end

extension.schemes = scheme_list

local function trailing(tree, part, at)
    if at and at < part.till then
        malformed(tree, ("%d octets behind the end"):format(part.till - at))
    end
end

local function offer(context, tree, part, state)
    local at, server, client
    at, server = scheme_list(context, tree, "offer.server", part, part.from)
    if at then
        at, client = scheme_list(context, tree, "offer.client", part, at)
        trailing(tree, part, at)
    end
    state.offer = { server = server, client = client or {} }
    return "attestation is offered"
end

local function choice(context, tree, part, state, attester)
    local item = show.heading(context, tree, "choice." .. attester, part.source, part.from, part.till)
    local at, _, inner = scheme(context, item, part, part.from)
    if not at then
        return nil
    end
    trailing(item, part, at)
    if state.offer then
        local octets, found = source.octets(part.source, part.from, at), false
        for _, one in ipairs(state.offer[attester]) do
            found = found or one == octets
        end
        show.value(context, inner, "choice.offered", part.source, part.from, at, found):set_generated()
        if not found then
            show.expert(inner, "violation", "The ClientHello did not offer this scheme")
        end
    end
    return ("the %s is to attest"):format(attester)
end

local function credential(context, tree, part)
    local length = uint(part, part.from, 3)
    if not length then
        return malformed(tree, "no length of cmw_payload")
    end
    local from = part.from + 3
    show.octets(context, tree, "cmw_length", part.source, part.from, from)
    if from + length > part.till then
        malformed(tree, ("cmw_payload has %d octets, %d are there"):format(length, part.till - from))
    elseif length == 0 then
        malformed(tree, "cmw_payload is empty")
    end
    trailing(tree, part, from + length)
    local till = math.min(from + length, part.till)
    if till > from then
        local item = show.heading(context, tree, "cmw", part.source, from, till)
        cmw.open(context, item, { source = part.source, from = from, till = till, depth = 1 })
    end
end

-- The Evidence's nonces, once more at one place: they are to be the binder.
local function nonces(context, tree)
    for _, one in ipairs(context.nonces) do
        local item = show.octets(context, tree, "nonce", one.src, one.from, one.to)
        item:append_text(" (" .. one.where .. ")")
        item:set_generated()
    end
end

-- The body in message number `message`. `place` says what else the dissector knows: attester (of a
-- Certificate, when the ClientHello was seen), entry (of the CertificateEntry), again.
-- Gives a few words for a summary, or nil when it cannot be read.
function extension.show(context, tree, part, message, place, state)
    if place.again then
        show.expert(tree, "violation", "The extension stands twice in one place")
    end
    if part.cut then
        show.expert(tree, "cut", "The capture does not have all octets of the extension")
    end
    if message == CLIENT_HELLO then
        return offer(context, tree, part, state)
    elseif message == ENCRYPTED_EXTENSIONS then
        return choice(context, tree, part, state, "server")
    elseif message == CERTIFICATE_REQUEST then
        return choice(context, tree, part, state, "client")
    elseif message == CERTIFICATE then
        if place.attester then
            show.value(context, tree, "attester", part.source, part.from, part.till,
                place.attester):set_generated()
        end
        if place.entry ~= 1 then
            show.expert(tree, "violation", "Only the first CertificateEntry may have this extension")
        end
        show.guarded(tree, function() credential(context, tree, part) end)
        context.left = math.max(context.left, 0) + 64 -- for the nonces, whatever else was left out
        nonces(context, tree)
        return (place.attester and "the " .. place.attester or "a peer") .. " attests"
    end
    show.expert(tree, "violation", "No place for this extension: illegal_parameter(47)")
    return "in a message that may not have it"
end

return extension
