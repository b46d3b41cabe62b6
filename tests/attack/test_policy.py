#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""R-37, R-39: what the policy, the reference values and the lifecycle do not allow is refused."""

import hashlib
import json

from adversary import AttackTest, PeerIdentity, PeerServer, SoftTpm, atlslib, claims_by_name

SECURED = 0x3000


class PolicyTest(AttackTest):
    def claims(self, **changed) -> list:
        """The words of a peer whose Evidence says something else."""
        claims = claims_by_name(self.peer.attester()["claims"])
        claims.update({name.replace("_", "-"): value for name, value in changed.items()})
        path = self.write("changed.json", json.dumps(claims))
        words = self.peer.attesting()
        words[words.index("--claims") + 1] = path
        return words

    def components(self) -> list:
        return claims_by_name(self.peer.attester()["claims"])["psa-software-components"]

    def policy(self, **members) -> list:
        return ["--policy", self.write("policy.json",
                                       json.dumps({"version": 1, "id": "test-7", **members}))]

    def refused(self, words, code, *more) -> dict:
        return self.assert_client_refuses(words, [], 40, code, *more)

    def accepted(self, words, *more) -> dict:
        return self.assert_client_accepts(words, [], *more)[0]["result"]["verdict"]

    # Without a policy.

    def test_a_platform_that_is_not_secured_is_refused(self):
        codes = {0x0000: "LIFECYCLE", 0x1000: "LIFECYCLE", 0x2000: "LIFECYCLE", 0x4000: "DEBUG",
                 0x5000: "DEBUG", 0x6000: "LIFECYCLE", 0x60FF: "LIFECYCLE",
                 0x7000: "EVIDENCE_MALFORMED", 0xFFFF: "EVIDENCE_MALFORMED"}
        for lifecycle, code in codes.items():
            with self.subTest(hex(lifecycle)):
                self.refused(self.claims(psa_security_lifecycle=lifecycle), code)
        self.accepted(self.claims(psa_security_lifecycle=SECURED + 0xFF))

    def test_software_without_reference_values_is_refused(self):
        changed = self.components()
        changed[0]["measurement-value"] = changed[1]["measurement-value"]
        signed = self.components()
        signed[0]["signer-id"] = signed[0]["measurement-value"]
        renamed = self.components()
        renamed[0]["version"] = "9.9.9"
        added = self.components() + [dict(self.components()[0], **{"measurement-type": "more"})]
        for what, components in (("measurement", changed), ("signer", signed),
                                 ("version", renamed), ("one more", added)):
            with self.subTest(what):
                self.refused(self.claims(psa_software_components=components), "REFERENCE_VALUES")
        self.refused(self.claims(psa_software_components=[]),
                     ("REFERENCE_VALUES", "EVIDENCE_MALFORMED"))

    def test_an_attester_that_nobody_endorsed_is_refused(self):
        other = self.keygen("other")
        peer = PeerServer(*self.peer.attesting())
        outcome = atlslib.run("connect", peer.address, "--json", "--no-pkix", *other.required())
        self.assert_fails(outcome, atlslib.EXIT_REFUSED, "NOT_ENDORSED")
        self.assert_alert(peer.report(), 40, outcome)

    def test_without_any_endorsement_nobody_is_accepted(self):
        """And since that cannot be meant, nothing is begun."""
        for words in (["connect", "127.0.0.1:1", "--no-pkix"],
                      ["serve", "127.0.0.1:0", *self.atls.own()]):
            outcome = atlslib.run(*words, "--json", "--require", "psa", "--simulated")
            self.assert_fails(outcome, atlslib.EXIT_OURS, "CONFIG")

    def test_another_implementation_is_not_endorsed(self):
        instance = self.claims(psa_implementation_id="AA" * 32)
        self.refused(instance, "NOT_ENDORSED")

    # With one.

    def test_a_policy_may_allow_debugging_of_what_is_above_the_root_of_trust(self):
        words = self.claims(psa_security_lifecycle=0x4000)
        verdict = self.accepted(words, *self.policy(debug=True))
        self.assertEqual(verdict["policy"], {"id": "test-7", "version": 1})
        self.refused(words, "DEBUG", *self.policy(debug=False))
        # Nothing makes up for a root of trust whose key may be known.
        self.refused(self.claims(psa_security_lifecycle=0x5000), "LIFECYCLE",
                     *self.policy(debug=True))

    def test_a_format_that_the_policy_does_not_list_is_refused(self):
        self.accepted(self.peer.attesting(), *self.policy(require={"formats": ["psa"]}))
        self.refused(self.peer.attesting(), "EVIDENCE_TYPE",
                     *self.policy(require={"formats": ["tpm2"]}))

    def test_a_measurement_that_the_policy_does_not_list_is_refused(self):
        value = self.peer.attester()["claims"]["components"][0]["value"]
        self.accepted(self.peer.attesting(), *self.policy(measurements={"BL": [value]}))
        self.refused(self.peer.attesting(), "REFERENCE_VALUES",
                     *self.policy(measurements={"BL": ["00" * 32]}))
        self.refused(self.peer.attesting(), "REFERENCE_VALUES",
                     *self.policy(measurements={"absent": [value]}))

    def test_pcrs_that_the_policy_does_not_list_are_refused(self):
        machine = SoftTpm(self.path("machine"), self.peer)
        digest = hashlib.sha256(bytes(96)).hexdigest()
        self.assert_client_accepts(machine.attesting(), [],
                                   *self.policy(measurements={"pcrs": [digest]}), of=machine)
        self.assert_client_refuses(machine.attesting(), [], 40, "REFERENCE_VALUES",
                                   *self.policy(measurements={"pcrs": ["00" * 32]}), of=machine)

    def test_a_machine_that_the_policy_does_not_list_is_refused(self):
        instance = self.peer.attester()["claims"]["instance-id"]
        self.accepted(self.peer.attesting(), *self.policy(machines=[instance]))
        self.refused(self.peer.attesting(), "MACHINE", *self.policy(machines=["01" + "00" * 32]))

    def test_another_application_of_the_same_machine_is_told_apart(self):
        """R-63: each may have a token over its own key; the client-id says whose it is."""
        inside, outside = self.claims(psa_client_id=7), None
        for callers in ([7], ["spe"], [1, "spe"], [-1, 7]):
            with self.subTest(callers):
                self.accepted(inside, *self.policy(callers=callers))
        for callers in ([8], ["nspe"], [-7, 1]):
            with self.subTest(callers):
                self.refused(inside, "CLAIM", *self.policy(callers=callers))
        outside = self.claims(psa_client_id=-7)
        self.accepted(outside, *self.policy(callers=["nspe"]))
        self.accepted(outside, *self.policy(callers=[-7]))
        self.refused(outside, "CLAIM", *self.policy(callers=["spe", 7]))
        self.accepted(outside)
        self.refused(self.claims(psa_client_id=0), "EVIDENCE_MALFORMED")
        machine = SoftTpm(self.path("no-caller"), self.peer)
        self.assert_client_refuses(machine.attesting(), [], 40, "CLAIM",
                                   *self.policy(callers=["spe", "nspe"]), of=machine)

    def test_a_tier_that_the_policy_demands_must_be_reached(self):
        self.accepted(self.peer.attesting(), *self.policy(min_tier={"executables": "affirming"}))
        for claim in ("runtime-opaque", "storage-opaque", "sourced-data", "file-system"):
            with self.subTest(claim):
                self.refused(self.peer.attesting(), "CLAIM",
                             *self.policy(min_tier={claim: "affirming"}))
        changed = self.components()
        changed[0]["measurement-value"] = changed[1]["measurement-value"]
        words = self.claims(psa_software_components=changed)
        self.accepted(words, *self.policy(min_tier={"executables": "warning"}))

    def test_a_time_that_the_policy_does_not_list_is_refused(self):
        """Before there is a connection: such a policy takes nobody."""
        self.accepted(self.peer.attesting(), *self.policy(timing=["handshake"]))
        for timing in (["post"], ["both"], ["certificate"], ["certificate", "both"]):
            with self.subTest(timing):
                words = self.client_words("127.0.0.1:1", None, *self.policy(timing=timing))
                self.assert_fails(atlslib.run(*words), atlslib.EXIT_OURS, "CONFIG")

    def test_each_other_word_that_a_policy_may_say(self):
        """Here the peer has no PKIX and its key binding is a challenge."""
        words = self.peer.attesting()
        for members in ({"require": {"identity": "key"}}, {"key_binding": ["challenge"]},
                        {"key_binding": ["hardware", "challenge"]}, {"require": {}},
                        {"timing": ["certificate", "handshake"]}, {"simulated": True},
                        {"min_tier": {"runtime-opaque": "none", "configuration": "warning"}},
                        {"ensemble": "all"}, {"ensemble": "any"}, {"max_result_age_s": 1}):
            with self.subTest(str(members)):
                self.accepted(words, *self.policy(**members))
        for members, code in (({"require": {"identity": "pkix"}}, "IDENTITY"),
                              ({"key_binding": ["hardware"]}, "KEY_BINDING"),
                              ({"min_tier": {"file-system": "warning"}}, "CLAIM"),
                              ({"ensemble": "any", "machines": ["00"]}, "MACHINE")):
            with self.subTest(str(members)):
                self.refused(words, code, *self.policy(**members))

    def test_a_server_s_policy_holds_for_its_clients(self):
        policy = self.policy(machines=[self.peer.attester()["claims"]["instance-id"]])
        other = self.keygen("guest")
        guest = PeerIdentity(other.folder)
        server = self.relying_server(None, "--endorsements", guest.endorsement, *policy)
        self.assert_server_refuses(server, guest.attesting(), [], 40, "MACHINE")


if __name__ == "__main__":
    atlslib.main()
