# SPDX-License-Identifier: Apache-2.0
"""The two sides of attestation: making a CMW for a binder, and finding fault with one."""

from . import attestation, cbor, cmw, keys, psa, tpm, tpm_sim
from .wire import UsageError


class Attester:
    """Makes the credential.  A fault may step in at each stage: binder, claims, token, CMW."""

    def __init__(self, kind: str, sim_key=None, claims_path: str = None):
        self.kind, self.claims_path = kind, claims_path
        self.raw = self.verifier = None
        if kind.startswith("passport:"):
            self.verifier, _, path = kind[len("passport:"):].rpartition("=")
            with open(path, "rb") as file:
                self.raw = file.read()
        elif kind.startswith("cmw:"):
            with open(kind[4:], "rb") as file:
                self.raw = file.read()
        elif kind not in ("psa", "tpm2"):
            raise UsageError(f"--attest {kind}: not psa, tpm2, cmw:FILE or passport:URI=FILE")
        elif sim_key is None:
            raise UsageError(f"--attest {kind} needs --sim-key")
        self.key = sim_key

    def schemes(self) -> list:
        """What this attester can serve, in its order."""
        if self.raw is None:
            return attestation.schemes_of_name(self.kind)
        if self.verifier is not None:
            return [attestation.Scheme(verifier=self.verifier)]
        kind = cmw.parse(self.raw)[0]
        if kind is None:
            return []
        scheme = cmw.scheme_of(kind)
        name = scheme.name()
        return [scheme] if name is None else attestation.schemes_of_name(name)

    def make(self, binder: bytes, scheme: attestation.Scheme, endpoint) -> bytes:
        """The CMW for BINDER, its type written as in the scheme that was chosen."""
        faults = endpoint.faults
        if self.raw is not None:
            return faults.apply("cmw", self.raw, endpoint)
        nonce = faults.apply("binder", binder, endpoint)
        if self.kind == "tpm2":
            value = tpm_sim.bundle(self.key, endpoint.identity_key.public_key(), nonce)
        else:
            value = self.psa_token(nonce, endpoint)
        kind = scheme.content_format
        if kind is None:
            kind = scheme.media_type or attestation.NAMES[self.kind][1]
        kind, value = faults.apply("record", (kind, value), endpoint)
        return faults.apply("cmw", cmw.record(kind, value), endpoint)

    def psa_token(self, nonce: bytes, endpoint) -> bytes:
        public = self.key.public_key()
        claims = psa.default_claims(public)
        if self.claims_path is not None:
            claims = psa.load_claims(self.claims_path, public)
        claims = cbor.Map([(psa.NONCE, nonce)] + list(claims))
        claims = endpoint.faults.apply("claims", claims, endpoint)
        token = psa.sign1(self.key, cbor.encode(claims))
        return endpoint.faults.apply("token", token, endpoint)


class Findings:
    """What a relying party saw in the peer's credential, one line a check."""

    def __init__(self):
        self.lines = []

    def note(self, check: str, ok: bool, found: str, expected: str) -> None:
        self.lines.append({"check": check, "ok": bool(ok), "found": found, "expected": expected})

    def accepted(self) -> bool:
        return bool(self.lines) and all(line["ok"] for line in self.lines)

    def first_wrong(self) -> str:
        line = next((line for line in self.lines if not line["ok"]), None)
        if line is None:
            return "no check was made"
        return f"{line['check']}: found {line['found']}, expected {line['expected']}"


def appraise(credential: bytes, scheme, binder: bytes, spki: bytes, public_key,
             expected: str) -> Findings:
    """Judges the CMW in CREDENTIAL; EXPECTED is psa, tpm2 or any (structure only)."""
    findings = Findings()
    try:
        kind, value, shape = cmw.parse(credential)
    except cmw.CmwError as error:
        findings.note("cmw", False, str(error), "a conceptual message wrapper")
        return findings
    findings.note("cmw", True, f"{shape} of {len(credential)} octets", "a CMW")
    stated = cmw.scheme_of(kind) if kind is not None else None
    same = stated == scheme or (stated is not None and scheme is not None and
                                stated.name() is not None and stated.name() == scheme.name())
    findings.note("cmw type", same, str(stated), str(scheme))
    if expected == "any":
        return findings
    named = stated.name() if stated is not None else None
    findings.note("format", named == expected, str(named), expected)
    if expected == "psa":
        psa.check(value, binder, public_key, findings.note)
    else:
        tpm.check(value, binder, public_key, spki, findings.note)
    return findings


def load_key(path):
    return None if path is None else keys.load_public(path)
