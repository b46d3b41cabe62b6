# SPDX-License-Identifier: Apache-2.0
"""The command line of peer.py, and the configuration that it turns into.

A TLS 1.3 client or server that attests, appraises and misbehaves on request.
"""

import argparse
import json
import signal
import sys
from dataclasses import dataclass, field

from . import attestation, authenticator, client, faults, keys, numbers, pki, server
from .evidence import Attester, load_key
from .report import FAILED, USAGE
from .wire import UsageError


@dataclass
class Config:
    """Everything that one endpoint needs to know; the option of the same name says what."""

    role: str
    address: tuple = ("127.0.0.1", 0)
    chain: list = field(default_factory=list)
    key: object = None
    anchors: list = field(default_factory=list)
    name: str = None
    suites: list = field(default_factory=list)
    groups: list = field(default_factory=list)
    shares: list = field(default_factory=list)
    offer_server: list = field(default_factory=list)
    offer_client: list = field(default_factory=list)
    attester: object = None
    expect: str = None
    post_attester: object = None   # these two: after the handshake
    post_expect: str = None
    exporter_label: str = authenticator.LABEL
    public_key: object = None
    tolerate: bool = False
    client_auth: str = "none"
    extension_type: int = numbers.REMOTE_ATTESTATION
    faults: object = None
    keylog: str = None
    save_cmw: str = None
    timeout: float = 10.0
    idle: float = 60.0
    once: bool = False
    port_file: str = None
    record_size: int = 1 << 14
    compat: bool = True
    cookie: bool = False
    invite_tickets: bool = False
    send: str = "hello from the peer"
    reply: str = "echo"
    seen_cmw: list = field(default_factory=list)  # CMWs received so far in this process

    def after_handshake(self) -> bool:
        return self.post_attester is not None or self.post_expect is not None


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="peer.py", description=__doc__.strip().splitlines()[-1])
    verbs = top.add_subparsers(dest="verb", required=True)
    for role in ("client", "server"):
        _add_options(verbs.add_parser(role), role)
    table = verbs.add_parser("faults", help="print the table of faults")
    table.add_argument("--json", action="store_true")
    return top


def _add_options(sub: argparse.ArgumentParser, role: str) -> None:
    add = sub.add_argument
    add("--connect" if role == "client" else "--listen", dest="address", metavar="HOST:PORT",
        required=True)
    add("--cert", metavar="PEM", help="certificate chain, leaf first")
    add("--key", metavar="PEM")
    add("--ca", metavar="PEM", help="trust anchors; without them any certificate will do")
    add("--suites", default="aes128,chacha,aes256", metavar="LIST", help="in order of preference")
    add("--groups", default="x25519,secp256r1", metavar="LIST", help="in order of preference")
    add("--offer-server", metavar="LIST", help="schemes by which the server may prove itself: "
        "psa, tpm2, cca, cf:N, mt:TYPE, result:URI; single quotes keep a blank or comma inside")
    add("--offer-client", metavar="LIST", help="schemes by which the client may prove itself")
    add("--attest", metavar="psa|tpm2|cmw:FILE|passport:URI=FILE", help="prove this side")
    add("--sim-key", metavar="PEM", help="the key that signs simulated Evidence (P-256)")
    add("--claims", metavar="JSON", help="claims of the PSA token")
    add("--expect", choices=("psa", "tpm2", "any"), help="require this of the other side")
    add("--ak", metavar="PEM", help="the key that must have signed the other side's Evidence")
    add("--timing", choices=("handshake", "post", "both"), default="handshake",
        help="when to attest and to require it")
    add("--exporter-label", default=authenticator.LABEL, metavar="LABEL")
    add("--tolerate", action="store_true", help="report wrong or missing Evidence, do not refuse")
    add("--extension-type", default=hex(numbers.REMOTE_ATTESTATION), metavar="N")
    add("--fault", action="append", default=[], metavar="NAME[=ARG]", help="see 'peer.py faults'")
    add("--keylog", metavar="FILE", help="append secrets in NSS format")
    add("--save-cmw", metavar="FILE", help="write the other side's CMW there")
    add("--timeout", type=float, default=10.0, metavar="SECONDS", help="for a whole connection")
    add("--record-size", type=int, default=1 << 14, metavar="N", help="octets in a record, at most")
    add("--no-compat", action="store_true", help="no middlebox compatibility mode")
    add("--json", action="store_true", help="one JSON object (a server: one a line)")
    if role == "client":
        add("--name", help="server name to send, and to find in the certificate when --ca is given")
        add("--shares", metavar="LIST", help="groups to send a share for (default: the first)")
        add("--invite-tickets", action="store_true", help="send psk_key_exchange_modes")
        add("--send", default="hello from the peer", metavar="LINE")
        add("--reply", choices=("echo", "any", "none"), default="echo",
            help="what must come back: the same line, any line, nothing")
    else:
        add("--once", action="store_true", help="one connection, and its exit status")
        add("--idle", type=float, default=60.0, metavar="SECONDS",
            help="end when nobody connects for so long")
        add("--port-file", metavar="FILE", help="write the port there (for HOST:0)")
        add("--client-auth", choices=("none", "request", "require"),
            help="default: require with --expect, else none")
        add("--cookie", action="store_true", help="put a cookie into HelloRetryRequest")


def _address(text: str) -> tuple:
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdigit():
        raise UsageError(f"{text!r} is not HOST:PORT")
    return host.strip("[]"), int(port)


def _numbers(text: str, names: dict, aliases: dict) -> list:
    known = {name.lower(): value for value, name in names.items()} | aliases
    found = []
    for word in text.lower().split(","):
        if word not in known:
            raise UsageError(f"{word!r} is none of {', '.join(known)}")
        found.append(known[word])
    return found


def configure(args: argparse.Namespace) -> Config:
    """Options to configuration; UsageError when they do not fit together."""
    config = Config(args.verb, _address(args.address))
    suite_names = {number: row[0] for number, row in numbers.SUITES.items()}
    config.suites = _numbers(args.suites, suite_names, numbers.SUITE_ALIASES)
    config.groups = _numbers(args.groups, numbers.GROUPS, numbers.GROUP_ALIASES)
    if args.cert is not None:
        config.chain = pki.load_pem_chain(args.cert)
        config.key = keys.load_private(args.key or args.cert)
    elif args.verb == "server":
        raise UsageError("a server needs --cert and --key")
    if args.ca is not None:
        config.anchors = pki.load_pem_chain(args.ca)
    for name in ("expect", "tolerate", "keylog", "save_cmw", "timeout"):
        setattr(config, name, getattr(args, name))
    config.extension_type = int(args.extension_type, 0)
    config.compat = not args.no_compat
    config.record_size = max(1, min(args.record_size, 1 << 14))
    config.public_key = load_key(args.ak)
    config.faults = faults.parse(args.fault, args.verb)
    if args.attest is not None:
        if config.key is None:
            raise UsageError("--attest needs --cert and --key")
        sim_key = None if args.sim_key is None else keys.load_private(args.sim_key)
        config.attester = Attester(args.attest, sim_key, args.claims)
    _fill_offers(config, args)
    config.exporter_label = args.exporter_label
    if args.timing != "handshake":
        config.post_attester, config.post_expect = config.attester, config.expect
    if args.timing == "post":
        config.attester = config.expect = None
        config.offer_server, config.offer_client = [], []
    if args.verb == "client":
        config.name, config.send, config.reply = args.name, args.send, args.reply
        config.invite_tickets = args.invite_tickets
        config.shares = config.groups[:1]
        if args.shares is not None:
            config.shares = _numbers(args.shares, numbers.GROUPS, numbers.GROUP_ALIASES)
    else:
        config.once, config.idle, config.port_file = args.once, args.idle, args.port_file
        config.cookie = args.cookie
        config.client_auth = args.client_auth or ("require" if config.expect else "none")
    return config


def _fill_offers(config: Config, args: argparse.Namespace) -> None:
    """What is not said follows from --attest (one's own side) and --expect (the other's)."""
    own = [] if config.attester is None else config.attester.schemes()
    other = attestation.schemes_of_name(args.expect) if args.expect in attestation.NAMES else []
    defaults = {"client": (other, own), "server": (own, other)}[args.verb]
    given = (args.offer_server, args.offer_client)
    config.offer_server, config.offer_client = (
        default if text is None else attestation.parse_scheme_list(text)
        for text, default in zip(given, defaults))


def _print(report, as_json: bool) -> None:
    print(json.dumps(report) if as_json else report.text(), flush=True)


def _stop(_signal, _frame):
    raise SystemExit(0)


def main(argv: list) -> int:
    """The program: 0 done, 1 usage, 2 an alert either way, 3 no or a broken connection."""
    faults.load_all()
    args = parser().parse_args(argv)
    if args.verb == "faults":
        print(json.dumps([{"name": entry.name, "roles": entry.roles, "argument": entry.argument,
                           "summary": entry.summary} for entry in faults.TABLE.values()])
              if args.json else faults.table_text())
        return 0
    try:
        config = configure(args)
        if args.verb == "client":
            report = client.run(config)
            _print(report, args.json)
            return report["exit"]
        signal.signal(signal.SIGTERM, _stop)
        report = server.serve(config, server.listen(config),
                              lambda done: _print(done, args.json))
        if report is None:
            return FAILED
        return report["exit"] if config.once else 0
    except (UsageError, OSError) as error:
        print(f"peer.py: {error}", file=sys.stderr)
        return USAGE
