#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Collateral from servers: `--collateral` against a stand-in for AMD's KDS, with a made-up root and every fault.

Evidence of the simulation brings its certificates along. They are taken out of it here, which no signature
covers, and put on the stand-in server, so that the program has to ask for them.
"""

import base64
import http.server
import json
import os
import stat
import struct
import threading
import uuid

from atlslib import EXIT_REFUSED, WAIT, SystemTest, broken_listener, main, run, skip

try:
    import cbor2
except ImportError as absent:
    skip(f"a module of Python is absent: {absent}")

EXIT_WORLD = 3
GUIDS = {"vcek": "63da758d-e664-4564-adc5-f4b93be8accd", "vlek": "a8074bc2-a25a-483e-aae6-39c045a0b8a1",
         "ask": "4ab7b379-bbac-4fe4-a02f-05aef327c782", "ark": "c0b406a4-a803-4952-9743-3fb6014cd0ae",
         "crl": "92f81bc3-5811-4d3d-97ff-d19f88dc67ea"}
TOO_MUCH = 2 << 20


def pem(der: bytes) -> bytes:
    text = der if der.startswith(b"-----") else (b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(der) +
                                                 b"-----END CERTIFICATE-----\n")
    return text if text.endswith(b"\n") else text + b"\n"


def parts_of(table: bytes) -> dict:
    """The entries of a certificate table (GHCB), by name."""
    found, at = {}, 0
    while any(table[at:at + 24]):
        offset, length = struct.unpack_from("<II", table, at + 16)
        for name, guid in GUIDS.items():
            if uuid.UUID(guid).bytes == table[at:at + 16]:
                found[name] = table[offset:offset + length]
        at += 24
    return found


class Machine:
    """A simulated machine, its Evidence without certificates, and these."""

    def __init__(self, test, name, *options):
        self.identity = test.keygen(name, *options, rot="sim-snp")
        self.nonce = os.urandom(64).hex()
        self.whole = test.path(f"{name}.whole.cmw")
        outcome = run("attest", *self.identity.own(), "--nonce", self.nonce, "-o", self.whole)
        if outcome.status != 0:
            raise AssertionError(str(outcome))
        with open(self.whole, "rb") as file:
            record = cbor2.loads(file.read())
        report = cbor2.loads(record[1])
        self.parts = parts_of(report.pop("auxblob"))
        record[1] = cbor2.dumps(report)
        self.bare = test.path(f"{name}.cmw")
        with open(self.bare, "wb") as file:
            file.write(cbor2.dumps(record))

    def answers(self) -> dict:
        """What a server has for this machine, by the end of the path."""
        return {"cert_chain": pem(self.parts["ask"]) + pem(self.parts["ark"]), "crl": self.parts["crl"],
                "leaf": self.parts.get("vcek") or self.parts["vlek"]}


class Kds(http.server.ThreadingHTTPServer):
    """The stand-in. `fault` is (which answer, what is wrong with it)."""
    daemon_threads = True

    def __init__(self, answers):
        self.answers, self.fault, self.asked, self.held = answers, ("", ""), [], threading.Event()
        self.pause, self.given_up = "30", 0  # that a limited answer asks for, in seconds; slow answers that nobody waited for
        super().__init__(("127.0.0.1", 0), Answer)
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    def stop(self):
        self.held.set()
        self.shutdown()
        self.server_close()


class Answer(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def give(self, status, body, **fields):
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        last = self.path.rsplit("/", 1)[1]
        kind = last if last in ("cert_chain", "crl") else "leaf"
        self.server.asked.append(self.path)
        body = self.server.answers.get(kind)
        which, fault = self.server.fault
        if body is None:
            return self.give(404, b"no such thing")
        if which != kind:
            return self.give(200, body)
        if fault == "limited":
            return self.give(429, b"", Retry_After=self.server.pause)
        if fault == "broken":
            return self.give(500, b"sorry")
        if fault == "elsewhere":
            return self.give(302, b"", Location=self.server.url + self.path)
        if fault == "garbage":
            return self.give(200, b"<html>welcome to this hotspot</html>")
        if fault == "oversized":
            return self.give(200, body + bytes(TOO_MUCH))
        if fault == "truncated":
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[:-7])
            self.close_connection = True
            return None
        if fault == "slow":
            if not self.server.held.wait(2 * WAIT):
                self.server.given_up += 1
            self.close_connection = True
            return None
        return self.give(200, self.server.answers[fault])


class CollateralTest(SystemTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.machine = Machine(cls, "machine")
        cls.other = Machine(cls, "other")

    def setUp(self):
        self.kds = Kds(self.machine.answers())
        self.addCleanup(self.kds.stop)
        self.folder = self.path(f"folder-{self._testMethodName}")

    def appraise(self, *more, evidence=None, machine=None):
        machine = machine or self.machine
        return run("appraise", evidence or machine.bare, "--nonce", machine.nonce, "--endorsements",
                   machine.identity.endorsement, "--simulated", "--json", *more)

    def kept(self):
        return sorted(os.listdir(self.folder)) if os.path.isdir(self.folder) else []

    def test_what_the_evidence_lacks_is_fetched_kept_and_there_offline(self):
        self.assert_done(self.appraise(evidence=self.machine.whole))
        alone = self.appraise()
        self.assertEqual((alone.status, alone.code), (EXIT_REFUSED, "COLLATERAL"), str(alone))
        self.assert_done(self.appraise("--collateral", self.folder, "--collateral", self.kds.url))
        self.assertEqual(len(self.kds.asked), 3, self.kds.asked)
        self.assertRegex(self.kds.asked[0], r"^/vcek/v1/Milan/[0-9a-f]{128}\?blSPL=\d\d&teeSPL=\d\d&snpSPL=\d\d&ucodeSPL=\d")
        self.assertEqual(self.kds.asked[1:], ["/vcek/v1/Milan/cert_chain", "/vcek/v1/Milan/crl"])
        self.assertEqual(len(self.kept()), 3)
        for name in self.kept():
            mode = stat.S_IMODE(os.stat(os.path.join(self.folder, name)).st_mode)
            self.assertEqual(mode, 0o600)
        self.assert_done(self.appraise("--collateral", self.folder, "--collateral", self.kds.url))
        self.assertEqual(len(self.kds.asked), 3)
        self.kds.stop()
        self.assert_done(self.appraise("--collateral", self.folder))

    def test_all_that_a_vlek_needs_is_fetched_where_vleks_are(self):
        cloud = Machine(self, "cloud", "--set", "signing_key=vlek")
        self.kds.answers = cloud.answers()
        self.assert_done(self.appraise("--collateral", self.kds.url, machine=cloud))
        self.assertRegex(self.kds.asked[0], r"^/vlek/v1/Milan/cert\?blSPL=\d\d&")
        self.assertEqual(self.kds.asked[1:], ["/vlek/v1/Milan/cert_chain", "/vlek/v1/Milan/crl"])

    def test_a_spoilt_file_is_fetched_anew(self):
        self.assert_done(self.appraise("--collateral", self.folder, "--collateral", self.kds.url))
        for name in self.kept():
            with open(os.path.join(self.folder, name), "r+b") as file:
                file.truncate(100)
        self.assert_done(self.appraise("--collateral", self.folder, "--collateral", self.kds.url))
        self.assertEqual(len(self.kds.asked), 6)

    def test_plain_files_do_as_well(self):
        os.mkdir(self.folder)
        for name, octets in self.machine.parts.items():
            with open(os.path.join(self.folder, name), "wb") as file:
                file.write(octets)
        self.assert_done(self.appraise("--collateral", self.folder))
        self.assert_done(self.appraise("--endorsements", self.folder))
        with open(os.path.join(self.folder, "notes"), "w", encoding="ascii") as file:
            file.write("hello\n")
        for option in ("--collateral", "--endorsements"):
            refused = self.appraise(option, self.folder)
            self.assertEqual((refused.status, refused.code), (1, "ENDORSEMENT"), str(refused))

    def test_every_fault_is_refused_and_nothing_of_it_kept(self):
        for fault, status, code in (("limited", EXIT_WORLD, "COLLATERAL_SERVER"),
                                    ("broken", EXIT_WORLD, "COLLATERAL_SERVER"),
                                    ("elsewhere", EXIT_WORLD, "COLLATERAL_SERVER"),
                                    ("truncated", EXIT_WORLD, "COLLATERAL_SERVER"),
                                    ("oversized", EXIT_WORLD, "COLLATERAL_SERVER"),
                                    ("garbage", EXIT_REFUSED, "COLLATERAL"),
                                    ("cert_chain", EXIT_REFUSED, "COLLATERAL"),
                                    ("crl", EXIT_REFUSED, "COLLATERAL")):
            with self.subTest(fault=fault):
                self.kds.fault = ("leaf", fault)
                outcome = self.appraise("--collateral", self.folder, "--collateral", self.kds.url)
                self.assertEqual((outcome.status, outcome.code), (status, code), str(outcome))
                self.assertEqual(self.kept(), [])

    def test_certificates_of_another_maker_do_not_help(self):
        """The same names, made up by somebody else (R-36, R-46)."""
        for part in ("leaf", "cert_chain"):
            with self.subTest(part=part):
                self.kds.answers = dict(self.machine.answers(), **{part: self.other.answers()[part]})
                outcome = self.appraise("--collateral", self.folder, "--collateral", self.kds.url)
                self.assertEqual((outcome.status, outcome.code), (EXIT_REFUSED, "COLLATERAL"), str(outcome))
                self.assertEqual(self.kept(), [])
        # All of another's, its root among it: the chain holds, and nobody vouches for it.
        self.kds.answers = self.other.answers()
        outcome = run("appraise", self.other.bare, "--nonce", self.other.nonce, "--endorsements",
                      self.machine.identity.endorsement, "--simulated", "--json", "--collateral", self.kds.url)
        self.assertEqual((outcome.status, outcome.code), (EXIT_REFUSED, "NOT_ENDORSED"), str(outcome))

    def test_a_server_that_says_nothing_holds_nobody_up_for_long(self):
        self.kds.fault = ("leaf", "slow")
        outcome = self.appraise("--collateral", self.kds.url)
        self.assertEqual((outcome.status, outcome.code), (EXIT_WORLD, "COLLATERAL_SERVER"), str(outcome))
        self.assertEqual((self.kds.held.is_set(), self.kds.given_up), (False, 0))  # it would have gone on saying nothing

    def test_nobody_there(self):
        with broken_listener() as nobody:
            outcome = self.appraise("--collateral", "http://127.0.0.1:%d" % nobody.getsockname()[1])
        self.assertEqual((outcome.status, outcome.code), (EXIT_WORLD, "COLLATERAL_SERVER"), str(outcome))

    def test_what_makes_no_sense_is_said_at_the_start(self):
        for more in (["ftp://a.example"], ["http://user@a.example"], [self.folder, "--collateral", self.folder + "2"]):
            outcome = self.appraise("--collateral", *more)
            self.assertEqual((outcome.status, outcome.code), (1, "CONFIG"), str(outcome))

    def test_a_handshake_fetches_what_it_lacks(self):
        machine = Machine(self, "handshake")
        attester = machine.identity.attester()
        attester["certificates"] = base64.b64encode(bytes(24)).decode()  # a table without entries
        with open(machine.identity.path("attester.json"), "w", encoding="ascii") as file:
            json.dump(attester, file)
        self.kds.answers = machine.answers()
        server = self.server(*machine.identity.own())

        def connect(*more):
            return run("connect", server.address, "--no-pkix", *machine.identity.required(), "--json", *more,
                       given=b"hello\n")

        alone = connect()
        self.assertEqual((alone.status, alone.code), (EXIT_REFUSED, "COLLATERAL"), str(alone))
        self.kds.fault = ("leaf", "limited")
        limited = connect("--collateral", self.kds.url)
        self.assertEqual((limited.status, limited.code), (EXIT_WORLD, "COLLATERAL_SERVER"), str(limited))
        self.kds.fault = ("", "")
        self.assert_done(connect("--collateral", self.kds.url, "--collateral", self.folder))
        self.assertEqual(len(self.kept()), 3)
        self.kds.stop()
        self.assert_done(connect("--collateral", self.kds.url, "--collateral", self.folder))


if __name__ == "__main__":
    main()
