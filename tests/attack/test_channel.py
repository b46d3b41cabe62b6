#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""R-11: TLS 1.3 with sound groups and suites, or nothing, and that before any Evidence is made."""

import subprocess

from adversary import AttackTest, Middle, PeerServer, atlslib, connect
from tlspeer import messages, numbers

# Alert, code, by role: whoever receives the fault.
HANDSHAKES = [
    ("tls12", [], 70, "PROTOCOL_VERSION"),
    ("invalid-point", ["--groups", "secp256r1"], 47, "ILLEGAL"),
] + [(f"low-order-share={index}", [], 47, "ILLEGAL") for index in range(7)]


class ChannelTest(AttackTest):
    def test_old_versions_and_degenerate_shares_are_refused_before_any_evidence(self):
        server = self.relying_server()
        for fault, more, alert, code in HANDSHAKES:
            with self.subTest(fault):
                words = [*self.peer.attesting(), *more]
                event = self.assert_server_refuses(server, words, [fault], alert, code)
                self.assertIsNone(event["result"]["verdict"]["channel"]["binder"])
                line = self.assert_client_refuses(words, [fault], alert, code)
                self.assertIsNone(line["result"]["verdict"]["channel"]["binder"])

    def test_psk_without_an_ecdhe_share_is_refused(self):
        self.assert_server_refuses(self.relying_server(), self.peer.attesting(), ["psk-ke-only"],
                                   109, ("CHANNEL", "ILLEGAL"))
        self.assert_client_refuses(self.peer.attesting(), ["psk-ke-only"], 110, "UNSOLICITED")

    def openssl(self, *words) -> str:
        atlslib.need("openssl")
        done = subprocess.run(["openssl", "s_client", *words], input=b"", timeout=atlslib.WAIT,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        return done.stdout.decode("utf-8", "replace")

    def test_groups_and_suites_off_the_list_are_refused(self):
        server = self.server(*self.atls.own())
        for what, alert in ((["-groups", "ffdhe2048"], 40), (["-groups", "ffdhe3072"], 40),
                            (["-ciphersuites", "TLS_AES_128_CCM_SHA256"], 40),
                            (["-ciphersuites", "TLS_AES_128_CCM_8_SHA256",
                              "-cipher", "ALL@SECLEVEL=0"], 40),  # 3.5 would not offer it
                            (["-tls1_2"], 70), (["-tls1_1", "-cipher", "ALL@SECLEVEL=0"], 70)):
            with self.subTest(what):
                said = self.openssl("-connect", server.address, *what)
                self.assertIn(f"SSL alert number {alert}", said)
        self.assertFalse(any(event["ok"] for event in server.events("connection")))
        report, _ = connect(server.address)
        self.assertTrue(report["ok"], report["error"])

    def test_groups_and_suites_off_the_list_are_not_offered(self):
        peer = PeerServer(*self.peer.attesting())
        middle = Middle(peer.address, words=["--record", self.path("hello")])
        self.assert_done(atlslib.run(*self.client_words(middle.address), given=b"x\n"))
        middle.finish()
        with open(self.path("hello.c2s"), "rb") as file:
            record = file.read()
        hello = messages.ClientHello.parse(record[9:5 + int.from_bytes(record[3:5], "big")])
        self.assertLessEqual(set(hello.suites) - {0x00FF}, {0x1301, 0x1302, 0x1303})
        groups = messages.parse_list16(
            messages.find(hello.extensions, numbers.SUPPORTED_GROUPS), "supported_groups")
        self.assertLessEqual(set(groups), {0x11EC, 0x001D, 0x0017, 0x001E, 0x0018, 0x0019, 0x11EB})
        versions = messages.find(hello.extensions, numbers.SUPPORTED_VERSIONS)
        self.assertEqual(versions, b"\x02\x03\x04")

    def test_settings_of_the_machine_do_not_widen_the_list(self):
        """openssl.cnf may say much; not what atls takes."""
        atlslib.need("openssl")
        config = self.write("openssl.cnf", "\n".join([
            "openssl_conf = main", "[main]", "ssl_conf = ssl", "[ssl]", "system_default = all",
            "[all]", "MinProtocol = TLSv1.2", "Groups = ffdhe2048:X25519",
            "Ciphersuites = TLS_AES_128_CCM_SHA256:TLS_AES_128_GCM_SHA256", "NumTickets = 5",
            "VerifyMode = None", ""]))
        server = self.server(*self.atls.own(), *self.peer.required(),
                             env={"OPENSSL_CONF": config})
        for what, alert in ((["-groups", "ffdhe2048"], 40), (["-tls1_2"], 70),
                            (["-ciphersuites", "TLS_AES_128_CCM_SHA256"], 40), ([], 109)):
            with self.subTest(what):
                said = self.openssl("-connect", server.address, *what)
                self.assertIn(f"SSL alert number {alert}", said)
        report, _ = connect(server.address, *self.peer.attesting(), "--invite-tickets")
        self.assertTrue(report["ok"], report["error"])
        self.assertEqual(report["tickets"], 0)


if __name__ == "__main__":
    atlslib.main()
