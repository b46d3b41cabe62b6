# SPDX-License-Identifier: Apache-2.0
"""SEV-SNP for make.py, which hands its tools in. The certificates, an ARK and what it signed for each machine, are part of the source."""
import base64

from cbor2 import CBORTag, dumps, loads
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

TYPE = 'application/vnd.veraison.tsm-report+cbor; provider="sev_guest"'
# Name, place, octets, and whether it is a little-endian number.
FIELDS = [
    ("version", 0x000, 4, True), ("guest_svn", 0x004, 4, True), ("policy", 0x008, 8, True), ("family_id", 0x010, 16, False),
    ("image_id", 0x020, 16, False), ("vmpl", 0x030, 4, True), ("signature_algo", 0x034, 4, True), ("current_tcb", 0x038, 8, False),
    ("platform_info", 0x040, 8, True), ("key_info", 0x048, 4, True), ("measurement", 0x090, 48, False), ("host_data", 0x0c0, 32, False),
    ("id_key_digest", 0x0e0, 48, False), ("author_key_digest", 0x110, 48, False), ("report_id", 0x140, 32, False),
    ("report_id_ma", 0x160, 32, False), ("reported_tcb", 0x180, 8, False), ("cpuid", 0x188, 3, False), ("chip_id", 0x1a0, 64, False),
    ("committed_tcb", 0x1e0, 8, False), ("current_version", 0x1e8, 3, False), ("committed_version", 0x1ec, 3, False),
    ("launch_tcb", 0x1f0, 8, False), ("launch_mit_vector", 0x1f8, 8, True), ("current_mit_vector", 0x200, 8, True)]


def report_of(fields, nonce):
    report = bytearray(0x2a0)
    for name, at, size, is_number in FIELDS:
        report[at:at + size] = fields[name].to_bytes(size, "little") if is_number else bytes.fromhex(fields[name])
    report[0x050:0x090] = nonce.ljust(64, b"\0")
    return bytes(report)


def tcb_of(octets, product):
    value = bytes.fromhex(octets)
    names = {"fmc": 0, "bootloader": 1, "tee": 2, "snp": 3} if product == "Turin" else {"bootloader": 0, "tee": 1, "snp": 6}
    return {"octets": octets, **{name: value[at] for name, at in names.items()}, "microcode": value[7]}


def claims_of(machine, nonce):
    fields, product = machine["fields"], machine["product"]
    octets = ["measurement", "host_data", "id_key_digest", "author_key_digest", "report_id", "report_id_ma", "chip_id"]
    claims = {"version": fields["version"], "guest_svn": fields["guest_svn"], "policy": hex(fields["policy"]),
              "family_id": fields["family_id"], "image_id": fields["image_id"], "vmpl": fields["vmpl"],
              "platform_info": hex(fields["platform_info"]), "author_key_en": bool(fields["key_info"] & 1),
              "mask_chip_key": bool(fields["key_info"] & 2), "report_data": nonce.ljust(64, b"\0").hex(),
              **{name: fields[name] for name in octets}, "product": product}
    claims["signing_key"] = "VLEK" if fields["key_info"] >> 2 else "VCEK"
    if claims["signing_key"] == "VLEK":
        claims["csp_id"] = "CN=cc-simulation.example"
    for name in ("current_tcb", "reported_tcb", "committed_tcb", "launch_tcb"):
        claims[name] = tcb_of(fields[name], product)
    for name in ("current_version", "committed_version"):
        claims[name] = ".".join(str(part) for part in reversed(bytes.fromhex(fields[name])))
    if fields["version"] >= 5:
        claims |= {name: hex(fields[name]) for name in ("launch_mit_vector", "current_mit_vector")}
    return claims


def make_sample(tools, source, sample, signer):
    machine = source["machines"][sample["machine"]]
    nonce = bytes.fromhex(sample["nonce"])
    report = report_of(machine["fields"], nonce)
    signature = signer.sign(tools.Key(machine["key"]), report)
    halves = b"".join(half[::-1].ljust(72, b"\0") for half in (signature[:48], signature[48:]))
    evidence = dumps({"auxblob": base64.b64decode(machine["table"]), "outblob": report + halves.ljust(512, b"\0"),
                      "provider": "sev_guest\n"})
    chip = machine["fields"]["chip_id"]
    expected = {"claims": claims_of(machine, nonce), "vector": [2, 2, 3, 0, 2, 2, 0, 0], "key_binding": "challenge",
                "machine": chip[:16] if machine["product"] == "Turin" else chip, "attested_key": ""}
    return evidence, tools.wrap(sample["form"], TYPE, None, evidence), expected


def committed(evidence):
    report = loads(evidence)["outblob"]
    return [report[0x2a0:0x2d0][::-1] + report[0x2e8:0x318][::-1]]


# Of the table's entries: ARK, ASK or ASVK, VCEK, VLEK, list of revoked certificates.
ARK, ASK, VCEK, VLEK, CRL = (bytes.fromhex(guid) for guid in (
    "c0b406a4a803495297433fb6014cd0ae", "4ab7b379bbac4fe4a02f05aef327c782", "63da758de6644564adc5f4b93be8accd",
    "a8074bc2a25a483eaae639c045a0b8a1", "92f81bc358114d3d97ffd19f88dc67ea"))


def entries_of(machine):
    table, entries = base64.b64decode(machine["table"]), {}
    for head in range(0, len(table), 24):
        if table[head:head + 24] == bytes(24):
            return entries
        at, size = (int.from_bytes(table[head + part:head + part + 4], "little") for part in (16, 20))
        entries[table[head:head + 16]] = table[at:at + size]
    raise ValueError("a table without an end")


def revoked_lists(source):
    """The ARKs' lists, which the tables have too: as collateral, so that an appraisal has them whatever becomes of a table."""
    for number, machine in source["machines"].items():
        yield number, entries_of(machine)[CRL]


def check_certificates(tools, source):
    """The private keys of ARK and ASK are gone, so that certificates are not made again: their signatures and what they say are checked."""
    pss = padding.PSS(padding.MGF1(hashes.SHA384()), 48)
    for number, machine in source["machines"].items():
        entries, fields = entries_of(machine), machine["fields"]
        vlek = fields["key_info"] >> 2 == 1
        ark, ask, leaf = (x509.load_der_x509_certificate(entries[guid]) for guid in (ARK, ASK, VLEK if vlek else VCEK))
        crl = x509.load_der_x509_crl(entries[CRL])
        for cert, above in ((ark, ark), (ask, ark), (leaf, ask)):
            above.public_key().verify(cert.signature, cert.tbs_certificate_bytes, pss, hashes.SHA384())
        ark.public_key().verify(crl.signature, crl.tbs_certlist_bytes, pss, hashes.SHA384())
        says = {extension.oid.dotted_string.removeprefix("1.3.6.1.4.1.3704.1."): extension.value.value
                for extension in leaf.extensions if extension.oid.dotted_string.startswith("1.3.6.1.4.1.3704.1.")}
        level = {name: int.from_bytes(says[oid][2:], "big") for name, oid in
                 {"fmc": "3.9", "bootloader": "3.1", "tee": "3.2", "snp": "3.3", "microcode": "3.8"}.items() if oid in says}
        expected = tcb_of(fields["reported_tcb"], machine["product"])
        del expected["octets"]
        spki = leaf.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        chip = bytes.fromhex(fields["chip_id"])
        right = [level == expected, spki == tools.Key(machine["key"]).spki(), says["2"][2:].decode() == machine["product"],
                 "4" not in says if vlek else says["4"] == chip[:len(says["4"])] and len(says["4"]) in (8, 64),
                 x509.load_pem_x509_certificate(machine["ark"].encode()) == ark]
        if not all(right):
            raise ValueError(f"machine {number}: certificates of something else: {right}")


def make_corim(tools, source):
    of_class = {0: {0: CBORTag(111, bytes.fromhex("2b060104019c780301"))}}
    triples = []
    for machine in source["machines"].values():
        fields = machine["fields"]
        instance = {**of_class, 1: CBORTag(560, bytes.fromhex(fields["measurement"]))}
        references = [{0: 1, 1: {1: CBORTag(553, fields["guest_svn"])}},
                      {0: 2, 1: {4: CBORTag(560, fields["policy"].to_bytes(8, "big"))}},
                      {0: 641, 1: {2: [[7, bytes.fromhex(fields["measurement"])]]}},
                      {0: 642, 1: {4: CBORTag(560, bytes.fromhex(fields["host_data"]))}},
                      {0: 643, 1: {2: [[7, bytes.fromhex(fields["id_key_digest"])]]}},
                      {0: 644, 1: {2: [[7, bytes.fromhex(fields["author_key_digest"])]]}},
                      {0: 647, 1: {1: CBORTag(553, int.from_bytes(bytes.fromhex(fields["reported_tcb"]), "little"))}},
                      {0: 3936, 1: {0: {0: "1.55.29", 1: 16384}}}]
        root = {0: {1: "Advanced Micro Devices", 2: f"ARK-{machine['product']}"}}
        triples.append({0: [[instance, references]], 3: [[root, [CBORTag(555, machine["ark"])]]]})
    return tools.corim("snp", "tag:amd.com,2024:snp-corim-profile", triples)
