#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bench/living.py ATLS [CONNECTIONS [SECONDS [PERIOD]]]: `atls serve --reattest PERIOD` with CONNECTIONS that live.

Each connection sends data all the time, of which every octet of the echo is compared; each is attested once a PERIOD. A
connection, an octet or a round that is missing is a failure, on whatever machine. The CPU time is that which the
scheduler gave to each side while all lived, as a share of two cores: other work next to it changes it by what caches and
frequency do, not by what it takes itself. A loaded machine may be late with a round: then the deadline ends the connection.
"""

import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "tests", "system"))

import atlslib
from livinglib import Failed, live

CORES = 2


def seconds_of(period: str) -> float:
    for unit, factor in (("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600)):
        if period.endswith(unit):
            return float(period[:-len(unit)]) * factor
    sys.exit(f"{period}: a time, such as 60s")


def main() -> None:
    if len(sys.argv) < 2:
        sys.exit(f"usage: {sys.argv[0]} ATLS [CONNECTIONS [SECONDS [PERIOD]]]")
    atlslib._program.append(os.path.abspath(sys.argv[1]))  # pylint: disable=protected-access
    connections, seconds = ([int(word) for word in sys.argv[2:4]] + [1000, 75][len(sys.argv[2:4]):])
    period = sys.argv[4] if len(sys.argv) > 4 else "60s"
    print(f"load {os.getloadavg()[0]:.1f} before, {os.cpu_count()} cores; {connections} connections, {period}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        try:
            found = live(folder, connections, seconds, period)
        except Failed as failure:
            sys.exit(f"failed: {failure}")
    lived = found["seconds"]
    print(f"{connections} connections lived {lived:.0f} s: {found['rounds']} rounds, at least {found['least']} of each; "
          f"{found['octets']} octets compared; none lost")
    for side in ("server", "clients"):
        cpu = found[f"{side}_cpu_s"]
        print(f"{side}: {cpu:.2f} s of CPU, {cpu / lived / CORES * 100:.1f} % of two cores")
    expected = int(lived / (1.02 * seconds_of(period)))
    if found["least"] < expected:
        sys.exit(f"failed: a connection had {found['least']} rounds, not {expected}")


if __name__ == "__main__":
    main()
