#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Commands of pages, pasted as they are into a fresh shell in an empty folder; only the ports are others: the README's five, and
those of the simulation that needs collateral."""

import os
import re

import atlslib
import verifierlib
from atlslib import EXIT_OURS, ROOT, SystemTest, free_port, main, need, run
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
        if not os.path.exists(self.path("bin")):
            os.makedirs(self.path("bin"))
            os.symlink(atlslib.program(), self.path("bin/atls"))

    def shell(self, folder: str) -> Machine:
        os.makedirs(self.path(folder))
        shell = Machine(self.path(folder), [], dict(os.environ, PATH=self.path("bin") + ":" + os.environ["PATH"]))
        self.addCleanup(shell.stop)
        return shell

    def test_five_commands_provision_a_verifier_and_ask_it(self):
        commands, output = section()
        self.assertEqual(len(commands.splitlines()), 5)
        self.assertEqual(len(output), 2)
        ports = {port: str(free_port("127.0.0.1")) for port in ("4433", "8443")}
        self.assertEqual(set(re.findall("|".join(ports), commands)), set(ports))
        commands = re.sub("|".join(ports), lambda found: ports[found.group()], commands)
        said = (shell := self.shell("five")).run(commands)
        self.assertIn('"status":"success"', said)
        for line in output:
            shell.expect(line, 0)

    def test_a_simulated_machine_with_collateral(self):
        """Both formats, and the folder of an identity is refused with the names of what to give instead."""
        with open(os.path.join(ROOT, "docs", "simulation.md"), encoding="utf-8") as file:
            commands = re.search(r"^```sh\n(.*?)^```$", file.read().split("## sim-tdx, sim-sgx\n")[1], re.M | re.S).group(1)
        self.assertEqual((commands.count("4433"), commands.count("tdx")), (2, 2))
        for rot in ("tdx", "sgx"):
            said = self.shell(rot).run(commands.replace("4433", str(free_port("127.0.0.1"))).replace("tdx", rot))
            self.assertIn("give td/endorsement.corim and td/collateral.json to whoever verifies", said)
            self.assertIn(f"peer attested by {rot}: warning (simulated root of trust)", said)
            self.assertIn("\nhello", said)
            refused = run("connect", "127.0.0.1:1", "--no-pkix", "--require", rot, "--endorsements", self.path(rot, "td"), "--json")
            self.assert_fails(refused, EXIT_OURS, "ENDORSEMENT")
            self.assertIn("endorsement.corim and collateral.json in there", refused.error["expected"])


if __name__ == "__main__":
    main()
