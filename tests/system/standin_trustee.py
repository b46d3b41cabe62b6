# SPDX-License-Identifier: Apache-2.0
"""A stand-in for Trustee's Attestation Service: its RESTful API as published (attestation-service/docs/restful-as.md), with
real signatures and every fault. Of Evidence it looks at report_data alone, as Trustee compares them; the real one is in
tests/interop."""

import json
import time

import standin
from standin import b64, jwk_of, jwt, unb64

REASON = "An internal error occured: \n0: attestation report evaluate\n1: Verifier evaluate failed: %s\n\nStack backtrace:\n   0: x"


class _Handler(standin.Handler):
    def step_of(self, path: str) -> str:
        return {"/.well-known/jwks.json": "keys", "/attestation": "attestation"}[path]

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


class Trustee(standin.StandIn):
    handler = _Handler

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
                                           "snp": {"policy_debug_allowed": False}, "report_data": report_data.hex(),
                                           "runtime_data_claims": None, "init_data": "00" * 32, "init_data_claims": None}}}}
        self.change(claims)
        return claims


def annotated(claims: dict) -> dict:
    return claims["submods"]["cpu0"]["ear.veraison.annotated-evidence"]
