#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""R-10, R-21: the nonce of the Evidence is the whole binder and nothing but the binder.

For psa its own claim is compared; for tpm2 the extraData of both structures.
"""

from adversary import AttackTest, SoftTpm, atlslib, faults
from softtpm import setting, tpm_fault
from tlspeer import cbor, psa


@faults.fault("binder-zero", "binder", "as many zero octets as the binder has")
def binder_zero(binder, _endpoint, _argument):
    return bytes(len(binder))


@faults.fault("nonce-text", "claims", "the nonce as hexadecimal text")
def nonce_text(claims, _endpoint, _argument):
    return cbor.Map((key, value.hex() if key == psa.NONCE else value) for key, value in claims)


MALFORMED = ("binder-truncated=20", "binder-truncated=31", "binder-truncated=1",
             "binder-padded=33", "binder-padded=47", "binder-padded=65", "nonce-empty",
             "nonce-missing", "nonce-twice", "nonce-twice=array", "nonce-text")
# 48 and 64 octets are nonces that the format takes, and not this binder.
WRONG = ("binder-padded", "binder-padded=48", "binder-flipped", "binder-flipped=0",
         "binder-flipped=128", "binder-zero")


def nonces(change):
    """A change of one or both nonces of a TPM's bundle."""
    def apply(machine):
        machine.nonces = change(machine.nonce)
    return apply


TPM = [
    tpm_fault("tpm-certify-nonce", nonces(lambda n: (bytes(len(n)), n))),
    tpm_fault("tpm-quote-nonce", nonces(lambda n: (n, bytes(len(n))))),
    tpm_fault("tpm-nonces-truncated", nonces(lambda n: (n[:20], n[:20]))),
    tpm_fault("tpm-nonces-padded", nonces(lambda n: (n + bytes(16), n + bytes(16)))),
    tpm_fault("tpm-nonces-empty", nonces(lambda n: (b"", b""))),
    tpm_fault("tpm-nonces-flipped", nonces(lambda n: (n[:-1] + bytes([n[-1] ^ 1]),) * 2)),
]
setting("tpm-as-it-is")


class NonceTest(AttackTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.machine = SoftTpm(cls.path("machine"), cls.peer)

    def test_a_psa_nonce_of_another_form_is_no_nonce(self):
        for fault in MALFORMED:
            self.assert_both_refuse(self.peer.attesting(), [fault], 40, "EVIDENCE_MALFORMED")

    def test_a_psa_nonce_of_another_value_is_refused(self):
        for fault in WRONG:
            self.assert_both_refuse(self.peer.attesting(), [fault], 40, "FRESHNESS")

    def test_a_binder_of_48_octets_cut_to_32_is_refused(self):
        """A hash of 48 octets: what is a whole nonce for another suite is half of one here."""
        words = [*self.peer.attesting(), "--suites", "aes256"]
        self.assert_both_refuse(words, ["binder-truncated=32"], 40, "FRESHNESS")

    def test_both_nonces_of_a_tpm_must_be_the_binder(self):
        self.assert_client_accepts(self.machine.attesting(), ["tpm-as-it-is"], of=self.machine)
        for fault in TPM:
            self.assert_both_refuse(self.machine.attesting(), [fault], 40, "FRESHNESS",
                                    of=self.machine)


if __name__ == "__main__":
    atlslib.main()
