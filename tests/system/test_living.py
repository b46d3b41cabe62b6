#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Many living connections over sockets, each attested again and again among its data (bench/living.py, but short)."""

import os
import unittest

from atlslib import SystemTest, main
from livinglib import Failed, driver, live

CONNECTIONS, PERIOD = 50, "700ms,30s"


class LivingTest(SystemTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if not os.access(driver(), os.X_OK):
            raise unittest.SkipTest(f"{driver()} is not there")

    def test_each_of_many_is_attested_again_and_no_octet_is_lost(self):
        found = live(self.folder, CONNECTIONS, 0, PERIOD)
        self.assertEqual(found["connections"], CONNECTIONS)
        self.assertGreaterEqual(found["least"], 2)
        self.assertGreater(found["octets"], CONNECTIONS)

    def test_what_is_lost_is_a_failure(self):
        for service, what in (("dd bs=64 conv=swab 2>/dev/null", "the comparison of data"), ("head -c 100", "keeping a connection")):
            with self.subTest(service):
                with self.assertRaises(Failed) as caught:
                    live(self.folder, 2, 3, PERIOD, "--exec", service)
                self.assertIn(what, str(caught.exception))


if __name__ == "__main__":
    main()
