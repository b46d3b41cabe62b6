#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The background check by Trustee's Attestation Service (trustee+https), played by a stand-in that follows its published API:
what is accepted, and everything about its token that is not. The real one: tests/interop/test_trustee.py."""

import base64
import json

import standin
import standin_trustee
from atlslib import EXIT_CONNECTION, EXIT_OURS, EXIT_REFUSED, main, run
from standin_trustee import annotated


class BackgroundTrusteeTest(standin.RelyingTest):
    rot = "sim-snp"

    def trustee(self, certificates="own") -> standin_trustee.Trustee:
        made = standin_trustee.Trustee(self.certificates if certificates == "own" else certificates)
        self.addCleanup(made.stop)
        return made

    def asking(self, verifier, *more, url=None) -> list:
        return ["--require", "snp", "--verifier", url or verifier.trustee_url, "--verifier-ca", self.certificates.ca, *more]

    # ---- what is right ----

    def test_a_peer_is_accepted_in_one_question(self):
        trustee = self.trustee()
        verdict = self.assert_accepts(self.connect(*self.asking(trustee)))
        self.assertEqual(trustee.asked, ["keys", "attestation"])
        self.assertEqual(trustee.connections, 1)
        self.assertEqual((verdict["verifier"], verdict["key_binding"]), (trustee.url, "challenge"))
        self.assertEqual(verdict["evidence"][0]["status"], "affirming")
        tee, evidence = trustee.evidence[0]
        self.assertEqual(tee, "snp")
        self.assertEqual(set(evidence), {"attestation_report", "cert_chain"})
        self.assertEqual({part["cert_type"] for part in evidence["cert_chain"]}, {"ARK", "ASK", "VCEK"})

    def test_keys_may_be_pinned_and_its_name_is_no_identity(self):
        trustee = self.trustee()
        more = self.pinned(trustee, "https://as.example")
        verdict = self.assert_accepts(self.connect(*self.asking(trustee, *more)))
        self.assertEqual(verdict["verifier"], "https://as.example")
        self.assertEqual(trustee.asked, ["attestation"])
        trustee.change = lambda claims: claims.update(iss="https://as.example")
        self.assert_accepts(self.connect(*self.asking(trustee, *more)))
        trustee.change = lambda claims: claims.pop("iss")
        self.assert_accepts(self.connect(*self.asking(trustee, *more)))
        trustee.change = lambda claims: claims.update(iss="https://else.example")
        self.refused(trustee, EXIT_REFUSED, "RESULT", ["iss", "https://else.example"], *more)

    def test_plain_http_wants_pinned_keys(self):
        trustee = self.trustee(certificates=None)
        words = ["--require", "snp", "--verifier", trustee.trustee_url, "--plain-http"]
        self.assert_accepts(self.connect(*words, *self.pinned(trustee)))
        self.assert_fails(self.connect(*words), EXIT_OURS, "CONFIG")

    def test_a_server_asks_about_its_clients(self):
        trustee = self.trustee()
        server = self.server(*self.other.own(), *self.asking(trustee))
        words = ["connect", server.address, "--no-pkix", *self.machine.own(), *self.other.required()]
        self.assertEqual(run(*words, given=b"hello\n").out, b"hello\n")
        trustee.change = lambda claims: annotated(claims).update(report_data="00" * 64)
        self.assertEqual(run(*words, given=b"hello\n").status, EXIT_REFUSED)

    # ---- what its token says ----

    def refuses(self, code: str, words, change, trustee=None, *more) -> None:
        trustee = trustee or self.trustee()
        trustee.change = change
        self.refused(trustee, EXIT_REFUSED, code, words, *more)

    def test_a_token_about_other_evidence_is_refused(self):
        """It repeats no nonce: what tells one exchange from another are its report_data."""
        trustee = self.trustee()
        self.assert_accepts(self.connect(*self.asking(trustee)))
        earlier = trustee.nonce
        self.refuses("FRESHNESS", "report_data", lambda claims: annotated(claims).update(report_data=earlier.ljust(64, b"\0").hex()),
                     trustee)
        self.refuses("FRESHNESS", "report_data", lambda claims: annotated(claims).update(
            report_data=trustee.nonce[:32].ljust(64, b"\1").hex()), trustee)
        for wrong in (None, "", "00", trustee.nonce[:32].hex(), 7):
            self.refuses("RESULT", "report_data", lambda claims, wrong=wrong: annotated(claims).update(report_data=wrong), trustee)
        self.refuses("RESULT", "report_data", lambda claims: annotated(claims).pop("report_data"), trustee)

    def test_a_token_about_another_kind_of_machine_is_refused(self):
        def kind(claims, name):
            annotated(claims)[name] = annotated(claims).pop("snp")

        for name in ("sample", "tdx", "SNP"):
            self.refuses("RESULT", ["annotated evidence", "snp"], lambda claims, name=name: kind(claims, name))
        self.refuses("RESULT", "annotated evidence", lambda claims: claims["submods"]["cpu0"].pop("ear.veraison.annotated-evidence"))

    def test_other_submods_are_refused(self):
        def rename(claims, *names):
            claims["submods"] = {name: claims["submods"]["cpu0"] for name in names}

        for names in (["gpu0"], ["cpu0", "gpu0"], ["cpu1"], ["SEVSNP"]):
            self.refuses("RESULT", ["submods", "cpu0"], lambda claims, names=names: rename(claims, *names))

    def test_what_it_does_not_affirm_is_refused(self):
        def vector(claims, **values):
            submod = claims["submods"]["cpu0"]
            submod["ear.trustworthiness-vector"].update({name.replace("_", "-"): value for name, value in values.items()})

        def default_policy(claims):
            """As its own policy has it without reference values."""
            claims["submods"]["cpu0"]["ear.status"] = "contraindicated"
            vector(claims, executables=33, hardware=97)

        self.refuses("STATUS", "contraindicated", default_policy)
        self.refuses("STATUS", "executables", lambda claims: vector(claims, executables=0))
        self.refuses("RESULT", "status", lambda claims: vector(claims, hardware=97))

    def test_times_and_profiles_are_looked_at(self):
        self.refuses("RESULT_EXPIRED", "exp", lambda claims: claims.update(iat=claims["iat"] - 900, exp=claims["iat"] - 600))
        self.refuses("RESULT_EXPIRED", "iat", lambda claims: claims.update(iat=claims["iat"] + 600, exp=claims["iat"] + 900))
        self.refuses("RESULT", "eat_profile", lambda claims: claims.update(eat_profile="tag:example.com,2026:other"))
        self.refuses("RESULT", "aud", lambda claims: claims.update(aud="https://else.example"))

    def test_keys_of_somebody_else_are_refused(self):
        """The key in the head of its token is no reason to believe it (R-36)."""
        trustee = self.trustee()
        trustee.published = standin.ec.generate_private_key(standin.ec.SECP256R1())
        self.refuses("RESULT_SIGNATURE", "does not verify", lambda claims: None, trustee)
        trustee.header = {"alg": "none"}
        self.refuses("ALGORITHM", "none", lambda claims: None, trustee)
        trustee = self.trustee()
        stranger = standin.ec.generate_private_key(standin.ec.SECP256R1())
        self.refuses("RESULT_SIGNATURE", "does not verify", lambda claims: None, trustee, *self.pinned(trustee, key=stranger))

    # ---- what is not a token ----

    def test_its_refusal_is_said(self):
        trustee = self.trustee()
        why = (standin_trustee.REASON % "Report signature verification against VEK signature failed").encode()
        trustee.fault = lambda handler, step: step == "attestation" and (handler.answer(500, why, "text/plain") or True)
        outcome = self.refused(trustee, EXIT_CONNECTION, "VERIFIER_ANSWER",
                               ["HTTP status 500", "Report signature verification against VEK signature failed"])
        self.assertNotIn("backtrace", outcome.error["sentence"])
        self.assertEqual(trustee.asked.count("attestation"), 1)  # Evidence leaves once

    def test_answers_that_are_no_token(self):
        trustee = self.trustee()
        for status, body, code, exit_status in (
                (200, b"", "VERIFIER_ANSWER", EXIT_CONNECTION), (200, b"\n", "VERIFIER_ANSWER", EXIT_CONNECTION),
                (200, b"e30.e30.AA\0", "VERIFIER_ANSWER", EXIT_CONNECTION), (204, b"", "VERIFIER_ANSWER", EXIT_CONNECTION),
                (200, b"{}", "RESULT", EXIT_REFUSED), (200, b"e30.e30.AA", "RESULT", EXIT_REFUSED)):
            with self.subTest(status=status, body=body):
                trustee.fault = lambda handler, step, status=status, body=body: step == "attestation" and (
                    handler.answer(status, body, "text/plain") or True)
                outcome = self.connect(*self.asking(trustee))
                self.assertEqual((outcome.status, outcome.code), (exit_status, code), str(outcome))
                self.assertNotIn("hello", outcome.text)

    def test_stale_evidence_is_not_sent(self):
        trustee = self.trustee()
        evidence = self.path("stale.cmw")
        self.assert_done(run("attest", *self.machine.own(), "--nonce", "01" * 64, "-o", evidence))
        attacker = self.keygen("attacker", rot="sim-snp")
        with open(attacker.path("attester.json"), "w", encoding="ascii") as file:
            json.dump({"rot": "sim-replay-snp", "format": "snp", "file": evidence}, file)
        server = self.server(*attacker.own())
        outcome = self.connect(*self.asking(trustee), address=server.address)
        self.assert_fails(outcome, EXIT_REFUSED, "FRESHNESS")
        self.assertEqual(trustee.evidence, [])

    def test_the_report_is_whole(self):
        """What is put together of its members is what the attester made, octet by octet, but for what is reserved."""
        trustee = self.trustee()
        self.assert_accepts(self.connect(*self.asking(trustee)))
        with open(self.machine.path("attester.json"), encoding="ascii") as file:
            made = json.load(file)
        report = bytes.fromhex(made["report"])
        sent = trustee.evidence[0][1]["attestation_report"]
        for name, at, length in (("measurement", 0x90, 48), ("chip_id", 0x1a0, 64), ("report_id", 0x140, 32)):
            self.assertEqual(bytes(sent[name]), report[at:at + length])
        self.assertEqual(sent["policy"], int.from_bytes(report[8:16], "little"))
        self.assertEqual(bytes(sent["report_data"])[:32], trustee.nonce[:32])
        table = base64.b64decode(made["certificates"])
        for part in trustee.evidence[0][1]["cert_chain"]:
            self.assertIn(bytes(part["data"]), table)


if __name__ == "__main__":
    main()
