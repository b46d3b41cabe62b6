# SPDX-License-Identifier: Apache-2.0
"""A Parsec TPM bundle signed by a key in software: what a TPM would say about the TLS key."""

import hashlib

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from . import cbor, keys, tpm
from .wire import UsageError, uint, vec

SHA256 = 0x000B
PCRS_0_1_2 = uint(4, 1) + uint(2, SHA256) + vec(1, b"\x07\0\0")


def public_area(public_key, attributes: int = 0x00040072) -> bytes:
    """TPMT_PUBLIC of a P-256 key that signs with ECDSA and SHA-256."""
    if keys.scheme_of(public_key) != 0x0403:
        raise UsageError("the simulated TPM certifies P-256 keys only")
    point = keys.point_of(public_key)
    return (uint(2, tpm.ALG_ECC) + uint(2, SHA256) + uint(4, attributes) + vec(2, b"") +
            uint(2, tpm.ALG_NULL) + uint(2, tpm.SIG_ECDSA) + uint(2, SHA256) + uint(2, 0x0003) +
            uint(2, tpm.ALG_NULL) + vec(2, point[1:33]) + vec(2, point[33:]))


def name_of(public: bytes) -> bytes:
    return uint(2, SHA256) + hashlib.sha256(public).digest()


def _attest(kind: int, signer: bytes, extra_data: bytes, attested: bytes) -> bytes:
    clock = uint(8, 1_000_000) + uint(4, 1) + uint(4, 0) + b"\x01"
    return (uint(4, tpm.MAGIC) + uint(2, kind) + vec(2, signer) + vec(2, extra_data) + clock +
            uint(8, 0x0102030405060708) + attested)


def _sign(key, data: bytes) -> bytes:
    r, s = utils.decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA256())))
    return (uint(2, tpm.SIG_ECDSA) + uint(2, SHA256) +
            vec(2, r.to_bytes(32, "big")) + vec(2, s.to_bytes(32, "big")))


def bundle(ak, tls_public_key, nonce: bytes, pcrs=(bytes(32),) * 3) -> bytes:
    """The CAB: Certify of the TLS key and Quote of PCR 0, 1 and 2, both over NONCE."""
    public = public_area(tls_public_key)
    signer = name_of(public_area(ak.public_key(), 0x00050072))
    certify = _attest(tpm.ST_CERTIFY, signer, nonce, vec(2, name_of(public)) + vec(2, signer))
    quote = _attest(tpm.ST_QUOTE, signer, nonce,
                    PCRS_0_1_2 + vec(2, hashlib.sha256(b"".join(pcrs)).digest()))
    kid = b"\x01" + hashlib.sha256(keys.point_of(ak.public_key())).digest()
    kat = cbor.Map([("tpmVer", "2.0"), ("kid", kid), ("sig", _sign(ak, certify)),
                    ("certInfo", certify), ("pubArea", public)])
    pat = cbor.Map([("tpmVer", "2.0"), ("kid", kid), ("sig", _sign(ak, quote)),
                    ("attestInfo", quote)])
    return cbor.encode(cbor.Map([("kat", kat), ("pat", pat)]))
