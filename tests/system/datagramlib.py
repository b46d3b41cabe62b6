# SPDX-License-Identifier: Apache-2.0
"""What tests of --dtls share: the programs, a network between them that does to datagrams what a test says, and
ClientHellos of DTLS 1.2 made by hand."""

import json
import os
import select
import socket
import struct
import subprocess
import threading
import time

from atlslib import WAIT, Lines, SystemTest, read_line, run, start, wait_until

CLIENT, SERVER = "client", "server"  # who sends
POST = ["--dtls", "--timing", "post"]
DATAGRAM = 16384  # octets of data that fit into one on the loopback device


class Network:
    """Stands in front of a server, for one client. FATE(sender, number, data) gives what goes on of the datagram
    that is this sender's NUMBER-th: a list of datagrams, in their order. A None there is one that the network has
    kept: it goes behind the next that passes, or when nothing has passed for a while."""

    def __init__(self, server: str, fate=lambda sender, number, data: [data]):
        host, _, port = server.rpartition(":")
        self.fate, self.seen, self.client = fate, {CLIENT: [], SERVER: []}, None
        self.near, self.far = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        self.near.bind(("127.0.0.1", 0))
        self.far.connect((host, int(port)))
        self.address = "127.0.0.1:%d" % self.near.getsockname()[1]
        self.wake = os.pipe()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def send(self, sender: str, data: bytes) -> None:
        """To the other end, as if SENDER had sent it."""
        try:
            if sender == CLIENT:
                self.far.send(data)
            elif self.client is not None:
                self.near.sendto(data, self.client)
        except ConnectionRefusedError:
            pass  # what somebody sent before, who has gone

    def _run(self) -> None:
        kept = {CLIENT: [], SERVER: []}
        while True:
            ready, _, _ = select.select([self.near, self.far, self.wake[0]], [], [], 0.05 if any(kept.values()) else WAIT)
            if self.wake[0] in ready:
                return
            if not ready:
                for sender, waiting in kept.items():
                    while waiting:
                        self.send(sender, waiting.pop())
            for sock, sender in ((self.near, CLIENT), (self.far, SERVER)):
                if sock not in ready:
                    continue
                try:
                    data, source = sock.recvfrom(65536)
                except ConnectionRefusedError:
                    continue
                if sender == CLIENT:
                    self.client = source
                self.seen[sender].append(data)
                for one in self.fate(sender, len(self.seen[sender]) - 1, data):
                    if one is None:
                        kept[sender].append(data)
                        continue
                    self.send(sender, one)
                    while kept[sender]:
                        self.send(sender, kept[sender].pop())

    def close(self) -> None:
        os.write(self.wake[1], b"x")
        self.thread.join(WAIT)
        for one in (self.near, self.far):
            one.close()
        for one in self.wake:
            os.close(one)


def client_hello(cookie: bytes = b"", number: int = 0, random: bytes = bytes(32)) -> bytes:
    """The datagram of one (RFC 6347, 4.2.1 and 4.3.2), which OpenSSL takes as far as the cookie and on."""
    def vec(size, data):
        return len(data).to_bytes(size, "big") + data

    def extension(kind, data):
        return struct.pack(">H", kind) + vec(2, data)

    extensions = (extension(10, vec(2, bytes.fromhex("001d0017"))) + extension(11, vec(1, b"\0")) + extension(23, b"") +
                  extension(13, vec(2, bytes.fromhex("040308070804"))))
    body = (b"\xfe\xfd" + random + vec(1, b"") + vec(1, cookie) + vec(2, bytes.fromhex("c02bc02f")) + vec(1, b"\0") +
            vec(2, extensions))
    length = len(body).to_bytes(3, "big")
    message = b"\x01" + length + struct.pack(">H", number) + bytes(3) + length + body
    return b"\x16\xfe\xff" + struct.pack(">HIH", 0, 0, number) + vec(2, message)


def cookie_of(answer: bytes) -> bytes:
    """That of a HelloVerifyRequest."""
    if answer[0] != 22 or answer[13] != 3:
        raise AssertionError(f"no HelloVerifyRequest: {answer.hex()}")
    return answer[28:28 + answer[27]]


class Client:
    """`atls connect --dtls` that stays."""

    def __init__(self, address, *options):
        self.process = start(["connect", address, "--no-pkix", "--json", *POST, *options], text=True, stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.out, self.err = Lines(self.process.stdout), Lines(self.process.stderr)

    def event(self, name: str) -> dict:
        return read_line(self.out.wait(lambda line: json.loads(line).get("event") == name, f"{name}: {self.err.all()}"))

    def texts(self) -> list:
        found = [read_line(line) for line in self.out.all()]
        return [line["result"]["text"] for line in found if line.get("event") == "data"]

    def say(self, line: str) -> None:
        """Sends a line once, where nothing is lost."""
        self.process.stdin.write(line)
        self.process.stdin.flush()
        wait_until(lambda: line in self.texts(), f"{line!r}; there is {self.err.all()}")

    def ask(self, line: str) -> None:
        """Sends a line until it has come back: it may be lost, as may be its echo."""
        deadline = time.monotonic() + WAIT
        while line not in self.texts():
            self.process.stdin.write(line)
            self.process.stdin.flush()
            again = time.monotonic() + 0.3
            while line not in self.texts() and time.monotonic() < again:
                time.sleep(0.01)
            if time.monotonic() > deadline:
                raise AssertionError(f"never came back: {line} {self.out.all()} {self.err.all()}")

    def finish(self) -> int:
        self.process.stdin.close()
        status = self.process.wait(WAIT)
        self.out.join()
        self.err.join()
        return status


class DtlsCase(SystemTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.machine, cls.peer = cls.keygen("server"), cls.keygen("client")
        cls.expect = ["--no-pkix", *cls.machine.required()]

    def serve(self, *options, **more):
        return self.server(*POST, *self.machine.own(), *options, **more)

    def connect(self, address, *words, given=b"hello\n"):
        return run("connect", address, *POST, *words, given=given)

    def client(self, address, *options) -> Client:
        client = Client(address, *self.machine.required(), *options)
        self.addCleanup(lambda: client.process.poll() is None and client.process.kill())
        return client

    def network(self, server, *fate) -> Network:
        network = Network(server.address, *fate)
        self.addCleanup(network.close)
        return network

    def stranger(self, server, source="127.0.0.1") -> socket.socket:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(sock.close)
        sock.settimeout(WAIT)
        sock.bind((source, 0))
        sock.connect(("127.0.0.1", server.port))
        return sock

    def connections(self, server, count: int) -> list:
        """All that the server has said so far, once that is COUNT: its line comes after what the client sees."""
        wait_until(lambda: len(server.events("connection")) >= count, "a line for each connection")
        return server.events("connection")

    def check_serves(self, server):
        outcome = self.assert_done(self.connect(server.address, *self.expect))
        self.assertEqual(outcome.out, b"hello\n")
