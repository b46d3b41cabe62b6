#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`atls appraise --verifier`: Evidence of a file to our own Verifier, and its Result with the same contract."""

import json
import ssl

import cbor2
import standin
import verifierlib
from atlslib import EXIT_DONE, EXIT_OURS, EXIT_REFUSED, SystemTest, main, need, run
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives import hashes, serialization

IDENTITY = "https://verifier.example/fleet"
NONCE = bytes(range(1, 65))
TPM_NONCE = NONCE[:33]


class AppraiseVerifierTest(SystemTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        verifierlib.need_built()
        cls.certificates = standin.Certificates(cls.folder, "service")
        cls.service = verifierlib.Verifier(cls.folder, "--id", IDENTITY, "--cert", cls.certificates.cert, "--key",
                                           cls.certificates.cert)
        cls.addClassCleanup(cls.service.stop)
        cls.url = f"https://127.0.0.1:{cls.service.port}"
        cls.machine = cls.keygen("machine")
        cls.provision(cls.machine)

    @classmethod
    def provision(cls, machine, service=None) -> None:
        client = verifierlib.Client((service or cls.service).port, ssl.create_default_context(cafile=cls.certificates.ca))
        with open(machine.endorsement, "rb") as file:
            answer = client.submit(file.read(), "application/rim+cbor")
        jwk = client.ask("GET", "/.well-known/veraison/verification").json["ear-verification-key"]
        cls.jwk = jwk if service is None else cls.jwk
        client.close()
        if answer.status != 200 or answer.json["status"] != "success":
            raise AssertionError(str(answer))

    def evidence(self, machine=None, nonce=NONCE) -> str:
        path = self.path("evidence.cmw")
        self.assert_done(run("attest", *(machine or self.machine).own(), "--nonce", nonce.hex(), "-o", path))
        return path

    def appraise(self, path, *words, nonce=NONCE, given=None):
        return run("appraise", path, "--nonce", nonce.hex(), "--verifier", self.url, "--verifier-ca",
                   self.certificates.ca, *words, given=given)

    def test_its_result_is_printed_as_it_signed_it(self):
        outcome = self.assert_done(self.appraise(self.evidence(), "--simulated"))
        claims = verifierlib.verify_jws(outcome.text.strip(), self.jwk)
        self.assertEqual(claims["iss"], IDENTITY)
        self.assertEqual(claims["submods"]["PSA_IOT"]["ear.status"], "warning")
        outcome = self.assert_done(self.appraise(self.evidence(), "--simulated", "--json"))
        result = outcome.objects[0]["result"]
        self.assertTrue(result["accepted"])
        self.assertEqual((result["verdict"]["verifier"], result["unsigned"], result["jwks"], result["cwt"]),
                         (self.url, False, None, None))
        self.assertEqual(result["ear"], verifierlib.verify_jws(result["jwt"], self.jwk))
        with open(self.evidence(), "rb") as file:
            self.assert_done(self.appraise("-", "--simulated", given=file.read()))

    def test_a_verifier_is_asked_about_all_octets_that_evidence_has(self):
        """R-10: as one that knows no padding compares them. A report has 64 octets, and those behind the nonce are zeros."""
        asked = standin.StandIn(self.certificates)
        self.addCleanup(asked.stop)
        nonce = NONCE[:50]  # a shorter one would be a binder, padded
        for rot in ("sim-snp", "sim-tdx", "sim-sgx"):
            machine = self.keygen(rot, rot=rot)
            path = self.evidence(machine, nonce)
            run("appraise", path, "--nonce", nonce.hex(), "--verifier", asked.url, "--verifier-ca", self.certificates.ca)
            self.assertEqual(asked.nonce, nonce + bytes(14), rot)
            loaded = [] if rot == "sim-snp" else ["--endorsements", machine.path("collateral.json")]
            service = verifierlib.Verifier(self.folder, "--cert", self.certificates.cert, "--key", self.certificates.cert, *loaded, name=rot)
            self.addCleanup(service.stop)
            self.provision(machine, service)
            words = ("--verifier", f"https://127.0.0.1:{service.port}", "--verifier-ca", self.certificates.ca, "--simulated")
            self.assert_done(run("appraise", path, "--nonce", nonce.hex(), *words))

    def test_the_policy_is_that_of_this_side(self):
        outcome = self.appraise(self.evidence(), "--json")
        self.assert_fails(outcome, EXIT_REFUSED, "SIMULATED")
        self.assertEqual(outcome.objects[0]["result"]["ear"]["submods"]["PSA_IOT"]["ear.status"], "warning")
        outcome = self.appraise(self.evidence(), "--simulated", "--require", "tpm2", "--json")
        self.assert_fails(outcome, EXIT_REFUSED, "EVIDENCE_TYPE")

    def test_a_contraindicated_result_is_printed_and_refused(self):
        stranger = self.keygen("stranger")
        outcome = self.appraise(self.evidence(stranger), "--simulated")
        self.assertEqual(outcome.status, EXIT_REFUSED, str(outcome))
        claims = verifierlib.verify_jws(outcome.text.strip(), self.jwk)
        self.assertEqual(claims["submods"]["PSA_IOT"]["ear.status"], "contraindicated")
        outcome = self.appraise(self.evidence(stranger), "--simulated", "--json")
        self.assert_fails(outcome, EXIT_REFUSED, "STATUS")
        self.assertFalse(outcome.objects[0]["result"]["accepted"])
        self.assertEqual(outcome.objects[0]["result"]["ear"]["submods"]["PSA_IOT"]["ear.status"], "contraindicated")

    def test_a_machine_that_is_revoked_here_is_refused_whatever_it_says(self):
        # psa-instance-id, as the Evidence has it
        with open(self.evidence(), "rb") as file:
            token = cbor2.loads(cbor2.loads(file.read())[1])
        instance = cbor2.loads(token.value[2])[256].hex()
        listed = self.write("revoked.json", json.dumps(
            [{"kind": "ueid", "value": instance, "from": "2026-01-01T00:00:00Z"}]))
        self.assert_fails(self.appraise(self.evidence(), "--simulated", "--revoked", listed, "--json"),
                          EXIT_REFUSED, "REVOKED")

    def test_a_key_of_the_verifier_that_is_revoked_or_another_is_refused_without_a_result(self):
        with open(self.service.key_file, "rb") as file:
            key = serialization.load_pem_private_key(file.read(), None).public_key()
        digest = hashes.Hash(hashes.SHA256())
        digest.update(key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo))
        listed = self.write("verifier.json", json.dumps(
            [{"kind": "verifier-key", "value": digest.finalize().hex(), "from": "2026-01-01T00:00:00Z"}]))
        outcome = self.appraise(self.evidence(), "--simulated", "--revoked", listed, "--json")
        self.assert_fails(outcome, EXIT_REFUSED, "REVOKED")
        self.assertIsNone(outcome.objects[0]["result"]["ear"])
        other = ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        pinned = f"{IDENTITY}={self.write('other.pem', other)}"
        outcome = self.appraise(self.evidence(), "--simulated", "--trust-verifier", pinned)
        self.assertEqual((outcome.status, outcome.text), (EXIT_REFUSED, ""), str(outcome))
        self.assertIn("signature", outcome.err)

    def test_the_key_may_be_pinned_and_the_identity_is_compared(self):
        with open(self.service.key_file, "rb") as file:
            key = serialization.load_pem_private_key(file.read(), None).public_key()
        pem = self.write("right.pem", key.public_bytes(serialization.Encoding.PEM,
                                                       serialization.PublicFormat.SubjectPublicKeyInfo))
        outcome = self.appraise(self.evidence(), "--simulated", "--trust-verifier", f"{IDENTITY}={pem}", "--json")
        self.assertEqual(self.assert_done(outcome).objects[0]["result"]["verdict"]["verifier"], IDENTITY)
        outcome = self.appraise(self.evidence(), "--simulated", "--trust-verifier", f"https://x.example={pem}", "--json")
        self.assertEqual(outcome.status, EXIT_REFUSED, str(outcome))

    def test_evidence_for_another_nonce_is_not_even_sent(self):
        before = len(self.service.events("verdict"))
        outcome = self.appraise(self.evidence(nonce=NONCE[::-1]), "--simulated", "--json")
        self.assert_fails(outcome, EXIT_REFUSED, "FRESHNESS")
        self.assertEqual(len(self.service.events("verdict")), before)

    def test_bare_evidence_has_its_format_named(self):
        with open(self.evidence(), "rb") as file:
            bare = self.write("bare", cbor2.loads(file.read())[1])
        outcome = self.assert_done(self.appraise(bare, "--format", "psa", "--simulated"))
        verifierlib.verify_jws(outcome.text.strip(), self.jwk)

    def test_a_tpm_whose_key_the_result_names(self):
        need("swtpm")
        machine = self.keygen("tpm", "--tcti", self.tpm().tcti, rot="tpm2")
        self.provision(machine)
        outcome = self.assert_done(self.appraise(self.evidence(machine, TPM_NONCE), nonce=TPM_NONCE))
        claims = verifierlib.verify_jws(outcome.text.strip(), self.jwk)
        self.assertEqual(claims["submods"]["PARSEC_TPM"]["ear.status"], "affirming")

    def test_what_does_not_go_together_and_who_does_not_answer(self):
        path = self.evidence()
        key = self.write("key.pem", verifierlib.private_pem(ec.generate_private_key(ec.SECP256R1())))
        for words in (("--endorsements", self.machine.endorsement), ("--with", self.machine.endorsement),
                      ("--signing-key", key), ("--ear-form", "jwt"), ("--cnf",), ("--raw-evidence",),
                      ("--time", "2026-01-01T00:00:00Z"), ("--endorsement-key", key)):
            with self.subTest(words):
                self.assert_fails(self.appraise(path, *words, "--json"), EXIT_OURS, "CONFIG")
        for nonce in ("none", "0102"):
            self.assert_fails(run("appraise", path, "--nonce", nonce, "--verifier", self.url, "--verifier-ca",
                                  self.certificates.ca, "--json"), EXIT_OURS, "CONFIG")
        self.assert_fails(run("appraise", path, "--nonce", NONCE.hex(), "--verifier-ca", self.certificates.ca, "--json"),
                          EXIT_OURS, "CONFIG")
        self.assert_fails(run("appraise", path, "--nonce", NONCE.hex(), "--verifier", self.url, "--json"),
                          EXIT_OURS, "CONFIG")
        outcome = run("appraise", path, "--nonce", NONCE.hex(), "--verifier", "https://127.0.0.1:1", "--verifier-ca",
                      self.certificates.ca, "--json")
        self.assertEqual((outcome.objects[0]["error"]["code"], outcome.objects[0]["result"]["ear"]),
                         ("VERIFIER_UNREACHABLE", None), str(outcome))


if __name__ == "__main__":
    main()
