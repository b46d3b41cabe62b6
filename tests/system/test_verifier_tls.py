#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`atls verifier` behind TLS: ordinary clients, clients with certificates, and clients to whom it attests itself."""

import json
import signal
import socket
import ssl

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from atlslib import EXIT_REFUSED, main, run
from authority import Authority
from verifierlib import CMW, PSA_CORIM, SUBMISSION, SUBMIT, Client, Verifier, VerifierTest


def trusting(path: str) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=path)


class TlsTest(VerifierTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.authority = Authority(cls.folder)
        cls.stranger = Authority(cls.folder, "another CA")
        cls.server = cls.keygen("verifier")
        words = cls.authority.certify(cls.server, names=("127.0.0.1", "localhost"))
        cls.secure = Verifier(cls.folder, "--identity", cls.server.folder, *words, "--ca", cls.authority.path,
                              "--id", "https://verifier.example", name="tls", token=False)
        cls.addClassCleanup(cls.secure.stop)

    def client_key(self, authority, name: str) -> ssl.SSLContext:
        """A context with a client certificate of AUTHORITY."""
        key = ec.generate_private_key(ec.SECP256R1())
        context = trusting(self.authority.path)
        files = authority.certify_key(self.server, name, key)
        context.load_cert_chain(*files)
        return context

    def over_tls(self, context=None) -> Client:
        client = self.secure.client(tls=context or trusting(self.authority.path))
        self.addCleanup(client.close)
        return client

    def test_an_ordinary_client_verifies_the_name_and_has_its_session(self):
        self.assertEqual(self.secure.listening["transport"], "TLS")
        client = self.over_tls()
        path, nonce = self.open_session(client=client)
        answer = self.send(path, self.evidence(nonce), client=client)
        self.assertEqual((answer.status, answer.json["status"]), (200, "complete"))
        self.assertEqual(client.connection.sock.version(), "TLSv1.3")
        self.assertEqual(client.ask("GET", "/healthz").status, 200)  # on the same connection

    def test_a_client_that_trusts_another_is_told_nothing(self):
        with self.assertRaises(ssl.SSLError):
            self.over_tls(trusting(self.stranger.path)).ask("GET", "/healthz")

    def test_plain_http_is_not_answered(self):
        with socket.create_connection(("127.0.0.1", self.secure.port), 30) as plain:
            plain.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            self.assertNotIn(b"HTTP/", plain.recv(1000))

    def test_provisioning_takes_a_certificate_of_the_ca_and_no_other(self):
        def submit(context):
            return self.over_tls(context).ask("POST", SUBMIT, self.corim, Content_Type=PSA_CORIM, Accept=SUBMISSION)
        self.problem(submit(None), 403)
        answer = submit(self.client_key(self.authority, "operator"))
        self.assertEqual(answer.json["status"], "success", str(answer))
        taken = self.secure.wait("endorsement")
        self.assertIn("operator", taken["submitter"])
        try:
            self.assertNotEqual(submit(self.client_key(self.stranger, "operator")).status, 200)
        except (ssl.SSLError, ConnectionError):
            pass  # the alert came first: that is a refusal, too

    def test_sighup_reads_the_certificate_again(self):
        self.authority.certify(self.server, names=("127.0.0.1", "localhost", "renewed.example"))
        self.secure.process.send_signal(signal.SIGHUP)
        self.secure.wait("reload")
        client = self.over_tls()
        self.assertEqual(client.ask("GET", "/healthz").status, 200)
        names = dict(client.connection.sock.getpeercert())["subjectAltName"]
        self.assertIn(("DNS", "renewed.example"), names)

    def test_the_verifier_attests_itself(self):
        request = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
        words = ["connect", f"127.0.0.1:{self.secure.port}", "--ca", self.authority.path, *self.server.required()]
        outcome = self.assert_done(run(*words, given=request))  # which ends its side behind the request
        self.assertTrue(outcome.out.startswith(b"HTTP/1.1 200 OK"), outcome.out)
        self.assertEqual(json.loads(outcome.out.rpartition(b"\n")[2])["status"], "ok")
        path, nonce = self.open_session(client=self.over_tls())
        body = self.evidence(nonce)
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {CMW}\r\nContent-Length: {len(body)}\r\n\r\n"
        outcome = self.assert_done(run(*words, given=head.encode() + body))
        self.assertEqual(json.loads(outcome.out.partition(b"\r\n\r\n")[2])["status"], "complete")
        other = [*words[:4], *self.identity.required()]
        self.assertEqual(run(*other, given=request).status, EXIT_REFUSED)


if __name__ == "__main__":
    main()
