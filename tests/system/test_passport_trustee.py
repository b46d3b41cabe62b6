#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Passports by Trustee's key broker (RCAR), played by a stand-in: one is obtained and a peer takes it; what of an answer, and
of a token in a handshake, is refused."""

import json
import os
import time

import standin
import standin_trustee
from atlslib import EXIT_CONNECTION, EXIT_DONE, EXIT_OURS, EXIT_REFUSED, SystemTest, main, run
from standin_trustee import annotated

IDENTITY = "https://trustee.example"


class TrusteePassportTest(SystemTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.certificates = standin.Certificates(cls.folder, "kbs")
        cls.machine = cls.keygen("machine", rot="sim-snp")
        cls.other = cls.keygen("other", rot="sim-snp")

    def setUp(self):
        super().setUp()
        self.trustee = standin_trustee.Trustee(self.certificates)
        self.addCleanup(self.trustee.stop)
        self.keys = self.write(f"keys-{self.id()}.json", json.dumps({"keys": [standin.jwk_of(self.trustee.key)]}))
        self.file = os.path.join(self.folder, f"passport-{self.id()}.jwt")

    def ask(self, machine=None, *more):
        return run("passport", "--verifier", self.trustee.trustee_url, "--verifier-ca", self.certificates.ca,
                   "--trust-verifier", f"{IDENTITY}={self.keys}", "--identity", (machine or self.machine).folder,
                   "-o", self.file, "--json", *more)

    def obtain(self, machine=None) -> dict:
        outcome = self.ask(machine)
        self.assertEqual(outcome.status, EXIT_DONE, str(outcome))
        return outcome.objects[0]["result"]

    def connect(self, server):
        return run("connect", server.address, "--no-pkix", "--json", "--require", "result", "--trust-verifier",
                   f"{IDENTITY}={self.keys}", given=b"hello\n")

    def brought(self, machine=None):
        return self.server(*(machine or self.machine).own(), "--attest", "none", "--passport", f"{IDENTITY}={self.file}")

    def taken(self, machine=None) -> dict:
        outcome = self.connect(self.brought(machine))
        self.assertEqual(outcome.status, EXIT_DONE, str(outcome))
        events = {line["event"]: line for line in outcome.objects}
        self.assertEqual(events["data"]["result"]["text"], "hello\n")
        return events["connected"]["result"]["verdict"]

    # ---- what is right ----

    def test_one_is_obtained_and_a_peer_takes_it(self):
        self.assertEqual(self.obtain()["format"], "snp")
        self.assertEqual(self.trustee.asked, ["auth", "attest"])
        verdict = self.taken()
        self.assertEqual((verdict["verifier"], verdict["key_binding"]), (IDENTITY, "challenge"))
        self.assertEqual((verdict["evidence"][0]["format"], verdict["evidence"][0]["status"]), ("snp", "affirming"))
        key = self.trustee.runtime_data_claims["tee-pubkey"]
        self.assertEqual((key["kty"], key["crv"], key["alg"]), ("EC", "P-256", "ECDH-ES+A256KW"))

    def test_machines_of_tdx_and_tokens_of_every_build(self):
        machine = self.keygen("td", rot="sim-tdx")

        def today(claims):
            """Names of today, and no additional evidence in the claims."""
            submod = claims["submods"]["cpu0"]
            submod["ear_attester_claims"] = submod.pop("ear.veraison.annotated-evidence")
            submod["ear_attester_claims"]["runtime_data_claims"].pop("additional-evidence")

        self.trustee.change = today
        self.assertEqual(self.obtain(machine)["format"], "tdx")
        self.assertEqual(self.taken(machine)["evidence"][0]["format"], "tdx")

    def test_either_hash_is_taken_and_none_named_is_the_default(self):
        for name, selected in (("sha512", {"selected-hash-algorithm": "sha512"}), ("sha384", {}), ("sha384", "")):
            with self.subTest(selected=selected):
                self.trustee.hash = name
                self.trustee.change_challenge = lambda challenge, selected=selected: challenge.update({"extra-params": selected})
                self.obtain()
                self.taken()

    def test_a_nonce_that_is_no_text_of_base64_is_not_hashed(self):
        """R-05: nobody outside chooses what is hashed, beyond the nonce between its quotes."""
        for nonce in ('AAAAAAAAAAA","tee-pubkey":{}}', "AAAAAAAAAAA\\", "AAAAAAAAAAA\n", "AAAA AAAAAAA", "ä" * 20):
            self.trustee.change_challenge = lambda challenge, nonce=nonce: challenge.update(nonce=nonce)
            self.gets_nothing("VERIFIER_ANSWER", ["nonce", "8 to 64 octets"])

    def test_an_issuer_that_is_a_uri_is_an_identity(self):
        self.trustee.change = lambda claims: claims.update(iss=IDENTITY)
        self.obtain()
        self.taken()
        self.trustee.change = lambda claims: claims.update(iss="https://else.example")
        self.assert_fails(self.ask(), EXIT_REFUSED, "RESULT")

    # ---- what the broker says first: no Evidence is made ----

    def gets_nothing(self, code, words, status=EXIT_CONNECTION, machine=None):
        count = len(self.trustee.evidence)
        outcome = self.assert_fails(self.ask(machine), status, code)
        for word in words:
            self.assertIn(word, outcome.error["sentence"])
        self.assertEqual(len(self.trustee.evidence), count)
        self.assertFalse(os.path.exists(self.file))
        return outcome

    def test_another_hash_gets_no_evidence(self):
        for extra, found in (({"selected-hash-algorithm": "sha256"}, "sha256"), ({"selected-hash-algorithm": 384}, "sha384 or"),
                             ({"selected-hash-algorithm": "SHA384"}, "SHA384"), ({"selected-hash-algorithm": None}, "sha384 or")):
            self.trustee.change_challenge = lambda challenge, extra=extra: challenge.update({"extra-params": extra})
            self.gets_nothing("VERIFIER_ANSWER", ["selected-hash-algorithm", found, "which were offered"])

    def test_cookies_and_nonces_are_bounded(self):
        name = "kbs-session-id="
        for cookie, word in ((name + "a" * 257, "256"), (name, "none"), ("session=1", "another"), (name + 'a"b', "none"),
                             (name + "a b; Path=/", "none"), (name + "a" * 9000, "auth")):
            self.trustee.cookie = cookie
            self.gets_nothing("VERIFIER_ANSWER", ["cookie" if len(cookie) < 8000 else "auth", word])
        self.trustee.cookie = name + "a" * 256
        for nonce in ("", "AAAA", "A" * 100, 'AAAAAAAAAAA"', None, 7):
            self.trustee.change_challenge = lambda challenge, nonce=nonce: challenge.update(nonce=nonce)
            self.gets_nothing("VERIFIER_ANSWER", ["nonce", "8 to 64 octets"])
        self.trustee.change_challenge = lambda challenge: None
        self.obtain()

    def test_its_refusals_are_said(self):
        for step in ("auth", "attest"):
            self.trustee.fault = lambda handler, now, step=step: now == step and (handler.problem("of " + step) or True)
            outcome = self.assert_fails(self.ask(), EXIT_CONNECTION, "VERIFIER_ANSWER")
            self.assertIn(f"HTTP status 401, Attestation error: of {step}", outcome.error["sentence"])
        self.assertEqual(self.trustee.asked.count("attest"), 1)
        for body in (b"", b"{", b"[]", b"{}"):
            self.trustee.fault = lambda handler, now, body=body: now == "auth" and (
                handler.answer(200, body, "application/json", Set_Cookie=self.trustee.cookie) or True)
            self.gets_nothing("VERIFIER_ANSWER", [])

    def test_other_formats_and_keys_are_not_asked_about(self):
        self.gets_nothing("NOT_BUILT", ["psa"], EXIT_OURS, self.keygen("psa"))
        self.assertEqual(self.trustee.asked, [])

    # ---- its token ----

    def test_what_is_no_token_is_refused(self):
        for token, code, status in ((None, "VERIFIER_ANSWER", EXIT_CONNECTION), ("", "VERIFIER_ANSWER", EXIT_CONNECTION),
                                    (7, "VERIFIER_ANSWER", EXIT_CONNECTION), ("token", "VERIFIER_ANSWER", EXIT_CONNECTION),
                                    ("e30.e30.AA", "RESULT", EXIT_REFUSED)):
            self.trustee.fault = lambda handler, now, token=token: now == "attest" and (
                handler.answer(200, {"token": token}, "application/json") or True)
            self.assert_fails(self.ask(), status, code)
        self.assertFalse(os.path.exists(self.file))

    def test_a_token_that_no_peer_would_take_is_not_kept(self):
        now = int(time.time())
        elsewhere = {**standin.jwk_of(self.trustee.key), "alg": "ECDH-ES+A256KW"}
        cases = (
            ("KEY_BINDING", lambda claims: annotated(claims)["runtime_data_claims"].update({"tee-pubkey": elsewhere})),
            ("KEY_BINDING", lambda claims: annotated(claims)["runtime_data_claims"].update({"tee-pubkey": None})),
            ("KEY_BINDING", lambda claims: annotated(claims)["runtime_data_claims"].pop("tee-pubkey")),
            ("KEY_BINDING", lambda claims: annotated(claims).update(runtime_data_claims="tee-pubkey")),
            ("FRESHNESS", lambda claims: annotated(claims).update(report_data="00" * 64)),
            ("RESULT", lambda claims: annotated(claims).pop("report_data")),
            ("RESULT", lambda claims: annotated(claims).update(tdx=annotated(claims).pop("snp"))),
            ("RESULT", lambda claims: claims["submods"].update(gpu0=claims["submods"]["cpu0"])),
            ("RESULT_EXPIRED", lambda claims: claims.pop("exp")),
            ("RESULT_EXPIRED", lambda claims: claims.update(iat=now - 900, exp=now - 600)),
            ("STATUS", standin.contraindicated),
        )
        for code, change in cases:
            self.trustee.change = change
            self.assert_fails(self.ask(), EXIT_REFUSED, code)
        self.trustee.change = lambda claims: None
        self.keys = self.write("strange-keys.json", json.dumps(
            {"keys": [standin.jwk_of(standin.ec.generate_private_key(standin.ec.SECP256R1()))]}))
        self.assert_fails(self.ask(), EXIT_REFUSED, "RESULT_SIGNATURE")
        self.assertFalse(os.path.exists(self.file))

    # ---- a token in a handshake: signed again by the broker, and wrong ----

    def brings_wrong(self, change) -> None:
        """The broker's own signature over other claims, which `serve` does not look at."""
        claims = json.loads(standin.unb64(self.good.split(".")[1]))
        change(claims)
        with open(self.file, "w", encoding="ascii") as file:
            file.write(standin.jwt(claims, self.trustee.key))

    def test_a_peer_refuses_another_token(self):
        self.obtain()
        with open(self.file, encoding="ascii") as file:
            self.good = file.read()
        outcome = run("serve", "127.0.0.1:0", "--json", *self.other.own(), "--attest", "none", "--passport",
                      f"{IDENTITY}={self.file}")
        self.assert_fails(outcome, EXIT_OURS, "PASSPORT")  # of another key
        for word, change in (
                ("submods", lambda claims: annotated(claims).update(sample=annotated(claims).pop("snp"))),
                ("submods", lambda claims: annotated(claims).update(tdx={})),
                ("submods", lambda claims: claims["submods"].update(gpu0=claims["submods"].pop("cpu0"))),
                ("submods", lambda claims: claims["submods"].update(SEVSNP=claims["submods"].pop("cpu0")))):
            self.brings_wrong(change)
            outcome = self.assert_fails(self.connect(self.brought()), EXIT_REFUSED, "RESULT")
            self.assertIn(word, outcome.error["sentence"])


if __name__ == "__main__":
    main()
