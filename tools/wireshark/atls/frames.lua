-- SPDX-License-Identifier: Apache-2.0
-- The exchange after the handshake, and data among which there are rounds (PROTOCOL.md, section 11): frames
-- of type u8, length u24, body, in the application data of a connection whose ALPN is atls/1 or atls/1+P.

if ... ~= "atls.frames" then return end

local cmw = require "atls.cmw"
local extension = require "atls.extension"
local names = require "atls.names"
local show = require "atls.show"
local source = require "atls.source"

local HELLO, REQUEST, AUTHENTICATOR, DONE, DATA, CLOSE = 1, 2, 3, 4, 5, 6
local HEAD, CMW_ATTESTATION, SCHEMES = 4, 0xff5f, 0xff60
local CERTIFICATE, CERTIFICATE_REQUEST, CLIENT_CERTIFICATE_REQUEST = 11, 13, 17
local longest = { 64, 32768, 131072, 0, 16380, 1 }

local frames = { protocol = Proto("atls_frames", "Attested TLS after the handshake") }
local of_stream = Field.new("tcp.stream")
local streams = {} -- by number of the TCP stream, then by sender

function frames.protocol.init()
    streams = {}
end

local function uint(src, at, width)
    local value = 0
    for index = at + 1, at + width do
        value = value * 256 + (src.raw:byte(index) or error("past the end"))
    end
    return value
end

-- A vector at `at` whose length has `width` octets, in [.., till): where its content begins and ends.
local function vector(src, at, width, till)
    if at + width > till then
        return nil
    end
    local from = at + width
    local to = from + uint(src, at, width)
    if to <= till then
        return from, to
    end
end

local function malformed(item, text)
    show.expert(item, "malformed", "Not well-formed: " .. text)
end

-- Extensions in [from, till); `each` is called with type, content and item.
local function extensions(context, tree, src, from, till, each)
    while from < till do
        local begins, ends = vector(src, from + 2, 2, till)
        if not begins then
            return malformed(tree, "an extension goes past the end")
        end
        local item = show.octets(context, tree, "frame.extension", src, from, from + 2)
        item:set_len(ends - from)
        each(uint(src, from, 2), begins, ends, item)
        from = ends
    end
end

-- behind_context shows the certificate_request_context; gives the vector that is the rest, or nothing.
local function behind_context(context, tree, src, from, till, width, otherwise)
    local begins, ends = vector(src, from, 1, till)
    if not begins then
        malformed(tree, "no certificate_request_context")
        return nil
    end
    if ends > begins then
        show.octets(context, tree, "frame.context", src, begins, ends)
    end
    begins, ends = vector(src, ends, width, till)
    if not begins or ends ~= till then
        malformed(tree, otherwise)
        return nil
    end
    return begins, ends
end

local function request(context, tree, src, from, till)
    local begins, ends = behind_context(context, tree, src, from, till, 2, "the extensions do not end with the message")
    if not begins then
        return
    end
    extensions(context, tree, src, begins, ends, function(kind, first, last, item)
        if kind == SCHEMES then
            extension.schemes(context, item, "frame.schemes", { source = src, from = first, till = last }, first)
        end
    end)
end

local function credential(context, tree, src, from, till)
    local begins, ends = vector(src, from, 2, till)
    if not begins or ends ~= till or begins == ends then
        return malformed(tree, "cmw_data does not fill the extension")
    end
    local item = show.heading(context, tree, "cmw", src, begins, ends)
    show.guarded(item, function()
        cmw.open(context, item, { source = src, from = begins, till = ends, depth = 1 })
    end)
end

local function certificate(context, tree, src, from, till)
    local begins, ends = behind_context(context, tree, src, from, till, 3, "certificate_list does not end with the message")
    if not begins then
        return
    end
    local at = begins
    while at < ends do
        local first, last = vector(src, at, 3, ends)
        if not first or first == last then
            return malformed(tree, "a certificate goes past the end, or is empty")
        end
        show.octets(context, tree, "frame.certificate", src, first, last)
        first, last = vector(src, last, 2, ends)
        if not first then
            return malformed(tree, "the extensions of a certificate go past the end")
        end
        extensions(context, tree, src, first, last, function(kind, inner, outer, item)
            if kind == CMW_ATTESTATION then
                credential(context, item, src, inner, outer)
            end
        end)
        at = last
    end
end

-- Handshake messages (RFC 9261) in [from, till).
local function messages(context, tree, src, from, till)
    while from < till do
        local begins, ends = vector(src, from + 1, 3, till)
        if not begins then
            return malformed(tree, "a message goes past the end")
        end
        local kind = uint(src, from, 1)
        local item = show.octets(context, tree, "frame.message", src, from, from + 1)
        item:set_len(ends - from)
        if kind == CERTIFICATE then
            certificate(context, item, src, begins, ends)
        elseif kind == CERTIFICATE_REQUEST or kind == CLIENT_CERTIFICATE_REQUEST then
            request(context, item, src, begins, ends)
        end
        from = ends
    end
end

local function hello(context, tree, src, from, till)
    if till - from < 2 then
        return malformed(tree, "HELLO has no version and flags")
    end
    show.octets(context, tree, "frame.version", src, from, from + 1)
    show.octets(context, tree, "frame.asks", src, from + 1, from + 2)
    show.octets(context, tree, "frame.framed", src, from + 1, from + 2)
    return math.floor(uint(src, from + 1, 1) / 2) % 2 == 1
end

local function body(context, tree, kind, src, till)
    if kind == HELLO then
        return hello(context, tree, src, HEAD, till)
    elseif kind == REQUEST or kind == AUTHENTICATOR then
        messages(context, tree, src, HEAD, till)
        for _, one in ipairs(context.nonces) do
            show.octets(context, tree, "nonce", one.src, one.from, one.to):set_generated()
        end
    elseif kind == DATA then
        show.octets(context, tree, "frame.data", src, HEAD, till)
    elseif kind == CLOSE then
        show.octets(context, tree, "frame.alert", src, HEAD, till)
    end
end

-- What is known of a side of a connection: framed (its HELLO said so), done (number of the frame).
local function sides(pinfo)
    local stream = of_stream()
    local number = stream and stream.value or -1
    local from, to = tostring(pinfo.src) .. " " .. pinfo.src_port, tostring(pinfo.dst) .. " " .. pinfo.dst_port
    streams[number] = streams[number] or {}
    local known = streams[number]
    known[from], known[to] = known[from] or {}, known[to] or {}
    return known[from], known[to]
end

-- What follows DONE is the application's own, unless both sides frame their data.
local function is_plain(own, peer, pinfo)
    return own.done and not (own.framed and peer.framed) and
        (pinfo.number > own.done or own.ended == pinfo.number)
end

local function show_frame(tvb, at, len, kind, pinfo, root, own)
    local src = source.of_tvb(tvb, at, HEAD + len)
    local context = { left = show.MAX_ITEMS, nonces = {} }
    local tree = root:add(frames.protocol, source.range(src, 0, HEAD + len))
    tree:append_text(": " .. names.frame[kind])
    show.octets(context, tree, "frame.type", src, 0, 1)
    show.octets(context, tree, "frame.length", src, 1, HEAD)
    show.guarded(tree, function()
        local framed = body(context, tree, kind, src, HEAD + len)
        own.framed = own.framed or framed
    end)
    if kind == DONE then
        own.done, own.ended = own.done or pinfo.number, pinfo.number
    end
    pinfo.cols.info:append((" [%s]"):format(names.frame[kind]))
end

function frames.protocol.dissector(tvb, pinfo, root)
    local own, peer = sides(pinfo)
    local at = 0
    if own.ended and own.ended ~= pinfo.number then
        own.ended = nil
    end
    while at < tvb:len() do
        local left = tvb:len() - at
        if is_plain(own, peer, pinfo) then
            Dissector.get("data"):call(tvb(at):tvb(), pinfo, root)
            return
        end
        if left < HEAD then
            pinfo.desegment_offset, pinfo.desegment_len = at, DESEGMENT_ONE_MORE_SEGMENT
            return
        end
        local kind, len = tvb(at, 1):uint(), tvb(at + 1, 3):uint()
        if not longest[kind] or len > longest[kind] or (len == 0) ~= (kind == DONE) then
            local tree = root:add(frames.protocol, tvb(at))
            show.octets({ left = 1 }, tree, "frame.type", source.of_tvb(tvb, at, left), 0, 1)
            malformed(tree, ("no frame: type %d, length %d"):format(kind, len))
            return
        end
        if left < HEAD + len then
            pinfo.desegment_offset, pinfo.desegment_len = at, HEAD + len - left
            return
        end
        show_frame(tvb, at, len, kind, pinfo, root, own)
        at = at + HEAD + len
    end
end

local protocols = DissectorTable.get("tls.alpn")
protocols:add("atls/1", frames.protocol)
local added = { ["atls/1"] = true }

-- A ClientHello offers these protocols: any that names an application behind atls/1 is ours.
function frames.offered(infos)
    for _, info in ipairs(infos) do
        local name = tostring(info.value)
        if not added[name] and name:match("^atls/1%+.") then
            added[name] = true
            protocols:add(name, frames.protocol)
        end
    end
end

return frames
