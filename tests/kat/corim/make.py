#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the CoRIM files of this folder from psa.diag, tpm2.diag, ... and cases.txt.

The sources are in a small part of CBOR's extended diagnostic notation (RFC 8949, 8): numbers,
texts, h'...', arrays, maps, tags, <<...>> for an embedded item, /comments/, and raw'...' for octets
that go out as they are. Everything is written in the order of the source and in the shortest form.

A case replaces one text of a source, which must be there exactly once, by another.
Only Python's own library is used. Run it in this folder; `make.py --check` compares instead.
"""
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
TOKEN = re.compile(r"""\s+|/[^/]*/|(?P<tok>raw'[0-9a-f\s]*'|h'[0-9a-f\s]*'|"(?:[^"\\]|\\.)*"|"""
                   r"""-?\d+\.\d+|-?\d+|<<|>>|[\[\]{}(),:]|true|false|null)""")


def head(major, number):
    if number < 24:
        return bytes([major << 5 | number])
    for info, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if number < 1 << 8 * size:
            return bytes([major << 5 | info]) + number.to_bytes(size, "big")
    raise ValueError(number)


def tokens(text):
    at = 0
    while at < len(text):
        match = TOKEN.match(text, at)
        if match is None:
            raise ValueError("not understood: " + text[at:at + 30])
        at = match.end()
        if match.group("tok"):
            yield match.group("tok")


class Encoder:
    def __init__(self, text):
        self.tokens = list(tokens(text))
        self.at = 0

    def take(self, expected=None):
        token = self.tokens[self.at]
        if expected is not None and token != expected:
            raise ValueError(f"{token} where {expected} is expected")
        self.at += 1
        return token

    def peek(self):
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def members(self, end, pairs):
        out, num = b"", 0
        while self.peek() != end:
            out += self.item()
            if pairs:
                self.take(":")
                out += self.item()
            num += 1
            if self.peek() != end:
                self.take(",")
        self.take(end)
        return num, out

    def number(self, token):
        number = int(token)
        if self.peek() == "(":
            self.take()
            inner = self.item()
            self.take(")")
            return head(6, number) + inner
        return head(0, number) if number >= 0 else head(1, -1 - number)

    def item(self):
        token = self.take()
        if token.startswith("raw'"):
            return bytes.fromhex(token[4:-1])
        if token.startswith("h'"):
            octets = bytes.fromhex(token[2:-1])
            return head(2, len(octets)) + octets
        if token.startswith('"'):
            octets = token[1:-1].encode().decode("unicode_escape").encode()
            return head(3, len(octets)) + octets
        if token == "[":
            num, out = self.members("]", False)
            return head(4, num) + out
        if token == "{":
            num, out = self.members("}", True)
            return head(5, num) + out
        if token == "<<":
            inner = self.item()
            self.take(">>")
            return head(2, len(inner)) + inner
        simple = {"false": b"\xf4", "true": b"\xf5", "null": b"\xf6"}
        return simple[token] if token in simple else self.number(token)

    def whole(self):
        out = b""
        while self.peek():
            out += self.item()
        return out


def cases():
    """Gives (file name without ending, source text)."""
    for block in (HERE / "cases.txt").read_text().split("\n\n"):
        lines = [line for line in block.splitlines() if line and not line.startswith("#")]
        if not lines:
            continue
        case = dict(line.split(": ", 1) for line in lines)
        text = (HERE / case["from"]).read_text()
        if "replace" in case:
            if text.count(case["replace"]) != 1:
                raise ValueError(f"{case['name']}: {text.count(case['replace'])} places to change")
            text = text.replace(case["replace"], case.get("by", ""))
        yield case["name"], text


def main():
    check = sys.argv[1:] == ["--check"]
    wanted = {}
    for name, text in cases():
        if name in wanted:
            raise ValueError("twice: " + name)
        wanted[name] = Encoder(text).whole()
    there = {path.stem: path for path in HERE.glob("*.cbor")}
    for name in sorted(set(there) - set(wanted)):
        if check:
            sys.exit(f"{name}.cbor has no case")
        there[name].unlink()
    for name, octets in wanted.items():
        path = HERE / (name + ".cbor")
        if check:
            if not path.exists() or path.read_bytes() != octets:
                sys.exit(f"{path.name} is not what its source says")
        else:
            path.write_bytes(octets)
    print(len(wanted), "files")


if __name__ == "__main__":
    main()
