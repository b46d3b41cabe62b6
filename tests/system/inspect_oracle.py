#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What `atls inspect --json` says, field by field, against decoders that others wrote.

Usage: inspect_oracle.py ATLS SOURCE VECTORS. CBOR is read by cbor2, JSON by Python, certificates
by python3-cryptography, DER by `openssl asn1parse`. Every sample of tests/kat/inspect is read, and
the published files, where they are; diagnostic notation among them is encoded first. Each result
must match its schema. Exits with 77 where a decoder is missing.
"""

import base64
import datetime
import json
import pathlib
import re
import subprocess
import sys
import uuid

try:
    import cbor2
    import jsonschema
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization
except ImportError as missing:
    print(f"skipped: python3-{missing.name} is not installed")
    sys.exit(77)

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import edn  # noqa: E402 (the path comes first)

MALFORMED_INSIDE = ("cmw-wrong.cbor", "signed-corim-bad-signature.cbor")
UNSHOWN = 512  # members of one list that are shown
counts = {"files": 0, "values": 0, "offsets": 0, "certificates": 0, "elements": 0}
failures = []


def expect(holds, what):
    if not holds:
        failures.append(what)


class Inspect:
    def __init__(self, atls, source):
        self.atls = atls
        folder = source / "docs/json"
        schema = json.loads((folder / "inspect.schema.json").read_text())
        resolver = jsonschema.RefResolver((folder / "inspect.schema.json").as_uri(), schema)
        self.validator = jsonschema.Draft202012Validator(schema, resolver=resolver)

    def run(self, octets, what):
        """The result for some octets; None when they are of no known format."""
        done = subprocess.run([self.atls, "inspect", "--json", "-"], input=octets, capture_output=True, check=False)
        expect(done.returncode in (0, 2), f"{what}: exit {done.returncode}")
        answer = json.loads(done.stdout)
        problem = next(self.validator.iter_errors(answer), None)
        expect(problem is None, f"{what}: {problem and problem.message}")
        counts["files"] += 1
        return answer["result"] or None


# ---- CBOR and JSON ----


def unwrapped(value):
    """A value without its tags; what cbor2 makes of some is turned back."""
    while isinstance(value, cbor2.CBORTag):
        value = value.value
    if isinstance(value, datetime.datetime):
        return int(value.timestamp())
    if isinstance(value, uuid.UUID):
        return value.bytes
    return value


def from_base64(text):
    text = "".join(text.split()).rstrip("=").replace("+", "-").replace("/", "_")
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def opened(value, field):
    """Octets that the tree shows as a map or an array are decoded."""
    if isinstance(value, str) and field["decoded"]:
        value = {"text": str.encode, "hex": bytes.fromhex}.get(field["decoded"], from_base64)(value)
    if isinstance(value, str) and field["type"] == "array":
        return json.loads(value)  # a selector in text
    if isinstance(value, bytes):
        return json.loads(value) if value.lstrip()[:1] in (b"{", b"[") else unwrapped(cbor2.loads(value))
    return value


def shown_octets(field, value):
    if isinstance(value, str):
        value = from_base64(value)
    shown = bytes.fromhex(field["value"])
    return value[:len(shown)] == shown and field["cut"] == (len(shown) < len(value))


def scalar_is_same(field, value):
    kind, shown = field["type"], field["value"]
    if kind == "integer":
        return isinstance(value, int) and not isinstance(value, bool) and value == int(shown)
    if kind == "float":
        return isinstance(value, float) and (shown is None or value == shown)
    if kind == "octets":
        return shown_octets(field, value)
    if kind == "text":
        shown_text = value.decode() if isinstance(value, bytes) else value
        return shown_text.startswith(shown) if field["cut"] else shown_text == shown
    if kind == "boolean":
        return value is shown
    return kind == "null" and (value is None or value is cbor2.undefined)


def same_key(field, key):
    if isinstance(key, str):
        plain = re.sub(r"[^ -\[\]-~]", lambda m: "".join(f"\\x{o:02x}" for o in m[0].encode()), key)
        return field["label"] == plain.replace("\\", "\\x5c") if "\\" in key else field["label"] == plain
    return field["label"] == key


def compare(field, value, where):
    """Every value of the tree below `field` is that of `value`."""
    value = unwrapped(value)
    where = f"{where} > {field['name']}"
    if field["type"] == "secret":
        return
    if field["type"] == "structure":
        if [inner["name"] for inner in field["fields"]] == ["value"]:  # the tag form of a CMW
            compare(field["fields"][0], value, where)
        return
    counts["values"] += 1
    if field["type"] not in ("map", "array"):
        if isinstance(value, bytes) and field["type"] not in ("octets", "text"):
            value = opened(value, field)
        expect(scalar_is_same(field, value), f"{where}: {field['value']!r} is not {value!r}")
        return
    value = opened(value, field)
    if field["type"] == "map":
        expect(isinstance(value, dict), f"{where}: no map in the oracle")
        for inner, (key, member) in zip(field["fields"], list(value.items())[:UNSHOWN], strict=True):
            expect(same_key(inner, key), f"{where}: key {inner['label']!r} is not {key!r}")
            compare(inner, member, where)
        return
    expect(isinstance(value, (list, tuple)), f"{where}: no array in the oracle")
    for inner, member in zip(field["fields"], list(value)[:UNSHOWN], strict=True):
        compare(inner, member, where)


def check_offsets(field, octets, where):
    """What lies at the offset of a field, and only that, is an item with its value."""
    if field["decoded"]:
        return
    if field["offset"] is not None and field["type"] in ("integer", "text", "boolean", "float", "null"):
        item = octets[field["offset"]:field["offset"] + field["length"]]
        value = unwrapped(cbor2.loads(item))
        if isinstance(value, bytes) and field["type"] != "text":  # a byte string around what is shown
            value = opened(value, field)
        counts["offsets"] += 1
        expect(scalar_is_same(field, value), f"{where}: {field['name']} does not lie at {field['offset']}")
    if field["type"] != "structure" and "JSON in text" not in (field["note"] or ""):
        for inner in field["fields"]:
            check_offsets(inner, octets, where)


def check_cbor(inspect, octets, what):
    result = inspect.run(octets, what)
    if result is None:
        return None
    try:
        value = cbor2.loads(octets)
    except (cbor2.CBORDecodeError, UnicodeDecodeError):
        expect(result["problems"] > 0, f"{what}: cbor2 refuses what has no problem")
        return result
    before = len(failures)
    try:
        compare(result["fields"][0], value, what)
        check_offsets(result["fields"][0], octets, what)
    except (ValueError, cbor2.CBORDecodeError) as error:
        expect(result["problems"] > 0, f"{what}: {error}")
    if result["problems"] > 0 and what in MALFORMED_INSIDE:  # what is shown there has no value
        del failures[before:]
    return result


def check_json(inspect, octets, what):
    result = inspect.run(octets, what)
    if result is not None and result["problems"] == 0:
        compare(result["fields"][0], json.loads(octets), what)
    return result


def check_jws(inspect, octets, what):
    result = inspect.run(octets, what)
    if result is None:
        return
    header, payload, signature = octets.decode().strip().split(".")
    fields = result["fields"][0]["fields"]
    try:
        compare(fields[0], header, what)
        compare(fields[1], payload, what)
    except ValueError as error:
        expect(result["problems"] > 0, f"{what}: {error}")
    expect(shown_octets(fields[2], signature), f"{what}: the signature differs")


# ---- certificates and DER ----


def named(field, *path):
    """The field at a path of names; None when one is missing."""
    for name in path:
        field = next((inner for inner in field["fields"] if inner["name"] == name), None)
        if field is None:
            return None
    return field


def number(field):
    return field["value"] if isinstance(field["value"], int) else int(field["value"], 16)


def dotted(field):
    return field["note"].split(" ")[0]


def attributes(field):
    return [(inner["note"], inner["value"]) for inner in field["fields"]]


def expected_attributes(name):
    return [(attribute.oid.dotted_string, attribute.value) for attribute in name]


def seconds(field):
    return datetime.datetime.strptime(field["note"], "%Y-%m-%dT%H:%M:%SZ")


def check_extensions(body, certificate, octets, what):
    listed = named(body, "extensions")
    fields = listed["fields"] if listed else []
    for field, extension in zip(fields, certificate.extensions, strict=True):
        expect(dotted(named(field, "extnID")) == extension.oid.dotted_string, f"{what}: extension {field['name']}")
        expect((named(field, "critical") is not None) == extension.critical, f"{what}: critical of {field['name']}")
        value = named(field, "extnValue")
        raw = octets[value["offset"]:value["offset"] + value["length"]]
        if isinstance(extension.value, x509.UnrecognizedExtension):
            expect(raw == extension.value.value, f"{what}: value of {field['name']}")
        if isinstance(extension.value, x509.SubjectAlternativeName):
            names = [inner["value"] for inner in value["fields"] if inner["name"] == "dNSName"]
            expect(names == extension.value.get_values_for_type(x509.DNSName), f"{what}: dNSName")


def check_certificate(field, octets, what):
    """One certificate of the tree against python3-cryptography."""
    try:
        certificate = x509.load_der_x509_certificate(octets)
        extensions = certificate.extensions
        subject = expected_attributes(certificate.subject)
        issuer = expected_attributes(certificate.issuer)
    except ValueError as error:  # it is stricter than a file of the wild
        print(f"note: {what}: {error}")
        return
    body = named(field, "tbsCertificate")
    expect(number(named(body, "serialNumber")) == certificate.serial_number, f"{what}: serialNumber")
    expect(named(body, "version")["value"] == certificate.version.value, f"{what}: version")
    expect(attributes(named(body, "subject")) == subject, f"{what}: subject")
    expect(attributes(named(body, "issuer")) == issuer, f"{what}: issuer")
    expect(seconds(named(body, "validity", "notBefore")) == certificate.not_valid_before, f"{what}: notBefore")
    expect(seconds(named(body, "validity", "notAfter")) == certificate.not_valid_after, f"{what}: notAfter")
    algorithm = certificate.signature_algorithm_oid.dotted_string
    expect(dotted(named(field, "signatureAlgorithm", "algorithm")) == algorithm, f"{what}: signatureAlgorithm")
    expect(shown_octets(named(field, "signatureValue"), certificate.signature), f"{what}: signatureValue")
    spki = named(body, "subjectPublicKeyInfo")
    raw = octets[spki["offset"]:spki["offset"] + spki["length"]]
    key = certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    expect(raw == key, f"{what}: subjectPublicKeyInfo")
    if len(extensions):
        check_extensions(body, certificate, octets, what)
    counts["certificates"] += 1


LINE = re.compile(r"\s*(\d+):d=\s*\d+\s+hl=\s*(\d+)\s+l=\s*(\d+)\s+(prim|cons):\s+(.*?)\s*(?::(.*))?$")


def elements(octets):
    """The elements that `openssl asn1parse` finds: offset -> (length, type, value)."""
    done = subprocess.run(["openssl", "asn1parse", "-inform", "DER"], input=octets, capture_output=True, check=False)
    found = {}
    for line in done.stdout.decode(errors="replace").splitlines():
        match = LINE.match(line)
        if match:
            at, head, size, _, kind, value = match.groups()
            found[int(at)] = (int(head) + int(size), kind.strip(), value)
    return found


def check_element(field, found, octets, what):
    """The fields that lie where asn1parse sees an element are as long and have its value."""
    if field["decoded"]:
        return
    if field["offset"] in found and field["name"] not in ("extnValue", "x"):
        size, kind, value = found[field["offset"]]
        counts["elements"] += 1
        # A field without a head of its own begins where the first element in it does.
        expect(size == field["length"] or not field["fields"] == [], f"{what}: length of {field['name']}")
        if kind in ("INTEGER", "ENUMERATED") and field["type"] in ("integer", "octets"):
            expect(int(value, 16) == number(field), f"{what}: {field['name']}")
        if kind in ("UTCTIME", "GENERALIZEDTIME", "UTF8STRING", "PRINTABLESTRING", "IA5STRING") and \
                field["type"] == "text":
            expect(value == field["value"], f"{what}: {field['name']}: {value!r}")
        if kind == "OBJECT" and field["type"] == "octets":
            head = octets[field["offset"]:field["offset"] + field["length"]]
            expect(head.endswith(bytes.fromhex(field["value"])), f"{what}: {field['name']}")
    for inner in field["fields"]:
        check_element(inner, found, octets, what)


def is_der(octets):
    return octets[:1] == b"\x30" and len(octets) > 2 and (octets[1] > 0x80 or octets[1] == len(octets) - 2)


def pem_blocks(octets):
    for match in re.finditer(rb"-----BEGIN ([^\n-]*)-----(.*?)-----END [^\n-]*-----", octets, re.S):
        try:
            yield match.group(1).decode(), from_base64(match.group(2).decode())
        except ValueError:
            yield match.group(1).decode(), None


def check_der(inspect, octets, what):
    result = inspect.run(octets, what)
    if result is None:
        return
    root = result["fields"][0]
    blocks = [("", octets)] if is_der(octets) else list(pem_blocks(octets))
    fields = [root] if is_der(octets) else root["fields"]
    for field, (label, der) in zip(fields, blocks, strict=True):
        if der is None or field["type"] == "secret":
            continue
        if "CERTIFICATE" in (label, result["kind"].upper()) and result["problems"] == 0:
            check_certificate(field, der, f"{what} {label}")
        for inner in field["fields"]:
            check_element(inner, elements(der), der, f"{what} {label}")


# ---- files ----


def check_file(inspect, path, octets):
    name = path.name
    if path.suffix in (".cbor", ".cose", ".cert") and not is_der(octets) and octets[:1] != b"-":
        check_cbor(inspect, octets, name)
    elif path.suffix in (".json", ".jwk"):
        check_json(inspect, octets, name)
    elif path.suffix == ".jwt":
        check_jws(inspect, octets, name)
    elif is_der(octets) or b"-----BEGIN " in octets[:400]:
        check_der(inspect, octets, name)
    else:
        inspect.run(octets, name)


def check_notation(inspect, path):
    """Diagnostic notation: encoded, then as any other CBOR; what is wrong by its name is marked."""
    text = path.read_text()
    try:
        octets = edn.encode(text)
    except (ValueError, IndexError):
        return  # a fragment, or notation that stands for another document
    result = check_cbor(inspect, octets, path.name)
    if path.name.startswith(("GOOD", "FAIL")):
        wrong = result is None or result["problems"] != 0
        expect(wrong == path.name.startswith("FAIL"), f"{path.name} is taken for the other")


def main(atls, source, vectors):
    inspect = Inspect(atls, source)
    for path in sorted((source / "tests/kat/inspect").iterdir()):
        if path.suffix not in (".diag", ".txt", ".py", ".md") and path.is_file():
            check_file(inspect, path, path.read_bytes())
    if vectors.is_dir():
        for folder in sorted(vectors.glob("[01][0-9]-*")):
            for path in sorted(folder.rglob("*")):
                if path.suffix == ".diag":
                    check_notation(inspect, path)
                elif path.is_file():
                    check_file(inspect, path, path.read_bytes())
    else:
        print(f"note: {vectors} is absent: only our own samples")
    for failure in failures:
        print("failed:", failure)
    print(", ".join(f"{count} {name}" for name, count in counts.items()), f"compared; {len(failures)} failed")
    expect(counts["values"] > 500 and counts["elements"] > 20, "too little was compared")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(str(pathlib.Path(sys.argv[1]).resolve()), pathlib.Path(sys.argv[2]).resolve(),
                  pathlib.Path(sys.argv[3])))
