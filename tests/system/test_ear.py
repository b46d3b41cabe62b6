#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""atls appraise: Attestation Results in every flavour and form, read by code that is not ours.

JWT and CWT are verified with python-cryptography and read with cbor2; what each flavour is called
and how each form is built is written here from the draft.
"""

import base64
import hashlib
import json
import os

from atlslib import EXIT_OURS, EXIT_REFUSED, SystemTest, main, run, skip

try:
    import cbor2
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
except ImportError as absent:
    skip(f"a module of Python is absent: {absent}")

LABELS = {"iss": 1, "exp": 4, "nbf": 5, "iat": 6, "cnf": 8, "eat_nonce": 10, "eat_profile": 265, "submods": 266,
          "ear_raw_evidence": 1002, "ear_verifier_id": 1004}
SUBMOD = {"ear_status": 1000, "ear_trustworthiness_vector": 1001, "ear_appraisal_policy_ids": 1003,
          "ear_attester_claims": 1005, "ear_verifier_claims": 1006, "ear_veraison_key_attestation": -70002}
OLD_SUBMOD = dict(SUBMOD, ear_attester_claims=-70000, ear_verifier_claims=-70001)
DOTTED = {"ear_status": "ear.status", "ear_trustworthiness_vector": "ear.trustworthiness-vector",
          "ear_appraisal_policy_ids": "ear.appraisal-policy-id", "ear_verifier_id": "ear.verifier-id",
          "ear_raw_evidence": "ear.raw-evidence", "ear_attester_claims": "ear.veraison.annotated-evidence",
          "ear_verifier_claims": "ear.veraison.policy-claims",
          "ear_veraison_key_attestation": "ear.veraison.key-attestation"}
PROFILES = {"veraison": "tag:github.com,2023:veraison/ear", "ietf": "tag:ietf.org,2026:rats/ear#04"}
TIERS = {0: "none", 2: "affirming", 32: "warning", 96: "contraindicated"}
CLAIMS = ["instance-identity", "configuration", "executables", "file-system", "hardware", "runtime-opaque",
          "storage-opaque", "sourced-data"]


def decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def encode(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")


def verify(key, alg, message: bytes, signature: bytes):
    """InvalidSignature unless `alg`, a name or a COSE number, verifies."""
    if alg in ("EdDSA", -8):
        key.verify(signature, message)
    elif alg in ("PS256", -37):
        key.verify(signature, message, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
    else:
        digest = {"ES256": hashes.SHA256, -7: hashes.SHA256, "ES384": hashes.SHA384, -35: hashes.SHA384,
                  "ES512": hashes.SHA512, -36: hashes.SHA512}[alg]
        half = len(signature) // 2
        key.verify(utils.encode_dss_signature(int.from_bytes(signature[:half], "big"),
                                              int.from_bytes(signature[half:], "big")), message, ec.ECDSA(digest()))


def read_jwt(token: str, key):
    header, payload, signature = token.strip().split(".")
    found = json.loads(decode(header))
    verify(key, found["alg"], f"{header}.{payload}".encode(), decode(signature))
    return found, json.loads(decode(payload))


def read_cwt(token: bytes, key):
    """(protected header, claims) of a CWT, which is deterministic CBOR."""
    if token[:2] != b"\xd2\x84":
        raise AssertionError(token[:8].hex())
    protected, unprotected, payload, signature = cbor2.loads(token).value
    header = cbor2.loads(protected)
    verify(key, header[1], cbor2.dumps(["Signature1", protected, b"", payload]), signature)
    claims = cbor2.loads(payload)
    if cbor2.dumps(claims, canonical=True) != payload or unprotected:
        raise AssertionError("not deterministic, or headers that nobody signed")
    return header, claims


def renamed(value, names):
    back = {new: old for old, new in names.items()}
    return {back.get(name, name): inner for name, inner in value.items()}


def common(claims, flavour, is_cwt):
    """One form of claims, whatever they came as."""
    claims = renamed(claims, LABELS if is_cwt else DOTTED if flavour == "veraison" else {})
    names = (OLD_SUBMOD if flavour == "veraison" else SUBMOD) if is_cwt else DOTTED if flavour == "veraison" else {}
    if is_cwt:
        claims["ear_verifier_id"] = renamed(claims["ear_verifier_id"], {"developer": 0, "build": 1})
        claims["eat_nonce"] = claims["eat_nonce"].hex()
    else:
        if (len(claims["eat_nonce"]) % 4 == 0) != (flavour == "veraison" or len(decode(claims["eat_nonce"])) % 3 == 0):
            raise AssertionError("padding of " + claims["eat_nonce"])
        claims["eat_nonce"] = decode(claims["eat_nonce"].rstrip("=")).hex()
    claims["submods"] = {name: common_submod(renamed(submod, names), flavour, is_cwt)
                         for name, submod in claims["submods"].items()}
    return claims


def common_submod(submod, flavour, is_cwt):
    if is_cwt:
        submod["ear_status"] = TIERS[submod["ear_status"]]
        submod["ear_trustworthiness_vector"] = {CLAIMS[label]: value for label, value in
                                                submod["ear_trustworthiness_vector"].items()}
    if flavour == "veraison":
        submod["ear_appraisal_policy_ids"] = [submod["ear_appraisal_policy_ids"]]
    key = submod.get("ear_veraison_key_attestation")
    if key is not None and not is_cwt:
        submod["ear_veraison_key_attestation"] = {"akpub": decode(key["akpub"])}
    return submod


class EarTest(SystemTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.identity = cls.keygen("machine")
        cls.nonce = os.urandom(64).hex()
        cls.cmw = cls.path("evidence.cmw")
        cls.done(run("attest", *cls.identity.own(), "--nonce", cls.nonce, "-o", cls.cmw))
        cls.known = ["--endorsements", cls.identity.endorsement, "--simulated"]
        cls.key = ec.generate_private_key(ec.SECP256R1())
        cls.pem = cls.key_file("signing.pem", cls.key)

    @staticmethod
    def done(outcome):
        if outcome.status != 0:
            raise AssertionError(str(outcome))
        return outcome

    @classmethod
    def key_file(cls, name, key):
        path = cls.path(name)
        with open(path, "wb") as file:
            file.write(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                         serialization.NoEncryption()))
        return path

    def appraise(self, *words, cmw=None, nonce=None, known=None):
        return run("appraise", cmw or self.cmw, "--nonce", nonce or self.nonce, *(known or self.known), *words)

    def read(self, flavour, form, *words, key=None, pem=None, **where):
        """(header, claims in one form) of a Result that was made so."""
        outcome = self.assert_done(self.appraise("--signing-key", pem or self.pem, "--ear-profile", flavour,
                                                 "--ear-form", form, *words, **where))
        self.assertEqual(outcome.err, "")
        public = (key or self.key).public_key()
        header, claims = read_cwt(outcome.out, public) if form == "cwt" else read_jwt(outcome.text, public)
        self.assertEqual(claims[265 if form == "cwt" else "eat_profile"], PROFILES[flavour])
        return header, common(claims, flavour, form == "cwt")

    def test_all_flavours_and_forms_say_the_same(self):
        when = ["--time", "2026-11-21T12:00:00Z"]
        told = [dict(self.read(flavour, form, *when)[1], eat_profile=None)
                for flavour in PROFILES for form in ("jwt", "cwt")]
        first = told[0]
        self.assertEqual(first["eat_nonce"], self.nonce)
        self.assertEqual(first["iat"], 1795262400)
        submod = first["submods"]["PSA_IOT"]
        self.assertEqual((submod["ear_status"], submod["simulated"]), ("warning", True))
        self.assertEqual(submod["ear_trustworthiness_vector"],
                         {"instance-identity": 2, "configuration": 2, "executables": 3, "hardware": 32})
        self.assertEqual(submod["ear_appraisal_policy_ids"], ["policy:PSA_IOT"])
        self.assertEqual(submod["ear_attester_claims"]["psa-nonce"], self.nonce)
        self.assertIn("simulated", submod["ear_verifier_claims"]["problem"])
        for other in told[1:]:
            self.assertEqual(other, first)

    def test_a_refusal_has_every_form(self):
        for flavour in PROFILES:
            for form in ("jwt", "cwt"):
                outcome = self.appraise("--signing-key", self.pem, "--ear-profile", flavour, "--ear-form", form,
                                        nonce=os.urandom(64).hex())
                self.assert_fails(outcome, EXIT_REFUSED)
                public = self.key.public_key()
                _, claims = read_cwt(outcome.out, public) if form == "cwt" else read_jwt(outcome.text, public)
                submod = common(claims, flavour, form == "cwt")["submods"]["PSA_IOT"]
                self.assertEqual(submod["ear_status"], "contraindicated")
                self.assertEqual(submod["ear_trustworthiness_vector"], {name: 99 for name in CLAIMS})

    def test_every_kind_of_key_signs(self):
        keys = {"ES256": ec.generate_private_key(ec.SECP256R1()), "ES384": ec.generate_private_key(ec.SECP384R1()),
                "ES512": ec.generate_private_key(ec.SECP521R1()), "EdDSA": ed25519.Ed25519PrivateKey.generate(),
                "PS256": rsa.generate_private_key(65537, 2048)}
        for alg, key in keys.items():
            with self.subTest(alg):
                pem = self.key_file(f"{alg}.pem", key)
                header, _ = self.read("ietf", "jwt", key=key, pem=pem)
                self.assertEqual((header["alg"], header["typ"]), (alg, "JWT"))
                self.read("ietf", "cwt", key=key, pem=pem)

    def test_a_tpm_s_key_is_attested(self):
        machine = self.keygen("tpm", "--tcti", self.tpm().tcti, rot="tpm2")
        nonce, cmw = os.urandom(33).hex(), self.path("tpm.cmw")
        self.done(run("attest", *machine.own(), "--nonce", nonce, "-o", cmw))
        where = {"cmw": cmw, "nonce": nonce, "known": ["--endorsements", machine.endorsement]}
        with open(machine.path("cert.pem"), "rb") as file:
            from cryptography import x509
            tls_key = x509.load_pem_x509_certificate(file.read()).public_key()
        spki = tls_key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        numbers = tls_key.public_numbers()
        x, y = (number.to_bytes(32, "big") for number in (numbers.x, numbers.y))
        for flavour in PROFILES:
            for form in ("jwt", "cwt"):
                with self.subTest(flavour=flavour, form=form):
                    _, claims = self.read(flavour, form, "--cnf", **where)
                    submod = claims["submods"]["PARSEC_TPM"]
                    self.assertEqual(submod["ear_status"], "affirming")
                    self.assertEqual(submod["ear_veraison_key_attestation"], {"akpub": spki})
                    self.assertEqual(claims["cnf"], {1: {1: 2, -1: 1, -2: x, -3: y}} if form == "cwt" else
                                     {"jwk": {"kty": "EC", "crv": "P-256", "x": encode(x), "y": encode(y)}})
        self.assert_fails(self.appraise("--json", "--cnf"), EXIT_OURS, "CONFIG")  # psa shows no key

    def test_the_raw_evidence_goes_along(self):
        with open(self.cmw, "rb") as file:
            kind, token, indicator = cbor2.loads(file.read())
        media = {10003: 'application/eat+cwt; eat_profile="tag:psacertified.org,2023:psa#tfm"'}.get(kind, kind)
        for flavour, form, expected in (("veraison", "jwt", encode(token)), ("veraison", "cwt", token),
                                        ("ietf", "jwt", [media, encode(token), indicator]),
                                        ("ietf", "cwt", [kind, token, indicator])):
            with self.subTest(flavour=flavour, form=form):
                _, claims = self.read(flavour, form, "--raw-evidence")
                self.assertEqual(claims["ear_raw_evidence"], expected)
        self.assertNotIn("ear_raw_evidence", self.read("ietf", "jwt")[1])
        in_json = self.write("evidence.json", json.dumps([media, encode(token), indicator]).encode())
        _, claims = self.read("ietf", "jwt", "--raw-evidence", cmw=in_json)
        self.assertEqual(claims["ear_raw_evidence"], [media, encode(token), indicator])

    def test_keys_are_named_and_published(self):
        old = ed25519.Ed25519PrivateKey.generate()
        raw = serialization.Encoding.Raw
        jwk = {"kty": "OKP", "crv": "Ed25519", "kid": "old-1", "x": encode(old.public_key().public_bytes(
            raw, serialization.PublicFormat.Raw)), "d": encode(old.private_bytes(
                raw, serialization.PrivateFormat.Raw, serialization.NoEncryption()))}
        path = self.write("old.jwk", json.dumps(jwk).encode())
        numbers = self.key.public_key().public_numbers()
        public = {"crv": "P-256", "kty": "EC", "x": encode(numbers.x.to_bytes(32, "big")),
                  "y": encode(numbers.y.to_bytes(32, "big"))}
        name = encode(hashlib.sha256(json.dumps(public, separators=(",", ":")).encode()).digest())
        self.assertEqual(self.read("veraison", "jwt")[0]["kid"], name)
        self.assertEqual(self.read("ietf", "cwt")[0][4], name.encode())
        self.assertEqual(self.read("veraison", "jwt", key=old, pem=path)[0]["kid"], "old-1")
        words = ["--json", "--signing-key", self.pem, "--signing-key", path]
        result = self.assert_done(self.appraise(*words)).objects[0]["result"]
        self.assertEqual(read_jwt(result["jwt"], self.key.public_key())[0]["kid"], name)
        first, second = result["jwks"]["keys"]
        self.assertEqual(first, dict(public, alg="ES256", use="sig", kid=name))
        self.assertEqual(second, {"kty": "OKP", "crv": "Ed25519", "x": jwk["x"], "alg": "EdDSA", "use": "sig",
                                  "kid": "old-1"})
        for twice in ([self.pem, self.pem], [path, path]):
            self.assert_fails(self.appraise("--json", "--signing-key", twice[0], "--signing-key", twice[1]),
                              EXIT_OURS, "KEY")

    def test_what_fits_no_result_is_our_own_fault(self):
        public = self.write("public.pem", self.key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))
        oct_key = self.write("oct.jwk", b'{"kty":"oct","k":"AAAA"}')
        jwks = self.write("set.jwk", b'{"keys":[]}')
        for words, code in ((["--ear-profile", "IETF"], "CONFIG"), (["--ear-form", "jws"], "CONFIG"),
                            (["--ear-form", "cwt"], "CONFIG"), (["--signing-key", public], "KEY"),
                            (["--signing-key", oct_key], "KEY"), (["--signing-key", jwks], "KEY")):
            with self.subTest(words):
                self.assert_fails(self.appraise("--json", *words), EXIT_OURS, code)

    def test_results_are_explained(self):
        for flavour in PROFILES:
            for form in ("jwt", "cwt"):
                with self.subTest(flavour=flavour, form=form):
                    made = self.assert_done(self.appraise("--signing-key", self.pem, "--ear-profile", flavour,
                                                          "--ear-form", form, "--raw-evidence"))
                    text = self.assert_done(run("inspect", self.write("ear.token", made.out))).text
                    for part in ("EAR", "no problem found", "PSA_IOT", "genuine, known vulnerabilities", "warning"):
                        self.assertIn(part, text)

    def test_endorsements_are_made_of_every_form(self):
        with open(self.identity.endorsement, "rb") as file:
            stored = file.read()
        at = stored.index(b"-----BEGIN PUBLIC KEY-----")
        end = stored.index(b"-----END PUBLIC KEY-----", at) + 24
        ak = self.write("ak.pem", stored[at:end] + b"\n")
        jwks = self.write("keys.json", json.dumps(self.assert_done(self.appraise(
            "--json", "--signing-key", self.pem)).objects[0]["result"]["jwks"]).encode())
        for flavour in PROFILES:
            for form in ("jwt", "cwt"):
                with self.subTest(flavour=flavour, form=form):
                    made = self.assert_done(self.appraise("--signing-key", self.pem, "--ear-profile", flavour,
                                                          "--ear-form", form))
                    ear, out = self.write("ear.token", made.out), self.path("from.corim")
                    create = ["corim", "create", "--from", ear, "--ak", ak, "-o", out, "--json"]
                    self.assert_done(run(*create, "--key", jwks))
                    self.assert_done(self.appraise(known=["--endorsements", out, "--simulated"]))
                    outcome = run(*create, "--key", self.identity.path("key.pem"))
                    self.assert_fails(outcome, EXIT_REFUSED)
                    self.assertNotEqual(self.assert_done(run(*create)).err, "")


if __name__ == "__main__":
    main()
