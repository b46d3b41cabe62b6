#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""R-26: no octet of the application passes, in either direction, before the verdict."""

from adversary import SECRET, AttackTest, PeerServer, atlslib, connect

EARLY = "sent before its time"
BAD = {"binder-random": "FRESHNESS", "bad-evidence-signature": "SIGNATURE",
       "credential-missing-ct": "NOT_ATTESTED"}


class EarlyDataTest(AttackTest):
    def test_what_a_refused_server_sends_with_its_flight_does_not_come_out(self):
        for fault, code in BAD.items():
            with self.subTest(fault):
                self.assert_client_refuses(self.peer.attesting(), ["early-application-data", fault],
                                           40, code)

    def test_nor_does_it_without_json(self):
        """Standard output is the application's: it stays empty."""
        peer = PeerServer(*self.peer.attesting(), faults=["early-application-data",
                                                          "binder-random"])
        words = [word for word in self.client_words(peer.address) if word != "--json"]
        outcome = atlslib.run(*words, given=SECRET)
        self.assertEqual((outcome.status, outcome.out), (atlslib.EXIT_REFUSED, b""))
        self.assertIsNone(peer.report()["application_data_received"])

    def test_what_a_refused_client_sends_with_its_flight_does_not_come_out(self):
        server = self.relying_server()
        for fault, code in BAD.items():
            with self.subTest(fault):
                self.assert_server_refuses(server, self.peer.attesting(),
                                           ["early-application-data", fault], 40, code)
                self.assertNotIn(EARLY, self.got())

    def test_what_an_accepted_server_sends_early_comes_out_after_the_verdict(self):
        peer = PeerServer(*self.peer.attesting(), faults=["early-application-data"])
        outcome = atlslib.run(*self.client_words(peer.address), given=SECRET)
        self.assert_done(outcome)
        events = [line["event"] for line in outcome.objects]
        self.assertEqual((events[0], events[-1]), ("connected", "closed"))
        text = "".join(line["result"]["text"] for line in outcome.objects[1:-1])
        self.assertEqual(text, f"{EARLY}\n{SECRET.decode()}")
        peer.finish()

    def test_what_an_accepted_client_sends_early_comes_out_after_the_verdict(self):
        server = self.relying_server()
        report, own = connect(server.address, *self.peer.attesting(),
                              faults=["early-application-data"])
        self.assertTrue(report["ok"], report["error"])
        self.assertTrue(server.connection(own)["ok"])

    def test_a_server_says_nothing_before_it_has_judged_the_client(self):
        """Not even its greeting: the command starts after the verdict."""
        server = self.server(*self.atls.own(), *self.peer.required(), "--exec",
                             f"echo greeting; echo started >> {self.path('started')}")
        report, own = connect(server.address, *self.peer.attesting(), faults=["binder-random"])
        server.connection(own)
        self.assertIsNone(report["application_data_received"])
        report, _ = connect(server.address, *self.peer.attesting(), "--reply", "any")
        self.assertEqual(report["application_data_received"], "greeting\n")
        with open(self.path("started"), encoding="utf-8") as file:
            self.assertEqual(file.read(), "started\n")


if __name__ == "__main__":
    atlslib.main()
