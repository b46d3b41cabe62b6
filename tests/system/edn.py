# SPDX-License-Identifier: Apache-2.0
"""CBOR diagnostic notation (RFC 8949, 8; RFC 8610, appendix G) to strict CBOR: as much of it as
published examples use. Written without a CBOR library, so that it can judge one."""

import re
import struct

TOKEN = re.compile(r"""
    (?P<blank>   \s+ | /[^/]*/ | \#[^\n]* )
  | (?P<octets>  h'[^']*' )
  | (?P<text>    "(?:[^"\\]|\\.)*" )
  | (?P<number>  -?\d+(?:\.\d+)? )
  | (?P<word>    true|false|null|undefined )
  | (?P<mark>    <<|>>|[()\[\]{},:] )
""", re.VERBOSE | re.DOTALL)
WORDS = {"false": b"\xf4", "true": b"\xf5", "null": b"\xf6", "undefined": b"\xf7"}
ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}


def head(major, argument):
    if argument < 24:
        return bytes([major << 5 | argument])
    for info, form in ((24, ">B"), (25, ">H"), (26, ">I"), (27, ">Q")):
        if argument < 1 << (8 << (info - 24)):
            return bytes([major << 5 | info]) + struct.pack(form, argument)
    raise ValueError(f"{argument} has more than 64 bits")


class Notation:
    def __init__(self, text):
        self.tokens = []
        at = 0
        while at < len(text):
            match = TOKEN.match(text, at)
            if match is None:
                raise ValueError(f"not understood at {at}: {text[at:at + 30]!r}")
            if match.lastgroup != "blank":
                self.tokens.append((match.lastgroup, match.group()))
            at = match.end()

    def next(self):
        return self.tokens.pop(0)

    def is_next(self, mark):
        return bool(self.tokens) and self.tokens[0] == ("mark", mark)

    def expect(self, mark):
        if not self.is_next(mark):
            raise ValueError(f"{mark} expected before {self.tokens[:3]}")
        self.next()

    def listed(self, end, item):
        out = []
        while not self.is_next(end):
            out.append(item())
            if not self.is_next(end):
                self.expect(",")
        self.next()
        return out

    def pair(self):
        key = self.item()
        self.expect(":")
        return key + self.item()

    def number(self, text):
        if "." in text:
            return b"\xfb" + struct.pack(">d", float(text))
        value = int(text)
        if self.is_next("("):
            self.next()
            inside = self.item()
            self.expect(")")
            return head(6, value) + inside
        return head(0, value) if value >= 0 else head(1, -1 - value)

    def item(self):
        kind, text = self.next()
        if kind == "octets":
            octets = bytes.fromhex(re.sub(r"\s+|/[^/]*/", "", text[2:-1]))
            return head(2, len(octets)) + octets
        if kind == "text":
            octets = re.sub(r"\\(.)", lambda m: ESCAPES.get(m[1], m[1]), text[1:-1]).encode()
            return head(3, len(octets)) + octets
        if kind == "number":
            return self.number(text)
        if kind == "word":
            return WORDS[text]
        if text == "[":
            members = self.listed("]", self.item)
            return head(4, len(members)) + b"".join(members)
        if text == "{":
            pairs = self.listed("}", self.pair)
            return head(5, len(pairs)) + b"".join(pairs)
        if text == "<<":
            octets = b"".join(self.listed(">>", self.item))
            return head(2, len(octets)) + octets
        raise ValueError(f"no item begins with {text}")


def encode(text):
    notation = Notation(text)
    item = notation.item()
    if notation.tokens:
        raise ValueError(f"after the item: {notation.tokens[:3]}")
    return item
