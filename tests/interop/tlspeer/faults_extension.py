# SPDX-License-Identifier: Apache-2.0
"""Faults in the remoteAttestation extension itself: its body, its place, its presence."""

import os

from . import attestation, cmw, messages, numbers, pki
from .faults import BOTH, fault, number
from .messages import find, replaced
from .wire import Misstated, UsageError, uint, vec

# place: hook, who sends that message, its name
PLACES = {
    "ch": ("client_hello", ("client",), "ClientHello"),
    "ee": ("encrypted_extensions", ("server",), "EncryptedExtensions"),
    "cr": ("certificate_request", ("server",), "CertificateRequest"),
    "ct": ("certificate", BOTH, "Certificate"),
}
UNOFFERED = attestation.Scheme(content_format=64999)


def block_of(place: str, value) -> list:
    """The extension block of that message's structure."""
    if place == "ee":
        return value
    if place == "ct":
        if not value.entries:
            raise UsageError("this fault needs a certificate")
        return value.entries[0].extensions
    return value.extensions


def with_block(place: str, value, block: list):
    if place == "ee":
        return block
    if place == "ct":
        value.entries[0].extensions = block
    else:
        value.extensions = block
    return value


def on_body(name: str, summary: str, argument: str = "", places=tuple(PLACES)):
    """One fault NAME-PLACE for each place; the function maps the body, None removes it."""
    def register(function):
        for place in places:
            hook, roles, message = PLACES[place]
            fault(f"{name}-{place}", hook, f"{summary} in {message}", roles, argument)(
                _body_editor(function, place, message))
        return function
    return register


def _body_editor(function, place: str, message: str):
    def edit(value, endpoint, argument):
        kind = endpoint.config.extension_type
        block = block_of(place, value)
        body = find(block, kind)
        if body is None:
            raise UsageError(f"{message} has no remoteAttestation that the fault could change")
        return with_block(place, value, replaced(block, kind, function(body, argument)))
    return edit


@on_body("ext-truncated", "the last N octets of the body are missing", "N")
def truncated(body, argument):
    return body[:max(0, len(body) - number(argument, 1))]


@on_body("ext-oversized", "the extension's length says N octets more than follow", "N")
def oversized(body, argument):
    return Misstated(body, len(body) + number(argument, 1))


@on_body("ext-trailing", "N zero octets after the body", "N")
def trailing(body, argument):
    return body + bytes(number(argument, 1))


@on_body("ext-empty", "a body of no octets")
def empty(_body, _argument):
    return b""


@on_body("ext-inner-length", "the body's first length says N octets more", "N", ("ch", "ct"))
def inner_length(body, argument):
    width = 3 if body[:1] == b"\0" and int.from_bytes(body[:3], "big") + 3 == len(body) else 2
    return uint(width, int.from_bytes(body[:width], "big") + number(argument, 1)) + body[width:]


def _first_element(body: bytes, place_is_offer: bool) -> int:
    """Where the first scheme starts."""
    if not place_is_offer:
        return 0
    return 2 if body[:2] != b"\0\0" else 4


@on_body("unknown-mechanism", "the first scheme's mechanism is N (2)", "N", ("ch",))
def unknown_mechanism_offered(body, argument):
    at = _first_element(body, True)
    return body[:at] + uint(1, number(argument, 2)) + body[at + 1:]


@on_body("unknown-mechanism", "the scheme's mechanism is N (2)", "N", ("ee", "cr"))
def unknown_mechanism_chosen(body, argument):
    return uint(1, number(argument, 2)) + body[1:]


@on_body("unknown-encoding", "the first scheme's type encoding is N (2)", "N", ("ch",))
def unknown_encoding_offered(body, argument):
    at = _first_element(body, True) + 1
    return body[:at] + uint(1, number(argument, 2)) + body[at + 1:]


@on_body("unknown-encoding", "the scheme's type encoding is N (2)", "N", ("ee", "cr"))
def unknown_encoding_chosen(body, argument):
    return body[:1] + uint(1, number(argument, 2)) + body[2:]


@on_body("unoffered-scheme", "a scheme that was not offered is chosen", "SCHEME", ("ee", "cr"))
def unoffered_scheme(_body, argument):
    return _scheme(argument).encode()


def _scheme(argument) -> attestation.Scheme:
    return UNOFFERED if argument is None else attestation.parse_scheme_list(argument)[0]


@on_body("strip", "the extension is left out", "", ("ch", "ee", "cr"))
def strip(_body, _argument):
    return None


@on_body("credential-missing", "a scheme was chosen and the CMW is left out", "", ("ct",))
def credential_missing(_body, _argument):
    return None


@on_body("empty-lists", "both scheme lists are empty", "", ("ch",))
def empty_lists(_body, _argument):
    return bytes(4)


@on_body("huge-offer", "N (60000) octets of further server schemes", "N", ("ch",))
def huge_offer(body, argument):
    server, client = attestation.parse_offer(body)
    filler = [attestation.Scheme(content_format=64999)] * (number(argument, 60000) // 4)
    return attestation.encode_offer(server + filler, client)


@on_body("cmw-empty", "a CMW of no octets", "", ("ct",))
def cmw_empty(_body, _argument):
    return uint(3, 0)


@fault("unasked-choice-ee", "encrypted_extensions", "a scheme is chosen though none was offered",
       ("server",), "SCHEME")
def unasked_choice_ee(block, endpoint, argument):
    return replaced(block, endpoint.config.extension_type, _scheme(argument).encode())


@fault("unasked-choice-cr", "certificate_request", "a scheme is chosen though none was offered",
       ("server",), "SCHEME")
def unasked_choice_cr(request, endpoint, argument):
    kind = endpoint.config.extension_type
    request.extensions = replaced(request.extensions, kind, _scheme(argument).encode())
    return request


@fault("unasked-credential", "certificate", "a CMW though no scheme was chosen")
def unasked_credential(certificate, endpoint, _argument):
    kind, config = endpoint.config.extension_type, endpoint.config
    value = cmw.record(64999, bytes.fromhex("2347da55"))
    if config.attester is not None:
        binder = endpoint.binder(pki.raw_spki(endpoint.chain[0]))
        value = config.attester.make(binder, config.attester.schemes()[0], endpoint)
    body = attestation.encode_credential(value)
    return with_block("ct", certificate, replaced(block_of("ct", certificate), kind, body))


def _two_entries(certificate, endpoint):
    """At least two entries: the end-entity certificate twice if there is no other."""
    if len(certificate.entries) < 2:
        certificate.entries.append(messages.CertificateEntry(endpoint.chain[0]))
    return certificate.entries[0], certificate.entries[1]


@fault("credential-second-entry", "certificate", "the CMW stands in the second CertificateEntry")
def credential_second_entry(certificate, endpoint, _argument):
    first, second = _two_entries(certificate, endpoint)
    first.extensions, second.extensions = [], first.extensions
    return certificate


@fault("credential-both-entries", "certificate", "the CMW stands in the first two entries")
def credential_both_entries(certificate, endpoint, _argument):
    first, second = _two_entries(certificate, endpoint)
    second.extensions = list(first.extensions)
    return certificate


def _twice(name: str, place: str):
    hook, roles, message = PLACES[place]

    @fault(name, hook, f"the extension stands twice in {message}", roles)
    def twice(value, endpoint, _argument):
        block = block_of(place, value)
        body = find(block, endpoint.config.extension_type)
        if body is None:
            raise UsageError(f"{message} has no remoteAttestation that could stand twice")
        return with_block(place, value, block + [(endpoint.config.extension_type, body)])
    return twice


for _place in PLACES:
    _twice(f"ext-twice-{_place}", _place)


def _misplaced(hello, endpoint, argument):
    hello.extensions = hello.extensions + [
        (endpoint.config.extension_type, _scheme(argument or "psa").encode())]
    return hello


fault("ext-in-server-hello", "server_hello", "the extension stands in ServerHello",
      ("server",), "SCHEME")(_misplaced)
fault("ext-in-hello-retry", "hello_retry", "the extension stands in HelloRetryRequest",
      ("server",), "SCHEME")(_misplaced)


def send_ticket(endpoint, extensions: list) -> None:
    """A NewSessionTicket that nobody could resume with."""
    body = (uint(4, 7200) + os.urandom(4) + vec(1, b"\0\1") + vec(2, os.urandom(64)) +
            messages.write_extensions(extensions))
    endpoint.records.queue(
        numbers.HANDSHAKE, messages.message(numbers.NEW_SESSION_TICKET, body))
    endpoint.records.flush()


@fault("ext-in-ticket", "received", "the extension stands in a NewSessionTicket", ("server",))
def ext_in_ticket(moment, endpoint, _argument):
    if moment == "client_finished":
        body = (endpoint.chosen["server"] or UNOFFERED).encode()
        send_ticket(endpoint, [(endpoint.config.extension_type, body)])
    return moment


@fault("changed-offer", "second_hello",
       "after HelloRetryRequest the offer has one scheme more, is dropped, or comes only then",
       ("client",), "add|drop|late")
def changed_offer(hello, endpoint, argument):
    kind = endpoint.config.extension_type
    if argument == "late":
        body = attestation.encode_offer(endpoint.config.offer_server, endpoint.config.offer_client)
    elif find(hello.extensions, kind) is None:
        raise UsageError("ClientHello has no remoteAttestation that could change")
    elif argument == "drop":
        body = None
    else:
        server, client = attestation.parse_offer(find(hello.extensions, kind))
        body = attestation.encode_offer(server + [UNOFFERED], client)
    hello.extensions = replaced(hello.extensions, kind, body)
    return hello


@fault("changed-offer", "client_hello", "")
def changed_offer_first(hello, endpoint, argument):
    if argument == "late":
        hello.extensions = replaced(hello.extensions, endpoint.config.extension_type, None)
    return hello
