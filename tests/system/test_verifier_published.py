#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The published exchanges of Veraison's API, replayed: what their clients send is taken, what they read is there."""

import json
import os
import re

from atlslib import ROOT, main, skip
from verifierlib import SESSION, VerifierTest

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


if __name__ == "__main__":
    main()
