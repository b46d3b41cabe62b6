#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""R-02, R-07, R-14, R-30: attestation after the handshake, against an independent implementation.

The peer computes exporter, authenticators and binder by itself (tlspeer/authenticator.py). Each
side attests, or both, in every suite, after the handshake and both times; and what does not hold is
refused in the exchange, before a byte of data.
"""

from adversary import HELLO, SECRET, AttackTest, PeerServer, atlslib, connect, shown

SUITES = {"aes128": "TLS_AES_128_GCM_SHA256", "chacha": "TLS_CHACHA20_POLY1305_SHA256",
          "aes256": "TLS_AES_256_GCM_SHA384"}
OTHER_LABEL = "Attestation"


class PostTest(AttackTest):
    def words(self, timing, *more):
        return [*self.peer.attesting(), "--timing", timing, *more]

    def assert_exchanged(self, verdict, report, timing, suite):
        self.assertTrue(report["exchanged"], shown(report))
        self.assertTrue(verdict["accepted"], verdict)
        channel = verdict["channel"]
        self.assertEqual((channel["timing"], channel["binder"], channel["suite"]),
                         (timing, report["binder"]["own"], suite))

    def test_a_client_attests(self):
        for timing in ("post", "both"):
            server = self.relying_server(None, "--timing", timing)
            for suite, name in SUITES.items():
                with self.subTest(timing=timing, suite=suite):
                    event, report = self.assert_server_accepts(
                        server, self.words(timing, "--suites", suite))
                    self.assert_exchanged(event["result"]["verdict"], report, timing, name)

    def test_a_server_attests(self):
        for timing in ("post", "both"):
            for suite, name in SUITES.items():
                with self.subTest(timing=timing, suite=suite):
                    event, report = self.assert_client_accepts(
                        self.words(timing, "--suites", suite), (), "--timing", timing)
                    self.assert_exchanged(event["result"]["verdict"], report, timing, name)

    def test_both_attest(self):
        for timing in ("post", "both"):
            server = self.relying_server(None, "--timing", timing)
            for words in (["--suites", "aes128"], ["--suites", "aes256"]):
                with self.subTest(timing=timing, words=words):
                    event, report = self.assert_server_accepts(
                        server, self.words(timing, *self.ours.expected(), *words))
                    self.assertTrue(report["peer_evidence"]["accepted"])
                    self.assertNotEqual(report["binder"]["own"], report["binder"]["peer"])
                    event, report = self.assert_client_accepts(
                        self.words(timing, *self.ours.expected(), *words), (), "--timing", timing,
                        "--identity", self.atls.folder)
                    self.assertTrue(report["peer_evidence"]["accepted"])
                    self.assertEqual(event["result"]["verdict"]["channel"]["binder"],
                                     report["binder"]["own"])

    def test_an_older_label_is_one_of_both_sides(self):
        for label in ("Attestation", "Attestation Binding"):
            words = ["--timing", "post", "--exporter-label", label]
            with self.subTest(label):
                self.assert_client_accepts([*self.peer.attesting(), *words], (), *words)
                self.assert_client_closes([*self.peer.attesting(), *words], 40, "FRESHNESS",
                                          "--timing", "post")

    # What is refused in the exchange: CLOSE, and no data.

    def assert_client_closes(self, words, alert, code, *more, of=None):
        peer = PeerServer(*words)
        outcome = atlslib.run(*self.client_words(peer.address, of, *more), given=SECRET)
        report = peer.report()
        context = f"{shown(report)} {outcome}"
        self.assertEqual(outcome.status, 2, context)
        self.assertEqual(report["closed_by"], alert, context)
        self.assertIn("CLOSE", report["frames_received"], context)
        self.assertIsNone(report["application_data_received"], context)
        self.assert_error(outcome.objects[0], code, context)
        self.assert_not_accepted(outcome.objects[0]["result"]["verdict"])

    def assert_server_closes(self, server, words, alert, code):
        report, own = connect(server.address, *words)
        event = server.connection(own)
        context = f"{shown(report)} {event}"
        self.assertEqual(report["closed_by"], alert, context)
        self.assertIn("CLOSE", report["frames_received"], context)
        self.assertIsNone(report["application_data_received"], context)
        self.assert_error(event, code, context)
        self.assertNotIn(HELLO, self.got())

    def test_refusals_of_both_sides(self):
        server = self.relying_server(None, "--timing", "post")
        other = self.words("post", "--sim-key", self.ours.path("sim.key"))
        silent = [*self.peer.tls(), "--timing", "post", "--expect", "psa", "--ak",
                  self.ours.path("sim.pub")]
        label = self.words("post", "--exporter-label", OTHER_LABEL)
        for words, alert, code in ((other, 40, ("NOT_ENDORSED", "SIGNATURE")),
                                   (label, 40, "FRESHNESS")):
            with self.subTest(code):
                self.assert_server_closes(server, words, alert, code)
                self.assert_client_closes(words, alert, code, "--timing", "post")
        # the peer wants ours, and refuses to attest itself
        self.assert_server_closes(server, silent, 40, "REFUSED_TO_ATTEST")
        self.assert_client_closes(silent, 40, "REFUSED_TO_ATTEST", "--timing", "post",
                                  "--identity", self.atls.folder)

    def test_the_peer_refuses_ours(self):
        """Evidence of ours that the peer does not take: it closes, and we say so."""
        wrong = ["--expect", "psa", "--ak", self.peer.path("sim.pub")]
        server = self.server_for_class(*self.atls.own(), "--timing", "post")
        report, own = connect(server.address, "--timing", "post", *wrong)
        self.assertEqual(report["closed_with"], 40, shown(report))
        event = server.connection(own)
        self.assertEqual(event["error"]["code"], "PEER_REFUSED", event)
        self.assertEqual(event["exit"], 2)

    def test_no_protocol_with_attestation(self):
        """R-14: one side alone has the timing, and the other requires it."""
        server = self.relying_server(None, "--timing", "post")
        self.assert_server_refuses_quietly(server, [*self.peer.attesting()], 120)
        peer = PeerServer(*self.peer.attesting())
        outcome = atlslib.run(*self.client_words(peer.address, None, "--timing", "post"),
                              given=SECRET)
        self.assertEqual(outcome.status, 2)
        self.assertEqual(outcome.objects[0]["error"]["code"], "NO_PROTOCOL")
        self.assertEqual(peer.report()["alert_received"]["number"], 40)
        # and the peer, of us
        peer = PeerServer("--timing", "post", *self.peer.tls(), *self.ours.expected())
        outcome = atlslib.run("connect", peer.address, "--json", *self.atls.own(), "--no-pkix",
                              *self.peer.required(), given=SECRET)
        self.assertEqual(peer.report()["alert_sent"]["number"], 120)
        self.assertEqual((outcome.status, outcome.objects[0]["error"]["code"]),
                         (2, "PEER_REFUSED"))

    def assert_server_refuses_quietly(self, server, words, alert):
        report, own = connect(server.address, *words)
        self.assertEqual(report["alert_received"]["number"], alert, shown(report))
        event = server.connection(own)
        self.assertEqual(event["error"]["code"], "NO_PROTOCOL", event)


if __name__ == "__main__":
    atlslib.main()
