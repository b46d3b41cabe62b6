#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""R-38: a simulated root is taken only where the command line or the policy says so.

And nothing in the environment says anything: not under our names, not under those of others.
"""

import base64
import json
import os

from adversary import SECRET, AttackTest, PeerServer, atlslib, connect, public_pem

LOOKALIKES = {
    "ATLS_SIMULATED": "1", "ATLS_ALLOW_SIMULATED": "1", "ATLS_SIMULATION": "true",
    "ATLS_INSECURE": "1", "ATLS_DEBUG": "1", "ATLS_REQUIRE": "none", "ATLS_NO_PKIX": "1",
    "ATLS_SKIP_VERIFY": "1", "ATLS_POLICY": "/dev/null", "ATLS_CONFIG": "/dev/null",
    "ATLS_VERIFIER": "null", "SIMULATED": "1", "INSECURE": "1",
    "RA_TLS_ALLOW_DEBUG_ENCLAVE_INSECURE": "1", "RA_TLS_ALLOW_OUTDATED_TCB_INSECURE": "1",
    "RA_TLS_ALLOW_HW_CONFIG_NEEDED": "1", "RA_TLS_ALLOW_SW_HARDENING_NEEDED": "1",
    "RATS_TLS_VERIFIER": "nullverifier", "OE_SIMULATION": "1", "SGX_MODE": "SIM",
    "NODE_TLS_REJECT_UNAUTHORIZED": "0", "GIT_SSL_NO_VERIFY": "1", "CURL_INSECURE": "1",
}


class SimulationTest(AttackTest):
    def words(self, address: str, *more) -> list:
        return ["connect", address, "--json", "--no-pkix", "--require", "psa",
                "--endorsements", self.peer.endorsement, *more]

    def refused(self, *more, env=None) -> None:
        peer = PeerServer(*self.peer.attesting())
        outcome = atlslib.run(*self.words(peer.address, *more), given=SECRET, env=env)
        self.assert_fails(outcome, atlslib.EXIT_REFUSED, "SIMULATED")
        report = peer.report()
        self.assert_alert(report, 40, outcome)
        self.assertIsNone(report["application_data_received"])

    def test_a_simulated_root_is_refused_unless_it_is_asked_for(self):
        self.refused()
        peer = PeerServer(*self.peer.attesting())
        outcome = atlslib.run(*self.words(peer.address, "--simulated"), given=b"x\n")
        self.assert_done(outcome)
        evidence = outcome.objects[0]["result"]["verdict"]["evidence"][0]
        self.assertTrue(evidence["simulated"])
        self.assertEqual((evidence["status"], evidence["vector"]["hardware"]), ("warning", 32))

    def test_a_policy_may_ask_for_it_as_well(self):
        for flag, accepted in (("true", True), ("false", False)):
            policy = self.write("p.json", '{"version":1,"id":"p","simulated":%s}' % flag)
            if not accepted:
                self.refused("--policy", policy)
                continue
            peer = PeerServer(*self.peer.attesting())
            outcome = atlslib.run(*self.words(peer.address, "--policy", policy), given=b"x\n")
            self.assert_done(outcome)

    def test_look_alikes_in_the_environment_have_no_effect(self):
        self.refused(env=LOOKALIKES)
        for name in ("ATLS_SIMULATED", "ATLS_ALLOW_SIMULATED", "ATLS_INSECURE"):
            with self.subTest(name):
                self.refused(env={name: "1"})

    def test_the_environment_does_not_relieve_a_server_s_clients(self):
        server = self.server(*self.atls.own(), "--require", "psa",
                             "--endorsements", self.peer.endorsement, env=LOOKALIKES)
        report, own = connect(server.address, *self.peer.attesting())
        self.assert_alert(report, 40, report["error"])
        self.assertEqual(server.connection(own)["error"]["code"], "SIMULATED")

    def test_the_environment_does_not_ask_for_a_key_log(self):
        keylog = self.path("from-the-environment.log")
        server = self.server(*self.atls.own(), env={"SSLKEYLOGFILE": keylog})
        report, _ = connect(server.address)
        self.assertTrue(report["ok"], report["error"])
        outcome = atlslib.run(*self.client_words(server.address, self.atls), given=b"x\n",
                              env={"SSLKEYLOGFILE": keylog})
        self.assert_done(outcome)
        self.assertFalse(os.path.exists(keylog))

    def test_the_mark_cannot_be_washed_off(self):
        """The same key endorsed once more, without the mark, stays simulated or is refused."""
        template = self.clean_template()
        clean = self.path("clean.corim")
        self.assert_done(atlslib.run("corim", "create", template, "--profile", "psa", "-o", clean))
        peer = PeerServer(*self.peer.attesting())
        outcome = atlslib.run(*self.words(peer.address, "--endorsements", clean), given=SECRET)
        self.assert_fails(outcome, atlslib.EXIT_REFUSED, "SIMULATED")
        peer.finish()

    def clean_template(self) -> str:
        claims = self.peer.attester()["claims"]

        def octets(name):
            return base64.b64encode(bytes.fromhex(claims[name])).decode()

        environment = {"class": {"id": {"type": "bytes", "value": octets("implementation-id")}},
                       "instance": {"type": "ueid", "value": octets("instance-id")}}
        key = {"type": "pkix-base64-key", "value": public_pem(self.peer.signer)}
        return self.write("clean.json", json.dumps({
            "tag-identity": {"id": "00000000-0000-4000-8000-000000000002"},
            "triples": {"attester-verification-keys": [
                {"environment": environment, "verification-keys": [key]}]}}))


if __name__ == "__main__":
    atlslib.main()
