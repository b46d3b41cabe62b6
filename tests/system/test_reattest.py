#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""--reattest and --framed: rounds on a living connection, and what is caught in the next of them."""

import hashlib
import json
import os
import signal
import socket
import struct
import subprocess

from atlslib import (EXIT_DONE, EXIT_OURS, EXIT_REFUSED, WAIT, Lines, SystemTest, main, need, read_line,
                     run, start)

SINCE = "2026-01-01T00:00:00Z"


def revoked(certificate: str) -> str:
    pem = subprocess.run(["openssl", "x509", "-in", certificate, "-noout", "-pubkey"],
                         stdout=subprocess.PIPE, check=True).stdout
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=pem,
                         stdout=subprocess.PIPE, check=True).stdout
    return json.dumps([{"kind": "spki", "value": hashlib.sha256(der).hexdigest(), "from": SINCE}])


def extend_pcr(path: str, pcr: int) -> None:
    """TPM2_PCR_Extend by the empty password, as another program on the machine does it."""
    auth = struct.pack(">IHBH", 0x40000009, 0, 0, 0)
    body = struct.pack(">II", pcr, len(auth)) + auth + struct.pack(">IH", 1, 0x000B) + b"\xab" * 32
    with socket.socket(socket.AF_UNIX) as tpm:
        tpm.settimeout(WAIT)
        tpm.connect(path)
        tpm.sendall(struct.pack(">HII", 0x8002, 10 + len(body), 0x182) + body)
        answer = tpm.recv(4096)
    if struct.unpack_from(">I", answer, 6)[0] != 0:
        raise AssertionError(f"TPM2_PCR_Extend: {answer.hex()}")


class Client:
    """`atls connect` that stays."""

    def __init__(self, server, *options):
        self.process = start(["connect", server.address, "--no-pkix", "--json", "--timing", "post",
                              *options], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE)
        self.out, self.err = Lines(self.process.stdout), Lines(self.process.stderr)

    def event(self, name: str, at: int = 1) -> dict:
        """The event of this name that is the AT-th."""
        def is_it(_line):
            return len(self.events(name)) >= at

        self.out.wait(is_it, f"{at} events {name}: {self.err.all()}")
        return self.events(name)[at - 1]

    def events(self, name: str) -> list:
        found = [read_line(line) for line in self.out.all()]
        return [event for event in found if event["event"] == name]

    def say(self, text: str) -> None:
        self.process.stdin.write(text)
        self.process.stdin.flush()

    def finish(self) -> int:
        self.process.stdin.close()
        status = self.process.wait(WAIT)
        self.out.join()
        self.err.join()
        return status


class ReattestTest(SystemTest):
    @classmethod
    def setUpClass(cls):
        need("openssl")
        super().setUpClass()
        cls.machine, cls.peer = cls.keygen("server"), cls.keygen("client")

    def framed(self, *options, **more):
        return self.server("--timing", "post", "--framed", *self.machine.own(), *options, **more)

    def client(self, server, *options) -> Client:
        client = Client(server, *options)
        self.addCleanup(lambda: client.process.poll() is None and client.process.kill())
        return client

    def test_data_flow_among_rounds_and_all_of_them_arrive(self):
        for service in (["--echo"], ["--exec", "cat"]):
            with self.subTest(service):
                client = self.client(self.framed(*service), *self.machine.required(), "--reattest",
                                     "100ms,60s")
                sent = ""
                for count in range(1, 4):
                    client.say(f"line {count}\n")
                    sent += f"line {count}\n"
                    client.event("round", count)
                self.assertEqual(client.finish(), EXIT_DONE)
                got = "".join(event["result"]["text"] for event in client.events("data"))
                self.assertEqual(got, sent)
                binders = {event["result"]["verdict"]["channel"]["binder"]
                           for event in client.events("round")
                           if "binder" in event["result"]["verdict"]["channel"]}
                self.assertIn(len(binders), (0, len(client.events("round"))))

    def test_rounds_go_on_while_data_are_forwarded(self):
        """Both sides ask; what is behind the server ends its side, and the client still gets rounds and data."""
        behind = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(behind.close)
        behind.settimeout(WAIT)
        server = self.framed("--forward", f"127.0.0.1:{behind.getsockname()[1]}", *self.peer.required(), "--reattest",
                             "100ms,60s")
        client = self.client(server, *self.machine.required(), *self.peer.own(), "--reattest", "100ms,60s")
        far, _ = behind.accept()
        self.addCleanup(far.close)
        far.settimeout(WAIT)
        sent = received = b""
        for count in range(1, 4):
            client.say(f"line {count}\n")
            sent += f"line {count}\n".encode()
            while len(received) < len(sent):
                received += far.recv(100)
            far.sendall(f"answer {count}\n".encode())
            client.event("round", count)
            server.out.wait(lambda line, least=count: len(server.events("round")) >= least, f"{count} rounds")
        self.assertEqual(received, sent)
        self.assertEqual("".join(event["result"]["text"] for event in (client.event("data", i) for i in range(1, 4))),
                         "answer 1\nanswer 2\nanswer 3\n")
        client.process.stdin.close()  # the client has ended its side: what is behind sees that, and answers still
        self.assertEqual(far.recv(100), b"")
        far.sendall(b"last")
        self.assertEqual(client.event("data", 4)["result"]["text"], "last")
        far.close()
        self.assertEqual(client.finish(), EXIT_DONE, client.err.all())

    def test_a_server_asks_its_clients_again(self):
        server = self.framed(*self.peer.required(), "--reattest", "100ms,60s")
        client = self.client(server, *self.machine.required(), *self.peer.own(), "--framed")
        client.event("connected")
        server.out.wait(lambda line: json.loads(line)["event"] == "round", "a round")
        client.say("still here\n")
        self.assertEqual(client.event("data")["result"]["text"], "still here\n")
        self.assertEqual(client.finish(), EXIT_DONE)

    def test_who_is_revoked_meanwhile_is_refused_in_the_next_round(self):
        path = self.write("revoked.json", "[]")
        server = self.framed(*self.peer.required(), "--reattest", "100ms,60s", "--revoked", path)
        client = self.client(server, *self.machine.required(), *self.peer.own(), "--framed")
        client.event("connected")
        self.write("revoked.new", revoked(self.peer.path("cert.pem")))
        os.rename(self.path("revoked.new"), path)
        server.signal(signal.SIGHUP)
        event = read_line(server.out.wait(
            lambda line: json.loads(line)["event"] == "round" and not json.loads(line)["ok"],
            "the round that refuses"))
        self.assertEqual(event["error"]["code"], "REVOKED")
        self.assertFalse(event["result"]["verdict"]["accepted"])
        self.assertEqual(client.finish(), EXIT_REFUSED)
        self.assertEqual(client.event("closed")["error"]["code"], "PEER_REFUSED")

    def test_what_a_policy_demands_meanwhile_counts_in_the_next_round(self):
        path = self.write("policy.json", json.dumps({"version": 1, "id": "before"}))
        server = self.framed(*self.peer.required(), "--reattest", "100ms,60s", "--policy", path)
        client = self.client(server, *self.machine.required(), *self.peer.own(), "--framed")
        client.event("connected")
        self.write("policy.json", json.dumps({"version": 1, "id": "after", "machines": ["00"]}))
        server.signal(signal.SIGHUP)
        event = read_line(server.out.wait(
            lambda line: json.loads(line)["event"] == "round" and not json.loads(line)["ok"],
            "the round that refuses"))
        self.assertEqual(event["error"]["code"], "MACHINE")
        self.assertEqual(client.finish(), EXIT_REFUSED)

    def test_a_policy_that_no_connection_could_satisfy_is_refused_at_start_and_not_taken_later(self):
        path = self.write("policy.json", json.dumps({"version": 1, "id": "both", "timing": ["both"]}))
        words = [*self.machine.required(), *self.peer.own(), "--timing", "post", "--policy", path]
        for start_of in (["connect", "127.0.0.1:1", "--no-pkix"], ["serve", "127.0.0.1:0"]):
            with self.subTest(start_of[0]):
                outcome = self.assert_fails(run(*start_of, "--json", *words), EXIT_OURS, "CONFIG")
                self.assertIn("never satisfy it: post, expected both", outcome.error["sentence"])
        self.write("policy.json", json.dumps({"version": 1, "id": "before"}))
        server = self.framed(*self.peer.required(), "--reattest", "100ms,60s", "--policy", path)
        client = self.client(server, *self.machine.required(), *self.peer.own(), "--framed")
        client.event("connected")
        self.write("policy.json", json.dumps({"version": 1, "id": "after", "timing": ["both"]}))
        server.signal(signal.SIGHUP)
        server.err.wait(lambda line: "the old configuration stays" in line, "the refusal of the policy")
        before = len(server.events("round"))
        server.out.wait(lambda line: len(server.events("round")) > before, "one more round")
        self.assertEqual(client.finish(), EXIT_DONE)
    def test_a_pcr_that_changed_is_found_in_the_next_round(self):
        tpm = self.tpm()
        machine = self.keygen("tpm", "--tcti", tpm.tcti, rot="tpm2")
        server = self.server("--timing", "post", "--framed", *machine.own())
        client = self.client(server, *machine.required(), "--reattest", "300ms,60s")
        client.event("round")
        extend_pcr(tpm.socket, 4)
        closed = client.event("closed")
        self.assertEqual(closed["error"]["code"], "REFERENCE_VALUES")
        self.assertEqual(client.finish(), EXIT_REFUSED)

    def test_what_does_not_go_together_is_said(self):
        need = self.machine.required()
        for words in (["--reattest", "1s", *need], ["--framed", *need],
                      ["--reattest", "1s", "--timing", "post", *self.peer.own()],
                      ["--reattest", "1", "--timing", "post", *need],
                      ["--reattest", "25h", "--timing", "post", *need],
                      ["--reattest", "1s,11m", "--timing", "post", *need],
                      ["--reattest", "1s,", "--timing", "post", *need]):
            with self.subTest(words):
                self.assert_fails(run("connect", "127.0.0.1:1", "--no-pkix", "--json", *words),
                                  EXIT_OURS, "CONFIG")

    def test_a_server_without_frames_is_refused(self):
        server = self.server("--timing", "post", *self.machine.own())
        outcome = run("connect", server.address, "--no-pkix", "--json", "--timing", "post",
                      "--reattest", "1s", *self.machine.required())
        self.assert_fails(outcome, EXIT_REFUSED, "NO_PROTOCOL")


if __name__ == "__main__":
    main()
