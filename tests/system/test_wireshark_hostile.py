#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tools/wireshark on what nobody should send: what is wrong is marked, and the dissector never fails."""

import base64
import json
import random
import struct
import sys

import atlslib

try:
    import cbor2
except ImportError as absent:
    atlslib.skip(f"{sys.executable} lacks a module: {absent}")

from tshark import CERTIFICATE, SERVER, TYPE, Capture, Dissected, Handshake, sample

from tlspeer import attestation, messages
from tlspeer.attestation import Scheme

PSA = Scheme(content_format=10003).encode()
TPM_TYPE = attestation.NAMES["tpm2"][1]
MUTANTS = 1500
CBOR = "application/vnd.x+cbor"


def credential(cmw: bytes) -> bytes:
    return attestation.encode_credential(cmw)


def record(value, media_type=CBOR) -> bytes:
    return cbor2.dumps([media_type, value if isinstance(value, bytes) else cbor2.dumps(value)])


def token(payload: bytes, protected=b"\xa1\1\x26") -> bytes:
    return record(cbor2.CBORTag(18, [protected, {}, payload, bytes(64)]), 263)


def parsec(**changes) -> bytes:
    """Parsec's bundle with other octets for members of the kat."""
    bundle = cbor2.loads(cbor2.loads(sample("tpm2", "plain.cmw"))[1])
    bundle["kat"].update(changes)
    return record(bundle, TPM_TYPE)


OFFERS = [
    (b"", "a list of schemes goes past the end"),
    (b"\0\4" + PSA, "a list of schemes goes past the end"),
    (b"\0\4" + PSA + b"\0\0\0", "1 octets behind the end"),
    (b"\0\4" + PSA + b"\0\1\2", "an unknown AttestationMechanism has no length"),
    (b"\0\2\0\2\0\0", "an unknown typeEncoding has no length"),
    (b"\0\1\0\0\0", "no typeEncoding"),
    (b"\0\3\0\0\1\0\0", "no content_format"),
    (b"\0\5\1\0\3ab\0\0", "a name goes past the end"),
]
CHOICES = [
    (b"", "no AttestationMechanism"), (PSA + b"\0", "1 octets behind the end"),
    (Scheme(content_format=263).encode(), "The ClientHello did not offer this scheme"),
]
CREDENTIALS = [
    (b"\0\0", "no length of cmw_payload"), (b"\0\0\0", "cmw_payload is empty"),
    (b"\0\0\5\x82\1\x41", "cmw_payload has 5 octets, 3 are there"),
    (credential(record(b"\1")) + b"\0", "1 octets behind the end"),
    (credential(b"\xf6"), "Not a CMW: null"),
    (credential(b"\xa0"), "A collection without a member"),
    (credential(cbor2.dumps([1])), "A record has 2 or 3 members, this one 1"),
    (credential(cbor2.dumps([1, b"", 4, 5, 6])), "A record has 2 or 3 members, this one 5"),
    (credential(cbor2.dumps([65536, b""])), "a content format is 0 to 65535"),
    (credential(cbor2.dumps(["text", b""])), "a media type has a slash"),
    (credential(cbor2.dumps([1, "text"])), "value: text where bytes is expected"),
    (credential(cbor2.dumps([1, b"", 0])), "ind: a number of 4 octets, not 0"),
    (credential(cbor2.dumps(cbor2.CBORTag(0x63740200, b""))), "Neither a tag of a content format"),
    (credential(cbor2.dumps({1: [1, b""]}) + b"\0"), "1 octets behind the end"),
    (credential(b"\xa2\1\x82\1\x40\1\x82\1\x40"), "a key that stands twice in one map"),
    (credential(b"\x82\x18\1\x40"), "a number that is not in its shortest form"),
    (credential(b"\x9f\1\x40"), "cut off: an item is missing"),
    (credential(record(b"\xff")), "a break where an item is expected"),
    (credential(record(b"\x1f")), "an integer without a value"),
    (credential(record(b"\xdf")), "a tag without a number"),
    (credential(record(b"\x1c")), "additional information 28"),
    (credential(record(b"\x5f\x61a\xff")), "a piece of a string that is none"),
    (credential(record(b"\x5b" + b"\xff" * 8)), "a string of 9007199254740992 octets"),
    (credential(record(b"\x9b" + b"\xff" * 8)), "9007199254740992 members where 0 octets are left"),
    (credential(record(b"\x81" * 17 + b"\1")), "nested deeper than 16"),
    (credential(b'["a/b", "A"]'), "value: text where bytes is expected"),
    (credential(b'["a/b", "AQ"'), "neither a comma nor the end of what began"),
    (credential(b'["a/b\\x", "AQ"]'), "an escape that means nothing"),
    (credential(b'{"a": ["a/b", "AQ"], "a": ["a/b", "AQ"]}'), "a name that stands twice"),
    (credential(b'{"a" 1}'), "a name without a value"), (credential(b"{1:1}"), "no string"),
    (credential(b"[tru]"), "a word that is none"), (credential(b"[-]"), "a value that is none"),
    (credential(b"[" * 20), "nested deeper than 16"), (credential(b'["'), "without its end"),
    (credential(b'["a/b","AQ"]x'), "something behind the end"),
    (credential(b"eyJhbGciOiJFUzI1NiJ9.AQ"), "not three parts with dots between them"),
    (credential(b"eyJhbGciOiJFUzI1NiJ9.A.AQ"), "the payload is no base64url"),
    (credential(token(b"\xa1\x0a\x41\1\0")), "1 octets behind the end"),
    (credential(token(b"\1")), "Claims: int where map is expected"),
    (credential(token(b"\xa1\x06\x40")), "iat: bytes where time is expected"),
    (credential(token(b"\xa0", b"\x41")), "a string of 1 octets where 0 are left"),
    (credential(token(b"\xa0", b"\x80")), "protected: a map is expected"),
    (credential(record(cbor2.CBORTag(998, [b"", {}, b"", b""]), 263)), "expected 18 (COSE_Sign1)"),
    (credential(record([b"", {}, b""], 263)), "COSE_Sign1 is an array of 4"),
    (credential(token(cbor2.dumps({2394: 1, 10: bytes(31)}))), "31 octets, expected 32 or 48 or 64"),
    (credential(token(cbor2.dumps({2394: 1}))), "psa-implementation-id is missing"),
    (credential(parsec(certInfo=b"")), "magic has 4 octets, 0 are left"),
    (credential(parsec(certInfo=b"\0" * 200)), "magic is not TPM_GENERATED_VALUE"),
    (credential(parsec(pubArea=b"\0" * 200)), "type: neither RSA nor ECC"),
    (credential(parsec(sig=b"\0" * 200)), "sigAlg: no algorithm of a signature"),
    (credential(parsec(sig=bytes.fromhex("0018000b000101000101ff"))), "1 octets behind the end"),
    (credential(parsec(sig="text")), "TPMT_SIGNATURE: bytes expected"),
    (credential(record({}, TPM_TYPE)), "kat is missing"),
]


class HostileTest(Dissected):
    """Every connection gives a tree, and tshark never speaks of an error of Lua."""

    def assert_experts(self, cases: list, trees: list) -> None:
        for (_, wanted), tree in zip(cases, trees, strict=True):
            self.assertTrue(any(wanted in said for said in tree.experts), f"{wanted}: {tree.experts}")

    def test_each_malformed_offer_has_its_sentence(self):
        capture = self.capture()
        for body, _ in OFFERS:
            one = Handshake(capture)
            one.client_hello([(TYPE, body)])
            one.finish()
        self.assert_experts(OFFERS, self.trees(capture))

    def test_each_malformed_choice_has_its_sentence(self):
        capture = self.capture()
        for body, _ in CHOICES:
            one = Handshake(capture)
            one.client_hello([])
            one.server_hello()
            one.encrypted_extensions([(TYPE, body)])
            one.finish()
        self.assert_experts(CHOICES, self.trees(capture))

    def test_each_malformed_credential_has_its_sentence(self):
        self.assert_experts(CREDENTIALS, self.of_bodies([body for body, _ in CREDENTIALS]))

    def test_a_place_that_is_none_is_said(self):
        body = credential(sample("psa", "plain.cmw"))
        capture = self.capture()
        one = Handshake(capture)
        one.client_hello([(TYPE, attestation.encode_offer([], [])),
                          (TYPE, attestation.encode_offer([], []))])
        one.server_hello([(TYPE, b"")], retry=True)
        one.server_hello([(TYPE, PSA)])
        one.certificate(SERVER, [(CERTIFICATE, []), (CERTIFICATE, [(TYPE, body)])])
        one.sealed(SERVER, messages.message(4, bytes(8) + b"\1n\0\1t" +
                                            messages.write_extensions([(TYPE, b"x")])))
        one.finish()
        cases = [(None, wanted) for wanted in (
            "", "twice in one place", "No place for this extension", "No place for this extension",
            "Only the first CertificateEntry", "No place for this extension")]
        trees = self.trees(capture)
        self.assertEqual(trees[0].experts, [])
        self.assert_experts(cases[1:], trees[1:])

    def test_every_truncation_is_marked(self):
        """Of the body, and of the CMW in a body whose length is right; in steps where it is long."""
        for name, step in (("psa", 1), ("tpm2", 3)):
            cmw = sample(name, "plain.cmw")
            whole = credential(cmw)
            bodies = [whole[:end] for end in range(0, len(whole), 4 * step)]
            bodies += [credential(cmw[:end]) for end in range(1, len(cmw), step)]
            for tree in self.of_bodies(bodies):
                self.assertNotEqual(tree.experts, [], tree.values)

    def test_mutants_of_every_format_do_no_harm(self):
        chance = random.Random(1)
        seeds = [sample(*names) for names in (
            ("psa", "plain.cmw"), ("psa", "json.cmw"), ("tpm2", "plain.cmw"), ("tpm2", "rsa.cmw"),
            ("inspect", "cmw-collection.cbor"), ("inspect", "cmw-collection.json"))]
        seeds += [record(sample("inspect", name), kind) for name, kind in (
            ("cca-token.cbor", "application/eat-collection"), ("ear.cbor", 263), ("eat.cbor", 263),
            ("ear-dotted.jwt", 264), ("ear-dotted.json", "application/eat-ucs+json"))]
        self.of_bodies([mutant(chance, chance.choice(seeds)) for _ in range(MUTANTS)])

    def test_mutants_of_whole_messages_do_no_harm(self):
        """Lengths of TLS that lie: Wireshark itself may see no extension, and nothing breaks."""
        chance, capture = random.Random(2), self.capture()
        for _ in range(MUTANTS // 10):
            one = Handshake(capture)
            one.client_hello([])
            one.server_hello()
            body = messages.Certificate(b"", [messages.CertificateEntry(
                CERTIFICATE, [(TYPE, credential(sample("psa", "plain.cmw")))])]).body()
            at = chance.choice((0, 1, 2, 3, 4, 5, 6, *range(7 + len(CERTIFICATE), len(body))))
            body = body[:at] + bytes([chance.randrange(256)]) + body[at + 1:]
            one.sealed(SERVER, messages.message(11, body))
            one.finish()
        self.assertGreater(len(self.trees(capture)), MUTANTS // 20)

    def test_a_capture_with_cut_packets_does_no_harm(self):
        """As of `tcpdump -s`: each packet keeps less than it had."""
        whole = self.capture()
        for _ in range(3):
            one = Handshake(whole)
            one.client_hello([(TYPE, attestation.encode_offer(
                [Scheme(content_format=10003)], [Scheme(media_type=TPM_TYPE)]))])
            one.finish()
        with open(whole.path, "rb") as file:
            data = file.read()
        for kept in range(60, 200, 7):
            out, at = data[:24], 24
            while at < len(data):
                seconds, micros, length, full = struct.unpack_from("<IIII", data, at)
                out += struct.pack("<IIII", seconds, micros, min(length, kept), full)
                out += data[at + 16:at + 16 + min(length, kept)]
                at += 16 + length
            self.tshark.trees(self.write("cut.pcap", out), whole.keylog)

    def test_what_is_deep_or_endless_has_an_end(self):
        nested = b"\1"
        for _ in range(400):
            nested = record(nested, "application/cmw+cbor")
        json_nested = b'["a/b","AQ"]'
        for _ in range(9):
            json_nested = json.dumps(["application/cmw+json", base64.urlsafe_b64encode(
                json_nested).decode().rstrip("=")]).encode()
        bodies = [credential(octets) for octets in (
            nested, json_nested, record(b"\x81" * 50000), record(b"\xc1" * 50000), b"[" * 50000,
            b'{"a":' * 10000, record(b"\xd8\x3d" * 2000, 263), record(b"\x9f" * 50000),
            record(b"\xbf" + b"\xf9\x7e\0\1" * 1000 + b"\xff"),          # the keys are NaN
            token(b"\xbf" + b"\xf9\x7e\0\1" * 1000 + b"\xff"),
            record(b"\x99\xff\xff" + b"\1" * 60000), record(b"\x99\xea\x60" + b"\1" * 60000),
            token(cbor2.dumps({10: [bytes(8)] * 6000})),                 # so many nonces
            record(b"\xf9\xfc\0"), record(b"\xfb\x7f\xf0" + bytes(6)), record(b"\xfa\xff\xc0\0\0"),
            token(b"\xa1\x04\xfb\x7f\xf8" + bytes(6)), token(b"\xa1\x06\xfb\xff\xf0" + bytes(6)),
            token(b"\xa1\x06\x1b\0\x1f" + b"\xff" * 6),                  # 2^53 - 1 seconds
            token(cbor2.dumps({265: b"\x80" * 60000})), token(cbor2.dumps({270: "\0\1\x7f\ufffd"})),
            token(b"\xa1\x19\x01\x0e\x64\xff\xfe\0\x41"),                # a swname that is no UTF-8
            record(b"\x64\xff\xfe\0\x41"), b"\x82\x64\xff\xfe\0\x2f\x40",
            b"e" * 60000, b"e." * 30000, b"e" * 20000 + b"." + b"e" * 20000 + b"." + b"e" * 20000)]
        for tree in self.of_bodies(bodies):
            self.assertLess(len(tree.values), 21000)
        capture = self.capture()
        one = Handshake(capture)
        one.client_hello([(TYPE, struct.pack("!H", 64000) + PSA * 16000 + b"\0\0")])
        one.finish()
        tree, = self.trees(capture)
        self.assertTrue(any("Not all is shown" in said for said in tree.experts), tree.experts)


def mutant(chance: random.Random, seed: bytes) -> bytes:
    data = bytearray(seed)
    for _ in range(chance.randrange(1, 4)):
        at = chance.randrange(len(data))
        kind = chance.randrange(5)
        if kind == 0:
            data[at] ^= 1 << chance.randrange(8)
        elif kind == 1:
            data[at] = chance.choice((0, 1, 0x1B, 0x3B, 0x5B, 0x5F, 0x7F, 0x80, 0x9F, 0xBF, 0xD2, 0xF9,
                                      0xFB, 0xFF, chance.randrange(256)))
        elif kind == 2:
            del data[at:at + chance.randrange(1, 9)]
        elif kind == 3:
            data[at:at] = data[at:at + chance.randrange(1, 30)]
        else:
            data[at:at] = bytes(chance.randrange(256) for _ in range(chance.randrange(1, 5)))
        data = data or bytearray(b"\0")
    return credential(bytes(data))


if __name__ == "__main__":
    atlslib.main()
