#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""atls demo: exit 0 when every step ended as announced, 1 with a sentence when one did not."""

import json
import os
import shutil
import subprocess

import verifierlib
from atlslib import EXIT_DONE, EXIT_OURS, SystemTest, main, need, program, run

REFUSALS = 3


def still_in(folder: str) -> list:
    """Processes whose working folder it is."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.readlink(f"/proc/{pid}/cwd") == os.path.realpath(folder):
                found.append(pid)
        except OSError:
            pass  # ended meanwhile, or of somebody else
    return found


class DemoTest(SystemTest):
    def demo(self, *words, **more):
        # Its own TMPDIR shows what is left behind; the path of a socket may not be long.
        return run("demo", *words, timeout=120, **more)

    def assert_all_went_well(self, outcome):
        self.assert_done(outcome)
        *steps, summary = outcome.objects
        self.assertEqual([line["event"] for line in steps], ["step"] * len(steps))
        self.assertEqual(summary["event"], "summary")
        self.assertEqual(summary["result"]["steps"], len(steps))
        self.assertEqual((summary["result"]["failed"], summary["result"]["ok"]), (0, True))
        self.assertTrue(all(line["result"]["ok"] for line in steps), outcome.text)
        outcomes = [line["result"]["outcome"] for line in steps]
        self.assertEqual(outcomes.count("refused"), REFUSALS)
        self.assertGreaterEqual(outcomes.count("accepted"), 5)
        for line in steps:
            if line["result"]["outcome"] == "refused":
                self.assertIn("found", line["result"]["sentence"])

    def test_a_simulated_root_goes_through_all_steps(self):
        self.assert_all_went_well(self.demo("--rot", "sim-psa", "--json"))

    def test_software_tpms_go_through_all_steps(self):
        need("swtpm")
        self.assert_all_went_well(self.demo("--json"))

    def with_verifier(self, *words) -> list:
        """The steps, of which every one ended as announced."""
        outcome = self.assert_done(self.demo("--verifier", "--json", *words))
        *steps, summary = outcome.objects
        self.assertEqual((summary["result"]["failed"], summary["result"]["ok"]), (0, True))
        self.assertEqual(summary["result"]["steps"], len(steps))
        for line in steps:
            self.assertTrue(line["result"]["ok"], outcome.text)
            self.assertIsInstance(line["result"]["ms"], int)
        return [(line["result"]["outcome"], line["result"]["expected"]) for line in steps]

    def test_a_verifier_appraises_and_gives_passports(self):
        need("swtpm")
        verifierlib.need_built()
        steps = self.with_verifier()
        self.assertEqual([expected for outcome, expected in steps if outcome == "refused"],
                         ["KEY_BINDING", "FRESHNESS", "STATUS", "VERIFIER_UNREACHABLE"])
        self.assertEqual(steps.count(("accepted", "OK")), 5)

    def test_evidence_that_names_no_key_goes_in_a_bundle(self):
        verifierlib.need_built()
        steps = self.with_verifier("--rot", "sim-psa")
        self.assertEqual([expected for outcome, expected in steps if outcome == "refused"],
                         ["KEY_BINDING", "FRESHNESS", "STATUS", "VERIFIER_UNREACHABLE"])
        self.assertEqual(steps.count(("accepted", "OK")), 5)

    def test_a_platform_under_its_makers_root_goes_through_all_steps_there_too(self):
        verifierlib.need_built()
        steps = self.with_verifier("--rot", "sim-snp")
        self.assertEqual(steps.count(("accepted", "OK")), 5)

    def test_a_demo_that_fails_leaves_no_verifier_behind(self):
        verifierlib.need_built()
        for sabotage in ("stolen.cmw", "verifier/store.db"):
            with self.subTest(sabotage):
                folder = self.path("sabotage-" + os.path.basename(sabotage))
                os.makedirs(os.path.join(folder, sabotage))
                if "/" in sabotage:
                    shutil.rmtree(os.path.join(folder, "verifier"))
                    with open(os.path.join(folder, "verifier"), "wb"):
                        pass
                outcome = self.demo("--verifier", "--rot", "sim-psa", "--json", "--keep", folder)
                self.assertEqual(outcome.status, EXIT_OURS, str(outcome))
                self.assertEqual(outcome.objects[-1]["result"]["failed"], 1)
                self.assertEqual(still_in(folder), [])

    def test_people_see_every_step(self):
        outcome = self.assert_done(self.demo("--rot", "sim-psa"))
        lines = outcome.text.splitlines()
        self.assertIn("all 11 steps ended as announced", lines[-1])
        self.assertEqual(sum("refused:" in line for line in lines), REFUSALS)
        self.assertNotIn("PRIVATE KEY", outcome.text + outcome.err)

    def test_nothing_is_left_behind_unless_asked_for(self):
        temporary = self.path("tmp")
        os.mkdir(temporary)
        self.assert_done(self.demo("--rot", "sim-psa", env={"TMPDIR": temporary}))
        self.assertEqual(os.listdir(temporary), [])
        kept = self.path("kept")
        self.assert_done(self.demo("--rot", "sim-psa", "--keep", kept))
        self.assertGreaterEqual(set(os.listdir(kept)), {"server", "client", "ca.pem",
                                                        "server.log", "client.log"})
        self.assertEqual(os.stat(kept).st_mode & 0o777, 0o700)
        for name in ("server", "client"):
            for secret in ("key.pem", "attester.json"):
                mode = os.stat(os.path.join(kept, name, secret)).st_mode & 0o777
                self.assertEqual(mode, 0o600)

    def test_without_swtpm_it_says_what_is_missing(self):
        empty = self.path("empty")
        os.mkdir(empty)
        outcome = self.demo("--json", env={"PATH": empty})
        self.assert_fails(outcome, EXIT_OURS, "TPM")
        self.assertIn("swtpm", outcome.err)
        self.assert_done(self.demo("--rot", "sim-psa", "--json", env={"PATH": empty}))

    def test_a_tpm_that_is_not_there_is_said(self):
        outcome = self.demo("--json", "--tcti", "swtpm:path=/nonexistent")
        self.assertEqual(outcome.status, EXIT_OURS, str(outcome))
        failed = [line for line in outcome.objects
                  if line.get("event") == "step" and not line["result"]["ok"]]
        self.assertEqual(len(failed), 1, str(outcome))
        self.assertIn("TPM", failed[0]["result"]["outcome"])

    def test_a_step_that_ends_otherwise_fails_the_demo(self):
        """A folder that stands where the stolen Evidence is to go: the attack cannot be shown."""
        folder = self.path("sabotaged")
        os.makedirs(os.path.join(folder, "stolen.cmw"))
        outcome = self.demo("--rot", "sim-psa", "--json", "--keep", folder)
        self.assertEqual(outcome.status, EXIT_OURS, str(outcome))
        summary = outcome.objects[-1]
        self.assertEqual((summary["exit"], summary["ok"]), (EXIT_OURS, False))
        self.assertEqual(summary["result"]["failed"], 1)
        wrong = [line["result"]["name"] for line in outcome.objects[:-1]
                 if not line["result"]["ok"]]
        self.assertEqual(len(wrong), 1)
        self.assertIn("replayed", wrong[0])
        text = self.demo("--rot", "sim-psa", "--keep", self.again(folder)).text
        self.assertIn("WRONG", text)
        self.assertIn("did not end as announced", text)

    def again(self, folder: str) -> str:
        shutil.rmtree(folder)
        os.makedirs(os.path.join(folder, "stolen.cmw"))
        return folder

    def test_a_folder_that_cannot_be_used_is_said(self):
        for words in (["--keep", "/nonexistent/deep"], ["--rot", "nonsense"], ["--rot", "snp"],
                      ["--keep", self.write("file", b"")]):
            with self.subTest(words):
                outcome = self.demo("--json", *words)
                self.assert_fails(outcome, EXIT_OURS)

    def test_a_second_demo_in_the_same_folder_replaces_nothing(self):
        kept = self.path("twice")
        self.assert_done(self.demo("--rot", "sim-psa", "--keep", kept))
        with open(os.path.join(kept, "server", "key.pem"), "rb") as file:
            before = file.read()
        outcome = self.demo("--rot", "sim-psa", "--keep", kept, "--json")
        self.assertEqual(outcome.status, EXIT_OURS, str(outcome))
        with open(os.path.join(kept, "server", "key.pem"), "rb") as file:
            self.assertEqual(file.read(), before)

    def test_it_runs_from_anywhere(self):
        """A copy under another name, from another folder: it starts itself, not what is in PATH."""
        copy = os.path.join(self.folder_of_programs(), "renamed")
        shutil.copy(program(), copy)
        done = subprocess.run([copy, "demo", "--rot", "sim-psa", "--json"], cwd="/", check=False,
                              stdout=subprocess.PIPE, timeout=120)
        self.assertEqual(done.returncode, EXIT_DONE)
        self.assertTrue(json.loads(done.stdout.splitlines()[-1])["ok"])


if __name__ == "__main__":
    main()
