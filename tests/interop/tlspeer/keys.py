# SPDX-License-Identifier: Apache-2.0
"""Asymmetric keys: key shares, certificate keys and their signatures."""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, x25519

from . import numbers
from .wire import Refusal, UsageError, illegal_parameter

_ECDSA = {
    numbers.ECDSA_P256_SHA256: ("secp256r1", hashes.SHA256),
    numbers.ECDSA_P384_SHA384: ("secp384r1", hashes.SHA384),
}


class KeyShare:
    """One ephemeral key; `public` is what goes on the wire and may be falsified by a fault."""

    def __init__(self, group: int):
        self.group = group
        self.forced_secret = None
        if group == numbers.X25519:
            self.private = x25519.X25519PrivateKey.generate()
            self.public = self.private.public_key().public_bytes(
                serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        else:
            self.private = ec.generate_private_key(ec.SECP256R1())
            self.public = point_of(self.private.public_key())

    def shared(self, peer: bytes) -> bytes:
        """The (EC)DHE secret; degenerate shares and invalid points are an illegal_parameter."""
        if self.forced_secret is not None:
            return self.forced_secret
        try:
            if self.group == numbers.X25519:
                return self.private.exchange(x25519.X25519PublicKey.from_public_bytes(peer))
            if len(peer) != 65 or peer[0] != 4:
                raise ValueError("not an uncompressed point of 65 octets")
            point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), peer)
            return self.private.exchange(ec.ECDH(), point)
        except ValueError as error:
            name = numbers.GROUPS[self.group]
            raise illegal_parameter(f"key share of {name} is not usable: {error}") from error


def point_of(public_key) -> bytes:
    return public_key.public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


def spki_of(public_key) -> bytes:
    return public_key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def scheme_of(key):
    """The one signature scheme of a private or public key, or None."""
    if isinstance(key, (ed25519.Ed25519PrivateKey, ed25519.Ed25519PublicKey)):
        return numbers.ED25519
    if isinstance(key, (ec.EllipticCurvePrivateKey, ec.EllipticCurvePublicKey)):
        for scheme, (curve, _) in _ECDSA.items():
            if key.curve.name == curve:
                return scheme
    return None


def sign(key, data: bytes) -> bytes:
    scheme = scheme_of(key)
    if scheme == numbers.ED25519:
        return key.sign(data)
    if scheme is None:
        raise UsageError("the key is neither P-256, P-384 nor Ed25519")
    return key.sign(data, ec.ECDSA(_ECDSA[scheme][1]()))


def verify(key, scheme: int, signature: bytes, data: bytes) -> None:
    """Checks a CertificateVerify signature; a scheme that is not the key's is refused first."""
    if scheme_of(key) != scheme:
        raise illegal_parameter(f"signature scheme {scheme:#06x} is not the certificate key's")
    try:
        if scheme == numbers.ED25519:
            key.verify(signature, data)
        else:
            key.verify(signature, data, ec.ECDSA(_ECDSA[scheme][1]()))
    except InvalidSignature as error:
        raise Refusal(51, "the CertificateVerify signature does not verify") from error


def load_private(path: str):
    with open(path, "rb") as file:
        try:
            return serialization.load_pem_private_key(file.read(), None)
        except ValueError as error:
            raise UsageError(f"{path}: {error}") from error


def load_public(path: str):
    """A public key from PEM; a private key or a certificate may stand in for it."""
    from cryptography import x509

    with open(path, "rb") as file:
        data = file.read()
    try:
        if b"CERTIFICATE" in data:
            return x509.load_pem_x509_certificate(data).public_key()
        if b"PRIVATE KEY" in data:
            return serialization.load_pem_private_key(data, None).public_key()
        return serialization.load_pem_public_key(data)
    except ValueError as error:
        raise UsageError(f"{path}: {error}") from error


def generate_like(key):
    """A fresh private key of the same kind."""
    if scheme_of(key) == numbers.ED25519:
        return ed25519.Ed25519PrivateKey.generate()
    return ec.generate_private_key(key.curve)
