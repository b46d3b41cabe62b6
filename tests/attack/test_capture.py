#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""R-01, R-61: what is on the wire between two programs, as a capture and a key log show it.

tests/interop/binder_check.py decrypts it and computes each binder anew.
"""

import json
import os
import shutil
import subprocess
import sys

from adversary import TESTS, AttackTest, Middle, atlslib, connect

CHECK = os.path.join(TESTS, "interop", "binder_check.py")


class CaptureTest(AttackTest):
    def check(self, capture: str, keylog: str):
        done = subprocess.run([sys.executable, "-B", CHECK, capture, keylog], check=False,
                              timeout=atlslib.WAIT, stdout=subprocess.PIPE)
        return done.returncode, json.loads(done.stdout)

    def captured(self, name: str, server_words, client_words):
        """Two programs through a wire that records: (capture, key log, what was on the wire)."""
        keylog, capture = self.path(name + ".log"), self.path(name + ".pcap")
        server = self.server(*server_words, "--keylog", keylog)
        middle = Middle(server.address, words=["--pcap", capture, "--record", self.path(name)])
        outcome = atlslib.run("connect", middle.address, "--json", *client_words, given=b"hi\n")
        self.assert_done(outcome)
        middle.finish()
        self.assertEqual(os.stat(keylog).st_mode & 0o777, 0o600)
        server.err.wait(lambda line: "warning" in line, "a warning of the key log")
        verdict = outcome.objects[0]["result"]["verdict"]
        wire = b""
        for direction in ("c2s", "s2c"):
            with open(self.path(f"{name}.{direction}"), "rb") as file:
                wire += file.read()
        return capture, keylog, verdict, wire

    def assert_equal_binders(self, name, ours, theirs):
        """Mutual attestation: two binders, both equal to what the capture gives."""
        capture, keylog, verdict, wire = self.captured(
            name, [*ours.own(), *theirs.required()],
            [*theirs.own(), *ours.required(), "--no-pkix"])
        status, found = self.check(capture, keylog)
        self.assertEqual((status, found["compared"]), (0, 2), found)
        sides = {side["role"]: side for side in found["connections"][0]["attesters"]}
        self.assertEqual(sides["server"]["binder"], verdict["channel"]["binder"])
        self.assertNotEqual(sides["server"]["binder"], sides["client"]["binder"])
        return wire, sides

    def test_psa_binders_equal_those_of_the_capture(self):
        wire, sides = self.assert_equal_binders("psa", self.atls, self.peer)
        # No part of the Evidence goes in clear, nor what names the machine.
        for octets in (self.peer.attester()["claims"]["instance-id"],
                       self.atls.attester()["claims"]["instance-id"],
                       sides["server"]["binder"], sides["client"]["binder"]):
            self.assertNotIn(bytes.fromhex(octets), wire)
        self.assertNotIn(b"psacertified.org,2023:psa#tfm\x19", wire)

    def test_tpm_binders_equal_those_of_the_capture(self):
        machines = [self.keygen(name, "--tcti", self.tpm().tcti, rot="tpm2")
                    for name in ("tpm-server", "tpm-client")]
        wire, _ = self.assert_equal_binders("tpm2", *machines)
        for machine in machines:
            self.assertNotIn(bytes.fromhex(machine.attester()["kid"]), wire)

    def test_another_binder_is_seen_to_be_another(self):
        """The check itself: a replaying attester's nonce is not the binder."""
        stolen = self.path("stolen.cmw")
        genuine = self.server(*self.atls.own())
        connect(genuine.address, *self.ours.expected(), "--save-cmw", stolen)
        replayer = atlslib.Identity(self.path("replayer"))
        os.mkdir(replayer.folder)
        for name in ("cert.pem", "key.pem"):
            shutil.copy(self.atls.path(name), replayer.path(name))
        with open(replayer.path("attester.json"), "w", encoding="utf-8") as file:
            json.dump({"rot": "sim-replay-psa", "format": "psa", "file": stolen}, file)
        keylog, capture = self.path("replay.log"), self.path("replay.pcap")
        server = self.server(*replayer.own(), "--keylog", keylog)
        middle = Middle(server.address, words=["--pcap", capture])
        connect(middle.address, *self.ours.expected(), "--tolerate")
        middle.finish()
        status, found = self.check(capture, keylog)
        self.assertEqual((status, found["ok"]), (2, False), found)

    def test_a_client_s_key_log_serves_as_well(self):
        keylog, capture = self.path("client.log"), self.path("client.pcap")
        server = self.server(*self.atls.own())
        middle = Middle(server.address, words=["--pcap", capture])
        outcome = atlslib.run(*self.client_words(middle.address, self.atls), "--keylog", keylog,
                              given=b"x\n")
        self.assert_done(outcome)
        middle.finish()
        self.assertEqual(self.check(capture, keylog)[0], 0)

    def test_a_client_gives_no_evidence_where_none_was_asked_for(self):
        """R-61, R-62: a server that does not ask learns neither machine nor key."""
        server = self.server(*self.atls.own(), "--keylog", self.path("quiet.log"))
        middle = Middle(server.address, words=["--pcap", self.path("quiet.pcap")])
        outcome = atlslib.run("connect", middle.address, "--json", *self.peer.own(), "--no-pkix",
                              *self.atls.required(), given=b"x\n")
        self.assert_done(outcome)
        middle.finish()
        _, found = self.check(self.path("quiet.pcap"), self.path("quiet.log"))
        roles = [side["role"] for side in found["connections"][0]["attesters"]]
        self.assertEqual(roles, ["server"])
        event = atlslib.wait_until(lambda: server.events("connection"), "an event")[0]
        self.assertIsNone(event["result"]["verdict"]["peer"]["spki_sha256"])


if __name__ == "__main__":
    atlslib.main()
