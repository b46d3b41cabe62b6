# SPDX-License-Identifier: Apache-2.0
"""Living connections: `atls serve --framed --reattest`, and bench_living, which has all of its clients."""

import json
import os
import resource
import subprocess
import tempfile

from atlslib import WAIT, Server, program, read_line, run

DRIVER = "bench_living"  # beside the program


class Failed(Exception):
    """Something was lost, or did not come about: the text says what."""


def driver() -> str:
    return os.path.join(os.path.dirname(program()), DRIVER)


def allow_descriptors(count: int) -> None:
    """Raises the limit of descriptors for what is started from now on."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count + 100
    if hard != resource.RLIM_INFINITY and wanted > hard:
        raise Failed(f"{wanted} descriptors are needed, {hard} allowed (ulimit -Hn)")
    if wanted > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def identity(folder: str, name: str) -> str:
    path = os.path.join(folder, name)
    outcome = run("keygen", "--rot", "sim-psa", "-o", path)
    if outcome.status != 0:
        raise Failed(str(outcome))
    return path


def count_rounds(server: Server) -> int:
    """Rounds that the server has accepted; every other event of a connection is a failure."""
    count = 0
    for line in server.out.all():
        event = read_line(line)
        if not event["ok"]:
            raise Failed(line)
        count += event["event"] == "round"
    return count


def live(folder: str, connections: int, seconds: int, period: str, *service: str) -> dict:
    """Lets CONNECTIONS live for SECONDS (0: until each has had two rounds), with a round in each PERIOD, and gives what
    bench_living says. Each octet is compared there; here, that the server has accepted what the clients have answered, and
    has lost nobody."""
    allow_descriptors(connections)
    folder = tempfile.mkdtemp(dir=folder)
    client = identity(folder, "client")
    server = Server(*service, "--identity", identity(folder, "server"), "--timing", "post", "--framed", "--reattest", period,
                    "--handshake-timeout", "60s", "--require", "psa", "--endorsements", os.path.join(client, "endorsement.corim"), "--simulated")
    try:
        ran = subprocess.run([driver(), "127.0.0.1", str(server.port), str(server.process.pid), client,
                              str(connections), str(seconds)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             timeout=seconds + 3 * WAIT, check=False)
        if ran.returncode != 0:
            raise Failed(ran.stderr.decode("utf-8", "replace") + "\n".join(server.err.all()[-3:]))
        found = json.loads(ran.stdout)
    finally:
        server.stop()
    if len(server.events("connection")) != connections:
        raise Failed(f"{len(server.events('connection'))} connections came")
    # the end of a connection can come upon the round before it, which the server then does not decide
    if count_rounds(server) < found["rounds"] - connections:
        raise Failed(f"the server has accepted {count_rounds(server)} rounds, its clients have answered {found['rounds']}")
    return found
