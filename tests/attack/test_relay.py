#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""R-01: Evidence of a genuine attester, relayed into another handshake, is refused.

The adversary has what an adversary may have in this model: the genuine attester's TLS key. It
fetches Evidence on a connection of its own and splices it into the handshake with the victim.
"""

import hashlib
import os

from adversary import AttackTest, PeerServer, atlslib, connect, faults
from tlspeer import cmw, messages, pki, psa, schedule


@faults.fault("relay-live", "cmw", "Evidence fetched from ADDRESS during this handshake",
              argument="ADDRESS")
def relay_live(_cmw, endpoint, argument):
    """The attester asked is a server that proves itself to anybody."""
    words = ["--offer-server", "psa", "--expect", "psa", "--tolerate"]
    saved = os.path.join(os.path.dirname(endpoint.config.attester.claims_path), "relayed.cmw")
    report, _ = connect(argument, *words, "--save-cmw", saved)
    if report["peer_evidence"] is None:
        raise AssertionError(f"the attester gave no Evidence: {dict(report)}")
    with open(saved, "rb") as file:
        return file.read()


@faults.fault("binder-nonce-only", "binder", "a binder of older designs: the client's random")
def binder_nonce_only(binder, endpoint, _argument):
    random = endpoint.client_random or messages.ClientHello.parse(endpoint.sent[0][4:]).random
    return hashlib.sha256(random).digest()[:len(binder)]


@faults.fault("binder-key-only", "binder", "a binder of older designs: the hash of the key")
def binder_key_only(_binder, endpoint, _argument):
    return schedule.digest(endpoint.hash, pki.raw_spki(endpoint.chain[0]))


@faults.fault("binder-nonce-and-key", "binder", "a binder of older designs: random and key")
def binder_nonce_and_key(_binder, endpoint, _argument):
    random = endpoint.client_random or messages.ClientHello.parse(endpoint.sent[0][4:]).random
    return schedule.digest(endpoint.hash, random + pki.raw_spki(endpoint.chain[0]))


LEGACY = ("binder-nonce-only", "binder-key-only", "binder-nonce-and-key")


class RelayTest(AttackTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.genuine = cls.server_for_class(*cls.peer.own())  # attests to whoever asks

    def test_the_adversary_s_tools_work(self):
        """With the attester's own signing key nothing is to be refused."""
        self.assert_client_accepts(self.peer.attesting())
        self.assert_server_accepts(self.relying_server(), self.peer.attesting())

    def test_evidence_fetched_from_a_genuine_server_meanwhile_is_no_use(self):
        fault = f"relay-live={self.genuine.address}"
        self.assert_both_refuse(self.peer.attesting(), [fault], 40, "FRESHNESS")

    def test_evidence_that_a_genuine_client_gave_is_no_use(self):
        """The victim of the first connection attests to a server that collects."""
        stolen = self.path("stolen.cmw")
        collector = PeerServer(*self.ours.tls(), "--expect", "psa", "--offer-client", "psa",
                               "--ak", self.peer.path("sim.pub"), "--save-cmw", stolen)
        outcome = atlslib.run("connect", collector.address, *self.peer.own(), "--require", "none",
                              "--ca", self.ours.path("cert.pem"))
        self.assert_done(outcome)
        self.assertTrue(collector.report()["peer_evidence"]["accepted"])
        words = [*self.peer.tls(), "--attest", f"cmw:{stolen}"]
        self.assert_both_refuse(words, [], 40, "FRESHNESS")

    def test_evidence_for_another_transcript_is_refused(self):
        self.assert_both_refuse(self.peer.attesting(), ["binder-random"], 40, "FRESHNESS")

    def test_binders_of_older_designs_are_refused(self):
        for fault in LEGACY:
            self.assert_both_refuse(self.peer.attesting(), [fault], 40, "FRESHNESS")

    def test_what_is_relayed_is_genuine(self):
        """It is the binding that is refused: the Evidence itself is in order."""
        saved = self.path("genuine.cmw")
        connect(self.genuine.address, *self.peer.expected(), "--save-cmw", saved)
        with open(saved, "rb") as file:
            token = cmw.parse(file.read())[1]
        found = []
        psa.check(token, b"", self.peer.signer.public_key(),
                  lambda check, ok, *_: found.append((check, ok)))
        self.assertEqual([check for check, ok in found if not ok], ["psa nonce"])


if __name__ == "__main__":
    atlslib.main()
