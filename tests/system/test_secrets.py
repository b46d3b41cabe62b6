#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""R-59, R-66: keys and live nonces are in no log, no argument list and no environment."""

import base64
import glob
import json
import os
import re
import subprocess

from atlslib import (EXIT_DONE, WAIT, SystemTest, main, run, skip, start)

try:
    from cryptography.hazmat.primitives import serialization
except ImportError as absent:
    skip(f"a module of Python is absent: {absent}")


def scalars(pem: bytes) -> list:
    """A private key in the forms in which it might be printed."""
    key = serialization.load_pem_private_key(pem, None)
    octets = key.private_numbers().private_value.to_bytes(32, "big")
    body = re.sub(rb"-----[^-]+-----|\s", b"", pem)
    return [octets, octets.hex().encode(), octets.hex().upper().encode(),
            base64.b64encode(octets).rstrip(b"="), base64.urlsafe_b64encode(octets).rstrip(b"="),
            body[60:120]]


class SecretsTest(SystemTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.identity, cls.client = cls.keygen("server"), cls.keygen("client")
        cls.secrets = []
        for identity in (cls.identity, cls.client):
            with open(identity.path("key.pem"), "rb") as file:
                cls.secrets += scalars(file.read())
            cls.secrets += scalars(identity.attester()["key"].encode())

    def assert_clean(self, text: bytes, where: str):
        for secret in self.secrets:
            self.assertNotIn(secret, text, where)
        self.assertNotIn(b"PRIVATE KEY", text, where)

    def test_what_keygen_says_has_no_key(self):
        outcome = run("keygen", "--json", "--rot", "sim-psa", "-o", self.path("said"))
        self.assert_done(outcome)
        with open(self.path("said", "key.pem"), "rb") as file:
            pem = file.read()
        with open(self.path("said", "attester.json"), "rb") as file:
            signer = json.load(file)["key"].encode()
        for secret in scalars(pem) + scalars(signer):
            self.assertNotIn(secret, outcome.out + outcome.err.encode())
        for name in ("cert.pem", "endorsement.corim"):
            with open(self.path("said", name), "rb") as file:
                content = file.read()
            for secret in scalars(pem) + scalars(signer):
                self.assertNotIn(secret, content, name)

    def test_a_server_and_a_client_say_no_key_and_no_nonce_before_it_is_used(self):
        server = self.server(*self.identity.own(), *self.client.required())
        outcome = run("connect", server.address, "--json", *self.client.own(), "--no-pkix",
                      *self.identity.required(), given=b"payload that is nobody's business\n")
        self.assert_done(outcome)
        refused = run("connect", server.address, *self.client.own(), "--no-pkix",
                      *self.client.required(), given=b"payload that is nobody's business\n")
        self.assertNotEqual(refused.status, EXIT_DONE)
        plain = run("connect", server.address, *self.client.own(), "--no-pkix",
                    *self.identity.required(), given=b"x\n")
        self.assert_done(plain)
        server.stop()
        logs = "\n".join(server.out.all() + server.err.all()).encode()
        self.assert_clean(logs, "the server's output")
        self.assert_clean(outcome.out + outcome.err.encode(), "the client's output")
        # Standard error is what gets into a journal: no binder, no Evidence, no data.
        journal = "\n".join(server.err.all()) + plain.err + refused.err
        binder = outcome.objects[0]["result"]["verdict"]["channel"]["binder"]
        self.assertNotIn(binder, journal)
        self.assertNotIn("nobody's business", journal)

    def test_processes_show_no_key(self):
        """Neither their arguments nor their environment, nor those of the commands they start."""
        seen = self.path("seen")
        server = self.server(*self.identity.own(), "--exec",
                             f"cat /proc/self/cmdline /proc/self/environ > {seen}; echo ok")
        self.assert_done(run("connect", server.address, "--no-pkix", *self.identity.required()))
        with open(seen, "rb") as file:
            self.assert_clean(file.read(), "the command of --exec")
        for name in ("cmdline", "environ"):
            with open(f"/proc/{server.process.pid}/{name}", "rb") as file:
                self.assert_clean(file.read(), name)

    def test_a_command_inherits_no_file_of_the_server(self):
        """Neither the sockets of other connections nor the key log nor a TPM."""
        server = self.server(*self.identity.own(), "--keylog", self.path("keylog"), "--exec",
                             "ls -l /proc/self/fd")
        idle = start(["connect", server.address, "--no-pkix", *self.identity.required()],
                     stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        outcome = run("connect", server.address, "--no-pkix", *self.identity.required())
        idle.communicate(timeout=WAIT)
        self.assert_done(outcome)
        open_files = [line.split(" -> ")[1] for line in outcome.text.splitlines() if "->" in line]
        self.assertEqual([name for name in open_files if "keylog" in name], [])
        # 0 and 1 are the connection's, 2 the journal's, 3 the folder that ls reads.
        self.assertLessEqual(sum("socket" in name for name in open_files), 2, open_files)
        self.assertLessEqual(len(open_files), 4, open_files)

    def test_only_keygen_and_the_key_log_write_secrets(self):
        before = set(glob.glob(self.path("**"), recursive=True))
        nonce = os.urandom(64).hex()
        run("attest", *self.identity.own(), "--nonce", nonce, "-o", self.path("x.cmw"))
        run("appraise", self.path("x.cmw"), "--nonce", nonce, "--simulated", "--endorsements",
            self.identity.endorsement, "--signing-key", self.identity.path("key.pem"))
        server = self.server(*self.identity.own(), cwd=self.folder)
        self.assert_done(run("connect", server.address, "--no-pkix", *self.identity.required(),
                             given=b"x\n", cwd=self.folder))
        made = set(glob.glob(self.path("**"), recursive=True)) - before
        self.assertEqual(made, {self.path("x.cmw")})
        with open(self.path("x.cmw"), "rb") as file:
            self.assert_clean(file.read(), "Evidence")

    def test_every_connection_leaves_one_line_that_says_who_and_why(self):
        """R-66: peer, format, tier, key binding, identity and channel; or the whole reason."""
        server = self.server(*self.identity.own(), *self.client.required())
        self.assert_done(run("connect", server.address, *self.client.own(), "--no-pkix",
                             *self.identity.required(), given=b"x\n"))
        run("connect", server.address, "--no-pkix", *self.identity.required())
        server.stop()
        lines = [line for line in server.err.all() if re.search(r": 127\.0\.0\.1:\d+: ", line)]
        self.assertEqual(len(lines), 2, lines)
        for part in ("attested by psa", "warning", "simulated", "challenge", "identity is the key",
                     "TLS_AES_128_GCM_SHA256", "X25519"):
            self.assertIn(part, lines[0])
        self.assertIn("refused: ", lines[1])
        self.assertIn("expected", lines[1])


if __name__ == "__main__":
    main()
