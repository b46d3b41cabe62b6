#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`atls verifier --revoked` (R-48): machines, keys and certificates that are refused, and the list read again."""

import datetime
import hashlib
import json
import os
import signal
import ssl

import cbor2
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from atlslib import EXIT_OURS, EXIT_REFUSED, main, run
from authority import Authority
from verifierlib import PSA_CORIM, SUBMISSION, SUBMIT, Verifier, VerifierTest, unbase64

SINCE = "2026-01-01T00:00:00Z"


def spki_hash(key) -> str:
    return hashlib.sha256(key.public_bytes(serialization.Encoding.DER,
                                           serialization.PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def entry(kind: str, value: str, since: str = SINCE) -> dict:
    return {"kind": kind, "value": value, "from": since}


class RevokedTest(VerifierTest):
    def listed(self, *entries, name="revoked.json") -> str:
        return self.write(name, json.dumps(list(entries)))

    def serving(self, name: str, *entries, words=(), **more):
        path = self.listed(*entries, name=name + ".json")
        verifier = Verifier(self.folder, "--revoked", path, *words, name=name, **more)
        return verifier, path

    def instance(self) -> str:
        """psa-instance-id of the machine, as its Evidence has it."""
        token = cbor2.loads(cbor2.loads(self.evidence(bytes(range(64))))[1])
        return cbor2.loads(token.value[2])[256].hex()

    def submod(self, client) -> dict:
        path, nonce = self.open_session(client=client)
        answer = self.send(path, self.evidence(nonce), client=client)
        self.assertEqual((answer.status, answer.json["status"]), (200, "complete"), str(answer))
        return json.loads(unbase64(answer.json["result"].split(".")[1]))["submods"]["PSA_IOT"]

    def reload(self, verifier, holds=lambda result: True) -> None:
        before = len(verifier.events("reload"))
        verifier.process.send_signal(signal.SIGHUP)
        verifier.wait("reload", lambda result: len(verifier.events("reload")) > before and holds(result))

    def test_a_revoked_machine_is_contraindicated_until_the_list_lets_it_be(self):
        verifier, path = self.serving("machine")
        self.addCleanup(verifier.stop)
        client = verifier.client()
        self.addCleanup(client.close)
        self.assertEqual(client.submit(self.corim).json["status"], "success")
        self.assertEqual(self.submod(client)["ear.status"], "warning")  # the root is a simulation
        self.listed(entry("ueid", self.instance()), name="machine.json")
        self.reload(verifier)
        for _ in range(4):  # whichever appraiser it is
            submod = self.submod(client)
            self.assertEqual(submod["ear.status"], "contraindicated")
            self.assertEqual(submod["ear.trustworthiness-vector"]["instance-identity"], 96)
            self.assertIn("revoked", submod["ear.veraison.policy-claims"]["problem"])
        verdict = verifier.wait("verdict", lambda result: result["status"] == "contraindicated")
        self.assertEqual(verdict["submods"][0]["reason"]["code"], "REVOKED")
        with open(path, "w", encoding="ascii") as file:  # invalid: the list before stays
            file.write('[{"kind": "ueid"}]')
        self.reload(verifier)
        self.assertIn("REVOKED_FILE", [found["error"]["code"] for found in verifier.events("reload") if found["error"]])
        self.assertEqual(self.submod(client)["ear.status"], "contraindicated")
        self.listed(entry("ueid", "01" + "00" * 32), name="machine.json")
        self.reload(verifier)
        self.assertEqual(self.submod(client)["ear.status"], "warning")

    def test_an_attestation_key_is_revoked_by_its_hash_and_from_its_time_on(self):
        token_key = self.endorsed_key()
        later = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        verifier, _ = self.serving("key", entry("spki", spki_hash(token_key), later))
        self.addCleanup(verifier.stop)
        client = verifier.client()
        self.addCleanup(client.close)
        self.assertEqual(client.submit(self.corim).json["status"], "success")
        self.assertEqual(self.submod(client)["ear.status"], "warning")
        self.listed(entry("spki", spki_hash(token_key)), name="key.json")
        self.reload(verifier)
        self.assertEqual(self.submod(client)["ear.status"], "contraindicated")

    def endorsed_key(self):
        comid = cbor2.loads(cbor2.loads(self.corim).value[1][0].value)
        pem = comid[4][3][0][1][0].value
        return serialization.load_pem_public_key(pem.encode())

    def test_an_appraiser_that_is_replaced_has_the_list(self):
        verifier, _ = self.serving("replaced", entry("ueid", self.instance()), words=("--appraisers", "1"))
        self.addCleanup(verifier.stop)
        client = verifier.client()
        self.addCleanup(client.close)
        self.assertEqual(client.submit(self.corim).json["status"], "success")
        self.assertEqual(self.submod(client)["ear.status"], "contraindicated")
        ended, = verifier.pids("appraiser")
        os.kill(ended, signal.SIGKILL)
        verifier.wait("process", lambda result: result["what"] == "started" and result["process"] == "appraiser"
                      and result["pid"] != ended)
        self.assertEqual(self.submod(client)["ear.status"], "contraindicated")

    def test_with_a_revoked_key_of_its_own_it_does_not_start_and_does_not_go_on(self):
        with open(self.verifier.key_file, "rb") as file:
            own = serialization.load_pem_private_key(file.read(), None).public_key()
        words = ("verifier", "--json", "--signing-key", self.verifier.key_file, "--listen", "127.0.0.1:0",
                 "--store", "sqlite:" + self.path("own.db"))
        path = self.listed(entry("verifier-key", spki_hash(own)), name="own.json")
        self.assert_fails(run(*words, "--revoked", path), EXIT_REFUSED, "REVOKED")
        self.assert_fails(run(*words, "--revoked", self.write("bad.json", "{}")), EXIT_OURS, "REVOKED_FILE")
        self.assert_fails(run(*words, "--revoked", self.path("absent.json")), EXIT_OURS, "FILE")
        # another's key, and ours under another kind, are not ours
        other = ec.generate_private_key(ec.SECP256R1()).public_key()
        verifier, _ = self.serving("later", entry("verifier-key", spki_hash(other)), entry("spki", spki_hash(own)))
        self.listed(entry("verifier-key", spki_hash(own)), name="later.json")
        verifier.process.send_signal(signal.SIGHUP)
        verifier.wait("revoked")
        verifier.stop(EXIT_REFUSED)

    def test_a_client_whose_certificate_is_revoked_does_not_provision(self):
        authority = Authority(self.folder)
        server = self.keygen("tls")
        tls = authority.certify(server, names=("127.0.0.1", "localhost"))
        keys = {name: ec.generate_private_key(ec.SECP256R1()) for name in ("good", "bad")}
        verifier, _ = self.serving("tls", entry("spki", spki_hash(keys["bad"].public_key())),
                                   words=(*tls, "--ca", authority.path), token=False)
        self.addCleanup(verifier.stop)

        def submit(name) -> int:
            context = ssl.create_default_context(cafile=authority.path)
            context.load_cert_chain(*authority.certify_key(server, name, keys[name]))
            client = verifier.client(tls=context)
            self.addCleanup(client.close)
            return client.ask("POST", SUBMIT, self.corim, Content_Type=PSA_CORIM, Accept=SUBMISSION).status

        self.assertEqual(submit("good"), 200)
        try:
            self.assertNotEqual(submit("bad"), 200)
        except (ssl.SSLError, ConnectionError):
            pass  # the alert came first: that is a refusal, too


if __name__ == "__main__":
    main()
