#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""R-14, R-33: what is required cannot be stripped, at no step, and is not given up afterwards."""

from adversary import AttackTest, Middle, PeerServer, atlslib, connect
from tlspeer import messages, numbers


class DowngradeTest(AttackTest):
    def test_a_client_without_an_offer_gets_missing_extension(self):
        server = self.relying_server()
        for fault in ("strip-ch", "empty-lists-ch"):
            with self.subTest(fault):
                self.assert_server_refuses(server, self.peer.attesting(), [fault], 109,
                                           "NOTHING_OFFERED")
        for offer in ("tpm2", "cca", "cf:64999", "result:https://verifier.example", "mt:null/null"):
            with self.subTest(offer):
                words = [*self.peer.attesting(), "--offer-client", offer]
                self.assert_server_refuses(server, words, [], 109, "NOTHING_OFFERED")

    def test_an_offer_for_the_other_direction_is_none(self):
        server = self.relying_server()
        words = [*self.peer.attesting(), "--offer-client", "", "--offer-server", "psa"]
        self.assert_server_refuses(server, words, [], 109, "NOTHING_OFFERED")

    def test_a_client_without_a_certificate_gets_certificate_required(self):
        server = self.relying_server()
        self.assert_server_refuses(server, self.peer.attesting(), ["no-certificate"], 116,
                                   "NOT_ATTESTED")
        words = ["--offer-client", "psa"]
        self.assert_server_refuses(server, words, [], 116, "NOT_ATTESTED")

    def test_a_certificate_without_its_credential_is_refused(self):
        self.assert_both_refuse(self.peer.attesting(), ["credential-missing-ct"], 40,
                                "NOT_ATTESTED")

    def test_a_server_that_chooses_nothing_is_refused(self):
        both = ["strip-ee", "credential-missing-ct"]
        self.assert_client_refuses(self.peer.attesting(), both, 40, "NOT_ATTESTED")
        self.assert_client_refuses(self.peer.tls(), [], 40, "NOT_ATTESTED")
        # A credential that nobody agreed upon does not make up for it.
        self.assert_client_refuses(self.peer.attesting(), ["strip-ee"], 110, "UNSOLICITED")

    def test_a_server_without_a_certificate_is_refused(self):
        self.assert_client_refuses(self.peer.attesting(), ["no-certificate"], 50, "MALFORMED")

    def test_an_offer_stripped_on_the_way_is_missed_by_the_server(self):
        server = self.server(*self.atls.own(), *self.peer.required())
        middle = Middle(server.address, "strip-extension")
        outcome = atlslib.run("connect", middle.address, "--json", *self.peer.own(), "--no-pkix",
                              *self.atls.required(), given=b"secret\n")
        # The two have other transcripts, so the client cannot even read why.
        self.assert_fails(outcome, atlslib.EXIT_REFUSED, "ILLEGAL")
        self.assertTrue(middle.applied())
        event = atlslib.wait_until(lambda: server.events("connection"), "an event")[0]
        self.assertEqual((event["exit"], event["error"]["code"]), (2, "NOTHING_OFFERED"))

    def test_an_offer_stripped_on_the_way_is_missed_by_the_client(self):
        """The server requires nothing and would go on without."""
        server = self.server(*self.atls.own())
        middle = Middle(server.address, "strip-extension")
        outcome = atlslib.run(*self.client_words(middle.address, self.atls), given=b"secret\n")
        self.assertNotEqual(outcome.status, atlslib.EXIT_DONE, str(outcome))
        self.assertEqual([line.get("event") for line in outcome.objects], [None], str(outcome))
        self.assertTrue(middle.applied())
        self.assertFalse(any(event["ok"] for event in server.events("connection")))

    def test_a_client_does_not_come_back_with_less(self):
        """Its hello has the offer, and the process ends with the refusal of its one connection."""
        peer = PeerServer(*self.peer.tls())
        middle = Middle(peer.address, words=["--record", self.path("tried")])
        outcome = atlslib.run(*self.client_words(middle.address), given=b"secret\n")
        self.assert_fails(outcome, atlslib.EXIT_REFUSED, "NOT_ATTESTED")
        middle.finish()
        peer.finish()
        with open(self.path("tried.c2s"), "rb") as file:
            record = file.read()
        hello = messages.ClientHello.parse(record[9:5 + int.from_bytes(record[3:5], "big")])
        self.assertIsNotNone(messages.find(hello.extensions, numbers.REMOTE_ATTESTATION))
        self.assertIsNone(messages.find(hello.extensions, numbers.PRE_SHARED_KEY))
        # A second refusal begins with the same offer.
        self.assert_client_refuses(self.peer.tls(), [], 40, "NOT_ATTESTED")

    def test_a_request_that_was_stripped_gets_no_evidence(self):
        """The server asks for a certificate and has lost its choice of a scheme."""
        words = [*self.peer.attesting(), "--client-auth", "require", "--offer-client", "psa",
                 "--tolerate"]
        _, report = self.assert_client_accepts(words, ["strip-cr"], *self.atls.own())
        self.assertIsNone(report["peer_evidence"])
        self.assertIsNotNone(report["peer_certificate"])

    def test_what_is_optional_goes_on_without(self):
        """A server that can attest, and a client that does not ask: plain TLS."""
        server = self.server(*self.atls.own())
        report, own = connect(server.address, "--send", "plain")
        self.assertTrue(report["ok"], report["error"])
        self.assertIsNone(report["peer_evidence"])
        verdict = server.connection(own)["result"]["verdict"]
        self.assertEqual((verdict["state"], verdict["accepted"]), ("not required", False))


if __name__ == "__main__":
    atlslib.main()
