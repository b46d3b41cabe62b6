#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`atls verifier` as its clients see it: sessions, endorsements, discovery, each in the field's form."""

import base64
import json
import os
import re
import time

import cbor2
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from atlslib import EXIT_OURS, SoftwareTpm, main, run
from authority import public_key_of
from verifierlib import (CMW, DISCOVERY, NEW, PSA, PSA_CORIM, SESSION, SUBMISSION, SUBMIT, TOKEN, InvalidSignature,
                         Verifier, VerifierTest, unbase64, verify_jws)

WELL_KNOWN = "/.well-known/veraison/"
RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


class SessionTest(VerifierTest):
    def test_a_new_session_is_as_the_field_has_it(self):
        for query, size in (("", 32), ("?nonceSize=8", 8), ("?nonceSize=64", 64)):
            with self.subTest(query):
                answer = self.client.new(query)
                self.assertEqual((answer.status, answer.headers["Content-Type"]), (201, SESSION))
                self.assertEqual(list(answer.json), ["status", "nonce", "expiry", "accept"])
                self.assertEqual(answer.json["status"], "waiting")
                self.assertEqual(len(unbase64(answer.json["nonce"])), size)
                self.assertRegex(answer.json["expiry"], RFC3339)
                self.assertIn(PSA, answer.json["accept"])
                self.assertRegex(answer.headers["Location"], "^session/[A-Za-z0-9_-]+$")

    def test_nonces_and_ids_differ(self):
        seen = {(self.client.new().json["nonce"], self.client.new().headers["Location"]) for _ in range(20)}
        self.assertEqual(len({nonce for nonce, _ in seen}), 20)
        self.assertEqual(len({place for _, place in seen}), 20)

    def test_a_nonce_of_the_client_is_taken_in_every_alphabet(self):
        nonce = bytes.fromhex("fbefbeffef8000400102030405060708")
        standard = base64.b64encode(nonce).decode()
        url = base64.urlsafe_b64encode(nonce).decode()
        for text in (url, url.rstrip("="), standard, standard.rstrip("="), standard.replace("+", "%2B"),
                     standard.replace("/", "%2F").replace("=", "%3d")):
            with self.subTest(text):
                answer = self.client.new("?nonce=" + text)
                self.assertEqual(answer.status, 201, str(answer))
                self.assertEqual(unbase64(answer.json["nonce"]), nonce)

    def test_queries_that_make_no_session(self):
        for query in ("?nonceSize=7", "?nonceSize=65", "?nonceSize=", "?nonceSize=abc", "?nonceSize=-1", "?nonce=",
                      "?nonce=AAAA", "?nonce=" + "A" * 87, "?nonce=%zz", "?nonce=AAAAAAAAAAA&nonceSize=8",
                      "?nonceSize=8&nonceSize=8"):
            with self.subTest(query):
                self.problem(self.client.new(query), 400)

    def test_evidence_in_every_wrapping_is_appraised(self):
        forms = {
            CMW: lambda cmw: cmw,
            "application/cmw": lambda cmw: cmw,
            "application/vnd.veraison.cmw+cbor": lambda cmw: cmw,
            PSA: lambda cmw: cbor2.loads(cmw)[1],
            "application/psa-attestation-token": lambda cmw: cbor2.loads(cmw)[1],
            "application/cmw+json": lambda cmw: json.dumps(
                [PSA, base64.urlsafe_b64encode(cbor2.loads(cmw)[1]).decode().rstrip("="), 4]).encode(),
        }
        for kind, form in forms.items():
            with self.subTest(kind):
                path, nonce = self.open_session()
                cmw = self.evidence(nonce)
                answer = self.send(path, form(cmw), kind)
                claims = self.claims(answer)
                self.assertEqual(base64.b64decode(answer.json["evidence"]["value"]), cbor2.loads(cmw)[1])
                self.assertEqual(claims["submods"]["PSA_IOT"]["ear.status"], "warning")  # the root is a simulation
                self.assertEqual(answer.json["evidence"]["type"], kind if kind.endswith("token") else PSA)

    def test_a_result_says_who_when_and_for_which_nonce(self):
        path, nonce = self.open_session()
        before = int(time.time())
        claims = self.claims(self.send(path, self.evidence(nonce)))
        self.assertEqual(claims["eat_profile"], "tag:github.com,2023:veraison/ear")
        self.assertEqual(claims["iss"], self.verifier.listening["id"])
        self.assertEqual(claims["ear.verifier-id"]["developer"], claims["iss"])
        self.assertTrue(before - 2 <= claims["iat"] <= time.time() + 2, claims)
        self.assertEqual(claims["exp"] - claims["iat"], 300)
        self.assertEqual(base64.urlsafe_b64decode(claims["eat_nonce"]), nonce)
        self.assertTrue(claims["submods"]["PSA_IOT"]["simulated"])

    def test_the_result_does_not_verify_by_another_key_or_with_another_claim(self):
        path, nonce = self.open_session()
        answer = self.send(path, self.evidence(nonce))
        token = answer.json["result"]
        jwk = self.client.ask("GET", WELL_KNOWN + "verification").json["ear-verification-key"]
        verify_jws(token, jwk)
        head, payload, signature = token.split(".")
        with self.assertRaises(InvalidSignature):
            verify_jws(".".join((head, payload[:-4] + "AAAA", signature)), jwk)

    def test_bad_evidence_is_200_and_contraindicated(self):
        path, nonce = self.open_session()
        good = self.evidence(nonce)
        other_nonce = self.evidence(bytes(range(64)))
        stranger = self.evidence(nonce, self.keygen("stranger"))
        token = bytearray(cbor2.loads(good)[1])
        token[-1] ^= 1
        bodies = {"nonce": (other_nonce, CMW), "unknown device": (stranger, CMW),
                  "signature": (bytes(token), PSA), "not a token": (b"\xa0", PSA), "nothing of CBOR": (b"hello", PSA)}
        for name, (body, kind) in bodies.items():
            with self.subTest(name):
                path, _ = self.open_session("?nonce=" + base64.urlsafe_b64encode(nonce).decode())
                claims = self.claims(self.send(path, body, kind))
                submod = claims["submods"]["PSA_IOT"]
                self.assertEqual(submod["ear.status"], "contraindicated")
                self.assertEqual(set(submod["ear.trustworthiness-vector"].values()), {99})
                self.assertEqual(len(submod["ear.trustworthiness-vector"]), 8)
                self.assertTrue(submod["ear.veraison.policy-claims"]["problem"])

    def test_a_session_is_shown_and_deleted(self):
        path, nonce = self.open_session()
        waiting = self.client.ask("GET", path, Accept=SESSION)
        self.assertEqual((waiting.status, waiting.json["status"]), (200, "waiting"))
        self.assertNotIn("evidence", waiting.json)
        done = self.send(path, self.evidence(nonce))
        again = self.client.ask("GET", path, Accept="*/*")
        self.assertEqual(again.json, done.json)
        self.assertEqual(list(again.json), ["status", "nonce", "expiry", "accept", "evidence", "result"])
        deleted = self.client.ask("DELETE", path)
        self.assertEqual((deleted.status, deleted.body), (204, b""))
        self.problem(self.client.ask("GET", path, Accept=SESSION), 404)
        self.problem(self.client.ask("DELETE", path), 404)
        self.problem(self.send(path, self.evidence(nonce)), 404)

    def test_a_session_gives_one_result(self):
        path, nonce = self.open_session()
        first = self.send(path, self.evidence(nonce))
        self.problem(self.send(path, self.evidence(nonce)), 409)
        self.assertEqual(self.client.ask("GET", path).json, first.json)

    def test_the_checks_come_in_the_order_of_the_field(self):
        """Each request is wrong in one more way than the next; the first of these ways answers."""
        path, nonce = self.open_session()
        good = self.evidence(nonce)
        own = path.rpartition("/")[2]
        stranger = "/challenge-response/v1/session/" + ("B" if own[0] == "A" else "A") + own[1:]
        no_id = "/challenge-response/v1/session/1234567890"
        for accept, body, kind, where, status in (
                ("text/html", b"", "text/plain", no_id, 406),
                (SESSION, b"", "text/plain", no_id, 400),
                (SESSION, b"\xff", CMW, no_id, 400),
                (SESSION, b"x", "text/plain", no_id, 415),
                (SESSION, good, CMW, no_id, 400),
                (SESSION, good, CMW, stranger, 404)):
            with self.subTest(status=status, kind=kind):
                answer = self.client.ask("POST", where, body, Accept=accept, Content_Type=kind)
                self.problem(answer, status)
                if status == 415:
                    self.assertIn(PSA, answer.headers["Accept"])

    def test_a_collection_keeps_its_type_and_is_not_taken(self):
        collection = cbor2.dumps({"__cmwc_t": "tag:example.com,2026:x", "a": [PSA, b"x", 4]})
        path, _ = self.open_session()
        self.assertIn(PSA, self.send(path, collection).headers["Accept"])

    def test_a_missing_content_type_is_415(self):
        path, _ = self.open_session()
        self.problem(self.client.ask("POST", path, b"x", Accept=SESSION), 415)

    def test_accept_may_be_absent_or_anything(self):
        for accept in (None, "*/*", "application/*", SESSION + "; charset=utf-8", "text/html, " + SESSION):
            self.assertEqual(self.client.new(accept=accept).status, 201, accept)
        self.problem(self.client.new(accept="text/html"), 406)
        self.problem(self.client.new(accept=SESSION + ";q=0"), 406)

    def test_other_paths_and_methods(self):
        for path in ("/", "/challenge-response/v1/", "/challenge-response/v1/session/", NEW + "/", "/x?y",
                     "/challenge-response/v2/newSession", "//", "/.well-known/veraison/other"):
            self.problem(self.client.ask("GET", path), 404)
        answer = self.client.ask("GET", NEW)
        self.problem(answer, 405)
        self.assertEqual(answer.headers["Allow"], "POST")
        self.problem(self.client.ask("PUT", "/challenge-response/v1/session/abc", b""), 405)
        self.problem(self.client.ask("BREW", "/healthz"), 405)

    def test_a_verdict_is_recorded_without_what_a_log_must_not_hold(self):
        path, nonce = self.open_session()
        answer = self.send(path, self.evidence(nonce))
        self.verifier.wait("verdict")
        records = [event["result"] for event in self.verifier.events("verdict")]
        self.assertTrue(any(r["format"] == "psa" and r["submods"] and r["peer"].startswith("127.0.0.1:")
                            for r in records), records)
        text = "\n".join(self.verifier.out.all() + self.verifier.err.all())
        session = path.rpartition("/")[2]
        for secret in (session, nonce.hex(), answer.json["nonce"], answer.json["result"], TOKEN,
                       answer.json["evidence"]["value"]):
            self.assertNotIn(secret, text)


class DiscoveryTest(VerifierTest):
    def test_the_documents_are_as_the_field_has_them(self):
        found = self.client.ask("GET", WELL_KNOWN + "verification", Accept=DISCOVERY)
        self.assertEqual((found.status, found.headers["Content-Type"]), (200, DISCOVERY))
        self.assertEqual(found.headers["Cache-Control"], "max-age=60")
        self.assertEqual(set(found.json["ear-verification-key"]), {"kty", "crv", "x", "y", "alg"})
        self.assertEqual(found.json["service-state"], "READY")
        self.assertEqual(found.json["api-endpoints"], {"newChallengeResponseSession": NEW})
        self.assertIn(PSA, found.json["media-types"])
        self.assertEqual(found.json["verifier-id"], self.verifier.listening["id"])
        keys = found.json["ear-verification-keys"]["keys"]
        self.assertEqual({**found.json["ear-verification-key"], "use": "sig", "kid": keys[0]["kid"]}, keys[0])
        found = self.client.ask("GET", WELL_KNOWN + "provisioning", Accept="application/json")
        self.assertEqual(found.json["api-endpoints"], {"provisioningSubmit": SUBMIT})
        self.assertIn(PSA_CORIM, found.json["media-types"])
        self.problem(self.client.ask("GET", WELL_KNOWN + "provisioning", Accept="text/html"), 406)

    def test_management_has_what_is_there_to_read_and_no_more(self):
        found = self.client.ask("GET", WELL_KNOWN + "management", Accept=DISCOVERY)
        self.assertEqual((found.status, found.headers["Content-Type"]), (200, DISCOVERY))
        self.assertEqual(set(found.json), {"attestation-schemes", "version", "service-state", "api-endpoints",
                                           "verifier-id"})
        self.assertIn("PSA_IOT", found.json["attestation-schemes"])
        self.assertEqual(found.json["api-endpoints"], {
            "getActivePolicy": "/management/v1/policy/:scheme", "getPolicy": "/management/v1/policy/:scheme/:uuid",
            "getPolicies": "/management/v1/policies/:scheme"})
        self.problem(self.client.ask("GET", WELL_KNOWN + "management", Accept="text/html"), 406)
        owner = {"Authorization": "Bearer " + TOKEN}
        policies = "application/vnd.veraison.policies+json"
        answer = self.client.ask("GET", "/management/v1/policies/PSA_IOT", Accept=policies, **owner)
        self.assertEqual((answer.status, answer.headers["Content-Type"], answer.json), (200, policies, []))
        for path in ("policy/PSA_IOT", "policy/PSA_IOT/340d22f7-9eda-499f-9aa2-5af308a36a4f"):
            self.problem(self.client.ask("GET", "/management/v1/" + path, **owner), 404)
            self.problem(self.client.ask("GET", "/management/v1/" + path), 401)
            self.problem(self.client.ask("POST", "/management/v1/" + path, b"", **owner), 405)
        for path in ("policies/NONE", "policy/PSA_IO", "policy//PSA_IOT", "policies/PSA_IOTX"):
            self.problem(self.client.ask("GET", "/management/v1/" + path, **owner), 400)
        self.problem(self.client.ask("GET", "/management/v1/policies/PSA_IOT", Accept="text/html", **owner), 406)

    def test_health_and_metrics(self):
        self.assertEqual(self.client.ask("GET", "/healthz").json["status"], "ok")
        page = self.client.ask("GET", "/metrics")
        self.assertTrue(page.headers["Content-Type"].startswith("text/plain; version=0.0.4"))
        helped, typed = set(), set()
        for line in page.body.decode().splitlines():
            if line.startswith("# HELP "):
                helped.add(line.split()[2])
            elif line.startswith("# TYPE "):
                typed.add(line.split()[2])
            else:
                self.assertRegex(line, r'^atls_verifier_[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? [0-9.]+$')
                name = re.sub(r"(_bucket|_sum|_count)?(\{.*)? .*$", "", line)
                self.assertIn(name, typed | {name for name in typed if line.startswith(name)})
        self.assertEqual(helped, typed)
        self.assertEqual(self.verifier.metric("endorsements"), 1)


class ProvisioningTest(VerifierTest):
    def test_a_submission_and_its_status(self):
        answer = self.client.submit(self.corim)
        self.assertEqual((answer.status, answer.headers["Content-Type"]), (200, SUBMISSION))
        self.assertEqual(answer.json["status"], "success")
        self.assertRegex(answer.json["expiry"], RFC3339)
        self.assertNotIn("failure-reason", answer.json)
        where = "/endorsement-provisioning/v1/" + answer.headers["Location"]
        status = self.client.ask("GET", where, Authorization="Bearer " + TOKEN)
        self.assertEqual(status.json, answer.json)
        self.assertEqual(self.client.ask("DELETE", where, Authorization="Bearer " + TOKEN).status, 204)
        self.problem(self.client.ask("GET", where, Authorization="Bearer " + TOKEN), 404)

    def test_old_and_new_names_of_the_type_are_taken(self):
        for kind in ("application/rim+cbor", 'application/rim+cbor; profile="http://arm.com/psa/iot/1"',
                     "application/rim+cbor;profile=tag:arm.com,2025:psa#1.0.0",
                     'application/corim-unsigned+cbor; profile="http://arm.com/psa/iot/1"'):
            with self.subTest(kind):
                self.assertEqual(self.client.submit(self.corim, kind).json["status"], "success")

    def test_what_is_no_endorsement_fails_with_its_reason(self):
        tpm2 = 'application/rim+cbor; profile="tag:github.com/parallaxsecond,2023-03-03:tpm"'
        for corim, kind in ((b"\xa0", PSA_CORIM), (self.corim[:-1], PSA_CORIM), (self.corim, tpm2),
                            (self.corim, "application/rim+cose"), (b"{}", PSA_CORIM), (b"\xff" * 100, PSA_CORIM)):
            with self.subTest(kind=kind, start=corim[:4]):
                answer = self.client.submit(corim, kind)
                self.assertEqual((answer.status, answer.json["status"]), (200, "failed"), str(answer))
                self.assertTrue(answer.json["failure-reason"])
                where = "/endorsement-provisioning/v1/" + answer.headers["Location"]
                status = self.client.ask("GET", where, Authorization="Bearer " + TOKEN)
                self.assertEqual(status.json, answer.json)

    def test_requests_that_are_refused(self):
        self.problem(self.client.submit(self.corim, token=None), 401)
        answer = self.client.submit(self.corim, token="another-token-than-that")
        self.problem(answer, 401)
        self.assertTrue(answer.headers["WWW-Authenticate"].startswith("Bearer"))
        self.problem(self.client.submit(self.corim, token=TOKEN + "x"), 401)
        self.problem(self.client.submit(b""), 400)
        answer = self.client.submit(self.corim, "text/plain")
        self.problem(answer, 415)
        self.assertIn(PSA_CORIM, answer.headers["Accept"])
        self.problem(self.client.ask("POST", SUBMIT, self.corim, Content_Type=PSA_CORIM, Accept="text/html",
                                     Authorization="Bearer " + TOKEN), 406)

    def test_the_token_may_be_a_password(self):
        """As Veraison's cocli sends it (RFC 7617)."""
        def submit(pair, scheme="Basic "):
            return self.client.ask("POST", SUBMIT, self.corim, Content_Type=PSA_CORIM,
                                   Authorization=scheme + base64.b64encode(pair.encode()).decode())

        for name in ("maker", "", "x" * 2000):
            self.assertEqual(submit(f"{name}:{TOKEN}").json["status"], "success")
        for wrong in (f"maker:{TOKEN}x", f"maker:{TOKEN[:-1]}", f"maker:x:{TOKEN}", TOKEN, f"{TOKEN}:", ":", "",
                      "x" * 4096 + ":" + TOKEN):
            with self.subTest(wrong[:30]):
                self.problem(submit(wrong), 401)
        self.assertEqual(submit(f"maker:{TOKEN}", "bASIC  ").json["status"], "success")
        self.problem(submit(f"maker:{TOKEN}", "Bearer "), 401)
        self.problem(self.client.ask("POST", SUBMIT, self.corim, Content_Type=PSA_CORIM, Authorization="Basic %%%"), 401)

    def test_an_older_version_is_refused_and_the_newer_counts(self):
        """R-47: versions of one id go forward only."""
        def version(number):
            corim = cbor2.loads(self.corim)
            tags = corim.value[1]
            comid = cbor2.loads(tags[0].value)
            comid[1][1] = number
            tags[0] = cbor2.CBORTag(506, cbor2.dumps(comid, canonical=True))
            return cbor2.dumps(corim, canonical=True)
        verifier = Verifier(self.folder, name="versions")
        self.addCleanup(verifier.stop)
        client = verifier.client()
        self.addCleanup(client.close)
        self.assertEqual(client.submit(version(7)).json["status"], "success")
        for older in (version(6), self.corim):
            answer = client.submit(older)
            self.assertEqual(answer.json["status"], "failed", str(answer))
            self.assertIn("endorsement", answer.json["failure-reason"])
        self.assertEqual(client.submit(version(8)).json["status"], "success")
        path, nonce = self.open_session(client=client)
        claims = self.claims(self.send(path, self.evidence(nonce), client=client))
        self.assertEqual(claims["submods"]["PSA_IOT"]["ear.status"], "warning")


class TpmTest(VerifierTest):
    def test_evidence_of_a_tpm_names_its_key_in_the_result(self):
        tpm = SoftwareTpm()
        self.addCleanup(tpm.stop)
        machine = self.keygen("tpm", "--tcti", tpm.tcti, rot="tpm2")
        with open(machine.endorsement, "rb") as file:
            answer = self.client.submit(file.read(), "application/rim+cbor")
        self.assertEqual(answer.json["status"], "success", str(answer))
        path, nonce = self.open_session("?nonceSize=33")
        claims = self.claims(self.send(path, self.evidence(nonce, machine)))
        submod = claims["submods"]["PARSEC_TPM"]
        self.assertEqual(submod["ear.status"], "affirming", claims)
        key = unbase64(submod["ear.veraison.key-attestation"]["akpub"])
        self.assertEqual(key, public_key_of(machine).public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo))
        # the endorsement of the other machine, of another format, was not in the way
        verdict = self.verifier.wait("verdict", lambda result: result["format"] == "tpm2")
        self.assertEqual((verdict["endorsements"], verdict["status"]), (1, "affirming"))


class NitroTest(VerifierTest):
    def test_endorsements_that_name_no_class_match_all_evidence_of_their_format(self):
        kat = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "kat", "nitro")

        def sample(name) -> bytes:
            with open(os.path.join(kat, name), "rb") as file:
                return file.read()

        answer = self.client.submit(sample("endorsement.corim"), 'application/rim+cbor; profile="tag:atls,2026:nitro"')
        self.assertEqual(answer.json["status"], "success", str(answer))
        nonce = bytes.fromhex(sample("plain.nonce.hex").decode().strip())
        path, _ = self.open_session("?nonce=" + base64.urlsafe_b64encode(nonce).decode())
        claims = self.claims(self.send(path, sample("plain.cmw")))
        self.assertEqual(list(claims["submods"]), ["NITRO"])
        verdict = self.verifier.wait("verdict", lambda result: result["format"] == "nitro")
        self.assertEqual(verdict["endorsements"], 1)


class NodesTest(VerifierTest):
    """Two programs with one store are one Verifier."""

    def node(self, folder=None):
        node = Verifier(folder or self.folder, "--id", "https://verifier.example",
                        name=os.path.join(self.folder, "shared"))
        self.addCleanup(node.stop)
        client = node.client()
        self.addCleanup(client.close)
        return client

    def test_a_node_completes_what_another_began_and_once(self):
        first, second = self.node(), self.node()
        path, nonce = self.open_session(client=first)
        evidence = self.evidence(nonce)
        self.assertEqual(first.submit(self.corim).json["status"], "success")
        answer = self.send(path, evidence, client=second)  # with the endorsement that the first has taken
        self.assertEqual(answer.json["status"], "complete", str(answer))
        claims = json.loads(unbase64(answer.json["result"].split(".")[1]))
        self.assertEqual(claims["submods"]["PSA_IOT"]["ear.status"], "warning")
        self.assertEqual(first.ask("GET", path).json, answer.json)
        self.problem(self.send(path, evidence, client=first), 409)
        second.ask("DELETE", path)
        self.problem(first.ask("GET", path), 404)

    def test_a_node_with_another_key_signs_nothing_for_it(self):
        other = self.path("other")
        os.makedirs(other, exist_ok=True)
        first, stranger = self.node(), self.node(other)
        path, nonce = self.open_session(client=first)
        evidence = self.evidence(nonce)
        self.problem(self.send(path, evidence, client=stranger), 404)
        self.problem(stranger.ask("GET", path), 404)
        self.problem(stranger.ask("DELETE", path), 404)
        shown = first.ask("GET", path)
        self.assertEqual((shown.status, shown.json["status"]), (200, "waiting"), str(shown))
        self.assertFalse({"evidence", "result"} & set(shown.json))
        self.assertEqual(self.send(path, evidence, client=first).json["status"], "complete")
        self.assertEqual(stranger.ask("GET", path).json["status"], "complete")  # that everyone may see


class StartTest(VerifierTest):
    def refused(self, *words, code="CONFIG", found=""):
        outcome = run("verifier", "--json", *words)
        self.assert_fails(outcome, EXIT_OURS, code)
        self.assertIn(found, outcome.objects[-1]["error"]["found"])

    def test_what_is_not_right_is_said_and_ends_it(self):
        key = ("--signing-key", self.verifier.key_file)
        here = ("--listen", "127.0.0.1:0", "--store", "sqlite:" + self.path("x.db"))
        short = self.write("short", "abc\n")
        self.refused(*here)
        for words in (("--id", "no-uri"), ("--ca", short), ("--ear-profile", "other"), ("--token", short)):
            self.refused(*key, *here, *words)
        self.refused(*key, "--listen", "0.0.0.0:0", "--store", "sqlite:" + self.path("x.db"))
        self.refused(*key, "--listen", "127.0.0.1:0", "--store", "mysql:x")
        self.refused("--signing-key", short, *here, code="KEY", found="none in " + short)
        self.refused("--signing-key", self.path("nothing.pem"), *here, code="FILE")
        self.refused(*key, *here, "--identity", self.path("nothing"), code="FILE")

    def test_without_a_token_nobody_provisions(self):
        verifier = Verifier(self.folder, name="closed", token=False)
        self.addCleanup(verifier.stop)
        client = verifier.client()
        self.addCleanup(client.close)
        self.problem(client.submit(self.corim), 403)

    def test_the_flavour_of_the_drafts(self):
        verifier = Verifier(self.folder, "--ear-profile", "ietf", "--id", "https://verifier.example")
        self.addCleanup(verifier.stop)
        client = verifier.client()
        self.addCleanup(client.close)
        path, nonce = self.open_session(client=client)
        answer = self.send(path, self.evidence(nonce), client=client)
        claims = json.loads(unbase64(answer.json["result"].split(".")[1]))
        self.assertEqual(claims["eat_profile"], "tag:ietf.org,2026:rats/ear#04")
        self.assertEqual(claims["iss"], "https://verifier.example")

    def test_endorsements_and_sessions_outlive_the_process(self):
        first = Verifier(self.folder, name="again")
        client = first.client()
        self.assertEqual(client.submit(self.corim).json["status"], "success")
        path, nonce = self.open_session(client=client)
        client.close()
        first.stop()
        second = Verifier(self.folder, name="again")
        self.addCleanup(second.stop)
        self.assertEqual(second.listening["endorsements"], 1)
        client = second.client()
        self.addCleanup(client.close)
        answer = self.send(path, self.evidence(nonce), client=client)
        self.assertEqual((answer.status, answer.json["status"]), (200, "complete"), str(answer))

    def test_only_signed_endorsements_where_a_key_is_given(self):
        self.make_signer()
        verifier = Verifier(self.folder, "--endorsement-key", self.path("signer.pub"), name="signed")
        self.addCleanup(verifier.stop)
        client = verifier.client()
        self.addCleanup(client.close)
        self.assertEqual(client.submit(self.corim).json["status"], "failed")
        with open(self.path("signed.corim"), "rb") as file:
            signed = file.read()
        self.assertEqual(client.submit(signed, "application/rim+cose").json["status"], "success")
        path, nonce = self.open_session(client=client)
        answer = self.send(path, self.evidence(nonce), client=client)
        claims = json.loads(unbase64(answer.json["result"].split(".")[1]))
        self.assertEqual(claims["submods"]["PSA_IOT"]["ear.status"], "warning", str(answer))

    def make_signer(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        self.write("signer.pem", key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                                   serialization.NoEncryption()))
        self.write("signer.pub", key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))
        self.assert_done(run("corim", "sign", self.identity.endorsement, "--key", self.path("signer.pem"),
                             "-o", self.path("signed.corim")))


if __name__ == "__main__":
    main()
