# SPDX-License-Identifier: Apache-2.0
"""What a dishonest TPM, or one that belongs to somebody else, would say: faults of the peer.

Each remakes the bundle of the simulated TPM with one part changed and everything else, the nonce
and the signatures included, as it should be.
"""

import hashlib

from adversary import PCR_VALUE, ec, faults, kid_of
from tlspeer import cbor, pki, tpm, tpm_sim
from tlspeer.wire import uint, vec

SHA1, SHA256 = 0x0004, 0x000B
GOOD_ATTRIBUTES = 0x00040072
FIXED_TPM, FIXED_PARENT, SENSITIVE_DATA_ORIGIN = 1 << 1, 1 << 4, 1 << 5
RESTRICTED, SIGN = 1 << 16, 1 << 18


def selection(bank: int, pcrs) -> bytes:
    bits = bytearray(3)
    for pcr in pcrs:
        bits[pcr // 8] |= 1 << pcr % 8
    return uint(2, bank) + vec(1, bytes(bits))


class Machine:
    """One TPM with its AK and its TLS key; each part of the bundle can be asked for by itself."""

    def __init__(self, ak, tls_public, nonce: bytes):
        self.ak, self.tls_public, self.nonce = ak, tls_public, nonce
        self.attributes = GOOD_ATTRIBUTES
        self.selections = [selection(SHA256, (0, 1, 2))]
        self.values = [PCR_VALUE] * 3
        self.magic = tpm.MAGIC
        self.kinds = (tpm.ST_CERTIFY, tpm.ST_QUOTE)
        self.signer = tpm_sim.name_of(tpm_sim.public_area(ak.public_key(), 0x00050072))
        self.nonces = (nonce, nonce)

    def public(self) -> bytes:
        return tpm_sim.public_area(self.tls_public, self.attributes)

    def _attest(self, which: int, attested: bytes) -> bytes:
        clock = uint(8, 1_000_000) + uint(4, 1) + uint(4, 0) + b"\x01"
        return (uint(4, self.magic) + uint(2, self.kinds[which]) + vec(2, self.signer) +
                vec(2, self.nonces[which]) + clock + uint(8, 1) + attested)

    def certify(self) -> bytes:
        return self._attest(0, vec(2, tpm_sim.name_of(self.public())) + vec(2, self.signer))

    def quote(self) -> bytes:
        digest = hashlib.sha256(b"".join(self.values)).digest()
        return self._attest(1, uint(4, len(self.selections)) + b"".join(self.selections) +
                            vec(2, digest))

    def sign(self, data: bytes) -> bytes:
        return tpm_sim._sign(self.ak, data)

    def bundle(self, **changed) -> bytes:
        """Members by PART_NAME, such as kat_sig; None leaves one out."""
        kid, certify, quote = kid_of(self.ak), self.certify(), self.quote()
        parts = {"kat": {"tpmVer": "2.0", "kid": kid, "sig": self.sign(certify),
                         "certInfo": certify, "pubArea": self.public()},
                 "pat": {"tpmVer": "2.0", "kid": kid, "sig": self.sign(quote),
                         "attestInfo": quote}}
        for name, value in changed.items():
            part, _, member = name.partition("_")
            parts[part][member] = value
        return cbor.encode(cbor.Map(
            (part, cbor.Map((name, value) for name, value in members.items()
                            if value is not None))
            for part, members in parts.items()))


def machine_of(endpoint) -> Machine:
    """The peer's own, with the nonce that it should use."""
    nonce = endpoint.binder(pki.raw_spki(endpoint.chain[0]))
    return Machine(endpoint.config.attester.key, endpoint.identity_key.public_key(), nonce)


def tpm_fault(name: str, change) -> str:
    """Registers CHANGE(machine) -> bundle, or None for machine.bundle(), as fault NAME."""
    @faults.fault(name, "record", f"a TPM's bundle: {name}")
    def remake(record, endpoint, _argument):
        machine = machine_of(endpoint)
        made = change(machine)
        return record[0], machine.bundle() if made is None else made
    return name


def setting(name: str, **values) -> str:
    """A fault that sets attributes of the machine."""
    def change(machine):
        for key, value in values.items():
            setattr(machine, key, value)
    return tpm_fault(name, change)


def fresh_key():
    return ec.generate_private_key(ec.SECP256R1())
