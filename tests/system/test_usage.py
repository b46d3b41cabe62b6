#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The command line itself: help, unknown words, what is not built, options that do not fit."""

import json
import os
import re
import subprocess
import sys

from atlslib import EXIT_OURS, SystemTest, main, program, run, wait_until

# The contract: every verb and option that scripts may one day depend on.
VERBS = ["version", "demo", "keygen", "serve", "connect", "attest", "appraise", "inspect", "corim",
         "verifier", "passport", "proxy", "run"]
SHARED = ["identity", "cert", "key", "ca", "name", "no-pkix", "attest", "passport", "require",
          "endorsements", "verifier", "verifier-ca", "trust-verifier", "policy", "timing",
          "carriage", "simulated", "revoked", "endorsement-key", "handshake-timeout",
          "max-handshakes", "per-source", "attester-queue", "extension-type",
          "cmw-extension-type", "keylog", "reattest", "framed", "resume", "psk", "dtls"]
ONE_SIDE = {"serve": {"name"}, "connect": {"max-handshakes", "per-source"}}


def listed() -> list:
    """The verbs of this build."""
    return re.findall(r"^  (\w+) ", run("-h").text, re.MULTILINE)


def options_of(verb: str) -> list:
    return re.findall(r"^  --?([a-z-]+)", run(verb, "-h").text, re.MULTILINE)


class UsageTest(SystemTest):
    def test_help_is_on_stdout_and_done(self):
        for words in (["-h"], ["--help"]):
            outcome = self.assert_done(run(*words))
            self.assertIn("usage: atls VERB", outcome.text)
            self.assertEqual(outcome.err, "")
        self.assertGreaterEqual(set(listed()), {"demo", "keygen", "serve", "connect", "attest",
                                                "appraise", "corim", "version"})

    def test_streams_that_were_closed_are_no_sockets(self):
        """Else what is meant for standard error would go to whoever has the number next."""
        words = [sys.executable, "-c", """
import os, sys
for number in range(3):
    os.close(number)
os.execv(sys.argv[1], sys.argv[1:])""", program(), "serve", "127.0.0.1:0", "--identity", self.keygen("closed").folder]
        process = subprocess.Popen(words)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        folder = f"/proc/{process.pid}/fd"

        def listens():
            if process.poll() is not None:
                raise AssertionError(f"it ended with {process.returncode}")
            return any(os.readlink(os.path.join(folder, name)).startswith("socket:") for name in os.listdir(folder))
        wait_until(listens, "a socket")
        self.assertEqual({os.readlink(os.path.join(folder, str(number))) for number in range(3)}, {"/dev/null"})

    def test_no_verb_is_a_mistake(self):
        outcome = run()
        self.assertEqual((outcome.status, outcome.out), (EXIT_OURS, b""))
        self.assertIn("usage: atls VERB", outcome.err)

    def test_every_verb_has_help(self):
        for verb in listed():
            for word in ("-h", "--help"):
                with self.subTest(verb=verb, word=word):
                    outcome = self.assert_done(run(verb, word))
                    self.assertTrue(outcome.text.startswith(f"usage: atls {verb}"), outcome.text)
                    self.assertEqual(outcome.err, "")
                    self.assertIn("--json", outcome.text)
                    self.assertLessEqual(max(map(len, outcome.text.splitlines())), 100)

    def test_a_verb_of_the_contract_is_there_or_not_built(self):
        for verb in VERBS:
            with self.subTest(verb):
                if verb in listed():
                    continue
                outcome = run(verb)
                self.assertEqual((outcome.status, outcome.out), (EXIT_OURS, b""))
                self.assertIn("not built in this version", outcome.err)
                self.assertNotIn(f"  {verb} ", run("-h").text)

    def test_an_option_of_the_contract_is_there_or_not_built(self):
        for verb in ("serve", "connect"):
            here = options_of(verb)
            for option in SHARED:
                with self.subTest(verb=verb, option=option):
                    if option in here:
                        continue
                    outcome = run(verb, "127.0.0.1:0", "--json", f"--{option}", "x")
                    code = "CONFIG" if option in ONE_SIDE[verb] else "NOT_BUILT"
                    self.assert_fails(outcome, EXIT_OURS, code)
                    if code == "NOT_BUILT":
                        self.assertIn("not built in this version", outcome.err)

    def test_timings_and_what_goes_with_them(self):
        identity = self.keygen("timings")
        for words, found in ((["--timing", "later"], "later"), (["--timing", "post", "--attest", "none"], "nobody who attests"),
                             (["--timing", "certificate"], "nothing required"), (["--exporter-label", "Attestation"], "no --timing"),
                             (["--cmw-extension-type", "0xffa8"], "no --timing"),
                             (["--timing", "post", "--cmw-extension-type", "0xff60"], "65376"),
                             (["--timing", "both", "--cmw-extension-type", "65536"], "65536"),
                             (["--timing", "both", "--exporter-label", "attestation"], "attestation")):
            with self.subTest(words):
                outcome = run("serve", "127.0.0.1:0", "--json", *identity.own(), *words)
                self.assert_fails(outcome, EXIT_OURS, "CONFIG")
                self.assertIn(found, outcome.error["sentence"])

    def test_values_that_come_later_are_not_built(self):
        identity = self.keygen("later")
        for words in (["--carriage", "x509"], ["--require", "cca"],
                      ["--require", "nvidia"], ["--require", "psa+tpm2"]):
            with self.subTest(words):
                if "--require" not in words:
                    words = words + ["--require", "psa"]
                outcome = run("serve", "127.0.0.1:0", "--json", *identity.own(), *words,
                              "--endorsements", identity.endorsement)
                self.assert_fails(outcome, EXIT_OURS, "NOT_BUILT")
        for words in (["keygen", "--rot", "tpm2-quote", "-o", self.path("tpm2-quote")],
                      ["serve", "127.0.0.1:0", *identity.own(), "--attest", "cca"],
                      ["appraise", identity.path("cert.pem"), "--nonce", "none", "--format", "nvidia"]):
            with self.subTest(words):
                self.assert_fails(run(*words, "--json"), EXIT_OURS, "NOT_BUILT")

    def test_unknown_words_are_refused_by_name(self):
        for word in ("nonsense", "-j", "Serve"):
            outcome = run(word)
            self.assertEqual((outcome.status, outcome.out), (EXIT_OURS, b""))
            self.assertIn(word, outcome.err)
            for words in ([word, "--json"], [word, "x", "--json", "y"], ["--json", word]):
                outcome = run(*words)
                self.assert_fails(outcome, EXIT_OURS, "CONFIG")
                self.assertEqual((outcome.error["claim"], outcome.error["found"]), ("verb", words[0]))
        self.assert_fails(run("bench", "--json"), EXIT_OURS, "NOT_BUILT")
        for verb in listed():
            with self.subTest(verb):
                outcome = run(verb, "--json", "--no-such-option")
                self.assert_fails(outcome, EXIT_OURS, "CONFIG")
                self.assertIn("--no-such-option", outcome.err)
                outcome = run(verb, "-x")
                self.assert_fails(outcome, EXIT_OURS)
                self.assertIn("-x", outcome.err)

    def test_options_without_their_value_or_with_one_too_many(self):
        for words in (["serve", "x", "--cert"], ["serve", "x", "--once=yes"],
                      ["serve", "x", "--cert", "a", "--cert", "b"], ["keygen", "--rot"],
                      ["keygen", "-o"], ["connect", "x", "--name", "a", "--name=b"],
                      ["version", "operand"], ["demo", "operand"], ["serve"], ["serve", "a", "b"],
                      ["connect"], ["connect", "a", "b"], ["keygen"], ["attest"], ["appraise"],
                      ["corim"], ["corim", "nonsense"], ["corim", "create"]):
            with self.subTest(words):
                self.assert_fails(run(*words), EXIT_OURS)
                self.assert_fails(run(*words, "--json"), EXIT_OURS)

    def test_numbers_and_times_are_whole_and_in_range(self):
        identity = self.keygen("numbers")
        bad = {"--handshake-timeout": ["0s", "10", "10h", "-1s", "1.5s", "", "601s", "s", " 1s"],
               "--max-handshakes": ["0", "-1", "x", "100001", "1 ", ""],
               "--per-source": ["5", "0/s", "5/m", "/s", "-1/s", ""],
               "--attester-queue": ["0", "65537", "x"],
               "--extension-type": ["65536", "-1", "x", "51", "0x2b"]}
        for option, values in bad.items():
            for value in values:
                with self.subTest(option=option, value=value):
                    outcome = run("serve", "127.0.0.1:0", "--json", *identity.own(), option, value)
                    self.assert_fails(outcome, EXIT_OURS, "CONFIG")

    def test_combinations_that_would_check_nothing_are_refused(self):
        identity = self.keygen("combined")
        required = identity.required()
        for words in (["--no-pkix"], ["--no-pkix", "--require", "none"],
                      ["--endorsements", identity.endorsement], ["--simulated"],
                      ["--policy", "/dev/null"],
                      ["--no-pkix", "--ca", identity.path("cert.pem"), *required],
                      ["--no-pkix", "--name", "x", *required],
                      ["--require", "", "--endorsements", identity.endorsement],
                      ["--require", "psa,nonsense", "--endorsements", identity.endorsement],
                      ["--cert", identity.path("cert.pem")], ["--key", identity.path("key.pem")],
                      ["--attest", "sim-psa"],
                      ["--attest", "tpm2", *identity.own()],
                      ["--endorsements", "/nonexistent", "--require", "psa"],
                      ["--endorsements", self.folder, "--require", "psa"],
                      ["--endorsements", identity.path("cert.pem"), "--require", "psa"]):
            with self.subTest(words):
                outcome = run("connect", "127.0.0.1:1", "--json", *words)
                self.assert_fails(outcome, EXIT_OURS)

    def test_a_server_needs_a_certificate_and_a_key_that_fits(self):
        one, other = self.keygen("one"), self.keygen("another")
        for words in ([], ["--cert", one.path("cert.pem")],
                      ["--cert", one.path("cert.pem"), "--key", other.path("key.pem")],
                      ["--cert", one.path("key.pem"), "--key", one.path("key.pem")],
                      ["--cert", "/nonexistent", "--key", one.path("key.pem")],
                      ["--identity", "/nonexistent"], ["--identity", self.folder],
                      [*one.own(), "--echo", "--exec", "cat"],
                      [*one.own(), "--exec", "cat", "--forward", "127.0.0.1:1"]):
            with self.subTest(words):
                self.assert_fails(run("serve", "127.0.0.1:0", "--json", *words), EXIT_OURS)

    def test_addresses_are_looked_at_before_anything_starts(self):
        identity = self.keygen("addressed")
        for address in ("", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536",
                        "256.0.0.1:1", "[::1", "[::1]", "192.0.2.1:1"):
            with self.subTest(address):
                self.assert_fails(run("serve", address, "--json", *identity.own()), EXIT_OURS)
        for address in ("", "localhost", "localhost:", ":1", "localhost:x", "localhost:65536"):
            with self.subTest(address):
                outcome = run("connect", address, "--json")
                self.assertIn(outcome.status, (EXIT_OURS, 3), str(outcome))
                self.assertEqual(len(outcome.sentences()), 1, str(outcome))

    def test_a_port_out_of_range_and_a_place_to_forward_to_are_said_at_once(self):
        identity = self.keygen("ports")
        for words in (["serve", "127.0.0.1:65536", *identity.own()], ["connect", "localhost:70000"],
                      ["serve", "127.0.0.1:0", *identity.own(), "--forward", "localhost:65536"]):
            with self.subTest(words):
                error = self.assert_fails(run(*words, "--json"), EXIT_OURS, "CONFIG").error
                self.assertEqual(error["expected"], "0 to 65535")
                self.assertTrue(error["found"].startswith("port "), error)
        self.assert_fails(run("serve", "127.0.0.1:0", "--json", *identity.own(), "--forward", "x"),
                          EXIT_OURS, "CONFIG")

    def test_the_folder_of_an_identity_is_no_folder_of_endorsements(self):
        identity = self.keygen("folder")
        outcome = run("connect", "127.0.0.1:1", "--json", "--require", "psa", "--simulated",
                      "--no-pkix", "--endorsements", identity.folder)
        error = self.assert_fails(outcome, EXIT_OURS, "ENDORSEMENT").error
        self.assertIn("an identity that keygen made", error["found"])
        self.assertIn("endorsement.corim", error["expected"])

    def test_version_says_what_is_built_in(self):
        outcome = self.assert_done(run("version", "--json"))
        result = outcome.objects[0]["result"]
        self.assertIn("sim-psa", result["attesters"])
        self.assertEqual(set(result["formats"]) & {"psa", "tpm2"}, {"psa", "tpm2"})
        plain = self.assert_done(run("version"))
        self.assertIn(result["version"], plain.text)
        self.assertIn(result["wire"], plain.text)
        self.assertIn("OpenSSL 3", plain.text)
        for name, what in (("features", result["features"]), ("attesters", result["attesters"]), ("formats", result["formats"])):
            self.assertIn("\n%s: %s\n" % (name, " ".join(what)), plain.text)

    def test_version_names_a_part_exactly_where_it_is_there(self):
        """What the parts of the build add to the command line, or load: what version says must agree with it."""
        features = run("version", "--json").objects[0]["result"]["features"]
        attesters = run("version", "--json").objects[0]["result"]["attesters"]
        libraries = subprocess.run(["ldd", program()], capture_output=True, text=True, check=True).stdout
        there = {"handshake": True, "post": "exporter-label" in options_of("connect"),
                 "psk": "psk" in options_of("connect"), "resumption": "resume" in options_of("connect"), "background-check": True, "passport": True, "openssl": "libssl" in libraries,
                 "tpm2": "tpm2" in attesters, "sim": "sim-psa" in attesters, "net": "verifier" in options_of("connect"),
                 "verifier": "verifier" in listed(), "store-sqlite": "sqlite" in libraries, "store-postgres": "libpq" in libraries}
        self.assertEqual(len(features), len(set(features)))
        self.assertEqual(set(features), {name for name, is_there in there.items() if is_there})

    def test_two_dashes_end_the_options(self):
        outcome = run("appraise", "--nonce", "none", "--json", "--", "--no-such-file")
        self.assert_fails(outcome, EXIT_OURS, "FILE")

    def test_output_that_cannot_be_written_is_our_own_fault(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([program(), "version", "--json"], stdout=full, check=False)
        self.assertEqual(done.returncode, EXIT_OURS)


class ConfigTest(SystemTest):
    """--config FILE: the options under their own names, strictly."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.identity = cls.keygen("configured")

    def started_with(self, config, *words):
        """A server that reads CONFIG: its "listening" event."""
        path = self.write("config.json", config if isinstance(config, str) else json.dumps(config))
        return self.server("--config", path, *words).listening["result"]

    def assert_refused(self, config, code="CONFIG"):
        path = self.write("bad.json", config if isinstance(config, str) else json.dumps(config))
        outcome = run("serve", "127.0.0.1:0", "--json", "--config", path)
        self.assert_fails(outcome, EXIT_OURS, code)
        return outcome.error

    def test_options_come_from_the_file(self):
        full = {"identity": self.identity.folder, "require": "psa", "simulated": True,
                "endorsements": [self.identity.endorsement], "handshake-timeout": "5s",
                "max-handshakes": "7"}
        result = self.started_with(full)
        self.assertEqual((result["requires"], result["attests"]), ("psa", "sim-psa"))
        one = self.started_with(dict(full, endorsements=self.identity.endorsement))
        self.assertEqual(one["requires"], "psa")

    def test_the_command_line_comes_first(self):
        result = self.started_with({"identity": self.identity.folder, "attest": "sim-psa"},
                                   "--attest", "none")
        self.assertIsNone(result["attests"])

    def test_a_flag_that_is_false_is_not_set(self):
        result = self.started_with({"identity": self.identity.folder, "once": False})
        self.assertIsNotNone(result)

    def test_what_is_wrong_in_the_file_is_named(self):
        own = {"identity": self.identity.folder}
        for wrong in (dict(own, nonsense=1), dict(own, require=1), dict(own, once="yes"),
                      dict(own, endorsements=[1]), dict(own, config="other.json"),
                      dict(own, identity=None), [own], "[]", "{", "", '{"once":true,"once":false}',
                      json.dumps(own) + "x", dict(own, days="3"), {"Identity": "x"}):
            with self.subTest(wrong):
                self.assertEqual(self.assert_refused(wrong)["step"], "configuration file")
        self.assert_refused(dict(own, **{"ra-tls": "cmw"}), "NOT_BUILT")

    def test_a_file_that_is_not_there_is_named(self):
        outcome = run("serve", "127.0.0.1:0", "--json", "--config", "/nonexistent.json")
        self.assert_fails(outcome, EXIT_OURS, "FILE")
        self.assertIn("/nonexistent.json", outcome.err)

    def test_a_trust_store_that_is_not_there_is_said_to_be_so(self):
        outcome = run("connect", "127.0.0.1:1", "--json", "--ca", "/nonexistent.pem")
        self.assert_fails(outcome, EXIT_OURS, "FILE")
        self.assertEqual(outcome.error["found"], "No such file or directory")


if __name__ == "__main__":
    main()
