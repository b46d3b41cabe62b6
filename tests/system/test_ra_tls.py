#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Evidence in certificates (RA-TLS): made by keygen, explained by inspect, appraised, and never by default."""

import json
import os

from atlslib import EXIT_CONNECTION, EXIT_DONE, EXIT_OURS, EXIT_REFUSED, SystemTest, main, run

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
        self.assert_fails(run("connect", server.address, *words, "--policy", policy), EXIT_OURS, "CONFIG")

    def test_quotes_go_in_the_interoperable_form(self):
        policy = self.write("interop.json", json.dumps(TAKEN))
        for rot in ("sim-sgx", "sim-tdx"):
            made = self.keygen(rot, "--ra-tls", "interop", rot=rot)
            words = ["--policy", policy, "--endorsements", made.path("collateral.json")]
            outcome = self.assert_done(self.appraise(made, *words))
            self.assertIn("interoperable RA-TLS", outcome.err)
            outcome = self.appraise(made, "--policy", policy)
            self.assertEqual((outcome.status, outcome.code), (EXIT_REFUSED, "COLLATERAL"), str(outcome))

    def connect(self, server, identity, policy, *words, timing="certificate"):
        return run("connect", server.address, "--json", "--no-pkix", "--timing", timing, "--policy", policy, *words,
                   *identity.required(), given=b"hello\n")

    def test_a_connection_takes_it_from_the_certificate_where_that_is_asked_for(self):
        policy = self.write("connect.json", json.dumps(TAKEN))
        server = self.server(*self.made.own(), "--attest", "none")
        outcome = self.assert_done(self.connect(server, self.made, policy))
        self.assertIn('"timing":"certificate"', outcome.text.replace(" ", ""))
        client = self.server(*self.plain.own(), "--attest", "none", *self.made.required(), "--timing", "certificate",
                             "--policy", policy)
        words = ["--json", "--ca", self.plain.path("cert.pem"), "--name", "localhost"]
        self.assert_done(run("connect", client.address, *words, *self.made.own(), "--attest", "none", given=b"x"))
        outcome = run("connect", client.address, *words, *self.plain.own(), "--attest", "none", given=b"x")
        self.assertEqual(outcome.status, EXIT_CONNECTION, str(outcome))  # an alert, where nothing was offered

    def test_a_connection_refuses_what_falls_short(self):
        policy = self.write("short.json", json.dumps(TAKEN))
        server = self.server(*self.made.own())
        plain = self.server(*self.plain.own())
        for found, identity, timing, given, code in (
                (plain, self.plain, "certificate", policy, "NOT_ATTESTED"),
                (server, self.plain, "certificate", policy, "NOT_ENDORSED"),
                (server, self.made, "certificate", self.write("in.json", json.dumps({"version": 1, "id": "in"})), "FRESHNESS")):
            outcome = self.connect(found, identity, given, timing=timing)
            self.assertEqual((outcome.status, outcome.code), (EXIT_REFUSED, code), str(outcome))
        self.assert_fails(self.connect(server, self.made, policy, timing="handshake"), EXIT_OURS, "CONFIG")
        outcome = run("connect", server.address, "--json", "--timing", "certificate", "--ca", self.made.path("cert.pem"))
        self.assert_fails(outcome, EXIT_OURS, "CONFIG")

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
