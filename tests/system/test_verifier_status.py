#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The status page of `atls verifier`: who sees it, what is on it, and what hostile text does to it (nothing)."""

import base64
import hashlib
import html.parser
import re
import ssl

from cryptography.hazmat.primitives.asymmetric import ec

from atlslib import main
from authority import Authority
from test_verifier_disputes import KEYS, OWNER, changed, path_of, some_key
from verifierlib import PSA, TOKEN, Verifier, VerifierTest

HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)>\u202e&amp;\x07'
VOID = {"meta", "br", "!doctype"}
ALLOWED = VOID | {"html", "head", "title", "style", "body", "main", "header", "section", "h1", "h2", "p", "dl", "div",
                  "dt", "dd", "small", "table", "thead", "tbody", "tr", "th", "td", "span", "code", "time", "bdi"}
ATTRIBUTES = {"lang", "charset", "name", "content", "class", "id", "role", "aria-labelledby", "scope", "data-label",
              "datetime"}


class Page(html.parser.HTMLParser):
    """Strict: every element is one of ours, closed in its order; rows by the id of their table's heading."""

    def __init__(self, text: str):
        super().__init__(convert_charrefs=True)
        self.open, self.ids, self.rows, self.labels = [], [], {}, []
        self.text, self.style, self.table = [], "", None
        self.feed(text)
        self.close()
        if self.open:
            raise AssertionError(f"left open: {self.open}")

    def handle_starttag(self, tag, attrs):
        named = dict(attrs)
        if tag not in ALLOWED or set(named) - ATTRIBUTES or len(named) != len(attrs):
            raise AssertionError(f"<{tag} {attrs}>")
        if tag not in VOID:
            self.open.append(tag)
        if "id" in named:
            self.ids.append(named["id"])
        if tag == "table":
            self.table = named["aria-labelledby"]
            self.labels.append(self.table)
            self.rows[self.table] = []
        if tag == "tr" and "tbody" in self.open:
            self.rows[self.table].append({})
        if tag == "td":
            self.cell = named["data-label"]
            self.rows[self.table][-1][self.cell] = ""

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            raise AssertionError(f"</{tag}> in {self.open}")

    def handle_data(self, data):
        if "style" in self.open:
            self.style += data
            return
        self.text.append(data)
        if "td" in self.open:
            self.rows[self.table][-1][self.cell] += data

    def handle_comment(self, data):
        raise AssertionError(f"a comment: {data}")


class StatusTest(VerifierTest):
    def page(self, client=None) -> Page:
        answer = (client or self.client).ask("GET", "/status", Authorization=OWNER, Accept="text/html,*/*;q=0.8")
        self.assertEqual((answer.status, answer.headers["Content-Type"]), (200, "text/html; charset=utf-8"))
        return Page(answer.body.decode("utf-8"))

    def test_who_may_provision_sees_it_and_nobody_else(self):
        for words in ({}, {"Authorization": "Bearer wrong" + TOKEN}):
            answer = self.client.ask("GET", "/status", **words)
            self.problem(answer, 401)
            self.assertIn('Basic realm="veraison"', answer.headers.get_all("WWW-Authenticate"))
        basic = base64.b64encode(f"anybody:{TOKEN}".encode()).decode()  # as a browser asks its user
        self.assertEqual(self.client.ask("GET", "/status", Authorization="Basic " + basic).status, 200)
        self.problem(self.client.ask("GET", "/status", Authorization=OWNER, Accept="application/json"), 406)
        self.problem(self.client.ask("POST", "/status", b"", Authorization=OWNER), 405)
        closed = Verifier(self.folder, name="closed", token=False)
        self.addCleanup(closed.stop)
        client = closed.client()
        self.addCleanup(client.close)
        self.problem(client.ask("GET", "/status"), 403)
        self.problem(client.ask("GET", "/status", Authorization=OWNER), 403)

    def test_who_has_a_certificate_sees_it(self):
        authority = Authority(self.folder)
        server = self.keygen("tls")
        words = authority.certify(server, names=("127.0.0.1", "localhost"))
        verifier = Verifier(self.folder, *words, "--ca", authority.path, name="tls", token=False)
        self.addCleanup(verifier.stop)
        context = ssl.create_default_context(cafile=authority.path)
        stranger = verifier.client(tls=context)
        self.addCleanup(stranger.close)
        self.problem(stranger.ask("GET", "/status"), 403)
        context.load_cert_chain(*authority.certify_key(server, "operator", ec.generate_private_key(ec.SECP256R1())))
        operator = verifier.client(tls=context)
        self.addCleanup(operator.close)
        self.assertEqual(operator.ask("GET", "/status").status, 200)

    def test_nothing_but_its_own_style_may_be_used(self):
        answer = self.client.ask("GET", "/status", Authorization=OWNER)
        page = Page(answer.body.decode())
        style = base64.b64encode(hashlib.sha256(page.style.encode()).digest()).decode()
        policy = dict(part.strip().partition(" ")[::2] for part in answer.headers["Content-Security-Policy"].split(";"))
        self.assertEqual(policy, {"default-src": "'none'", "style-src": f"'sha256-{style}'", "base-uri": "'none'",
                                  "form-action": "'none'", "frame-ancestors": "'none'", "sandbox": ""})
        self.assertEqual(answer.headers["X-Content-Type-Options"], "nosniff")
        self.assertEqual(answer.headers["Referrer-Policy"], "no-referrer")
        self.assertEqual(answer.headers["Cache-Control"], "no-store")
        self.assertNotRegex(page.style, r"url\(|@import|expression|://")

    def test_sessions_that_were_opened_are_counted(self):
        """Those that wait for Evidence, too, of which the store knows nothing."""
        def opened() -> int:
            text = self.client.ask("GET", "/status", Authorization=OWNER).body.decode()
            found = re.search(r"Opened<.*?>(\d+)<", text, re.DOTALL)
            self.assertIsNotNone(found, text)
            return int(found.group(1))
        before = opened()
        for _ in range(3):
            self.open_session()
        self.problem(self.client.new("?nonceSize=1"), 400)
        self.assertEqual(opened(), before + 3)

    def test_verdicts_are_there_with_their_reasons_and_without_secrets(self):
        secrets = [TOKEN]
        path, nonce = self.open_session()
        good = self.send(path, self.evidence(nonce))
        secrets += [path.rpartition("/")[2], nonce.hex(), good.json["nonce"], good.json["result"]]
        path, nonce = self.open_session()
        self.send(path, b"\xff" * 9, PSA)
        secrets += [path.rpartition("/")[2], nonce.hex()]
        path, nonce = self.open_session()
        self.send(path, self.evidence(bytes(range(64))))
        answer = self.client.ask("GET", "/status", Authorization=OWNER)
        page = Page(answer.body.decode())
        stale, malformed, warned = page.rows["verdicts"][:3]
        self.assertEqual([row["Status"] for row in (stale, malformed, warned)],
                         ["contraindicated", "contraindicated", "warning"])
        self.assertIn("the Evidence is not shown to be fresh", stale["What and why"])
        self.assertIn("the Evidence is not well-formed", malformed["What and why"])
        self.assertIn("PSA_IOT: warning, simulated, machine 01", warned["What and why"])
        self.assertEqual(warned["Format"], "psa")
        self.assertTrue(warned["Client"].startswith("127.0.0.1:"))
        for looks, word in (("bad", "contraindicated"), ("warn", "warning"), ("good", "ok")):
            self.assertIn(f'<span class="{looks}">{word}</span>', answer.body.decode())
        for secret in secrets:
            self.assertNotIn(secret, answer.body.decode())

    def test_hostile_text_stays_text(self):
        verifier = Verifier(self.folder, name="hostile")
        self.addCleanup(verifier.stop)
        client = verifier.client()
        self.addCleanup(client.close)
        corim = changed(self.corim, HOSTILE, version=7)
        self.assertEqual(client.submit(corim).json["status"], "success")
        client.submit(changed(self.corim, HOSTILE + "2", key=some_key(), only=KEYS))
        page = self.page(client)
        row, = page.rows["endorsements"]
        self.assertIn(HOSTILE.replace("\u202e", "\ufffd").replace("\x07", "\ufffd"), row["Id"])
        self.assertIn(path_of(corim).rpartition("/")[2], row["Id"])
        self.assertEqual((row["Version"], row["By"]), ("7", "bearer token"))
        self.assertIn("psa; machines: 1; classes with references: 1", row["About"])
        refused, taken = page.rows["events"]
        self.assertEqual((refused["Event"], taken["Event"]), ("endorsement, refused or failed", "endorsement"))
        self.assertIn("contradicts one that is in force", refused["About"])
        client.ask("DELETE", path_of(corim), Authorization=OWNER)
        page = self.page(client)
        self.assertNotIn("endorsements", page.rows)
        self.assertEqual(page.rows["events"][0]["Event"], "withdrawal")

    def test_it_is_one_document_that_a_screen_reader_can_name(self):
        self.open_session()
        page = self.page()
        self.assertEqual(len(page.ids), len(set(page.ids)))
        self.assertTrue(set(page.labels) <= set(page.ids))
        text = "".join(page.text)
        for word in ("Health", "Sessions", "Opened", self.verifier.listening["id"], "times are UTC"):
            self.assertIn(word, text)
        self.assertRegex(text, re.compile(r"Store\s*ok\s*sqlite"))
        self.assertRegex(text, re.compile(r"Signer\s*ok"))

    def test_what_it_remembers_has_a_bound(self):
        verifier = Verifier(self.folder, name="bound")
        self.addCleanup(verifier.stop)
        client = verifier.client()
        self.addCleanup(client.close)
        for number in range(70):
            client.submit(b"\xa0" * (number + 1))
        self.assertEqual(len(self.page(client).rows["events"]), 64)


if __name__ == "__main__":
    main()
