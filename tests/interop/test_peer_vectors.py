#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Known answers: RFC 8448, the binder by another HKDF, and published Evidence."""

import hashlib
import json
import re
import subprocess
import unittest

import peer_support
from peer_support import OPENSSL, shared

import cbor2
from cryptography.hazmat.primitives.asymmetric import x25519
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from tlspeer import attestation, authenticator, cbor, cmw, keys, messages, passive, psa, schedule, tpm, wire
from tlspeer.records import TrafficKeys

EXAMPLE_SPKI = bytes.fromhex(   # the P-256 key with private scalar 1: its point is the generator
    "3059301306072a8648ce3d020106082a8648ce3d03010703420004"
    "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5")


class Trace:
    """The labelled octet strings of one section of RFC 8448."""

    def __init__(self, name: str):
        with open(shared("vectors", "12-cose-tls", "rfc8448", name), encoding="utf-8") as file:
            self.steps = json.load(file)["steps"]

    def get(self, step: str, value: str, role: str = None) -> bytes:
        for entry in self.steps:
            if entry["step"].startswith(step) and role in (None, entry["role"]):
                for item in entry["values"]:
                    if item["name"] == value and "hex" in item:
                        return bytes.fromhex(item["hex"])
        raise KeyError(f"{step} / {value}")

    def records(self, role: str) -> bytes:
        return b"".join(bytes.fromhex(item["hex"]) for entry in self.steps
                        if entry["role"] == role and entry["step"].startswith("send ")
                        for item in entry["values"] if item["name"] == "complete record")


class Rfc8448(unittest.TestCase):
    NAMES = ("simple-1rtt.json", "compat-mode.json")

    def each(self):
        for name in self.NAMES:
            with self.subTest(name=name):
                yield Trace(name)

    def test_secrets_of_the_key_schedule(self):
        for trace in self.each():
            hellos = (trace.get("construct a ClientHello", "ClientHello") +
                      trace.get("construct a ServerHello", "ServerHello"))
            private = x25519.X25519PrivateKey.from_private_bytes(
                trace.get("create an ephemeral", "private key", "client"))
            share = keys.KeyShare(29)
            share.private = private
            shared_secret = share.shared(trace.get("create an ephemeral", "public key", "server"))
            steps = schedule.KeySchedule("sha256")
            self.assertEqual(steps.secret, trace.get('extract secret "early"', "secret"))
            client, server = steps.to_handshake(shared_secret, schedule.digest("sha256", hellos))
            self.assertEqual(steps.secret, trace.get('extract secret "handshake"', "secret"))
            self.assertEqual(client, trace.get('derive secret "tls13 c hs', "expanded"))
            self.assertEqual(server, trace.get('derive secret "tls13 s hs', "expanded"))
            flight = b"".join(trace.get(f"construct a{n} {name} ", name) for n, name in (
                ("n", "EncryptedExtensions"), ("", "Certificate"), ("", "CertificateVerify")))
            before = schedule.digest("sha256", hellos + flight)
            finished = trace.get("construct a Finished", "Finished", "server")
            self.assertEqual(schedule.finished_mac("sha256", server, before), finished[4:])
            after = schedule.digest("sha256", hellos + flight + finished)
            client_app, server_app, exporter = steps.to_application(after)
            self.assertEqual(steps.secret, trace.get('extract secret "master"', "secret"))
            self.assertEqual(client_app, trace.get('derive secret "tls13 c ap', "expanded"))
            self.assertEqual(server_app, trace.get('derive secret "tls13 s ap', "expanded"))
            self.assertEqual(exporter, trace.get('derive secret "tls13 exp', "expanded"))
            self.assertEqual(schedule.finished_mac("sha256", client, after),
                             trace.get("construct a Finished", "Finished", "client")[4:])

    def test_records_are_sealed_and_opened_as_written(self):
        for trace in self.each():
            server = trace.get('derive secret "tls13 s hs', "expanded")
            payload = next(bytes.fromhex(item["hex"]) for entry in trace.steps
                           for item in entry["values"]
                           if item["name"] == "payload" and item["octets"] == 657)
            record = next(bytes.fromhex(item["hex"]) for entry in trace.steps
                          for item in entry["values"]
                          if item["name"] == "complete record" and item["octets"] == 679)
            self.assertEqual(TrafficKeys(0x1301, server).seal(22, payload), record)
            self.assertEqual(TrafficKeys(0x1301, server).open(record[:5], record[5:]),
                             (22, payload))

    def test_a_passive_observer_reads_the_whole_handshake(self):
        for trace in self.each():
            hello = trace.get("construct a ClientHello", "ClientHello")
            secrets = {f"{role.upper()}_HANDSHAKE_TRAFFIC_SECRET":
                       trace.get(f'derive secret "tls13 {role[0]} hs', "expanded")
                       for role in ("client", "server")}
            seen = passive.Handshake(trace.records("client"), trace.records("server"),
                                     {hello[6:38]: secrets})
            self.assertEqual([raw[0] for raw in seen.messages["server"]], [8, 11, 15, 20])
            self.assertEqual([raw[0] for raw in seen.messages["client"]], [20])
            self.assertEqual(seen.transcript_hash.hex(), schedule.digest(
                "sha256", hello + trace.get("construct a ServerHello", "ServerHello")).hex())

    def test_messages_survive_parsing_and_writing(self):
        for trace in self.each():
            raw = trace.get("construct a ClientHello", "ClientHello")
            self.assertEqual(messages.ClientHello.parse(raw[4:]).body(), raw[4:])
            raw = trace.get("construct a ServerHello", "ServerHello")
            self.assertEqual(messages.ServerHello.parse(raw[4:]).body(), raw[4:])
            raw = trace.get("construct a Certificate ", "Certificate")
            self.assertEqual(messages.Certificate.parse(raw[4:]).body(), raw[4:])


def openssl_expand(hash_name: str, key: bytes, info: bytes, length: int) -> bytes:
    """HKDF-Expand by the openssl program."""
    done = subprocess.run(
        [OPENSSL, "kdf", "-keylen", str(length), "-kdfopt", f"digest:{hash_name}",
         "-kdfopt", "mode:EXPAND_ONLY", "-kdfopt", f"hexkey:{key.hex()}",
         "-kdfopt", f"hexinfo:{info.hex()}", "-binary", "HKDF"],
        capture_output=True, timeout=60, check=True)
    return done.stdout


class Binder(unittest.TestCase):
    @unittest.skipIf(OPENSSL is None, "the openssl program is absent")
    def test_both_steps_agree_with_another_implementation_of_hkdf(self):
        for hash_name, size in (("sha256", 32), ("sha384", 48)):
            transcript_hash = bytes(range(size))
            base = openssl_expand(
                hash_name, bytes(size), b"\0" + bytes([size]) + b"\x16tls13 attestation base" +
                bytes([size]) + transcript_hash, size)
            self.assertEqual(schedule.attest_base(hash_name, transcript_hash), base)
            context = hashlib.new(hash_name, EXAMPLE_SPKI).digest()
            binder = openssl_expand(
                hash_name, base, b"\0" + bytes([size]) + b"\x11tls13 attestation" +
                bytes([size]) + context, size)
            self.assertEqual(schedule.attest_binder(hash_name, transcript_hash, EXAMPLE_SPKI),
                             binder)

    def test_toy_handshakes_of_the_specification_page(self):
        with open(shared("spec", "01-early-attestation.md"), encoding="utf-8") as file:
            page = file.read()
        first, retry, second, hello = (bytes.fromhex(text) for text in (
            "01000004deadbeef", "02000002aabb", "01000004cafebabe", "02000002ccdd"))
        for number, hash_name in enumerate(("sha256", "sha384")):
            transcript = schedule.Transcript()
            for raw in (second, hello):
                transcript.add(raw)
            plain = schedule.attest_binder(hash_name, transcript.hash(hash_name), EXAMPLE_SPKI)
            transcript = schedule.Transcript()
            transcript.add(first)
            transcript.substitute_first_hello(hash_name)
            for raw in (retry, second, hello):
                transcript.add(raw)
            retried = schedule.attest_binder(hash_name, transcript.hash(hash_name), EXAMPLE_SPKI)
            wrong = schedule.attest_binder(
                hash_name, schedule.digest(hash_name, first + retry + second + hello),
                EXAMPLE_SPKI)
            section = page.split("### End-to-end vectors")[1].split("SHA-384: H(SPKI)")[number]
            found = re.findall(r"binder\s+`?([0-9a-f]{64,96})", section)
            self.assertEqual(found[:3], [plain.hex(), retried.hex(), wrong.hex()])

    def test_the_transcript_of_rfc_8448(self):
        trace = Trace("simple-1rtt.json")
        hellos = (trace.get("construct a ClientHello", "ClientHello") +
                  trace.get("construct a ServerHello", "ServerHello"))
        binder = schedule.attest_binder("sha256", schedule.digest("sha256", hellos), EXAMPLE_SPKI)
        with open(shared("spec", "01-early-attestation.md"), encoding="utf-8") as file:
            self.assertIn(binder.hex(), file.read())


class Encodings(unittest.TestCase):
    def test_examples_of_the_extension(self):
        psa_cf = attestation.Scheme(content_format=263)
        offer = attestation.encode_offer([psa_cf, attestation.Scheme(verifier="v1")], [])
        self.assertEqual(offer.hex(), "00090000010701000276310000")
        self.assertEqual(attestation.parse_offer(offer),
                         ([psa_cf, attestation.Scheme(verifier="v1")], []))
        self.assertEqual(attestation.Scheme(media_type="application/eat+cwt").encode().hex(),
                         "00010013" + b"application/eat+cwt".hex())
        self.assertEqual(attestation.encode_credential(bytes.fromhex("8219fde7442347da55")).hex(),
                         "0000098219fde7442347da55")

    def test_every_truncation_of_an_offer_is_a_decode_error(self):
        body = attestation.encode_offer(attestation.schemes_of_name("psa"),
                                        attestation.schemes_of_name("tpm2"))
        for length in range(len(body)):
            with self.assertRaises(wire.Refusal) as caught:
                attestation.parse_offer(body[:length])
            self.assertEqual(caught.exception.number, 50)

    def test_cbor_agrees_with_another_decoder(self):
        value = cbor.Map([(1, -7), (-75000, b"\0" * 300), ("x", [True, None, 2 ** 40]),
                          (10, cbor.Tag(18, [b"", cbor.Map(), 24]))])
        encoded = cbor.encode(value)
        theirs = cbor2.loads(encoded)
        self.assertEqual(theirs[-75000], b"\0" * 300)
        self.assertEqual(theirs["x"], [True, None, 2 ** 40])
        self.assertEqual(cbor.decode(encoded), value)
        for text in ("1801", "a1", "5f4101ff", "8201", "00ff", "9f00ff", "61ff"):
            with self.assertRaises(cbor.CborError, msg=text):
                cbor.decode(bytes.fromhex(text))

    def test_cmw_forms_and_what_is_refused(self):
        self.assertEqual(cmw.parse(bytes.fromhex("8319fde7442347da5504")),
                         (64999, bytes.fromhex("2347da55"), "record"))
        self.assertEqual(cmw.parse(bytes.fromhex("da6374ffe6442347da55"))[:2],
                         (64999, bytes.fromhex("2347da55")))
        self.assertEqual(cmw.tag_of_format(10003), 0x6374283B)
        self.assertEqual(cmw.parse(b'["application/x","I0faVQ",4]')[1], b"#G\xdaU")
        for text in ("", "81", "8119fde7", "8319fde74200ff00", "83616142ffff04",
                     "da6374ff0042aabb", "821a00010000410a", "8219fde702"):
            with self.assertRaises(cmw.CmwError, msg=text):
                cmw.parse(bytes.fromhex(text))


class Lines:
    def __init__(self):
        self.wrong = []

    def note(self, check, ok, found, expected):
        if not ok:
            self.wrong.append(f"{check}: {found} / {expected}")


class PublishedEvidence(unittest.TestCase):
    def test_the_psa_token_of_rfc_9783(self):
        with open(shared("vectors", "04-psa", "rfc9783", "psa-sign1.cbor"), "rb") as file:
            token = file.read()
        key = keys.load_public(shared("vectors", "04-psa", "rfc9783", "tfm-es-iak.pem"))
        lines = Lines()
        psa.check(token, b"\1" * 32, key, lines.note)
        self.assertEqual(lines.wrong, [])
        for at in range(len(token)):
            lines = Lines()
            changed = token[:at] + bytes([token[at] ^ 0x40]) + token[at + 1:]
            psa.check(changed, b"\1" * 32, key, lines.note)
            unprotected = token.index(b"\xa0", 5)
            if at != unprotected:
                self.assertNotEqual(lines.wrong, [], f"octet {at} changed")

    def test_a_published_tpm_bundle(self):
        base = ("vectors", "05-parsec-tpm", "parsec-tpm")
        with open(shared(*base, "evidence.cbor"), "rb") as file:
            bundle = file.read()
        with open(shared(*base, "corim", "corim-parsec-tpm-valid.cbor"), "rb") as file:
            pem = re.search(rb"-----BEGIN PUBLIC KEY-----.*?-----END PUBLIC KEY-----",
                            file.read(), re.S).group()
        parts = tpm.parse_bundle(bundle)
        spki = keys.spki_of(tpm.parse_public(parts["kat", "pubArea"])["key"])
        lines = Lines()
        tpm.check(bundle, bytes.fromhex("deadbeefdeadbeef"), load_pem_public_key(pem), spki,
                  lines.note)
        self.assertEqual(lines.wrong, [])
        lines = Lines()
        tpm.check(bundle, bytes.fromhex("deadbeefdeadbeee"), load_pem_public_key(pem),
                  EXAMPLE_SPKI, lines.note)
        self.assertEqual([line.split(":")[0] for line in lines.wrong],
                         ["tpm2 certify extraData", "tpm2 quote extraData", "tpm2 key"])

    def test_a_bundle_with_an_empty_certify_is_refused(self):
        path = shared("vectors", "05-parsec-tpm", "parsec-tpm-lib", "evidence_bad_kat.cbor")
        lines = Lines()
        with open(path, "rb") as file:
            tpm.check(file.read(), b"", None, b"", lines.note)
        self.assertEqual(len(lines.wrong), 1)


class AuthenticatorTest(unittest.TestCase):
    """RFC 9261 over the exporter_master_secret of RFC 8448, section 3: the C side has the same."""

    SECRET = bytes.fromhex("fe22f881176eda18eb8f44529e6792c50c9a3f89452f68d8ae311b4309d3cf50")
    CONTEXT = bytes(range(0xa0, 0xb0))
    SPKI = bytes.fromhex("302a300506032b6570032100"
                         "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")

    def request(self, kind, *extensions):
        request = authenticator.Request(kind, self.CONTEXT, [
            (13, bytes.fromhex("000408070403")), *extensions])
        request.encode()
        return request

    def test_keys_of_both_sides(self):
        for role, context, finished in (
                ("client", "3ce40ddfb5a8566480bb683fa63f43f1d6d52ab962854a98a3c080d81ed5631f",
                 "34db53a0d817c518dc905f36e253a11271904ea43778358aaeb85d377a4fe0fb"),
                ("server", "b5920228102885ce3bbc879252d7c4ae80f47616cdc91456338427e7890941b0",
                 "d7571ccc1577b04277765da1c875d933be15717b3ecf45d0708431fa077df54d")):
            made = authenticator.Keys("sha256", self.SECRET, role)
            self.assertEqual((made.context.hex(), made.finished.hex()), (context, finished))

    def test_empty_authenticators_and_their_refusal(self):
        request = self.request(13)
        keys_of_client = authenticator.Keys("sha256", self.SECRET, "client")
        made = authenticator.empty(keys_of_client, request)
        self.assertEqual(made.hex(), "14000020a01fe7fbf336c042dedf5c7f5dc3a1aaeb1dddec18dc121368dc33f9642f3ae5")
        self.assertTrue(authenticator.open_answer(keys_of_client, request, made).refused)
        with self.assertRaises(wire.Refusal):
            authenticator.open_answer(authenticator.Keys("sha256", self.SECRET, "server"), request, made)

    def test_exported_value_and_binder(self):
        exported = authenticator.export("sha256", self.SECRET, authenticator.LABEL, self.CONTEXT, 32)
        self.assertEqual(exported.hex(), "65d3c5bf09209baf7ac35c2fe8df697100f0c546c7c81c7ea742c6e3be1fede9")
        made = authenticator.binder("sha256", self.SECRET, authenticator.LABEL, self.CONTEXT, self.SPKI)
        self.assertEqual(made.hex(), "e81aae3948db4cb6ba5b00b01741ea60b157f3a5f16bd6182a72ec27c2106e4b")


if __name__ == "__main__":
    peer_support.main()
