#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""run.py BUILD COUNTS [MUTANT...]: every mutant of the tables must make its test fail.

BUILD is a configured build folder. A mutant is the one source file, compiled again and linked before
the rooms' libraries, so that its object is taken instead of theirs; nothing in the tree is touched.
The test must pass as it is, and with the mutant the named case must be among those that fail. COUNTS
receives the line "PASSED FAILED SKIPPED".
"""

import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import signal
import subprocess
import sys
import time

import table

LONGEST_S = 120  # of one test; it ends in a second


def failed_cases(output):
    return set(re.findall(r"^\[  FAILED  \] (?:\w+: )?([a-z]\w*)", output, re.M))


def run(program, folder):
    """The exit status, None when it did not end, and what it wrote."""
    process = subprocess.Popen([program], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               stdin=subprocess.DEVNULL, text=True, errors="replace", start_new_session=True)
    try:
        output, _ = process.communicate(timeout=LONGEST_S)
        return process.returncode, output
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
        return None, output


class Build:
    def __init__(self, folder):
        self.folder = folder
        with open(folder / "compile_commands.json", encoding="utf-8") as file:
            entries = json.load(file)
        # the objects of a room, not those of a test that compiles one of its files for itself
        self.compile = {entry["file"]: entry for entry in entries if "/objects_" in entry["command"]}
        self.lines = {}

    def make(self, targets):
        subprocess.run(["cmake", "--build", self.folder, "-j", str(os.cpu_count()), "--target", *targets, "--", "--quiet"],
                       check=True, stdout=sys.stderr)
        for target in targets:
            said = subprocess.run(["ninja", "-C", self.folder, "-t", "commands", "-s", target],
                                  capture_output=True, text=True, check=True).stdout
            self.lines[target] = said.strip().splitlines()[-1]

    def program(self, target):
        return self.folder / re.search(r" -o (\S+)", self.lines[target]).group(1)

    def compile_mutant(self, mutant, folder):
        """The mutated object; what the compiler said, if it said no."""
        source = folder / pathlib.Path(mutant.path).name
        source.write_text(mutant.apply(), encoding="utf-8")
        entry = self.compile.get(str(table.ROOT / mutant.path))
        if entry is None:
            return None, f"{mutant.path} is not compiled in this build"
        words = shlex.split(entry["command"])
        words[words.index("-o") + 1] = str(folder / "mutant.o")
        words[words.index("-c") + 1] = str(source)
        words += ["-w", "-iquote", str((table.ROOT / mutant.path).parent)]
        said = subprocess.run(words, cwd=entry["directory"], capture_output=True, text=True, check=False)
        return (folder / "mutant.o", "") if said.returncode == 0 else (None, said.stderr)

    def link_mutant(self, mutant, folder, obj):
        program = folder / mutant.target
        line = re.sub(r" -o \S+", lambda _: f" {shlex.quote(str(obj))} -o {shlex.quote(str(program))}",
                      self.lines[mutant.target], count=1)
        said = subprocess.run(["sh", "-c", line], cwd=self.folder, capture_output=True, text=True, check=False)
        return (program, "") if said.returncode == 0 else (None, said.stdout + said.stderr)


def try_mutant(build, mutant):
    """None when it was killed as the table says, else what is wrong; and which cases failed."""
    folder = build.folder / "mutant" / mutant.name
    folder.mkdir(parents=True, exist_ok=True)
    obj, said = build.compile_mutant(mutant, folder)
    if obj is None:
        return f"it does not compile\n{said}", set()
    program, said = build.link_mutant(mutant, folder, obj)
    if program is None:
        return f"it does not link\n{said}", set()
    status, output = run(program, build.folder)
    (folder / "output").write_text(output, encoding="utf-8")
    program.unlink()
    failed = failed_cases(output)
    if status == 0:
        return "it survived", failed
    if status is None or status == 77:
        return f"{mutant.target} did not end" if status is None else f"{mutant.target} was skipped", failed
    if mutant.case not in failed:
        return f"{mutant.case} did not fail, but {', '.join(sorted(failed)) or f'status {status}'}", failed
    return None, failed


def try_unmutated(build, targets, cases):
    """What is wrong with the tests as they are: nothing is learned from one that fails anyway."""
    wrong = []
    for target in targets:
        status, output = run(build.program(target), build.folder)
        ran = set(re.findall(r"^\[       OK \] (\w+)", output, re.M))
        for case in sorted(cases[target] - ran):
            wrong.append(f"{target}: {case} did not pass without a mutant, status {status}")
        if status != 0:
            wrong.append(f"{target}: status {status} without a mutant: {' '.join(sorted(failed_cases(output)))}")
    return wrong


def main():
    build = Build(pathlib.Path(sys.argv[1]).resolve())
    wanted = set(sys.argv[3:])
    mutants, errors = table.read_all()
    mutants = [mutant for mutant in mutants if not wanted or wanted & {mutant.name, mutant.target}]
    if errors or not mutants:
        sys.exit("\n".join(errors) or "no such mutant")
    cases = {}
    for mutant in mutants:
        cases.setdefault(mutant.target, set()).add(mutant.case)
    targets = sorted(cases)
    build.make(targets)
    wrong = try_unmutated(build, targets, cases)
    began, passed = time.monotonic(), 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        tried = pool.map(lambda mutant: (mutant, *try_mutant(build, mutant)), mutants)
        for mutant, problem, failed in tried:
            passed += problem is None
            more = f" and {len(failed) - 1} more" if len(failed) > 1 else ""
            print(f"{'killed ' if problem is None else 'FAILED '} {mutant.name}: {mutant.function}, "
                  + (f"by {mutant.case}{more}" if problem is None else problem), flush=True)
    for line in wrong:
        print(f"FAILED  {line}")
    failed = len(mutants) - passed + len(wrong)
    print(f"{passed} mutants killed in {len({(mutant.path, mutant.function) for mutant in mutants})} functions by {len(targets)} programs, "
          f"{failed} failed, {time.monotonic() - began:.0f} s without the build")
    pathlib.Path(sys.argv[2]).write_text(f"{passed} {failed} 0\n", encoding="ascii")
    sys.exit(1 if failed else 0)


main()
