#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What serve and connect carry: much in both directions at once, and commands that end in time."""

import os
import socket
import subprocess
import threading

from atlslib import EXIT_DONE, SystemTest, main, run, start, wait_until

# More than all the buffers on the way hold together, so that each side must read while it writes.
MUCH = os.urandom(1 << 20) * 24


class Echo:
    """A TCP server that sends back what it gets, and reads no further while that is not taken."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            with peer:
                while True:
                    data = peer.recv(65536)
                    if not data:
                        break
                    peer.sendall(data)

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(10)


class RelayTest(SystemTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.machine = cls.keygen("machine")

    def connect_words(self, server):
        return ["connect", server.address, "--no-pkix", *self.machine.required()]

    def carries(self, *service):
        server = self.server(*self.machine.own(), *service)
        outcome = run(*self.connect_words(server), given=MUCH)
        self.assertEqual(outcome.status, EXIT_DONE, outcome.err)
        self.assertEqual(len(outcome.out), len(MUCH))
        self.assertTrue(outcome.out == MUCH)

    def test_echo_carries_much_both_ways(self):
        self.carries("--echo")

    def test_a_command_that_answers_while_it_reads_is_served(self):
        self.carries("--exec", "cat")

    def test_a_server_behind_that_answers_while_it_reads_is_served(self):
        echo = Echo()
        self.addCleanup(echo.stop)
        self.carries("--forward", echo.address)

    def ends_with_the_connection(self, command):
        """COMMAND writes the process id of what it starts to a file, and never ends by itself."""
        pid_file = self.path("pid")
        if os.path.exists(pid_file):
            os.unlink(pid_file)
        server = self.server(*self.machine.own(), "--exec", command % pid_file)
        client = start(self.connect_words(server), stdin=subprocess.PIPE,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        def said():
            if not os.path.exists(pid_file):
                return ""
            with open(pid_file, encoding="ascii") as file:
                return file.read().strip()

        pid = int(wait_until(said, "the command's process id"))
        client.kill()
        client.wait()
        client.stdin.close()

        def is_gone():
            """It has ended; whether anybody has asked for its status depends on who is process 1 here."""
            try:
                with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
                    return file.read().rpartition(")")[2].split()[0] in ("Z", "X")
            except (FileNotFoundError, ProcessLookupError):
                return True

        wait_until(is_gone, f"the end of {command}")

    def test_what_a_command_started_ends_with_the_connection(self):
        self.ends_with_the_connection("sleep 1000 & echo $! > %s; wait")

    def test_a_command_that_ignores_the_request_to_end_is_ended(self):
        self.ends_with_the_connection("trap '' TERM; sleep 1000 & echo $! > %s; wait; wait; wait")


if __name__ == "__main__":
    main()
