#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tools that know nothing of attestation: served where none is required, refused where it is."""

import os
import socket
import subprocess
import threading

from atlslib import (EXIT_REFUSED, WAIT, Lines, SystemTest, main, need, run, wait_until)
from authority import Authority


class ToolsTest(SystemTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        need("openssl")
        cls.ca = Authority(cls.folder)
        cls.identity, cls.other = cls.keygen("host"), cls.keygen("other")
        cls.pkix = cls.ca.certify(cls.identity)

    def tool(self, *words, given=b"") -> tuple:
        done = subprocess.run(words, input=given, timeout=WAIT, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
        return done.returncode, done.stdout.decode("utf-8", "replace")

    def s_client(self, server, *words, given=b"") -> tuple:
        return self.tool("openssl", "s_client", "-connect", server.address, "-CAfile",
                         self.ca.path, "-verify_return_error", *words, given=given)

    # openssl s_client and curl against atls serve.

    def test_s_client_is_served_where_nothing_is_required(self):
        server = self.server(*self.identity.own(), *self.pkix, "--exec", "head -n 1")
        status, said = self.s_client(server, "-quiet", "-verify_ip", "127.0.0.1",
                                     given=b"plain TLS\n")
        self.assertEqual(status, 0, said)
        self.assertIn("plain TLS", said)
        event = wait_until(lambda: server.events("connection"), "an event")[0]
        self.assertEqual(event["result"]["verdict"]["state"], "not required")

    def test_s_client_is_refused_where_attestation_is_required(self):
        server = self.server(*self.identity.own(), *self.other.required())
        status, said = self.s_client(server, "-noservername")
        self.assertNotEqual(status, 0)
        self.assertIn("SSL alert number 109", said)
        event = wait_until(lambda: server.events("connection"), "an event")[0]
        self.assertEqual((event["error"]["code"], event["exit"]), ("NOTHING_OFFERED", 2))
        client = run("connect", server.address, "--json", "--ca", self.ca.path)
        self.assertEqual((client.error["found"], client.status),
                         ("missing extension (109)", EXIT_REFUSED))

    def test_s_client_without_a_certificate_is_refused_where_one_is_asked_for(self):
        server = self.server(*self.identity.own(), *self.pkix, "--ca", self.ca.path, "--exec",
                             "echo ok")
        _, said = self.s_client(server, "-quiet")  # reads to the end: in TLS 1.3 it comes late
        self.assertIn("SSL alert number 116", said)
        self.assertNotIn("ok", said.splitlines())
        event = wait_until(lambda: server.events("connection"), "an event")[0]
        self.assertEqual((event["error"]["code"], event["exit"]), ("NOT_ATTESTED", 2))
        certified = self.ca.certify(self.other)
        _, said = self.s_client(server, "-cert", certified[1], "-key", certified[3], "-quiet")
        self.assertIn("ok", said.splitlines())
        event = wait_until(lambda: server.events("connection")[1:], "an event")[0]
        self.assertTrue(event["ok"], said)
        self.assertEqual(event["result"]["verdict"]["identity"], "pkix")

    def test_curl_is_served(self):
        need("curl")
        answer = "printf 'HTTP/1.0 200 OK\\r\\n\\r\\nhello from atls\\n'"
        server = self.server(*self.identity.own(), *self.pkix, "--exec", answer)
        status, said = self.tool("curl", "-sS", "--http1.1", "--cacert", self.ca.path,
                                 f"https://localhost:{server.port}/", "--resolve",
                                 f"localhost:{server.port}:127.0.0.1", "--noproxy", "*")
        self.assertEqual((status, said), (0, "hello from atls\n"))

    def test_curl_is_refused_where_attestation_is_required(self):
        need("curl")
        server = self.server(*self.identity.own(), *self.pkix, *self.other.required(),
                             "--ca", self.ca.path)
        status, said = self.tool("curl", "-sS", "--cacert", self.ca.path, "--noproxy", "*",
                                 f"https://127.0.0.1:{server.port}/")
        self.assertNotEqual(status, 0)
        self.assertNotIn("200", said)
        event = wait_until(lambda: server.events("connection"), "an event")[0]
        self.assertEqual(event["error"]["code"], "NOTHING_OFFERED")

    # openssl s_server behind atls connect.

    def s_server(self, *words):
        process = subprocess.Popen(
            ["openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", self.pkix[1],
             "-key", self.pkix[3], *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True)
        self.addCleanup(process.wait, WAIT)
        self.addCleanup(process.stdin.close)
        self.addCleanup(process.kill)
        self.said = Lines(process.stdout)
        line = self.said.wait(lambda line: line.startswith("ACCEPT"), "s_server to accept")
        return int(line.rpartition(":")[2])

    def test_connect_talks_to_a_plain_server(self):
        port = self.s_server("-rev", "-tls1_3")
        outcome = run("connect", f"localhost:{port}", "--json", "--ca", self.ca.path,
                      given=b"stressed\n")
        data = "".join(line["result"].get("text", "") for line in outcome.objects
                       if line.get("event") == "data")
        # s_server closes as it likes; what it said came through.
        self.assertEqual(data, "desserts\n", str(outcome))
        self.assertEqual(outcome.objects[0]["result"]["verdict"]["state"], "not required")

    def test_connect_refuses_a_plain_server_where_it_requires_attestation(self):
        port = self.s_server("-tls1_3")
        outcome = run("connect", f"localhost:{port}", "--json", "--ca", self.ca.path,
                      *self.identity.required(), given=b"secret\n")
        self.assert_fails(outcome, EXIT_REFUSED, "NOT_ATTESTED")
        self.assertEqual([line.get("event") for line in outcome.objects], [None])
        self.said.wait(lambda line: "SSL alert number 40" in line, "the alert")

    def test_connect_checks_chain_and_name_of_a_plain_server(self):
        port = self.s_server("-tls1_3")
        for words, what in ((["--ca", self.ca.path, "--name", "other.example"], "name"),
                            ([], "the system's own CAs"),
                            (["--ca", self.identity.path("cert.pem")], "another CA")):
            with self.subTest(what):
                outcome = run("connect", f"127.0.0.1:{port}", "--json", *words, given=b"secret\n")
                self.assert_fails(outcome, EXIT_REFUSED, "PKIX")

    def test_connect_takes_no_older_tls(self):
        port = self.s_server("-tls1_2")
        outcome = run("connect", f"localhost:{port}", "--json", "--ca", self.ca.path)
        self.assertIn(outcome.status, (EXIT_REFUSED, 3), str(outcome))
        self.assertEqual(len(outcome.objects), 1)
        self.assertIn(outcome.code, ("PROTOCOL_VERSION", "PEER_ALERT"))

    def test_a_pair_of_programs_carries_http(self):
        """curl without TLS, through connect, to serve --forward, to a server without TLS."""
        with socket.create_server(("127.0.0.1", 0)) as web:
            web.settimeout(WAIT)

            def answer():
                sock, _ = web.accept()
                with sock:
                    sock.settimeout(WAIT)
                    request = b""
                    while not request.endswith(b"\r\n\r\n"):
                        request += sock.recv(65536)
                    sock.sendall(b"HTTP/1.0 200 OK\r\n\r\nattested\n")

            thread = threading.Thread(target=answer)
            thread.start()
            server = self.server(*self.identity.own(), "--forward",
                                 f"127.0.0.1:{web.getsockname()[1]}")
            outcome = run("connect", server.address, "--no-pkix", *self.identity.required(),
                          given=b"GET / HTTP/1.0\r\n\r\n")
            thread.join(WAIT)
        self.assert_done(outcome)
        self.assertTrue(outcome.out.endswith(b"\r\n\r\nattested\n"), outcome.out)
        self.assertTrue(os.path.exists(self.identity.endorsement))


if __name__ == "__main__":
    main()
