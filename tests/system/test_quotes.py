#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Trust domains of TDX and enclaves of SGX (simulated) over TLS: either side and both, with what they may not be."""

from atlslib import EXIT_REFUSED, SystemTest, main, run


class QuotesTest(SystemTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.td = cls.keygen("td", rot="sim-tdx")
        cls.enclave = cls.keygen("enclave", rot="sim-sgx")

    def required(self, identity):
        return identity.required() + ["--endorsements", identity.path("collateral.json")]

    def connect(self, server, identity, *words):
        return run("connect", server.address, "--json", "--ca", identity.path("cert.pem"), "--name", "localhost", *words, given=b"hello\n")

    def assert_refused(self, outcome, code):
        self.assertEqual((outcome.status, outcome.code), (EXIT_REFUSED, code), str(outcome))

    def test_a_server_a_client_and_both_attest(self):
        for first, second in ((self.td, self.enclave), (self.enclave, self.td)):
            server = self.server(*first.own(), *self.required(second))
            outcome = self.assert_done(self.connect(server, first, *second.own(), *self.required(first)))
            evidence = [line["result"]["verdict"]["evidence"] for line in outcome.objects if "verdict" in line.get("result", {})]
            self.assertEqual((evidence[0][0]["format"], evidence[0][0]["simulated"]), (first.attester()["format"], True))
            self.assert_done(self.connect(server, first, *second.own()))
        server = self.server(*self.td.own())
        self.assert_done(self.connect(server, self.td, *self.required(self.td)))

    def test_what_is_old_open_or_of_another_platform_is_refused(self):
        server = self.server(*self.td.own())
        self.assert_refused(self.connect(server, self.td, *self.td.required()), "COLLATERAL")  # none is loaded
        self.assert_refused(self.connect(server, self.td, "--require", "tdx", "--endorsements", self.td.endorsement, "--endorsements",
                                         self.td.path("collateral.json")), "SIMULATED")
        for rot, code, setting in (("sim-tdx", "LIFECYCLE", "tcb.status=OutOfDate"), ("sim-tdx", "DEBUG", "td-attributes=0100001000000000"),
                                   ("sim-sgx", "LIFECYCLE", "tcb.status=OutOfDate"),
                                   ("sim-sgx", "DEBUG", "attributes=07000000000000000300000000000000"),
                                   ("sim-sgx", "COLLATERAL", "tcb.fmspc=000000000001"), ("sim-sgx", "REVOKED", "revoked=pck")):
            bad = self.keygen(f"{rot}-{code}", "--set", setting, rot=rot)
            server = self.server(*bad.own())
            self.assert_refused(self.connect(server, bad, *self.required(bad)), code)
        server = self.server(*self.td.own(), *self.required(bad))
        self.assertEqual(self.connect(server, self.td, *bad.own()).status, EXIT_REFUSED)  # by the server, of a client


if __name__ == "__main__":
    main()
