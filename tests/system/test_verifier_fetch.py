#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`atls verifier --collateral`: what Evidence lacks is fetched, kept, and handed to appraisers; who waits for a server waits alone.

The stand-ins for AMD's KDS and Intel's PCS are those of test_collateral*.py: made-up roots, and every fault.
"""

import base64
import http.client
import json
import os
import shutil
import signal
import threading

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

    def flood(self, verifier, sources) -> tuple:
        """Evidence that has to wait, from each of these addresses: threads, their answers, the sessions, and a lock for the answers."""
        _, nonce = self.open_session()
        body = self.evidence(nonce, self.snp.identity)  # collateral is looked for before the nonce is
        client = verifier.client()
        self.addCleanup(client.close)
        waiting, answered, lock = [], [], threading.Lock()
        opened = [self.open_session(client=client)[0] for _ in sources]

        def send(path, source):
            connection = http.client.HTTPConnection(verifier.host, verifier.port, timeout=WAIT, source_address=(source, 0))
            connection.request("POST", path, body, {"Content-Type": CMW, "Accept": SESSION})
            response = connection.getresponse()
            with lock:
                answered.append((response.status, response.read().decode(), path))
            connection.close()

        for path, source in zip(opened, sources):
            waiting.append(threading.Thread(target=send, args=(path, source)))
            waiting[-1].start()
        return waiting, answered, opened, lock

    def flood_threads(self, verifier, sources) -> list:
        """The same, for as many as have a thread: they are waited for, so that the queue is empty behind them."""
        before = verifier.metric("collateral_waits_total")
        threads, *_ = self.flood(verifier, sources)
        while verifier.metric("collateral_waits_total") < before + len(sources) or verifier.metric("collateral_waiting") != 0:
            self.kds.held.wait(0.02)
        return threads

    def wait_until_alive(self, waiting, num) -> None:
        while sum(thread.is_alive() for thread in waiting) > num:
            self.kds.held.wait(0.02)

    def let_go(self, verifier, waiting) -> None:
        self.kds.held.set()  # it breaks the connection off
        for thread in waiting:
            thread.join(WAIT)
        self.assertEqual(verifier.metric("collateral_waiting"), 0)

    def test_a_server_that_says_nothing_holds_up_only_those_that_need_it(self):
        """As many wait for it as may, the next is told so at once, and everybody else is served."""
        verifier = self.service(self.folder_kept, self.kds.url)
        self.kds.fault = ("leaf", "slow")
        fetching = self.flood_threads(verifier, [f"127.0.2.{i}" for i in range(1, FETCHERS + 1)])
        waiting, answered, opened, lock = self.flood(verifier, [f"127.0.1.{i}" for i in range(1, QUEUE + 6)])
        self.wait_until_alive(waiting, QUEUE)
        with lock:
            self.assertTrue(all(status == 503 and "as many requests wait" in text for status, text, _ in answered), answered)
        self.assertEqual(verifier.metric("collateral_waiting"), QUEUE)
        self.taken(verifier, self.identity)
        self.assertGreaterEqual(sum(thread.is_alive() for thread in waiting), 1)  # they still wait
        self.let_go(verifier, fetching + waiting)
        self.assertEqual({status for status, _, _ in answered}, {503})
        self.assert_waits(verifier, opened[0])

    def test_one_address_leaves_places_for_others(self):
        verifier = self.service(self.folder_kept, self.kds.url)
        self.kds.fault = ("leaf", "slow")
        fetching = self.flood_threads(verifier, ["127.0.0.1"] * (FETCHERS // 2))
        waiting, answered, _, lock = self.flood(verifier, ["127.0.0.1"] * (QUEUE // 2 + 5))
        self.wait_until_alive(waiting, QUEUE // 2)
        with lock:
            self.assertEqual(len(answered), 5)
            self.assertTrue(all(status == 429 and "from this address" in text for status, text, _ in answered), answered)
        self.assertEqual(verifier.metric("collateral_waiting"), QUEUE // 2)
        others, told, _, _ = self.flood(verifier, ["127.0.0.2", "127.0.0.3"])  # they have threads at once
        while verifier.metric("collateral_waits_total") < FETCHERS // 2 + QUEUE // 2 + 7 or verifier.metric("collateral_waiting") > QUEUE // 2:
            self.kds.held.wait(0.02)
        self.assertEqual(told, [])
        self.let_go(verifier, fetching + waiting + others)

    def test_what_makes_no_sense_is_said_at_the_start(self):
        words = ("verifier", "--json", "--signing-key", self.verifier.key_file, "--listen", "127.0.0.1:0",
                 "--store", "sqlite:" + self.path("own.db"), "--collateral")
        self.assert_fails(run(*words, "ftp://a.example"), EXIT_OURS, "CONFIG")
        self.assert_fails(run(*words, self.path("a"), "--collateral", self.path("b")), EXIT_OURS, "CONFIG")
        self.assert_fails(run(*words, self.write("no-folder", "x")), EXIT_OURS, "FILE")


if __name__ == "__main__":
    main()
