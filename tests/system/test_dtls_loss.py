#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""--dtls on a network that loses, repeats and mixes up. All of it repeats itself exactly, and at one time: most of it is waiting."""

import concurrent.futures
import socket

from atlslib import EXIT_DONE, WAIT, main
from datagramlib import CLIENT, SERVER, DtlsCase


def third_lost_others_doubled_or_late(sender, number, data):
    turn = number % 6 if sender == CLIENT else (number + 3) % 6
    return ([data], [data, data], [], [None], [data], [None])[turn] if number < 24 else [data]


def acknowledgements_lost():
    """Four of the server's records that only acknowledge, as long as those are: it is asked again when it is open."""
    lost = []

    def fate(sender, number, data):
        if sender == SERVER and data[0] == 23 and len(data) == 63 and len(lost) < 4:
            lost.append(data)
            return []
        return [data]

    return fate


FATES = {
    "four acknowledgements of the server's lost": acknowledgements_lost(),
    "each twice": lambda sender, number, data: [data, data],
    "every second behind the next": lambda sender, number, data: [data] if number % 2 else [None],
    "the first of each side lost": lambda sender, number, data: [data] if number else [],
    "every third lost, others doubled or late": third_lost_others_doubled_or_late,
}


class LossTest(DtlsCase):
    def test_whatever_the_network_does_both_attest_and_talk(self):
        def go(fate):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as service:
                service.bind(("127.0.0.1", 0))
                service.settimeout(WAIT)
                forward = ["--forward", "127.0.0.1:%d" % service.getsockname()[1]]
                network = self.network(self.serve(*self.peer.required(), *forward), fate)
                client = self.client(network.address, *self.peer.own())
                client.event("connected")
                client.process.stdin.write("through\n" * 20)
                client.process.stdin.flush()
                data, source = service.recvfrom(2048)  # and nothing of the exchange
                service.sendto(data, source)
                self.assertEqual(client.event("data")["result"], {"text": "through\n"})
                self.assertEqual(client.finish(), EXIT_DONE)
                self.assertEqual(set(client.texts()), {"through\n"})

        self.at_one_time({name: lambda fate=fate: go(fate) for name, fate in FATES.items()})

    def test_an_end_that_is_lost_is_said_again_and_nobody_waits_for_ever(self):
        self.at_one_time({"two of the client's": self.lose_two_ends, "all": self.lose_all_ends})

    def lose_two_ends(self):
        lost = []

        def fate(sender, number, data):
            if sender == CLIENT and data[0] == 21 and len(lost) < 2:
                lost.append(data)
                return []
            return [data]

        server = self.serve("--once")
        self.assert_done(self.connect(self.network(server, fate).address, *self.expect))
        self.assertEqual((len(lost), server.finish()), (2, EXIT_DONE))

    def lose_all_ends(self):
        network = self.network(self.serve(), lambda sender, number, data: [data] if data[0] != 21 else [])
        outcome = self.assert_done(self.connect(network.address, *self.expect))
        self.assertEqual(outcome.out, b"hello\n")

    def at_one_time(self, works):
        with concurrent.futures.ThreadPoolExecutor(len(works)) as pool:
            running = {name: pool.submit(work) for name, work in works.items()}
            for name, future in running.items():
                with self.subTest(name):
                    future.result()


if __name__ == "__main__":
    main()
