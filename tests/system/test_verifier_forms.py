#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Results of `atls verifier` as JWT and CWT, in the session and by themselves; and who takes them."""

import json
import ssl

import cbor2
import standin
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

from atlslib import EXIT_DONE, EXIT_OURS, main, need, run
from verifierlib import CMW, NEW, PSA, SESSION, Client, Verifier, VerifierTest, unbase64, verify_jws

JWT, CWT = "application/eat+jwt", "application/eat+cwt"
RESULTS = {"status": 1000, "profile": 265, "nonce": 10, "submods": 266}


def verify_cwt(octets: bytes, key) -> dict:
    """The claims of a COSE_Sign1 by ES256 (RFC 9052, 4.4)."""
    message = cbor2.loads(octets)
    assert message.tag == 18, message
    protected, _, payload, signature = message.value
    assert cbor2.loads(protected)[1] == -7, protected
    signed = cbor2.dumps(["Signature1", protected, b"", payload])
    der = utils.encode_dss_signature(int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))
    key.verify(der, signed, ec.ECDSA(hashes.SHA256()))
    return cbor2.loads(payload)


class FormsTest(VerifierTest):
    def key(self):
        with open(self.verifier.key_file, "rb") as file:
            return serialization.load_pem_private_key(file.read(), None).public_key()

    def ask(self, accept, client=None):
        client = client or self.client
        path, nonce = self.open_session(client=client)
        return path, nonce, client.ask("POST", path, self.evidence(nonce), Content_Type=CMW, Accept=accept)

    def check_cwt(self, octets: bytes, nonce: bytes, profile="tag:github.com,2023:veraison/ear") -> None:
        claims = verify_cwt(octets, self.key())
        self.assertEqual((claims[265], claims[10]), (profile, nonce))
        self.assertEqual(claims[266]["PSA_IOT"][1000], 32)  # warning: the root is a simulation
        self.assertEqual(claims[4] - claims[6], 300)

    def test_a_result_by_itself(self):
        path, nonce, answer = self.ask(CWT)
        self.assertEqual((answer.status, answer.headers["Content-Type"]), (200, CWT), str(answer))
        self.check_cwt(answer.body, nonce)
        again = self.client.ask("GET", path, Accept=CWT)
        self.assertEqual((again.status, again.body), (200, answer.body))
        self.problem(self.client.ask("GET", path, Accept=JWT), 406)
        shown = self.client.ask("GET", path, Accept=SESSION).json
        self.assertEqual((unbase64(shown["result"]), shown["result-type"]), (answer.body, CWT))
        self.assertEqual(list(shown), ["status", "nonce", "expiry", "accept", "evidence", "result", "result-type"])
        path, nonce, answer = self.ask(JWT)
        self.assertEqual((answer.status, answer.headers["Content-Type"]), (200, JWT), str(answer))
        jwk = self.client.ask("GET", "/.well-known/veraison/verification").json["ear-verification-key"]
        verify_jws(answer.body.decode(), jwk)
        self.problem(self.client.ask("GET", path, Accept=CWT), 406)

    def test_what_accept_says(self):
        for accept, in_session, cwt in ((SESSION, True, False), ("*/*", True, False), (None, True, False),
                                        (f"{SESSION}, {CWT}", True, True), (f"{SESSION}, {JWT}", True, False),
                                        (f"{CWT}, {JWT}", False, False), (f"{CWT}; eat_profile=\"x\"", False, True),
                                        (f"{CWT};q=0, {JWT}", False, False), (f"*/*, {CWT}", True, True)):
            with self.subTest(accept):
                _, nonce, answer = self.ask(accept)
                self.assertEqual(answer.status, 200, str(answer))
                self.assertEqual(answer.headers["Content-Type"], SESSION if in_session else CWT if cwt else JWT)
                if cwt:
                    self.check_cwt(unbase64(answer.json["result"]) if in_session else answer.body, nonce)
                elif in_session:
                    self.assertEqual(answer.json["result"].count("."), 2)
                    self.assertNotIn("result-type", answer.json)
        for accept in ("application/eat", "text/html", f"{CWT};q=0", "application/eat+jwtx"):
            self.problem(self.ask(accept)[2], 406)
        path, _ = self.open_session()
        self.problem(self.client.ask("GET", path, Accept=CWT), 409)
        self.problem(self.client.ask("POST", NEW, Accept=CWT), 406)
        self.assertEqual(self.client.ask("GET", path, Accept=SESSION).json["status"], "waiting")

    def test_bad_evidence_has_a_cwt_as_well(self):
        path, nonce = self.open_session()
        answer = self.client.ask("POST", path, b"\xff", Content_Type=PSA, Accept=CWT)
        claims = verify_cwt(answer.body, self.key())
        self.assertEqual(claims[266]["PSA_IOT"][1000], 96)
        self.assertEqual(set(claims[266]["PSA_IOT"][1001].values()), {99})

    def test_the_form_may_be_the_services_choice_in_both_flavours(self):
        for flavour, profile in (("veraison", "tag:github.com,2023:veraison/ear"), ("ietf", "tag:ietf.org,2026:rats/ear#04")):
            verifier = Verifier(self.folder, "--ear-form", "cwt", "--ear-profile", flavour, name=flavour)
            self.addCleanup(verifier.stop)
            client = verifier.client()
            self.addCleanup(client.close)
            self.assertEqual(client.submit(self.corim).json["status"], "success")
            _, nonce, answer = self.ask(SESSION, client)
            self.check_cwt(unbase64(answer.json["result"]), nonce, profile)
            self.assertEqual(self.ask(JWT, client)[2].body.count(b"."), 2)
        words = ("verifier", "--json", "--signing-key", self.verifier.key_file, "--listen", "127.0.0.1:0")
        self.assert_fails(run(*words, "--ear-form", "xml"), EXIT_OURS, "CONFIG")


class TakersTest(VerifierTest):
    """Relying Parties take the one form and the other."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.certificates = standin.Certificates(cls.folder, "service")
        cls.service = Verifier(cls.folder, "--ear-form", "cwt", "--cert", cls.certificates.cert, "--key",
                               cls.certificates.cert, "--id", "https://verifier.example", name="cwt")
        cls.addClassCleanup(cls.service.stop)
        cls.asking = ("--verifier", f"https://127.0.0.1:{cls.service.port}", "--verifier-ca", cls.certificates.ca)
        cls.provision(cls.corim)

    @classmethod
    def provision(cls, corim: bytes) -> None:
        client = Client(cls.service.port, ssl.create_default_context(cafile=cls.certificates.ca))
        answer = client.submit(corim, "application/rim+cbor")
        client.close()
        if answer.json["status"] != "success":
            raise AssertionError(str(answer))

    def test_a_background_check(self):
        server = self.server(*self.identity.own())
        outcome = run("connect", server.address, "--no-pkix", "--json", "--require", "psa", "--simulated", *self.asking,
                      given=b"hello\n")
        self.assertEqual(outcome.status, EXIT_DONE, str(outcome))

    def test_evidence_of_a_file(self):
        nonce = bytes(range(1, 65))
        self.evidence(nonce)
        words = ("appraise", self.path("evidence.cmw"), "--nonce", nonce.hex(), "--simulated", *self.asking)
        outcome = self.assert_done(run(*words))
        with open(self.service.key_file, "rb") as file:
            key = serialization.load_pem_private_key(file.read(), None).public_key()
        claims = verify_cwt(outcome.out, key)
        self.assertEqual(claims[266]["PSA_IOT"][1000], 32)
        result = self.assert_done(run(*words, "--json")).objects[0]["result"]
        self.assertIsNone(result["jwt"])
        verify_cwt(unbase64(result["cwt"]), key)
        self.assertEqual(result["ear"]["submods"]["PSA_IOT"]["ear.status"], "warning")
        json.dumps(result)

    def test_a_passport_is_asked_for_as_jwt(self):
        need("swtpm")
        machine = self.keygen("tpm", "--tcti", self.tpm().tcti, rot="tpm2")
        with open(machine.endorsement, "rb") as file:
            self.provision(file.read())
        path = self.path("passport")
        self.assert_done(run("passport", "--identity", machine.folder, "-o", path, *self.asking))
        with open(path, "rb") as file:
            self.assertEqual(file.read().count(b"."), 2)


if __name__ == "__main__":
    main()
