#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""--resume: sessions that connect keeps between its runs, who takes them, and who does not."""

import hashlib
import json
import os
import signal
import socket
import threading

from atlslib import EXIT_CONNECTION, EXIT_OURS, EXIT_REFUSED, SystemTest, main, run

SIXTY_HEX = 64


class ResumeTest(SystemTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server_id, cls.client_id = cls.keygen("server"), cls.keygen("client")
        cls.mutual = cls.server_for_class(*cls.server_id.own(), *cls.client_id.required(),
                                          "--resume")
        cls.expect = ["--no-pkix", *cls.server_id.required(), "--resume"]

    def setUp(self):
        self.home = self.path(self.id().rpartition(".")[2])
        self.env = {"XDG_STATE_HOME": self.home}

    def connect(self, server, *words, env=None):
        return run("connect", server.address, "--json", *self.client_id.own(), *self.expect,
                   *words, given=b"x\n", env=env or self.env)

    def resumed(self, outcome) -> bool:
        """Whether a connection that succeeded was resumed."""
        self.assert_done(outcome)
        verdict = outcome.objects[0]["result"]["verdict"]
        channel = verdict["channel"]
        self.assertTrue(verdict["accepted"])
        self.assertEqual(channel["binder"] is None, channel["resumed"])
        self.assertEqual(channel["appraised_at"] is None, not channel["resumed"])
        self.assertEqual(outcome.objects[1]["result"], {"text": "x\n"})
        return channel["resumed"]

    def sessions(self) -> list:
        folder = os.path.join(self.home, "atls", "sessions")
        return [os.path.join(folder, name) for name in sorted(os.listdir(folder))]

    def policy(self, name: str, **members) -> list:
        return ["--policy", self.write(name + ".json", json.dumps({"version": 1, "id": name, **members}))]

    def test_the_second_connection_is_resumed_and_says_of_when_it_is(self):
        self.assertFalse(self.resumed(self.connect(self.mutual)))
        second = self.connect(self.mutual)
        self.assertTrue(self.resumed(second))
        third = self.connect(self.mutual)
        self.assertTrue(self.resumed(third))
        found = [outcome.objects[0]["result"]["verdict"] for outcome in (second, third)]
        self.assertEqual(found[0]["channel"]["appraised_at"], found[1]["channel"]["appraised_at"])
        self.assertEqual(found[0]["peer"], found[1]["peer"])
        self.assertEqual(found[0]["evidence"][0]["format"], "psa")
        events = [event["result"]["verdict"]["channel"]["resumed"]
                  for event in self.mutual.events("connection")]
        self.assertIn(True, events)
        said = run("connect", self.mutual.address, *self.client_id.own(), *self.expect,
                   given=b"x\n", env=self.env)
        self.assert_done(said)
        self.assertRegex(said.err, r"atls connect: resumed, as of \d+ s ago: we attested by psa; "
                                   r"peer attested by psa: warning \(simulated root of trust\)")

    def test_a_session_is_a_secret_that_is_used_once(self):
        self.connect(self.mutual)
        found = self.sessions()
        self.assertEqual(len(found), 1)
        self.assertEqual(len(os.path.basename(found[0])), SIXTY_HEX)
        self.assertEqual(os.stat(found[0]).st_mode & 0o777, 0o600)
        self.assertEqual(os.stat(os.path.dirname(found[0])).st_mode & 0o777, 0o700)
        with open(found[0], "rb") as file:
            first = file.read()
        self.assertTrue(self.resumed(self.connect(self.mutual)))
        with open(found[0], "rb") as file:
            self.assertNotEqual(file.read(), first)

    def test_a_session_is_gone_when_its_connection_comes_to_nothing(self):
        self.connect(self.mutual)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
            named = hashlib.sha256(f"127.0.0.1\n{port}\n127.0.0.1".encode()).hexdigest()
            path = os.path.join(os.path.dirname(self.sessions()[0]), named)
            os.rename(self.sessions()[0], path)
            thread = threading.Thread(target=lambda: listener.accept()[0].close())
            thread.start()
            outcome = run("connect", f"127.0.0.1:{port}", "--json", *self.client_id.own(),
                          *self.expect, env=self.env)
            thread.join()
        self.assert_fails(outcome, EXIT_CONNECTION, "CONNECTION")
        self.assertEqual(self.sessions(), [])

    def test_without_the_option_nothing_is_kept(self):
        words = [word for word in self.expect if word != "--resume"]
        self.assert_done(run("connect", self.mutual.address, *self.client_id.own(), *words,
                             given=b"x\n", env=self.env))
        self.assertFalse(os.path.exists(self.home))

    def test_a_file_that_others_could_have_written_is_not_taken(self):
        def spoil_mode(path):
            os.chmod(path, 0o640)

        def spoil_link(path):
            os.rename(path, path + ".other")
            os.symlink(path + ".other", path)

        def spoil_content(path):
            with open(path, "ab") as file:
                file.write(b"x")

        def spoil_all(path):
            with open(path, "wb") as file:
                file.write(b"\x30\x00")

        for spoil in (spoil_mode, spoil_link, spoil_content, spoil_all):
            with self.subTest(spoil.__name__):
                self.assertFalse(self.resumed(self.connect(
                    self.mutual, env={"XDG_STATE_HOME": self.home + spoil.__name__})))
                folder = os.path.join(self.home + spoil.__name__, "atls", "sessions")
                spoil(os.path.join(folder, os.listdir(folder)[0]))
                outcome = self.connect(self.mutual,
                                       env={"XDG_STATE_HOME": self.home + spoil.__name__})
                self.assertFalse(self.resumed(outcome))
                self.assertIn(": a full handshake", outcome.err)

    def test_a_folder_that_others_can_use_is_not_used(self):
        folder = os.path.join(self.home, "atls", "sessions")
        os.makedirs(folder)
        os.chmod(folder, 0o755)
        outcome = self.connect(self.mutual)
        self.assertFalse(self.resumed(outcome))
        self.assertIn("a folder that others can use", outcome.err)
        self.assertEqual(os.listdir(folder), [])
        outcome = self.connect(self.mutual, env={"XDG_STATE_HOME": "", "HOME": ""})
        self.assertFalse(self.resumed(outcome))
        self.assertIn("neither XDG_STATE_HOME nor HOME names a folder", outcome.err)

    def test_another_policy_is_another_appraisal(self):
        self.assertFalse(self.resumed(self.connect(self.mutual)))
        outcome = self.connect(self.mutual, *self.policy("other"))
        self.assertFalse(self.resumed(outcome))
        self.assertIn("an appraisal by another policy, requirement or endorsement", outcome.err)
        self.assertTrue(self.resumed(self.connect(self.mutual, *self.policy("other"))))
        self.assertFalse(self.resumed(self.connect(self.mutual, *self.policy(
            "other", max_result_age_s=299))))

    def test_another_identity_of_ours_does_not_use_it(self):
        other = self.keygen("other")
        self.assertFalse(self.resumed(self.connect(self.mutual)))
        outcome = run("connect", self.mutual.address, "--json", *other.own(), *self.expect,
                      given=b"x\n", env=self.env)
        self.assertEqual((outcome.status, outcome.code), (EXIT_REFUSED, "PEER_REFUSED"))
        self.assertIn("another name, trust or certificate of ours", outcome.err)

    def test_what_is_revoked_since_is_refused(self):
        self.assertFalse(self.resumed(self.connect(self.mutual)))
        server_key = self.connect(self.mutual).objects[0]["result"]["verdict"]["peer"]["spki_sha256"]
        revoked = self.write("revoked.json", json.dumps(
            [{"kind": "spki", "value": server_key, "from": "2026-01-01T00:00:00Z"}]))
        outcome = self.connect(self.mutual, "--revoked", revoked)
        self.assertEqual((outcome.status, outcome.code), (EXIT_REFUSED, "REVOKED"))
        self.assertIn("(key of the earlier appraisal: found spki ", outcome.err)
        self.assertEqual(outcome.error["claim"], "key of the peer")

    def test_a_server_that_reads_its_files_again_knows_no_ticket_of_before(self):
        server = self.server(*self.server_id.own(), *self.client_id.required(), "--resume")
        self.assertFalse(self.resumed(self.connect(server)))
        self.assertTrue(self.resumed(self.connect(server)))
        server.signal(signal.SIGHUP)
        server.err.wait(lambda line: "read again" in line, "the end of SIGHUP")
        self.assertFalse(self.resumed(self.connect(server)))
        self.assertTrue(self.resumed(self.connect(server)))

    def test_a_server_without_it_gives_no_tickets(self):
        server = self.server(*self.server_id.own(), *self.client_id.required())
        for _ in range(2):
            self.assertFalse(self.resumed(self.connect(server)))
        self.assertEqual(self.sessions(), [])

    def test_it_goes_with_the_handshake_only(self):
        for timing, why in (("post", "attestation after the handshake (expat) forbids tickets"),
                            ("both", "attestation after the handshake (expat) forbids tickets"),
                            ("certificate", "the Evidence in a certificate is looked at each time")):
            for words in (["connect", self.mutual.address, *self.expect],
                          ["serve", "127.0.0.1:0", *self.server_id.own(),
                           *self.client_id.required(), "--resume"]):
                with self.subTest(timing=timing, verb=words[0]):
                    outcome = run(*words, "--json", "--timing", timing, env=self.env)
                    self.assert_fails(outcome, EXIT_OURS, "CONFIG")
                    self.assertEqual(
                        outcome.error["sentence"],
                        f"--resume: the configuration is not valid (--timing: found {timing}, "
                        f"expected --timing handshake: {why})")

    def test_it_is_a_key_of_the_configuration_file(self):
        config = self.write("client.json", json.dumps({"resume": True}))
        words = [word for word in self.expect if word != "--resume"]
        for expected in (False, True):
            outcome = run("connect", self.mutual.address, "--json", *self.client_id.own(), *words,
                          "--config", config, given=b"x\n", env=self.env)
            self.assertEqual(self.resumed(outcome), expected)


if __name__ == "__main__":
    main()
