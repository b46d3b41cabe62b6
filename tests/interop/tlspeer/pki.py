# SPDX-License-Identifier: Apache-2.0
"""As much of RFC 5280 as the tests need: the raw SPKI, a chain by signature, dates, the name."""

import datetime
import ipaddress

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from .wire import Refusal


def _der_item(data: bytes, at: int):
    """(tag, start of content, end) of the DER item at AT."""
    try:
        tag, length, start = data[at], data[at + 1], at + 2
        if length & 0x80:
            size = length & 0x7F
            length, start = int.from_bytes(data[start:start + size], "big"), start + size
    except IndexError as error:
        raise Refusal(42, "the certificate is not DER") from error
    if start + length > len(data):
        raise Refusal(42, "the certificate is not DER")
    return tag, start, start + length


def raw_spki(der: bytes) -> bytes:
    """SubjectPublicKeyInfo exactly as it stands in the certificate: the binder hashes these."""
    _, certificate, _ = _der_item(der, 0)
    _, at, _ = _der_item(der, certificate)
    if _der_item(der, at)[0] == 0xA0:          # version
        at = _der_item(der, at)[2]
    for _ in range(5):                         # serial, algorithm, issuer, validity, subject
        at = _der_item(der, at)[2]
    tag, _, end = _der_item(der, at)
    if tag != 0x30:
        raise Refusal(42, "no SubjectPublicKeyInfo in the certificate")
    return der[at:end]


def load(der: bytes) -> x509.Certificate:
    try:
        certificate = x509.load_der_x509_certificate(der)
        certificate.public_key()
        return certificate
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Refusal(42, f"the certificate does not parse: {error}") from error


def load_pem_chain(path: str) -> list:
    """DER of every certificate of a PEM file, in its order."""
    marker = b"-----END CERTIFICATE-----"
    with open(path, "rb") as file:
        blocks = [block + marker for block in file.read().split(marker) if b"BEGIN" in block]
    return [x509.load_pem_x509_certificate(block).public_bytes(Encoding.DER) for block in blocks]


def _signed_by(child: x509.Certificate, issuer: x509.Certificate) -> bool:
    if child.issuer != issuer.subject:
        return False
    key, data = issuer.public_key(), child.tbs_certificate_bytes
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(child.signature, data, ec.ECDSA(child.signature_hash_algorithm))
        elif isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(child.signature, data)
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(child.signature, data, padding.PKCS1v15(), child.signature_hash_algorithm)
        else:
            return False
    except (InvalidSignature, TypeError):
        return False
    return True


def _may_issue(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def check_dates(certificate: x509.Certificate) -> None:
    now = datetime.datetime.utcnow()
    if now < certificate.not_valid_before or now > certificate.not_valid_after:
        raise Refusal(45, f"the certificate of {certificate.subject.rfc4514_string()!r} is not "
                          "valid now")


def check_chain(chain: list, anchors: list) -> None:
    """CHAIN (DER, leaf first) must lead to one of ANCHORS; raises the fitting alert."""
    path = [load(der) for der in chain]
    roots = [load(der) for der in anchors]
    current = path[0]
    for _ in range(len(path) + 1):
        check_dates(current)
        if any(_signed_by(current, root) or current == root for root in roots):
            return
        current = next((issuer for issuer in path[1:]
                        if _may_issue(issuer) and _signed_by(current, issuer)), None)
        if current is None:
            break
    raise Refusal(48, "the certificate chain does not lead to a trusted CA")


def check_name(der: bytes, name: str) -> None:
    """NAME, a DNS name or an IP address, must be a subjectAltName of the certificate."""
    try:
        names = load(der).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound as error:
        raise Refusal(42, "the certificate has no subjectAltName") from error
    try:
        found = ipaddress.ip_address(name) in names.get_values_for_type(x509.IPAddress)
    except ValueError:
        dns = [entry.lower() for entry in names.get_values_for_type(x509.DNSName)]
        parent = "*." + name.lower().partition(".")[2]
        found = name.lower() in dns or parent in dns
    if not found:
        raise Refusal(42, f"the certificate is not for {name!r}")
