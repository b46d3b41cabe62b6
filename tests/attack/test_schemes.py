#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""R-15, R-57: the relying side decides what it takes; the peer's label can only fail to match."""

import base64
import json

from adversary import AttackTest, PeerServer, SoftTpm, atlslib, connect, faults
from authority import Authority
from tlspeer import cbor, cmw

ASKING = ["--client-auth", "request", "--offer-client", "psa"]
UNOFFERED = ["", "=tpm2", "=cf:0", "=mt:null/null", "=mt:sample", "=mt:",
             "=result:https://verifier.example", "=mt:application/eat+cwt"]
# What the CMW may not call itself when psa was negotiated.
LABELS = ["", "=null/null", "=application/eat+cwt", "=application/x-sample", "=64999", "=263",
          '=application/eat+cwt; eat_profile="tag:psacertified.org,2019:psa#legacy"']
SAME = ["=10003", '=application/eat+cwt; eat_profile="tag:psacertified.org,2023:psa#tfm"',
        '=application/eat+cwt;eat_profile="tag:psacertified.org,2023:psa#tfm"']


@faults.fault("cmw-form", "cmw", "the CMW in another of its forms", argument="FORM")
def cmw_form(value, _endpoint, argument):
    kind, content, _ = cmw.parse(value)
    text = base64.urlsafe_b64encode(content).rstrip(b"=").decode()
    media_type = 'application/eat+cwt; eat_profile="tag:psacertified.org,2023:psa#tfm"'
    forms = {
        "tag": lambda: cbor.encode(cbor.Tag(cmw.tag_of_format(10003), content)),
        "json": lambda: json.dumps([media_type, text]).encode(),
        "json-indicated": lambda: json.dumps([media_type, text, 4]).encode(),
        "no-indicator": lambda: cmw.record(kind, content, 0),
        "collection": lambda: cbor.encode(cbor.Map([("a", [kind, content])])),
        "json-collection": lambda: json.dumps({"a": [media_type, text]}).encode(),
        "reference-values": lambda: cmw.record(kind, content, 1),
        "endorsements": lambda: cmw.record(kind, content, 2),
        "results": lambda: cmw.record(kind, content, 8),
        "two-records": lambda: value + value,
        "bare": lambda: content,
        "padded-json": lambda: json.dumps([media_type, text + "="]).encode(),
    }
    return forms[argument]()


class SchemesTest(AttackTest):
    def test_a_server_s_choice_that_was_not_offered_is_illegal(self):
        for scheme in UNOFFERED:
            with self.subTest(scheme):
                self.assert_client_refuses(self.peer.attesting(), [f"unoffered-scheme-ee{scheme}"],
                                           47, "ILLEGAL")

    def test_a_request_for_a_scheme_that_was_not_offered_is_illegal(self):
        for scheme in UNOFFERED:
            with self.subTest(scheme):
                self.assert_client_refuses(self.peer.attesting() + ASKING,
                                           [f"unoffered-scheme-cr{scheme}"], 47, "ILLEGAL",
                                           *self.atls.own())

    def test_a_choice_without_any_offer_is_unsolicited(self):
        ca = Authority(self.folder)
        words = ca.certify(self.peer) + self.peer.attesting()[4:]
        for fault, more in (("unasked-choice-ee", []), ("unasked-choice-cr", ASKING[:2]),
                            ("unasked-credential", [])):
            with self.subTest(fault):
                peer = PeerServer(*words, *more, faults=[fault])
                outcome = atlslib.run("connect", peer.address, "--json", "--ca", ca.path,
                                      given=b"secret\n")
                report = peer.report()
                self.assert_alert(report, 110, outcome)
                self.assert_fails(outcome, atlslib.EXIT_REFUSED, "UNSOLICITED")
                self.assertIsNone(report["application_data_received"])

    def test_a_client_s_credential_that_was_not_asked_for_is_unsolicited(self):
        ca = Authority(self.folder)
        words = ca.certify(self.peer) + self.peer.attesting()[4:]
        server = self.server(*self.atls.own(), "--ca", ca.path)
        report, own = connect(server.address, *words, faults=["unasked-credential"])
        event = server.connection(own)
        self.assert_alert(report, 110, event)
        self.assert_error(event, "UNSOLICITED", event)

    def test_a_label_other_than_what_was_negotiated_is_refused(self):
        for label in LABELS:
            self.assert_both_refuse(self.peer.attesting(), [f"wrong-media-type{label}"], 40,
                                    "EVIDENCE_TYPE")

    def test_a_tpm_s_evidence_does_not_pass_as_another_kind(self):
        """Both kinds are taken, so only the label decides between them."""
        machine = SoftTpm(self.path("machine"), self.peer)
        also = ["--endorsements", self.peer.endorsement, "--simulated"]
        peer = PeerServer(*machine.attesting(), "--offer-server", "psa")
        words = ["--require", "psa,tpm2", "--endorsements", machine.endorsement, *also]
        outcome = atlslib.run("connect", peer.address, "--json", "--no-pkix", *words)
        self.assert_fails(outcome, atlslib.EXIT_REFUSED)
        self.assertEqual(outcome.code, "SIGNATURE")  # a map, which nobody signed
        self.assert_alert(peer.report(), 40, outcome)

    def test_equal_names_of_what_was_negotiated_are_taken(self):
        for label in SAME:
            with self.subTest(label):
                self.assert_client_accepts(self.peer.attesting(), [f"wrong-media-type{label}"])

    def test_other_forms_of_the_same_cmw_are_taken(self):
        server = self.relying_server()
        for form in ("tag", "json", "json-indicated", "no-indicator"):
            with self.subTest(form):
                self.assert_client_accepts(self.peer.attesting(), [f"cmw-form={form}"])
                self.assert_server_accepts(server, self.peer.attesting(), [f"cmw-form={form}"])

    def test_forms_that_are_no_evidence_are_refused(self):
        for form in ("collection", "json-collection", "reference-values", "endorsements",
                     "results", "two-records", "bare", "padded-json"):
            self.assert_both_refuse(self.peer.attesting(), [f"cmw-form={form}"], 40,
                                    ("EVIDENCE_MALFORMED", "EVIDENCE_TYPE"))

    def test_names_that_nobody_knows_are_passed_over(self):
        offer = "cf:64999,mt:application/x-later,result:https://v.example,psa,tpm2"
        words = [*self.peer.attesting(), "--offer-client", offer]
        server = self.relying_server()
        self.assert_server_accepts(server, words)
        self.assert_server_accepts(server, words, ["grease"])

    def test_the_relying_side_s_order_decides(self):
        machine = SoftTpm(self.path("both"), self.peer)
        of_tpm = "mt:application/vnd.parallaxsecond.key-attestation.tpm"
        for order, wanted in (("psa,tpm2", "cf:10003"), ("tpm2,psa", of_tpm)):
            server = self.server(*self.atls.own(), "--require", order, "--simulated",
                                 "--endorsements", machine.endorsement,
                                 "--endorsements", self.peer.endorsement)
            words = machine.attesting() if order.startswith("tpm2") else self.peer.attesting()
            for offer in ("psa,tpm2", "tpm2,psa"):
                with self.subTest(order=order, offer=offer):
                    report, _ = connect(server.address, *words, "--offer-client", offer)
                    self.assertTrue(report["ok"], report["error"])
                    self.assertEqual(report["chosen"]["client"], wanted)


if __name__ == "__main__":
    atlslib.main()
