#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""atls serve and connect as programs: data, its end, commands, forwarding, signals, statuses."""

import os
import shutil
import signal
import socket
import subprocess
import threading

from atlslib import (EXIT_CONNECTION, EXIT_DONE, EXIT_OURS, EXIT_REFUSED, WAIT, Server, SystemTest,
                     has_ipv6, main, run, start, wait_until)

BIG = os.urandom(3 << 20)


class ServeTest(SystemTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.identity, cls.other = cls.keygen("server"), cls.keygen("other")
        cls.expect = ["--no-pkix", *cls.identity.required()]

    def connect(self, server, *words, given=b"", **more):
        return run("connect", server.address, *self.expect, *words, given=given, **more)

    # Data.

    def test_echo_gives_back_what_came(self):
        server = self.server(*self.identity.own(), "--echo")
        for data in (b"", b"x", b"one\ntwo\n", bytes(range(256)), BIG):
            with self.subTest(len(data)):
                outcome = self.assert_done(self.connect(server, given=data))
                self.assertEqual(outcome.out, data)

    def test_events_count_what_went_through(self):
        server = self.server(*self.identity.own())
        outcome = self.assert_done(self.connect(server, "--json", given=b"\xff\xfe binary"))
        events = outcome.objects
        self.assertEqual([line["event"] for line in events], ["connected", "data", "closed"])
        self.assertEqual(events[1]["result"], {"base64": "//4gYmluYXJ5"})
        self.assertEqual(events[2]["result"], {"bytes_sent": 9, "bytes_received": 9})
        self.assertEqual({line["exit"] for line in events}, {0})

    def test_a_command_has_the_peer_on_both_ends(self):
        server = self.server(*self.identity.own(), "--exec", "tr a-z A-Z; echo done")
        self.assertEqual(self.connect(server, given=b"quiet\n").out, b"QUIET\ndone\n")
        server = self.server(*self.identity.own(), "--exec", "cat >/dev/null; head -c 3000000 "
                             "/dev/zero")
        self.assertEqual(self.connect(server, given=BIG).out, bytes(3000000))

    def test_a_command_that_does_not_read_or_fails_ends_the_connection(self):
        for command in ("exit 3", "exec /nonexistent", "kill -9 $$", "exec 0<&-; echo x"):
            with self.subTest(command):
                server = self.server(*self.identity.own(), "--exec", command)
                outcome = self.connect(server, given=b"some input\n")
                self.assertIn(outcome.status, (EXIT_DONE, EXIT_CONNECTION), str(outcome))
                self.assertEqual(self.connect(server).status, EXIT_DONE)

    def test_forwarding_relays_both_ways_and_both_ends(self):
        """The far side sees the end of the client's data, and may still answer."""
        with socket.create_server(("127.0.0.1", 0)) as far:
            far.settimeout(WAIT)
            server = self.server(*self.identity.own(), "--forward",
                                 f"127.0.0.1:{far.getsockname()[1]}")
            seen = []

            def answer():
                sock, _ = far.accept()
                with sock:
                    sock.settimeout(WAIT)
                    data = b""
                    while piece := sock.recv(65536):
                        data += piece
                    seen.append(data)
                    sock.sendall(b"%d octets" % len(data))

            thread = threading.Thread(target=answer)
            thread.start()
            outcome = self.assert_done(self.connect(server, given=BIG))
            thread.join(WAIT)
        self.assertEqual(seen, [BIG])
        self.assertEqual(outcome.out, b"%d octets" % len(BIG))

    def deaf_port(self) -> int:
        """A port that is ours, so that nobody else comes to listen there, and nobody does."""
        holder = socket.socket()
        self.addCleanup(holder.close)
        holder.bind(("127.0.0.1", 0))
        return holder.getsockname()[1]

    def test_forwarding_to_nobody_ends_the_connection_alone(self):
        port = self.deaf_port()
        server = self.server(*self.identity.own(), "--forward", f"127.0.0.1:{port}")
        for _ in range(2):
            outcome = self.connect(server, given=b"x\n")
            self.assertIn(outcome.status, (EXIT_DONE, EXIT_CONNECTION), str(outcome))
            self.assertEqual(outcome.out, b"")
        server.err.wait(lambda line: str(port) in line, "who was not there")

    def test_the_end_of_input_ends_one_direction_only(self):
        """connect half-closes and reads on: the answer comes after the end of the question."""
        server = self.server(*self.identity.own(), "--exec", "wc -c; echo after")
        outcome = self.assert_done(self.connect(server, given=b"12345"))
        self.assertEqual(outcome.out.split(), [b"5", b"after"])

    def test_many_connections_at_one_time_do_not_mix(self):
        server = self.server(*self.identity.own())
        results = {}

        def one(number):
            data = b"%d " % number * 50000
            results[number] = self.connect(server, given=data).out == data

        threads = [threading.Thread(target=one, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(WAIT)
        self.assertEqual(results, {number: True for number in range(8)})

    # Statuses.

    def test_nobody_there_is_no_connection(self):
        outcome = run("connect", f"127.0.0.1:{self.deaf_port()}", "--json", *self.expect)
        self.assert_fails(outcome, EXIT_CONNECTION, "CONNECTION")
        outcome = run("connect", "no-such-host.invalid:443", "--json", *self.expect)
        self.assert_fails(outcome, EXIT_CONNECTION, "CONNECTION")

    def test_a_peer_that_speaks_no_tls_is_refused(self):
        for said, codes in ((b"HTTP/1.1 400 Bad Request\r\n\r\n", ("PROTOCOL_VERSION", "ILLEGAL")),
                            (b"", ("CONNECTION",)), (b"\x15\x03\x03\0\2\2\x28", ("PEER_REFUSED",))):
            with self.subTest(said), socket.create_server(("127.0.0.1", 0)) as far:
                far.settimeout(WAIT)

                def answer():
                    sock, _ = far.accept()
                    with sock:
                        sock.settimeout(WAIT)
                        sock.recv(65536)
                        sock.sendall(said)

                thread = threading.Thread(target=answer)
                thread.start()
                outcome = run("connect", f"127.0.0.1:{far.getsockname()[1]}", "--json",
                              *self.expect, given=b"secret\n")
                thread.join(WAIT)
                self.assertIn(outcome.status, (EXIT_REFUSED, EXIT_CONNECTION), str(outcome))
                self.assertIn(outcome.code, codes, str(outcome))

    def test_once_gives_the_status_of_its_connection(self):
        server = self.server(*self.identity.own(), "--once")
        self.assert_done(self.connect(server, given=b"x\n"))
        self.assertEqual(server.finish(), EXIT_DONE)
        server = self.once(*self.identity.own(), *self.other.required())
        outcome = run("connect", server.address, "--json", *self.expect)
        self.assert_fails(outcome, EXIT_REFUSED, "PEER_REFUSED")
        self.assertEqual(server.finish(), EXIT_REFUSED)
        server = self.once(*self.identity.own(), "--handshake-timeout", "500ms")
        with socket.create_connection(("127.0.0.1", server.port), WAIT):
            self.assertEqual(server.finish(), EXIT_CONNECTION)
        stopped = server.events("stopped")[0]
        self.assertEqual((stopped["exit"], stopped["result"]), (3, {"connections": 1}))

    def once(self, *words):
        """A server whose end is not success: its cleanup must not ask for that."""
        server = Server(*words, "--once")
        self.addCleanup(lambda: server.process.poll() is None and server.process.kill())
        return server

    def test_a_port_in_use_is_said(self):
        server = self.server(*self.identity.own())
        outcome = run("serve", server.address, "--json", *self.identity.own())
        self.assert_fails(outcome, EXIT_OURS)
        self.assertIn(str(server.port), outcome.err)

    def test_ipv6_is_served_as_well(self):
        if not has_ipv6():
            return
        server = self.server(*self.identity.own(), listen="[::1]:0")
        self.assertTrue(server.address.startswith("[::1]:"))
        self.assertEqual(self.connect(server, given=b"six\n").out, b"six\n")
        event = wait_until(lambda: server.events("connection"), "an event")[0]
        self.assertTrue(event["result"]["peer_address"].startswith("[::1]"))

    # Start-up and signals.

    def test_the_start_says_what_is_required_of_whom(self):
        words = [*self.identity.own()]
        found = self.server(*words).listening["result"]
        self.assertEqual((found["requires"], found["pkix"], found["attests"]),
                         ("none", False, "sim-psa"))
        server = self.server(*words, *self.other.required())
        server.err.wait(lambda line: "no --ca" in line, "what is not checked")
        self.assertFalse(server.listening["result"]["pkix"])
        server = self.server(*words, *self.other.required(), "--ca", self.other.path("cert.pem"))
        self.assertTrue(server.listening["result"]["pkix"])

    def test_the_line_of_a_connection_says_what_each_side_did(self):
        server = self.server(*self.identity.own(), *self.other.required())
        self.assert_done(self.connect(server, *self.other.own()))
        line = server.err.wait(lambda line: "peer attested" in line, "the connection")
        self.assertIn("we attested by psa; peer attested by psa: warning", line)
        server = self.server(*self.identity.own(), "--attest", "none")
        self.assert_done(run("connect", server.address, "--ca", self.identity.path("cert.pem"),
                             "--name", "localhost"))
        line = server.err.wait(lambda line: "not required" in line, "the connection")
        self.assertIn("we did not attest; attestation of the peer not required", line)
        server = self.server(*self.identity.own())
        outcome = self.assert_done(self.connect(server))
        server.err.wait(lambda line: "we attested by psa; attestation of the peer not required"
                        in line, "what the server did")
        self.assertIn("we did not attest; peer attested by psa", outcome.err)

    def test_sigterm_and_sigint_end_it_with_0_whatever_is_open(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number):
                server = self.server(*self.identity.own())
                client = start(["connect", server.address, *self.expect], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
                client.stdin.write(b"open\n")
                client.stdin.flush()
                self.assertEqual(client.stdout.readline(), b"open\n")
                with socket.create_connection(("127.0.0.1", server.port), WAIT):
                    server.signal(number)
                    self.assertEqual(server.finish(), EXIT_DONE)
                client.communicate(timeout=WAIT)
                self.assertEqual(server.events("stopped")[0]["exit"], 0)

    def test_sighup_reads_everything_again(self):
        """New key and certificate for who comes; who is there goes on."""
        folder = self.path("reloaded")
        shutil.copytree(self.identity.folder, folder)
        server = self.server("--identity", folder)
        client = start(["connect", server.address, *self.expect], stdin=subprocess.PIPE,
                       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        client.stdin.write(b"before\n")
        client.stdin.flush()
        self.assertEqual(client.stdout.readline(), b"before\n")
        for name in os.listdir(self.other.folder):
            shutil.copy(self.other.path(name), os.path.join(folder, name))
        server.signal(signal.SIGHUP)
        server.err.wait(lambda line: line.endswith("SIGHUP: read again"), "the reload")
        outcome = run("connect", server.address, "--no-pkix", *self.other.required(), given=b"x\n")
        self.assert_done(outcome)
        self.assert_fails(self.connect(server, "--json"), EXIT_REFUSED, "NOT_ENDORSED")
        out, _ = client.communicate(b"after\n", timeout=WAIT)
        self.assertEqual((out, client.returncode), (b"after\n", EXIT_DONE))

    def test_sighup_with_something_wrong_changes_nothing(self):
        folder = self.path("broken")
        shutil.copytree(self.identity.folder, folder)
        server = self.server("--identity", folder)
        for name, content in (("cert.pem", "nonsense"), ("key.pem", ""), ("attester.json", "{}")):
            with self.subTest(name):
                with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                    file.write(content)
                before = len(server.err.all())
                server.signal(signal.SIGHUP)
                wait_until(lambda: any("old configuration stays" in line
                                       for line in server.err.all()[before:]), "the sentence")
                self.assert_done(self.connect(server, given=b"still\n"))
                shutil.copy(self.identity.path(name), os.path.join(folder, name))

    def test_sighup_while_clients_come_and_go(self):
        server = self.server(*self.identity.own())
        for _ in range(5):
            server.signal(signal.SIGHUP)
            self.assert_done(self.connect(server, given=b"x\n"))

    def test_a_certificate_that_ends_soon_is_warned_of(self):
        soon = self.keygen("soon", "--days", "5")
        server = self.server(*soon.own())
        server.err.wait(lambda line: "ends in" in line, "a warning")
        server = self.server(*self.identity.own())
        server.err.wait(lambda line: "listening on" in line, "the start")
        self.assertFalse(any("ends in" in line for line in server.err.all()))

    def test_a_key_log_is_0600_appended_to_and_warned_of(self):
        keylog = self.path("keylog")
        old = os.umask(0)
        self.addCleanup(os.umask, old)
        server = self.server(*self.identity.own(), "--keylog", keylog)
        server.err.wait(lambda line: "warning" in line and keylog in line, "a warning")
        self.assert_done(self.connect(server, given=b"x\n"))
        self.assertEqual(os.stat(keylog).st_mode & 0o777, 0o600)
        with open(keylog, encoding="ascii") as file:
            first = file.read()
        labels = [line.split()[0] for line in first.splitlines() if not line.startswith("#")]
        self.assertIn("CLIENT_TRAFFIC_SECRET_0", labels)
        self.assert_done(self.connect(server, given=b"x\n"))
        with open(keylog, encoding="ascii") as file:
            self.assertTrue(file.read().startswith(first))

    def test_a_key_log_that_others_may_read_is_not_written(self):
        keylog = self.write("open-to-all", b"")
        os.chmod(keylog, 0o644)
        outcome = run("serve", "127.0.0.1:0", "--json", *self.identity.own(), "--keylog", keylog)
        self.assertEqual(outcome.status, EXIT_OURS, str(outcome))
        os.symlink(self.path("elsewhere"), self.path("link"))
        outcome = run("serve", "127.0.0.1:0", "--json", *self.identity.own(), "--keylog",
                      self.path("link"))
        self.assertEqual(outcome.status, EXIT_OURS, str(outcome))


if __name__ == "__main__":
    main()
