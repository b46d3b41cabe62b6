#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Checks Evidence of the tpm2 attester without a line of atls.

usage: check_tpm_evidence.py DIR

DIR holds evidence.cmw (octets), nonce (octets), spki.der (of the TLS key) and comid.json (what
keygen made). Everything is decoded by python3-cbor2 and, for TPM structures, by the few lines
below, and verified by python3-cryptography; where tpm2-tools are installed, tpm2_checkquote and
tpm2_print are asked as well. Exit status: 0 it holds, 1 it does not, 77 a module is missing.
"""
import base64
import hashlib
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile

try:
    import cbor2
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, utils
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

MEDIA_TYPE = "application/vnd.parallaxsecond.key-attestation.tpm"


def need(holds, what):
    if not holds:
        print(f"does not hold: {what}")
        sys.exit(1)


class Octets:
    """A TPM structure, read from front to back."""

    def __init__(self, octets):
        self.octets = octets

    def take(self, length):
        need(len(self.octets) >= length, "a structure that is long enough")
        head, self.octets = self.octets[:length], self.octets[length:]
        return head

    def number(self, form):
        return struct.unpack(">" + form, self.take(struct.calcsize(">" + form)))[0]

    def sized(self):
        return self.take(self.number("H"))

    def end(self):
        need(self.octets == b"", "nothing behind a structure")


def read_attest(octets, kind):
    r = Octets(octets)
    need(r.number("I") == 0xFF544347, "magic")
    need(r.number("H") == kind, "type")
    r.sized()  # qualifiedSigner
    found = {"extraData": r.sized()}
    r.take(17 + 8)  # clockInfo, firmwareVersion
    if kind == 0x8017:
        found["name"] = r.sized()
        r.sized()  # qualifiedName
    else:
        found["selection"] = []
        for _ in range(r.number("I")):
            bank = r.number("H")
            bitmap = r.take(r.number("B"))
            found["selection"].append((bank, [n for n in range(8 * len(bitmap)) if bitmap[n // 8] >> n % 8 & 1]))
        found["pcrDigest"] = r.sized()
    r.end()
    return found


def read_public(octets):
    """The TLS key: (x, y, objectAttributes)."""
    r = Octets(octets)
    need(r.number("H") == 0x0023 and r.number("H") == 0x000B, "an elliptic curve key named by SHA-256")
    attributes = r.number("I")
    r.sized()
    need(r.number("H") == 0x0010, "no symmetric algorithm")
    need(r.number("H") == 0x0018 and r.number("H") == 0x000B, "ECDSA with SHA-256")
    need(r.number("H") == 0x0003, "P-256")
    need(r.number("H") == 0x0010, "no KDF")
    x, y = r.sized(), r.sized()
    r.end()
    return int.from_bytes(x, "big"), int.from_bytes(y, "big"), attributes


def verify(key, octets, signature):
    r = Octets(signature)
    need(r.number("H") == 0x0018 and r.number("H") == 0x000B, "a signature by ECDSA with SHA-256")
    first, second = int.from_bytes(r.sized(), "big"), int.from_bytes(r.sized(), "big")
    r.end()
    key.verify(utils.encode_dss_signature(first, second), octets, ec.ECDSA(hashes.SHA256()))


def endorsed(comid):
    """From the CoMID template: kid, attestation key, and the PCR values by index."""
    triples = comid["triples"]
    (anchor,) = triples["attester-verification-keys"]
    kid = base64.b64decode(anchor["environment"]["instance"]["value"], validate=True)
    (pem,) = [key["value"] for key in anchor["verification-keys"]]
    values = {}
    (reference,) = triples["reference-values"]
    for measurement in reference["measurements"]:
        (digest,) = measurement["value"]["digests"]
        alg, _, text = digest.partition(";")
        need(alg == "sha-256", "SHA-256 digests")
        values[measurement["key"]["value"]] = base64.b64decode(text, validate=True)
    return kid, pem, values


def ask_tools(pem, pat, nonce):
    if shutil.which("tpm2_checkquote") is None:
        print("tpm2_checkquote is not installed, and was not asked")
        return
    with tempfile.TemporaryDirectory() as folder:
        files = {"ak.pem": pem.encode(), "quote": pat["attestInfo"], "sig": pat["sig"]}
        for name, octets in files.items():
            with open(os.path.join(folder, name), "wb") as out:
                out.write(octets)
        subprocess.run(["tpm2_checkquote", "-u", "ak.pem", "-m", "quote", "-s", "sig", "-q", nonce.hex()], cwd=folder,
                       check=True, stdout=subprocess.DEVNULL)
        wrong = subprocess.run(["tpm2_checkquote", "-u", "ak.pem", "-m", "quote", "-s", "sig", "-q", "00" * len(nonce)],
                               cwd=folder, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        need(wrong.returncode != 0, "tpm2_checkquote tells nonces apart")
        subprocess.run(["tpm2_print", "-t", "TPMS_ATTEST", "quote"], cwd=folder, check=True, stdout=subprocess.DEVNULL)


def main(folder):
    def octets_of(name):
        with open(os.path.join(folder, name), "rb") as file:
            return file.read()

    nonce = octets_of("nonce")
    kid, pem, values = endorsed(json.loads(octets_of("comid.json")))
    ak = serialization.load_pem_public_key(pem.encode())
    tls_key = serialization.load_der_public_key(octets_of("spki.der"))

    evidence = octets_of("evidence.cmw")
    record = cbor2.loads(evidence)
    need(cbor2.dumps(record, canonical=True) == evidence, "deterministic CBOR around")
    need(len(record) == 2 and record[0] == MEDIA_TYPE, "a record of the media type")
    cab = cbor2.loads(record[1])
    need(cbor2.dumps(cab, canonical=True) == record[1], "deterministic CBOR inside")
    need(set(cab) == {"kat", "pat"}, "two members")
    kat, pat = cab["kat"], cab["pat"]
    need(set(kat) == {"tpmVer", "kid", "sig", "certInfo", "pubArea"}, "members of kat")
    need(set(pat) == {"tpmVer", "kid", "sig", "attestInfo"}, "members of pat")
    need(kat["tpmVer"] == pat["tpmVer"] == "2.0", "tpmVer")

    spki = ak.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    need(kat["kid"] == pat["kid"] == kid == b"\x01" + hashlib.sha256(spki).digest(), "kid")
    verify(ak, kat["certInfo"], kat["sig"])
    verify(ak, pat["attestInfo"], pat["sig"])

    certify = read_attest(kat["certInfo"], 0x8017)
    quote = read_attest(pat["attestInfo"], 0x8018)
    need(certify["extraData"] == quote["extraData"] == nonce, "the nonce in both")
    need(certify["name"] == b"\x00\x0b" + hashlib.sha256(kat["pubArea"]).digest(), "name of the TLS key")
    x, y, attributes = read_public(kat["pubArea"])
    need((x, y) == (tls_key.public_numbers().x, tls_key.public_numbers().y), "the TLS key")
    need(attributes == 0x00040472, "attributes of the TLS key")
    need(quote["selection"] == [(0x000B, sorted(values))], "the selection")
    pcrs = b"".join(values[n] for n in sorted(values))
    need(quote["pcrDigest"] == hashlib.sha256(pcrs).digest(), "the digest of the PCRs")
    ask_tools(pem, pat, nonce)
    print("holds")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
