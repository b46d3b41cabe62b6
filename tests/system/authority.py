# SPDX-License-Identifier: Apache-2.0
"""A certificate authority for tests: certificates that are right, and wrong in one respect."""

import datetime
import ipaddress
import os

import atlslib

try:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier
except ImportError as absent:
    atlslib.skip(f"a module of Python is absent: {absent}")

HOUR = datetime.timedelta(hours=1)
UNKNOWN_EXTENSION = ObjectIdentifier("1.3.6.1.4.1.32473.1")  # documentation's own arc (RFC 5612)
PEM = serialization.Encoding.PEM


def _name(text: str):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _alternatives(names):
    found = []
    for name in names:
        try:
            found.append(x509.IPAddress(ipaddress.ip_address(name)))
        except ValueError:
            found.append(x509.DNSName(name))
    return x509.SubjectAlternativeName(found)


def public_key_of(identity: atlslib.Identity):
    """That of keygen's certificate: with a TPM there is no other way to it."""
    with open(identity.path("cert.pem"), "rb") as file:
        return x509.load_pem_x509_certificate(file.read()).public_key()


def by_the_book(builder, key, signer, is_ca):
    """What RFC 5280 wants, and Python from 3.13 on: names of both keys, and of what a CA is for."""
    if is_ca:
        usage = x509.KeyUsage(False, False, False, False, False, key_cert_sign=True, crl_sign=True,
                              encipher_only=False, decipher_only=False)
        builder = builder.add_extension(usage, critical=True)
    return (builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer), critical=False))


class Authority:
    def __init__(self, folder: str, name: str = "test CA"):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.subject = _name(name)
        self.path = os.path.join(folder, name.replace(" ", "-") + ".pem")
        made = self._build(self.subject, self.key.public_key(), -HOUR, 24 * HOUR)
        made = made.add_extension(x509.BasicConstraints(True, None), critical=True)
        self._write(self.path, made)

    def _build(self, subject, public_key, begins, ends):
        now = datetime.datetime.now(datetime.timezone.utc)
        return by_the_book(x509.CertificateBuilder().subject_name(subject).issuer_name(self.subject)
                           .public_key(public_key).serial_number(x509.random_serial_number())
                           .not_valid_before(now + begins).not_valid_after(now + ends),
                           public_key, self.key.public_key(), subject == self.subject)

    def _write(self, path: str, builder) -> None:
        with open(path, "wb") as file:
            file.write(builder.sign(self.key, hashes.SHA256()).public_bytes(PEM))

    def certify(self, identity: atlslib.Identity, names=("localhost", "127.0.0.1"), file="pkix.pem",
                begins=-HOUR, ends=24 * HOUR, usage=None, unknown_critical=False,
                alternatives=True) -> list:
        """A certificate for the identity's key; the words that present it."""
        built = self._build(_name(names[0]), public_key_of(identity), begins, ends)
        built = built.add_extension(x509.BasicConstraints(False, None), critical=True)
        if alternatives:
            built = built.add_extension(_alternatives(names), critical=False)
        if usage is not None:
            built = built.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        if unknown_critical:
            unknown = x509.UnrecognizedExtension(UNKNOWN_EXTENSION, b"\5\0")
            built = built.add_extension(unknown, critical=True)
        self._write(identity.path(file), built)
        return ["--cert", identity.path(file), "--key", identity.path("key.pem")]


    def certify_key(self, identity: atlslib.Identity, name: str, key) -> tuple:
        """A certificate for KEY, which need not be of keygen's kind: (certificate, key) files."""
        built = self._build(_name(name), key.public_key(), -HOUR, 24 * HOUR)
        built = built.add_extension(_alternatives(("localhost", "127.0.0.1")), critical=False)
        cert, path = identity.path(name + ".pem"), identity.path(name + ".key")
        self._write(cert, built)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
            file.write(key.private_bytes(PEM, serialization.PrivateFormat.PKCS8,
                                         serialization.NoEncryption()))
        return cert, path


SERVER_ONLY, CLIENT_ONLY = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH
