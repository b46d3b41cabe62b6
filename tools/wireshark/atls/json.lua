-- SPDX-License-Identifier: Apache-2.0
-- JSON (RFC 8259) as the same nodes that cbor.lua makes, marked `json`.

if ... ~= "atls.json" then return end

local json = { MAX_DEPTH = 16, MAX_ITEMS = 100000 }

local Reader = {}
Reader.__index = Reader

function Reader:fail(at, what)
    self.problem = self.problem or { at = at, what = what }
end

-- What a pattern finds here; moves behind it.
function Reader:take(pattern)
    local found = self.text:match("^" .. pattern, self.at - self.first + 1)
    if found then
        self.at = self.at + #found
    end
    return found
end

function Reader:space()
    self:take("[ \t\r\n]*")
end

-- UTF-8 of a code point.
local function utf8_of(code)
    if code < 0x80 then
        return string.char(code)
    elseif code < 0x800 then
        return string.char(0xc0 + math.floor(code / 64), 0x80 + code % 64)
    elseif code < 0x10000 then
        return string.char(0xe0 + math.floor(code / 4096), 0x80 + math.floor(code / 64) % 64,
            0x80 + code % 64)
    end
    return string.char(0xf0 + math.floor(code / 262144), 0x80 + math.floor(code / 4096) % 64,
        0x80 + math.floor(code / 64) % 64, 0x80 + code % 64)
end

local escapes = { b = "\b", f = "\f", n = "\n", r = "\r", t = "\t", ['"'] = '"', ["\\"] = "\\",
    ["/"] = "/" }

function Reader:escape()
    local at = self.at
    local letter = self.text:sub(at - self.first + 2, at - self.first + 2)
    self.at = math.min(at + 2, self.first + #self.text)
    if letter == "u" then
        local high = tonumber(self:take("%x%x%x%x") or "", 16)
        if high and high >= 0xd800 and high < 0xdc00 and self:take("\\u") then
            local low = tonumber(self:take("%x%x%x%x") or "", 16)
            high = low and low >= 0xdc00 and low < 0xe000 and
                0x10000 + (high - 0xd800) * 1024 + (low - 0xdc00)
        end
        if high and (high < 0xd800 or high > 0xdfff) then
            return utf8_of(high)
        end
    elseif escapes[letter] then
        return escapes[letter]
    end
    self:fail(at, "an escape that means nothing")
    return ""
end

function Reader:string(node)
    local found = {}
    self.at = self.at + 1
    node.kind, node.from = "text", self.at
    while not self.problem do
        found[#found + 1] = self:take('[^"\\%c]+')
        if self:take('"') then
            break
        elseif self.text:sub(self.at - self.first + 1, self.at - self.first + 1) == "\\" then
            node.escaped = true
            found[#found + 1] = self:escape()
        else
            self:fail(self.at, "a string without its end")
        end
    end
    node.value = table.concat(found)
    node.till = math.max(node.from, self.at - (self.problem and 0 or 1))
end

function Reader:number(node)
    local text = self:take("%-?%d+%.?%d*[eE]?[+-]?%d*")
    local value = text and tonumber(text)
    if not value then
        return self:fail(node.at, "a value that is none")
    end
    node.text, node.kind = text, "float"
    if text:match("^%-?%d+$") then
        node.kind = "int"
        value = math.abs(value) < 2 ^ 53 and value or nil
    end
    node.value = value
end

-- Members between brackets, commas between them.
function Reader:members(close, one)
    self.at = self.at + 1
    self:space()
    if self:take(close) then
        return
    end
    while not self.problem do
        one()
        self:space()
        if self.problem or self:take(close) then
            return
        elseif not self:take(",") then
            self:fail(self.at, "neither a comma nor the end of what began")
        end
        self:space()
    end
end

function Reader:array(node)
    node.kind, node.items = "array", {}
    self:members("%]", function()
        node.items[#node.items + 1] = self:item(node.depth + 1)
    end)
end

function Reader:object(node)
    local seen = {}
    node.kind, node.pairs = "map", {}
    self:members("}", function()
        local key = self:item(node.depth + 1)
        self:space()
        if key.kind ~= "text" then
            return self:fail(key.at, "a name that is no string")
        elseif not self:take(":") then
            return self:fail(self.at, "a name without a value")
        elseif seen[key.value] and #self.notes < 32 then
            self.notes[#self.notes + 1] = { at = key.at, what = "a name that stands twice" }
        end
        seen[key.value] = true
        self:space()
        node.pairs[#node.pairs + 1] = { key = key, value = self:item(node.depth + 1) }
    end)
end

local words = { ["true"] = { "bool", true }, ["false"] = { "bool", false }, null = { "null" } }

function Reader:word(node)
    local text = self:take("%l+")
    if not words[text] then
        return self:fail(node.at, "a word that is none")
    end
    node.kind, node.value, node.text = words[text][1], words[text][2], text
end

function Reader:item(depth)
    local node = { kind = "unread", json = true, source = self.source, at = self.at, depth = depth }
    local first = self.text:sub(self.at - self.first + 1, self.at - self.first + 1)
    self.left = self.left - 1
    if depth > json.MAX_DEPTH or self.left < 0 then
        self:fail(self.at, depth > json.MAX_DEPTH and "nested deeper than 16" or "too many items")
    elseif first == '"' then
        self:string(node)
    elseif first == "[" then
        self:array(node)
    elseif first == "{" then
        self:object(node)
    elseif first:match("%l") then
        self:word(node)
    else
        self:number(node)
    end
    node.to = self.at
    return node
end

-- The one value that [from, to) of a source is: as cbor.parse.
function json.parse(src, from, to, depth)
    local reader = setmetatable({ source = src, text = src.raw:sub(from + 1, to), first = from,
        at = from, left = json.MAX_ITEMS, notes = {} }, Reader)
    reader:space()
    local node = reader:item(depth)
    reader:space()
    if not reader.problem and reader.at < to then
        reader:fail(reader.at, "something behind the end")
    end
    node.problem, node.notes = reader.problem, reader.notes
    return node
end

return json
