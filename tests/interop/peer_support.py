# SPDX-License-Identifier: Apache-2.0
"""What the tests of the peer share: keys, two endpoints in one process, processes, the runner."""

import datetime
import ipaddress
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

SKIPPED = 77

try:
    import cbor2  # noqa: F401  (for test_peer_vectors.py)
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519
    from cryptography.x509.oid import NameOID
except ImportError as absent:
    print(f"skipped: {sys.executable} lacks a module: {absent}", file=sys.stderr)
    sys.exit(SKIPPED)

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

from tlspeer import client, faults, options, server  # noqa: E402  (after the path)

SHARED = os.path.join(HERE, "..", "..", "..", "shared")
PEER = os.path.join(HERE, "peer.py")
OPENSSL = shutil.which("openssl")

faults.load_all()


def shared(*parts: str) -> str:
    """A file of the shared test data; the test is skipped where it is absent."""
    path = os.path.join(SHARED, *parts)
    if not os.path.exists(path):
        raise unittest.SkipTest(f"{os.path.join('../shared', *parts)} is absent")
    return path


class Files:
    """A folder with a CA, end-entity certificates of each kind and a key for simulated Evidence."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="atls-peer-")
        self.ca_key = ec.generate_private_key(ec.SECP256R1())
        self.ca = self._certificate("ca", self.ca_key.public_key(), "test CA", True)
        kinds = {"p256": ec.generate_private_key(ec.SECP256R1()),
                 "p384": ec.generate_private_key(ec.SECP384R1()),
                 "ed25519": ed25519.Ed25519PrivateKey.generate(),
                 "client": ec.generate_private_key(ec.SECP256R1())}
        for name, key in kinds.items():
            self._write_key(name, key)
            self._certificate(name, key.public_key(), name, False)
        sim = ec.generate_private_key(ec.SECP256R1())
        self._write_key("sim", sim)
        with open(self.path("sim.pub"), "wb") as file:
            file.write(sim.public_key().public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))

    def path(self, name: str) -> str:
        return os.path.join(self.folder, name)

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def _write_key(self, name: str, key) -> None:
        with open(self.path(name + ".key"), "wb") as file:
            file.write(key.private_bytes(serialization.Encoding.PEM,
                                         serialization.PrivateFormat.PKCS8,
                                         serialization.NoEncryption()))

    def _certificate(self, name: str, public_key, subject: str, is_ca: bool):
        own = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
        ca = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test CA")])
        now = datetime.datetime.utcnow()
        names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        made = (x509.CertificateBuilder().subject_name(own).issuer_name(ca)
                .public_key(public_key).serial_number(x509.random_serial_number())
                .not_valid_before(now - datetime.timedelta(hours=1))
                .not_valid_after(now + datetime.timedelta(days=2))
                .add_extension(x509.BasicConstraints(is_ca, None), critical=True)
                .add_extension(x509.SubjectAlternativeName(names), critical=False)
                .sign(self.ca_key, hashes.SHA256()))
        with open(self.path(name + ".crt"), "wb") as file:
            file.write(made.public_bytes(serialization.Encoding.PEM))
        return made

    def identity(self, name: str) -> list:
        return ["--cert", self.path(name + ".crt"), "--key", self.path(name + ".key")]

    def attest(self, kind: str = "psa") -> list:
        return ["--attest", kind, "--sim-key", self.path("sim.key")]

    def expect(self, kind: str = "psa") -> list:
        return ["--expect", kind, "--ak", self.path("sim.pub")]


class Pair:
    """A server and a client in one process, over a real socket; both reports afterwards."""

    def __init__(self, server_options: list, client_options: list, server_config=None, listener=None):
        self.server = self.client = None
        self.server_config = server_config or configure("server", server_options)
        self.listener = listener or socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.client_config = configure("client", client_options, self.port)
        self.failure = None
        thread = threading.Thread(target=self._serve, daemon=True)
        thread.start()
        sock = socket.create_connection(("127.0.0.1", self.port), 60)
        self.client = client.Client(self.client_config, sock)
        self.client.run()
        thread.join(60)
        self.listener.close()
        if self.failure is not None:
            raise self.failure
        if thread.is_alive():
            raise TimeoutError("the server's side did not end")

    def _serve(self) -> None:
        try:
            self.listener.settimeout(60)
            sock, _ = self.listener.accept()
            self.server = server.Server(self.server_config, sock)
            self.server.run()
        except Exception as error:  # the main thread raises it again
            self.failure = error

    def side(self, role: str):
        return self.server if role == "server" else self.client


def configure(role: str, words: list, port: int = 0):
    where = ["--connect" if role == "client" else "--listen", f"127.0.0.1:{port}"]
    if "--timeout" not in words:
        where += ["--timeout", "30"]
    return options.configure(options.parser().parse_args([role] + where + words))


def peer_process(words: list, **more) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, PEER] + words, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True, **more)


def listening_port(process: subprocess.Popen) -> int:
    """The port out of the first line on stderr of peer.py server or mitm.py."""
    line = process.stderr.readline()
    if not line.startswith("listening on "):
        raise AssertionError(f"not listening: {line} {process.stderr.read()}")
    return int(line.rpartition(":")[2])


def finish(process: subprocess.Popen, timeout: float = 60):
    """(exit status, the one JSON object on stdout or None)."""
    out, _ = process.communicate(timeout=timeout)
    return process.returncode, (json.loads(out) if out.strip() else None)


class PeerTest(unittest.TestCase):
    """A test with its own folder of keys, made once a class."""

    @classmethod
    def setUpClass(cls):
        cls.files = Files()

    @classmethod
    def tearDownClass(cls):
        cls.files.remove()

    def assert_done(self, report) -> None:
        self.assertTrue(report["ok"], dict(report))


def main() -> None:
    """unittest.main, but with exit status 77 when every test was skipped."""
    program = unittest.main("__main__", verbosity=2, exit=False)
    result = program.result
    for test, reason in result.skipped:
        print(f"skipped: {test}: {reason}", file=sys.stderr)
    if not result.wasSuccessful():
        sys.exit(1)
    sys.exit(SKIPPED if result.testsRun and len(result.skipped) == result.testsRun else 0)
