# SPDX-License-Identifier: Apache-2.0
"""Handshake messages as structures: RFC 8446 sections 4.1 to 4.4, one class a message."""

from dataclasses import dataclass, field

from . import numbers
from .wire import Reader, Refusal, illegal_parameter, saturated_vec, uint, vec


def message(kind: int, body: bytes) -> bytes:
    return uint(1, kind) + vec(3, body)


def write_extensions(extensions: list, encode=vec) -> bytes:
    """An extension block from (type, body) pairs, in their order."""
    return encode(2, b"".join(uint(2, kind) + encode(2, body) for kind, body in extensions))


def read_extensions(data: bytes, what: str) -> list:
    """(type, body) pairs; the same type twice is refused (section 4.2)."""
    reader, found = Reader(data, f"{what}.extensions"), []
    while reader.left():
        kind = reader.uint(2)
        found.append((kind, reader.vec(2)))
        if [seen for seen, _ in found].count(kind) > 1:
            raise illegal_parameter(f"extension {kind} stands twice in {what}")
    return found


def find(extensions: list, kind: int):
    """The body of the first extension of that type, or None."""
    return next((body for seen, body in extensions if seen == kind), None)


def replaced(extensions: list, kind: int, body) -> list:
    """The same block with another body for one type; None removes it, absent types are added."""
    if body is None:
        return [pair for pair in extensions if pair[0] != kind]
    if find(extensions, kind) is None:
        return extensions + [(kind, body)]
    return [(seen, body if seen == kind else old) for seen, old in extensions]


@dataclass
class ClientHello:
    random: bytes
    session_id: bytes
    suites: list
    extensions: list = field(default_factory=list)
    version: int = numbers.TLS12
    compression: bytes = b"\0"

    def body(self) -> bytes:
        return (uint(2, self.version) + self.random + vec(1, self.session_id) +
                vec(2, b"".join(uint(2, suite) for suite in self.suites)) +
                vec(1, self.compression) + write_extensions(self.extensions))

    @classmethod
    def parse(cls, body: bytes) -> "ClientHello":
        reader = Reader(body, "ClientHello")
        version, random, session_id = reader.uint(2), reader.take(32), reader.vec(1)
        if len(session_id) > 32:
            raise Refusal(50, f"legacy_session_id of {len(session_id)} octets")
        suites, compression = reader.list16(2), reader.vec(1, 1)
        if reader.left() == 0:
            return cls(random, session_id, suites, [], version, compression)
        extensions = read_extensions(reader.vec(2), "ClientHello")
        reader.end()
        return cls(random, session_id, suites, extensions, version, compression)


@dataclass
class ServerHello:
    random: bytes
    session_id: bytes
    suite: int
    extensions: list = field(default_factory=list)
    version: int = numbers.TLS12
    compression: int = 0

    def is_retry(self) -> bool:
        return self.random == numbers.HELLO_RETRY_RANDOM

    def body(self) -> bytes:
        return (uint(2, self.version) + self.random + vec(1, self.session_id) +
                uint(2, self.suite) + uint(1, self.compression) +
                (write_extensions(self.extensions) if self.extensions else b""))

    @classmethod
    def parse(cls, body: bytes) -> "ServerHello":
        reader = Reader(body, "ServerHello")
        version, random, session_id = reader.uint(2), reader.take(32), reader.vec(1)
        suite, compression = reader.uint(2), reader.uint(1)
        extensions = []
        if reader.left():
            extensions = read_extensions(reader.vec(2), "ServerHello")
        reader.end()
        return cls(random, session_id, suite, extensions, version, compression)


@dataclass
class CertificateRequest:
    context: bytes
    extensions: list

    def body(self) -> bytes:
        return vec(1, self.context) + write_extensions(self.extensions)

    @classmethod
    def parse(cls, body: bytes) -> "CertificateRequest":
        reader = Reader(body, "CertificateRequest")
        context = reader.vec(1)
        extensions = read_extensions(reader.vec(2), "CertificateRequest")
        reader.end()
        return cls(context, extensions)


def parse_encrypted_extensions(body: bytes) -> list:
    reader = Reader(body, "EncryptedExtensions")
    extensions = read_extensions(reader.vec(2), "EncryptedExtensions")
    reader.end()
    return extensions


@dataclass
class CertificateEntry:
    der: bytes
    extensions: list = field(default_factory=list)


@dataclass
class Certificate:
    context: bytes
    entries: list

    def body(self) -> bytes:
        """Lengths saturate: a fault may ask for a CMW that no Certificate can carry."""
        entries = b"".join(vec(3, entry.der) + write_extensions(entry.extensions, saturated_vec)
                           for entry in self.entries)
        return vec(1, self.context) + vec(3, entries)

    @classmethod
    def parse(cls, body: bytes) -> "Certificate":
        reader = Reader(body, "Certificate")
        context, entries = reader.vec(1), []
        inner = Reader(reader.vec(3), "Certificate")
        reader.end()
        while inner.left():
            der = inner.vec(3, 1)
            extensions = read_extensions(inner.vec(2), "CertificateEntry")
            entries.append(CertificateEntry(der, extensions))
        return cls(context, entries)


@dataclass
class CertificateVerify:
    scheme: int
    signature: bytes

    def body(self) -> bytes:
        return uint(2, self.scheme) + vec(2, self.signature)

    @classmethod
    def parse(cls, body: bytes) -> "CertificateVerify":
        reader = Reader(body, "CertificateVerify")
        parsed = cls(reader.uint(2), reader.vec(2))
        reader.end()
        return parsed


def signed_content(role: str, transcript_hash: bytes) -> bytes:
    """What CertificateVerify signs (section 4.4.3); ROLE is the signer's."""
    return (b" " * 64 + f"TLS 1.3, {role} CertificateVerify".encode() + b"\0" + transcript_hash)


def parse_key_shares(body: bytes) -> list:
    reader = Reader(body, "key_share")
    inner, shares = Reader(reader.vec(2), "key_share"), []
    reader.end()
    while inner.left():
        shares.append((inner.uint(2), inner.vec(2, 1)))
    return shares


def parse_list16(body: bytes, what: str, width: int = 2) -> list:
    reader = Reader(body, what)
    values = reader.list16(width)
    reader.end()
    return values


def server_name(name: str) -> bytes:
    return vec(2, b"\0" + vec(2, name.encode("ascii")))


def parse_server_name(body: bytes) -> str:
    reader = Reader(body, "server_name")
    inner = Reader(reader.vec(2, 1), "server_name")
    reader.end()
    kind, name = inner.uint(1), inner.vec(2, 1)
    inner.end()
    if kind != 0:
        raise Refusal(50, f"server_name of type {kind}")
    return name.decode("ascii", "replace")
