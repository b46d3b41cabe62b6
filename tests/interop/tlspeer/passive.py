# SPDX-License-Identifier: Apache-2.0
"""A look at somebody else's handshake, with the secrets of its key log."""

from . import attestation, cbor, cmw, messages, numbers, pki, psa, schedule, tpm
from .records import TrafficKeys
from .wire import Refusal


class PassiveError(ValueError):
    """The streams or the key log do not give a TLS 1.3 handshake."""


def read_keylog(path: str) -> dict:
    """{client random: {label: secret}} of an NSS key log."""
    found = {}
    with open(path, encoding="ascii") as file:
        for line in file:
            words = line.split()
            if len(words) == 3 and not line.startswith("#"):
                found.setdefault(bytes.fromhex(words[1]), {})[words[0]] = bytes.fromhex(words[2])
    return found


def split_records(data: bytes) -> list:
    """(content type, header, payload) of every whole record."""
    records, at = [], 0
    while at + 5 <= len(data):
        length = int.from_bytes(data[at + 3:at + 5], "big")
        if at + 5 + length > len(data):
            break
        records.append((data[at], data[at:at + 5], data[at + 5:at + 5 + length]))
        at += 5 + length
    return records


def split_messages(data: bytes) -> list:
    found, at = [], 0
    while at + 4 <= len(data):
        end = at + 4 + int.from_bytes(data[at + 1:at + 4], "big")
        if end > len(data):
            break
        found.append(data[at:end])
        at = end
    return found


class Handshake:
    """Both directions of one connection, as far as Finished."""

    def __init__(self, to_server: bytes, to_client: bytes, keylog: dict):
        self.records = {"client": split_records(to_server), "server": split_records(to_client)}
        hellos = [raw for raw in self._plain("client") if raw[0] == numbers.CLIENT_HELLO]
        answers = [raw for raw in self._plain("server") if raw[0] == numbers.SERVER_HELLO]
        if not hellos or not answers:
            raise PassiveError("no ClientHello or no ServerHello")
        last = messages.ServerHello.parse(answers[-1][4:])
        if last.suite not in numbers.SUITES or last.is_retry():
            raise PassiveError("no ServerHello of TLS 1.3")
        self.suite, self.hash = last.suite, numbers.SUITES[last.suite][1]
        self.hello_retry = len(answers) == 2
        transcript = schedule.Transcript()
        transcript.add(hellos[0])
        if self.hello_retry:
            transcript.substitute_first_hello(self.hash)
            transcript.add(answers[0])
            transcript.add(hellos[1])
        transcript.add(answers[-1])
        self.transcript_hash = transcript.hash(self.hash)
        self.random = messages.ClientHello.parse(hellos[0][4:]).random
        secrets = keylog.get(self.random)
        if secrets is None:
            raise PassiveError("the key log does not know this client random")
        self.messages = {role: self._decrypt(role, secrets) for role in ("client", "server")}

    def _plain(self, role: str) -> list:
        return split_messages(b"".join(payload for kind, _, payload in self.records[role]
                                       if kind == numbers.HANDSHAKE))

    def _decrypt(self, role: str, secrets: dict) -> list:
        secret = secrets.get(f"{role.upper()}_HANDSHAKE_TRAFFIC_SECRET")
        if secret is None:
            raise PassiveError(f"no handshake secret of the {role} in the key log")
        keys, data = TrafficKeys(self.suite, secret), b""
        for kind, header, payload in self.records[role]:
            if kind != numbers.APPLICATION_DATA:
                continue
            try:
                content_type, content = keys.open(header, payload)
            except Refusal:
                break  # past Finished other keys are in use
            if content_type == numbers.HANDSHAKE:
                data += content
            found = split_messages(data)
            if found and found[-1][0] == numbers.FINISHED:
                break
        return split_messages(data)

    def credential(self, role: str, extension_type: int):
        """(CMW, SPKI of the end-entity certificate) of a side, or None."""
        raw = next((raw for raw in self.messages[role] if raw[0] == numbers.CERTIFICATE), None)
        if raw is None:
            return None
        entries = messages.Certificate.parse(raw[4:]).entries
        body = messages.find(entries[0].extensions, extension_type) if entries else None
        if body is None:
            return None
        return attestation.parse_credential(body), pki.raw_spki(entries[0].der)

    def binder(self, spki: bytes) -> bytes:
        return schedule.attest_binder(self.hash, self.transcript_hash, spki)


def nonces(credential: bytes) -> dict:
    """The nonces in a CMW by the place where each sits; empty when the format is not known."""
    kind, value, _ = cmw.parse(credential)
    name = None if kind is None else cmw.scheme_of(kind).name()
    if name == "psa":
        token = cbor.decode(value)
        claims = cbor.decode(token.value[2])
        found = [nonce for key, nonce in claims if key == psa.NONCE]
        return {f"psa-nonce[{at}]" if at else "psa-nonce": nonce for at, nonce in enumerate(found)}
    if name == "tpm2":
        bundle = tpm.parse_bundle(value)
        return {"certify.extraData": tpm.parse_attest(bundle["kat", "certInfo"])["extra_data"],
                "quote.extraData": tpm.parse_attest(bundle["pat", "attestInfo"])["extra_data"]}
    return {}
