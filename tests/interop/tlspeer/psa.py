# SPDX-License-Identifier: Apache-2.0
"""PSA attestation token (RFC 9783, profile tfm): a simulated attester, and the check of one."""

import base64
import hashlib
import json

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from . import cbor, keys
from .wire import UsageError

PROFILE = "tag:psacertified.org,2023:psa#tfm"
NONCE, INSTANCE_ID, EAT_PROFILE, BOOT_SEED = 10, 256, 265, 268
CLIENT_ID, LIFECYCLE, IMPLEMENTATION_ID = 2394, 2395, 2396
CERTIFICATION, COMPONENTS, SERVICE = 2398, 2399, 2400
FILLER = -70099  # a claim that no profile knows: receivers ignore it
ES256 = -7
TAG_SIGN1, TAG_UCCS = 18, 601

_NAMES = {
    "psa-nonce": NONCE, "eat-nonce": NONCE, "psa-instance-id": INSTANCE_ID,
    "eat-profile": EAT_PROFILE, "psa-boot-seed": BOOT_SEED, "psa-client-id": CLIENT_ID,
    "psa-security-lifecycle": LIFECYCLE, "psa-implementation-id": IMPLEMENTATION_ID,
    "psa-certification-reference": CERTIFICATION, "psa-software-components": COMPONENTS,
    "psa-verification-service-indicator": SERVICE,
}
_COMPONENT_NAMES = {"measurement-type": 1, "measurement-value": 2, "version": 4, "signer-id": 5,
                    "measurement-description": 6}
_BINARY = {NONCE, INSTANCE_ID, BOOT_SEED, IMPLEMENTATION_ID}
_LIFECYCLES = (0x0000, 0x1000, 0x2000, 0x3000, 0x4000, 0x5000, 0x6000)


def instance_id(public_key) -> bytes:
    return b"\x01" + hashlib.sha256(keys.point_of(public_key)).digest()


def default_claims(public_key) -> cbor.Map:
    """A secured device with one component, identified by its key."""
    component = cbor.Map([(1, "PRoT"), (2, b"\x03" * 32), (5, b"\x04" * 32)])
    return cbor.Map([
        (EAT_PROFILE, PROFILE), (INSTANCE_ID, instance_id(public_key)),
        (IMPLEMENTATION_ID, bytes(32)), (CLIENT_ID, 1), (LIFECYCLE, 0x3000),
        (BOOT_SEED, b"\x05" * 32), (COMPONENTS, [component]),
    ])


def load_claims(path: str, public_key) -> cbor.Map:
    """Claims from JSON, by name with base64 values or by number; a file may leave out the rest."""
    with open(path, "rb") as file:
        try:
            given = json.load(file)
        except ValueError as error:
            raise UsageError(f"{path}: {error}") from error
    claims = default_claims(public_key)
    for name, value in given.items():
        name = name.replace("_", "-")
        key = _NAMES.get(name)
        if key is None and name.lstrip("-").isdigit():
            key = int(name)
        if key is not None:
            claims = _with(claims, key, _claim_value(key, value))
    return claims.without(NONCE)


def _with(claims: cbor.Map, key: int, value) -> cbor.Map:
    if claims.get(key) is None:
        return cbor.Map(list(claims) + [(key, value)])
    return cbor.Map((seen, value if seen == key else old) for seen, old in claims)


def _claim_value(key: int, value):
    if key in _BINARY:
        return _binary(value)
    if key == COMPONENTS:
        return [_component(item) for item in value]
    return value


def _component(item: dict) -> cbor.Map:
    pairs = [(_COMPONENT_NAMES.get(name, name), value) for name, value in item.items()]
    return cbor.Map((int(key), _binary(value) if int(key) in (2, 5) else value)
                    for key, value in pairs)


def _binary(text: str) -> bytes:
    """Hex where it is hex of a usual length, else base64."""
    if len(text) in (64, 66, 96, 128) and all(c in "0123456789abcdefABCDEF" for c in text):
        return bytes.fromhex(text)
    return base64.b64decode(text, validate=True)


def sign1(key, payload: bytes) -> bytes:
    """COSE_Sign1 with ES256 and an empty unprotected header."""
    protected = cbor.encode(cbor.Map([(1, ES256)]))
    to_be_signed = cbor.encode(["Signature1", protected, b"", payload])
    r, s = utils.decode_dss_signature(key.sign(to_be_signed, ec.ECDSA(hashes.SHA256())))
    signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    return cbor.encode(cbor.Tag(TAG_SIGN1, [protected, cbor.Map(), payload, signature]))


def check(token: bytes, binder: bytes, public_key, note) -> None:
    """Reports each step through note(check, ok, found, expected)."""
    try:
        payload, detail = _envelope(token, public_key)
    except (cbor.CborError, ValueError) as error:
        note("psa envelope", False, str(error), "COSE_Sign1 with ES256")
        return
    note("psa signature", detail == "verifies", detail, "verifies")
    try:
        claims = cbor.decode(payload)
        if not isinstance(claims, cbor.Map):
            raise cbor.CborError("the payload is not a map")
    except cbor.CborError as error:
        note("psa claims", False, str(error), "a map of claims")
        return
    nonce = claims.get(NONCE)
    found = nonce.hex() if isinstance(nonce, bytes) else repr(nonce)
    note("psa nonce", nonce == binder, found, binder.hex())
    _check_claims(claims, note)


def _envelope(token: bytes, public_key):
    item = cbor.decode(token)
    if not isinstance(item, cbor.Tag) or item.number != TAG_SIGN1:
        tag = item.number if isinstance(item, cbor.Tag) else None
        raise ValueError(f"tag {tag} instead of COSE_Sign1")
    parts = item.value
    if not isinstance(parts, list) or len(parts) != 4:
        raise ValueError("not an array of four")
    protected, _, payload, signature = parts
    if not all(isinstance(part, bytes) for part in (protected, payload, signature)):
        raise ValueError("a part is not a byte string")
    header = cbor.decode(protected)
    if not isinstance(header, cbor.Map) or header.get(1) != ES256 or len(signature) != 64:
        raise ValueError("the protected header or the signature is not ES256's")
    if public_key is None:
        return payload, "not checked: no key given"
    to_be_signed = cbor.encode(["Signature1", protected, b"", payload])
    der = utils.encode_dss_signature(int.from_bytes(signature[:32], "big"),
                                     int.from_bytes(signature[32:], "big"))
    try:
        public_key.verify(der, to_be_signed, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return payload, "does not verify"
    return payload, "verifies"


def _check_claims(claims: cbor.Map, note) -> None:
    wrong = [f"claim {key} twice" for key in claims.duplicates()]
    for key, lengths in ((INSTANCE_ID, (33,)), (IMPLEMENTATION_ID, (32,))):
        value = claims.get(key)
        if not isinstance(value, bytes) or len(value) not in lengths:
            wrong.append(f"claim {key} absent or of a wrong length")
    if claims.get(EAT_PROFILE) != PROFILE:
        wrong.append(f"profile {claims.get(EAT_PROFILE)!r}")
    lifecycle = claims.get(LIFECYCLE)
    if not isinstance(lifecycle, int) or lifecycle & ~0xFF not in _LIFECYCLES:
        wrong.append(f"lifecycle {lifecycle!r}")
    if not isinstance(claims.get(CLIENT_ID), int) or not claims.get(COMPONENTS):
        wrong.append("client id or software components absent")
    note("psa claims", not wrong, "; ".join(wrong) or "complete", "complete")
    note("psa lifecycle", lifecycle == 0x3000, repr(lifecycle), repr(0x3000))
