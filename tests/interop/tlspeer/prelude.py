# SPDX-License-Identifier: Apache-2.0
"""The exchange after the handshake: frames behind ALPN "atls/1" (PROTOCOL.md, section 11)."""

import os

from . import attestation, authenticator, evidence, keys, messages, pki
from .wire import ConnectionFailed, Reader, Refusal, uint, vec

PROTOCOL = b"atls/1"
HELLO, REQUEST, AUTHENTICATOR, DONE, DATA, CLOSE = range(1, 7)
NAMES = {HELLO: "HELLO", REQUEST: "REQUEST", AUTHENTICATOR: "AUTHENTICATOR", DONE: "DONE",
         DATA: "DATA", CLOSE: "CLOSE"}
ASKS = 1
LIMITS = {HELLO: (2, 64), REQUEST: (1, 32768), AUTHENTICATOR: (1, 131072), DONE: (0, 0),
          DATA: (1, 16380), CLOSE: (1, 1)}


class Closed(Refusal):
    """The peer has refused, in a frame; no alert is owed to it."""


def alpn_body() -> bytes:
    return vec(2, vec(1, PROTOCOL))


def alpn_names(body: bytes) -> list:
    reader = Reader(body, "ALPN")
    inner, names = Reader(reader.vec(2, 2), "ALPN"), []
    reader.end()
    while inner.left():
        names.append(inner.vec(1, 1))
    return names


class Prelude:
    """One exchange, of the side that ENDPOINT is."""

    def __init__(self, endpoint):
        self.endpoint, self.config, self.faults = endpoint, endpoint.config, endpoint.faults
        secret = endpoint.exporter_secret
        self.own = authenticator.Keys(endpoint.hash, secret, endpoint.role)
        self.peer = authenticator.Keys(endpoint.hash, secret, endpoint.other)
        self.request = None          # ours
        self.received = b""
        self.peer_asks = None

    # Frames.

    def send(self, kind: int, body: bytes = b"") -> None:
        kind, body = self.faults.apply("frame", (kind, body), self.endpoint)
        self.endpoint.report["frames_sent"].append(NAMES.get(kind, str(kind)))
        data = uint(1, kind) + vec(3, body)
        for at in range(0, len(data), 1 << 14):
            self.endpoint.send_application(data[at:at + (1 << 14)])
        self.endpoint.records.flush()

    def take(self, count: int) -> bytes:
        while len(self.received) < count:
            data = self.endpoint.read_application()
            if data is None:
                raise ConnectionFailed("the peer closed in the middle of the exchange")
            self.received += data
        taken, self.received = self.received[:count], self.received[count:]
        return taken

    def receive(self, *wanted) -> tuple:
        head = self.take(4)
        kind, length = head[0], int.from_bytes(head[1:], "big")
        if kind not in LIMITS or not LIMITS[kind][0] <= length <= LIMITS[kind][1]:
            raise Refusal(50, f"a frame of type {kind} with {length} octets")
        body = self.take(length)
        self.endpoint.report["frames_received"].append(NAMES[kind])
        if kind == CLOSE:
            self.endpoint.report["closed_by"] = body[0]
            raise Closed(body[0], f"the peer closed with alert {body[0]}")
        if kind not in wanted:
            raise Refusal(47, f"{NAMES[kind]} where {[NAMES[one] for one in wanted]} was due")
        return kind, body

    # Messages.

    def ask(self) -> None:
        wanted = attestation.schemes_of_name(self.config.post_expect) if (
            self.config.post_expect in attestation.NAMES) else []
        self.request = authenticator.new_request(self.endpoint.role, os.urandom(32), wanted)
        self.send(REQUEST, self.request.raw)

    def choose(self, request):
        """The first scheme of the asker's order that we have, or None."""
        ours = self.config.post_attester.schemes() if self.config.post_attester else []
        body = messages.find(request.extensions, authenticator.ATTESTATION_SCHEMES)
        if body is None:
            return ours[0] if ours else None
        inner, asked = Reader(Reader(body, "schemes").vec(2, 2), "schemes"), []
        while inner.left():
            asked.append(attestation.Scheme.read(inner))
        return next((scheme for scheme in asked if scheme in ours), None)

    def answer(self, raw: bytes) -> None:
        request = authenticator.Request.parse(raw)
        if (request.kind == authenticator.CLIENT_CERTIFICATE_REQUEST) != (
                self.endpoint.role == "server"):
            raise Refusal(47, "a request of one's own side")
        scheme = self.choose(request)
        algorithm = keys.scheme_of(self.config.key) if self.config.key else None
        if scheme is None or algorithm not in request.algorithms() or not (
                request.wants_attestation()):
            self.send(AUTHENTICATOR, authenticator.empty(self.own, request))
            return
        self.endpoint.chosen[self.endpoint.role] = scheme
        made = authenticator.binder(
            self.endpoint.hash, self.endpoint.exporter_secret, self.config.exporter_label,
            request.context, pki.raw_spki(self.config.chain[0]))
        self.endpoint.report["binder"]["own"] = made.hex()
        cmw = self.config.post_attester.make(made, scheme, self.endpoint)
        self.send(AUTHENTICATOR, authenticator.make(
            self.own, request, self.config.chain, cmw, algorithm,
            lambda content: keys.sign(self.config.key, content)))

    def judge(self, raw: bytes) -> None:
        opened = authenticator.open_answer(self.peer, self.request, raw)
        if opened.refused:
            raise Refusal(40, "the peer refuses to attest")
        leaf, spki = pki.load(opened.chain[0]), pki.raw_spki(opened.chain[0])
        if opened.verify.scheme not in self.request.algorithms():
            raise Refusal(47, "a signature scheme that was not asked for")
        keys.verify(leaf.public_key(), opened.verify.scheme, opened.verify.signature,
                    opened.content)
        if self.config.anchors:
            pki.check_chain(opened.chain, self.config.anchors)
        if opened.cmw is None:
            raise Refusal(40, "an authenticator without cmw_attestation")
        made = authenticator.binder(self.endpoint.hash, self.endpoint.exporter_secret,
                                    self.config.exporter_label, self.request.context, spki)
        self.endpoint.report["binder"]["peer"] = made.hex()
        asked = attestation.schemes_of_name(self.config.post_expect)
        findings = evidence.appraise(opened.cmw, asked[0], made, spki, self.config.public_key,
                                     self.config.post_expect)
        self.endpoint.report["peer_evidence"] = {
            "accepted": findings.accepted(), "cmw_octets": len(opened.cmw),
            "findings": findings.lines}
        if not findings.accepted() and not self.config.tolerate:
            raise Refusal(40, findings.first_wrong())

    # The whole.

    def run(self) -> None:
        asks = self.config.post_expect is not None
        self.send(HELLO, bytes([1, ASKS if asks else 0]))
        if asks:
            self.ask()
        body = self.receive(HELLO)[1]
        if body[0] != 1:
            raise Refusal(47, f"HELLO of version {body[0]}")
        due = ({REQUEST} if body[1] & ASKS else set()) | ({AUTHENTICATOR} if asks else set())
        while due:
            kind, body = self.receive(*due)
            due.remove(kind)
            if kind == REQUEST:
                self.answer(body)
            else:
                self.judge(body)
        self.send(DONE)
        self.receive(DONE)
        self.endpoint.report["exchanged"] = True


def run(endpoint) -> None:
    """The prelude of ENDPOINT; a refusal goes out as CLOSE."""
    prelude = Prelude(endpoint)
    try:
        prelude.run()
    except Closed as closed:
        raise ConnectionFailed(str(closed)) from closed
    except Refusal as refusal:
        prelude.send(CLOSE, bytes([refusal.number]))
        endpoint.report["closed_with"] = refusal.number
        raise ConnectionFailed(str(refusal)) from refusal
    endpoint.early_read = prelude.received
