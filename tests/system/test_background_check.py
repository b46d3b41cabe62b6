#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The background check by a remote Verifier (R-31, R-46): serve and connect against a stand-in that answers, that is not
there, late, or somebody else. Each has its own sentence, and nothing is let through."""

import json
import os
import socket
import threading

import standin
from atlslib import EXIT_CONNECTION, EXIT_DONE, EXIT_OURS, EXIT_REFUSED, broken_listener, main, run, with_more_time


class BackgroundCheckTest(standin.RelyingTest):
    # ---- what is right ----

    def test_a_peer_is_accepted_by_a_verifier_that_discovery_names(self):
        verifier = self.verifier()
        verdict = self.assert_accepts(self.connect(*self.asking(verifier)))
        self.assertEqual(verdict["verifier"], verifier.url)
        self.assertEqual(verdict["evidence"][0]["status"], "affirming")
        self.assertEqual(verdict["key_binding"], "challenge")
        self.assertEqual(verifier.asked, ["discovery", "newSession", "Evidence", "delete"])
        self.assertEqual(verifier.connections, 1)  # kept open from step to step
        self.assertEqual(verifier.evidence[0][0], standin.PSA)
        self.assertEqual(verifier.evidence[0][1][:1], b"\xd2")  # the token, without its CMW
        self.assertEqual(len(verifier.nonce), 32)

    def test_keys_may_be_pinned(self):
        verifier = self.verifier()
        verdict = self.assert_accepts(self.connect(*self.asking(verifier, *self.pinned(verifier))))
        self.assertEqual(verdict["verifier"], "https://verifier.example/id")
        self.assertNotIn("discovery", verifier.asked)

    def test_a_discovery_document_that_was_saved_has_them_too(self):
        """As `curl` has it; of the Verifier that it is pinned for, and of no other."""
        verifier, other = self.verifier(), self.verifier()
        identity = "https://verifier.example/id"

        def pinned(key, **more):
            path = self.write("discovery.json", json.dumps({"ear-verification-key": standin.jwk_of(key), **more}))
            return self.asking(verifier, "--trust-verifier", f"{identity}={path}")
        for more in ({}, {"verifier-id": identity}, {"ear-verification-keys": {"keys": [standin.jwk_of(verifier.key)]}}):
            verdict = self.assert_accepts(self.connect(*pinned(verifier.key, **more)))
            self.assertEqual(verdict["verifier"], identity)
        self.assertNotIn("discovery", verifier.asked)
        self.assert_fails(self.connect(*pinned(other.key)), EXIT_REFUSED, "RESULT_SIGNATURE")
        for wrong in ({"verifier-id": "https://verifier.example/other"}, {"verifier-id": 1}, {"ear-verification-keys": {}}):
            self.assert_fails(self.connect(*pinned(verifier.key, **wrong)), EXIT_OURS, "CONFIG")

    def test_keys_may_come_from_a_url(self):
        verifier = self.verifier()
        url = verifier.url + "/.well-known/veraison/verification"
        more = ["--trust-verifier", f"tag:verifier.example,2026:a={url}"]
        verdict = self.assert_accepts(self.connect(*self.asking(verifier, *more)))
        self.assertEqual(verdict["verifier"], "tag:verifier.example,2026:a")
        self.assertEqual(verifier.asked[0], "discovery")

    def test_a_verifier_is_known_by_its_own_certificate_too(self):
        verifier = self.verifier()
        words = self.asking(verifier)
        words[words.index(self.certificates.ca)] = self.certificates.cert
        self.assert_accepts(self.connect(*words))

    def test_plain_http_on_this_machine_with_pinned_keys(self):
        verifier = self.verifier(certificates=None)
        words = ["--require", "psa", "--verifier", verifier.url, "--plain-http", *self.pinned(verifier)]
        self.assert_accepts(self.connect(*words))

    def test_a_trustee_is_not_asked_about_what_it_does_not_take(self):
        verifier = self.verifier()
        error = self.refused(verifier, EXIT_OURS, "CONFIG", ["psa", "a format that Trustee takes"],
                             url="trustee+" + verifier.url).error
        self.assertEqual(error["claim"], "Verifier")
        for wrong in ("trustee+", "trustee+ftp://a", "trustee+http://127.0.0.1:1", "trustee+trustee+https://a", "Trustee+https://a"):
            self.assert_fails(self.connect(*self.asking(None, url=wrong)), EXIT_OURS, "CONFIG")
        self.assertEqual(verifier.asked, [])

    def test_a_session_in_the_older_flavour(self):
        for location in ("absolute", "rooted", "session/1"):
            verifier = self.verifier()
            verifier.flavour = "before"
            verifier.location = {"absolute": f"{verifier.url}/challenge-response/v1/session/9",
                                 "rooted": "/other/session/9"}.get(location, location)
            self.assert_accepts(self.connect(*self.asking(verifier)))

    def test_a_verifier_that_takes_its_time_is_polled(self):
        verifier = self.verifier()
        verifier.polls = 3
        self.assert_accepts(self.connect(*self.asking(verifier)))
        self.assertEqual(verifier.asked.count("Evidence"), 1)
        self.assertEqual(verifier.asked.count("session"), 3)

    def test_an_address_as_other_clients_have_it(self):
        verifier = self.verifier()
        url = verifier.url + "/challenge-response/v1/newSession"
        self.assert_accepts(self.connect(*self.asking(verifier, url=url)))

    def test_a_server_asks_about_its_clients(self):
        verifier = self.verifier()
        server = self.server(*self.other.own(), *self.asking(verifier))
        for count in (1, 2):
            outcome = run("connect", server.address, "--no-pkix", *self.machine.own(), *self.other.required(),
                          given=b"hello\n")
            self.assertEqual((outcome.status, outcome.out), (EXIT_DONE, b"hello\n"), outcome.err)
            self.assertEqual(len(verifier.evidence), count)
        self.assertEqual(verifier.asked.count("discovery"), 1)  # keys are kept
        self.assertEqual(verifier.connections, 1)  # and so is the connection, from handshake to handshake
        verifier.change = standin.contraindicated
        outcome = run("connect", server.address, "--no-pkix", "--json", *self.machine.own(), *self.other.required(),
                      given=b"hello\n")
        self.assertEqual(outcome.status, EXIT_REFUSED, str(outcome))

    def test_after_the_handshake_it_is_asked_with_the_binder_of_the_exporter(self):
        verifier = self.verifier()
        for timing, times in (("post", 1), ("both", 2)):
            server = self.server(*self.machine.own(), "--timing", timing)
            before = len(verifier.evidence)
            verdict = self.assert_accepts(self.connect(*self.asking(verifier, "--timing", timing), address=server.address))
            self.assertEqual((verdict["verifier"], verdict["channel"]["timing"]), (verifier.url, timing))
            self.assertEqual(len(verifier.evidence), before + times)
            self.assertEqual(verifier.nonce.hex(), verdict["channel"]["binder"])
        verifier.change = standin.contraindicated
        self.assert_fails(self.connect(*self.asking(verifier, "--timing", "both"), address=server.address), EXIT_REFUSED, "STATUS")

    def test_a_result_of_several_that_are_trusted(self):
        verifier = self.verifier()
        stranger = standin.ec.generate_private_key(standin.ec.SECP256R1())
        more = self.pinned(verifier, "https://a.example", stranger) + self.pinned(verifier, "https://b.example")
        self.assert_accepts(self.connect(*self.asking(verifier, *more)))
        verifier.change = lambda claims: claims.update(iss="https://b.example")
        self.assert_accepts(self.connect(*self.asking(verifier, *more)))
        verifier.change = lambda claims: claims.update(iss="https://a.example")
        self.refused(verifier, EXIT_REFUSED, "RESULT_SIGNATURE", "does not verify", *more)
        verifier.change = lambda claims: claims.update(iss="https://c.example")
        self.refused(verifier, EXIT_REFUSED, "RESULT", ["iss", "https://c.example"], *more)

    def test_a_key_that_was_replaced_is_fetched_anew(self):
        verifier = self.verifier()
        server = self.server(*self.other.own(), *self.asking(verifier))
        words = ["connect", server.address, "--no-pkix", *self.machine.own(), *self.other.required()]
        self.assertEqual(run(*words, given=b"a").status, EXIT_DONE)
        for expected in (EXIT_DONE, EXIT_REFUSED):  # not more often than once a minute
            verifier.key = verifier.published = standin.ec.generate_private_key(standin.ec.SECP256R1())
            self.assertEqual(run(*words, given=b"a").status, expected)
            self.assertEqual(verifier.asked.count("discovery"), 2)

    # ---- a Verifier that is not there, or is late ----

    def test_nobody_there(self):
        with broken_listener() as taken:
            words = self.asking(None, url="https://127.0.0.1:%d" % taken.getsockname()[1])
            outcome = self.assert_fails(self.connect(*words), EXIT_CONNECTION, "VERIFIER_UNREACHABLE")
            self.assertIn("keys of the Verifier", outcome.error["sentence"])
        words = self.asking(None, "--handshake-timeout", "2s", url="https://verifier.invalid")
        self.assert_fails(self.connect(*words), EXIT_CONNECTION)

    def too_late(self, step: str, polls: int, fault=None, times: int = 1):
        """A Verifier that was asked for STEP at least so often when the time of a handshake was over."""
        def attempt(limit):
            verifier = self.verifier()
            verifier.polls = polls
            if fault is not None:
                verifier.fault = lambda handler, at: at == step and fault(verifier, handler)
            outcome = self.connect(*self.asking(verifier, "--handshake-timeout", limit))
            if verifier.asked.count(step) < times:
                return None
            self.assert_fails(outcome, EXIT_CONNECTION, "VERIFIER_TIMEOUT")
            for word in ("keys of the Verifier" if step == "discovery" else step, "did not answer in time"):
                self.assertIn(word, outcome.error["sentence"])
            self.assertNotIn("hello", outcome.text)
            return verifier

        return with_more_time(attempt)

    def test_it_hangs_at_each_step(self):
        for step in ("discovery", "newSession", "Evidence", "session"):
            with self.subTest(step):
                verifier = self.too_late(step, 1, standin.StandIn.hang)
                self.assertEqual(verifier.asked.count(step), 1)

    def test_it_accepts_and_says_nothing(self):
        def attempt(limit):
            words = self.asking(None, "--handshake-timeout", limit, url="https://127.0.0.1:%d" % listener.getsockname()[1])
            outcome = self.assert_fails(self.connect(*words), EXIT_CONNECTION)
            return outcome if outcome.code != "TIMEOUT" else None  # nobody had been asked yet

        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.assertEqual(with_more_time(attempt).code, "VERIFIER_TIMEOUT")

    def test_it_drips(self):
        for step in ("newSession", "Evidence"):
            with self.subTest(step):
                self.too_late(step, 0, standin.StandIn.drip)

    def test_it_works_for_ever(self):
        verifier = self.too_late("session", 1 << 30, times=2)
        self.assertEqual(verifier.asked.count("Evidence"), 1)

    def test_it_breaks_off(self):
        def cut(handler, at, step):
            if at == step:
                handler.close_connection = True
                handler.connection.close()
            return at == step

        # asked three times where that is safe, with a kept connection found closed once more; Evidence leaves once
        for step, times in (("newSession", 4), ("Evidence", 1), ("session", 4)):
            with self.subTest(step):
                verifier = self.verifier()
                verifier.polls = 1
                verifier.fault = lambda handler, at, step=step: cut(handler, at, step)
                self.refused(verifier, EXIT_CONNECTION, "VERIFIER_UNREACHABLE", step)
                self.assertEqual(verifier.asked.count(step), times, verifier.asked)

    def test_it_is_busy(self):
        for status in (429, 503):
            with self.subTest(status):
                verifier = self.verifier()
                verifier.fault = lambda handler, at, status=status: at == "newSession" and (
                    handler.answer(status, {"title": "Busy", "detail": "come again"}, "application/problem+json",
                                   Retry_After="0") or True)
                self.refused(verifier, EXIT_CONNECTION, "VERIFIER_ANSWER",
                             [f"HTTP status {status}", "Busy", "come again"])
                self.assertEqual(verifier.asked.count("newSession"), 3)
                verifier.fault = lambda handler, at, status=status: at == "newSession" and (
                    handler.answer(status, Retry_After="3600") or True)
                self.refused(verifier, EXIT_CONNECTION, "VERIFIER_ANSWER", "3600")
                self.assertEqual(verifier.asked.count("newSession"), 4)

    def test_it_is_busy_and_then_is_not(self):
        verifier = self.verifier()
        left = [2]

        def busy(handler, at):
            if at != "newSession" or left[0] == 0:
                return False
            left[0] -= 1
            handler.answer(503)
            return True

        verifier.fault = busy
        self.assert_accepts(self.connect(*self.asking(verifier)))

    # ---- a Verifier that is somebody else ----

    def test_a_wrong_certificate_gets_nothing(self):
        stranger = standin.Certificates(self.folder, "stranger")
        elsewhere = standin.Certificates(self.folder, "elsewhere", "verifier.example")
        for certificates, trusted in ((stranger, self.certificates.ca), (elsewhere, elsewhere.ca)):
            verifier = self.verifier(certificates)
            words = self.asking(verifier, *self.pinned(verifier))
            words[words.index(self.certificates.ca)] = trusted
            outcome = self.assert_fails(self.connect(*words), EXIT_REFUSED, "VERIFIER_IDENTITY")
            self.assertIn("not the one that was named", outcome.error["sentence"])
            self.assertEqual(verifier.asked, [])

    def test_the_environment_changes_nothing(self):
        verifier = self.verifier()
        keylog = self.path("keylog")
        env = {"SSLKEYLOGFILE": keylog, "SSL_CERT_FILE": self.certificates.ca, "https_proxy": "http://127.0.0.1:1",
               "ALL_PROXY": "http://127.0.0.1:1", "CURL_CA_BUNDLE": self.certificates.ca}
        outcome = run("connect", self.attested.address, "--no-pkix", "--json", *self.asking(verifier), given=b"hello\n",
                      env=env)
        self.assert_accepts(outcome)
        self.assertFalse(os.path.exists(keylog) and os.path.getsize(keylog), "secrets in SSLKEYLOGFILE")
        stranger = self.verifier(standin.Certificates(self.folder, "named-by-environment"))
        env["SSL_CERT_FILE"] = env["CURL_CA_BUNDLE"] = self.path("named-by-environment-ca.pem")
        outcome = run("connect", self.attested.address, "--no-pkix", "--json", *self.asking(stranger), given=b"hello\n",
                      env=env)
        self.assert_fails(outcome, EXIT_REFUSED, "VERIFIER_IDENTITY")

    def test_it_sends_elsewhere(self):
        other = self.verifier()
        for status, location in ((301, other.url), (302, other.url), (307, other.url), (308, other.url)):
            with self.subTest(status):
                verifier = self.verifier()
                verifier.fault = lambda handler, at, s=status, to=location: at == "newSession" and (
                    handler.answer(s, Location=to + "/challenge-response/v1/newSession") or True)
                self.refused(verifier, EXIT_CONNECTION, "VERIFIER_ANSWER", f"HTTP status {status}")
        for location in (f"{other.url}/challenge-response/v1/session/1", f"//127.0.0.1:{other.port}/session/1",
                         "http://127.0.0.1/session", "../../x", ""):
            with self.subTest(location):
                verifier = self.verifier()
                verifier.location = location
                self.refused(verifier, EXIT_CONNECTION, "VERIFIER_ANSWER", "Location")
                self.assertEqual(verifier.evidence, [])
        self.assertEqual(other.asked, [])

    # ---- usage, load ----

    def test_options_that_do_not_go_together(self):
        verifier = self.verifier()
        ca = self.certificates.ca
        base = ["--verifier", verifier.url, "--verifier-ca", ca]
        wrong = {
            "without --require": base,
            "beside endorsements": ["--require", "psa", "--endorsements", self.machine.endorsement, *base],
            "without a CA": ["--require", "psa", "--verifier", verifier.url],
            "a CA alone": ["--require", "psa", "--endorsements", self.machine.endorsement, "--verifier-ca", ca],
            "keys alone": ["--require", "psa", "--endorsements", self.machine.endorsement, *self.pinned(verifier)],
            "plain HTTP unsaid": ["--require", "psa", "--verifier", "http://127.0.0.1:1", *self.pinned(verifier)],
            "plain HTTP without keys": ["--require", "psa", "--verifier", "http://127.0.0.1:1", "--plain-http"],
            "plain HTTP elsewhere": ["--require", "psa", "--verifier", "http://192.0.2.1", "--plain-http",
                                     *self.pinned(verifier)],
            "no URL": ["--require", "psa", "--verifier", "verifier", "--verifier-ca", ca],
            "no URI": ["--require", "psa", *base, "--trust-verifier", f"name={ca}"],
            "no keys": ["--require", "psa", *base, "--trust-verifier", "https://v.example"],
            "keys over HTTP": ["--require", "psa", *base, "--trust-verifier", "tag:v=http://127.0.0.1/"],
            "keys that are none": ["--require", "psa", *base, "--trust-verifier",
                                   f"https://v.example={self.write('none.json', '{}')}"],
            "the same twice": ["--require", "psa", *base, *self.pinned(verifier), *self.pinned(verifier)],
            "a CA that is none": ["--require", "psa", "--verifier", verifier.url, "--verifier-ca",
                                  self.machine.path("attester.json")],
            "a file that is not there": ["--require", "psa", "--verifier", verifier.url, "--verifier-ca", "/nowhere"],
        }
        for name, words in wrong.items():
            with self.subTest(name):
                words = [word for word in words]
                outcome = self.assert_fails(run("connect", self.attested.address, "--json", "--no-pkix", *words)
                                            if "--require" in words else
                                            run("connect", self.attested.address, "--json", *words), EXIT_OURS)
                self.assertIn(outcome.code, ("CONFIG", "FILE", "KEY"), str(outcome))
        self.assertEqual(verifier.asked, [])

    def test_many_handshakes_share_the_verifier(self):
        verifier = self.verifier()
        server = self.server(*self.other.own(), *self.asking(verifier))
        outcomes = []

        def one():
            outcomes.append(run("connect", server.address, "--no-pkix", *self.machine.own(), *self.other.required(),
                                given=b"hello\n").status)

        threads = [threading.Thread(target=one) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(outcomes, [EXIT_DONE] * 8)
        self.assertEqual(verifier.asked.count("Evidence"), 8)
        self.assertLessEqual(verifier.connections, 8)


if __name__ == "__main__":
    main()
