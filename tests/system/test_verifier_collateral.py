#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`atls verifier --endorsements`: collateral from files, without which Evidence of TDX and SGX is not appraised."""

import datetime
import json
import os
import shutil
import signal

from cryptography.hazmat.primitives import serialization

from atlslib import EXIT_DONE, EXIT_OURS, main, run
from verifierlib import Verifier, VerifierTest, unbase64

CORIM = "application/rim+cbor"
INTEL = ("sim-tdx", "sim-sgx")
ALL = (*INTEL, "sim-snp")  # which brings its collateral along


def days_ago(days: int) -> str:
    return (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


class CollateralTest(VerifierTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.machines = {rot: cls.keygen(rot, rot=rot) for rot in ALL}
        cls.ended = days_ago(1)
        cls.machines["stale"] = cls.keygen("stale", "--set", "made=" + days_ago(20), "--set", "tcb.until=" + cls.ended, rot="sim-tdx")
        cls.kept = cls.path("kept")
        os.mkdir(cls.kept)
        for name in (*INTEL, "stale"):
            cls.keep(name)
        cls.with_it = cls.provisioned("with", "--endorsements", cls.kept)
        cls.folder_of_one = cls.path("one")
        os.mkdir(cls.folder_of_one)
        shutil.copy(cls.path("sim-sgx", "cert.pem"), cls.folder_of_one)  # collateral, of nobody here
        cls.changing = cls.provisioned("changing", "--endorsements", cls.folder_of_one)

    @classmethod
    def keep(cls, name: str) -> None:
        shutil.copy(cls.path(name, "collateral.json"), os.path.join(cls.kept, name + ".json"))

    @classmethod
    def provisioned(cls, name: str, *words) -> Verifier:
        verifier = Verifier(cls.folder, *words, name=name)
        cls.addClassCleanup(verifier.stop)
        client = verifier.client()
        for machine in cls.machines.values():
            with open(machine.endorsement, "rb") as file:
                answer = client.submit(file.read(), CORIM)
            if answer.status != 200 or answer.json["status"] != "success":
                raise AssertionError(str(answer))
        client.close()
        return verifier

    def submod(self, verifier, name: str) -> dict:
        client = verifier.client()
        self.addCleanup(client.close)
        path, nonce = self.open_session(client=client)
        answer = self.send(path, self.evidence(nonce, self.machines[name]), client=client)
        self.assertEqual((answer.status, answer.json["status"]), (200, "complete"), str(answer))
        submod, = json.loads(unbase64(answer.json["result"].split(".")[1]))["submods"].values()
        return submod

    def refused(self, verifier, name: str, *words) -> None:
        submod = self.submod(verifier, name)
        self.assertEqual(submod["ear.status"], "contraindicated")
        self.assertNotIn("ear.veraison.annotated-evidence", submod)
        for word in words:
            self.assertIn(word, submod["ear.veraison.policy-claims"]["problem"])

    def reload(self, verifier) -> dict:
        before = len(verifier.events("reload"))
        verifier.process.send_signal(signal.SIGHUP)
        verifier.wait("reload", lambda result: len(verifier.events("reload")) > before)
        return verifier.events("reload")[-1]

    def test_each_is_appraised_as_it_is_in_process(self):
        client = self.with_it.client()
        self.addCleanup(client.close)
        for rot in ALL:
            with self.subTest(rot):
                own = (self.machines[rot].endorsement, *([self.path(rot, "collateral.json")] if rot in INTEL else []))
                path, nonce = self.open_session(client=client)
                body = self.evidence(nonce, self.machines[rot])
                here = self.assert_done(run("appraise", self.path("evidence.cmw"), "--nonce", nonce.hex(), "--simulated", "--json",
                                            *(word for file in own for word in ("--endorsements", file))))
                name, expected = here.objects[-1]["result"]["ear"]["submods"].popitem()
                answer = self.send(path, body, client=client)
                submods = json.loads(unbase64(answer.json["result"].split(".")[1]))["submods"]
                self.assertEqual(expected["ear.status"], "warning")  # the root is a simulation
                for claim in ("ear.status", "ear.trustworthiness-vector", "ear.veraison.annotated-evidence"):
                    self.assertEqual(submods[name][claim], expected[claim])

    def test_a_client_has_them_appraised(self):
        with open(self.with_it.key_file, "rb") as file:
            public = serialization.load_pem_private_key(file.read(), None).public_key()
        keys = self.write("signing.pub", public.public_bytes(serialization.Encoding.PEM,
                                                             serialization.PublicFormat.SubjectPublicKeyInfo))
        for rot in ALL:
            with self.subTest(rot):
                server = self.server(*self.machines[rot].own())
                outcome = run("connect", server.address, "--no-pkix", "--require", rot.removeprefix("sim-"), "--simulated",
                              "--plain-http", "--verifier", self.with_it.listening["id"], "--trust-verifier",
                              f"{self.with_it.listening['id']}={keys}", given=b"hello\n")
                self.assertEqual((outcome.status, outcome.out), (EXIT_DONE, b"hello\n"), str(outcome))

    def test_without_it_the_result_says_which_part_is_missing(self):
        self.refused(self.changing, "sim-tdx", "list of revoked certificates: found none", "that of Intel SGX PCK Platform CA")
        self.assertEqual(self.submod(self.changing, "sim-snp")["ear.status"], "warning")  # brings its own

    def test_what_is_not_of_its_time_is_refused(self):
        self.refused(self.with_it, "stale", "collateral", "nextUpdate: found " + self.ended)

    def test_it_is_read_again(self):
        path = os.path.join(self.folder_of_one, "tdx.json")
        shutil.copy(self.path("sim-tdx", "collateral.json"), path)
        self.assertIsNone(self.reload(self.changing)["error"])
        for _ in range(4):  # whichever appraiser it is
            self.assertEqual(self.submod(self.changing, "sim-tdx")["ear.status"], "warning")
        with open(path, "w", encoding="ascii") as file:
            file.write("{}")
        self.assertEqual(self.reload(self.changing)["error"]["code"], "ENDORSEMENT")
        self.assertEqual(self.submod(self.changing, "sim-tdx")["ear.status"], "warning")  # what was there stays
        os.remove(path)
        self.assertIsNone(self.reload(self.changing)["error"])
        for _ in range(4):
            self.refused(self.changing, "sim-tdx", "list of revoked certificates: found none")

    def test_an_appraiser_that_is_replaced_has_it(self):
        for pid in self.with_it.pids("appraiser"):
            os.kill(pid, signal.SIGKILL)
            self.with_it.wait("process", lambda result, pid=pid: result["what"] == "ended" and result["pid"] == pid)
        self.assertEqual(self.submod(self.with_it, "sim-tdx")["ear.status"], "warning")

    def test_only_collateral_is_taken_from_files(self):
        words = ("verifier", "--json", "--signing-key", self.verifier.key_file, "--listen", "127.0.0.1:0",
                 "--store", "sqlite:" + self.path("own.db"), "--endorsements")
        certificate = self.path("sim-tdx", "cert.pem")
        outcome = self.assert_fails(run(*words, self.machines["sim-tdx"].endorsement), EXIT_OURS, "ENDORSEMENT")
        self.assertIn("submitted", outcome.error["sentence"])
        outcome = self.assert_fails(run(*words, "tdx@" + certificate), EXIT_OURS, "ENDORSEMENT")
        self.assertIn("trust anchor", outcome.error["sentence"])
        self.assert_fails(run(*words, self.write("other", "something else")), EXIT_OURS, "ENDORSEMENT")
        self.assert_fails(run(*words, self.path("absent")), EXIT_OURS, "FILE")


if __name__ == "__main__":
    main()
