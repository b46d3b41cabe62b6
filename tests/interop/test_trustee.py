#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""atls with the real Attestation Service of Trustee, restful-as (docs/interop.md): as it is, and with the root of a simulation in
place of AMD's, which is put into a copy of the program.

test_trustee.py ATLS [TEST...]: ATLS_TRUSTEE names the program, or it is in PATH.
"""

import json
import os
import shutil
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "system"))

# pylint: disable=wrong-import-position
import atlslib
import cbor2
from atlslib import EXIT_CONNECTION, EXIT_DONE, EXIT_REFUSED, ROOT, SystemTest, run
from standin import ec, jwk_of
from trustee_services import AttestationService, roots_of, take_certificates, with_roots

PROGRAM = os.environ.get("ATLS_TRUSTEE") or shutil.which("restful-as")
PUBLISHED = os.path.join(ROOT, "..", "shared", "vectors", "01-sev-snp", "genoa-v3-tsm", "tsm-report.cbor")
REPORT_DATA = slice(0x50, 0x90)


class TrusteeTest(SystemTest):
    def service(self, program: str = PROGRAM) -> AttestationService:
        made = AttestationService(self.folder, program, f"service-{len(os.listdir(self.folder))}")
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
        return run("appraise", cmw, "--nonce", nonce.hex(), "--json", "--require", "snp", *self.trustee.asked(), *more)

    def test_a_published_report_of_a_real_machine(self):
        outcome = self.appraise(b"")
        self.assert_fails(outcome, EXIT_REFUSED, "STATUS")  # its own policy, without reference values
        self.trustee.affirm()
        self.assert_done(self.appraise(b""))
        self.assert_fails(self.appraise(bytes(64)), EXIT_REFUSED, "FRESHNESS")

    def test_a_simulation_is_refused(self):
        server = self.server(*self.keygen("simulated", rot="sim-snp").own())
        outcome = run("connect", server.address, "--no-pkix", "--json", "--require", "snp", *self.trustee.asked(), given=b"hello\n")
        self.assert_fails(outcome, EXIT_CONNECTION, "VERIFIER_ANSWER")
        self.assertIn("Provided ARK has an invalid signature", outcome.error["sentence"])
        self.assertNotIn("hello", outcome.text)


class WithASimulatedRootTest(TrusteeTest):
    """Whole handshakes: the machine is simulated, its root is Trustee's."""

    def setUp(self):
        if not hasattr(type(self), "machine"):
            type(self).machine = self.keygen("machine", rot="sim-snp")
            type(self).program = with_roots(PROGRAM, self.folder, roots_of(self.machine))
        self.trustee = self.service(self.program)
        self.attested = self.server(*self.machine.own())

    def connect(self, *more, server=None):
        return run("connect", (server or self.attested).address, "--no-pkix", "--json", "--require", "snp", *self.trustee.asked(), *more,
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
        server = self.server(*other.own(), "--require", "snp", *self.trustee.asked())
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
        take_certificates(thief, self.machine)
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
