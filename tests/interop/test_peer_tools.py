#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""mitm.py and binder_check.py around handshakes of the peer."""

import ctypes
import json
import os
import random
import socket
import struct
import subprocess
import sys
import threading

import peer_support
from peer_support import HERE, PeerTest, configure, finish, listening_port
from tlspeer import client as peer_client
from tlspeer import passive, pcap, wirefaults
from tlspeer import server as peer_server
from tlspeer.wire import UsageError

MITM = os.path.join(HERE, "mitm.py")
BINDER_CHECK = os.path.join(HERE, "binder_check.py")
SO_ATTACH_FILTER, SO_RCVBUFFORCE, ETH_P_ALL = 26, 33, 3  # Linux, socket(7) and packet(7)


def hear_only(tap: socket.socket, port: int) -> None:
    """TCP over IPv4 to or from PORT: other tests beside this one send much on the same interface."""
    code = [(0x28, 0, 0, 12), (0x15, 0, 8, 0x0800), (0x30, 0, 0, 23), (0x15, 0, 6, 6),  # else to the last, which takes nothing
            (0xb1, 0, 0, 14), (0x48, 0, 0, 14), (0x15, 2, 0, port), (0x48, 0, 0, 16), (0x15, 0, 1, port),
            (0x06, 0, 0, 1 << 18), (0x06, 0, 0, 0)]
    octets = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in code))
    tap.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HL", len(code), ctypes.addressof(octets)))


class Relayed:
    """One connection of two peers with mitm.py in the middle; what each of the three says."""

    def __init__(self, server_options, client_options, *mitm_options):
        config = configure("server", server_options)
        listener = socket.create_server(("127.0.0.1", 0))
        listener.settimeout(60)
        self.server = None
        thread = threading.Thread(target=self._serve, args=(config, listener), daemon=True)
        thread.start()
        process = subprocess.Popen(
            [sys.executable, MITM, "--listen", "127.0.0.1:0", "--to",
             f"127.0.0.1:{listener.getsockname()[1]}", "--once", "--json", *mitm_options],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.client = peer_client.run(
            configure("client", client_options, listening_port(process)))
        thread.join(60)
        self.status, self.mitm = finish(process)
        listener.close()

    def _serve(self, config, listener):
        sock, _ = listener.accept()
        self.server = peer_server.Server(config, sock).run()


class ToolTest(PeerTest):
    def mutual(self, kind="psa", server=(), client=()):
        return (self.files.identity("p256") + self.files.attest(kind) + self.files.expect(kind) +
                list(server),
                self.files.identity("client") + self.files.attest(kind) +
                self.files.expect(kind) + list(client))


class BinderCheck(ToolTest):
    def check(self, capture, keylog, *words):
        done = subprocess.run([sys.executable, BINDER_CHECK, capture, keylog, *words],
                              capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, json.loads(done.stdout) if done.stdout else done.stderr

    def capture(self, server, client):
        capture, keylog = self.files.path("a.pcap"), self.files.path("keys.log")
        if os.path.exists(keylog):
            os.remove(keylog)
        relayed = Relayed(server + ["--keylog", keylog], client, "--pcap", capture)
        return relayed, capture, keylog

    def test_binders_of_both_sides_are_recomputed(self):
        for kind, suite, group in (("psa", "aes128", "x25519"), ("psa", "aes256", "secp256r1"),
                                   ("tpm2", "chacha", "secp256r1"), ("tpm2", "aes256", "x25519")):
            with self.subTest(kind=kind, suite=suite, group=group):
                relayed, capture, keylog = self.capture(*self.mutual(
                    kind, ["--suites", suite, "--groups", group], ["--record-size", "333"]))
                self.assert_done(relayed.client)
                status, found = self.check(capture, keylog)
                self.assertEqual((status, found["ok"], found["compared"]), (0, True, 2), found)
                line = found["connections"][0]
                self.assertEqual(line["hrr"], group == "secp256r1")
                binders = [side["binder"] for side in line["attesters"]]
                self.assertEqual(binders, [relayed.client["binder"]["peer"],
                                           relayed.client["binder"]["own"]])

    def test_evidence_over_something_else_is_exit_2(self):
        for fault in ("binder-flipped", "binder-without-retry"):
            with self.subTest(fault=fault):
                _, capture, keylog = self.capture(*self.mutual(
                    "psa", ["--fault", fault, "--groups", "secp256r1"], ["--tolerate"]))
                status, found = self.check(capture, keylog)
                self.assertEqual(status, 2)
                sides = found["connections"][0]["attesters"]
                self.assertEqual([(side["role"], side["equal"]) for side in sides],
                                 [("server", False), ("client", True)])

    def test_nothing_to_compare_is_exit_3_and_no_capture_exit_1(self):
        _, capture, keylog = self.capture(self.files.identity("p256"), [])
        self.assertEqual(self.check(capture, keylog)[0], 3)
        self.assertEqual(self.check(keylog, keylog)[0], 1)
        _, capture, keylog = self.capture(*self.mutual())
        self.assertEqual(self.check(capture, keylog, "--port", "1")[0], 3)
        with open(keylog, "w", encoding="ascii") as file:
            file.write("# no secrets\n")
        status, found = self.check(capture, keylog)
        self.assertEqual(status, 3)
        self.assertIn("key log", found["connections"][0]["error"])

    def test_packets_out_of_order_and_twice_are_put_in_order(self):
        _, capture, keylog = self.capture(*self.mutual("tpm2", ["--groups", "secp256r1"]))
        packets = pcap.read_packets(capture)
        opening, rest = packets[:2], packets[2:]
        for seed in range(5):
            shuffled = rest + random.Random(seed).sample(rest, len(rest) // 2)
            random.Random(seed + 100).shuffle(shuffled)
            with open(capture, "wb") as file:
                file.write(pcap.file_header())
                for _, packet in opening + shuffled:
                    file.write(pcap.packet_record(packet, 1.5))
            self.assertEqual(self.check(capture, keylog)[0], 0)
        with open(capture, "wb") as file:     # a hole: nothing behind it may be used
            file.write(pcap.file_header())
            for _, packet in opening + rest[1:]:
                file.write(pcap.packet_record(packet, 1.5))
        self.assertEqual(self.check(capture, keylog)[0], 3)

    def test_overlapping_segments_do_not_repeat_what_they_share(self):
        stream = pcap.Stream(0xFFFFFFFE)          # the sequence number wraps after two octets
        for sequence, payload in ((2, b"efgh"), (0xFFFFFFFE, b"ab"), (0, b"cdef"), (0, b"cd"),
                                  (4, b"ghij"), (0xFFFFFFFE, b"a")):
            stream.add(sequence, payload)
        self.assertEqual(stream.data(), b"abcdefghij")

    def test_a_capture_by_the_kernel(self):
        try:
            tap = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)  # hears nothing before it is bound
            listener = socket.create_server(("127.0.0.1", 0))
            hear_only(tap, listener.getsockname()[1])
            tap.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20)
            tap.bind(("lo", ETH_P_ALL))
        except (PermissionError, AttributeError, OSError) as error:
            self.skipTest(f"root alone captures on loopback: {error}")
        keylog, capture = self.files.path("real.log"), self.files.path("real.pcap")
        server, client = self.mutual("tpm2", ["--keylog", keylog])
        packets = []
        with tap:
            tap.settimeout(0.3)
            pair = peer_support.Pair(server, client, listener=listener)
            self.assert_done(pair.client.report)
            try:
                while True:
                    packets.append(tap.recv(1 << 17))
            except socket.timeout:
                pass
        with open(capture, "wb") as file:
            file.write(pcap.file_header())
            for packet in packets:
                file.write(pcap.packet_record(packet, 1.0))
        status, found = self.check(capture, keylog, "--port", str(pair.port))
        self.assertEqual((status, found["compared"]), (0, 2), found)

    def test_a_capture_that_is_cut_short_is_not_read(self):
        _, capture, keylog = self.capture(*self.mutual())
        with open(capture, "rb") as file:
            data = bytearray(file.read())
        data[24 + 12] += 1                   # the first packet's original length
        with open(capture, "wb") as file:
            file.write(data)
        status, text = self.check(capture, keylog)
        self.assertEqual(status, 1)
        self.assertIn("snap length", text)


class ManInTheMiddle(ToolTest):
    def test_a_clean_relay_records_both_flights(self):
        prefix = self.files.path("flight")
        relayed = Relayed(*self.mutual(), "--record", prefix)
        self.assert_done(relayed.client)
        self.assert_done(relayed.server)
        self.assertEqual(relayed.status, 0)
        for direction in ("c2s", "s2c"):
            with open(f"{prefix}.{direction}", "rb") as file:
                data = file.read()
            self.assertEqual(len(data), relayed.mitm["octets"][direction])
            kinds = [kind for kind, _, _ in passive.split_records(data)]
            self.assertEqual(kinds[:3], [22, 20, 23])

    def test_harmless_interference_changes_nothing(self):
        for faults in (["drip=0"], ["s2c:drip=0"], ["delay=0.05", "s2c:delay=0.05"]):
            with self.subTest(faults=faults):
                words = [word for fault in faults for word in ("--fault", fault)]
                relayed = Relayed(*self.mutual(), *words)
                self.assert_done(relayed.client)
                self.assertTrue(all(count > 0 for count in relayed.mitm["applied"].values()))

    def test_every_record_that_is_touched_breaks_the_handshake(self):
        damages = [f"c2s:flip={record}" for record in (0, 2, 3, 4)]
        damages += [f"s2c:flip={record}" for record in (0, 2, 3, 4, 5, 6)]
        damages += ["s2c:drop=2", "s2c:repeat=2", "c2s:drop=2", "c2s:repeat=2"]
        for fault in damages:
            with self.subTest(fault=fault):
                server, client = self.mutual(server=["--timeout", "4"], client=["--timeout", "4"])
                relayed = Relayed(server, client, "--fault", fault)
                self.assertEqual(relayed.mitm["applied"], {fault: 1})
                self.assertFalse(relayed.client["ok"] or relayed.server["ok"])

    def test_a_changed_client_hello_never_ends_in_success(self):
        for fault in ("strip-extension", "reorder-extensions", "add-grease", "edit-offer",
                      "strip-extension=0"):
            for retry in ([], ["--groups", "secp256r1"]):
                with self.subTest(fault=fault, retry=retry):
                    server, client = self.mutual(server=retry, client=["--name", "localhost"])
                    relayed = Relayed(server, client, "--fault", fault)
                    self.assertGreaterEqual(relayed.mitm["applied"][fault], 1)
                    self.assertFalse(relayed.client["ok"] or relayed.server["ok"])
                    self.assertIsNone(relayed.client["application_data_received"])
                    self.assertIsNone(relayed.server["application_data_received"])

    def test_a_stripped_offer_is_seen_as_no_offer(self):
        relayed = Relayed(*self.mutual(), "--fault", "strip-extension")
        self.assertEqual(relayed.server["alert_sent"]["name"], "missing_extension")
        self.assertIsNone(relayed.server["offered"])

    def test_a_cut_connection_is_exit_3_on_both_sides(self):
        for fault in ("cut=100", "s2c:cut=500"):
            with self.subTest(fault=fault):
                relayed = Relayed(*self.mutual(), "--fault", fault)
                self.assertEqual((relayed.client["exit"], relayed.server["exit"]), (3, 3))

    def test_arguments_are_checked(self):
        for text in ("nonsense", "flip", "cut=x", "s2c:strip-extension", "flip=a:b"):
            with self.assertRaises(UsageError, msg=text):
                wirefaults.parse([text])
        process = subprocess.Popen(
            [sys.executable, MITM, "--listen", "127.0.0.1:0", "--to", "127.0.0.1:1",
             "--idle", "0.3"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.assertEqual(finish(process)[0], 3)


if __name__ == "__main__":
    peer_support.main()
