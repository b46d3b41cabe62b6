-- SPDX-License-Identifier: Apache-2.0
-- Wireshark: the remoteAttestation extension of TLS 1.3 and the credentials in it.
--
-- Wireshark's own dissector reads TLS, decrypts it with a key log, puts together what was split, and
-- shows extensions that it does not know as octets. This is a postdissector: it looks in each frame for
-- an extension of our type, wherever TLS found it, and shows what is in it in a tree of its own.
--
--   tshark -X lua_script:atls.lua -o tls.keylog_file:KEYS -r FILE -O atls
--
-- docs/wireshark.md in the sources has the rest. Nothing is verified.

if Proto == nil or atls_dissector_is_loaded then
    return
end
atls_dissector_is_loaded = true -- twice, from two plugin folders, would register the fields twice

local here = debug.getinfo(1, "S").source:match("^@(.*[/\\])") or "./"
package.path = here .. "?.lua;" .. package.path

local fields = require "atls.fields"
require "atls.token"
require "atls.tpm"
local extension = require "atls.extension"
local frames = require "atls.frames"
local show = require "atls.show"
local source = require "atls.source"

local DEFAULT_TYPE = 0xff5e
local protocol = Proto("atls", "Attested TLS")
protocol.fields = fields.list
protocol.experts = fields.experts
protocol.prefs.extension_type = Pref.string("ExtensionType of remoteAttestation",
    ("0x%04x"):format(DEFAULT_TYPE), "The code point, as atls has it with --extension-type: 0 to 65535, decimal or 0x…")

-- What other dissectors found: these make Wireshark keep the fields, all_field_infos gives their order.
local of_type = Field.new("tls.handshake.extension.type")
local of_message = Field.new("tls.handshake.type")
local of_stream = Field.new("tcp.stream")
local of_protocols = Field.new("tls.handshake.extensions_alpn_str")
local _ = Field.new("tls.handshake.certificate_length")

local extension_type = DEFAULT_TYPE
local streams = {} -- by number of the TCP stream: client (its address and port), offer

function protocol.init()
    streams = {}
end

function protocol.prefs_changed()
    local number = tonumber(protocol.prefs.extension_type)
    if number and number >= 0 and number <= 65535 and number % 1 == 0 then
        extension_type = number
    else
        extension_type = DEFAULT_TYPE
        report_failure(("atls.extension_type: %q is no number from 0 to 65535; 0x%04x is used"):format(
            tostring(protocol.prefs.extension_type), DEFAULT_TYPE))
    end
end

local function state_of_stream()
    local stream = of_stream()
    if not stream then
        return {}
    end
    streams[stream.value] = streams[stream.value] or {}
    return streams[stream.value]
end

-- The octets of an extension whose type is at a field: whatever Wireshark makes of them.
local function part_of(info)
    local tvb, at = info.source, info.offset
    local available = tvb and tvb:len() - at - 4
    if not available or available < 0 then
        return nil
    end
    local length = tvb(at + 2, 2):uint()
    local there = math.min(length, available)
    return { source = source.of_tvb(tvb, at + 4, there), from = 0, till = there, cut = there < length }
end

-- Every occurrence in a frame: part, message, entry, again.
local function occurrences()
    local found, message, entry, seen = {}, nil, 0, {}
    for _, info in ipairs { all_field_infos() } do
        if info.name == "tls.handshake.type" then
            message, entry, seen = info.value, 0, {}
        elseif info.name == "tls.handshake.certificate_length" then
            entry = entry + 1
        elseif info.name == "tls.handshake.extension.type" and info.value == extension_type then
            found[#found + 1] = { part = part_of(info), message = message, entry = entry,
                again = seen[entry] }
            seen[entry] = true
        end
    end
    return found
end

local function has(value, infos)
    for _, info in ipairs(infos) do
        if info.value == value then
            return true
        end
    end
    return false
end

local CLIENT_HELLO, CERTIFICATE = 1, 11

local function sender(pinfo)
    return tostring(pinfo.src) .. " " .. pinfo.src_port
end

local function show_one(context, pinfo, root, one, state)
    if one.message == CERTIFICATE and state.client then
        one.attester = state.client == sender(pinfo) and "client" or "server"
    end
    local part = one.part
    local tree = root:add(protocol, source.range(part.source, part.from, part.till))
    local name = require("atls.names").message[one.message] or "unknown message"
    show.value(context, tree, "message", part.source, part.from, part.till, one.message or 0):set_generated()
    local words = "not all is shown"
    show.guarded(tree, function()
        words = extension.show(context, tree, part, one.message, one, state) or "malformed"
    end)
    tree:append_text((": %s, %s"):format(name, words))
    pinfo.cols.info:append((" [%s]"):format(words))
end

function protocol.dissector(_, pinfo, root)
    local messages = { of_message() }
    if #messages == 0 then
        return
    end
    local state = state_of_stream()
    if has(CLIENT_HELLO, messages) then
        state.client, state.offer = sender(pinfo), { server = {}, client = {} }
        frames.offered { of_protocols() }
    end
    if not has(extension_type, { of_type() }) then
        return
    end
    for _, one in ipairs(occurrences()) do
        if one.part then
            show_one({ left = show.MAX_ITEMS, nonces = {} }, pinfo, root, one, state)
        end
    end
end

register_postdissector(protocol)

local certificate = Proto("atls_x509", "CMW in a certificate")
certificate.dissector = require "atls.x509"
DissectorTable.get("ber.oid"):add("1.3.6.1.5.5.7.1.35", certificate)
