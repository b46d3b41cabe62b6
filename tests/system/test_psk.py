#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""--psk: external PSKs of both sides, against each other and against OpenSSL's own client."""

import json
import os
import subprocess

from atlslib import EXIT_OURS, EXIT_REFUSED, SystemTest, main, run

KEY = bytes(range(32)).hex()
POST = ["--timing", "post"]


class PskTest(SystemTest):
    files = 0

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.machine, cls.client = cls.keygen("machine"), cls.keygen("client")

    def psk(self, mode=0o600, **members):
        PskTest.files += 1
        path = self.write(f"psk-{PskTest.files}.json", json.dumps({"identity": "edge-7", "key": KEY, **members}))
        os.chmod(path, mode)
        return ["--psk", path]

    def connect(self, server, *words):
        return run("connect", server.address, "--no-pkix", *POST, *self.machine.required(), *words, given=b"hello\n")

    def test_either_side_attests_by_the_key_of_both(self):
        psk = self.psk()
        server = self.server(*self.machine.own(), *POST, *psk)
        outcome = self.assert_done(self.connect(server, *psk, "--json"))
        channel = outcome.objects[0]["result"]["verdict"]["channel"]
        self.assertEqual((channel["psk"], channel["timing"], channel["resumed"]), (True, "post", False))
        server = self.server(*POST, *psk, *self.client.required())  # has no certificate itself
        outcome = self.assert_done(run("connect", server.address, *self.client.own(), *POST, *psk, given=b"hello\n"))
        self.assertEqual(outcome.out, b"hello\n")

    def test_who_has_not_the_key_is_refused_by_either_side(self):
        server = self.server(*self.machine.own(), *POST, *self.psk())
        for words in ([], self.psk(identity="edge-8")):
            outcome = self.connect(server, *words)
            self.assertEqual(outcome.status, EXIT_REFUSED, str(outcome))
            self.assertIn("unknown PSK identity (115)", outcome.err)
        outcome = self.connect(server, *self.psk(key="ff" * 32))
        self.assertEqual(outcome.status, EXIT_REFUSED, str(outcome))
        outcome = self.connect(self.server(*self.machine.own(), *POST), *self.psk())
        self.assertEqual(outcome.status, EXIT_REFUSED, str(outcome))
        self.assertIn("is not by the pre-shared key", outcome.err)

    def test_openssl_s_own_client_has_the_same_key(self):
        server = self.server(*self.machine.own(), *POST, *self.psk())
        with subprocess.Popen(["openssl", "s_client", "-connect", server.address, "-psk", KEY, "-psk_identity", "edge-7", "-quiet"],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as client:
            client.stdin.write(b"echoed\n")
            client.stdin.flush()
            self.assertEqual(client.stdout.readline(), b"echoed\n")  # the end of the connection is an empty line
            client.kill()

    def test_files_and_options_that_do_not_fit_are_said_so(self):
        readable = self.write("text.json", "psk")
        os.chmod(readable, 0o644)
        for words, part in (
                (self.psk(mode=0o644), "mode 0600"),
                (self.psk(key="00" * 15), "16 to 64 octets"),
                (self.psk(key="00" * 65), "key"),
                (self.psk(key="xy"), "key"),
                (self.psk(identity=""), "1 to 128 octets"),
                (self.psk(identity="x" * 129), "1 to 128 octets"),
                (self.psk(hash="sha512"), "sha256 or sha384"),
                (self.psk(other=1), "other"),
                (self.psk(**{"import": True}), 'OpenSSL, which has not the binder label "imp binder"'),
                (["--psk", readable], "mode 0600"),
                (["--psk", os.path.join(self.folder, "absent")], "absent")):
            outcome = run("connect", "127.0.0.1:1", *POST, *self.client.own(), *words)
            self.assertEqual(outcome.status, EXIT_OURS, str(outcome))
            self.assertIn(part, outcome.err)
        for timing in ("handshake", "both", "certificate"):
            outcome = run("connect", "127.0.0.1:1", "--timing", timing, "--no-pkix", *self.machine.required(), *self.psk())
            self.assertEqual(outcome.status, EXIT_OURS, str(outcome))
            self.assertIn("no Certificate message", outcome.err)


if __name__ == "__main__":
    main()
