#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Evidence in certificates (RA-TLS): made by keygen, explained by inspect, appraised, and never by default."""

import json
import os

from atlslib import EXIT_DONE, EXIT_OURS, EXIT_REFUSED, SystemTest, main, run

TAKEN = {"version": 1, "id": "ra-tls", "timing": ["certificate"], "min_tier": {"configuration": "warning"}}


class RaTlsTest(SystemTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.made = cls.keygen("made", "--ra-tls", "cmw", rot="sim-nitro")
        cls.psa = cls.keygen("psa", "--ra-tls", "cmw")
        cls.plain = cls.keygen("plain", rot="sim-nitro")

    def appraise(self, identity, *words, nonce="none", file="cert.pem"):
        return run("appraise", identity.path(file), "--json", "--nonce", nonce, "--endorsements",
                   identity.endorsement, "--simulated", *words)

    def test_a_certificate_is_taken_by_a_policy_that_says_so(self):
        policy = self.write("policy.json", json.dumps(TAKEN))
        for identity in (self.made, self.psa):
            outcome = self.assert_done(self.appraise(identity, "--policy", policy))
            self.assertIn("bound to the key, and to no session", outcome.err)
            outcome = self.appraise(identity)
            self.assertEqual((outcome.status, outcome.code), (EXIT_REFUSED, "FRESHNESS"), str(outcome))
        for timing in (["handshake"], ["post", "both"]):
            policy = self.write("other.json", json.dumps(dict(TAKEN, timing=timing)))
            outcome = self.appraise(self.made, "--policy", policy)
            self.assertEqual((outcome.status, outcome.code), (EXIT_REFUSED, "FRESHNESS"), str(outcome))

    def test_what_is_no_such_certificate_is_refused(self):
        outcome = self.appraise(self.plain)
        self.assertEqual((outcome.status, outcome.code), (EXIT_REFUSED, "NOT_ATTESTED"), str(outcome))
        outcome = self.appraise(self.made, nonce="00" * 8)
        self.assertEqual((outcome.status, outcome.code), (EXIT_REFUSED, "FRESHNESS"), str(outcome))
        outcome = self.appraise(self.made, "--time", "2020-01-01T00:00:00Z")
        self.assertEqual((outcome.status, outcome.code), (EXIT_REFUSED, "PKIX"), str(outcome))
        outcome = self.appraise(self.made, "--format", "psa")
        self.assertEqual(outcome.status, EXIT_REFUSED, str(outcome))

    def test_the_evidence_of_a_certificate_serves_no_handshake(self):
        server = self.server(*self.made.own())
        words = ["--json", "--ca", self.made.path("cert.pem"), "--name", "localhost", *self.made.required()]
        self.assert_done(run("connect", server.address, *words, given=b"hello"))
        policy = self.write("certificate.json", json.dumps(TAKEN))
        outcome = run("connect", server.address, *words, "--policy", policy)
        self.assertEqual((outcome.status, outcome.code), (EXIT_REFUSED, "CHANNEL"), str(outcome))

    def test_inspect_explains_one(self):
        outcome = run("inspect", self.made.path("cert.pem"))
        self.assertEqual(outcome.status, EXIT_DONE, str(outcome))
        for word in ("id-pe-cmw", "module_id"):
            self.assertIn(word, outcome.text)

    def test_forms_that_cannot_be_made_are_refused(self):
        for words, code in ((["--ra-tls", "interop"], "ARGUMENT"), (["--ra-tls", "other"], "CONFIG")):
            folder = self.path("none-" + words[1])
            outcome = run("keygen", "--json", "--rot", "sim-nitro", "-o", folder, *words)
            self.assert_fails(outcome, EXIT_OURS, code)
            self.assertEqual(os.listdir(folder), [])


if __name__ == "__main__":
    main()
