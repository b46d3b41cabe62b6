#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Collateral of TDX and SGX from servers: `--collateral` against a stand-in for Intel's PCS, with a made-up root."""

import http.server
import json
import os
import threading
import urllib.parse

from atlslib import EXIT_REFUSED, SystemTest, main, run

FIELDS = {"tcb": ("TCB-Info-Issuer-Chain", "tcb_info_issuer_chain"),
          "identity": ("SGX-Enclave-Identity-Issuer-Chain", "qe_identity_issuer_chain"),
          "pckcrl": ("SGX-PCK-CRL-Issuer-Chain", "pck_crl_issuer_chain")}


class Platform:
    """A simulated machine, its Evidence, and what a server has for it by the last word of the path."""

    def __init__(self, test, rot, name):
        self.identity, self.nonce = test.keygen(name, rot=rot), os.urandom(64).hex()
        self.evidence = test.path(name + ".cmw")
        outcome = run("attest", *self.identity.own(), "--nonce", self.nonce, "-o", self.evidence)
        if outcome.status != 0:
            raise AssertionError(str(outcome))
        with open(self.identity.path("collateral.json"), encoding="utf-8") as file:
            bundle = json.load(file)
        bodies = {"tcb": signed("tcbInfo", bundle, "tcb_info"), "identity": signed("enclaveIdentity", bundle, "qe_identity"),
                  "pckcrl": bundle["pck_crl"]}
        # Where a root's list is, is known by the name of the root, and the simulation's has no such place.
        self.root_list = test.write(name + ".crl", bundle["root_ca_crl"])
        self.answers = {word: (body.encode(), FIELDS[word][0], bundle[FIELDS[word][1]]) for word, body in bodies.items()}


def signed(name, bundle, member) -> str:
    return '{"%s":%s,"signature":"%s"}' % (name, bundle[member], bundle[member + "_signature"])


class Pcs(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, answers):
        self.answers, self.asked = dict(answers), []
        super().__init__(("127.0.0.1", 0), Answer)
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def stop(self):
        self.shutdown()
        self.server_close()


class Answer(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        self.server.asked.append(self.path)
        found = self.server.answers.get(self.path.partition("?")[0].rpartition("/")[2])
        body, field, chain = found or (b"", None, None)
        self.send_response(200 if found else 404)
        if found:
            self.send_header(field, urllib.parse.quote(chain))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class IntelTest(SystemTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.machines = {rot: Platform(cls, "sim-" + rot, rot) for rot in ("tdx", "sgx")}
        cls.other = Platform(cls, "sim-tdx", "other")

    def served(self, machine) -> Pcs:
        pcs = Pcs(machine.answers)
        self.addCleanup(pcs.stop)
        return pcs

    def appraise(self, machine, *places):
        return run("appraise", machine.evidence, "--nonce", machine.nonce, "--endorsements", machine.identity.endorsement,
                   "--endorsements", machine.root_list, "--simulated", "--json", *(word for place in places for word in ("--collateral", place)))

    def test_what_quotes_never_bring_is_fetched_kept_and_there_offline(self):
        for name, machine in self.machines.items():
            with self.subTest(name):
                folder, pcs = self.path("kept-" + name), self.served(machine)
                self.assert_fails(self.appraise(machine), EXIT_REFUSED, "COLLATERAL")
                self.assert_done(self.appraise(machine, pcs.url, folder))
                asked = {path.partition("?")[0] for path in pcs.asked}
                self.assertEqual(asked, {f"/{name}/certification/v4/tcb", f"/{name}/certification/v4/qe/identity",
                                         "/sgx/certification/v4/pckcrl"})
                self.assertEqual((len(pcs.asked), len(os.listdir(folder))), (3, 3))
                self.assert_done(self.appraise(machine, folder))  # and nobody is asked

    def test_what_is_another_platforms_does_not_help(self):
        machine = self.machines["tdx"]
        for word in FIELDS:
            with self.subTest(word):
                pcs = self.served(machine)
                pcs.answers[word] = self.other.answers[word]
                # An identity is of no platform: with its whole chain it leads to a root that nobody vouches for.
                self.assert_fails(self.appraise(machine, pcs.url), EXIT_REFUSED,
                                  "NOT_ENDORSED" if word == "identity" else "COLLATERAL")
                del pcs.answers[word]
                self.assert_fails(self.appraise(machine, pcs.url), EXIT_REFUSED, "COLLATERAL")


if __name__ == "__main__":
    main()
