# SPDX-License-Identifier: Apache-2.0
"""`atls verifier` for tests: the program on a port of its own, and a client that shares no code with it."""

import base64
import http.client
import json
import os
import signal
import subprocess
import tempfile
import unittest

from atlslib import EXIT_DONE, SANITIZER, WAIT, Lines, SystemTest, read_line, run, skip, start

try:
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils
    from cryptography.exceptions import InvalidSignature
except ImportError:
    skip("python3-cryptography is not installed")

SESSION = "application/vnd.veraison.challenge-response-session+json"
SUBMISSION = "application/vnd.veraison.provisioning-session+json"
DISCOVERY = "application/vnd.veraison.discovery+json"
PSA_CORIM = 'application/rim+cbor; profile="tag:arm.com,2025:psa#1.0.0"'
PSA = 'application/eat+cwt; eat_profile="tag:psacertified.org,2023:psa#tfm"'
CMW = "application/cmw+cbor"
NEW = "/challenge-response/v1/newSession"
SUBMIT = "/endorsement-provisioning/v1/submit"
TOKEN = "correct-horse-battery"


def unbase64(text: str) -> bytes:
    """base64url without padding, nothing else."""
    if not set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"):
        raise AssertionError(f"{text} is not base64url without padding")
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Answer:
    def __init__(self, response, body: bytes):
        self.status, self.headers, self.body = response.status, response.headers, body

    @property
    def json(self) -> dict:
        return json.loads(self.body)

    def __str__(self) -> str:
        return f"{self.status} {dict(self.headers)} {self.body[:2000]!r}"


class Client:
    """One connection, kept alive."""

    def __init__(self, port: int, tls=None, timeout: float = WAIT, host: str = "127.0.0.1"):
        self.connection = http.client.HTTPSConnection(host, port, timeout=timeout, context=tls) if tls \
            else http.client.HTTPConnection(host, port, timeout=timeout)

    def ask(self, method: str, path: str, body=None, **headers) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items() if value is not None}
        self.connection.request(method, path, body, named)
        response = self.connection.getresponse()
        return Answer(response, response.read())

    def new(self, query: str = "", accept=SESSION) -> Answer:
        return self.ask("POST", NEW + query, Accept=accept)

    def submit(self, corim: bytes, kind: str = PSA_CORIM, token=TOKEN) -> Answer:
        return self.ask("POST", SUBMIT, corim, Content_Type=kind, Accept=SUBMISSION,
                        Authorization=None if token is None else f"Bearer {token}")

    def close(self) -> None:
        self.connection.close()


def need_built(store: str = "sqlite:") -> None:
    """Skips where this program has no Verifier, or none with this kind of store."""
    if "not built" in run("verifier", "-h").err:
        raise unittest.SkipTest("libmicrohttpd, libseccomp or SQLite was absent when this was built")
    if store == "sqlite:":
        return
    with tempfile.TemporaryDirectory(prefix="atls-test-") as folder:
        key = os.path.join(folder, "key.pem")
        with open(key, "wb") as file:
            file.write(private_pem(ec.generate_private_key(ec.SECP256R1())))
        # no such port: what was not built is said before anybody is asked
        outcome = run("verifier", "--json", "--signing-key", key, "--listen", "127.0.0.1:0",
                      "--store", store + "nobody@127.0.0.1:1/none")
    if outcome.code == "NOT_BUILT":
        raise unittest.SkipTest("libpq was absent when this was built")


def private_pem(key) -> bytes:
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def sqlite_store(folder: str, name: str) -> str:
    return f"sqlite:{os.path.join(folder, name + '.db')}"


class Verifier:
    """The program. `options` come behind those that every one here has; `launch` starts it."""

    store = staticmethod(sqlite_store)  # of a folder and a name

    def __init__(self, folder: str, *options, name: str = "v", token=True, cwd=None, listen="127.0.0.1:0", launch=start):
        self.folder, self.name = folder, name
        self.key_file = os.path.join(folder, "signing.pem")
        if not os.path.exists(self.key_file):
            self.key = ec.generate_private_key(ec.SECP256R1())
            with open(self.key_file, "wb") as file:
                file.write(private_pem(self.key))
        words = ["--signing-key", self.key_file, "--listen", listen, "--json", "--store", self.store(folder, name)]
        if token:
            token_file = os.path.join(folder, "token")
            with open(token_file, "w", encoding="ascii") as file:
                file.write(TOKEN + "\n")
            words += ["--token", token_file]
        self.process = launch(["verifier", *words, *options], cwd=cwd, text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.out, self.err = Lines(self.process.stdout), Lines(self.process.stderr)
        try:
            self.listening = self.wait("listening")
        except AssertionError:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"verifier {options}: {self.out.join()} {self.err.join()}") from None
        self.host, _, port = self.listening["address"].rpartition(":")
        self.port = int(port)

    def wait(self, event: str, holds=lambda result: True) -> dict:
        """The result of the first event of this name for which HOLDS(result)."""
        def is_it(line):
            found = json.loads(line)
            return found.get("event") == event and holds(found["result"])
        return read_line(self.out.wait(is_it, f"the event {event}"))["result"]

    def events(self, event: str) -> list:
        return [found for found in map(read_line, self.out.all()) if found.get("event") == event]

    def client(self, **more) -> Client:
        return Client(self.port, host=self.host, **more)

    def pids(self, process: str) -> list:
        """Those that run now, by the log."""
        running = []
        for found in self.events("process"):
            result = found["result"]
            if result["process"] == process and result["what"] == "started":
                running.append(result["pid"])
            elif result["what"] == "ended" and result["pid"] in running:
                running.remove(result["pid"])
        return running

    def metric(self, name: str) -> float:
        client = self.client()
        page = client.ask("GET", "/metrics").body.decode()
        client.close()
        for line in page.splitlines():
            if line.startswith(f"atls_verifier_{name} "):
                return float(line.split()[-1])
        raise AssertionError(f"no metric {name} in {page}")

    def stop(self, status: int = EXIT_DONE) -> None:
        """SIGTERM; every line that it wrote is held to its schema."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            ended = self.process.wait(WAIT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"verifier did not end: {self.out.all()[-5:]} {self.err.all()}") from None
        for line in self.out.join():
            read_line(line)
        said = "\n".join(self.err.join())
        if SANITIZER.search(said):
            raise AssertionError(said)
        if ended != status:
            raise AssertionError(f"verifier ended with {ended}: {self.out.all()[-5:]} {said}")


def verify_jws(token: str, jwk: dict) -> dict:
    """The claims of a JWT whose signature holds by JWK; python-cryptography does the work."""
    head, payload, signature = token.split(".")
    header = json.loads(unbase64(head))
    if header["alg"] != jwk["alg"]:
        raise AssertionError(f"{header} by {jwk}")
    signed = f"{head}.{payload}".encode()
    raw = unbase64(signature)
    if jwk["kty"] == "OKP":
        ed25519.Ed25519PublicKey.from_public_bytes(unbase64(jwk["x"])).verify(raw, signed)
    else:
        numbers = ec.EllipticCurvePublicNumbers(int.from_bytes(unbase64(jwk["x"]), "big"),
                                                int.from_bytes(unbase64(jwk["y"]), "big"), ec.SECP256R1())
        der = utils.encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
        numbers.public_key().verify(der, signed, ec.ECDSA(hashes.SHA256()))
    return json.loads(unbase64(payload))


class VerifierTest(SystemTest):
    """One Verifier a class, provisioned with one machine, `identity`."""

    options = ()

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        need_built()
        cls.identity = cls.keygen("machine")
        cls.verifier = Verifier(cls.folder, *cls.options)
        cls.addClassCleanup(cls.verifier.stop)
        with open(cls.identity.endorsement, "rb") as file:
            cls.corim = file.read()
        client = cls.verifier.client()
        answer = client.submit(cls.corim)
        client.close()
        if answer.status != 200 or answer.json["status"] != "success":
            raise AssertionError(f"provisioning: {answer}")

    def setUp(self):
        self.client = self.verifier.client()
        self.addCleanup(self.client.close)

    def evidence(self, nonce: bytes, identity=None) -> bytes:
        """A CMW, made by `atls attest`."""
        path = self.path("evidence.cmw")
        self.assert_done(run("attest", *(identity or self.identity).own(), "--nonce", nonce.hex(), "-o", path))
        with open(path, "rb") as file:
            return file.read()

    def open_session(self, query: str = "?nonceSize=64", client=None) -> tuple:
        """The path of a new session and its nonce."""
        answer = (client or self.client).new(query)
        self.assertEqual(answer.status, 201, str(answer))
        return "/challenge-response/v1/" + answer.headers["Location"], unbase64(answer.json["nonce"])

    def send(self, path: str, body: bytes, kind: str = CMW, client=None) -> Answer:
        return (client or self.client).ask("POST", path, body, Content_Type=kind, Accept=SESSION)

    def claims(self, answer: Answer) -> dict:
        """The claims of a complete session, verified with the published key."""
        self.assertEqual(answer.status, 200, str(answer))
        self.assertEqual(answer.json["status"], "complete", str(answer))
        jwk = self.client.ask("GET", "/.well-known/veraison/verification").json["ear-verification-key"]
        return verify_jws(answer.json["result"], jwk)

    def problem(self, answer: Answer, status: int) -> dict:
        self.assertEqual(answer.status, status, str(answer))
        self.assertEqual(answer.headers["Content-Type"], "application/problem+json")
        self.assertEqual((answer.json["type"], answer.json["status"]), ("about:blank", status))
        self.assertTrue(answer.json["title"] and answer.json["detail"])
        return answer.json
