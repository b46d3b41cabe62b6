#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""atls keygen: what it writes, with which modes and names, and that it replaces nothing (R-59)."""

import datetime
import ipaddress
import json
import os

from atlslib import EXIT_OURS, SystemTest, main, run, skip

try:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
except ImportError as absent:
    skip(f"a module of Python is absent: {absent}")

SECRET, PUBLIC = ("key.pem", "attester.json"), ("cert.pem", "endorsement.corim")


def read(identity, name: str) -> bytes:
    with open(identity.path(name), "rb") as file:
        return file.read()


def certificate(identity):
    return x509.load_pem_x509_certificate(read(identity, "cert.pem"))


def names_of(certificate_or_request) -> list:
    found = certificate_or_request.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return [str(name.value) for name in found.value]


class KeygenTest(SystemTest):
    def test_secrets_are_readable_by_their_owner_alone(self):
        old = os.umask(0)
        self.addCleanup(os.umask, old)
        for rot in ("sim-psa", "tpm2"):
            with self.subTest(rot):
                words = ["--tcti", self.tpm().tcti] if rot == "tpm2" else []
                identity = self.keygen(f"modes-{rot}", *words, rot=rot)
                self.assertEqual(os.stat(identity.folder).st_mode & 0o777, 0o700)
                for name in SECRET:
                    self.assertEqual(os.stat(identity.path(name)).st_mode & 0o777, 0o600, name)
                self.assertEqual(sorted(os.listdir(identity.folder)), sorted(SECRET + PUBLIC))

    def test_the_certificate_has_the_names_that_were_asked_for(self):
        self.assertEqual(names_of(certificate(self.keygen("default"))),
                         ["localhost", "127.0.0.1", "::1"])
        named = self.keygen("named", "--name", "host.example", "--name", "192.0.2.7", "--name",
                            "2001:db8::7", "--csr")
        wanted = ["host.example", "192.0.2.7", "2001:db8::7"]
        self.assertEqual(names_of(certificate(named)), wanted)
        request = x509.load_pem_x509_csr(read(named, "request.pem"))
        self.assertTrue(request.is_signature_valid)
        self.assertEqual(names_of(request), wanted)
        kinds = [type(name) for name in certificate(named).extensions.get_extension_for_class(
            x509.SubjectAlternativeName).value]
        self.assertEqual(kinds, [x509.DNSName, x509.IPAddress, x509.IPAddress])
        self.assertEqual(ipaddress.ip_address(wanted[1]).version, 4)

    def test_the_certificate_fits_the_key_and_lasts_as_long_as_asked(self):
        identity = self.keygen("dated", "--days", "3")
        cert = certificate(identity)
        key = serialization.load_pem_private_key(read(identity, "key.pem"), None)
        self.assertEqual(key.public_key().public_numbers(), cert.public_key().public_numbers())
        cert.public_key().verify(cert.signature, cert.tbs_certificate_bytes,
                                 ec.ECDSA(hashes.SHA256()))
        lasts = cert.not_valid_after - cert.not_valid_before
        self.assertAlmostEqual(lasts / datetime.timedelta(days=1), 3, delta=0.1)
        self.assertLess(cert.not_valid_before, datetime.datetime.utcnow())
        self.assertFalse(cert.extensions.get_extension_for_class(x509.BasicConstraints).value.ca)

    def test_what_json_says_is_what_was_made(self):
        folder = self.path("said")
        outcome = self.assert_done(run("keygen", "--json", "--rot", "sim-psa", "-o", folder,
                                       "--csr"))
        result = outcome.objects[0]["result"]
        with open(os.path.join(folder, "cert.pem"), "rb") as file:
            cert = x509.load_pem_x509_certificate(file.read())
        spki = cert.public_key().public_bytes(serialization.Encoding.DER,
                                              serialization.PublicFormat.SubjectPublicKeyInfo)
        digest = hashes.Hash(hashes.SHA256())
        digest.update(spki)
        self.assertEqual(result["spki_sha256"], digest.finalize().hex())
        self.assertEqual(sorted(result["files"]), sorted(os.listdir(folder)))
        self.assertEqual(result["not_after"], cert.not_valid_after.strftime("%Y-%m-%dT%H:%M:%SZ"))

    def test_a_key_is_never_replaced(self):
        identity = self.keygen("kept")
        before = {name: read(identity, name) for name in SECRET + PUBLIC}
        outcome = run("keygen", "--json", "--rot", "sim-psa", "-o", identity.folder)
        self.assert_fails(outcome, EXIT_OURS, "FILE")
        self.assertIn("key.pem", outcome.err)
        for name, content in before.items():
            self.assertEqual(read(identity, name), content, name)
        # Nor is the rest of an identity whose key was moved away.
        for missing in SECRET + PUBLIC:
            with self.subTest(missing):
                os.rename(identity.path(missing), identity.path("moved"))
                outcome = run("keygen", "--json", "--rot", "sim-psa", "-o", identity.folder)
                self.assertEqual(outcome.status, EXIT_OURS, str(outcome))
                for name in (SECRET + PUBLIC):
                    if name != missing:
                        self.assertEqual(read(identity, name), before[name], name)
                if os.path.exists(identity.path(missing)):
                    os.unlink(identity.path(missing))
                os.rename(identity.path("moved"), identity.path(missing))

    def test_a_symbolic_link_in_the_way_is_not_followed(self):
        for name in SECRET:
            with self.subTest(name):
                folder, target = self.path(f"linked-{name}"), self.path(f"target-{name}")
                os.mkdir(folder)
                os.symlink(target, os.path.join(folder, name))
                run("keygen", "--rot", "sim-psa", "-o", folder)
                self.assertFalse(os.path.exists(target))

    def test_what_cannot_be_made_is_said(self):
        for words, code in ((["--rot", "nonsense", "-o", self.path("x")], "CONFIG"),
                            (["--rot", "sim-psa", "-o", "/nonexistent/deep"], "FILE"),
                            (["--rot", "sim-psa", "-o", self.path("d"), "--days", "0"], "CONFIG"),
                            (["--rot", "sim-psa", "-o", self.path("s"), "--set", "nonsense=1"],
                             None),
                            (["--rot", "sim-psa", "-o", self.path("n"), "--name", "a b"], None),
                            (["--rot", "tpm2", "-o", self.path("t"), "--tcti",
                              "swtpm:path=/nonexistent"], "TPM"),
                            (["--rot", "tpm2", "-o", self.path("t2"), "--tcti", "nonsense"], None),
                            (["--rot", "tpm2", "-o", self.path("t3"), "--tcti", self.tpm().tcti,
                              "--pcrs", "sha256:99"], None)):
            with self.subTest(words):
                outcome = run("keygen", "--json", *words)
                self.assert_fails(outcome, EXIT_OURS, code)

    def test_a_failed_keygen_leaves_no_half_of_a_key(self):
        """The same folder can be used once the mistake is mended."""
        folder = self.path("mended")
        words = ["keygen", "--rot", "sim-psa", "-o", folder]
        self.assert_fails(run(*words, "--days", "0"), EXIT_OURS)
        self.assert_fails(run(*words, "--name", ""), EXIT_OURS)
        self.assert_done(run(*words))

    def test_claims_and_pcrs_go_into_the_identity(self):
        changed = self.keygen("changed", "--set", "sw.BL=" + "ab" * 32, "--set",
                              "security-lifecycle=0x3001")
        claims = changed.attester()["claims"]
        self.assertEqual(claims["security-lifecycle"], 0x3001)
        self.assertEqual(claims["components"][0]["value"], "ab" * 32)
        selected = self.keygen("selected", "--tcti", self.tpm().tcti, "--pcrs", "sha384:0,7",
                               rot="tpm2")
        self.assertEqual(selected.attester()["pcrs"], "sha384:0,7")

    def test_the_key_of_a_tpm_is_no_key_outside_it(self):
        identity = self.keygen("inside", "--tcti", self.tpm().tcti, rot="tpm2")
        self.assertIn(b"BEGIN TSS2 PRIVATE KEY", read(identity, "key.pem"))
        with self.assertRaises(ValueError):
            serialization.load_pem_private_key(read(identity, "key.pem"), None)
        self.assertEqual(set(json.loads(read(identity, "attester.json"))),
                         {"rot", "format", "ak", "kid", "pcrs", "tcti"})


if __name__ == "__main__":
    main()
