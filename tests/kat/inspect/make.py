#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the samples of this folder, and what `atls inspect` should print for each.

Usage: make.py            the samples, from *.diag and from what is written down below
       make.py ATLS       also NAME.txt, by that program: read the difference before it is committed
       make.py --check    compares the samples with those that are there, and writes none

Nothing is random: every run writes the same octets. Keys and signatures are filler.
"""

import base64
import json
import pathlib
import struct
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "system"))
import edn  # noqa: E402 (the path comes first)

PUBLIC = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
SECRET = b"\xa5" * 32  # a private part: its octets must never show


# ---- DER ----


def tlv(tag, *parts):
    content = b"".join(parts)
    size = len(content)
    if size < 128:
        return bytes([tag, size]) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(octets)]) + octets + content


def seq(*parts):
    return tlv(0x30, *parts)


def integer(value):
    return tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def octets(content):
    return tlv(0x04, content)


def bits(content, unused=0):
    return tlv(0x03, bytes([unused]), content)


def oid(dotted):
    arcs = [int(arc) for arc in dotted.split(".")]
    content = b""
    for arc in [40 * arcs[0] + arcs[1]] + arcs[2:]:
        groups = [arc & 0x7f]
        while arc := arc >> 7:
            groups.insert(0, arc & 0x7f | 0x80)
        content += bytes(groups)
    return tlv(0x06, content)


def utf8(text):
    return tlv(0x0c, text.encode())


def name(*pairs):
    return seq(*(tlv(0x31, seq(oid(kind), utf8(text))) for kind, text in pairs))


def pem(label, der, width=64):
    text = base64.b64encode(der).decode()
    lines = [text[i:i + width] for i in range(0, len(text), width)]
    return f"-----BEGIN {label}-----\n" + "\n".join(lines) + f"\n-----END {label}-----\n"


ED25519 = seq(oid("1.3.101.112"))
P256 = seq(oid("1.2.840.10045.2.1"), oid("1.2.840.10045.3.1.7"))
RSA = seq(oid("1.2.840.113549.1.1.1"), tlv(0x05))
SPKI = seq(ED25519, bits(PUBLIC))
POINT = b"\x04" + bytes(range(64))


def extension(dotted, value, critical=False):
    parts = [oid(dotted)] + ([tlv(0x01, b"\xff")] if critical else []) + [octets(value)]
    return seq(*parts)


def certificate(extensions):
    subject = name(("2.5.4.6", "DE"), ("2.5.4.10", "ACME, Ltd."), ("2.5.4.3", "attester.example"))
    body = seq(
        tlv(0xa0, integer(2)), integer(0x1122334455667788990011), ED25519, subject,
        seq(tlv(0x17, b"260101000000Z"), tlv(0x18, b"20510101000000Z")), subject, SPKI,
        tlv(0xa3, seq(*extensions)),
    )
    return seq(body, ED25519, bits(b"\x66" * 64))


def certificates():
    kat = edn.encode((HERE / "cmw-collection.diag").read_text())
    ra_tls = edn.encode((HERE / "ra-tls.diag").read_text())
    full = [
        extension("2.5.29.19", seq(), critical=True),
        extension("2.5.29.15", bits(b"\x80", 7), critical=True),
        extension("2.5.29.37", seq(oid("1.3.6.1.5.5.7.3.1"), oid("1.3.6.1.5.5.7.3.2"))),
        extension("2.5.29.14", octets(b"\x01" * 20)),
        extension("2.5.29.35", seq(tlv(0x80, b"\x01" * 20))),
        extension("2.5.29.17", seq(
            tlv(0x82, b"attester.example"), tlv(0x87, bytes([192, 0, 2, 1])),
            tlv(0x87, bytes.fromhex("20010db8000000000000000000000001")),
            tlv(0x86, b"https://attester.example/"))),
        extension("1.3.6.1.5.5.7.1.35", octets(kat)),
        extension("2.23.133.5.4.9", ra_tls),
        extension("1.3.6.1.4.1.3704.1.2", tlv(0x16, b"Milan-B0")),
        extension("1.3.6.1.4.1.3704.1.3.8", integer(0xd9)),
        extension("1.3.6.1.4.1.3704.1.4", bytes(range(64))),
        extension("1.2.840.113741.1.13.1", seq(
            seq(oid("1.2.840.113741.1.13.1.1"), octets(b"\x02" * 16)),
            seq(oid("1.2.840.113741.1.13.1.2"), seq(
                seq(oid("1.2.840.113741.1.13.1.2.1"), integer(4)),
                seq(oid("1.2.840.113741.1.13.1.2.17"), integer(11)))),
            seq(oid("1.2.840.113741.1.13.1.5"), tlv(0x0a, b"\x01")))),
        extension("1.2.3.4.5", b"octets of nobody"),
    ]
    json_cmw = cmw_json()
    yield "cert.der", certificate(full)
    yield "cert-json-cmw.pem", pem("CERTIFICATE", certificate(
        [extension("1.3.6.1.5.5.7.1.35", tlv(0x0c, json_cmw))])).encode()
    request = seq(seq(integer(0), name(("2.5.4.3", "r")), SPKI, tlv(0xa0)), ED25519, bits(b"\x66" * 64))
    yield "request.pem", pem("CERTIFICATE REQUEST", request).encode()
    revoked = seq(integer(7), tlv(0x17, b"260101000000Z"), seq(extension("2.5.29.21", tlv(0x0a, b"\x01"))))
    yield "crl.der", seq(
        seq(integer(1), ED25519, name(("2.5.4.3", "ca")), tlv(0x17, b"260101000000Z"),
            tlv(0x17, b"270101000000Z"), seq(revoked), tlv(0xa0, seq(extension("2.5.29.20", integer(5))))),
        ED25519, bits(b"\x66" * 64))


def keys():
    pkcs8 = seq(integer(0), ED25519, octets(octets(SECRET)))
    sec1 = seq(integer(1), octets(SECRET), tlv(0xa0, oid("1.2.840.10045.3.1.7")), tlv(0xa1, bits(POINT)))
    private = [int.from_bytes(SECRET[:8], "big") >> 1] * 6
    pkcs1 = seq(integer(0), integer((1 << 127) | 1), integer(65537), *map(integer, private))
    encrypted = seq(seq(oid("1.2.840.113549.1.5.13"), seq()), octets(SECRET))
    tss2 = seq(oid("2.23.133.10.1.3"), tlv(0xa0, tlv(0x01, b"\xff")), tlv(0xa4, utf8("key")),
               integer(0x40000001), octets(sized(tpm_public())), octets(sized(SECRET)))
    rsa = seq(integer((1 << 127) | 1), integer(65537))
    blocks = [
        ("PUBLIC KEY", SPKI), ("PUBLIC KEY", seq(P256, bits(POINT))),
        ("PUBLIC KEY", seq(RSA, bits(rsa))), ("PRIVATE KEY", pkcs8), ("EC PRIVATE KEY", sec1),
        ("RSA PRIVATE KEY", pkcs1), ("ENCRYPTED PRIVATE KEY", encrypted),
        ("TSS2 PRIVATE KEY", tss2), ("OPENSSH PRIVATE KEY", SECRET),
        ("UNKNOWN PRIVATE KEY", SPKI),  # what it holds may be of any form
    ]
    text = "".join(pem(label, der) for label, der in blocks)
    old = pem("EC PRIVATE KEY", SECRET).replace("KEY-----\n", "KEY-----\nProc-Type: 4,ENCRYPTED\n\n", 1)
    yield "keys.pem", ("Text for people comes before.\n" + text + old).encode()


# ---- TPM ----


def sized(content):
    return struct.pack(">H", len(content)) + content


def tpm_name(octet):
    return b"\x00\x0b" + bytes([octet]) * 32


def tpm_public():
    return struct.pack(">HHI", 0x0023, 0x000b, 0x00040072) + sized(b"") + \
        struct.pack(">HHHHH", 0x0010, 0x0018, 0x000b, 0x0003, 0x0010) + \
        sized(bytes(range(32))) + sized(bytes(range(32, 64)))


def tpm_rsa_public():
    return struct.pack(">HHI", 0x0001, 0x000b, 0x00050072) + sized(b"\x11" * 32) + \
        struct.pack(">HHHHHHI", 0x0006, 128, 0x0043, 0x0014, 0x000b, 2048, 0) + sized(b"\xee" * 256)


def attest(kind, attested):
    return struct.pack(">IH", 0xff544347, kind) + sized(tpm_name(1)) + sized(b"\xab" * 32) + \
        struct.pack(">QIIBQ", 123456789, 2, 3, 1, 0x2020030600000001) + attested


def tpm():
    certify = attest(0x8017, sized(tpm_name(2)) + sized(tpm_name(3)))
    selection = struct.pack(">I", 2) + struct.pack(">HB", 0x000b, 3) + b"\x87\x00\x80" + \
        struct.pack(">HB", 0x000c, 3) + b"\x00\x00\x00"
    quote = attest(0x8018, selection + sized(b"\xdd" * 32))
    signature = struct.pack(">HH", 0x0018, 0x000b) + sized(b"\x01" * 32) + sized(b"\x02" * 31)
    bundle = "{{\"kat\": {{\"tpmVer\": \"2.0\", \"kid\": h'{kid}', \"sig\": h'{sig}', \"certInfo\": h'{cert}'," \
        " \"pubArea\": h'{pub}'}}, \"pat\": {{\"tpmVer\": \"2.0\", \"kid\": h'{kid}', \"sig\": h'{sig}'," \
        " \"attestInfo\": h'{quote}', \"alg\": -1}}}}"
    text = bundle.format(kid="01" + "02" * 32, sig=signature.hex(), cert=certify.hex(),
                         pub=tpm_public().hex(), quote=quote.hex())
    record = f'["application/vnd.parallaxsecond.key-attestation.tpm", << {text} >>]'
    yield "parsec-tpm.cbor", edn.encode(record)
    yield "tpms-attest-quote.bin", quote
    yield "tpms-attest-certify-cut.bin", certify[:-10]
    yield "tpmt-signature-rsa.bin", struct.pack(">HH", 0x0014, 0x000b) + sized(b"\x77" * 256)
    yield "tpm2b-public-rsa.bin", sized(tpm_rsa_public())
    yield "tpmt-public.hex", (tpm_public().hex() + "\n").encode()
    yield "enacttrust.bin", bytes(range(16)) + sized(quote) + signature


# ---- reports ----


def reports():
    snp = bytearray(1184)
    struct.pack_into("<IIQ", snp, 0, 3, 1, 0xb0000)
    struct.pack_into("<I", snp, 0x34, 1)
    snp[0x50:0x90] = bytes(range(64))
    snp[0x90:0xc0] = b"\x4d" * 48
    yield "snp-report.bin", bytes(snp)
    vendor = bytes.fromhex("939a7233f79c4ca9940a0db3957f0607")
    enclave = bytearray(384)
    enclave[0x30] = 0x07
    enclave[0x40:0x60] = b"\xe1" * 32
    enclave[0x80:0xa0] = b"\xe2" * 32
    enclave[0x140:0x180] = bytes(range(64))
    chain = pem("CERTIFICATE", certificate([])).encode() + b"\0"
    tail = b"\x31" * 64 + struct.pack("<H", 4) + b"auth" + struct.pack("<HI", 5, len(chain)) + chain
    data = b"\x11" * 64 + b"\x22" * 64 + bytes(enclave) + tail
    header = struct.pack("<HHIHH", 3, 2, 0, 10, 13) + vendor + bytes(20)
    yield "sgx-quote.bin", header + bytes(enclave) + struct.pack("<I", len(data)) + data
    td = bytearray(584)
    td[0x88:0xb8] = b"\x7d" * 48
    td[0x7b] = 0x10
    td[0x208:0x248] = bytes(range(64))
    inner = bytes(enclave) + tail
    data = b"\x11" * 64 + b"\x22" * 64 + struct.pack("<HI", 6, len(inner)) + inner
    header = struct.pack("<HHIHH", 4, 2, 0x81, 0, 0) + vendor + bytes(20)
    yield "tdx-quote.bin", header + bytes(td) + struct.pack("<I", len(data)) + data + bytes(70)
    td15 = bytes(td) + b"\x15" * 16 + b"\x5e" * 48
    header = struct.pack("<HHIHH", 5, 2, 0x81, 0, 0) + vendor + bytes(20) + struct.pack("<HI", 3, len(td15))
    yield "tdx-quote-v5-cut.bin", header + td15 + struct.pack("<I", 4096) + b"\x11" * 64 + b"\x22" * 60
    guids = bytes.fromhex("63da758de6644564adc5f4b93be8accd"), bytes(range(1, 17))
    table = guids[0] + struct.pack("<II", 72, len(chain)) + guids[1] + struct.pack("<II", 72, 9999) + bytes(24)
    yield "tsm-snp.cbor", edn.encode(
        f'{{"provider": "sev_guest\\n", "outblob": h\'{snp.hex()}\', "auxblob": h\'{(table + chain).hex()}\'}}')


# ---- text ----


def b64url(content):
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def jws(header, payload, signature=b"\x66" * 64):
    return ".".join(map(b64url, (header, payload, signature)))


def cmw_json():
    """A record in JSON around a PSA token."""
    token = b64url(edn.encode((HERE / "psa-token.diag").read_text()))
    kind = 'application/eat+cwt; eat_profile=\\"tag:psacertified.org,2023:psa#tfm\\"'
    return f'["{kind}", "{token}", 4]'.encode()


def texts():
    yield "cmw-record.json", cmw_json() + b"\n"
    header = b'{"alg":"EdDSA","typ":"JWT","kid":"k1"}'
    for flavour in ("dotted", "underscore"):
        payload = (HERE / f"ear-{flavour}.json").read_bytes()
        yield f"ear-{flavour}.jwt", (jws(header, payload) + "\n").encode()
    record = cmw_json()
    flat = '{{"protected":"{}","payload":"{}","signature":"{}","header":{{"kid":"k"}}}}\n'
    yield "cmw-flattened-jws.json", flat.format(
        b64url(b'{"alg":"ES256","cty":"application/cmw+json"}'), b64url(record), b64url(b"\x66")).encode()
    bad = b'{"eat_profile":"tag:github.com,2023:veraison/ear","iat":1780000000,"iat":1'
    yield "ear-cut.jwt", jws(b'{"alg":"none"}', bad).encode()


def collateral(crl):
    """What Intel signs, apart and in a bundle: its octets are a text inside of JSON there."""
    level = '{"tcb":{"isvsvn":4},"tcbDate":"2026-01-01T00:00:00Z","tcbStatus":"UpToDate"}'
    dates = '"version":2,"issueDate":"2026-01-01T00:00:00Z","nextUpdate":"2026-02-01T00:00:00Z","tcbEvaluationDataNumber":1'
    zeros, ones = "0" * 32, "F" * 32
    platform = ('{"tcb":{"sgxtcbcomponents":[{"svn":1,"category":"BIOS"},{"category":"OS/VMM"}],"pcesvn":13},"tcbDate":"2026-01-01T00:00:00Z",'
                '"tcbStatus":"OutOfDate","advisoryIDs":["INTEL-SA-00000"]}')
    info = '{"id":"TDX",' + dates + ',"fmspc":"00A06D080000","pceId":"0000","tcbType":0,"tcbLevels":[' + platform + "]}"
    identity = ('{"id":"TD_QE",' + dates + f',"miscselect":"00000000","miscselectMask":"FFFFFFFF","attributes":"{zeros}","attributesMask":"{ones}",'
                f'"mrsigner":"{zeros}","isvprodid":2,"tcbLevels":[{level}]' + "}")
    yield "intel-tcb-info.json", f'{{"tcbInfo":{info},"signature":"00"}}\n'.encode()
    yield "intel-enclave-identity.json", f'{{"enclaveIdentity":{identity}}}\n'.encode()
    bundle = {"root_ca_crl": crl.hex(), "pck_crl": "no list", "tcb_info_issuer_chain": "", "tcb_info": info, "tcb_info_signature": "00",
              "qe_identity_issuer_chain": 3, "qe_identity": identity[:-1], "qe_identity_signature": "00"}
    yield "intel-collateral.json", (json.dumps(bundle) + "\n").encode()
    report = b64url(b"\x00" * 8)
    yield "azure-vtpm.json", f'{{"version":1,"hcl_report":"{report}","vcek":"{report}","tpm_quote":{{"message":"00"}}}}\n'.encode()


def broken():
    """Defects at every level: inspection goes on behind them."""
    token = edn.encode((HERE / "psa-token.diag").read_text())
    yield "psa-cut.cbor", token[:330]
    yield "psa-trailing.cbor", token + b"\0\0"
    yield "claims-twice.cbor", bytes.fromhex("a30a480001020304050607190109617819010961ff")
    yield "claims-long-form.cbor", bytes.fromhex("bf1a0000000a48000102030405060719010e617aff")
    yield "cose-not.cbor", bytes.fromhex("d28443a1012605f6f6")
    yield "text.base64", base64.encodebytes(token)


def samples():
    for source in sorted(HERE.glob("*.diag")):
        yield source.stem + ".cbor", edn.encode(source.read_text())
    made = [sample for maker in (certificates, keys, tpm, reports, texts, broken) for sample in maker()]
    yield from made
    yield from collateral(dict(made)["crl.der"])


def expected(atls, path):
    """What the program prints, and its exit status at the end."""
    done = subprocess.run([atls, "inspect", path.name], cwd=HERE, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr + f"exit {done.returncode}\n"


def check(made):
    wrong = [name for name, content in made.items() if not (HERE / name).is_file() or (HERE / name).read_bytes() != content]
    wrong += [path.name for path in HERE.glob("*.cbor") if path.name not in made]
    for name in sorted(wrong):
        print(f"{name}: other octets than its source gives")
    print(f"{len(made)} samples, {len(wrong)} wrong")
    return 1 if wrong else 0


def main():
    made = {name: content for name, content in samples()}
    if sys.argv[1:] == ["--check"]:
        sys.exit(check(made))
    for file_name, content in made.items():
        (HERE / file_name).write_bytes(content)
    if len(sys.argv) > 1:
        atls = str(pathlib.Path(sys.argv[1]).resolve())
        for path in sorted(HERE.iterdir()):
            if path.suffix not in (".diag", ".txt", ".py", ".md") and path.is_file():
                (HERE / (path.name + ".txt")).write_text(expected(atls, path))
    print(f"{len(made)} samples")


if __name__ == "__main__":
    main()
