# SPDX-License-Identifier: Apache-2.0
"""The Parsec TPM bundle: Certify and Quote by one AK, read and judged; all integers big-endian."""

import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from . import cbor, keys
from .wire import Reader, Refusal

MAGIC = 0xFF544347
ST_CERTIFY, ST_QUOTE = 0x8017, 0x8018
ALG_NULL, ALG_RSA, ALG_ECC = 0x0010, 0x0001, 0x0023
SIG_RSASSA, SIG_ECDSA = 0x0014, 0x0018
HASHES = {0x000B: hashes.SHA256, 0x000C: hashes.SHA384, 0x000D: hashes.SHA512}
HASH_NAMES = {0x000B: "sha256", 0x000C: "sha384", 0x000D: "sha512"}
CURVES = {0x0003: ec.SECP256R1, 0x0004: ec.SECP384R1, 0x0005: ec.SECP521R1}
FIXED_TPM, FIXED_PARENT, SENSITIVE_DATA_ORIGIN, SIGN = 1 << 1, 1 << 4, 1 << 5, 1 << 18
WANTED_ATTRIBUTES = FIXED_TPM | FIXED_PARENT | SENSITIVE_DATA_ORIGIN | SIGN


class TpmError(ValueError):
    """Not the structure that was to be there."""


def parse_attest(data: bytes) -> dict:
    """TPMS_ATTEST of type certify or quote."""
    reader = Reader(data, "TPMS_ATTEST")
    try:
        magic, kind = reader.uint(4), reader.uint(2)
        if magic != MAGIC:
            raise TpmError(f"magic {magic:#010x}")
        found = {"type": kind, "signer": reader.vec(2), "extra_data": reader.vec(2)}
        reader.take(17 + 8)  # clockInfo, firmwareVersion
        if kind == ST_CERTIFY:
            found["name"], found["qualified_name"] = reader.vec(2), reader.vec(2)
        elif kind == ST_QUOTE:
            found["selection"] = [(reader.uint(2), reader.vec(1))
                                  for _ in range(min(reader.uint(4), 17))]
            found["pcr_digest"] = reader.vec(2)
        else:
            raise TpmError(f"type {kind:#06x}")
        reader.end()
    except Refusal as error:
        raise TpmError(str(error)) from error
    return found


def parse_public(data: bytes) -> dict:
    """TPMT_PUBLIC of a signing key."""
    reader = Reader(data, "TPMT_PUBLIC")
    try:
        kind, name_algorithm, attributes = reader.uint(2), reader.uint(2), reader.uint(4)
        reader.vec(2)  # authPolicy
        if reader.uint(2) != ALG_NULL:
            raise TpmError("a symmetric scheme in a signing key")
        if reader.uint(2) != ALG_NULL:
            reader.take(2)  # the scheme's hash
        if kind == ALG_ECC:
            curve = CURVES.get(reader.uint(2))
            if curve is None or reader.uint(2) != ALG_NULL:
                raise TpmError("an unknown curve or a key derivation function")
            x, y = (int.from_bytes(reader.vec(2), "big") for _ in range(2))
            key = ec.EllipticCurvePublicNumbers(x, y, curve()).public_key()
        elif kind == ALG_RSA:
            _, exponent = reader.uint(2), reader.uint(4) or 65537
            key = rsa.RSAPublicNumbers(exponent, int.from_bytes(reader.vec(2), "big")).public_key()
        else:
            raise TpmError(f"key type {kind:#06x}")
        reader.end()
    except (Refusal, ValueError) as error:
        raise TpmError(str(error)) from error
    if name_algorithm not in HASH_NAMES:
        raise TpmError(f"name algorithm {name_algorithm:#06x}")
    digest = hashlib.new(HASH_NAMES[name_algorithm], data).digest()
    return {"attributes": attributes, "key": key, "name": data[2:4] + digest}


def verify_signature(public_key, signature: bytes, data: bytes) -> None:
    """TPMT_SIGNATURE over DATA; TpmError when it is not one or does not verify."""
    reader = Reader(signature, "TPMT_SIGNATURE")
    try:
        algorithm, hash_id = reader.uint(2), reader.uint(2)
        digest = HASHES.get(hash_id)
        if digest is None:
            raise TpmError(f"signature hash {hash_id:#06x}")
        if algorithm == SIG_ECDSA and isinstance(public_key, ec.EllipticCurvePublicKey):
            r, s = (int.from_bytes(reader.vec(2), "big") for _ in range(2))
            reader.end()
            public_key.verify(utils.encode_dss_signature(r, s), data, ec.ECDSA(digest()))
        elif algorithm == SIG_RSASSA and isinstance(public_key, rsa.RSAPublicKey):
            value = reader.vec(2)
            reader.end()
            public_key.verify(value, data, padding.PKCS1v15(), digest())
        else:
            raise TpmError(f"signature algorithm {algorithm:#06x} does not fit the AK")
    except Refusal as error:
        raise TpmError(str(error)) from error
    except InvalidSignature as error:
        raise TpmError("does not verify") from error


def parse_bundle(data: bytes) -> dict:
    """The octets of {kat: {...}, pat: {...}}; unknown text members are ignored."""
    bundle = cbor.decode(data)
    found = {}
    for part, wanted in (("kat", ("kid", "sig", "certInfo", "pubArea")),
                         ("pat", ("kid", "sig", "attestInfo"))):
        value = bundle.get(part) if isinstance(bundle, cbor.Map) else None
        if not isinstance(value, cbor.Map):
            raise TpmError(f"no map {part}")
        for member in wanted:
            if not isinstance(value.get(member), bytes):
                raise TpmError(f"no byte string {part}.{member}")
            found[part, member] = value.get(member)
    return found


def check(evidence: bytes, binder: bytes, public_key, tls_spki: bytes, note) -> None:
    """Reports each step through note(check, ok, found, expected)."""
    try:
        bundle = parse_bundle(evidence)
        certify = parse_attest(bundle["kat", "certInfo"])
        quote = parse_attest(bundle["pat", "attestInfo"])
        public = parse_public(bundle["kat", "pubArea"])
    except (cbor.CborError, TpmError) as error:
        note("tpm2 structure", False, str(error), "a Parsec TPM bundle")
        return
    note("tpm2 kid", bundle["kat", "kid"] == bundle["pat", "kid"],
         bundle["pat", "kid"].hex(), bundle["kat", "kid"].hex())
    for part, member, attest, kind in (("kat", "certInfo", certify, ST_CERTIFY),
                                       ("pat", "attestInfo", quote, ST_QUOTE)):
        what = "certify" if part == "kat" else "quote"
        note(f"tpm2 {what} type", attest["type"] == kind, hex(attest["type"]), hex(kind))
        note(f"tpm2 {what} extraData", attest["extra_data"] == binder,
             attest["extra_data"].hex(), binder.hex())
        detail = "not checked: no key given"
        if public_key is not None:
            detail = "verifies"
            try:
                verify_signature(public_key, bundle[part, "sig"], bundle[part, member])
            except TpmError as error:
                detail = str(error)
        note(f"tpm2 {what} signature", detail == "verifies", detail, "verifies")
    certified = certify.get("name", b"")
    note("tpm2 name", certified == public["name"], certified.hex(), public["name"].hex())
    missing = WANTED_ATTRIBUTES & ~public["attributes"]
    note("tpm2 attributes", missing == 0, f"{public['attributes']:#010x}",
         f"{WANTED_ATTRIBUTES:#010x} all set")
    key_octets = keys.spki_of(public["key"])
    note("tpm2 key", key_octets == tls_spki, key_octets.hex(), tls_spki.hex())
