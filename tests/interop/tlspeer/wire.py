# SPDX-License-Identifier: Apache-2.0
"""The TLS presentation language (RFC 8446 section 3) and the ways in which a connection ends."""

from . import numbers


class Refusal(Exception):
    """We refuse what the other side did, and owe it this alert."""

    def __init__(self, number: int, why: str):
        super().__init__(why)
        self.number = number


class AlertReceived(Exception):
    """The other side sent an alert."""

    def __init__(self, level: int, number: int, encrypted: bool):
        super().__init__(f"the peer sent {numbers.alert_name(number)} ({number})")
        self.level, self.number, self.encrypted = level, number, encrypted


class ConnectionFailed(Exception):
    """Nothing to talk to: refused, reset, closed in the middle, or out of time."""


class UsageError(Exception):
    """The options do not fit together, or a fault does not apply to this handshake."""


def decode_error(why: str) -> Refusal:
    return Refusal(50, why)


def illegal_parameter(why: str) -> Refusal:
    return Refusal(47, why)


def uint(width: int, value: int) -> bytes:
    return value.to_bytes(width, "big")


class Misstated(bytes):
    """Octets whose vector will claim another length than they have: for faults."""

    def __new__(cls, data: bytes, claimed: int):
        made = super().__new__(cls, data)
        made.claimed = claimed
        return made


def vec(width: int, data: bytes) -> bytes:
    """A vector with a length of WIDTH octets; raises OverflowError if it does not fit."""
    return uint(width, getattr(data, "claimed", len(data))) + data


def saturated_vec(width: int, data: bytes) -> bytes:
    """As vec, but what does not fit is sent all the same behind the largest possible length."""
    claimed = getattr(data, "claimed", len(data))
    return uint(width, min(claimed, (1 << 8 * width) - 1)) + data


class Reader:
    """Reads from the front; every shortage and every leftover octet is a decode_error."""

    def __init__(self, data: bytes, what: str):
        self.data, self.what, self.at = bytes(data), what, 0

    def left(self) -> int:
        return len(self.data) - self.at

    def take(self, count: int) -> bytes:
        if count > self.left():
            raise decode_error(f"{self.what}: {count} octets wanted at offset {self.at}, "
                               f"{self.left()} left")
        self.at += count
        return self.data[self.at - count:self.at]

    def uint(self, width: int) -> int:
        return int.from_bytes(self.take(width), "big")

    def vec(self, width: int, least: int = 0) -> bytes:
        length = self.uint(width)
        if length < least:
            raise decode_error(f"{self.what}: a vector of {length} octets, at least {least} wanted")
        return self.take(length)

    def list16(self, width: int) -> list:
        """A non-empty vector of 16-bit values behind a length of WIDTH octets."""
        inner = Reader(self.vec(width, 2), self.what)
        if inner.left() % 2:
            raise decode_error(f"{self.what}: odd length of a list of 16-bit values")
        return [inner.uint(2) for _ in range(inner.left() // 2)]

    def end(self) -> None:
        if self.left():
            raise decode_error(f"{self.what}: {self.left()} trailing octets")
