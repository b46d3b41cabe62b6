-- SPDX-License-Identifier: Apache-2.0
-- Signed tokens: COSE_Sign1 (RFC 9052, 4.2), alone or behind the tag of a CWT, and JWS in the compact
-- form (RFC 7515, 7.1). Nothing is verified.

if ... ~= "atls.token" then return end

local claims = require "atls.claims"
local content = require "atls.content"
local fields = require "atls.fields"
local json = require "atls.json"
local show = require "atls.show"
local source = require "atls.source"

local header_rows = {
    [1] = { f = "cose.alg", k = "int" }, [4] = { f = "cose.kid", k = "bytes" },
    [3] = { k = function(context, tree, node)
        local is_text = node.kind == "text"
        return show.node(context, tree, node, { f = is_text and "cose.content_type" or
            "cose.content_format", k = is_text and "text" or "int" })
    end },
    [33] = { f = "cose.x5chain", k = "list", i = { f = "cose.x5chain", k = "bytes" } },
}

-- The content type that headers name, to open the payload by.
local function content_type(headers)
    for _, pair in ipairs(headers and headers.pairs or {}) do
        if pair.key.value == 3 then
            return pair.value.kind == "text" and pair.value.value or
                content.type_of_format(pair.value.value)
        end
    end
end

local function protected(context, tree, node)
    if node.kind ~= "bytes" or node.pieces then
        return nil, show.expert(show.any(context, tree, node, "protected"), "violation",
            "protected: a byte string is expected")
    end
    local item = show.heading(context, tree, "cose.protected", node.source, node.from, node.till)
    if node.till == node.from then
        return nil
    end
    local headers = content.parse(item, { source = node.source, from = node.from, till = node.till,
        depth = node.depth + 1 })
    if headers.kind == "map" then
        show.members(context, item, headers, header_rows)
    else
        show.expert(show.any(context, item, headers), "violation", "protected: a map is expected")
    end
    return headers
end

local function payload(context, tree, node, media_type)
    if node.kind ~= "bytes" or node.pieces then
        show.any(context, tree, node, "payload")
        return
    end
    local item = show.heading(context, tree, "cose.payload", node.source, node.from, node.till)
    local part = { source = node.source, from = node.from, till = node.till, depth = node.depth + 1 }
    if part.till > part.from and (media_type == nil or media_type == "application/eat+cwt") then
        claims.open(context, item, part)
    else
        content.open(context, item, part, media_type or "")
    end
end

-- COSE_Sign1 that was read; `expected` is what the payload is when no header says so.
function content.signed(context, tree, node, expected)
    local item = show.heading(context, tree, "cose", node.source, node.at, node.to)
    while node.kind == "tag" do
        show.value(context, item, "cose.tag", node.source, node.at, node.to,
            math.min(node.number, 0xffffffff))
        if node.number ~= 18 and node.number ~= 61 then
            show.expert(item, "violation", "Tag " .. node.text .. ", expected 18 (COSE_Sign1)")
        end
        node = node.items[1]
    end
    if node.kind ~= "array" or #node.items ~= 4 then
        show.expert(item, "violation", "COSE_Sign1 is an array of 4")
        show.any(context, item, node)
        return
    end
    local headers = protected(context, item, node.items[1])
    show.node(context, item, node.items[2], { f = "cose.unprotected", k = "map", m = header_rows })
    payload(context, item, node.items[3], content_type(headers) or expected)
    show.node(context, item, node.items[4], { f = "cose.signature", k = "bytes" })
end

local function cose(context, item, part)
    content.signed(context, item, content.parse(item, part))
end

-- JWS

local jws_rows = {}
for _, name in ipairs { "alg", "typ", "cty", "kid" } do
    jws_rows[name] = { f = "jws." .. name, k = "text" }
end

-- One of the three parts, decoded; nil where it is no base64url.
local function decoded(context, item, part, from, till, what)
    local octets = source.from_base64(source.octets(part.source, from, till))
    if not octets then
        return show.expert(item, "malformed", "JWS: the " .. what .. " is no base64url")
    elseif octets == "" then
        return show.expert(item, "violation", "JWS: the " .. what .. " is empty")
    end
    return { source = source.of_decoded(octets, "JWS " .. what), from = 0, till = #octets,
        depth = part.depth + 1 }
end

local function jws(context, tree, part, expected)
    local text = source.octets(part.source, part.from, part.till)
    local item = show.heading(context, tree, "jws", part.source, part.from, part.till)
    local first, second = text:match("^[^.]*()%.[^.]*()%.[^.]*$")
    if not first then
        show.expert(item, "malformed", "JWS: not three parts with dots between them")
        return
    end
    first, second = part.from + first - 1, part.from + second - 1
    local header = decoded(context, item, part, part.from, first, "header")
    if header then
        local node = content.parse(item, header, json)
        show.node(context, item, node, { f = "jws.header", k = "map", m = jws_rows })
    end
    local body = decoded(context, item, part, first + 1, second, "payload")
    if body and expected then
        content.open(context, show.heading(context, item, "jws.payload", body.source, 0, body.till), body,
            expected)
    elseif body then
        local inner = show.heading(context, item, "jws.payload", body.source, 0, body.till)
        claims.show(context, inner, content.parse(inner, body, json))
    end
    local signature = decoded(context, item, part, second + 1, part.till, "signature")
    if signature then
        show.octets(context, item, "jws.signature", signature.source, 0, signature.till)
    end
end

-- Whether an object of JSON is a JWS (RFC 7515, 7.2).
function content.is_jws(node)
    for _, pair in ipairs(node.pairs) do
        if pair.key.value == "protected" or pair.key.value == "signatures" then
            return true
        end
    end
    return false
end

for _, name in ipairs { "application/cose", "application/cwt", "application/eat+cwt",
    "application/eat-cwt", "application/psa-attestation-token", "application/vnd.atls.nitro+cose" } do
    content.formats[name] = cose
end
for _, name in ipairs { "application/jose", "application/jwt", "application/eat+jwt",
    "application/eat-jwt" } do
    content.formats[name] = jws
end

-- Arm CCA: a collection of two tokens (draft-ffm-rats-cca-token, 5), tag 399 and later 907.
local function token(context, tree, node, row)
    local item = show.heading(context, tree, row.f, node.source, node.at, node.to)
    local inner = node.kind == "array" and #node.items == 2 and node.items[2] or node
    if inner.kind == "bytes" and not inner.pieces and inner.till > inner.from then
        cose(context, item, { source = inner.source, from = inner.from, till = inner.till,
            depth = inner.depth + 1 })
    else
        show.expert(show.any(context, item, inner), "violation",
            fields.called[row.f] .. ": bytes expected")
    end
    return item
end
local collection = { f = "cca", k = "map", must = { "cca.platform_token", "cca.realm_token" }, m = {
    [44234] = { f = "cca.platform_token", k = token }, [44241] = { f = "cca.realm_token", k = token },
} }

function content.cca(context, tree, node)
    if node.kind == "tag" and (node.number == 399 or node.number == 907) then
        node = node.items[1]
    end
    return show.node(context, tree, node, collection)
end

content.formats["application/eat-collection"] = function(context, item, part)
    content.cca(context, item, content.parse(item, part))
end
