#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""R-35, R-51, R-58: what anybody can send to a server of DTLS who knows its address, or both, or was on the path before."""

import os
import re
import signal
import socket

import adversary  # noqa: F401 (finds the modules of tests/system)
from atlslib import EXIT_DONE, WAIT, main, read_line, with_more_time
from datagramlib import CLIENT, SERVER, DtlsCase, client_hello, cookie_of


def status_of(server, name: str) -> int:
    with open(f"/proc/{server.process.pid}/status", encoding="ascii") as file:
        return int(re.search(rf"^{name}:\s+(\d+)", file.read(), re.MULTILINE).group(1))


class HostileTest(DtlsCase):
    """What anybody can send who knows the address, or both."""

    def test_strangers_without_a_cookie_make_no_state(self):
        quarantine = os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1"  # what is free again is no growth
        server = self.serve(env={"ASAN_OPTIONS": quarantine})
        self.check_serves(server)  # what is made once is there
        server.out.wait(lambda line: '"connection"' in line, "the connection")
        threads, before = status_of(server, "Threads"), status_of(server, "VmRSS")
        other = cookie_of(self.ask_cookie(server, "127.0.0.1"))
        largest = 0
        for number in range(2000):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                sock.settimeout(WAIT)
                sock.bind((f"127.0.1.{number % 250 + 1}", 0))
                sock.connect(("127.0.0.1", server.port))
                sock.send(client_hello() if number % 2 else client_hello(other, 1))  # that of somebody else
                largest = max(largest, len(sock.recv(2048)))
        self.assertLessEqual(status_of(server, "Threads"), threads)
        self.assertLess(status_of(server, "VmRSS") - before, 8192)  # KiB; 2000 connections are more than that
        self.assertLess(largest, len(client_hello()))  # and nobody is sent more than was asked with
        self.assertEqual(len(self.connections(server, 1)), 1)
        self.check_serves(server)

    def ask_cookie(self, server, source) -> bytes:
        with self.stranger(server, source) as sock:
            sock.send(client_hello())
            return sock.recv(2048)

    def test_a_cookie_is_good_for_its_address_and_server(self):
        server, other = self.serve("--handshake-timeout", "60s"), self.serve()
        with self.stranger(server) as sock, self.stranger(other) as elsewhere:
            sock.send(client_hello())
            cookie = cookie_of(sock.recv(2048))
            self.assertEqual(len(cookie), 32)
            for wrong in (cookie[:-1], cookie + b"x", bytes([cookie[0] ^ 1]) + cookie[1:], bytes(32)):
                sock.send(client_hello(wrong, 1))
                answer = cookie_of(sock.recv(2048))
                sock.send(client_hello())
                cookies = (cookie, cookie_of(sock.recv(2048)))  # the second is another where a new period has begun
                self.assertIn(answer, cookies)
                cookie = cookies[1]
            elsewhere.send(client_hello(cookie, 1))
            self.assertNotEqual(cookie_of(elsewhere.recv(2048)), cookie)
            sock.send(client_hello(cookie, 1))
            self.assertEqual(sock.recv(20000)[13], 2)

    def test_a_hello_that_came_twice_is_one_connection(self):
        with_more_time(self.one_of_twenty, ("4s", "30s"))

    def one_of_twenty(self, limit: str):
        server = self.serve("--handshake-timeout", limit)
        with self.stranger(server) as sock:
            sock.send(client_hello())
            hello = client_hello(cookie_of(sock.recv(2048)), 1)
            os.kill(server.process.pid, signal.SIGSTOP)  # so that all of them are there when it looks
            for _ in range(20):
                sock.send(hello)
            os.kill(server.process.pid, signal.SIGCONT)
            randoms = set()
            sock.settimeout(0.2)
            while not server.events("connection"):  # until its end
                try:
                    flight = sock.recv(20000)
                except TimeoutError:
                    continue
                if flight[0] == 22 and flight[13] == 2:
                    randoms.add(flight[27:59])
        if not randoms:
            return None  # its time was over before the server had come to its answer
        self.assertEqual(len(randoms), 1)
        self.check_serves(server)
        self.assertEqual(len(self.connections(server, 2)), 2)
        return True

    def test_garbage_is_passed_over_everywhere(self):
        server = self.serve()
        network = self.network(server)
        client = self.client(network.address)
        client.event("connected")
        client.say("before\n")
        garbage = [b"", b"\0", b"\x16", bytes(13), b"\x16\xfe\xff" + bytes(40), os.urandom(2000), b"\x17\xfe\xfd\0\1" + os.urandom(60),
                   b"\x15\xfe\xfd\0\0\0\0\0\0\0\x63\0\2\2\x28", client_hello(), client_hello(bytes(32), 1)]
        with self.stranger(server) as sock:
            for data in garbage:
                for one in (data, data * 3):
                    sock.send(one)
                    network.send(CLIENT, one)
                    network.send(SERVER, one)
        client.ask("after\n")
        self.assertEqual(client.finish(), EXIT_DONE)
        self.check_serves(server)
        self.assertEqual([event["ok"] for event in self.connections(server, 2)], [True, True])

    def test_what_was_sent_before_does_nothing_when_it_comes_again_or_cut(self):
        server = self.serve()
        network = self.network(server)
        client = self.client(network.address)
        client.event("connected")
        client.say("before\n")
        for sender in (CLIENT, SERVER):
            for data in list(network.seen[sender]):
                for one in (data, data[:len(data) // 2], data[:13], data[:-1]):
                    network.send(sender, one)
        client.ask("after\n")
        self.assertEqual(client.texts()[0], "before\n")
        self.assertEqual(client.texts().count("before\n"), 1)
        self.assertEqual(client.finish(), EXIT_DONE)
        again = self.network(server)  # and all of it once more from another address
        for data in network.seen[CLIENT]:
            again.send(CLIENT, data)
        self.check_serves(server)
        self.assertEqual([event["ok"] for event in self.connections(server, 2)], [True, True])


if __name__ == "__main__":
    main()
