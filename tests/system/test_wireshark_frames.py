#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tools/wireshark: the frames after a handshake, as the programs said that they were."""

import os
import sys

import atlslib
from tshark import CLIENT, SERVER, SUITE, Capture, Dissected, Handshake, TrafficKeys

sys.path.insert(0, os.path.join(atlslib.ROOT, "tests", "attack"))

from adversary import Middle  # noqa: E402  (after the path)
from tlspeer import messages, numbers  # noqa: E402
from tlspeer.wire import uint, vec  # noqa: E402

HELLO, REQUEST, AUTHENTICATOR, DONE, DATA, CLOSE = "123456"
SENT = b"what the client says\n"
ALPN, APPLICATION_DATA = 16, 23
CONTEXT = bytes(range(32))
ASKED = vec(1, CONTEXT) + vec(2, uint(2, 0xff5f) + vec(2, b"") + uint(2, 0xff60) + vec(2, vec(2, b"\0\0\x27\x13")))
CREDENTIAL = uint(2, 0xff5f) + vec(2, vec(2, b"\x82\x19\xfd\xe8\x41\0"))
SHOWN = vec(1, CONTEXT) + vec(3, vec(3, b"certificate") + vec(2, CREDENTIAL))


def frame(kind: str, body: bytes = b"") -> bytes:
    return uint(1, int(kind)) + vec(3, body)


class Connection(Handshake):
    """A made-up connection whose ALPN is PROTOCOL, with application data."""

    def __init__(self, capture: Capture, protocol: bytes = b"atls/1"):
        super().__init__(capture)
        secrets = {role: bytes([number]) * 32 for number, role in ((1, "CLIENT"), (2, "SERVER"))}
        capture.add_keys(self.random, {f"{role}_TRAFFIC_SECRET_0": secret for role, secret in secrets.items()})
        chosen = (ALPN, vec(2, vec(1, protocol)))
        self.client_hello([chosen])
        self.server_hello()
        self.encrypted_extensions([chosen])
        for direction in (SERVER, CLIENT):
            self.sealed(direction, messages.message(numbers.FINISHED, bytes(32)))
        self.keys = {CLIENT: TrafficKeys(SUITE, secrets["CLIENT"]), SERVER: TrafficKeys(SUITE, secrets["SERVER"])}

    def say(self, direction: str, *records: bytes) -> None:
        self.pieces += [(direction, self.keys[direction].seal(APPLICATION_DATA, octets)) for octets in records]


class FramesTest(Dissected):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.machine, cls.peer = cls.keygen("server"), cls.keygen("client")

    def captured(self, name: str, server_words: list, client_words: list):
        """The frames of a connection, by who sent them, and the verdict of the client."""
        capture, keylog = self.path(name + ".pcap"), self.path(name + ".keys")
        server = self.server("--timing", "post", *self.machine.own(), *server_words, "--keylog", keylog)
        middle = Middle(server.address, words=["--pcap", capture])
        outcome = self.assert_done(atlslib.run("connect", middle.address, "--json", "--no-pkix", "--timing", "post",
                                               *self.machine.required(), *client_words, given=SENT))
        middle.finish()
        server.stop()
        trees = self.tshark.inside(capture, keylog, "atls_frames")
        self.assertEqual([tree.experts for tree in trees], [[] for _ in trees])
        return trees, outcome.objects[0]["result"]["verdict"], (capture, keylog)

    def assert_kinds(self, trees: list, kinds: str) -> None:
        self.assertEqual(sorted(tree.get("frame.type")[0] for tree in trees), sorted(kinds))

    def test_the_exchange_is_shown_and_what_follows_it_is_not_taken_for_it(self):
        trees, verdict, (capture, keylog) = self.captured("plain", [], [])
        self.assert_kinds(trees, HELLO + HELLO + REQUEST + AUTHENTICATOR + DONE + DONE)
        request, = [tree for tree in trees if tree.get("frame.type") == [REQUEST]]
        answer, = [tree for tree in trees if tree.get("frame.type") == [AUTHENTICATOR]]
        self.assertEqual(request.get("frame.message"), ["17"])
        self.assertEqual(answer.get("frame.message"), ["11", "15", "20"])
        self.assertEqual(request.get("frame.context"), answer.get("frame.context"))
        self.assertIn("10003", request.get("content_format"))
        nonce = verdict["channel"]["binder"]
        self.assertEqual({shown.replace(":", "") for shown in answer.get("nonce")}, {nonce})
        asks = [tree.get("frame.asks") for tree in trees if tree.get("frame.asks")]
        self.assertIn(sorted(asks), ([["0"], ["1"]], [["False"], ["True"]]))  # Wireshark 4.0, 4.4
        self.assertEqual(self.tshark.read(capture, keylog, "-Y", f"atls.nonce == {nonce}").count("\n"), 1)

    def test_data_in_frames_are_shown(self):
        trees, _, _ = self.captured("framed", ["--framed"], ["--framed"])
        self.assert_kinds(trees, HELLO + HELLO + REQUEST + AUTHENTICATOR + DONE + DONE + DATA + DATA)
        data = [bytes.fromhex(shown.replace(":", "")) for tree in trees for shown in tree.get("frame.data")]
        self.assertEqual(data, [SENT, SENT])  # and the echo

    def test_frames_in_pieces_and_of_an_application_s_protocol_are_shown(self):
        capture = Capture(self.folder, "pieces")
        stream = frame(HELLO, b"\1\2") + frame(AUTHENTICATOR, messages.message(11, SHOWN)) + frame(DONE) + frame(DATA, SENT)
        for size in (1, 3, 50):
            connection = Connection(capture, b"atls/1+test")
            connection.say(CLIENT, frame(HELLO, b"\1\3") + frame(REQUEST, messages.message(17, ASKED)))
            connection.say(SERVER, *(stream[at:at + size] for at in range(0, len(stream), size)))
            connection.say(CLIENT, frame(CLOSE, b"\x28"))
            capture.add(connection.pieces)
        trees = self.tshark.inside(capture.path, capture.keylog, "atls_frames")
        self.assert_kinds(trees, (HELLO + HELLO + REQUEST + AUTHENTICATOR + DONE + DATA + CLOSE) * 3)
        named = {name[len("atls."):] for name, (kind, _) in self.types.items() if kind != "FT_NONE"}
        self.assertEqual({name for name in named if name.startswith("frame.")} -
                         {name for tree in trees for name, _, _ in tree.values}, set())
        self.assertEqual([tree.experts for tree in trees], [[] for _ in trees])
        for tree in trees:
            if tree.get("frame.type") in ([REQUEST], [AUTHENTICATOR]):
                self.assertEqual([shown.replace(":", "") for shown in tree.get("frame.context")], [CONTEXT.hex()])
                self.assertEqual(tree.get("content_format") + tree.get("cmw.content_format"),
                                 ["10003" if tree.get("frame.type") == [REQUEST] else "65000"])

    def test_what_is_not_well_formed_is_said(self):
        cases = [(b"\7\0\0\0", "no frame: type 7, length 0"), (b"\5\0\x3f\xfd", "no frame: type 5, length 16381"),
                 (b"\0\0\0\1x", "no frame: type 0, length 1"), (frame(DATA), "no frame: type 5, length 0"),
                 (b"\6\0\0\0", "no frame: type 6, length 0"), (frame(HELLO, b"\1"), "HELLO has no version and flags"),
                 (frame(REQUEST, b"\x11\0\0"), "a message goes past the end"),
                 (frame(REQUEST, messages.message(17, b"\x21" + CONTEXT)), "no certificate_request_context"),
                 (frame(REQUEST, messages.message(17, vec(1, CONTEXT) + b"\0\1")), "the extensions do not end with the message"),
                 (frame(REQUEST, messages.message(17, vec(1, CONTEXT) + vec(2, b"\0"))), "an extension goes past the end"),
                 (frame(REQUEST, messages.message(17, ASKED[:-4] + b"\2\0\x27\x13")), "an unknown AttestationMechanism has no length"),
                 (frame(AUTHENTICATOR, messages.message(11, b"")), "no certificate_request_context"),
                 (frame(AUTHENTICATOR, messages.message(11, SHOWN + b"\0")), "certificate_list does not end with the message"),
                 (frame(AUTHENTICATOR, messages.message(11, vec(1, b"") + vec(3, vec(3, b"")))), "or is empty"),
                 (frame(AUTHENTICATOR, messages.message(11, vec(1, b"") + vec(3, vec(3, b"c")))), "the extensions of a certificate"),
                 (frame(AUTHENTICATOR, messages.message(11, vec(1, b"") + vec(3, vec(3, b"c") + vec(2, uint(2, 0xff5f) +
                                                                                                  vec(2, b"\0\0"))))),
                  "cmw_data does not fill the extension")]
        capture = Capture(self.folder, "hostile")
        for octets, _ in cases:
            connection = Connection(capture)
            connection.say(CLIENT, octets)
            capture.add(connection.pieces)
        trees = self.tshark.inside(capture.path, capture.keylog, "atls_frames")
        self.assertEqual(len(trees), len(cases))
        for (octets, wanted), tree in zip(cases, trees, strict=True):
            with self.subTest(octets.hex()):
                self.assertTrue(any(wanted in said for said in tree.experts), tree.experts)

    def test_every_prefix_is_shown_without_an_error_of_the_dissector(self):
        capture = Capture(self.folder, "prefixes")
        whole = messages.message(11, SHOWN)
        for kind, message in ((REQUEST, messages.message(17, ASKED)), (AUTHENTICATOR, whole)):
            for length in range(1, len(message)):
                connection = Connection(capture)
                connection.say(CLIENT, frame(kind, message[:length]), frame(kind, message)[:length])
                capture.add(connection.pieces)
        self.assertTrue(self.tshark.inside(capture.path, capture.keylog, "atls_frames"))


if __name__ == "__main__":
    atlslib.main()
