#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""--timing: sides whose timings do not meet, and the exit status of each (PROTOCOL.md, section 8)."""

from atlslib import EXIT_CONNECTION, EXIT_DONE, EXIT_REFUSED, Server, SystemTest, main, run


class TimingTest(SystemTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.machine, cls.peer = cls.keygen("server"), cls.keygen("client")

    def test_each_side_says_what_it_knows_of_the_other(self):
        asks_server, asks_client = self.machine.required(), self.peer.required()
        plain = ["--ca", self.machine.path("cert.pem"), "--name", "localhost"]
        post, both, none = ["--timing", "post"], ["--timing", "both"], ["--attest", "none"]
        for server, client, client_ends, server_ends in (
                # the client wants it later, and the server does not know what that is
                ([], ["--no-pkix", *asks_server, *post], (EXIT_REFUSED, "NO_PROTOCOL"), (EXIT_CONNECTION, "PEER_ALERT")),
                (none, ["--no-pkix", *asks_server, *post], (EXIT_REFUSED, "NO_PROTOCOL"), (EXIT_CONNECTION, "PEER_ALERT")),
                # both times: the extension in the ClientHello has said that it is about attestation
                ([], ["--no-pkix", *asks_server, *both], (EXIT_REFUSED, "NO_PROTOCOL"), (EXIT_REFUSED, "PEER_REFUSED")),
                # the client wants it in the handshake, the server attests later
                (post, ["--no-pkix", *asks_server], (EXIT_REFUSED, "NOT_ATTESTED"), (EXIT_REFUSED, "PEER_REFUSED")),
                # the server wants it later
                ([*asks_client, *post], ["--no-pkix", *asks_server, *self.peer.own()], (EXIT_REFUSED, "PEER_REFUSED"),
                 (EXIT_REFUSED, "NO_PROTOCOL")),
                ([*asks_client, *post], [*plain, *self.peer.own()], (EXIT_REFUSED, "PEER_REFUSED"),
                 (EXIT_REFUSED, "NO_PROTOCOL")),
                ([*asks_client, *post], plain, (EXIT_CONNECTION, "PEER_ALERT"), (EXIT_REFUSED, "NO_PROTOCOL")),
                # nobody wants it: nothing follows
                ([], [*plain, *self.peer.own(), *post], (EXIT_DONE, None), (EXIT_DONE, None))):
            with self.subTest(server=server, client=client):
                serving = Server("--once", *self.machine.own(), *server)
                outcome = run("connect", serving.address, "--json", *client, given=b"x")
                self.assertEqual((outcome.status, outcome.code), client_ends, str(outcome))
                self.assertEqual(serving.finish(), server_ends[0])
                error = serving.events("connection")[0]["error"]
                self.assertEqual(error and error["code"], server_ends[1])


if __name__ == "__main__":
    main()
