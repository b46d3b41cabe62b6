#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""R-22, R-23: passports of another key, of another time, of another Verifier, for somebody else."""

import json
import time

from adversary import AttackTest, PeerIdentity, atlslib

import cbor2
import standin
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

URI = "https://verifier.example/fleet"
OTHER = "tag:other.example,2026:verifier"


def spki_of(identity) -> bytes:
    with open(identity.path("cert.pem"), "rb") as file:
        key = x509.load_pem_x509_certificate(file.read()).public_key()
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


class Passports:
    """What atls says that takes Results of URI, and what the honest peer brings."""

    def __init__(self, keys: dict, tls: list, path: str):
        self._keys, self._tls, self._path = keys, tls, path

    def required(self) -> list:
        trust = [word for uri, path in self._keys.items() for word in ("--trust-verifier", f"{uri}={path}")]
        return ["--require", "result", *trust]

    def attesting(self) -> list:
        return [*self._tls, "--attest", f"passport:{URI}={self._path}"]


class PassportTest(AttackTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.key, cls.others = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        keys = {}
        for uri, key in ((URI, cls.key), (OTHER, cls.others)):
            keys[uri] = cls.write(f"keys-{len(keys)}.json", json.dumps({"keys": [standin.jwk_of(key)]}))
        cls.keygen("second")
        cls.second = PeerIdentity(cls.path("second"))
        cls.count = 0
        cls.good = Passports(keys, cls.peer.tls(), cls.passport())

    @classmethod
    def passport(cls, about=None, key=None, kind=264, **changes) -> str:
        """The file of a CMW with a signed Result."""
        now = int(time.time())
        claims = {"eat_profile": "tag:github.com,2023:veraison/ear", "iss": URI, "iat": now, "exp": now + 250,
                  "ear.verifier-id": {"developer": "https://example.com", "build": "1"},
                  "submods": {"PARSEC_TPM": {
                      "ear.status": "affirming", "ear.trustworthiness-vector": dict(standin.AFFIRMING),
                      "ear.appraisal-policy-id": "policy:PARSEC_TPM",
                      "ear.veraison.key-attestation": {"akpub": standin.b64(spki_of(about or cls.peer))}}}}
        claims.update(changes)
        token = standin.jwt(claims, key or cls.key)
        cls.count = getattr(cls, "count", 0) + 1
        path = cls.path(f"passport-{cls.count}.cmw")
        with open(path, "wb") as file:
            file.write(cbor2.dumps([kind, token.encode(), 8]))
        return path

    def brings(self, path: str, uri: str = URI) -> list:
        return [*self.peer.tls(), "--attest", f"passport:{uri}={path}"]

    def refused(self, path: str, codes, uri: str = URI) -> None:
        self.assert_client_refuses(self.brings(path, uri), [], 40, codes, of=self.good)
        server = self.relying_server(self.good)
        self.assert_server_refuses(server, self.brings(path, uri), [], 40, codes, self.good)

    def test_a_good_one_is_taken(self):
        event, _ = self.assert_client_accepts(self.good.attesting(), of=self.good)
        self.assertEqual(event["result"]["verdict"]["verifier"], URI)
        self.assert_server_accepts(self.relying_server(self.good), self.good.attesting())

    def test_that_of_another_key_is_refused(self):
        """R-22: the Result is real, and of another machine."""
        self.refused(self.passport(self.second), "KEY_BINDING")

    def test_one_of_another_time_is_refused(self):
        now = int(time.time())
        self.refused(self.passport(iat=now - 200, exp=now - 100), "RESULT_EXPIRED")
        self.refused(self.passport(iat=now - 1000, exp=now + 1000), "RESULT_EXPIRED")
        self.refused(self.passport(iat=now + 500, exp=now + 900), "RESULT_EXPIRED")

    def test_clocks_may_differ_by_a_minute_and_no_more(self):
        """R-23."""
        # the bound itself is in unit/result; here time goes on meanwhile, to the one side of a bound and away from the other
        for ahead, behind, taken in ((50, 10, True), (180, 70, False)):
            for times in ({"iat": ahead}, {"iat": -200, "exp": -behind}, {"nbf": ahead}):
                with self.subTest(taken=taken, times=list(times)):
                    now = int(time.time())
                    path = self.passport(**{name: now + off for name, off in times.items()})
                    if taken:
                        self.assert_client_accepts(self.brings(path), of=self.good)
                    else:
                        self.refused(path, "RESULT_EXPIRED")

    def test_one_verifier_does_not_speak_for_another(self):
        """Both are listed: which of them counts is what was negotiated, never what the peer sends."""
        self.refused(self.passport(key=self.others), "RESULT_SIGNATURE")
        self.refused(self.passport(iss=OTHER), "RESULT")
        self.refused(self.passport(), "RESULT_SIGNATURE", OTHER)

    def test_evidence_is_no_result_and_a_result_no_evidence(self):
        self.refused(self.passport(kind=10003), "RESULT")
        words = [*self.peer.tls(), "--attest", f"cmw:{self.passport()}", "--offer-client", "psa"]
        server = self.relying_server(self.peer)
        self.assert_server_refuses(server, words, [], 40, "EVIDENCE_TYPE")

    def both_ways(self) -> list:
        """What atls needs to bring a passport and to take one."""
        return ["--attest", "none", "--passport", self.passport(self.atls), *self.good.required()]

    def test_a_server_refuses_its_own_passport_and_its_own_key(self):
        """R-06: given back by a peer who has a good one of its own, and by one who has stolen key and passport."""
        server = self.relying_server(self.good, *self.both_ways()[:4])
        words = [*self.good.attesting(), "--offer-server", f"result:{URI}", "--tolerate"]
        own = self.atls.path("key.pem")
        stolen = [*self.ours.tls(), "--attest", f"passport:{URI}={self.passport(self.atls)}", "--offer-server", f"result:{URI}", "--tolerate"]
        for words, chosen in ((words, ["reflect-evidence"]), (words, ["reflect-certificate"]), (words, [f"reflect-certificate={own}"]),
                              (stolen, [])):
            self.assert_server_refuses(server, words, chosen, 40, "REFLECTED", self.good)

    def test_a_client_refuses_its_own_key(self):
        """R-06: a server that has the client's key and passport."""
        words = [*self.ours.tls(), "--attest", f"passport:{URI}={self.passport(self.atls)}"]
        outcome = self.assert_client_refuses(words, [], 40, "REFLECTED", *self.atls.own(), *self.both_ways()[:4], of=self.good)
        self.assertIn("our own key", outcome["error"]["sentence"])

    def test_a_bundle_for_a_verifier_is_no_evidence_of_a_handshake(self):
        """R-05: it is real, of a machine that is trusted, and over a nonce that a Verifier made."""
        path = self.path("bundle.cmw")
        outcome = atlslib.run("attest", "--identity", self.path("second"), "--kat", "--nonce", "4e" * 64, "-o", path)
        self.assertEqual(outcome.status, atlslib.EXIT_DONE, str(outcome))
        words = [*self.peer.tls(), "--attest", f"cmw:{path}", "--offer-client", "psa"]
        self.assert_server_refuses(self.relying_server(self.peer), words, [], 40, "EVIDENCE_TYPE")
        # and its platform's token by itself answers another nonce
        with open(path, "rb") as file:
            pat = cbor2.loads(file.read())["pat"]
        alone = self.path("pat.cmw")
        with open(alone, "wb") as file:
            file.write(cbor2.dumps(pat))
        words = [*self.peer.tls(), "--attest", f"cmw:{alone}", "--offer-client", "psa"]
        server = self.relying_server(None, "--endorsements", self.path("second", "endorsement.corim"))
        self.assert_server_refuses(server, words, [], 40, "FRESHNESS")

    def test_one_for_somebody_else_is_refused(self):
        self.refused(self.passport(aud="https://else.example"), "RESULT")


if __name__ == "__main__":
    atlslib.main()
