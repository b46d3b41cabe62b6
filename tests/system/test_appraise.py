#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""atls attest, appraise and corim create: Evidence made, judged, and the Result checked here.

The JWT is verified with python-cryptography, not with the code that made it.
"""

import base64
import json
import os
import time

from atlslib import EXIT_OURS, EXIT_REFUSED, SystemTest, main, run, skip

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, utils
except ImportError as absent:
    skip(f"a module of Python is absent: {absent}")

ALGORITHMS = {"ES256": (ec.SECP256R1, hashes.SHA256, 32), "ES384": (ec.SECP384R1, hashes.SHA384, 48),
              "ES512": (ec.SECP521R1, hashes.SHA512, 66)}
WORST = 99


def decode(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def verified(token: str, key):
    """(header, claims) of a JWS whose signature verifies; InvalidSignature otherwise."""
    header, payload, signature = token.strip().split(".")
    found = json.loads(decode(header))
    _, digest, size = ALGORITHMS[found["alg"]]
    octets = decode(signature)
    if len(octets) != 2 * size:
        raise InvalidSignature
    der = utils.encode_dss_signature(int.from_bytes(octets[:size], "big"),
                                     int.from_bytes(octets[size:], "big"))
    key.verify(der, f"{header}.{payload}".encode(), ec.ECDSA(digest()))
    return found, json.loads(decode(payload))


class AppraiseTest(SystemTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.identity = cls.keygen("machine")
        cls.nonce = os.urandom(64).hex()
        cls.cmw = cls.path("evidence.cmw")
        cls.attest(cls.identity, cls.nonce, cls.cmw)
        cls.known = ["--endorsements", cls.identity.endorsement, "--simulated"]

    @staticmethod
    def attest(identity, nonce, path):
        outcome = run("attest", *identity.own(), "--nonce", nonce, "-o", path)
        if outcome.status != 0 or outcome.out != b"":
            raise AssertionError(str(outcome))

    def appraise(self, *words, cmw=None, nonce=None):
        return run("appraise", cmw or self.cmw, "--nonce", nonce or self.nonce, *words)

    def signing_key(self, curve=ec.SECP256R1):
        key = ec.generate_private_key(curve())
        return key, self.write("signing.pem", key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption()))

    def assert_claims(self, claims, status, now):
        self.assertEqual(claims["eat_profile"], "tag:github.com,2023:veraison/ear")
        self.assertEqual(decode(claims["eat_nonce"].rstrip("=")).hex(), self.nonce)
        self.assertLess(abs(claims["iat"] - now), 300)
        self.assertEqual(list(claims["submods"]), ["PSA_IOT"])
        self.assertEqual(claims["submods"]["PSA_IOT"]["ear.status"], status)

    # Round trips.

    def test_an_unsigned_result_says_so(self):
        outcome = self.assert_done(self.appraise(*self.known))
        self.assert_claims(json.loads(outcome.text), "warning", time.time())
        self.assertIn("unsigned", outcome.err)
        result = self.assert_done(self.appraise(*self.known, "--json")).objects[0]["result"]
        self.assertEqual((result["accepted"], result["unsigned"], result["jwt"]),
                         (True, True, None))

    def test_a_signed_result_verifies_with_the_public_key(self):
        for algorithm, (curve, _, _) in ALGORITHMS.items():
            with self.subTest(algorithm):
                key, path = self.signing_key(curve)
                outcome = self.assert_done(self.appraise(*self.known, "--signing-key", path))
                self.assertEqual(outcome.err, "")
                header, claims = verified(outcome.text, key.public_key())
                self.assertEqual((header["alg"], header["typ"]), (algorithm, "JWT"))
                self.assert_claims(claims, "warning", time.time())
                vector = claims["submods"]["PSA_IOT"]["ear.trustworthiness-vector"]
                self.assertEqual((vector["instance-identity"], vector["hardware"]), (2, 32))
                self.assertTrue(claims["submods"]["PSA_IOT"]["simulated"])
                other = ec.generate_private_key(curve()).public_key()
                with self.assertRaises(InvalidSignature):
                    verified(outcome.text, other)

    def test_with_json_the_result_is_the_same(self):
        key, path = self.signing_key()
        outcome = self.assert_done(self.appraise(*self.known, "--signing-key", path, "--json"))
        result = outcome.objects[0]["result"]
        _, claims = verified(result["jwt"], key.public_key())
        self.assertEqual(claims, result["ear"])
        self.assertFalse(result["unsigned"])
        self.assertEqual(result["verdict"]["evidence"][0]["claims"]["psa-nonce"], self.nonce)

    def test_a_refusal_is_a_signed_result_as_well(self):
        key, path = self.signing_key()
        for words, nonce in (([], None), (self.known, os.urandom(64).hex())):
            with self.subTest(words):
                outcome = self.appraise(*words, "--signing-key", path, nonce=nonce)
                self.assert_fails(outcome, EXIT_REFUSED)
                _, claims = verified(outcome.text, key.public_key())
                submod = claims["submods"]["PSA_IOT"]
                self.assertEqual(submod["ear.status"], "contraindicated")
                self.assertEqual(set(submod["ear.trustworthiness-vector"].values()), {WORST})

    def test_evidence_goes_through_standard_output_and_input(self):
        made = self.assert_done(run("attest", *self.identity.own(), "--nonce", self.nonce))
        self.assertEqual(made.err, "")
        outcome = run("appraise", "-", "--nonce", self.nonce, *self.known, given=made.out)
        self.assert_done(outcome)
        said = self.assert_done(run("attest", "--json", *self.identity.own(), "--nonce",
                                    self.nonce)).objects[0]["result"]
        self.assertEqual((said["format"], said["file"]), ("psa", None))
        self.assertEqual(len(decode(said["cmw"])), said["cmw_len"])
        outcome = run("appraise", "-", "--nonce", self.nonce, *self.known,
                      given=decode(said["cmw"]))
        self.assert_done(outcome)

    def test_a_tpm_s_evidence_makes_the_round_trip(self):
        machine = self.keygen("tpm", "--tcti", self.tpm().tcti, rot="tpm2")
        nonce = os.urandom(33).hex()
        self.attest(machine, nonce, self.path("tpm.cmw"))
        key, path = self.signing_key()
        outcome = self.appraise("--endorsements", machine.endorsement, "--signing-key", path,
                                cmw=self.path("tpm.cmw"), nonce=nonce)
        self.assert_done(outcome)
        _, claims = verified(outcome.text, key.public_key())
        self.assertEqual(claims["submods"]["PARSEC_TPM"]["ear.status"], "affirming")

    def test_bare_evidence_has_its_format_named(self):
        token = self.token()
        bare = self.write("bare.cbor", token)
        self.assert_done(self.appraise(*self.known, "--format", "psa", cmw=bare))
        outcome = self.appraise(*self.known, "--format", "tpm2", "--json", cmw=bare)
        self.assert_fails(outcome, EXIT_REFUSED)
        outcome = self.appraise(*self.known, "--json", cmw=bare)
        self.assert_fails(outcome, EXIT_REFUSED)
        self.assertIn("bare Evidence needs --format psa", outcome.error["sentence"])
        malformed = self.appraise(*self.known, "--format", "psa", "--json",
                                  cmw=self.write("cut.cbor", b"\xd2"))
        self.assert_fails(malformed, EXIT_REFUSED)
        self.assertNotIn("bare Evidence needs", malformed.error["sentence"])

    def token(self) -> bytes:
        """The value of the record: what stands behind its type."""
        with open(self.cmw, "rb") as file:
            record = file.read()
        at = record.index(b"\xd2\x84")  # COSE_Sign1, tagged
        length = int.from_bytes(record[at - 2:at], "big")
        return record[at:at + length]

    # Refusals and mistakes.

    def test_what_is_wrong_is_named(self):
        with open(self.cmw, "rb") as file:
            good = file.read()
        damaged = bytearray(good)
        damaged[-5] ^= 1
        for content, code in ((bytes(damaged), "SIGNATURE"), (good[:-1], "EVIDENCE_MALFORMED"),
                              (good + b"\0", "EVIDENCE_MALFORMED"), (b"", "EVIDENCE_MALFORMED"),
                              (b"hello", "EVIDENCE_MALFORMED")):
            with self.subTest(code=code, octets=len(content)):
                path = self.write("wrong.cmw", content)
                outcome = self.appraise(*self.known, "--json", cmw=path)
                self.assertEqual((outcome.status, outcome.code), (EXIT_REFUSED, code), str(outcome))

    def test_without_a_nonce_nothing_is_accepted(self):
        outcome = self.appraise(*self.known, "--json", nonce="none")
        self.assert_fails(outcome, EXIT_REFUSED)
        vector = outcome.objects[0]["result"]["verdict"]["evidence"][0]["vector"]
        self.assertEqual(vector["configuration"], 36)

    def test_what_cannot_be_read_is_our_own_fault(self):
        key = self.identity.path("key.pem")
        for words in (["/nonexistent", "--nonce", "00"], [self.cmw], [self.cmw, "--nonce", "0"],
                      [self.cmw, "--nonce", "xyz"], [self.cmw, "--nonce", "00" * 65],
                      [self.cmw, "--nonce", ""],
                      [self.cmw, "--nonce", self.nonce, "--endorsements", "/nonexistent"],
                      [self.cmw, "--nonce", self.nonce, "--endorsements", key],
                      [self.cmw, "--nonce", self.nonce, "--with", key],
                      [self.cmw, "--nonce", self.nonce, "--policy", key],
                      [self.cmw, "--nonce", self.nonce, "--format", "nonsense"],
                      [self.cmw, "--nonce", self.nonce, "--time", "yesterday"],
                      [self.cmw, "--nonce", self.nonce, *self.known, "--signing-key",
                       self.identity.path("cert.pem")],
                      [self.cmw, "--nonce", self.nonce, *self.known, "--signing-key",
                       "/nonexistent"]):
            with self.subTest(words):
                outcome = run("appraise", "--json", *words)
                self.assertEqual(outcome.status, EXIT_OURS, str(outcome))
                self.assertEqual(len(outcome.sentences()), 1, str(outcome))

    def test_times_are_those_of_rfc_3339(self):
        for text in ("2026-11-21T17:00:00Z", "2026-11-21t17:00:00z", "2026-11-21T17:00:00+01:00",
                     "2026-11-21T17:00:00.123-00:30"):
            with self.subTest(text):
                outcome = self.appraise(*self.known, "--time", text, "--json")
                self.assertIn(outcome.status, (0, EXIT_OURS), str(outcome))
                self.assertNotEqual(outcome.code, "CONFIG", str(outcome))
        for text in ("2026-02-30T17:00:00Z", "2026-11-21", "2026-11-21 17:00:00Z", "now", "0",
                     "2026-11-21T25:00:00Z", "2026-11-21T17:00:00", "2026-11-21T17:00:00Zx"):
            with self.subTest(text):
                outcome = self.appraise(*self.known, "--time", text, "--json")
                self.assert_fails(outcome, EXIT_OURS, "CONFIG")

    def test_attest_needs_an_identity_that_works(self):
        for words in ([], ["--identity", "/nonexistent"], ["--identity", self.folder]):
            with self.subTest(words):
                outcome = run("attest", "--json", *words, "--nonce", self.nonce)
                self.assert_fails(outcome, EXIT_OURS)
        outcome = run("attest", "--json", *self.identity.own(), "--nonce", self.nonce, "-o",
                      "/nonexistent/x")
        self.assert_fails(outcome, EXIT_OURS, "FILE")

    # Endorsements.

    def test_a_template_makes_what_appraise_takes(self):
        """A machine whose firmware changed is refused until somebody endorses the new one."""
        machine = self.keygen("updated")
        attester = machine.attester()
        attester["claims"]["components"][0]["value"] = "cd" * 32
        with open(machine.path("attester.json"), "w", encoding="utf-8") as file:
            json.dump(attester, file)
        nonce, cmw = os.urandom(64).hex(), self.path("updated.cmw")
        self.attest(machine, nonce, cmw)
        words = ["--endorsements", machine.endorsement, "--simulated"]
        outcome = self.appraise(*words, "--json", cmw=cmw, nonce=nonce)
        self.assert_fails(outcome, EXIT_REFUSED, "REFERENCE_VALUES")
        claims = attester["claims"]
        template = {"tag-identity": {"id": "00000000-0000-4000-8000-000000000003"},
                    "triples": {"reference-values": [self.reference(claims["components"][0],
                                                                    claims)]}}
        path, update = self.write("update.json", json.dumps(template)), self.path("update.corim")
        made = self.assert_done(run("corim", "create", "--json", path, "--profile", "psa", "-o",
                                    update))
        result = made.objects[0]["result"]
        self.assertEqual((result["keys"], result["reference_values"]), (0, 1))
        for option in ("--endorsements", "--with"):
            self.assert_done(self.appraise(*words, option, update, cmw=cmw, nonce=nonce))

    @staticmethod
    def reference(component, claims) -> dict:
        def octets(text):
            return base64.b64encode(bytes.fromhex(text)).decode()

        digest = base64.urlsafe_b64encode(bytes.fromhex(component["value"])).decode().rstrip("=")
        return {"environment": {"class": {"id": {"type": "bytes",
                                                 "value": octets(claims["implementation-id"])}}},
                "measurements": [{
                    "key": {"type": "string", "value": "psa.software-component"},
                    "value": {"digests": [[1, digest]], "name": component["type"],
                              "cryptokeys": [{"type": "bytes",
                                              "value": octets(component["signer"])}]}}]}

    def test_a_class_is_shown_as_the_uuid_that_it_was_given_as(self):
        name = "cd1f0e55-26f9-460d-b9d8-f7fde171787c"
        digest = "sha-256;" + base64.b64encode(bytes(32)).decode()
        template = {"tag-identity": {"id": "00000000-0000-4000-8000-000000000005"},
                    "triples": {"reference-values": [{
                        "environment": {"class": {"id": {"type": "uuid", "value": name}}},
                        "measurements": [{"key": {"type": "uint", "value": 0},
                                          "value": {"digests": [digest]}}]}]}}
        path, made = self.write("class.json", json.dumps(template)), self.path("class.corim")
        self.assert_done(run("corim", "create", path, "--profile", "tpm2", "-o", made))
        shown = self.assert_done(run("corim", "show", made, "--json")).objects[0]["result"]
        self.assertEqual([value["class"] for value in shown["reference_values"]], [name])
        shown = self.assert_done(run("corim", "show", self.identity.endorsement, "--json"))
        claims = self.identity.attester()["claims"]
        self.assertEqual({key["class"] for key in shown.objects[0]["result"]["keys"]},
                         {claims["implementation-id"]})

    def test_a_folder_of_endorsements_is_taken_whole_or_not_at_all(self):
        folder = self.path("store")
        os.mkdir(folder)
        with open(self.identity.endorsement, "rb") as file:
            good = file.read()
        with open(os.path.join(folder, "a.corim"), "wb") as file:
            file.write(good)
        words = ["--endorsements", folder, "--simulated"]
        self.assert_done(self.appraise(*words))
        for name, content in (("b.corim", good[:-1]), ("notes.txt", b"notes"),
                              (".hidden", b"\0")):
            with self.subTest(name):
                path = os.path.join(folder, name)
                with open(path, "wb") as file:
                    file.write(content)
                outcome = self.appraise(*words, "--json")
                self.assertEqual(outcome.status, EXIT_OURS, str(outcome))
                self.assertIn(name, outcome.err)
                os.unlink(path)
        self.assert_done(self.appraise(*words))

    def test_templates_with_a_mistake_make_no_file(self):
        good = {"tag-identity": {"id": "00000000-0000-4000-8000-000000000004"},
                "triples": {"reference-values": [self.reference(
                    self.identity.attester()["claims"]["components"][0],
                    self.identity.attester()["claims"])]}}
        path, out = self.path("template.json"), self.path("out.corim")
        for change in (lambda t: t.pop("triples"), lambda t: t.update(unknown=1),
                       lambda t: t["triples"].update(unknown=[]),
                       lambda t: t["triples"]["reference-values"][0]["measurements"][0]["value"]
                       .update(svn=1), lambda t: t["tag-identity"].update(id="")):
            template = json.loads(json.dumps(good))
            change(template)
            with self.subTest(template):
                self.write("template.json", json.dumps(template))
                outcome = run("corim", "create", "--json", path, "--profile", "psa", "-o", out)
                self.assert_fails(outcome, EXIT_OURS)
                self.assertFalse(os.path.exists(out))


if __name__ == "__main__":
    main()
