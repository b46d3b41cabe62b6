-- SPDX-License-Identifier: Apache-2.0
-- Conceptual Message Wrapper (RFC 9999) in its forms: record, tag, collection, in CBOR and in JSON,
-- and signed. The first octet says which.

if ... ~= "atls.cmw" then return end

local content = require "atls.content"
local json = require "atls.json"
local names = require "atls.names"
local show = require "atls.show"
local source = require "atls.source"

local cmw = {}

-- RFC 9277: the tag of a content format, the other way round.
local FIRST_TAG, LAST_TAG = 0x63740101, 0x6374ffff
local function format_of_tag(tag)
    local offset = tag - FIRST_TAG
    if tag < FIRST_TAG or tag > LAST_TAG or offset % 256 == 255 then
        return nil
    end
    return math.floor(offset / 256) * 255 + offset % 256
end

local function indicator(value)
    local found = {}
    for bit, name in ipairs(names.indicator) do
        if math.floor(value / 2 ^ (bit - 1)) % 2 == 1 then
            found[#found + 1] = name
        end
    end
    return #found > 0 and table.concat(found, ", ") or nil
end

local function form(context, item, node, text)
    show.value(context, item, "cmw.form", node.source, node.at, node.to, text):set_generated()
end

-- The value of a record or a tag: its octets, and below them what they are.
local function value(context, item, node, media_type)
    show.node(context, item, node, { f = "cmw.value", k = "open", open = function(_, inner, part)
        content.open(context, inner, part, media_type)
    end })
end

-- The type of a record; gives its media type.
local function record_type(context, item, node)
    if node.kind == "int" and not node.json then
        if node.value and node.value >= 0 and node.value <= 65535 then
            show.value(context, item, "cmw.content_format", node.source, node.at, node.to, node.value)
            return content.type_of_format(node.value)
        end
        show.expert(show.any(context, item, node, "type"), "violation",
            "type: a content format is 0 to 65535")
        return ""
    end
    local inner = show.node(context, item, node, { f = "cmw.media_type", k = "text" })
    if node.kind == "text" and not node.value:find("/", 1, true) then
        show.expert(inner, "violation", "type: a media type has a slash")
    end
    return node.kind == "text" and node.value or ""
end

local function record(context, item, node)
    local items = node.items
    if #items < 2 or #items > 3 then
        show.expert(item, "violation", ("A record has 2 or 3 members, this one %d"):format(#items))
    end
    local media_type = items[1] and record_type(context, item, items[1])
    if items[2] then
        value(context, item, items[2], media_type)
    end
    local ind = items[3]
    if ind and ind.kind == "int" and ind.value and ind.value > 0 and ind.value < 2 ^ 32 then
        local text = indicator(ind.value)
        local inner = show.value(context, item, "cmw.ind", ind.source, ind.at, ind.to, ind.value)
        inner:append_text(text and " (" .. text .. ")" or "")
    elseif ind then
        show.expert(show.any(context, item, ind, "ind"), "violation",
            "ind: a number of 4 octets, not 0")
    end
    for index = 4, #items do
        show.any(context, item, items[index])
    end
end

local function tagged(context, item, node)
    local number = node.number < 2 ^ 32 and format_of_tag(node.number)
    if not number then
        return show.expert(show.any(context, item, node), "violation",
            "Neither a tag of a content format (RFC 9277) nor a signed CMW")
    end
    show.value(context, item, "cmw.tag", node.source, node.at, node.to, node.number)
    show.value(context, item, "cmw.content_format", node.source, node.at, node.to, number):set_generated()
    value(context, item, node.items[1], content.type_of_format(number))
end

local function collection(context, item, node)
    local members = 0
    for _, pair in ipairs(node.pairs) do
        local key, inner = pair.key, pair.value
        if key.kind == "text" and key.value == "__cmwc_t" then
            show.node(context, item, inner, { f = "cmw.collection_type", k = "text" })
        else
            members = members + 1
            local label = key.kind == "text" and show.printable(key.value) or key.text or key.kind
            local below = show.value(context, item, "cmw.label", key.source, key.at, key.to, label)
            cmw.node(context, below, inner)
            if key.kind ~= "text" and (key.kind ~= "int" or key.json) then
                show.expert(below, "violation", "A label is text or an integer")
            end
        end
    end
    if members == 0 and not node.problem then
        show.expert(item, "violation", "A collection without a member")
    end
end

-- A CMW that was read already.
function cmw.node(context, item, node)
    local kind = node.json and "JSON " or ""
    if node.kind == "array" and #node.items == 4 and not node.json and node.items[4].kind == "bytes" then
        form(context, item, node, "signed (COSE_Sign1)")
        content.signed(context, item, node, "application/cmw+cbor")
    elseif node.kind == "array" then
        form(context, item, node, kind .. "record")
        record(context, item, node)
    elseif node.kind == "map" and node.json and content.is_jws(node) then
        form(context, item, node, "signed (JWS)")
        show.any(context, item, node)
    elseif node.kind == "map" then
        form(context, item, node, kind .. "collection")
        collection(context, item, node)
    elseif node.kind == "tag" and node.number == 18 then
        form(context, item, node, "signed (COSE_Sign1)")
        content.signed(context, item, node, "application/cmw+cbor")
    elseif node.kind == "tag" then
        form(context, item, node, "tag")
        tagged(context, item, node)
    else
        show.expert(show.any(context, item, node), "malformed", "Not a CMW: " .. node.kind)
    end
end

-- A CMW in whatever form.
function cmw.open(context, item, part)
    local first = source.octets(part.source, part.from, part.from + 1)
    if first:match("[%[{ \t\r\n]") then
        cmw.node(context, item, content.parse(item, part, json))
    elseif first:match("[%w_-]") and source.octets(part.source, part.from, part.till):match("^[%w_.-]+$") then
        show.value(context, item, "cmw.form", part.source, part.from, part.till, "signed (JWS)"):set_generated()
        content.formats["application/jose"](context, item, part, "application/cmw+json")
    else
        cmw.node(context, item, content.parse(item, part))
    end
end

content.formats["application/cmw+cbor"] = cmw.open
content.formats["application/cmw+json"] = cmw.open
content.formats["application/cmw+cose"] = cmw.open
content.formats["application/cmw+jws"] = cmw.open
content.formats["application/cmw"] = cmw.open
content.formats["application/vnd.veraison.cmw"] = cmw.open

return cmw
