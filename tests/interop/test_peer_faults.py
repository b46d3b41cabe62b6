#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Each fault: the bytes that it sends, and what an honest peer makes of it.

Every fault of the table has a row here, for each role that it is for; a test compares the lists.
"""

import collections
import hashlib
import unittest

import peer_support
from peer_support import Pair, PeerTest, configure
from tlspeer import attestation, cbor, cmw, faults, messages, numbers, pki, psa, schedule
from tlspeer.wire import Reader

RA = numbers.REMOTE_ATTESTATION
PSA_FIRST = bytes.fromhex("00002713")
CH, SH, EE, CR, CT = (numbers.CLIENT_HELLO, numbers.SERVER_HELLO, numbers.ENCRYPTED_EXTENSIONS,
                      numbers.CERTIFICATE_REQUEST, numbers.CERTIFICATE)
KINDS = {"ch": CH, "ee": EE, "cr": CR, "ct": CT}
OK = None

Row = collections.namedtuple("Row", "fault role alert check options", defaults=(None, {}))


# Looking at what the faulty side sent, without the parsers that would refuse it.

def message(end, kind, at=0):
    return [raw for raw in end.sent if raw[0] == kind][at]


def pairs(block):
    """(type, body) of an extension block, duplicates and all."""
    reader, found = Reader(block, "block"), []
    while reader.left():
        found.append((reader.uint(2), reader.vec(2)))
    return found


def entries(raw):
    reader = Reader(raw[4:], "Certificate")
    reader.vec(1)
    inner, found = Reader(reader.vec(3), "entries"), []
    while inner.left():
        found.append((inner.vec(3), pairs(inner.vec(2))))
    return found


def extensions(raw):
    """The extension block of a message; of Certificate that of the first entry."""
    reader = Reader(raw[4:], "message")
    if raw[0] == CH:
        reader.take(34)
        for width in (1, 2, 1):
            reader.vec(width)
    elif raw[0] == SH:
        reader.take(34)
        reader.vec(1)
        reader.take(3)
    elif raw[0] == CR:
        reader.vec(1)
    elif raw[0] == CT:
        return entries(raw)[0][1]
    return pairs(reader.vec(2))


def bodies(end, place, kind=RA):
    return [body for seen, body in extensions(message(end, KINDS[place])) if seen == kind]


def honest_body(end, place):
    """What an honest peer would have sent there."""
    if place == "ch":
        return attestation.encode_offer(end.config.offer_server, end.config.offer_client)
    if place == "ct":
        return len(end.sent_cmw).to_bytes(3, "big") + end.sent_cmw
    return PSA_FIRST


def body_is(place, change):
    def check(test, end):
        test.assertEqual(bodies(end, place), [change(honest_body(end, place))])
    return check


def oversized(place):
    def check(test, end):
        body = honest_body(end, place)
        wanted = RA.to_bytes(2, "big") + (len(body) + 1).to_bytes(2, "big") + body
        test.assertIn(wanted, message(end, KINDS[place]))
    return check


def absent(place):
    return lambda test, end: test.assertEqual(bodies(end, place), [])


def inner_plus_one(width):
    return lambda body: ((int.from_bytes(body[:width], "big") + 1).to_bytes(width, "big") +
                         body[width:])


def claims_of(end):
    kind, value, _ = cmw.parse(end.sent_cmw)
    return cbor.decode(cbor.decode(value).value[2])


def nonce_is(make):
    def check(test, end):
        test.assertEqual(claims_of(end).get(psa.NONCE),
                         make(bytes.fromhex(end.report["binder"]["own"])))
    return check


def foreign_nonce(test, end):
    nonce = claims_of(end).get(psa.NONCE)
    test.assertEqual(len(nonce), 32)
    test.assertNotEqual(nonce.hex(), end.report["binder"]["own"])


def retry_nonce(wrong_transcript):
    def check(test, end):
        hellos = end.sent if end.role == "client" else end.received
        answers = end.received if end.role == "client" else end.sent
        first, second = [raw for raw in hellos if raw[0] == CH]
        retry, hello = [raw for raw in answers if raw[0] == SH]
        data = wrong_transcript(first, retry, second, hello)
        binder = schedule.attest_binder("sha256", hashlib.sha256(data).digest(),
                                        pki.raw_spki(end.chain[0]))
        test.assertEqual(claims_of(end).get(psa.NONCE), binder)
        test.assertNotEqual(binder.hex(), end.report["binder"]["own"])
    return check


def nonce_twice(test, end):
    test.assertEqual([key for key, _ in claims_of(end)].count(psa.NONCE), 2)


def cmw_octets(count):
    def check(test, end):
        raw = message(end, CT)
        size = count.to_bytes(3, "big")
        test.assertIn(RA.to_bytes(2, "big") + (count + 3).to_bytes(2, "big") + size, raw)
        test.assertEqual(len(end.sent_cmw), count)
        if count > 65528:
            block = raw.index(RA.to_bytes(2, "big") + (count + 3).to_bytes(2, "big")) - 2
            test.assertEqual(raw[block:block + 2], b"\xff\xff")
        else:
            test.assertEqual(cmw.parse(end.sent_cmw)[0], 10003)
    return check


def share_is(public):
    def check(test, end):
        kind = CH if end.role == "client" else SH
        test.assertIn(public, extensions(message(end, kind))[-1][1])
    return check


def off_curve(test, end):
    share = end.share if end.role == "server" else end.shares[numbers.SECP256R1]
    x, y = (int.from_bytes(part, "big") for part in (share.public[1:33], share.public[33:]))
    p = 2 ** 256 - 2 ** 224 + 2 ** 192 + 2 ** 96 - 1
    b = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
    test.assertNotEqual((y * y - x ** 3 + 3 * x - b) % p, 0)
    share_is(share.public)(test, end)


def no_version(test, end):
    kind = CH if end.role == "client" else SH
    raw = message(end, kind)
    test.assertNotIn(numbers.SUPPORTED_VERSIONS, dict(extensions(raw)) if kind == CH else {})
    test.assertEqual(raw[4:6], b"\3\3")


def psk_ke(test, end):
    found = dict(extensions(message(end, CH if end.role == "client" else SH)))
    test.assertNotIn(numbers.KEY_SHARE, found)
    test.assertIn(numbers.PRE_SHARED_KEY, found)
    if end.role == "client":
        test.assertEqual(found[numbers.PSK_KEY_EXCHANGE_MODES], b"\1\0")


def in_hello(place):
    def check(test, end):
        raw = message(end, SH, 0)
        test.assertEqual(raw[6:38] == numbers.HELLO_RETRY_RANDOM, place == "retry")
        test.assertIn((RA, PSA_FIRST), extensions(raw))
    return check


def in_entry(wanted):
    def check(test, end):
        seen = [any(kind == RA for kind, _ in block) for _, block in entries(message(end, CT))]
        test.assertEqual(seen, wanted)
    return check


def reflected(test, end):
    test.assertEqual(end.sent_cmw, end.peer_cmw)


def reflected_certificate(test, end):
    sent = entries(message(end, CT))
    test.assertEqual([der for der, _ in sent], end.peer_chain)
    test.assertEqual(dict(sent[0][1])[RA][3:], end.peer_cmw)


def early_data(test, end):
    data = end.report["application_data_received"] or ""
    test.assertTrue(end.early_sent)
    if end.role == "client":
        test.assertTrue(data.startswith(end.early_sent.decode()), data)


def slowly(test, end):
    test.assertGreater(end.records.send_calls, 300)


def sends(*kinds):
    return lambda test, end: test.assertEqual([raw[0] for raw in end.sent], list(kinds))


def rows_of_places(fault, alert, check_of, places=("ch", "ee", "cr", "ct"), **more):
    """One row a place; the credential in both roles."""
    for place in places:
        for role in {"ch": ("client",), "ct": ("server", "client")}.get(place, ("server",)):
            yield Row(f"{fault}-{place}", role, alert, check_of(place), more)


def both(fault, alert, check=None, **more):
    for role in ("server", "client"):
        yield Row(fault, role, alert, check, more)


RETRY = {"server": ["--groups", "secp256r1"]}
P256 = {"server": ["--groups", "secp256r1"], "client": ["--groups", "secp256r1"]}
BLIND = {"bare_client": True}       # a client that offers nothing, a server that still asks
SHORT = {"server": ["--timeout", "1.5"], "client": ["--timeout", "1.5"]}

ROWS = [
    *rows_of_places("ext-truncated", 50, lambda p: body_is(p, lambda body: body[:-1])),
    *rows_of_places("ext-oversized", 50, oversized),
    *rows_of_places("ext-trailing", 50, lambda p: body_is(p, lambda body: body + b"\0")),
    *rows_of_places("ext-empty", 50, lambda p: body_is(p, lambda _: b"")),
    *rows_of_places("ext-inner-length", 50, lambda p: body_is(p, inner_plus_one(
        2 if p == "ch" else 3)), ("ch", "ct")),
    *rows_of_places("unknown-mechanism", 50, lambda p: body_is(p, lambda body: (
        body[:2] + b"\2" + body[3:] if p == "ch" else b"\2" + body[1:])), ("ch", "ee", "cr")),
    *rows_of_places("unknown-encoding", 50, lambda p: body_is(p, lambda body: (
        body[:3] + b"\2" + body[4:] if p == "ch" else body[:1] + b"\2" + body[2:])),
        ("ch", "ee", "cr")),
    *rows_of_places("unoffered-scheme", 47, lambda p: body_is(p, lambda _: b"\0\0\xfd\xe7"),
                    ("ee", "cr")),
    Row("strip-ee", "server", 40, absent("ee")),
    Row("strip-cr", "server", OK, absent("cr"), {"server": ["--tolerate"]}),
    Row("strip-ch", "client", 109, absent("ch")),
    *rows_of_places("credential-missing", 40, absent, ("ct",)),
    *rows_of_places("ext-twice", 47, lambda p: lambda test, end: test.assertEqual(
        bodies(end, p), [honest_body(end, p)] * 2)),
    Row("empty-lists-ch", "client", 109, body_is("ch", lambda _: bytes(4))),
    Row("huge-offer-ch", "client", OK,
        lambda test, end: test.assertGreater(len(bodies(end, "ch")[0]), 60000)),
    *both("cmw-empty-ct", 50, body_is("ct", lambda _: bytes(3))),
    Row("unasked-choice-ee", "server", 110, body_is("ee", lambda _: b"\0\0\xfd\xe7"), BLIND),
    Row("unasked-choice-cr", "server", 110, body_is("cr", lambda _: b"\0\0\xfd\xe7"), BLIND),
    Row("unasked-credential", "server", 110, in_entry([True]), BLIND),
    Row("unasked-credential", "client", 110, in_entry([True]), {"bare_server": True}),
    *both("credential-second-entry", 47, in_entry([False, True])),
    *both("credential-both-entries", 47, in_entry([True, True])),
    Row("ext-in-server-hello=psa", "server", 47, in_hello("server")),
    Row("ext-in-hello-retry=psa", "server", 47, in_hello("retry"), RETRY),
    Row("ext-in-ticket", "server", 47, None),
    Row("changed-offer", "client", 47, lambda test, end: test.assertEqual(
        [dict(extensions(message(end, CH, at))).get(RA) for at in (0, 1)],
        [honest_body(end, "ch"), attestation.encode_offer(
            end.config.offer_server + [attestation.Scheme(content_format=64999)],
            end.config.offer_client)]), RETRY),
    Row("changed-offer=drop", "client", 47, lambda test, end: test.assertNotIn(
        RA, dict(extensions(message(end, CH, 1)))), RETRY),
    Row("changed-offer=late", "client", 47, lambda test, end: test.assertEqual(
        [RA in dict(extensions(message(end, CH, at))) for at in (0, 1)], [False, True]),
        {"server": RETRY["server"] + ["--tolerate"]}),
    *both("binder-other-key", 40, foreign_nonce),
    *both("binder-random", 40, foreign_nonce),
    *both("binder-without-retry", 40, retry_nonce(lambda a, b, c, d: c + d), **RETRY),
    *both("binder-first-hello", 40, retry_nonce(lambda a, b, c, d: a + b + c + d), **RETRY),
    *both("binder-truncated", 40, nonce_is(lambda binder: binder[:20])),
    *both("binder-padded", 40, nonce_is(lambda binder: binder + bytes(32))),
    *both("binder-flipped", 40, nonce_is(lambda binder: binder[:-1] + bytes([binder[-1] ^ 1]))),
    *both("binder-flipped=0", 40, nonce_is(lambda binder: bytes([binder[0] ^ 128]) + binder[1:])),
    *both("nonce-empty", 40, nonce_is(lambda _: b"")),
    *both("nonce-missing", 40, nonce_is(lambda _: None)),
    *both("nonce-twice", 40, nonce_twice),
    *both("nonce-twice=array", 40, nonce_is(lambda binder: [binder, binder])),
    *both("claim=2395:4096", 40, lambda test, end: test.assertEqual(
        claims_of(end).get(2395), 4096)),
    *both("unsigned-token", 40, lambda test, end: test.assertTrue(
        end.sent_cmw.startswith(b"\x83\x19\x27\x13\x59") and end.sent_cmw[7:10] == b"\xd9\x02\x59",
        end.sent_cmw[:12].hex())),
    *both("unsigned-token=labelled", 40, lambda test, end: test.assertEqual(
        cmw.parse(end.sent_cmw)[0], 601)),
    *both("bad-evidence-signature", 40),
    *both("wrong-media-type", 40, lambda test, end: test.assertEqual(
        cmw.parse(end.sent_cmw)[0], attestation.NAMES["tpm2"][1])),
    *both("wrong-media-type=263", 40, lambda test, end: test.assertEqual(
        cmw.parse(end.sent_cmw)[0], 263)),
    *both("cmw-garbage", 40, lambda test, end: test.assertEqual(len(end.sent_cmw), 64)),
    *both("cmw-size=65527", OK, cmw_octets(65527)),
    *both("cmw-size", OK, cmw_octets(65528)),
    *both("cmw-size=65529", 50, cmw_octets(65529)),
    Row("reflect-evidence", "client", 40, reflected),
    Row("reflect-certificate", "client", 51, reflected_certificate),
    *both("low-order-share", 47, share_is(bytes(32))),
    *both("invalid-point", 47, off_curve, **P256),
    *both("tls12", 70, no_version),
    Row("psk-ke-only", "client", 109, psk_ke),
    Row("psk-ke-only", "server", 110, psk_ke),
    Row("grease", "client", OK, lambda test, end: test.assertIn(
        (0x2A2A, b""), extensions(message(end, CH)))),
    *both("wrong-verify-key", 51),
    *both("bad-signature", 51),
    *both("wrong-signature-scheme", 47, lambda test, end: test.assertEqual(
        message(end, 15)[4:6], b"\5\3")),
    *both("wrong-signature-scheme=0x0201", 47),
    *both("bad-finished", 51),
    Row("no-certificate", "server", 50, lambda test, end: test.assertEqual(
        message(end, CT)[4:], bytes(4))),
    Row("no-certificate", "client", 116, lambda test, end: test.assertEqual(
        message(end, CT)[4:], bytes(4))),
    *both("long-chain=3", OK, in_entry([True, False, False])),
    *both("long-chain", 50, lambda test, end: test.assertEqual(
        len(entries(message(end, CT))), 1000)),
    *both("message-length", 50, lambda test, end: test.assertEqual(
        message(end, CT)[:4], b"\x0b\xff\xff\xff")),
    *both("early-application-data", OK, early_data, client=["--reply", "any"]),
    Row("send-ticket=3", "server", OK, None),
    *both("drip=0", OK, slowly),
    Row("hang-after-client-hello", "client", 3, sends(CH), SHORT),
    Row("hang-after-client-hello", "server", 3, sends(), SHORT),
    Row("hang-after-server-hello", "client", 3, sends(CH), SHORT),
    Row("hang-after-server-hello", "server", 3, sends(SH, EE, CR, CT, 15, 20), SHORT),
    *both("hang-in-flight", 3, lambda test, end: test.assertEqual(end.records.send_calls, 1),
          **SHORT),
    *both("close-in-flight=9", 3, lambda test, end: test.assertEqual(end.records.send_calls, 1)),
]


class FaultTest(PeerTest):
    def options(self, row):
        """Mutual attestation by PSA tokens, unless the row wants one side bare."""
        server = self.files.identity("p256") + self.files.attest() + self.files.expect()
        client = self.files.identity("client") + self.files.attest() + self.files.expect()
        if row.options.get("bare_client"):
            server += ["--tolerate"]
            client = self.files.identity("client")
        if row.options.get("bare_server"):
            server = self.files.identity("p256") + ["--client-auth", "require"]
            client += ["--tolerate"]
        server, client = (words + row.options.get(role, [])
                          for role, words in (("server", server), ("client", client)))
        return (server + ["--fault", row.fault], client) if row.role == "server" else (
            server, client + ["--fault", row.fault])

    def run_row(self, row):
        pair = Pair(*self.options(row))
        faulty = pair.side(row.role)
        honest = pair.side("client" if row.role == "server" else "server")
        if row.alert is OK:
            self.assertTrue(honest.report["ok"] and faulty.report["ok"], (
                dict(honest.report), dict(faulty.report)))
        elif row.alert == 3:
            self.assertEqual(honest.report["exit"], 3, dict(honest.report))
        else:
            self.assertEqual(faulty.report["exit"], 2, dict(faulty.report))
            self.assertEqual(honest.report["alert_sent"], {
                "number": row.alert, "name": numbers.alert_name(row.alert)}, dict(honest.report))
            self.assertEqual(faulty.report["alert_received"]["number"], row.alert)
        if row.check is not None:
            row.check(self, faulty)
        return pair

    def test_every_fault_of_the_table_has_a_row_for_each_role(self):
        rows = {(row.fault.partition("=")[0], row.role) for row in ROWS}
        extra = {("reflect-evidence", "server")}     # has a test of its own below
        table = {(entry.name, role) for entry in faults.TABLE.values() for role in entry.roles}
        self.assertEqual(table - rows - extra, set())
        self.assertEqual(rows - table, set())

    def test_what_each_fault_sends_and_what_an_honest_peer_answers(self):
        for row in ROWS:
            with self.subTest(fault=row.fault, role=row.role):
                self.run_row(row)

    def test_without_a_fault_the_same_options_succeed(self):
        for options in ({}, RETRY, P256):
            server, client = self.options(Row("grease", "client", OK, None, options))
            pair = Pair(server, client[:-2])
            self.assert_done(pair.client.report)
            self.assert_done(pair.server.report)

    def test_each_low_order_point_is_refused(self):
        for index in range(7):
            self.run_row(Row(f"low-order-share={index}", "client", 47))
            self.run_row(Row(f"low-order-share={index}", "server", 47))

    def test_a_low_order_share_would_work_against_a_peer_that_does_not_look(self):
        """The fault is an attack, not noise: a blind peer gets the same all-zero secret."""
        from tlspeer import keys
        honest = keys.KeyShare.shared
        keys.KeyShare.shared = lambda share, peer: (
            share.forced_secret if share.forced_secret is not None else
            bytes(32) if peer == bytes(32) else honest(share, peer))
        try:
            self.run_row(Row("low-order-share", "client", OK))
            self.run_row(Row("low-order-share", "server", OK))
        finally:
            keys.KeyShare.shared = honest

    def test_a_server_reflects_what_it_got_on_an_earlier_connection(self):
        server, client = self.options(Row("reflect-evidence", "server", 40))
        config = configure("server", server)
        first = Pair([], client, server_config=config)
        self.assertEqual(first.server.report["exit"], 1)   # nothing to give back yet
        config.faults, taught = faults.Faults(), config.faults
        self.assert_done(Pair([], client, server_config=config).client.report)
        config.faults = taught
        pair = Pair([], client, server_config=config)
        self.assertEqual(pair.client.report["alert_sent"]["number"], 40)
        self.assertIn("psa nonce", pair.client.report["error"])
        self.assertEqual(pair.server.sent_cmw, config.seen_cmw[0])

    def test_a_reflected_certificate_with_its_real_key_is_refused_for_the_key(self):
        key = self.files.path("p256.key")
        pair = self.run_row(Row(f"reflect-certificate={key}", "client", 40,
                                reflected_certificate))
        self.assertIn("psa nonce", [line["check"] for line in
                                    pair.server.report["peer_evidence"]["findings"]])
        wrong = [line["check"] for line in pair.server.report["peer_evidence"]["findings"]
                 if not line["ok"]]
        self.assertEqual(wrong, ["peer's key"])

    def test_wrong_verify_key_takes_a_key_from_a_file(self):
        key = self.files.path("sim.key")
        self.run_row(Row(f"wrong-verify-key={key}", "server", 51))

    def test_a_credential_after_an_offer_that_was_not_taken_is_illegal(self):
        row = Row("unasked-credential", "server", 47, in_entry([True]))
        server, client = self.options(row)
        words = server + ["--offer-server", "cf:64999"]
        pair = Pair(words, client + ["--tolerate"])
        self.assertEqual(pair.client.report["alert_sent"]["number"], 47)

    def test_tickets_are_counted(self):
        pair = self.run_row(Row("send-ticket=3", "server", OK))
        self.assertEqual(pair.client.report["tickets"], 3)

    def test_a_fault_that_cannot_apply_is_a_usage_error(self):
        for row in (Row("binder-without-retry", "server", OK),
                    Row("invalid-point", "server", OK),
                    Row("ext-truncated-ee", "server", OK, None, {"bare_client": True})):
            with self.subTest(fault=row.fault):
                pair = Pair(*self.options(row))
                self.assertEqual(pair.side(row.role).report["exit"], 1)


if __name__ == "__main__":
    peer_support.main()
