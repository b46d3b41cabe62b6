#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bench/verifier.py ATLS SIGNATURES [ROUNDS [APPRAISALS [CONNECTIONS]]]: what `atls verifier` costs beside the signatures.

SIGNATURES is bench_signatures: an ES256 verification and an ES256 signature. It runs before and after each round, once
on every core at the same time, for all cores are at work in a round too, and once alone. Four processes are the
clients; each has its share of the connections, reuses them, and has a request on each of them all the time. Their
Evidence is made before the clock runs. The cost of an appraisal is the CPU time, by the scheduler's clocks, of all
processes of the service for a session (newSession) and its Evidence; that of the clients is not in it, nor that of
PostgreSQL, which is elsewhere as a rule: both are given by themselves. Then the same again, but with requests that come
at half of that rate, whatever becomes of those before: their latency counts from when they were due. Speed is no test:
this program only prints.
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


def clock_us(pid: int) -> float:
    """The clock of clock_getcpuclockid(3): what the scheduler gave to all threads of a process, in nanoseconds."""
    return time.clock_gettime(~pid << 3 | 2) * 1e6


def cpu_us(pid: int) -> float:
    """Of a process and all below it, also of those that have ended, whose time has ticks for its unit."""
    total = 0.0
    for each in children(pid):
        try:
            with open(f"/proc/{each}/stat", encoding="ascii") as file:
                fields = file.read().rpartition(")")[2].split()
            total += clock_us(each) + sum(map(int, fields[13:15])) * 1e6 / TICKS
        except OSError:
            continue
    return total


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


def drive(connections: list, work: list, every_s: float = 0) -> list:
    """(item, microseconds, answer) for each (item, target, body): on every connection one is under way, or with
    `every_s` one is due each time that this has passed, and takes the next connection that is free."""
    asked, done, free, began = 0, [], list(connections), time.monotonic()
    with selectors.DefaultSelector() as selector:
        for connection in connections:
            selector.register(connection.socket, selectors.EVENT_READ, connection)
        while len(done) < len(work):
            while free and asked < len(work) and began + asked * every_s <= time.monotonic():
                connection = free.pop()
                connection.asked = work[asked]
                connection.began = began + asked * every_s if every_s else time.monotonic()
                connection.send(*connection.asked[1:])
                asked += 1
            wait = max(0.0, began + asked * every_s - time.monotonic()) if free and asked < len(work) else None
            for key, _ in selector.select(wait):
                connection = key.data
                answer = connection.answer()
                if answer is not None:
                    done.append((connection.asked[0], (time.monotonic() - connection.began) * 1e6, answer))
                    free.append(connection)
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


def submit(connections: list, work: list, every_s: float = 0) -> list:
    """The latency of each (path, Evidence) in microseconds."""
    times = []
    for _, taken, (status, _, body) in drive(connections, [(None, *item) for item in work], every_s):
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


def bare_us(signatures: str, at_once: int) -> float:
    running = [subprocess.Popen([signatures], stdout=subprocess.PIPE, text=True) for _ in range(at_once)]
    return statistics.mean(float(each.communicate()[0]) for each in running)


def bare(signatures: str) -> tuple:
    """Microseconds of the two signatures: on all cores at once, and alone."""
    return bare_us(signatures, os.cpu_count()), bare_us(signatures, 1)


def percentiles(times: list) -> str:
    times = sorted(times)
    return f"p50 {times[len(times) // 2] / 1000:.1f} ms, p99 {times[len(times) * 99 // 100] / 1000:.1f} ms"


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
                before = bare(signatures)
                one = self.round(verifier, postgres, machine, count, connections)
                one["bare"], one["alone"] = map(statistics.mean, zip(before, bare(signatures)))
                found.append(one)
            self.report(kind, found)
            self.paced(verifier, machine, found, count, connections)
            self.memory(kind, verifier)
            asker.close()
        finally:
            verifier.stop()

    @staticmethod
    def opened(verifier: Verifier, machine: PsaMachine, count: int, connections: int) -> tuple:
        """Sessions with their Evidence, made while no clock runs; CPU of service and clients, and seconds, to open them."""
        nonces = [os.urandom(64) for _ in range(count)]
        texts = {base64.urlsafe_b64encode(nonce).decode(): nonce for nonce in nonces}
        began, clients = cpu_us(verifier.process.pid), sum(os.times()[2:4])
        open_s, opened = in_processes(verifier.port, connections, split(list(texts)), open_sessions)
        used = cpu_us(verifier.process.pid) - began, (sum(os.times()[2:4]) - clients) * 1e6
        return [(path, machine.evidence(texts[nonce])) for nonce, path in opened], used, open_s

    @classmethod
    def round(cls, verifier: Verifier, postgres: Postgres, machine: PsaMachine, count: int, connections: int) -> dict:
        """Microseconds of CPU a session: to open it, to appraise, of PostgreSQL and the clients; and the latencies."""
        work, opening, open_s = cls.opened(verifier, machine, count, connections)
        began, stored, clients = cpu_us(verifier.process.pid), cpu_us(postgres.process.pid), sum(os.times()[2:4])
        submit_s, times = in_processes(verifier.port, connections, split(work), submit)
        return {"open": opening[0] / count, "submit": (cpu_us(verifier.process.pid) - began) / count,
                "postgres": (cpu_us(postgres.process.pid) - stored) / count,
                "clients": (opening[1] + (sum(os.times()[2:4]) - clients) * 1e6) / count,
                "rate": count / (open_s + submit_s), "submits": count / submit_s, "times": times}

    @classmethod
    def paced(cls, verifier: Verifier, machine: PsaMachine, found: list, count: int, connections: int) -> None:
        rate = statistics.median(one["submits"] for one in found) / 2
        work = cls.opened(verifier, machine, count, connections)[0]
        _, times = in_processes(verifier.port, connections, split(work),
                                lambda some, share: submit(some, share, PROCESSES / rate))
        print(f"    at {rate:.0f} Evidence/s, half of what it takes: {percentiles(times)}", flush=True)

    @staticmethod
    def report(kind: str, found: list) -> None:
        def spread(values) -> str:
            values = sorted(values)
            return f"{statistics.median(values):.3f} [{values[0]:.3f}..{values[-1]:.3f}]"

        def ratio(bound: str, with_open: bool = True) -> str:
            return spread(one[bound] / (one["submit"] + (one["open"] if with_open else 0)) for one in found)

        def median(name: str) -> float:
            return statistics.median(one[name] for one in found)
        whole = median("open") + median("submit")
        print(f"{kind}: ratio {ratio('bare')}, without newSession {ratio('bare', False)}; with signatures that were alone {ratio('alone')}")
        print(f"    CPU: two signatures {median('bare'):.0f} us, alone {median('alone'):.0f} us, newSession {median('open'):.0f} us, "
              f"Evidence {median('submit'):.0f} us, {1e6 / whole:.0f} appraisals/s a core; PostgreSQL itself {median('postgres'):.0f} us, "
              f"the clients {median('clients'):.0f} us")
        print(f"    {median('rate'):.0f} appraisals/s in all; Evidence {percentiles([value for one in found for value in one['times']])}", flush=True)

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
