# SPDX-License-Identifier: Apache-2.0
"""TPM 2.0 structures as the fields that the Wireshark dissector should show: (name, value)."""

import struct


class Reader:
    def __init__(self, octets: bytes):
        self.octets, self.at, self.found = octets, 0, []

    def number(self, name: str, width: int) -> int:
        value = int.from_bytes(self.octets[self.at:self.at + width], "big")
        self.at += width
        self.found.append(("tpm." + name, value))
        return value

    def vector(self, *names: str) -> None:
        for name in names:
            length = struct.unpack_from("!H", self.octets, self.at)[0]
            self.found.append(("tpm." + name, self.octets[self.at + 2:self.at + 2 + length]))
            self.at += 2 + length


ATTRIBUTES = (("fixedtpm", 1), ("stclear", 2), ("fixedparent", 4), ("sensitivedataorigin", 5),
              ("userwithauth", 6), ("adminwithpolicy", 7), ("noda", 10),
              ("encryptedduplication", 11), ("restricted", 16), ("decrypt", 17), ("sign", 18),
              ("x509sign", 19))


def attest(octets: bytes) -> list:
    read = Reader(octets)
    read.number("magic", 4)
    kind = read.number("type", 2)
    read.vector("qualified_signer", "extra_data")
    for name, width in (("clock", 8), ("reset_count", 4), ("restart_count", 4), ("safe", 1),
                        ("firmware_version", 8)):
        read.number(name, width)
    if kind == 0x8017:
        read.vector("name", "qualified_name")
    elif kind == 0x8018:
        for _ in range(read.number("pcr_count", 4)):
            read.number("hash_alg", 2)
            size = octets[read.at]
            bitmap = octets[read.at + 1:read.at + 1 + size]
            read.at += 1 + size
            pcrs = [str(pcr) for pcr in range(8 * size) if bitmap[pcr // 8] >> pcr % 8 & 1]
            read.found += [("tpm.pcr_select", bitmap), ("tpm.pcrs", ",".join(pcrs))]
        read.vector("pcr_digest")
    else:
        read.found.append(("tpm.attested", octets[read.at:]))
    return read.found


def signature(octets: bytes) -> list:
    read = Reader(octets)
    algorithm = read.number("sig_alg", 2)
    read.number("hash_alg", 2)
    read.vector(*(("sig",) if algorithm in (0x14, 0x16) else ("sig.r", "sig.s")))
    return read.found


def public(octets: bytes) -> list:
    read = Reader(octets)
    kind = read.number("object_type", 2)
    read.number("name_alg", 2)
    flags = read.number("object_attributes", 4)
    read.found += [("tpm.attribute." + name, bool(flags >> bit & 1)) for name, bit in ATTRIBUTES]
    read.vector("auth_policy")
    if read.number("symmetric", 2) != 0x10:
        read.number("key_bits", 2)
        read.number("scheme", 2)
    if read.number("scheme", 2) != 0x10:
        read.number("hash_alg", 2)
    if kind == 1:
        read.number("key_bits", 2)
        read.number("exponent", 4)
        read.vector("rsa")
    else:
        read.number("curve", 2)
        read.number("kdf", 2)
        read.vector("ecc.x", "ecc.y")
    return read.found
