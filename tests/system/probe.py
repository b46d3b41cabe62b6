# SPDX-License-Identifier: Apache-2.0
"""Asks the codec probe, and counts what went wrong."""

import subprocess
import sys


class Probe:
    def __init__(self, program):
        self.program = program
        self.failures = 0
        self.checks = 0

    def ask(self, lines):
        """One answer, a list of words, for each line."""
        run = subprocess.run([self.program], input="\n".join(lines) + "\n", text=True,
                             capture_output=True, check=False)
        answers = run.stdout.splitlines()
        if run.returncode != 0 or len(answers) != len(lines):
            print(run.stderr, file=sys.stderr)
            sys.exit(f"{self.program}: exit {run.returncode}, {len(answers)} answers for "
                     f"{len(lines)} lines")
        return [answer.split(" ") for answer in answers]

    def check(self, holds, sentence):
        self.checks += 1
        if not holds:
            self.failures += 1
            if self.failures <= 20:
                print("FAILED:", sentence)

    def finish(self):
        print(f"{self.checks} checks, {self.failures} failed")
        sys.exit(1 if self.failures else 0)


def hex_or_none(octets):
    return octets.hex() if octets else "-"
