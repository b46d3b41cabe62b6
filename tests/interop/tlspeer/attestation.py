# SPDX-License-Identifier: Apache-2.0
"""The remoteAttestation extension: schemes, and its body in each of the four messages."""

import shlex
from dataclasses import dataclass

from .wire import Reader, UsageError, decode_error, uint, vec

EVIDENCE, RESULT = 0, 1
CONTENT_FORMAT, MEDIA_TYPE = 0, 1

# name: content format where one is registered, media type
NAMES = {
    "psa": (10003, 'application/eat+cwt; eat_profile="tag:psacertified.org,2023:psa#tfm"'),
    "tpm2": (None, "application/vnd.parallaxsecond.key-attestation.tpm"),
    "cca": (None, "application/vnd.parallaxsecond.key-attestation.cca"),
}


@dataclass(frozen=True)
class Scheme:
    """One AttestationScheme; exactly one of the three is set."""

    content_format: int = None
    media_type: str = None
    verifier: str = None

    def encode(self) -> bytes:
        if self.verifier is not None:
            return uint(1, RESULT) + vec(2, self.verifier.encode())
        if self.content_format is not None:
            return bytes([EVIDENCE, CONTENT_FORMAT]) + uint(2, self.content_format)
        return bytes([EVIDENCE, MEDIA_TYPE]) + vec(2, self.media_type.encode())

    @classmethod
    def read(cls, reader: Reader) -> "Scheme":
        """An element has no length of its own: what is unknown cannot be skipped."""
        mechanism = reader.uint(1)
        if mechanism == RESULT:
            return cls(verifier=_text(reader.vec(2)))
        if mechanism != EVIDENCE:
            raise decode_error(f"unknown attestation mechanism {mechanism}")
        encoding = reader.uint(1)
        if encoding == CONTENT_FORMAT:
            return cls(content_format=reader.uint(2))
        if encoding == MEDIA_TYPE:
            return cls(media_type=_text(reader.vec(2)))
        raise decode_error(f"unknown type encoding {encoding}")

    def name(self):
        """The row of NAMES that this scheme stands for, or None."""
        for name, (content_format, media_type) in NAMES.items():
            if self.content_format is not None and self.content_format == content_format:
                return name
            if self.media_type is not None and same_media_type(self.media_type, media_type):
                return name
        return None

    def __str__(self) -> str:
        if self.verifier is not None:
            return f"result:{self.verifier}"
        if self.content_format is not None:
            return f"cf:{self.content_format}"
        return f"mt:{self.media_type}"


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise decode_error("a media type or verifier identity is not UTF-8") from error


def same_media_type(one: str, other: str) -> bool:
    """type/subtype without regard to case, parameters by name, their values literally."""
    return _media_type(one) == _media_type(other)


def _media_type(text: str):
    parts = [part.strip() for part in text.split(";")]
    parameters = {}
    for part in parts[1:]:
        name, _, value = part.partition("=")
        parameters[name.strip().lower()] = value.strip().strip('"')
    return parts[0].lower(), parameters


def schemes_of_name(name: str) -> list:
    """What to offer for a name: the content format first where there is one."""
    content_format, media_type = NAMES[name]
    first = [] if content_format is None else [Scheme(content_format=content_format)]
    return first + [Scheme(media_type=media_type)]


def parse_scheme_list(text: str) -> list:
    """LIST of the command line: psa, tpm2, cca, cf:N, mt:TYPE, result:URI, comma or blank apart.

    A media type that holds a comma or a blank is written in single quotes.
    """
    lexer = shlex.shlex(text, posix=True, punctuation_chars=False)
    lexer.whitespace, lexer.whitespace_split, lexer.quotes = ", ", True, "'"
    lexer.commenters = lexer.escape = ""
    schemes = []
    for word in lexer:
        kind, _, value = word.partition(":")
        if word in NAMES:
            schemes += schemes_of_name(word)
        elif kind == "cf":
            schemes.append(Scheme(content_format=int(value, 0)))
        elif kind == "mt":
            schemes.append(Scheme(media_type=value))
        elif kind == "result":
            schemes.append(Scheme(verifier=value))
        else:
            raise UsageError(f"{word}: not a name ({', '.join(NAMES)}), cf:, mt: or result:")
    return schemes


def encode_offer(server_schemes: list, client_schemes: list) -> bytes:
    """The body in ClientHello: what the server may prove, what the client may prove."""
    return b"".join(vec(2, b"".join(scheme.encode() for scheme in schemes))
                    for schemes in (server_schemes, client_schemes))


def parse_offer(body: bytes):
    reader = Reader(body, "remoteAttestation in ClientHello")
    lists = []
    for _ in range(2):
        inner, schemes = Reader(reader.vec(2), reader.what), []
        while inner.left():
            schemes.append(Scheme.read(inner))
        lists.append(schemes)
    reader.end()
    return lists[0], lists[1]


def parse_choice(body: bytes, where: str) -> Scheme:
    """The body in EncryptedExtensions and CertificateRequest."""
    reader = Reader(body, f"remoteAttestation in {where}")
    scheme = Scheme.read(reader)
    reader.end()
    return scheme


def encode_credential(cmw: bytes) -> bytes:
    """The body in the first CertificateEntry."""
    return vec(3, cmw)


def parse_credential(body: bytes) -> bytes:
    reader = Reader(body, "remoteAttestation in Certificate")
    cmw = reader.vec(3, 1)
    reader.end()
    return cmw
