#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""atls with the real key broker of Trustee, kbs (docs/interop.md): what it says to the protocol itself, and passports by it, with
the root of a simulation in place of AMD's, which is put into a copy of the program.

test_trustee_kbs.py ATLS [TEST...]: ATLS_TRUSTEE_KBS names the program, or it is in PATH.
"""

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "system"))

# pylint: disable=wrong-import-position
import atlslib
from atlslib import EXIT_CONNECTION, EXIT_DONE, EXIT_REFUSED, SystemTest, run
from standin import ec, jwk_of, unb64
from trustee_services import KeyBroker, roots_of, take_certificates, with_roots

PROGRAM = os.environ.get("ATLS_TRUSTEE_KBS") or shutil.which("kbs")
IDENTITY = "https://trustee.example"
HASHES = {"supported-hash-algorithms": ["sha384", "sha512"]}  # as atls says it


class BrokerTest(SystemTest):
    def broker(self, program: str = PROGRAM) -> KeyBroker:
        made = KeyBroker(self.folder, program, f"broker-{len(os.listdir(self.folder))}")
        self.addCleanup(made.stop)
        return made

    def refused(self, answer, *words) -> None:
        """Problem details without their media type, as standin_trustee plays them."""
        status, headers, text = answer
        self.assertEqual((status, headers["Content-Type"]), (401, None), text)
        problem = json.loads(text)
        self.assertEqual(problem["type"], "https://github.com/confidential-containers/kbs/errors/AttestationError")
        self.assertEqual(set(problem), {"type", "detail"})
        for word in words:
            self.assertIn(word, problem["detail"])


class ProtocolTest(BrokerTest):
    """The protocol by itself, spoken by a sample machine, which anybody can be: what the client of atls and the stand-in take for granted."""

    def setUp(self):
        self.kbs = self.broker()
        self.key = {**jwk_of(ec.generate_private_key(ec.SECP256R1())), "alg": "ECDH-ES+A256KW"}

    def auth(self, tee="sample", **changes):
        return self.kbs.post("/kbs/v0/auth", {"version": "0.4.0", "tee": tee, "extra-params": HASHES, **changes})

    def attest(self, cookie, nonce, algorithm="sha384", padded=48, **changes):
        runtime = {"nonce": nonce, "tee-pubkey": self.key}
        hashed = json.dumps({**runtime, "additional-evidence": ""}, sort_keys=True, separators=(",", ":")).encode()
        data = hashlib.new(algorithm, hashed).digest().ljust(padded, b"\0")
        evidence = {"svn": "1", "report_data": base64.b64encode(data).decode()}
        return self.kbs.post("/kbs/v0/attest", {"runtime-data": runtime, "tee-evidence": {
            "primary_evidence": evidence, "additional_evidence": ""}, **changes}, Cookie=cookie)

    def begun(self) -> tuple:
        status, headers, text = self.auth()
        self.assertEqual(status, 200, text)
        return headers["Set-Cookie"], json.loads(text)

    def test_a_session(self):
        said, challenge = self.begun()
        self.assertEqual(challenge["extra-params"], "")  # no word about a hash: it is SHA-384
        self.assertEqual(len(base64.b64decode(challenge["nonce"], validate=True)), 32)
        self.assertRegex(said, r"^kbs-session-id=[0-9a-f]{32}; Expires=")
        cookie = said.partition(";")[0]
        status, _, text = self.attest(cookie, challenge["nonce"])
        self.assertEqual(status, 200, text)
        self.assertEqual(set(json.loads(text)), {"token"})
        header, claims, _ = json.loads(text)["token"].split(".")
        self.assertEqual(json.loads(unb64(header))["jwk"]["kty"], "EC")
        cpu0 = json.loads(unb64(claims))["submods"]["cpu0"]
        annotated = cpu0.get("ear.veraison.annotated-evidence") or cpu0["ear_attester_claims"]
        self.assertEqual((annotated["runtime_data_claims"]["nonce"], annotated["runtime_data_claims"]["tee-pubkey"]),
                         (challenge["nonce"], self.key))

    def test_an_attested_session_gives_its_token_again(self):
        """Whatever is sent then: so the client looks at what the token is about."""
        said, challenge = self.begun()
        cookie = said.partition(";")[0]
        first = self.attest(cookie, challenge["nonce"])
        self.key = {**jwk_of(ec.generate_private_key(ec.SECP256R1())), "alg": "ECDH-ES+A256KW"}
        again = self.attest(cookie, "AAAA")
        self.assertEqual((first[0], first[2]), (again[0], again[2]))

    def test_what_it_refuses(self):
        self.refused(self.auth(version="0.1.0"), "Version Mismatch", "=0.4.0")
        self.refused(self.auth(tee="psa"), "RCAR handshake Auth failed")
        said, challenge = self.begun()
        cookie, nonce = said.partition(";")[0], challenge["nonce"]
        self.refused(self.attest("kbs-session-id=0123", nonce), "RCAR handshake Attest failed")
        self.refused(self.attest(cookie, base64.b64encode(bytes(32)).decode()), "RCAR handshake Attest failed")
        for algorithm in ("sha256", "sha512"):  # it takes the one of its own, whatever a client lists
            self.refused(self.attest(cookie, nonce, algorithm), "RCAR handshake Attest failed")

    def test_it_is_about_other_machines_too(self):
        """They begin a session alike; what it cannot verify it refuses with the Evidence."""
        for tee in ("snp", "tdx"):
            status, headers, text = self.auth(tee)
            self.assertEqual(status, 200, text)
            self.refused(self.attest(headers["Set-Cookie"].partition(";")[0], json.loads(text)["nonce"]), "RCAR handshake Attest failed")


class PassportTest(BrokerTest):
    """`atls passport`: the machine is simulated, and its root is Trustee's or not."""

    def setUp(self):
        if not hasattr(type(self), "machine"):
            type(self).machine = self.keygen("machine", rot="sim-snp")
            type(self).program = with_roots(PROGRAM, self.folder, roots_of(self.machine))
        self.kbs = self.broker(self.program)
        self.keys = self.write(f"{self._testMethodName}.json", json.dumps({"keys": [jwk_of(self.kbs.key)]}))
        self.file = self.path(f"{self._testMethodName}.jwt")

    def obtain(self, machine=None, kbs=None, keys=None):
        return run("passport", *(kbs or self.kbs).asked(), "--trust-verifier", f"{IDENTITY}={keys or self.keys}", "--identity",
                   (machine or self.machine).folder, "-o", self.file, "--json")

    def gets_none(self, outcome, status, code, *words):
        self.assert_fails(outcome, status, code)
        for word in words:
            self.assertIn(word, outcome.error["sentence"])
        self.assertFalse(os.path.exists(self.file))

    def connect(self, machine):
        server = self.server(*machine.own(), "--attest", "none", "--passport", f"{IDENTITY}={self.file}")
        return run("connect", server.address, "--no-pkix", "--json", "--require", "result", "--trust-verifier", f"{IDENTITY}={self.keys}",
                   given=b"hello\n")

    def test_one_is_obtained_and_a_peer_takes_it(self):
        self.kbs.affirm()
        outcome = self.obtain()
        self.assertEqual(outcome.status, EXIT_DONE, str(outcome) + self.kbs.log())
        self.assertEqual(outcome.objects[0]["result"]["format"], "snp")
        taken = self.connect(self.machine)
        self.assertEqual(taken.status, EXIT_DONE, str(taken))
        events = {line["event"]: line["result"] for line in taken.objects}
        verdict = events["connected"]["verdict"]
        self.assertEqual((verdict["verifier"], verdict["evidence"][0]["format"], verdict["evidence"][0]["status"]),
                         (IDENTITY, "snp", "affirming"))
        self.assertEqual(events["data"]["text"], "hello\n")
        self.assertEqual(events["connected"]["verdict"]["key_binding"], "challenge")

    def test_one_for_a_key_of_rsa(self):
        self.kbs.affirm()
        folder = shutil.copytree(self.machine.folder, self.path("rsa"))
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-addext",
                        "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", "key.pem", "-out", "cert.pem"], cwd=folder, check=True,
                       capture_output=True)
        own = ["--identity", folder]
        outcome = run("passport", *self.kbs.asked(), "--trust-verifier", f"{IDENTITY}={self.keys}", *own, "-o", self.file, "--json")
        self.assertEqual(outcome.status, EXIT_DONE, str(outcome) + self.kbs.log())
        server = self.server(*own, "--attest", "none", "--passport", f"{IDENTITY}={self.file}")
        taken = run("connect", server.address, "--no-pkix", "--require", "result", "--trust-verifier", f"{IDENTITY}={self.keys}",
                    given=b"hello\n")
        self.assertEqual((taken.status, taken.out), (EXIT_DONE, b"hello\n"), str(taken))

    def test_its_own_policy_without_reference_values_affirms_nothing(self):
        self.gets_none(self.obtain(), EXIT_REFUSED, "STATUS", "contraindicated")

    def test_keys_of_another_are_not_its_own(self):
        self.kbs.affirm()
        keys = self.write("other.json", json.dumps({"keys": [jwk_of(ec.generate_private_key(ec.SECP256R1()))]}))
        self.gets_none(self.obtain(keys=keys), EXIT_REFUSED, "RESULT_SIGNATURE")

    def test_a_simulation_is_refused_as_it_is(self):
        self.gets_none(self.obtain(kbs=self.broker()), EXIT_CONNECTION, "VERIFIER_ANSWER", "HTTP status 401", "RCAR handshake Attest failed")

    def test_a_chip_of_another_key_is_refused(self):
        """The certificates of one machine, the key of another."""
        self.kbs.affirm()
        thief = self.keygen("thief", rot="sim-snp")
        take_certificates(thief, self.machine)
        self.gets_none(self.obtain(thief), EXIT_CONNECTION, "VERIFIER_ANSWER", "HTTP status 401")

    def test_a_verifier_that_it_was_not_built_with(self):
        self.gets_none(self.obtain(self.keygen("td", rot="sim-tdx")), EXIT_CONNECTION, "VERIFIER_ANSWER", "HTTP status 401")

    def test_a_passport_is_for_its_own_key(self):
        self.kbs.affirm()
        self.assertEqual(self.obtain().status, EXIT_DONE)
        outcome = run("serve", "127.0.0.1:0", "--json", *self.keygen("another", rot="sim-snp").own(), "--attest", "none", "--passport",
                      f"{IDENTITY}={self.file}")
        self.assert_fails(outcome, atlslib.EXIT_OURS, "PASSPORT")


if __name__ == "__main__":
    if PROGRAM is None:
        atlslib.skip("kbs is not installed: ATLS_TRUSTEE_KBS names it elsewhere")
    if not os.access(PROGRAM, os.X_OK):
        atlslib.skip(f"{PROGRAM} is absent")
    atlslib.main()
