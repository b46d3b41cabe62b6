# SPDX-License-Identifier: Apache-2.0
"""Classic pcap files: TCP streams out of a capture, and a capture out of two byte streams."""

import socket
import struct
from dataclasses import dataclass, field

_MAGICS = {b"\xd4\xc3\xb2\xa1": "<", b"\xa1\xb2\xc3\xd4": ">",
           b"\x4d\x3c\xb2\xa1": "<", b"\xa1\xb2\x3c\x4d": ">"}
_PCAPNG = b"\x0a\x0d\x0d\x0a"
# link type: octets before the IP header (its version is read from the header itself)
_LINK_HEADERS = {0: 4, 1: 14, 12: 0, 101: 0, 108: 4, 113: 16, 276: 20}
ETHERNET = 1
FIN, SYN, ACK = 1, 2, 16


class CaptureError(ValueError):
    """Not a capture that we can read."""


@dataclass
class Segment:
    source: tuple
    target: tuple
    sequence: int
    flags: int
    payload: bytes


@dataclass
class Stream:
    """One direction: pieces by their offset from the first octet, put in order when read."""

    base: int
    pieces: dict = field(default_factory=dict)

    def add(self, sequence: int, payload: bytes) -> None:
        offset = (sequence - self.base) & 0xFFFFFFFF
        if payload and offset < 1 << 31:
            kept = self.pieces.get(offset, b"")
            self.pieces[offset] = max(kept, payload, key=len)

    def data(self) -> bytes:
        """What can be read without a hole; a retransmission does not change what came first."""
        out = b""
        for offset in sorted(self.pieces):
            if offset > len(out):
                break
            out += self.pieces[offset][len(out) - offset:]
        return out


@dataclass
class Connection:
    client: tuple
    server: tuple
    to_server: Stream
    to_client: Stream = None


def read_packets(path: str) -> list:
    """(link type, octets) of every packet."""
    with open(path, "rb") as file:
        data = file.read()
    if data[:4] == _PCAPNG:
        raise CaptureError(f"{path} is pcapng; a classic pcap file is wanted (tcpdump writes it)")
    order = _MAGICS.get(data[:4])
    if order is None or len(data) < 24:
        raise CaptureError(f"{path} is not a pcap file")
    link = struct.unpack_from(order + "I", data, 20)[0] & 0xFFFF
    if link not in _LINK_HEADERS:
        raise CaptureError(f"link type {link} is not known here")
    packets, at = [], 24
    while at + 16 <= len(data):
        kept, length = struct.unpack_from(order + "II", data, at + 8)
        if kept < length:
            raise CaptureError("packets are cut short: capture with a larger snap length")
        packets.append((link, data[at + 16:at + 16 + kept]))
        at += 16 + kept
    return packets


def segment_of(link: int, packet: bytes):
    """The TCP segment in a packet, or None where there is none."""
    ip = packet[_LINK_HEADERS[link]:]
    if len(ip) < 20:
        return None
    if ip[0] >> 4 == 4 and ip[9] == 6:
        total, header = struct.unpack_from("!H", ip, 2)[0], (ip[0] & 15) * 4
        source, target = (socket.inet_ntoa(part) for part in (ip[12:16], ip[16:20]))
        tcp = ip[header:total or len(ip)]    # 0: the kernel had not filled it in yet
    elif ip[0] >> 4 == 6 and len(ip) >= 40 and ip[6] == 6:
        total = struct.unpack_from("!H", ip, 4)[0]
        source, target = (socket.inet_ntop(socket.AF_INET6, part)
                          for part in (ip[8:24], ip[24:40]))
        tcp = ip[40:40 + total if total else len(ip)]
    else:
        return None
    if len(tcp) < 20:
        return None
    source_port, target_port, sequence = struct.unpack_from("!HHI", tcp)
    return Segment((source, source_port), (target, target_port), sequence, tcp[13],
                   tcp[(tcp[12] >> 4) * 4:])


def connections(path: str) -> list:
    """Every TCP connection whose SYN is in the capture, in the order of their SYNs."""
    found, open_now = [], {}
    for link, packet in read_packets(path):
        segment = segment_of(link, packet)
        if segment is None:
            continue
        forward, backward = (segment.source, segment.target), (segment.target, segment.source)
        first = (segment.sequence + 1) & 0xFFFFFFFF
        if segment.flags & (SYN | ACK) == SYN:
            known = open_now.get(forward)
            if known is None or known.to_server.base != first:
                known = Connection(segment.source, segment.target, Stream(first))
                open_now[forward] = known
                found.append(known)
        elif forward in open_now:
            open_now[forward].to_server.add(segment.sequence, segment.payload)
        elif backward in open_now:
            known = open_now[backward]
            if segment.flags & SYN:
                known.to_client = known.to_client or Stream(first)
            elif known.to_client is not None:
                known.to_client.add(segment.sequence, segment.payload)
    return found


def file_header(link: int = ETHERNET) -> bytes:
    return struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 1 << 18, link)


def packet_record(packet: bytes, when: float) -> bytes:
    seconds = int(when)
    return struct.pack("<IIII", seconds, int((when - seconds) * 1e6), len(packet),
                       len(packet)) + packet


class Writer:
    """Writes made-up packets (no checksums) for one connection on loopback."""

    def __init__(self, path: str, client: tuple, server: tuple):
        self.file = open(path, "wb")
        self.file.write(file_header())
        self.ends = {"c2s": client, "s2c": server}
        self.sequence = {"c2s": 1000, "s2c": 0xFFFFFF00}  # the second one wraps around
        self.count = 0
        self._packet("c2s", SYN, b"")
        self._packet("s2c", SYN | ACK, b"")

    def data(self, direction: str, data: bytes) -> None:
        for at in range(0, len(data), 1400):
            self._packet(direction, ACK, data[at:at + 1400])

    def close(self) -> None:
        for direction in ("c2s", "s2c"):
            self._packet(direction, FIN | ACK, b"")
        self.file.close()

    def _packet(self, direction: str, flags: int, payload: bytes) -> None:
        other = "s2c" if direction == "c2s" else "c2s"
        source, target = self.ends[direction], self.ends[other]
        tcp = struct.pack("!HHIIBBHHH", source[1], target[1], self.sequence[direction],
                          self.sequence[other], 5 << 4, flags, 65535, 0, 0) + payload
        ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), self.count & 0xFFFF, 0, 64, 6, 0,
                         socket.inet_aton(source[0]), socket.inet_aton(target[0])) + tcp
        self.file.write(packet_record(bytes(12) + b"\x08\x00" + ip, 1e9 + self.count / 1000))
        self.count += 1
        step = len(payload) + (1 if flags & (SYN | FIN) else 0)
        self.sequence[direction] = (self.sequence[direction] + step) & 0xFFFFFFFF
