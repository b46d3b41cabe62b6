#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Passports: a Result that one side brings, and the other verifies without asking anybody."""

import json
import os
import signal
import time

import standin
from atlslib import EXIT_DONE, EXIT_OURS, EXIT_REFUSED, SystemTest, main, run, skip, wait_until

try:
    import cbor2
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
except ImportError as absent:
    skip(f"a module of Python is absent: {absent}")

URI = "https://verifier.example/fleet"
OTHER = "tag:other.example,2026:verifier"


def spki_of(machine) -> bytes:
    with open(os.path.join(machine.folder, "cert.pem"), "rb") as file:
        key = x509.load_pem_x509_certificate(file.read()).public_key()
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


class PassportTest(SystemTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.key, cls.stranger = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        cls.machine, cls.other = cls.keygen("machine"), cls.keygen("other")
        cls.keys = {}
        for uri, key in ((URI, cls.key), (OTHER, cls.stranger)):
            cls.keys[uri] = os.path.join(cls.folder, f"keys-{len(cls.keys)}.json")
            with open(cls.keys[uri], "w", encoding="ascii") as file:
                json.dump({"keys": [standin.jwk_of(key)]}, file)
        cls.count = 0

    def claims(self, machine=None, **changes) -> dict:
        now = int(time.time())
        claims = {"eat_profile": "tag:github.com,2023:veraison/ear", "iss": URI, "iat": now, "exp": now + 300,
                  "ear.verifier-id": {"developer": "https://example.com", "build": "1"},
                  "submods": {"PARSEC_TPM": {
                      "ear.status": "affirming", "ear.trustworthiness-vector": dict(standin.AFFIRMING),
                      "ear.appraisal-policy-id": "policy:PARSEC_TPM",
                      "ear.veraison.key-attestation": {"akpub": standin.b64(spki_of(machine or self.machine))}}}}
        claims.update(changes)
        return {name: value for name, value in claims.items() if value is not None}

    def passport(self, claims=None, key=None) -> str:
        """The file of a signed Result."""
        PassportTest.count += 1
        text = standin.jwt(claims if claims is not None else self.claims(), key or self.key)
        return self.write(f"passport-{self.count}.jwt", text + "\n")

    def brings(self, path: str, machine=None, *more) -> list:
        return [*(machine or self.machine).own(), "--attest", "none", "--passport", path, *more]

    def takes(self, *more, uri=URI) -> list:
        return ["--require", "result", "--trust-verifier", f"{uri}={self.keys[uri]}", *more]

    def connect(self, server, *words):
        return run("connect", server.address, "--no-pkix", "--json", *words, given=b"hello\n")

    def accepted(self, outcome) -> dict:
        self.assertEqual(outcome.status, EXIT_DONE, str(outcome))
        events = {line["event"]: line for line in outcome.objects}
        self.assertEqual(events["data"]["result"]["text"], "hello\n")
        return events["connected"]["result"]["verdict"]

    def refused(self, code, words, path, *more):
        outcome = self.connect(self.server(*self.brings(path)), *self.takes(*more))
        self.assert_fails(outcome, EXIT_REFUSED, code)
        for word in [words] if isinstance(words, str) else words:
            self.assertIn(word, outcome.error["sentence"])
        self.assertNotIn("hello", outcome.text)
        return outcome

    # what is taken

    def test_a_server_brings_one(self):
        verdict = self.accepted(self.connect(self.server(*self.brings(self.passport())), *self.takes()))
        self.assertEqual(verdict["verifier"], URI)
        self.assertEqual((verdict["evidence"][0]["format"], verdict["key_binding"]), ("tpm2", "hardware"))

    def test_a_client_brings_one(self):
        server = self.server(*self.other.own(), "--attest", "none", *self.takes())
        outcome = run("connect", server.address, "--ca", os.path.join(self.other.folder, "cert.pem"), *self.brings(self.passport()), given=b"hello\n")
        self.assertEqual((outcome.status, outcome.out), (EXIT_DONE, b"hello\n"), outcome.err)

    def test_both_bring_one(self):
        server = self.server(*self.brings(self.passport(self.claims(self.other)), self.other), *self.takes())
        self.accepted(self.connect(server, *self.takes(), *self.brings(self.passport())))

    def test_evidence_one_way_and_a_result_the_other(self):
        server = self.server(*self.brings(self.passport()), "--require", "psa", "--simulated", "--endorsements",
                             self.other.endorsement)
        verdict = self.accepted(self.connect(server, *self.takes(), *self.other.own()))
        self.assertEqual(verdict["verifier"], URI)

    def test_after_the_handshake_and_both_times(self):
        for timing in ("post", "both"):
            when = ["--timing", timing]
            with self.subTest(timing):
                server = self.server(*self.brings(self.passport()), *when)
                verdict = self.accepted(self.connect(server, *self.takes(), *when))
                self.assertEqual((verdict["verifier"], verdict["channel"]["timing"]), (URI, timing))
                server = self.server(*self.brings(self.passport(self.claims(self.other)), self.other), *self.takes(), *when)
                self.accepted(self.connect(server, *self.takes(), *self.brings(self.passport()), *when))
                outcome = self.connect(server, *self.takes(uri=OTHER), *self.brings(self.passport()), *when)
                self.assert_fails(outcome, EXIT_REFUSED, "REFUSED_TO_ATTEST" if timing == "post" else "NOT_ATTESTED")
        server = self.server(*self.brings(self.passport(key=self.stranger)), "--timing", "post")
        self.assert_fails(self.connect(server, *self.takes(), "--timing", "post"), EXIT_REFUSED, "RESULT_SIGNATURE")

    def test_the_relying_side_says_which_of_both_it_prefers(self):
        server = self.server(*self.machine.own(), "--passport", self.passport())
        evidence = ["--simulated", "--endorsements", self.machine.endorsement]
        trust = ["--trust-verifier", f"{URI}={self.keys[URI]}"]
        for require, verifier in (("psa,result", "in-process"), ("result,psa", URI), ("result", URI)):
            with self.subTest(require):
                more = evidence if "psa" in require else []
                self.assertEqual(self.accepted(self.connect(server, "--require", require, *trust, *more))["verifier"],
                                 verifier)

    def test_that_of_the_verifier_that_is_listed_is_chosen(self):
        theirs = self.passport(self.claims(iss=OTHER), self.stranger)
        server = self.server(*self.brings(self.passport(), None, "--passport", theirs))
        for uri in (URI, OTHER):
            self.assertEqual(self.accepted(self.connect(server, *self.takes(uri=uri)))["verifier"], uri)

    def test_a_cmw_of_one_is_taken_too(self):
        token = standin.jwt(self.claims(), self.key)
        forms = {"json": json.dumps(["application/eat+jwt", standin.b64(token.encode()), 8]).encode(),
                 "cbor": cbor2.dumps([264, token.encode(), 8])}
        for name, octets in forms.items():
            with self.subTest(name):
                path = os.path.join(self.folder, f"cmw.{name}")
                with open(path, "wb") as file:
                    file.write(octets)
                self.accepted(self.connect(self.server(*self.brings(path)), *self.takes()))

    def test_one_that_does_not_say_whose_it_is_is_named_by_us(self):
        path = self.passport(self.claims(iss=None))
        verdict = self.accepted(self.connect(self.server(*self.brings(f"{URI}={path}")), *self.takes()))
        self.assertEqual(verdict["verifier"], URI)
        self.unusable("iss", f"{OTHER}={self.passport()}")

    def test_serve_reads_it_again_on_sighup(self):
        now = int(time.time())
        path = self.passport(self.claims(iat=now - 280))
        server = self.server(*self.brings(path))
        policy = self.write("fresh.json", json.dumps({"version": 1, "id": "fresh", "max_result_age_s": 200}))
        self.assert_fails(self.connect(server, *self.takes("--policy", policy)), EXIT_REFUSED, "RESULT_EXPIRED")
        with open(path, "w", encoding="ascii") as file:
            file.write(standin.jwt(self.claims(iat=int(time.time())), self.key))
        server.process.send_signal(signal.SIGHUP)
        server.err.wait(lambda line: "read again" in line, "SIGHUP")
        self.accepted(self.connect(server, *self.takes("--policy", policy)))

    def replace(self, path: str, octets: bytes) -> None:
        """In one step, as `atls passport --renew` does."""
        beside = path + ".new"
        with open(beside, "wb") as file:
            file.write(octets)
        os.replace(beside, path)

    def token(self, **changes) -> bytes:
        return standin.jwt(self.claims(**changes), self.key).encode()

    def said(self, server, word: str) -> list:
        return [line for line in server.err.all() if word in line]

    def test_serve_reads_a_renewed_one_by_itself(self):
        path = self.passport(self.claims(iat=int(time.time()) - 280))
        server = self.server(*self.brings(path))
        policy = self.write("renewed.json", json.dumps({"version": 1, "id": "fresh", "max_result_age_s": 200}))
        fresh = self.takes("--policy", policy)
        self.assert_fails(self.connect(server, *fresh), EXIT_REFUSED, "RESULT_EXPIRED")
        self.replace(path, self.token())
        server.err.wait(lambda line: "a new passport" in line, "the renewal")
        self.accepted(self.connect(server, *fresh))

    def test_a_renewal_that_cannot_be_used_is_said_once_and_the_one_before_stays(self):
        now = int(time.time())
        path = self.passport()
        server = self.server(*self.brings(path))
        wrong = {"noise": b"noise", "another key": self.token(machine=self.other), "exp": self.token(iat=now - 600, exp=now - 1)}
        for number, (word, octets) in enumerate(wrong.items(), 1):
            with self.subTest(word):
                self.replace(path, octets)
                wait_until(lambda number=number: len(self.said(server, "before stays")) == number, "the refusal")
                self.accepted(self.connect(server, *self.takes()))
                self.assertTrue(word == "noise" or self.said(server, word), server.err.all())
        os.unlink(path)
        wait_until(lambda: len(self.said(server, "before stays")) == len(wrong) + 1, "the refusal")
        self.accepted(self.connect(server, *self.takes()))
        self.replace(path, self.token())
        server.err.wait(lambda line: "a new passport" in line, "the renewal")
        # each was said once: since the last one the file was looked at again
        self.assertEqual(len(self.said(server, "before stays")), len(wrong) + 1)

    def test_a_key_in_cnf_is_bound_by_the_verifier_alone(self):
        claims = self.claims()
        del claims["submods"]["PARSEC_TPM"]["ear.veraison.key-attestation"]
        numbers = serialization.load_der_public_key(spki_of(self.machine)).public_numbers()
        jwk = {"kty": "EC", "crv": "P-256", "x": standin.b64(numbers.x.to_bytes(32, "big")),
               "y": standin.b64(numbers.y.to_bytes(32, "big"))}
        claims["cnf"] = {"jwk": jwk}
        verdict = self.accepted(self.connect(self.server(*self.brings(self.passport(claims))), *self.takes()))
        self.assertEqual(verdict["key_binding"], "challenge")
        policy = self.write("hardware.json", json.dumps({"version": 1, "id": "hw", "key_binding": ["hardware"]}))
        self.refused("KEY_BINDING", ["challenge", "hardware"], self.passport(claims), "--policy", policy)

    # what is refused

    def test_one_that_is_older_than_the_policy_lets_it_be(self):
        policy = self.write("age.json", json.dumps({"version": 1, "id": "age", "max_result_age_s": 60}))
        path = self.passport(self.claims(iat=int(time.time()) - 200))
        self.refused("RESULT_EXPIRED", ["iat", "largest age"], path, "--policy", policy)
        self.accepted(self.connect(self.server(*self.brings(path)), *self.takes()))

    def test_one_from_the_future(self):
        now = int(time.time())
        self.refused("RESULT_EXPIRED", "nbf", self.passport(self.claims(nbf=now + 200)))
        self.accepted(self.connect(self.server(*self.brings(self.passport(self.claims(iat=now + 30)))), *self.takes()))

    def test_one_that_another_key_signed(self):
        self.refused("RESULT_SIGNATURE", "does not verify", self.passport(key=self.stranger))

    def test_one_that_the_verifier_did_not_affirm(self):
        claims = self.claims()
        standin.contraindicated(claims)
        self.refused("STATUS", "contraindicated", self.passport(claims))

    def test_one_for_another_audience(self):
        for audience in ("https://else.example", ["https://else.example"]):
            self.refused("RESULT", "aud", self.passport(self.claims(aud=audience)))

    def test_one_of_another_profile(self):
        self.refused("RESULT", "eat_profile", self.passport(self.claims(eat_profile="tag:else.example,2026:ear")))

    def test_one_whose_verifier_key_is_revoked(self):
        der = self.key.public_key().public_bytes(serialization.Encoding.DER,
                                                 serialization.PublicFormat.SubjectPublicKeyInfo)
        digest = hashes.Hash(hashes.SHA256())
        digest.update(der)
        path = self.write("revoked.json", json.dumps([{"kind": "verifier-key", "value": digest.finalize().hex(),
                                                       "from": "2020-01-01T00:00:00Z"}]))
        self.refused("REVOKED", "key of the Verifier", self.passport(), "--revoked", path)

    def test_one_of_a_simulation(self):
        claims = self.claims()
        submod = claims["submods"]["PARSEC_TPM"]
        submod["ear.trustworthiness-vector"]["hardware"] = 32
        submod.update({"ear.status": "warning", "simulated": True})
        self.refused("SIMULATED", "simulated", self.passport(claims))
        self.accepted(self.connect(self.server(*self.brings(self.passport(claims))), *self.takes("--simulated")))

    def test_one_of_a_verifier_that_nobody_lists_is_never_sent(self):
        server = self.server(*self.brings(self.passport()))
        outcome = self.connect(server, *self.takes(uri=OTHER))
        self.assert_fails(outcome, EXIT_REFUSED, "NOT_ATTESTED")

    def test_one_of_a_format_that_nobody_knows(self):
        claims = self.claims()
        claims["submods"]["MYSTERY"] = claims["submods"].pop("PARSEC_TPM")
        self.refused("RESULT", "MYSTERY", self.passport(claims))

    def test_a_machine_is_not_named_by_one(self):
        policy = self.write("machines.json", json.dumps({"version": 1, "id": "m", "machines": ["01" * 32]}))
        self.refused("MACHINE", "absent", self.passport(), "--policy", policy)

    # what is wrong with our own is said at the start

    def unusable(self, words, path, machine=None):
        outcome = run("serve", "127.0.0.1:0", "--json", *self.brings(path, machine))
        self.assert_fails(outcome, EXIT_OURS, "PASSPORT")
        for word in [words] if isinstance(words, str) else words:
            self.assertIn(word, outcome.error["sentence"])

    def test_our_own_is_looked_at_at_the_start(self):
        now = int(time.time())
        self.unusable("exp", self.passport(self.claims(iat=now - 600, exp=now - 1)))
        self.unusable("iat", self.passport(self.claims(iat=now + 600, exp=now + 900)))
        self.unusable("another key", self.passport(), self.other)
        unnamed = self.claims()
        del unnamed["submods"]["PARSEC_TPM"]["ear.veraison.key-attestation"]
        self.unusable("neither", self.passport(unnamed))
        self.unusable("iss", self.passport(self.claims(iss=None)))
        self.unusable("absolute URI", self.passport(self.claims(iss="fleet")))
        self.unusable("nothing that is signed", self.write("bare.json", json.dumps(self.claims())))
        self.unusable("collection", self.write("collection.json", json.dumps(
            {"__cmwc_t": "tag:else.example,2026:x", "a": ["application/eat+jwt", standin.b64(b"x")]})))
        self.unusable("", self.write("noise.jwt", "noise"))

    def test_options_that_do_not_go_together_are_refused(self):
        good, trust = self.passport(), ["--trust-verifier", f"{URI}={self.keys[URI]}"]
        cases = {
            "nobody listed": ["--require", "result"],
            "keys at a URL": ["--require", "result", "--trust-verifier", f"{URI}=https://verifier.example/keys"],
            "endorsements for nothing": [*self.takes(), "--endorsements", self.machine.endorsement],
            "listed for nothing": trust,
            "no certificate": ["--passport", good],
            "result twice": ["--require", "result,result", *trust],
            "one Verifier twice": [*self.brings(good), "--passport", good],
        }
        for name, words in cases.items():
            with self.subTest(name):
                outcome = run("connect", "127.0.0.1:1", "--json", *words)
                self.assert_fails(outcome, EXIT_OURS, "CONFIG")


if __name__ == "__main__":
    main()
