# SPDX-License-Identifier: Apache-2.0
"""Several `atls verifier` with one store behind HAProxy: each node in a network namespace of its own where root may
make one, else all on loopback. Namespaces have no names, so they end with the processes in them."""

import os
import signal
import socket
import subprocess
import sys
import tempfile

import cbor2
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

from atlslib import WAIT, Identity, program, start, wait_until
from verifierlib import PSA, Client, Verifier

ID = "https://verifier.example"
OWN_NETWORK = "ATLS_TEST_OWN_NETWORK"  # in the environment: this process has a namespace


def enter_own_network() -> None:
    """Runs this test anew in a network namespace, where that is possible; then nodes get theirs beside it."""
    words = ["unshare", "--net", "--"]
    if has_own_network():
        _ip("link", "set", "lo", "up")
        return
    try:
        probe = [*words, "nsenter", "--net=/proc/self/ns/net", "ip", "link", "add", "a0", "type", "veth", "peer", "name", "a1"]
        if os.geteuid() != 0 or subprocess.run(probe, capture_output=True, check=False).returncode != 0:
            raise OSError
    except OSError:
        print("note: this host allows no network namespaces: all nodes are on loopback", file=sys.stderr)
        return
    os.environ[OWN_NETWORK] = "1"
    os.execvp(words[0], [*words, sys.executable, "-B", *sys.argv])


def has_own_network() -> bool:
    return OWN_NETWORK in os.environ


def _ip(*words, inside=None) -> None:
    before = ["nsenter", f"--net=/proc/{inside}/ns/net"] if inside else []
    done = subprocess.run([*before, "ip", *words], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise AssertionError(f"ip {words}: {done.stderr}")


class Node(Verifier):
    """One node, `number` from 1 on; its processes are a group, so that a machine's end can be played."""

    def __init__(self, folder: str, number: int, *options):
        self.number = number
        if has_own_network():
            super().__init__(folder, "--id", ID, "--plain-http", *options, name="nodes", listen=f"10.99.{number}.2:8443",
                             launch=self._launch_apart)
        else:
            super().__init__(folder, "--id", ID, *options, name="nodes", launch=self._launch)

    @staticmethod
    def _launch(words, **more):
        return start(words, start_new_session=True, **more)

    def _launch_apart(self, words, **more):
        """The program waits, in a namespace, until its link is there."""
        ready, go = os.pipe()
        more["stdin"] = ready
        process = subprocess.Popen(["unshare", "--net", "--", "sh", "-c", 'read -r go && exec "$@" </dev/null', "sh",
                                    program(), *words], start_new_session=True, **more)
        os.close(ready)
        own = os.readlink("/proc/self/ns/net")
        wait_until(lambda: os.readlink(f"/proc/{process.pid}/ns/net") != own, "a namespace")
        near, far, pid = f"node{self.number}", "uplink", str(process.pid)
        _ip("link", "add", near, "type", "veth", "peer", "name", far, "netns", pid)
        _ip("address", "add", f"10.99.{self.number}.1/24", "dev", near)
        _ip("link", "set", near, "up")
        _ip("link", "set", "lo", "up", inside=pid)
        _ip("address", "add", f"10.99.{self.number}.2/24", "dev", far, inside=pid)
        _ip("link", "set", far, "up", inside=pid)
        os.write(go, b"\n")
        os.close(go)
        return process

    def kill(self) -> None:
        """All its processes at once, as when a machine loses its power."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(WAIT)


CONFIGURATION = """
global
    maxconn 60
defaults
    mode http
    timeout connect 2s
    timeout client 60s
    timeout server 60s
    timeout queue 5s
    retries 3
    option redispatch
    balance roundrobin
frontend verifier
    bind fd@{fd}
    default_backend nodes
backend nodes
    option httpchk GET /healthz
    http-check expect status 200
    default-server inter 200ms fastinter 100ms downinter 200ms fall 2 rise 1
"""


class Balancer:
    """HAProxy in front of some nodes, on a port of its own."""

    def __init__(self, folder: str, nodes: list):
        listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = listener.getsockname()[1]
        servers = "".join(f"    server node{node.number} {node.host}:{node.port} check\n" for node in nodes)
        path = os.path.join(folder, "haproxy.cfg")
        with open(path, "w", encoding="ascii") as file:
            file.write(CONFIGURATION.format(fd=listener.fileno()) + servers)
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(["haproxy", "-db", "-f", path], pass_fds=[listener.fileno()],
                                        stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        listener.close()

    def client(self) -> Client:
        return Client(self.port)

    def stop(self) -> None:
        self.process.kill()
        self.process.wait(WAIT)
        self.log.close()


class PsaMachine:
    """Evidence over any nonce, signed here with the key of an identity of `atls keygen`, after a token that it made."""

    def __init__(self, identity: Identity, cmw: bytes):
        self.key = serialization.load_pem_private_key(identity.attester()["key"].encode(), None)
        self.protected, _, payload, _ = cbor2.loads(cbor2.loads(cmw)[1]).value
        self.claims = cbor2.loads(payload)

    def evidence(self, nonce: bytes) -> bytes:
        payload = cbor2.dumps({**self.claims, 10: nonce})
        signed = cbor2.dumps(["Signature1", self.protected, b"", payload])
        r, s = utils.decode_dss_signature(self.key.sign(signed, ec.ECDSA(hashes.SHA256())))
        signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
        token = cbor2.dumps(cbor2.CBORTag(18, [self.protected, {}, payload, signature]))
        return cbor2.dumps([PSA, token, 4])
