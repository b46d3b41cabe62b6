#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The published exchanges and descriptions (OpenAPI) of Veraison's API: what their clients send is taken, what they read is there."""

import base64
import email.utils
import json
import os
import re
import urllib.parse

import standin
from atlslib import EXIT_CONNECTION, ROOT, main, skip
from verifierlib import CMW, DISCOVERY, NEW, PSA, SESSION, SUBMISSION, SUBMIT, TOKEN, VerifierTest, unbase64

try:
    import jsonschema
    import yaml
except ImportError as absent:
    skip(f"a module of Python is absent: {absent}")

FOLDER = os.path.join(os.path.dirname(ROOT), "shared", "vectors", "13-veraison-api")
if not os.path.isdir(FOLDER):
    skip(f"{FOLDER} is absent")


def exchange(number: int) -> tuple:
    """Method, target, headers of the request; status, headers, JSON of the response, of one published exchange."""
    with open(os.path.join(FOLDER, "challenge-response", f"readme-exchange-{number}.txt"), encoding="utf-8") as file:
        asked, _, answered = file.read().partition("<< Response:")
    lines = [line.strip() for line in asked.splitlines()[1:] if line.strip()]
    method, target = lines[0].split()[:2]
    headers = dict(line.split(": ", 1) for line in lines[1:] if ": " in line)
    head, _, body = answered.partition("\n\n")
    status = int(re.search(r"HTTP/1.1 (\d+)", head).group(1))
    return method, target, headers, status, head, json.loads(re.sub(r"//.*", "", body))


def names(document: dict) -> set:
    """The members, the old name of the state taken for the new one."""
    return {"status" if name == "state" else name for name in document}


class PublishedTest(VerifierTest):
    def test_a_new_session(self):
        method, target, headers, status, head, document = exchange(1)
        answer = self.client.ask(method, target, **{name.replace("-", "_"): value for name, value in headers.items()
                                                    if name != "Host"})
        self.assertEqual(answer.status, status, str(answer))
        self.assertIn(answer.headers["Content-Type"], head)
        self.assertEqual(names(answer.json), names(document))
        self.assertEqual(answer.json["status"], document["state"])

    def test_evidence_for_a_session(self):
        for number in (2, 4):
            method, target, headers, status, _, document = exchange(number)
            with self.subTest(target=target):
                self.assertIn(status, (200, 202))
                path, _ = self.open_session()
                target = target.replace("/challenge-response/v1/session/1234567890", path)
                answer = self.client.ask(method, target, b".....", Accept=headers["Accept"],
                                         Content_Type=headers["Content-Type"])
                self.assertEqual((answer.status, answer.headers["Content-Type"]), (200, SESSION), str(answer))
                self.assertLessEqual(names(document), names(answer.json))
                self.assertEqual(answer.json["evidence"]["type"], headers["Content-Type"])
                submod = self.claims(answer)["submods"]["PSA_IOT"]
                self.assertEqual(submod["ear.status"], "contraindicated")  # "....." is no Evidence

    def test_what_the_mock_server_of_a_client_answers(self):
        for name, ask in (("new_session", lambda path: self.client.ask("POST", path, Accept=SESSION)),
                          ("discovery", lambda path: self.client.ask("GET", path))):
            with open(os.path.join(FOLDER, "wiremock", name + ".json"), encoding="utf-8") as file:
                published = json.load(file)
            answer = ask(published["request"]["urlPath"])
            expected = published["response"]
            self.assertEqual(answer.status, expected["status"])
            self.assertEqual(answer.headers["Content-Type"], expected["headers"]["Content-Type"])
            self.assertLessEqual(names(expected["jsonBody"]), names(answer.json))
            if name == "discovery":
                self.assertEqual(set(answer.json["ear-verification-key"]), set(expected["jsonBody"]["ear-verification-key"]))
                self.assertEqual(answer.json["api-endpoints"], expected["jsonBody"]["api-endpoints"])


class Description:
    """One OpenAPI document, with what its components are."""

    def __init__(self, *names):
        self.folder = os.path.join(FOLDER, names[0])
        self.document = self.load(os.path.join(FOLDER, *names))
        self.components = self.load(os.path.join(self.folder, "schemas", "components.yaml"))

    @staticmethod
    def load(path: str):
        with open(path, encoding="utf-8") as file:
            return yaml.safe_load(file)

    def whole(self, schema):
        """Every reference replaced by what it refers to."""
        if isinstance(schema, list):
            return [self.whole(item) for item in schema]
        if not isinstance(schema, dict):
            return schema
        if "$ref" in schema:
            found = self.components if "components.yaml" in schema["$ref"] or "/schemas/" in schema["$ref"] else self.document
            for name in schema["$ref"].partition("#/")[2].split("/"):
                found = found[name]
            return self.whole(found)
        return {name: self.whole(value) for name, value in schema.items()}

    def operations(self) -> set:
        return {(path, method) for path, item in self.document["paths"].items() for method in item}

    def check(self, path: str, method: str, answer) -> None:
        """ANSWER is one that the document has for this operation, in type and members."""
        responses = self.whole(self.document["paths"][path][method]["responses"])
        response = responses.get(str(answer.status), responses.get("default"))
        if response is None:
            raise AssertionError(f"{method} {path} has no {answer}")
        if "content" not in response:
            assert answer.body == b"", str(answer)
            return
        kind, = response["content"]
        assert answer.headers["Content-Type"] == kind, str(answer)
        schema = response["content"][kind]["schema"]
        jsonschema.validate(answer.json, schema, jsonschema.Draft4Validator)
        if "Location" in response.get("headers", {}):
            assert answer.headers["Location"], str(answer)


def examples(schema, name=None):
    """Every (member, example) of a schema."""
    if isinstance(schema, dict):
        if "example" in schema:
            yield name, schema["example"]
        for key, value in schema.items():
            yield from examples(value, key)


class DescribedTest(VerifierTest):
    """Each operation of the OpenAPI documents, its good answer and its bad one."""

    def owner(self) -> dict:
        return {"Authorization": "Bearer " + TOKEN}

    def test_challenge_response(self):
        described, tried = Description("challenge-response", "challenge-response.yaml"), set()
        session = "/session/{SessionId}"

        def check(path, method, answer, status):
            self.assertEqual(answer.status, status, str(answer))
            described.check(path, method, answer)
            tried.add((path, method))
            return answer

        check("/newSession", "post", self.client.new("?nonceSize=7"), 400)
        check("/newSession", "post", self.client.new("?nonceSize=8&nonce=MTIzNDU2Nzg5MDEy"), 400)
        check("/newSession", "post", self.client.new("", accept="text/html"), 406)
        for size in range(8, 65):  # "between 8 and 64"
            found = check("/newSession", "post", self.client.new(f"?nonceSize={size}"), 201).json
            self.assertEqual((len(unbase64(found["nonce"])), found["status"]), (size, "waiting"))
        self.assertEqual(len(unbase64(check("/newSession", "post", self.client.new(), 201).json["nonce"])), 32)
        path, nonce = self.open_session()
        check(session, "get", self.client.ask("GET", path, Accept=SESSION), 200)
        done = check(session, "post", self.send(path, self.evidence(nonce)), 200)
        self.assertEqual((done.json["status"], done.json["evidence"]["type"]), ("complete", PSA))
        self.assertEqual(check(session, "get", self.client.ask("GET", path, Accept=SESSION), 200).json, done.json)
        check(session, "post", self.send(path, self.evidence(nonce)), 409)  # "only ... in state waiting"
        check(session, "post", self.send(path, b"x", "text/plain"), 415)
        check(session, "delete", self.client.ask("DELETE", path), 204)
        for method in ("get", "post", "delete"):
            body = self.evidence(nonce) if method == "post" else None
            check(session, method, self.client.ask(method.upper(), path, body, Content_Type=CMW if body else None), 404)
        self.assertEqual(tried, described.operations())

    def test_every_example_of_a_nonce_and_a_type_is_taken(self):
        """In each alphabet, with its padding and without."""
        described = Description("challenge-response", "challenge-response.yaml")
        found = list(examples(described.components))
        nonces = {example for name, example in found if name == "nonce"}
        nonces.add(json.loads(self.published("wiremock", "new_session.json"))["response"]["jsonBody"]["nonce"])
        self.assertGreaterEqual(len(nonces), 2)
        for nonce in sorted(nonces) + [base64.b64encode(bytes([0xfb, 0xff] * size)).decode() for size in (4, 5, 20, 32)]:
            raw = base64.b64decode(nonce)
            for text in (nonce, nonce.rstrip("="), base64.urlsafe_b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode().rstrip("="),
                         nonce.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")):
                answer = self.client.new("?nonce=" + text)
                self.assertEqual((answer.status, unbase64(answer.json["nonce"])), (201, raw), text)
        accept = self.client.new().json["accept"]
        types = {example for name, example in found if name == "EvidenceContentType"}
        self.assertEqual(types, {"application/psa-attestation-token"})
        self.assertLessEqual(types, set(accept))

    def test_every_published_spelling_of_a_type_is_known_or_refused_as_unknown(self):
        """Parameters with quotes and without, in any case, with blanks."""
        discovery = json.loads(self.published("wiremock", "discovery.json"))["response"]["jsonBody"]
        taken = {"application/eat-cwt; profile=http://arm.com/psa/2.0.0", "application/psa-attestation-token"}
        self.assertLess(taken, set(discovery["media-types"]))
        spellings = {kind: 200 if kind in taken else 415 for kind in discovery["media-types"]}
        for kind in (PSA, PSA.replace('"', ""), PSA.replace("; ", ";"), PSA.replace("; ", " ;  "), PSA.replace("eat_profile", "EAT_Profile"),
                     PSA.upper().replace('"TAG:PSACERTIFIED.ORG,2023:PSA#TFM"', '"tag:psacertified.org,2023:psa#tfm"'),
                     'application/eat-cwt; profile="http://arm.com/psa/2.0.0"'):
            spellings[kind] = 200
        for kind, status in spellings.items():
            with self.subTest(kind):
                path, _ = self.open_session()
                answer = self.send(path, b"no evidence", kind)
                self.assertEqual(answer.status, status, str(answer))
                if status == 415:
                    self.assertIn(PSA, answer.headers["Accept"])

    def published(self, *names) -> str:
        with open(os.path.join(FOLDER, *names), encoding="utf-8") as file:
            return file.read()

    def test_endorsement_provisioning(self):
        described, tried = Description("endorsement-provisioning", "endorsement-provisioning.yaml"), set()
        one = "/submissions/{SessionID}"

        def check(path, method, answer, status):
            self.assertEqual(answer.status, status, str(answer))
            described.check(path, method, answer)
            tried.add((path, method))
            return answer

        taken = check("/submit", "post", self.client.submit(self.corim, "application/rim+cbor"), 200)
        self.assertEqual((taken.json["status"], set(taken.json)), ("success", {"status", "expiry"}))
        refused = check("/submit", "post", self.client.submit(b"no corim", "application/rim+cbor"), 200)
        self.assertEqual((refused.json["status"], set(refused.json)), ("failed", {"status", "expiry", "failure-reason"}))
        check("/submit", "post", self.client.submit(self.corim, token="wrong-horse-battery"), 401)
        check("/submit", "post", self.client.submit(b""), 400)
        check("/submit", "post", self.client.submit(self.corim, "text/plain"), 415)
        check("/submit", "post", self.client.ask("POST", SUBMIT, self.corim, Content_Type="application/rim+cbor", Accept="text/html",
                                                 **self.owner()), 406)
        where = SUBMIT.rpartition("/")[0] + "/" + taken.headers["Location"].rpartition("v1/")[2]
        again = check(one, "get", self.client.ask("GET", where, Accept=SUBMISSION, **self.owner()), 200)
        self.assertEqual(again.json, taken.json)
        check(one, "get", self.client.ask("GET", where + "0", Accept=SUBMISSION, **self.owner()), 404)
        # Queries about the life of endorsements came later than any service of Veraison's has them: not here, and said so.
        later = {("/activate", "post"), ("/deactivate", "post")}
        self.assertEqual(tried | later, described.operations())
        for path, _ in later:
            self.problem(self.client.ask("POST", SUBMIT.rpartition("/")[0] + path, b"x", **self.owner()), 404)

    def test_discovery(self):
        for name in ("verification", "provisioning"):
            described = Description("well-known", name + ".yaml")
            path = "/.well-known/veraison/" + name
            self.assertEqual(described.operations(), {(path, "get")})
            for accept in (DISCOVERY, "application/json", "*/*", None):
                answer = self.client.ask("GET", path, Accept=accept)
                self.assertEqual(answer.status, 200, str(answer))
                described.check(path, "get", answer)
                now, end = (email.utils.parsedate_to_datetime(answer.headers[name]) for name in ("Date", "Expires"))
                self.assertIn((end - now).total_seconds(), (59, 60, 61), answer.headers["Expires"])
                self.assertEqual("ear-verification-key" in answer.json, name == "verification")
        self.assertTrue(self.client.ask("GET", path).json["api-endpoints"]["provisioningSubmit"].endswith(SUBMIT))
        self.assertTrue(self.client.ask("POST", NEW, b"").status == 201)


class ClientTest(standin.RelyingTest):
    """The other side: `--verifier` with a server that gives the published answers, but for the nonce, our type beside theirs,
    and the Result."""

    def server_of(self, change):
        """Exchange 1 for newSession, 2 for the Evidence, 4 for the session; `change(document, nonce)` comes last."""
        verifier = self.verifier()

        def answer(handler, step: str) -> bool:
            number = {"newSession": 1, "Evidence": 2, "session": 4}.get(step)
            if number is None:
                return False
            if number == 1:
                text, = urllib.parse.parse_qs(urllib.parse.urlsplit(handler.path).query)["nonce"]
                verifier.nonce = base64.urlsafe_b64decode(text)
            _, _, _, status, head, document = exchange(number)
            document["nonce"] = base64.b64encode(verifier.nonce).decode()  # as they have it: padded, the standard alphabet
            document["accept"].append(PSA)
            change(document, verifier)
            body = json.dumps(document).encode()
            handler.send_response(status)
            for line in head.strip().splitlines()[1:]:
                name, value = line.strip().split(": ", 1)
                handler.send_header(name, value.replace("https://veraison.example", verifier.url))
            handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body)
            return True

        verifier.fault = answer
        return verifier

    def test_the_published_exchanges_with_a_result_that_is_one(self):
        def sign(document, verifier):
            if "result" in document:
                document["result"] = standin.jwt(verifier.claims(verifier.nonce), verifier.key)
        verifier = self.server_of(sign)
        self.assert_accepts(self.connect(*self.asking(verifier)))
        self.assertEqual(verifier.asked, ["discovery", "newSession", "Evidence", "session", "delete"])

    def test_the_published_result_is_none(self):
        """An object without a signature: nobody is accepted for it."""
        verifier = self.server_of(lambda document, _verifier: None)
        self.refused(verifier, EXIT_CONNECTION, "VERIFIER_ANSWER", "result")

    def test_the_published_list_has_not_our_type(self):
        def only_theirs(document, _verifier):
            document["accept"].remove(PSA)
        verifier = self.server_of(only_theirs)
        self.refused(verifier, EXIT_CONNECTION, "VERIFIER_ANSWER", ["accept", "a list without this type"])
        self.assertNotIn("Evidence", verifier.asked)

    def test_a_nonce_of_another_session_is_refused(self):
        def stale(document, _verifier):
            document["nonce"] = exchange(1)[5]["nonce"]  # the published one
        self.refused(self.server_of(stale), EXIT_CONNECTION, "VERIFIER_ANSWER", "nonce")


if __name__ == "__main__":
    main()
