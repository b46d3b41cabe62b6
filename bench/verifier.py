#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bench/verifier.py ATLS SIGNATURES [ROUNDS [APPRAISALS [CONNECTIONS]]]: what `atls verifier` costs beside the signatures.

SIGNATURES is bench_signatures: an ES256 verification and an ES256 signature, in a round before and after each
measurement. Four processes are the clients; each has its share of the connections, reuses them, and has a request on
each of them all the time. Their Evidence is made before the clock runs. The cost
of an appraisal is the CPU time of all processes of the service for a session (newSession) and its Evidence; that of
PostgreSQL, which is elsewhere as a rule, is given by itself. Speed is no test: this program only prints.
"""

import base64
import json
import os
import selectors
import socket
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "tests", "system"))

import atlslib
from atlslib import SystemTest, run
from nodeslib import PsaMachine
from postgreslib import Databases, Postgres
from verifierlib import CMW, NEW, SESSION, Verifier

TICKS = os.sysconf("SC_CLK_TCK")
OPEN_SESSIONS = 10000
PROCESSES = 4


def children(pid: int) -> list:
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        found = [int(word) for word in file.read().split()]
    return [pid, *(below for child in found for below in children(child))]


def cpu_us(pid: int) -> float:
    """Of a process and all below it, also of those that have ended."""
    total = 0
    for each in children(pid):
        try:
            with open(f"/proc/{each}/stat", encoding="ascii") as file:
                fields = file.read().rpartition(")")[2].split()
        except OSError:
            continue
        total += sum(map(int, fields[11:15]))
    return total * 1e6 / TICKS


def memory_kib(pid: int) -> int:
    """Proportional set size of a process and all below it."""
    total = 0
    for each in children(pid):
        with open(f"/proc/{each}/smaps_rollup", encoding="ascii") as file:
            total += sum(int(line.split()[1]) for line in file if line.startswith("Pss:"))
    return total


class Connection:
    """HTTP/1.1 as far as it is needed, for the client must not be what is measured."""

    def __init__(self, port: int):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.rest, self.asked, self.began = b"", None, 0.0

    def send(self, target: str, body: bytes = b"") -> None:
        head = f"POST {target} HTTP/1.1\r\nHost: v\r\nAccept: {SESSION}\r\nContent-Type: {CMW}\r\nContent-Length: {len(body)}\r\n\r\n"
        self.socket.sendall(head.encode() + body)

    def answer(self):
        """(status, head, body) once it is whole, None before; after a select."""
        data = self.socket.recv(65536)
        if not data:
            raise AssertionError("the service has closed a connection")
        self.rest += data
        head, end, body = self.rest.partition(b"\r\n\r\n")
        if not end:
            return None
        need = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n", 1)[0])
        if len(body) < need:
            return None
        self.rest = body[need:]
        return int(head[9:12]), head, body[:need]


def drive(connections: list, work: list) -> list:
    """(item, microseconds, answer) for each (item, target, body): on every connection one is under way."""
    waiting, done = iter(work), []
    with selectors.DefaultSelector() as selector:
        def next_on(connection):
            connection.asked = next(waiting, None)
            if connection.asked is not None:
                connection.began = time.monotonic()
                connection.send(*connection.asked[1:])
        for connection in connections:
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            next_on(connection)
        while len(done) < len(work):
            for key, _ in selector.select():
                connection = key.data
                answer = connection.answer()
                if answer is not None:
                    done.append((connection.asked[0], (time.monotonic() - connection.began) * 1e6, answer))
                    next_on(connection)
    return done


def open_sessions(connections: list, nonces: list) -> list:
    """(nonce, path) of each."""
    opened = []
    for nonce, _, (status, head, _) in drive(connections, [(nonce, f"{NEW}?nonce={nonce}") for nonce in nonces]):
        if status != 201:
            raise AssertionError(f"newSession: {status}")
        place = head.partition(b"Location: ")[2].split(b"\r\n", 1)[0].decode()
        opened.append((nonce, "/challenge-response/v1/" + place))
    return opened


def submit(connections: list, work: list) -> list:
    """The latency of each (path, Evidence) in microseconds."""
    times = []
    for _, taken, (status, _, body) in drive(connections, [(None, *item) for item in work]):
        times.append(taken)
        if status != 200 or b'"complete"' not in body:
            raise AssertionError(f"session: {status} {body[:500]}")
    return times


def in_processes(port: int, num: int, shares: list, what) -> tuple:
    """WHAT(connections, share) in a process each, NUM connections together, begun together; gives seconds and all that they gave."""
    held, start = os.pipe()
    pids, pipes = [], []
    for share in shares:
        source, sink = os.pipe()
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                os.close(start)
                connections = [Connection(port) for _ in range(max(1, num // len(shares)))]
                os.read(held, 1)  # its end is the start
                found = what(connections, share)
                with os.fdopen(sink, "w", encoding="ascii") as out:
                    json.dump(found, out)
                status = 0
            finally:
                os._exit(status)
        os.close(sink)
        pids.append(pid)
        pipes.append(source)
    began = time.monotonic()
    os.close(start)
    os.close(held)
    texts = []
    for source in pipes:
        with os.fdopen(source, encoding="ascii") as file:
            texts.append(file.read())
    seconds = time.monotonic() - began
    if any([os.waitpid(pid, 0)[1] != 0 for pid in pids]):
        sys.exit("bench: a client failed, so there is nothing to measure")
    return seconds, [item for text in texts for item in json.loads(text)]


def split(items: list) -> list:
    return [items[i::PROCESSES] for i in range(PROCESSES)]


def bare_us(signatures: str) -> float:
    return float(subprocess.run([signatures], check=True, capture_output=True, text=True).stdout)


class Bench(SystemTest):
    """For the folder and keygen."""

    def measure(self, kind: str, postgres, arguments) -> None:
        signatures, rounds, count, connections = arguments
        identity = self.keygen("machine-" + kind)
        outcome = run("attest", *identity.own(), "--nonce", os.urandom(64).hex(), "-o", self.path("sample"))
        if outcome.status != 0:
            raise AssertionError(str(outcome))
        with open(self.path("sample"), "rb") as file:
            machine = PsaMachine(identity, file.read())
        verifier = Verifier(self.folder, name=kind)
        try:
            asker = verifier.client()
            with open(identity.endorsement, "rb") as file:
                if asker.submit(file.read()).json["status"] != "success":
                    raise AssertionError("provisioning")
            self.round(verifier, postgres, machine, 400, connections)  # warm up: connections, plans, caches
            found = []
            for _ in range(rounds):
                bare = bare_us(signatures)
                one = self.round(verifier, postgres, machine, count, connections)
                one["bare"] = (bare + bare_us(signatures)) / 2
                found.append(one)
            self.report(kind, found)
            self.memory(kind, verifier)
            asker.close()
        finally:
            verifier.stop()

    @staticmethod
    def round(verifier: Verifier, postgres: Postgres, machine: PsaMachine, count: int, connections: int) -> dict:
        """Microseconds of CPU a session: to open it, to appraise, of PostgreSQL; and the latencies."""
        def used() -> tuple:
            return cpu_us(verifier.process.pid), cpu_us(postgres.process.pid)
        nonces = [os.urandom(64) for _ in range(count)]
        texts = {base64.urlsafe_b64encode(nonce).decode(): nonce for nonce in nonces}
        began = used()
        open_s, opened = in_processes(verifier.port, connections, split(list(texts)), open_sessions)
        between = used()
        work = [(path, machine.evidence(texts[nonce])) for nonce, path in opened]
        idle = used()  # housekeeping went on meanwhile
        submit_s, times = in_processes(verifier.port, connections, split(work), submit)
        ended = used()
        return {"open": (between[0] - began[0]) / count, "submit": (ended[0] - idle[0]) / count,
                "postgres": (between[1] - began[1] + ended[1] - idle[1]) / count,
                "rate": count / (open_s + submit_s), "times": times}

    @staticmethod
    def report(kind: str, found: list) -> None:
        def spread(values) -> str:
            values = sorted(values)
            return f"{statistics.median(values):.3f} [{values[0]:.3f}..{values[-1]:.3f}]"

        def median(name: str) -> float:
            return statistics.median(one[name] for one in found)
        times = sorted(value for one in found for value in one["times"])
        whole = median("open") + median("submit")
        print(f"{kind}: ratio {spread(one['bare'] / (one['open'] + one['submit']) for one in found)}, without newSession "
              f"{spread(one['bare'] / one['submit'] for one in found)}")
        print(f"    CPU: two signatures {median('bare'):.0f} us, newSession {median('open'):.0f} us, Evidence {median('submit'):.0f} us, "
              f"{1e6 / whole:.0f} appraisals/s a core; PostgreSQL itself {median('postgres'):.0f} us")
        print(f"    {median('rate'):.0f} appraisals/s in all; Evidence p50 {times[len(times) // 2] / 1000:.1f} ms, "
              f"p99 {times[len(times) * 99 // 100] / 1000:.1f} ms", flush=True)

    def memory(self, kind: str, verifier: Verifier) -> None:
        connections = [Connection(verifier.port) for _ in range(64)]
        before = memory_kib(verifier.process.pid)
        if any(answer[0] != 201 for _, _, answer in drive(connections, [(None, NEW + "?nonceSize=64")] * OPEN_SESSIONS)):
            raise AssertionError("newSession")
        after = memory_kib(verifier.process.pid)
        print(f"    memory {before / 1024:.1f} MiB, with {OPEN_SESSIONS} more open sessions {after / 1024:.1f} MiB", flush=True)


def main() -> None:
    if len(sys.argv) < 3:
        sys.exit(f"usage: {sys.argv[0]} ATLS SIGNATURES [ROUNDS [APPRAISALS [CONNECTIONS]]]")
    atlslib._program.append(os.path.abspath(sys.argv[1]))
    numbers = [int(word) for word in sys.argv[3:]] + [5, 4000, 64][len(sys.argv) - 3:]
    Bench.setUpClass()
    postgres = Postgres("max_connections=100")
    try:
        print(f"{numbers[0]} rounds of {numbers[1]} appraisals over {numbers[2]} connections, load of the machine before: "
              f"{os.getloadavg()[0]:.2f}", flush=True)
        bench = Bench("measure")
        bench.measure("SQLite", postgres, (sys.argv[2], *numbers))
        Verifier.store = staticmethod(Databases(postgres))
        bench.measure("PostgreSQL", postgres, (sys.argv[2], *numbers))
    finally:
        postgres.remove()
        Bench.doClassCleanups()


if __name__ == "__main__":
    main()
