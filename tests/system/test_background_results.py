#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a remote Verifier answers (R-21, R-22, R-44): sessions that are none, Results that are not taken, and Evidence
that is refused here though a Verifier affirms it."""

import json
import time

import standin
from atlslib import EXIT_CONNECTION, EXIT_REFUSED, Identity, main, need, run


class BackgroundResultsTest(standin.RelyingTest):
    # ---- answers that are none ----

    def test_answers_that_cannot_be_used(self):
        whole = {"status": "waiting", "accept": [standin.PSA]}
        cases = {
            "not JSON": (201, b"{", "JSON"),
            "an array": (201, b"[]", "an object"),
            "deep": (201, b"[" * 100000, "brackets"),
            "no status": (201, {"nonce": "AAAAAAAAAAA"}, "status"),
            "another nonce": (201, {**whole, "nonce": standin.b64(bytes(32))}, "nonce of the session"),
            "a short nonce": (201, {**whole, "nonce": "AAAAAAAAAAA"}, "nonce of the session"),
            "no nonce": (201, whole, "nonce of the session"),
            "other types": (201, {"status": "waiting", "nonce": None, "accept": ["a/b"]}, "accept"),
            "oversized": (201, b" " * 300000, "larger than it may be"),
            "200": (200, whole, "HTTP status 200"),
            "400": (400, {"title": "Bad Request", "detail": "no such \x1b[31m nonce"}, "Bad Request"),
            "404": (404, b"", "HTTP status 404"),
            "500": (500, b"<html>", "HTTP status 500"),
        }
        for name, (status, content, word) in cases.items():
            with self.subTest(name):
                verifier = self.verifier()

                def wrong(handler, at, v=verifier, status=status, content=content):
                    if at != "newSession":
                        return False
                    if isinstance(content, dict) and content.get("nonce", "") is None:
                        nonce = standin.urllib.parse.parse_qs(handler.path.partition("?")[2])["nonce"][0]
                        content = {**content, "nonce": nonce}
                    handler.answer(status, content, Location=v.location)
                    return True

                verifier.fault = wrong
                outcome = self.refused(verifier, EXIT_CONNECTION, "VERIFIER_ANSWER", word)
                self.assertNotIn("\x1b", outcome.err)
                self.assertEqual(verifier.evidence, [])

    def test_a_wrong_content_type(self):
        for step in ("newSession", "Evidence"):
            verifier = self.verifier()
            verifier.fault = lambda handler, at, step=step, v=verifier: at == step and (
                handler.answer(201 if step == "newSession" else 200, v.session("waiting"), "text/html",
                               Location=v.location) or True)
            self.refused(verifier, EXIT_CONNECTION, "VERIFIER_ANSWER", "text/html")

    def test_progress_that_is_none(self):
        cases = {
            "failed": (200, lambda v: v.session("failed"), "a session that failed"),
            "waiting": (200, lambda v: v.session("waiting"), "still waits"),
            "no result": (200, lambda v: {"status": "complete"}, "result"),
            "an object": (200, lambda v: {"status": "complete", "result": v.claims()}, "result"),
            "415": (415, lambda v: {"title": "Unsupported Media Type"}, "HTTP status 415"),
            "500": (500, lambda v: {"title": "x"}, "HTTP status 500"),
            "oversized": (200, lambda v: b"x" * 300000, "larger than it may be"),
        }
        for name, (status, content, word) in cases.items():
            with self.subTest(name):
                verifier = self.verifier()
                verifier.fault = lambda handler, at, s=status, c=content, v=verifier: at == "Evidence" and (
                    handler.answer(s, c(v)) or True)
                self.refused(verifier, EXIT_CONNECTION, "VERIFIER_ANSWER", word)
                self.assertEqual(verifier.asked.count("Evidence"), 1)

    def test_discovery_that_is_none(self):
        for content in ({}, {"ear-verification-key": {"kty": "oct", "k": "AAAA"}}, {"ear-verification-key": 1}, [], b"<"):
            verifier = self.verifier()
            verifier.fault = lambda handler, at, c=content: at == "discovery" and (handler.answer(200, c) or True)
            self.refused(verifier, EXIT_CONNECTION, "VERIFIER_ANSWER", "cannot be used")
            self.assertEqual(verifier.asked, ["discovery"])

    # ---- Results that are not taken ----

    def test_results_that_are_not_taken(self):
        def submods(claims):
            return next(iter(claims["submods"].values()))

        def cnf(claims):
            key = standin.ec.generate_private_key(standin.ec.SECP256R1())
            claims["cnf"] = {"jwk": standin.jwk_of(key)}

        def akpub(claims):
            submods(claims)["ear.veraison.key-attestation"] = {"akpub": standin.b64(self.spki_of(self.other))}

        now = time.time()
        cases = {
            "expired": (lambda c: c.update(iat=int(now) - 900, exp=int(now) - 600), "RESULT_EXPIRED", "exp"),
            "old": (lambda c: c.update(iat=int(now) - 900), "RESULT_EXPIRED", "iat"),
            "of the future": (lambda c: c.update(iat=int(now) + 900, exp=int(now) + 1200), "RESULT_EXPIRED", "iat"),
            "another nonce": (lambda c: c.update(eat_nonce=standin.b64(bytes(32))), "FRESHNESS", "eat_nonce"),
            "a short nonce": (lambda c: c.update(eat_nonce=standin.b64(bytes(8))), "FRESHNESS", "eat_nonce"),
            "no nonce": (lambda c: c.pop("eat_nonce"), "FRESHNESS", "eat_nonce"),
            "another profile": (lambda c: c.update(eat_profile="tag:else,2020:ear"), "RESULT", "eat_profile"),
            "contraindicated": (standin.contraindicated, "STATUS", "no trust anchor for evidence"),
            "a warning": (lambda c: submods(c).update({"ear.status": "warning", "ear.trustworthiness-vector":
                                                       {**standin.AFFIRMING, "executables": 33}}), "STATUS",
                          "executables"),
            "no executables": (lambda c: submods(c)["ear.trustworthiness-vector"].pop("executables"), "STATUS",
                               "executables"),
            "no vector": (lambda c: submods(c).pop("ear.trustworthiness-vector"), "STATUS", "instance-identity"),
            "better than its claims": (lambda c: submods(c)["ear.trustworthiness-vector"].update(hardware=97), "RESULT",
                                       "no better than its worst claim"),
            "no submods": (lambda c: c.update(submods={}), "RESULT", "submods"),
            "of another format": (lambda c: c.update(submods={"PARSEC_TPM": submods(c)}), "RESULT", "PARSEC_TPM"),
            "of two": (lambda c: c["submods"].update(ERROR=submods(c)), "RESULT", "submods"),
            "for another key": (cnf, "KEY_BINDING", "cnf"),
            "for the key of another": (akpub, "KEY_BINDING", "key_attestation"),
            "of a simulation": (lambda c: submods(c).update(
                {"simulated": True, "ear.status": "warning",
                 "ear.trustworthiness-vector": {**standin.AFFIRMING, "hardware": 32}}), "SIMULATED", "simulation"),
        }
        for name, (change, code, word) in cases.items():
            with self.subTest(name):
                verifier = self.verifier()
                verifier.change = change
                self.refused(verifier, EXIT_REFUSED, code, word)
                self.assertIn("delete", verifier.asked)

    @staticmethod
    def spki_of(identity) -> bytes:
        with open(identity.path("cert.pem"), "rb") as file:
            key = standin.x509.load_pem_x509_certificate(file.read()).public_key()
        return key.public_bytes(standin.serialization.Encoding.DER,
                                standin.serialization.PublicFormat.SubjectPublicKeyInfo)

    def test_a_result_for_the_right_key_is_taken(self):
        verifier = self.verifier()

        def akpub(claims):
            spki = standin.b64(self.spki_of(self.machine))
            next(iter(claims["submods"].values()))["ear.veraison.key-attestation"] = {"akpub": spki}

        verifier.change = akpub
        self.assert_accepts(self.connect(*self.asking(verifier)))

    def test_signatures_that_are_none(self):
        verifier = self.verifier()
        verifier.published = standin.ec.generate_private_key(standin.ec.SECP256R1())
        self.refused(verifier, EXIT_REFUSED, "RESULT_SIGNATURE", "does not verify")
        for alg in ("none", "HS256"):
            verifier = self.verifier()
            verifier.header = {"alg": alg}
            self.refused(verifier, EXIT_REFUSED, "ALGORITHM", alg)
        for text in ("e30", "a.b", "e30.e30.", "\u00e9"):
            verifier = self.verifier()
            verifier.fault = lambda handler, at, t=text: at == "Evidence" and (
                handler.answer(200, {"status": "complete", "result": t}) or True)
            outcome = self.connect(*self.asking(verifier))
            self.assertEqual(outcome.status, EXIT_REFUSED, str(outcome))
            self.assertIn(outcome.code, ("RESULT", "ALGORITHM"))

    def test_an_issuer_is_who_discovery_says(self):
        verifier = self.verifier()
        verifier.discovery = {"verifier-id": "https://verifier.example/"}
        self.assert_accepts(self.connect(*self.asking(verifier)))
        verifier.change = lambda claims: claims.update(iss="https://verifier.example/")
        self.assert_accepts(self.connect(*self.asking(verifier)))
        verifier.change = lambda claims: claims.update(iss="https://other.example/")
        self.refused(verifier, EXIT_REFUSED, "RESULT", ["iss", "https://other.example/"])
        url, sent = verifier.url + "/.well-known/veraison/verification", len(verifier.evidence)
        self.refused(verifier, EXIT_REFUSED, "VERIFIER_IDENTITY", ["verifier-id", "https://verifier.example/"],
                     "--trust-verifier", f"https://else.example/={url}")
        self.assertEqual(len(verifier.evidence), sent)

    def test_all_keys_that_discovery_has_are_taken(self):
        verifier = self.verifier()
        stranger = standin.ec.generate_private_key(standin.ec.SECP256R1())
        verifier.discovery = {"ear-verification-keys": {"keys": [standin.jwk_of(stranger), standin.jwk_of(verifier.key)]}}
        verifier.published = stranger
        self.assert_accepts(self.connect(*self.asking(verifier)))

    def test_a_key_that_is_revoked_signs_nothing(self):
        verifier = self.verifier()
        spki = verifier.key.public_key().public_bytes(standin.serialization.Encoding.DER,
                                                      standin.serialization.PublicFormat.SubjectPublicKeyInfo)
        digest = standin.hashes.Hash(standin.hashes.SHA256())
        digest.update(spki)
        revoked = self.write("revoked.json", json.dumps(
            [{"kind": "verifier-key", "value": digest.finalize().hex(), "from": "2020-01-01T00:00:00Z"}]))
        self.refused(verifier, EXIT_REFUSED, "REVOKED", "key of the Verifier", "--revoked", revoked)

    # ---- Evidence that a Verifier would affirm ----

    def replaying(self, name: str, form: str, evidence: str) -> Identity:
        """An identity whose attester plays Evidence from a file."""
        made = self.keygen(name)
        with open(made.path("attester.json"), "w", encoding="utf-8") as file:
            json.dump({"rot": f"sim-replay-{form}", "format": form, "file": evidence}, file)
        return made

    def test_evidence_of_before_is_refused_though_the_verifier_affirms_it(self):
        stale = self.path("stale.cmw")
        self.assert_done(run("attest", "--identity", self.machine.folder, "--nonce", "07" * 64, "-o", stale))
        server = self.server(*self.replaying("replay", "psa", stale).own())
        verifier = self.verifier()
        outcome = self.connect(*self.asking(verifier), address=server.address)
        self.assert_fails(outcome, EXIT_REFUSED, "FRESHNESS")
        self.assertIn("psa-nonce", outcome.error["sentence"])
        self.assertEqual(verifier.evidence, [])  # it is not even asked

    def test_a_quote_of_before_is_refused_though_the_verifier_affirms_it(self):
        need("swtpm")
        tpm = self.tpm()
        machine = self.keygen("tpm", "--tcti", tpm.tcti, rot="tpm2")
        stale = self.path("stale-tpm.cmw")
        self.assert_done(run("attest", "--identity", machine.folder, "--nonce", "07" * 33, "-o", stale))
        server = self.server(*self.replaying("replay-tpm", "tpm2", stale).own())
        verifier = self.verifier()
        words = ["tpm2" if word == "psa" else word for word in self.asking(verifier)]
        outcome = self.connect(*words, address=server.address)
        self.assert_fails(outcome, EXIT_REFUSED, "FRESHNESS")
        self.assertIn("extraData", outcome.error["sentence"])
        self.assertEqual(verifier.evidence, [])
        honest = self.server(*machine.own())
        verdict = self.assert_accepts(self.connect(*words, address=honest.address))
        self.assertEqual(verdict["key_binding"], "hardware")
        self.assertEqual(verifier.evidence[0][0], standin.TPM)

    # ---- policy ----

    def test_the_policy_applies_to_the_result(self):
        verifier = self.verifier()
        policy = self.write("policy.json", json.dumps({"version": 1, "id": "mine",
                                                       "min_tier": {"storage-opaque": "affirming"}}))
        self.refused(verifier, EXIT_REFUSED, "CLAIM", "storage-opaque", "--policy", policy)
        policy = self.write("policy2.json", json.dumps({"version": 1, "id": "mine", "key_binding": ["hardware"]}))
        self.refused(verifier, EXIT_REFUSED, "KEY_BINDING", "challenge", "--policy", policy)
        policy = self.write("policy3.json", json.dumps({"version": 1, "id": "mine", "machines": ["00" * 33]}))
        self.refused(verifier, EXIT_REFUSED, "MACHINE", "machine", "--policy", policy)
        policy = self.write("policy4.json", json.dumps({"version": 1, "id": "mine", "max_result_age_s": 10}))
        verifier.change = lambda claims: claims.update(iat=int(time.time()) - 100)
        self.refused(verifier, EXIT_REFUSED, "RESULT_EXPIRED", "iat", "--policy", policy)


if __name__ == "__main__":
    main()
