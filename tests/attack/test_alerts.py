#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""R-34: the peer learns that it is refused, and nothing about why; who refuses knows it all."""

from adversary import AttackTest, Middle, atlslib, connect

# Ten causes that only the one who refuses can tell apart.
CAUSES = {
    "binder-random": "FRESHNESS",
    "nonce-missing": "EVIDENCE_MALFORMED",
    "nonce-twice": "EVIDENCE_MALFORMED",
    "bad-evidence-signature": "SIGNATURE",
    "unsigned-token": "SIGNATURE",
    "wrong-media-type": "EVIDENCE_TYPE",
    "cmw-garbage": ("EVIDENCE_MALFORMED", "EVIDENCE_TYPE"),
    "claim=2395:24576": "LIFECYCLE",
    "claim=2395:20480": "DEBUG",
    "claim=2396:1": ("EVIDENCE_MALFORMED", "NOT_ENDORSED"),
    "credential-missing-ct": "NOT_ATTESTED",
    "binder-flipped": "FRESHNESS",
}


class AlertsTest(AttackTest):
    def test_every_cause_looks_the_same_to_the_peer(self):
        server = self.relying_server()
        seen, sentences = set(), set()
        for number, (fault, codes) in enumerate(CAUSES.items()):
            with self.subTest(fault):
                record = self.path(f"seen{number}")
                middle = Middle(server.address, words=["--record", record])
                report, _ = connect(middle.address, *self.peer.attesting(), faults=[fault])
                middle.finish()
                event = atlslib.wait_until(lambda: server.events("connection")[number:], fault)[0]
                self.assert_alert(report, 40, fault)
                self.assert_error(event, codes, fault)
                sentences.add(event["error"]["sentence"])
                with open(record + ".s2c", "rb") as file:
                    octets = file.read()
                # The last record is the alert: its length is the same for each.
                seen.add((report["alert_received"]["number"], octets[-24:][:5]))
                self.assertIsNone(report["application_data_received"])
        self.assertEqual(len(seen), 1, seen)
        self.assertGreater(len(sentences), 8, sentences)
        self.assert_served(server)

    def test_a_refused_client_says_only_who_refused(self):
        """The program as the client that is refused: exit 2, its own sentence, no reason."""
        other = self.keygen("other")
        server = self.server(*self.atls.own(), *other.required())
        outcome = atlslib.run(*self.client_words(server.address, self.atls), *self.peer.own(),
                              given=b"x\n")
        self.assertEqual(outcome.status, atlslib.EXIT_REFUSED, str(outcome))
        self.assertEqual(outcome.code, "PEER_REFUSED", str(outcome))
        self.assertIn("(40)", outcome.error["sentence"])
        self.assertEqual(len(outcome.sentences()), 1, str(outcome))
        self.assertNotIn("endorse", outcome.error["sentence"])


if __name__ == "__main__":
    atlslib.main()
