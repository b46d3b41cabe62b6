# SPDX-License-Identifier: Apache-2.0
"""Exported authenticators (RFC 9261) with cmw_attestation (draft-fossati-seat-expat-04).

Written from the RFC and the draft: keys and contexts from the exporter, the three messages, the
empty authenticator, and the binder.
"""

import hmac
from dataclasses import dataclass

from . import messages, numbers
from .schedule import digest, expand_label, hash_length
from .wire import Reader, Refusal, illegal_parameter, uint, vec

CMW_ATTESTATION = 0xFF5F      # private use, as long as IANA has assigned none
ATTESTATION_SCHEMES = 0xFF60  # ours (PROTOCOL.md, section 11): what the asker takes
CLIENT_CERTIFICATE_REQUEST = 17
LABEL = "EXPORTER-cmw-attestation"


def export(hash_name: str, secret: bytes, label: str, context: bytes, length: int) -> bytes:
    """TLS-Exporter, RFC 8446 section 7.5; SECRET is the exporter_master_secret."""
    size = hash_length(hash_name)
    derived = expand_label(hash_name, secret, label, digest(hash_name, b""), size)
    return expand_label(hash_name, derived, "exporter", digest(hash_name, context), length)


class Keys:
    """Handshake Context and Finished MAC Key of one side (section 5.1)."""

    def __init__(self, hash_name: str, secret: bytes, maker: str):
        self.hash, size = hash_name, hash_length(hash_name)
        self.context = export(hash_name, secret,
                              f"EXPORTER-{maker} authenticator handshake context", b"", size)
        self.finished = export(hash_name, secret,
                               f"EXPORTER-{maker} authenticator finished key", b"", size)

    def hashed(self, *parts: bytes) -> bytes:
        return digest(self.hash, self.context + b"".join(parts))

    def mac(self, *parts: bytes) -> bytes:
        return hmac.new(self.finished, self.hashed(*parts), self.hash).digest()


def signed_content(transcript_hash: bytes) -> bytes:
    return b" " * 64 + b"Exported Authenticator\0" + transcript_hash


def binder(hash_name: str, secret: bytes, label: str, context: bytes, spki: bytes) -> bytes:
    """Hash(public_key || exported_value), with the SubjectPublicKeyInfo for the key."""
    return digest(hash_name, spki + export(hash_name, secret, label, context, 32))


def schemes_body(schemes: list) -> bytes:
    return vec(2, b"".join(scheme.encode() for scheme in schemes))


@dataclass
class Request:
    """ClientCertificateRequest or CertificateRequest, as it stands on the wire in `raw`."""

    kind: int
    context: bytes
    extensions: list
    raw: bytes = b""

    def encode(self) -> bytes:
        body = messages.CertificateRequest(self.context, self.extensions).body()
        self.raw = messages.message(self.kind, body)
        return self.raw

    @classmethod
    def parse(cls, raw: bytes) -> "Request":
        reader = Reader(raw, "authenticator request")
        kind, body = reader.uint(1), reader.vec(3)
        reader.end()
        if kind not in (numbers.CERTIFICATE_REQUEST, CLIENT_CERTIFICATE_REQUEST):
            raise Refusal(50, f"a request of type {kind}")
        parsed = messages.CertificateRequest.parse(body)
        return cls(kind, parsed.context, parsed.extensions, raw)

    def algorithms(self) -> list:
        body = messages.find(self.extensions, numbers.SIGNATURE_ALGORITHMS)
        if body is None:
            raise illegal_parameter("an authenticator request without signature_algorithms")
        return messages.parse_list16(body, "signature_algorithms")

    def wants_attestation(self) -> bool:
        body = messages.find(self.extensions, CMW_ATTESTATION)
        if body:
            raise illegal_parameter("cmw_attestation in a request is not empty")
        return body is not None


def make(keys: Keys, request: Request, chain: list, cmw, scheme: int, sign) -> bytes:
    """The authenticator; SIGN(content) gives the signature of CertificateVerify."""
    entries = [messages.CertificateEntry(der) for der in chain]
    if cmw is not None:
        entries[0].extensions.append((CMW_ATTESTATION, vec(2, cmw)))
    body = messages.Certificate(request.context, entries).body()
    certificate = messages.message(numbers.CERTIFICATE, body)
    signature = sign(signed_content(keys.hashed(request.raw, certificate)))
    verify = messages.message(numbers.CERTIFICATE_VERIFY,
                              messages.CertificateVerify(scheme, signature).body())
    mac = keys.mac(request.raw, certificate, verify)
    return certificate + verify + messages.message(numbers.FINISHED, mac)


def empty(keys: Keys, request: Request) -> bytes:
    """Section 5.2.4: Finished alone, over a Certificate without certificates."""
    body = messages.Certificate(request.context, []).body()
    certificate = messages.message(numbers.CERTIFICATE, body)
    return messages.message(numbers.FINISHED, keys.mac(request.raw, certificate))


@dataclass
class Opened:
    refused: bool
    chain: list = None
    cmw: bytes = None
    verify: messages.CertificateVerify = None
    content: bytes = None


def _message(reader: Reader, kind: int):
    start = reader.at
    found, body = reader.uint(1), reader.vec(3)
    if found != kind:
        raise Refusal(50, f"message type {found} in an authenticator, not {kind}")
    return body, reader.data[start:reader.at]


def open_answer(keys: Keys, request: Request, raw: bytes) -> Opened:
    """Checks form, context and Finished; the signature is the caller's, who reads the key."""
    if raw[:1] == bytes([numbers.FINISHED]):
        if not hmac.compare_digest(raw, empty(keys, request)):
            raise Refusal(51, "an empty authenticator of another connection or request")
        return Opened(True)
    reader = Reader(raw, "authenticator")
    body, certificate_raw = _message(reader, numbers.CERTIFICATE)
    verify_body, verify_raw = _message(reader, numbers.CERTIFICATE_VERIFY)
    finished, _ = _message(reader, numbers.FINISHED)
    reader.end()
    if not hmac.compare_digest(finished, keys.mac(request.raw, certificate_raw, verify_raw)):
        raise Refusal(51, "the Finished of the authenticator does not verify")
    certificate = messages.Certificate.parse(body)
    if certificate.context != request.context or not certificate.entries:
        raise illegal_parameter("an authenticator with another context, or without certificates")
    cmw = None
    for number, entry in enumerate(certificate.entries):
        for kind, extension in entry.extensions:
            if kind != CMW_ATTESTATION or not request.wants_attestation():
                raise Refusal(110, f"extension {kind} in an authenticator was not asked for")
            if number > 0:
                raise illegal_parameter("cmw_attestation in a further CertificateEntry")
            inner = Reader(extension, "cmw_attestation")
            cmw = inner.vec(2, 1)
            inner.end()
    return Opened(False, [entry.der for entry in certificate.entries], cmw,
                  messages.CertificateVerify.parse(verify_body),
                  signed_content(keys.hashed(request.raw, certificate_raw)))


def new_request(role: str, context: bytes, schemes: list) -> Request:
    kind = CLIENT_CERTIFICATE_REQUEST if role == "client" else numbers.CERTIFICATE_REQUEST
    algorithms = b"".join(uint(2, scheme) for scheme in numbers.SIGNATURES)
    extensions = [(numbers.SIGNATURE_ALGORITHMS, vec(2, algorithms)), (CMW_ATTESTATION, b"")]
    if schemes:
        extensions.append((ATTESTATION_SCHEMES, schemes_body(schemes)))
    request = Request(kind, context, extensions)
    request.encode()
    return request
