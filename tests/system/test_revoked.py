#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""--revoked (R-48): who is refused by a list, from when on, and how a server reads it again."""

import hashlib
import json
import os
import signal
import subprocess
import time

from atlslib import (EXIT_DONE, EXIT_OURS, EXIT_REFUSED, WAIT, SystemTest, main, need, run, start,
                     wait_until)

SINCE = "2026-01-01T00:00:00Z"
NEVER = "9999-12-31T23:59:59Z"
NONCE = "ab" * 64


def entry(kind: str, value: str, since: str = SINCE) -> dict:
    return {"kind": kind, "value": value, "from": since}


def openssl(*words: str, given: bytes = b"") -> bytes:
    return subprocess.run(["openssl", *words], input=given, stdout=subprocess.PIPE, check=True,
                          timeout=WAIT).stdout


def spki(certificate: str) -> str:
    """What docs/revocation.md says how to get."""
    pem = openssl("x509", "-in", certificate, "-noout", "-pubkey")
    return hashlib.sha256(openssl("pkey", "-pubin", "-outform", "DER", given=pem)).hexdigest()


def serial(certificate: str) -> str:
    return openssl("x509", "-in", certificate, "-noout", "-serial").decode().strip().split("=")[1]


class RevokedTest(SystemTest):
    @classmethod
    def setUpClass(cls):
        need("openssl")
        super().setUpClass()
        cls.server_id, cls.client_id = cls.keygen("server"), cls.keygen("client")
        cls.good = cls.server_for_class(*cls.server_id.own())
        cls.expect = ["--no-pkix", *cls.server_id.required()]
        cls.certificate = cls.server_id.path("cert.pem")

    def list(self, *entries: dict, name: str = "revoked.json") -> str:
        """Replaces a list as an operator should: in one step."""
        path = self.write(name + ".new", json.dumps(entries))
        os.rename(path, self.path(name))
        return self.path(name)

    @staticmethod
    def refusal(server) -> dict:
        """The first event of a connection that was refused because of the list."""
        def first():
            return next((event for event in server.events("connection")
                         if event["error"] and event["error"]["code"] == "REVOKED"), None)

        return wait_until(first, "the refusal")

    def connect(self, server, *words: str):
        return run("connect", server.address, "--json", *words, given=b"x\n")

    def assert_revoked(self, outcome, kind: str, value: str, what: str):
        error = self.assert_fails(outcome, EXIT_REFUSED, "REVOKED").error
        self.assertEqual((error["step"], error["claim"]), ("revocation", what))
        self.assertEqual(error["found"], f"{kind} {value.lower()}, revoked since {SINCE}")
        self.assertIn(error["found"], error["sentence"])

    # Who is refused.

    def test_connect_refuses_a_server_by_key_certificate_and_machine(self):
        self.assert_done(self.connect(self.good, *self.expect, "--revoked", self.list()))
        attested = run("attest", "--identity", self.server_id.folder, "--nonce", NONCE, "-o",
                       self.path("server.cmw"))
        self.assert_done(attested)
        ueid = self.appraise("--revoked", self.list()).objects[0]["result"]["verdict"]["evidence"]
        ueid = ueid[0]["claims"]["psa-instance-id"]
        rows = [("spki", spki(self.certificate), "key of the peer"),
                ("cert-serial", serial(self.certificate), "serial number of the peer's certificate"),
                ("ueid", ueid, "psa-instance-id")]
        for kind, value, what in rows:
            with self.subTest(kind):
                path = self.list(entry("chip", "00"), entry(kind, value))
                self.assert_revoked(self.connect(self.good, *self.expect, "--revoked", path), kind,
                                    value, what)
                path = self.list(entry(kind, value, NEVER))
                self.assert_done(self.connect(self.good, *self.expect, "--revoked", path))

    def test_a_server_that_only_pkix_vouches_for_is_looked_up_too(self):
        ca = ["--ca", self.certificate, "--name", "localhost"]
        self.assert_done(self.connect(self.good, *ca, "--revoked", self.list()))
        value = spki(self.certificate)
        self.assert_revoked(self.connect(self.good, *ca, "--revoked", self.list(entry("spki", value))),
                            "spki", value, "key of the peer")

    def test_serve_refuses_a_client_with_the_alert_of_a_refusal(self):
        value = spki(self.client_id.path("cert.pem"))
        server = self.server(*self.server_id.own(), *self.client_id.required(), "--revoked",
                             self.list(entry("spki", value), name="clients.json"))
        outcome = self.connect(server, *self.expect, *self.client_id.own())
        self.assert_fails(outcome, EXIT_REFUSED, "PEER_REFUSED")
        self.assertIn("handshake_failure", outcome.error["sentence"].replace(" ", "_"))
        found = self.refusal(server)
        self.assertEqual(found["error"]["claim"], "key of the peer")
        self.assertFalse(found["result"]["verdict"]["accepted"])

    def appraise(self, *words: str):
        return run("appraise", self.path("server.cmw"), "--nonce", NONCE, "--json", "--simulated",
                   "--endorsements", self.server_id.endorsement, *words)

    def test_appraise_gives_a_result_that_says_so(self):
        self.assert_done(run("attest", "--identity", self.server_id.folder, "--nonce", NONCE, "-o",
                             self.path("server.cmw")))
        good = self.assert_done(self.appraise("--revoked", self.list())).objects[0]["result"]
        value = good["verdict"]["evidence"][0]["claims"]["psa-instance-id"]
        outcome = self.appraise("--revoked", self.list(entry("ueid", value)))
        self.assert_revoked(outcome, "ueid", value, "psa-instance-id")
        submod = outcome.objects[0]["result"]["ear"]["submods"]["PSA_IOT"]
        self.assertEqual(submod["ear.trustworthiness-vector"]["instance-identity"], 96)
        self.assertIn(submod["ear.status"], ("contraindicated", 96))
        # as of a time before it came into force
        self.assert_done(self.appraise("--revoked", self.list(entry("ueid", value)), "--time",
                                       "2025-12-31T23:59:59Z"))
        outcome = self.appraise("--revoked", self.list(entry("ueid", value)), "--time", SINCE)
        self.assert_revoked(outcome, "ueid", value, "psa-instance-id")

    # The file.

    def test_a_file_that_is_no_list_is_said(self):
        good = json.dumps([entry("chip", "00")])
        for content in ("", "{}", good[:-1], good + "x", good.replace("chip", "chips"),
                        good.replace('"00"', '"0"'), good.replace("2026-01", "2026-13"),
                        good.replace("}", ', "why": "lost"}'),
                        good.replace("}", ', "kind": "chip"}')):
            with self.subTest(content):
                path = self.write("bad.json", content)
                outcome = self.connect(self.good, *self.expect, "--revoked", path)
                self.assert_fails(outcome, EXIT_OURS, "REVOKED_FILE")
        outcome = self.connect(self.good, *self.expect, "--revoked", self.path("absent.json"))
        self.assert_fails(outcome, EXIT_OURS, "FILE")
        self.assertIn("absent.json", outcome.err)

    def test_a_server_to_which_nobody_says_who_he_is_cannot_look_up(self):
        outcome = run("serve", "127.0.0.1:0", "--json", *self.server_id.own(), "--revoked",
                      self.list())
        self.assert_fails(outcome, EXIT_OURS, "CONFIG")
        self.assertIn("--revoked", outcome.err)

    # SIGHUP.

    def reload(self, server, said: str):
        before = len(server.err.all())
        server.signal(signal.SIGHUP)
        wait_until(lambda: any(said in line for line in server.err.all()[before:]), said)
        return server.err.all()[before:]

    def test_sighup_revokes_and_open_connections_stay(self):
        value = spki(self.client_id.path("cert.pem"))
        words = [*self.expect, *self.client_id.own()]
        server = self.server(*self.server_id.own(), *self.client_id.required(), "--revoked",
                             self.list())
        client = start(["connect", server.address, *words], stdin=subprocess.PIPE,
                       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        client.stdin.write(b"before\n")
        client.stdin.flush()
        self.assertEqual(client.stdout.readline(), b"before\n")
        self.list(entry("spki", value))
        self.reload(server, "SIGHUP: read again")
        self.assert_fails(self.connect(server, *words), EXIT_REFUSED, "PEER_REFUSED")
        self.refusal(server)
        client.stdin.write(b"after\n")
        client.stdin.flush()
        self.assertEqual(client.stdout.readline(), b"after\n")

        for bad in ("", "[{}]", '[{"kind":"spki"}]'):
            self.write("revoked.json", bad)
            lines = self.reload(server, "the old list of what is revoked stays")
            self.assertTrue(any("revocation list: " in line for line in lines), lines)
            self.assert_fails(self.connect(server, *words), EXIT_REFUSED, "PEER_REFUSED")
        os.remove(self.path("revoked.json"))
        self.reload(server, "the old list of what is revoked stays")
        self.assert_fails(self.connect(server, *words), EXIT_REFUSED, "PEER_REFUSED")

        self.list()
        self.reload(server, "SIGHUP: read again")
        self.assert_done(self.connect(server, *words))
        out, _ = client.communicate(b"", timeout=WAIT)
        self.assertEqual((out, client.returncode), (b"", EXIT_DONE))

    def test_a_list_counts_even_if_the_rest_cannot_be_read(self):
        policy = self.write("policy.json", json.dumps({"version": 1, "id": "p"}))
        server = self.server(*self.server_id.own(), *self.client_id.required(), "--policy", policy,
                             "--revoked", self.list(name="rest.json"))
        words = [*self.expect, *self.client_id.own()]
        self.assert_done(self.connect(server, *words))
        self.write("policy.json", "{")
        self.list(entry("spki", spki(self.client_id.path("cert.pem"))), name="rest.json")
        self.reload(server, "the old configuration stays")
        self.assert_fails(self.connect(server, *words), EXIT_REFUSED, "PEER_REFUSED")
        self.refusal(server)

    def test_a_time_comes_while_the_server_runs(self):
        value = spki(self.client_id.path("cert.pem"))
        soon = time.time() + 3
        since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(soon))
        server = self.server(*self.server_id.own(), *self.client_id.required(), "--revoked",
                             self.list(entry("spki", value, since), name="soon.json"))
        words = [*self.expect, *self.client_id.own()]
        first = self.connect(server, *words)
        if time.time() < int(soon):
            self.assert_done(first)
        wait_until(lambda: time.time() > soon, "the time")
        self.assert_fails(self.connect(server, *words), EXIT_REFUSED, "PEER_REFUSED")


if __name__ == "__main__":
    main()
