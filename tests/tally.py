#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tally.py RESULTS.xml [COUNTS]: what ctest's results say, and whether what was skipped may be.

A test that finds something absent prints "skipped: REASON". The reason must name what is absent,
and that must be absent indeed; otherwise the skip counts as a failure. COUNTS receives the line
"PASSED FAILED SKIPPED", counted in test programs.
"""

import importlib.util
import os
import re
import shutil
import socket
import subprocess
import sys
import xml.etree.ElementTree

HERE = os.path.dirname(os.path.abspath(__file__))
PYTHON_PACKAGES = {"cryptography", "cbor2", "jsonschema"}
TOOLS = {"swtpm", "curl", "openssl", "arm-none-eabi-gcc", "tpm2_quote", "tpm2_pcrread", "tpm2_pcrextend",
         "g++", "gcc", "pkg-config", "clang", "nm", "readelf", "bash", "ps", "ip", "unshare", "nsenter",
         "tshark", "go", "cargo", "haproxy", "restful-as", "kbs", "maude", "spin"}


def is_tsan(results):
    return "/tsan/" in os.path.abspath(results)


def is_sanitized(results):
    return is_tsan(results) or "/asan/" in os.path.abspath(results)


def module_present(name):
    return importlib.util.find_spec(name.replace("python3-", "")) is not None


def openssl_version():
    said = subprocess.run(["pkg-config", "--modversion", "libssl"], capture_output=True, text=True, check=False).stdout
    return tuple(map(int, re.findall(r"\d+", said)[:2]))


def may_capture():
    """Root may not everywhere: a container can lack the capability."""
    try:
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close()
        return True
    except OSError:
        return False


def judge(reason, results):
    """None where the skip is right, else what is wrong with it."""
    needed = re.search(r"needs? OpenSSL (\d+)\.(\d+)", reason)
    if needed:
        found = openssl_version()
        return None if found < tuple(map(int, needed.groups())) else f"this is OpenSSL {found}"
    if "libpq" in reason:
        absent = subprocess.run(["pkg-config", "--exists", "libpq"], check=False).returncode != 0
        return None if absent else "libpq is installed"
    module = re.search(r"no Go module (\S+@\S+)", reason)
    if module:
        got = subprocess.run(["go", "mod", "download", module.group(1)], cwd="/", capture_output=True, check=False)
        return f"{module.group(1)} is to be had" if got.returncode == 0 else None
    crate = re.search(r"no crates for (tests/\S+):", reason)
    if crate:
        got = subprocess.run(["cargo", "fetch"], cwd=os.path.join(os.path.dirname(HERE), crate.group(1)),
                             capture_output=True, check=False)
        return f"the crates of {crate.group(1)} are to be had" if got.returncode == 0 else None
    if "root alone captures" in reason:
        return "this process may capture" if may_capture() else None
    if "root alone" in reason:
        return "this is root" if os.geteuid() == 0 else None
    if "ThreadSanitizer" in reason:
        return None if is_tsan(results) else "this build has no ThreadSanitizer"
    if "a sanitizer's" in reason:
        return None if is_sanitized(results) else "this build has no sanitizer"
    if "simulat" in reason or "libatls-sim" in reason:
        # such a build is not among those of the stages
        return "every tested build has the simulations"
    present = [path for path in re.findall(r"(?<![\w.])\.{0,2}/[\w./-]+", reason) if os.path.exists(path)]
    named = re.findall(r"(?<![\w./])\.{0,2}/[\w./-]+", reason)
    words = set(re.findall(r"[\w-]+", reason))
    modules = {word for word in words if word.replace("python3-", "") in PYTHON_PACKAGES}
    tools = {word for word in words if word in TOOLS}
    named += sorted(modules | tools)
    present += [module for module in sorted(modules) if module_present(module)]
    present += [tool for tool in sorted(tools) if shutil.which(tool)]
    if not named:
        return "it does not name what is absent"
    if len(present) == len(named):
        return "present: " + ", ".join(present)
    return None


def skips(name, output, whole):
    """The reasons of one program; what it skipped without one is a reason that says nothing."""
    reasons = re.findall(r"^.*?skipped: (.*)$", output, re.M)
    cases = len(re.findall(r"^\[  SKIPPED \] [a-z]\w*$", output, re.M))
    if (whole or cases) and not reasons:
        reasons = ["no reason"]
    return [(name, reason) for reason in reasons]


def main():
    results, counts = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None
    passed = failed = skipped = cases = 0
    found = []
    for case in xml.etree.ElementTree.parse(results).getroot().iter("testcase"):
        output = "".join(case.find("system-out").itertext()) if case.find("system-out") is not None else ""
        was_skipped = case.find("skipped") is not None
        if was_skipped:
            skipped += 1
        elif case.get("status") == "run" and case.find("failure") is None:
            passed += 1
        else:
            failed += 1
        cases += sum(map(int, re.findall(r"^\[  PASSED  \] (\d+) test", output, re.M)))
        cases += sum(map(int, re.findall(r"^Ran (\d+) tests? in", output, re.M)))
        found += skips(case.get("name"), output, was_skipped)
    for name, reason in sorted(set(found)):
        wrong = judge(reason, results)
        print(f"skipped in {name}: {reason}" + (f" -> refused, {wrong}" if wrong else ""))
        failed += bool(wrong)
    if counts:
        with open(counts, "w", encoding="ascii") as file:
            file.write(f"{passed} {failed} {skipped}\n")
    print(f"{passed} programs passed with {cases} cases, {failed} failed, {skipped} skipped")
    sys.exit(1 if failed or not passed + skipped else 0)


main()
