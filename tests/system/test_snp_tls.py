#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""SEV-SNP guests (simulated) over TLS: either side and both, and guests that are not what was endorsed."""

import json
import os
import shutil

from atlslib import EXIT_DONE, EXIT_REFUSED, Identity, SystemTest, main, run, wait_until

# Where fields stand in a report (AMD 56860, table "ATTESTATION_REPORT").
POLICY, VMPL, MEASUREMENT, CHIP_ID = 0x008, 0x030, 0x090, 0x1a0
DEBUG, MIGRATE_MA = 1 << 19, 1 << 18


class SnpTlsTest(SystemTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.host = cls.keygen("host")  # a server whose key is nobody else's here
        cls.guest = cls.keygen("guest", rot="sim-snp")
        cls.client = cls.keygen("client", "--set", "product=Turin", "--set", "version=5", rot="sim-snp")
        cls.cloud = cls.keygen("cloud", "--set", "signing_key=vlek", rot="sim-snp")

    def changed(self, name: str, at: int, octets: bytes) -> Identity:
        """The guest with another report, which the same processor signs."""
        other = Identity(self.path(name))
        shutil.copytree(self.guest.folder, other.folder)
        config = other.attester()
        report = bytearray.fromhex(config["report"])
        report[at:at + len(octets)] = octets
        config["report"] = report.hex()
        with open(other.path("attester.json"), "w", encoding="ascii") as file:
            json.dump(config, file)
        return other

    def connect(self, server, identity, *words):
        return run("connect", server.address, "--json", "--ca", identity.path("cert.pem"), "--name", "localhost", *words, given=b"hello\n")

    def assert_refused(self, identity, code, claim, *words):
        """The guest is refused, as a server and as a client, with one sentence that names the claim."""
        words = words or self.guest.required()
        server = self.server(*identity.own())
        outcome = self.assert_fails(self.connect(server, identity, *words), EXIT_REFUSED, code)
        self.assertIn(claim, outcome.sentences()[0])
        server = self.server(*self.host.own(), *words)
        outcome = self.connect(server, self.host, *identity.own())
        self.assertNotEqual(outcome.status, EXIT_DONE, str(outcome))
        event = wait_until(lambda: next(iter(server.events("connection")), None), "the connection's line")
        self.assertEqual(event["error"]["code"], code, str(event))
        self.assertIn(claim, event["error"]["sentence"])

    def policy(self, name: str, **members) -> list:
        path = self.write(name, json.dumps({"version": 1, "id": "snp", "simulated": True, **members}))
        return ["--require", "snp", "--endorsements", self.guest.endorsement, "--policy", path]

    def test_a_server_a_client_and_both_attest(self):
        server = self.server(*self.guest.own())
        outcome = self.assert_done(self.connect(server, self.guest, *self.guest.required()))
        evidence = [line["result"]["verdict"]["evidence"] for line in outcome.objects if "verdict" in line.get("result", {})]
        self.assertEqual((evidence[0][0]["format"], evidence[0][0]["simulated"]), ("snp", True))
        server = self.server(*self.guest.own(), *self.client.required())
        self.assert_done(self.connect(server, self.guest, *self.client.own()))
        self.assert_done(self.connect(server, self.guest, *self.client.own(), *self.guest.required()))

    def test_who_is_not_endorsed_or_only_simulated_is_refused(self):
        self.assert_refused(self.client, "NOT_ENDORSED", "ARK")
        self.assert_refused(self.guest, "SIMULATED", "simulat", "--require", "snp", "--endorsements", self.guest.endorsement)

    def test_a_guest_that_the_host_may_debug_is_refused(self):
        value = (0x30000 | DEBUG).to_bytes(8, "little")
        self.assert_refused(self.changed("debug", POLICY, value), "DEBUG", "debug")

    def test_a_guest_that_may_migrate_is_refused(self):
        value = (0x30000 | MIGRATE_MA).to_bytes(8, "little")
        self.assert_refused(self.changed("migrate", POLICY, value), "REFERENCE_VALUES", "POLICY")

    def test_a_report_of_another_level_is_refused(self):
        self.assert_refused(self.changed("vmpl1", VMPL, b"\x01\0\0\0"), "REFERENCE_VALUES", "VMPL")
        self.assert_refused(self.changed("for-the-host", VMPL, b"\xff\xff\xff\xff"), "CLAIM", "VMPL")

    def test_another_measurement_is_refused(self):
        self.assert_refused(self.changed("other-launch", MEASUREMENT, b"\x5a" * 48), "REFERENCE_VALUES", "MEASUREMENT")

    def test_a_policy_takes_listed_machines_only(self):
        report = bytes.fromhex(self.guest.attester()["report"])
        chip = report[CHIP_ID:CHIP_ID + 64].hex()
        server = self.server(*self.guest.own())
        self.assert_done(self.connect(server, self.guest, *self.policy("listed.json", machines=[chip])))
        self.assert_refused(self.guest, "MACHINE", "machine", *self.policy("others.json", machines=["01" * 64]))

    def test_a_chip_that_its_report_does_not_name_is_on_no_list(self):
        words = self.policy("masked.json", machines=["00" * 64])
        words[words.index(self.guest.endorsement)] = self.cloud.endorsement
        server = self.server(*self.cloud.own())
        self.assert_done(self.connect(server, self.cloud, *self.cloud.required()))
        self.assert_refused(self.cloud, "MACHINE", "machine", *words)
        self.assert_refused(self.changed("masked", CHIP_ID, bytes(64)), "CLAIM", "CHIP_ID")


if __name__ == "__main__":
    main()
