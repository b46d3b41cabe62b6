#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""R-16: Evidence stands in the first CertificateEntry, once, and nowhere else."""

from adversary import SECRET, AttackTest, PeerServer, atlslib

ASKING = ["--client-auth", "request", "--offer-client", "psa"]


class PlacementTest(AttackTest):
    def test_a_credential_in_a_further_entry_is_illegal(self):
        for fault in ("credential-second-entry", "credential-both-entries"):
            self.assert_both_refuse(self.peer.attesting(), [fault], 47, "ILLEGAL")

    def test_the_extension_twice_is_illegal(self):
        self.assert_both_refuse(self.peer.attesting(), ["ext-twice-ct"], 47, "ILLEGAL")
        self.assert_server_refuses(self.relying_server(), self.peer.attesting(), ["ext-twice-ch"],
                                   47, "ILLEGAL")
        self.assert_client_refuses(self.peer.attesting(), ["ext-twice-ee"], 47, "ILLEGAL")
        self.assert_client_refuses(self.peer.attesting() + ASKING, ["ext-twice-cr"], 47, "ILLEGAL",
                                   *self.atls.own())

    def test_the_extension_in_a_server_hello_is_illegal(self):
        for scheme in ("", "=psa", "=cf:64999"):
            with self.subTest(scheme):
                self.assert_client_refuses(self.peer.attesting(), [f"ext-in-server-hello{scheme}"],
                                           47, "ILLEGAL")

    def test_the_extension_in_a_hello_retry_request_is_illegal(self):
        words = [*self.peer.attesting(), "--groups", "secp256r1"]
        self.assert_client_refuses(words, ["ext-in-hello-retry"], 47, "ILLEGAL")

    def test_the_extension_in_a_ticket_ends_the_connection(self):
        """By then the peer was accepted; its ticket still may not say so."""
        peer = PeerServer(*self.peer.attesting(), faults=["ext-in-ticket"])
        outcome = atlslib.run(*self.client_words(peer.address), given=SECRET)
        # The end of standard input may go out before the ticket is read, and no alert follows
        # close_notify.
        if peer.report()["alert_received"] is not None:
            self.assert_alert(peer.report(), 47, outcome)
        self.assertEqual(outcome.status, atlslib.EXIT_REFUSED, str(outcome))
        self.assertEqual([line["event"] for line in outcome.objects], ["connected", "closed"])
        self.assert_error(outcome.objects[-1], "ILLEGAL", outcome)
        self.assertEqual(len(outcome.sentences()), 1, str(outcome))


if __name__ == "__main__":
    atlslib.main()
