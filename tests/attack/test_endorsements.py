#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""R-47: whoever can put a file among the endorsements does not thereby say who is trusted.

With --endorsement-key only what that key signed counts; everything else ends the program before
it talks to anybody.
"""

import os
import signal

from adversary import SECRET, AttackTest, PeerServer, atlslib, ec, pem_of, public_pem

EXPECTED = (atlslib.EXIT_REFUSED, atlslib.EXIT_OURS)


class EndorsementsTest(AttackTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.maker, cls.other = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        cls.keys = {}
        for name, key in (("maker", cls.maker), ("other", cls.other)):
            cls.write(name + ".key", pem_of(key))
            cls.keys[name] = cls.write(name + ".pub", public_pem(key))
        cls.signed = cls.sign("maker", "signed.corim")

    @classmethod
    def sign(cls, name: str, file: str, *more) -> str:
        outcome = atlslib.run("corim", "sign", cls.peer.endorsement, "--key",
                              cls.path(name + ".key"), "-o", cls.path(file), *more)
        if outcome.status != atlslib.EXIT_DONE:
            raise AssertionError(str(outcome))
        return cls.path(file)

    def words(self, address: str, *more) -> list:
        return ["connect", address, "--json", "--no-pkix", "--require", "psa", "--simulated", *more]

    def assert_taken(self, *more):
        peer = PeerServer(*self.peer.attesting())
        self.assert_done(atlslib.run(*self.words(peer.address, *more), given=b"x\n"))
        peer.finish()

    def assert_refused(self, *more):
        """Not by the peer's fault: nobody is there at that port, and nobody is asked."""
        outcome = atlslib.run(*self.words("127.0.0.1:1", *more), given=SECRET)
        self.assertIn(outcome.status, EXPECTED, str(outcome))
        self.assertNotEqual(outcome.code, "CONNECTION", str(outcome))
        self.assertEqual(len(outcome.sentences()), 1, str(outcome))
        return outcome

    def of_maker(self, path: str) -> list:
        return ["--endorsements", path, "--endorsement-key", self.keys["maker"]]

    def test_what_the_named_key_signed_is_taken(self):
        self.assert_taken(*self.of_maker(self.signed))
        self.assert_taken(*self.of_maker(self.signed), "--endorsement-key", self.keys["other"])

    def test_what_nobody_or_another_signed_is_refused(self):
        self.assertEqual(self.assert_refused(*self.of_maker(self.peer.endorsement)).status,
                         atlslib.EXIT_REFUSED)
        another = self.sign("other", "another.corim")
        self.assertEqual(self.assert_refused(*self.of_maker(another)).status,
                         atlslib.EXIT_REFUSED)

    def test_a_signature_that_nobody_is_named_for_is_no_endorsement(self):
        self.assert_refused("--endorsements", self.signed)

    def test_a_changed_octet_anywhere_is_refused(self):
        with open(self.signed, "rb") as file:
            good = file.read()
        for at in range(0, len(good), 23):
            with self.subTest(at):
                changed = self.write("changed.corim",
                                     good[:at] + bytes([good[at] ^ 1]) + good[at + 1:])
                self.assert_refused(*self.of_maker(changed))
        for cut in (good[:-1], good + b"\0", good[:40]):
            self.assert_refused(*self.of_maker(self.write("changed.corim", cut)))

    def test_one_more_file_in_the_folder_spoils_it_and_adds_nothing(self):
        folder = self.path("folder")
        os.mkdir(folder)
        with open(self.signed, "rb") as file:
            signed = file.read()
        with open(os.path.join(folder, "signed.corim"), "wb") as file:
            file.write(signed)
        self.assert_taken(*self.of_maker(folder))
        with open(self.atls.endorsement, "rb") as file:
            foreign = file.read()
        with open(os.path.join(folder, "planted.corim"), "wb") as file:
            file.write(foreign)
        outcome = self.assert_refused(*self.of_maker(folder))
        self.assertIn("planted.corim", outcome.err)

    def test_a_signature_that_has_ended_is_refused(self):
        """By the clock of verify; what a Verifier that runs on does is in the unit tests."""
        brief = self.sign("maker", "brief.corim", "--days", "1")
        verify = ["corim", "verify", "--json", brief, "--key", self.keys["maker"]]
        self.assert_done(atlslib.run(*verify))
        later = atlslib.run(*verify, "--time", "2099-01-01T00:00:00Z")
        self.assert_fails(later, atlslib.EXIT_REFUSED)
        other = atlslib.run("corim", "verify", "--json", brief, "--key", self.keys["other"])
        self.assert_fails(other, atlslib.EXIT_REFUSED)

    def test_a_machine_does_not_endorse_itself(self):
        """The TLS key of the very peer, and its certificate, are not the maker's."""
        own = self.path("own.corim")
        self.assert_done(atlslib.run("corim", "sign", self.peer.endorsement, "--key",
                                     self.peer.path("key.pem"), "-o", own))
        self.assert_refused(*self.of_maker(own))

    def test_a_server_does_not_take_a_planted_file_on_sighup(self):
        folder = self.path("reloaded")
        os.mkdir(folder)
        os.link(self.signed, os.path.join(folder, "signed.corim"))
        server = self.server(*self.atls.own(), "--require", "psa", "--simulated",
                             *self.of_maker(folder), "--exec", f"tee -a {self.path('got')}")
        self.assert_served(server)
        guest = self.keygen("guest")
        os.link(guest.endorsement, os.path.join(folder, "planted.corim"))
        server.signal(signal.SIGHUP)
        server.err.wait(lambda line: "old configuration stays" in line, "the refusal")
        self.assert_served(server)
        outcome = atlslib.run("connect", server.address, "--json", *guest.own(), "--no-pkix",
                              *self.atls.required(), given=SECRET)
        self.assertEqual(outcome.status, atlslib.EXIT_REFUSED, str(outcome))


if __name__ == "__main__":
    atlslib.main()
