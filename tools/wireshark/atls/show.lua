-- SPDX-License-Identifier: Apache-2.0
-- Puts nodes of cbor.lua and json.lua into the tree, by tables that say what a member is called and
-- what it must be. A row: f the field; k its kind (bytes, text, int, time, bool, map, array, list,
-- open), and by kind: lens the lengths that are right, m the rows of members, must the keys that may
-- not be absent, i the row of each item, names, note(value), open(context, item, node). A row without
-- k shows whatever there is.
--
-- The context of one frame: left, how many items may still be added; nonces, those that were seen.

if ... ~= "atls.show" then return end

local fields = require "atls.fields"
local source = require "atls.source"

local show = { LIMIT = "atls: as many items as are shown", MAX_ITEMS = 20000 }

-- One item more. Whoever reaches the limit ends the whole frame: show.guarded catches it.
local function count(context)
    context.left = context.left - 1
    if context.left < 0 then
        error(show.LIMIT, 0)
    end
end

-- Runs what adds items; past the limit the rest is left out, and `item` says so.
function show.guarded(item, run)
    local ok, problem = pcall(run)
    if not ok and problem == show.LIMIT then
        item:add_proto_expert_info(fields.experts.cut, "Not all is shown: more than " ..
            show.MAX_ITEMS .. " items")
    elseif not ok then
        error(problem, 0)
    end
end

function show.expert(item, kind, text)
    item:add_proto_expert_info(fields.experts[kind], text)
end

-- A field whose value are the octets [from, to) themselves.
function show.octets(context, tree, key, src, from, to)
    count(context)
    return tree:add(fields.by[key], source.range(src, from, to))
end

-- A field over [from, to) with a value that was computed.
function show.value(context, tree, key, src, from, to, value)
    count(context)
    return tree:add(fields.by[key], source.range(src, from, to), value)
end

-- A heading over [from, to).
function show.heading(context, tree, key, src, from, to, text)
    local item = show.octets(context, tree, key, src, from, to)
    if text then
        item:append_text(": " .. text)
    end
    return item
end

-- Text that Wireshark may have: without octets that are no text, and not endless.
function show.printable(text, limit)
    local cut = #text > (limit or 200)
    text = text:sub(1, limit or 200):gsub("[^ -~]", function(octet)
        return ("\\x%02x"):format(octet:byte())
    end)
    return cut and text .. "…" or text
end

local function described(node)
    if node.kind == "bytes" then
        return source.hex(node.value:sub(1, 64)) .. (#node.value > 64 and "…" or "")
    elseif node.kind == "text" then
        return '"' .. show.printable(node.value) .. '"'
    elseif node.kind == "array" then
        return ("array of %d"):format(#node.items)
    elseif node.kind == "map" then
        return ("map of %d"):format(#node.pairs)
    elseif node.kind == "tag" then
        return "tag " .. node.text
    end
    return node.text or (node.value == nil and "not readable" or tostring(node.value))
end

local function children(context, item, node)
    for index, inner in ipairs(node.items or {}) do
        show.any(context, item, inner, node.kind == "tag" and "value" or ("[%d]"):format(index - 1))
    end
    for _, pair in ipairs(node.pairs or {}) do
        show.any(context, item, pair.value, described(pair.key))
    end
end

-- A node that no table names, with all that is inside.
function show.any(context, tree, node, label)
    local text = (label and show.printable(label, 100) .. ": " or "") .. described(node)
    local item = show.value(context, tree, "item", node.source, node.at, node.to, text)
    item:set_text(text)
    children(context, item, node)
    return item
end

-- A node of another kind than its table says.
local function wrong(context, tree, node, row)
    local item = show.any(context, tree, node, fields.called[row.f])
    if node.kind ~= "unread" then
        show.expert(item, "violation", ("%s: %s where %s is expected"):format(fields.called[row.f],
            node.kind, row.k == "open" and "bytes" or row.k))
    end
    return item
end

local function has(list, value)
    for _, one in ipairs(list) do
        if one == value then
            return true
        end
    end
    return false
end

local shown = {}

-- Octets; in JSON they come as base64url, and what they were decoded to is a source of its own.
local function octets_of(node, name)
    if node.kind == "bytes" and not node.pieces then
        return node.source, node.from, node.till
    elseif node.json and node.kind == "text" then
        local octets = source.from_base64(node.value)
        if octets and #octets > 0 then
            return source.of_decoded(octets, name), 0, #octets
        end
    end
end

function shown.bytes(context, tree, node, row)
    local src, from, till = octets_of(node, fields.called[row.f])
    if not src then
        return
    end
    local item = show.octets(context, tree, row.f, src, from, till)
    if row.lens and not has(row.lens, till - from) then
        show.expert(item, "violation", ("%d octets, expected %s"):format(till - from,
            table.concat(row.lens, " or ")))
    end
    if row.nonce then
        context.nonces[#context.nonces + 1] = { src = src, from = from, to = till, where = row.f }
    end
    return item, source.octets(src, from, till)
end

function shown.text(context, tree, node, row)
    if node.kind ~= "text" then
        return
    end
    count(context)
    if node.escaped or node.pieces then
        return tree:add(fields.by[row.f], source.range(node.source, node.at, node.to),
            show.printable(node.value, 4096)), node.value
    end
    return tree:add_packet_field(fields.by[row.f], source.range(node.source, node.from, node.till),
        ENC_UTF_8), node.value
end

-- The number of a name, where JSON has the name.
local function number_of(names, text)
    for number, name in pairs(names or {}) do
        if name == text then
            return number
        end
    end
end

function shown.int(context, tree, node, row)
    local value = node.kind == "int" and node.value
    if node.kind == "text" then
        value = number_of(row.names, node.value)
    end
    if not value or value < -2147483648 or value > 2147483647 then
        return
    end
    return show.value(context, tree, row.f, node.source, node.at, node.to, value), value
end

-- A number of 64 bits; seconds since 1970 with their date behind.
local function long(context, tree, node, row)
    if node.kind ~= "int" or not node.value then
        return
    end
    return show.value(context, tree, row.f, node.source, node.at, node.to, Int64(node.value)),
        node.value
end
shown.long = long

function shown.time(context, tree, node, row)
    local item, value = long(context, tree, node, row)
    if node.kind == "float" and node.value and math.abs(node.value) < 2 ^ 53 then -- some write fractions
        value = math.floor(node.value)
        item = show.value(context, tree, row.f, node.source, node.at, node.to, Int64(value))
    end
    if item and value >= 0 and value < 253402300800 then -- the year 10000
        item:append_text(os.date("! (%Y-%m-%dT%H:%M:%SZ)", value))
    end
    return item, value
end

function shown.bool(context, tree, node, row)
    if node.kind == "bool" then
        return show.value(context, tree, row.f, node.source, node.at, node.to, node.value), node.value
    end
end

function shown.open(context, tree, node, row)
    local src, from, till = octets_of(node, fields.called[row.f])
    if not src then
        return
    end
    local item = show.octets(context, tree, row.f, src, from, till)
    row.open(context, item, { source = src, from = from, till = till, depth = node.depth + 1 })
    return item
end

-- The name under which a table has a key.
local function known(rows, key)
    if key.kind == "text" then
        return key.value
    end
    return key.kind == "int" and key.value or nil
end

function show.members(context, item, node, rows, must)
    local seen = {}
    for _, pair in ipairs(node.pairs) do
        local key = known(rows, pair.key)
        local row = key ~= nil and rows[key] or nil
        if row then
            seen[row.f or key] = true
            show.node(context, item, pair.value, row)
        else
            show.any(context, item, pair.value, described(pair.key))
        end
    end
    for _, name in ipairs(must or {}) do
        if not seen[name] then
            show.expert(item, "violation", fields.called[name] .. " is missing")
        end
    end
end

function shown.map(context, tree, node, row)
    if node.kind ~= "map" then
        return
    end
    local item = show.heading(context, tree, row.f, node.source, node.at, node.to)
    show.members(context, item, node, row.m, row.must)
    return item
end

function shown.array(context, tree, node, row)
    if node.kind ~= "array" then
        return
    end
    local item = show.heading(context, tree, row.f, node.source, node.at, node.to,
        ("%d"):format(#node.items))
    for _, inner in ipairs(node.items) do
        show.node(context, item, inner, row.i)
    end
    return item
end

-- One, or an array of them, all under the same field.
function shown.list(context, tree, node, row)
    if node.kind ~= "array" then
        return show.node(context, tree, node, row.i)
    end
    local last
    for _, inner in ipairs(node.items) do
        last = show.node(context, tree, inner, row.i)
    end
    return last or show.any(context, tree, node, fields.called[row.i.f])
end

-- A map of names that nobody prescribes: each an item under its name.
function shown.named(context, tree, node, row)
    if node.kind ~= "map" then
        return
    end
    local item = show.heading(context, tree, row.f, node.source, node.at, node.to)
    for _, pair in ipairs(node.pairs) do
        row.each(context, item, pair.key, pair.value)
    end
    return item
end

-- A node, as its row says.
function show.node(context, tree, node, row)
    if not row.k then
        return show.any(context, tree, node, row.name or fields.called[row.f])
    elseif type(row.k) == "function" then
        return row.k(context, tree, node, row)
    end
    local item, value = shown[row.k](context, tree, node, row)
    if not item then
        return wrong(context, tree, node, row)
    end
    if row.note and value ~= nil then
        local text = row.note(value)
        if text then
            item:append_text(" (" .. text .. ")")
        end
    end
    return item
end

-- What the reader of a node found: expert infos at the item that holds it.
function show.problems(item, node)
    if node.problem then
        show.expert(item, "malformed", ("Not well-formed: %s, at octet %d"):format(node.problem.what,
            node.problem.at))
    end
    for _, note in ipairs(node.notes) do
        show.expert(item, "encoding", ("%s, at octet %d"):format(note.what, note.at))
    end
end

return show
