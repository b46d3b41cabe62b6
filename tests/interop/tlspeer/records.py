# SPDX-License-Identifier: Apache-2.0
"""The record layer (RFC 8446 section 5) over a socket on which every wait has a bound."""

import socket
import struct
import time

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305

from . import numbers, schedule
from .wire import AlertReceived, ConnectionFailed, Refusal, vec

MAX_PLAINTEXT = 1 << 14


class Deadline:
    """One budget for a whole connection."""

    def __init__(self, seconds: float):
        self.ends = time.monotonic() + seconds

    def left(self) -> float:
        return max(0.0, self.ends - time.monotonic())


class TrafficKeys:
    """One direction of one epoch: key, IV and sequence number from a traffic secret."""

    def __init__(self, suite: int, secret: bytes):
        _, self.hash, key_length, aead = numbers.SUITES[suite]
        self.suite, self.secret = suite, secret
        key = schedule.expand_label(self.hash, secret, "key", b"", key_length)
        self.iv = schedule.expand_label(self.hash, secret, "iv", b"", 12)
        self.cipher = AESGCM(key) if aead == "aesgcm" else ChaCha20Poly1305(key)
        self.sequence = 0

    def _nonce(self) -> bytes:
        mask = self.sequence.to_bytes(12, "big")
        self.sequence += 1
        return bytes(a ^ b for a, b in zip(self.iv, mask))

    def seal(self, content_type: int, data: bytes) -> bytes:
        inner = data + bytes([content_type])
        header = struct.pack("!BHH", numbers.APPLICATION_DATA, numbers.TLS12, len(inner) + 16)
        return header + self.cipher.encrypt(self._nonce(), inner, header)

    def open(self, header: bytes, sealed: bytes):
        """Content type and content of one record; bad_record_mac when it does not open."""
        try:
            inner = self.cipher.decrypt(self._nonce(), sealed, header)
        except (InvalidTag, ValueError) as error:
            raise Refusal(20, "a record does not decrypt") from error
        content = inner.rstrip(b"\0")
        if not content:
            raise Refusal(10, "a record of padding only")
        if len(inner) > MAX_PLAINTEXT + 1:
            raise Refusal(22, f"a record of {len(inner)} octets of plaintext")
        return content[-1], content[:-1]

    def next(self) -> "TrafficKeys":
        return TrafficKeys(self.suite, schedule.next_traffic_secret(self.hash, self.secret))


class RecordLayer:
    """Queues what a flight consists of, sends it in one go, reads records one by one."""

    def __init__(self, sock: socket.socket, deadline: Deadline, record_size: int):
        self.sock, self.deadline, self.record_size = sock, deadline, record_size
        self.write_keys = None
        self.read_keys = None
        self.drip_delay = None        # seconds between single octets
        self.on_flush = lambda data: data
        self.ccs_allowed = True
        self.first_version = 0x0301   # section 5.1: the first ClientHello may say TLS 1.0
        self.opened_records = 0
        self.send_calls = 0
        self._out = b""

    def queue(self, content_type: int, data: bytes) -> None:
        size = MAX_PLAINTEXT if content_type == numbers.ALERT else self.record_size
        for at in range(0, max(len(data), 1), size):  # section 5.1: alerts are never fragmented
            piece = data[at:at + size]
            if self.write_keys is not None and content_type != numbers.CHANGE_CIPHER_SPEC:
                self._out += self.write_keys.seal(content_type, piece)
            else:
                version = self.first_version
                self._out += struct.pack("!BH", content_type, version) + vec(2, piece)

    def flush(self) -> None:
        data, self._out = self.on_flush(self._out), b""
        try:
            if self.drip_delay is None:
                self.send_now(data)
                return
            for octet in data:
                self.send_now(bytes([octet]))
                time.sleep(min(self.drip_delay, self.deadline.left()))
        except (ConnectionError, BrokenPipeError) as error:
            raise ConnectionFailed(f"the peer went away while we wrote: {error}") from error

    def send_now(self, data: bytes) -> None:
        if not data:
            return
        self._arm("writing")
        self.send_calls += 1
        try:
            self.sock.sendall(data)
        except socket.timeout as error:
            raise ConnectionFailed("timed out while writing") from error

    def _arm(self, doing: str) -> None:
        left = self.deadline.left()
        if left <= 0:
            raise ConnectionFailed(f"timed out while {doing}")
        self.sock.settimeout(left)

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            self._arm("reading")
            try:
                piece = self.sock.recv(count - len(data))
            except socket.timeout as error:
                raise ConnectionFailed("timed out while reading") from error
            except ConnectionError as error:
                raise ConnectionFailed(f"the peer went away: {error}") from error
            if not piece:
                raise ConnectionFailed("the peer closed the connection without an alert")
            data += piece
        return data

    def read(self):
        """The next record's true content type and content; an alert is raised, not returned."""
        while True:
            header = self._exactly(5)
            content_type, _, length = struct.unpack("!BHH", header)
            if length > MAX_PLAINTEXT + (256 if content_type == numbers.APPLICATION_DATA else 0):
                raise Refusal(22, f"a record of {length} octets")
            data = self._exactly(length)
            if content_type == numbers.CHANGE_CIPHER_SPEC:
                if data != b"\x01" or not self.ccs_allowed:
                    raise Refusal(10, "an unexpected change_cipher_spec record")
                continue
            return self._open(header, content_type, data)

    def _open(self, header: bytes, content_type: int, data: bytes):
        encrypted = self.read_keys is not None
        if encrypted and content_type == numbers.ALERT and self.opened_records == 0:
            encrypted = False  # a peer that failed before it had keys can only say so in clear
        elif encrypted:
            if content_type != numbers.APPLICATION_DATA:
                raise Refusal(10, f"an unprotected record of type {content_type}")
            content_type, data = self.read_keys.open(header, data)
            self.opened_records += 1
        elif content_type not in (numbers.HANDSHAKE, numbers.ALERT):
            raise Refusal(10, f"a record of type {content_type} before there are keys")
        if content_type == numbers.ALERT:
            if len(data) != 2:
                raise Refusal(50, f"an alert of {len(data)} octets")
            raise AlertReceived(data[0], data[1], encrypted)
        if content_type == numbers.HANDSHAKE and not data:
            raise Refusal(10, "an empty handshake record")
        return content_type, data

    def drain(self, seconds: float) -> None:
        """Ends our side and swallows what still comes, so that the kernel sends no reset."""
        try:
            self.sock.shutdown(socket.SHUT_WR)
            self.sock.settimeout(min(seconds, max(self.deadline.left(), 0.2)))
            while self.sock.recv(65536):
                pass
        except OSError:
            pass
