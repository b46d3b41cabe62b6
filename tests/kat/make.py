#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the samples of Evidence in psa/, tpm2/, kat/, nitro/, tdx/ and sgx/ from source.json in each; README.md says what they are.

    make.py [FORMAT]  writes all files anew, or those of one format. ECDSA and RSA-PSS signatures come out differently each time.
    make.py --check   makes them again around the committed signatures, which it verifies, and compares.

It shares no code with the library: CBOR is python3-cbor2's, cryptography is python3-cryptography's. Private keys are
hashes of their names (the RSA key, of which that cannot be had, is tpm2/rsa.pem): they protect nothing.
"""
import base64
import functools
import datetime
import hashlib
import json
import pathlib
import struct
import sys

try:
    from cbor2 import CBORTag, dumps, loads
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, padding
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
except ImportError as absent:
    print(f"skipped: {absent.name} is absent")
    sys.exit(77)

import intel
import make_snp

HERE = pathlib.Path(__file__).resolve().parent
CURVES = {"P-256": (ec.SECP256R1(), hashes.SHA256, "sha256", 32, -7, 3), "P-384": (ec.SECP384R1(), hashes.SHA384, "sha384", 48, -35, 4)}
TPM_HASHES = {"sha256": 0x000b, "sha384": 0x000c}
DIGEST_NUMBERS = {32: 1, 48: 7, 64: 8}  # IANA, named information hash algorithms


class Key:
    """A private key, by the name that source.json gives it: "CURVE NAME" or "RSA NAME"."""

    def __init__(self, text):
        self.kind, _, name = text.partition(" ")
        if self.kind == "RSA":
            pem = (HERE / "tpm2" / f"{name}.pem").read_bytes()
            self.key = serialization.load_pem_private_key(pem, None)
            self.hash, self.hash_name = hashes.SHA256, "sha256"
        else:
            curve, self.hash, self.hash_name, self.size, self.alg, self.tpm_curve = CURVES[self.kind]
            scalar = int.from_bytes(hashlib.new(self.hash_name, f"atls sample: {text}".encode()).digest(), "big")
            self.key = ec.derive_private_key(scalar, curve)
        self.public = self.key.public_key()

    def spki(self):
        return self.public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)

    def pem(self):
        return self.public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()

    def sign(self, data):
        if self.kind == "RSA":
            return self.key.sign(data, padding.PKCS1v15(), self.hash())
        r, s = decode_dss_signature(self.key.sign(data, ec.ECDSA(self.hash())))
        return r.to_bytes(self.size, "big") + s.to_bytes(self.size, "big")

    def verify(self, signature, data):
        if self.kind == "RSA":
            self.public.verify(signature, data, padding.PKCS1v15(), self.hash())
            return
        half = self.size
        der = encode_dss_signature(int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big"))
        self.public.verify(der, data, ec.ECDSA(self.hash()))


class Signer:
    """Signs, or hands out the signatures of a committed sample when they verify."""

    def __init__(self, committed):
        self.committed = committed

    def sign(self, key, data):
        if self.committed is None:
            return key.sign(data)
        signature = self.committed.pop(0)
        key.verify(signature, data)
        return signature


def corim(name, profile, comids):
    tags = [CBORTag(506, dumps({1: {0: f"{name}-{number}"}, 4: triples})) for number, triples in enumerate(comids)]
    return dumps(CBORTag(501, {0: f"atls-samples-{name}", 1: tags, 3: CBORTag(32, profile)}))


def wrap(form, media_type, content_format, evidence):
    """The Evidence as a CMW in one of its forms."""
    if form == "record":
        return dumps([media_type, evidence, 4])
    if form == "record without ind":
        return dumps([media_type, evidence])
    if form == "content format":
        return dumps([content_format, evidence])
    if form == "tag":
        return dumps(CBORTag(1668546817 + content_format // 255 * 256 + content_format % 255, evidence))
    assert form == "json"
    value = base64.urlsafe_b64encode(evidence).rstrip(b"=").decode()
    return (json.dumps([media_type, value, 4]) + "\n").encode()


# psa

PSA_TYPE = 'application/eat+cwt; eat_profile="tag:psacertified.org,2023:psa#tfm"'
PSA_LABELS = {"psa-nonce": 10, "psa-instance-id": 256, "eat_profile": 265, "psa-boot-seed": 268, "psa-client-id": 2394,
              "psa-security-lifecycle": 2395, "psa-implementation-id": 2396, "psa-certification-reference": 2398,
              "psa-software-components": 2399, "psa-verification-service-indicator": 2400}
PSA_MEMBERS = {"measurement-type": 1, "measurement-value": 2, "version": 4, "signer-id": 5, "measurement-desc": 6}
PSA_OCTETS = {"psa-nonce", "psa-instance-id", "psa-boot-seed", "psa-implementation-id", "measurement-value", "signer-id"}


def psa_map(claims, labels):
    out = {}
    for name, value in claims.items():
        if name == "psa-software-components":
            value = [psa_map(component, PSA_MEMBERS) for component in value]
        out[labels[name]] = bytes.fromhex(value) if name in PSA_OCTETS else value
    return out


def psa_sample(source, sample, signer):
    machine = source["machines"][sample["machine"]]
    key = Key(machine["key"])
    claims = dict(source["claims"], **{"psa-nonce": sample["nonce"], "psa-instance-id": machine["instance-id"]})
    protected = dumps({1: key.alg})
    payload = dumps(psa_map(claims, PSA_LABELS))
    signature = signer.sign(key, dumps(["Signature1", protected, b"", payload]))
    unprotected = {4: sample["kid"].encode()} if "kid" in sample else {}
    evidence = dumps(CBORTag(18, [protected, unprotected, payload, signature]))
    claims["psa-security-lifecycle-state"] = "secured"
    expected = {"claims": claims, "vector": [2, 2, 3, 0, 2, 0, 0, 0], "key_binding": "challenge",
                "machine": machine["instance-id"], "attested_key": ""}
    return evidence, wrap(sample["form"], PSA_TYPE, 10003, evidence), expected


def psa_committed(evidence):
    return [loads(evidence).value[3]]


def psa_corim(source):
    claims = source["claims"]
    of_class = {0: CBORTag(560, bytes.fromhex(claims["psa-implementation-id"]))}
    measured = [["psa.software-component", component] for component in claims["psa-software-components"]]
    references = [{0: key, 1: {0: {0: found["version"]}, 2: [[DIGEST_NUMBERS[len(found["measurement-value"]) // 2],
                                                              bytes.fromhex(found["measurement-value"])]],
                               11: found["measurement-type"], 13: [CBORTag(560, bytes.fromhex(found["signer-id"]))]}}
                  for key, found in measured]
    keys = [[{0: of_class, 1: CBORTag(550, bytes.fromhex(machine["instance-id"]))}, [CBORTag(554, Key(machine["key"]).pem())]]
            for machine in source["machines"].values()]
    return corim("psa", "tag:arm.com,2025:psa#1.0.0", [{0: [[{0: of_class}, references]]}, {3: keys}])


# tpm2

TPM2_TYPE = "application/vnd.parallaxsecond.key-attestation.tpm"


def vec(octets):
    return struct.pack(">H", len(octets)) + octets


def tpm_public(key, attributes):
    head = struct.pack(">HHI", 0x0001 if key.kind == "RSA" else 0x0023, TPM_HASHES["sha256"], attributes) + vec(b"")
    head += struct.pack(">HH", 0x0010, 0x0010)
    numbers = key.public.public_numbers()
    if key.kind == "RSA":
        size = key.public.key_size
        return head + struct.pack(">HI", size, 0) + vec(numbers.n.to_bytes(size // 8, "big"))
    coordinates = [number.to_bytes(key.size, "big") for number in (numbers.x, numbers.y)]
    return head + struct.pack(">HH", key.tpm_curve, 0x0010) + vec(coordinates[0]) + vec(coordinates[1])


def public_claims(key, attributes):
    numbers = key.public.public_numbers()
    claims = {"nameAlg": "sha256", "objectAttributes": attributes, "authPolicy": ""}
    if key.kind == "RSA":
        size = key.public.key_size
        return dict(claims, type="rsa", keyBits=size, exponent=65537, n=numbers.n.to_bytes(size // 8, "big").hex())
    return dict(claims, type="ecc", curveID=key.tpm_curve, x=numbers.x.to_bytes(key.size, "big").hex(),
                y=numbers.y.to_bytes(key.size, "big").hex())


def tpm_attest(kind, common, body):
    signer, extra, clock, resets, restarts, safe, firmware = common
    return (struct.pack(">IH", 0xff544347, kind) + vec(signer) + vec(extra) + struct.pack(">QIIB", clock, resets, restarts, safe)
            + struct.pack(">Q", firmware) + body)


def tpm_signature(key, signature):
    head = struct.pack(">HH", 0x0014 if key.kind == "RSA" else 0x0018, TPM_HASHES[key.hash_name])
    if key.kind == "RSA":
        return head + vec(signature)
    return head + vec(signature[:key.size]) + vec(signature[key.size:])


def tpm2_sample(source, sample, signer):
    machine = source["machines"][sample["machine"]]
    ak, tls = Key(machine["ak"]), Key(sample["tls"])
    kid, nonce, attributes = bytes.fromhex(machine["kid"]), bytes.fromhex(sample["nonce"]), int(source["objectAttributes"], 16)
    public = tpm_public(tls, attributes)
    name = struct.pack(">H", TPM_HASHES["sha256"]) + hashlib.sha256(public).digest()
    times = source["clockInfo"]
    common = (bytes.fromhex(machine["qualifiedSigner"]), nonce, int(times["clock"]), times["resetCount"], times["restartCount"],
              times["safe"], int(source["firmwareVersion"], 16))
    qualified = bytes.fromhex(source["qualifiedName"])
    cert_info = tpm_attest(0x8017, common, vec(name) + vec(qualified))
    bank, pcrs = sample["bank"], sorted(map(int, source["pcrs"]))
    mask = sum(1 << pcr for pcr in pcrs).to_bytes(3, "little")
    values = b"".join(bytes.fromhex(source["pcrs"][str(pcr)][bank]) for pcr in pcrs)
    digest = hashlib.new(ak.hash_name, values).digest()
    quote = tpm_attest(0x8018, common, struct.pack(">IHB", 1, TPM_HASHES[bank], 3) + mask + vec(digest))
    kat_sig = tpm_signature(ak, signer.sign(ak, cert_info))
    pat_sig = tpm_signature(ak, signer.sign(ak, quote))
    evidence = dumps({"kat": {"tpmVer": "2.0", "kid": kid, "sig": kat_sig, "certInfo": cert_info, "pubArea": public},
                      "pat": {"tpmVer": "2.0", "kid": kid, "sig": pat_sig, "attestInfo": quote}})
    both = {"qualifiedSigner": machine["qualifiedSigner"], "extraData": sample["nonce"], "clockInfo": times,
            "firmwareVersion": source["firmwareVersion"], "signatureHash": ak.hash_name}
    claims = {"kid": machine["kid"], "certInfo": dict(both, name=name.hex(), qualifiedName=source["qualifiedName"]),
              "pubArea": public_claims(tls, attributes),
              "attestInfo": dict(both, pcrSelect=[{"hash": bank, "pcrs": pcrs}], pcrDigest=digest.hex())}
    expected = {"claims": claims, "vector": [2, 0, 3, 0, 2, 0, 0, 0], "key_binding": "hardware", "machine": machine["kid"],
                "attested_key": hashlib.sha256(tls.spki()).hexdigest()}
    return evidence, wrap(sample["form"], TPM2_TYPE, None, evidence), expected


def tpm2_committed(evidence):
    out = []
    for half in loads(evidence).values():
        at, signature = 4, b""
        while at < len(half["sig"]):
            size = int.from_bytes(half["sig"][at:at + 2], "big")
            signature += half["sig"][at + 2:at + 2 + size]
            at += 2 + size
        out.append(signature)
    return out


def tpm2_corim(source):
    of_class = {0: CBORTag(37, bytes.fromhex(source["class"]))}
    references = [{0: int(pcr), 1: {2: [[DIGEST_NUMBERS[len(value) // 2], bytes.fromhex(value)] for value in banks.values()]}}
                  for pcr, banks in source["pcrs"].items()]
    keys = [[{0: of_class, 1: CBORTag(560, bytes.fromhex(machine["kid"]))}, [CBORTag(554, Key(machine["ak"]).pem())]]
            for machine in source["machines"].values()]
    return corim("tpm2", "tag:github.com/parallaxsecond,2023-03-03:tpm", [{0: [[{0: of_class}, references]]}, {3: keys}])


# kat

KAT_TYPE = "application/eat+cwt"
KAT_COLLECTION = "tag:ietf.org,2024-02-29:rats/kat"


def cose_key(key):
    numbers = key.public.public_numbers()
    if key.kind == "RSA":
        return {1: 3, -1: numbers.n.to_bytes(key.public.key_size // 8, "big"), -2: numbers.e.to_bytes(3, "big")}
    return {1: 2, -1: {-7: 1, -35: 2}[key.alg], -2: numbers.x.to_bytes(key.size, "big"), -3: numbers.y.to_bytes(key.size, "big")}


def platforms_of(source):
    return json.loads((HERE / source["platforms"] / "source.json").read_text())


def kat_sample(source, sample, signer):
    kak, tls, form = Key(sample["kak"]), Key(sample["tls"]), sample["form"]
    kak_pub = dumps(cose_key(kak))
    protected = dumps({1: kak.alg})
    unprotected = {4: sample["kid"].encode()} if "kid" in sample else {}
    payload = dumps({8: {1: cose_key(tls)}, 10: bytes.fromhex(sample["nonce"]), 2500: loads(kak_pub)})
    message = [protected, unprotected, payload, signer.sign(kak, dumps(["Signature1", protected, b"", payload]))]
    token = dumps(CBORTag(18, message) if sample.get("tagged") else message)
    of_psa = {"machine": sample["machine"], "nonce": hashlib.sha256(kak_pub).hexdigest(), "form": "record"}
    pat, _, expected = psa_sample(platforms_of(source), of_psa, signer)
    label = [loads(wrap("record" if form == "json" else form, kind, number, octets))
             for kind, number, octets in ((KAT_TYPE, 263, token), (PSA_TYPE, 10003, pat))]
    evidence = dumps({"kat": label[0], "pat": label[1], "__cmwc_t": KAT_COLLECTION})
    cmw = evidence
    if form == "json":
        parts = {name: json.loads(wrap(form, kind, None, octets)) for name, kind, octets in
                 (("kat", KAT_TYPE, token), ("pat", PSA_TYPE, pat))}
        cmw = (json.dumps(dict(parts, __cmwc_t=KAT_COLLECTION)) + "\n").encode()
    claims = {"kat": {"eat_nonce": sample["nonce"], "cnf": tls.spki().hex(), "kak-pub": kak_pub.hex()}, "pat": expected["claims"]}
    return evidence, cmw, dict(expected, claims=claims, attested_key=hashlib.sha256(tls.spki()).hexdigest())


def value_of(member):
    return member.value if isinstance(member, CBORTag) else member[1]


def kat_committed(evidence):
    bundle = loads(evidence)
    token = loads(value_of(bundle["kat"]))
    return [(token.value if isinstance(token, CBORTag) else token)[3], *psa_committed(value_of(bundle["pat"]))]


def kat_corim(source):
    return psa_corim(platforms_of(source))


# nitro

NITRO_TYPE = "application/vnd.atls.nitro+cose"
NITRO_NOW = datetime.datetime(2026, 9, 21, 14, 13, 20)
# name, path length, keyUsage octet, days before and after; the last is the enclave's, and its days are hours
NITRO_CERTS = [("aws.nitro-enclaves, of the samples", None, 0x86, 2000, 8000), ("region.aws.nitro-enclaves", 2, 0x86, 5, 15),
               ("zonal.region.aws.nitro-enclaves", 1, 0x86, 1, 4), ("instance.region.aws.nitro-enclaves", 0, 0x04, 0.1, 0.9)]


def der(tag, *parts):
    content = b"".join(parts)
    if len(content) < 128:
        return bytes([tag, len(content)]) + content
    size = (len(content).bit_length() + 7) // 8
    return bytes([tag, 0x80 | size]) + len(content).to_bytes(size, "big") + content


def der_name(text):
    return der(0x30, der(0x31, der(0x30, bytes.fromhex("0603550403"), der(0x0c, text.encode()))))


def der_time(when):
    return der(0x17, when.strftime("%y%m%d%H%M%SZ").encode())


def der_extension(oid, critical, value):
    return der(0x30, bytes.fromhex(oid), b"\x01\x01\xff" if critical else b"", der(0x04, value))


ES384 = bytes.fromhex("300a06082a8648ce3d040303")


def certificate(number, issuer, issuer_key, subject, subject_key, row, signer):
    """A certificate as AWS makes them, signed anew or around its committed signature."""
    _, path_len, usage, before, after = row
    is_ca = usage & 0x04 != 0
    basic = der(0x30, b"\x01\x01\xff" if is_ca else b"", b"" if path_len is None else bytes([2, 1, path_len]))
    bits = 0
    while usage >> bits & 1 == 0:
        bits += 1
    extensions = der(0x30, der_extension("0603551d13", True, basic), der_extension("0603551d0f", True, bytes([3, 2, bits, usage])))
    dates = der(0x30, der_time(NITRO_NOW - datetime.timedelta(days=before)), der_time(NITRO_NOW + datetime.timedelta(days=after)))
    body = der(0x30, der(0xa0, b"\x02\x01\x02"), der(0x02, number.to_bytes(2, "big")), ES384, der_name(issuer), dates, der_name(subject),
               subject_key.spki(), der(0xa3, extensions))
    raw = signer.sign(issuer_key, body)
    half = len(raw) // 2
    signature = encode_dss_signature(int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big"))
    return der(0x30, body, ES384, der(0x03, b"\x00", signature))


def certificate_signature(cert):
    r, s = decode_dss_signature(x509.load_der_x509_certificate(cert).signature)
    return r.to_bytes(48, "big") + s.to_bytes(48, "big")


class Kept:
    """Certificates are the same in all samples that have them, so what is signed once is kept, also on disk."""

    def __init__(self):
        self.certs = {}

    def make(self, name, *what):
        path = HERE / "nitro" / "certificates" / f"{name}.der"
        if name not in self.certs:
            signer = Signer([certificate_signature(path.read_bytes())] if path.is_file() else None)
            self.certs[name] = certificate(*what, signer)
            if signer.committed is None:
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(self.certs[name])
            elif path.read_bytes() != self.certs[name]:
                raise InvalidSignature(name)
        return self.certs[name]


KEPT = Kept()


def nitro_chain(source, machine):
    """Root first; the certificate of the enclave last."""
    keys = [Key(f"P-384 nitro authority {number}") for number in range(len(NITRO_CERTS))]
    chain = []
    for number, row in enumerate(NITRO_CERTS):
        above = max(number - 1, 0)
        chain.append(KEPT.make(f"authority-{number}", 0x100 + number, NITRO_CERTS[above][0], keys[above], row[0], keys[number], row))
    subject = f"{machine['module_id']}.region.aws"
    row = (subject, None, 0x80, 0.0001, 0.125)
    name = f"enclave-{machine['number']}"
    chain.append(KEPT.make(name, 0x200 + machine["number"], NITRO_CERTS[-1][0], keys[-1], subject, Key(machine["key"]), row))
    return chain


def nitro_sample(source, sample, signer):
    machine = source["machines"][sample["machine"]]
    key = Key(machine["key"])
    chain = nitro_chain(source, machine)
    members = {"module_id": machine["module_id"], "digest": "SHA384", "timestamp": source["timestamp"],
               "pcrs": {int(index): bytes.fromhex(value) for index, value in source["pcrs"].items()},
               "certificate": chain[-1], "cabundle": chain[:-1],
               "public_key": Key(sample["tls"]).spki() if sample.get("public_key") else None,
               "user_data": bytes.fromhex(sample["user_data"]) if "user_data" in sample else None,
               "nonce": bytes.fromhex(sample["nonce"])}
    payload = dumps(members)
    if sample.get("indefinite"):
        payload = b"\xbf" + payload[1:] + b"\xff"
    protected = dumps({1: key.alg})
    signature = signer.sign(key, dumps(["Signature1", protected, b"", payload]))
    evidence = dumps([protected, {}, payload, signature])
    if sample.get("tagged"):
        evidence = b"\xd2" + evidence
    claims = {"module_id": machine["module_id"], "digest": "SHA384", "timestamp": source["timestamp"], "pcrs": source["pcrs"],
              "nonce": sample["nonce"]}
    if sample.get("public_key"):
        claims["public_key"] = members["public_key"].hex()
    if "user_data" in sample:
        claims["user_data"] = sample["user_data"]
    expected = {"claims": claims, "vector": [2, 2, 3, 0, 2, 0, 0, 0], "key_binding": "challenge",
                "machine": machine["module_id"].encode().hex(),
                "attested_key": hashlib.sha256(members["public_key"]).hexdigest() if sample.get("public_key") else ""}
    return evidence, wrap(sample["form"], NITRO_TYPE, None, evidence), expected


def nitro_committed(evidence):
    return [(loads(evidence).value if evidence[0] == 0xd2 else loads(evidence))[3]]


def nitro_corim(source):
    of_class = {0: {1: "Amazon", 2: "aws.nitro-enclaves"}}
    references = [{0: index, 1: {2: [[7, bytes.fromhex(source["pcrs"][str(index)])]]}} for index in (0, 1, 2, 8)]
    root = nitro_chain(source, source["machines"]["1"])[0]
    return corim("nitro", "tag:atls,2026:nitro", [{0: [[of_class, references]]}, {3: [[of_class, [CBORTag(562, root)]]]}])


FORMATS = {"psa": (psa_sample, psa_committed, psa_corim), "tpm2": (tpm2_sample, tpm2_committed, tpm2_corim),
           "kat": (kat_sample, kat_committed, kat_corim), "nitro": (nitro_sample, nitro_committed, nitro_corim)}


def snp_format(folder, source, check):
    """As a row of FORMATS, and the files that are none of a sample."""
    tools = sys.modules[__name__]
    makers = make_snp.Makers(tools, folder, source, check)
    return (functools.partial(make_snp.make_sample, tools, makers), make_snp.committed, functools.partial(make_snp.make_corim, tools, makers)), makers.files()


def files_of(name, check):
    folder = HERE / name
    source = json.loads((folder / "source.json").read_text())
    if name in intel.TYPES:
        yield from intel.files(sys.modules[__name__], folder, source, name, check)
        return
    row, more = snp_format(folder, source, check) if name == "snp" else (FORMATS[name], ())
    make, committed, endorse = row
    yield folder / "endorsement.corim", endorse(source)
    yield from more
    for sample, settings in source["samples"].items():
        bare = folder / f"{sample}.evidence.cbor"
        evidence, cmw, expected = make(source, settings, Signer(committed(bare.read_bytes()) if check else None))
        yield bare, evidence
        yield folder / f"{sample}.cmw", cmw
        yield folder / f"{sample}.nonce.hex", (settings["nonce"] + "\n").encode()
        yield folder / f"{sample}.spki.der", Key(settings["tls"]).spki()
        yield folder / f"{sample}.expected.json", (json.dumps(expected, indent=1) + "\n").encode()


def main():
    check = sys.argv[1:] == ["--check"]
    names = [*FORMATS, "snp", *intel.TYPES] if check or len(sys.argv) == 1 else sys.argv[1:]
    wrong = num = 0
    for name in names:
        try:
            for path, octets in files_of(name, check):
                num += 1
                if not check:
                    path.write_bytes(octets)
                elif not path.is_file() or path.read_bytes() != octets:
                    print(f"{path.relative_to(HERE)}: other octets than its source gives")
                    wrong += 1
        except InvalidSignature:
            print(f"{name}: a committed signature does not verify")
            wrong += 1
    print(f"{num} files of {len(names)} formats, {wrong} wrong")
    return 1 if wrong or num == 0 else 0


sys.exit(main())
