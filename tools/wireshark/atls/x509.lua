-- SPDX-License-Identifier: Apache-2.0
-- CMW in a certificate: the extension id-pe-cmw (RFC 9999, 6.1), a CHOICE of UTF8String and OCTET STRING.
-- Wireshark's dissector of certificates asks for whoever knows the extension's OID.

if ... ~= "atls.x509" then return end

local cmw = require "atls.cmw"
local show = require "atls.show"
local source = require "atls.source"

local UTF8_STRING, OCTET_STRING = 0x0c, 0x04

-- Where the content of the one DER item in a Tvb begins and ends; nil where it is none of ours.
local function content_of(tvb)
    local length = tvb:len()
    local tag = length >= 2 and tvb(0, 1):uint()
    if tag ~= UTF8_STRING and tag ~= OCTET_STRING then
        return nil
    end
    local first, at = tvb(1, 1):uint(), 2
    if first >= 0x80 then
        local width = first - 0x80
        if width < 1 or width > 3 or length < 2 + width then
            return nil
        end
        first, at = tvb(2, width):uint(), 2 + width
    end
    if at + first == length and first > 0 then
        return at, length
    end
end

return function(tvb, _, tree)
    local from, till = content_of(tvb)
    if not from then
        return 0
    end
    local src = source.of_tvb(tvb, 0, tvb:len())
    local context = { left = show.MAX_ITEMS, nonces = {} }
    local item = show.heading(context, tree, "cmw", src, from, till)
    show.guarded(item, function()
        cmw.open(context, item, { source = src, from = from, till = till, depth = 1 })
    end)
    return tvb:len()
end
