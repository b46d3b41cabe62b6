-- SPDX-License-Identifier: Apache-2.0
-- Octets with the place where Wireshark has them, so that what is shown is highlighted there.

if ... ~= "atls.source" then return end

local source = {}

-- Octets [at, at + length) of a Tvb. Positions in a source count from its first octet.
function source.of_tvb(tvb, at, length)
    return { tvb = tvb, base = at, raw = length > 0 and tvb:raw(at, length) or "", length = length }
end

-- Octets that were decoded: they become a tab of their own, called `name`.
function source.of_decoded(octets, name)
    return source.of_tvb(ByteArray.new(octets, true):tvb(name), 0, #octets)
end

-- The TvbRange of [from, to).
function source.range(src, from, to)
    return src.tvb(src.base + from, to - from)
end

-- The octets of [from, to) as a string.
function source.octets(src, from, to)
    return src.raw:sub(from + 1, to)
end

function source.hex(octets)
    return (octets:gsub(".", function(octet) return ("%02x"):format(octet:byte()) end))
end

local values = {}
for index = 0, 63 do
    local alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    values[alphabet:byte(index + 1)] = index
end
values[("+"):byte()], values[("/"):byte()] = 62, 63 -- some carriers have the other alphabet

-- Octets of base64url (RFC 4648, 5), padded or not; nil where it is none.
function source.from_base64(text)
    text = text:gsub("=+$", "")
    if #text % 4 == 1 then
        return nil
    end
    local out, group, bits = {}, 0, 0
    for index = 1, #text do
        local value = values[text:byte(index)]
        if value == nil then
            return nil
        end
        group, bits = group * 64 + value, bits + 6
        if bits >= 8 then
            bits = bits - 8
            local rest = group % 2 ^ bits
            out[#out + 1] = string.char(math.floor((group - rest) / 2 ^ bits))
            group = rest
        end
    end
    return table.concat(out)
end

return source
