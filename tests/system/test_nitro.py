#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Enclaves (simulated) over TLS: either side and both, with what they may not be; and their files."""

import json
import os

from atlslib import EXIT_DONE, EXIT_OURS, EXIT_REFUSED, SystemTest, main, run

KAT = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "kat", "nitro")
NOW = "2026-09-21T14:13:20Z"


class NitroTest(SystemTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.enclave = cls.keygen("enclave", rot="sim-nitro")
        cls.other = cls.keygen("other", rot="sim-nitro")
        cls.open = cls.keygen("open", "--set", "debug=true", rot="sim-nitro")

    def connect(self, server, identity, *words, json_form=True):
        form = ["--json"] if json_form else []
        return run("connect", server.address, *form, "--ca", identity.path("cert.pem"), "--name", "localhost",
                   *words, given=b"hello\n")

    def test_a_server_a_client_and_both_attest(self):
        server = self.server(*self.enclave.own())
        outcome = self.assert_done(self.connect(server, self.enclave, *self.enclave.required()))
        evidence = [line["result"]["verdict"]["evidence"] for line in outcome.objects if "verdict" in line.get("result", {})]
        self.assertEqual((evidence[0][0]["format"], evidence[0][0]["simulated"]), ("nitro", True))
        server = self.server(*self.enclave.own(), *self.other.required())
        self.assert_done(self.connect(server, self.enclave, *self.other.own()))
        self.assert_done(self.connect(server, self.enclave, *self.other.own(), *self.enclave.required()))

    def test_what_is_not_endorsed_or_open_is_refused(self):
        server = self.server(*self.enclave.own())
        outcome = self.connect(server, self.enclave, *self.other.required())
        self.assertEqual(outcome.status, EXIT_REFUSED, str(outcome))
        self.assertEqual(outcome.code, "NOT_ENDORSED")
        outcome = self.connect(server, self.enclave, "--require", "nitro", "--endorsements", self.enclave.endorsement)
        self.assertEqual((outcome.status, outcome.code), (EXIT_REFUSED, "SIMULATED"))
        outcome = self.connect(server, self.enclave, "--require", "psa", "--endorsements", self.enclave.endorsement)
        self.assertEqual(outcome.status, EXIT_REFUSED, str(outcome))
        server = self.server(*self.open.own())
        outcome = self.connect(server, self.open, *self.open.required())
        self.assertEqual((outcome.status, outcome.code), (EXIT_REFUSED, "DEBUG"), str(outcome))

    def test_a_replay_is_refused(self):
        config = {"rot": "sim-replay-nitro", "format": "nitro", "file": os.path.join(KAT, "plain.cmw")}
        replayer = self.keygen("replayer", rot="sim-nitro")
        with open(replayer.path("attester.json"), "w", encoding="ascii") as file:
            json.dump(config, file)
        server = self.server(*replayer.own())
        outcome = self.connect(server, replayer, "--require", "nitro", "--endorsements",
                               os.path.join(KAT, "endorsement.corim"))
        self.assertEqual(outcome.status, EXIT_REFUSED, str(outcome))

    def appraise(self, name, *words):
        with open(os.path.join(KAT, f"{name}.nonce.hex"), encoding="ascii") as file:
            nonce = file.read().strip()
        return run("appraise", os.path.join(KAT, f"{name}.cmw"), "--json", "--nonce", nonce, "--endorsements",
                   os.path.join(KAT, "endorsement.corim"), *words)

    def test_samples_are_appraised_as_of_their_time(self):
        self.assert_done(self.appraise("indefinite", "--time", NOW))
        outcome = self.appraise("plain", "--time", "2026-09-22T14:13:20Z")
        self.assertEqual((outcome.status, outcome.code), (EXIT_REFUSED, "CHAIN"), str(outcome))

    def test_inspect_explains_a_document(self):
        outcome = self.assert_done(run("inspect", os.path.join(KAT, "indefinite.evidence.cbor")))
        for word in ("module_id", "cabundle", "i-0a1b2c3d4e5f60718-enc0123456789abcdef"):
            self.assertIn(word, outcome.text)

    def test_reference_values_come_of_a_document_of_aws_only(self):
        outcome = run("corim", "create", "--json", "--from", os.path.join(KAT, "tagged.evidence.cbor"), "-o", self.path("none.corim"))
        self.assertEqual((outcome.status, outcome.code), (EXIT_REFUSED, "NOT_ENDORSED"), str(outcome))
        vectors = os.path.join(os.path.dirname(KAT), "..", "..", "..", "shared", "vectors", "06-aws-nitro")
        if not os.path.isdir(vectors):
            self.skipTest(f"{vectors} is absent")
        made = self.path("image.corim")
        document = os.path.join(vectors, "dstack", "doc_2025_indefinite.cbor")
        self.assert_done(run("corim", "create", "--from", document, "-o", made))
        outcome = run("appraise", document, "--json", "--format", "nitro", "--nonce", "none", "--time", "2025-12-25T14:00:00Z",
                      "--endorsements", made)
        self.assertIn('"executables":3,', outcome.text.replace(" ", ""), str(outcome))  # a warning: it is not fresh
        debug = os.path.join(vectors, "evervault", "debug_doc_2022.cbor")
        outcome = run("corim", "create", "--json", "--from", debug, "-o", self.path("debug.corim"))
        self.assert_fails(outcome, EXIT_OURS, "ENDORSEMENT")

    def test_keygen_outside_of_an_enclave_says_so(self):
        if os.path.exists("/dev/nsm"):
            self.skipTest("/dev/nsm is there")
        outcome = run("keygen", "--json", "--rot", "nitro", "-o", self.path("none"))
        self.assert_fails(outcome, EXIT_OURS, "ATTESTER")
        self.assertIn("/dev/nsm", outcome.sentences()[0])

    def test_the_demonstration_goes_through_all_its_steps(self):
        outcome = run("demo", "--rot", "sim-nitro", "--json", timeout=120)
        self.assertEqual(outcome.status, EXIT_DONE, str(outcome))


if __name__ == "__main__":
    main()
