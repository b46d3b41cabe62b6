#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The peer against itself: every suite, group, retry, client authentication, both credentials."""

import itertools
import os

import peer_support
from peer_support import Pair, PeerTest, finish, listening_port, peer_process

SUITES = {"aes128": "TLS_AES_128_GCM_SHA256", "aes256": "TLS_AES_256_GCM_SHA384",
          "chacha": "TLS_CHACHA20_POLY1305_SHA256"}
OTHER = {"x25519": "secp256r1", "secp256r1": "x25519"}


class Handshakes(PeerTest):
    def test_every_suite_group_retry_and_client_authentication(self):
        for suite, group, retry, auth in itertools.product(
                SUITES, OTHER, (False, True), ("none", "request", "require")):
            with self.subTest(suite=suite, group=group, retry=retry, auth=auth):
                server = self.files.identity("p256") + [
                    "--suites", suite, "--groups", group, "--client-auth", auth,
                    "--ca", self.files.path("ca.crt")]
                first = OTHER[group] if retry else group
                client = ["--groups", f"{first},{OTHER[first]}", "--name", "localhost",
                          "--ca", self.files.path("ca.crt")]
                client += self.files.identity("client") if auth != "none" else []
                pair = Pair(server, client)
                for side in (pair.client, pair.server):
                    self.assert_done(side.report)
                    self.assertEqual(side.report["suite"], SUITES[suite])
                    self.assertEqual(side.report["group"], group)
                    self.assertEqual(side.report["hrr"], retry)
                    self.assertTrue(side.report["echo"])
                seen = pair.server.report["peer_certificate"]
                self.assertEqual(seen is not None, auth != "none")
                self.assertEqual(pair.server.report["server_name"], "localhost")

    def test_every_kind_of_certificate_key(self):
        wanted = {"p256": "ecdsa_secp256r1_sha256", "p384": "ecdsa_secp384r1_sha384",
                  "ed25519": "ed25519"}
        for kind, scheme in wanted.items():
            with self.subTest(kind=kind):
                both = self.files.identity(kind)
                pair = Pair(both + ["--client-auth", "require"], both)
                self.assert_done(pair.client.report)
                self.assertEqual(pair.client.report["peer_signature_scheme"], scheme)
                self.assertEqual(pair.server.report["peer_signature_scheme"], scheme)

    def test_records_of_one_octet_and_no_compatibility_mode(self):
        for words in (["--record-size", "1"], ["--no-compat"], ["--record-size", "7"]):
            with self.subTest(words=words):
                pair = Pair(self.files.identity("p256") + words, words)
                self.assert_done(pair.client.report)
                self.assert_done(pair.server.report)

    def test_a_cookie_comes_back(self):
        pair = Pair(self.files.identity("p256") + ["--groups", "secp256r1", "--cookie"], [])
        self.assert_done(pair.client.report)
        self.assertTrue(pair.client.report["hrr"])

    def test_an_untrusted_chain_and_a_wrong_name_are_refused(self):
        ca = ["--ca", self.files.path("ca.crt")]
        pair = Pair(self.files.identity("p256"), ca + ["--name", "elsewhere.example"])
        self.assertEqual(pair.client.report["alert_sent"]["number"], 42)
        other = peer_support.Files()
        try:
            pair = Pair(other.identity("p256"), ca + ["--name", "localhost"])
        finally:
            other.remove()
        self.assertEqual(pair.client.report["alert_sent"]["name"], "unknown_ca")
        self.assertEqual(pair.server.report["alert_received"]["name"], "unknown_ca")
        self.assertTrue(pair.server.report["alert_received"]["encrypted"])

    def test_no_common_suite_or_group_ends_with_handshake_failure(self):
        for server, client in ((["--suites", "aes128"], ["--suites", "aes256"]),
                               (["--groups", "x25519"], ["--groups", "secp256r1"])):
            with self.subTest(server=server):
                pair = Pair(self.files.identity("p256") + server, client)
                self.assertEqual(pair.client.report["alert_received"]["number"], 40)
                self.assertFalse(pair.client.report["alert_received"]["encrypted"])
                self.assertEqual(pair.server.report["exit"], 2)

    def test_a_required_client_certificate_that_is_missing_is_alert_116(self):
        pair = Pair(self.files.identity("p256") + ["--client-auth", "require"], [])
        self.assertEqual(pair.client.report["alert_received"]["name"], "certificate_required")


class Attestation(PeerTest):
    def options(self, kind, server_attests, client_attests):
        server, client = self.files.identity("p256"), self.files.identity("client")
        if server_attests:
            server, client = server + self.files.attest(kind), client + self.files.expect(kind)
        if client_attests:
            server, client = server + self.files.expect(kind), client + self.files.attest(kind)
        return server, client

    def test_either_side_or_both_prove_themselves_with_and_without_retry(self):
        for kind, sides, suite, retry in itertools.product(
                ("psa", "tpm2"), ((True, False), (False, True), (True, True)),
                ("aes128", "aes256"), (False, True)):
            with self.subTest(kind=kind, sides=sides, suite=suite, retry=retry):
                server, client = self.options(kind, *sides)
                server += ["--suites", suite, "--groups", "secp256r1" if retry else "x25519"]
                pair = Pair(server, client)
                for attests, prover, judge in ((sides[0], pair.server, pair.client),
                                               (sides[1], pair.client, pair.server)):
                    self.assert_done(judge.report)
                    binder = judge.report["binder"]["peer"]
                    self.assertEqual(binder, prover.report["binder"]["own"])
                    self.assertEqual(binder is not None, attests)
                    if attests:
                        self.assertEqual(len(binder), 96 if suite == "aes256" else 64)
                        self.assertTrue(judge.report["peer_evidence"]["accepted"])
                self.assertEqual(pair.client.report["hrr"], retry)

    def test_both_sides_have_different_binders(self):
        pair = Pair(*self.options("psa", True, True))
        binder = pair.client.report["binder"]
        self.assertNotEqual(binder["own"], binder["peer"])

    def test_the_relying_side_decides_the_order(self):
        media_type = 'mt:application/eat+cwt; eat_profile="tag:psacertified.org,2023:psa#tfm"'
        server, client = self.options("psa", True, False)
        client += ["--offer-server", f"'{media_type}' cf:10003"]
        pair = Pair(server, client)
        self.assert_done(pair.client.report)
        self.assertEqual(pair.client.report["chosen"]["server"], media_type)

    def test_another_extension_type(self):
        server, client = self.options("psa", True, True)
        words = ["--extension-type", "0xffa7"]
        self.assert_done(Pair(server + words, client + words).client.report)
        pair = Pair(server + words, client)
        self.assertEqual(pair.client.report["alert_received"]["number"], 109)

    def test_evidence_by_another_key_is_refused(self):
        server, client = self.options("psa", True, False)
        client[client.index("--ak") + 1] = self.files.path("client.key")
        pair = Pair(server, client)
        self.assertEqual(pair.client.report["alert_sent"]["number"], 40)
        self.assertIn("psa signature", pair.client.report["error"])

    def test_a_relying_side_that_gets_no_offer_or_no_choice_refuses(self):
        server, _ = self.options("psa", False, True)
        pair = Pair(server, self.files.identity("client"))
        self.assertEqual(pair.client.report["alert_received"]["name"], "missing_extension")
        _, client = self.options("psa", True, False)
        pair = Pair(self.files.identity("p256"), client)
        self.assertEqual(pair.client.report["alert_sent"]["name"], "handshake_failure")

    def test_one_key_on_both_sides_is_refused(self):
        server, client = self.options("psa", True, True)
        for word in ("--cert", "--key"):
            client[client.index(word) + 1] = server[server.index(word) + 1]
        pair = Pair(server, client)
        self.assertEqual(pair.client.report["alert_sent"]["number"], 40)
        self.assertIn("peer's key", pair.client.report["error"])

    def test_a_cmw_from_a_file_is_sent_as_it_is(self):
        server, client = self.options("psa", True, False)
        saved = self.files.path("saved.cmw")
        self.assert_done(Pair(server, client + ["--save-cmw", saved]).client.report)
        server[server.index("--attest") + 1] = f"cmw:{saved}"
        pair = Pair(server, client)
        self.assertEqual(pair.server.sent_cmw, pair.client.peer_cmw)
        self.assertIn("psa nonce", pair.client.report["error"])
        pair = Pair(server, client + ["--tolerate"])
        self.assert_done(pair.client.report)
        self.assertFalse(pair.client.report["peer_evidence"]["accepted"])

    def test_claims_from_a_file_are_in_the_token(self):
        claims = self.files.path("claims.json")
        with open(claims, "w", encoding="utf-8") as file:
            file.write('{"psa-client-id": -5, "psa-security-lifecycle": 4096}')
        server, client = self.options("psa", True, False)
        pair = Pair(server + ["--claims", claims], client)
        self.assertIn("psa lifecycle: found 4096", pair.client.report["error"])


class CommandLine(PeerTest):
    def run_both(self, server_words, client_words):
        server = peer_process(["server", "--listen", "127.0.0.1:0", "--json", "--once"] +
                              server_words)
        port = listening_port(server)
        client = peer_process(["client", "--connect", f"127.0.0.1:{port}", "--json"] +
                              client_words)
        return finish(client), finish(server)

    def test_an_attested_echo_is_exit_0_on_both_sides(self):
        keylogs = [self.files.path(name) for name in ("server.log", "client.log")]
        client, server = self.run_both(
            self.files.identity("p256") + self.files.attest() + ["--keylog", keylogs[0]],
            self.files.expect() + ["--send", "one line", "--keylog", keylogs[1]])
        self.assertEqual((client[0], server[0]), (0, 0))
        self.assertEqual(client[1]["application_data_received"], "one line\n")
        self.assertEqual(server[1]["application_data_received"], "one line\n")
        texts = []
        for path in keylogs:
            with open(path, encoding="ascii") as file:
                texts.append(file.read())
        self.assertEqual(sorted(texts[0].split("\n")), sorted(texts[1].split("\n")))
        self.assertEqual(texts[0].count("\n"), 5)
        self.assertEqual(os.stat(keylogs[0]).st_mode & 0o777, 0o600)

    def test_an_alert_is_exit_2_on_both_sides(self):
        client, server = self.run_both(
            self.files.identity("p256") + self.files.attest() + ["--fault", "binder-random"],
            self.files.expect())
        self.assertEqual((client[0], server[0]), (2, 2))
        self.assertEqual(client[1]["alert_sent"], {"number": 40, "name": "handshake_failure"})
        self.assertEqual(server[1]["alert_received"]["number"], 40)
        self.assertEqual(server[1]["faults"], ["binder-random"])

    def test_nobody_there_is_exit_3_and_wrong_options_are_exit_1(self):
        process = peer_process(["client", "--connect", "127.0.0.1:1", "--json"])
        self.assertEqual(finish(process)[0], 3)
        for words in (["--fault", "no-such-fault"], ["--groups", "x448"],
                      ["--fault", "ext-truncated-ee"], ["--attest", "psa"]):
            process = peer_process(["client", "--connect", "127.0.0.1:1"] + words)
            self.assertEqual(finish(process)[0], 1, words)
        process = peer_process(["server", "--listen", "127.0.0.1:0", "--idle", "0.2", "--once"] +
                               self.files.identity("p256"))
        self.assertEqual(finish(process)[0], 3)


if __name__ == "__main__":
    peer_support.main()
