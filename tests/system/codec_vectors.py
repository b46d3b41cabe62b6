#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
Runs published CBOR, COSE and CMW data through the codec, each with the outcome that its publisher
states; where this project is stricter on purpose, the table says why.

usage: codec_vectors.py PROBE VECTORS_DIR
"""

import base64
import json
import pathlib
import sys

if not (len(sys.argv) == 3 and pathlib.Path(sys.argv[2]).is_dir()):
    print(f"skipped: {sys.argv[-1]} is absent")
    sys.exit(77)
try:
    import cbor2
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization
except ImportError as error:
    print(f"skipped: {error.name} is absent")
    sys.exit(77)

import edn
from cbor_oracle import INDEFINITE, LONG_FORM, STRICT, judge
from probe import Probe, hex_or_none

CURVES = {"P-256": (1, 32), "P-384": (2, 48), "P-521": (3, 66)}

# Messages of cose-wg and go-cose: what must come of them. Everything else must verify.
COSE_REFUSED = {
    "sign-pass-01": "ALGORITHM",  # legal: alg is in the unprotected header only. Not for tokens.
    "sign-fail-01": "MALFORMED",  # tag 998
    "sign-fail-02": "SIGNATURE",
    "sign-fail-04": "ALGORITHM",  # alg "unknown"
    "sign-fail-06": "SIGNATURE",  # the protected header was changed
    "ecdsa-sig-04": "ALGORITHM",  # legal: ES512 with P-256. Here the curve decides the algorithm.
    "A_4": "MALFORMED",  # a COSE_Mac0
    "sign1-verify-0006": "ALGORITHM",  # legal: PS512, which is not among the algorithms taken
    "sign1-verify-negative-0000": "MALFORMED",  # the protected header is a map
    "sign1-verify-negative-0002": "MALFORMED",  # alg twice
    "sign1-verify-negative-0003": "MALFORMED",  # kid twice
}

CMW = {
    "draft-examples/cmw-example-1.diag": ["record", "64999", "0", "0"],
    "draft-examples/cmw-example-3.diag": ["record", b"application/rim+cose".hex(), "3", "0"],
    "draft-examples/cmw-example-tag-2.diag": ["tag", "64998", "0", "0"],
    "draft-examples/collection-example-1.diag":
        ["collection", b"tag:example.com,2024:composite-attester".hex(), "0", "3"],
    "draft-examples/collection-example-2.diag":
        ["collection", b"tag:example.com,2024:composite-attester".hex(), "0", "3"],
    "veraison/collection-cbor-ok.cbor": ["collection", "-", "0", "3"],
    "veraison/collection-cbor-ok.diag": ["collection", "-", "0", "3"],
    "veraison/collection-cbor-mixed-keys.cbor": ["collection", "-", "0", "2"],
}


def unpadded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def member(jwk, name):
    return bytes.fromhex(jwk[name + "_hex"]) if name + "_hex" in jwk else unpadded(jwk[name])


def cose_key(jwk):
    """The public part of a JWK as a COSE_Key."""
    if jwk["kty"] == "EC":
        crv, width = CURVES[jwk["crv"]]
        key = {1: 2, -1: crv, -2: member(jwk, "x").rjust(width, b"\0"),
               -3: member(jwk, "y").rjust(width, b"\0")}
    elif jwk["kty"] == "OKP":
        key = {1: 1, -1: 6, -2: member(jwk, "x")}
    else:
        key = {1: 3, -1: member(jwk, "n"), -2: member(jwk, "e")}
    return cbor2.dumps(key)


def cose_key_of(public):
    """A public EC key of the cryptography package as a COSE_Key."""
    numbers = public.public_numbers()
    crv, width = {256: (1, 32), 384: (2, 48), 521: (3, 66)}[public.curve.key_size]
    return cbor2.dumps({1: 2, -1: crv, -2: numbers.x.to_bytes(width, "big"),
                        -3: numbers.y.to_bytes(width, "big")})


def pem_key(path):
    pem = path.read_bytes()
    if b"PRIVATE" in pem:
        return cose_key_of(serialization.load_pem_private_key(pem, None).public_key())
    return cose_key_of(serialization.load_pem_public_key(pem))


def item_of(path):
    return edn.encode(path.read_text()) if path.suffix == ".diag" else path.read_bytes()


def check_cbor(probe, folder):
    """Every CBOR file: accepted exactly where the oracle accepts, and re-encoded as it says."""
    paths = sorted(path for pattern in ("*.cbor", "*.cose", "*sign1.bin")
                   for path in folder.rglob(pattern))
    modes = (STRICT, INDEFINITE | LONG_FORM)
    answers = iter(probe.ask([f"cbor {flags} {path.read_bytes().hex()}"
                              for path in paths for flags in modes]))
    strict = 0
    for path in paths:
        expected = judge(path.read_bytes())
        strict += expected[0] is not None
        for mode in range(2):
            answer = next(answers)
            wanted = ["refused"] if expected[mode] is None else ["ok", expected[mode].hex()]
            probe.check(answer[:len(wanted)] == wanted, f"{path}: {' '.join(answer)[:300]}")
    print(f"{len(paths)} files of CBOR, {strict} of them strict")
    return len(paths)


def check_notation(probe, folder):
    """Every example in diagnostic notation is strict CBOR once encoded."""
    paths = sorted(folder.rglob("*.diag"))
    items = {}
    for path in paths:
        try:
            items[path] = item_of(path)
        except ValueError as error:
            print(f"left out: {path.relative_to(folder)}: {error}")
    answers = probe.ask([f"cbor {STRICT} {item.hex()}" for item in items.values()])
    for (path, item), answer in zip(items.items(), answers):
        probe.check(answer == ["ok", item.hex()], f"{path}: {' '.join(answer)[:300]}")
    print(f"{len(items)} of {len(paths)} examples in diagnostic notation")
    return len(items)


def check_cmw(probe, folder):
    cases = {name: item_of(folder / name) for name in CMW}
    answers = probe.ask([f"cmw {item.hex()}" for item in cases.values()])
    for name, answer in zip(cases, answers):
        probe.check(answer == ["ok"] + CMW[name], f"{name}: {' '.join(answer)}")
    certificate = x509.load_der_x509_certificate(
        (folder / "veraison/x509-cert+cbor-cmw.der").read_bytes())
    extension = certificate.extensions.get_extension_for_oid(
        x509.ObjectIdentifier("1.3.6.1.5.5.7.1.35")).value.value
    assert extension[0] == 0x04 and extension[1] == len(extension) - 2
    answer = probe.ask([f"cmw {extension[2:].hex()}"])[0]
    probe.check(answer[:2] == ["ok", "collection"], f"CMW of a certificate: {' '.join(answer)}")


def check_messages(probe, folder):
    lines = {}
    for path in sorted(folder.rglob("*.json")):
        data = json.loads(path.read_text())
        if "sign1::verify" in data:
            case = data["sign1::verify"]
            lines[path.stem] = (cose_key(data["key"]), bytes.fromhex(case.get("external", "")),
                                bytes.fromhex(case["taggedCOSESign1"]["cborHex"]))
        elif "cbor" in data.get("output", {}):
            case = data["input"].get("sign0", {})
            key = cose_key(case["key"]) if case else b""
            lines[path.stem] = (key, bytes.fromhex(case.get("external", "")),
                                bytes.fromhex(data["output"]["cbor"]))
    answers = probe.ask(["cose " + " ".join(map(hex_or_none, line)) for line in lines.values()])
    for name, answer in zip(lines, answers):
        wanted = ["refused", COSE_REFUSED[name]] if name in COSE_REFUSED else ["ok"]
        probe.check(answer[:len(wanted)] == wanted, f"{name}: {' '.join(answer)}")
    probe.check(set(COSE_REFUSED) <= set(lines), "a message of the table is absent")
    return len(lines)


def check_tokens(probe, folder):
    """Tokens of platforms: PSA with its key, Nitro with the key of the certificate inside."""
    psa, nitro = folder / "04-psa", folder / "06-aws-nitro"
    cases = {
        psa / "rfc9783/psa-sign1.cbor": pem_key(psa / "rfc9783/tfm-es-iak.pem"),
        psa / "tfm/psa-2_0_0_sign1.bin": pem_key(psa / "tfm/public.pem"),
        psa / "tfm/psa-iot-1_sign1.bin": pem_key(psa / "tfm/public.pem"),
        psa / "veraison/psa-profile1.cbor": pem_key(psa / "veraison/key.pem"),
        psa / "veraison/psa.good.cose":
            cose_key(json.loads((psa / "veraison/ec.p256.jwk").read_text())),
    }
    for path in sorted(nitro.rglob("*.cbor")):
        message = cbor2.loads(path.read_bytes())
        certificate = x509.load_der_x509_certificate(cbor2.loads(message[2])["certificate"])
        cases[path] = cose_key_of(certificate.public_key())
    answers = probe.ask([f"cose {key.hex()} - {path.read_bytes().hex()}"
                         for path, key in cases.items()])
    for path, answer in zip(cases, answers):
        wanted = ["refused", "SIGNATURE"] if "bad_sig" in path.name else ["ok"]
        probe.check(answer[:len(wanted)] == wanted, f"{path}: {' '.join(answer)[:300]}")
    payloads = [cbor2.loads(path.read_bytes())[2] for path in sorted(nitro.rglob("*.cbor"))]
    answers = probe.ask([f"cbor {INDEFINITE} {payload.hex()}" for payload in payloads])
    for payload, answer in zip(payloads, answers):
        again = judge(payload)[1]
        probe.check(answer == ["ok", again.hex()], f"Nitro payload: {' '.join(answer)[:300]}")
    # A key of another token must not do.
    keys = list(cases.values())
    path = psa / "veraison/psa.good.cose"
    answer = probe.ask([f"cose {keys[0].hex()} - {path.read_bytes().hex()}"])[0]
    probe.check(answer[:2] == ["refused", "SIGNATURE"], f"another key: {' '.join(answer)}")
    return len(cases)


def check_uccs(probe, folder):
    item = item_of(folder / "uccs/uccs-example.diag")
    answers = probe.ask([f"uccs {item.hex()}", f"uccs {item[3:].hex()}"])
    probe.check(answers[0] == ["ok", item[3:].hex()], f"UCCS: {' '.join(answers[0])}")
    probe.check(answers[1][:2] == ["refused", "MALFORMED"], "UCCS without its tag")


def main():
    probe = Probe(sys.argv[1])
    folder = pathlib.Path(sys.argv[2])
    files = check_cbor(probe, folder)
    notations = check_notation(probe, folder)
    check_cmw(probe, folder / "09-cmw")
    messages = check_messages(probe, folder / "12-cose-tls")
    tokens = check_tokens(probe, folder)
    check_uccs(probe, folder / "10-eat-uccs")
    print(f"{messages} COSE messages, {tokens} tokens")
    probe.check(files > 50 and notations > 10 and messages > 15 and tokens > 8,
                "there is less data than expected")
    probe.finish()


if __name__ == "__main__":
    main()
