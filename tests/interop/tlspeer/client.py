# SPDX-License-Identifier: Apache-2.0
"""The client's side of RFC 8446 section 2, figure 1 and figure 2."""

import os
import socket
from dataclasses import replace

from . import attestation, keys, messages, numbers, pki, prelude
from .endpoint import Endpoint
from .messages import find, replaced
from .wire import ConnectionFailed, Reader, Refusal, illegal_parameter, uint, vec


class Client(Endpoint):
    role, other = "client", "server"

    def __init__(self, config, sock):
        super().__init__(config, sock)
        self.hello = None
        self.shares = {}
        self.request = None          # the server's CertificateRequest

    # ClientHello.

    def first_hello(self) -> messages.ClientHello:
        config = self.config
        self.shares = {group: keys.KeyShare(group) for group in config.shares}
        extensions = []
        if config.name:
            extensions.append((numbers.SERVER_NAME, messages.server_name(config.name)))
        schemes = b"".join(uint(2, scheme) for scheme in numbers.SIGNATURES)
        extensions += [
            (numbers.SUPPORTED_GROUPS, vec(2, b"".join(uint(2, g) for g in config.groups))),
            (numbers.SIGNATURE_ALGORITHMS, vec(2, schemes)),
            (numbers.SUPPORTED_VERSIONS, vec(1, uint(2, numbers.TLS13))),
        ]
        if config.invite_tickets:
            extensions.append((numbers.PSK_KEY_EXCHANGE_MODES, vec(1, b"\x01")))
        if config.offer_server or config.offer_client:
            body = attestation.encode_offer(config.offer_server, config.offer_client)
            extensions.append((config.extension_type, body))
        if config.after_handshake():
            extensions.append((numbers.ALPN, prelude.alpn_body()))
        extensions.append((numbers.KEY_SHARE, self.share_body()))
        session_id = os.urandom(32) if config.compat else b""
        return messages.ClientHello(os.urandom(32), session_id, list(config.suites), extensions)

    def share_body(self) -> bytes:
        return vec(2, b"".join(uint(2, group) + vec(2, share.public)
                               for group, share in self.shares.items()))

    def send_hello(self) -> None:
        self.client_random = self.hello.random
        self.send(numbers.CLIENT_HELLO, self.hello.body())

    def send_ccs(self) -> None:
        """Middlebox compatibility: once, before the second flight (appendix D.4)."""
        if self.config.compat:
            self.records.queue(numbers.CHANGE_CIPHER_SPEC, b"\x01")

    # ServerHello and HelloRetryRequest.

    def read_server_hello(self, raw_body: bytes) -> messages.ServerHello:
        """What both have in common: version, echo, suite, and only extensions that may be there."""
        hello = messages.ServerHello.parse(raw_body)
        versions = find(hello.extensions, numbers.SUPPORTED_VERSIONS)
        if hello.version != numbers.TLS12 or versions is None:
            raise Refusal(70, f"the server answered with version {hello.version:#06x}, not TLS 1.3")
        if versions != uint(2, numbers.TLS13):
            raise illegal_parameter(f"supported_versions chose {versions.hex()}")
        if hello.session_id != self.hello.session_id or hello.compression != 0:
            raise illegal_parameter("legacy_session_id or compression is not what was sent")
        if hello.suite not in self.hello.suites or hello.suite not in numbers.SUITES:
            raise illegal_parameter(f"cipher suite {hello.suite:#06x} was not offered")
        if self.suite is not None and hello.suite != self.suite:
            raise illegal_parameter("ServerHello chose another suite than HelloRetryRequest")
        allowed = (numbers.ALLOWED_IN_HELLO_RETRY if hello.is_retry()
                   else numbers.ALLOWED_IN_SERVER_HELLO)
        offered = {kind for kind, _ in self.hello.extensions} | {numbers.COOKIE}
        for kind, _ in hello.extensions:
            if kind == self.config.extension_type:
                raise illegal_parameter("remoteAttestation in ServerHello or HelloRetryRequest")
            if kind not in offered:
                raise Refusal(110, f"extension {kind} in ServerHello was not offered")
            if kind not in allowed:
                raise illegal_parameter(f"extension {kind} may not stand in ServerHello")
        return hello

    def retry(self, message, hello: messages.ServerHello) -> None:
        """HelloRetryRequest: a second ClientHello that differs in key share and cookie only."""
        self.settle_suite(hello.suite)
        self.report["hrr"] = True
        self.transcript.substitute_first_hello(self.hash)
        self.transcript.add(message.raw)
        wanted = find(hello.extensions, numbers.KEY_SHARE)
        cookie = find(hello.extensions, numbers.COOKIE)
        extensions = self.hello.extensions
        if wanted is not None:
            reader = Reader(wanted, "key_share in HelloRetryRequest")
            group = reader.uint(2)
            reader.end()
            if group not in self.config.groups or group in self.shares:
                raise illegal_parameter(f"HelloRetryRequest asks for group {group}")
            self.shares = {group: keys.KeyShare(group)}
            extensions = replaced(extensions, numbers.KEY_SHARE, self.share_body())
        elif cookie is None:
            raise illegal_parameter("HelloRetryRequest would change nothing")
        if cookie is not None:
            extensions = [(numbers.COOKIE, cookie)] + extensions
        second = replace(self.hello, extensions=extensions)
        self.hello = self.faults.apply("second_hello", second, self)
        self.send_ccs()
        self.send_hello()
        self.flush("client_hello")

    def shared_secret(self, hello: messages.ServerHello) -> bytes:
        if hello.random[24:] in numbers.DOWNGRADE_SENTINELS:
            raise illegal_parameter("ServerHello.random says downgrade")
        body = find(hello.extensions, numbers.KEY_SHARE)
        if body is None:
            raise Refusal(109, "ServerHello without key_share")
        reader = Reader(body, "key_share in ServerHello")
        group, public = reader.uint(2), reader.vec(2, 1)
        reader.end()
        if group not in self.shares:
            raise illegal_parameter(f"ServerHello uses group {group} without a share of ours")
        self.share = self.shares[group]
        self.report["group"] = numbers.GROUPS[group]
        return self.share.shared(public)

    # EncryptedExtensions to Finished.

    def read_encrypted_extensions(self) -> None:
        message = self.receive(numbers.ENCRYPTED_EXTENSIONS)
        offered = {kind for kind, _ in self.hello.extensions}
        for kind, body in messages.parse_encrypted_extensions(message.body):
            if kind not in offered:
                raise Refusal(110, f"extension {kind} in EncryptedExtensions was not offered")
            if kind in numbers.NOT_ALLOWED_IN_ENCRYPTED_EXTENSIONS:
                raise illegal_parameter(f"extension {kind} may not stand in EncryptedExtensions")
            if kind == self.config.extension_type:
                self.take_choice("server", body, "EncryptedExtensions", self.config.offer_server)
            if kind == numbers.ALPN:
                self.prelude = prelude.alpn_names(body) == [prelude.PROTOCOL]
        self.transcript.add(message.raw)

    def take_choice(self, side: str, body: bytes, where: str, offered: list) -> None:
        scheme = attestation.parse_choice(body, where)
        if scheme not in offered:
            raise illegal_parameter(f"{where} chose {scheme}, which was not offered")
        self.chosen[side] = scheme

    def read_certificate_request(self, message) -> None:
        self.request = messages.CertificateRequest.parse(message.body)
        if self.request.context:
            raise illegal_parameter("a certificate_request_context inside the handshake")
        algorithms = find(self.request.extensions, numbers.SIGNATURE_ALGORITHMS)
        if algorithms is None:
            raise Refusal(109, "CertificateRequest without signature_algorithms")
        messages.parse_list16(algorithms, "signature_algorithms")
        body = find(self.request.extensions, self.config.extension_type)
        if body is not None:
            if not (self.config.offer_server or self.config.offer_client):
                raise Refusal(110, "remoteAttestation in CertificateRequest was not offered")
            self.take_choice("client", body, "CertificateRequest", self.config.offer_client)
        self.transcript.add(message.raw)

    def read_server_flight(self, secret: bytes) -> None:
        self.read_encrypted_extensions()
        if self.config.expect and self.chosen["server"] is None and not self.config.tolerate:
            raise Refusal(40, "the server chose no attestation scheme, and we require one")
        if self.config.post_expect and not self.prelude:
            raise Refusal(120, "the server chose no protocol with attestation")
        message = self.receive(numbers.CERTIFICATE_REQUEST, numbers.CERTIFICATE)
        if message.kind == numbers.CERTIFICATE_REQUEST:
            self.read_certificate_request(message)
            message = self.receive(numbers.CERTIFICATE)
        offered = bool(self.config.offer_server or self.config.offer_client)
        self.read_certificate(message, b"", offered, self.chosen["server"])
        if not self.peer_chain:
            raise Refusal(50, "the server's Certificate is empty")
        self.verify_peer(list(numbers.SIGNATURES))
        if self.config.anchors and self.config.name:
            pki.check_name(self.peer_chain[0], self.config.name)
        self.appraise_peer(self.chosen["server"])
        self.receive_finished(secret)

    def send_client_flight(self, secret: bytes) -> None:
        if self.request is not None:
            algorithms = messages.parse_list16(
                find(self.request.extensions, numbers.SIGNATURE_ALGORITHMS), "CertificateRequest")
            if self.chain and keys.scheme_of(self.identity_key) not in algorithms:
                raise Refusal(40, "the server takes no signature of our key's kind")
            self.send_certificate(self.request.context, self.chosen["client"])
        self.send_finished(secret)

    def handshake(self) -> None:
        self.hello = self.faults.apply("client_hello", self.first_hello(), self)
        self.report["server_name"] = self.config.name
        self.report["offered"] = {
            "server": [str(scheme) for scheme in self.config.offer_server],
            "client": [str(scheme) for scheme in self.config.offer_client]}
        self.send_hello()
        self.flush("client_hello")
        self.records.first_version = numbers.TLS12
        message = self.receive(numbers.SERVER_HELLO)
        hello = self.read_server_hello(message.body)
        if hello.is_retry():
            self.retry(message, hello)
            message = self.receive(numbers.SERVER_HELLO)
            hello = self.read_server_hello(message.body)
            if hello.is_retry():
                raise Refusal(10, "a second HelloRetryRequest")
        else:
            self.settle_suite(hello.suite)
        shared = self.shared_secret(hello)
        self.transcript.add(message.raw)
        client_secret, server_secret = self.start_handshake_keys(shared)
        self.set_read_keys(server_secret)
        if not self.report["hrr"]:
            self.send_ccs()
        self.set_write_keys(client_secret)
        self.read_server_flight(server_secret)
        self.faults.apply("received", "server_flight", self)
        client_application, server_application = self.application_secrets()
        self.set_read_keys(server_application)
        self.records.ccs_allowed = False
        self.send_client_flight(client_secret)
        self.set_write_keys(client_application)
        self.flush("client_finished")

    def after_handshake(self, message) -> None:
        if message.kind == numbers.NEW_SESSION_TICKET:
            self.read_ticket(message.body)
        else:
            super().after_handshake(message)

    def read_ticket(self, body: bytes) -> None:
        """Counted and forgotten, unless it carries what may not be there."""
        reader = Reader(body, "NewSessionTicket")
        reader.take(8)
        reader.vec(1)
        reader.vec(2, 1)
        extensions = messages.read_extensions(reader.vec(2), "NewSessionTicket")
        reader.end()
        if find(extensions, self.config.extension_type) is not None:
            raise illegal_parameter("remoteAttestation in NewSessionTicket")
        self.report["tickets"] += 1

    def exchange(self) -> None:
        """Sends a line and waits for one, as the reply option says."""
        line = self.config.send.encode() + b"\n"
        self.report["application_data_sent"] = line.decode()
        self.send_application(line)
        self.records.flush()
        if self.config.reply == "none":
            self.close_notify()
            while self.read_application() is not None:
                pass
            return
        wanted, received = self.early_sent + line, b""
        while not received.endswith(b"\n") or (
                self.config.reply == "echo" and len(received) < len(wanted)):
            data = self.read_application()
            if data is None:
                raise ConnectionFailed("the server closed before it answered")
            self.note_data(data)
            received += data
        self.report["echo"] = received == wanted
        if self.config.reply == "echo" and received != wanted:
            raise ConnectionFailed("the server's answer is not what was sent")
        self.close_notify()


def run(config):
    """One connection as a client; always a report."""
    from .report import FAILED, Report

    try:
        sock = socket.create_connection(config.address, config.timeout)
    except OSError as error:
        report = Report("client", config.faults.names())
        report.finish(FAILED, f"no connection to {config.address}: {error}")
        return report
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return Client(config, sock).run()
