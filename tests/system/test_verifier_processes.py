#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The processes of `atls verifier`: each may end at any moment, and takes no more with it than it had in its hands."""

import base64
import fcntl
import hmac
import os
import re
import resource
import signal
import struct
import subprocess
import sys
import threading
import time

from atlslib import WAIT, free_port, main, read_line, start, wait_until
from verifierlib import SESSION, Client, Verifier, VerifierTest


class WithOneAppraiser(VerifierTest):
    options = ("--appraisers", "1")

    def in_background(self, path: str, body: bytes, verifier=None):
        """A request in a thread of its own; call what this gives for the answer."""
        client, answers = (verifier or self.verifier).client(), []
        thread = threading.Thread(target=lambda: answers.append(self.send(path, body, client=client)), daemon=True)
        thread.start()

        def finish():
            thread.join(WAIT)
            client.close()
            self.assertTrue(answers, "no answer")
            return answers[0]
        return finish

    def appraiser(self, verifier=None) -> int:
        verifier = verifier or self.verifier
        return wait_until(lambda: verifier.pids("appraiser"), "an appraiser")[0]

    def another(self, pid: int) -> None:
        wait_until(lambda: self.verifier.pids("appraiser") not in ([pid], []), "another appraiser")

    def stop_appraiser(self, verifier=None) -> int:
        """An appraiser that does not read: a job for it stays in its hands until it goes on, or ends."""
        pid = self.appraiser(verifier)
        os.kill(pid, signal.SIGSTOP)
        return pid

    def busy(self, verifier=None) -> None:
        wait_until(lambda: (verifier or self.verifier).metric("appraisers_busy") == 1, "a job in an appraiser's hands")


class ProcessTest(WithOneAppraiser):
    def test_an_appraiser_that_crashes_takes_its_job_with_it_and_nothing_else(self):
        path, nonce = self.open_session()
        other_path, other_nonce = self.open_session()
        evidence, other = self.evidence(nonce), self.evidence(other_nonce)
        lost = self.verifier.metric("appraiser_jobs_lost_total")
        pid = self.stop_appraiser()
        finish = self.in_background(path, evidence)
        self.busy()
        os.kill(pid, signal.SIGABRT)
        os.kill(pid, signal.SIGCONT)
        self.problem(finish(), 500)
        self.verifier.wait("process", lambda r: (r["pid"], r["what"], r.get("signal")) ==
                           (pid, "ended", signal.SIGABRT.value))
        self.another(pid)
        self.assertEqual(self.claims(self.send(other_path, other))["submods"]["PSA_IOT"]["ear.status"], "warning")
        self.assertEqual(self.verifier.metric("appraiser_jobs_lost_total"), lost + 1)
        # The Evidence had not been taken in yet, so the session waits, and can be completed.
        self.assertEqual(self.client.ask("GET", path, Accept=SESSION).json["status"], "waiting")
        self.claims(self.send(path, evidence))

    def test_an_appraiser_that_ends_without_a_job_is_not_missed(self):
        for _ in range(3):
            pid = self.appraiser()
            os.kill(pid, signal.SIGKILL)
            path, nonce = self.open_session()
            self.claims(self.send(path, self.evidence(nonce)))
            wait_until(lambda gone=pid: gone not in self.verifier.pids("appraiser"), "its end in the log")

    def test_an_appraiser_that_does_not_answer_is_ended(self):
        path, nonce = self.open_session()
        evidence = self.evidence(nonce)
        pid = self.stop_appraiser()
        self.problem(self.in_background(path, evidence)(), 500)
        self.verifier.wait("process", lambda r: (r["pid"], r["what"]) == (pid, "too late"))
        self.another(pid)
        self.claims(self.send(path, evidence))

    def test_the_signer_may_end_and_sessions_go_on(self):
        path, nonce = self.open_session()
        signer = self.verifier.pids("signer")[0]
        os.kill(signer, signal.SIGKILL)
        self.claims(self.send(path, self.evidence(nonce)))
        wait_until(lambda: self.verifier.pids("signer") not in ([signer], []), "another signer")

    def test_the_front_may_end_and_nothing_acknowledged_is_lost(self):
        path, nonce = self.open_session()
        done_path, done_nonce = self.open_session()
        done = self.send(done_path, self.evidence(done_nonce))
        front = self.verifier.pids("front")[0]
        os.kill(front, signal.SIGKILL)
        self.client.close()
        wait_until(lambda: len(self.verifier.events("listening")) > 1, "the next front")
        self.client.close()
        self.assertEqual(self.client.ask("GET", done_path, Accept=SESSION).json, done.json)
        self.claims(self.send(path, self.evidence(nonce)))
        self.assertNotEqual(self.verifier.pids("front"), [front])

    def test_an_appraiser_has_no_files_and_no_other_sockets(self):
        pid = self.appraiser()
        path, nonce = self.open_session()
        self.claims(self.send(path, self.evidence(nonce)))
        started = [event["result"] for event in self.verifier.events("process")
                   if event["result"]["pid"] == pid and event["result"]["what"] == "started"][0]
        try:
            links = {name: os.readlink(f"/proc/{pid}/fd/{name}") for name in os.listdir(f"/proc/{pid}/fd")}
        except PermissionError:
            print("note: what a process has open that shows itself to nobody is root's to see", file=sys.stderr)
        else:
            sockets = [link for name, link in links.items() if name != "2" and link.startswith("socket:")]
            self.assertEqual(len(sockets), 1, links)
            self.assertEqual(set(links.values()) - set(sockets) - {links.get("2")}, set(), links)
            if started["sandbox"] == "seccomp":
                self.assertEqual(links["2"], "/dev/null")  # not the log
        with open(f"/proc/{pid}/status", encoding="ascii") as file:
            status = dict(line.split(":\t", 1) for line in file.read().splitlines() if ":\t" in line)
        self.assertEqual(status["NoNewPrivs"], "1")
        self.assertEqual(status["Seccomp"], "2" if started["sandbox"] == "seccomp" else "0")


class ExpiryTest(VerifierTest):
    def ended(self, seconds: int, nonce: bytes) -> str:
        """The path of a session that ends in so many seconds, as a signer with this key would have made it (ticket.c)."""
        scalar = self.verifier.key.private_numbers().private_value.to_bytes(32, "big")
        key = hmac.digest(scalar, b"atls verifier session v2", "sha256")
        signed = struct.pack(">IB", int(time.time()) + seconds, 0) + os.urandom(16)
        ticket = signed + hmac.digest(key, signed + nonce, "sha256")[:16]
        return "/challenge-response/v1/session/" + "".join(
            base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (ticket, nonce))

    def test_a_session_that_has_ended_is_none(self):
        nonce = os.urandom(64)
        evidence = self.evidence(nonce)
        for seconds in (-2, -1000):  # just now: the signer would still finish what had begun before
            path = self.ended(seconds, nonce)
            self.problem(self.send(path, evidence), 404)
            self.problem(self.client.ask("GET", path, Accept=SESSION), 404)
        path = self.ended(100, nonce)
        self.assertEqual(self.client.ask("GET", path, Accept=SESSION).json["status"], "waiting")
        self.assertEqual(self.send(path, evidence).json["status"], "complete")


class HealthTest(WithOneAppraiser):
    """Who asks for its health is told when it cannot complete a session."""

    def test_without_an_appraiser_it_is_not_well(self):
        pid = self.stop_appraiser()
        path, nonce = self.open_session()
        finish = self.in_background(path, self.evidence(nonce))
        self.busy()
        supervisor = self.verifier.process.pid
        os.kill(supervisor, signal.SIGSTOP)  # so that there is no other for as long as this takes
        try:
            os.kill(pid, signal.SIGKILL)
            answer = wait_until(lambda: (lambda found: found if found.status == 503 else None)(self.client.ask("GET", "/healthz")),
                                "no appraiser")
            self.assertEqual((answer.json["status"], answer.json["store"], answer.json["appraisers"]), ("failing", "ok", 0))
        finally:
            os.kill(supervisor, signal.SIGCONT)
        self.problem(finish(), 500)
        wait_until(lambda: self.client.ask("GET", "/healthz").status == 200, "another appraiser")

    def test_while_it_stops_it_says_so(self):
        verifier = Verifier(self.folder, "--appraisers", "1", name="stopping")
        self.addCleanup(verifier.stop)
        client, other = verifier.client(), verifier.client()
        path, nonce = self.open_session(client=client)
        self.assertEqual(other.ask("GET", "/healthz").json["status"], "ok")  # its connection is there
        pid = self.stop_appraiser(verifier)
        finish = self.in_background(path, self.evidence(nonce), verifier)
        self.busy(verifier)
        verifier.process.send_signal(signal.SIGTERM)
        verifier.wait("stopping")
        # its line may be there a moment before its connections know of it
        answer = wait_until(lambda: (lambda found: found if found.headers["Connection"] else None)(other.ask("GET", "/healthz")),
                            "an answer that is the last")
        self.assertEqual((answer.status, answer.json["status"], answer.headers["Connection"]), (503, "stopping", "close"))

        def refuses():
            try:
                verifier.client().ask("GET", "/healthz")
            except ConnectionRefusedError:
                return True
            except OSError:  # it came before that
                pass
            return False
        wait_until(refuses, "that whoever comes now is refused at once")
        os.kill(pid, signal.SIGCONT)
        self.assertEqual(finish().json["status"], "complete")
        client.close()


class StopTest(WithOneAppraiser):
    """What began before SIGTERM is finished."""

    def test_a_graceful_stop_finishes_what_it_began(self):
        verifier = Verifier(self.folder, "--appraisers", "1", name="graceful")
        self.addCleanup(verifier.stop)
        client = verifier.client()
        self.assertEqual(client.submit(self.corim).json["status"], "success")
        path, nonce = self.open_session(client=client)
        evidence = self.evidence(nonce)
        pid = self.stop_appraiser(verifier)
        finish = self.in_background(path, evidence, verifier)
        self.busy(verifier)
        verifier.process.send_signal(signal.SIGTERM)
        verifier.wait("stopping")
        os.kill(pid, signal.SIGCONT)
        self.assertEqual(finish().json["status"], "complete")
        client.close()
        verifier.stop()
        verifier.wait("stopped")

    def test_who_asks_again_and_again_is_told_which_answer_is_the_last(self):
        """And has it whole, on a connection that was there before."""
        verifier = Verifier(self.folder, "--appraisers", "1", name="last")
        self.addCleanup(verifier.stop)
        ends, asked = [], threading.Barrier(3)

        def ask():
            client = verifier.client()
            try:
                for number in range(100000):
                    answer = client.ask("GET", "/healthz")
                    if number == 0:
                        asked.wait(WAIT)
                    if answer.headers["Connection"] == "close":
                        ends.append("told")
                        return
            except OSError as problem:
                ends.append(repr(problem))
            finally:
                client.close()
        threads = [threading.Thread(target=ask, daemon=True) for _ in range(2)]
        for thread in threads:
            thread.start()
        asked.wait(WAIT)
        verifier.process.send_signal(signal.SIGTERM)
        for thread in threads:
            thread.join(WAIT)
        self.assertEqual(ends, ["told"] * 2)
        verifier.stop()


class StoreTest(VerifierTest):
    """A store that can be read and not be written is no store: who asks for its health sends clients elsewhere."""

    def statuses(self) -> tuple:
        return self.client.ask("GET", "/healthz").status, self.client.new().status

    def test_a_disk_that_is_full(self):
        path, nonce = self.open_session()
        front = self.verifier.pids("front")[0]
        before = resource.prlimit(front, resource.RLIMIT_FSIZE)
        resource.prlimit(front, resource.RLIMIT_FSIZE, (1, before[1]))
        evidence = self.evidence(nonce)
        answer = self.send(path, evidence)
        self.assertIn("sqlite", self.problem(answer, 503)["detail"])
        self.assertEqual(answer.headers["Retry-After"], "1")
        self.assertIn("waits for the store", self.problem(self.send(path, evidence), 503)["detail"])
        self.assertEqual(self.client.ask("GET", path, Accept=SESSION).json["status"], "waiting")
        self.assertEqual(self.statuses(), (503, 503))
        self.problem(self.client.submit(self.corim), 503)
        self.verifier.wait("store", lambda result: result["what"] == "away")
        resource.prlimit(front, resource.RLIMIT_FSIZE, before)
        wait_until(lambda: self.statuses() == (200, 201), "a store that can be written")
        self.verifier.wait("store", lambda result: result["what"] == "back")
        # what was signed is not lost, and nothing is signed twice
        done = wait_until(lambda: (lambda found: found if found.json["status"] == "complete" else None)(
            self.client.ask("GET", path, Accept=SESSION)), "the Result that waited")
        self.assertEqual(self.claims(done)["eat_nonce"].rstrip("="), done.json["nonce"])
        self.problem(self.send(path, evidence), 409)
        self.assertEqual(self.client.submit(self.corim).json["status"], "success")

    def test_a_file_that_is_gone(self):
        file = self.path("v.db")
        os.rename(file, file + ".aside")
        self.assertEqual(self.statuses(), (503, 503))
        self.assertIn("no such file any more", self.problem(self.client.submit(self.corim), 503)["detail"])
        os.rename(file + ".aside", file)
        wait_until(lambda: self.statuses() == (200, 201), "the file again")


class LogTest(VerifierTest):
    """A log that nobody reads holds up neither the service nor its end, and says afterwards what is missing."""

    def begin(self) -> tuple:
        """A Verifier whose log goes into a pipe of 16384 octets, and both ends of that."""
        ends = os.pipe()
        for end in ends:
            self.addCleanup(os.close, end)
        fcntl.fcntl(ends[1], fcntl.F_SETPIPE_SZ, 16384)
        os.set_blocking(ends[0], False)

        port = free_port("127.0.0.1")
        process = start(["verifier", "--json", "--listen", f"127.0.0.1:{port}", "--store", f"sqlite:{self.path('log.db')}",
                         "--signing-key", self.verifier.key_file, "--token", os.path.join(self.folder, "token")],
                        stdin=subprocess.DEVNULL, stdout=ends[1], stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process, port, ends

    def read(self, end: int) -> list:
        """The whole lines that are there."""
        try:
            return [read_line(line) for line in os.read(end, 65536).decode().splitlines() if line.endswith("}}")]
        except BlockingIOError:
            return []

    def lost(self, client) -> int:
        page = client.ask("GET", "/metrics").body.decode()
        return int(re.search(r"^atls_verifier_log_lines_lost_total (\d+)$", page, re.MULTILINE).group(1))

    def test_a_log_that_nobody_reads(self):
        process, port, ends = self.begin()
        wait_until(lambda: any(line["event"] == "listening" for line in self.read(ends[0])), "listening")
        client = Client(port)
        self.addCleanup(client.close)
        os.set_blocking(ends[1], False)  # of the pipe: of the program as well, for a moment
        while True:
            try:
                os.write(ends[1], b"x\n")
            except BlockingIOError:
                break
        os.set_blocking(ends[1], True)
        for _ in range(3):
            self.assertEqual(client.submit(self.corim).json["status"], "success")
        self.assertEqual(self.lost(client), 3)
        os.read(ends[0], 65536)
        self.assertEqual(client.submit(self.corim).json["status"], "success")
        said = [(line["event"], line["result"].get("lines")) for line in self.read(ends[0])]
        self.assertEqual(said, [("endorsement", None), ("lost", 3)])
        while self.lost(client) == 3:
            client.submit(self.corim)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(WAIT), 0)


if __name__ == "__main__":
    main()
