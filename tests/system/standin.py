# SPDX-License-Identifier: Apache-2.0
"""A stand-in Verifier: Veraison's challenge-response API over HTTP(S), with real signatures, and every fault.

It appraises nothing: whatever Evidence comes, its Result says what the test wants it to say. FAULTS
change one answer each; `StandIn.asked` has what it was asked, in order.
"""

import base64
import datetime
import http.server
import ipaddress
import json
import os
import ssl
import threading
import time
import urllib.parse

import atlslib
from authority import by_the_book

try:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
    from cryptography.x509.oid import NameOID
except ImportError as absent:
    atlslib.skip(f"a module of Python is absent: {absent}")

SESSION = "application/vnd.veraison.challenge-response-session+json"
PSA = "application/eat+cwt; eat_profile=\"tag:psacertified.org,2023:psa#tfm\""
TPM = "application/vnd.parallaxsecond.key-attestation.tpm"
SUBMODS = {PSA: "PSA_IOT", TPM: "PARSEC_TPM"}
AFFIRMING = {"instance-identity": 2, "configuration": 2, "executables": 2, "hardware": 2}


def b64(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def jwk_of(key) -> dict:
    numbers = key.public_key().public_numbers()
    return {"kty": "EC", "crv": "P-256", "alg": "ES256", "x": b64(numbers.x.to_bytes(32, "big")),
            "y": b64(numbers.y.to_bytes(32, "big"))}


def jwt(claims: dict, key, **header) -> str:
    head = {"alg": "ES256", "typ": "JWT", **header}
    text = b64(json.dumps(head).encode()) + "." + b64(json.dumps(claims).encode())
    if head["alg"] == "none":
        return text + "."
    r, s = decode_dss_signature(key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
    return text + "." + b64(r.to_bytes(32, "big") + s.to_bytes(32, "big"))


def contraindicated(claims: dict) -> None:
    """As Veraison says that an appraisal failed."""
    for submod in claims["submods"].values():
        submod["ear.status"] = "contraindicated"
        submod["ear.trustworthiness-vector"] = {name: 99 for name in AFFIRMING}
        submod["ear.veraison.policy-claims"] = {"problem": "no trust anchor for evidence"}


class Certificates:
    """A CA, a server's key and certificate of it."""

    def __init__(self, folder: str, name: str, host: str = "127.0.0.1"):
        self.ca, self.cert = (os.path.join(folder, f"{name}-{part}.pem") for part in ("ca", "cert"))
        ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        try:
            where = x509.IPAddress(ipaddress.ip_address(host))
        except ValueError:
            where = x509.DNSName(host)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._write(self.ca, subject, subject, ca_key, ca_key, x509.BasicConstraints(True, None), True)
        leaf = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        self._write(self.cert, leaf, subject, key, ca_key, x509.SubjectAlternativeName([where]), False)
        with open(self.cert, "ab") as file:
            file.write(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                         serialization.NoEncryption()))

    @staticmethod
    def _write(path, subject, issuer, key, signer, extension, critical) -> None:
        now, hour = datetime.datetime.now(datetime.timezone.utc), datetime.timedelta(hours=1)
        made = (x509.CertificateBuilder().subject_name(subject).issuer_name(issuer)
                .public_key(key.public_key()).serial_number(x509.random_serial_number())
                .not_valid_before(now - hour).not_valid_after(now + 24 * hour)
                .add_extension(extension, critical=critical))
        made = by_the_book(made, key.public_key(), signer.public_key(), subject == issuer)
        with open(path, "wb") as file:
            file.write(made.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def setup(self):
        super().setup()
        self.server.standin.connections += 1

    def answer(self, status: int, content=b"", kind: str = SESSION, **fields) -> None:
        if not isinstance(content, bytes):
            content = json.dumps(content).encode()
        self.send_response(status)
        if content and kind is not None:
            self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        for name, value in fields.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    def step_of(self, path: str) -> str:
        return ("discovery" if path.endswith("/verification") else "newSession" if path.endswith("/newSession") else
                {"POST": "Evidence", "GET": "session", "DELETE": "delete"}[self.command])

    def _handle(self) -> None:
        standin = self.server.standin
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        where = urllib.parse.urlsplit(self.path)
        step = self.step_of(where.path)
        with standin.changed:
            standin.asked.append(step)
        try:
            standin.fault(self, step) or getattr(self, "do_" + step)(standin, where, body)
        except (ConnectionError, ssl.SSLError, TimeoutError):
            self.close_connection = True

    do_GET = do_POST = do_DELETE = _handle

    def do_discovery(self, standin, _where, _body):
        self.answer(200, {**standin.discovery, "ear-verification-key": jwk_of(standin.published), "media-types": [PSA, TPM],
                          "version": "1", "service-state": "READY",
                          "api-endpoints": {"newChallengeResponseSession": "/x"}},
                    "application/vnd.veraison.discovery+json")

    def do_newSession(self, standin, where, _body):  # pylint: disable=invalid-name
        nonce = urllib.parse.parse_qs(where.query)["nonce"][0]
        if len(nonce) % 4 != 0:  # as Veraison's services had it until 2026-08
            self.answer(400, {"title": "Bad Request", "detail": "nonce must be valid base64"}, "application/problem+json")
            return
        nonce = unb64(nonce)
        self.answer(201, standin.session("waiting", nonce), Location=standin.new_session(nonce))

    def do_Evidence(self, standin, where, body):  # pylint: disable=invalid-name
        standin.evidence.append((self.headers["Content-Type"], body))
        standin.kind = self.headers["Content-Type"]
        if standin.polls:
            standin.polls -= 1
            self.answer(202, standin.session("processing", standin.nonce_of(where.path)))
        else:
            self.answer(200, standin.session("complete", standin.nonce_of(where.path)))

    def do_session(self, standin, where, _body):
        if standin.polls:
            standin.polls -= 1
            self.answer(200, standin.session("processing", standin.nonce_of(where.path)))
        else:
            self.answer(200, standin.session("complete", standin.nonce_of(where.path)))

    def do_delete(self, _standin, _where, _body):
        self.answer(204)


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_):
        pass  # a TLS handshake that the other side broke off


class StandIn:
    """Listens on 127.0.0.1. `fault(handler, step)` is true when it has answered in its own way."""

    handler = Handler

    def __init__(self, certificates: Certificates = None):
        self.key = self.published = ec.generate_private_key(ec.SECP256R1())
        self.asked, self.evidence, self.connections = [], [], 0
        self.changed, self.release = threading.Lock(), threading.Event()
        self.nonce, self.nonces, self.kind, self.polls = b"", {}, PSA, 0
        self.location = None  # None: that of the session
        self.fault = lambda handler, step: False
        self.change = lambda claims: None  # of the Result
        self.header, self.flavour = {}, "now"
        self.discovery = {}  # more of its members
        self.server = _Server(("127.0.0.1", 0), self.handler)
        self.server.standin = self
        self.scheme = "http"
        if certificates is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificates.cert)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True,
                                                     do_handshake_on_connect=False)
            self.scheme = "https"
        self.port = self.server.server_address[1]
        self.url = f"{self.scheme}://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        self.release.set()
        self.server.shutdown()
        self.server.server_close()

    def new_session(self, nonce: bytes) -> str:
        with self.changed:
            self.nonce = self.nonces[str(len(self.nonces))] = nonce
            number = len(self.nonces) - 1
        return f"session/{number}" if self.location is None else self.location

    def nonce_of(self, path: str) -> bytes:
        return self.nonces.get(path.rpartition("/")[2], self.nonce)

    def claims(self, nonce: bytes = None) -> dict:
        now = int(time.time())
        name = SUBMODS.get(self.kind, "ERROR")
        claims = {"eat_profile": "tag:github.com,2023:veraison/ear", "iat": now, "exp": now + 300,
                  "ear.verifier-id": {"developer": "https://standin.example", "build": "1"},
                  "eat_nonce": base64.urlsafe_b64encode(nonce or self.nonce).decode(),
                  "submods": {name: {"ear.status": "affirming",
                                     "ear.trustworthiness-vector": dict(AFFIRMING),
                                     "ear.appraisal-policy-id": f"policy:{name}"}}}
        self.change(claims)
        return claims

    def session(self, status: str, nonce: bytes = None) -> dict:
        """The resource as services write it now, or as the first documentation had it."""
        nonce = nonce or self.nonce
        old = self.flavour == "before"
        found = {"state" if old else "status": status,
                 "nonce": base64.b64encode(nonce).decode() if old else b64(nonce),
                 "expiry": "2030-01-01T00:00:00.5Z", "accept": [PSA, TPM]}
        if status == "complete":
            found["evidence"] = {"type": self.kind, "value": "AA=="}
            found["result"] = jwt(self.claims(nonce), self.key, **self.header)
        return found

    def hang(self, handler) -> bool:
        """Says nothing until the test is over."""
        self.release.wait(atlslib.WAIT)
        handler.close_connection = True
        return True

    def drip(self, handler) -> bool:
        """An octet now and then."""
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while not self.release.wait(0.1):
            handler.wfile.write(b" ")
        handler.close_connection = True
        return True


class RelyingTest(atlslib.SystemTest):
    """One that attests and asks nobody, for `connect` to ask a Verifier about."""

    rot = "sim-psa"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.certificates = Certificates(cls.folder, "verifier")
        cls.machine = cls.keygen("machine", rot=cls.rot)
        cls.other = cls.keygen("other")
        cls.attested = cls.server_for_class(*cls.machine.own())

    def verifier(self, certificates="own") -> StandIn:
        made = StandIn(self.certificates if certificates == "own" else certificates)
        self.addCleanup(made.stop)
        return made

    def asking(self, verifier, *more, url=None) -> list:
        return ["--require", "psa", "--verifier", url or verifier.url, "--verifier-ca", self.certificates.ca, *more]

    def connect(self, *words, address=None):
        return atlslib.run("connect", address or self.attested.address, "--no-pkix", "--json", *words, given=b"hello\n")

    def assert_accepts(self, outcome):
        self.assertEqual(outcome.status, atlslib.EXIT_DONE, str(outcome))
        events = {line["event"]: line for line in outcome.objects}
        self.assertEqual(events["data"]["result"]["text"], "hello\n")
        return events["connected"]["result"]["verdict"]

    def refused(self, verifier, status, code, words, *more, url=None):
        """One sentence with these WORDS in it, and no data."""
        outcome = self.assert_fails(self.connect(*self.asking(verifier, *more, url=url)), status, code)
        for word in [words] if isinstance(words, str) else words:
            self.assertIn(word, outcome.error["sentence"])
        self.assertNotIn("hello", outcome.text)
        return outcome

    def pinned(self, verifier, identity="https://verifier.example/id", key=None) -> list:
        name = f"keys-{id(verifier)}-{len(os.listdir(self.folder))}.json"
        path = self.write(name, json.dumps({"keys": [jwk_of(key or verifier.key)]}))
        return ["--trust-verifier", f"{identity}={path}"]
