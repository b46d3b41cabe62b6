#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""R-01, R-08: where nothing is wrong, both implementations come to the same binder and talk.

Every suite and group that the peer speaks, with HelloRetryRequest and without, the server
attesting, the client, or both; with a TPM (swtpm) as with a simulated root.
"""

import base64

from adversary import AttackTest, PeerServer, SoftTpm, atlslib, connect, shown
from authority import Authority
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from tlspeer import tpm

SUITES = {"aes128": "TLS_AES_128_GCM_SHA256", "chacha": "TLS_CHACHA20_POLY1305_SHA256",
          "aes256": "TLS_AES_256_GCM_SHA384"}
GROUPS = {"x25519": "X25519", "secp256r1": "P-256"}


class HonestTest(AttackTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.mutual = cls.relying_server()

    def channels(self):
        for suite, suite_name in SUITES.items():
            for group, group_name in GROUPS.items():
                yield ["--suites", suite, "--groups", group], suite_name, group_name

    def assert_channel(self, verdict, suite, group, binder):
        channel = verdict["channel"]
        self.assertEqual(channel, {"timing": "handshake", "binder": binder, "suite": suite,
                                   "group": group, "psk": False, "resumed": False,
                                   "appraised_at": None, "age_s": None})
        self.assertEqual((verdict["state"], verdict["accepted"]), ("accepted", True))
        self.assertEqual(verdict["key_binding"], "challenge")

    def test_a_client_attests(self):
        for words, suite, group in self.channels():
            with self.subTest(words):
                event, report = self.assert_server_accepts(
                    self.mutual, [*self.peer.attesting(), *words])
                self.assert_channel(event["result"]["verdict"], suite, group,
                                    report["binder"]["own"])

    def test_a_server_attests(self):
        for words, suite, group in self.channels():
            with self.subTest(words):
                event, report = self.assert_client_accepts([*self.peer.attesting(), *words])
                self.assertEqual(report["hrr"], group != "X25519")  # atls sends one share
                self.assert_channel(event["result"]["verdict"], suite, group,
                                    report["binder"]["own"])

    def test_both_attest_to_a_server(self):
        for words, suite, group in self.channels():
            with self.subTest(words):
                event, report = self.assert_server_accepts(
                    self.mutual, [*self.peer.attesting(), *self.ours.expected(), *words])
                self.assertTrue(report["peer_evidence"]["accepted"])
                self.assertNotEqual(report["binder"]["own"], report["binder"]["peer"])
                self.assert_channel(event["result"]["verdict"], suite, group,
                                    report["binder"]["own"])

    def test_both_attest_to_a_client(self):
        for words, suite, group in self.channels():
            with self.subTest(words):
                event, report = self.assert_client_accepts(
                    [*self.peer.attesting(), *self.ours.expected(), *words], [],
                    *self.atls.own())
                self.assertTrue(report["peer_evidence"]["accepted"])
                self.assert_channel(event["result"]["verdict"], suite, group,
                                    report["binder"]["own"])

    def test_other_keys_than_p256_attest(self):
        """The identity's attester, with a certificate for a key of another kind."""
        ca = Authority(self.folder)
        for name, key in (("p384", ec.generate_private_key(ec.SECP384R1())),
                          ("ed25519", ed25519.Ed25519PrivateKey.generate())):
            with self.subTest(name):
                files = atlslib.Identity(self.folder)
                cert, path = ca.certify_key(files, name, key)
                server = self.server(*self.atls.own(), "--cert", cert, "--key", path)
                report, _ = connect(server.address, *self.ours.expected())
                self.assertTrue(report["ok"], shown(report))
                self.assertTrue(report["peer_evidence"]["accepted"])

    def test_a_tpm_attests_to_the_peer(self):
        machine = self.keygen("machine", "--tcti", self.tpm().tcti, rot="tpm2")
        server = self.server(*machine.own())
        for words, suite, _ in self.channels():
            with self.subTest(suite):
                report, _ = connect(server.address, "--offer-server", "tpm2", "--expect", "tpm2",
                                    "--tolerate", *words)
                self.assertTrue(report["ok"], shown(report))
                wrong = [line["check"] for line in report["peer_evidence"]["findings"]
                         if not line["ok"]]
                # Everything but the signatures, for which the peer was given no key.
                self.assertEqual(wrong, ["tpm2 certify signature", "tpm2 quote signature"])

    def test_a_tpm_s_endorsed_key_signed(self):
        machine = self.keygen("signed", "--tcti", self.tpm().tcti, rot="tpm2")
        public = self.write("ak.pem", ak_of(machine))
        server = self.server(*machine.own())
        report, _ = connect(server.address, "--expect", "tpm2", "--ak", public)
        self.assertTrue(report["ok"], shown(report))
        self.assertTrue(report["peer_evidence"]["accepted"])
        # And a client with a TPM, to the peer's server.
        peer = PeerServer(*self.peer.tls(), "--expect", "tpm2", "--offer-client", "tpm2", "--ak",
                          public)
        outcome = atlslib.run("connect", peer.address, *machine.own(), "--ca",
                              self.peer.path("cert.pem"), given=b"x\n")
        self.assert_done(outcome)
        self.assertTrue(peer.report()["peer_evidence"]["accepted"])

    def test_the_peer_as_a_tpm_is_accepted(self):
        machine = SoftTpm(self.path("soft"), self.peer)
        for words, suite, group in self.channels():
            with self.subTest(words):
                event, report = self.assert_client_accepts([*machine.attesting(), *words],
                                                           of=machine)
                verdict = event["result"]["verdict"]
                self.assertEqual(verdict["key_binding"], "hardware")
                self.assertEqual(verdict["channel"]["binder"], report["binder"]["own"])

    def test_another_code_point_is_one_for_both(self):
        words = ["--extension-type", "0xff77"]
        self.assert_client_accepts([*self.peer.attesting(), *words], [], *words)
        server = self.relying_server(None, *words)
        self.assert_server_accepts(server, [*self.peer.attesting(), *words])
        report, own = connect(server.address, *self.peer.attesting())
        self.assert_alert(report, 109, shown(report))
        self.assertEqual(server.connection(own)["error"]["code"], "NOTHING_OFFERED")


def ak_of(machine) -> bytes:
    """The public AK, which attester.json has as a TPMT_PUBLIC."""
    key = tpm.parse_public(base64.b64decode(machine.attester()["ak"]["public"]))["key"]
    return key.public_bytes(serialization.Encoding.PEM,
                            serialization.PublicFormat.SubjectPublicKeyInfo)


if __name__ == "__main__":
    atlslib.main()
