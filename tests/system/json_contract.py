#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds the program to docs/json: what it writes with --json, and what it takes as a
policy and as a list of what is revoked.

Usage: json_contract.py ATLS DOCS. Every line that the program writes must match the schema of its
verb, and the schemas must be strict: a member more, or one that is required less, no longer
matches. Exits with 77 where there is no jsonschema, or no simulated attester to work with.
"""

import base64
import copy
import json
import pathlib
import re
import subprocess
import sys
import tempfile

try:
    import jsonschema
except ImportError:
    print("skipped: python3-jsonschema is not installed")
    sys.exit(77)

VERBS = "version keygen attest appraise corim inspect serve connect demo".split()
NONCE = "ab" * 64
# Members whose names belong to the Evidence, not to the contract.
FREE = {"claims", "ear.veraison.annotated-evidence", "ear_attester_claims"}
OPTIONAL = {
    "exp", "eat_nonce", "ear.trustworthiness-vector", "ear.veraison.annotated-evidence",
    "ear.veraison.policy-claims", "ear.veraison.key-attestation", "simulated", "cnf", "ear.raw-evidence",
    "ear_trustworthiness_vector", "ear_attester_claims", "ear_verifier_claims",
    "ear_veraison_key_attestation", "ear_raw_evidence",
}
MAPS = {"submods", "ear.trustworthiness-vector", "ear_trustworthiness_vector"}  # any subset of their members is valid

failures = []
checked = 0


def expect(holds, what):
    global checked
    checked += 1
    if not holds:
        failures.append(what)
        print("failed:", what)


class Schemas:
    def __init__(self, docs):
        self.validators = {}
        for path in sorted(docs.glob("json/*.schema.json")) + [docs / "policy.schema.json",
                                                                     docs / "revoked.schema.json"]:
            schema = json.loads(path.read_text())
            jsonschema.Draft202012Validator.check_schema(schema)
            resolver = jsonschema.RefResolver(path.resolve().as_uri(), schema)
            name = path.name.replace(".schema.json", "")
            self.validators[name] = jsonschema.Draft202012Validator(schema, resolver=resolver)

    def errors(self, name, value):
        return [error.message for error in self.validators[name].iter_errors(value)]

    def ok(self, name, value):
        return self.validators[name].is_valid(value)


def objects(value, free=False, key=None):
    """Every object inside `value` that the contract describes, with the name of its member."""
    if isinstance(value, dict) and not free:
        yield key, value
        for name, inner in value.items():
            yield from objects(inner, name in FREE, name)
    elif isinstance(value, list) and not free:
        for inner in value:
            yield from objects(inner, free, key)


def check_strict(schemas, verb, line):
    """One member more or less in any object is no longer valid."""
    for index, (_, original) in enumerate(objects(line)):
        for change in ["+"] + list(original):
            mutant = copy.deepcopy(line)
            key, target = list(objects(mutant))[index]
            if change == "+":
                target["x-unknown"] = 0
            elif key in MAPS or (change in OPTIONAL and key != "evidence"):
                continue
            elif change == "event" or change == "verdict" and len(target) == 1:
                continue  # what is left is the object of a failure
            else:
                del target[change]
            expect(
                not schemas.ok(verb, mutant),
                f"{verb}: {'an unknown member' if change == '+' else 'no ' + change} in {key}",
            )


class Program:
    def __init__(self, atls, schemas, folder):
        self.atls = atls
        self.schemas = schemas
        self.folder = folder

    def start(self, *arguments):
        return subprocess.Popen(
            [self.atls, arguments[0], "--json", *arguments[1:]], cwd=self.folder, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )

    def line(self, verb, text):
        value = json.loads(text)
        errors = self.schemas.errors(verb, value)
        expect(not errors, f"{verb}: {errors} in {text}")
        check_strict(self.schemas, verb, value)
        return value

    def run(self, *arguments, status, given=""):
        """Runs the program to its end; gives its lines, each checked."""
        process = self.start(*arguments)
        out, _ = process.communicate(given, timeout=60)
        expect(process.returncode == status, f"{arguments} ended with {process.returncode}: {out[-1500:]}")
        lines = [self.line(arguments[0], text) for text in out.splitlines()]
        expect(len(lines) > 0, f"{arguments} wrote nothing")
        if lines and "event" not in lines[-1]:
            expect(lines[-1]["exit"] == status, f"{arguments} wrote exit {lines[-1]['exit']}")
        return lines


def comid():
    """A CoMID template with one reference value."""
    class_id = {"type": "bytes", "value": base64.b64encode(b"i" * 32).decode()}
    signer = {"type": "bytes", "value": base64.b64encode(b"s" * 32).decode()}
    digest = "sha-256;" + base64.b64encode(b"d" * 32).decode()
    measurement = {
        "key": {"type": "string", "value": "psa.software-component"},
        "value": {"digests": [digest], "name": "BL", "cryptokeys": [signer]},
    }
    reference = {"environment": {"class": {"id": class_id}}, "measurements": [measurement]}
    identity = {"id": "00000000-0000-4000-8000-000000000001", "version": 0}
    return {"tag-identity": identity, "triples": {"reference-values": [reference]}}


def check_files(program):
    """The verbs that work on files."""
    program.run("version", status=0)
    for verb in VERBS:
        program.run(verb, "--no-such-option", status=1)
    program.run("keygen", "--rot", "sim-psa", "-o", "a", status=0)
    program.run("keygen", "--rot", "sim-psa", "-o", "b", "--csr", "--name", "b.example", status=0)
    program.run("keygen", "--rot", "no-such-rot", "-o", "c", status=1)
    program.run("attest", "--identity", "a", "--nonce", NONCE, "-o", "a.cmw", status=0)
    program.run("attest", "--identity", "a", "--nonce", NONCE, status=0)
    program.run("attest", "--identity", "a", "--nonce", "ab" * 32, status=1)
    (program.folder / "comid.json").write_text(json.dumps(comid()))
    profile = ["--profile", "psa"]
    program.run("corim", "create", "comid.json", *profile, "-o", "x.corim", status=0)
    (program.folder / "bad.json").write_text("{}")
    program.run("corim", "create", "bad.json", *profile, "-o", "bad.corim", status=1)
    check_signatures(program)
    check_from(program)


def check_signatures(program):
    """corim sign and verify: the certificate of an identity stands for its key."""
    sign = ["corim", "sign", "a/endorsement.corim", "--key", "a/key.pem", "-o", "s.corim"]
    program.run(*sign, status=0)
    program.run("corim", "verify", "s.corim", "--key", "a/cert.pem", status=0)
    lines = program.run("corim", "verify", "s.corim", "--key", "b/cert.pem", status=2)
    expect(lines[0]["error"]["code"] == "ENDORSEMENT_SIGNATURE", "another key is refused as such")
    program.run("corim", "verify", "a/endorsement.corim", "--key", "a/cert.pem", status=2)
    program.run("corim", "verify", "s.corim", "--key", "a/key.pem", status=1)
    program.run("corim", "verify", "s.corim", status=1)
    program.run(*sign, "--signer", "Example maker", "--days", "30", "--cert", "a/cert.pem", status=0)
    lines = program.run("corim", "verify", "s.corim", "--ca", "a/cert.pem", status=0)
    expect(lines[0]["result"]["signer"] == "Example maker", "the signer has his name")
    program.run("corim", "verify", "s.corim", "--ca", "b/cert.pem", status=2)
    program.run("corim", "verify", "s.corim", "--key", "a/cert.pem", "--time", "2036-01-01T00:00:00Z", status=2)
    lines = program.run("corim", "show", "s.corim", status=0)
    expect(lines[0]["result"]["signature"]["signer"] == "Example maker", "show names the signer")
    lines = program.run("corim", "show", "a/endorsement.corim", status=0)
    expect(lines[0]["result"]["signature"] is None, "an unsigned file has no signature")
    expect(len(lines[0]["result"]["keys"]) == 1 and lines[0]["result"]["keys"][0]["simulated"], "show lists the key")
    (program.folder / "other.corim").write_bytes(bytes.fromhex("d901f5a2006161018000"[:-2]))
    lines = program.run("corim", "show", "other.corim", status=0)
    expect("tags" in lines[0]["result"]["problem"], "show says what is refused")
    (program.folder / "other.corim").write_bytes(bytes.fromhex("d901f5a20061610181d901f941a0"))
    lines = program.run("corim", "show", "other.corim", status=0)
    notes = lines[0]["result"]["notes"]
    expect(lines[0]["result"]["problem"] is None and "no profile" in notes[0] and "CoSWID" in notes[1],
           "show says what has no effect")
    program.run("corim", "show", "a/cert.pem", status=1)
    program.run("corim", "show", status=1)
    program.run("corim", "sign", "s.corim", "--key", "a/key.pem", "-o", "t.corim", status=1)
    program.run("corim", "sign", "a/endorsement.corim", "--key", "a/cert.pem", "-o", "t.corim", status=1)
    program.run("corim", "sign", "a/endorsement.corim", "--key", "a/key.pem", "--cert", "b/cert.pem", "-o", "t", status=1)


def check_from(program):
    """corim create --from: what comes of it accepts what it came of."""
    endorsement = (program.folder / "a/endorsement.corim").read_bytes()
    pem = re.search(rb"-----BEGIN PUBLIC KEY-----.*?-----END PUBLIC KEY-----\n", endorsement, re.S)
    (program.folder / "ak.pem").write_bytes(pem.group(0))
    create = ["corim", "create", "-o", "from.corim", "--simulated", "--from"]
    lines = program.run(*create, "a.cmw", status=0)
    expect(lines[0]["result"]["keys"] == 0, "without --ak there is no key")
    lines = program.run(*create, "a.cmw", "--ak", "ak.pem", status=0)
    expect(lines[0]["result"]["keys"] == 1 and lines[0]["result"]["reference_values"] == 2, "key and references")
    program.run("appraise", "a.cmw", "--endorsements", "from.corim", "--simulated", "--nonce", NONCE, status=0)
    program.run(*create, "a.cmw", "--ak", "a/key.pem", status=2)
    program.run(*create, "a.cmw", "--profile", "tpm2", status=1)
    program.run(*create, "a.cmw", "--pcr-values", "ak.pem", status=1)
    program.run(*create, "a/cert.pem", status=2)
    program.run("corim", "create", "comid.json", "--profile", "psa", "--ak", "ak.pem", "-o", "x", status=1)
    appraise = ["appraise", "a.cmw", "--endorsements", "a/endorsement.corim", "--nonce", NONCE, "--simulated"]
    jwt = program.run(*appraise, "--signing-key", "a/key.pem", status=0)[0]["result"]["jwt"]
    (program.folder / "ear.jwt").write_text(jwt + "\n")
    for words in (["--ear-profile", "ietf"], ["--ear-profile", "ietf", "--raw-evidence"], ["--raw-evidence"],
                  ["--signing-key", "a/key.pem", "--signing-key", "b/key.pem"],
                  ["--ear-form", "cwt", "--signing-key", "a/key.pem", "--ear-profile", "ietf"]):
        program.run(*appraise, *words, status=0)
    create.remove("--simulated")  # the Result says so
    program.run(*create, "ear.jwt", "--key", "a/key.pem", "--ak", "ak.pem", status=0)
    shown = program.run("corim", "show", "from.corim", status=0)[0]["result"]
    expect(shown["keys"][0]["simulated"], "the mark of a simulation goes along")
    program.run(*create, "ear.jwt", status=0)
    program.run(*create, "ear.jwt", "--key", "b/key.pem", status=2)
    (program.folder / "ear.json").write_text(json.dumps(program.run(*appraise, status=0)[0]["result"]["ear"]))
    program.run(*create, "ear.json", status=0)
    program.run(*create, "ear.json", "--key", "a/key.pem", status=1)


def check_inspect(program):
    """inspect: a tree, a tree with problems marked, or a sentence."""
    lines = program.run("inspect", "b/key.pem", status=0)
    expect(lines[0]["result"]["kind"] == "pem", "a key is PEM")
    (program.folder / "wrong.json").write_text('{"version": 1, "id": "", "simulated": 2}')
    lines = program.run("inspect", "wrong.json", status=2)
    expect(lines[0]["result"]["problems"] == 2, "problems are counted")
    (program.folder / "hello").write_text("hello world")
    program.run("inspect", "hello", status=2)
    program.run("inspect", "-", status=2, given="")
    program.run("inspect", "no-such-file", status=1)
    program.run("inspect", status=1)
    program.run("inspect", "b/key.pem", "b/key.pem", status=1)
    secret = (program.folder / "a/key.pem").read_text().splitlines()[1][20:]
    for name in ("a.cmw", "a/cert.pem", "a/key.pem", "a/attester.json", "a/endorsement.corim", "b/request.pem"):
        process = program.start("inspect", name)
        out, _ = process.communicate(timeout=60)
        expect(process.returncode == 0, f"inspect {name} ended with {process.returncode}")
        expect(not program.schemas.errors("inspect", json.loads(out)), f"inspect {name}: schema")
        expect(secret not in out, f"inspect {name} shows a private key")


def check_appraise(program):
    appraise = ["appraise", "a.cmw", "--endorsements", "a/endorsement.corim", "--nonce"]
    program.run(*appraise, NONCE, "--simulated", status=0)
    program.run(*appraise, NONCE, "--simulated", "--signing-key", "a/key.pem", status=0)
    lines = program.run(*appraise, NONCE, status=2)
    expect(lines[0]["error"]["code"] == "SIMULATED", "a simulated root is refused as such")
    program.run(*appraise, "cd" * 64, "--simulated", status=2)
    signed = ["appraise", "a.cmw", "--nonce", NONCE, "--simulated", "--endorsements", "s.corim"]
    program.run(*signed, "--endorsement-key", "a/cert.pem", status=0)
    program.run(*signed, "--endorsement-key", "b/cert.pem", status=2)
    program.run(*signed, status=1)
    program.run(*appraise, NONCE, "--simulated", "--endorsement-key", "a/cert.pem", status=2)
    program.run(*appraise, "none", "--simulated", status=2)
    program.run("appraise", "a.cmw", "--nonce", NONCE, status=2)
    program.run("appraise", "a/cert.pem", "--nonce", NONCE, status=2)
    program.run("appraise", "no-such-file", "--nonce", NONCE, status=1)


def check_stream(program):
    """serve and connect: an attested connection, and one that the client refuses."""
    endorsed = ["--endorsements", "a/endorsement.corim", "--require", "psa", "--no-pkix"]
    for extra, status in ((["--simulated"], 0), ([], 2)):
        server = program.start("serve", "127.0.0.1:0", "--identity", "a", "--once")
        listening = program.line("serve", server.stdout.readline())
        address = listening["result"]["address"]
        lines = program.run("connect", address, *endorsed, *extra, status=status, given="hello\n")
        out, _ = server.communicate(timeout=60)
        events = [program.line("serve", text).get("event") for text in out.splitlines()]
        expect(events == ["connection", "stopped"], f"serve wrote {events}")
        if status == 0:
            expect(lines[0]["result"]["verdict"]["accepted"], "the peer is accepted")
            expect([line["event"] for line in lines] == ["connected", "data", "closed"],
                   "connect wrote its three events")
    # Whose endorsements: refused before any connection.
    program.run("connect", "127.0.0.1:1", *endorsed, "--endorsement-key", "a/cert.pem", status=2)
    signed = ["--endorsements", "s.corim", "--endorsement-key", "a/cert.pem", *endorsed[2:], "--simulated"]
    program.run("connect", "127.0.0.1:1", *signed, status=3)
    program.run("connect", "127.0.0.1:1", *signed, "--endorsement-key", "comid.json", status=1)
    program.run("connect", "127.0.0.1:1", *endorsed, status=3)
    lines = program.run("demo", "--rot", "sim-psa", status=0)
    expect(lines[-1]["event"] == "summary", "demo ends in a summary")


DIGEST = "a1" * 32
ACCEPTED = [
    {},
    {"require": {}},
    {"require": {"formats": ["psa"], "identity": "key"}},
    {"min_tier": {"executables": "warning", "hardware": "affirming", "sourced-data": "none"}},
    {"measurements": {"BL": [DIGEST, DIGEST.upper()], "M": [DIGEST + "00" * 16, DIGEST * 2]}},
    {"machines": ["01", "ff" * 64]},
    {"callers": ["spe", "nspe", 1, -1, 1, 2147483647, -2147483648]},
    {"key_binding": ["challenge", "hardware"]},
    {"debug": True, "simulated": False},
    {"timing": ["handshake", "post", "both", "certificate"]},
    {"max_result_age_s": 31536000, "ensemble": "any"},
]
REFUSED = [
    {"version": 2}, {"version": "1"}, {"id": ""}, {"id": "x" * 64}, {"id": 1}, {"x": 0},
    {"require": []}, {"require": {"x": 0}}, {"require": {"formats": []}},
    {"require": {"formats": ["psa", "psa"]}}, {"require": {"formats": ["sim-psa"]}},
    {"require": {"identity": "none"}}, {"min_tier": {"hardware": "contraindicated"}},
    {"min_tier": {"status": "affirming"}}, {"min_tier": []}, {"measurements": {}},
    {"measurements": {"": [DIGEST]}}, {"measurements": {"x" * 65: [DIGEST]}},
    {"measurements": {"BL": DIGEST}}, {"measurements": {"BL": []}},
    {"measurements": {"BL": [DIGEST[:-2]]}}, {"measurements": {"BL": [DIGEST] * 65}},
    {"machines": []}, {"machines": [""]}, {"machines": ["1"]}, {"machines": ["00" * 65]},
    {"machines": ["01"] * 65}, {"callers": []}, {"callers": [0]}, {"callers": ["app"]}, {"callers": 1},
    {"callers": [2147483648]}, {"callers": [1.5]}, {"callers": [1] * 65}, {"callers": [None]}, {"key_binding": []}, {"key_binding": ["none"]}, {"debug": 1},
    {"simulated": "true"}, {"timing": []}, {"timing": ["post", "post"]}, {"timing": "both"},
    {"max_result_age_s": 0}, {"max_result_age_s": 31536001}, {"max_result_age_s": 1.5},
    {"ensemble": "one"}, {"ensemble": None},
]


def check_policies(program):
    """The schema and the program agree on every policy."""
    for members, accepted in [(m, True) for m in ACCEPTED] + [(m, False) for m in REFUSED]:
        policy = {"version": 1, "id": "t"} | members
        expect(program.schemas.ok("policy", policy) == accepted, f"policy schema: {members}")
        (program.folder / "policy.json").write_text(json.dumps(policy))
        process = program.start("appraise", "a.cmw", "--nonce", NONCE, "--policy", "policy.json")
        out, _ = process.communicate(timeout=60)
        error = json.loads(out)["error"]
        refused = error is not None and error["code"] == "POLICY_FILE"
        expect(refused != accepted, f"policy parser: {members} gives {error}")


HASH, WHEN = "a1" * 32, "2026-11-21T17:00:00Z"
REVOKED = [
    ([], True),
    ([("spki", HASH, WHEN), ("verifier-key", HASH.upper(), WHEN), ("spki", HASH, WHEN)], True),
    ([("cert-serial", "00", WHEN), ("cert-serial", "ff" * 20, WHEN)], True),
    ([("ueid", "01", WHEN), ("ueid", "01" * 64, WHEN), ("chip", "0A", WHEN), ("chip", "00" * 64, WHEN)], True),
    ([("chip", "00", "2026-11-21t17:00:00.5+01:00")], True),
    ([("spki", HASH[2:], WHEN)], False), ([("spki", HASH + "00", WHEN)], False),
    ([("verifier-key", "00", WHEN)], False), ([("cert-serial", "00" * 21, WHEN)], False),
    ([("cert-serial", "", WHEN)], False), ([("ueid", "00" * 65, WHEN)], False), ([("chip", "0", WHEN)], False),
    ([("chip", "0g", WHEN)], False), ([("key", "00", WHEN)], False), ([("chip", "00", "2026-11-21")], False),
    ([("chip", "00", WHEN[:-1])], False), ([("chip", 0, WHEN)], False), ([("chip", "00", 0)], False),
    ([{}], False), ([7], False), ({}, False), ([("chip", "00", WHEN), {"kind": "chip"}], False),
]


def check_revoked(program):
    """The schema and the program agree on every list of what is revoked."""
    for content, accepted in REVOKED:
        whole = [dict(zip(("kind", "value", "from"), entry)) if isinstance(entry, tuple) else entry
                 for entry in content] if isinstance(content, list) else content
        expect(program.schemas.ok("revoked", whole) == accepted, f"revoked schema: {whole}")
        (program.folder / "revoked.json").write_text(json.dumps(whole))
        process = program.start("appraise", "a.cmw", "--nonce", NONCE, "--revoked", "revoked.json")
        out, _ = process.communicate(timeout=60)
        error = json.loads(out)["error"]
        refused = error is not None and error["code"] == "REVOKED_FILE"
        expect(refused != accepted, f"revoked parser: {whole} gives {error}")


def main(atls, docs):
    schemas = Schemas(pathlib.Path(docs))
    with tempfile.TemporaryDirectory() as folder:
        program = Program(atls, schemas, pathlib.Path(folder))
        version = program.run("version", status=0)[0]
        if "sim-psa" not in version["result"]["attesters"]:
            print("skipped: this build has no simulated attester")
            return 77
        check_files(program)
        check_inspect(program)
        check_appraise(program)
        check_stream(program)
        check_policies(program)
        check_revoked(program)
    print(f"{checked} checks, {len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(str(pathlib.Path(sys.argv[1]).resolve()), sys.argv[2]))
