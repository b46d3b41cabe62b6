# SPDX-License-Identifier: Apache-2.0
"""What system and attack tests share: the program, its servers, software TPMs, a CA, folders.

Every wait ends after WAIT seconds at the latest; no test depends on how long anything takes. What
is started here is ended here, by its process id.
"""

import errno
import json
import os
import random
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import schemas

SKIPPED = 77
WAIT = 60.0
SANITIZER = re.compile(r"runtime error:|Sanitizer")
HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
EXIT_DONE, EXIT_OURS, EXIT_REFUSED, EXIT_CONNECTION = 0, 1, 2, 3

_program = []  # the path of atls, once main() has it


def program() -> str:
    return _program[0]


def skip(reason: str) -> None:
    """Ends the whole program: what it needs is absent."""
    print(f"skipped: {reason}", file=sys.stderr)
    sys.exit(SKIPPED)


def need(*tools: str) -> None:
    """Skips the test when a tool is absent."""
    for tool in tools:
        if shutil.which(tool) is None:
            raise unittest.SkipTest(f"{tool} is not installed")


def descriptors(wanted: int) -> int:
    """How many a process may have: WANTED if that is allowed, for this one and for what it starts."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        return wanted
    return max(soft, wanted)


def main() -> None:
    """TEST.py ATLS [UNITTEST ARGUMENTS]; exit status 77 when every test was skipped."""
    descriptors(1024)
    if len(sys.argv) < 2 or not os.access(sys.argv[1], os.X_OK):
        sys.exit(f"usage: {sys.argv[0]} ATLS [TEST...]")
    _program.append(os.path.abspath(sys.argv.pop(1)))
    result = unittest.main("__main__", verbosity=2, exit=False).result
    for test, reason in result.skipped:
        print(f"skipped: {test}: {reason}", file=sys.stderr)
    # a class that is skipped as a whole does not count among the tests that ran
    ran = result.testsRun - sum(isinstance(test, unittest.TestCase) for test, _ in result.skipped)
    if not result.wasSuccessful() or (ran == 0 and not result.skipped):
        sys.exit(1)
    sys.exit(SKIPPED if ran == 0 else 0)


def read_line(text: str) -> dict:
    """One line of --json, held to its schema."""
    line = json.loads(text)
    schemas.check(line)
    return line


class Outcome:
    """How one run of the program ended."""

    def __init__(self, words, status: int, out: bytes, err: bytes):
        self.words, self.status, self.out = words, status, out
        self.err = err.decode("utf-8", "replace")
        if SANITIZER.search(self.err):
            raise AssertionError(f"{words}: {self.err}")

    @property
    def text(self) -> str:
        return self.out.decode("utf-8", "replace")

    @property
    def objects(self) -> list:
        """What --json wrote: every line of stdout must be an object of its schema."""
        return [read_line(line) for line in self.text.splitlines()]

    @property
    def error(self):
        """The error of the last object."""
        return self.objects[-1]["error"]

    @property
    def code(self):
        error = self.error
        return None if error is None else error["code"]

    def sentences(self) -> list:
        """The lines on stderr, but for notes that are no errors."""
        return [line for line in self.err.splitlines() if "warning: " not in line]

    def __str__(self) -> str:
        return f"{self.words}: exit {self.status}\n{self.text}\n{self.err}"


def environment(changes=None) -> dict:
    found = dict(os.environ)
    found.update(changes or {})
    return found


def start(words, env=None, cwd=None, **more) -> subprocess.Popen:
    return subprocess.Popen([program(), *words], env=environment(env), cwd=cwd, **more)


def run(*words, given: bytes = b"", env=None, cwd=None, timeout: float = WAIT) -> Outcome:
    """Runs the program to its end."""
    process = start(words, env, cwd, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE)
    try:
        out, err = process.communicate(given, timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        raise AssertionError(f"{words} did not end: {out} {err}") from None
    return Outcome(words, process.returncode, out, err)


def wait_until(holds, what: str, timeout: float = WAIT):
    """Polls until HOLDS() gives something true, and gives it back."""
    deadline = time.monotonic() + timeout
    while True:
        found = holds()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"never came: {what}")
        time.sleep(0.01)


def with_more_time(attempt, limits=("2s", "8s", "30s")):
    """What ATTEMPT(limit) gives, the first that is not None. Where a test waits for the end of a limit of the program's, None
    says that a slow machine had not come as far as that within this one: then it is tried again with the next."""
    for limit in limits:
        found = attempt(limit)
        if found is not None:
            return found
    raise AssertionError(f"not even {limits[-1]} were enough to come as far as what is looked at")


class Lines:
    """A stream that a thread reads, line by line, so that nothing blocks on a full pipe."""

    def __init__(self, stream):
        self._lines, self._changed, self._ended = [], threading.Condition(), False
        self._thread = threading.Thread(target=self._read, args=(stream,), daemon=True)
        self._thread.start()

    def _read(self, stream) -> None:
        with stream:
            for line in stream:
                with self._changed:
                    self._lines.append(line.rstrip("\n"))
                    self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def all(self) -> list:
        with self._changed:
            return list(self._lines)

    def wait(self, wanted, what: str) -> str:
        """The first line for which WANTED(line) holds, now or later."""
        def first():
            return next((line for line in self._lines if wanted(line)), None)

        with self._changed:
            found = self._changed.wait_for(lambda: first() is not None or self._ended, WAIT)
            if not found or first() is None:
                raise AssertionError(f"never came: {what}; there is {self._lines}")
            return first()

    def join(self) -> list:
        self._thread.join(WAIT)
        return self.all()


class Server:
    """`atls serve` on a port of its own, with --json."""

    def __init__(self, *options, env=None, cwd=None, listen="127.0.0.1:0"):
        self.process = start(["serve", listen, "--json", *options], env, cwd, text=True,
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE)
        self.out, self.err = Lines(self.process.stdout), Lines(self.process.stderr)
        try:
            line = self.out.wait(lambda text: True, f"the event 'listening' of {options}")
        except AssertionError:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"serve {options}: {self.err.join()}") from None
        self.listening = read_line(line)
        if self.listening.get("event") != "listening":
            raise AssertionError(f"serve {options}: {line} {self.err.join()}")
        self.address = self.listening["result"]["address"]
        self.port = int(self.address.rpartition(":")[2])

    def events(self, name: str) -> list:
        found = [read_line(line) for line in self.out.all()]
        return [event for event in found if event.get("event") == name]

    def connection(self, peer: str) -> dict:
        """The event for the connection from PEER, ADDRESS:PORT."""
        def is_it(line):
            event = json.loads(line)
            return event["event"] == "connection" and event["result"]["peer_address"] == peer

        return read_line(self.out.wait(is_it, f"the event of {peer}"))

    def said_of(self, peer: str) -> list:
        """Every line on stderr about PEER, once there is one."""
        mark = f"atls serve: {peer}: "
        self.err.wait(lambda line: line.startswith(mark), f"a line about {peer}")
        return [line[len(mark):] for line in self.err.all() if line.startswith(mark)]

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def finish(self) -> int:
        """Waits for the end; gives the exit status."""
        try:
            status = self.process.wait(WAIT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"serve did not end: {self.err.all()}") from None
        self.out.join()
        said = "\n".join(self.err.join())
        if SANITIZER.search(said):
            raise AssertionError(said)
        return status

    def stop(self) -> None:
        """SIGTERM, which must end it with 0."""
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
        status = self.finish()
        if status != EXIT_DONE:
            raise AssertionError(f"serve ended with {status}: {self.err.all()}")


class SoftwareTpm:
    """swtpm in a folder of its own."""

    def __init__(self):
        need("swtpm")
        # A path of a socket may not be long, and TMPDIR can be.
        self.folder = tempfile.mkdtemp(prefix="atls-tpm-", dir="/tmp")
        self.socket = os.path.join(self.folder, "s")
        self.tcti = f"swtpm:path={self.socket}"
        self.process = None
        self.restart()

    def restart(self) -> None:
        """Starts it, with whatever state the folder holds."""
        if os.path.exists(self.socket):
            os.unlink(self.socket)
        self.process = subprocess.Popen(
            ["swtpm", "socket", "--tpm2", "--server", f"type=unixio,path={self.socket}",
             "--tpmstate", f"dir={self.folder}", "--flags", "not-need-init,startup-clear"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_until(lambda: self.process.poll() is not None or self._answers(), "the socket of swtpm")
            if self.process.poll() is not None:
                raise AssertionError(f"swtpm ended with {self.process.returncode}")
        except AssertionError:
            self.stop()
            raise

    def _answers(self) -> bool:
        """The path of the socket is there a moment before anybody listens."""
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(self.socket) == 0

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(WAIT)

    def stop(self) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


class Identity:
    """A folder that `atls keygen` filled, and the words of the command line that go with it."""

    def __init__(self, folder: str):
        self.folder = folder

    def path(self, name: str) -> str:
        return os.path.join(self.folder, name)

    @property
    def endorsement(self) -> str:
        return self.path("endorsement.corim")

    def attester(self) -> dict:
        with open(self.path("attester.json"), encoding="utf-8") as file:
            return json.load(file)

    def own(self) -> list:
        return ["--identity", self.folder]

    def required(self) -> list:
        """What somebody says who requires the attestation of this one."""
        attester = self.attester()
        simulated = ["--simulated"] if attester["rot"].startswith("sim-") else []
        return ["--require", attester["format"], "--endorsements", self.endorsement] + simulated


class SystemTest(unittest.TestCase):
    """A test with a folder of its own, made once a class."""

    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="atls-test-")
        cls.addClassCleanup(shutil.rmtree, cls.folder, True)

    @classmethod
    def path(cls, *names: str) -> str:
        return os.path.join(cls.folder, *names)

    def folder_of_programs(self) -> str:
        """Where what is made may be run: beside the program itself, for nothing of a temporary folder might be."""
        folder = tempfile.mkdtemp(prefix="test-", dir=os.path.dirname(program()))
        self.addCleanup(shutil.rmtree, folder, True)
        return folder

    @classmethod
    def write(cls, name: str, content) -> str:
        with open(cls.path(name), "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())
        return cls.path(name)

    @classmethod
    def keygen(cls, name: str, *options, rot: str = "sim-psa") -> Identity:
        outcome = run("keygen", "--rot", rot, "-o", cls.path(name), *options)
        if outcome.status != EXIT_DONE:
            raise AssertionError(str(outcome))
        return Identity(cls.path(name))

    @classmethod
    def tpm(cls) -> SoftwareTpm:
        tpm = SoftwareTpm()
        cls.addClassCleanup(tpm.stop)
        return tpm

    @classmethod
    def server_for_class(cls, *options, **more) -> Server:
        server = Server(*options, **more)
        cls.addClassCleanup(server.stop)
        return server

    def server(self, *options, **more) -> Server:
        server = Server(*options, **more)
        self.addCleanup(server.stop)
        return server

    def assert_done(self, outcome: Outcome) -> Outcome:
        self.assertEqual(outcome.status, EXIT_DONE, str(outcome))
        return outcome

    def assert_fails(self, outcome: Outcome, status: int, code: str = None) -> Outcome:
        """It ended with STATUS and one sentence on stderr; with --json the code is CODE."""
        self.assertEqual(outcome.status, status, str(outcome))
        self.assertEqual(len(outcome.sentences()), 1, str(outcome))
        if code is not None:
            self.assertEqual(outcome.code, code, str(outcome))
            self.assertEqual(outcome.objects[-1]["exit"], status, str(outcome))
            self.assertIn(outcome.error["sentence"], outcome.sentences()[0])
        return outcome


def dial(address: str) -> socket.socket:
    """A TCP connection to ADDRESS, whose every wait is bounded."""
    host, _, port = address.rpartition(":")
    return socket.create_connection((host.strip("[]"), int(port)), WAIT)


def name_of(sock: socket.socket) -> str:
    """This end, as the server names it."""
    host, port = sock.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def broken_listener(kind=socket.SOCK_STREAM) -> socket.socket:
    """A port on which nothing answers, and which nobody else gets: it is bound, and not listened on."""
    taken = socket.socket(type=kind)
    taken.bind(("127.0.0.1", 0))
    if kind == socket.SOCK_DGRAM:
        taken.connect(taken.getsockname())  # it hears nobody but itself
    return taken


_given = set()


def free_port(address: str, kind=socket.SOCK_STREAM) -> int:
    """A port for a program that cannot be given 0: one that the kernel gives to nobody who asks for any, and that no other test
    of this process was given."""
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as file:
        low, high = map(int, file.read().split())
    ports = range(5000, 65000)
    ports = [port for port in ports if not low <= port <= high] or ports
    while True:
        port = random.choice(ports)
        if port in _given:
            continue
        with socket.socket(type=kind) as probe:
            try:
                probe.bind((address, port))
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
                continue
            _given.add(port)
            return port


def has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
        return True
    except OSError:
        print("note: this machine has no ::1", file=sys.stderr)
        return False
