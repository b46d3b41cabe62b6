# SPDX-License-Identifier: Apache-2.0
"""Services of Trustee, each one process over HTTPS on loopback with all its stores in memory: as they are built, or a copy in
which the root of a simulation stands in place of AMD's."""

import base64
import json
import os
import re
import socket
import struct
import subprocess
import urllib.error
import urllib.request

import atlslib
import standin
from atlslib import wait_until
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from standin import b64, ec

KINDS = {"c0b406a4a803495297433fb6014cd0ae": "ARK", "4ab7b379bbac4fe4a02f05aef327c782": "ASK"}
# A policy that affirms what its verifier has verified, since there are no reference values here.
POLICY = """package policy
import rego.v1
trust_claims := {"instance-identity": 2, "configuration": 2, "executables": 3, "hardware": 2}
extensions := []
"""


def pem(certificate: bytes) -> bytes:
    return certificate if certificate.startswith(b"-----") else x509.load_der_x509_certificate(certificate).public_bytes(Encoding.PEM)


def roots_of(identity) -> bytes:
    """ASK, ARK and ASVK as Trustee has them in its program, of a simulated machine."""
    with open(identity.path("attester.json"), encoding="ascii") as file:
        table = base64.b64decode(json.load(file)["certificates"])
    found, at = {}, 0
    while table[at:at + 16] != bytes(16):
        start, length = struct.unpack_from("<II", table, at + 16)
        found[KINDS.get(table[at:at + 16].hex())] = table[start:start + length]
        at += 24
    return pem(found["ASK"]) + pem(found["ARK"]) + pem(found["ASK"])


def with_roots(original: str, folder: str, roots: bytes) -> str:
    """A copy of the program in which these are those of Milan."""
    with open(original, "rb") as file:
        program = file.read()
    one = rb"-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+-----END CERTIFICATE-----\n*"
    for three in re.finditer(b"(?:" + one + b"){3}", program):
        subject = x509.load_pem_x509_certificate(three.group()).subject.rfc4514_string()
        if "SEV-Milan" in subject:
            program = program[:three.start()] + roots.ljust(len(three.group()), b"\n") + program[three.end():]
            path = os.path.join(folder, os.path.basename(original))
            with open(path, "wb") as file:
                file.write(program)
            os.chmod(path, 0o755)
            return path
    raise AssertionError(f"{original} has no certificates of Milan")


def take_certificates(thief, machine) -> None:
    """A thief shows the certificates of a machine, and signs with a key of its own."""
    with open(thief.path("attester.json"), encoding="ascii") as file:
        config = json.load(file)
    with open(machine.path("attester.json"), encoding="ascii") as file:
        config["certificates"] = json.load(file)["certificates"]
    with open(thief.path("attester.json"), "w", encoding="ascii") as file:
        json.dump(config, file)


class Service:
    """What both have in common."""

    policies, form = None, None  # the path where they are set; how its configuration is written

    def __init__(self, folder: str, program: str, name: str):
        self.certificates = standin.Certificates(folder, name)
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name, self.log_file = os.path.basename(program), os.path.join(folder, name + ".log")
        self.signing, self.config = os.path.join(folder, name + ".key"), os.path.join(folder, name + "." + self.form)
        with open(self.signing, "wb") as file:
            file.write(self.key.private_bytes(Encoding.PEM, standin.serialization.PrivateFormat.PKCS8,
                                              standin.serialization.NoEncryption()))
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.url = f"https://127.0.0.1:{self.port}"
        with open(self.config, "w", encoding="ascii") as file:
            file.write(self.settings())
        with open(self.log_file, "wb") as log:
            self.process = subprocess.Popen([program, *self.words()], cwd=folder, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=subprocess.STDOUT)
        wait_until(lambda: self.process.poll() is not None or self.listens(), f"{self.name}: {self.log()}")
        if self.process.poll() is not None:
            raise AssertionError(f"{self.name} ended with {self.process.returncode}: {self.log()}")

    def settings(self) -> str:
        raise NotImplementedError

    def words(self) -> list:
        raise NotImplementedError

    def listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        except OSError:
            return False

    def log(self) -> str:
        with open(self.log_file, encoding="utf-8", errors="replace") as file:
            return file.read()[-4000:]

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(atlslib.WAIT)

    def post(self, path: str, body, **fields):
        """Status, header fields and body of the answer."""
        ask = urllib.request.Request(self.url + path, json.dumps(body).encode(), {"Content-Type": "application/json", **fields})
        try:
            with urllib.request.urlopen(ask, context=standin.ssl.create_default_context(cafile=self.certificates.ca)) as answer:
                return answer.status, answer.headers, answer.read().decode()
        except urllib.error.HTTPError as refusal:
            with refusal:
                return refusal.status, refusal.headers, refusal.read().decode()

    def affirm(self) -> None:
        """Sets POLICY as the default one."""
        status, _, text = self.post(self.policies, {"type": "rego", "policy_id": "default_cpu", "policy": b64(POLICY.encode())})
        if status != 200:
            raise AssertionError(text)

    def asked(self) -> list:
        return ["--verifier", "trustee+" + self.url, "--verifier-ca", self.certificates.ca]


class AttestationService(Service):
    """restful-as."""

    policies, form = "/policy", "json"

    def settings(self) -> str:
        memory = {"storage_type": "Memory"}
        return json.dumps({"storage_backend": memory, "rvps_config": {"type": "BuiltIn", **memory},
                           "attestation_token_broker": {"duration_min": 5, "signer": {"key_path": self.signing}}})

    def words(self) -> list:
        return ["--socket", f"127.0.0.1:{self.port}", "-c", self.config, "-t", self.certificates.cert, "-k", self.certificates.cert]


class KeyBroker(Service):
    """kbs, with the Attestation Service in it."""

    policies, form = "/kbs/v0/attestation-policy", "toml"

    def settings(self) -> str:
        return f"""[http_server]
sockets = ["127.0.0.1:{self.port}"]
private_key = "{self.certificates.cert}"
certificate = "{self.certificates.cert}"
[attestation_token]
insecure_header_jwk = true
[attestation_service]
type = "coco_as_builtin"
[attestation_service.attestation_token_broker]
duration_min = 5
[attestation_service.attestation_token_broker.signer]
key_path = "{self.signing}"
[attestation_service.rvps_config]
type = "BuiltIn"
[admin]
authorization_mode = "InsecureAllowAll"
[storage_backend]
storage_type = "Memory"
"""

    def words(self) -> list:
        return ["-c", self.config]
