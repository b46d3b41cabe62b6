#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""--dtls: who attests over DTLS 1.2, what a datagram is made of, and the options and signals of a server."""

import json
import os
import shutil
import signal
import socket
import subprocess
import time

from atlslib import (EXIT_CONNECTION, EXIT_DONE, EXIT_OURS, EXIT_REFUSED, WAIT, Server, broken_listener, free_port, has_ipv6, main,
                     need, read_line, run, wait_until, with_more_time)
from datagramlib import DATAGRAM, POST, SERVER, DtlsCase, client_hello, cookie_of


class AttestTest(DtlsCase):
    """Who attests, who is refused, and for what."""

    def test_each_side_and_both_attest(self):
        client = ["--no-pkix", *self.machine.required()]
        server = self.server(*POST, *self.machine.own())
        outcome = self.assert_done(self.connect(server.address, *client, "--json"))
        verdict = outcome.objects[0]["result"]["verdict"]
        self.assertTrue(verdict["accepted"])
        self.assertEqual((verdict["channel"]["timing"], verdict["evidence"][0]["format"]), ("post", "psa"))
        self.assertRegex(verdict["channel"]["suite"], "^ECDHE-")
        self.assertEqual([line["event"] for line in outcome.objects], ["connected", "data", "closed"])
        self.assertEqual(outcome.objects[-1]["result"], {"bytes_sent": 6, "bytes_received": 6})
        for more in (["--attest", "none"], []):  # the client alone, then both
            server = self.server(*POST, *self.machine.own(), *more, *self.peer.required())
            words = ["--ca", self.machine.path("cert.pem")] if more else client
            outcome = self.assert_done(self.connect(server.address, *self.peer.own(), *words))
            self.assertEqual(outcome.out, b"hello\n")
            event = read_line(server.out.wait(lambda line: '"connection"' in line, "the connection"))
            self.assertTrue(event["ok"] and event["result"]["verdict"]["accepted"], event)

    def test_refusals_are_those_of_tcp(self):
        other = self.keygen("other")
        forged = self.keygen("forged")
        shutil.copy(self.machine.path("cert.pem"), forged.path("cert.pem"))
        shutil.copy(self.machine.path("key.pem"), forged.path("key.pem"))
        for who, required in ((self.machine, other.required()), (forged, self.machine.required())):
            said = []
            for dtls in ([], ["--dtls"]):
                for attests, requires in ((["serve"], ["connect"]), (["connect"], ["serve"])):
                    words = {attests[0]: who.own(), requires[0]: [*required, "--no-pkix"]}
                    if requires[0] == "serve":
                        words["serve"] = [*self.peer.own(), "--attest", "none", *required]
                        words["connect"] = [*who.own(), "--ca", self.peer.path("cert.pem")]
                    server = self.server("--timing", "post", *dtls, *words["serve"])
                    outcome = run("connect", server.address, "--timing", "post", *dtls, "--json", *words["connect"], given=b"hello\n")
                    self.assertEqual(outcome.status, EXIT_REFUSED, str(outcome))
                    event = read_line(server.out.wait(lambda line: '"connection"' in line, "the connection"))
                    said.append((outcome.error["sentence"], event["error"]["sentence"]))
                    self.assertNotIn(b"hello", outcome.out)
            self.assertEqual(said[:2], said[2:])

    def test_who_does_not_attest_is_refused(self):
        outcome = self.connect(self.serve(*self.peer.required()).address, *self.expect, *self.peer.own(), "--attest", "none", "--json")
        self.assertEqual((outcome.status, outcome.code), (EXIT_REFUSED, "PEER_REFUSED"), str(outcome))

    def test_a_long_passport_comes_in_as_many_datagrams_as_it_takes(self):
        try:
            import standin
            from cryptography.hazmat.primitives import serialization
            from cryptography import x509
            from cryptography.hazmat.primitives.asymmetric import ec
        except ImportError as absent:
            self.skipTest(f"a module of Python is absent: {absent}")
        key, uri = ec.generate_private_key(ec.SECP256R1()), "https://verifier.example/fleet"
        with open(self.machine.path("cert.pem"), "rb") as file:
            spki = x509.load_pem_x509_certificate(file.read()).public_key().public_bytes(
                serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        now = int(time.time())
        claims = {"eat_profile": "tag:github.com,2023:veraison/ear", "iss": uri, "iat": now, "exp": now + 300,
                  "ear.verifier-id": {"developer": "https://example.com", "build": "1"},
                  "submods": {"PARSEC_TPM": {"ear.status": "affirming", "ear.trustworthiness-vector": dict(standin.AFFIRMING),
                                             "ear.appraisal-policy-id": "policy:PARSEC_TPM", "ear.raw-evidence": "A" * 40000,
                                             "ear.veraison.key-attestation": {"akpub": standin.b64(spki)}}}}
        path = self.write("passport.jwt", standin.jwt(claims, key))
        self.assertGreater(os.path.getsize(path), 2 * DATAGRAM)
        keys = self.write("keys.json", json.dumps({"keys": [standin.jwk_of(key)]}))
        network = self.network(self.serve("--attest", "none", "--passport", path))
        outcome = self.assert_done(self.connect(network.address, "--no-pkix", "--require", "result", "--trust-verifier", f"{uri}={keys}",
                                                "--json"))
        self.assertEqual(outcome.objects[0]["result"]["verdict"]["verifier"], uri)
        self.assertLess(max(map(len, network.seen[SERVER])), 1500)

    def test_without_the_extended_master_secret_it_is_refused(self):
        need("openssl")
        server = self.serve()
        config = self.write("openssl.cnf", "openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\n"
                            "Options = -ExtendedMasterSecret\n")
        words = ["openssl", "s_client", "-dtls1_2", "-connect", server.address, "-alpn", "atls/1"]
        outcome = subprocess.run(words, env=dict(os.environ, OPENSSL_CONF=config), stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=WAIT, check=False)
        self.assertIn(b"Extended master secret: no", outcome.stdout)
        event = read_line(server.out.wait(lambda line: '"connection"' in line, "the connection"))
        self.assertEqual(event["error"]["code"], "CHANNEL")
        self.assertIn("extended master secret", event["error"]["sentence"])

    def test_openssl_s_own_client_and_server_are_peers(self):
        need("openssl")
        server = self.serve()
        with subprocess.Popen(["openssl", "s_client", "-dtls1_2", "-connect", server.address, "-quiet"], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as client:
            client.stdin.write(b"echoed\n")
            client.stdin.flush()
            self.assertEqual(client.stdout.readline(), b"echoed\n")
            client.kill()
        port = free_port("127.0.0.1", socket.SOCK_DGRAM)
        with subprocess.Popen(["openssl", "s_server", "-dtls1_2", "-accept", f"127.0.0.1:{port}", "-cert", self.machine.path("cert.pem"),
                               "-key", self.machine.path("key.pem"), "-listen", "-quiet"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL) as other:
            def refused():
                outcome = self.connect(f"127.0.0.1:{port}", *self.expect, "--json")
                return outcome if outcome.status != EXIT_CONNECTION else None  # it has not begun yet

            outcome = wait_until(refused, "a handshake with openssl")
            other.kill()
        self.assertEqual((outcome.status, outcome.code), (EXIT_REFUSED, "NO_PROTOCOL"), str(outcome))

    def test_what_datagrams_cannot_do_is_said_at_the_start(self):
        psk = self.write("psk.json", "{}")
        for words, part in (([], "--timing post"), (["--timing", "handshake"], "--timing post"), (["--timing", "both"], "--timing post"),
                            (["--timing", "certificate"], "--timing post"), (["--timing", "post", "--resume"], "full handshakes"),
                            (["--timing", "post", "--framed"], "not framed"), (["--timing", "post", "--psk", psk], "a PSK of TLS 1.3"),
                            (["--timing", "post", "--reattest", "1s"], "rounds go among frames"),
                            (["--timing", "post", "--attest", "none"], "nobody who attests")):
            for verb, own in (("serve", self.machine.own()), ("connect", self.peer.own())):
                outcome = run(verb, "127.0.0.1:1", "--dtls", "--json", *own, *words)
                self.assert_fails(outcome, EXIT_OURS, "CONFIG")
                self.assertIn(part, outcome.error["sentence"])


class DataTest(DtlsCase):
    """What a datagram is made of, and how a connection ends."""

    def test_a_line_is_a_datagram(self):
        network = self.network(self.serve())
        client = self.client(network.address)
        client.event("connected")
        for length in (1, 2, 1000, DATAGRAM):
            client.say("x" * (length - 1) + "\n")
        self.assertEqual([len(text) for text in client.texts()], [1, 2, 1000, DATAGRAM])
        client.process.stdin.write("no end")  # of the line: the end of input is one
        self.assertEqual(client.finish(), EXIT_DONE)

    def test_a_line_that_is_longer_than_a_datagram_is_refused(self):
        for given in (b"x" * DATAGRAM + b"\n", b"x" * (DATAGRAM + 1)):
            outcome = self.connect(self.serve().address, *self.expect, "--json", given=given)
            self.assertEqual((outcome.status, outcome.code), (EXIT_OURS, "DATAGRAM"), str(outcome))
            self.assertIn(str(DATAGRAM), outcome.error["sentence"])

    def test_a_command_reads_and_writes_datagrams(self):
        script = ("import os, socket\nassert socket.socket(fileno=os.dup(0)).type == socket.SOCK_SEQPACKET\nfor n in range(3):\n    data = os.read(0, 65536)\n    os.write(1, b'%d %s' % (len(data), data))\n"
                  "os.write(1, b'')\nos.write(1, b'left %d' % len(os.read(0, 9)))")
        path = self.write("command.py", script)
        client = self.client(self.serve("--exec", f"exec /usr/bin/python3 {path}").address)
        client.event("connected")
        for count, line in enumerate(("a\n", "bb\n", "ccc\n"), 1):
            client.process.stdin.write(line)
            client.process.stdin.flush()
            wait_until(lambda: len(client.texts()) == count, f"answer {count}")
        self.assertEqual(client.finish(), EXIT_DONE)
        self.assertEqual(client.texts(), ["2 a\n", "3 bb\n", "4 ccc\n", "left 0"])  # the end of input came as that

    def test_a_command_that_writes_too_much_at_once_ends_the_connection(self):
        server = self.serve("--exec", f"exec head -c {DATAGRAM + 1} /dev/zero | dd bs=100k iflag=fullblock 2>/dev/null")
        outcome = self.connect(server.address, *self.expect, given=b"")
        self.assertEqual(outcome.out, b"")
        self.assertIn("what is to be sent does not fit into a datagram", server.err.wait(lambda line: "fit" in line, "the reason"))

    def test_forwarding_is_over_udp(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as service:
            service.settimeout(WAIT)
            service.bind(("127.0.0.1", 0))
            client = self.client(self.serve("--forward", "127.0.0.1:%d" % service.getsockname()[1]).address)
            client.event("connected")
            client.process.stdin.write("one\ntwo\n")
            client.process.stdin.flush()
            (one, source), (two, _) = service.recvfrom(100), service.recvfrom(100)
            self.assertEqual((one, two), (b"one\n", b"two\n"))
            for answer in (b"x" * (DATAGRAM + 1), b"", b"answer"):  # what does not fit, or is nothing, is lost
                service.sendto(answer, source)
            self.assertEqual(client.event("data")["result"]["text"], "answer")
        client.process.stdin.write("nobody\n")  # ICMP says so, and that ends nothing
        client.process.stdin.flush()
        self.assertEqual(client.finish(), EXIT_DONE)
        self.assertEqual(client.texts(), ["answer"])

    def test_nobody_there_is_no_connection(self):
        with broken_listener(socket.SOCK_DGRAM) as nobody:
            outcome = self.connect("127.0.0.1:%d" % nobody.getsockname()[1], *self.expect, "--json")
        self.assertEqual((outcome.status, outcome.code), (EXIT_CONNECTION, "CONNECTION"), str(outcome))
        self.assertIn("Connection refused", outcome.err)


class ServerTest(DtlsCase):
    """The server's options and signals."""

    def test_sigterm_tells_the_clients_and_ends(self):
        server = self.serve()
        client = self.client(server.address)
        client.event("connected")
        client.ask("there\n")
        server.stop()
        self.assertEqual(client.process.wait(WAIT), EXIT_DONE)
        self.assertTrue(client.event("closed")["ok"])

    def test_sighup_reads_again_and_connections_stay(self):
        policy = self.write("policy.json", json.dumps({"version": 1, "id": "before"}))
        server = self.serve(*self.peer.required(), "--policy", policy)
        client = self.client(server.address, *self.peer.own())
        client.ask("before\n")
        with self.stranger(server) as sock:  # whom the listener has ready what is next for
            sock.send(client_hello())
            cookie_of(sock.recv(2048))
        self.write("policy.json", json.dumps({"version": 1, "id": "after", "key_binding": ["hardware"]}))
        server.signal(signal.SIGHUP)
        server.err.wait(lambda line: "read again" in line, "the end of SIGHUP")
        outcome = self.connect(server.address, *self.expect, *self.peer.own())
        self.assertEqual(outcome.status, EXIT_REFUSED, str(outcome))
        client.ask("after\n")
        self.assertEqual(client.finish(), EXIT_DONE)

    @staticmethod
    def ask_together(server, *sockets) -> None:
        """A hello with its cookie from each, all of them there when the server looks."""
        hellos = []
        for sock in sockets:
            sock.send(client_hello())
            hellos.append(client_hello(cookie_of(sock.recv(2048)), 1))
        server.signal(signal.SIGSTOP)
        for sock, hello in zip(sockets, hellos):
            sock.send(hello)
        server.signal(signal.SIGCONT)

    def test_once_gives_the_status_of_its_connection(self):
        server = self.serve("--once")
        self.check_serves(server)
        self.assertEqual(server.finish(), EXIT_DONE)
        self.assertTrue(with_more_time(self.once_for_the_first, ("300ms", "3s", "30s")))
        server = Server(*POST, *self.machine.own(), "--once", *self.keygen("third").required())
        outcome = self.connect(server.address, *self.expect, *self.peer.own())
        self.assertEqual(outcome.status, EXIT_REFUSED, str(outcome))
        self.assertEqual(server.finish(), EXIT_REFUSED)

    def once_for_the_first(self, limit: str):
        """Two ask at once, and stay silent: the first is served until the time of its handshake is over, and nobody after it."""
        server = Server(*POST, *self.machine.own(), "--once", "--handshake-timeout", limit)
        with self.stranger(server) as first, self.stranger(server) as second:
            self.ask_together(server, first, second)
            self.assertEqual(server.finish(), EXIT_CONNECTION)
            for sock in (first, second):
                sock.setblocking(False)
            try:
                answer = first.recv(20000)
            except (BlockingIOError, ConnectionRefusedError):
                return None  # the time was over before the server had come to its answer
            self.assertEqual(answer[13], 2)
            self.assertRaises((BlockingIOError, ConnectionRefusedError), second.recv, 1)
            return True

    def test_many_clients_at_one_time_do_not_mix(self):
        server = self.serve()
        clients = [self.client(server.address) for _ in range(8)]
        for number, client in enumerate(clients):
            client.process.stdin.write(f"line of {number}\n")
            client.process.stdin.flush()
        for number, client in enumerate(clients):
            client.ask(f"line of {number}\n")
            self.assertEqual(client.finish(), EXIT_DONE)
            self.assertEqual(set(client.texts()), {f"line of {number}\n"})

    def test_every_address_of_the_machine_answers_as_itself(self):
        everywhere = [("0.0.0.0:0", ["127.0.0.1", "127.0.0.2", "localhost"]), ("[::]:0", ["[::1]", "127.0.0.3"])]
        for listen, addresses in everywhere[:1 + has_ipv6()]:
            server = self.serve(listen=listen)
            for address in addresses:
                with self.subTest(address):
                    self.assert_done(self.connect(f"{address}:{server.port}", *self.expect))

    def test_a_port_in_use_is_said(self):
        outcome = run("serve", self.serve().address, "--json", *POST, *self.machine.own())
        self.assert_fails(outcome, EXIT_OURS, "CONFIG")
        self.assertIn("Address already in use", outcome.err)

    def test_a_client_that_goes_silent_ends_in_time(self):
        server = self.serve("--handshake-timeout", "5s", "--max-handshakes", "1")
        with self.stranger(server) as sock:
            sock.send(client_hello())
            sock.send(client_hello(cookie_of(sock.recv(2048)), 1))
            self.assertEqual(sock.recv(20000)[13], 2)  # ServerHello, or what is sent again of it
            self.assert_done(self.connect(server.address, *self.expect, "--handshake-timeout", "60s"))  # it waits until there is room
        event = read_line(server.out.wait(lambda line: '"connection"' in line, "the connection"))
        self.assertEqual(event["error"]["code"], "TIMEOUT")

    def test_more_than_a_source_may_have_are_dropped(self):
        server = self.serve("--per-source", "1/s", "--handshake-timeout", "5s")
        socks = [self.stranger(server, "127.0.0.9") for _ in range(8)]  # too many for a second, on the slowest machine
        self.ask_together(server, *socks)
        self.assertEqual(socks[0].recv(20000)[13], 2)
        dropped = "dropped: more connections than --per-source allows"
        names = ["127.0.0.9:%d" % sock.getsockname()[1] for sock in socks]
        line = server.err.wait(lambda line: line.endswith(dropped), "one that is too many")
        self.assertIn(line, [f"atls serve: {name}: {dropped}" for name in names[1:]])


if __name__ == "__main__":
    main()
