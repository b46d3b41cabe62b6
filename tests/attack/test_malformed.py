#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""R-51, R-52: what is cut, too long or no extension at all is refused before it is believed."""

from adversary import AttackTest, atlslib

# What of the peer's messages is malformed, and how: decode_error(50).
CUT = [f"ext-{how}-{{place}}" for how in ("truncated", "oversized", "trailing", "empty")]
LENGTHS = ["ext-truncated-{place}=3", "ext-oversized-{place}=65000", "ext-trailing-{place}=300"]
SCHEMES = ["unknown-mechanism-{place}", "unknown-mechanism-{place}=255",
           "unknown-encoding-{place}", "unknown-encoding-{place}=255"]


def at(place: str, *lists) -> list:
    return [name.format(place=place) for names in lists for name in names]


class MalformedTest(AttackTest):
    def test_server_answers_a_malformed_offer_with_decode_error(self):
        server = self.relying_server()
        for fault in at("ch", CUT, LENGTHS, SCHEMES, ["ext-inner-length-{place}"],
                        ["ext-inner-length-{place}=60000"], ["huge-offer-{place}"],
                        ["huge-offer-{place}=200"]):
            with self.subTest(fault):
                self.assert_server_refuses(server, self.peer.attesting(), [fault], 50, "MALFORMED")

    def test_a_malformed_credential_is_answered_with_decode_error(self):
        for fault in at("ct", CUT, LENGTHS, ["ext-inner-length-{place}", "cmw-empty-{place}",
                                             "ext-inner-length-{place}=16000000"]):
            self.assert_both_refuse(self.peer.attesting(), [fault], 50, "MALFORMED")

    def test_client_answers_a_malformed_choice_with_decode_error(self):
        for fault in at("ee", CUT, LENGTHS[1:], SCHEMES):
            with self.subTest(fault):
                self.assert_client_refuses(self.peer.attesting(), [fault], 50, "MALFORMED")

    def test_client_answers_a_malformed_request_with_decode_error(self):
        asking = ["--client-auth", "request", "--offer-client", "psa"]
        for fault in at("cr", CUT, LENGTHS[1:], SCHEMES):
            with self.subTest(fault):
                self.assert_client_refuses(self.peer.attesting() + asking, [fault], 50,
                                           "MALFORMED", *self.atls.own())

    def test_a_chain_of_a_thousand_and_a_message_of_16_mib_are_refused_unread(self):
        for fault in ("long-chain", "message-length"):
            self.assert_both_refuse(self.peer.attesting(), [fault], 47, "ILLEGAL")

    def test_evidence_that_is_no_cmw_is_refused(self):
        for fault in ("cmw-garbage=1", "cmw-garbage", "cmw-garbage=65528"):
            self.assert_both_refuse(self.peer.attesting(), [fault], 40,
                                    ("EVIDENCE_MALFORMED", "EVIDENCE_TYPE"))

    def test_a_cmw_of_65528_octets_is_taken_and_of_65529_is_malformed(self):
        server = self.relying_server()
        for size in (65527, 65528):
            with self.subTest(size):
                self.assert_server_accepts(server, self.peer.attesting(), [f"cmw-size={size}"])
                self.assert_client_accepts(self.peer.attesting(), [f"cmw-size={size}"])
        self.assert_both_refuse(self.peer.attesting(), ["cmw-size=65529"], 50, "MALFORMED")


if __name__ == "__main__":
    atlslib.main()
