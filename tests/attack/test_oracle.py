#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""R-05, R-07, R-20: nobody gets Evidence for a handshake by asking for it with a nonce."""

import json
import os
import shutil

from adversary import AttackTest, atlslib

HANDSHAKE_LENGTHS = (32, 48)


class OracleTest(AttackTest):
    def attest(self, nonce: bytes, *more, identity=None):
        return atlslib.run("attest", "--json", *(identity or self.atls).own(), "--nonce",
                           nonce.hex(), *more)

    def assert_lengths_refused(self, identity) -> None:
        for length in HANDSHAKE_LENGTHS:
            with self.subTest(length):
                outcome = self.attest(os.urandom(length), identity=identity)
                self.assert_fails(outcome, atlslib.EXIT_OURS, "NONCE_LENGTH")
        for zeros in (16, 32):
            with self.subTest(zeros=zeros):
                padded = os.urandom(64 - zeros) + bytes(zeros)
                outcome = self.attest(padded, identity=identity)
                self.assert_fails(outcome, atlslib.EXIT_OURS, "NONCE_LENGTH")

    def test_nonces_that_look_like_a_binder_are_refused(self):
        self.assert_lengths_refused(self.atls)
        for length in (0, 65, 256):
            with self.subTest(length):
                outcome = self.attest(os.urandom(length))
                self.assert_fails(outcome, atlslib.EXIT_OURS)
        self.assert_done(self.attest(os.urandom(64)))
        self.assert_done(self.attest(os.urandom(48) + b"\1" + bytes(15)))

    def test_a_tpm_refuses_them_as_well(self):
        tpm = self.tpm()
        identity = self.keygen("with-tpm", "--tcti", tpm.tcti, rot="tpm2")
        self.assert_lengths_refused(identity)
        self.assert_done(self.attest(os.urandom(33), identity=identity))

    def test_evidence_over_an_outside_nonce_does_not_serve_a_handshake(self):
        cmw = self.path("outside.cmw")
        self.assert_done(self.attest(os.urandom(64), "-o", cmw))
        words = [*self.ours.tls(), "--attest", f"cmw:{cmw}"]
        self.assert_client_refuses(words, [], 40, "FRESHNESS", of=self.atls)
        replayer = atlslib.Identity(self.path("replayer"))
        os.mkdir(replayer.folder)
        for name in ("cert.pem", "key.pem"):
            shutil.copy(self.atls.path(name), replayer.path(name))
        with open(replayer.path("attester.json"), "w", encoding="utf-8") as file:
            json.dump({"rot": "sim-replay-psa", "format": "psa", "file": cmw}, file)
        server = self.server(*replayer.own())
        outcome = atlslib.run(*self.client_words(server.address, self.atls), given=b"x\n")
        self.assert_fails(outcome, atlslib.EXIT_REFUSED, "FRESHNESS")

    def test_there_is_no_option_for_a_binder_or_another_key(self):
        for option in ("--binder", "--spki", "--transcript", "--raw-nonce", "--key"):
            with self.subTest(option):
                outcome = self.attest(os.urandom(64), option, "00")
                self.assert_fails(outcome, atlslib.EXIT_OURS, "CONFIG")


if __name__ == "__main__":
    atlslib.main()
