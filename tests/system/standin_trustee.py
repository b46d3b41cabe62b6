# SPDX-License-Identifier: Apache-2.0
"""A stand-in for Trustee's Attestation Service: its RESTful API as published (attestation-service/docs/restful-as.md), with
real signatures and every fault. Of Evidence it looks at report_data alone, as Trustee compares them; the real one is in
tests/interop. And one for its key broker (kbs/docs/kbs_attestation_protocol.md), which takes SHA-384 and does not say so unless it is told
otherwise."""

import base64
import hashlib
import json
import os
import time

import standin
from standin import b64, jwk_of, jwt, unb64

REASON = "An internal error occured: \n0: attestation report evaluate\n1: Verifier evaluate failed: %s\n\nStack backtrace:\n   0: x"


class _Handler(standin.Handler):
    def step_of(self, path: str) -> str:
        return {"/.well-known/jwks.json": "keys", "/attestation": "attestation", "/kbs/v0/auth": "auth",
                "/kbs/v0/attest": "attest"}[path]

    def do_keys(self, service, _where, _body):
        self.answer(200, {"keys": [jwk_of(service.published)]}, "application/json")

    def do_attestation(self, service, _where, body):
        request = json.loads(body)
        (asked,) = request["verification_requests"]
        if set(request) != {"verification_requests", "policy_ids"} or set(asked) != {"tee", "evidence", "runtime_data"}:
            raise AssertionError(str(request)[:500])
        evidence = json.loads(unb64(asked["evidence"]))
        service.evidence.append((asked["tee"], evidence))
        service.nonce = unb64(asked["runtime_data"]["raw"])
        found = bytes(evidence["attestation_report"]["report_data"])
        if found != service.nonce.ljust(64, b"\0"):
            self.answer(500, (REASON % "Report Data Mismatch").encode(), "text/plain")
            return
        self.answer(200, jwt(service.claims(), service.key, jwk=jwk_of(service.key), **service.header).encode(), "text/plain")


    def do_auth(self, service, _where, body):
        request = json.loads(body)
        if set(request) != {"version", "tee", "extra-params"} or self.headers["Content-Type"] != "application/json":
            raise AssertionError(str(request)[:500])
        if request["version"] != "0.4.0" or request["extra-params"] != {"supported-hash-algorithms": ["sha384", "sha512"]}:
            self.problem("RCAR handshake Auth failed")
            return
        service.tee = request["tee"]
        service.challenge = {"nonce": base64.b64encode(os.urandom(32)).decode(), "extra-params": ""}
        service.change_challenge(service.challenge)
        self.answer(200, service.challenge, "application/json", Set_Cookie=service.cookie)

    def do_attest(self, service, _where, body):
        request = json.loads(body)
        if set(request) != {"runtime-data", "tee-evidence"} or set(request["runtime-data"]) != {"nonce", "tee-pubkey"} or (
                set(request["tee-evidence"]) != {"primary_evidence", "additional_evidence"}):
            raise AssertionError(str(request)[:500])
        evidence = request["tee-evidence"]["primary_evidence"]
        service.evidence.append((service.tee, evidence))
        hashed = {**request["runtime-data"], "additional-evidence": request["tee-evidence"]["additional_evidence"]}
        found = hashlib.new(service.hash, json.dumps(hashed, sort_keys=True, separators=(",", ":")).encode()).digest()
        found = found.ljust(64, b"\0")
        if self.headers["Cookie"] != service.cookie.partition(";")[0] or hashed["nonce"] != service.challenge["nonce"] or (
                service.report_data_of(evidence) != found):
            self.problem("RCAR handshake Attest failed")
            return
        service.runtime_data_claims = hashed
        self.answer(200, {"token": jwt(service.claims(found), service.key, jwk=jwk_of(service.key), **service.header)},
                    "application/json")

    def problem(self, detail: str) -> None:
        """Without a media type, as it does."""
        self.answer(401, {"type": "https://github.com/confidential-containers/kbs/errors/AttestationError",
                          "detail": "Attestation error: " + detail}, None)


class Trustee(standin.StandIn):
    handler = _Handler
    tee, runtime_data_claims = "snp", None
    cookie = "kbs-session-id=0123456789abcdef0123456789abcdef; Expires=Sun, 22 Nov 2099 02:30:00 GMT"
    challenge = None
    hash = "sha384"

    @staticmethod
    def change_challenge(_challenge) -> None:
        pass

    @staticmethod
    def report_data_of(evidence) -> bytes:
        """Of a report, or of a quote of version 4: a head of 48 octets, and the body of a TD up to them."""
        if "quote" in evidence:
            return base64.b64decode(evidence["quote"])[48 + 520:][:64]
        return bytes(evidence["attestation_report"]["report_data"])

    @property
    def trustee_url(self) -> str:
        return "trustee+" + self.url

    def claims(self, nonce: bytes = None) -> dict:
        now = int(time.time())
        report_data = (nonce or self.nonce).ljust(64, b"\0")
        vector = {**standin.AFFIRMING, "file-system": 0, "runtime-opaque": 0, "storage-opaque": 0, "sourced-data": 0}
        claims = {"eat_profile": "tag:github.com,2024:confidential-containers/Trustee", "iat": now, "exp": now + 300,
                  "iss": "CoCo-Attestation-Service",
                  "ear.verifier-id": {"developer": "https://confidentialcontainers.org", "build": "attestation-service 0.1.0"},
                  "submods": {"cpu0": {"ear.status": "affirming", "ear.trustworthiness-vector": vector,
                                       "ear.appraisal-policy-id": "default",
                                       "ear.trustee.identifiers": {"validated": {}},
                                       "ear.veraison.annotated-evidence": {
                                           self.tee: {"policy_debug_allowed": False}, "report_data": report_data.hex(),
                                           "runtime_data_claims": self.runtime_data_claims, "init_data": "00" * 32, "init_data_claims": None}}}}
        self.change(claims)
        return claims


def annotated(claims: dict) -> dict:
    return claims["submods"]["cpu0"]["ear.veraison.annotated-evidence"]
