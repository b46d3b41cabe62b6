# SPDX-License-Identifier: Apache-2.0
"""Conceptual Message Wrapper (RFC 9999): CBOR record, CBOR tag, JSON record; collections named."""

import base64
import json

from . import attestation, cbor

IND_EVIDENCE = 4
TAG_FIRST, TAG_LAST = 0x63740101, 0x6374FFFF


class CmwError(ValueError):
    """Not a CMW that we take."""


def tag_of_format(content_format: int) -> int:
    """TN() of RFC 9277."""
    return TAG_FIRST + content_format // 255 * 256 + content_format % 255


def format_of_tag(number: int) -> int:
    if not TAG_FIRST <= number <= TAG_LAST or (number - TAG_FIRST) % 256 == 255:
        raise CmwError(f"tag {number} is not in the range of RFC 9277")
    return (number - TAG_FIRST) // 256 * 255 + (number - TAG_FIRST) % 256


def record(kind, value: bytes, indicator: int = IND_EVIDENCE) -> bytes:
    """A CBOR record; KIND is a content format or a media type."""
    return cbor.encode([kind, value] + ([indicator] if indicator else []))


def parse(data: bytes):
    """(type, value, shape); type is a content format, a media type, or None for a collection."""
    if not data:
        raise CmwError("an empty CMW")
    if data[:1] == b"[":
        return _parse_json(data)
    try:
        item = cbor.decode(data)
    except cbor.CborError as error:
        raise CmwError(f"not CBOR: {error}") from error
    if isinstance(item, cbor.Tag):
        if not isinstance(item.value, bytes):
            raise CmwError("the tagged value is not a byte string")
        return format_of_tag(item.number), item.value, "tag"
    if isinstance(item, cbor.Map):
        return None, data, "collection"
    if not isinstance(item, list) or len(item) not in (2, 3):
        raise CmwError("neither record, tag nor collection")
    kind, value = item[0], item[1]
    if isinstance(kind, bool) or not isinstance(kind, (int, str)):
        raise CmwError("the type is neither a number nor text")
    if isinstance(kind, int) and not 0 <= kind <= 0xFFFF:
        raise CmwError(f"content format {kind} is out of range")
    if isinstance(kind, str) and "/" not in kind:
        raise CmwError(f"{kind!r} is not a media type")
    if not isinstance(value, bytes):
        raise CmwError("the value is not a byte string")
    if len(item) == 3:
        _check_indicator(item[2])
    return kind, value, "record"


def _check_indicator(indicator) -> None:
    if isinstance(indicator, bool) or not isinstance(indicator, int):
        raise CmwError("the indicator is not a number")
    if not 0 < indicator < 1 << 32:
        raise CmwError(f"indicator {indicator} is out of range")


def _parse_json(data: bytes):
    try:
        item = json.loads(data)
    except ValueError as error:
        raise CmwError(f"not JSON: {error}") from error
    if len(item) not in (2, 3) or not all(isinstance(part, str) for part in item[:2]):
        raise CmwError("not a JSON record")
    if len(item) == 3:
        _check_indicator(item[2])
    if "=" in item[1] or not item[1]:
        raise CmwError("the value is not unpadded base64url")
    value = base64.urlsafe_b64decode(item[1] + "=" * (-len(item[1]) % 4))
    return item[0], value, "json record"


def scheme_of(kind) -> attestation.Scheme:
    """The scheme whose type a CMW states."""
    if isinstance(kind, int):
        return attestation.Scheme(content_format=kind)
    return attestation.Scheme(media_type=kind)
