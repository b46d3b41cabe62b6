# SPDX-License-Identifier: Apache-2.0
"""The server's side of RFC 8446 section 2, figure 1 and figure 2."""

import os
import socket
import sys
import time

from . import attestation, keys, messages, numbers, prelude
from .endpoint import Endpoint
from .messages import find
from .wire import ConnectionFailed, Refusal, illegal_parameter, uint, vec

MAY_CHANGE_AFTER_RETRY = {numbers.KEY_SHARE, numbers.COOKIE, numbers.PRE_SHARED_KEY,
                          numbers.EARLY_DATA, 21}  # 21: padding


class Server(Endpoint):
    role, other = "server", "client"

    def __init__(self, config, sock):
        super().__init__(config, sock)
        self.records.first_version = numbers.TLS12
        self.hello = None
        self.offer = None            # (server schemes, client schemes) of the ClientHello
        self.algorithms = []
        self.asked = False           # was a CertificateRequest sent
        self.asked_scheme = False    # did it have the extension

    # ClientHello.

    def read_hello(self, message) -> messages.ClientHello:
        hello = messages.ClientHello.parse(message.body)
        self.client_random = hello.random
        versions = find(hello.extensions, numbers.SUPPORTED_VERSIONS)
        if versions is None or numbers.TLS13 not in messages.parse_list16(
                versions, "supported_versions", 1):
            raise Refusal(70, "the client does not offer TLS 1.3")
        if hello.compression != b"\0":
            raise illegal_parameter("legacy_compression_methods is not null alone")
        for kind in (numbers.SUPPORTED_GROUPS, numbers.SIGNATURE_ALGORITHMS, numbers.KEY_SHARE):
            if find(hello.extensions, kind) is None:
                raise Refusal(109, f"ClientHello without extension {kind}")
        self.algorithms = messages.parse_list16(
            find(hello.extensions, numbers.SIGNATURE_ALGORITHMS), "signature_algorithms")
        if keys.scheme_of(self.identity_key) not in self.algorithms:
            raise Refusal(40, "the client takes no signature of our key's kind")
        name = find(hello.extensions, numbers.SERVER_NAME)
        if name is not None:
            self.report["server_name"] = messages.parse_server_name(name)
        body = find(hello.extensions, numbers.ALPN)
        if self.config.after_handshake():
            self.prelude = body is not None and prelude.PROTOCOL in prelude.alpn_names(body)
            if self.config.post_expect and not self.prelude:
                raise Refusal(120, "the client offers no protocol with attestation")
        body = find(hello.extensions, self.config.extension_type)
        if body is not None:
            self.offer = attestation.parse_offer(body)
            self.report["offered"] = {
                "server": [str(scheme) for scheme in self.offer[0]],
                "client": [str(scheme) for scheme in self.offer[1]]}
        return hello

    def choose_suite(self, hello: messages.ClientHello) -> None:
        common = [suite for suite in self.config.suites if suite in hello.suites]
        if not common:
            raise Refusal(40, "no common cipher suite")
        self.settle_suite(common[0])

    def choose_group(self, hello: messages.ClientHello):
        """(group, the client's share or None); None means HelloRetryRequest."""
        offered = messages.parse_list16(
            find(hello.extensions, numbers.SUPPORTED_GROUPS), "supported_groups")
        shares = messages.parse_key_shares(find(hello.extensions, numbers.KEY_SHARE))
        groups = [group for group, _ in shares]
        if len(set(groups)) != len(groups) or not set(groups) <= set(offered):
            raise illegal_parameter("key_share has a group twice or one that is not offered")
        for group in self.config.groups:
            if group in groups:
                return group, dict(shares)[group]
        for group in self.config.groups:
            if group in offered:
                return group, None
        raise Refusal(40, "no common group")

    # HelloRetryRequest.

    def retry(self, first: messages.ClientHello, group: int):
        """Asks for GROUP; returns the second ClientHello and its raw octets."""
        self.report["hrr"] = True
        self.transcript.substitute_first_hello(self.hash)
        extensions = [(numbers.SUPPORTED_VERSIONS, uint(2, numbers.TLS13)),
                      (numbers.KEY_SHARE, uint(2, group))]
        cookie = None
        if self.config.cookie:
            cookie = vec(2, os.urandom(40))
            extensions.append((numbers.COOKIE, cookie))
        hello = messages.ServerHello(numbers.HELLO_RETRY_RANDOM, first.session_id, self.suite,
                                     extensions)
        hello = self.faults.apply("hello_retry", hello, self)
        self.send(numbers.SERVER_HELLO, hello.body())
        self.send_ccs(first)
        self.flush("hello_retry")
        message = self.receive(numbers.CLIENT_HELLO)
        second = self.read_hello(message)
        self.check_second(first, second, group, cookie)
        return message, second

    def check_second(self, first, second, group: int, cookie) -> None:
        """Section 4.1.2: what may differ between the two ClientHellos, and nothing else."""
        same = [[pair for pair in hello.extensions if pair[0] not in MAY_CHANGE_AFTER_RETRY]
                for hello in (first, second)]
        if (first.random, first.session_id, first.suites) != (
                second.random, second.session_id, second.suites):
            raise illegal_parameter("the second ClientHello has another random, id or suites")
        changed = [kind for kind, body in same[0] if (kind, body) not in same[1]]
        changed += [kind for kind, body in same[1] if (kind, body) not in same[0]]
        if changed:
            raise illegal_parameter(f"extension {changed[0]} changed after HelloRetryRequest")
        if find(second.extensions, numbers.COOKIE) != cookie:
            raise illegal_parameter("the cookie is not the one that was sent")
        shares = messages.parse_key_shares(find(second.extensions, numbers.KEY_SHARE))
        if [seen for seen, _ in shares] != [group]:
            raise illegal_parameter("the second key_share is not what was asked for")

    def send_ccs(self, hello: messages.ClientHello) -> None:
        if hello.session_id and self.config.compat:
            self.records.queue(numbers.CHANGE_CIPHER_SPEC, b"\x01")

    # ServerHello to Finished.

    def send_server_hello(self, hello: messages.ClientHello, group: int) -> None:
        self.share = keys.KeyShare(group)
        self.report["group"] = numbers.GROUPS[group]
        share = uint(2, group) + vec(2, self.share.public)
        reply = messages.ServerHello(os.urandom(32), hello.session_id, self.suite, [
            (numbers.SUPPORTED_VERSIONS, uint(2, numbers.TLS13)), (numbers.KEY_SHARE, share)])
        reply = self.faults.apply("server_hello", reply, self)
        self.send(numbers.SERVER_HELLO, reply.body())

    def choose_schemes(self) -> None:
        """The relying party's order decides: the client's for the server, ours for the client."""
        server_list, client_list = self.offer or ([], [])
        able = self.config.offer_server if self.config.attester is not None else []
        self.chosen["server"] = next((s for s in server_list if s in able), None)
        wanted = self.config.offer_client
        self.chosen["client"] = next((s for s in wanted if s in client_list), None)
        if self.config.expect and self.chosen["client"] is None and not self.config.tolerate:
            raise Refusal(109, "the client offers no attestation scheme that we require")
        self.faults.apply("chosen", self.chosen, self)

    def send_encrypted_extensions(self) -> None:
        extensions = []
        if self.chosen["server"] is not None:
            extensions.append((self.config.extension_type, self.chosen["server"].encode()))
        if self.prelude:
            extensions.append((numbers.ALPN, prelude.alpn_body()))
        extensions = self.faults.apply("encrypted_extensions", extensions, self)
        self.send(numbers.ENCRYPTED_EXTENSIONS, messages.write_extensions(extensions))

    def send_certificate_request(self) -> None:
        if self.config.client_auth == "none":
            return
        self.asked = True
        schemes = b"".join(uint(2, scheme) for scheme in numbers.SIGNATURES)
        extensions = [(numbers.SIGNATURE_ALGORITHMS, vec(2, schemes))]
        if self.chosen["client"] is not None:
            extensions.append((self.config.extension_type, self.chosen["client"].encode()))
        request = self.faults.apply(
            "certificate_request", messages.CertificateRequest(b"", extensions), self)
        self.asked_scheme = find(request.extensions, self.config.extension_type) is not None
        self.send(numbers.CERTIFICATE_REQUEST, request.body())

    def read_client_certificate(self) -> None:
        message = self.receive(numbers.CERTIFICATE)
        self.read_certificate(message, b"", self.asked_scheme, self.chosen["client"])
        if not self.peer_chain:
            if self.config.client_auth == "require":
                raise Refusal(116, "the client sent no certificate")
            return
        self.verify_peer(list(numbers.SIGNATURES))
        self.appraise_peer(self.chosen["client"])

    def handshake(self) -> None:
        message = self.receive(numbers.CLIENT_HELLO)
        hello = self.read_hello(message)
        self.faults.apply("received", "client_hello", self)
        self.choose_suite(hello)
        self.transcript.add(message.raw)
        group, public = self.choose_group(hello)
        if public is None:
            message, hello = self.retry(hello, group)
            self.transcript.add(message.raw)
            group, public = self.choose_group(hello)
        self.hello = hello
        self.choose_schemes()
        self.send_server_hello(hello, group)
        shared = self.share.shared(public)
        client_secret, server_secret = self.start_handshake_keys(shared)
        if not self.report["hrr"]:
            self.send_ccs(hello)
        self.set_write_keys(server_secret)
        self.set_read_keys(client_secret)
        self.send_encrypted_extensions()
        self.send_certificate_request()
        self.send_certificate(b"", self.chosen["server"])
        self.send_finished(server_secret)
        client_application, server_application = self.application_secrets()
        self.set_write_keys(server_application)
        self.flush("server_flight")
        if self.asked:
            self.read_client_certificate()
        self.receive_finished(client_secret)
        self.set_read_keys(client_application)
        self.records.ccs_allowed = False
        self.faults.apply("received", "client_finished", self)

    def exchange(self) -> None:
        """Gives back what comes until the client ends."""
        while True:
            try:
                data = self.read_application()
            except ConnectionFailed:
                if self.report["application_data_received"] is None:
                    raise
                return  # an end without close_notify, but the echo was done
            if data is None:
                self.close_notify()
                return
            self.note_data(data)
            self.send_application(data)
            self.records.flush()
            sent = self.report["application_data_sent"] or ""
            self.report["application_data_sent"] = sent + data.decode("utf-8", "replace")
            self.report["echo"] = True


def listen(config) -> socket.socket:
    """The listening socket; where it listens goes to stderr and to --port-file."""
    family = socket.AF_INET6 if ":" in config.address[0] else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(config.address)
    listener.listen(16)
    port = listener.getsockname()[1]
    print(f"listening on {config.address[0]}:{port}", file=sys.stderr, flush=True)
    if config.port_file is not None:
        with open(config.port_file + ".new", "w", encoding="ascii") as file:
            file.write(f"{port}\n")
        os.replace(config.port_file + ".new", config.port_file)
    return listener


def serve(config, listener: socket.socket, done):
    """Connections one after the other, DONE(report) for each; returns the last report or None."""
    report, waiting_until = None, time.monotonic() + config.idle
    with listener:
        while True:
            listener.settimeout(max(0.01, waiting_until - time.monotonic()))
            try:
                sock, _ = listener.accept()
            except socket.timeout:
                return report
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            report = Server(config, sock).run()
            done(report)
            if config.once:
                return report
            waiting_until = time.monotonic() + config.idle
