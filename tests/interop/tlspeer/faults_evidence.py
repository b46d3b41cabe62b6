# SPDX-License-Identifier: Apache-2.0
"""Faults in what the credential says: other bindings, other nonces, other envelopes."""

import os

from . import cbor, cmw, keys, messages, pki, psa, schedule
from .attestation import NAMES, encode_credential
from .faults import fault, number
from .wire import UsageError


@fault("binder-other-key", "binder", "Evidence over the SubjectPublicKeyInfo of another key")
def binder_other_key(_binder, endpoint, _argument):
    other = keys.generate_like(endpoint.identity_key).public_key()
    return endpoint.binder(keys.spki_of(other))


@fault("binder-random", "binder", "Evidence over another connection's transcript")
def binder_random(binder, endpoint, _argument):
    elsewhere = os.urandom(len(binder))
    return schedule.attest_binder(endpoint.hash, elsewhere, pki.raw_spki(endpoint.chain[0]))


@fault("binder-without-retry", "binder",
       "after HelloRetryRequest: Evidence over ClientHello2..ServerHello alone")
def binder_without_retry(_binder, endpoint, _argument):
    if not endpoint.report["hrr"]:
        raise UsageError("binder-without-retry needs a HelloRetryRequest")
    wrong = schedule.digest(endpoint.hash, b"".join(endpoint.transcript.messages[2:4]))
    return schedule.attest_binder(endpoint.hash, wrong, pki.raw_spki(endpoint.chain[0]))


@fault("binder-first-hello", "binder",
       "after HelloRetryRequest: Evidence over a transcript without the message_hash substitute")
def binder_first_hello(_binder, endpoint, _argument):
    if not endpoint.report["hrr"]:
        raise UsageError("binder-first-hello needs a HelloRetryRequest")
    hellos = endpoint.sent if endpoint.role == "client" else endpoint.received
    wrong = schedule.digest(
        endpoint.hash, hellos[0] + b"".join(endpoint.transcript.messages[1:4]))
    return schedule.attest_binder(endpoint.hash, wrong, pki.raw_spki(endpoint.chain[0]))


@fault("binder-truncated", "binder", "only the first N (20) octets of the binder", argument="N")
def binder_truncated(binder, _endpoint, argument):
    return binder[:number(argument, 20)]


@fault("binder-padded", "binder", "the binder padded with zeros to N (64) octets", argument="N")
def binder_padded(binder, _endpoint, argument):
    return binder.ljust(number(argument, 64), b"\0")


@fault("binder-flipped", "binder", "bit N (the last) of the binder flipped", argument="N")
def binder_flipped(binder, _endpoint, argument):
    bit = number(argument, 8 * len(binder) - 1)
    flipped = bytearray(binder)
    flipped[bit // 8] ^= 0x80 >> bit % 8
    return bytes(flipped)


@fault("nonce-empty", "binder", "a nonce of no octets")
def nonce_empty(_binder, _endpoint, _argument):
    return b""


@fault("nonce-missing", "claims", "a PSA token without a nonce")
def nonce_missing(claims, _endpoint, _argument):
    return claims.without(psa.NONCE)


@fault("nonce-twice", "claims", "the nonce claim twice: as two map entries, or as an array of two",
       argument="key|array")
def nonce_twice(claims, _endpoint, argument):
    nonce = claims.get(psa.NONCE)
    if argument == "array":
        return cbor.Map((key, [nonce, nonce] if key == psa.NONCE else value)
                        for key, value in claims)
    return cbor.Map(list(claims) + [(psa.NONCE, nonce)])


@fault("claim", "claims", "a claim with another value: KEY:JSON, both numbers for instance",
       argument="KEY:JSON")
def claim(claims, _endpoint, argument):
    import json

    key, _, value = (argument or "").partition(":")
    try:
        return cbor.Map(list(claims.without(int(key))) + [(int(key), json.loads(value))])
    except ValueError as error:
        raise UsageError(f"claim={argument}: not KEY:JSON") from error


@fault("unsigned-token", "record",
       "the claims as UCCS (tag 601) instead of a signed token; 'labelled' says so in the CMW",
       argument="labelled")
def unsigned_token(record, _endpoint, argument):
    kind, token = record
    payload = cbor.decode(token).value[2]
    uccs = cbor.encode(cbor.Tag(psa.TAG_UCCS, cbor.decode(payload)))
    return (601 if argument == "labelled" else kind), uccs


@fault("bad-evidence-signature", "token", "one bit of the token's signature flipped")
def bad_evidence_signature(token, _endpoint, _argument):
    return token[:-1] + bytes([token[-1] ^ 1])


@fault("wrong-media-type", "record", "the CMW names another type than what it holds",
       argument="TYPE|CF")
def wrong_media_type(record, _endpoint, argument):
    kind, value = record
    if argument is None:
        argument = NAMES["psa" if kind == NAMES["tpm2"][1] else "tpm2"][1]
    return (int(argument) if argument.isdigit() else argument), value


@fault("cmw-garbage", "cmw", "N (64) random octets instead of a CMW", argument="N")
def cmw_garbage(_cmw, _endpoint, argument):
    return os.urandom(number(argument, 64))


@fault("cmw-size", "claims", "a valid PSA token made so long that the CMW has N (65528) octets",
       argument="N")
def cmw_size(claims, endpoint, argument):
    wanted = number(argument, 65528)
    scheme = endpoint.chosen[endpoint.role]
    kind = scheme.content_format if scheme.content_format is not None else scheme.media_type

    def with_filler(octets: int):
        return cbor.Map(list(claims) + [(psa.FILLER, bytes(octets))])

    def size(octets: int) -> int:
        signed = [cbor.encode(cbor.Map([(1, psa.ES256)])), cbor.Map(),
                  cbor.encode(with_filler(octets)), bytes(64)]
        return len(cmw.record(kind, cbor.encode(cbor.Tag(psa.TAG_SIGN1, signed))))

    guess = max(0, wanted - size(0) - 16)
    for octets in range(guess, guess + 32):
        if size(octets) == wanted:
            return with_filler(octets)
    raise UsageError(f"no PSA token makes a CMW of {wanted} octets")


@fault("reflect-evidence", "cmw",
       "the peer's own CMW is given back (a server: that of an earlier connection)")
def reflect_evidence(_cmw, endpoint, _argument):
    if not endpoint.config.seen_cmw:
        raise UsageError("reflect-evidence has seen no Evidence yet")
    return endpoint.config.seen_cmw[-1]


@fault("reflect-certificate", "certificate",
       "the server's own certificate and CMW are given back, signed by one's own key or KEY.pem",
       ("client",), "KEY.pem")
def reflect_certificate(_certificate, endpoint, _argument):
    entries = [messages.CertificateEntry(der) for der in endpoint.peer_chain]
    if endpoint.peer_cmw is not None and endpoint.chosen["client"] is not None:
        entries[0].extensions.append(
            (endpoint.config.extension_type, encode_credential(endpoint.peer_cmw)))
    return messages.Certificate(endpoint.request.context, entries)


@fault("reflect-certificate", "verify_key", "")
def reflect_certificate_key(key, _endpoint, argument):
    return key if argument is None else keys.load_private(argument)
