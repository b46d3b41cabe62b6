# SPDX-License-Identifier: Apache-2.0
"""Veraison's services on this machine's loopback: VTS, provisioning and verification, with stores in memory."""

import http.client
import json
import os
import socket
import ssl
import subprocess
import urllib.parse

from atlslib import WAIT, wait_until
from standin import Certificates, b64
from cryptography.hazmat.primitives.asymmetric import ec

DISCOVERY = "application/vnd.veraison.discovery+json"

CONFIG = """
logging:
  level: info
provisioning:
  listen-addr: 127.0.0.1:{provisioning}
  protocol: http
verification:
  listen-addr: 127.0.0.1:{verification}
  protocol: https
  cert: {certificate}
  cert-key: {certificate}
vts:
  server-addr: 127.0.0.1:{vts}
  listen-addr: 127.0.0.1:{vts}
  tls: false
ear-signer:
  alg: ES256
  key: {folder}/signing.jwk
plugin:
  backend: go-plugin
  go-plugin:
    dir: {plugins}
{stores}po-store:
  backend: memory
po-agent:
  backend: opa
auth:
  backend: none
"""

STORES_2025 = """ta-store:
  backend: memory
en-store:
  backend: memory
"""
STORES_2026 = """store:
  dbms: sqlite3
  dsn: file::memory:?cache=shared
coserv:
  max-expiry: 5 mins
  signer:
    alg: ES256
    key: {folder}/signing.jwk
"""


def private_jwk(key) -> dict:
    numbers = key.private_numbers()
    public = numbers.public_numbers
    return {"kty": "EC", "crv": "P-256", "x": b64(public.x.to_bytes(32, "big")), "y": b64(public.y.to_bytes(32, "big")),
            "d": b64(numbers.private_value.to_bytes(32, "big"))}


def free_ports(count: int) -> list:
    """Ports that were free a moment ago; the services take no port 0."""
    taken = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [sock.getsockname()[1] for sock in taken]
    for sock in taken:
        sock.close()
    return ports


class Services:
    """All three processes, from start to stop(). Those of 2026 have their schemes in them, and no folder of plugins."""

    def __init__(self, programs: str, folder: str):
        self.folder, self.processes = folder, []
        self.plugins = os.path.join(os.path.abspath(programs), "plugins")
        self.are_of_2026 = not os.path.isdir(self.plugins)
        self.certificates = Certificates(folder, "veraison")
        self.vts, self.provisioning, self.verification = free_ports(3)
        with open(os.path.join(folder, "signing.jwk"), "w", encoding="ascii") as file:
            json.dump(private_jwk(ec.generate_private_key(ec.SECP256R1())), file)
        self.config = os.path.join(folder, "config.yaml")
        with open(self.config, "w", encoding="ascii") as file:
            file.write(CONFIG.format(plugins=folder if self.are_of_2026 else self.plugins, folder=folder,
                                     stores=(STORES_2026 if self.are_of_2026 else STORES_2025).format(folder=folder),
                                     certificate=self.certificates.cert, vts=self.vts, provisioning=self.provisioning,
                                     verification=self.verification))
        try:
            for name, port in (("vts", self.vts), ("provisioning", self.provisioning), ("verification", self.verification)):
                self._start(os.path.join(programs, name + "-service"), name, port)
        except AssertionError:
            self.stop()
            raise

    def _start(self, program: str, name: str, port: int) -> None:
        log = os.path.join(self.folder, name + ".log")
        with open(log, "wb") as out:
            process = subprocess.Popen([program, "--config", self.config], cwd=self.folder, stdin=subprocess.DEVNULL,
                                       stdout=out, stderr=subprocess.STDOUT, start_new_session=True)
        self.processes.append(process)
        wait_until(lambda: process.poll() is not None or listens(port), f"{name} on port {port}: {self.log(name)}")
        if process.poll() is not None:
            raise AssertionError(f"{name} ended with {process.returncode}: {self.log(name)}")

    def log(self, name: str) -> str:
        with open(os.path.join(self.folder, name + ".log"), encoding="utf-8", errors="replace") as file:
            return file.read()[-6000:]

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.verification}"

    @property
    def submit(self) -> str:
        return f"http://127.0.0.1:{self.provisioning}/endorsement-provisioning/v1/submit"

    def discovery(self) -> dict:
        context = ssl.create_default_context(cafile=self.certificates.ca)
        connection = http.client.HTTPSConnection("127.0.0.1", self.verification, context=context, timeout=WAIT)
        connection.request("GET", "/.well-known/veraison/verification", headers={"Accept": DISCOVERY})
        found = json.loads(connection.getresponse().read())
        connection.close()
        return found

    def provision(self, corim: bytes, kind: str) -> dict:
        """What the provisioning service says to a CoRIM."""
        where = urllib.parse.urlsplit(self.submit)
        connection = http.client.HTTPConnection(where.hostname, where.port, timeout=WAIT)
        connection.request("POST", where.path, corim,
                           {"Content-Type": kind, "Accept": "application/vnd.veraison.provisioning-session+json"})
        answer = connection.getresponse()
        found = json.loads(answer.read())
        connection.close()
        return {"http": answer.status, **found}

    def stop(self) -> None:
        for process in reversed(self.processes):
            process.terminate()  # VTS ends its plugins
            try:
                process.wait(WAIT)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), WAIT).close()
        return True
    except OSError:
        return False
