# SPDX-License-Identifier: Apache-2.0
"""As much CBOR (RFC 8949) as Evidence needs, definite lengths only.

Maps are lists of pairs, so that a fault can write a key twice and a check can see it.
"""

from dataclasses import dataclass

MAX_DEPTH = 16


class CborError(ValueError):
    """Not the CBOR that we take."""


@dataclass
class Tag:
    number: int
    value: object


class Map(list):
    """Pairs in the order of the wire."""

    def get(self, key, default=None):
        return next((value for seen, value in self if seen == key and type(seen) is type(key)),
                    default)

    def without(self, key) -> "Map":
        return Map((seen, value) for seen, value in self if seen != key)

    def duplicates(self) -> list:
        keys = [seen for seen, _ in self]
        return sorted({repr(key) for key in keys if keys.count(key) > 1})


def head(major: int, value: int) -> bytes:
    if value < 24:
        return bytes([major << 5 | value])
    for code, width in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if value < 1 << 8 * width:
            return bytes([major << 5 | code]) + value.to_bytes(width, "big")
    raise CborError(f"{value} does not fit 64 bits")


def encode(value) -> bytes:
    if isinstance(value, bool):
        return b"\xf5" if value else b"\xf4"
    if value is None:
        return b"\xf6"
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, (bytes, bytearray)):
        return head(2, len(value)) + bytes(value)
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, Map):
        return head(5, len(value)) + b"".join(encode(k) + encode(v) for k, v in value)
    if isinstance(value, (list, tuple)):
        return head(4, len(value)) + b"".join(encode(item) for item in value)
    if isinstance(value, Tag):
        return head(6, value.number) + encode(value.value)
    raise CborError(f"no encoding for {type(value).__name__}")


class _Decoder:
    def __init__(self, data: bytes):
        self.data, self.at = data, 0

    def take(self, count: int) -> bytes:
        if count > len(self.data) - self.at:
            raise CborError(f"{count} octets wanted at offset {self.at}, "
                            f"{len(self.data) - self.at} left")
        self.at += count
        return self.data[self.at - count:self.at]

    def head(self):
        first = self.take(1)[0]
        major, info = first >> 5, first & 31
        if info < 24:
            return major, info
        if info > 27:
            raise CborError(f"additional information {info} at offset {self.at - 1}")
        value = int.from_bytes(self.take(1 << info - 24), "big")
        if value < (24, 1 << 8, 1 << 16, 1 << 32)[info - 24] and major != 7:
            raise CborError(f"not the shortest head at offset {self.at}")
        return major, value

    def item(self, depth: int):
        if depth > MAX_DEPTH:
            raise CborError(f"nested deeper than {MAX_DEPTH}")
        major, value = self.head()
        if major == 0:
            return value
        if major == 1:
            return -1 - value
        if major == 2:
            return self.take(value)
        if major == 3:
            try:
                return self.take(value).decode()
            except UnicodeDecodeError as error:
                raise CborError("a text string is not UTF-8") from error
        if major == 4:
            return [self.item(depth + 1) for _ in range(self.bounded(value))]
        if major == 5:
            return Map((self.item(depth + 1), self.item(depth + 1))
                       for _ in range(self.bounded(value)))
        if major == 6:
            return Tag(value, self.item(depth + 1))
        if value in (20, 21, 22):
            return {20: False, 21: True, 22: None}[value]
        raise CborError(f"simple value or float {value}")

    def bounded(self, count: int) -> int:
        if count > len(self.data) - self.at:
            raise CborError(f"{count} items claimed, {len(self.data) - self.at} octets left")
        return count


def decode(data: bytes):
    """The one item that DATA consists of."""
    decoder = _Decoder(bytes(data))
    value = decoder.item(0)
    if decoder.at != len(data):
        raise CborError(f"{len(data) - decoder.at} trailing octets")
    return value
