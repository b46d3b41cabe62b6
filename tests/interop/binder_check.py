#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Recomputes attestation binders from a packet capture and a key log.

Exit status: 0 every nonce equals its binder, 1 usage or files, 2 one differs, 3 nothing to compare.
"""

import argparse
import hashlib
import json
import sys

from tlspeer import numbers, passive, pcap
from tlspeer.wire import Refusal


def check_side(handshake, role: str, extension_type: int):
    """What one side proved, or None when it did not attest."""
    credential = handshake.credential(role, extension_type)
    if credential is None:
        return None
    cmw, spki = credential
    binder = handshake.binder(spki)
    found = passive.nonces(cmw)
    return {"role": role, "cmw_octets": len(cmw),
            "spki_sha256": hashlib.sha256(spki).hexdigest(), "binder": binder.hex(),
            "nonces": {where: nonce.hex() if isinstance(nonce, bytes) else repr(nonce)
                       for where, nonce in found.items()},
            "equal": bool(found) and all(nonce == binder for nonce in found.values()),
            "comparable": bool(found)}


def check_connection(connection, keylog: dict, extension_type: int) -> dict:
    line = {"client": "%s:%d" % connection.client, "server": "%s:%d" % connection.server,
            "error": None, "attesters": []}
    try:
        to_client = connection.to_client.data() if connection.to_client else b""
        handshake = passive.Handshake(connection.to_server.data(), to_client, keylog)
        line.update(suite=numbers.SUITES[handshake.suite][0], hrr=handshake.hello_retry,
                    transcript_hash=handshake.transcript_hash.hex())
        sides = [check_side(handshake, role, extension_type) for role in ("server", "client")]
        line["attesters"] = [side for side in sides if side is not None]
    except (ValueError, AttributeError, TypeError, Refusal) as error:
        line["error"] = str(error)
    return line


def main(argv: list) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("capture", help="classic pcap file")
    parser.add_argument("keylog", help="key log in NSS format")
    parser.add_argument("--port", type=int, help="only connections to this port")
    parser.add_argument("--extension-type", default=hex(numbers.REMOTE_ATTESTATION))
    args = parser.parse_args(argv)
    try:
        keylog = passive.read_keylog(args.keylog)
        wanted = [connection for connection in pcap.connections(args.capture)
                  if args.port in (None, connection.server[1])]
    except (OSError, ValueError) as error:
        print(f"binder_check.py: {error}", file=sys.stderr)
        return 1
    lines = [check_connection(connection, keylog, int(args.extension_type, 0))
             for connection in wanted]
    sides = [side for line in lines for side in line["attesters"] if side["comparable"]]
    ok = bool(sides) and all(side["equal"] for side in sides)
    print(json.dumps({"ok": ok, "compared": len(sides), "connections": lines}))
    if not sides:
        return 3
    return 0 if ok else 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
