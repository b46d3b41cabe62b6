#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The README's five commands, pasted as they are into a fresh shell in an empty folder; only the ports are others."""

import os
import re

import atlslib
import verifierlib
from atlslib import ROOT, SystemTest, free_port, main, need
from pasted import Machine

HEADING = "## With a Verifier as a service, in five commands\n"


def section() -> tuple:
    """The commands, and the lines that must come of the last one."""
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as file:
        text = file.read().split(HEADING)[1].split("\n## ")[0]
    commands = re.search(r"^```sh\n(.*?)^```$", text, re.M | re.S).group(1)
    output = re.search(r"^```text\n(.*?)^```$", text, re.M | re.S).group(1)
    return commands, output.splitlines()


class ReadmeTest(SystemTest):
    def setUp(self):
        need("bash", "openssl", "curl", "ps")
        verifierlib.need_built()
        os.makedirs(self.path("bin"))
        os.symlink(atlslib.program(), self.path("bin/atls"))
        os.makedirs(self.path("empty"))

    def test_five_commands_provision_a_verifier_and_ask_it(self):
        commands, output = section()
        self.assertEqual(len(commands.splitlines()), 5)
        self.assertEqual(len(output), 2)
        for port in ("4433", "8443"):
            self.assertIn(port, commands)
            commands = commands.replace(port, str(free_port("127.0.0.1")))
        shell = Machine(self.path("empty"), [], dict(os.environ, PATH=self.path("bin") + ":" + os.environ["PATH"]))
        self.addCleanup(shell.stop)
        said = shell.run(commands)
        self.assertIn('"status":"success"', said)
        for line in output:
            shell.expect(line, 0)


if __name__ == "__main__":
    main()
