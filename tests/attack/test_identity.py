#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""R-12, R-13, R-49: identity and Evidence must both hold, and neither makes up for the other.

The matrix of good and bad certificates and good and bad Evidence, for both roles, each refusal
with its own code.
"""

from adversary import AttackTest, PeerIdentity, PeerServer, SoftTpm, atlslib, connect, faults
from authority import CLIENT_ONLY, HOUR, SERVER_ONLY, Authority, public_key_of
from softtpm import tpm_fault
from tlspeer import pki

# What is wrong with a server's certificate: options of certify(), alert of OpenSSL.
BAD_SERVER = {
    "another name": ({"names": ("other.example",)}, 42),
    "the name in the subject alone": ({"alternatives": False}, 42),
    "expired": ({"begins": -48 * HOUR, "ends": -HOUR}, 45),
    "not yet valid": ({"begins": 24 * HOUR, "ends": 48 * HOUR}, 42),
    "for clients only": ({"usage": CLIENT_ONLY}, 43),
    "unknown critical extension": ({"unknown_critical": True}, 46),
}
BAD_CLIENT = {
    "expired": ({"begins": -48 * HOUR, "ends": -HOUR}, 45),
    "not yet valid": ({"begins": 24 * HOUR, "ends": 48 * HOUR}, 42),
    "for servers only": ({"usage": SERVER_ONLY}, 43),
    "unknown critical extension": ({"unknown_critical": True}, 46),
}
BAD_EVIDENCE = {"credential-missing-ct": "NOT_ATTESTED", "bad-evidence-signature": "SIGNATURE",
                "binder-random": "FRESHNESS", "unsigned-token": "SIGNATURE"}


@faults.fault("binder-of-certificate", "binder", "the binder for the key of CERT.pem",
              argument="CERT.pem")
def binder_of_certificate(_binder, endpoint, argument):
    return endpoint.binder(pki.raw_spki(pki.load_pem_chain(argument)[0]))


TENANT = []


def of_tenant(machine):
    """The tenant's TPM, asked by its own host about its own key, with this connection's nonce."""
    machine.tls_public = public_key_of(TENANT[0])


tpm_fault("tpm-of-tenant", of_tenant)


class IdentityTest(AttackTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ca = Authority(cls.folder)
        cls.stranger = Authority(cls.folder, "stranger CA")
        cls.keygen("tenant")
        cls.tenant = PeerIdentity(cls.path("tenant"))
        TENANT[:] = [cls.tenant]
        cls.evidence = cls.peer.attesting()[4:]

    def client(self, *more) -> list:
        """atls connect with PKIX; MORE come last."""
        return [*self.peer.required(), "--ca", self.ca.path, *more]

    def refused(self, words, chosen, alert, code, *more):
        """By a client that checks chain and name."""
        peer = PeerServer(*words, faults=chosen)
        outcome = atlslib.run("connect", f"localhost:{peer.port}", "--json", *self.client(*more),
                              given=b"secret\n")
        self.assert_fails(outcome, atlslib.EXIT_REFUSED, code)
        report = peer.report()
        self.assert_alert(report, alert, outcome)
        self.assertIsNone(report["application_data_received"])
        self.assert_not_accepted(outcome.objects[0]["result"]["verdict"])
        return outcome.error

    def relying_with_ca(self):
        return self.relying_server(None, "--ca", self.ca.path)

    def test_a_good_chain_and_good_evidence_are_accepted_together(self):
        words = self.ca.certify(self.peer) + self.evidence
        for host in ("localhost", "127.0.0.1"):
            peer = PeerServer(*words)
            outcome = atlslib.run("connect", f"{host}:{peer.port}", "--json", *self.client(),
                                  given=b"hello\n")
            self.assert_done(outcome)
            verdict = outcome.objects[0]["result"]["verdict"]
            self.assertEqual((verdict["identity"], verdict["accepted"]), ("pkix", True))
            self.assertTrue(peer.report()["ok"])
        server = self.relying_with_ca()
        report, own = connect(server.address, *words, "--send", "honest")
        self.assertTrue(report["ok"], report["error"])
        self.assertEqual(server.connection(own)["result"]["verdict"]["identity"], "pkix")

    def test_good_evidence_does_not_make_up_for_a_server_s_certificate(self):
        for what, (options, alert) in BAD_SERVER.items():
            with self.subTest(what):
                words = self.ca.certify(self.peer, file="bad.pem", **options)
                self.refused(words + self.evidence, [], alert, "PKIX")

    def test_a_name_that_stands_for_many_is_refused(self):
        """OpenSSL takes a name with a dot in front for every name below it."""
        for name in (".example.com", ".", ""):
            with self.subTest(name):
                outcome = atlslib.run("connect", "127.0.0.1:9", "--json", "--name", name,
                                      *self.client())
                self.assert_fails(outcome, atlslib.EXIT_OURS, "CONFIG")

    def test_good_evidence_does_not_make_up_for_a_client_s_certificate(self):
        server = self.relying_with_ca()
        honest = self.ca.certify(self.peer) + self.evidence
        for what, (options, alert) in BAD_CLIENT.items():
            with self.subTest(what):
                words = self.ca.certify(self.peer, file="bad.pem", **options)
                self.assert_pkix_refusal(server, words + self.evidence, alert, honest)

    def test_a_chain_to_a_stranger_s_ca_is_refused(self):
        words = self.stranger.certify(self.peer, file="stranger.pem") + self.evidence
        self.refused(words, [], 48, "PKIX")
        honest = self.ca.certify(self.peer) + self.evidence
        server = self.relying_with_ca()
        self.assert_pkix_refusal(server, words, 48, honest)
        self.assert_pkix_refusal(server, self.peer.attesting(), 48, honest)  # self-signed

    def assert_pkix_refusal(self, server, words, alert, honest):
        report, own = connect(server.address, *words)
        event = server.connection(own)
        self.assert_alert(report, alert, event)
        self.assert_error(event, "PKIX", event)
        self.assertEqual(len(server.said_of(own)), 1)
        self.assertIsNone(report["application_data_received"])
        report, own = connect(server.address, *honest, "--send", "honest")
        self.assertTrue(report["ok"], report["error"])

    def test_a_good_chain_does_not_make_up_for_evidence(self):
        words = self.ca.certify(self.peer) + self.evidence
        server = self.relying_with_ca()
        for fault, code in BAD_EVIDENCE.items():
            with self.subTest(fault):
                self.refused(words, [fault], 40, code)
                report, own = connect(server.address, *words, faults=[fault])
                self.assert_alert(report, 40, report["error"])
                self.assert_error(server.connection(own), code, fault)

    def test_a_server_with_a_good_chain_that_cannot_attest_is_refused(self):
        self.refused(self.ca.certify(self.peer), [], 40, "NOT_ATTESTED")

    def test_both_wrong_is_refused_for_the_certificate(self):
        words = self.stranger.certify(self.peer, file="stranger.pem") + self.evidence
        self.refused(words, ["bad-evidence-signature"], 48, "PKIX")

    def test_the_chain_of_one_host_with_the_evidence_of_another_is_refused(self):
        """Both are endorsed; the Evidence is about the tenant's own key."""
        words = self.ca.certify(self.peer) + self.tenant.attesting()[4:]
        fault = f"binder-of-certificate={self.tenant.path('cert.pem')}"
        self.refused(words, [fault], 40, "FRESHNESS", "--endorsements", self.tenant.endorsement)

    def test_the_chain_of_one_host_with_the_tpm_of_another_is_refused(self):
        machine = SoftTpm(self.path("machine"), self.tenant)
        words = self.ca.certify(self.peer) + machine.attesting()[4:]
        peer = PeerServer(*words, faults=["tpm-of-tenant"])
        outcome = atlslib.run("connect", f"localhost:{peer.port}", "--json", "--ca", self.ca.path,
                              *machine.required())
        self.assert_fails(outcome, atlslib.EXIT_REFUSED, "KEY_BINDING")
        self.assert_alert(peer.report(), 40, outcome)

    def test_a_machine_that_is_not_on_the_list_is_refused(self):
        """R-13: a genuine machine running the right software, but not the one that was meant."""
        ours = self.peer.attester()["claims"]["instance-id"]
        theirs = self.tenant.attester()["claims"]["instance-id"]
        words = self.ca.certify(self.peer) + self.tenant.attesting()[4:]
        both = ["--endorsements", self.tenant.endorsement]
        wanted = self.write("wanted.json", '{"version":1,"id":"m","machines":["%s"]}' % ours)
        self.refused(words, [], 40, "MACHINE", *both, "--policy", wanted)
        listed = self.write("listed.json",
                            '{"version":1,"id":"m","machines":["%s","%s"]}' % (ours, theirs))
        peer = PeerServer(*words)
        self.assert_done(atlslib.run("connect", f"localhost:{peer.port}", "--policy", listed,
                                     *self.client(*both), given=b"x\n"))

    def test_a_policy_that_wants_pkix_is_not_content_with_a_key(self):
        policy = self.write("pkix.json", '{"version":1,"id":"p","require":{"identity":"pkix"}}')
        self.assert_client_refuses(self.peer.attesting(), [], 40, "IDENTITY", "--policy", policy)


if __name__ == "__main__":
    atlslib.main()
