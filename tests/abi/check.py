#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check.py [--write] LIBRARY.so... PROGRAM: what the built libraries promise to those who link them.

- Each exports what symbols.txt lists under its name, no more and no less, and every function and
  table that a public header marks ATLS_API is exported by one of them (and nothing else is).
- Its SONAME is that of this major version, and it needs the libraries of design and no others.
- Numbers of errors are never used again: errors.txt.
- Neither the libraries nor the program have a switch that would turn verification off (R-38): no
  name says so, and libatls cannot read the environment, start programs or load code.

--write makes symbols.txt and errors.txt anew, for a change that is meant.
"""

import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
INCLUDE = HERE.parents[1] / "include" / "atls"
PLAIN = {"libc.so.6", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"}
NEEDS = {
    "libatls": {"libssl.so.3", "libcrypto.so.3", "libjansson.so.4"},
    "libatls-tpm2": {"libcrypto.so.3", "libjansson.so.4", "libtss2-esys.so.0", "libtss2-mu.so.0",
                     "libtss2-rc.so.0", "libtss2-tctildr.so.0"},
    "libatls-net": {"libcurl.so.4", "libssl.so.3", "libcrypto.so.3"},
    "libatls-sim": {"libcrypto.so.3", "libjansson.so.4"},
}
# What no library of ours may call.
FORBIDDEN = {"getenv", "secure_getenv", "system", "popen", "dlopen", "dlsym", "execv", "execve", "execvp", "fork",
             "gets", "strcpy", "strcat", "sprintf", "mktemp", "tmpnam"}
# names under which others have shipped their development switches.
SWITCHES = re.compile(
    r"null_?(verif|apprais|attest)|insecure|sample_?(verif|apprais)|(skip|disable|no|bypass)_?(verif|apprais|attestation)"
    r"|allow_?(debug|outdated|insecure|any|unsigned|self)|always_?(accept|true)|trust_?(all|any)|debug_?mode"
    r"|fake_|mock_|dummy", re.I)
# Names of the compiler's start-up code and of OpenSSL's headers that only look like one.
INNOCENT = re.compile(r"frame_dummy|^lh_\w+_dummy$")

problems = []


def run(*words):
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


def stem(path):
    return path.name.split(".so")[0]


def exported(path):
    rows = [line.split() for line in run("nm", "-D", "--defined-only", path).splitlines()]
    return sorted(row[-1].split("@")[0] for row in rows if row[-2] != "A")


def declared():
    names = set()
    for header in sorted(INCLUDE.glob("*.h")):
        text = re.sub(r"/\*.*?\*/", "", header.read_text(), flags=re.S)
        for declaration in re.findall(r"ATLS_API\s[^;]*;", re.sub(r"^\s*#.*$", "", text, flags=re.M)):
            names.add(re.search(r"\b(atls_\w+)\s*(?:\(|;)", declaration).group(1))
    return names


def errors():
    text = (INCLUDE / "error.h").read_text()
    return [f"{number} {name}" for number, name in re.findall(r"X\((\d+), ([A-Z_]+), \d+, ", text)]


def check_needed(path):
    dynamic = run("readelf", "-d", path)
    soname = re.search(r"SONAME.*\[(.*)\]", dynamic)
    if soname is None or soname.group(1) != f"{stem(path)}.so.0":
        problems.append(f"{path.name}: SONAME is {soname and soname.group(1)}")
    found = set(re.findall(r"NEEDED.*\[(.*)\]", dynamic)) - PLAIN
    extra = found - NEEDS[stem(path)]
    if extra:
        problems.append(f"{path.name}: needs {', '.join(sorted(extra))}")
    if "NOW" not in dynamic:
        problems.append(f"{path.name}: is not linked with -z now")
    if "TEXTREL" in dynamic or "RPATH" in dynamic or "RUNPATH" in dynamic:
        problems.append(f"{path.name}: has text relocations or a run path")


def check_forbidden(path):
    undefined = {line.split()[-1].split("@")[0] for line in run("nm", "-D", "--undefined-only", path).splitlines()}
    for name in sorted(undefined & FORBIDDEN):
        problems.append(f"{path.name}: calls {name}")


def check_switches(path):
    names = set(re.findall(r"[\w-]{4,}", run("strings", "-d", path)))
    looked_at = len(names)
    for name in sorted(names):
        if SWITCHES.search(name) and not INNOCENT.search(name):
            problems.append(f"{path.name}: \"{name}\" reads like a development switch (R-38)")
    if looked_at < 100:
        problems.append(f"{path.name}: strings found only {looked_at} names")


def compare(file, listed, found):
    for line in sorted(set(listed) - set(found)):
        problems.append(f"{file}: {line} is gone")
    for line in sorted(set(found) - set(listed)):
        problems.append(f"{file} does not list: {line}")


def main():
    words = sys.argv[1:]
    write = "--write" in words
    paths = [pathlib.Path(word) for word in words if word != "--write"]
    libraries = [path for path in paths if ".so" in path.name]
    symbols = [f"{stem(path)} {name}" for path in libraries for name in exported(path)]
    if write:
        (HERE / "symbols.txt").write_text("".join(f"{line}\n" for line in sorted(symbols)))
        (HERE / "errors.txt").write_text("".join(f"{line}\n" for line in errors()))
    built = {stem(path) for path in libraries}
    wanted = [line for line in (HERE / "symbols.txt").read_text().splitlines() if line.split()[0] in built]
    compare("symbols.txt", wanted, symbols)
    compare("errors.txt", (HERE / "errors.txt").read_text().splitlines(), errors())
    if len(built) == len(NEEDS):
        names = {line.split()[1] for line in symbols}
        for name in sorted(declared() - names):
            problems.append(f"{name}: a public header declares it, and no library exports it")
        for name in sorted(names - declared()):
            problems.append(f"{name}: exported, and no public header declares it")
    for path in libraries:
        check_needed(path)
        check_forbidden(path)
    for path in paths:
        check_switches(path)
    for problem in problems:
        print(problem)
    if problems:
        print("if this is meant: tests/abi/check.py --write BUILD/libatls.so.0 BUILD/libatls-tpm2.so.0 "
              "BUILD/libatls-net.so.0 BUILD/libatls-sim.so.0")
    print(f"abi: {len(symbols)} symbols of {len(libraries)} libraries, {len(errors())} errors, {len(problems)} wrong")
    sys.exit(1 if problems or not symbols else 0)


main()
