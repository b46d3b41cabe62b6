#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check.py [MODEL=PROGRAM ...]: what Spin finds in the models of this folder, and the code along their steps.

A model is a machine that the code must follow, step by step (session), or has the code itself inside
(exchange). For each model: the invariants hold in every state that can be reached; each positive control is
reached; each seeded mutant of mutants.txt breaks an invariant, or makes the replay differ where it
says so; and PROGRAM, given every step of the model, finds that the code takes each likewise.

check.py --show MODEL [MUTANT] prints the way to a broken invariant.
"""

import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import edits  # noqa: E402

# Positive controls: states that must be reached, as the text of the macro `reached`.
CONTROLS = {
    "session": [f"verdict == v_accepted && role == {role} && g_evidence == {evidence}"
                for role in ("client", "server") for evidence in ("evidence", "evidence_retried")]
               + ["verdict == v_not_required", "g_made && role == client", "g_made && role == server",
                  "verdict == v_accepted && g_facts && !g_sound"],
    "gate": ["outcome == OK && requires && data", "outcome == OK && !requires && data", "outcome == NO_VERDICT && data && requires"],
    "exchange": ["ends[0].data && ends[1].data && ends[0].accepted && ends[1].accepted && !now.hostile",
                 "atls_exchange_is_open(&ends[0].x) && ends[0].asked && ends[1].asked && !now.hostile",
                 "ends[0].rounds == ROUNDS && !ends[0].asked && !ends[0].stopped && ends[0].data && !now.hostile",
                 "ends[0].stopped && ends[0].accepted && ends[0].data",
                 "ends[0].accepted && ends[0].data && now.hostile"],
}
# Sources of ours that are compiled into the verifier of a model.
SOURCES = {"exchange": ["src/handshake/exchange.c", "src/handshake/frame.c", "src/base/diag.c", "src/base/error.c",
                        "src/base/reader.c", "src/base/rfc3339.c", "src/base/writer.c"]}
ROOT = HERE.parents[1]
BROKEN = re.compile(r"^pan:\d+: (assertion violated .*?) \(at depth \d+\)", re.M)


def verifier(folder, model, *defines, whole=False):
    """Makes a verifier of folder/model.pml, fast where the search is `whole`."""
    said = subprocess.run(["spin", "-a", "model.pml"], cwd=folder, capture_output=True, text=True, check=False)
    if said.returncode != 0 or "Error" in said.stdout or not (folder / "pan.c").exists():
        raise SystemExit(f"spin: {said.stdout}{said.stderr}")
    subprocess.run(["gcc", "-O1" if model in SOURCES and whole else "-O0", "-w", "-std=gnu11", "-DSAFETY", "-DNOREDUCE", *defines, "-I.",
                    "-Isrc", "-Iinclude", "-o", "pan", "pan.c", *SOURCES.get(model, [])], cwd=folder, check=True)


def verify(folder):
    """The broken invariant, or None; fails where the search was not complete."""
    said = subprocess.run(["./pan", "-m200000", "-w20"], cwd=folder, capture_output=True, text=True, check=False).stdout
    broken = BROKEN.search(said)
    if broken is None and ("errors: 0" not in said or "max search depth too small" in said or "not completed" in said):
        raise SystemExit(f"the search is not complete:\n{said}")
    states = re.search(r"(\d+) states, stored", said)
    return broken.group(1) if broken else None, int(states.group(1))


def prepare(folder, model, mutant, control):
    """A copy of the model, and of the code that goes into it, with what is to be tried."""
    for source in (*HERE.glob("*.pml"), *HERE.glob("*.h")):
        shutil.copy(source, folder)
    if model in SOURCES:
        shutil.copytree(ROOT / "include", folder / "include")
        for room in ("base", "handshake"):
            shutil.copytree(ROOT / "src" / room, folder / "src" / room)
    if mutant is not None:
        mutant.apply(folder)
    text = (folder / f"{model}.pml").read_text(encoding="utf-8")
    if control is not None:
        text = text.replace("#define reached false", f"#define reached ({control})")
    (folder / "model.pml").write_text(text, encoding="utf-8")


def tried(model, mutant=None, control=None, replay=None):
    """One search in a folder of its own: what is broken, and in how many states; or what the replay says."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        prepare(folder, model, mutant, control)
        verifier(folder, model, *(["-DPRINTF"] if replay else []), whole=mutant is None and control is None)
        if replay is None:
            return verify(folder)
        with subprocess.Popen(["./pan", "-m200000", "-w20"], cwd=folder, stdout=subprocess.PIPE) as steps:
            said = subprocess.run([replay], stdin=steps.stdout, capture_output=True, text=True, check=False)
        return said.returncode, said.stdout + said.stderr


def check_invariants(model):
    broken, states = tried(model)
    return broken is None, f"{model}: the invariants hold in {states} states" if broken is None else f"{model}: {broken}"


def check_control(model, control):
    broken, _ = tried(model, control=control)
    return broken is not None, f"{model}: reached: {control}"


def check_mutant(model, mutant, program):
    if mutant.expected == ["replay"]:
        if program is None:
            return True, f"{model}: {mutant.name}: no program to replay it on"
        status, _ = tried(model, mutant, replay=program)
        return status != 0, f"{model}: {mutant.name} ({mutant.why}) differs from the code"
    broken, _ = tried(model, mutant)
    return broken is not None, f"{model}: {mutant.name} ({mutant.why}): {broken or 'no invariant is broken'}"


def check_replay(model, program):
    status, said = tried(model, replay=program)
    return status == 0, f"{model}: {said.strip()}"


def jobs_of(programs):
    """Every question, the long ones first."""
    jobs = [(check_replay, model, program) for model, program in programs.items()]
    for model, controls in CONTROLS.items():
        jobs.append((check_invariants, model))
        jobs += [(check_control, model, control) for control in controls]
    for mutant in edits.read(HERE / "mutants.txt"):
        model = pathlib.Path(mutant.file).stem
        jobs.append((check_mutant, model, mutant, programs.get(model)))
    return jobs


def show(model, name=None):
    """The way to a broken invariant, a shortest one: what pan did, and the last state."""
    mutant = next((m for m in edits.read(HERE / "mutants.txt") if m.name == name), None)
    with tempfile.TemporaryDirectory() as work:
        folder = pathlib.Path(work)
        prepare(folder, model, mutant, None)
        verifier(folder, model, "-DREACH")
        subprocess.run(["./pan", "-m200000", "-w20", "-i"], cwd=folder, capture_output=True, check=False)
        said = subprocess.run(["./pan", "-r"], cwd=folder, capture_output=True, text=True, check=False)
    for line in said.stdout.splitlines():
        if line.strip():
            print(re.sub(r"^\s*\d+:\tproc\s+0 \(:init:[^)]*\) ", "", line))


def main():
    if sys.argv[1:2] == ["--show"]:
        show(*sys.argv[2:4])
        return
    for tool in ("spin", "gcc"):
        if shutil.which(tool) is None:
            print(f"skipped: {tool} is absent")
            sys.exit(77)
    programs = dict(argument.split("=", 1) for argument in sys.argv[1:])
    programs = {model: os.path.abspath(program) for model, program in programs.items()}
    began = time.monotonic()
    failed = done = 0
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for right, line in pool.map(lambda job: job[0](*job[1:]), jobs_of(programs)):
            print(line if right else f"FAILED {line}")
            done, failed = done + 1, failed + (not right)
    print(f"Ran {done} tests in {time.monotonic() - began:.1f} s: {failed} failed")
    sys.exit(1 if failed or not done else 0)


main()
