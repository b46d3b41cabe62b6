#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""PROTOCOL.md against the tree: files, tests, alerts and limits that it names must be there."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = (ROOT / "PROTOCOL.md").read_text()
problems = []


def section(number):
    return re.search(rf"^## {number}\. .*?(?=^## |\Z)", PAGE, re.M | re.S).group(0)


def rows(text):
    for line in text.splitlines():
        if line.startswith("| ") and not line.startswith("| ---"):
            yield [cell.strip() for cell in line.strip("|").split(" | ")]


def check_alerts():
    """Section 8: each error with an alert stands there, with its own alert and no other."""
    header = (ROOT / "include/atls/error.h").read_text()
    alerts = {name: int(alert) for name, alert in
              re.findall(r"X\(\d+, ([A-Z_]+), (\d+), ", header)}
    seen = set()
    for cause, _, errors, alert in list(rows(section(8)))[1:]:
        for name in re.findall(r"`([A-Z_]+)`", errors):
            seen.add(name)
            number = int(re.match(r"\d*", alert).group(0) or 0)
            if name == "PKIX":  # the TLS library chooses
                number = 0
            if alerts.get(name) != number:
                problems.append(f"alert of {name}: {alert} for {cause!r}, {alerts.get(name)} in error.h")
    for name in sorted(set(alerts) - seen - {"OK"}):
        problems.append(f"{name} is missing in the table of alerts")


def check_tests():
    """Section 10: sources exist, and each test function stands in the file before it."""
    for _, files, tests in list(rows(section(10)))[1:]:
        for path in re.findall(r"`([^`]+)`", files):
            if not (ROOT / "src" / path).is_file():
                problems.append(f"no file src/{path}")
        source = None
        for word in re.findall(r"`([^`]+)`", tests):
            if word.endswith(".c"):
                path = ROOT / "tests/unit" / word
                source = path.read_text() if path.is_file() else ""
                if not source:
                    problems.append(f"no file tests/unit/{word}")
            elif not re.search(rf"cmocka_unit_test\w*\(\s*{word}[,)]", source or ""):
                problems.append(f"no test {word}")
    for path in re.findall(r"`((?:fuzz|tests)/[\w/.]+\.(?:c|py))`", PAGE):
        if not (ROOT / path).is_file():
            problems.append(f"no file {path}")


def check_limits():
    """Section 7: the numbers of include/atls/limits.h."""
    header = (ROOT / "include/atls/limits.h").read_text()
    text = section(7)
    for name in ("CMW_LEN", "EXTENSION_LEN", "SCHEMES", "SCHEME_TEXT_LEN", "HELLO_LEN", "SPKI_LEN"):
        value = int(re.search(rf"#define ATLS_MAX_{name}\s+(\d+)", header).group(1))
        if not re.search(rf"^\| [^|]+ \| {value:,} \|", text, re.M):
            problems.append(f"ATLS_MAX_{name} is {value:,}, which section 7 does not say")


def check_formats():
    """Section 3: each row of src/base/formats.c with its media type."""
    source = (ROOT / "src/base/formats.c").read_text()
    names = re.findall(r"^ +\.name = \"(\w+)\"", source, re.M)
    types = re.findall(r"^ +\.media_type = \"((?:[^\"\\]|\\.)+)\"", source, re.M)
    if not names or len(names) != len(types):
        problems.append("the rows of src/base/formats.c are not read as they are written")
    for name, media_type in zip(names, types):
        plain = media_type.replace("\\", "")
        if not any(f"`{name}`" in line and f"`{plain}`" in line for line in section(3).splitlines()):
            problems.append(f"section 3 does not say that {name} is {plain}")


check_alerts()
check_formats()
check_tests()
check_limits()
for problem in problems:
    print(f"PROTOCOL.md: {problem}", file=sys.stderr)
sys.exit(1 if problems else 0)
