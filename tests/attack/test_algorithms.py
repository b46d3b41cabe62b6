#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""R-36, R-44, R-50: the endorsement says which key signs and how; nothing in the Evidence does."""

import datetime
import hashlib
import hmac

from adversary import AttackTest, SoftTpm, atlslib, faults
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from softtpm import fresh_key, tpm_fault
from tlspeer import cbor, psa
from tlspeer.wire import uint, vec

OTHER_KEY = fresh_key()


def raw(key, data: bytes, digest=hashes.SHA256) -> bytes:
    size = (key.curve.key_size + 7) // 8
    r, s = utils.decode_dss_signature(key.sign(data, ec.ECDSA(digest())))
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")


def signed(protected, unprotected, payload, sign, context="Signature1", tag=psa.TAG_SIGN1):
    """A COSE structure of four whose SIGN(octets) makes the last one."""
    header = cbor.encode(protected) if len(list(protected)) else b""
    covered = cbor.encode([context, header, b"", payload])
    return cbor.encode(cbor.Tag(tag, [header, unprotected, payload, sign(covered)]))


def token_fault(name: str, make) -> str:
    """Replaces the token by MAKE(payload, the endorsed key)."""
    @faults.fault(name, "token", f"a PSA token: {name}")
    def replace(token, endpoint, _argument):
        return make(cbor.decode(token).value[2], endpoint.config.attester.key)
    return name


def with_header(*pairs, unprotected=(), digest=hashes.SHA256):
    return lambda payload, key: signed(cbor.Map(pairs), cbor.Map(unprotected), payload,
                                       lambda data: raw(key, data, digest))


def public_octets(key) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.DER,
                                         serialization.PublicFormat.SubjectPublicKeyInfo)


def mac(payload, key):
    """A MAC whose key is what everybody knows: the public key."""
    return signed(cbor.Map([(1, 5)]), cbor.Map(), payload,
                  lambda data: hmac.new(public_octets(key), data, hashlib.sha256).digest())


def mac0(payload, key):
    return signed(cbor.Map([(1, 5)]), cbor.Map(), payload,
                  lambda data: hmac.new(public_octets(key), data, hashlib.sha256).digest(),
                  "MAC0", 17)


def rsa_signed(payload, _key):
    key = rsa.generate_private_key(65537, 2048)
    return signed(cbor.Map([(1, -257)]), cbor.Map(), payload,
                  lambda data: key.sign(data, padding.PKCS1v15(), hashes.SHA256()))


def certificate_of(key) -> bytes:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a root of its own")])
    now = datetime.datetime.utcnow()
    return (x509.CertificateBuilder().subject_name(name).issuer_name(name)
            .public_key(key.public_key()).serial_number(1)
            .not_valid_before(now - datetime.timedelta(1))
            .not_valid_after(now + datetime.timedelta(1))
            .sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER))


def own_root(payload, _key):
    """R-36: another key, and its certificate beside it (x5chain, RFC 9360)."""
    return signed(cbor.Map([(1, -7)]), cbor.Map([(33, certificate_of(OTHER_KEY))]), payload,
                  lambda data: raw(OTHER_KEY, data))


def many_signatures(payload, key):
    header = cbor.encode(cbor.Map([(1, -7)]))
    one = [header, cbor.Map(), raw(key, cbor.encode(["Signature", b"", header, b"", payload]))]
    return cbor.encode(cbor.Tag(98, [b"", cbor.Map(), payload, [one, one]]))


def der_signature(payload, key):
    return signed(cbor.Map([(1, -7)]), cbor.Map(), payload,
                  lambda data: key.sign(data, ec.ECDSA(hashes.SHA256())))


PSA = {
    token_fault("alg-es384", with_header((1, -35))): "ALGORITHM",
    token_fault("alg-es384-hashed", with_header((1, -35), digest=hashes.SHA384)): "ALGORITHM",
    token_fault("alg-eddsa", with_header((1, -8))): "ALGORITHM",
    token_fault("alg-zero", with_header((1, 0))): "ALGORITHM",
    token_fault("alg-text", with_header((1, "none"))): ("ALGORITHM", "EVIDENCE_MALFORMED"),
    token_fault("alg-absent", with_header()): ("ALGORITHM", "EVIDENCE_MALFORMED"),
    token_fault("alg-unprotected", with_header(unprotected=[(1, -7)])):
        ("ALGORITHM", "EVIDENCE_MALFORMED"),
    token_fault("alg-twice", with_header((1, -7), (1, -7))): "EVIDENCE_MALFORMED",
    token_fault("crit-unknown", with_header((1, -7), (2, [99]), (99, 1))):
        ("ALGORITHM", "EVIDENCE_MALFORMED"),
    token_fault("alg-rsa", rsa_signed): "ALGORITHM",
    token_fault("hmac-with-the-public-key", mac): ("ALGORITHM", "SIGNATURE"),
    token_fault("mac0-with-the-public-key", mac0): ("ALGORITHM", "SIGNATURE",
                                                    "EVIDENCE_MALFORMED"),
    token_fault("key-of-its-own", lambda p, _: psa.sign1(OTHER_KEY, p)): "SIGNATURE",
    token_fault("root-of-its-own", own_root): "SIGNATURE",
    token_fault("many-signatures", many_signatures): ("EVIDENCE_MALFORMED", "SIGNATURE"),
    token_fault("signature-in-der", der_signature): ("SIGNATURE", "EVIDENCE_MALFORMED"),
    token_fault("signature-empty", lambda p, _: signed(
        cbor.Map([(1, -7)]), cbor.Map(), p, lambda _: b"")): ("SIGNATURE", "EVIDENCE_MALFORMED"),
    token_fault("signature-zeros", lambda p, _: signed(
        cbor.Map([(1, -7)]), cbor.Map(), p, lambda _: bytes(64))): "SIGNATURE",
    token_fault("payload-changed", lambda p, k: psa.sign1(k, p).replace(b"1.0.0", b"1.0.1")):
        "SIGNATURE",
    token_fault("bare-claims", lambda p, _: p): ("SIGNATURE", "EVIDENCE_MALFORMED"),
    "unsigned-token": "SIGNATURE",
    "unsigned-token=labelled": ("EVIDENCE_TYPE", "SIGNATURE"),
    "bad-evidence-signature": "SIGNATURE",
}


def tpm_signature(make):
    """Both signatures of the bundle, made by MAKE(machine, data)."""
    def change(machine):
        machine.sign = lambda data: make(machine, data)
    return change


def ecdsa(machine, data, digest, number) -> bytes:
    r, s = utils.decode_dss_signature(machine.ak.sign(data, ec.ECDSA(digest())))
    return (uint(2, 0x0018) + uint(2, number) + vec(2, r.to_bytes(32, "big")) +
            vec(2, s.to_bytes(32, "big")))


TPM = {
    tpm_fault("tpm-sha1", tpm_signature(lambda m, d: ecdsa(m, d, hashes.SHA1, 4))): "ALGORITHM",
    tpm_fault("tpm-sha512", tpm_signature(lambda m, d: ecdsa(m, d, hashes.SHA512, 13))):
        "ALGORITHM",
    tpm_fault("tpm-rsassa", tpm_signature(
        lambda m, d: uint(2, 0x0014) + uint(2, 11) + vec(2, bytes(256)))): "ALGORITHM",
    tpm_fault("tpm-hmac", tpm_signature(lambda m, d: uint(2, 5) + uint(2, 11) + hmac.new(
        public_octets(m.ak), d, hashlib.sha256).digest())): ("ALGORITHM", "EVIDENCE_MALFORMED"),
    tpm_fault("tpm-null-signature", tpm_signature(lambda m, d: uint(2, 0x0010))):
        ("ALGORITHM", "EVIDENCE_MALFORMED"),
    tpm_fault("tpm-zeros", tpm_signature(
        lambda m, d: uint(2, 0x0018) + uint(2, 11) + vec(2, b"") + vec(2, b""))):
        ("SIGNATURE", "EVIDENCE_MALFORMED"),
}


class AlgorithmsTest(AttackTest):
    def test_a_token_that_the_endorsed_key_did_not_sign_as_endorsed_is_refused(self):
        for fault, codes in PSA.items():
            self.assert_both_refuse(self.peer.attesting(), [fault], 40, codes)

    def test_a_quote_that_the_endorsed_key_did_not_sign_as_endorsed_is_refused(self):
        machine = SoftTpm(self.path("machine"), self.peer)
        for fault, codes in TPM.items():
            self.assert_both_refuse(machine.attesting(), [fault], 40, codes, of=machine)


if __name__ == "__main__":
    atlslib.main()
