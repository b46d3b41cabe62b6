#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""R-18, R-24: Evidence, or a whole flight, of an earlier connection does not serve a later one."""

import json
import os
import shutil
import socket

from adversary import AttackTest, Listener, Middle, PeerServer, atlslib, connect


SESSION_ID = slice(44, 76)  # in the record of a hello: 5 + 4 octets of headers, 2 + 32, a length


class Parrot(Listener):
    """A server that says what another one said; with FITTING it echoes the session id, at least."""

    def __init__(self, recorded: bytes, fitting: bool):
        self._recorded, self._fitting = recorded, fitting
        super().__init__(1)

    def handle(self, sock: socket.socket) -> bytes:
        with sock:
            sock.settimeout(atlslib.WAIT)
            hello = sock.recv(65536)
            said = bytearray(self._recorded)
            if self._fitting:
                said[SESSION_ID] = hello[SESSION_ID]
            sock.sendall(said)
            answer = b""
            try:
                while data := sock.recv(65536):
                    answer += data
            except ConnectionResetError:
                pass
            return answer


class ReplayTest(AttackTest):
    def evidence_of_atls(self, name: str):
        """What `atls serve` proves on one connection: (the CMW, its report)."""
        server = self.server(*self.atls.own())
        report, _ = connect(server.address, *self.ours.expected(), "--save-cmw", self.path(name))
        self.assertTrue(report["ok"], report["error"])
        self.assertTrue(report["peer_evidence"]["accepted"])
        with open(self.path(name), "rb") as file:
            return file.read(), report

    def test_evidence_is_made_anew_for_every_connection(self):
        server = self.server(*self.atls.own())
        seen = []
        for _ in range(3):
            report, _ = connect(server.address, *self.ours.expected())
            self.assertTrue(report["peer_evidence"]["accepted"])  # the nonce is this binder
            seen.append((report["peer_evidence"]["cmw_sha256"], report["binder"]["peer"]))
        self.assertEqual(len(set(seen)), 3, seen)

    def test_evidence_of_an_earlier_connection_is_refused_by_both_sides(self):
        saved = self.path("earlier.cmw")
        first = PeerServer(*self.ours.tls(), "--expect", "psa", "--offer-client", "psa",
                           "--ak", self.peer.path("sim.pub"), "--save-cmw", saved)
        report, _ = connect(first.address, *self.peer.attesting())
        self.assertTrue(report["ok"], report["error"])
        first.finish()
        words = [*self.peer.tls(), "--attest", f"cmw:{saved}"]
        self.assert_server_refuses(self.relying_server(), words, [], 40, "FRESHNESS")
        self.assert_client_refuses(words, [], 40, "FRESHNESS")

    def test_atls_itself_cannot_replay(self):
        """The program with a replaying attester, against the program."""
        self.evidence_of_atls("own.cmw")
        replayer = atlslib.Identity(self.path("replayer"))
        os.mkdir(replayer.folder)
        for name in ("cert.pem", "key.pem"):
            shutil.copy(self.atls.path(name), replayer.path(name))
        with open(replayer.path("attester.json"), "w", encoding="utf-8") as file:
            json.dump({"rot": "sim-replay-psa", "format": "psa", "file": self.path("own.cmw")},
                      file)
        server = self.server(*replayer.own())
        outcome = atlslib.run(*self.client_words(server.address, self.atls), given=b"x\n")
        self.assert_fails(outcome, atlslib.EXIT_REFUSED, "FRESHNESS")

    def test_a_whole_flight_of_a_server_is_no_use(self):
        server = self.server(*self.atls.own())
        middle = Middle(server.address, words=["--record", self.path("flight")])
        outcome = atlslib.run(*self.client_words(middle.address, self.atls), given=b"x\n")
        self.assert_done(outcome)
        middle.finish()
        with open(self.path("flight.s2c"), "rb") as file:
            recorded = file.read()
        for fitting, alert in ((False, 47), (True, 20)):
            with self.subTest(fitting=fitting):
                parrot = Parrot(recorded, fitting)
                outcome = atlslib.run(*self.client_words(parrot.address, self.atls),
                                      given=b"secret\n")
                self.assert_fails(outcome, atlslib.EXIT_REFUSED, "ILLEGAL")
                self.assertEqual(len(outcome.objects), 1, str(outcome))
                answer = parrot.finish()[0]
                self.assertIn(b"\x15\x03\x03\0\2\2" + bytes([alert]), answer)

    def test_everything_that_a_client_said_is_no_use(self):
        server = self.relying_server()
        middle = Middle(server.address, words=["--record", self.path("client")])
        report, _ = connect(middle.address, *self.peer.attesting(), "--send", "honest")
        self.assertTrue(report["ok"], report["error"])
        middle.finish()
        with open(self.path("client.c2s"), "rb") as file:
            recorded = file.read()
        before = self.got()
        with atlslib.dial(server.address) as sock:
            own = atlslib.name_of(sock)
            sock.sendall(recorded)
            event = server.connection(own)
        self.assertEqual((event["ok"], event["exit"]), (False, 2), event)
        self.assertEqual(len(server.said_of(own)), 1)
        self.assertEqual(self.got(), before)
        self.assert_served(server)


if __name__ == "__main__":
    atlslib.main()
