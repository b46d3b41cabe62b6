-- SPDX-License-Identifier: Apache-2.0
-- CBOR (RFC 8949) as nodes that know where they stand. Reading stops at the first octet that makes no
-- sense and gives what came before it, with the reason: a dissector shows as much as can be read.
--
-- A node: kind (int, bytes, text, array, map, tag, bool, null, float, unread), source, at, to, depth;
-- value (of int: only below 2^53, `text` always); from, till: the content of bytes and text;
-- items of an array, pairs of a map (key and value), number and items[1] of a tag.

if ... ~= "atls.cbor" then return end

local source = require "atls.source"

local cbor = { MAX_DEPTH = 16, MAX_ITEMS = 100000 }
local EXACT = 2 ^ 53 -- up to here a number of Lua 5.2 is exact

local Reader = {}
Reader.__index = Reader

function Reader:fail(at, what)
    self.problem = self.problem or { at = at, what = what }
end

function Reader:note(at, what)
    if #self.notes < 32 then
        self.notes[#self.notes + 1] = { at = at, what = what }
    end
end

-- A number of `width` octets: its value while exact, and as text.
function Reader:number(width, negative)
    local at = self.at
    if self.upto - at < width then
        return self:fail(at, "a number that goes past the end")
    end
    self.at = at + width
    local value = 0
    for index = at + 1, self.at do
        value = value * 256 + self.source.raw:byte(index)
        if value >= EXACT then
            return EXACT, self:large(at, negative)
        end
    end
    value = negative and -1 - value or value
    return value, ("%d"):format(value)
end

function Reader:large(at, negative)
    local value = source.range(self.source, at, at + 8):uint64()
    if not negative then
        return tostring(value)
    end
    local above = value + UInt64(1, 0)
    return above == UInt64(0, 0) and "-18446744073709551616" or "-" .. tostring(above)
end

local widths = { [24] = 1, [25] = 2, [26] = 4, [27] = 8 }

-- Major type, argument, its text, additional information; nil when there is none.
function Reader:head()
    local at = self.at
    local first = at < self.upto and self.source.raw:byte(at + 1)
    if not first then
        return self:fail(at, "cut off: an item is missing")
    end
    self.at = at + 1
    local major, info = math.floor(first / 32), first % 32
    if info < 24 then
        local value = major == 1 and -1 - info or info
        return major, value, ("%d"):format(value), info
    elseif info == 31 then
        return major, nil, nil, info
    elseif info > 27 then
        return self:fail(at, "additional information " .. info)
    end
    local width = widths[info]
    local value, text = self:number(width, major == 1)
    if value and major < 7 then
        local size = value < 0 and -1 - value or value
        if size < 24 or (width > 1 and size < 256 ^ (width / 2)) then
            self:note(at, "a number that is not in its shortest form")
        end
    end
    return value and major, value, text, info
end

function Reader:integer(node, value, text, info)
    if info == 31 then
        return self:fail(node.at, "an integer without a value")
    end
    node.kind, node.text = "int", text
    if value < EXACT and value > -EXACT then
        node.value = value
    end
end

-- Pieces of a string of indefinite length, until the break.
function Reader:pieces(node, major)
    local found = {}
    while not self.problem do
        local at = self.at
        local inner, length, _, info = self:head()
        if inner == 7 and info == 31 then
            node.value, node.pieces = table.concat(found), true
            return
        end
        if inner ~= major or info == 31 then
            return self:fail(at, "a piece of a string that is none")
        end
        if length > self.upto - self.at then
            return self:fail(at, "a string that goes past the end")
        end
        found[#found + 1] = source.octets(self.source, self.at, self.at + length)
        self.at = self.at + length
    end
end

function Reader:string(node, major, length, info)
    node.kind = major == 2 and "bytes" or "text"
    node.from = self.at
    if info == 31 then
        self:pieces(node, major)
        node.value = node.value or ""
    elseif length > self.upto - self.at then
        self:fail(node.at, ("a string of %.0f octets where %d are left"):format(length,
            self.upto - self.at))
        self.at = self.upto -- what is there of it is shown
        node.value = source.octets(self.source, node.from, self.at)
    else
        self.at = self.at + length
        node.value = source.octets(self.source, node.from, self.at)
    end
    node.till = self.at
end

-- Whether a break ends an array or map of indefinite length here.
function Reader:at_break()
    if self.at < self.upto and self.source.raw:byte(self.at + 1) == 0xff then
        self.at = self.at + 1
        return true
    end
    return false
end

function Reader:children(node, count, info, one)
    if info ~= 31 and count > self.upto - self.at then
        self:fail(node.at, ("%.0f members where %d octets are left"):format(count, self.upto - self.at))
    end
    local done = 0
    while not self.problem and (info == 31 and not self:at_break() or info ~= 31 and done < count) do
        one()
        done = done + 1
    end
end

function Reader:array(node, count, info)
    node.kind, node.items = "array", {}
    self:children(node, count, info, function()
        node.items[#node.items + 1] = self:item(node.depth + 1)
    end)
end

-- What makes two keys the same.
local function identity(key)
    return key.kind .. ":" .. tostring(key.text or key.value)
end

function Reader:map(node, count, info)
    node.kind, node.pairs = "map", {}
    local seen = {}
    self:children(node, count, info, function()
        local key = self:item(node.depth + 1)
        if self.problem then
            return
        end
        if seen[identity(key)] and key.kind ~= "array" and key.kind ~= "map" then
            self:note(key.at, "a key that stands twice in one map")
        end
        seen[identity(key)] = true
        node.pairs[#node.pairs + 1] = { key = key, value = self:item(node.depth + 1) }
    end)
end

function Reader:tag(node, number, text, info)
    if info == 31 then
        return self:fail(node.at, "a tag without a number")
    end
    node.kind, node.number, node.text = "tag", number, text
    node.items = { self:item(node.depth + 1) }
end

local function half(number)
    local sign = number >= 0x8000 and -1 or 1
    local exponent, mantissa = math.floor(number / 1024) % 32, number % 1024
    if exponent == 0 then
        return sign * mantissa * 2 ^ -24
    elseif exponent == 31 then
        return mantissa == 0 and sign * math.huge or 0 / 0
    end
    return sign * (1024 + mantissa) * 2 ^ (exponent - 25)
end

function Reader:simple(node, value, info)
    if info == 31 then
        return self:fail(node.at, "a break where an item is expected")
    elseif info >= 25 then
        node.kind = "float"
        node.value = info == 25 and half(value) or
            source.range(self.source, node.at + 1, self.at):float()
    elseif value == 20 or value == 21 then
        node.kind, node.value = "bool", value == 21
    else
        node.kind = "null" -- null, undefined, and simple values that nobody uses
        node.text = ({ [22] = "null", [23] = "undefined" })[value] or ("simple(%d)"):format(value)
    end
end

function Reader:item(depth)
    local node = { kind = "unread", source = self.source, at = self.at, depth = depth }
    self.left = self.left - 1
    if depth > cbor.MAX_DEPTH then
        self:fail(self.at, ("nested deeper than %d"):format(cbor.MAX_DEPTH))
    elseif self.left < 0 then
        self:fail(self.at, ("more than %d items"):format(cbor.MAX_ITEMS))
    else
        local major, value, text, info = self:head()
        if major == 0 or major == 1 then
            self:integer(node, value, text, info)
        elseif major == 2 or major == 3 then
            self:string(node, major, value, info)
        elseif major == 4 then
            self:array(node, value, info)
        elseif major == 5 then
            self:map(node, value, info)
        elseif major == 6 then
            self:tag(node, value, text, info)
        elseif major == 7 then
            self:simple(node, value, info)
        end
    end
    node.to = self.at
    return node
end

-- The one item that [from, to) of a source is; `depth` is that of whatever it is embedded in.
-- Gives the node, and in it problem {at, what} or nil, and notes of the same form.
function cbor.parse(src, from, to, depth)
    local reader = setmetatable({ source = src, at = from, upto = to, left = cbor.MAX_ITEMS, notes = {} },
        Reader)
    local node = reader:item(depth)
    if not reader.problem and reader.at < to then
        reader:fail(reader.at, ("%d octets behind the end"):format(to - reader.at))
    end
    node.problem, node.notes = reader.problem, reader.notes
    return node
end

return cbor
