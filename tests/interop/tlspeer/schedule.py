# SPDX-License-Identifier: Apache-2.0
"""Transcript, key schedule (RFC 8446 sections 4.4.1 and 7.1) and the attestation binder."""

import hashlib
import hmac

from . import numbers
from .wire import uint, vec


def digest(hash_name: str, data: bytes) -> bytes:
    return hashlib.new(hash_name, data).digest()


def hash_length(hash_name: str) -> int:
    return hashlib.new(hash_name).digest_size


def hkdf_extract(hash_name: str, salt: bytes, secret: bytes) -> bytes:
    return hmac.new(salt, secret, hash_name).digest()


def hkdf_expand(hash_name: str, key: bytes, info: bytes, length: int) -> bytes:
    out, block, counter = b"", b"", 1
    while len(out) < length:
        block = hmac.new(key, block + info + bytes([counter]), hash_name).digest()
        out, counter = out + block, counter + 1
    return out[:length]


def hkdf_label(label: str, context: bytes, length: int) -> bytes:
    return uint(2, length) + vec(1, b"tls13 " + label.encode()) + vec(1, context)


def expand_label(hash_name: str, secret: bytes, label: str, context: bytes, length: int) -> bytes:
    return hkdf_expand(hash_name, secret, hkdf_label(label, context, length), length)


def finished_mac(hash_name: str, base_key: bytes, transcript_hash: bytes) -> bytes:
    key = expand_label(hash_name, base_key, "finished", b"", hash_length(hash_name))
    return hmac.new(key, transcript_hash, hash_name).digest()


def attest_base(hash_name: str, transcript_hash: bytes) -> bytes:
    """First step of the binder: no secret goes in, the key is a string of zeros."""
    size = hash_length(hash_name)
    return expand_label(hash_name, bytes(size), "attestation base", transcript_hash, size)


def attest_binder(hash_name: str, transcript_hash: bytes, spki: bytes) -> bytes:
    """The nonce of the Evidence: Transcript-Hash(ClientHello..ServerHello) and the key's SPKI."""
    base = attest_base(hash_name, transcript_hash)
    context = digest(hash_name, spki)
    return expand_label(hash_name, base, "attestation", context, hash_length(hash_name))


class Transcript:
    """The handshake messages so far.  With HelloRetryRequest the first one becomes its hash."""

    def __init__(self):
        self.messages = []

    def add(self, message: bytes) -> None:
        self.messages.append(bytes(message))

    def hash(self, hash_name: str) -> bytes:
        return digest(hash_name, b"".join(self.messages))

    def substitute_first_hello(self, hash_name: str) -> None:
        """Section 4.4.1: ClientHello1 is replaced by a synthetic message_hash message."""
        hashed = digest(hash_name, self.messages[0])
        self.messages[0] = uint(1, numbers.MESSAGE_HASH) + vec(3, hashed)


class KeySchedule:
    """Section 7.1 without PSK: early, handshake and master secret, one after the other."""

    def __init__(self, hash_name: str):
        self.hash = hash_name
        self.size = hash_length(hash_name)
        self.secret = hkdf_extract(hash_name, bytes(self.size), bytes(self.size))

    def derive(self, label: str, transcript_hash: bytes) -> bytes:
        return expand_label(self.hash, self.secret, label, transcript_hash, self.size)

    def mix(self, secret: bytes) -> None:
        """Steps to the next secret of the schedule, with SECRET as its input keying material."""
        salt = self.derive("derived", digest(self.hash, b""))
        self.secret = hkdf_extract(self.hash, salt, secret)

    def to_handshake(self, shared: bytes, transcript_hash: bytes):
        self.mix(shared)
        return (self.derive("c hs traffic", transcript_hash),
                self.derive("s hs traffic", transcript_hash))

    def to_application(self, transcript_hash: bytes):
        self.mix(bytes(self.size))
        return (self.derive("c ap traffic", transcript_hash),
                self.derive("s ap traffic", transcript_hash),
                self.derive("exp master", transcript_hash))


def next_traffic_secret(hash_name: str, secret: bytes) -> bytes:
    return expand_label(hash_name, secret, "traffic upd", b"", hash_length(hash_name))
