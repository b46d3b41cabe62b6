#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`atls corim create --from`: what a machine says of itself is taken in every form that it comes in, and then tells it from others."""

import json
import os

from atlslib import EXIT_OURS, EXIT_REFUSED, SystemTest, main, run

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
KAT = os.path.join(TESTS, "kat")
SHARED = os.path.join(os.path.dirname(os.path.dirname(TESTS)), "shared", "vectors")
QUOTES = os.path.join(SHARED, "02-tdx-sgx")
NONCE = "5a" * 64
# of a sample: its form does not matter
FORMS = {"kat": "plain.cmw", "psa": "json.cmw", "tdx": "json.cmw", "sgx": "collateral.evidence.cbor", "snp": "plain.evidence.cbor"}


def executables(outcome):
    return outcome.objects[0]["result"]["verdict"]["evidence"][0]["vector"]["executables"]


class CorimFromTest(SystemTest):
    def create(self, path, *words, name="made.corim"):
        made = self.path(name)
        outcome = self.assert_done(run("corim", "create", "--json", "--from", path, "-o", made, *words))
        self.assertEqual(outcome.objects[0]["result"]["reference_values"] + outcome.objects[0]["result"]["statements"] > 0, True)
        self.notes = outcome.err
        return made

    def assert_refused(self, path, status, code, part, *words):
        outcome = run("corim", "create", "--json", "--from", path, "-o", self.path("never.corim"), *words)
        self.assert_fails(outcome, status, code)
        self.assertIn(part, outcome.error["sentence"])
        self.assertFalse(os.path.exists(self.path("never.corim")))

    def altered(self, source, name, change):
        with open(source, "rb") as file:
            octets = bytearray(file.read())
        change(octets)
        return self.write(name, bytes(octets))

    def attested(self, identity, name):
        path = self.path(name)
        self.assert_done(run("attest", "--identity", identity.path(""), "--nonce", NONCE, "-o", path))
        return path

    def root_of(self, identity, name):
        """The root of a simulation as a file, so that nothing but what was made has reference values."""
        with open(identity.path("collateral.json"), encoding="ascii") as file:
            chain = json.load(file)["tcb_info_issuer_chain"]
        return self.write(name, chain[chain.rindex("-----BEGIN"):])

    def test_a_simulated_machine_is_told_from_one_that_measures_something_else(self):
        for rot, claim in (("sim-tdx", "rtmr3"), ("sim-tdx", "mr-td"), ("sim-sgx", "mr-enclave")):
            identity = self.keygen(f"{rot}-{claim}", rot=rot)
            known = rot[4:]
            right = self.attested(identity, f"{rot}-{claim}.right")
            made = self.create(right)
            self.assertIn("the signature of the Evidence was not checked", self.notes)  # by Intel's root
            config = identity.attester()
            before = config["claims"][claim] if claim in config["claims"] else None
            self.assertIsNotNone(before, sorted(config["claims"]))
            config["claims"][claim] = "77" * (len(before) // 2)
            with open(identity.path("attester.json"), "w", encoding="ascii") as file:
                json.dump(config, file)
            other = self.attested(identity, f"{rot}-{claim}.other")
            trust = ["--endorsements", f"{known}@{self.root_of(identity, f'{rot}-{claim}.pem')}", "--endorsements",
                     identity.path("collateral.json"), "--nonce", NONCE, "--json", "--endorsements", made]
            outcome = self.assert_done(run("appraise", right, *trust))
            self.assertIn(executables(outcome), (2, 3))
            outcome = run("appraise", other, *trust)
            self.assert_fails(outcome, EXIT_REFUSED, "REFERENCE_VALUES")
            self.assertEqual(executables(outcome), 33)

    def test_every_form_is_taken(self):
        for name, sample in FORMS.items():
            self.create(os.path.join(KAT, name, sample), name=f"{name}.corim")
        for rot, form in (("sim-tdx", "interop"), ("sim-sgx", "cmw"), ("sim-snp", "interop")):
            identity = self.keygen(f"cert-{rot}", "--ra-tls", form, rot=rot)
            self.create(identity.path("cert.pem"))
        with open(os.path.join(KAT, "sgx", "plain.evidence.cbor"), "rb") as file:
            self.create(self.write("hex.txt", file.read().hex() + "\n"))

    def test_what_is_none_of_them_is_refused_with_a_sentence(self):
        sample = os.path.join(KAT, "tdx", "plain.evidence.cbor")
        known = "psa, tpm2, nitro, snp, tdx or sgx"
        self.assert_refused(self.write("text", "hello\n"), EXIT_OURS, "ENDORSEMENT", known)
        self.assert_refused(self.write("empty", ""), EXIT_OURS, "ENDORSEMENT", "an empty file")
        self.assert_refused(self.write("hex", "00"), EXIT_OURS, "ENDORSEMENT", known)
        self.assert_refused(self.write("other.json", '{"tcbInfo": {}}'), EXIT_OURS, "ENDORSEMENT", known)
        self.assert_refused(self.write("cut.json", '{"submods": {'), EXIT_REFUSED, None, "JSON")
        self.assert_refused(self.write("ear.json", '{"submods": {}}'), EXIT_REFUSED, "RESULT", "eat_profile")
        self.assert_refused(sample, EXIT_OURS, "ENDORSEMENT", "--ak: found a key beside a quote", "--ak", os.path.join(KAT, "tpm2", "rsa.pem"))
        self.assert_refused(sample, EXIT_OURS, "ENDORSEMENT", "--pcr-values", "--pcr-values", self.write("pcrs", "sha256:\n"))
        self.assert_refused(self.keygen("plain").path("cert.pem"), EXIT_REFUSED, "NOT_ATTESTED", "none with Evidence")
        # A quote that says something else than was signed: of a simulation, too, whose root nobody knows here.
        with open(sample, "rb") as file:
            at = file.read().index(bytes.fromhex("0400020081000000"))
        for place, code, part in ((at, "EVIDENCE_MALFORMED", "quote.version"), (at + 4, "EVIDENCE_MALFORMED", "quote.tee_type")):
            def flip(octets, place=place):
                octets[place] ^= 0x40
            self.assert_refused(self.altered(sample, "flipped", flip), EXIT_REFUSED, code, part)

        def cut(octets):
            del octets[-1:]
        self.assert_refused(self.altered(sample, "cut", cut), EXIT_OURS, "ENDORSEMENT", known)

    def need_shared(self):
        if not os.path.isdir(QUOTES):
            self.skipTest(f"{QUOTES} is absent")

    def quote(self, name):
        return os.path.join(QUOTES, name)

    def test_reference_values_of_real_quotes_accept_them_and_no_other(self):
        self.need_shared()
        # quote, format, collateral, time, nonce (all of report_data), what executables come to, and the tiers that its platform needs
        rows = (("phala/tdx_quote.bin", "tdx", ["phala/tdx_quote_collateral.json"], "2025-06-20T00:00:00Z",
                 "9a9d48e7f6799642d3d1b34e1e5e1742d4bb02dd6ddd551862c1211d35c304f9eca3efdbb481601c163cf52493d6e44aed55d51ec39b7e518fadb92c2b523f20", 3, {}),
                ("flashbots/gcp-tdx-2025.bin", "tdx", ["flashbots/gcp-tdx-2025_collateral.json"], "2026-02-01T00:00:00Z",
                 "74276a648f1fd491f474a2d52c72d850e3768157b43ec297a9917482bd77278ba1882588391d1956b6f6466ad8b8dccd55f57221ad81b420f746fa8db0f8637d", 3, {}),
                ("phala/sgx_quote.bin", "sgx", ["phala/sgx_quote_collateral.json"], "2025-06-20T00:00:00Z",
                 b"Hello, world!".ljust(64, b"\0").hex(), 2, {"hardware": "warning", "configuration": "warning"}))
        corims = [self.create(self.quote(row[0]), name=f"real-{number}.corim") for number, row in enumerate(rows)]
        for number, (name, known, collateral, time, nonce, code, tiers) in enumerate(rows):
            policy = self.write("policy.json", json.dumps({"version": 1, "id": "real", **({"min_tier": tiers} if tiers else {})}))
            words = ["appraise", self.quote(name), "--json", "--format", known, "--time", time, "--nonce", nonce, "--policy", policy]
            for path in collateral:
                words += ["--endorsements", self.quote(path)]
            outcome = self.assert_done(run(*words, "--endorsements", corims[number]))
            self.assertEqual(executables(outcome), code)
            outcome = run(*words, "--endorsements", corims[(number + 1) % len(corims)])
            self.assert_fails(outcome, EXIT_REFUSED, "REFERENCE_VALUES")
            self.assertEqual(executables(outcome), 33)

    def test_of_real_quotes_signatures_are_checked(self):
        self.need_shared()
        self.create(self.quote("phala/tdx_quote.bin"))
        self.assertNotIn("signature", self.notes)
        for name in ("trustee/tdx_quote_4.dat", "trustee/occlum_quote.dat", "openenclave/sgx_quote_debug.bin"):
            self.create(self.quote(name))
            self.assertIn("open for debugging", self.notes)
        self.create(self.quote("automata/sgx-quotev3.hex"))
        self.create(os.path.join(SHARED, "11-ratls-dice", "interop", "gramine-cert.pem"))

        def other_mr_td(octets):
            octets[0x30 + 0x88] ^= 1

        def other_enclave(octets):
            octets[0x30 + 64] ^= 1
        for name, change in (("phala/tdx_quote.bin", other_mr_td), ("phala/sgx_quote.bin", other_enclave)):
            path = self.altered(self.quote(name), "other.bin", change)
            self.assert_refused(path, EXIT_REFUSED, "SIGNATURE", "quote.signature")
        self.assert_refused(self.quote("intel-qvl-sgx/quote.dat"), EXIT_REFUSED, "EVIDENCE_MALFORMED", "quote.certification_data_type")
        report = os.path.join(SHARED, "01-sev-snp", "milan-v2-azure", "report.bin")
        self.create(report)
        self.assertIn("the signature of the Evidence was not checked", self.notes)  # its certificate is beside it

        def other_measurement(octets):
            octets[octets.index(bytes.fromhex("7699e6ac12ccdfd1"))] ^= 1
        path = os.path.join(SHARED, "01-sev-snp", "genoa-v3-tsm", "tsm-report.cbor")
        self.create(path)
        self.assertNotIn("signature", self.notes)
        self.assert_refused(self.altered(path, "other.cbor", other_measurement), EXIT_REFUSED, "SIGNATURE", "signature")


if __name__ == "__main__":
    main()
