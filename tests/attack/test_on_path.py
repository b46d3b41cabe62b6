#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""R-09: whoever sits on the path can break a handshake, but not change what the two agree on.

Between the program and the program; whatever is done to a message of the handshake, at least one
side ends with an error, the other never with data.
"""

from adversary import SECRET, AttackTest, Middle, atlslib

HELLO_EDITS = ["add-grease", "reorder-extensions", "strip-extension", "edit-offer", "edit-offer=0",
               "edit-offer=4", "strip-extension=43", "strip-extension=51", "strip-extension=10",
               "strip-extension=13"]


class OnPathTest(AttackTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.both = cls.server_for_class(*cls.atls.own(), *cls.peer.required(), "--exec",
                                        f"tee -a {cls.path('got')}", "--handshake-timeout", "6s")

    def mutual(self, address: str, limit: str = "6s") -> list:
        return ["connect", address, "--json", "--no-pkix", *self.peer.own(),
                *self.atls.required(), "--handshake-timeout", limit]

    def through(self, *chosen):
        middle = Middle(self.both.address, *chosen)
        outcome = atlslib.run(*self.mutual(middle.address), given=SECRET)
        return outcome, middle

    def assert_broken(self, fault) -> None:
        before = len(self.both.events("connection"))
        outcome, middle = self.through(fault)
        self.assertTrue(middle.applied(), fault)
        self.assertIn(outcome.status, (2, 3), str(outcome))
        self.assertEqual(len(outcome.sentences()), 1, str(outcome))
        events = [line.get("event") for line in outcome.objects]
        self.assertIn(events, ([None], ["connected", "closed"]), str(outcome))
        event = atlslib.wait_until(lambda: self.both.events("connection")[before:], "an event")[0]
        if events == [None]:  # the client has seen it; the server had nothing to serve
            self.assertFalse(event["ok"], event)
        self.assertNotIn(SECRET.decode(), self.got())

    def test_a_mere_wire_changes_nothing(self):
        patient = self.server(*self.atls.own(), *self.peer.required(), "--handshake-timeout", "60s")
        for chosen in ((), ("drip=0",), ("s2c:drip=0",)):
            with self.subTest(chosen):
                before = len(patient.events("connection"))
                middle = Middle(patient.address, *chosen)
                outcome = atlslib.run(*self.mutual(middle.address, "60s"), given=SECRET)
                self.assert_done(outcome)
                atlslib.wait_until(lambda count=before: patient.events("connection")[count:], "an event")
                self.assertEqual(outcome.objects[1]["result"]["text"], SECRET.decode())

    def test_an_edited_client_hello_fails(self):
        for fault in HELLO_EDITS:
            with self.subTest(fault):
                self.assert_broken(fault)

    def test_a_bit_anywhere_in_a_flight_fails(self):
        """Record by record: ClientHello, ServerHello, and what is encrypted of both sides."""
        places = ["", ":0", ":3", ":6", ":40", ":60", ":90"]
        flips = [f"{direction}:flip={record}{place}"
                 for direction, record in (("c2s", 0), ("s2c", 0)) for place in places]
        # Record 1 is change_cipher_spec, which must be as it is as well.
        flips += [f"{direction}:flip={record}{place}" for direction in ("c2s", "s2c")
                  for record in (2, 3) for place in ("", ":0", ":20:7")]
        flips += ["c2s:flip=1:0", "s2c:flip=1:0"]
        for fault in flips:
            with self.subTest(fault):
                self.assert_broken(fault)

    def test_a_record_that_comes_twice_or_not_at_all_fails(self):
        for fault in ("c2s:repeat=0", "s2c:repeat=0", "c2s:repeat=2", "s2c:repeat=2",
                      "s2c:repeat=4", "s2c:drop=0", "s2c:drop=2", "s2c:drop=4", "c2s:drop=2"):
            with self.subTest(fault):
                self.assert_broken(fault)

    def test_a_connection_that_is_cut_at_any_point_fails(self):
        for fault in [f"{direction}:cut={octets}" for direction in ("c2s", "s2c")
                      for octets in (1, 5, 100, 250, 600, 1000)]:
            with self.subTest(fault):
                self.assert_broken(fault)


if __name__ == "__main__":
    atlslib.main()
