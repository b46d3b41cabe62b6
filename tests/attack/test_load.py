#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""R-35, R-58: who opens many handshakes, or never ends one, holds up nobody but himself."""

import contextlib
import socket
import threading

from adversary import SECRET, AttackTest, Listener, PeerServer, atlslib, configure, connect
from tlspeer import messages, numbers
from tlspeer.client import Client
from tlspeer.wire import vec

HALF_OPEN = 240


class Mute(Listener):
    """A server that listens and never answers."""

    def handle(self, sock: socket.socket):
        with sock:
            sock.settimeout(atlslib.WAIT)
            while sock.recv(65536):
                pass


def threads_of(server) -> int:
    with open(f"/proc/{server.process.pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("Threads:"))


class LoadTest(AttackTest):
    def hello(self, address: str) -> bytes:
        """A ClientHello that asks for Evidence, as it goes over the wire."""
        config = configure("client", ["--offer-server", "psa"], address)
        with socket.socket() as unused:
            body = Client(config, unused).first_hello().body()
        return b"\x16\x03\x01" + vec(2, messages.message(numbers.CLIENT_HELLO, body))

    @contextlib.contextmanager
    def half_open(self, address: str, count: int, said: bytes):
        """COUNT connections that said SAID and say no more."""
        with contextlib.ExitStack() as stack:
            held = []
            for _ in range(count):
                sock = stack.enter_context(atlslib.dial(address))
                sock.sendall(said)
                held.append(atlslib.name_of(sock))
            yield held

    def test_hundreds_of_half_open_handshakes_do_not_keep_an_honest_client_out(self):
        count = min(HALF_OPEN, atlslib.descriptors(1024) - 100)  # where a process may have but 256, two sides have so many
        server = self.server(*self.atls.own(), "--handshake-timeout", "60s")
        with self.half_open(server.address, count, self.hello(server.address)):
            with self.half_open(server.address, 20, b"\x16\x03\x01"):
                report, own = connect(server.address, *self.ours.expected())
                self.assertTrue(report["ok"], report["error"])
                self.assertTrue(report["peer_evidence"]["accepted"])
                self.assertTrue(server.connection(own)["ok"])
        for event in server.events("connection"):
            self.assertIn(event["error"] and event["error"]["code"],
                          (None, "CONNECTION"), event)

    def test_half_open_handshakes_end_at_the_time_out(self):
        server = self.server(*self.atls.own(), "--handshake-timeout", "1s")
        with self.half_open(server.address, 30, self.hello(server.address)) as held:
            events = [server.connection(own) for own in held]
        codes = {(event["error"]["code"], event["exit"]) for event in events}
        self.assertEqual(codes, {("TIMEOUT", atlslib.EXIT_CONNECTION)})
        self.assertEqual(len(server.said_of(held[0])), 1)

    def test_max_handshakes_bounds_them_and_who_waits_is_served_later(self):
        server = self.server(*self.atls.own(), "--handshake-timeout", "5s",
                             "--max-handshakes", "4")
        with self.half_open(server.address, 7, b"\x16") as held:
            report, own = connect(server.address)
            self.assertLess(threads_of(server), 4 + 7)  # one each, and the program's own few
            self.assertTrue(report["ok"], report["error"])
            server.connection(own)  # its line comes after what the client sees
            order = [event["result"]["peer_address"] for event in server.events("connection")]
            self.assertIn(own, order)
            before = order[:order.index(own)]
            self.assertTrue(set(before) & set(held), order)

    def test_per_source_bounds_one_address_and_no_other(self):
        server = self.server(*self.atls.own(), "--per-source", "5/s")
        with contextlib.ExitStack() as stack:
            # As fast as they come, so that a second's worth is exceeded.
            for _ in range(60):
                stack.enter_context(atlslib.dial(server.address))
            server.err.wait(lambda line: "--per-source" in line, "a connection that is too many")
            # Another address is served meanwhile.
            with socket.create_connection(("127.0.0.1", server.port), atlslib.WAIT,
                                          ("127.0.0.2", 0)) as sock:
                config = configure("client", self.ours.expected(), server.address)
                report = Client(config, sock).run()
            self.assertTrue(report["ok"], report["error"])

    def test_an_octet_at_a_time_does_not_move_the_time_out(self):
        server = self.server(*self.atls.own(), "--handshake-timeout", "5s")
        report, own = connect(server.address, faults=["drip=0.1"])
        self.assertFalse(report["ok"])
        event = server.connection(own)
        self.assertEqual((event["error"]["code"], event["exit"]), ("TIMEOUT", 3), event)
        self.assertTrue(connect(server.address)[0]["ok"])
        peer = PeerServer(*self.peer.attesting(), faults=["drip=0.1"])
        outcome = atlslib.run(*self.client_words(peer.address, None, "--handshake-timeout", "1s"),
                              given=SECRET)
        self.assert_fails(outcome, atlslib.EXIT_CONNECTION, "TIMEOUT")
        peer.finish()

    def test_a_slow_peer_that_keeps_within_the_time_is_served(self):
        server = self.server(*self.atls.own(), "--handshake-timeout", "60s")
        self.assertTrue(connect(server.address, faults=["drip=0.0005"])[0]["ok"])

    def test_a_peer_that_falls_silent_is_given_up(self):
        server, patient = (self.server(*self.atls.own(), *self.peer.required(), "--handshake-timeout", limit)
                           for limit in ("6s", "60s"))
        ends = {}

        def one(fault):
            to = patient if fault.startswith("close") else server
            ends[fault] = to, *connect(to.address, *self.peer.attesting(), faults=[fault])

        threads = [threading.Thread(target=one, args=(fault,)) for fault in
                   ("hang-after-server-hello", "hang-in-flight", "hang-in-flight=3",
                    "hang-in-flight=0", "close-in-flight", "close-in-flight=5")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(atlslib.WAIT)
        for fault, (to, report, own) in ends.items():
            with self.subTest(fault):
                event = to.connection(own)
                wanted = "CONNECTION" if fault.startswith("close") else "TIMEOUT"
                self.assertEqual((event["error"]["code"], event["exit"]), (wanted, 3), event)
                self.assertFalse(report["ok"])
        self.assertEqual(len(ends), 6)
        self.assertTrue(connect(server.address, *self.peer.attesting())[0]["ok"])

    def test_a_client_gives_a_silent_server_up(self):
        mute = Mute(1)
        outcome = atlslib.run(*self.client_words(mute.address, None, "--handshake-timeout", "1s"),
                              given=SECRET)
        self.assert_fails(outcome, atlslib.EXIT_CONNECTION, "TIMEOUT")
        mute.finish()
        for fault, code, limit in (("hang-after-client-hello", "TIMEOUT", "1s"),
                                   ("hang-in-flight", "TIMEOUT", "1s"),
                                   ("close-in-flight", "CONNECTION", "60s")):
            with self.subTest(fault):
                peer = PeerServer(*self.peer.attesting(), faults=[fault])
                words = self.client_words(peer.address, None, "--handshake-timeout", limit)
                outcome = atlslib.run(*words, given=SECRET)
                self.assert_fails(outcome, atlslib.EXIT_CONNECTION, code)
                self.assertIsNone(peer.report()["application_data_received"])


if __name__ == "__main__":
    atlslib.main()
