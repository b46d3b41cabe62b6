#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""token_service.py FOLDER [NONCE]: stands for the secure world of own_attester.c.

It measures the file FOLDER/firmware and signs PSA tokens (RFC 9783) that say so, with a key that nobody
else has: ES256, made at the first start; FOLDER/ak.pem is its public half. With NONCE, in hexadecimal,
it writes one token to standard output. Without, it answers packets on the socket FOLDER/socket: a nonce
in, a token out. Whoever may connect there can attest as this machine, so its mode is 0600.
"""
import hashlib
import os
import socket
import sys

from cbor2 import CBORTag, dumps
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

os.umask(0o077)
folder = sys.argv[1]
try:
    with open(f"{folder}/secret.pem", "rb") as file:
        key = serialization.load_pem_private_key(file.read(), None)
except FileNotFoundError:
    key = ec.generate_private_key(ec.SECP256R1())
    with open(f"{folder}/secret.pem", "xb") as file:
        file.write(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                     serialization.NoEncryption()))
    with open(f"{folder}/ak.pem", "wb") as file:
        file.write(key.public_key().public_bytes(serialization.Encoding.PEM,
                                                 serialization.PublicFormat.SubjectPublicKeyInfo))
point = key.public_key().public_bytes(serialization.Encoding.X962,
                                      serialization.PublicFormat.UncompressedPoint)


def token(nonce):
    """A COSE_Sign1 over the claims: who signs, in which state, what runs, and the nonce."""
    if len(nonce) not in (32, 48, 64):
        sys.exit("a psa-nonce has 32, 48 or 64 octets")
    with open(f"{folder}/firmware", "rb") as firmware:
        measured = hashlib.sha256(firmware.read()).digest()
    claims = {
        265: "tag:psacertified.org,2023:psa#tfm",  # eat_profile
        10: nonce,
        256: b"\x01" + hashlib.sha256(point).digest(),  # psa-instance-id: this machine
        2396: hashlib.sha256(b"example implementation").digest(),  # psa-implementation-id: its class
        2394: 1,  # psa-client-id
        2395: 0x3000,  # psa-security-lifecycle: secured
        2399: [{1: "PRoT", 2: measured, 4: "1.0.0", 5: hashlib.sha256(b"example signer").digest()}],
    }
    protected, payload = dumps({1: -7}), dumps(claims)
    signed = key.sign(dumps(["Signature1", protected, b"", payload]), ec.ECDSA(hashes.SHA256()))
    signature = b"".join(number.to_bytes(32, "big") for number in decode_dss_signature(signed))
    return dumps(CBORTag(18, [protected, {}, payload, signature]))


if len(sys.argv) > 2:
    sys.stdout.buffer.write(token(bytes.fromhex(sys.argv[2])))
    sys.exit(0)
listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
listener.bind(f"{folder}/socket")
listener.listen()
while True:
    caller, _ = listener.accept()
    with caller:
        question = caller.recv(65)
        if len(question) in (32, 48, 64):
            caller.send(token(question))
