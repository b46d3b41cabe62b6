#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of the fuzz targets: fuzz/corpus/TARGET/NAME.

Each function below makes the seeds of one target from values of its own: nothing comes from
elsewhere, and every run writes the same octets. With names of targets as arguments only those
are written.
"""

import pathlib
import struct
import sys

CORPUS = pathlib.Path(__file__).resolve().parent / "corpus"
TARGETS = {}


def target(name):
    """Registers a function that yields (seed name, octets) for the fuzz target `name`."""

    def register(function):
        TARGETS[name] = function
        return function

    return register


# ---- src/handshake: the remoteAttestation extension ----


def vec16(octets):
    return struct.pack(">H", len(octets)) + octets


def by_format(content_format):
    return b"\0\0" + struct.pack(">H", content_format)


def by_media(media_type):
    return b"\0\1" + vec16(media_type.encode())


def by_verifier(identity):
    return b"\1" + vec16(identity.encode())


EAT = "application/eat+cwt"


@target("fuzz_handshake_offer")
def handshake_offers():
    yield "empty", vec16(b"") + vec16(b"")
    yield "server_only", vec16(by_format(263) + by_verifier("v1")) + vec16(b"")
    yield "client_only", vec16(b"") + vec16(by_media(EAT))
    yield "both", vec16(by_format(10003) + by_media(EAT)) + vec16(by_verifier("v") + by_format(0))
    yield "empty_names", vec16(by_media("") + by_verifier("")) + vec16(by_media(""))
    yield "full_list", vec16(by_format(7) * 32) + vec16(by_verifier("v" * 512))
    yield "one_too_many", vec16(by_format(7) * 33) + vec16(b"")
    yield "trailing", vec16(b"") + vec16(b"") + b"\0"


@target("fuzz_handshake_choice")
def handshake_choices():
    yield "content_format", by_format(263)
    yield "media_type", by_media(EAT)
    yield "verifier", by_verifier("https://verifier.example/")
    yield "longest", by_media("m" * 512)
    yield "too_long", by_media("m" * 513)
    yield "empty_name", by_media("")
    yield "unknown_mechanism", b"\2\0\0\0"
    yield "unknown_encoding", b"\0\2\0\0"


@target("fuzz_handshake_credential")
def handshake_credentials():
    record = bytes.fromhex("8219fde7442347da55")
    yield "record", struct.pack(">I", len(record))[1:] + record
    yield "one_octet", b"\0\0\1\x82"
    yield "empty", b"\0\0\0"
    yield "length_beyond_body", b"\xff\xff\xff" + record
    yield "trailing", b"\0\0\1\x82\x82"


HELLO_RETRY_RANDOM = bytes.fromhex(
    "cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c"
)


def message(kind, body):
    return struct.pack(">I", kind << 24 | len(body)) + body


@target("fuzz_handshake_transcript")
def handshake_transcripts():
    first = vec16(message(1, b"\3\3" + b"a" * 40))
    second = vec16(message(1, b"\3\3" + b"b" * 40))
    retry = vec16(message(2, b"\3\3" + HELLO_RETRY_RANDOM + b"\0\x13\1\0"))
    hello = vec16(message(2, b"\3\3" + b"s" * 32 + b"\0\x13\1\0"))
    other = vec16(message(8, b"\0\0"))
    yield "one_round_trip", first + hello + other
    yield "retry", other + first + retry + second + hello + other
    yield "two_retries", first + retry + second + retry
    yield "hello_after_the_end", first + hello + first
    yield "short_server_hello", first + vec16(message(2, b"\3\3"))
    yield "length_of_header_wrong", vec16(b"\1\0\0\5abc")
    yield "empty_message", vec16(b"")


@target("fuzz_handshake_negotiation")
def handshake_negotiations():
    """Terms of both sides, then steps: see the target. 0, 0 after a step: leave it as it is."""
    both = bytes([0x31, 1, 0x13, 1])  # each can attest and appraise, and requires
    hello, retry, ee, cr, server_ct, client_ct = (bytes([step]) for step in range(6))
    as_is = b"\0\0"
    whole = hello + as_is + ee + as_is + cr + as_is + server_ct + b"\0" + client_ct + b"\0"
    yield "both_attest", both + whole
    yield "retry", both + hello + as_is + retry + whole
    yield "nothing_wanted", bytes(4) + whole
    yield "server_requires", bytes([0, 0, 0x10, 1]) + hello + cr
    yield "server_choice_changed", both + hello + as_is + ee + b"\1\3\7"
    yield "offer_cut", both + hello + b"\2\5"
    yield "credential_suppressed", both + hello + as_is + ee + as_is + server_ct + b"\1"
    yield "two_credentials", both + hello + as_is + ee + as_is + (server_ct + b"\0") * 2
    yield "credential_in_second_entry", both + hello + as_is + ee + as_is + server_ct + b"\x40"


# ---- src/json: policies; src/verifier: CMWs of either format ----

DIGEST = "a1" * 32


@target("fuzz_json_policy")
def json_policies():
    def policy(members):
        return ('{"version":1,"id":"seed"' + members + "}").encode()

    yield "least", policy("")
    yield "require", policy(',"require":{"formats":["psa","tpm2"],"identity":"pkix"}')
    yield "min_tier", policy(',"min_tier":{"executables":"warning","hardware":"affirming"}')
    yield "measurements", policy(f',"measurements":{{"BL":["{DIGEST}","{DIGEST}"],"M":["{DIGEST}"]}}')
    yield "machines", policy(',"machines":["01aa","02"]')
    yield "key_binding", policy(',"key_binding":["hardware","challenge"]')
    yield "flags", policy(',"debug":true,"simulated":true,"ensemble":"any"')
    yield "timing", policy(',"timing":["handshake","post","both","certificate"]')
    yield "age", policy(',"max_result_age_s":60')
    yield "escapes", policy(',"measurements":{"\\u00e4\\n":["' + DIGEST + '"]}')
    yield "unknown_key", policy(',"x":0')
    yield "cut", policy("")[:-1]


def cbor_head(major, value):
    for bits, form in ((8, ">BB"), (16, ">BH"), (32, ">BI")):
        if value < 24:
            return bytes([major << 5 | value])
        if value < 1 << bits:
            return struct.pack(form, major << 5 | 24 + {8: 0, 16: 1, 32: 2}[bits], value)
    raise ValueError(value)


def cbor_bytes(octets):
    return cbor_head(2, len(octets)) + octets


def cbor_text(text):
    return cbor_head(3, len(text)) + text.encode()


def cmw_record(label, value, indicator=b"\4"):
    return bytes([0x82 + len(indicator)]) + label + cbor_bytes(value) + indicator


@target("fuzz_verifier_cmw")
def verifier_cmws():
    psa_type = cbor_text('application/eat+cwt; eat_profile="tag:psacertified.org,2023:psa#tfm"')
    tpm_type = cbor_text("application/vnd.parallaxsecond.key-attestation.tpm")
    profile = cbor_text("tag:psacertified.org,2023:psa#tfm")
    component = b"\xa2\2" + cbor_bytes(b"m" * 32) + b"\5" + cbor_bytes(b"s" * 32)
    claims = (
        b"\xa7\x0a" + cbor_bytes(b"\x0a" + bytes(31)) + cbor_head(0, 256)
        + cbor_bytes(b"\1" + b"i" * 32) + cbor_head(0, 265) + profile + cbor_head(0, 2394) + b"\1"
        + cbor_head(0, 2395) + cbor_head(0, 0x3000) + cbor_head(0, 2396) + cbor_bytes(b"p" * 32)
        + cbor_head(0, 2399) + b"\x81" + component
    )
    token = b"\xd2\x84" + cbor_bytes(b"\xa1\1\x26") + b"\xa0" + cbor_bytes(claims)
    token += cbor_bytes(bytes(64))
    ten_thousand_three = cbor_head(0, 10003)
    psa, tpm2, any_format = b"\0", b"\1", b"\2"
    yield "psa_media_type", psa + cmw_record(psa_type, token)
    yield "psa_content_format", any_format + cmw_record(ten_thousand_three, token)
    yield "psa_tag", psa + b"\xda" + bytes.fromhex("6374283b") + cbor_bytes(token)
    yield "psa_labelled_as_tpm2", tpm2 + cmw_record(tpm_type, token)
    yield "other_label", tpm2 + cmw_record(psa_type, token)
    yield "result", psa + cmw_record(psa_type, token, b"\x08")
    yield "collection", any_format + b"\xa1\0" + cmw_record(psa_type, token)
    yield "json", any_format + b'["application/eat+cwt","0oRA",4]'
    yield "json_collection", any_format + b'{"a":["application/eat+cwt","0oRA"]}'
    # A bundle of two byte strings, by the names of the Parsec key attestation.
    pair = b"\xa4" + b"".join(
        cbor_text(name) + cbor_bytes(octets)
        for name, octets in (("kid", b"k" * 32), ("sig", bytes(64)), ("attestInfo", b"\xffTCG"))
    ) + cbor_text("tpmVer") + cbor_text("2.0")
    bundle = b"\xa2" + cbor_text("kat") + pair + cbor_text("pat") + pair
    yield "tpm2_media_type", tpm2 + cmw_record(tpm_type, bundle)
    yield "empty_cmw", any_format


def main(names):
    for name in names or sorted(TARGETS):
        folder = CORPUS / name
        folder.mkdir(parents=True, exist_ok=True)
        for seed, octets in TARGETS[name]():
            (folder / seed).write_bytes(octets)


if __name__ == "__main__":
    main(sys.argv[1:])
