#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The peer against real openssl s_server and s_client processes."""

import base64
import itertools
import os
import select
import struct
import subprocess
import time
import unittest

import peer_support
from peer_support import OPENSSL, PeerTest, configure, finish, listening_port, peer_process
from tlspeer import client as peer_client

SUITES = {"aes128": "TLS_AES_128_GCM_SHA256", "aes256": "TLS_AES_256_GCM_SHA384",
          "chacha": "TLS_CHACHA20_POLY1305_SHA256"}
OTHER = {"x25519": "secp256r1", "secp256r1": "x25519"}
OPENSSL_GROUP = {"x25519": "X25519", "secp256r1": "P-256"}
OPENSSL_SIGNATURE = {"p256": "ecdsa_secp256r1_sha256", "p384": "ecdsa_secp384r1_sha384",
                     "ed25519": "ed25519"}


class SServer:
    """openssl s_server for one connection; it sends each line back with its letters reversed."""

    def __init__(self, files, identity="p256", *words):
        self.process = subprocess.Popen(
            [OPENSSL, "s_server", "-accept", "127.0.0.1:0", "-tls1_3", "-rev", "-naccept", "1",
             "-cert", files.path(identity + ".crt"), "-key", files.path(identity + ".key"),
             "-CAfile", files.path("ca.crt"), *words],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.port = None
        for line in self.process.stdout:
            if line.startswith(b"ACCEPT"):
                self.port = int(line.rpartition(b":")[2])
                break

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()


class SClient:
    """openssl s_client, which sends one line and reads what comes back."""

    def __init__(self, files, port, *words):
        self.process = subprocess.Popen(
            [OPENSSL, "s_client", "-connect", f"127.0.0.1:{port}", "-tls1_3", "-CAfile",
             files.path("ca.crt"), "-verify_return_error", "-servername", "localhost",
             *words, "-no_ign_eof"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.output = b""

    def write(self, data: bytes) -> None:
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def read_until(self, wanted: bytes, seconds: float = 60.0) -> bool:
        ends = time.monotonic() + seconds
        while wanted not in self.output and time.monotonic() < ends:
            if not select.select([self.process.stdout], [], [], 0.2)[0]:
                continue
            piece = os.read(self.process.stdout.fileno(), 4096)
            if not piece:
                break
            self.output += piece
        return wanted in self.output

    def close(self) -> bytes:
        """Ends the input, upon which s_client closes the connection; all its output."""
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        self.process.stdin = None
        try:
            self.output += self.process.communicate(timeout=30)[0]
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.output += self.process.communicate()[0]
        return self.output


@unittest.skipIf(OPENSSL is None, "the openssl program is absent")
class AgainstSServer(PeerTest):
    def connect(self, port, *words):
        config = configure("client", ["--reply", "any", "--send", "abc", "--ca",
                                      self.files.path("ca.crt"), "--name", "localhost",
                                      *words], port)
        return peer_client.run(config)

    def test_every_suite_group_retry_and_client_authentication(self):
        for suite, group, retry, auth in itertools.product(
                SUITES, OTHER, (False, True), (False, True)):
            with self.subTest(suite=suite, group=group, retry=retry, auth=auth):
                words = ["-ciphersuites", SUITES[suite], "-groups", OPENSSL_GROUP[group]]
                words += ["-Verify", "1", "-verify_return_error"] if auth else []
                first = OTHER[group] if retry else group
                with SServer(self.files, "p256", *words) as server:
                    report = self.connect(
                        server.port, "--groups", f"{first},{OTHER[first]}",
                        *(self.files.identity("client") if auth else []))
                self.assert_done(report)
                self.assertEqual(report["application_data_received"], "cba\n")
                self.assertEqual(report["suite"], SUITES[suite])
                self.assertEqual(report["group"], group)
                self.assertEqual(report["hrr"], retry)
                self.assertEqual("CertificateRequest" in report["messages_received"], auth)

    def test_every_kind_of_key_on_both_sides(self):
        for kind in OPENSSL_SIGNATURE:
            with self.subTest(kind=kind), SServer(
                    self.files, kind, "-Verify", "1", "-verify_return_error") as server:
                report = self.connect(server.port, *self.files.identity(kind))
                self.assert_done(report)
                self.assertEqual(report["peer_signature_scheme"], OPENSSL_SIGNATURE[kind])

    def test_an_offer_is_ignored_and_tickets_are_counted(self):
        with SServer(self.files) as server:
            report = self.connect(server.port, "--offer-server", "psa,tpm2", "--invite-tickets",
                                  "--record-size", "20")
        self.assert_done(report)
        self.assertEqual(report["tickets"], 2)
        self.assertEqual(report["chosen"]["server"], None)

    def test_faults_meet_the_alerts_that_openssl_gives_them(self):
        wanted = {"low-order-share": (40, 47, 80), "invalid-point": (40, 47),
                  "tls12": (70,), "psk-ke-only": (40, 109),
                  "ext-oversized-ch": (50,), "message-length=1": (47, 50)}
        for name, numbers in wanted.items():
            with self.subTest(fault=name), SServer(self.files) as server:
                report = self.connect(server.port, "--offer-server", "psa", "--fault", name,
                                      "--timeout", "10")
                self.assertEqual(report["exit"], 2, dict(report))
                self.assertIn(report["alert_received"]["number"], numbers)

    def test_faults_of_an_authenticated_client_meet_decrypt_error(self):
        for name in ("bad-finished", "bad-signature", "wrong-verify-key"):
            with self.subTest(fault=name), SServer(
                    self.files, "p256", "-Verify", "1", "-verify_return_error") as server:
                report = self.connect(server.port, "--fault", name,
                                      *self.files.identity("client"))
                self.assertEqual(report["alert_received"], {
                    "number": 51, "name": "decrypt_error", "encrypted": True})

    def test_harmless_faults_do_no_harm(self):
        """OpenSSL does not look into an extension that it does not know, not even for a second."""
        for name in ("grease", "drip=0.0005", "early-application-data", "ext-twice-ch",
                     "ext-truncated-ch"):
            with self.subTest(fault=name), SServer(self.files) as server:
                self.assert_done(self.connect(server.port, "--offer-server", "psa",
                                              "--fault", name))

    def test_a_choice_from_openssl_is_read_and_its_missing_credential_refused(self):
        # SERVERINFOV2: context EncryptedExtensions, in answer to ClientHello; type; data
        info = self.files.path("serverinfo.pem")
        for value, alert in ((bytes.fromhex("00002713"), 40), (bytes.fromhex("00002712"), 47),
                             (bytes.fromhex("000027"), 50)):
            blob = struct.pack("!IHH", 0x0480, 0xFF5E, len(value)) + value
            with open(info, "wb") as file:
                file.write(b"-----BEGIN SERVERINFOV2 FOR X-----\n" + base64.b64encode(blob) +
                           b"\n-----END SERVERINFOV2 FOR X-----\n")
            with self.subTest(alert=alert), SServer(
                    self.files, "p256", "-serverinfo", info) as server:
                # s_server's serverinfo answers an empty extension only
                report = self.connect(server.port, "--offer-server", "psa",
                                      "--fault", "ext-empty-ch")
                self.assertEqual(report["alert_sent"]["number"], alert, report["error"])


@unittest.skipIf(OPENSSL is None, "the openssl program is absent")
class AgainstSClient(PeerTest):
    def run_once(self, server_words, client_words, line=b"hello\n", before=b""):
        """(s_client's output, exit status and report of peer.py server)."""
        server = peer_process(["server", "--listen", "127.0.0.1:0", "--json", "--once"] +
                              server_words)
        openssl = SClient(self.files, listening_port(server), *client_words)
        try:
            if before:
                openssl.read_until(b"Verify return code")
                openssl.write(before)
                openssl.read_until(b"KEYUPDATE")
            openssl.write(line)
            openssl.read_until(line)
        except BrokenPipeError:
            pass
        output = openssl.close()
        return (output,) + finish(server)

    def test_every_suite_group_retry_and_client_authentication(self):
        for suite, group, retry, auth in itertools.product(
                SUITES, OTHER, (False, True), (False, True)):
            with self.subTest(suite=suite, group=group, retry=retry, auth=auth):
                first = OTHER[group] if retry else group
                server = self.files.identity("p256") + [
                    "--suites", suite, "--groups", group, "--ca", self.files.path("ca.crt"),
                    "--client-auth", "require" if auth else "none"]
                groups = f"{OPENSSL_GROUP[first]}:{OPENSSL_GROUP[OTHER[first]]}"
                words = ["-quiet", "-ciphersuites", SUITES[suite], "-groups", groups]
                words += ["-cert", self.files.path("client.crt"),
                          "-key", self.files.path("client.key")] if auth else []
                output, status, report = self.run_once(server, words)
                self.assertEqual(status, 0, report)
                self.assertIn(b"hello\n", output)
                self.assertEqual(report["application_data_received"], "hello\n")
                self.assertEqual((report["suite"], report["group"], report["hrr"]),
                                 (SUITES[suite], group, retry))
                self.assertEqual(report["peer_certificate"] is not None, auth)
                self.assertEqual(report["server_name"], "localhost")

    def test_every_kind_of_key_is_taken(self):
        for kind in OPENSSL_SIGNATURE:
            with self.subTest(kind=kind):
                output, status, _ = self.run_once(self.files.identity(kind), ["-quiet"])
                self.assertEqual(status, 0, output)

    def test_key_updates_both_ways(self):
        for command in (b"K\n", b"k\n"):
            with self.subTest(command=command):
                output, status, report = self.run_once(
                    self.files.identity("p256"), [], before=command)
                self.assertEqual(status, 0, report)
                self.assertIn("KeyUpdate", report["messages_received"])
                self.assertIn(b"hello\n", output)

    def test_the_key_logs_agree(self):
        logs = [self.files.path(name) for name in ("peer.log", "openssl.log")]
        _, status, _ = self.run_once(self.files.identity("p256") + ["--keylog", logs[0]],
                                     ["-quiet", "-keylogfile", logs[1]])
        self.assertEqual(status, 0)
        lines = []
        for path in logs:
            with open(path, encoding="ascii") as file:
                lines.append(sorted(line for line in file if not line.startswith("#")))
        self.assertEqual(lines[0], lines[1])

    def test_an_empty_extension_from_openssl_is_a_decode_error(self):
        _, status, report = self.run_once(self.files.identity("p256"),
                                          ["-quiet", "-serverinfo", "65374"])
        self.assertEqual(status, 2)
        self.assertEqual(report["alert_sent"]["name"], "decode_error")

    def test_faults_meet_the_alerts_that_openssl_gives_them(self):
        attesting = self.files.attest()
        wanted = {"bad-finished": (51,), "bad-signature": (51,), "wrong-verify-key": (51,),
                  "low-order-share": (40, 47, 80), "tls12": (47, 70), "psk-ke-only": (40, 47, 110),
                  "no-certificate": (47, 50), "message-length=11": (47, 50)}
        for name, numbers in wanted.items():
            with self.subTest(fault=name):
                _, status, report = self.run_once(
                    self.files.identity("p256") + attesting + ["--fault", name,
                                                               "--timeout", "10"], ["-quiet"])
                self.assertEqual(status, 2, report)
                self.assertIn(report["alert_received"]["number"], numbers)

    def test_harmless_faults_do_no_harm(self):
        """An extension that it never offered and does not know OpenSSL passes over in silence."""
        for name in ("send-ticket=2", "drip=0.0005", "early-application-data", "long-chain=20",
                     "unasked-choice-ee", "unasked-credential", "ext-in-server-hello",
                     "ext-in-ticket"):
            with self.subTest(fault=name):
                output, status, report = self.run_once(
                    self.files.identity("p256") + ["--fault", name], ["-quiet"])
                self.assertEqual(status, 0, (report, output))
                early = b"sent before its time\n" in output
                self.assertEqual(early, name == "early-application-data")


if __name__ == "__main__":
    peer_support.main()
