# SPDX-License-Identifier: Apache-2.0
"""Templates for cocli, and claims for evcli, about an identity that `atls keygen --rot sim-psa` made."""

import base64
import json
import os
import subprocess

import cbor2
from cryptography.hazmat.primitives import serialization
from veraison_services import private_jwk

OLD_PSA = "http://arm.com/psa/iot/1"
TPM_TYPE_2026 = 'application/rim+cbor; profile="tag:github.com/parallaxsecond,2023-03-03:tpm"'
PSA_TYPE_2026 = 'application/rim+cbor; profile="tag:arm.com,2025:psa#1.0.0"'
TPM_TYPE = 'application/corim-unsigned+cbor; profile="tag:github.com/parallaxsecond,2023-03-03:tpm"'
OLD_PSA_TYPE = f'application/corim-unsigned+cbor; profile="{OLD_PSA}"'
EVCLI_PSA = "http://arm.com/psa/2.0.0"


def text(octets: str) -> str:
    """Hexadecimal digits as base64."""
    return base64.b64encode(bytes.fromhex(octets)).decode()


def private_key(identity):
    return serialization.load_pem_private_key(identity.attester()["key"].encode(), None)


def comids(identity, key=None, first=None) -> dict:
    """CoMIDs of one device: its key, or KEY instead; its measurements, or FIRST instead of the first."""
    claims = identity.attester()["claims"]
    known = public_pem(key or private_key(identity))
    device = {"class": {"id": {"type": "psa.impl-id", "value": text(claims["implementation-id"])}}}
    measurements = []
    for number, part in enumerate(claims["components"]):
        value = first if first and number == 0 else part["value"]
        name = {"label": part["type"], "version": part["version"], "signer-id": text(part["signer"])}
        measurements.append({"key": {"type": "psa.refval-id", "value": name},
                             "value": {"digests": [f"sha-256:{text(value)}"]}})
    instance = {**device, "instance": {"type": "ueid", "value": text(claims["instance-id"])}}
    triples = {
        "values": {"reference-values": [{"environment": device, "measurements": measurements}]},
        "keys": {"attester-verification-keys": [
            {"environment": instance, "verification-keys": [{"type": "pkix-base64-key", "value": known}]}]},
    }
    return {name: {"lang": "en-GB", "tag-identity": {"id": f"43bbe37f-2e61-4b33-aed3-53cff1428b1{number}", "version": 0},
                   "triples": found} for number, (name, found) in enumerate(triples.items())}


def public_pem(key) -> str:
    return key.public_key().public_bytes(serialization.Encoding.PEM,
                                         serialization.PublicFormat.SubjectPublicKeyInfo).decode()


def corim(cocli: str, folder: str, identity, **changes) -> str:
    """A CoRIM that cocli made: the name of the file."""
    os.makedirs(folder, exist_ok=True)
    words = []
    for name, template in comids(identity, **changes).items():
        path = os.path.join(folder, name + ".json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(template, file)
        tool(cocli, "comid", "create", "--template", path, "--output-dir", folder)
        words += ["--comid", os.path.join(folder, name + ".cbor")]
    template, made = os.path.join(folder, "corim.json"), os.path.join(folder, "endorsement.cbor")
    with open(template, "w", encoding="utf-8") as file:
        json.dump({"corim-id": "5c57e8f4-46cd-421b-91c9-08cf93e13cfc", "profiles": [OLD_PSA], "profile": OLD_PSA}, file)
    tool(cocli, "corim", "create", "--template", template, *words, "--output", made)
    return made


def _one_profile(members: dict) -> None:
    profile = members[3][0] if isinstance(members[3], list) else members[3]
    members[3] = profile.value if isinstance(profile, cbor2.CBORTag) else profile


def psa_for_services(path: str) -> bytes:
    """The CoRIM as services v0.0.2501 want it: they read one profile, where the cocli of then writes a list."""
    with open(path, "rb") as file:
        members = cbor2.loads(file.read())
    _one_profile(members)
    return cbor2.dumps(members)


def content_of(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _comid_with(content, key: str = None, first: bytes = None) -> dict:
    """A CoMID with KEY (PEM) instead of the attestation key, or with FIRST instead of the first reference value."""
    comid = cbor2.loads(content)
    for _, keys in comid[4][3]:
        keys[0] = cbor2.CBORTag(554, key or keys[0].value)
    if first is not None:
        comid[4][0][0][1][0][1][2][0][1] = first
    return comid


def tpm_with(path: str, **changes) -> bytes:
    """What `atls keygen --rot tpm2` wrote, to the octet, or with the CHANGES of _comid_with alone."""
    if not changes:
        return content_of(path)
    corim = cbor2.loads(content_of(path))
    comid = corim.value[1][0]
    corim.value[1][0] = cbor2.CBORTag(comid.tag, cbor2.dumps(_comid_with(comid.value, **changes)))
    return cbor2.dumps(corim)


def tpm_for_services(path: str, **changes) -> bytes:
    """The same in the dialect of then: no tag 501, the profile as a text, a UEID (550) for an instance."""
    members = cbor2.loads(content_of(path)).value
    _one_profile(members)
    comid = _comid_with(members[1][0].value, **changes)
    for environment, _ in comid[4][3]:
        environment[1] = cbor2.CBORTag(550, environment[1].value)
    members[1][0] = cbor2.dumps(cbor2.CBORTag(506, comid))
    return cbor2.dumps(members)


def claims_for_evcli(identity, **changes) -> dict:
    """The claims of the identity, in evcli's JSON."""
    claims = identity.attester()["claims"]
    return {"eat-profile": EVCLI_PSA, "psa-client-id": claims["client-id"],
            "psa-security-lifecycle": claims["security-lifecycle"],
            "psa-implementation-id": text(claims["implementation-id"]), "psa-boot-seed": text(claims["boot-seed"]),
            "psa-instance-id": text(claims["instance-id"]),
            "psa-software-components": [
                {"measurement-type": part["type"], "measurement-value": text(part["value"]),
                 "signer-id": text(part["signer"]), "version": part["version"]} for part in claims["components"]],
            **changes}


def key_for_evcli(identity) -> dict:
    return private_jwk(private_key(identity))


def tool(*words, status: int = 0) -> str:
    """Runs one of Veraison's tools; gives what it said. HOME is its folder, so that no configuration counts."""
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False, cwd=os.path.dirname(words[0]),
                          env={**os.environ, "HOME": "/nonexistent", "XDG_CONFIG_HOME": "/nonexistent"})
    said = done.stdout + done.stderr
    if status is not None and (done.returncode != 0) != (status != 0):
        raise AssertionError(f"{words}: exit {done.returncode}: {said}")
    return said
