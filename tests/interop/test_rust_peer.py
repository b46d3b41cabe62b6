#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""atls after the handshake against rust-peer, which is rustls and a reading of the standards (docs/interop.md).

test_rust_peer.py ATLS FOLDER [TEST...]: cargo builds into FOLDER, from the crates that Cargo.toml names.
"""

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "system"))

# pylint: disable=wrong-import-position
import atlslib
from atlslib import EXIT_CONNECTION, EXIT_DONE, EXIT_REFUSED, Lines, SystemTest, run
from authority import Authority, public_key_of
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

CRATE = os.path.join(HERE, "rust-peer")
HELLO = "hello from rust"
POST = ["--timing", "post"]
built = []  # the path of rust-peer, once main has it
# What an answer may not be, and what atls says of it: code, alert.
ANSWERS = {
    "refuse": ("REFUSED_TO_ATTEST", 40),
    "request-without-header": ("AUTHENTICATOR", 51),  # what is hashed is the whole message (RFC 9261, 5.2.2)
    "finished-without-hash": ("AUTHENTICATOR", 51),
    "keys-of-the-other-side": ("AUTHENTICATOR", 51),
    "other-context": ("ILLEGAL", 47),
    "octet-behind-finished": ("MALFORMED", 50),
    "in-the-second-entry": ("ILLEGAL", 47),
    "extension-not-asked-for": ("UNSOLICITED", 110),
    "without-evidence": ("NOT_ATTESTED", 40),
    "binder-of-another-context": ("FRESHNESS", 40),
    "binder-of-the-bare-point": ("FRESHNESS", 40),
    "binder-is-the-exported-value": ("FRESHNESS", 40),
    "data-before-done": ("ILLEGAL", 47),
    "done-at-once": ("ILLEGAL", 47),
}
# What a request may not be.
REQUESTS = {
    "no-signature-algorithms": ("EXTENSION_MISSING", 109),
    "other-request-type": ("ILLEGAL", 47),
    "request-handed-back": ("ILLEGAL", 47),
    "context-of-the-peer": ("AUTHENTICATOR", 51),
}
# What it may be: more than we know, less than we send.
TAKEN = ("extra-extensions", "media-type-only", "no-attestation-schemes", "long-hello")
# How far one in the middle gets who has no key of the machine: what is refused, and its alert.
RELAYS = {
    "as-it-is": ("AUTHENTICATOR", 51),
    "own-finished": ("AUTHENTICATOR", 51),
    "own-signature": ("AUTHENTICATOR", 51),
    "own-certificate": ("FRESHNESS", 40),
}


class RustPeer:
    """One run of it, whose lines are "NAME WHAT"."""

    def __init__(self, *words):
        self.process = subprocess.Popen([built[0], *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.lines = Lines(self.process.stdout)

    def address(self) -> str:
        return self.lines.wait(lambda line: line.startswith("listening on "), "its address").split()[-1]

    def facts(self) -> dict:
        try:
            status = self.process.wait(20)
        except subprocess.TimeoutExpired:  # nobody has come
            self.process.kill()
            status = self.process.wait()
        found = dict(line.partition(" ")[::2] for line in self.lines.join())
        return {**found, "status": status}


def spki_hash(key) -> str:
    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()


class Machine:
    """What the peer is: a chain for its key, an attestation key, and a CoRIM of it by `atls corim create`."""

    def __init__(self, test, authority, name):
        self.identity = test.keygen(name)
        authority.certify(self.identity)
        with open(authority.path, encoding="ascii") as ca, open(self.identity.path("pkix.pem"), "a", encoding="ascii") as chain:
            chain.write(ca.read())
        key = ec.generate_private_key(ec.SECP256R1())
        self.iak = test.write(name + ".iak", key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
        point = key.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
        spki = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)

        def value(kind, octets):
            return {"type": kind, "value": base64.b64encode(octets).decode()}

        of_class = {"id": value("bytes", b"\x17" * 32)}
        measured = {"digests": ["sha-256;" + base64.b64encode(b"\xb1" * 32).decode()],
                    "cryptokeys": [value("bytes", b"\x51" * 32)]}
        instance = value("ueid", b"\x01" + hashlib.sha256(point).digest())
        template = {"tag-identity": {"id": "43bbe37f-2e61-4b33-aed3-53cff1428b20"}, "triples": {
            "reference-values": [{"environment": {"class": of_class}, "measurements": [
                {"key": {"type": "string", "value": "psa.software-component"}, "value": measured}]}],
            "attester-verification-keys": [{"environment": {"class": of_class, "instance": instance},
                                            "verification-keys": [value("pkix-base64-key", spki)]}]}}
        self.endorsement = test.path(name + ".corim")
        test.assert_done(None, run("corim", "create", test.write(name + ".json", json.dumps(template)), "--profile", "psa",
                                   "-o", self.endorsement))

    def own(self) -> list:
        """Words for rust-peer."""
        return ["--cert", self.identity.path("pkix.pem"), "--key", self.identity.path("key.pem"), "--attest", self.iak]

    def required(self) -> list:
        """Words for atls: no --simulated, since nothing here is a simulation of ours."""
        return ["--require", "psa", "--endorsements", self.endorsement]


class RustPeerTest(SystemTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.authority = Authority(cls.folder)
        cls.rust = Machine(cls, cls.authority, "rust")
        cls.atls = cls.keygen("atls")
        cls.presented = cls.authority.certify(cls.atls)
        key = serialization.load_pem_private_key(cls.atls.attester()["key"].encode(), None)
        cls.anchor = cls.write("atls.iak", key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))
        cls.expects = ["--expect", cls.anchor, "--ca", cls.authority.path]
        cls.peers_name = ["--ca", cls.authority.path, "--name", "localhost"]

    @staticmethod
    def assert_done(_, outcome):
        if outcome.status != EXIT_DONE:
            raise AssertionError(str(outcome))

    def own(self) -> list:
        return [*self.atls.own(), *self.presented]

    def ask_server(self, options, *words) -> tuple:
        """rust-peer as the client of `atls serve`: its facts, and the server's event."""
        server = self.server(*self.own(), *POST, *options)
        facts = RustPeer("client", "--connect", server.address, *words).facts()
        line = server.out.wait(lambda text: '"connection"' in text, "the event of the connection")
        return facts, atlslib.read_line(line)

    def ask_peer(self, options, *words, given=b"hello from atls\n") -> tuple:
        """rust-peer as the server of `atls connect`: its facts, and the outcome."""
        peer = RustPeer("server", *words)
        outcome = run("connect", peer.address(), "--json", *POST, *self.peers_name, *options, given=given)
        return peer.facts(), outcome

    def assert_refused(self, said, facts, code, alert):
        """atls has refused, with this alert in CLOSE, and no data have passed."""
        self.assertEqual(said["code"], code, f"{said} {facts}")
        self.assertEqual(facts.get("closed"), str(alert), f"{said} {facts}")
        self.assertNotIn("data", facts)


class AttestedTest(RustPeerTest):
    def test_each_side_and_both_over_both_hashes(self):
        for suite in ("TLS13_AES_128_GCM_SHA256", "TLS13_CHACHA20_POLY1305_SHA256", "TLS13_AES_256_GCM_SHA384"):
            for server_attests, client_attests in ((True, False), (False, True), (True, True)):
                with self.subTest(suite=suite, server=server_attests, client=client_attests):
                    self.meet(suite, server_attests, client_attests)

    def meet(self, suite, server_attests, client_attests):
        expects, required, own = self.expects, self.rust.required(), self.rust.own()
        facts, event = self.ask_server([*(required + ["--ca", self.authority.path] if client_attests else [])], "--suite", suite,
                                       *(expects if server_attests else expects[2:]), *(own if client_attests else []))
        self.assertEqual((facts["status"], facts.get("data"), facts["suite"]), (0, HELLO, suite), f"{facts} {event}")
        self.assertEqual((facts["asked"], facts["answered"]), (str(int(server_attests)), str(int(client_attests))))
        self.assertEqual(event["error"], None, event)
        if server_attests:
            self.assertEqual(facts["peer"], spki_hash(public_key_of(self.atls)))
        facts, outcome = self.ask_peer([*(required if server_attests else []), *(self.own() if client_attests else [])],
                                       "--suite", suite, *own[:4], *(own[4:] if server_attests else []),
                                       *(expects if client_attests else []))
        self.assertEqual((outcome.status, facts["status"]), (EXIT_DONE, 0), f"{outcome} {facts}")
        events = {line["event"]: line["result"] for line in outcome.objects}
        self.assertEqual(events["data"]["text"], "hello from atls\n")
        if server_attests:
            verdict = events["connected"]["verdict"]
            self.assertEqual(verdict["evidence"][0]["status"], "affirming")
            self.assertEqual(len(verdict["channel"]["binder"]), 96 if "384" in suite else 64)

    def test_protocols_of_the_application(self):
        facts, outcome = self.ask_peer(self.rust.required(), *self.rust.own(), "--alpn", "echo")
        self.assertEqual(facts["status"], 3, facts)  # `atls connect` offers atls/1 alone
        self.assertNotEqual(outcome.status, EXIT_DONE)
        facts, _ = self.ask_server(self.rust.required() + ["--ca", self.authority.path], *self.rust.own(), "--alpn", "echo")
        self.assertEqual((facts["status"], facts["error"]), (3, "received fatal alert: NoApplicationProtocol"), facts)

    def test_older_labels(self):
        for label in ("Attestation", "Attestation Binding"):
            words = ["--exporter-label", label]
            with self.subTest(label):
                facts, _ = self.ask_server(words, *words, *self.expects)
                self.assertEqual(facts.get("data"), HELLO, facts)
                facts, outcome = self.ask_peer(self.rust.required() + words, *self.rust.own(), *words)
                self.assertEqual((outcome.status, facts["status"]), (EXIT_DONE, 0), f"{outcome} {facts}")
                facts, outcome = self.ask_peer(self.rust.required() + words, *self.rust.own())
                self.assert_refused(outcome.error, facts, "FRESHNESS", 40)
                facts, event = self.ask_server([], *words, *self.expects)
                self.assertEqual(facts["error"], "Evidence: its nonce is not the binder")
                self.assertEqual(event["error"]["code"], "PEER_REFUSED", event)

    def test_requests_may_say_more_and_less(self):
        for fault in TAKEN:
            with self.subTest(fault):
                facts, _ = self.ask_server([], *self.expects, "--fault", fault)
                self.assertEqual(facts.get("data"), HELLO, facts)
                facts, outcome = self.ask_peer([*self.own(), *self.rust.required()], *self.rust.own(), *self.expects,
                                               "--fault", fault.replace("extra-extensions", "long-hello"))
                self.assertEqual((outcome.status, facts["status"]), (EXIT_DONE, 0), f"{outcome} {facts}")


class RefusedTest(RustPeerTest):
    def test_answers_that_are_wrong_in_one_thing(self):
        for fault, (code, alert) in ANSWERS.items():
            with self.subTest(fault):
                facts, event = self.ask_server([*self.rust.required(), "--ca", self.authority.path], *self.rust.own(),
                                               "--fault", fault)
                self.assert_refused(event["error"], facts, code, alert)
                facts, outcome = self.ask_peer(self.rust.required(), *self.rust.own(), "--fault", fault)
                self.assert_refused(outcome.error, facts, code, alert)
                self.assertEqual(outcome.status, EXIT_REFUSED)

    def test_requests_that_are_wrong_in_one_thing(self):
        for fault, (code, alert) in REQUESTS.items():
            with self.subTest(fault):
                words = [*self.rust.own(), *self.expects, "--fault", fault]
                facts, event = self.ask_server([*self.rust.required(), "--ca", self.authority.path], *words)
                self.assert_refused(event["error"], facts, code, alert)
                facts, outcome = self.ask_peer([*self.rust.required(), *self.own()], *words)
                self.assert_refused(outcome.error, facts, code, alert)

    def test_nothing_is_taken_from_an_answer_of_another_connection(self):
        """One in the middle, with a good certificate of its own and a connection to each of two honest sides."""
        for how, (code, alert) in RELAYS.items():
            middle = [*self.rust.own()[:4], "--ca", self.authority.path, "--how", how]
            with self.subTest(how, attests="server"):
                server = self.server(*self.own(), *POST)
                peer = RustPeer("relay", *middle, "--attests", "server", "--connect", server.address)
                outcome = run("connect", peer.address(), "--json", *POST, *self.peers_name, *self.atls.required(), given=b"hello")
                self.assert_refused(outcome.error, peer.facts(), code, alert)
            with self.subTest(how, attests="client"):
                server = self.server(*self.presented, *POST, *self.atls.required(), "--ca", self.authority.path)
                peer = RustPeer("relay", *middle, "--attests", "client", "--connect", server.address)
                outcome = run("connect", peer.address(), "--json", *POST, *self.own(), *self.peers_name, given=b"hello")
                line = server.out.wait(lambda text: '"connection"' in text, "the event of the connection")
                self.assert_refused(atlslib.read_line(line)["error"], peer.facts(), code, alert)
                self.assertEqual(outcome.status, EXIT_CONNECTION, str(outcome))


class RoundsTest(RustPeerTest):
    def test_either_side_asks_again_among_data(self):
        facts, _ = self.ask_server(["--framed"], "--framed", "--rounds", "3", *self.expects)
        self.assertEqual((facts.get("data"), facts["asked"], facts["framed"]), (HELLO, "4", "true"), facts)
        facts, outcome = self.reattest()
        self.assertEqual((outcome.status, facts["status"]), (EXIT_DONE, 0), f"{outcome} {facts}")
        rounds = [line for line in outcome.objects if line["event"] == "round"]
        self.assertEqual(facts["answered"], str(1 + len(rounds)), f"{outcome} {facts}")
        self.assertGreaterEqual(len(rounds), 2)

    def reattest(self, *words) -> tuple:
        """`atls connect` asks each 100 ms, for as long as its standard input is open."""
        peer = RustPeer("server", "--framed", *self.rust.own(), *words)
        client = atlslib.start(["connect", peer.address(), "--json", *POST, *self.peers_name, *self.rust.required(),
                                "--reattest", "100ms"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        lines = []
        while '"event":"closed"' not in (lines or [""])[-1] and len(lines) < 3:
            lines.append(client.stdout.readline().decode())
            if not lines[-1]:
                break
        out, err = client.communicate(timeout=atlslib.WAIT)
        return peer.facts(), atlslib.Outcome("reattest", client.returncode, "".join(lines).encode() + out, err)

    def test_nothing_serves_twice(self):
        facts, event = self.ask_server(["--framed"], "--framed", "--rounds", "1", *self.expects,
                                       "--fault", "same-context-again")
        self.assertEqual((facts["closed"], facts["asked"]), ("51", "1"), f"{facts} {event}")
        facts, outcome = self.reattest("--fault", "old-answer-again")
        self.assertEqual((outcome.status, outcome.code), (EXIT_REFUSED, "ILLEGAL"), str(outcome))
        self.assertEqual((facts["closed"], facts["answered"]), ("47", "2"), facts)


def build(folder: str) -> str:
    """With the ordinary client of Rust; Cargo.toml has the versions, and what they need is of the day."""
    if shutil.which("cargo") is None:
        atlslib.skip("cargo is not installed")
    fetched = subprocess.run(["cargo", "fetch"], cwd=CRATE, capture_output=True, text=True, check=False)
    if fetched.returncode != 0:
        atlslib.skip(f"no crates for {os.path.relpath(CRATE, atlslib.ROOT)}: {fetched.stderr[-500:]}")
    made = subprocess.run(["cargo", "build", "--release", "--offline", "--target-dir", folder], cwd=CRATE,
                          capture_output=True, text=True, check=False)
    if made.returncode != 0:
        sys.exit(f"rust-peer does not build: {made.stderr[-3000:]}")
    return os.path.join(folder, "release", "rust-peer")


if __name__ == "__main__":
    built.append(build(os.path.abspath(sys.argv.pop(2))))
    atlslib.main()
