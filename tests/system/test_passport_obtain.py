#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`atls passport`: a Result for the key of a TPM, of our own Verifier and of one that misbehaves."""

import base64
import json
import os
import signal
import ssl
import subprocess
import time

import atlslib
import standin
import verifierlib
from atlslib import EXIT_CONNECTION, EXIT_DONE, EXIT_OURS, EXIT_REFUSED, Lines, SystemTest, main, need, run, skip, start, wait_until

TPM_CORIM = "application/rim+cbor; profile=\"tag:github.com/parallaxsecond,2023-03-03:tpm\""
IDENTITY = "https://verifier.example/fleet"


def claims_of(path: str) -> dict:
    with open(path, encoding="ascii") as file:
        return json.loads(standin.unb64(file.read().split(".")[1]))


class ObtainTest(SystemTest):
    """Each test has a folder, a TPM and an identity of its own."""

    def setUp(self):
        super().setUp()
        need("swtpm")
        name = self.id().rpartition(".")[2]
        self.machine = self.keygen(name, "--tcti", self.tpm().tcti, rot="tpm2")
        self.mine = os.path.join(self.folder, name + ".d")
        os.mkdir(self.mine)
        self.file = os.path.join(self.mine, "passport.jwt")

    def jwk_set(self, key) -> str:
        path = os.path.join(self.mine, f"keys-{len(os.listdir(self.mine))}.json")
        with open(path, "w", encoding="ascii") as file:
            json.dump({"keys": [standin.jwk_of(key)]}, file)
        return path


class FromOurVerifierTest(ObtainTest):
    def setUp(self):
        super().setUp()
        if "\n  verifier " not in run("-h").text:
            skip("libmicrohttpd, libseccomp or SQLite was absent when this was built")
        certificates = standin.Certificates(self.mine, "service")
        self.service = verifierlib.Verifier(self.mine, "--id", IDENTITY, "--cert", certificates.cert, "--key",
                                            certificates.cert)
        self.addCleanup(self.service.stop)
        self.asking = ["passport", "--verifier", f"https://127.0.0.1:{self.service.port}", "--verifier-ca",
                       certificates.ca, "--identity", self.machine.folder]
        client = verifierlib.Client(self.service.port, ssl.create_default_context(cafile=certificates.ca))
        with open(self.machine.endorsement, "rb") as file:
            answer = client.submit(file.read(), TPM_CORIM)
        self.assertEqual(answer.status, 200, str(answer))
        client.close()
        self.keys = self.jwk_set(self.service.key)

    def connect(self, server):
        return run("connect", server.address, "--no-pkix", "--json", "--require", "result", "--trust-verifier",
                   f"{IDENTITY}={self.keys}", given=b"hello\n")

    def test_it_is_obtained_and_a_peer_takes_it(self):
        outcome = run(*self.asking, "-o", self.file, "--json")
        self.assertEqual(outcome.status, EXIT_DONE, str(outcome))
        self.assertEqual(outcome.objects[0]["result"]["format"], "tpm2")
        claims = claims_of(self.file)
        self.assertEqual(claims["iss"], IDENTITY)
        nonce = base64.urlsafe_b64decode(claims["eat_nonce"] + "==")
        self.assertIn(len(nonce), (33, 64))
        connected = self.connect(self.server(*self.machine.own(), "--attest", "none", "--passport", self.file))
        self.assertEqual(connected.status, EXIT_DONE, str(connected))
        verdict = connected.objects[0]["result"]["verdict"]
        self.assertEqual((verdict["verifier"], verdict["key_binding"]), (IDENTITY, "hardware"))
        other = self.keygen("other")
        outcome = run("serve", "127.0.0.1:0", "--json", *other.own(), "--passport", self.file)
        self.assert_fails(outcome, EXIT_OURS, "PASSPORT")

    def test_only_a_verifier_that_is_listed_is_believed(self):
        other = self.jwk_set(standin.ec.generate_private_key(standin.ec.SECP256R1()))
        for trust, code in ((f"{IDENTITY}={other}", "RESULT_SIGNATURE"), (f"https://else.example={self.keys}", "RESULT")):
            outcome = run(*self.asking, "-o", self.file, "--json", "--trust-verifier", trust)
            self.assert_fails(outcome, EXIT_REFUSED, code)
            self.assertFalse(os.path.exists(self.file))


class FromAStrangeVerifierTest(ObtainTest):
    """A Verifier that makes the nonces of its choice, and signs what it likes."""

    def setUp(self):
        super().setUp()
        self.certificates = standin.Certificates(self.mine, "strange")
        self.verifier = standin.StandIn(self.certificates)
        self.addCleanup(self.verifier.stop)
        self.nonce = lambda size: os.urandom(size)
        self.life, self.issued = 300, []
        self.verifier.change = self.change
        self.verifier.fault = self.new_session
        self.asked_sizes = []

    def new_session(self, handler, step) -> bool:
        if step != "newSession":
            return False
        size = int(handler.path.rpartition("nonceSize=")[2])
        self.asked_sizes.append(size)
        nonce = self.nonce(size)
        self.verifier.kind = standin.TPM
        handler.answer(201, self.verifier.session("waiting", nonce), Location=self.verifier.new_session(nonce))
        return True

    def change(self, claims) -> None:
        with open(self.machine.path("cert.pem"), "rb") as file:
            key = standin.x509.load_pem_x509_certificate(file.read()).public_key()
        spki = key.public_bytes(standin.serialization.Encoding.DER,
                                standin.serialization.PublicFormat.SubjectPublicKeyInfo)
        claims["iss"] = IDENTITY
        claims["exp"] = int(time.time()) + self.life
        self.issued.append(int(time.time()))
        for submod in claims["submods"].values():
            submod["ear.veraison.key-attestation"] = {"akpub": standin.b64(spki)}

    def words(self, *more) -> list:
        keys = self.jwk_set(self.verifier.key)
        return ["passport", "--verifier", self.verifier.url, "--verifier-ca", self.certificates.ca, "--trust-verifier",
                f"{IDENTITY}={keys}", "--identity", self.machine.folder, "-o", self.file, "--json", *more]

    def gets_nothing(self, status, code, word):
        outcome = run(*self.words())
        self.assert_fails(outcome, status, code)
        self.assertIn(word, outcome.error["sentence"])
        self.assertEqual(self.verifier.evidence, [])
        self.assertFalse(os.path.exists(self.file))

    def test_a_nonce_that_could_be_a_binder_gets_no_evidence(self):
        """R-05, R-07: neither a binder nor one that is padded with zeros."""
        for size in (32, 48):
            self.nonce = lambda _, size=size: os.urandom(size)
            self.gets_nothing(EXIT_CONNECTION, "VERIFIER_ANSWER", f"{size} octets")
        self.nonce = lambda _: os.urandom(48) + bytes(16)
        outcome = run(*self.words())
        self.assertIn(outcome.code, ("NONCE_LENGTH", "VERIFIER_ANSWER"))  # the TPM takes 64, or fewer
        self.assertFalse(os.path.exists(self.file))
        self.assertEqual(self.verifier.evidence, [])
        self.nonce = os.urandom
        self.assertEqual(run(*self.words()).status, EXIT_DONE)
        self.assertEqual(set(self.asked_sizes) - {33, 64}, set())

    def test_a_trustee_is_not_asked(self):
        words = self.words()
        words[words.index(self.verifier.url)] = "trustee+" + self.verifier.url
        self.assert_fails(run(*words), EXIT_OURS, "NOT_BUILT")
        self.assertEqual((self.verifier.asked, self.verifier.evidence), ([], []))

    def test_a_result_that_no_peer_would_take_is_not_kept(self):
        honest = self.change

        def wrong(claims, name):
            honest(claims)
            now = int(time.time())
            submod = claims["submods"][next(iter(claims["submods"]))]
            if name == "key":
                submod["ear.veraison.key-attestation"] = {"akpub": standin.b64(b"0" * 91)}
            elif name == "no key":
                del submod["ear.veraison.key-attestation"]
            elif name == "nonce":
                claims["eat_nonce"] = standin.b64(bytes(64))
            elif name == "exp":
                claims["iat"], claims["exp"] = now - 400, now - 100
            elif name == "no end":
                del claims["exp"]
            elif name == "aud":
                claims["aud"] = "somebody"
            else:
                standin.contraindicated(claims)

        cases = {"key": "KEY_BINDING", "no key": "KEY_BINDING", "nonce": "FRESHNESS", "exp": "RESULT_EXPIRED",
                 "no end": "RESULT_EXPIRED", "aud": "RESULT", "status": "STATUS"}
        for name, code in cases.items():
            with self.subTest(name):
                self.verifier.change = lambda claims, name=name: wrong(claims, name)
                self.assert_fails(run(*self.words()), EXIT_REFUSED, code)
                self.assertFalse(os.path.exists(self.file))

    def test_it_is_renewed_in_time_and_through_a_failure(self):
        self.life = 6
        process = start(self.words("--renew"), text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                        stderr=subprocess.PIPE)
        out, err = Lines(process.stdout), Lines(process.stderr)
        try:
            out.wait(lambda line: json.loads(line)["event"] == "obtained", "the first")
            first = claims_of(self.file)
            out.wait(lambda line: json.loads(line)["event"] == "renewed", "a second")
            # and so on: this process may come late to the first
            wait_until(lambda: claims_of(self.file)["exp"] > first["exp"], "one that ends later")
            self.assertLessEqual(self.issued[1], first["exp"])  # it was asked for in time
            self.nonce = lambda _: bytes(32)
            out.wait(lambda line: json.loads(line)["event"] == "failed", "a failure")
            kept = claims_of(self.file)
            self.assertEqual(kept["iss"], IDENTITY)
            self.nonce = os.urandom
            count = len(self.verifier.evidence)
            wait_until(lambda: len(self.verifier.evidence) > count, "Evidence after the failure")
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(atlslib.WAIT), EXIT_DONE, err.join())
        finally:
            process.kill()
            process.wait()
        lines = [json.loads(line) for line in out.all()]
        self.assertEqual(lines[-1]["event"], "stopped")
        for line in lines:
            atlslib.schemas.check(line)


if __name__ == "__main__":
    main()
