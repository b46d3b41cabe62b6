#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""expand_errors.py FILE: include/atls/error.h as Doxygen is to read it, the list of errors written out as an enum.

The list is a macro, since code, name, sentence, alert and fault are made of it; Doxygen sees no rows in a macro.
Line numbers stay what they are.
"""
import re
import sys

EXIT = {"NONE": 0, "LOCAL": 1, "PEER": 2, "POLICY": 2, "INFRA": 3}

with open(sys.argv[1], encoding="utf-8") as file:
    text = file.read()
rows = re.findall(r'X\((\d+), ([A-Z_]+), (\d+), ([A-Z]+), "([^"]+)"\)', text)
constants = []
for number, name, alert, fault, sentence in rows:
    sent = f"alert {alert}" if alert != "0" else "no alert of ours"
    constants.append(f"ATLS_ERR_{name} = {number}, /**< {sentence}; {sent}, exit status {EXIT[fault]} */")
body = re.search(r"enum atls_err \{\n(.*?)\n\};", text, re.S)
lines = body.group(1).count("\n")
print(text[:body.start(1)] + " ".join(constants) + "\n" * lines + text[body.end(1):], end="")
