#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tools/wireshark: what tshark shows of attested handshakes, against decoders that share no code with it."""

import base64
import json
import os
import re
import shutil
import sys

import atlslib

try:
    import cbor2
except ImportError as absent:
    atlslib.skip(f"{sys.executable} lacks a module: {absent}")

import tshark
import wireshark_oracle as oracle
from tshark import CERTIFICATE, CLIENT, SERVER, TYPE, Capture, Dissected, Handshake, sample

sys.path.insert(0, os.path.join(atlslib.ROOT, "tests", "attack"))

from adversary import Middle  # noqa: E402  (after the path)
from tlspeer import attestation, messages, numbers, passive, pcap  # noqa: E402
from tlspeer.attestation import Scheme  # noqa: E402

PAGE = os.path.join(atlslib.ROOT, "docs", "wireshark.md")
PSA, TPM = Scheme(content_format=10003), Scheme(media_type=attestation.NAMES["tpm2"][1])
RESULT = Scheme(verifier="https://verifier.example/v1")
SCHEMES = [PSA, Scheme(media_type=attestation.NAMES["psa"][1]), RESULT, TPM]


def octet_string(der: bytes) -> bytes:
    """The content of the OCTET STRING that DER begins with."""
    width = der[1] & 127 if der[1] & 128 else 0
    at = 2 + width
    length = int.from_bytes(der[2:at], "big") if width else der[1]
    assert der[0] == 4 and at + length <= len(der)
    return der[at:at + length]


def base64url(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")


class ProgramTest(Dissected):
    """What two programs sent, decrypted once by tshark and once by tests/interop."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sides = cls.keygen("server"), cls.keygen("client")

    def captured(self, name: str, server_words: list, client_words: list):
        capture, keylog = self.path(name + ".pcap"), self.path(name + ".keys")
        server = self.server(*server_words, "--keylog", keylog)
        middle = Middle(server.address, words=["--pcap", capture])
        outcome = atlslib.run("connect", middle.address, "--json", "--no-pkix", *client_words,
                              given=b"hi\n")
        self.assertEqual(outcome.status, atlslib.EXIT_DONE, outcome)
        middle.finish()
        server.stop()
        return capture, keylog, outcome.objects[0]["result"]["verdict"]

    def expected(self, capture: str, keylog: str, extension_type: int = TYPE) -> list:
        """From the octets, by the peer's own TLS and cbor2."""
        connection, = pcap.connections(capture)
        seen = passive.Handshake(connection.to_server.data(), connection.to_client.data(),
                                 passive.read_keylog(keylog))
        hellos = [raw for raw in passive.split_messages(b"".join(
            payload for kind, _, payload in seen.records["client"] if kind == numbers.HANDSHAKE))]
        found = [oracle.offer(*attestation.parse_offer(messages.find(
            messages.ClientHello.parse(raw[4:]).extensions, extension_type))) for raw in hellos]
        for raw in seen.messages["server"]:
            blocks = {numbers.ENCRYPTED_EXTENSIONS: messages.parse_encrypted_extensions,
                      numbers.CERTIFICATE_REQUEST:
                          lambda body: messages.CertificateRequest.parse(body).extensions}
            if raw[0] in blocks:
                body = messages.find(blocks[raw[0]](raw[4:]), extension_type)
                if body is not None:
                    found.append(oracle.choice(raw[0], attestation.parse_choice(body, "")))
        for role in ("server", "client"):
            credential = seen.credential(role, extension_type)
            if credential is not None:
                found.append(oracle.credential(credential[0], role))
        return found

    def check(self, name, server_words, client_words, extension_type=TYPE, words=()):
        capture, keylog, verdict = self.captured(name, server_words, client_words)
        trees = self.tshark.trees(capture, keylog, *words)
        self.assert_shown(trees, self.expected(capture, keylog, extension_type))
        self.assertEqual([tree.experts for tree in trees], [[] for _ in trees])
        binder = bytes.fromhex(verdict["channel"]["binder"])
        for tree in trees:
            if tree.get("attester") == ["server"]:
                nonces = [value for field, value in tree.known(self.types) if field == "nonce"]
                self.assertEqual(set(nonces), {binder})
        return capture, keylog, trees

    def test_both_sides_attest_with_psa(self):
        server, client = self.sides
        capture, keylog, trees = self.check("psa", [*server.own(), *client.required()],
                                            [*client.own(), *server.required()])
        self.assertEqual(len(trees), 5)
        # as a user meets it: a line for each frame, and a display filter on a claim
        lines = self.tshark.read(capture, keylog)
        for words in ("[attestation is offered]", "[the server is to attest]",
                      "[the client is to attest]", "[the server attests]", "[the client attests]"):
            self.assertEqual(lines.count(words), 1, lines)
        instance = server.attester()["claims"]["instance-id"]
        found = self.tshark.read(capture, keylog, "-Y", f"atls.psa.instance_id == {instance}")
        self.assertEqual(found.count("\n"), 1, found)
        self.assertIn("[the server attests]", found)

    def test_both_sides_attest_with_a_tpm(self):
        server, client = [self.keygen(name, "--tcti", self.tpm().tcti, rot="tpm2")
                          for name in ("tpm-server", "tpm-client")]
        self.check("tpm2", [*server.own(), *client.required()],
                   [*client.own(), *server.required()])

    def test_another_code_point_is_a_preference(self):
        server = self.sides[0]
        capture, keylog, trees = self.check(
            "code-point", [*server.own(), "--extension-type", "0xffa7"],
            [*server.required(), "--extension-type", "0xffa7"], 0xFFA7,
            ["-o", "atls.extension_type:0xffa7"])
        self.assertEqual(len(trees), 3)
        self.assertEqual(self.tshark.trees(capture, keylog), [])
        with self.assertRaisesRegex(AssertionError, "0x1g.* is no number from 0 to 65535"):
            self.tshark.trees(capture, keylog, "-o", "atls.extension_type:0x1g")

    def test_without_a_key_log_the_offer_alone_is_shown(self):
        server = self.sides[0]
        capture, _, _ = self.captured("no-keys", server.own(), server.required())
        trees = self.tshark.trees(capture, self.write("empty.keys", b""))
        self.assertEqual([tree.get("message") for tree in trees], [["1"]])

    def page(self) -> str:
        """The block of docs/wireshark.md."""
        server = self.sides[0]
        capture, keylog, _ = self.captured("page", server.own(), server.required())
        lines = self.tshark.read(capture, keylog, "-O", "atls").splitlines()
        block, inside = [], False
        for line in lines:
            inside = line.startswith(("Attested TLS", "    ")) and (inside or line[0] == "A")
            if inside:
                block.append(re.sub(r"[0-9a-f]{16,}…?", "…", line.replace(" […]:", ":")))
        return "\n".join(block)

    def test_the_page_shows_what_tshark_shows(self):
        """With ATLS_WRITE_PAGES in the environment the page is written instead."""
        with open(PAGE, encoding="utf-8") as file:
            before, fence, rest = file.read().partition("```text\n")
        shown, _, after = rest.partition("\n```")
        if os.environ.get("ATLS_WRITE_PAGES"):
            with open(PAGE, "w", encoding="utf-8") as file:
                file.write(before + fence + self.page() + "\n```" + after)
        else:
            self.assertEqual(shown.splitlines(), self.page().splitlines())


class FormsTest(Dissected):
    """Made-up handshakes: places, pieces, and every form of a credential."""

    def handshake(self, capture: Capture, **how) -> list:
        """All four messages, a retry, both sides; what should be shown."""
        psa, tpm = sample("psa", "plain.cmw"), sample("tpm2", "plain.cmw")
        offered = attestation.encode_offer(SCHEMES, [TPM])
        one = Handshake(capture, **how)
        one.client_hello([(TYPE, offered)])
        one.server_hello(retry=True)
        one.client_hello([(TYPE, offered)])
        one.server_hello()
        one.encrypted_extensions([(16, b"\0\3\2hi"), (TYPE, SCHEMES[1].encode())])
        one.certificate_request([(13, b"\0\2\4\3"), (TYPE, TPM.encode())])
        one.certificate(SERVER, [(CERTIFICATE, [(TYPE, attestation.encode_credential(psa))]),
                                 (CERTIFICATE, [])])
        one.certificate(CLIENT, [(CERTIFICATE, [(TYPE, attestation.encode_credential(tpm))])])
        one.finish()
        return [oracle.offer(SCHEMES, [TPM])] * 2 + [
            oracle.choice(8, SCHEMES[1]), oracle.choice(13, TPM),
            oracle.credential(psa, "server"), oracle.credential(tpm, "client")]

    def test_messages_in_pieces_and_together_are_the_same(self):
        capture, expected = self.capture(), []
        for how in ({}, {"together": True}, {"record": 100}, {"record": 100, "together": True},
                    {"record": 17}):
            expected += self.handshake(capture, **how)
        trees = self.trees(capture)
        self.assert_shown(trees, expected)
        self.assertEqual([tree.experts for tree in trees], [[] for _ in trees])

    def test_every_form_and_every_field(self):
        samples = list(credentials())
        trees = self.of_credentials([octets for _, octets in samples])
        seen = {"attester", "choice.offered", "verifier_identity", "content_format", "media_type",
                "mechanism", "type_encoding", "list_length"}  # above
        for (name, octets), tree in zip(samples, trees):
            with self.subTest(name):
                self.assert_shown([tree], [oracle.credential(octets, "server")])
                seen |= {field for field, _ in tree.known(self.types)}
        valued = {field[len("atls."):] for field, (kind, _) in self.types.items()
                  if kind != "FT_NONE"}
        elsewhere = {name for name in valued if name.startswith("frame.")}  # test_wireshark_frames.py
        self.assertEqual(valued - seen - elsewhere - {"malformed", "violation", "encoding", "cut"}, set())

    def test_a_folder_of_plugins_serves_as_well(self):
        """As docs/wireshark.md says, and as people do it who copy everything."""
        capture = self.capture()
        self.handshake(capture)
        plugins, tree = self.tshark.plugins(), os.path.dirname(self.tshark.script)
        lone = os.path.join(plugins, "atls.lua")
        for begin in (lambda: self.write(os.path.relpath(lone, self.folder),
                                         f'dofile("{self.tshark.script}")\n'),
                      lambda: (os.unlink(lone), shutil.copytree(tree, plugins, dirs_exist_ok=True)),
                      lambda: shutil.copytree(tree, os.path.join(plugins, "again"))):
            begin()
            shown = self.tshark.read(capture.path, capture.keylog, script=False)
            self.assertEqual(shown.count("[the server attests]"), 1, shown)
        shutil.rmtree(plugins)

    def test_a_cmw_in_a_certificate_is_shown_where_it_stands(self):
        capture = self.capture()
        one = Handshake(capture)
        one.client_hello([])
        one.server_hello()
        one.certificate(SERVER, [(CERTIFICATE, [])])
        one.finish()
        id_pe_cmw = bytes.fromhex("06082b06010505070123")
        cmw = octet_string(octet_string(CERTIFICATE.partition(id_pe_cmw)[2]))
        found = self.tshark.inside(capture.path, capture.keylog, "tls")
        self.assert_shown(found, [oracle.cmw(cmw)])

    def test_a_result_is_chosen_and_came(self):
        capture = self.capture()
        ear = cbor2.dumps(["application/eat+jwt", sample("inspect", "ear-dotted.jwt").strip(), 8])
        one = Handshake(capture)
        one.client_hello([(TYPE, attestation.encode_offer([RESULT], []))])
        one.server_hello()
        one.encrypted_extensions([(TYPE, RESULT.encode())])
        one.certificate(SERVER, [(CERTIFICATE, [(TYPE, attestation.encode_credential(ear))])])
        one.finish()
        trees = self.trees(capture)
        self.assert_shown(trees, [
            oracle.offer([RESULT], []), oracle.choice(8, RESULT), oracle.credential(ear, "server")])
        self.assertEqual(trees[2].get("ear.status"), ["2"])


def signed(claims, header=None) -> bytes:
    return cbor2.dumps(cbor2.CBORTag(18, [cbor2.dumps(header or {1: -7}), {}, cbor2.dumps(claims),
                                          bytes(64)]))


def compact(header: dict, payload: bytes) -> str:
    return ".".join(base64url(part) for part in (json.dumps(header).encode(), payload, b"sig"))


def credentials():
    """(name, CMW): samples of tests/kat, and what those lack."""
    for folder, name in (("psa", "plain"), ("psa", "p384"), ("psa", "json"), ("psa", "kid"),
                         ("tpm2", "plain"), ("tpm2", "p384"), ("tpm2", "rsa")):
        yield f"{folder}/{name}", sample(folder, name + ".cmw")
    for name, media_type in (
            ("cca-token", "application/eat-collection"), ("uccs", "application/uccs+cbor"),
            ("psa-legacy", "application/eat-ucs+cbor"), ("eat", "application/eat+cwt"), ("ear", 263)):
        octets = sample("inspect", name + ".cbor")
        yield name, cbor2.dumps([media_type, octets, 4])
    ear = sample("inspect", "ear-dotted.jwt").strip()
    yield "EAR", cbor2.dumps([264, ear, 8])
    yield "EAR in JSON", json.dumps(["application/eat+jwt", base64url(ear), 8]).encode()
    for name in ("cmw-collection.cbor", "cmw-collection.json", "cmw-record.cbor", "cmw-record.json"):
        yield name, sample("inspect", name).strip()
    everything = {
        1: "iss", 2: "sub", 3: ["a", "b"], 4: 1780003600, 5: -1, 6: 1780000000, 7: b"cti",
        8: {1: {1: 3, 2: b"id", 3: -257, -1: b"n" * 256, -2: b"\1\0\1"}, 3: b"kid", 5: b"t" * 32},
        10: [b"n" * 8, b"m" * 64], 256: b"\1" + b"u" * 16, 258: 64242, 259: b"model",
        260: ["1.0", 16384], 261: 2 ** 40, 262: True, 263: 3, 265: "tag:example,2026:p",
        266: {"a": signed({10: b"nonce in a submodule"}), "b": {262: False}, 7: "text"},
        267: 4, 268: b"seed", 270: "name", 275: 5, 299: [263, signed({1: "inner"})],
        2500: {1: 2, -1: 1, -2: b"x" * 32, -3: b"y" * 32}, -70003: 2 ** 64 - 1, "text": -2 ** 64,
        12345: [1.5, None, True, cbor2.CBORTag(999, b"u")], 12346: {b"k": "v"}}
    yield "every claim", cbor2.dumps([263, signed(everything, {1: -7, 3: 263, 4: b"kid",
                                                               33: [b"der", b"der"]})])
    yield "every claim in JSON", json.dumps(["application/eat-ucs+json", base64url(json.dumps({
        "iss": "i", "iat": 1780000000, "jti": "j", "oemid": base64url(b"oem"), "eat_nonce": base64url(b"nonce 64"),
        "dbgstat": "disabled", "intuse": "csr", "oemboot": False, "ueid": base64url(b"\1" + bytes(16)),
        "cnf": {"jkt": base64url(bytes(32)), "jwk": {
            "kty": "RSA", "alg": "RS256", "kid": "k", "n": "AQAB", "e": "AQAB"}},
        "escaped \n": "\u00fc \"\\", "other": {"jwk": [1, -2.5, None]}}).encode())]).encode()
    yield "JWK", json.dumps(["application/eat+jwt", base64url(compact(
        {"alg": "ES256", "typ": "JWT", "cty": "x", "kid": "y"}, json.dumps({"cnf": {"jwk": {
            "kty": "EC", "crv": "P-256", "x": "AQAB", "y": "AQAB"}}}).encode()).encode())]).encode()
    yield "EAR as CWT with all", cbor2.dumps([263, signed({
        265: "tag:ietf.org,2026:rats/ear#03", 6: 1, 1002: b"raw", 1004: {0: "d", 1: "b"},
        266: {"X": {1000: 96, 1001: {key: value for key, value in enumerate(
            (0, 2, -1, 32, 99, 96, -2, -128))}, 1003: ["p", "q"], -70000: {"k": 1},
            -70001: {"problem": "x"}, -70002: {"akpub": b"spki"}}}})])
    yield "PSA of 2.0.0", cbor2.dumps([263, signed({
        265: "http://arm.com/psa/2.0.0", 10: bytes(32), 256: b"\1" + bytes(32), 2394: -1, 2395: 0x4001,
        2396: bytes(32), 2397: bytes(32), 2398: "1234567890123-12345", 2399: [
            {1: "BL", 2: bytes(48), 4: "1", 5: bytes(64), 6: "sha-384"}], 2400: "x.example"})])
    yield "PSA without software", cbor2.dumps([263, signed({
        -75001: 1, -75002: 0x3000, -75003: bytes(32), -75007: 1, -75008: bytes(32),
        -75009: b"\1" + bytes(32)})])
    yield "CCA platform", cbor2.dumps([263, signed({
        10: bytes(32), 256: b"\1" + bytes(32), 265: "p", 2395: 12288, 2396: bytes(32), 2401: b"",
        2402: "sha-256", 2399: [{1: "t", 2: bytes(32), 4: "v", 5: bytes(32), 6: "h"}],
        2400: "s"})])
    yield "CCA realm", cbor2.dumps([263, signed({
        10: bytes(64), 265: "p", 44235: bytes(64), 44236: "sha-256", 44237: bytes(97),
        44238: bytes(32), 44239: [bytes(32)] * 4, 44240: "sha-512"})])
    tokens = {44234: signed({1: "platform"}), 44241: signed({1: "realm"})}
    yield "Parsec CCA", cbor2.dumps(["application/vnd.parallaxsecond.key-attestation.cca", cbor2.dumps({
        "kat": cbor2.CBORTag(601, {10: bytes(8), 8: {1: {1: 2, -1: 1, -2: b"x", -3: b"y"}}}),
        "pat": cbor2.CBORTag(399, tokens)})])
    yield "CCA of records", cbor2.dumps(["application/eat-collection", cbor2.dumps(
        cbor2.CBORTag(907, {key: [263, token] for key, token in tokens.items()}))])
    yield "TPM, time", cbor2.dumps(["application/vnd.parallaxsecond.key-attestation.tpm", cbor2.dumps({
        "kat": {"tpmVer": "2.0", "kid": b"\1", "sig": bytes.fromhex("0014000b0003010203"), "alg": -1,
                "certInfo": bytes.fromhex("ff5443478019" + "0000" * 2) + bytes(25) + b"time",
                "pubArea": bytes.fromhex(
                    "0001000b00030072000000060080004300160004080000010001" + "0001ff")},
        "pat": {"kid": b"\1", "sig": bytes.fromhex("0018000c000101000102"),
                "attestInfo": bytes.fromhex("ff5443478018" + "000000020a0b") + bytes(25) +
                bytes.fromhex("00000002000b03070180000c020040" + "0001dd")}})])
    yield "tag form", cbor2.dumps(cbor2.CBORTag(0x63740209, signed({1: "x"})))
    yield "of a type that nobody knows", cbor2.dumps([64999, b"octets"])
    yield "of CBOR that nobody knows", cbor2.dumps(["application/vnd.example+cbor", b"\x82\1\xf7"])
    yield "of JSON that nobody knows", cbor2.dumps(
        ["application/vnd.example+json", b' {"a": [1, true]} '])
    inner = cbor2.dumps([64999, b"octets", 31])
    yield "signed by COSE", cbor2.dumps(cbor2.CBORTag(18, [
        cbor2.dumps({1: -8, 3: "application/cmw+cbor"}), {}, inner, bytes(64)]))
    yield "signed by COSE, untagged", cbor2.dumps(
        [cbor2.dumps({1: -35, 3: 273}), {4: b"kid"}, inner, bytes(96)])
    yield "signed by JWS", compact({"alg": "EdDSA", "cty": "application/cmw+json"},
                                   b'["a/b", "AQID", 4]').encode()
    yield "collection in a collection", cbor2.dumps(
        {"__cmwc_t": "tag:x", 1: {"a": [64999, b"x"]}, "b": cbor2.CBORTag(0x63740101, b"y")})
    yield "long", cbor2.dumps([64999, bytes(60000)])  # Wireshark reads messages up to 65,536 octets


if __name__ == "__main__":
    atlslib.main()
