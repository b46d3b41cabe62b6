#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""R-27: no tickets, no resumption, no early data: every connection attests anew."""

import os
import subprocess

from adversary import SECRET, AttackTest, Middle, PeerServer, atlslib, connect, faults
from tlspeer import messages, numbers
from tlspeer.messages import replaced
from tlspeer.wire import uint, vec

EARLY_DATA = 42


@faults.fault("offer-psk", "client_hello", "a ticket that nobody issued, with psk_dhe_ke",
              ("client",), "early")
def offer_psk(hello, _endpoint, argument):
    identity = vec(2, os.urandom(64)) + uint(4, 0)
    extensions = replaced(hello.extensions, numbers.PSK_KEY_EXCHANGE_MODES, vec(1, b"\x01"))
    if argument == "early":
        extensions = extensions + [(EARLY_DATA, b"")]
    hello.extensions = extensions + [
        (numbers.PRE_SHARED_KEY, vec(2, identity) + vec(2, vec(1, os.urandom(32))))]
    return hello


class ResumptionTest(AttackTest):
    def hello_of(self, name: str) -> messages.ClientHello:
        with open(self.path(name + ".c2s"), "rb") as file:
            record = file.read()
        return messages.ClientHello.parse(record[9:5 + int.from_bytes(record[3:5], "big")])

    def test_a_server_issues_no_tickets(self):
        server = self.relying_server()
        report, _ = connect(server.address, *self.peer.attesting(), "--invite-tickets",
                            "--send", "honest")
        self.assertTrue(report["ok"], report["error"])
        self.assertEqual(report["tickets"], 0)
        self.assertNotIn("NewSessionTicket", report["messages_received"])

    def test_a_client_forgets_tickets(self):
        """The second connection offers no PSK and no early data, and attests like the first."""
        peer = PeerServer(*self.peer.attesting(), faults=["send-ticket=3"], connections=2)
        binders = []
        for name in ("first", "second"):
            middle = Middle(peer.address, words=["--record", self.path(name)])
            outcome = atlslib.run(*self.client_words(middle.address), given=SECRET)
            self.assert_done(outcome)
            middle.finish()
            kinds = [kind for kind, _ in self.hello_of(name).extensions]
            self.assertNotIn(numbers.PRE_SHARED_KEY, kinds)
            self.assertNotIn(EARLY_DATA, kinds)
            self.assertIn(numbers.REMOTE_ATTESTATION, kinds)
            binders.append(outcome.objects[0]["result"]["verdict"]["channel"]["binder"])
        self.assertEqual(len(set(binders)), 2)
        for report in peer.finish():
            self.assertTrue(report["ok"], report["error"])

    def test_a_psk_that_a_client_offers_is_not_taken(self):
        """The handshake is a whole one, with Evidence; early data is none that a server reads."""
        server = self.relying_server()
        event, report = self.assert_server_accepts(server, self.peer.attesting(), ["offer-psk"])
        self.assertEqual(event["result"]["verdict"]["channel"]["binder"], report["binder"]["own"])
        self.assert_server_accepts(server, self.peer.attesting(), ["offer-psk=early"])
        self.assert_server_refuses(server, self.peer.attesting(),
                                   ["offer-psk", "credential-missing-ct"], 40, "NOT_ATTESTED")

    def test_a_server_that_resumes_takes_no_ticket_but_its_own(self):
        """R-32: a ticket that it cannot open is declined, with early data too: a whole handshake,
        with Evidence, and without Evidence a refusal. To a client that invites them it gives one."""
        server = self.relying_server(None, "--resume")
        for fault in ("offer-psk", "offer-psk=early"):
            event, report = self.assert_server_accepts(server, self.peer.attesting(), [fault])
            channel = event["result"]["verdict"]["channel"]
            self.assertEqual(channel["binder"], report["binder"]["own"])
            self.assertFalse(channel["resumed"])
        self.assert_server_refuses(server, self.peer.attesting(),
                                   ["offer-psk", "credential-missing-ct"], 40, "NOT_ATTESTED")
        report, _ = connect(server.address, *self.peer.attesting(), "--invite-tickets",
                            "--send", "honest")
        self.assertEqual(report["tickets"], 1)

    def test_a_client_offers_a_kept_session_once_and_its_attestation_with_it(self):
        """Its ClientHello has the PSK, with a key exchange only, and the whole offer beside it: a
        server that takes no PSK attests as before. A client without the option offers none."""
        peer = PeerServer(*self.peer.attesting(), faults=["send-ticket=1"], connections=4)
        env = {"XDG_STATE_HOME": self.path("state")}
        middle = Middle(peer.address, words=["--record", self.path("kept")], connections=4)
        hellos = []
        for words in (["--resume"], ["--resume"], [], ["--resume"]):
            outcome = atlslib.run(*self.client_words(middle.address, None, *words), given=SECRET,
                                  env=env)
            self.assert_done(outcome)
            self.assertFalse(outcome.objects[0]["result"]["verdict"]["channel"]["resumed"])
            hellos.append(dict(self.hello_of("kept").extensions))
            os.unlink(self.path("kept.c2s"))
        middle.finish()
        offered = [numbers.PRE_SHARED_KEY in hello for hello in hellos]
        self.assertEqual(offered, [False, True, False, True])
        for hello in hellos:
            self.assertIn(numbers.REMOTE_ATTESTATION, hello)
            self.assertNotIn(EARLY_DATA, hello)
            if numbers.PSK_KEY_EXCHANGE_MODES in hello:
                self.assertEqual(hello[numbers.PSK_KEY_EXCHANGE_MODES], vec(1, b"\x01"))
        for report in peer.finish():
            self.assertTrue(report["ok"], report["error"])

    def test_openssl_finds_nothing_to_resume(self):
        atlslib.need("openssl")
        server = self.server(*self.atls.own())
        saved = self.path("saved.pem")
        done = subprocess.run(["openssl", "s_client", "-connect", server.address, "-sess_out",
                               saved], input=b"", stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=atlslib.WAIT, check=False)
        said = done.stdout.decode("utf-8", "replace")
        self.assertIn("New, TLSv1.3", said)
        self.assertNotIn("New Session Ticket arrived", said)


if __name__ == "__main__":
    atlslib.main()
