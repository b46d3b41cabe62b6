#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""docs/tutorial.md, carried out: its blocks run in its order on two machines, and what it shows as output must come out.

A machine is a shell with a folder of its own in a network namespace of its own, joined by a pair of veth. Where
namespaces are not allowed, both are on this host, the server at 127.0.0.2. The names and ports of the text are
replaced by the addresses that there are; scp is played by a copy between the folders.
"""

import os
import re
import subprocess
import sys

import atlslib
from atlslib import ROOT, SystemTest, free_port, main, need
from pasted import Machine

PAGE = os.path.join(ROOT, "docs", "tutorial.md")
NOT_RUN = {"both", "a server with a TPM"}  # installing, and hardware
SCP = """#!/bin/sh
# scp A B, where one of them may be server.example:PATH
side() { case $1 in SERVER:*) echo "$SERVER_FOLDER/${1#SERVER:}" ;; *) echo "$1" ;; esac; }
exec cp "$(side "$1")" "$(side "$2")"
"""


def read(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()


def blocks() -> list:
    """(machine, text, lines of output that must come) of every block."""
    with open(PAGE, encoding="utf-8") as file:
        found = re.findall(r"^```(\S*)\n(.*?)^```$", file.read(), re.M | re.S)
    out = []
    for kind, text in found:
        if kind == "text":
            out[-1][2].extend(text.splitlines())
            continue
        where = re.match(r"# on (?:the )?(.*)\n", text)
        if kind != "sh" or where is None:
            raise AssertionError(f"a block of kind {kind!r} that does not say where it runs: {text}")
        if where.group(1) not in NOT_RUN:
            out.append((where.group(1), text, []))
    return out


class TutorialTest(SystemTest):
    def setUp(self):
        need("bash", "swtpm", "openssl", "tpm2_pcrextend", "ps")
        self.folder = os.path.join(type(self).folder, self._testMethodName)
        os.makedirs(os.path.join(self.folder, "bin"))
        os.symlink(atlslib.program(), self.at("bin", "atls"))

    def at(self, *names: str) -> str:
        return os.path.join(self.folder, *names)

    def machines(self, prefixes: dict, words: dict) -> dict:
        script = SCP.replace("SERVER:", words["server.example"] + ":")
        scp = os.path.join(self.folder_of_programs(), "scp")
        with open(scp, "w", encoding="utf-8") as file:
            file.write(script)
        os.chmod(scp, 0o755)
        path = ":".join((self.at("bin"), os.path.dirname(scp), os.environ["PATH"]))
        env = dict(os.environ, PATH=path, SERVER_FOLDER=self.at("server"))
        env.pop("TCTI", None)
        found = {}
        for name in ("server", "client"):
            os.makedirs(self.at(name))
            found[name] = Machine(self.at(name), prefixes[name](found), env)
            self.addCleanup(found[name].stop)
        return found

    def carry_out(self, machines: dict, words: dict) -> None:
        ran = 0
        for name, text, output in blocks():
            for word, instead in words.items():
                text = text.replace(word, instead)
                output = [line.replace(word, instead) for line in output]
            machine = machines[name]
            before = len(machine.lines.all())
            machine.run(text)
            if "swtpm socket" in text:
                atlslib.wait_until(lambda: os.path.exists(self.at("server", "tpm", "socket")), "the socket of swtpm")
            for line in output:
                machine.expect(line, before)
            ran += 1
        self.assertGreater(ran, 15)

    def test_the_tutorial_in_two_namespaces(self):
        need("unshare", "nsenter", "ip")
        user = [] if os.geteuid() == 0 else ["--map-root-user"]
        if subprocess.run(["unshare", *user, "--net", "true"], capture_output=True, check=False).returncode != 0:
            print("note: this host allows no network namespaces; the other test runs the same blocks", file=sys.stderr)
            return

        def beside(found):
            pid = found["server"].process.pid  # its shell begins in its namespaces, and not before
            atlslib.wait_until(lambda: read(f"/proc/{pid}/comm") == "bash\n", "the shell of the server")
            inner = ["nsenter", "--preserve-credentials", f"--user=/proc/{pid}/ns/user"] if user else []
            return [*inner, "unshare", "--net"]

        words = {"DNS:server.example": "IP:10.99.0.1", "server.example": "10.99.0.1"}
        machines = self.machines({"server": lambda _: ["unshare", *user, "--net"], "client": beside}, words)
        client = machines["client"].run("echo pid $$").split()[-1]
        machines["server"].run("ip link set lo up && ip link add veth0 type veth peer name veth1 && "
                               f"ip link set veth1 netns {client} && ip address add 10.99.0.1/24 dev veth0 && ip link set veth0 up")
        machines["client"].run("ip address add 10.99.0.2/24 dev veth1 && ip link set veth1 up")
        self.carry_out(machines, words)

    def test_the_tutorial_on_one_host(self):
        address = "127.0.0.2"
        words = {"server.example:4433": f"{address}:{free_port(address)}", "server.example:4434": f"{address}:{free_port(address)}"}
        words["0.0.0.0:4433"], words["0.0.0.0:4434"] = words["server.example:4433"], words["server.example:4434"]
        words["DNS:server.example"], words["server.example"] = f"IP:{address}", address
        self.carry_out(self.machines({"server": lambda _: [], "client": lambda _: []}, words), words)


if __name__ == "__main__":
    main()
