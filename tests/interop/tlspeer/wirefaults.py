# SPDX-License-Identifier: Apache-2.0
"""What the man in the middle does to a byte stream: each a stage with feed() and end()."""

import time

from . import messages, numbers
from .messages import find, replaced
from .wire import Refusal, UsageError, vec


class Cut(Exception):
    """The connection ends here; DATA is what still goes out."""

    def __init__(self, data: bytes):
        super().__init__("cut")
        self.data = data


class Stage:
    """Passes everything on; `applied` counts how often a stage did what it is for."""

    applied = 0

    def feed(self, data: bytes) -> bytes:
        return data

    def end(self) -> bytes:
        return b""


class RecordStage(Stage):
    """Collects whole records and hands them on through record()."""

    def __init__(self):
        self.pending, self.number = b"", 0

    def feed(self, data: bytes) -> bytes:
        self.pending += data
        out = b""
        while len(self.pending) >= 5:
            end = 5 + int.from_bytes(self.pending[3:5], "big")
            if len(self.pending) < end:
                break
            record, self.pending = self.pending[:end], self.pending[end:]
            out += self.record(self.number, record)
            self.number += 1
        return out

    def end(self) -> bytes:
        rest, self.pending = self.pending, b""
        return rest

    def record(self, number: int, record: bytes) -> bytes:
        raise NotImplementedError


class Flip(RecordStage):
    """flip=N[:OFFSET[:BIT]]: one bit in record N (from 0); OFFSET counts after the header."""

    def __init__(self, argument: str):
        super().__init__()
        parts = [int(part) for part in argument.split(":")]
        self.wanted = parts[0]
        self.offset = parts[1] if len(parts) > 1 else None
        self.bit = parts[2] if len(parts) > 2 else 0

    def record(self, number: int, record: bytes) -> bytes:
        if number != self.wanted or len(record) == 5:
            return record
        at = 5 + ((len(record) - 5) // 2 if self.offset is None else self.offset)
        if at >= len(record):
            return record
        self.applied += 1
        return record[:at] + bytes([record[at] ^ (1 << self.bit)]) + record[at + 1:]


class Drop(RecordStage):
    """drop=N: record N (from 0) disappears."""

    def __init__(self, argument: str):
        super().__init__()
        self.wanted = int(argument)

    def record(self, number: int, record: bytes) -> bytes:
        if number != self.wanted:
            return record
        self.applied += 1
        return b""


class Repeat(Drop):
    """repeat=N: record N (from 0) comes twice."""

    def record(self, number: int, record: bytes) -> bytes:
        if number != self.wanted:
            return record
        self.applied += 1
        return record + record


class HelloStage(RecordStage):
    """Rewrites every ClientHello through edit(); later records pass as they are."""

    def __init__(self, _argument: str = None):
        super().__init__()
        self.hello = b""

    def record(self, number: int, record: bytes) -> bytes:
        if record[0] != numbers.HANDSHAKE:
            return record
        self.hello += record[5:]
        if len(self.hello) < 4 or len(self.hello) < 4 + int.from_bytes(self.hello[1:4], "big"):
            return b""
        raw, self.hello = self.hello, b""
        if raw[0] != numbers.CLIENT_HELLO:
            return record[:3] + vec(2, raw)
        try:
            hello = messages.ClientHello.parse(raw[4:])
        except Refusal:
            return record[:3] + vec(2, raw)
        before = list(hello.extensions)
        hello.extensions = self.edit(hello.extensions)
        self.applied += hello.extensions != before
        out = messages.message(numbers.CLIENT_HELLO, hello.body())
        pieces = [out[at:at + 0x4000] for at in range(0, len(out), 0x4000)]
        return b"".join(record[:3] + vec(2, piece) for piece in pieces)

    def edit(self, extensions: list) -> list:
        raise NotImplementedError


class StripExtension(HelloStage):
    """strip-extension[=TYPE]: the extension (0xff5e) is taken out of every ClientHello."""

    def __init__(self, argument: str):
        super().__init__()
        self.kind = int(argument or hex(numbers.REMOTE_ATTESTATION), 0)

    def edit(self, extensions: list) -> list:
        return replaced(extensions, self.kind, None)


class ReorderExtensions(HelloStage):
    """reorder-extensions: those of every ClientHello are reversed, pre_shared_key stays last."""

    def edit(self, extensions: list) -> list:
        last = [pair for pair in extensions if pair[0] == numbers.PRE_SHARED_KEY]
        return [pair for pair in reversed(extensions) if pair[0] != numbers.PRE_SHARED_KEY] + last


class AddGrease(HelloStage):
    """add-grease: an unknown extension is put in front in every ClientHello."""

    def edit(self, extensions: list) -> list:
        return extensions if find(extensions, 0x4A4A) is not None else [(0x4A4A, b"")] + extensions


class EditOffer(HelloStage):
    """edit-offer[=OFFSET]: one bit of the extension's octet OFFSET (5, in the first scheme)."""

    def __init__(self, argument: str):
        super().__init__()
        self.offset = int(argument or 5)

    def edit(self, extensions: list) -> list:
        body = find(extensions, numbers.REMOTE_ATTESTATION)
        if body is None or len(body) <= self.offset:
            return extensions
        changed = bytearray(body)
        changed[self.offset] ^= 1
        return replaced(extensions, numbers.REMOTE_ATTESTATION, bytes(changed))


class CutAfter(Stage):
    """cut=N: both connections are closed after N octets of this direction."""

    def __init__(self, argument: str):
        self.left = int(argument)

    def feed(self, data: bytes) -> bytes:
        if len(data) >= self.left:
            self.applied += 1
            raise Cut(data[:self.left])
        self.left -= len(data)
        return data


class Delay(Stage):
    """delay=SECONDS: each piece waits so long."""

    def __init__(self, argument: str):
        self.seconds = float(argument)

    def feed(self, data: bytes) -> bytes:
        self.applied += 1
        time.sleep(min(self.seconds, 30.0))
        return data


class Drip(Stage):
    """drip[=DELAY]: one octet at a time, DELAY (0.001) seconds apart; the relay reads `delay`."""

    def __init__(self, argument: str):
        self.delay = float(argument or 0.001)

    def feed(self, data: bytes) -> bytes:
        self.applied += 1
        return data


TABLE = {"flip": Flip, "drop": Drop, "repeat": Repeat, "strip-extension": StripExtension,
         "reorder-extensions": ReorderExtensions, "add-grease": AddGrease,
         "edit-offer": EditOffer, "cut": CutAfter, "delay": Delay, "drip": Drip}
NEEDS_ARGUMENT = {"flip", "drop", "repeat", "cut", "delay"}


def parse(texts: list) -> dict:
    """[c2s:|s2c:]NAME[=ARG], c2s when not said; {direction: [(text, class, argument)]}."""
    found = {"c2s": [], "s2c": []}
    for text in texts:
        head, _, rest = text.partition(":")
        direction, body = (head, rest) if head in found else ("c2s", text)
        name, _, argument = body.partition("=")
        made = TABLE.get(name)
        if made is None or (name in NEEDS_ARGUMENT and not argument):
            raise UsageError(f"{text!r}: no such fault, or its argument is missing")
        if issubclass(made, HelloStage) and direction != "c2s":
            raise UsageError(f"{text!r}: a ClientHello travels c2s")
        try:
            made(argument)
        except ValueError as error:
            raise UsageError(f"{text!r}: {error}") from error
        found[direction].append((text, made, argument))
    return found
