#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The interface of `atls verifier`, as test_verifier.py has it, over a store in PostgreSQL."""

import unittest

import test_verifier
from atlslib import main
from postgreslib import Databases, Postgres
from verifierlib import Verifier, VerifierTest, need_built


def setUpModule():
    need_built("postgres://")
    postgres = Postgres("fsync=off", "max_connections=200")
    unittest.addModuleCleanup(postgres.remove)
    Verifier.store = staticmethod(Databases(postgres))


class StoreTest(VerifierTest):
    def test_the_store_is_postgresql(self):
        self.assertEqual(self.verifier.listening["store"], "postgres")


class SessionTest(test_verifier.SessionTest):
    pass


class DiscoveryTest(test_verifier.DiscoveryTest):
    pass


class ProvisioningTest(test_verifier.ProvisioningTest):
    pass


class TpmTest(test_verifier.TpmTest):
    pass


class NodesTest(test_verifier.NodesTest):
    pass


class StartTest(test_verifier.StartTest):
    pass


if __name__ == "__main__":
    main()
