# SPDX-License-Identifier: Apache-2.0
"""The samples of tdx/ and sgx/: quotes, their certificates, and the collateral that Intel would sign. DER is written here."""
import base64
import datetime
import hashlib
import json
import struct

VENDOR = bytes.fromhex("939a7233f79c4ca9940a0db3957f0607")
PROFILE = bytes.fromhex("6086480186f84d011001")  # 2.16.840.1.113741.1.16.1
SGX_OID = "1.2.840.113741.1.13.1"
TDX_TYPE = 'application/vnd.veraison.tsm-report+cbor; provider="tdx_guest"'
SGX_TYPE = "application/vnd.atls.sgx-quote+cbor"
TYPES = {"tdx": TDX_TYPE, "sgx": SGX_TYPE}


# DER


def der(tag, *parts):
    content = b"".join(parts)
    size = len(content)
    head = bytes([size]) if size < 128 else bytes([0x81, size]) if size < 256 else bytes([0x82]) + struct.pack(">H", size)
    return bytes([tag]) + head + content


def oid(text):
    numbers = [int(number) for number in text.split(".")]
    out = bytes([40 * numbers[0] + numbers[1]])
    for number in numbers[2:]:
        digits = [number & 0x7f]
        while number > 0x7f:
            number >>= 7
            digits.append(number & 0x7f | 0x80)
        out += bytes(reversed(digits))
    return der(0x06, out)


def integer(number):
    return der(0x02, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def name(text):
    return der(0x30, der(0x31, der(0x30, oid("2.5.4.3"), der(0x0c, text.encode()))))


def when(text):
    moment = datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ")
    return der(0x17, moment.strftime("%y%m%d%H%M%SZ").encode())


ES256 = der(0x30, oid("1.2.840.10045.4.3.2"))


def signed(tbs, signature):
    half = len(signature) // 2
    numbers = [integer(int.from_bytes(part, "big")) for part in (signature[:half], signature[half:])]
    return der(0x30, tbs, ES256, der(0x03, b"\x00", der(0x30, *numbers)))


def extension(number, value, critical=False):
    return der(0x30, oid(number), der(0x01, b"\xff") if critical else b"", der(0x04, value))


def pem(octets):
    text = base64.b64encode(octets).decode()
    lines = [text[at:at + 64] for at in range(0, len(text), 64)]
    return "-----BEGIN CERTIFICATE-----\n" + "\n".join(lines) + "\n-----END CERTIFICATE-----\n"


class Maker:
    """One folder: keys by name, and signatures that are kept in signatures.json so that all else can be compared."""

    def __init__(self, tools, folder, source, kind, check):
        self.tools, self.source, self.kind, self.check = tools, source, kind, check
        path = folder / "signatures.json"
        self.signatures = json.loads(path.read_text()) if check else {}
        self.keys = {who: tools.Key(f"P-256 {kind} {who}") for who in ("root", "ca", "tcb")}

    def sign(self, label, key, data):
        if not self.check and label not in self.signatures:
            self.signatures[label] = key.sign(data).hex()
        signature = bytes.fromhex(self.signatures[label])
        key.verify(signature, data)
        return signature

    def cert(self, label, subject, key, issuer, issuer_key, serial, extensions):
        dates = self.source["dates"]
        tbs = der(0x30, der(0xa0, integer(2)), integer(serial), ES256, name(issuer), der(0x30, when(dates["made"]), when(dates["until"])),
                  name(subject), key.spki(), der(0xa3, der(0x30, *extensions)))
        return signed(tbs, self.sign(f"certificate {label}", issuer_key, tbs))

    def usage(self, bits, unused, is_ca, path_len=None):
        constraints = [der(0x01, b"\xff")] if is_ca else []
        if path_len is not None:
            constraints.append(integer(path_len))
        return [extension("2.5.29.19", der(0x30, *constraints), True), extension("2.5.29.15", der(0x03, bytes([unused, bits])), True)]

    ROOT, CA, TCB, PCK = "atls samples: root", "Intel SGX PCK Platform CA", "Intel SGX TCB Signing", "Intel SGX PCK Certificate"

    def root(self):
        return self.cert("root", self.ROOT, self.keys["root"], self.ROOT, self.keys["root"], 1, self.usage(0x06, 1, True, 1))

    def ca(self):
        return self.cert("ca", self.CA, self.keys["ca"], self.ROOT, self.keys["root"], 2, self.usage(0x06, 1, True, 0))

    def tcb(self):
        return self.cert("tcb", self.TCB, self.keys["tcb"], self.ROOT, self.keys["root"], 3, self.usage(0xc0, 6, False))

    def pck(self, number):
        machine = self.source["machines"][number]
        components = bytes.fromhex(machine["components"])

        def entry(arcs, value):
            return der(0x30, oid(f"{SGX_OID}.{arcs}"), value)

        tcb = [entry(f"2.{at + 1}", integer(svn)) for at, svn in enumerate(components)]
        tcb += [entry("2.17", integer(machine["pcesvn"])), entry("2.18", der(0x04, components))]
        members = [entry("1", der(0x04, bytes.fromhex(machine["ppid"]))), entry("2", der(0x30, *tcb)),
                   entry("3", der(0x04, bytes.fromhex(machine["pceid"]))), entry("4", der(0x04, bytes.fromhex(machine["fmspc"]))),
                   entry("5", der(0x0a, bytes([machine["type"]])))]
        if "instance" in machine:
            flags = zip("123", (machine["dynamic_platform"], machine["cached_keys"], machine["smt_enabled"]))
            members += [entry("6", der(0x04, bytes.fromhex(machine["instance"]))),
                        entry("7", der(0x30, *[entry(f"7.{arc}", der(0x01, b"\xff" if flag else b"\x00")) for arc, flag in flags]))]
        extensions = self.usage(0xc0, 6, False) + [extension(SGX_OID, der(0x30, *members))]
        key = self.tools.Key(f"P-256 {self.kind} pck {number}")
        return self.cert(f"pck {number}", self.PCK, key, self.CA, self.keys["ca"], 10 + int(number), extensions)

    def crl(self, label, issuer, key):
        dates = self.source["dates"]
        tbs = der(0x30, integer(1), ES256, name(issuer), when(dates["made"]), when(dates["until"]),
                  der(0xa0, der(0x30, extension("2.5.29.20", integer(1)))))
        return signed(tbs, self.sign(f"list {label}", key, tbs))

    # collateral

    def level(self, tcb, status="UpToDate"):
        return {"tcb": tcb, "tcbDate": self.source["tcb"]["date"], "tcbStatus": status}

    def tcb_info(self, number):
        machine, tcb = self.source["machines"][number], self.source["tcb"]

        def components(hex_octets):
            return [{"svn": svn} for svn in bytes.fromhex(hex_octets)]

        levels = {"sgxtcbcomponents": components(tcb["components"]), "pcesvn": tcb["pcesvn"]}
        module = {"mrsigner": "00" * 48, "attributes": "00" * 8, "attributesMask": "FF" * 8}
        info = {"id": self.kind.upper(), "version": 3, "issueDate": tcb["issued"], "nextUpdate": tcb["until"], "fmspc": machine["fmspc"].upper(),
                "pceId": machine["pceid"], "tcbType": 0, "tcbEvaluationDataNumber": tcb["evaluation"]}
        if self.kind == "tdx":
            levels["tdxtcbcomponents"] = components(tcb["tdx_components"])
            info["tdxModule"] = module
            info["tdxModuleIdentities"] = [dict(module, id="TDX_01", tcbLevels=[self.level({"isvsvn": tcb["module_isvsvn"]})])]
        info["tcbLevels"] = [self.level(levels)]
        return info

    def identity(self):
        tcb, qe = self.source["tcb"], self.source["qe"]
        return {"id": "TD_QE" if self.kind == "tdx" else "QE", "version": 2, "issueDate": tcb["issued"], "nextUpdate": tcb["until"],
                "tcbEvaluationDataNumber": tcb["evaluation"] + 1, "miscselect": "00000000", "miscselectMask": "FFFFFFFF",
                "attributes": "11" + "00" * 15, "attributesMask": "FBFFFFFFFFFFFFFF" + "00" * 8, "mrsigner": qe["mr_signer"].upper(),
                "isvprodid": qe["isv_prod_id"], "tcbLevels": [self.level({"isvsvn": qe["isv_svn"]})]}

    def collateral(self, number):
        tcb_chain = pem(self.tcb()) + pem(self.root())
        out = {"pck_crl_issuer_chain": pem(self.ca()) + pem(self.root()), "root_ca_crl": self.crl("root", self.ROOT, self.keys["root"]).hex(),
               "pck_crl": self.crl("ca", self.CA, self.keys["ca"]).hex()}
        for member, body in (("tcb_info", self.tcb_info(number)), ("qe_identity", self.identity())):
            text = json.dumps(body, separators=(",", ":"))
            label = f"{member} {number}" if member == "tcb_info" else member
            out[f"{member}_issuer_chain"] = tcb_chain
            out[member] = text
            out[f"{member}_signature"] = self.sign(label, self.keys["tcb"], text.encode()).hex()
        return (json.dumps(out, indent=1) + "\n").encode()

    # quotes

    def enclave(self, claims, report_data):
        number = lambda what: struct.pack("<H", claims.get(what, 0))
        octets = lambda what, size: bytes.fromhex(claims.get(what, "00" * size))
        return (octets("cpu_svn", 16) + octets("misc_select", 4) + bytes(12) + octets("isv_ext_prod_id", 16) + octets("attributes", 16)
                + octets("mr_enclave", 32) + bytes(32) + octets("mr_signer", 32) + bytes(32) + octets("config_id", 64)
                + number("isv_prod_id") + number("isv_svn") + number("config_svn") + bytes(42) + octets("isv_family_id", 16) + report_data)

    TD = ("tee_tcb_svn", "mr_seam", "mrsigner_seam", "seam_attributes", "td_attributes", "xfam", "mr_td", "mr_config_id", "mr_owner",
          "mr_owner_config", "rtmr0", "rtmr1", "rtmr2", "rtmr3")
    TD_1_5 = ("tee_tcb_svn2", "mr_servicetd")

    def td(self, claims, report_data, is_1_5):
        more = b"".join(bytes.fromhex(claims[what]) for what in self.TD_1_5) if is_1_5 else b""
        return b"".join(bytes.fromhex(claims[what]) for what in self.TD) + report_data + more

    def quote(self, label, sample):
        number, version = sample["machine"], sample["version"]
        is_1_5 = sample.get("body") == "1.5"
        report_data = bytes.fromhex(sample["nonce"]).ljust(64, b"\x00")
        head = struct.pack("<HHI", version, 2, 0x81 if self.kind == "tdx" else 0) + bytes(4) + VENDOR + bytes(20)
        if self.kind == "tdx":
            body = self.td(self.source["claims"], report_data, is_1_5)
        else:
            body = self.enclave(self.source["claims"], report_data)
        if version == 5:
            head += struct.pack("<HI", 1 if self.kind == "sgx" else 3 if is_1_5 else 2, len(body))
        key = self.tools.Key(f"P-256 {self.kind} attestation {number}")
        point = key.public.public_numbers()
        public = point.x.to_bytes(32, "big") + point.y.to_bytes(32, "big")
        auth = bytes(range(sample.get("auth", 32)))
        qe = self.enclave(self.source["qe"], hashlib.sha256(public + auth).digest() + bytes(32))
        qe_signature = self.sign(f"enclave of {label}", self.tools.Key(f"P-256 {self.kind} pck {number}"), qe)
        chain = (pem(self.pck(number)) + pem(self.ca()) + pem(self.root())).encode() + b"\x00"
        inner = qe + qe_signature + struct.pack("<H", len(auth)) + auth + struct.pack("<HI", 5, len(chain)) + chain
        outer = inner if version == 3 else struct.pack("<HI", 6, len(inner)) + inner
        data = self.sign(f"quote {label}", key, head + body) + public + outer
        return head + body + struct.pack("<I", len(data)) + data + bytes(sample.get("tail", 0))

    def evidence(self, label, sample):
        quote = self.quote(label, sample)
        if self.kind == "tdx":
            return self.tools.dumps({"outblob": quote, "provider": "tdx_guest\n"})
        return self.tools.dumps({"quote": quote, "collateral": [self.collateral(sample["machine"])]} if "collateral" in sample else {"quote": quote})

    def claims(self, sample):
        machine, tcb, claims = self.source["machines"][sample["machine"]], self.source["tcb"], self.source["claims"]
        report_data = sample["nonce"].ljust(128, "0")
        names = self.TD + (self.TD_1_5 if sample.get("body") == "1.5" else ()) if self.kind == "tdx" else tuple(claims)
        out = {what: claims[what] for what in names}
        out.update(version=sample["version"], debug=False, report_data=report_data)
        platform = {"ppid": machine["ppid"], "fmspc": machine["fmspc"], "pceid": machine["pceid"], "tcb_components": machine["components"],
                    "pcesvn": machine["pcesvn"], "sgx_type": ("standard", "scalable", "scalable with integrity")[machine["type"]]}
        if "instance" in machine:
            platform["platform_instance_id"] = machine["instance"]
            platform.update({flag: machine[flag] for flag in ("dynamic_platform", "cached_keys", "smt_enabled")})
        out["platform"] = platform
        out["tcb"] = {"status": "UpToDate", "date": tcb["date"], "evaluation_data_number": tcb["evaluation"], "platform": "UpToDate",
                      "quoting_enclave": "UpToDate", "quoting_enclave_isvsvn": self.source["qe"]["isv_svn"], "advisories": []}
        if self.kind == "tdx":
            out["tcb"]["tdx_module"] = "UpToDate"
        return out

    def expected(self, sample):
        return {"claims": self.claims(sample), "vector": [2, 2, 3 if self.kind == "tdx" else 2, 0, 2, 2, 0, 0], "key_binding": "challenge",
                "machine": self.source["machines"][sample["machine"]]["ppid"], "attested_key": ""}

    def corim(self):
        tag, dumps, claims = self.tools.CBORTag, self.tools.dumps, self.source["claims"]
        labels = {1: "Intel Corporation", 2: self.kind.upper()}
        if self.kind == "tdx":
            values = {14: {at: [[7, bytes.fromhex(claims[f"rtmr{at}"])]] for at in range(4)},
                      -82: tag(560, bytes.fromhex(claims["td_attributes"])), -83: [[7, bytes.fromhex(claims["mr_td"])]]}
        else:
            values = {-73: tag(60010, [2, claims["isv_svn"]]), -84: [[1, bytes.fromhex(claims["mr_signer"])]], -85: claims["isv_prod_id"]}
        keys = {3: [[{0: labels}, [tag(555, pem(self.root()))]]]}
        references = {0: [[{0: {0: tag(111, PROFILE), **labels}}, [{1: values}]]]}
        tags = [tag(506, dumps({1: {0: f"{self.kind}-{at}"}, 4: triples})) for at, triples in enumerate((keys, references))]
        return dumps(tag(501, {0: f"atls-samples-{self.kind}", 1: tags, 3: tag(111, PROFILE)}))


def files(tools, folder, source, kind, check):
    """Every file of a folder but source.json, as (path, octets)."""
    maker = Maker(tools, folder, source, kind, check)
    yield folder / "endorsement.corim", maker.corim()
    for number in source["machines"]:
        yield folder / f"collateral-{number}.json", maker.collateral(number)
    for label, sample in source["samples"].items():
        evidence = maker.evidence(label, sample)
        yield folder / f"{label}.evidence.cbor", evidence
        yield folder / f"{label}.cmw", tools.wrap(sample["form"], TYPES[kind], None, evidence)
        yield folder / f"{label}.nonce.hex", (sample["nonce"] + "\n").encode()
        yield folder / f"{label}.spki.der", tools.Key(sample["tls"]).spki()
        yield folder / f"{label}.expected.json", (json.dumps(maker.expected(sample), indent=1) + "\n").encode()
    if not check:
        yield folder / "signatures.json", (json.dumps(maker.signatures, indent=1) + "\n").encode()
