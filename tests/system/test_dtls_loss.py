#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""--dtls on a network that loses, repeats and mixes up. All of it repeats itself exactly, and at one time: most of it is waiting."""

import concurrent.futures

from atlslib import EXIT_DONE, main
from datagramlib import CLIENT, DtlsCase


def third_lost_others_doubled_or_late(sender, number, data):
    turn = number % 6 if sender == CLIENT else (number + 3) % 6
    return ([data], [data, data], [], [None], [data], [None])[turn] if number < 24 else [data]


FATES = {
    "each twice": lambda sender, number, data: [data, data],
    "every second behind the next": lambda sender, number, data: [data] if number % 2 else [None],
    "the first of each side lost": lambda sender, number, data: [data] if number else [],
    "every third lost, others doubled or late": third_lost_others_doubled_or_late,
}


class LossTest(DtlsCase):
    def test_whatever_the_network_does_both_attest_and_talk(self):
        def go(fate):
            network = self.network(self.serve(*self.peer.required()), fate)
            client = self.client(network.address, *self.peer.own())
            client.event("connected")
            client.ask("through\n")
            self.assertEqual(client.finish(), EXIT_DONE)

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
