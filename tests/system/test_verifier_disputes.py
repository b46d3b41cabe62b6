#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Endorsements that contradict each other (R-47), as those who submit them see it; and their withdrawal."""

import json
import ssl

import cbor2
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from atlslib import main, run
from authority import Authority
from verifierlib import PSA_CORIM, SUBMISSION, SUBMIT, TOKEN, Verifier, VerifierTest, private_pem, unbase64

ENDORSEMENTS = "/endorsement-provisioning/v1/endorsements/"
SIGNED = "application/rim+cose"
REFERENCES, KEYS = 0, 3
OWNER = "Bearer " + TOKEN


def some_key() -> str:
    return ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


def changed(corim: bytes, name: str, version: int = 0, only=None, key=None, instance=None, digest=None,
            class_id=None, until=None) -> bytes:
    """CORIM with another id and, where they are given, another version, key, instance, digest, class or end."""
    whole = cbor2.loads(corim)
    whole.value[0] = name
    if until is not None:
        whole.value[4] = {1: cbor2.CBORTag(1, until)}
    comid = cbor2.loads(whole.value[1][0].value)
    comid[1] = {0: name, 1: version}
    if only is not None:
        comid[4] = {only: comid[4][only]}
    for environment, items in comid[4].get(KEYS, []):
        if key is not None:
            items[0] = cbor2.CBORTag(554, key)
        if instance is not None:
            environment[1] = cbor2.CBORTag(environment[1].tag, instance)
    for _, items in comid[4].get(REFERENCES, []):
        if digest is not None:
            items[0][1][2] = [[1, digest]]
    for records in comid[4].values():
        for record in records:
            if class_id is not None:
                record[0][0][0] = cbor2.CBORTag(560, class_id)
    whole.value[1] = [cbor2.CBORTag(506, cbor2.dumps(comid, canonical=True))]
    return cbor2.dumps(whole, canonical=True)


def path_of(corim: bytes) -> str:
    return ENDORSEMENTS + cbor2.dumps(cbor2.loads(corim).value[0]).hex()


class DisputeTest(VerifierTest):
    def own(self, name: str, *options, **more):
        """A Verifier of this test alone."""
        verifier = Verifier(self.folder, *options, name=name, **more)
        self.addCleanup(verifier.stop)
        return verifier

    def connected(self, verifier, **more):
        client = verifier.client(**more)
        self.addCleanup(client.close)
        return client

    def taken(self, client, corim: bytes, kind: str = PSA_CORIM, token=TOKEN) -> None:
        answer = client.submit(corim, kind, token)
        self.assertEqual(answer.json["status"], "success", str(answer))

    def disputed(self, client, corim: bytes, *words, kind: str = PSA_CORIM, token=TOKEN) -> str:
        answer = client.submit(corim, kind, token)
        self.assertEqual((answer.status, answer.json["status"]), (200, "failed"), str(answer))
        reason = answer.json["failure-reason"]
        for word in ("contradicts one that is in force", *words):
            self.assertIn(word, reason)
        return reason

    def verdict(self, client, identity=None) -> str:
        path, nonce = self.open_session(client=client)
        answer = self.send(path, self.evidence(nonce, identity), client=client)
        return json.loads(unbase64(answer.json["result"].split(".")[1]))["submods"]["PSA_IOT"]["ear.status"]

    def test_another_key_for_a_machine_is_refused_until_the_first_is_withdrawn(self):
        verifier = self.own("keys")
        client = self.connected(verifier)
        first = changed(self.corim, "first")
        self.taken(client, first)
        other = changed(self.corim, "other", version=9, key=some_key())
        reason = self.disputed(client, other, "key of instance 01", cbor2.dumps("first").hex())
        refused = verifier.wait("endorsement", lambda result: result["version"] == 9)
        self.assertEqual(refused["submitter"], "bearer token")
        self.assertEqual(self.verdict(client), "warning")  # by the first key: the root is a simulation
        self.disputed(client, changed(self.corim, "other", key=some_key(), only=KEYS))
        self.taken(client, changed(self.corim, "same key", only=KEYS))
        self.assertEqual(client.ask("DELETE", path_of(first), Authorization=OWNER).status, 204)
        self.assertIn("key of instance", self.disputed(client, other, "key of instance 01"))  # that of "same key"
        self.assertEqual(client.ask("DELETE", path_of(changed(self.corim, "same key")), Authorization=OWNER).status, 204)
        self.assertEqual(self.verdict(client), "contraindicated")  # nobody endorses it
        self.taken(client, other)
        self.assertEqual(self.verdict(client), "contraindicated")  # another key
        self.assertIn("endorsement", reason)

    def test_a_newer_version_of_the_same_endorsement_may_have_another_key(self):
        client = self.connected(self.own("rotation"))
        self.taken(client, changed(self.corim, "one", version=1, key=some_key()))
        self.assertEqual(self.verdict(client), "contraindicated")
        self.taken(client, changed(self.corim, "one", version=2))
        self.assertEqual(self.verdict(client), "warning")

    def test_an_endorsement_that_contradicts_itself_is_refused(self):
        client = self.connected(self.own("itself"))
        whole = cbor2.loads(changed(self.corim, "itself"))
        comid = cbor2.loads(whole.value[1][0].value)
        environment, items = comid[4][KEYS][0]
        comid[4][KEYS] = [[environment, items], [environment, [cbor2.CBORTag(554, some_key())]]]
        whole.value[1] = [cbor2.CBORTag(506, cbor2.dumps(comid, canonical=True))]
        answer = client.submit(cbor2.dumps(whole, canonical=True))
        self.assertEqual(answer.json["status"], "failed", str(answer))
        self.assertIn("two for one instance", answer.json["failure-reason"])

    def test_what_is_withdrawn_does_not_come_back(self):
        client = self.connected(self.own("withdrawn"))
        first = changed(self.corim, "first", version=3)
        self.taken(client, first)
        self.assertEqual(self.verdict(client), "warning")
        self.problem(client.ask("DELETE", path_of(first)), 401)
        self.problem(client.ask("DELETE", path_of(first), Authorization="Bearer x" + TOKEN), 401)
        self.problem(client.ask("DELETE", ENDORSEMENTS + "xyz", Authorization=OWNER), 400)
        self.problem(client.ask("DELETE", ENDORSEMENTS + "61" * 600, Authorization=OWNER), 400)
        self.problem(client.ask("DELETE", ENDORSEMENTS + "6161", Authorization=OWNER), 404)
        self.problem(client.ask("GET", path_of(first), Authorization=OWNER), 405)
        answer = client.ask("DELETE", path_of(first), Authorization=OWNER)
        self.assertEqual((answer.status, answer.body), (204, b""), str(answer))
        self.problem(client.ask("DELETE", path_of(first), Authorization=OWNER), 404)
        self.assertEqual(self.verdict(client), "contraindicated")
        answer = client.submit(first)
        self.assertIn("version above 3, which was withdrawn", answer.json["failure-reason"])
        self.taken(client, changed(self.corim, "first", version=4))
        self.assertEqual(self.verdict(client), "warning")

    def listed(self, client, query: str = "") -> dict:
        answer = client.ask("GET", ENDORSEMENTS.rstrip("/") + query, Authorization=OWNER, Accept="application/json")
        self.assertEqual((answer.status, answer.headers["Content-Type"]), (200, "application/json"), str(answer))
        return answer.json

    def test_what_is_in_force_is_listed_and_what_is_listed_can_be_withdrawn(self):
        client = self.connected(self.own("list"))
        self.assertEqual(self.listed(client), {"endorsements": []})
        corims = [changed(self.corim, name, version=number) for number, name in enumerate(("first", "second", "third"))]
        for corim in corims:
            self.taken(client, corim)
        found = self.listed(client)["endorsements"]
        self.assertEqual([item["id"] for item in found], [path_of(corim).rpartition("/")[2] for corim in corims])
        for number, item in enumerate(found):
            self.assertEqual((item["version"], item["octets"], item["submitter"]), (number, len(corims[number]), "bearer token"))
            self.assertEqual((item["media-type"], item["profile"]), (PSA_CORIM, "tag:arm.com,2025:psa#1.0.0"))
            self.assertRegex(item["submitted"], r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.assertLess(found[0]["generation"], found[1]["generation"])
        self.assertEqual(self.listed(client, f"?after={found[0]['generation']}")["endorsements"], found[1:])
        self.assertEqual(client.ask("DELETE", ENDORSEMENTS + found[1]["id"], Authorization=OWNER).status, 204)
        self.assertEqual([item["version"] for item in self.listed(client)["endorsements"]], [0, 2])
        plain = ENDORSEMENTS.rstrip("/")
        self.problem(client.ask("GET", plain), 401)
        self.problem(client.ask("GET", plain, Authorization=OWNER, Accept="text/html"), 406)
        self.problem(client.ask("POST", plain, b"", Authorization=OWNER), 405)
        for query in ("?after=", "?after=x", "?after=-1", "?after=1&after=1"):
            self.problem(client.ask("GET", plain + query, Authorization=OWNER), 400)

    def test_a_long_list_comes_in_pages(self):
        client = self.connected(self.own("pages"))
        for number in range(203):
            self.taken(client, changed(self.corim, f"corim {number}"))
        first = self.listed(client)
        self.assertEqual(len(first["endorsements"]), 200)
        self.assertEqual(first["next"], first["endorsements"][-1]["generation"])
        second = self.listed(client, f"?after={first['next']}")
        self.assertEqual(len(second["endorsements"]), 3)
        self.assertNotIn("next", second)
        self.assertEqual(len({item["id"] for item in first["endorsements"] + second["endorsements"]}), 203)

    def test_other_nodes_see_both_the_endorsement_and_its_withdrawal(self):
        first, second = (self.connected(self.own("shared", "--id", "https://verifier.example")) for _ in range(2))
        one = changed(self.corim, "one")
        self.taken(first, one)
        self.assertEqual(self.verdict(second), "warning")
        self.disputed(second, changed(self.corim, "two", key=some_key()), "key of instance")
        self.assertEqual(second.ask("DELETE", path_of(one), Authorization=OWNER).status, 204)
        self.assertEqual(self.verdict(first), "contraindicated")
        self.taken(first, changed(self.corim, "two", key=some_key()))

    def test_another_signer_does_not_speak_for_the_class_of_the_first(self):
        keys, options = {}, []
        for name in ("alice", "bob"):
            keys[name] = ec.generate_private_key(ec.SECP256R1())
            self.write(name + ".pem", private_pem(keys[name]))
            self.write(name + ".pub", keys[name].public_key().public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))
            options += ["--endorsement-key", self.path(name + ".pub")]
        client = self.connected(self.own("signers", *options))

        def signed(corim: bytes, who: str) -> bytes:
            self.write("plain.corim", corim)
            self.assert_done(run("corim", "sign", self.path("plain.corim"), "--key", self.path(who + ".pem"),
                                 "-o", self.path("signed.corim")))
            with open(self.path("signed.corim"), "rb") as file:
                return file.read()

        wide = changed(self.corim, "wide", only=REFERENCES, digest=b"w" * 32)
        self.taken(client, signed(changed(self.corim, "alices", version=1), "alice"), SIGNED)
        self.assertEqual(self.verdict(client), "warning")
        reason = self.disputed(client, signed(wide, "bob"), "references of class", "signed by key", kind=SIGNED)
        self.assertIn(cbor2.dumps("alices").hex(), reason)
        machine = changed(self.corim, "machine", only=KEYS, key=some_key(), instance=b"\1" + b"m" * 32)
        self.disputed(client, signed(machine, "bob"), "keys of class", kind=SIGNED)
        self.disputed(client, signed(changed(self.corim, "alices", version=2), "bob"), "endorser of this id", kind=SIGNED)
        # who may: the same signer; another class
        self.taken(client, signed(wide, "alice"), SIGNED)
        self.taken(client, signed(changed(self.corim, "bobs", key=some_key(), instance=b"\1" + b"b" * 32,
                                          class_id=b"b" * 32), "bob"), SIGNED)
        # after the withdrawal of what alice has, bob speaks for it
        for name in ("alices", "wide"):
            self.assertEqual(client.ask("DELETE", path_of(changed(self.corim, name)), Authorization=OWNER).status, 204)
        self.taken(client, signed(changed(self.corim, "alices", version=2), "bob"), SIGNED)
        self.assertEqual(self.verdict(client), "warning")

    def test_who_has_a_certificate_of_the_maker_keeps_its_name_when_it_is_renewed(self):
        authority = Authority(self.folder, "maker CA")
        client = self.connected(self.own("chains", "--endorsement-key", authority.path))

        def signed(corim: bytes, name: str) -> bytes:
            key = ec.generate_private_key(ec.SECP256R1())  # a new one each time
            cert, key_file = authority.certify_key(self.identity, name, key)
            self.write("plain.corim", corim)
            self.assert_done(run("corim", "sign", self.path("plain.corim"), "--key", key_file, "--cert", cert,
                                 "-o", self.path("signed.corim")))
            with open(self.path("signed.corim"), "rb") as file:
                return file.read()

        self.taken(client, signed(changed(self.corim, "one", version=1), "alice"), SIGNED)
        self.taken(client, signed(changed(self.corim, "one", version=2), "alice"), SIGNED)
        self.disputed(client, signed(changed(self.corim, "one", version=3), "bob"), "signed by CN=bob under key ",
                      "instead of signed by CN=alice under key ", kind=SIGNED)
        self.disputed(client, signed(changed(self.corim, "two", only=REFERENCES), "bob"), "references of class",
                      kind=SIGNED)
        self.assertEqual(self.verdict(client), "warning")

    def test_who_submits_with_a_certificate_has_what_it_submitted(self):
        authority = Authority(self.folder)
        server = self.keygen("tls")
        words = authority.certify(server, names=("127.0.0.1", "localhost"))
        verifier = self.own("certificates", *words, "--ca", authority.path)

        def as_client(name):
            context = ssl.create_default_context(cafile=authority.path)
            if name is not None:
                context.load_cert_chain(*authority.certify_key(server, name, ec.generate_private_key(ec.SECP256R1())))
            return self.connected(verifier, tls=context)

        alice, bob, owner = as_client("alice"), as_client("bob"), as_client(None)
        one = changed(self.corim, "one", version=1)
        self.taken(alice, one, token=None)
        self.disputed(bob, changed(self.corim, "one", version=2), "CN=bob instead of CN=alice", token=None)
        self.disputed(bob, changed(self.corim, "two", only=REFERENCES), "references of class", token=None)
        self.disputed(owner, changed(self.corim, "two", only=REFERENCES), "bearer token instead of CN=alice")
        problem = self.problem(bob.ask("DELETE", path_of(one)), 403)
        self.assertIn("CN=bob", problem["detail"])
        self.taken(as_client("alice"), changed(self.corim, "one", version=2), token=None)  # a renewed certificate
        self.assertEqual(bob.ask("DELETE", path_of(one), Authorization=OWNER).status, 204)  # with the token, too
        self.taken(bob, changed(self.corim, "two"), token=None)
        self.assertEqual(bob.ask("DELETE", path_of(changed(self.corim, "two"))).status, 204)
        answer = owner.ask("POST", SUBMIT, one, Content_Type=PSA_CORIM, Accept=SUBMISSION)
        self.problem(answer, 401)


if __name__ == "__main__":
    main()
