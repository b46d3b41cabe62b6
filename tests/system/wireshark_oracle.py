# SPDX-License-Identifier: Apache-2.0
"""What the Wireshark dissector should show of an extension: (field, value) in the order of the octets.

Decoded by cbor2 and json, with tables of its own. Values are what Python has for them: octets,
integers, text. It wants well-formed input; of what is malformed the tests say themselves what they expect.
"""

import base64
import json
import re

import cbor2
import tpm_fields

DIGEST_TAG = 18
PSA_TFM = 'application/eat+cwt; eat_profile="tag:psacertified.org,2023:psa#tfm"'
FORMATS = {61: "application/cwt", 263: "application/eat+cwt", 264: "application/eat+jwt",
           267: "application/eat-ucs+cbor", 268: "application/eat-ucs+json",
           273: "application/cmw+cbor", 274: "application/cmw+json", 275: "application/cmw+cose",
           276: "application/cmw+jws", 601: "application/uccs+cbor", 10003: PSA_TFM,
           10004: "application/eat+cwt"}
TIERS = {"none": 0, "affirming": 2, "warning": 32, "contraindicated": 96}
DEBUG = {"enabled": 0, "disabled": 1, "disabled-since-boot": 2, "disabled-permanently": 3,
         "disabled-fully-and-permanently": 4}
INTENDED = {"generic": 1, "registration": 2, "provisioning": 3, "csr": 4, "pop": 5}


class Node:
    """A decoded value that knows whether it came in JSON."""

    def __init__(self, value, from_json: bool = False):
        self.value, self.json = value, from_json

    def octets(self) -> bytes:
        return unbase64(self.value) if self.json else self.value

    def of(self, value) -> "Node":
        return Node(value, self.json)


def unbase64(text: str) -> bytes:
    text = text.rstrip("=").replace("+", "-").replace("/", "_")
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


# ---- what no table names ----


def described(value) -> str:
    if isinstance(value, bytes):
        return value[:64].hex() + ("…" if len(value) > 64 else "")
    if isinstance(value, str):
        return '"' + printable(value) + '"'
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, (list, tuple)):
        return f"array of {len(value)}"
    if isinstance(value, dict):
        return f"map of {len(value)}"
    if isinstance(value, cbor2.CBORTag):
        return f"tag {value.tag}"
    return str(value)


def printable(text: str, limit: int = 200) -> str:
    octets = text.encode()
    shown = "".join(chr(octet) if 32 <= octet < 127 else f"\\x{octet:02x}" for octet in octets[:limit])
    return shown + "…" if len(octets) > limit else shown


def anything(value, label=None) -> list:
    text = (printable(label, 100) + ": " if label is not None else "") + described(value)
    found = [("item", text)]
    if isinstance(value, (list, tuple)):
        for at, inner in enumerate(value):
            found += anything(inner, f"[{at}]")
    if isinstance(value, dict):
        for key, inner in value.items():
            found += anything(inner, described(key))
    if isinstance(value, cbor2.CBORTag):
        found += anything(value.value, "value")
    return found


# ---- claims ----

OCTETS, TEXT, NUMBER = "octets", "text", "number"
EAT = {
    (1, "iss"): (TEXT, "eat.iss"), (2, "sub"): (TEXT, "eat.sub"), (3, "aud"): (TEXT, "eat.aud"),
    (4, "exp"): (NUMBER, "eat.exp"), (5, "nbf"): (NUMBER, "eat.nbf"),
    (6, "iat"): (NUMBER, "eat.iat"), (7, "cti"): (OCTETS, "eat.cti"),
    ("jti", "jti"): (TEXT, "eat.jti"), (10, "eat_nonce"): (OCTETS, "eat.nonce"),
    (256, "ueid"): (OCTETS, "eat.ueid"), (258, "oemid"): (OCTETS, "eat.oemid"),
    (259, "hwmodel"): (OCTETS, "eat.hwmodel"), (261, "uptime"): (NUMBER, "eat.uptime"),
    (262, "oemboot"): (NUMBER, "eat.oemboot"), (263, "dbgstat"): (DEBUG, "eat.dbgstat"),
    (265, "eat_profile"): (TEXT, "eat.profile"), (267, "bootcount"): (NUMBER, "eat.bootcount"),
    (268, "bootseed"): (OCTETS, "eat.bootseed"), (270, "swname"): (TEXT, "eat.swname"),
    (275, "intuse"): (INTENDED, "eat.intuse"),
}
PSA = {
    (10, -75008): (OCTETS, "psa.nonce"), (256, -75009): (OCTETS, "psa.instance_id"),
    (265, -75000): (TEXT, "eat.profile"), (2394, -75001): (NUMBER, "psa.client_id"),
    (2395, -75002): (NUMBER, "psa.security_lifecycle"),
    (2396, -75003): (OCTETS, "psa.implementation_id"), (268, -75004): (OCTETS, "psa.boot_seed"),
    (2397, 2397): (OCTETS, "psa.boot_seed"),
    (2398, -75005): (TEXT, "psa.certification_reference"),
    (2400, -75010): (TEXT, "psa.verification_service"),
    (-75007, -75007): (NUMBER, "psa.no_sw_measurement"),
}
COMPONENT = {1: (TEXT, "psa.component.type"), 2: (OCTETS, "psa.component.value"),
             4: (TEXT, "psa.component.version"), 5: (OCTETS, "psa.component.signer_id"),
             6: (TEXT, "psa.component.description")}
CCA_COMPONENT = {1: (TEXT, "cca.component.type"), 2: (OCTETS, "cca.component.value"),
                 4: (TEXT, "cca.component.version"), 5: (OCTETS, "cca.component.signer_id"),
                 6: (TEXT, "cca.component.hash_algo_id")}
PLATFORM = {
    10: (OCTETS, "cca.platform.challenge"), 256: (OCTETS, "cca.platform.instance_id"),
    265: (TEXT, "cca.platform.profile"), 2395: (NUMBER, "cca.platform.lifecycle"),
    2396: (OCTETS, "cca.platform.implementation_id"),
    2400: (TEXT, "cca.platform.service_indicator"), 2401: (OCTETS, "cca.platform.config"),
    2402: (TEXT, "cca.platform.hash_algo_id"),
}
REALM = {
    10: (OCTETS, "cca.realm.challenge"), 265: (TEXT, "cca.realm.profile"),
    44235: (OCTETS, "cca.realm.personalization_value"), 44236: (TEXT, "cca.realm.hash_algo_id"),
    44237: (OCTETS, "cca.realm.public_key"), 44238: (OCTETS, "cca.realm.initial_measurement"),
    44240: (TEXT, "cca.realm.public_key_hash_algo_id"),
}
VECTOR = ("instance-identity", "configuration", "executables", "file-system", "hardware",
          "runtime-opaque", "storage-opaque", "sourced-data")
COSE_KEY = {1: (NUMBER, "cose.key.kty"), 2: (OCTETS, "cose.key.kid"), 3: (NUMBER, "cose.key.alg"),
            -1: (NUMBER, "cose.key.crv"), -2: (OCTETS, "cose.key.x"), -3: (OCTETS, "cose.key.y")}
COSE_RSA = {**COSE_KEY, -1: (OCTETS, "cose.key.n"), -2: (OCTETS, "cose.key.e")}
JWK = {name: (TEXT, "jwk." + name) for name in ("kty", "crv", "alg", "kid")} | {
    name: (OCTETS, "jwk." + name) for name in "xyne"}
NONCES = ("psa.nonce", "eat.nonce", "cca.realm.challenge", "tpm.extra_data")
KINDS = ((("ear.verifier-id", "ear_verifier_id", 1004), "ear"), ((44235, 44238), "realm"),
         ((2401, 2402), "platform"), ((2394, 2396, -75001, -75003), "psa"))


def spread(table: dict) -> dict:
    return {key: row for keys, row in table.items() for key in keys}


TABLES = {"eat": spread(EAT), "ear": spread(EAT), "psa": spread(EAT) | spread(PSA),
          "platform": spread(EAT) | PLATFORM, "realm": spread(EAT) | REALM}


def simple(row, node: Node) -> list:
    kind, name = row
    if isinstance(node.value, list):
        return [pair for inner in node.value for pair in simple(row, node.of(inner))]
    if kind is OCTETS:
        return [(name, node.octets())]
    if isinstance(kind, dict) and isinstance(node.value, str):
        return [(name, kind[node.value])]
    return [(name, int(node.value // 1) if isinstance(node.value, float) else node.value)]


def members(table: dict, node: Node, special=None) -> list:
    found = []
    for key, value in node.value.items():
        more = special(key, node.of(value)) if special else None
        if more is not None:
            found += more
        elif key in table:
            found += simple(table[key], node.of(value))
        else:
            found += anything(value, described(key))
    return found


def compressed(key, node: Node):
    return [("cose.key.y_sign", node.value)] if key == -3 and isinstance(node.value, bool) else None


def cose_key(node: Node) -> list:
    return members(COSE_RSA if node.value.get(1) == 3 else COSE_KEY, node, compressed)


def confirmation(key, node: Node):
    if key == 1:
        return cose_key(node)
    if key == "jwk":
        return members(JWK, node)
    names = {3: "kid", 5: "ckt", "jkt": "jkt"}
    return [("eat.cnf." + names[key], node.octets())] if key in names else None


def appraisal(key, node: Node):
    """Members of an EAR and of its submodules."""
    if key in (1000, "ear.status", "ear_status"):
        value = node.value
        return [("ear.status", TIERS[value] if isinstance(value, str) else value)]
    if key in (1001, "ear.trustworthiness-vector", "ear_trustworthiness_vector"):
        rows = {at: (TIERS, "ar4si." + name.replace("-", "_")) for at, name in enumerate(VECTOR)}
        return members(rows | {name: rows[at] for at, name in enumerate(VECTOR)}, node)
    if key in (1003, "ear.appraisal-policy-id", "ear_appraisal_policy_ids"):
        return simple((TEXT, "ear.policy_id"), node)
    if key in (-70002, "ear.veraison.key-attestation", "ear_veraison_key_attestation"):
        return members({"akpub": (OCTETS, "ear.akpub")}, node)
    if key in (1004, "ear.verifier-id", "ear_verifier_id"):
        rows = {at: (TEXT, "ear.verifier_id." + name)
                for at, name in enumerate(("developer", "build"))}
        return members(rows | {"developer": rows[0], "build": rows[1]}, node)
    if key in (1002, "ear.raw-evidence", "ear_raw_evidence"):
        return cmw_value(node) if isinstance(node.value, list) else [
            ("ear.raw_evidence", node.octets())]
    for at, name in ((-70000, "annotated-evidence"), (-70001, "policy-claims")):
        if key in (at, "ear.veraison." + name):
            return anything(node.value, "ear_veraison_" + name.replace("-", "_"))
    return common(key, node)


def common(key, node: Node):
    if key in (266, "submods"):
        return [pair for inner in node.value.values() for pair in submodule(node.of(inner))]
    if key in (8, "cnf"):
        return members({}, node, confirmation)
    if key == 2500:
        return cose_key(node)
    if key == 265 and isinstance(node.value, bytes):
        return [("eat.profile", dotted(node.value))]
    if key in (258, "oemid") and isinstance(node.value, int):
        return [("eat.oemid_number", node.value)]
    if key in (299, "cmw"):
        return cmw_value(node)
    return None


def dotted(octets: bytes) -> str:
    """X.690, 8.19."""
    groups = re.findall(rb"[\x80-\xff]*[\x00-\x7f]", octets)
    numbers = [int("".join(f"{octet & 127:07b}" for octet in group), 2) for group in groups]
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, [first, numbers[0] - 40 * first, *numbers[1:]]))


def submodule(node: Node) -> list:
    if isinstance(node.value, bytes):
        return cose(node.value)
    if isinstance(node.value, dict):
        return claims(node)
    return anything(node.value)


def components(table: dict):
    def special(key, node: Node):
        if key in (2399, -75006):
            return [pair for part in node.value for pair in members(table, node.of(part))]
        if key == 44239:
            return [("cca.realm.extensible_measurement", octets) for octets in node.value]
        return common(key, node)
    return special


def claims(node: Node) -> list:
    if isinstance(node.value, cbor2.CBORTag):
        node = node.of(node.value.value)
    kind = next((kind for keys, kind in KINDS if any(key in node.value for key in keys)), "eat")
    special = {"psa": components(COMPONENT), "platform": components(CCA_COMPONENT),
               "realm": components({}), "ear": appraisal, "eat": common}[kind]
    if kind == "eat" and any(key in node.value for key in (1000, 1001, "ear.status", "ear_status")):
        special = appraisal
    return members(TABLES[kind], node, special)


# ---- COSE, JWS ----


def headers(value: dict) -> list:
    table = {1: (NUMBER, "cose.alg"), 4: (OCTETS, "cose.kid"), 33: (OCTETS, "cose.x5chain")}

    def special(key, node: Node):
        if key != 3:
            return None
        name = "cose.content_type" if isinstance(node.value, str) else "cose.content_format"
        return [(name, node.value)]

    return members(table, Node(value), special)


def cose(octets: bytes) -> list:
    return cose_value(cbor2.loads(octets))


def cose_value(value, inside=None) -> list:
    found = []
    while isinstance(value, cbor2.CBORTag):
        found.append(("cose.tag", value.tag))
        value = value.value
    protected, unprotected, payload, signature = value
    protected = cbor2.loads(protected) if protected else {}
    inside = protected.get(3, inside)
    found += headers(protected) + headers(unprotected)
    if payload and inside in (None, "application/eat+cwt", 263):
        found += claims(Node(cbor2.loads(payload)))
    elif payload:
        found += content(payload, FORMATS.get(inside, inside))
    return found + [("cose.signature", signature)]


def jws(octets: bytes, inside=None) -> list:
    header, payload, signature = octets.decode().split(".")
    table = {name: (TEXT, "jws." + name) for name in ("alg", "typ", "cty", "kid")}
    found = members(table, Node(json.loads(unbase64(header)), True))
    if inside is None:
        found += claims(Node(json.loads(unbase64(payload)), True))
    else:
        found += content(unbase64(payload), inside)
    return found + [("jws.signature", unbase64(signature))][:len(signature)]


# ---- Parsec ----

STRUCTURES = {"sig": tpm_fields.signature, "certInfo": tpm_fields.attest,
              "attestInfo": tpm_fields.attest, "pubArea": tpm_fields.public}


def parsec_tpm(octets: bytes) -> list:
    def special(key, node: Node):
        return STRUCTURES[key](node.value) if key in STRUCTURES else None

    table = {"tpmVer": (TEXT, "parsec.tpm_ver"), "kid": (OCTETS, "parsec.kid")}
    return [pair for half in cbor2.loads(octets).values()
            for pair in members(table, Node(half), special)]


def parsec_cca(octets: bytes) -> list:
    halves = {"kat": lambda value: claims(Node(value)), "pat": cca}
    return [pair for key, value in cbor2.loads(octets).items() for pair in halves[key](value)]


def cca(value) -> list:
    value = value.value if isinstance(value, cbor2.CBORTag) else value
    tokens = [token[1] if isinstance(token, list) else token for token in value.values()]
    return [pair for token in tokens for pair in cose(token)]


# ---- CMW ----


def content(octets: bytes, media_type: str) -> list:
    plain = media_type.partition(";")[0].strip().lower()
    if plain in ("application/eat+cwt", "application/cwt", "application/cose"):
        return cose(octets)
    if plain in ("application/eat+jwt", "application/jwt"):
        return jws(octets)
    if plain in ("application/eat-ucs+cbor", "application/uccs+cbor"):
        return claims(Node(cbor2.loads(octets)))
    if plain == "application/eat-ucs+json":
        return claims(Node(json.loads(octets), True))
    if plain.startswith("application/cmw+"):
        return cmw(octets)
    if plain.startswith("application/vnd.parallaxsecond.key-attestation."):
        return parsec_tpm(octets) if plain.endswith("tpm") else parsec_cca(octets)
    if plain == "application/eat-collection":
        return cca(cbor2.loads(octets))
    if plain.endswith("+cbor"):
        return anything(cbor2.loads(octets))
    if plain.endswith("+json"):
        return anything(json.loads(octets))
    return []


def record(node: Node) -> list:
    kind, value, *ind = node.value
    name = "cmw.media_type" if isinstance(kind, str) else "cmw.content_format"
    octets = node.of(value).octets()
    found = [("cmw.form", "JSON record" if node.json else "record"), (name, kind),
             ("cmw.value", octets)]
    found += content(octets, kind if isinstance(kind, str) else FORMATS.get(kind, ""))
    return found + [("cmw.ind", bits) for bits in ind]


def collection(node: Node) -> list:
    found = [("cmw.form", "JSON collection" if node.json else "collection")]
    for key, value in node.value.items():
        if key == "__cmwc_t":
            found.append(("cmw.collection_type", value))
        else:
            found += [("cmw.label", str(key))] + cmw_value(node.of(value))
    return found


def cmw_value(node: Node) -> list:
    value = node.value
    if isinstance(value, cbor2.CBORTag) and value.tag == DIGEST_TAG or \
            isinstance(value, list) and len(value) == 4:
        return [("cmw.form", "signed (COSE_Sign1)")] + cose_value(value, "application/cmw+cbor")
    if isinstance(value, cbor2.CBORTag):
        offset = value.tag - 0x63740101
        number = offset // 256 * 255 + offset % 256
        return [("cmw.form", "tag"), ("cmw.tag", value.tag), ("cmw.content_format", number),
                ("cmw.value", value.value)] + content(value.value, FORMATS.get(number, ""))
    return collection(node) if isinstance(value, dict) else record(node)


def cmw(octets: bytes) -> list:
    if octets[:1] in (b"[", b"{"):
        return cmw_value(Node(json.loads(octets), True))
    if octets[:1] == b"e":
        return [("cmw.form", "signed (JWS)")] + jws(octets, "application/cmw+json")
    return cmw_value(Node(cbor2.loads(octets)))


# ---- the extension ----


def scheme(one) -> list:
    """Of tlspeer's Scheme."""
    if one.verifier is not None:
        return [("mechanism", 1), ("verifier_identity", one.verifier)]
    if one.content_format is not None:
        return [("mechanism", 0), ("type_encoding", 0), ("content_format", one.content_format)]
    return [("mechanism", 0), ("type_encoding", 1), ("media_type", one.media_type)]


def offer(server_schemes: list, client_schemes: list) -> list:
    found = [("message", 1)]
    for schemes in (server_schemes, client_schemes):
        found.append(("list_length", sum(len(one.encode()) for one in schemes)))
        found += [pair for one in schemes for pair in scheme(one)]
    return found


def choice(message: int, one, offered=True) -> list:
    return [("message", message)] + scheme(one) + [("choice.offered", offered)]


def credential(octets: bytes, attester: str) -> list:
    found = cmw(octets)
    nonces = [("nonce", value) for name, value in found if name in NONCES]
    return [("message", 11), ("attester", attester), ("cmw_length", len(octets))] + found + nonces
