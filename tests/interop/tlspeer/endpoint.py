# SPDX-License-Identifier: Apache-2.0
"""What client and server share: messages in and out, the certificate flight, data, the ending.

Each point at which a fault may step in is a `faults.apply(hook, value, self)`; without a fault for
that hook the value comes back as it is.
"""

import os
import time

from . import attestation, evidence, keys, messages, numbers, pki, prelude, schedule
from .records import Deadline, RecordLayer, TrafficKeys
from .report import ALERTED, FAILED, OK, USAGE, Report
from .wire import (AlertReceived, ConnectionFailed, Refusal, UsageError, illegal_parameter,
                   saturated_vec, uint)

MAX_MESSAGE = 1 << 18


class Silent(Exception):
    """A fault: from here on this side says nothing more, and waits."""


class HangUp(Exception):
    """A fault: this side closes the connection now."""


class Message:
    """One handshake message as it came."""

    def __init__(self, raw: bytes):
        self.kind, self.body, self.raw = raw[0], raw[4:], raw


class Endpoint:
    role = other = None

    def __init__(self, config, sock):
        self.config, self.faults, self.sock = config, config.faults, sock
        self.records = RecordLayer(sock, Deadline(config.timeout), config.record_size)
        self.records.on_flush = lambda data: self.faults.apply("flight", data, self)
        self.report = Report(self.role, config.faults.names())
        self.transcript = schedule.Transcript()
        self.chain, self.identity_key = config.chain, config.key
        self.suite = self.hash = self.key_schedule = self.share = None
        self.hello_hash = None        # Transcript-Hash(ClientHello..ServerHello)
        self.client_random = None
        self.exporter_secret = None   # exporter_master_secret
        self.prelude = False          # ALPN has chosen it
        self.early_read = b""         # application data that came right behind the exchange
        self.chosen = {"server": None, "client": None}
        self.sent, self.received = [], []
        self.sent_cmw = self.peer_cmw = self.peer_chain = self.moment = None
        self.early_sent = b""         # application data that a fault sent before its time
        self._pending = b""

    # Messages.

    def send(self, kind: int, body: bytes) -> None:
        """Queues a message of the handshake and adds it to the transcript."""
        raw = self.faults.apply("message", uint(1, kind) + saturated_vec(3, body), self)
        self.transcript.add(raw)
        self.sent.append(raw)
        self.report["messages_sent"].append(numbers.HANDSHAKE_NAMES.get(kind, str(kind)))
        self.records.queue(numbers.HANDSHAKE, raw)

    def flush(self, moment: str) -> None:
        """Sends what is queued; MOMENT names the flight for the faults."""
        self.moment = moment
        self.faults.apply("queued", moment, self)
        self.records.flush()
        self.faults.apply("flushed", moment, self)

    def receive(self, *wanted) -> Message:
        """The next handshake message, which must be of one of the WANTED types."""
        message = self._take_message()
        while message is None:
            content_type, data = self.records.read()
            if content_type != numbers.HANDSHAKE:
                raise Refusal(10, f"a record of type {content_type} inside the handshake")
            self._pending += data
            message = self._take_message()
        if message.kind not in wanted:
            names = " or ".join(numbers.HANDSHAKE_NAMES[kind] for kind in wanted)
            found = numbers.HANDSHAKE_NAMES.get(message.kind, f"message type {message.kind}")
            raise Refusal(10, f"{found} where {names} was due")
        return message

    def _take_message(self):
        if len(self._pending) < 4:
            return None
        length = int.from_bytes(self._pending[1:4], "big")
        if length > MAX_MESSAGE:
            raise Refusal(50, f"a handshake message of {length} octets")
        if len(self._pending) < 4 + length:
            return None
        raw, self._pending = self._pending[:4 + length], self._pending[4 + length:]
        self.received.append(raw)
        name = numbers.HANDSHAKE_NAMES.get(raw[0], str(raw[0]))
        self.report["messages_received"].append(name)
        return Message(raw)

    def set_read_keys(self, secret: bytes) -> None:
        if self._pending:
            raise Refusal(10, "a handshake message spans a change of keys")
        self.records.read_keys = TrafficKeys(self.suite, secret)

    def set_write_keys(self, secret: bytes) -> None:
        self.records.write_keys = TrafficKeys(self.suite, secret)

    def log_key(self, label: str, secret: bytes) -> None:
        if self.config.keylog is None:
            return
        line = f"{label} {self.client_random.hex()} {secret.hex()}\n"
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        with os.fdopen(os.open(self.config.keylog, flags, 0o600), "w") as file:
            file.write(line)

    # Key schedule.

    def settle_suite(self, suite: int) -> None:
        self.suite, self.hash = suite, numbers.SUITES[suite][1]
        self.report["suite"] = numbers.SUITES[suite][0]

    def start_handshake_keys(self, shared: bytes):
        """After ServerHello: both handshake traffic secrets, client's first."""
        self.hello_hash = self.transcript.hash(self.hash)
        self.key_schedule = schedule.KeySchedule(self.hash)
        client, server = self.key_schedule.to_handshake(shared, self.hello_hash)
        self.log_key("CLIENT_HANDSHAKE_TRAFFIC_SECRET", client)
        self.log_key("SERVER_HANDSHAKE_TRAFFIC_SECRET", server)
        return client, server

    def application_secrets(self):
        """After the server's Finished: both application traffic secrets, client's first."""
        client, server, exporter = self.key_schedule.to_application(
            self.transcript.hash(self.hash))
        self.log_key("CLIENT_TRAFFIC_SECRET_0", client)
        self.log_key("SERVER_TRAFFIC_SECRET_0", server)
        self.log_key("EXPORTER_SECRET", exporter)
        self.exporter_secret = exporter
        return client, server

    def binder(self, spki: bytes) -> bytes:
        return schedule.attest_binder(self.hash, self.hello_hash, spki)

    # The certificate flight.

    def send_certificate(self, context: bytes, scheme) -> None:
        """Certificate, with a credential where SCHEME was chosen, and CertificateVerify."""
        entries = [messages.CertificateEntry(der) for der in self.chain]
        if entries and scheme is not None:
            binder = self.binder(pki.raw_spki(self.chain[0]))
            self.report["binder"]["own"] = binder.hex()
            self.sent_cmw = self.config.attester.make(binder, scheme, self)
            entries[0].extensions.append(
                (self.config.extension_type, attestation.encode_credential(self.sent_cmw)))
        certificate = self.faults.apply(
            "certificate", messages.Certificate(context, entries), self)
        self.send(numbers.CERTIFICATE, certificate.body())
        if not certificate.entries:
            return
        key = self.faults.apply("verify_key", self.identity_key, self)
        content = messages.signed_content(self.role, self.transcript.hash(self.hash))
        verify = messages.CertificateVerify(keys.scheme_of(key), keys.sign(key, content))
        self.report["signature_scheme"] = numbers.SIGNATURES[verify.scheme]
        verify = self.faults.apply("certificate_verify", verify, self)
        self.send(numbers.CERTIFICATE_VERIFY, verify.body())

    def send_finished(self, secret: bytes) -> None:
        mac = schedule.finished_mac(self.hash, secret, self.transcript.hash(self.hash))
        self.send(numbers.FINISHED, self.faults.apply("finished", mac, self))

    def receive_finished(self, secret: bytes) -> None:
        wanted = schedule.finished_mac(self.hash, secret, self.transcript.hash(self.hash))
        message = self.receive(numbers.FINISHED)
        if message.body != wanted:
            raise Refusal(51, "the peer's Finished does not verify")
        self.transcript.add(message.raw)

    def read_certificate(self, message: Message, context: bytes, offered: bool, scheme) -> None:
        """Takes the peer's Certificate; OFFERED: did this side's message have the extension."""
        certificate = messages.Certificate.parse(message.body)
        if certificate.context != context:
            raise illegal_parameter("certificate_request_context is not the one that was sent")
        for number, entry in enumerate(certificate.entries):
            for kind, body in entry.extensions:
                if kind != self.config.extension_type:
                    raise Refusal(110, f"extension {kind} in a CertificateEntry")
                if number > 0:
                    raise illegal_parameter("remoteAttestation in a further CertificateEntry")
                if not offered:
                    raise Refusal(110, "a credential that was never asked for")
                if scheme is None:
                    raise illegal_parameter("a credential although no scheme was chosen")
                self.peer_cmw = attestation.parse_credential(body)
        self.peer_chain = [entry.der for entry in certificate.entries]
        self.transcript.add(message.raw)
        if self.peer_cmw is not None:
            self.config.seen_cmw.append(self.peer_cmw)

    def verify_peer(self, offered_schemes: list) -> None:
        """CertificateVerify of the certificate just read, then chain and name."""
        leaf = pki.load(self.peer_chain[0])
        spki = pki.raw_spki(self.peer_chain[0])
        self.report["peer_certificate"] = {
            "subject": leaf.subject.rfc4514_string(),
            "spki_sha256": schedule.digest("sha256", spki).hex(), "chain": len(self.peer_chain)}
        if self.config.anchors:
            pki.check_chain(self.peer_chain, self.config.anchors)
        message = self.receive(numbers.CERTIFICATE_VERIFY)
        verify = messages.CertificateVerify.parse(message.body)
        if verify.scheme not in offered_schemes:
            raise illegal_parameter(f"signature scheme {verify.scheme:#06x} was not offered")
        content = messages.signed_content(self.other, self.transcript.hash(self.hash))
        keys.verify(leaf.public_key(), verify.scheme, verify.signature, content)
        self.report["peer_signature_scheme"] = numbers.SIGNATURES[verify.scheme]
        self.transcript.add(message.raw)

    def appraise_peer(self, scheme) -> None:
        """The credential against the binder; what does not hold is a handshake_failure."""
        if scheme is None:
            return
        if self.peer_cmw is None:
            if self.config.tolerate:
                return
            raise Refusal(40, "the certificate came without the credential that was chosen")
        spki = pki.raw_spki(self.peer_chain[0])
        binder = self.binder(spki)
        self.report["binder"]["peer"] = binder.hex()
        findings = evidence.appraise(self.peer_cmw, scheme, binder, spki, self.config.public_key,
                                     self.config.expect or "any")
        own = pki.raw_spki(self.chain[0]) if self.chain else None
        findings.note("peer's key", spki != own, spki[-32:].hex(), "another key than one's own")
        self.report["peer_evidence"] = {
            "accepted": findings.accepted(), "cmw_octets": len(self.peer_cmw),
            "cmw_sha256": schedule.digest("sha256", self.peer_cmw).hex(),
            "findings": findings.lines}
        if self.config.save_cmw is not None:
            with open(self.config.save_cmw, "wb") as file:
                file.write(self.peer_cmw)
        if not findings.accepted() and not self.config.tolerate:
            raise Refusal(40, findings.first_wrong())

    # Application data.

    def send_application(self, data: bytes) -> None:
        self.records.queue(numbers.APPLICATION_DATA, data)

    def read_application(self):
        """Application data, or None when the peer ended its side in order."""
        if self.early_read:
            data, self.early_read = self.early_read, b""
            return data
        while True:
            try:
                content_type, data = self.records.read()
            except AlertReceived as alert:
                if alert.number == 0:
                    return None
                raise
            if content_type == numbers.APPLICATION_DATA:
                return data
            self._pending += data
            message = self._take_message()
            while message is not None:
                self.after_handshake(message)
                message = self._take_message()

    def after_handshake(self, message: Message) -> None:
        """KeyUpdate is obeyed; a client ignores tickets; anything else is unexpected."""
        if message.kind == numbers.KEY_UPDATE and message.body in (b"\0", b"\1"):
            self.records.read_keys = self.records.read_keys.next()
            if message.body == b"\1":
                self.records.queue(numbers.HANDSHAKE, messages.message(numbers.KEY_UPDATE, b"\0"))
                self.records.flush()
                self.records.write_keys = self.records.write_keys.next()
            return
        raise Refusal(10, f"handshake message type {message.kind} after the handshake")

    def note_data(self, data: bytes) -> None:
        seen = self.report["application_data_received"] or ""
        self.report["application_data_received"] = seen + data.decode("utf-8", "replace")

    def close_notify(self) -> None:
        self.records.queue(numbers.ALERT, b"\x01\x00")
        self.records.flush()

    # The run.

    def handshake(self) -> None:
        raise NotImplementedError

    def exchange(self) -> None:
        raise NotImplementedError

    def run(self) -> Report:
        """Handshake and echo; however it ends, the report says so and the socket is closed."""
        started = time.monotonic()
        try:
            self._run()
        finally:
            self.records.drain(1.0)
            self.sock.close()
            self.report["seconds"] = round(time.monotonic() - started, 3)
            self.report["chosen"] = {side: None if scheme is None else str(scheme)
                                     for side, scheme in self.chosen.items()}
        return self.report

    def _run(self) -> None:
        try:
            self.faults.apply("start", None, self)
            self.handshake()
            self.report["handshake"] = True
            if self.prelude:
                prelude.run(self)
            self.exchange()
            self.report.finish(OK)
        except Refusal as refusal:
            self._send_alert(refusal.number)
            self.report.finish(ALERTED, refusal)
        except AlertReceived as alert:
            self.report.alert_in(alert.number, alert.encrypted)
            self.report.finish(FAILED if alert.number == 0 else ALERTED, alert)
        except UsageError as error:
            self.report.finish(USAGE, error)
        except HangUp as fault:
            self.report.finish(FAILED, fault)
        except (ConnectionFailed, Silent) as error:
            self._wait_for_alert(error)

    def _send_alert(self, number: int) -> None:
        self.report.alert_out(number)
        try:
            self.records.queue(numbers.ALERT, b"\x02" + bytes([number]))
            self.records.flush()
        except (ConnectionFailed, HangUp):
            pass

    def _wait_for_alert(self, error: Exception) -> None:
        """A peer that refuses us may have said why before it went away, or may yet say it."""
        self.report.finish(FAILED, error)
        try:
            while True:
                self.records.read()
        except AlertReceived as alert:
            self.report.alert_in(alert.number, alert.encrypted)
            if alert.number != 0:
                self.report.finish(ALERTED, alert)
        except (ConnectionFailed, Refusal):
            pass
