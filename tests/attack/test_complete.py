#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The tester tested: every fault that the peer knows is used by a test of this folder."""

import glob
import os
import re
import unittest

from adversary import TESTS, atlslib, faults


class CompleteTest(unittest.TestCase):
    def test_every_fault_of_the_peer_is_used(self):
        text = ""
        for path in glob.glob(os.path.join(TESTS, "attack", "test_*.py")):
            with open(path, encoding="utf-8") as file:
                text += file.read()
        text = text.replace('f"ext-{how}-{{place}}"', " ".join(
            f"ext-{how}-{{place}}" for how in ("truncated", "oversized", "trailing", "empty")))
        unused = []
        for name in faults.TABLE:
            with_place = re.sub("-(ch|ee|cr|ct)$", "-{place}", name)
            if not re.search(rf'["\s=(]({re.escape(name)}|{re.escape(with_place)})["\s={{]', text):
                unused.append(name)
        self.assertGreater(len(faults.TABLE), 60)
        self.assertEqual(unused, [])

    def test_every_file_names_its_requirement(self):
        for path in glob.glob(os.path.join(TESTS, "attack", "test_*.py")):
            with open(path, encoding="utf-8") as file:
                head = file.read(400)
            if os.path.basename(path) != "test_complete.py":
                self.assertRegex(head, r'"""R-\d\d', path)


if __name__ == "__main__":
    atlslib.main()
