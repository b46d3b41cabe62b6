#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""R-03, R-04: the attested key is the key of the connection, and it lives in the attester."""

from adversary import AttackTest, PeerIdentity, SoftTpm, atlslib, faults
from softtpm import (FIXED_PARENT, FIXED_TPM, GOOD_ATTRIBUTES, RESTRICTED, SENSITIVE_DATA_ORIGIN,
                     SIGN, fresh_key, setting, tpm_fault)
from tlspeer import pki, tpm_sim

ATTRIBUTES = {
    "tpm-may-move": GOOD_ATTRIBUTES & ~FIXED_TPM,
    "tpm-may-be-duplicated": GOOD_ATTRIBUTES & ~FIXED_PARENT,
    "tpm-imported": GOOD_ATTRIBUTES & ~SENSITIVE_DATA_ORIGIN,
    "tpm-external": SIGN,
    "tpm-no-attributes": 0,
    "tpm-does-not-sign": GOOD_ATTRIBUTES & ~SIGN,
    "tpm-restricted": GOOD_ATTRIBUTES | RESTRICTED,
}
for _name, _attributes in ATTRIBUTES.items():
    setting(_name, attributes=_attributes)


def other_key(machine):
    """Everything in order, but it is about a key that is not this connection's."""
    machine.tls_public = fresh_key().public_key()


def other_area(machine):
    """The certified name is of the TLS key, the public area beside it of another."""
    return machine.bundle(kat_pubArea=tpm_sim.public_area(fresh_key().public_key()))


def certified_other(machine):
    """The other way round: another key is certified, the area shown is the TLS key's."""
    shown = machine.public()
    machine.tls_public = fresh_key().public_key()
    return machine.bundle(kat_pubArea=shown)


@faults.fault("binder-of-certificate", "binder", "the binder for the key of CERT.pem",
              argument="CERT.pem")
def binder_of_certificate(_binder, endpoint, argument):
    return endpoint.binder(pki.raw_spki(pki.load_pem_chain(argument)[0]))


tpm_fault("tpm-other-key", other_key)
tpm_fault("tpm-other-area", other_area)
tpm_fault("tpm-certified-other", certified_other)


class KeyTest(AttackTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.machine = SoftTpm(cls.path("machine"), cls.peer)
        cls.keygen("second")
        cls.second = PeerIdentity(cls.path("second"))

    def test_a_signature_by_another_key_than_the_certificate_s_is_refused(self):
        for fault in ("wrong-verify-key", f"wrong-verify-key={self.second.path('key.pem')}",
                      "bad-signature"):
            self.assert_both_refuse(self.peer.attesting(), [fault], 51, "ILLEGAL")
        self.assert_both_refuse(self.peer.attesting(), ["wrong-signature-scheme"], 47, "ILLEGAL")

    def test_a_finished_of_another_handshake_is_refused(self):
        self.assert_both_refuse(self.peer.attesting(), ["bad-finished"], 51, "ILLEGAL")

    def test_psa_evidence_over_another_key_is_refused(self):
        self.assert_both_refuse(self.peer.attesting(), ["binder-other-key"], 40, "FRESHNESS")

    def test_evidence_for_one_certified_key_does_not_serve_another(self):
        """The handshake is the second machine's; the Evidence is for the first one's key."""
        words = [*self.second.tls(), *self.peer.attesting()[4:]]
        self.assert_client_accepts(words)  # nothing else is wrong
        fault = f"binder-of-certificate={self.peer.path('cert.pem')}"
        self.assert_both_refuse(words, [fault], 40, "FRESHNESS")

    def test_tpm_evidence_over_another_key_is_refused(self):
        for fault in ("tpm-other-key", "tpm-other-area", "tpm-certified-other"):
            self.assert_both_refuse(self.machine.attesting(), [fault], 40, "KEY_BINDING",
                                    of=self.machine)

    def test_a_key_that_may_leave_the_tpm_or_came_into_it_is_refused(self):
        for fault in ATTRIBUTES:
            self.assert_both_refuse(self.machine.attesting(), [fault], 40, "KEY_ATTRIBUTES",
                                    of=self.machine)

    def test_a_policy_that_wants_hardware_does_not_take_a_vouched_key(self):
        policy = self.write("hardware.json", '{"version":1,"id":"hardware",'
                                             '"key_binding":["hardware"]}')
        self.assert_client_refuses(self.peer.attesting(), [], 40, "KEY_BINDING", "--policy", policy)
        event, _ = self.assert_client_accepts(self.machine.attesting(), [], "--policy", policy,
                                              of=self.machine)
        self.assertEqual(event["result"]["verdict"]["key_binding"], "hardware")


if __name__ == "__main__":
    atlslib.main()
