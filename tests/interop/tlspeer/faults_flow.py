# SPDX-License-Identifier: Apache-2.0
"""Faults of the handshake around the extension: keys, versions, order, timing."""

import os

from . import keys, messages, numbers
from .endpoint import HangUp, Silent
from .faults import fault, number
from .faults_extension import send_ticket
from .messages import replaced
from .wire import UsageError, uint, vec

# Points of small order on Curve25519, little-endian: 0, 1, two of order 8, p-1, p, p+1.
_LOW_ORDER = [bytes.fromhex(text) for text in (
    "00" * 32,
    "01" + "00" * 31,
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ec" + "ff" * 30 + "7f",
    "ed" + "ff" * 30 + "7f",
    "ee" + "ff" * 30 + "7f",
)]


# Key exchange and version.

def _client_share(hello, endpoint, group: int, public: bytes, secret: bytes):
    """Makes PUBLIC the only share of the ClientHello."""
    if group not in endpoint.config.groups:
        raise UsageError(f"this fault needs --groups with {numbers.GROUPS[group]}")
    share = keys.KeyShare(group)
    share.public, share.forced_secret = public, secret
    endpoint.shares = {group: share}
    hello.extensions = replaced(hello.extensions, numbers.KEY_SHARE, endpoint.share_body())
    return hello


def _server_share(hello, endpoint, group: int, public: bytes, secret: bytes):
    if endpoint.share.group != group:
        raise UsageError(f"this fault needs {numbers.GROUPS[group]} to be negotiated")
    endpoint.share.public, endpoint.share.forced_secret = public, secret
    body = uint(2, group) + vec(2, public)
    hello.extensions = replaced(hello.extensions, numbers.KEY_SHARE, body)
    return hello


def _low_order(argument) -> bytes:
    index = number(argument, 0)
    if not 0 <= index < len(_LOW_ORDER):
        raise UsageError(f"low-order-share takes 0 to {len(_LOW_ORDER) - 1}")
    return _LOW_ORDER[index]


@fault("low-order-share", "client_hello",
       "an X25519 share of small order (0: all zero), so that the secret is all zero",
       argument="0..6")
def low_order_client(hello, endpoint, argument):
    return _client_share(hello, endpoint, numbers.X25519, _low_order(argument), bytes(32))


@fault("low-order-share", "server_hello", "")
def low_order_server(hello, endpoint, argument):
    return _server_share(hello, endpoint, numbers.X25519, _low_order(argument), bytes(32))


def _off_curve() -> bytes:
    public = keys.KeyShare(numbers.SECP256R1).public
    return public[:-1] + bytes([public[-1] ^ 1])


@fault("invalid-point", "client_hello", "a P-256 share that is not on the curve")
def invalid_point_client(hello, endpoint, _argument):
    return _client_share(hello, endpoint, numbers.SECP256R1, _off_curve(), os.urandom(32))


@fault("invalid-point", "server_hello", "")
def invalid_point_server(hello, endpoint, _argument):
    return _server_share(hello, endpoint, numbers.SECP256R1, _off_curve(), os.urandom(32))


@fault("tls12", "client_hello", "a hello of TLS 1.2")
def tls12_client(hello, _endpoint, _argument):
    for kind in (numbers.SUPPORTED_VERSIONS, numbers.KEY_SHARE):
        hello.extensions = replaced(hello.extensions, kind, None)
    hello.suites = [0xC02B, 0xC02F]
    return hello


@fault("tls12", "server_hello", "")
def tls12_server(hello, endpoint, _argument):
    endpoint.share.forced_secret = os.urandom(32)
    hello.extensions, hello.suite = [], 0xC02B
    return hello


@fault("psk-ke-only", "client_hello",
       "a PSK without (EC)DHE: offered by the client, chosen by the server")
def psk_ke_client(hello, _endpoint, _argument):
    for kind in (numbers.KEY_SHARE, numbers.SUPPORTED_GROUPS):
        hello.extensions = replaced(hello.extensions, kind, None)
    identity = vec(2, os.urandom(32)) + uint(4, 0)
    hello.extensions = replaced(hello.extensions, numbers.PSK_KEY_EXCHANGE_MODES, None) + [
        (numbers.PSK_KEY_EXCHANGE_MODES, vec(1, b"\0")),
        (numbers.PRE_SHARED_KEY, vec(2, identity) + vec(2, vec(1, os.urandom(32))))]
    return hello


@fault("psk-ke-only", "server_hello", "")
def psk_ke_server(hello, endpoint, _argument):
    endpoint.share.forced_secret = bytes(32)
    hello.extensions = replaced(hello.extensions, numbers.KEY_SHARE, None) + [
        (numbers.PRE_SHARED_KEY, uint(2, 0))]
    return hello


@fault("grease", "client_hello", "harmless: an unknown suite, group and extension", ("client",))
def grease(hello, _endpoint, _argument):
    groups = messages.find(hello.extensions, numbers.SUPPORTED_GROUPS)
    hello.suites = [0x1A1A] + hello.suites
    hello.extensions = [(0x2A2A, b"")] + replaced(
        hello.extensions, numbers.SUPPORTED_GROUPS, vec(2, uint(2, 0x3A3A) + groups[2:]))
    return hello


# Certificate, CertificateVerify, Finished.

@fault("wrong-verify-key", "verify_key",
       "the handshake is signed by another key than the certificate's (fresh, or KEY.pem)",
       argument="KEY.pem")
def wrong_verify_key(key, _endpoint, argument):
    return keys.generate_like(key) if argument is None else keys.load_private(argument)


@fault("bad-signature", "certificate_verify", "one bit of the CertificateVerify flipped")
def bad_signature(verify, _endpoint, _argument):
    verify.signature = verify.signature[:-1] + bytes([verify.signature[-1] ^ 1])
    return verify


@fault("wrong-signature-scheme", "certificate_verify",
       "CertificateVerify names scheme N (0x0503), the signature is as it was", argument="N")
def wrong_signature_scheme(verify, _endpoint, argument):
    verify.scheme = numbers.ECDSA_P384_SHA384 if argument is None else int(argument, 0)
    return verify


@fault("bad-finished", "finished", "one bit of Finished flipped")
def bad_finished(mac, _endpoint, _argument):
    return mac[:-1] + bytes([mac[-1] ^ 1])


@fault("no-certificate", "certificate", "an empty Certificate message")
def no_certificate(certificate, _endpoint, _argument):
    certificate.entries = []
    return certificate


@fault("long-chain", "certificate", "a chain of N (1000) entries, the last one repeated",
       argument="N")
def long_chain(certificate, _endpoint, argument):
    missing = number(argument, 1000) - len(certificate.entries)
    last = messages.CertificateEntry(certificate.entries[-1].der)
    certificate.entries += [last] * max(0, missing)
    return certificate


@fault("message-length", "message",
       "message TYPE (11, Certificate) says that it has 0xffffff octets", argument="TYPE")
def message_length(raw, _endpoint, argument):
    if raw[0] != number(argument, numbers.CERTIFICATE):
        return raw
    return raw[:1] + b"\xff\xff\xff" + raw[4:]


# Data and tickets.

@fault("early-application-data", "queued", "application data in the same flight as Finished")
def early_application_data(moment, endpoint, _argument):
    if moment in ("server_flight", "client_finished"):
        endpoint.early_sent = b"sent before its time\n"
        endpoint.send_application(endpoint.early_sent)
    return moment


@fault("send-ticket", "received", "N (1) session tickets after the handshake", ("server",), "N")
def tickets(moment, endpoint, argument):
    if moment == "client_finished":
        for _ in range(number(argument, 1)):
            send_ticket(endpoint, [])
    return moment


# Timing.

@fault("drip", "start", "one octet at a time, DELAY (0.001) seconds apart", argument="DELAY")
def drip(moment, endpoint, argument):
    endpoint.records.drip_delay = number(argument, 0.001)
    return moment


@fault("hang-after-client-hello", "flushed", "nothing more once ClientHello was sent or seen")
def hang_after_sending_hello(moment, endpoint, _argument):
    if endpoint.role == "client" and moment == "client_hello":
        raise Silent("fault: silent after ClientHello")
    return moment


@fault("hang-after-client-hello", "received", "")
def hang_after_seeing_hello(moment, _endpoint, _argument):
    if moment == "client_hello":
        raise Silent("fault: silent after ClientHello")
    return moment


@fault("hang-after-server-hello", "flushed",
       "nothing more once the server's flight was sent or seen: no Finished from the client")
def hang_after_sending_flight(moment, _endpoint, _argument):
    if moment == "server_flight":
        raise Silent("fault: silent after the server's flight")
    return moment


@fault("hang-after-server-hello", "received", "")
def hang_after_seeing_flight(moment, _endpoint, _argument):
    if moment == "server_flight":
        raise Silent("fault: silent after the server's flight")
    return moment


def _first_octets(data: bytes, endpoint, argument):
    """Sends the first N octets (half) of the first flight; None when it is not the first."""
    if endpoint.records.send_calls > 0:
        return None
    count = number(argument, len(data) // 2)
    endpoint.records.send_now(data[:count])
    return count


@fault("hang-in-flight", "flight", "silent after N octets (half) of the first flight",
       argument="N")
def hang_in_flight(data, endpoint, argument):
    count = _first_octets(data, endpoint, argument)
    if count is None:
        return data
    raise Silent(f"fault: silent after {count} octets")


@fault("close-in-flight", "flight", "closed after N octets (half) of the first flight",
       argument="N")
def close_in_flight(data, endpoint, argument):
    count = _first_octets(data, endpoint, argument)
    if count is None:
        return data
    raise HangUp(f"fault: closed after {count} octets")
