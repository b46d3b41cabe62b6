#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Three nodes of `atls verifier` with one PostgreSQL behind HAProxy: they are one Verifier, whoever of them dies.

A fourth node, beside HAProxy, takes a session into its hands and dies with it before the tests begin.
"""

import base64
import http.client
import os
import signal
import threading
import time

import cbor2
from cryptography.hazmat.primitives import serialization

from atlslib import EXIT_DONE, main, need, run, wait_until
from nodeslib import Balancer, Node, PsaMachine, enter_own_network
from postgreslib import Databases, Postgres
from test_verifier_forms import CWT, verify_cwt
from verifierlib import CMW, SESSION, Verifier, VerifierTest, need_built, unbase64, verify_jws

WELL_KNOWN = "/.well-known/veraison/verification"
AWAY = (502, 503, 504)  # of HAProxy, or of a node that has no store
CLIENTS = 6


class Session:
    """One session of the load, with what was acknowledged of it."""

    def __init__(self, wrong: bool):
        self.wrong, self.path, self.nonce, self.result, self.troubles = wrong, None, None, None, 0


class Load(threading.Thread):
    """A client that appraises again and again through HAProxy; what it is not told it asks for. Every third Evidence
    is over another nonce."""

    def __init__(self, test, stop: threading.Event):
        super().__init__(daemon=True)
        self.test, self.stop, self.sessions, self.failure = test, stop, [], None

    def run(self):
        try:
            while not self.stop.is_set():
                self.sessions.append(Session(len(self.sessions) % 3 == 2))
                self.appraise(self.sessions[-1])
        except BaseException as failure:  # for the thread that waits
            self.failure = failure

    def ask(self, session: Session, *words, **headers):
        """An answer of a node, or None: nobody says what became of the request."""
        client = self.test.balancer.client()
        try:
            answer = client.ask(*words, **headers)
        except (OSError, http.client.HTTPException):
            answer = None
        finally:
            client.close()
        if answer is None or answer.status in AWAY:
            session.troubles += 1
            time.sleep(0.02)
            return None
        return answer

    def appraise(self, session: Session):
        while session.path is None:
            answer = self.ask(session, "POST", "/challenge-response/v1/newSession?nonceSize=48", Accept=SESSION)
            if answer is not None:
                assert answer.status == 201, f"{answer}"
                session.nonce = unbase64(answer.json["nonce"])
                session.path = "/challenge-response/v1/" + answer.headers["Location"]
        evidence = self.test.machine.evidence(os.urandom(48) if session.wrong else session.nonce)
        while session.result is None:
            answer = self.ask(session, "POST", session.path, evidence, Content_Type=CMW, Accept=SESSION)
            if answer is None or answer.status == 409:  # an answer before this one was lost
                answer = self.ask(session, "GET", session.path, Accept=SESSION)
            if answer is None:
                continue
            assert answer.status in (200, 202), f"{session.path}: {answer}"
            status = answer.json["status"]
            assert status in ("waiting", "processing", "complete"), f"{session.path}: {answer}"
            session.result = answer.json.get("result")
            if status == "processing":
                return  # somebody died with it; the test looks again


class NodesTest(VerifierTest):
    @classmethod
    def setUpClass(cls):
        need("haproxy")
        need_built("postgres://")
        postgres = Postgres("fsync=off", "max_connections=200")
        cls.addClassCleanup(postgres.remove)
        cls.postgres = postgres
        cls.addClassCleanup(setattr, Verifier, "store", staticmethod(Verifier.store))
        Verifier.store = staticmethod(Databases(postgres))
        super().setUpClass()  # one more node, which is asked for the keys; it has a database of its own
        cls.machine = cls.psa_machine(cls.identity)
        cls.nodes = [cls.node(number) for number in (1, 2, 3)]
        cls.balancer = Balancer(cls.folder, cls.nodes)
        cls.addClassCleanup(cls.balancer.stop)
        client = cls.nodes[0].client()
        answer = client.submit(cls.corim)
        client.close()
        if answer.json["status"] != "success":
            raise AssertionError(f"provisioning: {answer}")
        cls.orphan, cls.orphan_nonce = cls.leave_orphan()

    @classmethod
    def node(cls, number: int) -> Node:
        node = Node(cls.folder, number, "--appraisers", "1")
        cls.addClassCleanup(lambda: node.process.returncode is not None or node.stop())
        return node

    @classmethod
    def psa_machine(cls, identity) -> PsaMachine:
        path = cls.path("sample.cmw")
        outcome = run("attest", *identity.own(), "--nonce", os.urandom(64).hex(), "-o", path)
        if outcome.status != EXIT_DONE:
            raise AssertionError(str(outcome))
        with open(path, "rb") as file:
            return PsaMachine(identity, file.read())

    @classmethod
    def leave_orphan(cls) -> tuple:
        """A session that a node was about to sign, as a CWT, when it died."""
        doomed = cls.node(4)
        os.kill(wait_until(lambda: doomed.pids("signer"), "a signer")[0], signal.SIGSTOP)
        watch, client = cls.nodes[1].client(), doomed.client()
        opened = watch.new("?nonceSize=64")
        path, nonce = "/challenge-response/v1/" + opened.headers["Location"], unbase64(opened.json["nonce"])

        def post():
            try:
                client.ask("POST", path, cls.machine.evidence(nonce), Content_Type=CMW, Accept=f"{SESSION}, {CWT}")
            except (OSError, http.client.HTTPException):
                pass  # it dies
        thread = threading.Thread(target=post, daemon=True)
        thread.start()
        wait_until(lambda: watch.ask("GET", path, Accept=SESSION).json["status"] == "processing", "a session in its hands")
        doomed.kill()
        thread.join()
        client.close()
        watch.close()
        return path, nonce

    def clients(self) -> list:
        found = [node.client() for node in self.nodes if node.process.poll() is None]
        for client in found:
            self.addCleanup(client.close)
        return found

    def claims_of(self, token: str, nonce: bytes, client) -> dict:
        """The claims of a Result that verifies, is of this Verifier, and for this nonce."""
        claims = verify_jws(token, client.ask("GET", WELL_KNOWN).json["ear-verification-key"])
        self.assertEqual(claims["iss"], "https://verifier.example")
        self.assertEqual(base64.urlsafe_b64decode(claims["eat_nonce"]), nonce)
        return claims

    def status_of(self, client, machine: PsaMachine) -> str:
        """The verdict about a machine by one node, in a session of its own."""
        path, nonce = self.open_session(client=client)
        answer = self.send(path, machine.evidence(nonce), client=client)
        self.assertEqual((answer.status, answer.json["status"]), (200, "complete"), str(answer))
        return self.claims_of(answer.json["result"], nonce, client)["submods"]["PSA_IOT"]["ear.status"]

    def test_1_endorsements_are_seen_by_all_once_they_are_acknowledged(self):
        for number, taker in enumerate(self.clients()):
            identity = self.keygen(f"machine{number}")
            machine = self.psa_machine(identity)
            with open(identity.endorsement, "rb") as file:
                corim = file.read()
            others = [client for client in self.clients() if client.connection.host != taker.connection.host or
                      client.connection.port != taker.connection.port]
            self.assertEqual(len(others), 2)
            self.assertEqual(self.status_of(others[0], machine), "contraindicated")
            self.assertEqual(taker.submit(corim).json["status"], "success")
            for client in others:
                self.assertEqual(self.status_of(client, machine), "warning")  # the root is a simulation

    def version(self, number: int) -> bytes:
        corim = cbor2.loads(self.corim)
        tags = corim.value[1]
        comid = cbor2.loads(tags[0].value)
        comid[1][1] = number
        tags[0] = cbor2.CBORTag(506, cbor2.dumps(comid, canonical=True))
        return cbor2.dumps(corim, canonical=True)

    def test_2_versions_go_forward_whichever_node_is_asked(self):
        """R-47, and the same when all are asked at once."""
        first, second, third = self.clients()
        self.assertEqual(first.submit(self.version(7)).json["status"], "success")
        for client in (second, third, first):
            answer = client.submit(self.version(6))
            self.assertEqual(answer.json["status"], "failed", str(answer))
            self.assertIn("endorsement", answer.json["failure-reason"])
        taken = []

        def race(client, start):
            for number in range(start, 40, 3):
                if client.submit(self.version(number)).json["status"] == "success":
                    taken.append(number)
        threads = [threading.Thread(target=race, args=(client, 10 + i))
                   for i, client in enumerate((first, second, third))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(max(taken), 39)
        for client in (first, second, third):
            self.assertEqual(client.submit(self.version(38)).json["status"], "failed")
            self.assertEqual(client.submit(self.version(39)).json["status"], "success")  # the same is no error
            self.assertEqual(self.status_of(client, self.machine), "warning")

    def test_3_a_node_dies_under_load(self):
        stop = threading.Event()
        loads = [Load(self, stop) for _ in range(CLIENTS)]
        dies = self.nodes[2]
        for load in loads:
            load.start()
        wait_until(lambda: len(dies.events("verdict")) > 20 or any(load.failure for load in loads), "verdicts of the one that dies")
        dies.kill()
        rests = [len(node.events("verdict")) for node in self.nodes[:2]]
        wait_until(lambda: any(load.failure for load in loads) or
                   all(len(node.events("verdict")) > rest + 30 for node, rest in zip(self.nodes, rests)),
                   "verdicts of those that live")
        stop.set()
        for load in loads:
            load.join()
            self.assertIsNone(load.failure)
        self.nodes[2] = self.node(3)  # back, for the tests that follow
        sessions = [session for load in loads for session in load.sessions]
        print(f"note: {len(sessions)} sessions, {sum(session.troubles for session in sessions)} answers lost, "
              f"{sum(session.result is None for session in sessions)} in the hands of the dead", end=" ", flush=True)
        clients = self.clients()
        self.assertEqual(len(clients), 3)
        for number, session in enumerate(sessions):
            self.held(session, clients[number % 3])

    def held(self, session: Session, client):
        """What was acknowledged is there, at every node, and says the right thing."""
        shown = wait_until(lambda: self.ended(client, session.path), "the end of a session")
        self.assertEqual(shown["status"], "complete", shown)
        if session.result is not None:
            self.assertEqual(shown["result"], session.result)
        submod = self.claims_of(shown["result"], session.nonce, client)["submods"]["PSA_IOT"]
        self.assertEqual(submod["ear.status"], "contraindicated" if session.wrong else "warning")

    def ended(self, client, path: str):
        """A session of which nobody has the Evidence in hand."""
        answer = client.ask("GET", path, Accept=SESSION)
        self.assertIn(answer.status, (200, 202), str(answer))
        return None if answer.json["status"] == "processing" else answer.json

    def test_4_postgresql_stops_and_comes_back(self):
        clients = self.clients()
        opened = [self.open_session(client=client) for client in clients]
        done_path, done_nonce = self.open_session(client=clients[0])
        done = self.send(done_path, self.machine.evidence(done_nonce), client=clients[0])
        self.assertEqual(done.json["status"], "complete", str(done))
        self.postgres.stop()
        for node, client, (path, nonce) in zip(self.nodes, clients, opened):
            for answer in (client.new(), self.send(path, self.machine.evidence(nonce), client=client),
                           client.ask("GET", done_path, Accept=SESSION), client.submit(self.version(40))):
                problem = self.problem(answer, 503)
                self.assertIn("store", problem["detail"])
                self.assertTrue(answer.headers["Retry-After"])
            health = client.ask("GET", "/healthz")
            self.assertEqual((health.status, health.json["store"]), (503, "failing"))
            away = node.wait("store", lambda result: result["what"] == "away")
            self.assertTrue(away)
            said = [event["error"] for event in node.events("store") if event["error"] is not None]
            self.assertEqual([error["code"] for error in said], ["STORE_UNREACHABLE"])
        self.through_haproxy(AWAY)
        self.postgres.start()
        self.through_haproxy((201,))
        for node in self.nodes:  # each finds out by itself
            node.wait("store", lambda result: result["what"] == "back")
        for number, client in enumerate(clients):
            self.assertEqual(client.ask("GET", done_path, Accept=SESSION).json, done.json)
            path, nonce = opened[number]
            other = clients[(number + 1) % 3]
            answer = self.send(path, self.machine.evidence(nonce), client=other)
            self.assertEqual(answer.status, 200, str(answer))
            self.claims_of(answer.json["result"], nonce, client)
        self.assertEqual(clients[0].submit(self.version(38)).json["status"], "failed")
        self.assertEqual(self.status_of(clients[1], self.machine), "warning")

    def through_haproxy(self, statuses):
        def answers():
            client = self.balancer.client()
            try:
                return client.new().status in statuses
            finally:
                client.close()
        wait_until(answers, f"one of {statuses} from HAProxy")

    def test_5_another_node_completes_what_a_dead_one_held(self):
        client = self.clients()[0]
        shown = wait_until(lambda: self.ended(client, self.orphan), "the end of the lease of a dead node")
        self.assertEqual(shown["status"], "complete", shown)
        self.assertEqual(shown.get("result-type"), CWT, shown)  # as its client had asked
        claims = verify_cwt(unbase64(shown["result"]), self.public_key())
        self.assertEqual((claims[10], claims[266]["PSA_IOT"][1000]), (self.orphan_nonce, 32))  # warning

    def public_key(self):
        with open(self.nodes[0].key_file, "rb") as file:
            return serialization.load_pem_private_key(file.read(), None).public_key()


if __name__ == "__main__":
    enter_own_network()
    main()
