#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""coverage.py SUMMARY.json: lines and branches by room, from gcovr's summary, against their floors."""

import collections
import json
import sys

LINES, BRANCHES = 85.0, 75.0  # of all
FLOORS = {"codec": 95.0, "handshake": 95.0, "result": 95.0}  # lines of a room


def room_of(path):
    parts = path.split("/")
    if parts[0] != "src":
        return parts[0]
    return "tpm2" if parts[1:3] == ["attester", "tpm2"] else parts[1]


def percent(part, whole):
    return 100.0 * part / whole if whole else 100.0


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        summary = json.load(file)
    rooms = collections.defaultdict(collections.Counter)
    for entry in summary["files"]:
        path = entry.get("filename") or entry["file"]
        for room in (room_of(path), "all"):
            for key in ("line_covered", "line_total", "branch_covered", "branch_total"):
                rooms[room][key] += entry[key]
    missed = []
    for room in sorted(rooms, key=lambda name: (name == "all", name)):
        got = rooms[room]
        lines = percent(got["line_covered"], got["line_total"])
        branches = percent(got["branch_covered"], got["branch_total"])
        print(f"{room:12} {got['line_total']:6} lines {lines:5.1f} %   {got['branch_total']:6} branches {branches:5.1f} %")
        floor = LINES if room == "all" else FLOORS.get(room, 0.0)
        if lines < floor:
            missed.append(f"{room}: {lines:.1f} % of lines, at least {floor} % are asked for")
        if room == "all" and branches < BRANCHES:
            missed.append(f"all: {branches:.1f} % of branches, at least {BRANCHES} % are asked for")
    absent = sorted(set(FLOORS) - set(rooms))
    missed += [f"{room}: not measured" for room in absent]
    for line in missed:
        print(f"coverage: {line}")
    sys.exit(1 if missed else 0)


main()
