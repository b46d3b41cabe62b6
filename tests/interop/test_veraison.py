#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""atls with the real Veraison (docs/interop.md): `--verifier` against its services, and its tools against `atls verifier`.

test_veraison.py ATLS FOLDER [TEST...]: FOLDER keeps Veraison's programs, which are built there once from Go modules.
"""

import base64
import json
import os
import sys
import uuid

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "system"))

# pylint: disable=wrong-import-position
import atlslib
from atlslib import EXIT_CONNECTION, EXIT_DONE, EXIT_REFUSED, Identity, SystemTest, run
import standin
from standin import ec, jwk_of
from verifierlib import NEW, SUBMIT, TOKEN, Verifier
import veraison_programs
import veraison_templates as templates
from veraison_services import Services
from veraison_templates import tool

FOLDER = []


def program(name: str) -> str:
    return os.path.join(FOLDER[0], name)


def other_key():
    return ec.generate_private_key(ec.SECP256R1())


class ServicesTest(SystemTest):
    """serve and connect ask Veraison's services, over HTTPS, with the key of their discovery document."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.services = Services(FOLDER[0], cls.folder)
        cls.addClassCleanup(cls.services.stop)
        cls.chip = cls.tpm()

    def asking(self, what: str) -> list:
        return ["--require", what, "--verifier", self.services.url, "--verifier-ca", self.services.certificates.ca]

    def connect(self, identity: Identity, what: str):
        server = self.server(*identity.own())
        return run("connect", server.address, "--no-pkix", "--json", *self.asking(what), given=b"hello\n")

    def machine_with_tpm(self, name: str, **changes) -> Identity:
        """An identity in the TPM with a key and a class of its own, provisioned with these CHANGES."""
        made = self.keygen(name, "--tcti", self.chip.tcti, "--set", "ak=new", "--set", f"class={uuid.uuid4()}", rot="tpm2")
        if self.services.are_of_2026:
            answer = self.services.provision(templates.tpm_with(made.endorsement, **changes), templates.TPM_TYPE_2026)
        else:
            answer = self.services.provision(templates.tpm_for_services(made.endorsement, **changes), templates.TPM_TYPE)
        self.assertEqual(answer["status"], "success", str(answer))
        return made

    def refused(self, outcome, *words):
        self.assert_fails(outcome, EXIT_REFUSED, "STATUS")
        for word in words:
            self.assertIn(word, outcome.error["sentence"])
        self.assertNotIn("hello", outcome.text)

    def test_a_tpm_that_was_provisioned_is_accepted(self):
        machine = self.machine_with_tpm("right")
        outcome = self.connect(machine, "tpm2")
        self.assertEqual(outcome.status, EXIT_DONE, str(outcome) + self.services.log("vts"))
        events = {line["event"]: line["result"] for line in outcome.objects}
        verdict = events["connected"]["verdict"]
        self.assertEqual(events["data"]["text"], "hello\n")
        self.assertEqual((verdict["verifier"], verdict["key_binding"]), (self.services.url, "hardware"))
        self.assertEqual(verdict["evidence"][0]["status"], "affirming")

    def test_a_server_asks_about_its_clients(self):
        server_own, client = self.keygen("server"), self.machine_with_tpm("client")
        server = self.server(*server_own.own(), *self.asking("tpm2"))
        outcome = run("connect", server.address, "--no-pkix", *client.own(), *server_own.required(), given=b"hello\n")
        self.assertEqual((outcome.status, outcome.out), (EXIT_DONE, b"hello\n"), outcome.err)
        stranger = self.keygen("stranger", "--tcti", self.chip.tcti, "--set", "ak=new", rot="tpm2")
        outcome = run("connect", server.address, "--no-pkix", *stranger.own(), *server_own.required(), given=b"hello\n")
        self.assertNotEqual(outcome.status, EXIT_DONE)
        self.assertEqual(outcome.out, b"")

    def test_a_tpm_that_was_not_provisioned_is_refused(self):
        stranger = self.keygen("unknown", "--tcti", self.chip.tcti, "--set", "ak=new", rot="tpm2")
        self.refused(self.connect(stranger, "tpm2"), "no trust anchor for evidence")

    def test_a_tpm_with_another_key_is_refused(self):
        machine = self.machine_with_tpm("other-key", key=templates.public_pem(other_key()))
        self.refused(self.connect(machine, "tpm2"), "integrity validation failed")

    def test_a_tpm_with_other_measurements_is_refused(self):
        machine = self.machine_with_tpm("other-values", first=b"\x01" * 32)
        outcome = self.connect(machine, "tpm2")
        if self.services.are_of_2026:
            self.refused(outcome, "PARSEC_TPM ear_status: found none")
            return
        self.assert_fails(outcome, EXIT_CONNECTION, "VERIFIER_ANSWER")  # they answer so, and make no Result
        self.assertIn("HTTP status 500", outcome.error["sentence"])
        self.assertNotIn("hello", outcome.text)

    def test_a_psa_token_is_one_that_these_services_do_not_read(self):
        # they list the type of RFC 9783; the library below knows the profile of its drafts alone
        machine = self.keygen("gadget")
        if self.services.are_of_2026:
            corim = templates.content_of(machine.endorsement)
            self.assertEqual(self.services.provision(corim, templates.PSA_TYPE_2026)["status"], "success")
            self.refused(self.connect(machine, "psa"), "PSA_IOT")
            self.assertIn("unknown profile", self.services.log("vts"))
            return
        made = templates.corim(program("cocli"), self.path("gadget-corim"), machine)
        corim = templates.psa_for_services(made)
        self.assertEqual(self.services.provision(corim, templates.OLD_PSA_TYPE)["status"], "success")
        self.refused(self.connect(machine, "psa"), "PSA_IOT", "could not establish identity from evidence")

    def test_a_corim_of_today_is_one_that_services_of_2025_do_not_read(self):
        corim = templates.content_of(self.keygen("today").endorsement)
        of_today = self.services.provision(corim, templates.PSA_TYPE_2026)
        by_its_old_name = self.services.provision(corim, templates.OLD_PSA_TYPE)
        if self.services.are_of_2026:
            self.assertEqual((of_today["status"], by_its_old_name["http"]), ("success", 415))
        else:
            self.assertEqual((of_today["http"], by_its_old_name["status"]), (415, "failed"))


class ToolsTest(SystemTest):
    """cocli provisions `atls verifier`, evcli asks it, arc reads what it and `atls appraise` sign."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.machine = cls.keygen("machine", "--set", "boot-seed=" + "5a" * 32)

    def verifier(self, name: str) -> Verifier:
        os.mkdir(self.path(name))  # its key lies there
        made = Verifier(self.path(name), name=name)
        self.addCleanup(made.stop)
        return made

    def submit(self, verifier: Verifier, corim: str, *auth, status: int = 0) -> str:
        return tool(program("cocli"), "corim", "submit", "--corim-file", corim,
                    "--api-server", f"http://127.0.0.1:{verifier.port}{SUBMIT}",
                    "--media-type", templates.OLD_PSA_TYPE, *auth, status=status)

    def provision(self, verifier: Verifier, **changes) -> None:
        corim = templates.corim(program("cocli"), self.path(verifier.name + "-corim"), self.machine, **changes)
        self.submit(verifier, corim, "--auth", "basic", "--username", "maker", "--password", TOKEN)

    def token(self, **changes) -> str:
        """A token that evcli made with the key of the machine: the name of the file."""
        nonce = "+"
        while "+" in nonce or "/" in nonce:  # where both alphabets are one: this evcli reads no other nonce of a session
            nonce = base64.b64encode(os.urandom(48)).decode()
        claims = templates.claims_for_evcli(self.machine, **{"psa-nonce": nonce, **changes})
        key = self.write("iak.jwk", json.dumps(templates.key_for_evcli(self.machine)))
        tool(program("evcli"), "psa", "create", "--claims", self.write("claims.json", json.dumps(claims)), "--key", key,
             "--token", self.path("token.cbor"))
        return self.path("token.cbor")

    def ask(self, verifier: Verifier, token: str) -> str:
        """evcli's relying party: the Result, as a file."""
        said = tool(program("evcli"), "psa", "verify-as", "relying-party", "--token", token,
                    "--api-server", f"http://127.0.0.1:{verifier.port}{NEW}")
        return self.write("result.jwt", json.loads(said.strip().splitlines()[-1]))

    def read(self, result: str, key, status: int = 0) -> str:
        """What arc says of a Result."""
        return tool(program("arc"), "verify", "--pkey", self.write("key.json", json.dumps(jwk_of(key))), "--verbose",
                    result, status=status)

    def test_evcli_gets_a_result_that_arc_verifies(self):
        verifier = self.verifier("right")
        self.provision(verifier)
        result = self.ask(verifier, self.token())
        said = self.read(result, verifier.key)
        self.assertIn('"ear.status": "affirming"', said)
        self.assertRegex(said, r"Instance Identity \[affirming\]")
        self.read(result, other_key(), status=1)

    def test_evcli_with_other_measurements_is_contraindicated(self):
        verifier = self.verifier("measurements")
        self.provision(verifier, first="11" * 32)
        said = self.read(self.ask(verifier, self.token()), verifier.key)
        self.assertNotIn('"ear.status": "affirming"', said)
        self.assertRegex(said, '"ear.status": "(contraindicated|warning)"')

    def test_evcli_with_another_key_is_contraindicated(self):
        verifier = self.verifier("key")
        self.provision(verifier, key=other_key())
        self.assertIn('"ear.status": "contraindicated"', self.read(self.ask(verifier, self.token()), verifier.key))

    def test_evcli_about_a_machine_that_nobody_endorsed(self):
        verifier = self.verifier("empty")
        self.assertIn('"ear.status": "contraindicated"', self.read(self.ask(verifier, self.token()), verifier.key))

    def test_cocli_without_the_token_is_refused(self):
        verifier = self.verifier("closed")
        corim = templates.corim(program("cocli"), self.path("closed-corim"), self.machine)
        self.assertIn("401", self.submit(verifier, corim, status=1))
        self.assertIn("401", self.submit(verifier, corim, "--auth", "basic", "--username", "maker", "--password", "guess",
                                         status=1))

    def test_cocli_writes_what_atls_reads(self):
        corim = templates.corim(program("cocli"), self.path("read"), self.machine)
        shown = self.assert_done(run("corim", "show", corim, "--json")).objects[-1]["result"]
        own = self.assert_done(run("corim", "show", self.machine.endorsement, "--json")).objects[-1]["result"]
        self.assertEqual(shown["reference_values"], own["reference_values"])
        self.assertEqual([key["spki_sha256"] for key in shown["keys"]], [key["spki_sha256"] for key in own["keys"]])

    def test_arc_verifies_what_atls_appraise_signs(self):
        key = other_key()
        pem = key.private_bytes(standin.serialization.Encoding.PEM, standin.serialization.PrivateFormat.PKCS8,
                                standin.serialization.NoEncryption())
        nonce, cmw, result = os.urandom(64).hex(), self.path("e.cmw"), self.path("appraised.jwt")
        self.assert_done(run("attest", *self.machine.own(), "--nonce", nonce, "-o", cmw))
        signed = self.assert_done(run("appraise", cmw, "--nonce", nonce, "--endorsements", self.machine.endorsement,
                                      "--simulated", "--signing-key", self.write("signing.pem", pem)))
        with open(result, "wb") as file:
            file.write(signed.out.strip())
        said = self.read(result, key)
        self.assertIn('"ear.status": "warning"', said)  # a simulation
        self.read(result, other_key(), status=1)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(f"usage: {sys.argv[0]} ATLS FOLDER [TEST...]")
    try:
        FOLDER.append(veraison_programs.programs(sys.argv.pop(2)))
    except veraison_programs.Absent as absent:
        atlslib.skip(str(absent))
    atlslib.main()
