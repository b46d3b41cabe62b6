#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of the fuzz targets: fuzz/corpus/TARGET/NAME.

Each function below makes the seeds of one target from values of its own: nothing comes from
elsewhere, and every run writes the same octets. With names of targets as arguments only those
are written.
"""

import base64
import hashlib
import json
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


@target("fuzz_handshake_server_hello")
def server_hellos():
    def hello(extensions, session=b""):
        return message(2, b"\3\3" + b"s" * 32 + bytes([len(session)]) + session + b"\x13\1\0" + vec16(extensions))

    versions, share, psk = b"\0\x2b\0\2\3\4", b"\0\x33\0\6\0\x1d\0\2ab", b"\0\x29\0\2\0\0"
    yield "share", hello(versions + share + psk, b"session")
    yield "psk_alone", hello(versions + psk)
    yield "share_inside", hello(b"\0\x2b" + vec16(share))
    yield "cut", hello(versions + share[:-1])
    yield "none", hello(b"")


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


# ---- CBOR, for the targets that read it ----


def head(major, argument):
    """The shortest head of a CBOR item."""
    if argument < 24:
        return bytes([major << 5 | argument])
    for info, form in ((24, ">B"), (25, ">H"), (26, ">I"), (27, ">Q")):
        if argument < 1 << (8 << (info - 24)):
            return bytes([major << 5 | info]) + struct.pack(form, argument)
    raise ValueError(argument)


class Tag:
    def __init__(self, number, value):
        self.number = number
        self.value = value


def cbor(value):
    """Strict CBOR of ints, bytes, text, lists, dicts, bools, None and Tag."""
    if isinstance(value, bool):
        return b"\xf5" if value else b"\xf4"
    if value is None:
        return b"\xf6"
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(cbor, value))
    if isinstance(value, dict):
        return head(5, len(value)) + b"".join(cbor(k) + cbor(v) for k, v in value.items())
    return head(6, value.number) + cbor(value.value)


def sign1(protected, unprotected, payload, signature=bytes(64)):
    return [cbor(protected) if protected else b"", unprotected, payload, signature]


# ---- src/json: policies; src/verifier: CMWs of either format ----

DIGEST = "a1" * 32


@target("fuzz_session_facts")
def session_facts():
    def facts(accepted=True, key=b"k" * 32, evidence=None, identities=None, version=1, end=300):
        rows = [["psa", "PSA_IOT", 32, bytes([2, 2, 3, 0, 32, 0, 0, 0]), True]]
        named = [[0, b"k" * 32], [1, b"\1\2"], [2, b"machine"], [3, b"c" * 64], [4, b"v" * 32]]
        return cbor([version, accepted, b"c" * 32, b"n" * 32, 10, end, key, "CN=peer", True, 2,
                     "default", 1, "in-process", "psa", rows if evidence is None else evidence,
                     named if identities is None else identities])

    yield "accepted", facts()
    yield "not_required", facts(False, None, [], [])
    yield "no_evidence", facts(evidence=[])
    yield "short_key", facts(key=b"k" * 31)
    yield "eight_submods", facts(evidence=[["snp", "SEVSNP", 2, b"\2" * 8, False]] * 8)
    yield "nine_submods", facts(evidence=[["snp", "SEVSNP", 2, b"\2" * 8, False]] * 9)
    yield "unknown_kind", facts(identities=[[5, b"k" * 32]])
    yield "unknown_tier", facts(evidence=[["snp", "SEVSNP", 3, b"\2" * 8, False]])
    yield "another_version", facts(version=2)
    yield "before_1970", facts(end=-1)


@target("fuzz_json_policy")
def json_policies():
    def policy(members):
        return ('{"version":1,"id":"seed"' + members + "}").encode()

    yield "least", policy("")
    yield "require", policy(',"require":{"formats":["psa","tpm2"],"identity":"pkix"}')
    yield "min_tier", policy(',"min_tier":{"executables":"warning","hardware":"affirming"}')
    digests = f'["{DIGEST}","{DIGEST}"]'
    yield "measurements", policy(f',"measurements":{{"BL":{digests},"M":{digests}}}')
    yield "machines", policy(',"machines":["01aa","02"]')
    yield "callers", policy(',"callers":["spe","nspe",1,-2147483648]')
    yield "key_binding", policy(',"key_binding":["hardware","challenge"]')
    yield "flags", policy(',"debug":true,"simulated":true,"ensemble":"any"')
    yield "timing", policy(',"timing":["handshake","post","both","certificate"]')
    yield "age", policy(',"max_result_age_s":60')
    yield "escapes", policy(',"measurements":{"\\u00e4\\n":["' + DIGEST + '"]}')
    yield "unknown_key", policy(',"x":0')
    yield "cut", policy("")[:-1]


@target("fuzz_json_revoked")
def revocation_lists():
    def entry(kind, value, when="2026-11-21T16:00:00Z"):
        return f'{{"kind":"{kind}","value":"{value}","from":"{when}"}}'

    def entries(*items):
        return ("[" + ",".join(items) + "]").encode()

    yield "empty", entries()
    yield "keys", entries(entry("spki", DIGEST), entry("verifier-key", DIGEST.upper()))
    yield "serials", entries(entry("cert-serial", "00a100"), entry("cert-serial", "0000"))
    yield "machines", entries(entry("ueid", "01" + DIGEST), entry("chip", "00" * 64), entry("chip", "01"))
    yield "times", entries(entry("chip", "01", "2024-02-29t23:59:59.25+23:59"), entry("chip", "01", "0000-01-01T00:00:00-00:01"))
    yield "no_such_day", entries(entry("chip", "01", "2026-02-29T00:00:00Z"))
    yield "kind", entries(entry("key", "01"))
    yield "length", entries(entry("spki", "01"))
    yield "unknown_key", b'[{"kind":"chip","value":"01","from":"2026-11-21T16:00:00Z","x":0}]'
    yield "cut", entries(entry("chip", "01"))[:-1]


PSA_TYPE = 'application/eat+cwt; eat_profile="tag:psacertified.org,2023:psa#tfm"'
TPM2_TYPE = "application/vnd.parallaxsecond.key-attestation.tpm"
GENERATOR_X = bytes.fromhex("6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296")
GENERATOR_Y = bytes.fromhex("4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5")
NONCE = b"\x0a" + bytes(31)


def psa_token():
    """A token of every claim; its signature does not verify."""
    component = {1: "BL", 2: b"m" * 32, 4: "1.0", 5: b"s" * 32, 6: "sha-256"}
    claims = {10: NONCE, 256: b"\1" + b"i" * 32, 265: "tag:psacertified.org,2023:psa#tfm"}
    claims |= {268: b"b" * 32, 2394: 1, 2395: 0x3000, 2396: b"p" * 32, 2399: [component]}
    return cbor(Tag(18, sign1({1: -7}, {}, cbor(claims))))


def tpm2_bundle():
    """TPM2_Certify and TPM2_Quote as a Parsec bundle; no signature in it verifies."""
    name = vec16(b"\x00\x0b" + b"n" * 32)
    head_of_both = name + vec16(NONCE) + bytes(17) + bytes(8)
    quoted = bytes.fromhex("00000001000b03870000") + vec16(b"d" * 32)
    public = bytes.fromhex("0023000b00040072000000100018000b00030010")
    common = {
        "tpmVer": "2.0",
        "kid": b"\1" + b"k" * 32,
        "sig": bytes.fromhex("0018000b") + vec16(b"r" * 32) + vec16(b"s" * 32),
    }
    certify = {
        "certInfo": b"\xffTCG\x80\x17" + head_of_both + name + name,
        "pubArea": public + vec16(GENERATOR_X) + vec16(GENERATOR_Y),
    }
    quote = {"attestInfo": b"\xffTCG\x80\x18" + head_of_both + quoted}
    return cbor({"kat": common | certify, "pat": common | quote})


@target("fuzz_verifier_cmw")
def verifier_cmws():
    """One octet for what was negotiated (a row of the table of names, or any), then the CMW."""
    psa, tpm2, anything = b"\0", b"\1", b"\2"
    token = psa_token()
    yield "psa_media_type", psa + cbor([PSA_TYPE, token, 4])
    yield "psa_content_format", anything + cbor([10003, token, 4])
    yield "psa_tag", psa + cbor(Tag(0x6374283B, token))
    yield "psa_labelled_as_tpm2", tpm2 + cbor([TPM2_TYPE, token, 4])
    yield "other_label", tpm2 + cbor([PSA_TYPE, token, 4])
    yield "result", psa + cbor([PSA_TYPE, token, 8])
    yield "collection", anything + cbor({0: [PSA_TYPE, token, 4]})
    yield "json", anything + b'["application/eat+cwt","0oRA",4]'
    yield "json_collection", anything + b'{"a":["application/eat+cwt","0oRA"]}'
    yield "tpm2_media_type", tpm2 + cbor([TPM2_TYPE, tpm2_bundle(), 4])
    yield "empty_cmw", anything


@target("fuzz_verifier_session")
def verifier_sessions():
    """One octet for what it is, then a session resource, keys, or a Location."""
    session, keys, location = b"\0", b"\1", b"\2"
    whole = {"status": "complete", "nonce": "AAECAwQFBgc", "expiry": "2030-01-01T00:00:00.5Z",
             "accept": ["x/y", "a/b; c=\"d\""], "evidence": {"type": "x/y", "value": "AA=="},
             "result": "e30.e30.AAAA"}
    yield "session", session + json.dumps(whole).encode()
    yield "session_before", session + b'{"state":"waiting","nonce":"+/8AAQIDBAU=","accept":["a/b;c=d"]}'
    yield "session_null", session + b'{"status":"processing","accept":null,"result":null}'
    yield "session_failed", session + b'{"status":"failed","state":"failed"}'
    key = {"kty": "EC", "crv": "P-256", "alg": "ES256",
           "x": "axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY",
           "y": "T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU"}
    yield "discovery", keys + json.dumps({"ear-verification-key": key, "version": "1"}).encode()
    yield "discovery_set", keys + json.dumps({"verifier-id": "https://v.example/", "ear-verification-key": key,
                                              "ear-verification-keys": {"keys": [key, key]}}).encode()
    yield "jwk", keys + json.dumps(key).encode()
    yield "jwks", keys + json.dumps({"keys": [key, {"kty": "oct", "k": "AAAA"}]}).encode()
    yield "relative", location + b"session/1234"
    yield "rooted", location + b"/x/session/1?a=b"
    yield "absolute", location + b"HTTPS://v.example:8443/s/1"
    yield "elsewhere", location + b"https://v.example:8443@evil.example/s"
    yield "dots", location + b"a/%2e%2E/../b"


@target("fuzz_verifier_kbs")
def key_brokers():
    """The cookie, and the challenge."""
    cookie = b"kbs-session-id=0123456789abcdef; Path=/\n"
    challenge = {"nonce": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
                 "extra-params": {"selected-hash-algorithm": "sha512"}}
    yield "taken", cookie + json.dumps(challenge).encode()
    yield "sha384", cookie + json.dumps({**challenge, "extra-params": ""}).encode()
    yield "no_cookie", b"\n" + json.dumps(challenge).encode()
    yield "no_nonce", cookie + b"{}"


# ---- src/codec: CBOR, COSE, CMW, media types; src/base: the reader ----


P256_KEY = {1: 2, -1: 1, -2: bytes(range(32)), -3: bytes(range(32, 64))}
ED25519_KEY = {1: 1, -1: 6, -2: bytes(range(32))}
RSA_KEY = {1: 3, -1: b"\x80" + bytes(127), -2: b"\x01\x00\x01"}


@target("fuzz_codec_cbor")
def cbor_items():
    numbers = [0, 23, 24, 255, 256, 65535, 65536, 2**32 - 1, 2**32, 2**64 - 1]
    claims = {10: bytes(32), 265: "tag:x,2023:y", 2395: 12288, 2399: [{1: "A", 2: bytes(32)}]}
    deep = 0
    for _ in range(16):
        deep = [deep]
    yield "numbers", cbor(numbers + [-1 - number for number in numbers])
    yield "claims", cbor(claims)
    yield "strings", cbor([b"", b"\0", "", "a", "\u00fc\u6c34\U00010151", bytes(300)])
    yield "simple", cbor([True, False, None])
    yield "other_simple", b"\x84\xf7\xe0\xf3\xf8\xff"
    yield "floats", b"\x83\xf9\x3c\x00\xfa\x47\xc3\x50\x00\xfb\x3f\xf1\x99\x99\x99\x99\x99\x9a"
    yield "tags", cbor([Tag(18, [1]), Tag(601, {1: 2}), Tag(1668546817, b"")])
    yield "deep", cbor(deep)
    yield "too_deep", cbor([deep])
    yield "descending_keys", cbor({key: None for key in range(30, 0, -1)})
    yield "composite_keys", b"\xa2" + cbor([1, 2]) + b"\x00" + cbor({1: 2}) + b"\x00"
    yield "duplicate", b"\xa2\x01\x00\x01\x00"
    yield "indefinite", b"\xbf\x01\x9f\x02\x80\xff\x03\xbf\xff\xff"
    yield "indefinite_long", b"\x9f" + bytes(300) + b"\xff"
    yield "long_form", b"\x98\x02\x18\x01\x59\x00\x01\x00"
    yield "chunked", b"\x5f\x41\x00\xff"
    yield "trailing", b"\x00\x00"
    yield "wide", cbor({key: 0 for key in range(1000, 1257)})


@target("fuzz_codec_cose")
def cose_messages():
    payload = cbor({10: bytes(32)})
    yield "es256_tagged", cbor(Tag(18, sign1({1: -7}, {}, payload)))
    yield "es384", cbor(sign1({1: -35}, {4: b"11"}, payload, bytes(96)))
    yield "eddsa_kid", cbor(Tag(18, sign1({1: -8, 4: b"11"}, {}, payload)))
    yield "detached", cbor(Tag(18, sign1({1: -7}, {}, None)))
    yield "crit", cbor(sign1({1: -7, 2: [1, 3], 3: 60}, {}, b""))
    yield "crit_unknown", cbor(sign1({1: -7, 2: [33], 33: b""}, {}, b""))
    yield "unprotected_alg", cbor(sign1({}, {1: -7}, b""))
    yield "both", cbor(sign1({1: -7}, {1: -7}, b""))
    yield "ps256", cbor(sign1({1: -37}, {"x": 1}, b"", bytes(256)))
    yield "key_p256", cbor(P256_KEY)
    yield "key_ed25519", cbor(ED25519_KEY)
    yield "key_rsa", cbor(RSA_KEY)
    yield "key_alg", cbor({**P256_KEY, 2: b"1", 3: -7})
    yield "key_private", cbor({**P256_KEY, -4: bytes(32)})


@target("fuzz_appraiser_snp")
def snp_reports():
    """The samples, with a signature that is none, over the nonce that the target asks for."""
    for name, sample in (("milan", "plain"), ("turin", "turin"), ("vlek", "vlek")):
        evidence = (CORPUS.parent.parent / "tests" / "kat" / "snp" / sample).with_suffix(".evidence.cbor").read_bytes()
        start = evidence.index(b"\x67outblob\x59\x04\xa0") + 11
        report = bytearray(evidence[start:start + 1184])
        report[0x050:0x090] = b"\x4e" + bytes(63)
        report[0x2a0:] = bytes(512)
        start = evidence.index(b"\x67auxblob\x59") + 9
        table = evidence[start + 2:start + 2 + int.from_bytes(evidence[start:start + 2], "big")]
        yield name, b"\4" + cbor({"auxblob": table, "outblob": bytes(report), "provider": "sev_guest"})
        yield f"{name}_bare", b"\3" + cbor({"outblob": bytes(report), "provider": "sev_guest"})
        report[0x0a] |= 8
        yield f"{name}_debug", b"\5" + cbor({"auxblob": table, "outblob": bytes(report), "provider": "sev_guest"})


@target("fuzz_codec_ratls")
def ratls_extensions():
    claims = cbor({"pubkey-hash": cbor([1, bytes(32)]), "nonce": b"nonce", "other": 1})
    yield "quote", cbor(Tag(60000, [b"quote", claims]))
    yield "sha384", cbor(Tag(0x1a7504, [b"report", cbor({"pubkey-hash": cbor([7, bytes(48)])})]))
    yield "other_alg", cbor(Tag(60000, [b"q", cbor({"pubkey-hash": cbor([2, bytes(16)])})]))
    yield "no_hash", cbor(Tag(60000, [b"q", cbor({})]))
    yield "cmw", b"\x04\x81\x80" + bytes(128)
    yield "json", b"\x0c\x02[]"
    yield "open_enclave", struct.pack("<IIQ", 1, 2, 5) + b"quote"
    quote = bytes(432) + struct.pack("<I", 3) + b"sig"
    uuid = bytes.fromhex("a3a21e871b4d4014b70aa125d2fbcd8c")
    yield "open_enclave_evidence", struct.pack("<I16sIQ", 3, uuid, 0, len(quote) + 6) + quote + b"claims"
    yield "endorsements", cbor(Tag(60000, [1] + [b"part\0"] * 7))
    yield "endorsements_dated", cbor(Tag(60000, [1] + [b"part"] * 8))
    for name, octets in (("tdx", b"\0\0\x0cabc\0"), ("snp", b"\0\3\x0cabc"), ("gcp", b"\0\1"), ("big", b"\0\0\3")):
        yield f"dstack_{name}", b"\4" + bytes([len(octets)]) + octets
    head = b"\x83\xa7version\1\xa8platform\x82\xa4kind"
    tail = b"\xa5stack\x81\xa6events\x92\xcb" + bytes(8) + b"\xd9\3abc"
    for name, octets in (("list", b"\xa3tdx\xa4data\x81\xa5quote\x93\xcc\xaa\x0b\0"),
                         ("octets", b"\xa7sev-snp\xa4data\x81\xa6report\xc4\3abc")):
        yield f"dstack_message_{name}", b"\4" + bytes([len(head + octets + tail)]) + head + octets + tail


@target("fuzz_codec_tsm_report")
def tsm_reports():
    report = {"auxblob": b"\1\2", "outblob": b"\3", "provider": "sev_guest\n"}
    yield "sev_guest", cbor(report)
    yield "service", cbor({**report, "manifestblob": b"\4", "service_provider": "svsm"})
    yield "tdx_guest", cbor({"outblob": b"\5", "provider": "tdx_guest"})
    yield "long_name", cbor({"outblob": b"\5", "provider": "p" * 64})
    yield "manifest_alone", cbor({**report, "manifestblob": b"\4"})
    yield "unknown_member", cbor({**report, "inblob": bytes(64)})


def handshake_message(kind, body):
    return bytes([kind]) + struct.pack(">I", len(body))[1:] + body


def vec24(octets):
    return struct.pack(">I", len(octets))[1:] + octets


def extension(kind, body):
    return struct.pack(">H", kind) + vec16(body)


@target("fuzz_handshake_authenticator")
def authenticators():
    """The length of the request, the request, the authenticator; every MAC is zero."""
    context = b"\x01\xaa"
    schemes = extension(13, vec16(b"\x08\x07\x04\x03"))
    asks = handshake_message(17, context + vec16(schemes + extension(0xff5f, b"")))
    plain = handshake_message(13, context + vec16(extension(5, b"\0") + schemes))
    named = handshake_message(17, context + vec16(extension(0, vec16(b"\0" + vec16(b"a.b"))) + schemes))
    by_rsa = handshake_message(17, context + vec16(schemes + extension(50, vec16(b"\x04\x01")) + extension(0xff5f, b"")))
    entry = vec24(b"0") + vec16(b"")
    attests = vec24(b"0") + vec16(extension(0xff5f, vec16(b"\xf6")))
    verify = handshake_message(15, b"\x08\x07" + vec16(b"sign"))
    finished = handshake_message(20, bytes(32))

    def answer(entries):
        return handshake_message(11, context + vec24(entries)) + verify + finished

    for name, request, message in (("plain", plain, answer(entry)), ("attests", asks, answer(attests)),
                                   ("certificates", by_rsa, answer(attests)),
                                   ("chain", asks, answer(attests + entry + entry)), ("refusal", named, finished),
                                   ("late", asks, answer(entry + attests)), ("empty", plain, answer(b"")),
                                   ("unsolicited", plain, answer(attests))):
        yield name, bytes([len(request)]) + request + message
    yield "no_request", b"\0" + answer(attests)


@target("fuzz_handshake_exchange")
def exchanges():
    """Flags of our HELLO (and 4: answers are accepted), then the frames of a peer."""
    def frame(kind, body=b""):
        return bytes([kind]) + vec24(body)

    hello, asks, framed = frame(1, b"\x01\0"), frame(1, b"\x01\x01"), frame(1, b"\x01\x03")
    request, answer, done, close = frame(2, b"r"), frame(3, b"a"), frame(4), frame(6, b"\x28")
    yield "quiet", b"\0" + hello + done
    yield "asks", b"\x05" + hello + answer + done
    yield "asked", b"\0" + asks + request + done
    yield "mutual", b"\x05" + asks + request + answer + done
    yield "framed", b"\x07" + framed + request + answer + done + frame(5, b"data") + request + answer + done + close
    yield "early_data", b"\x02" + framed + frame(5, b"data")
    yield "refused", b"\x01" + hello + answer + done
    yield "no_request", b"\x05" + hello + request
    yield "version", b"\0" + frame(1, b"\x02\0")
    yield "long", b"\0" + b"\x01\0\0\x41" + bytes(65)
    yield "closed", b"\x05" + close + hello


@target("fuzz_handshake_datagram")
def datagrams():
    """Records of a peer behind their lengths, without the mark; 240 and more: what this side does."""
    def record(acknowledged, held, number, octets=b""):
        whole = acknowledged.to_bytes(4, "big") + held.to_bytes(2, "big") + number.to_bytes(4, "big") + octets
        return bytes([len(whole)]) + whole

    read, put, wait = b"\xf0", b"\xf1", b"\xf2"
    yield "in_order", record(1, 0, 1, b"one") + record(1, 0, 2, b"two") + read
    yield "in_disorder", record(1, 0, 3, b"three") + wait + record(1, 0, 1, b"one") + read + record(1, 0, 2, b"two") + read
    yield "twice", record(1, 0, 1, b"one") + read + record(1, 0, 1, b"one") + wait
    yield "acknowledged", put + record(2, 2, 0) + wait * 3 + record(4, 0, 0)
    yield "ahead", record(1, 0, 17, b"far") + record(1, 0, 0xffffffff, b"end") + record(99, 0xffff, 0)
    yield "full", put * 8 + wait * 40
    yield "short", b"\x09" + bytes(9) + record(0, 0, 1, b"zero") + record(1, 0, 0, b"none")


@target("fuzz_verifier_trustee")
def trustee_evidence():
    """One octet for the format, then a TSM report: of SEV-SNP with its table of certificates, or a quote."""
    vcek = bytes.fromhex("63da758de6644564adc5f4b93be8accd")
    table = vcek + (48).to_bytes(4, "little") + (4).to_bytes(4, "little") + bytes(24) + b"cert"
    report = bytes([3]) + bytes(range(1, 256)) * 4 + bytes(1184 - 1 - 255 * 4)
    whole = report[:15] + bytes(1) + report[16:71] + bytes(1) + report[72:]
    for name, version in (("v2", 2), ("v3", 3), ("v5", 5)):
        yield name, b"\0" + cbor({"auxblob": table, "outblob": bytes([version]) + bytes(3) + whole[4:], "provider": "sev_guest"})
    yield "no_table", b"\0" + cbor({"outblob": whole, "provider": "sev_guest"})
    yield "past_its_end", b"\0" + cbor({"auxblob": table[:-1], "outblob": whole, "provider": "sev_guest"})
    yield "quote", b"\1" + cbor({"outblob": b"quote", "provider": "tdx_guest"})


@target("fuzz_codec_cmw")
def cmws():
    record = [64999, b"\1\2\3\4"]
    yield "record", cbor(record)
    yield "record_ind", cbor([263, b"\1", 4])
    yield "record_media", cbor(['application/eat+cwt; eat_profile="tag:x,2023:y"', b"\1", 8])
    yield "tag", cbor(Tag(0x6374ffe6, b"\1"))
    yield "collection", cbor({"__cmwc_t": "tag:x,2024:y", 0: record, "kat": Tag(0x63740101, b"")})
    yield "oid", cbor({"__cmwc_t": "1.2.840.1", -1: record})
    yield "nested", cbor({0: {0: {0: {0: record}}, 1: record}})
    yield "too_nested", cbor({0: {0: {0: {0: {0: record}}}}})
    yield "uccs", cbor(Tag(601, {10: bytes(8), "x": 1}))


@target("fuzz_codec_media_type")
def media_types():
    profile = 'application/eat+cwt; eat_profile="tag:psacertified.org,2023:psa#tfm"'
    yield "equal", f"{profile}\n{profile.replace('; ', ';').replace('eat+', 'EAT+')}".encode()
    yield "escapes", b'a/b; p="x\\"y\\\\"; q=z\na/b;q="z";p="\\x\\"y\\\\"'
    yield "oid", b"2.16.840.1.113741.1"
    yield "uri", b"tag:ietf.org,2024-02-29:rats/kat%20"
    yield "many", b"a/b" + b"".join(b";%c=1" % (97 + i) for i in range(9))


@target("fuzz_base_reader")
def reader_machines():
    def machine(orders, octets):
        """Orders and octets share the input half and half."""
        longer = max(len(orders), len(octets))
        return orders.ljust(longer, b"\0") + octets.ljust(longer, b"\0")

    yield "integers", machine(bytes([0, 1, 2, 3, 4]), bytes(range(18)))
    yield "vectors", machine(bytes([45, 46, 47]), b"\2ab\0\1c\0\0\2de")
    yield "sub", machine(bytes([88, 39]), b"\0\3abcdef")
    yield "past_the_end", machine(bytes([255, 8, 4]), b"\xff\xff")


# ---- src/json, src/crypto: JSON, JWS, CMW in JSON, public keys ----


JWK = '{"kty":"OKP","crv":"Ed25519","x":"A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg"}'
JWS_INPUT = "eyJhbGciOiJFZERTQSJ9.YSBwYXlsb2FkIGZvciB0aGUgZnV6emVy"
JWS_SIGNATURE = ("PND_04VAeUusAT03EqCnpIa1ATBVqxGvHiR_JEFktFCRg6I6CUJYf5u1eKL6"
                 "4yY8W06pqzWFIJmSYDiXFKz1BA")


def b64url(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


@target("fuzz_json_parse")
def json_texts():
    yield "object", b'{"alg":"ES256","kid":"AAECAwQFBgc"}'
    yield "kinds", b' [null,true,false,0,-1,1.5e3,"\\u00e9\\ud834\\udd1e\\"\\\\/",[],{}] \n'
    yield "deep", b"[" * 32 + b"]" * 32
    yield "too_deep", b"[" * 33 + b"]" * 33
    yield "brackets_in_text", b'["' + b"[" * 40 + b'"]'
    yield "duplicate", b'{"a":1,"\\u0061":2}'
    yield "trailing", b"{} {}"
    yield "nul", b'["\\u0000"]'
    yield "lone_surrogate", b'["\\ud834"]'
    yield "bad_utf8", b'["\xc0\x80"]'
    yield "big", b"[9223372036854775808,-9223372036854775808,1e400]"
    yield "int", b'{"kid":2}'


@target("fuzz_json_base64")
def base64_texts():
    octets = bytes(range(248, 256)) + bytes(range(6))
    for length in range(4):
        yield f"url_{length}", b64url(octets[:12 + length]).encode()
        yield f"padded_{length}", base64.b64encode(octets[:12 + length])
    yield "hex", octets.hex().encode()
    yield "stray_bits", b"AB"


@target("fuzz_json_jws")
def tokens():
    def token(header, payload=b"{}", signature=bytes(64)):
        return ".".join(map(b64url, (header, payload, signature))).encode()

    yield "signed", f"{JWS_INPUT}.{JWS_SIGNATURE}".encode()
    yield "es256", token(b'{"alg":"ES256","typ":"JWT","kid":"1"}')
    yield "none", token(b'{"alg":"none"}', signature=b"")
    yield "hs256", token(b'{"alg":"HS256"}', signature=bytes(32))
    yield "crit", token(b'{"alg":"EdDSA","crit":["b64"],"b64":false}')
    yield "own_key", token(b'{"alg":"EdDSA","jwk":%s}' % JWK.encode())
    yield "jwk", JWK.encode()
    yield "jwk_private", JWK.replace("}", ',"d":"%s"}' % b64url(bytes(range(32)))).encode()
    p256 = {"kty": "EC", "crv": "P-256", "x": b64url(P256_G[:32]), "y": b64url(P256_G[32:]),
            "use": "sig", "alg": "ES256", "kid": "k"}
    rsa = {"kty": "RSA", "n": b64url(RSA_N), "e": "AQAB", "key_ops": ["verify"]}
    other = {"kty": "oct", "k": "AA"}
    yield "jwk_set", json.dumps({"keys": [p256, rsa, other, json.loads(JWK)]}).encode()


@target("fuzz_json_cmw")
def json_cmws():
    record = ["application/eat+cwt", "I0faVQ", 4]
    yield "record", json.dumps(record).encode()
    yield "profile", json.dumps(['application/eat+cwt; eat_profile="tag:x,2023:y"', "AA"]).encode()
    yield "collection", json.dumps({"__cmwc_t": "tag:x,2024:y", "a": record, "b": record}).encode()
    yield "nested", json.dumps({"a": {"a": {"a": {"a": record}}, "b": record}}).encode()
    yield "too_nested", json.dumps({"a": {"a": {"a": {"a": {"a": record}}}}}).encode()
    yield "cbor_record", b"\x83\x19\x01\x07\x43\1\2\3\4"
    yield "cbor_collection", (b"\xa3\x68__cmwc_t\x6ctag:x,2024:y" b"\x61a\x82\x63a/b\x41\1"
                              b"\x61b\xda\x63\x74\x02\x09\x41\1")


P256_G = bytes.fromhex("6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
                       "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5")
P384_G = bytes.fromhex("aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a38"
                       "5502f25dbf55296c3a545e3872760ab73617de4a96262c6f5d9e98bf9292dc29"
                       "f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f")
RSA_N = b"\x80" + bytes(254) + b"\x01"


def der(tag, *parts):
    body = b"".join(parts)
    octets = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    length = octets if 0 < len(body) < 128 else bytes([0x80 | len(octets)]) + octets
    return bytes([tag]) + (length if body else b"\0") + body


def oid(hex_octets):
    return der(6, bytes.fromhex(hex_octets))


@target("fuzz_crypto_spki")
def public_keys():
    def spki(algorithm, key):
        return der(0x30, der(0x30, *algorithm), der(3, b"\0", key))

    ec = oid("2a8648ce3d0201")
    p256 = spki([ec, oid("2a8648ce3d030107")], b"\4" + P256_G)
    rsa = der(0x30, der(2, b"\0", RSA_N), der(2, b"\1\0\1"))
    name = der(0x30, der(0x31, der(0x30, oid("550403"), der(0x0c, b"fuzz\nname"))))
    dates = der(0x30, der(0x17, b"260101000000Z"), der(0x18, b"20560101000000Z"))
    signed_by = der(0x30, oid("2a8648ce3d040302"))
    body = der(0x30, der(0xa0, der(2, b"\2")), der(2, b"\1"), signed_by, name, dates, name, p256)
    cert = der(0x30, body, signed_by, der(3, b"\0", der(0x30, der(2, b"\1"), der(2, b"\1"))))
    yield "p256", p256
    yield "p256_compressed", spki([ec, oid("2a8648ce3d030107")], b"\3" + P256_G[:32])
    yield "p384", spki([ec, oid("2b81040022")], b"\4" + P384_G)
    yield "secp256k1", spki([ec, oid("2b8104000a")], b"\4" + P256_G)
    yield "ed25519", spki([oid("2b6570")], bytes(range(32)))
    yield "ed448", spki([oid("2b6571")], bytes(range(57)))
    yield "x25519", spki([oid("2b656e")], bytes(range(32)))
    yield "rsa", spki([oid("2a864886f70d010101"), der(5)], rsa)
    yield "rsa_pss", spki([oid("2a864886f70d01010a")], rsa)
    yield "trailing", p256 + b"\0"
    yield "cert", cert
    yield "cert_pem", (b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(cert)
                       + b"-----END CERTIFICATE-----\n")


# ---- src/endorsement: CoRIM and its templates ----

KAT = pathlib.Path(__file__).resolve().parent.parent / "tests" / "kat"


@target("fuzz_endorsement_collateral")
def collateral():
    def name(text):
        return der(0x30, der(0x31, der(0x30, oid("550403"), der(0x0c, text))))

    def pem(label, octets):
        return b"-----BEGIN " + label + b"-----\n" + base64.encodebytes(octets) + b"-----END " + label + b"-----\n"

    def extension(hex_oid, octets):
        return der(0x30, oid(hex_oid), der(4, octets))

    ec = der(0x30, oid("2a8648ce3d0201"), oid("2a8648ce3d030107"))
    key = der(0x30, ec, der(3, b"\0", b"\4" + P256_G))
    by = der(0x30, oid("2a8648ce3d040302"))
    dates = der(0x30, der(0x17, b"260101000000Z"), der(0x18, b"20560101000000Z"))
    signature = der(3, b"\0", der(0x30, der(2, b"\1"), der(2, b"\1")))

    def cert(subject, issuer, *extensions):
        more = der(0xa3, der(0x30, *extensions)) if extensions else b""
        body = der(0x30, der(0xa0, der(2, b"\2")), der(2, b"\1"), by, issuer, dates, subject, key, more)
        return der(0x30, body, by, signature)

    amd = "2b060104019c7801"
    levels = [extension(amd + "03" + level, der(2, b"\3")) for level in ("01", "02", "03", "08")]
    vcek = cert(name(b"SEV-VCEK"), name(b"SEV-Milan"), extension(amd + "02", der(0x16, b"Milan-B0")), *levels,
                extension(amd + "04", bytes(64)))
    root = cert(name(b"Intel SGX Root CA"), name(b"Intel SGX Root CA"))
    signer = cert(name(b"Intel SGX TCB Signing"), name(b"Intel SGX Root CA"))
    revoked = der(0x30, der(0x30, der(2, b"\7"), der(0x17, b"260101000000Z")))
    crl = der(0x30, der(0x30, der(2, b"\1"), by, name(b"Intel SGX Root CA"), der(0x17, b"260101000000Z"),
                        der(0x17, b"270101000000Z"), revoked), by, signature)
    level = {"tcb": {"sgxtcbcomponents": [{"svn": 1}] * 16, "pcesvn": 13}, "tcbDate": "2026-01-01T00:00:00Z",
             "tcbStatus": "UpToDate", "advisoryIDs": ["INTEL-SA-00615"]}
    head = {"issueDate": "2026-07-01T00:00:00Z", "nextUpdate": "2026-08-01T00:00:00Z", "tcbEvaluationDataNumber": 17}
    tcb = json.dumps({"id": "SGX", "version": 3, **head, "fmspc": "00a067110000", "pceId": "0000", "tcbType": 0,
                      "tcbLevels": [level]}, separators=(",", ":"))
    identity = json.dumps({"id": "QE", "version": 2, **head, "miscselect": "00000000", "miscselectMask": "FFFFFFFF",
                           "attributes": "11" + "0" * 30, "attributesMask": "FB" + "0" * 30, "mrsigner": "8C" * 32,
                           "isvprodid": 1, "tcbLevels": [{"tcb": {"isvsvn": 8}, "tcbDate": "2026-01-01T00:00:00Z",
                                                          "tcbStatus": "UpToDate"}]}, separators=(",", ":"))
    zero = "0" * 128
    chain = (pem(b"CERTIFICATE", signer) + pem(b"CERTIFICATE", root)).decode()
    yield "vcek", vcek
    yield "root", root
    yield "crl", crl
    yield "crl_hex", crl.hex().encode() + b"\n"
    yield "pem", pem(b"CERTIFICATE", signer) + pem(b"CERTIFICATE", root) + pem(b"X509 CRL", crl)
    yield "encoded", b"-----BEGIN%20CERTIFICATE-----%0A" + base64.b64encode(root) + b"%0A-----END%20CERTIFICATE-----"
    yield "tcb", b'{"tcbInfo":' + tcb.encode() + b',"signature":"' + zero.encode() + b'"}'
    yield "identity", b'{"enclaveIdentity":' + identity.encode() + b',"signature":"' + zero.encode() + b'"}'
    yield "bundle", json.dumps({"pck_crl_issuer_chain": chain, "root_ca_crl": crl.hex(), "pck_crl": crl.hex(),
                                "tcb_info_issuer_chain": chain, "tcb_info": tcb, "tcb_info_signature": zero,
                                "qe_identity_issuer_chain": chain, "qe_identity": identity,
                                "qe_identity_signature": zero}).encode()


@target("fuzz_endorsement_corim")
def corim_files():
    """The good files of tests/kat/corim, which have a source and a script there."""
    for path in sorted((KAT / "corim").glob("*good*.cbor")):
        yield path.stem.replace("-", "_"), path.read_bytes()


@target("fuzz_endorsement_signed")
def signed_corims():
    """Headers as the harness takes them (pairs, length, headers, payload), and whole files."""
    payload = (KAT / "corim" / "psa-good-computed.cbor").read_bytes()
    kind = cbor(3) + cbor("application/rim+cbor")
    uri = head(6, 32) + cbor("https://maker.example")
    day = head(6, 1) + cbor(1900000000)
    signer = cbor(0) + head(5, 2) + cbor(0) + cbor("s1") + cbor(1) + uri
    meta = head(5, 2) + signer + cbor(1) + head(5, 2) + cbor(0) + head(6, 1) + cbor(1) + cbor(1) + day
    corim_meta = cbor(8) + cbor(meta)
    claims = cbor(15) + cbor({1: "s1", 2: "it", 4: 1900000000, 5: 1, 6: 1})
    headers = {
        "meta": (2, kind + corim_meta),
        "claims": (2, kind + claims),
        "both": (3, kind + corim_meta + claims),
        "kid_and_chain": (4, kind + cbor(4) + cbor(b"k1") + corim_meta + cbor(33) + cbor([b"\x30\x00", b"\x30\x00"])),
        "one_certificate": (3, kind + corim_meta + cbor(33) + cbor(b"\x30\x00")),
        "hash_envelope": (4, corim_meta + cbor(258) + cbor(-16) + cbor(259) + cbor("application/rim+cbor")
                          + cbor(260) + cbor("https://maker.example")),
        "no_signer": (1, kind),
        "expired": (2, kind + cbor(15) + cbor({1: "s1", 4: 1})),
    }
    for name, (pairs, octets) in headers.items():
        yield name, bytes([pairs]) + struct.pack(">H", len(octets)) + octets + payload
        protected = head(5, pairs + 1) + cbor(1) + cbor(-8) + octets
        yield name + "_file", head(6, 18) + head(4, 4) + cbor(protected) + cbor({}) + cbor(payload) + cbor(bytes(64))
    old = (KAT / "corim" / "old-psa-good.cbor").read_bytes()
    protected = head(5, 3) + cbor(1) + cbor(-7) + kind + corim_meta
    yield "old_wrapper", (head(6, 500) + head(6, 502) + head(6, 18) + head(4, 4) + cbor(protected) + cbor({})
                          + cbor(old) + cbor(bytes(64)))


@target("fuzz_endorsement_from")
def corims_from_claims():
    def seed(kind, claims, pcrs=""):
        return bytes([kind]) + json.dumps(claims, separators=(",", ":")).encode() + b"\0" + pcrs.encode()

    component = {"measurement-value": "11" * 32, "signer-id": base64.b64encode(bytes(32)).decode()}
    psa = {"psa-implementation-id": "22" * 32, "psa-instance-id": "01" + "33" * 32,
           "psa-software-components": [component, {**component, "measurement-type": "BL", "version": "1"}]}
    yield "psa", seed(0, psa)
    yield "psa_with_key", seed(0x80, psa)
    yield "psa_without_components", seed(0, {**psa, "psa-software-components": []})
    values = [bytes([i]) * 32 for i in range(3)]
    quote = {"pcrSelect": [{"hash": "sha256", "pcrs": [0, 1, 2]}],
             "pcrDigest": hashlib.sha256(b"".join(values)).hexdigest()}
    pcrs = "  sha1:\n    0 : 0x00\n  sha256:\n" + "".join(f"    {i} : 0x{v.hex().upper()}\n" for i, v in enumerate(values))
    yield "tpm2", seed(1, {"kid": "01" + "44" * 32, "attestInfo": quote}, pcrs)
    yield "tpm2_with_key", seed(0x81, {"kid": "01" + "44" * 32, "attestInfo": quote}, pcrs)
    yield "tpm2_key_alone", seed(0x81, {"kid": "01" + "44" * 32})
    yield "tpm2_other_values", seed(1, {"attestInfo": quote}, pcrs.replace("0x01", "0x07"))
    yield "tpm2_no_values", seed(1, {"attestInfo": quote}, "sha384:\n")


@target("fuzz_endorsement_template")
def corim_templates():
    def octets(length, first):
        return base64.b64encode(bytes([first]) * length).decode()

    def url(length, first):
        return octets(length, first).rstrip("=").replace("+", "-").replace("/", "_")

    spki = bytes.fromhex("302a300506032b6570032100") + bytes.fromhex(
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
    pem = ("-----BEGIN PUBLIC KEY-----\n" + base64.b64encode(spki).decode()
           + "\n-----END PUBLIC KEY-----\n")
    impl = {"class": {"id": {"type": "bytes", "value": octets(32, 1)}, "vendor": "v", "model": "m"}}
    uuid = {"class": {"id": {"type": "uuid", "value": "cd1f0e55-26f9-460d-b9d8-f7fde171787c"}}}
    ueid = {"instance": {"type": "ueid", "value": octets(33, 1)}}
    component = {
        "key": {"type": "string", "value": "psa.software-component"},
        "value": {"digests": [[1, url(32, 2)], ["sha-384", url(48, 3)]], "name": "BL",
                  "version": {"value": "1.0"},
                  "cryptokeys": [{"type": "bytes", "value": octets(32, 4)}]}}
    old = {
        "key": {"type": "psa.refval-id",
                "value": {"label": "BL", "version": "1", "signer-id": octets(32, 4)}},
        "value": {"digests": ["sha-256;" + octets(32, 2), "sha-512:" + octets(64, 5)]}}
    pcr = {"key": {"type": "uint", "value": 7}, "value": {"digests": [[8, url(64, 6)]]}}
    key = {"type": "pkix-base64-key", "value": pem}

    def comid(environment, measurements, keys):
        triples = {}
        if measurements:
            triples["reference-values"] = [
                {"environment": environment, "measurements": measurements}]
        if keys:
            triples["attester-verification-keys"] = [
                {"environment": {**environment, **ueid}, "verification-keys": keys}]
        return {"lang": "en", "tag-identity": {"id": "t", "version": 1},
                "entities": [{"name": "n", "regid": "r", "roles": ["creator", "maintainer"]}],
                "triples": triples}

    def both(*templates):
        return b"\0".join(json.dumps(template).encode() for template in templates)

    tpm = "tag:github.com/parallaxsecond,2023-03-03:tpm"
    yield "psa", both(comid(impl, [component], [key]))
    yield "psa_old", both(comid(impl, [old], [{"key": base64.b64encode(spki).decode()}]))
    yield "psa_with_corim", both(
        comid(impl, [component, old], [key]),
        {"corim-id": "5c57e8f4-46cd-421b-91c9-08cf93e13cfc", "profiles": ["psa"],
         "entities": [{"name": "n", "roles": ["manifestCreator", "manifestSigner"]}],
         "validity": {"not-before": "2021-12-31T00:00:00Z",
                      "not-after": "2099-12-31T00:00:00+01:00"}})
    yield "tpm2", both({"corim-id": "x", "profile": {"type": "uri", "value": tpm}},
                       comid(uuid, [pcr], [key]))
    qe = {"class": {"id": {"type": "oid", "value": "2.16.840.1.113741.1.2.3.4.1"}, "vendor": "v", "model": "m",
                    "layer": 1, "index": 0}}
    values = {"version": {"value": "1", "scheme": "semver"}, "svn": {"type": "min-value", "value": 2},
              "digests": [[1, url(32, 2)]], "flags": {"is-debug": False, "is-secure": True},
              "raw-value": {"type": "masked", "value": {"value": octets(2, 1), "mask": octets(2, 255)}},
              "mac-addr": "00:00:5e:00:53:01", "ip-addr": "2001:db8::1", "serial-number": "s", "ueid": octets(17, 1),
              "uuid": "cd1f0e55-26f9-460d-b9d8-f7fde171787c", "name": "n",
              "cryptokeys": [{"type": "bytes", "value": octets(3, 1)}, {"type": "thumbprint", "value": [1, url(32, 3)]},
                             {"type": "pkix-asn1der-cert", "value": octets(3, 48)}, {"type": "cose-key", "value": "oQEB"},
                             {"type": "pkix-base64-cert", "value": "x"}],
              "integrity-registers": {"0": {"key-type": "uint", "value": [[1, url(32, 2)]]},
                                      "r": {"key-type": "text", "value": [[1, url(32, 2)]]}},
              "int-range": {"type": "rawIntRange", "value": {"min": 1, "max": None}}, "psa-cert-num": "1234567890123-12345"}
    claim = {"environment": qe, "measurements": [{"key": {"type": "oid", "value": "2.5.1"}, "value": values,
                                                  "authorized-by": [key]}, {"value": {"svn": 1, "int-range": -5}}]}
    keys = {"environment": {"group": {"type": "bytes", "value": octets(1, 1)}}, "verification-keys": [key],
            "conditions": {"mkey": {"type": "uint", "value": 1}, "authorized-by": [key]}}
    everything = {"reference-values": [claim], "endorsed-values": [claim], "dev-identity-keys": [keys],
                  "dependency-triples": [{"domain-id": qe, "trustees": [uuid]}],
                  "membership-triples": [{"domain-id": qe, "members": [{"instance": key}]}],
                  "coswid-triples": [{"environment": qe, "tag-ids": ["t"]}],
                  "conditional-endorsement-series": [{"condition": {"environment": qe, "authorized-by": [key]}, "series": [
                      {"selection": [{"value": {"svn": 1}}], "addition": [{"value": {"name": "x"}}]}]}],
                  "conditional-endorsements": [{"conditions": [claim], "endorsements": [claim]}]}
    yield "everything", both(
        {"tag-identity": {"id": "t"}, "linked-tags": [{"target": "o", "rel": "supplements"}], "triples": everything},
        {"corim-id": "x", "profile": {"type": "oid", "value": "2.16.840.1.113741.1.16.1"},
         "dependent-rims": [{"href": "https://a.example", "thumbprint": "sha-256;" + octets(32, 1)}]})
    yield "oid", both(comid({"class": {"id": {"type": "oid", "value": "1.3.6.1.4.1.3704.3.1"}}},
                            [pcr], []))
    yield "no_comid", both({"corim-id": "x", "profile": "psa"})


# ---- src/appraiser: Evidence that nobody signed ----

# The first octet of a seed: 1 labels it, 2 has no nonce, 4 wants the claims.
FRESH_NONCE = bytes([0x4E]) + bytes(31)


def unsigned_psa_token(claims, unprotected=None, alg=-7):
    return b"\xd2" + cbor([cbor({1: alg}), unprotected or {}, cbor(claims), bytes(64)])


@target("fuzz_appraiser_nitro")
def appraiser_nitro():
    """Samples whose signature is wrong in one bit: the target wants that nothing verifies by real cryptography."""
    for name in ("plain", "indefinite", "tagged", "public-key"):
        evidence = bytearray((KAT / "nitro" / f"{name}.evidence.cbor").read_bytes())
        evidence[-1] ^= 1
        yield name, b"\x07" + bytes(evidence)
    yield "nonce", b"\x05" + bytes(evidence)


def quotes(kind, names, covered):
    """Samples over the nonce that the target asks for; the report of the quoting enclave is signed wrong in one bit."""
    for name in names:
        evidence = bytearray((KAT / kind / f"{name}.evidence.cbor").read_bytes())
        start = evidence.index(bytes.fromhex("939a7233f79c4ca9")) - 12
        version = evidence[start]
        body = start + 48 + (6 if version == 5 else 0)
        data = body + covered + (64 if name == "td-1.5" else 0)
        report_data = body + (520 if kind == "tdx" else 320)
        evidence[report_data:report_data + 64] = FRESH_NONCE + bytes(32)
        evidence[data + 4 + 128 + (0 if version == 3 else 6) + 384 + 63] ^= 1
        yield name, b"\5" + bytes(evidence)
        if name == "plain":
            yield "no_nonce", b"\6" + bytes(evidence)
            evidence[body + (120 if kind == "tdx" else 48)] |= 2 if kind == "sgx" else 1
            yield "debug", b"\4" + bytes(evidence)


@target("fuzz_appraiser_tdx")
def appraiser_tdx():
    return quotes("tdx", ("plain", "v5", "td-1.5", "tail", "other-machine"), 584)


@target("fuzz_appraiser_sgx")
def appraiser_sgx():
    return quotes("sgx", ("plain", "v4", "v5", "collateral", "other-machine"), 384)


@target("fuzz_appraiser_pck")
def appraiser_pck():
    """Extensions as of the samples' PCK certificates; those of a processor have no instance and configuration."""
    arc = "2a864886f84d010d01"

    def entry(arcs, value):
        return der(0x30, oid(arc + arcs), value)

    def extension(*more, pcesvn=b"\x0d"):
        tcb = [entry(f"02{at + 1:02x}", der(2, b"\0\xff" if at == 2 else bytes([at]))) for at in range(16)]
        tcb += [entry("0211", der(2, pcesvn)), entry("0212", der(4, bytes(range(16))))]
        return der(0x30, entry("01", der(4, bytes(16))), entry("02", der(0x30, *tcb)), entry("03", der(4, bytes(2))),
                   entry("04", der(4, bytes.fromhex("20906f000000"))), entry("05", der(10, b"\1")), *more)

    flags = [entry(f"07{arc:02x}", der(1, flag)) for arc, flag in ((1, b"\xff"), (2, b"\0"), (3, b"\xff"))]
    instance = entry("06", der(4, bytes(16)))
    yield "processor", extension()
    yield "platform", extension(instance, entry("07", der(0x30, *flags)))
    yield "flags_absent", extension(instance, entry("07", der(0x30)))
    yield "pcesvn_of_two_octets", extension(pcesvn=b"\1\0")
    yield "pcesvn_negative", extension(pcesvn=b"\xff")
    yield "member_twice", extension(instance, instance)
    yield "member_unknown", extension(entry("08", der(4, b"x")))


@target("fuzz_appraiser_psa")
def appraiser_psa():
    component = {1: "BL", 2: b"\xb1" * 32, 4: "1", 5: b"\x51" * 32}
    claims = {10: FRESH_NONCE, 256: b"\1" * 33, 265: "tag:psacertified.org,2023:psa#tfm",
              268: bytes(8), 2394: -7, 2395: 0x3000, 2396: b"\x49" * 32,
              2398: "1234567890123-12345", 2399: [component], 2400: "verifier.example"}
    yield "known", b"\4" + unsigned_psa_token(claims)
    yield "no_nonce", b"\6" + unsigned_psa_token(claims)
    yield "debug", b"\4" + unsigned_psa_token({**claims, 2395: 0x4000})
    yield "decommissioned", b"\0" + unsigned_psa_token({**claims, 2395: 0x60FF})
    yield "unknown_software", b"\4" + unsigned_psa_token(
        {**claims, 2399: [component, {2: bytes(48), 5: bytes(64), 6: "SHA256"}]})
    yield "other_version", b"\4" + unsigned_psa_token({**claims, 2399: [{**component, 4: "2"}]})
    interim = {k: v for k, v in claims.items() if k != 268}
    yield "interim", b"\5" + unsigned_psa_token(
        {**interim, 265: "http://arm.com/psa/2.0.0", 2397: bytes(32)})
    legacy = {-75000: "PSA_IOT_PROFILE_1", -75001: 1, -75002: 0x3000, -75003: b"\x49" * 32,
              -75004: bytes(32), -75005: "1234567890123", -75008: FRESH_NONCE,
              -75009: b"\1" * 33, -75010: "v"}
    yield "legacy", b"\5" + unsigned_psa_token({**legacy, -75006: [component]})
    yield "legacy_unmeasured", b"\5" + unsigned_psa_token({**legacy, -75007: 1})
    yield "kid", b"\4" + unsigned_psa_token(claims, {4: b"k"})
    yield "unsigned", b"\0" + cbor(claims)
    yield "mac", b"\0" + b"\xd1" + unsigned_psa_token(claims)[1:]


# ---- src/codec and src/appraiser/kat ----

KAT_COLLECTION = "tag:ietf.org,2024-02-29:rats/kat"
KAT_TYPE = "application/eat+cwt"


def kat_token(claims, tagged=False, alg=-7):
    message = sign1({1: alg}, {}, cbor(claims))
    return cbor(Tag(18, message) if tagged else message)


def kat_bundle(kat, pat, **more):
    return cbor({"kat": kat, "pat": pat, "__cmwc_t": KAT_COLLECTION, **more})


def kat_claims():
    """Of the generator of P-256: a key on its curve, of which nobody asks for a signature."""
    key = {1: 2, -1: 1, -2: P256_G[:32], -3: P256_G[32:]}
    return {8: {1: key}, 10: FRESH_NONCE, 2500: key}


def kat_bundles(pat):
    claims = kat_claims()
    yield "plain", kat_bundle([KAT_TYPE, kat_token(claims), 4], pat)
    yield "tagged", kat_bundle([263, kat_token(claims, True)], pat)
    yield "tag_form", kat_bundle(Tag(1668547081, kat_token(claims)), pat)
    yield "ed25519", kat_bundle([KAT_TYPE, kat_token({**claims, 2500: ED25519_KEY}, alg=-8), 4], pat)
    yield "rsa", kat_bundle([KAT_TYPE, kat_token({**claims, 8: {1: RSA_KEY}}), 4], pat)
    yield "exp", kat_bundle([KAT_TYPE, kat_token({**claims, 4: 1}), 4], pat)
    for name, label in (("no_kak", 2500), ("no_cnf", 8), ("no_nonce_in_it", 10)):
        yield name, kat_bundle([KAT_TYPE, kat_token({k: v for k, v in claims.items() if k != label}), 4], pat)
    yield "kid", kat_bundle([KAT_TYPE, kat_token({**claims, 8: {3: b"k"}}), 4], pat)
    yield "nested", kat_bundle([KAT_TYPE, kat_token(claims), 4], {"kat": pat, "__cmwc_t": KAT_COLLECTION})
    yield "more", kat_bundle([KAT_TYPE, kat_token(claims), 4], pat, more=pat)


@target("fuzz_codec_kat")
def codec_kat():
    yield from kat_bundles([10003, b"token"])


@target("fuzz_appraiser_kat")
def appraiser_kat():
    """The hash that links the two is one for everything there: 32 times aa."""
    claims = {10: b"\xaa" * 32, 256: b"\1" * 33, 265: "tag:psacertified.org,2023:psa#tfm", 2394: -7, 2395: 0x3000,
              2396: b"\x49" * 32, 2399: [{1: "BL", 2: b"\xb1" * 32, 4: "1", 5: b"\x51" * 32}]}
    pat = unsigned_psa_token(claims)
    for name, octets in kat_bundles([10003, pat]):
        yield name, b"\4" + octets
    good = [KAT_TYPE, kat_token(kat_claims()), 4]
    for name, first in (("labelled", b"\5"), ("no_nonce", b"\6"), ("no_claims", b"\0")):
        yield name, first + kat_bundle(good, [10003, pat])
    yield "other_kak", b"\4" + kat_bundle(good, [10003, unsigned_psa_token({**claims, 10: bytes(32)})])
    yield "debug", b"\4" + kat_bundle(good, [10003, unsigned_psa_token({**claims, 2395: 0x4000})])
    yield "tpm", b"\4" + kat_bundle(good, ["application/vnd.parallaxsecond.key-attestation.tpm", pat])


def tpm_attest(kind, body, signer=bytes(34), nonce=FRESH_NONCE):
    return (struct.pack(">IH", 0xFF544347, kind) + vec16(signer) + vec16(nonce)
            + struct.pack(">QIIBQ", 1, 2, 3, 1, 4) + body)


def tpm_certify():
    # The hash of the fuzz target is aa throughout, and so is every name.
    return tpm_attest(0x8017, vec16(b"\0\x0b" + b"\xaa" * 32) + vec16(bytes(34)))


def tpm_quote(pcrs=(0, 7), bank=0x000B, digest=b"\xaa" * 32):
    bitmap = sum(1 << pcr for pcr in pcrs).to_bytes(3, "little")
    selection = struct.pack(">HB", bank, 3) + bitmap
    return tpm_attest(0x8018, struct.pack(">I", 1) + selection + vec16(digest))


TPM_ECDSA = struct.pack(">HH", 0x0018, 0x000B) + vec16(b"\1" * 32) + vec16(b"\1" * 31)
TPM_RSASSA = struct.pack(">HH", 0x0014, 0x000B) + vec16(b"\1" * 256)
TPM_ECC_KEY = bytes.fromhex("0023000b00040072000000100018000b00030010") + vec16(
    b"\1" * 32) + vec16(b"\1" * 31)
TPM_RSA_KEY = bytes.fromhex("0001000b00040072000000100010080000000000") + vec16(
    b"\xff" * 256)


def tpm_bundle(key=TPM_ECC_KEY, signature=TPM_ECDSA, quote=None):
    kid = b"\1" * 33
    return cbor({"kat": {"tpmVer": "2.0", "kid": kid, "sig": signature, "certInfo": tpm_certify(),
                         "pubArea": key},
                 "pat": {"tpmVer": "2.0", "kid": kid, "sig": signature,
                         "attestInfo": quote or tpm_quote()}})


@target("fuzz_appraiser_tpm2")
def appraiser_tpm2():
    yield "known", b"\4" + tpm_bundle()
    yield "labelled", b"\5" + tpm_bundle()
    yield "no_nonce", b"\6" + tpm_bundle()
    yield "rsa", b"\4" + tpm_bundle(TPM_RSA_KEY, TPM_RSASSA)
    yield "imported", b"\0" + tpm_bundle(TPM_ECC_KEY.replace(b"\0\4\0\x72", b"\0\4\0\x52"))
    yield "other_pcrs", b"\4" + tpm_bundle(quote=tpm_quote((0, 1, 7)))
    yield "no_pcrs", b"\4" + tpm_bundle(quote=tpm_quote(()))
    yield "sha1_bank", b"\4" + tpm_bundle(quote=tpm_quote(bank=4))
    yield "other_digest", b"\4" + tpm_bundle(quote=tpm_quote(digest=bytes(32)))
    yield "two_banks", b"\4" + tpm_bundle(quote=tpm_attest(
        0x8018, bytes.fromhex("00000002000b03810000000c03810000") + vec16(b"\xaa" * 32)))


# ---- src/attester/tpm2: key files, attester.json, what a TPM answers ----

# The generator of P-256 (SEC 2, 2.4.2): a point that is on the curve.
P256 = (
    bytes.fromhex("6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"),
    bytes.fromhex("4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"),
)


def tpm_public(attributes, scheme=b"\0\x18\0\x0b"):
    """TPMT_PUBLIC of a key on P-256."""
    return (
        bytes.fromhex("0023000b")
        + struct.pack(">I", attributes)
        + b"\0\0\0\x10"
        + scheme
        + b"\0\x03\0\x10"
        + vec16(P256[0])
        + vec16(P256[1])
    )


def pem(name, octets):
    text = base64.b64encode(octets).decode()
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    return "\n".join([f"-----BEGIN {name}-----", *lines, f"-----END {name}-----", ""]).encode()


def tss2_key(options=b"\xa0\3\1\1\xff", parent=b"\2\4\x40\0\0\1", public=None, private=b"\0\x10" + b"p" * 16):
    public = vec16(tpm_public(0x00040472)) if public is None else public
    body = bytes.fromhex("06066781050a0103") + options + parent + der(0x04, public) + der(0x04, private)
    return pem("TSS2 PRIVATE KEY", der(0x30, body))


@target("fuzz_tpm2_key_pem")
def tpm2_keys():
    yield "key", tss2_key()
    yield "crlf", tss2_key().replace(b"\n", b"\r\n")
    yield "no_scheme", tss2_key(public=vec16(tpm_public(0x00060072, b"\0\x10")))
    yield "true_is_one", tss2_key(options=b"\xa0\3\1\1\1")
    yield "password", tss2_key(options=b"")
    yield "policy", tss2_key(options=b"\xa0\3\1\1\xff\xa1\2\x30\0")
    yield "description", tss2_key(options=b"\xa0\3\1\1\xff\xa4\6\x0c\4test")
    yield "rsa_parent", tss2_key(options=b"\xa0\3\1\1\xff\xa5\3\1\1\xff")
    yield "persistent_parent", tss2_key(parent=b"\2\5\0\x81\0\0\1")
    yield "other_parent", tss2_key(parent=b"\2\4\x40\0\0\7")
    yield "imported", tss2_key(public=vec16(tpm_public(0x00040440)))
    yield "empty", tss2_key(public=b"", private=b"")
    yield "other_pem", pem("PRIVATE KEY", b"\x30\0")


@target("fuzz_tpm2_config")
def tpm2_configs():
    ak = tpm_public(0x00050472)
    spki = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004") + P256[0] + P256[1]
    config = {
        "rot": "tpm2",
        "format": "tpm2",
        "ak": {"handle": "0x81010100", "public": base64.b64encode(ak).decode()},
        "kid": "01" + hashlib.sha256(spki).hexdigest(),
        "pcrs": "sha256:0,1,2,7",
    }
    changes = {
        "plain": {},
        "tcti": {"tcti": "swtpm:path=/run/tpm"},
        "queue": {"queue": 8},
        "long_queue": {"queue": 4097},
        "other_kid": {"kid": "01" + "00" * 32},
        "other_bank": {"pcrs": "sha1:0"},
        "larger_bank": {"pcrs": "sha384:0,23"},
        "unknown": {"more": 1},
        "other_rot": {"rot": "sim-psa"},
        "transient": {"ak": {"handle": "0x80000000", "public": config["ak"]["public"]}},
    }
    for name, change in changes.items():
        yield name, json.dumps({**config, **change}).encode()


def tpm_response(body, code=0, tag=0x8001):
    return struct.pack(">HHII", 10 + len(body), tag, 10 + len(body), code) + body


def pcr_values(bank, bitmap, digests):
    selection = struct.pack(">IHB", 1, bank, 3) + bitmap
    return tpm_response(b"\0\0\0\7" + selection + struct.pack(">I", len(digests)) + b"".join(map(vec16, digests)))


@target("fuzz_tpm2_response")
def tpm2_responses():
    first = pcr_values(0x000B, b"\xff\0\0", [bytes([n]) * 32 for n in range(8)])
    rest = pcr_values(0x000B, b"\0\0\x80", [b"\xff" * 32])
    ak = tpm_public(0x00050472)
    name = b"\0\x0b" + hashlib.sha256(ak).digest()
    read = tpm_response(vec16(ak) + vec16(name) + vec16(name))
    handles = tpm_response(b"\0" + struct.pack(">III", 1, 1, 0x80000000))
    larger = pcr_values(0x000C, b"\xff\0\x80", [bytes([n]) * 48 for n in range(8)])
    refused = tpm_response(b"", 0x18B)
    yield "pcrs", first + rest
    yield "pcrs_and_key", first + rest + read + refused + handles + refused
    yield "larger_bank", refused + refused + refused + handles + read + tpm_response(b"") + larger
    yield "no_pcrs", pcr_values(0x000B, b"\0\0\0", [])
    yield "other_bank", pcr_values(0x0004, b"\xff\0\0", [b"\0" * 20] * 8)
    yield "same_again", first + first
    yield "retry", tpm_response(b"", 0x922) * 6
    yield "ask_again", tpm_response(b"", 0x00070009)
    yield "empty", b""


# ---- src/inspect: the samples of tests/kat/inspect, which are ours ----


@target("fuzz_inspect_any")
def inspect_samples():
    folder = CORPUS.parents[1] / "tests/kat/inspect"
    for path in sorted(folder.iterdir()):
        if path.suffix not in (".diag", ".txt", ".py", ".md") and path.is_file():
            yield path.name, path.read_bytes()


@target("fuzz_stack_handshake")
def stack_handshakes():
    def body(octets):
        return b"\1" + vec16(octets)

    offer, choice, good, none = body(bytes.fromhex("000400002713000400002713")), body(b"\0\0\x27\x13"), b"\2", b"\0"
    credential = body(bytes.fromhex("000006821927134100"))
    token = sign1({1: -7}, {}, b"\xa0")
    wrapped = body(b"\0" + vec16(cbor([10003, token])))
    yield "server_good_peer", b"\0"
    yield "client_good_peer", b"\1"
    yield "server_retry", b"\2" + offer + offer + wrapped
    yield "client_retry", b"\3" + choice + choice + wrapped
    yield "server_credential", b"\0" + offer + credential
    yield "client_credential", b"\1" + choice + choice + credential
    yield "server_no_offer", b"\0" + none
    yield "client_no_choice", b"\1" + none + none
    yield "client_no_credential", b"\1" + good + good + none
    yield "server_two_offers", b"\2" + offer + none
    yield "server_malformed", b"\0" + body(b"\0\4\0\0")
    yield "client_malformed", b"\1" + body(b"\7")
    yield "server_empty_cmw", b"\0" + good + body(b"\0\0\0")


@target("fuzz_stack_framed")
def framed_connections():
    """Flags (1 client, 2 requires, 4 frames, 8 the gate is open, 16 tells what is late), then steps of both sides."""
    def frame(kind, body=b""):
        return b"\0" + bytes([kind]) + vec16(body)

    def raw(octets):
        return b"\1" + vec16(octets)

    read, write, run, ask, end, closed, step = b"\2", b"\3\5", b"\4", b"\5", b"\7", b"\x08", b"\x09"
    late = b"\6\x64"

    def request(kind, number):
        asked = extension(13, vec16(b"\x04\x03")) + extension(0xff5f, b"") + extension(0xff60, vec16(b"\0\0\x27\x13"))
        return frame(2, handshake_message(kind, bytes([32]) + bytes([number]) * 32 + vec16(asked)))

    hello, framed, asks = frame(1, b"\1\0"), frame(1, b"\1\2"), frame(1, b"\1\3")
    done, answer = frame(4), frame(3, handshake_message(20, bytes(32)))
    data = frame(5, b"some data of the peer's")
    yield "plain", b"\0" + step + hello + done + step + raw(b"plain") + read + write + end + closed + read
    yield "opens_framed", b"\4" + step + framed + done + step + data + read + write + read + end
    yield "asked_server", b"\4" + step + asks + request(17, 1) + step + done + step + data + read + write
    yield "asked_client", b"\5" + step + asks + request(13, 1) + step + done + step + data + read + write
    yield "requires", b"\7" + step + framed + answer + done + step + data + read
    yield "early_data", b"\6" + step + framed + data + step + read
    yield "early_data_read", b"\4" + step + framed + frame(5, b"early") + step + done + step + data + read
    yield "no_answer", b"\7" + step + framed + done + step + data + read
    yield "no_frames", b"\7" + step + hello + step
    yield "data", b"\x0c" + data + data + read + write + write + read + read + data + end + read + closed + read
    yield "pieces", b"\x0c" + raw(b"\5\0") + read + raw(b"\0\3ab") + run + raw(b"c\5") + read + raw(b"\0\0\1d") + read
    yield "parts", b"\x0c" + (frame(5, bytes(range(256))) + read + run) * 4 + frame(5, b"x" * 300) + read * 20
    yield "asked_often", b"\x0c" + b"".join(request(17, i) + run + done + data + read for i in range(1, 12)) + late + run
    yield "asks", b"\x0f" + ask + run + data + answer + read
    yield "asks_late", b"\x1f" + ask + run + late + run + data + read + write + late + answer + run
    yield "crossing", b"\x0e" + ask + request(17, 1) + run + done + data + read + answer + run
    yield "close", b"\x0d" + data + frame(6, b"\x28") + read + write
    yield "two_requests", b"\x0d" + request(13, 1) + request(13, 2) + run
    yield "cut", b"\x0c" + raw(b"\5\0\0\4ab") + closed + read
    yield "ahead", b"\x0e" + ask + run + b"".join(frame(5, bytes([i]) * 16380) + run for i in range(6)) + read + read


# ---- src/result, src/json: Attestation Results ----

EAR_LABELS = {
    "iss": 1, "exp": 4, "nbf": 5, "iat": 6, "jti": 7, "cnf": 8, "eat_nonce": 10, "eat_profile": 265, "submods": 266,
    "ear_status": 1000, "ear_trustworthiness_vector": 1001, "ear_raw_evidence": 1002,
    "ear_appraisal_policy_ids": 1003, "ear_verifier_id": 1004, "ear_attester_claims": 1005,
    "ear_verifier_claims": 1006, "ear_device_topology": 1007, "ear_veraison_annotated_evidence": -70000,
    "ear_veraison_policy_claims": -70001, "ear_veraison_key_attestation": -70002, "developer": 0, "build": 1,
    "instance-identity": 0, "executables": 2, "hardware": 4,
}
EAR_TIERS = {"none": 0, "affirming": 2, "warning": 32, "contraindicated": 96}


def ear_results():
    """Results by name, in underscore names."""
    submod = {"ear_status": "affirming", "ear_trustworthiness_vector": {"instance-identity": 2, "hardware": 2},
              "ear_appraisal_policy_ids": ["policy:A"]}
    least = {"eat_profile": "tag:ietf.org,2026:rats/ear#04", "iat": 1780000000,
             "ear_verifier_id": {"developer": "d", "build": "b"}, "submods": {"A": {"ear_status": "none"}}}
    whole = dict(least, iss="https://v.example", exp=1780003600, nbf=1, eat_nonce=bytes(range(8)), ear_status="none",
                 ear_raw_evidence=b"raw", ear_device_topology={"A": ["B"]}, submods={
                     "A": dict(submod, ear_attester_claims={"k": [1, "v", None, True]}, eat_nonce=bytes(8),
                               ear_verifier_claims={"problem": "p"}, simulated=True,
                               ear_veraison_key_attestation={"akpub": bytes(91)}),
                     "B": {"ear_status": "warning", "ear_trustworthiness_vector": {"executables": 33}}})
    yield "least", least
    yield "whole", whole
    yield "veraison", dict(whole, eat_profile="tag:github.com,2023:veraison/ear", ear_device_topology={"A": ["A"]})
    yield "old_claims", dict(least, submods={"A": dict(submod, ear_veraison_annotated_evidence={"k": 1},
                                                       ear_veraison_policy_claims={"problem": "p"})})
    yield "two_spellings", dict(least, submods={"A": dict(submod, ear_attester_claims={},
                                                          ear_veraison_annotated_evidence={})})
    yield "better_than_it_is", dict(least, submods={"A": dict(submod, ear_trustworthiness_vector={"hardware": 96})})
    yield "many", dict(least, submods={f"m{i}": submod for i in range(9)})
    yield "other_profile", dict(least, eat_profile="test")
    yield "no_status", dict(least, submods={"A": {}})
    yield "empty_vector", dict(least, submods={"A": {"ear_status": "none", "ear_trustworthiness_vector": {}}})


def ear_in_cbor(value, name=None):
    if isinstance(value, dict):
        return {EAR_LABELS.get(key, key): ear_in_cbor(inner, key) for key, inner in value.items()}
    return EAR_TIERS[value] if name == "ear_status" else value


def ear_in_json(value, dotted=False):
    if isinstance(value, dict):
        return {key.replace("ear_veraison_", "ear.veraison.").replace("ear_", "ear.").replace("_", "-")
                .replace("policy-ids", "policy-id") if dotted and key.startswith("ear_") else key:
                ear_in_json(inner, dotted) for key, inner in value.items()}
    return b64url(value) if isinstance(value, bytes) else value


@target("fuzz_result_ear")
def results_in_cbor():
    for name, result in ear_results():
        yield name, cbor(ear_in_cbor(result))
    claims = ear_in_cbor(dict(ear_results())["least"])
    thumbprint = {5: bytes(32)}
    key = {1: {1: 2, -1: 1, -2: bytes(32), -3: bytes(32)}}
    yield "cnf_ckt", cbor({**claims, 8: thumbprint})
    yield "cnf_key", cbor({**claims, 8: key})
    yield "record", cbor({**claims, 1002: ["text/plain", b"raw", 4]})
    yield "oid", cbor({**claims, 265: b"\x2a\3"})
    yield "cwt", cbor(Tag(18, sign1({1: -7, 4: b"k"}, {}, cbor(claims))))
    yield "cwt_tags", cbor(Tag(61, Tag(18, sign1({1: -7}, {}, cbor(claims)))))


@target("fuzz_json_ear")
def results_in_json():
    for name, result in ear_results():
        yield name, json.dumps(ear_in_json(result)).encode()
        yield name + "_dotted", json.dumps(ear_in_json(result, True)).encode()
    claims = ear_in_json(dict(ear_results())["least"])
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": "A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg"}
    yield "cnf_jwk", json.dumps(dict(claims, cnf={"jwk": jwk})).encode()
    yield "cnf_jkt", json.dumps(dict(claims, cnf={"jkt": b64url(bytes(32))})).encode()
    yield "record", json.dumps(dict(claims, ear_raw_evidence=["text/plain", "cmF3", 4])).encode()
    yield "iat_real", json.dumps(dict(claims, iat=1780000000.0)).encode()
    payload = b64url(json.dumps(claims).encode())
    for name, header in (("jwt", {"alg": "EdDSA", "kid": "k"}), ("jwt_none", {"alg": "none"}),
                         ("jwt_hs256", {"alg": "HS256"})):
        yield name, ".".join([b64url(json.dumps(header).encode()), payload, b64url(bytes(64))]).encode()
    yield "cwt", cbor(Tag(18, sign1({1: -8}, {}, cbor(ear_in_cbor(dict(ear_results())["least"])))))


@target("fuzz_verifier_passport")
def passports():
    """Signed by nobody, about the generator of P-256, in each form of the CMW."""
    spki = dict(public_keys())["p256"]
    vector = {"instance-identity": 2, "executables": 3, "hardware": 2}
    submod = {"ear_status": "affirming", "ear_trustworthiness_vector": vector, "ear_veraison_key_attestation": {"akpub": spki}}
    good = {"eat_profile": "tag:ietf.org,2026:rats/ear#04", "iss": "https://v.example", "iat": 1780000000, "exp": 1780003600,
            "ear_verifier_id": {"developer": "d", "build": "b"}, "submods": {"PARSEC_TPM": submod}}
    simulated = {**submod, "ear_status": "warning", "ear_trustworthiness_vector": {**vector, "hardware": 32}, "simulated": True}
    others = {"good": good, "two": {**good, "submods": {"PARSEC_TPM": submod, "PSA_IOT": submod}},
              "mystery": {**good, "submods": {"MYSTERY": submod}}, "simulated": {**good, "submods": {"PSA_IOT": simulated}},
              "lie": {**good, "submods": {"PSA_IOT": {**submod, "simulated": True}}}, "aud": {**good, "aud": "a"},
              "old": {**good, "iat": 1, "exp": 2}, "issuer": {**good, "iss": "tag:o.example,2026:v"},
              "unnamed": {**good, "submods": {"PSA_IOT": {"ear_status": "none"}}}}
    for name, claims in others.items():
        header = b64url(json.dumps({"alg": "ES256"}).encode())
        jwt = ".".join([header, b64url(json.dumps(ear_in_json(claims)).encode()), b64url(bytes(64))]).encode()
        cwt = cbor(Tag(18, sign1({1: -7}, {}, cbor(ear_in_cbor(claims)))))
        yield name + "_jwt", cbor([264, jwt, 8])
        yield name + "_cwt", cbor([263, cwt, 8])
    yield "json", json.dumps(["application/eat+jwt", b64url(jwt), 8]).encode()
    yield "labelled", cbor(['application/eat+cwt; eat_profile="tag:ietf.org,2026:rats/ear#04"', cwt])
    yield "mislabelled", cbor([264, cwt, 8])
    yield "evidence", cbor([263, cwt, 4])
    yield "collection", cbor({"a": [264, jwt, 8]})


# ---- svc/verifier: between the processes, and what HTTP leaves to us ----


def vec8(octets):
    return struct.pack(">B", len(octets)) + octets


def long(octets):
    return struct.pack(">I", len(octets)) + octets


def a_diag(number=86):
    texts = (b"evidence freshness", b"psa-nonce", b"another", b"the binder")
    return struct.pack(">HQ", number, 3) + b"".join(map(vec8, texts))


def a_match():
    return vec8(b"psa") + vec8(b"\1" * 33) + vec8(b"\2" * 32)


def an_outcome():
    vector = bytes([2, 2, 3, 0, 32, 0, 0, 255])
    submod = (vec8(b"psa") + vector + bytes([32, 1 | 4 | 16, 2]) + vec8(b"k" * 32) + vec16(b"spki") + vec8(b"m") +
              a_diag(92) + long(b'{"a":1}'))
    return b"\0\0" + vec8(b"psa") + b"\1" + submod


@target("fuzz_service_message")
def service_messages():
    nonce = bytes(range(32))
    asked = (struct.pack(">QQQB", 1790000000, 11, 3, 1) + long(b"[]") + struct.pack(">QB", 5, 1) + long(b"packed"))
    body = vec8(nonce) + vec16(b"application/cmw+cbor") + long(b"body")
    wanted = b"\1\1" + vec8(b"Milan") + vec8(b"c" * 64) + bytes([1, 2, 3, 4, 5, 6]) + b"fmspc!" + b"\1\2\1"
    fetched = wanted + struct.pack(">Q", 77) + vec16(b"/vcek/v1/Milan/crl") + vec16(b"chain") + long(b"octets")
    yield "evaluate_fetched", b"\0" + asked + struct.pack(">BQB", 1, 12, 1) + fetched + body + b"\0"
    asked += struct.pack(">BQB", 0, 0, 0) + body
    yield "evaluate", b"\0" + asked + b"\0"
    yield "evaluate_documents", (b"\0" + asked + struct.pack(">BH", 1, 2) + struct.pack(">QB", 7, 0) +
                                 struct.pack(">QB", 9, 1) + long(b"corim"))
    yield "check", b"\1" + vec8(b"i" * 50) + vec8(nonce)
    yield "batch", b"\x0b" + struct.pack(">H", 2) + b"\x11" + long(b"one") + b"\x13" + long(b"")
    yield "examine", b"\2" + struct.pack(">Q", 1790000000) + long(b"corim")
    said = vec16(b"a/b") + long(b"v") + a_match() + struct.pack(">H", 3)
    yield "identified", b"\3\0\0\0" + said + long(b"") + b"\0"
    yield "needs", b"\3\2\0\0" + said + long(b"") + b"\0"
    yield "needs_collateral", b"\3\5\0\0" + said + long(b"") + b"\0"
    yield "needs_fetched", b"\3\6\0\0" + said + long(b"") + b"\0" + wanted + struct.pack(">Q", 9)
    yield "appraised", b"\3\3\0\0" + said + long(an_outcome()) + b"\1"
    yield "unidentified", b"\3\0" + a_diag(83) + vec16(b"") + long(b"") + b"\0\0\0" + b"\0\0" + long(b"") + b"\0"
    yield "examined", (b"\4" + b"\0\0" + vec16(b"id") + struct.pack(">QB", 3, 1) +
                       vec16(b"signed by CN=maker") + struct.pack(">Q", 1790000000) + vec16(b"tag:x") +
                       struct.pack(">I", 2) + a_match() + vec8(b"") + a_match() + vec8(b"k" * 32))
    yield "outcome", b"\5" + an_outcome()
    yield "no_outcome", b"\5" + a_diag() + vec8(b"tpm2") + b"\0"
    yield "open", b"\6" + b"\x20" + vec8(b"") + struct.pack(">I", 150)
    yield "opened", b"\7" + b"\0\0" + vec8(b"i" * 50) + vec8(nonce)
    yield "sign", b"\x08" + vec8(b"i" * 50) + vec8(nonce) + long(an_outcome()) + b"\1"
    yield "text", b"\x09" + b"\0\0" + long(b"a.b.c")
    yield "header", b"\x0a" + bytes([1, 7, 0, 0, 0, 0, 0, 5])


@target("fuzz_service_query")
def service_queries():
    yield "size", b"/challenge-response/v1/newSession?nonceSize=64"
    yield "nonce", b"/challenge-response/v1/newSession?nonce=-_-_AAAAAAAAAAA%3D&x=y"
    yield "standard", b"nonce=++//AAAAAAAAAAA="
    yield "after", b"x=y&after=200"
    yield "unquoted", b"application/eat-cwt; profile=http://arm.com/psa/2.0.0; x=y"
    yield "session", b"/challenge-response/v1/session/" + b"A" * 136
    yield "id", b"A" * 136
    yield "accept", b"application/x+json;q=0.5, */*;q=0, application/*"
    yield "type", b'application/rim+cbor; profile="tag:arm.com,2025:psa#1.0.0"'


def main(names):
    for name in names or sorted(TARGETS):
        folder = CORPUS / name
        folder.mkdir(parents=True, exist_ok=True)
        for seed, octets in TARGETS[name]():
            (folder / seed).write_bytes(octets)


if __name__ == "__main__":
    main(sys.argv[1:])
