# SPDX-License-Identifier: Apache-2.0
"""The adversary: tests/interop's peer and man in the middle, inside the test's own process.

The peer attests as any identity of `atls keygen --rot sim-psa` does, with the key and the claims
in its attester.json, so that only the fault is wrong. As a TPM it is a key in software that an
endorsement made here names.
"""

import base64
import hashlib
import json
import os
import socket
import sys
import threading
import uuid

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [os.path.join(TESTS, "system"), os.path.join(TESTS, "interop")]

import atlslib  # noqa: E402  (after the path)

try:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec
except ImportError as absent:
    atlslib.skip(f"{sys.executable} lacks a module: {absent}")

import mitm  # noqa: E402
from tlspeer import faults, keys, options, server, wirefaults  # noqa: E402
from tlspeer.client import Client  # noqa: E402

faults.load_all()

HELLO = "hello from the peer"
SECRET = b"application data that may not get out\n"
PCR_VALUE = bytes(32)
_CLASS = str(uuid.UUID(int=0xa7715))


def pem_of(key) -> bytes:
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                             serialization.NoEncryption())


def public_pem(key) -> str:
    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


def claims_by_name(claims: dict) -> dict:
    """attester.json's claims in the form that --claims takes: octets in base64."""
    def octets(text: str) -> str:
        return base64.b64encode(bytes.fromhex(text)).decode()

    found = {"psa-client-id": claims["client-id"],
             "psa-security-lifecycle": claims["security-lifecycle"]}
    for name in ("implementation-id", "instance-id", "boot-seed"):
        found[f"psa-{name}"] = octets(claims[name])
    found["psa-software-components"] = [
        {"measurement-type": part["type"], "measurement-value": octets(part["value"]),
         "version": part["version"], "signer-id": octets(part["signer"])}
        for part in claims["components"]]
    return found


class PeerIdentity(atlslib.Identity):
    """An identity of `atls keygen --rot sim-psa` that the peer can use."""

    def __init__(self, folder: str):
        super().__init__(folder)
        attester = self.attester()
        self.signer = serialization.load_pem_private_key(attester["key"].encode(), None)
        self._write("sim.key", attester["key"])
        self._write("sim.pub", public_pem(self.signer))
        self._write("claims.json", json.dumps(claims_by_name(attester["claims"])))

    def _write(self, name: str, text: str) -> None:
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def tls(self) -> list:
        return ["--cert", self.path("cert.pem"), "--key", self.path("key.pem")]

    def attesting(self) -> list:
        return self.tls() + ["--attest", "psa", "--sim-key", self.path("sim.key"),
                             "--claims", self.path("claims.json")]

    def expected(self) -> list:
        """What the peer says that requires the attestation of this one."""
        return ["--expect", "psa", "--ak", self.path("sim.pub")]


class SoftTpm(atlslib.Identity):
    """A TPM that is none: TLS key and AK in software, the AK endorsed as if it were a TPM's."""

    def __init__(self, folder: str, tls: PeerIdentity, pcrs=(0, 1, 2)):
        os.mkdir(folder)
        super().__init__(folder)
        self._tls = tls
        self.ak = ec.generate_private_key(ec.SECP256R1())
        with open(self.path("ak.key"), "wb") as file:
            file.write(pem_of(self.ak))
        endorse_tpm(self.endorsement, self.ak, pcrs)

    def tls(self) -> list:
        return self._tls.tls()

    def attesting(self) -> list:
        return self.tls() + ["--attest", "tpm2", "--sim-key", self.path("ak.key")]

    def required(self) -> list:
        return ["--require", "tpm2", "--endorsements", self.endorsement]


def kid_of(ak) -> bytes:
    """The name that Evidence and endorsement give to AK (the peer's choice of a UEID)."""
    return b"\x01" + hashlib.sha256(keys.point_of(ak.public_key())).digest()


def endorse_tpm(path: str, ak, pcrs=(0, 1, 2), value: bytes = PCR_VALUE) -> None:
    """A CoRIM that names AK and the PCRs that the peer's simulated quote shows."""
    environment = {"class": {"id": {"type": "uuid", "value": _CLASS}}}
    instance = {"type": "bytes", "value": base64.b64encode(kid_of(ak)).decode()}
    digest = "sha-256;" + base64.b64encode(value).decode()
    template = {
        "tag-identity": {"id": str(uuid.uuid4())},
        "triples": {
            "reference-values": [{"environment": environment, "measurements": [
                {"key": {"type": "uint", "value": pcr}, "value": {"digests": [digest]}}
                for pcr in pcrs]}],
            "attester-verification-keys": [{
                "environment": dict(environment, instance=instance),
                "verification-keys": [{"type": "pkix-base64-key", "value": public_pem(ak)}]}]}}
    with open(path + ".json", "w", encoding="utf-8") as file:
        json.dump(template, file)
    outcome = atlslib.run("corim", "create", path + ".json", "--profile", "tpm2", "-o", path)
    if outcome.status != atlslib.EXIT_DONE:
        raise AssertionError(str(outcome))


def configure(role: str, words: list, address: str):
    where = ["--connect" if role == "client" else "--listen", address]
    words = [role, *where, "--timeout", str(atlslib.WAIT / 2), *words]
    return options.configure(options.parser().parse_args(words))


def _fault_words(chosen) -> list:
    return [word for name in chosen for word in ("--fault", name)]


def connect(address: str, *words, faults=()):
    """The peer as a client of ADDRESS: (its report, its own address)."""
    config = configure("client", [*words, *_fault_words(faults)], address)
    with atlslib.dial(address) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        own = atlslib.name_of(sock)
        return Client(config, sock).run(), own


class Listener:
    """Accepts connections in a thread, one after the other, and hands each to `handle`."""

    def __init__(self, connections: int):
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.settimeout(atlslib.WAIT)
        self.port = self._socket.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        self._left, self.failure, self.done = connections, None, []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def handle(self, sock: socket.socket):
        raise NotImplementedError

    def _accept(self) -> None:
        try:
            while self._left > 0:
                sock, _ = self._socket.accept()
                self._left -= 1
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.done.append(self.handle(sock))
        except Exception as error:  # finish() raises it again, in the test's thread
            self.failure = error
        finally:
            self._socket.close()

    def finish(self) -> list:
        """Waits for the last connection; what handle() gave for each."""
        self._thread.join(atlslib.WAIT)
        if self.failure is not None:
            raise self.failure
        if self._thread.is_alive():
            raise AssertionError("the peer's side did not end")
        return self.done


class PeerServer(Listener):
    """The peer as a server for some connections."""

    def __init__(self, *words, faults=(), connections: int = 1):
        self.config = configure("server", [*words, *_fault_words(faults)], "127.0.0.1:0")
        super().__init__(connections)

    def handle(self, sock: socket.socket):
        return server.Server(self.config, sock).run()

    def report(self):
        """That of the last connection."""
        return self.finish()[-1]


class Middle(Listener):
    """mitm.py between a client and ADDRESS."""

    def __init__(self, address: str, *chosen, words=(), connections: int = 1):
        chosen = [word for name in chosen for word in ("--fault", name)]
        self.args = mitm.parse_arguments(
            ["--listen", "127.0.0.1:0", "--to", address, "--timeout", str(atlslib.WAIT / 2),
             *chosen, *words])
        super().__init__(connections)

    def handle(self, sock: socket.socket):
        return mitm.one_connection(sock, self.args)

    def applied(self) -> bool:
        """Did every fault do what it is for?"""
        counts = self.finish()[-1].get("applied", {})
        return bool(counts) and all(count > 0 for count in counts.values())


def add_stage(name: str, made) -> None:
    """One more fault for the man in the middle, of this process alone."""
    wirefaults.TABLE[name] = made


def shown(report) -> dict:
    """What a failed test prints of a report."""
    names = ("exit", "error", "alert_sent", "alert_received", "chosen", "hrr",
             "application_data_received")
    return {name: report[name] for name in names}


class AttackTest(atlslib.SystemTest):
    """Identities of both sides, and what must hold of every refusal."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.atls = cls.keygen("atls")
        cls.keygen("peer")
        cls.peer = PeerIdentity(cls.path("peer"))
        cls.ours = PeerIdentity(cls.atls.folder)  # what the peer has to know of atls
        cls._servers = {}

    # atls as the server: it requires `of`, the peer is the client.

    @classmethod
    def relying_server(cls, of=None, *words) -> atlslib.Server:
        """A server that appends to the file `got` what an accepted client sends, and echoes."""
        return cls.server_for_class(
            *cls.atls.own(), *(of or cls.peer).required(), "--exec", f"tee -a {cls.path('got')}",
            *words)

    def got(self) -> str:
        try:
            with open(self.path("got"), encoding="utf-8") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def assert_served(self, server, identity=None) -> None:
        """An honest client is served, and its line is all that comes out."""
        before = self.got()
        line = f"honest {uuid.uuid4()}"
        report, own = connect(server.address, *(identity or self.peer).attesting(),
                              "--send", line)
        self.assertTrue(report["ok"], shown(report))
        self.assertTrue(server.connection(own)["ok"])
        atlslib.wait_until(lambda: line in self.got(), f"{line} out of the server")
        self.assertEqual(self.got(), f"{before}{line}\n")

    def assert_server_accepts(self, server, words, chosen=()):
        """What looks like a fault is none: the client is served."""
        report, own = connect(server.address, "--send", "honest", *words, faults=chosen)
        event = server.connection(own)
        context = f"{chosen}: {shown(report)} {event}"
        self.assertTrue(report["ok"], context)
        self.assertTrue(event["ok"], context)
        self.assertEqual(event["result"]["verdict"]["state"], "accepted", context)
        return event, report

    def assert_server_refuses(self, server, words, chosen, alert, codes, honest=None):
        """The client with the faults gets ALERT, the server says why, and serves the next."""
        report, own = connect(server.address, *words, faults=chosen)
        event = server.connection(own)
        said = server.said_of(own)
        context = f"{chosen}: {shown(report)} {event} {said}"
        self.assert_alert(report, alert, context)
        self.assertFalse(event["ok"], context)
        self.assert_error(event, codes, context)
        self.assertEqual(said, ["refused: " + event["error"]["sentence"]], context)
        self.assertIsNone(report["application_data_received"], context)
        self.assert_not_accepted(event["result"]["verdict"])
        self.assertNotIn(HELLO, self.got(), context)
        self.assert_served(server, honest)
        return event

    # atls as the client: it requires `of`, the peer is the server.

    def client_words(self, address: str, of=None, *words) -> list:
        return ["connect", address, "--json", "--no-pkix", *(of or self.peer).required(), *words]

    def assert_client_accepts(self, words, chosen=(), *more, of=None):
        """What looks like a fault is none: the line goes there and back."""
        peer = PeerServer(*words, faults=chosen)
        outcome = atlslib.run(*self.client_words(peer.address, of, *more), given=SECRET)
        report = peer.report()
        context = f"{chosen}: {shown(report)} {outcome}"
        self.assertEqual(outcome.status, atlslib.EXIT_DONE, context)
        events = outcome.objects
        self.assertEqual([event["event"] for event in events], ["connected", "data", "closed"],
                         context)
        self.assertEqual(events[0]["result"]["verdict"]["state"], "accepted", context)
        self.assertEqual(events[1]["result"]["text"], SECRET.decode(), context)
        return events[0], report

    def assert_client_refuses(self, words, chosen, alert, codes, *more, of=None, status=2):
        """atls refuses the server with the faults: alert, exit status, one sentence, no data."""
        peer = PeerServer(*words, faults=chosen)
        outcome = atlslib.run(*self.client_words(peer.address, of, *more), given=SECRET)
        report = peer.report()
        context = f"{chosen}: {shown(report)} {outcome}"
        self.assert_alert(report, alert, context)
        self.assertEqual(outcome.status, status, context)
        objects = outcome.objects
        self.assertEqual(len(objects), 1, context)
        self.assertNotIn("event", objects[0], context)
        self.assertEqual(objects[0]["exit"], status, context)
        self.assert_error(objects[0], codes, context)
        self.assertEqual(outcome.err, f"atls connect: {objects[0]['error']['sentence']}\n")
        self.assertIsNone(report["application_data_received"], context)
        self.assert_not_accepted(objects[0]["result"].get("verdict"))
        return objects[0]

    # Either side.

    def assert_both_refuse(self, words, chosen, alert, codes, *more, of=None) -> None:
        """atls as the server and as the client; MORE are options of both."""
        key = (None if of is None else of.folder, more)
        if key not in self._servers:
            self._servers[key] = self.relying_server(of, *more)
        with self.subTest(chosen):
            self.assert_server_refuses(self._servers[key], words, chosen, alert, codes, of)
            self.assert_client_refuses(words, chosen, alert, codes, *more, of=of)

    # What both have in common.

    def assert_alert(self, report, alert, context) -> None:
        received = report["alert_received"]
        if alert is None:
            self.assertIsNone(received, context)
        else:
            self.assertIsNotNone(received, context)
            self.assertEqual(received["number"], alert, context)

    def assert_error(self, line, codes, context) -> None:
        """The code is one of CODES, and the sentence says step, claim, found and expected."""
        error = line["error"]
        codes = (codes,) if isinstance(codes, str) else codes
        self.assertIn(error["code"], codes, context)
        self.assertTrue(error["step"], context)
        self.assertTrue(error["claim"] or error["found"], context)
        for part in ("step", "claim", "found", "expected"):
            self.assertIn(error[part] or "", error["sentence"], context)
        self.assertNotIn("\n", error["sentence"])

    def assert_not_accepted(self, verdict) -> None:
        if verdict is not None:
            self.assertFalse(verdict["accepted"], verdict)
            self.assertIn(verdict["state"], ("refused", "none"), verdict)
