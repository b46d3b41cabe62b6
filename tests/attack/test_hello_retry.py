#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""R-08: with HelloRetryRequest the binder is over the transcript with the message_hash substitute.

The peer computes that transcript by itself, and in two wrong ways on request.
"""

from adversary import AttackTest, atlslib, faults
from tlspeer import numbers
from tlspeer.messages import replaced

RETRY = ["--groups", "secp256r1"]  # as a server, the peer is not pleased by atls's first share


@faults.fault("no-share", "client_hello", "no key share, so that the server has to ask",
              ("client",))
def no_share(hello, endpoint, _argument):
    endpoint.shares = {}
    hello.extensions = replaced(hello.extensions, numbers.KEY_SHARE, endpoint.share_body())
    return hello


class HelloRetryTest(AttackTest):
    def test_a_server_is_attested_over_a_retry(self):
        for suite in ("aes128", "chacha", "aes256"):
            with self.subTest(suite):
                words = [*self.peer.attesting(), *RETRY, "--suites", suite]
                event, report = self.assert_client_accepts(words)
                self.assertTrue(report["hrr"])
                self.assertEqual(event["result"]["verdict"]["channel"]["binder"],
                                 report["binder"]["own"])

    def test_a_client_is_attested_over_a_retry(self):
        server = self.relying_server()
        for suite in ("aes128", "chacha", "aes256"):
            with self.subTest(suite):
                words = [*self.peer.attesting(), "--suites", suite]
                event, report = self.assert_server_accepts(server, words, ["no-share"])
                self.assertTrue(report["hrr"])
                self.assertEqual(event["result"]["verdict"]["channel"]["binder"],
                                 report["binder"]["own"])

    def test_a_retry_with_a_cookie_is_one_like_any_other(self):
        _, report = self.assert_client_accepts([*self.peer.attesting(), *RETRY, "--cookie"])
        self.assertTrue(report["hrr"])

    def test_binders_over_another_transcript_are_refused(self):
        server = self.relying_server()
        for fault in ("binder-without-retry", "binder-first-hello"):
            with self.subTest(fault):
                self.assert_client_refuses([*self.peer.attesting(), *RETRY], [fault], 40,
                                           "FRESHNESS")
                self.assert_server_refuses(server, self.peer.attesting(), ["no-share", fault], 40,
                                           "FRESHNESS")

    def test_an_offer_that_changes_in_the_second_hello_is_illegal(self):
        server = self.relying_server()
        for how in ("add", "drop", "late"):
            with self.subTest(how):
                self.assert_server_refuses(server, self.peer.attesting(),
                                           ["no-share", f"changed-offer={how}"], 47, "ILLEGAL")

    def test_the_extension_in_a_retry_is_illegal(self):
        self.assert_client_refuses([*self.peer.attesting(), *RETRY], ["ext-in-hello-retry"], 47,
                                   "ILLEGAL")


if __name__ == "__main__":
    atlslib.main()
