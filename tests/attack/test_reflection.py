#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""R-06: a side that is given back its own Evidence or its own key refuses it."""

from adversary import AttackTest, PeerServer, atlslib, connect, faults, shown


class ReflectionTest(AttackTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Both sides trust both machines, so that nothing but the reflection is wrong.
        cls.both = ["--endorsements", cls.atls.endorsement]

    def mutual_client(self, *more) -> list:
        """The peer attests and wants the server's Evidence."""
        return [*self.peer.attesting(), *self.ours.expected(), *more]

    def test_a_server_refuses_its_own_evidence(self):
        server = self.relying_server(None, *self.both)
        self.assert_server_refuses(server, self.mutual_client(), ["reflect-evidence"], 40,
                                   "REFLECTED")

    def test_a_server_refuses_its_own_certificate_and_evidence(self):
        """Without its key the reflection fails at CertificateVerify at the latest."""
        server = self.relying_server(None, *self.both)
        self.assert_server_refuses(server, self.mutual_client(), ["reflect-certificate"], 40,
                                   "REFLECTED")

    def test_a_server_refuses_its_own_key_even_from_one_who_has_it(self):
        server = self.relying_server(None, *self.both)
        fault = f"reflect-certificate={self.atls.path('key.pem')}"
        self.assert_server_refuses(server, self.mutual_client(), [fault], 40, "REFLECTED")
        # The stolen key with Evidence that its attester makes for this very connection.
        words = [*self.ours.attesting(), *self.ours.expected(), "--tolerate"]
        self.assert_server_refuses(server, words, [], 40, "REFLECTED")

    def test_a_client_refuses_its_own_evidence(self):
        """A server sees it too late, but has that of an earlier connection."""
        peer = PeerServer(*self.peer.attesting(), "--expect", "psa", "--offer-client", "psa",
                          "--ak", self.ours.path("sim.pub"), connections=2)
        words = self.client_words(peer.address, None, *self.atls.own(), *self.both)
        self.assert_done(atlslib.run(*words, given=b"x\n"))
        peer.config.faults.chosen += self.fault("reflect-evidence")
        outcome = atlslib.run(*words, given=b"secret\n")
        self.assert_fails(outcome, atlslib.EXIT_REFUSED, "FRESHNESS")
        self.assert_alert(peer.report(), 40, outcome)

    def test_a_client_refuses_its_own_key(self):
        """A server with the client's key and attester: each of the two attests well."""
        outcome = self.assert_client_refuses(
            self.ours.attesting(), [], 40, "REFLECTED", *self.atls.own(), *self.both)
        self.assertIn("our own key", outcome["error"]["sentence"])

    @staticmethod
    def fault(name: str) -> list:
        return faults.parse([name], "server").chosen

    def test_mutual_attestation_works_where_nothing_is_reflected(self):
        server = self.relying_server(None, *self.both)
        report, own = connect(server.address, *self.mutual_client(), "--send", "honest")
        self.assertTrue(report["ok"], shown(report))
        self.assertTrue(report["peer_evidence"]["accepted"])
        self.assertTrue(server.connection(own)["result"]["verdict"]["accepted"])
        self.assertNotEqual(report["binder"]["own"], report["binder"]["peer"])


if __name__ == "__main__":
    atlslib.main()
