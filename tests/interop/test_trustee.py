#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""atls with the real Attestation Service of Trustee, restful-as (docs/interop.md): as it is, and with the root of a simulation in
place of AMD's, which is put into a copy of the program.

test_trustee.py ATLS [TEST...]: ATLS_TRUSTEE names the program, or it is in PATH.
"""

import base64
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "system"))

# pylint: disable=wrong-import-position
import atlslib
from atlslib import EXIT_CONNECTION, EXIT_DONE, EXIT_REFUSED, ROOT, SystemTest, run, wait_until
import standin
from standin import b64, ec, jwk_of
import cbor2
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

PROGRAM = os.environ.get("ATLS_TRUSTEE") or shutil.which("restful-as")
PUBLISHED = os.path.join(ROOT, "..", "shared", "vectors", "01-sev-snp", "genoa-v3-tsm", "tsm-report.cbor")
REPORT_DATA = slice(0x50, 0x90)
KINDS = {"c0b406a4a803495297433fb6014cd0ae": "ARK", "4ab7b379bbac4fe4a02f05aef327c782": "ASK"}
# A policy that affirms what its verifier has verified, since there are no reference values here.
POLICY = """package policy
import rego.v1
trust_claims := {"instance-identity": 2, "configuration": 2, "executables": 3, "hardware": 2}
extensions := []
"""


def pem(certificate: bytes) -> bytes:
    return certificate if certificate.startswith(b"-----") else x509.load_der_x509_certificate(certificate).public_bytes(Encoding.PEM)


def roots_of(identity) -> bytes:
    """ASK, ARK and ASVK as Trustee has them in its program, of a simulated machine."""
    with open(identity.path("attester.json"), encoding="ascii") as file:
        table = base64.b64decode(json.load(file)["certificates"])
    found, at = {}, 0
    while table[at:at + 16] != bytes(16):
        start, length = struct.unpack_from("<II", table, at + 16)
        found[KINDS.get(table[at:at + 16].hex())] = table[start:start + length]
        at += 24
    return pem(found["ASK"]) + pem(found["ARK"]) + pem(found["ASK"])


def with_roots(folder: str, roots: bytes) -> str:
    """A copy of the program in which these are those of Milan."""
    with open(PROGRAM, "rb") as file:
        program = file.read()
    one = rb"-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+-----END CERTIFICATE-----\n*"
    for three in re.finditer(b"(?:" + one + b"){3}", program):
        subject = x509.load_pem_x509_certificate(three.group()).subject.rfc4514_string()
        if "SEV-Milan" in subject:
            program = program[:three.start()] + roots.ljust(len(three.group()), b"\n") + program[three.end():]
            path = os.path.join(folder, "restful-as")
            with open(path, "wb") as file:
                file.write(program)
            os.chmod(path, 0o755)
            return path
    raise AssertionError(f"{PROGRAM} has no certificates of Milan")


class Service:
    """One process, over HTTPS, with all its stores in memory."""

    def __init__(self, folder: str, program: str, name: str):
        self.certificates = standin.Certificates(folder, name)
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.log_file = os.path.join(folder, name + ".log")
        signing, config = os.path.join(folder, name + ".key"), os.path.join(folder, name + ".json")
        with open(signing, "wb") as file:
            file.write(self.key.private_bytes(Encoding.PEM, standin.serialization.PrivateFormat.PKCS8,
                                              standin.serialization.NoEncryption()))
        memory = {"storage_type": "Memory"}
        with open(config, "w", encoding="ascii") as file:
            json.dump({"storage_backend": memory, "rvps_config": {"type": "BuiltIn", **memory},
                       "attestation_token_broker": {"duration_min": 5, "signer": {"key_path": signing}}}, file)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        with open(self.log_file, "wb") as log:
            self.process = subprocess.Popen(
                [program, "--socket", f"127.0.0.1:{self.port}", "-c", config, "-t", self.certificates.cert, "-k",
                 self.certificates.cert], cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        wait_until(lambda: self.process.poll() is not None or self.listens(), f"restful-as: {self.log()}")
        if self.process.poll() is not None:
            raise AssertionError(f"restful-as ended with {self.process.returncode}: {self.log()}")

    def listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        except OSError:
            return False

    def log(self) -> str:
        with open(self.log_file, encoding="utf-8", errors="replace") as file:
            return file.read()[-4000:]

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(atlslib.WAIT)

    def affirm(self) -> None:
        """Sets POLICY as the default one."""
        body = json.dumps({"type": "rego", "policy_id": "default_cpu", "policy": b64(POLICY.encode())}).encode()
        ask = urllib.request.Request(f"https://127.0.0.1:{self.port}/policy", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(ask, context=standin.ssl.create_default_context(cafile=self.certificates.ca)) as answer:
            if answer.status != 200:
                raise AssertionError(answer.status)

    def asking(self) -> list:
        return ["--require", "snp", "--verifier", f"trustee+https://127.0.0.1:{self.port}", "--verifier-ca", self.certificates.ca]


class TrusteeTest(SystemTest):
    def service(self, program: str = PROGRAM) -> Service:
        made = Service(self.folder, program, f"service-{len(os.listdir(self.folder))}")
        self.addCleanup(made.stop)
        return made


class AsItIsTest(TrusteeTest):
    def setUp(self):
        self.trustee = self.service()

    def appraise(self, nonce: bytes, *more):
        if not os.path.exists(PUBLISHED):
            self.skipTest(f"{PUBLISHED} is absent")
        with open(PUBLISHED, "rb") as file:
            report = file.read()
        cmw = self.write("published.cmw", cbor2.dumps(
            ['application/vnd.veraison.tsm-report+cbor; provider="sev_guest"', report, 4]))
        nonce = nonce or cbor2.loads(report)["outblob"][REPORT_DATA]
        return run("appraise", cmw, "--nonce", nonce.hex(), "--json", *self.trustee.asking(), *more)

    def test_a_published_report_of_a_real_machine(self):
        outcome = self.appraise(b"")
        self.assert_fails(outcome, EXIT_REFUSED, "STATUS")  # its own policy, without reference values
        self.trustee.affirm()
        self.assert_done(self.appraise(b""))
        self.assert_fails(self.appraise(bytes(64)), EXIT_REFUSED, "FRESHNESS")

    def test_a_simulation_is_refused(self):
        server = self.server(*self.keygen("simulated", rot="sim-snp").own())
        outcome = run("connect", server.address, "--no-pkix", "--json", *self.trustee.asking(), given=b"hello\n")
        self.assert_fails(outcome, EXIT_CONNECTION, "VERIFIER_ANSWER")
        self.assertIn("Provided ARK has an invalid signature", outcome.error["sentence"])
        self.assertNotIn("hello", outcome.text)


class WithASimulatedRootTest(TrusteeTest):
    """Whole handshakes: the machine is simulated, its root is Trustee's."""

    def setUp(self):
        if not hasattr(type(self), "machine"):
            type(self).machine = self.keygen("machine", rot="sim-snp")
            type(self).program = with_roots(self.folder, roots_of(self.machine))
        self.trustee = self.service(self.program)
        self.attested = self.server(*self.machine.own())

    def connect(self, *more, server=None):
        return run("connect", (server or self.attested).address, "--no-pkix", "--json", *self.trustee.asking(), *more,
                   given=b"hello\n")

    def test_it_is_accepted_as_trustee_says(self):
        self.assert_fails(self.connect(), EXIT_REFUSED, "STATUS")
        self.trustee.affirm()
        outcome = self.connect()
        self.assertEqual(outcome.status, EXIT_DONE, str(outcome) + self.trustee.log())
        events = {line["event"]: line["result"] for line in outcome.objects}
        self.assertEqual(events["data"]["text"], "hello\n")
        self.assertEqual(events["connected"]["verdict"]["evidence"][0]["status"], "affirming")

    def test_a_server_asks_about_its_clients(self):
        self.trustee.affirm()
        other = self.keygen("other")
        server = self.server(*other.own(), *self.trustee.asking())
        outcome = run("connect", server.address, "--no-pkix", *self.machine.own(), *other.required(), given=b"hello\n")
        self.assertEqual((outcome.status, outcome.out), (EXIT_DONE, b"hello\n"), str(outcome))

    def test_keys_of_another_are_not_its_own(self):
        self.trustee.affirm()
        keys = self.write("other.json", json.dumps({"keys": [jwk_of(ec.generate_private_key(ec.SECP256R1()))]}))
        self.assert_fails(self.connect("--trust-verifier", f"https://as.example={keys}"), EXIT_REFUSED, "RESULT_SIGNATURE")
        keys = self.write("own.json", json.dumps({"keys": [jwk_of(self.trustee.key)]}))
        self.assert_done(self.connect("--trust-verifier", f"https://as.example={keys}"))

    def test_a_chip_of_another_key_is_refused(self):
        """The certificates of one machine, the key of another."""
        self.trustee.affirm()
        thief = self.keygen("thief", rot="sim-snp")
        with open(thief.path("attester.json"), encoding="ascii") as file:
            config = json.load(file)
        with open(self.machine.path("attester.json"), encoding="ascii") as file:
            config["certificates"] = json.load(file)["certificates"]
        with open(thief.path("attester.json"), "w", encoding="ascii") as file:
            json.dump(config, file)
        outcome = self.connect(server=self.server(*thief.own()))
        self.assert_fails(outcome, EXIT_CONNECTION, "VERIFIER_ANSWER")
        self.assertIn("HTTP status 500", outcome.error["sentence"])
        self.assertNotIn("hello", outcome.text)


if __name__ == "__main__":
    if PROGRAM is None:
        atlslib.skip("restful-as is not installed: ATLS_TRUSTEE names it elsewhere")
    if not os.access(PROGRAM, os.X_OK):
        atlslib.skip(f"{PROGRAM} is absent")
    atlslib.main()
