# SPDX-License-Identifier: Apache-2.0
"""SEV-SNP for make.py, which hands its tools in: reports, and for each machine an ARK with all that it signed. DER is that of intel.py."""
import hashlib
import json

from cbor2 import CBORTag, dumps, loads
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from intel import der, extension, integer, name, oid, pem, when

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


# certificates

AMD = "1.3.6.1.4.1.3704.1"
SHA384 = der(0x30, oid("2.16.840.1.101.3.4.2.2"), der(0x05))
PS384 = der(0x30, oid("1.2.840.113549.1.1.10"), der(0x30, der(0xa0, SHA384), der(0xa1, der(0x30, oid("1.2.840.113549.1.1.8"), SHA384)),
                                                    der(0xa2, integer(48))))


class AuthorityKey:
    """A private key of 2048 bits by its name, as those of make.py: its primes are the first two behind the hash of the name, which
    source.json says how far. It protects nothing: these are keys of test certificates."""

    def __init__(self, text, distances):
        numbers = []
        for label, distance in zip("pq", distances):
            octets = b"".join(hashlib.sha512(f"atls sample: {text} {label} {part}".encode()).digest() for part in range(2))
            numbers.append((int.from_bytes(octets, "big") | 3 << 1022 | 1) + distance)
        p, q = numbers
        d = pow(65537, -1, (p - 1) * (q - 1))
        public = rsa.RSAPublicNumbers(65537, p * q)
        private = rsa.RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), rsa.rsa_crt_iqmp(p, q), public)
        self.key = private.private_key()
        self.public = self.key.public_key()

    def spki(self):
        return self.public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    PSS = padding.PSS(padding.MGF1(hashes.SHA384()), 48)

    def sign(self, data):
        return self.key.sign(data, self.PSS, hashes.SHA384())

    def verify(self, signature, data):
        self.public.verify(signature, data, self.PSS, hashes.SHA384())


class Maker:
    """Certificates of one machine; a signature has a random part, so all are kept in signatures.json, by which the rest can be compared."""

    def __init__(self, tools, source, number, signatures, check):
        self.tools, self.dates, self.number, self.machine = tools, source["dates"], number, source["machines"][number]
        self.signatures, self.check = signatures, check
        self.keys = {who: AuthorityKey(f"RSA snp {who} {number}", self.machine["primes"][who]) for who in ("ark", "ask")}
        self.vlek = self.machine["fields"]["key_info"] >> 2 == 1

    def signed(self, label, key, tbs):
        label = f"{label} {self.number}"
        if not self.check:
            self.signatures[label] = key.sign(tbs).hex()
        signature = bytes.fromhex(self.signatures[label])
        key.verify(signature, tbs)
        return der(0x30, tbs, PS384, der(0x03, b"\x00", signature))

    def validity(self):
        return when(self.dates["made"]) + when(self.dates["until"])

    def cert(self, label, serial, issuer, issuer_key, subject, spki, extensions):
        return self.signed(label, issuer_key, der(0x30, der(0xa0, integer(2)), integer(serial), PS384, name(issuer), der(0x30, self.validity()),
                                                  name(subject), spki, der(0xa3, der(0x30, *extensions))))

    @staticmethod
    def authority(path_len=None):
        basic = der(0x30, der(0x01, b"\xff"), b"" if path_len is None else integer(path_len))
        return [extension("2.5.29.19", basic, True), extension("2.5.29.15", der(0x03, b"\x01\x06"), True)]

    def ark_name(self):
        return f"ARK-{self.machine['product']}"

    def ask_name(self):
        return f"SEV-{'VLEK-' if self.vlek else ''}{self.machine['product']}"

    def ark(self):
        key = self.keys["ark"]
        return self.cert("ark", 0x10000, self.ark_name(), key, self.ark_name(), key.spki(), self.authority())

    def ask(self):
        return self.cert("ask", 0x10001, self.ark_name(), self.keys["ark"], self.ask_name(), self.keys["ask"].spki(), self.authority(0))

    def leaf(self):
        product, fields = self.machine["product"], self.machine["fields"]
        tcb, turin = tcb_of(fields["reported_tcb"], product), product == "Turin"
        levels = [("1", tcb["bootloader"]), ("2", tcb["tee"]), ("3", tcb["snp"]), ("9", tcb["fmc"]) if turin else ("4", 0),
                  ("5", 0), ("6", 0), ("7", 0), ("8", tcb["microcode"])]
        chip = bytes.fromhex(fields["chip_id"])
        last = (f"{AMD}.5", der(0x16, b"CN=cc-simulation.example")) if self.vlek else (f"{AMD}.4", chip[:8] if turin else chip)
        values = [(f"{AMD}.1", integer(1 if turin else 0)), (f"{AMD}.2", der(0x16, product.encode())),
                  *((f"{AMD}.3.{arc}", integer(level)) for arc, level in levels), last]
        return self.cert("vlek" if self.vlek else "vcek", 0, self.ask_name(), self.keys["ask"], "SEV-VLEK" if self.vlek else "SEV-VCEK",
                         self.tools.Key(self.machine["key"]).spki(), [extension(number, value) for number, value in values])

    def crl(self):
        return self.signed("list", self.keys["ark"], der(0x30, integer(1), PS384, name(self.ark_name()), self.validity()))

    def table(self):
        entries = [(ARK, self.ark()), (ASK, self.ask()), (VLEK if self.vlek else VCEK, self.leaf()), (CRL, self.crl())]
        at, heads = 24 * (len(entries) + 1), b""
        for guid, octets in entries:
            heads += guid + at.to_bytes(4, "little") + len(octets).to_bytes(4, "little")
            at += len(octets)
        return heads + bytes(24) + b"".join(octets for _, octets in entries)


class Makers:
    """All machines of a source; what is signed is signed once."""

    def __init__(self, tools, folder, source, check):
        self.path, self.check = folder / "signatures.json", check
        self.signatures = json.loads(self.path.read_text()) if check else {}
        made = {number: Maker(tools, source, number, self.signatures, check) for number in source["machines"]}
        self.tables = {number: maker.table() for number, maker in made.items()}
        # by the committed signatures from here on, so that the same octets stand everywhere
        for maker in made.values():
            maker.check = True
        self.arks = {number: maker.ark() for number, maker in made.items()}
        self.lists = {number: maker.crl() for number, maker in made.items()}

    def files(self):
        yield from ((self.path.parent / f"collateral-{number}.crl", octets) for number, octets in self.lists.items())
        if not self.check:
            yield self.path, (json.dumps(self.signatures, indent=1) + "\n").encode()


# samples


def make_sample(tools, makers, source, sample, signer):
    machine = source["machines"][sample["machine"]]
    nonce = bytes.fromhex(sample["nonce"])
    report = report_of(machine["fields"], nonce)
    signature = signer.sign(tools.Key(machine["key"]), report)
    halves = b"".join(half[::-1].ljust(72, b"\0") for half in (signature[:48], signature[48:]))
    evidence = dumps({"auxblob": makers.tables[sample["machine"]], "outblob": report + halves.ljust(512, b"\0"), "provider": "sev_guest\n"})
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


def make_corim(tools, makers, source):
    of_class = {0: {0: CBORTag(111, bytes.fromhex("2b060104019c780301"))}}
    triples = []
    for number, machine in source["machines"].items():
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
        triples.append({0: [[instance, references]], 3: [[root, [CBORTag(555, pem(makers.arks[number]))]]]})
    return tools.corim("snp", "tag:amd.com,2024:snp-corim-profile", triples)
