#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The background check by our own Verifier: `atls verifier`, provisioned over its API, asked by serve and connect."""

import ssl

import standin
import verifierlib
from atlslib import EXIT_DONE, EXIT_REFUSED, SystemTest, main, need, run, skip

TPM_CORIM = "application/rim+cbor; profile=\"tag:github.com/parallaxsecond,2023-03-03:tpm\""
IDENTITY = "https://verifier.example/fleet"


class BackgroundServiceTest(SystemTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if "\n  verifier " not in run("-h").text:
            skip("libmicrohttpd, libseccomp or SQLite was absent when this was built")
        cls.certificates = standin.Certificates(cls.folder, "service")
        cls.service = verifierlib.Verifier(cls.folder, "--id", IDENTITY, "--cert", cls.certificates.cert, "--key",
                                           cls.certificates.cert)
        cls.addClassCleanup(cls.service.stop)
        cls.url = f"https://127.0.0.1:{cls.service.port}"
        cls.machine = cls.keygen("machine")
        cls.attested = cls.server_for_class(*cls.machine.own())
        cls.provision(cls.machine, verifierlib.PSA_CORIM)

    @classmethod
    def provision(cls, machine, kind: str) -> None:
        client = verifierlib.Client(cls.service.port, ssl.create_default_context(cafile=cls.certificates.ca))
        with open(machine.endorsement, "rb") as file:
            answer = client.submit(file.read(), kind)
        client.close()
        if answer.status != 200 or answer.json["status"] != "success":
            raise AssertionError(str(answer))

    def connect(self, address, form, *words):
        return run("connect", address, "--no-pkix", "--json", "--require", form, "--verifier", self.url,
                   "--verifier-ca", self.certificates.ca, *words, given=b"hello\n")

    def accepted(self, outcome):
        self.assertEqual(outcome.status, EXIT_DONE, str(outcome))
        return next(line for line in outcome.objects if line["event"] == "connected")["result"]["verdict"]

    def test_a_machine_that_is_endorsed_there_is_accepted(self):
        verdict = self.accepted(self.connect(self.attested.address, "psa", "--simulated"))
        self.assertEqual(verdict["verifier"], self.url)
        self.assertTrue(verdict["evidence"][0]["simulated"])

    def test_a_simulation_is_one_there_too(self):
        outcome = self.connect(self.attested.address, "psa")
        self.assert_fails(outcome, EXIT_REFUSED, "SIMULATED")

    def test_it_signs_as_the_identity_that_is_listed(self):
        url = self.url + "/.well-known/veraison/verification"
        verdict = self.accepted(self.connect(self.attested.address, "psa", "--simulated", "--trust-verifier",
                                             f"{IDENTITY}={url}"))
        self.assertEqual(verdict["verifier"], IDENTITY)
        outcome = self.connect(self.attested.address, "psa", "--simulated", "--trust-verifier",
                               f"https://else.example/={url}")
        self.assert_fails(outcome, EXIT_REFUSED, "VERIFIER_IDENTITY")

    def test_a_machine_that_nobody_endorsed_is_refused_with_the_reason(self):
        stranger = self.keygen("stranger")
        server = self.server(*stranger.own())
        outcome = self.connect(server.address, "psa", "--simulated")
        self.assert_fails(outcome, EXIT_REFUSED, "STATUS")
        self.assertIn("contraindicated", outcome.error["sentence"])

    def test_a_server_asks_about_its_clients(self):
        server = self.server(*self.keygen("server").own(), "--require", "psa", "--simulated", "--verifier",
                             self.url, "--verifier-ca", self.certificates.ca)
        words = ["connect", server.address, "--no-pkix", "--require", "psa", "--simulated", "--endorsements",
                 self.path("server", "endorsement.corim")]
        outcome = run(*words, *self.machine.own(), given=b"hello\n")
        self.assertEqual((outcome.status, outcome.out), (EXIT_DONE, b"hello\n"), outcome.err)

    def test_a_tpm(self):
        need("swtpm")
        machine = self.keygen("tpm", "--tcti", self.tpm().tcti, rot="tpm2")
        self.provision(machine, TPM_CORIM)
        server = self.server(*machine.own())
        verdict = self.accepted(self.connect(server.address, "tpm2"))
        self.assertEqual(verdict["key_binding"], "hardware")
        self.assertFalse(verdict["evidence"][0]["simulated"])


if __name__ == "__main__":
    main()
