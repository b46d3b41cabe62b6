#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""R-17, R-41: a TPM's Evidence is one whole; no part may be another machine's, or of another kind.

Two machines that the relying party knows, and an adversary who has all that both have said.
"""

from adversary import PCR_VALUE, AttackTest, PeerServer, SoftTpm, atlslib, endorse_tpm, kid_of
from softtpm import SHA1, SHA256, Machine, fresh_key, selection, setting, tpm_fault
from tlspeer import cbor, tpm

OTHER = []  # the second machine, once it is made


def second(machine) -> Machine:
    """The other machine's own Evidence, over the nonce of this very connection."""
    return Machine(OTHER[0].ak, fresh_key().public_key(), machine.nonce)


def with_parts(*names):
    """A bundle in which NAMES, PART_MEMBER, are the other machine's."""
    def change(machine):
        theirs = cbor.decode(second(machine).bundle())
        changed = {}
        for name in names:
            part, _, member = name.partition("_")
            changed[name] = theirs.get(part).get(member)
        return machine.bundle(**changed)
    return change


def unendorsed(machine):
    machine.ak = fresh_key()


def claimed(machine):
    """Signed by an AK that nobody endorsed, under the name of one that is."""
    name = kid_of(machine.ak)
    machine.ak = fresh_key()
    return machine.bundle(kat_kid=name, pat_kid=name)


# Each with the code that says what was wrong.
SPLICED = {
    tpm_fault("tpm-kid-of-other", with_parts("kat_kid")): ("EVIDENCE_MALFORMED", "CLAIM"),
    tpm_fault("tpm-quote-kid-of-other", with_parts("pat_kid")): ("EVIDENCE_MALFORMED", "CLAIM"),
    tpm_fault("tpm-both-kids-of-other", with_parts("kat_kid", "pat_kid")): "SIGNATURE",
    tpm_fault("tpm-certify-of-other", with_parts("kat_certInfo", "kat_sig")): "SIGNATURE",
    tpm_fault("tpm-certify-without-signature", with_parts("kat_certInfo")): "SIGNATURE",
    tpm_fault("tpm-key-of-other", with_parts("kat_pubArea")): "KEY_BINDING",
    tpm_fault("tpm-quote-of-other", with_parts("pat_attestInfo", "pat_sig")): "SIGNATURE",
    tpm_fault("tpm-quote-without-signature", with_parts("pat_attestInfo")): "SIGNATURE",
    tpm_fault("tpm-whole-quote-of-other", with_parts("pat_attestInfo", "pat_sig", "pat_kid")):
        ("EVIDENCE_MALFORMED", "CLAIM", "SIGNATURE"),
    tpm_fault("tpm-whole-certify-of-other",
              with_parts("kat_certInfo", "kat_sig", "kat_kid", "kat_pubArea")):
        ("EVIDENCE_MALFORMED", "CLAIM", "SIGNATURE"),
    tpm_fault("tpm-whole-of-other", lambda machine: second(machine).bundle()): "KEY_BINDING",
    tpm_fault("tpm-unendorsed", unendorsed): "NOT_ENDORSED",
    tpm_fault("tpm-claimed-name", claimed): "SIGNATURE",
}

KINDS = {
    setting("tpm-not-generated", magic=0xFF544346): "EVIDENCE_MALFORMED",
    setting("tpm-certify-is-quote", kinds=(tpm.ST_QUOTE, tpm.ST_QUOTE)): "EVIDENCE_MALFORMED",
    setting("tpm-quote-is-certify", kinds=(tpm.ST_CERTIFY, tpm.ST_CERTIFY)): "EVIDENCE_MALFORMED",
    setting("tpm-other-type", kinds=(0x8014, tpm.ST_QUOTE)): "EVIDENCE_MALFORMED",
    tpm_fault("tpm-swapped", lambda m: m.bundle(
        kat_certInfo=m.quote(), kat_sig=m.sign(m.quote()),
        pat_attestInfo=m.certify(), pat_sig=m.sign(m.certify()))): "EVIDENCE_MALFORMED",
    tpm_fault("tpm-no-quote", lambda m: m.bundle(pat_attestInfo=None)): "EVIDENCE_MALFORMED",
    tpm_fault("tpm-no-certify", lambda m: m.bundle(kat_certInfo=None)): "EVIDENCE_MALFORMED",
    tpm_fault("tpm-no-signature", lambda m: m.bundle(pat_sig=None)): "EVIDENCE_MALFORMED",
    tpm_fault("tpm-empty-signature", lambda m: m.bundle(pat_sig=b"")): "EVIDENCE_MALFORMED",
    tpm_fault("tpm-version-1.2", lambda m: m.bundle(kat_tpmVer="1.2")): "EVIDENCE_MALFORMED",
    tpm_fault("tpm-attest-has-more", lambda m: m.bundle(
        kat_certInfo=m.certify() + b"\0", kat_sig=m.sign(m.certify() + b"\0"))):
        "EVIDENCE_MALFORMED",
}

ZEROS = [PCR_VALUE] * 3
PCRS = [
    setting("tpm-one-pcr-less", selections=[selection(SHA256, (0, 1))], values=ZEROS[:2]),
    setting("tpm-one-pcr-more", selections=[selection(SHA256, (0, 1, 2, 3))], values=ZEROS * 2),
    setting("tpm-other-pcrs", selections=[selection(SHA256, (16, 17, 18))]),
    setting("tpm-no-pcrs", selections=[selection(SHA256, ())], values=[]),
    setting("tpm-no-selection", selections=[], values=[]),
    setting("tpm-weak-bank", selections=[selection(SHA1, (0, 1, 2))], values=[bytes(20)] * 3),
    setting("tpm-two-banks", selections=[selection(SHA256, (0, 1, 2)),
                                         selection(SHA1, (0, 1, 2))]),
    setting("tpm-same-bank-twice", selections=[selection(SHA256, (0,)),
                                               selection(SHA256, (1, 2))]),
    setting("tpm-other-value", values=[b"\1" + bytes(31), *ZEROS[1:]]),
]


class PartsTest(AttackTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.machine = SoftTpm(cls.path("machine"), cls.peer)
        OTHER[:] = [SoftTpm(cls.path("other"), cls.peer)]
        cls.known = ["--endorsements", OTHER[0].endorsement]

    def refused_by_both(self, fault, codes):
        self.assert_both_refuse(self.machine.attesting(), [fault], 40, codes, *self.known,
                                of=self.machine)

    def test_both_machines_are_known(self):
        for machine in (self.machine, OTHER[0]):
            self.assert_client_accepts(machine.attesting(), [], *self.known, of=self.machine)

    def test_a_bundle_of_two_machines_is_refused(self):
        for fault, codes in SPLICED.items():
            self.refused_by_both(fault, codes)

    def test_structures_of_another_kind_are_refused(self):
        for fault, code in KINDS.items():
            self.refused_by_both(fault, code)

    def test_pcrs_other_than_those_endorsed_are_refused(self):
        for fault in PCRS:
            self.refused_by_both(fault, ("REFERENCE_VALUES", "EVIDENCE_MALFORMED"))

    def test_an_ak_without_reference_values_is_no_use(self):
        """R-37: an empty set accepts nobody."""
        bare = self.path("bare.corim")
        endorse_tpm(bare, self.machine.ak, pcrs=(5,))
        words = ["--require", "tpm2", "--endorsements", bare]
        peer = PeerServer(*self.machine.attesting())
        outcome = atlslib.run("connect", peer.address, "--json", "--no-pkix", *words)
        self.assert_fails(outcome, atlslib.EXIT_REFUSED, "REFERENCE_VALUES")
        self.assert_alert(peer.report(), 40, outcome)


if __name__ == "__main__":
    atlslib.main()
