#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A TCP man in the middle on loopback that damages, delays and records what passes.

Exit status: 0 relayed to the end (whatever the faults did), 1 usage, 3 the target is not there
or nobody connected.
"""

import argparse
import json
import os
import socket
import sys
import threading
import time

from tlspeer import pcap, wirefaults
from tlspeer.wire import UsageError


class Relay:
    """One connection: a thread for each direction, each with its own stages."""

    def __init__(self, client: socket.socket, server: socket.socket, args, recorder):
        self.ends = {"c2s": (client, server), "s2c": (server, client)}
        self.deadline = time.monotonic() + args.timeout
        self.recorder, self.timed_out = recorder, False
        self.stages = {direction: [(text, made(argument)) for text, made, argument in chosen]
                       for direction, chosen in args.stages.items()}
        self.octets = {"c2s": 0, "s2c": 0}

    def run(self) -> dict:
        threads = [threading.Thread(target=self._pump, args=(direction,), daemon=True)
                   for direction in self.ends]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(max(0.1, self.deadline - time.monotonic() + 1))
        self._close()
        return {"octets": self.octets, "timed_out": self.timed_out,
                "applied": {text: stage.applied for stages in self.stages.values()
                            for text, stage in stages}}

    def _close(self) -> None:
        for end in self.ends["c2s"]:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def _pump(self, direction: str) -> None:
        source, target = self.ends[direction]
        try:
            while True:
                source.settimeout(max(0.01, self.deadline - time.monotonic()))
                data = source.recv(65536)
                if data:
                    self.octets[direction] += len(data)
                    self.recorder.add(direction, data)
                self._forward(direction, target, data)
                if not data:
                    target.shutdown(socket.SHUT_WR)
                    return
        except wirefaults.Cut:
            self._close()
        except socket.timeout:
            self.timed_out = True
            self._close()
        except OSError:
            self._close()

    def _forward(self, direction: str, target: socket.socket, data: bytes) -> None:
        """Through all stages and out; no data means the end of the stream."""
        delay, cut = None, None
        for _, stage in self.stages[direction]:
            try:
                data = (stage.feed(data) if data else b"") + (b"" if data else stage.end())
            except wirefaults.Cut as fault:
                cut, data = fault, fault.data
            delay = getattr(stage, "delay", delay)
        target.settimeout(max(0.01, self.deadline - time.monotonic()))
        if delay is None:
            target.sendall(data)
        else:
            for octet in data:
                target.sendall(bytes([octet]))
                time.sleep(delay)
        if cut is not None:
            raise cut


class Recorder:
    """Writes what each side sent, as it sent it, to PREFIX.c2s and PREFIX.s2c and to a pcap."""

    def __init__(self, prefix, pcap_path, client: tuple, server: tuple):
        self.lock = threading.Lock()
        self.files = {}
        if prefix is not None:
            self.files = {direction: open(f"{prefix}.{direction}", "wb")
                          for direction in ("c2s", "s2c")}
        self.pcap = None if pcap_path is None else pcap.Writer(pcap_path, client, server)

    def add(self, direction: str, data: bytes) -> None:
        with self.lock:
            if direction in self.files:
                self.files[direction].write(data)
                self.files[direction].flush()
            if self.pcap is not None:
                self.pcap.data(direction, data)

    def close(self) -> None:
        with self.lock:
            for file in self.files.values():
                file.close()
            if self.pcap is not None:
                self.pcap.close()
            self.files, self.pcap = {}, None


def address(text: str) -> tuple:
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT")
    return host, int(port)


def parse_arguments(argv: list) -> argparse.Namespace:
    names = ", ".join(wirefaults.TABLE)
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--listen", type=address, required=True, metavar="HOST:PORT")
    parser.add_argument("--to", type=address, required=True, metavar="HOST:PORT")
    parser.add_argument("--fault", action="append", default=[], metavar="[c2s:|s2c:]NAME[=ARG]",
                        help=f"{names}; c2s when not said")
    parser.add_argument("--record", metavar="PREFIX", help="write PREFIX.c2s and PREFIX.s2c")
    parser.add_argument("--pcap", metavar="FILE", help="write what passed as a capture file")
    parser.add_argument("--port-file", metavar="FILE", help="write the port there (for HOST:0)")
    parser.add_argument("--timeout", type=float, default=30.0, help="for a whole connection")
    parser.add_argument("--idle", type=float, default=60.0, help="end when nobody connects")
    parser.add_argument("--once", action="store_true", help="one connection only")
    parser.add_argument("--json", action="store_true", help="a line of JSON for each connection")
    args = parser.parse_args(argv)
    args.stages = wirefaults.parse(args.fault)
    return args


def one_connection(client: socket.socket, args) -> dict:
    with client:
        try:
            server = socket.create_connection(args.to, 10)
        except OSError as error:
            return {"error": f"no connection to {args.to}: {error}"}
        with server:
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            recorder = Recorder(args.record, args.pcap, client.getpeername(), args.to)
            try:
                return dict(Relay(client, server, args, recorder).run(), error=None)
            finally:
                recorder.close()


def main(argv: list) -> int:
    try:
        args = parse_arguments(argv)
    except UsageError as error:
        print(f"mitm.py: {error}", file=sys.stderr)
        return 1
    with socket.create_server(args.listen) as listener:
        port = listener.getsockname()[1]
        print(f"listening on {args.listen[0]}:{port}", file=sys.stderr, flush=True)
        if args.port_file is not None:
            with open(args.port_file + ".new", "w", encoding="ascii") as file:
                file.write(f"{port}\n")
            os.replace(args.port_file + ".new", args.port_file)
        listener.settimeout(args.idle)
        status = 3
        while True:
            try:
                client, _ = listener.accept()
            except socket.timeout:
                return status
            outcome = one_connection(client, args)
            if args.json:
                print(json.dumps(outcome), flush=True)
            status = 3 if outcome["error"] else 0
            if args.once:
                return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
