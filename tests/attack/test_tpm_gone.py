#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""R-31: a TPM that dies, hangs or is not there fails the handshake; it never weakens it."""

import signal
import threading

from adversary import SECRET, AttackTest, PeerServer, atlslib, connect

OFFER = ["--offer-server", "tpm2", "--expect", "tpm2", "--tolerate"]


class TpmGoneTest(AttackTest):
    def setUp(self):
        self.tpm = atlslib.SoftwareTpm()
        self.addCleanup(self.tpm.stop)
        name = self.id().rpartition(".")[2]
        self.machine = self.keygen(name, "--tcti", self.tpm.tcti, rot="tpm2")

    def assert_attested(self, server) -> None:
        report, own = connect(server.address, *OFFER, "--send", "honest")
        self.assertTrue(report["ok"], report["error"])
        self.assertIsNotNone(report["peer_evidence"])
        self.assertTrue(server.connection(own)["ok"])

    def assert_fails_inside(self, server, report, own, codes) -> None:
        event = server.connection(own)
        self.assert_alert(report, 80, event)
        self.assert_error(event, codes, event)
        self.assertEqual(event["exit"], atlslib.EXIT_OURS)
        self.assertEqual(len(server.said_of(own)), 1)
        self.assertIsNone(report["application_data_received"])

    def test_a_server_whose_tpm_died_says_internal_error_and_lives(self):
        server = self.server(*self.machine.own())
        self.assert_attested(server)
        self.tpm.kill()
        for _ in range(2):
            report, own = connect(server.address, *OFFER)
            self.assert_fails_inside(server, report, own, ("TPM", "KEY"))
        outcome = atlslib.run("connect", server.address, "--json", "--no-pkix",
                              *self.machine.required(), given=SECRET)
        self.assert_fails(outcome, atlslib.EXIT_CONNECTION, "PEER_ALERT")
        self.assertIn("(80)", outcome.error["sentence"])

    def test_a_server_serves_again_when_its_tpm_is_back(self):
        server = self.server(*self.machine.own())
        self.tpm.kill()
        report, own = connect(server.address, *OFFER)
        self.assert_fails_inside(server, report, own, ("TPM", "KEY"))
        self.tpm.restart()
        self.assert_attested(server)

    def test_a_tpm_that_dies_in_the_middle_fails_that_handshake(self):
        server = self.server(*self.machine.own())
        self.tpm.process.send_signal(signal.SIGSTOP)  # the handshake will wait for it
        found = []
        thread = threading.Thread(target=lambda: found.append(connect(server.address, *OFFER)))
        thread.start()
        atlslib.wait_until(lambda: self.waits_for_the_tpm(server), "a connection that waits")
        self.tpm.kill()
        thread.join(atlslib.WAIT)
        self.assert_fails_inside(server, *found[0], ("TPM", "KEY"))

    @staticmethod
    def waits_for_the_tpm(server) -> bool:
        """A thread of the server for the connection: the hello has come."""
        with open(f"/proc/{server.process.pid}/status", encoding="ascii") as file:
            threads = next(int(line.split()[1]) for line in file if line.startswith("Threads:"))
        with open("/proc/net/tcp", encoding="ascii") as file:
            established = [line for line in file if f":{server.port:04X} " in line
                           and line.split()[3] == "01"]
        return threads > 1 and len(established) > 0

    def test_a_tpm_that_hangs_fails_at_the_deadline_and_serves_afterwards(self):
        server = self.server(*self.machine.own(), "--handshake-timeout", "5s")
        self.tpm.process.send_signal(signal.SIGSTOP)
        report, own = connect(server.address, *OFFER)
        event = server.connection(own)
        self.assertIn(event["error"]["code"], ("DEADLINE", "TPM", "TIMEOUT"), event)
        self.assert_alert(report, 80, event)
        self.tpm.process.send_signal(signal.SIGCONT)
        self.assert_attested(server)

    def test_a_client_whose_tpm_is_gone_ends_with_its_own_fault(self):
        peer = PeerServer(*self.peer.tls(), "--client-auth", "require", "--offer-client", "tpm2")
        self.tpm.kill()
        outcome = atlslib.run("connect", peer.address, "--json", *self.machine.own(), "--ca",
                              self.peer.path("cert.pem"), given=SECRET)
        self.assert_fails(outcome, atlslib.EXIT_OURS, "TPM")
        self.assertNotIn("event", outcome.objects[0])

    def test_a_server_does_not_start_without_its_tpm(self):
        self.tpm.kill()
        outcome = atlslib.run("serve", "127.0.0.1:0", "--json", *self.machine.own())
        self.assert_fails(outcome, atlslib.EXIT_OURS, "TPM")


if __name__ == "__main__":
    atlslib.main()
