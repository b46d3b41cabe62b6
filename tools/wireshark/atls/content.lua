-- SPDX-License-Identifier: Apache-2.0
-- What octets are, by the media type or the content format that goes with them. The files that
-- know a format put themselves into content.formats; whatever nobody knows stays octets.
--
-- A part, as openers get it: source, from, till, and depth, at which its first node stands.

if ... ~= "atls.content" then return end

local cbor = require "atls.cbor"
local json = require "atls.json"
local names = require "atls.names"
local show = require "atls.show"

local content = { formats = {} }

-- A media type without its parameters, in small letters (RFC 9110, 8.3.1).
function content.plain(media_type)
    return (media_type:lower():gsub("%s*;.*$", ""):gsub("^%s+", ""))
end

-- The node of a part, read by cbor or json; what is wrong in it is marked at `item`.
function content.parse(item, part, reader)
    local node = (reader or cbor).parse(part.source, part.from, part.till, part.depth)
    show.problems(item, node)
    return node
end

local function any_cbor(context, item, part)
    show.any(context, item, content.parse(item, part))
end

local function any_json(context, item, part)
    show.any(context, item, content.parse(item, part, json))
end

local function by_suffix(media_type)
    if media_type:match("%+cbor$") or media_type == "application/cbor" then
        return any_cbor
    elseif media_type:match("%+json$") or media_type == "application/json" then
        return any_json
    elseif media_type:match("%+cose$") then
        return content.formats["application/cose"]
    end
end

-- Shows what is in `part` below `item`.
function content.open(context, item, part, media_type)
    local plain = content.plain(media_type)
    local opener = content.formats[plain] or by_suffix(plain)
    if opener and part.till > part.from then
        opener(context, item, part)
    end
end

function content.type_of_format(number)
    return names.content_format[number] or ""
end

return content
