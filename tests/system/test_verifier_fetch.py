#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`atls verifier --collateral`: what Evidence lacks is fetched, kept, and handed to appraisers; who waits for a server waits alone.

The stand-ins for AMD's KDS and Intel's PCS are those of test_collateral*.py: made-up roots, and every fault.
"""

import base64
import http.client
import json
import os
import select
import shutil
import signal
import socket

from atlslib import EXIT_OURS, WAIT, main, run, wait_until
from test_collateral import Kds, Machine
from test_collateral_intel import Pcs, Platform
from verifierlib import CMW, SESSION, Verifier, VerifierTest, unbase64

CORIM = "application/rim+cbor"
FETCHERS, QUEUE = 8, 64  # threads that wait for servers, and requests that wait for those
NOTHING = bytes(24)  # a table of certificates without entries


def bare(identity) -> None:
    """Takes its certificates from a simulated SEV-SNP machine: no signature covers them."""
    attester = identity.attester()
    attester["certificates"] = base64.b64encode(NOTHING).decode()
    with open(identity.path("attester.json"), "w", encoding="ascii") as file:
        json.dump(attester, file)


class Flood:
    """Evidence that has to wait, in a request from each of these addresses. All but the last octets are there before anything
    begins, so that the requests come together."""

    def __init__(self, test, verifier, sources):
        client = verifier.client()
        test.addCleanup(client.close)
        _, nonce = test.open_session(client=client)
        body = test.evidence(nonce, test.snp.identity)  # collateral is looked for before the nonce is
        self.paths = [test.open_session(client=client)[0] for _ in sources]
        self.last, self.open, self.found = body[-1:], [], []
        for path, source in zip(self.paths, sources):
            self.open.append(socket.create_connection((verifier.host, verifier.port), WAIT, (source, 0)))
            test.addCleanup(self.open[-1].close)
            head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {CMW}\r\nAccept: {SESSION}\r\nContent-Length: {len(body)}\r\n\r\n"
            self.open[-1].sendall(head.encode() + body[:-1])

    def go(self) -> None:
        for connection in self.open:
            connection.sendall(self.last)

    def answers(self, num: int) -> list:
        """Status and text of all answers so far, once those are NUM."""
        def look() -> bool:
            for connection in select.select(self.open, [], [], 0)[0]:
                response = http.client.HTTPResponse(connection)
                response.begin()
                self.found.append((response.status, response.read().decode()))
                self.open.remove(connection)
            return len(self.found) >= num

        wait_until(look, f"{num} answers")
        return list(self.found)


class FetchTest(VerifierTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.snp, cls.stranger = Machine(cls, "snp"), Machine(cls, "stranger")
        cls.tdx = Platform(cls, "sim-tdx", "tdx")
        bare(cls.snp.identity)

    def setUp(self):
        super().setUp()
        self.kds = Kds(self.snp.answers())
        self.addCleanup(self.kds.stop)
        self.folder_kept = self.path(f"kept-{self._testMethodName}")

    def service(self, *words, name=None) -> Verifier:
        """One that knows the machines, with these places of collateral."""
        verifier = Verifier(self.folder, *(word for place in words for word in ("--collateral", place)), "--endorsements",
                            self.tdx.root_list, name=name or self._testMethodName)
        self.addCleanup(verifier.stop)
        client = verifier.client()
        for identity in (self.identity, self.snp.identity, self.tdx.identity):
            with open(identity.endorsement, "rb") as file:
                answer = client.submit(file.read(), CORIM)
            self.assertEqual((answer.status, answer.json["status"]), (200, "success"), str(answer))
        client.close()
        return verifier

    def ask(self, verifier, identity):
        """The answer to Evidence in a new session, and the session's path."""
        client = verifier.client()
        self.addCleanup(client.close)
        path, nonce = self.open_session(client=client)
        return self.send(path, self.evidence(nonce, identity), client=client), path

    def submod(self, answer) -> dict:
        self.assertEqual((answer.status, answer.json["status"]), (200, "complete"), str(answer))
        found, = json.loads(unbase64(answer.json["result"].split(".")[1]))["submods"].values()
        return found

    def taken(self, verifier, identity) -> None:
        self.assertEqual(self.submod(self.ask(verifier, identity)[0])["ear.status"], "warning")  # the root is a simulation

    def refused(self, verifier, identity, *words) -> None:
        submod = self.submod(self.ask(verifier, identity)[0])
        self.assertEqual(submod["ear.status"], "contraindicated")
        for word in words:
            self.assertIn(word, submod["ear.veraison.policy-claims"]["problem"])

    def kept(self) -> list:
        return os.listdir(self.folder_kept) if os.path.isdir(self.folder_kept) else []

    def assert_waits(self, verifier, path) -> None:
        client = verifier.client()
        self.addCleanup(client.close)
        answer = client.ask("GET", path, Accept=SESSION)
        self.assertEqual((answer.status, answer.json["status"]), (200, "waiting"), str(answer))

    def test_what_evidence_lacks_is_fetched_once_kept_and_there_offline(self):
        verifier = self.service(self.folder_kept, self.kds.url)
        for _ in range(5):  # whichever appraiser it is
            self.taken(verifier, self.snp.identity)
        self.assertEqual(len(self.kds.asked), 3, self.kds.asked)
        self.assertEqual(len(self.kept()), 3)
        self.assertEqual(verifier.metric("collateral_waits_total"), 1)
        for pid in verifier.pids("appraiser"):
            os.kill(pid, signal.SIGKILL)
            verifier.wait("process", lambda result, pid=pid: result["what"] == "ended" and result["pid"] == pid)
        self.taken(verifier, self.snp.identity)
        verifier.stop()
        self.kds.stop()
        self.taken(self.service(self.folder_kept, name="offline"), self.snp.identity)
        self.taken(self.service(self.folder_kept, self.kds.url, name="again"), self.snp.identity)
        self.assertEqual(len(self.kds.asked), 3)

    def test_what_is_due_in_the_folder_is_renewed_at_the_start(self):
        verifier = self.service(self.folder_kept, self.kds.url)
        self.taken(verifier, self.snp.identity)
        verifier.stop()
        for name in self.kept():  # as if it had been fetched long ago: a list is looked for anew each day
            with open(os.path.join(self.folder_kept, name), "r+", encoding="ascii") as file:
                kept = json.load(file)
                kept["fetched"] = "2026-01-01T00:00:00Z"
                file.seek(0)
                json.dump(kept, file)
                file.truncate()
        renewed = self.service(self.folder_kept, self.kds.url, name="renewed")
        wait_until(lambda: len(self.kds.asked) > 3, "a renewal")
        self.assertEqual([path.rsplit("/", 1)[1] for path in self.kds.asked[3:]], ["crl"])
        self.taken(renewed, self.snp.identity)
        self.assertEqual(len(self.kds.asked), 4)

    def test_without_a_place_to_fetch_from_the_result_says_what_is_missing(self):
        self.refused(self.service(self.folder_kept), self.snp.identity, "VCEK")

    def test_collateral_of_quotes_is_fetched_too(self):
        pcs = Pcs(self.tdx.answers)
        self.addCleanup(pcs.stop)
        verifier = self.service(pcs.url, self.folder_kept)
        for _ in range(3):
            self.taken(verifier, self.tdx.identity)
        self.assertEqual((len(pcs.asked), len(self.kept())), (3, 3), pcs.asked)

    def test_files_of_the_operators_in_the_folder_count(self):
        os.mkdir(self.folder_kept)
        shutil.copy(self.tdx.identity.path("collateral.json"), self.folder_kept)
        self.taken(self.service(self.folder_kept), self.tdx.identity)

    def test_what_a_server_makes_up_does_not_help_and_is_not_kept(self):
        verifier = self.service(self.folder_kept, self.kds.url)
        self.kds.answers = dict(self.snp.answers(), leaf=self.stranger.answers()["leaf"])
        self.refused(verifier, self.snp.identity, "VCEK")
        self.assertEqual(self.kept(), [])

    def test_what_no_server_has_is_missing(self):
        verifier = self.service(self.folder_kept, self.kds.url)
        self.kds.answers = dict(self.snp.answers(), leaf=None)
        for _ in range(3):
            self.refused(verifier, self.snp.identity, "VCEK")
        self.assertEqual(len(self.kds.asked), 1)  # it is not asked again and again

    def test_a_server_that_wants_to_be_left_alone_is_and_the_session_goes_on_later(self):
        verifier = self.service(self.folder_kept, self.kds.url)
        self.kds.fault, self.kds.pause = ("leaf", "limited"), "1"
        answer, path = self.ask(verifier, self.snp.identity)
        self.assertIn("429", self.problem(answer, 503)["detail"])
        self.assertIn("Retry-After", answer.headers)
        self.assert_waits(verifier, path)
        self.assertEqual(verifier.metric("collateral_failures_total"), 1)
        self.kds.fault = ("", "")
        answer = None
        for _ in range(100):  # within the pause it is refused at once, without a question
            asked = len(self.kds.asked)
            answer, _ = self.ask(verifier, self.snp.identity)
            if answer.status != 503:
                break
            self.assertEqual(len(self.kds.asked), asked)
            self.kds.held.wait(0.05)
        self.assertEqual(self.submod(answer)["ear.status"], "warning")

    def flooded(self, attempt) -> None:
        """ATTEMPT(verifier) while a server says nothing, which fetches are given five seconds for: where a machine was too slow to see
        all of it within those, it gives None, and is made again."""
        for number in range(5):
            verifier = self.service(self.folder_kept, self.kds.url, name=f"{self._testMethodName}-{number}")
            self.kds.fault = ("leaf", "slow")
            self.kds.held.clear()
            if attempt(verifier) is not None:
                return
            self.kds.held.set()
        self.fail("five seconds were never enough")

    def in_time(self, verifier):
        """True while no fetch has been given up, and everything that was seen is of that time; None otherwise."""
        return verifier.metric("collateral_failures_total") == 0 or None

    def fetching(self, verifier, sources) -> "Flood":
        """Requests for as many as have a thread: they are waited for, so that the queue is empty behind them."""
        flood = Flood(self, verifier, sources)
        before = verifier.metric("collateral_waits_total")
        flood.go()
        wait_until(lambda: verifier.metric("collateral_waits_total") >= before + len(sources) and
                   verifier.metric("collateral_waiting") == 0, "threads that fetch")
        return flood

    def let_go(self, verifier, *floods) -> list:
        """The server breaks the connections off: every answer."""
        self.kds.held.set()
        answers = [answer for flood in floods for answer in flood.answers(len(flood.paths))]
        self.assertEqual(verifier.metric("collateral_waiting"), 0)
        return answers

    def test_a_server_that_says_nothing_holds_up_only_those_that_need_it(self):
        """As many wait for it as may, the next is told so at once, and everybody else is served."""
        def attempt(verifier):
            client = verifier.client()
            self.addCleanup(client.close)
            path, nonce = self.open_session(client=client)
            evidence = self.evidence(nonce)
            waiting = Flood(self, verifier, [f"127.0.1.{i}" for i in range(1, QUEUE + 6)])
            fetching = self.fetching(verifier, [f"127.0.2.{i}" for i in range(1, FETCHERS + 1)])
            waiting.go()
            refused = waiting.answers(5)
            queued = verifier.metric("collateral_waiting")
            served = self.send(path, evidence, client=client)
            if not self.in_time(verifier):
                return None
            self.assertTrue(all(status == 503 and "as many requests wait" in text for status, text in refused), refused)
            self.assertEqual((len(refused), queued), (5, QUEUE))
            self.assertEqual(self.submod(served)["ear.status"], "warning")  # the root is a simulation
            self.assertEqual({status for status, _ in self.let_go(verifier, fetching, waiting)}, {503})
            self.assert_waits(verifier, waiting.paths[0])
            return True

        self.flooded(attempt)

    def test_one_address_leaves_places_for_others(self):
        def attempt(verifier):
            waiting = Flood(self, verifier, ["127.0.0.1"] * (QUEUE // 2 + 5))
            others = Flood(self, verifier, ["127.0.0.2", "127.0.0.3"])
            fetching = self.fetching(verifier, ["127.0.0.1"] * (FETCHERS // 2))
            waiting.go()
            refused = waiting.answers(5)
            queued = verifier.metric("collateral_waiting")
            others.go()  # they have threads at once
            wait_until(lambda: verifier.metric("collateral_waits_total") >= FETCHERS // 2 + QUEUE // 2 + 7 and
                       verifier.metric("collateral_waiting") <= QUEUE // 2, "threads for others")
            told = others.answers(0)
            if not self.in_time(verifier):
                return None
            self.assertTrue(all(status == 429 and "from this address" in text for status, text in refused), refused)
            self.assertEqual((len(refused), queued, told), (5, QUEUE // 2, []))
            self.let_go(verifier, fetching, waiting, others)
            return True

        self.flooded(attempt)

    def test_what_makes_no_sense_is_said_at_the_start(self):
        words = ("verifier", "--json", "--signing-key", self.verifier.key_file, "--listen", "127.0.0.1:0",
                 "--store", "sqlite:" + self.path("own.db"), "--collateral")
        self.assert_fails(run(*words, "ftp://a.example"), EXIT_OURS, "CONFIG")
        self.assert_fails(run(*words, self.path("a"), "--collateral", self.path("b")), EXIT_OURS, "CONFIG")
        self.assert_fails(run(*words, self.write("no-folder", "x")), EXIT_OURS, "FILE")


if __name__ == "__main__":
    main()
