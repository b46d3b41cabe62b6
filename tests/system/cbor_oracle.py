#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
Compares the CBOR parser with python3-cbor2 on made and on broken items.

cbor2 is lenient, so it decides what an item means, and what is strict follows from that: an item
is strict exactly if the shortest definite encoding of its meaning is the item itself. cbor2's own
readings of tags, floats and maps are replaced by ones that keep what was written.

usage: cbor_oracle.py PROBE [SEED]
"""

import io
import random
import struct
import sys

try:
    import cbor2  # noqa: F401
except ImportError:
    print("skipped: python3-cbor2 is absent")
    sys.exit(77)
try:
    from cbor2 import _decoder as decoder, _types as types  # since 5.6: an underscore
except ImportError:
    from cbor2 import decoder, types  # the pure Python one, whose steps can be replaced

from probe import Probe, hex_or_none

MAX_DEPTH = 16
MAX_KEYS = 256
STRICT = 0
INDEFINITE = 1
LONG_FORM = 2


class Refused(Exception):
    pass


class Pairs(tuple):
    """A map as written: (key, value, octets of the key)."""


class Tag(tuple):
    """A tag as written: (number, value)."""


class Raw(bytes):
    """A float: its octets."""


class Reader(decoder.CBORDecoder):
    """cbor2's pure Python decoder, noting which leniences an item needs."""

    chunked = False

    def decode_chunked(self, subtype, original):
        if subtype == 31:
            self.chunked = True
        return original(self, subtype)

    def decode_pairs(self, subtype):
        length = self._decode_length(subtype, allow_indefinite=True)
        pairs = []
        while length is None or len(pairs) < length:
            start = self.fp.tell()
            key = self._decode(immutable=True)
            if length is None and key is types.break_marker:
                break
            octets = self.fp.getvalue()[start:self.fp.tell()]
            pairs.append((key, self._decode(), octets))
        return Pairs(pairs)

    def decode_tag(self, subtype):
        return Tag((self._decode_length(subtype), self._decode()))


def raw_float(subtype):
    width = {25: 2, 26: 4, 27: 8}[subtype]
    return lambda self: Raw(bytes([0xe0 | subtype]) + self.read(width))


def of_readers(own, original):
    """The tables are everybody's: where cbor2 is in Python alone, cbor2.loads has them too."""
    return lambda self, *words: own(self, *words) if isinstance(self, Reader) else original(self, *words)


def take_over(table, steps):
    table.update({number: of_readers(own, table[number]) for number, own in steps.items()})


take_over(decoder.major_decoders, {
    2: lambda self, subtype: self.decode_chunked(subtype, decoder.CBORDecoder.decode_bytestring),
    3: lambda self, subtype: self.decode_chunked(subtype, decoder.CBORDecoder.decode_string),
    5: Reader.decode_pairs,
    6: Reader.decode_tag,
})
take_over(decoder.special_decoders, {subtype: raw_float(subtype) for subtype in (25, 26, 27)})


def head(major, argument):
    if argument < 24:
        return bytes([major << 5 | argument])
    for info, form, limit in ((24, ">B", 8), (25, ">H", 16), (26, ">I", 32), (27, ">Q", 64)):
        if argument < 1 << limit:
            return bytes([major << 5 | info]) + struct.pack(form, argument)
    raise Refused("too large")


def encode(value, depth=0):
    """The shortest definite encoding; Refused where the parser must refuse whatever the form."""
    if isinstance(value, bool):
        return b"\xf5" if value else b"\xf4"
    if value is None:
        return b"\xf6"
    if value is types.undefined:
        return b"\xf7"
    if value is types.break_marker:
        raise Refused("break")
    if isinstance(value, Raw):
        return bytes(value)
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        octets = value.encode()
        return head(3, len(octets)) + octets
    if isinstance(value, types.CBORSimpleValue):
        return bytes([0xe0 | value.value]) if value.value < 20 else bytes([0xf8, value.value])
    if depth == MAX_DEPTH:
        raise Refused("depth")
    if isinstance(value, Tag):
        return head(6, value[0]) + encode(value[1], depth + 1)
    if isinstance(value, Pairs):
        return encode_pairs(value, depth)
    return head(4, len(value)) + b"".join(encode(member, depth + 1) for member in value)


def encode_pairs(pairs, depth):
    out = head(5, len(pairs))
    seen = set()
    for key, value, octets in pairs:
        written = encode(key, depth + 1)
        if octets != written:
            raise Refused("key that is not strict")
        if octets in seen:
            raise Refused("duplicate")
        seen.add(octets)
        out += written + encode(value, depth + 1)
    return out


def simple_in_two_octets(reader):
    value = reader.read(1)[0]
    if value < 32:
        raise Refused("simple value")
    return types.CBORSimpleValue(value)


decoder.special_decoders[24] = simple_in_two_octets


def judge(octets):
    """What must come back for strict and for lax parsing: the re-encoded item, or None."""
    reader = Reader(io.BytesIO(octets))
    try:
        value = reader.decode()
        again = encode(value)
    except (Refused, types.CBORDecodeError, UnicodeDecodeError, RecursionError):
        return None, None
    if reader.chunked or reader.fp.tell() != len(octets):
        return None, None
    return (again if again == octets else None), again


def make(rng, depth):
    """One random item, strict."""
    leaf = depth == 0 or rng.random() < 0.4
    kind = rng.randrange(7) if leaf else rng.randrange(7, 10)
    size = rng.choice([0, 1, 2, 3, 5, 23, 24, 30])
    if kind == 0:
        return head(0, rng.choice([0, 1, 23, 24, 255, 256, 65535, 65536, 2**32 - 1, 2**32,
                                   2**63 - 1, 2**63, 2**64 - 1, rng.randrange(2**16)]))
    if kind == 1:
        return head(1, rng.choice([0, 6, 23, 24, 255, 256, 2**32, 2**63 - 1, 2**63, 2**64 - 1]))
    if kind == 2:
        return head(2, size) + rng.randbytes(size)
    if kind == 3:
        text = "".join(rng.choice("ab1\0\u00fc\u6c34\U00010151") for _ in range(size)).encode()
        return head(3, len(text)) + text
    if kind == 4:
        return bytes([rng.choice([0xf4, 0xf5, 0xf6, 0xf7, 0xe0, 0xf3])])
    if kind == 5:
        return b"\xf8" + bytes([rng.randrange(32, 256)])
    if kind == 6:
        width = rng.choice([1, 2, 3])
        return bytes([0xf8 + width]) + rng.randbytes(1 << width)
    if kind == 7:
        return head(4, size) + b"".join(make(rng, depth - 1) for _ in range(size))
    if kind == 8:
        return head(6, rng.choice([0, 1, 2, 18, 24, 601, 2**40])) + make(rng, depth - 1)
    # A dict, not a set: a seed must make the same items in every run.
    keys = dict.fromkeys(make(rng, 1 if rng.random() < 0.1 else 0) for _ in range(size))
    return head(5, len(keys)) + b"".join(key + make(rng, depth - 1) for key in keys)


def loosen(rng, octets):
    """The item with one head in another form, or an octet of it changed, or cut, or spliced."""
    mutant = bytearray(octets)
    at = rng.randrange(len(mutant))
    how = rng.randrange(8)
    if how == 0:
        mutant[at] ^= 1 << rng.randrange(8)
    elif how == 1:
        mutant[at] = rng.choice([0, 0x1f, 0x5f, 0x7f, 0x9f, 0xbf, 0xdf, 0xff, rng.randrange(256)])
    elif how == 2:
        del mutant[at:]
    elif how == 3:
        del mutant[at]
    elif how == 4:
        mutant.insert(at, rng.choice([0, 0xff, 0xf6, 0x81, 0xc1, rng.randrange(256)]))
    elif how == 5:  # a head of one octet in a longer form
        info = mutant[at] & 31
        if info < 24:
            width = rng.choice([1, 2, 4, 8])
            longer = {1: 24, 2: 25, 4: 26, 8: 27}[width]
            mutant[at:at + 1] = bytes([mutant[at] & 0xe0 | longer]) + info.to_bytes(width, "big")
    elif how == 6:  # an indefinite container in place of a definite one
        if mutant[at] >> 5 in (4, 5) and mutant[at] & 31 < 24:
            mutant[at] |= 31
            mutant.insert(rng.randrange(at + 1, len(mutant) + 1), 0xff)
    else:  # a piece twice: duplicates of keys, and trailing octets
        end = rng.randrange(at, len(mutant)) + 1
        mutant[end:end] = mutant[at:end]
    return bytes(mutant)


def indefinite(rng, octets):
    """A whole item made indefinite at its outermost container, which is easy to do right."""
    if octets[0] >> 5 in (4, 5) and octets[0] & 31 < 24:
        return bytes([octets[0] | 31]) + octets[1:] + b"\xff"
    return octets


def cases(rng, count):
    for _ in range(count):
        item = make(rng, rng.choice([0, 1, 2, 3]))
        if len(item) > 2000:
            continue
        yield item
        yield indefinite(rng, item)
        for _ in range(12):
            mutant = loosen(rng, item)
            yield mutant
            yield loosen(rng, mutant) if mutant else mutant
    for levels in range(MAX_DEPTH - 2, MAX_DEPTH + 3):
        yield b"\x81" * levels + b"\x00"
        yield b"\xa1\x00" * levels + b"\x00"
        yield b"\xa1" * levels + b"\x00" * (levels + 1)
        yield b"\xc1" * levels + b"\x00"
        yield b"\x9f" * levels + b"\xff" * levels
    for length in (23, 24, 255, 256, 300):
        yield b"\x9f" + bytes(length) + b"\xff"
    for _ in range(count):
        yield rng.randbytes(rng.randrange(1, 12))


def main():
    probe = Probe(sys.argv[1])
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 8949
    inputs = list(cases(random.Random(seed), 1000))
    lax = INDEFINITE | LONG_FORM
    lines = [f"cbor {flags} {hex_or_none(octets)}" for octets in inputs for flags in (STRICT, lax)]
    answers = probe.ask(lines)
    accepted = [0, 0]
    for i, octets in enumerate(inputs):
        for mode, expected in enumerate(judge(octets)):
            answer = answers[2 * i + mode]
            wanted = ["ok", expected.hex()] if expected is not None else ["refused"]
            accepted[mode] += expected is not None
            probe.check(answer[:len(wanted)] == wanted,
                        f"{('strict', 'lax')[mode]} {octets.hex()}: {' '.join(answer)}, "
                        f"expected {' '.join(wanted)}")
    print(f"{len(inputs)} items with seed {seed}: {accepted[0]} strict, {accepted[1]} lax")
    probe.check(accepted[0] > 1000 and accepted[1] > accepted[0] + 100,
                "the items exercise neither form enough")
    probe.finish()


if __name__ == "__main__":
    main()
