#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Passports of a platform whose Evidence names no key: the bundle of key and platform attestation, end to end.

CBOR is python3-cbor2's here, and keys and signatures python3-cryptography's.
"""

import hashlib
import json
import os

import standin
import verifierlib
from atlslib import EXIT_CONNECTION, EXIT_DONE, EXIT_OURS, EXIT_REFUSED, main, run, skip

try:
    import cbor2
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
except ImportError as absent:
    skip(f"a module of Python is absent: {absent}")

IDENTITY = "https://verifier.example/fleet"
KAT = 'application/cmw+cbor; cmwc_t="tag:ietf.org,2024-02-29:rats/kat"'


def spki_of(machine) -> bytes:
    with open(machine.path("cert.pem"), "rb") as file:
        key = standin.x509.load_pem_x509_certificate(file.read()).public_key()
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def sign1(key, claims: dict) -> list:
    protected, payload = cbor2.dumps({1: -7}), cbor2.dumps(claims)
    r, s = decode_dss_signature(key.sign(cbor2.dumps(["Signature1", protected, b"", payload]), ec.ECDSA(hashes.SHA256())))
    return [protected, {}, payload, r.to_bytes(32, "big") + s.to_bytes(32, "big")]


def cose_key(public) -> dict:
    numbers = public.public_numbers()
    return {1: 2, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}


class KatTest(verifierlib.VerifierTest):
    """A Verifier of ours without TLS, provisioned with one simulated machine, `identity`."""

    options = ("--id", IDENTITY)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.keygen("other")
        cls.keys = cls.write("keys.json", json.dumps({"keys": [standin.jwk_of(cls.verifier.key)]}))
        cls.trust = ["--trust-verifier", f"{IDENTITY}={cls.keys}"]

    def bundle(self, nonce: bytes, machine=None) -> bytes:
        path = self.path("bundle.cmw")
        self.assert_done(run("attest", "--identity", (machine or self.identity).folder, "--kat", "--nonce", nonce.hex(), "-o", path))
        with open(path, "rb") as file:
            return file.read()

    def obtain(self, path: str, *more):
        return run("passport", "--verifier", f"http://127.0.0.1:{self.verifier.port}", "--plain-http", *self.trust,
                   "--identity", self.identity.folder, "-o", path, "--json", *more)

    def appraise(self, octets: bytes, nonce: bytes, *more):
        path = self.path("appraised.cmw")
        with open(path, "wb") as file:
            file.write(octets)
        return run("appraise", path, "--nonce", nonce.hex(), "--endorsements", self.identity.endorsement, "--simulated",
                   "--json", *more)

    # the whole way

    def test_a_passport_is_obtained_and_a_peer_takes_it(self):
        path = self.path("passport.jwt")
        outcome = self.obtain(path)
        self.assertEqual(outcome.status, EXIT_DONE, str(outcome))
        with open(path, encoding="ascii") as file:
            claims = json.loads(standin.unb64(file.read().split(".")[1]))
        submod = claims["submods"]["PSA_IOT"]
        self.assertEqual(standin.unb64(submod["ear.veraison.key-attestation"]["akpub"]), spki_of(self.identity))
        self.assertEqual(len(standin.unb64(claims["eat_nonce"].rstrip("="))), 64)
        server = self.server(*self.identity.own(), "--attest", "none", "--passport", path)
        words = ["connect", server.address, "--no-pkix", "--json", "--require", "result", *self.trust]
        outcome = run(*words, "--simulated", given=b"hello\n")
        self.assertEqual(outcome.status, EXIT_DONE, str(outcome))
        verdict = outcome.objects[0]["result"]["verdict"]
        self.assertEqual((verdict["evidence"][0]["format"], verdict["key_binding"]), ("psa", "challenge"))
        self.assert_fails(run(*words, given=b"hello\n"), EXIT_REFUSED, "SIMULATED")
        policy = self.write("hardware.json", json.dumps({"version": 1, "id": "hw", "key_binding": ["hardware"]}))
        self.assert_fails(run(*words, "--simulated", "--policy", policy, given=b"hello\n"), EXIT_REFUSED, "KEY_BINDING")
        outcome = run("serve", "127.0.0.1:0", "--json", *self.other.own(), "--passport", path)
        self.assert_fails(outcome, EXIT_OURS, "PASSPORT")

    def test_a_result_one_way_and_evidence_that_the_verifier_appraises_the_other(self):
        """Both mixed topologies: who takes Evidence has it appraised remotely, and the other side takes a passport."""
        path = self.path("mixed.jwt")
        self.assertEqual(self.obtain(path).status, EXIT_DONE)
        asks = ["--require", "psa", "--simulated", "--verifier", f"http://127.0.0.1:{self.verifier.port}", "--plain-http", *self.trust]
        takes = ["--require", "result", "--simulated", *self.trust]
        evidence = self.identity.own()
        passport = [*evidence, "--attest", "none", "--passport", path]
        endorsed = self.keygen("endorsed")
        with open(endorsed.endorsement, "rb") as file:
            self.client.submit(file.read())
        sides = {"the client's Evidence": ([*endorsed.own(), *takes], [*passport, *asks]),
                 "the server's Evidence": ([*passport, *asks], [*endorsed.own(), *takes])}
        for name, (client, server) in sides.items():
            with self.subTest(name):
                outcome = run("connect", self.server(*server).address, "--no-pkix", "--json", *client, given=b"hello\n")
                self.assertEqual(outcome.status, EXIT_DONE, str(outcome))
                verdict = outcome.objects[0]["result"]["verdict"]
                self.assertEqual((verdict["verifier"], verdict["accepted"]), (IDENTITY, True))

    def test_evidence_that_names_the_key_goes_in_no_bundle(self):
        """An enclave's, whose document has the key in public_key."""
        enclave = self.keygen("enclave", rot="sim-nitro")
        outcome = run("attest", "--identity", enclave.folder, "--kat", "--json", "--nonce", "4e" * 64)
        self.assert_fails(outcome, EXIT_OURS, "CONFIG")

    def test_certificates_of_an_endorsement_do_not_end_the_appraiser(self):
        """Their dates are read with the time zone's file, which its sandbox does not let it open."""
        enclave = self.keygen("endorsed-enclave", rot="sim-nitro")
        with open(enclave.endorsement, "rb") as file:
            answer = self.client.submit(file.read(), 'application/rim+cbor; profile="tag:atls,2026:nitro"')
        self.assertEqual(answer.status, 200, str(answer))

    def test_a_verifier_that_knows_no_bundle_is_sent_none(self):
        """As Veraison's own: it lists no such media type."""
        verifier = standin.StandIn(standin.Certificates(self.folder, "other-kind"))
        self.addCleanup(verifier.stop)

        def new_session(handler, step) -> bool:
            if step != "newSession":
                return False
            nonce = os.urandom(64)
            handler.answer(201, verifier.session("waiting", nonce), Location=verifier.new_session(nonce))
            return True

        verifier.fault = new_session
        keys = self.write("others.json", json.dumps({"keys": [standin.jwk_of(verifier.key)]}))
        path = self.path("none.jwt")
        outcome = run("passport", "--verifier", verifier.url, "--verifier-ca", self.path("other-kind-ca.pem"), "--trust-verifier",
                      f"{IDENTITY}={keys}", "--identity", self.identity.folder, "-o", path, "--json")
        self.assert_fails(outcome, EXIT_CONNECTION, "VERIFIER_ANSWER")
        self.assertIn("rats/kat", outcome.error["sentence"])
        self.assertEqual(verifier.evidence, [])
        self.assertFalse(os.path.exists(path))

    # what the Verifier makes of one

    def test_the_verifier_takes_it_by_its_type_and_as_a_cmw(self):
        for kind in (KAT, "application/cmw+cbor", "application/cmw"):
            with self.subTest(kind):
                session, nonce = self.open_session()
                submod = self.claims(self.send(session, self.bundle(nonce), kind))["submods"]["PSA_IOT"]
                self.assertEqual((submod["ear.status"], submod["simulated"]), ("warning", True))
                self.assertEqual(submod["ear.veraison.annotated-evidence"]["kat"]["eat_nonce"], nonce.hex())

    def test_what_is_wrong_is_in_the_result(self):
        cases = {"nonce": (self.bundle(os.urandom(64)), "eat_nonce of the kat"),
                 "machine": (None, "psa-instance-id"), "noise": (b"\xa1\x68__cmwc_t\x78\x20tag:ietf.org,2024-02-29:rats/kat", None)}
        for name, (octets, word) in cases.items():
            with self.subTest(name):
                session, nonce = self.open_session()
                answer = self.send(session, octets or self.bundle(nonce, self.other), KAT)
                submods = self.claims(answer)["submods"]
                self.assertEqual([submod["ear.status"] for submod in submods.values()], ["contraindicated"])
                problem = next(iter(submods.values()))["ear.veraison.policy-claims"]["problem"]
                self.assertIn(word or "", problem)

    def test_discovery_lists_it(self):
        found = self.client.ask("GET", "/.well-known/veraison/verification").json
        self.assertIn(KAT, found["media-types"])
        self.assertEqual(sorted(found["attestation-schemes"]), sorted(set(found["attestation-schemes"])))
        provisioning = self.client.ask("GET", "/.well-known/veraison/provisioning").json
        self.assertFalse([kind for kind in provisioning["media-types"] if "null" in kind or "kat" in kind])

    # the bundle itself, made and read by others

    def test_what_we_make_another_verifies(self):
        nonce = os.urandom(64)
        bundle = cbor2.loads(self.bundle(nonce))
        self.assertEqual(sorted(bundle), ["__cmwc_t", "kat", "pat"])
        self.assertEqual(bundle["__cmwc_t"], "tag:ietf.org,2024-02-29:rats/kat")
        kind, token, ind = bundle["kat"]
        protected, _, payload, signature = cbor2.loads(token)
        claims = cbor2.loads(payload)
        self.assertEqual((kind, ind, sorted(claims)), ("application/eat+cwt", 4, [8, 10, 2500]))
        self.assertEqual(claims[10], nonce)
        kak = ec.EllipticCurvePublicNumbers(*(int.from_bytes(claims[2500][at], "big") for at in (-2, -3)), ec.SECP256R1()).public_key()
        der = verifierlib.utils.encode_dss_signature(*(int.from_bytes(signature[at:at + 32], "big") for at in (0, 32)))
        kak.verify(der, cbor2.dumps(["Signature1", protected, b"", payload]), ec.ECDSA(hashes.SHA256()))
        key = serialization.load_der_public_key(spki_of(self.identity))
        self.assertEqual(claims[8], {1: cose_key(key)})
        psa = cbor2.loads(cbor2.loads(bundle["pat"][1]).value[2])
        self.assertEqual(psa[10], hashlib.sha256(cbor2.dumps(claims[2500])).digest())

    def test_a_kat_of_somebody_else_beside_our_pat_is_refused(self):
        """R-17: it is well signed, by a kak that the platform knows nothing of."""
        nonce = os.urandom(64)
        bundle = cbor2.loads(self.bundle(nonce))
        self.assertEqual(self.appraise(cbor2.dumps(bundle), nonce).status, EXIT_DONE)
        kak, tls = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        claims = {8: {1: cose_key(tls.public_key())}, 10: nonce, 2500: cose_key(kak.public_key())}
        bundle["kat"] = ["application/eat+cwt", cbor2.dumps(sign1(kak, claims)), 4]
        outcome = self.appraise(cbor2.dumps(bundle), nonce)
        self.assert_fails(outcome, EXIT_REFUSED, "CLAIM")
        self.assertIn("kak-pub", outcome.error["sentence"])

    def test_parts_of_two_bundles_of_one_machine_are_refused(self):
        """R-17."""
        nonce = os.urandom(64)
        first, second = (cbor2.loads(self.bundle(nonce)) for _ in range(2))
        first["pat"] = second["pat"]
        self.assert_fails(self.appraise(cbor2.dumps(first), nonce), EXIT_REFUSED, "CLAIM")

    def test_a_claim_that_was_changed_is_refused(self):
        nonce = os.urandom(64)
        bundle = cbor2.loads(self.bundle(nonce))
        token = cbor2.loads(bundle["kat"][1])
        claims = cbor2.loads(token[2])
        claims[8] = {1: cose_key(ec.generate_private_key(ec.SECP256R1()).public_key())}
        token[2] = cbor2.dumps(claims)
        bundle["kat"][1] = cbor2.dumps(token)
        self.assert_fails(self.appraise(cbor2.dumps(bundle), nonce), EXIT_REFUSED, "SIGNATURE")

    def test_format_says_what_a_bare_one_is(self):
        nonce = os.urandom(64)
        octets = self.bundle(nonce)
        self.assertEqual(self.appraise(octets, nonce, "--format", "kat").status, EXIT_DONE)
        self.assert_fails(self.appraise(octets, nonce, "--require", "psa"), EXIT_REFUSED, "EVIDENCE_TYPE")

    # what it is not for

    def test_it_is_never_required_of_a_peer(self):
        outcome = run("connect", "127.0.0.1:1", "--json", "--no-pkix", "--require", "kat", "--endorsements", self.identity.endorsement)
        self.assert_fails(outcome, EXIT_OURS, "CONFIG")
        self.assertIn("passport", outcome.error["sentence"])
        policy = self.write("kat.json", json.dumps({"version": 1, "id": "k", "require": {"formats": ["kat"]}}))
        outcome = run("connect", "127.0.0.1:1", "--json", "--require", "result", *self.trust, "--policy", policy)
        self.assert_fails(outcome, EXIT_OURS, "POLICY_FILE")
        self.assertIn("platform", outcome.error["sentence"])

    def test_a_nonce_that_could_be_a_binder_gets_none(self):
        """R-05, R-07."""
        words = ["attest", "--identity", self.identity.folder, "--kat", "--json", "--nonce"]
        for nonce in (bytes(7), os.urandom(32), os.urandom(48), os.urandom(48) + bytes(16)):
            self.assert_fails(run(*words, nonce.hex()), EXIT_OURS, "NONCE_LENGTH")
        self.assertEqual(run(*words, os.urandom(33).hex()).status, EXIT_DONE)


if __name__ == "__main__":
    main()
