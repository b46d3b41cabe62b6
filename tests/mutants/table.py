# SPDX-License-Identifier: Apache-2.0
"""The tables of mutants: how they are read, and how a mutant finds its place in the code."""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
LEAST = 380  # mutants, each in a function of its own
WORDS = ("in", "why", "killed")


class Wrong(Exception):
    """A row that cannot be used."""


class Mutant:
    def __init__(self, name, where):
        self.name, self.where = name, where
        self.path = self.function = self.why = self.target = self.case = None
        self.old, self.new = [], []

    def take(self, word, rest):
        if word == "in":
            self.path, self.function = two(rest)
        elif word == "why":
            self.why = f"{self.why} {rest}" if self.why else rest
        else:
            self.target, self.case = two(rest)

    def check(self):
        missing = [word for word, value in zip(WORDS, (self.path, self.why, self.target)) if not value]
        if missing or not self.old:
            raise Wrong(f"no {', '.join(missing) or 'line that begins with -'}")
        source = self.test_source()
        if not source.is_file():
            raise Wrong(f"{self.target}: no {source.relative_to(ROOT)}")
        if not re.search(rf"\b{re.escape(self.case)}\b", texts_of(source)):
            raise Wrong(f"{source.relative_to(ROOT)} has no test {self.case}")
        self.apply()

    def test_source(self):
        rooms = sorted((folder.name for folder in (ROOT / "tests/unit").iterdir()), key=len, reverse=True)
        for room in rooms:
            if self.target.startswith(f"unit_{room}_"):
                return ROOT / "tests/unit" / room / (self.target[len(f"unit_{room}_"):] + ".c")
        raise Wrong(f"{self.target} is no program of tests/unit")

    def apply(self):
        """The mutated text of the file."""
        path = ROOT / self.path
        if not path.is_file():
            raise Wrong(f"no {self.path}")
        text = path.read_text(encoding="utf-8")
        start, end = body_of(text, self.function, self.path)
        pattern = re.compile(r"\s+".join(re.escape(token) for token in " ".join(self.old).split()))
        found = list(pattern.finditer(text, start, end))
        if len(found) != 1:
            raise Wrong(f"{self.path}, {self.function}: its old text is there {len(found)} times")
        new = " ".join(self.new)
        if new.split() == found[0].group().split():
            raise Wrong("it changes nothing")
        return text[:found[0].start()] + new + text[found[0].end():]


def two(rest):
    words = rest.split()
    if len(words) != 2:
        raise Wrong(f"two words are wanted, not {rest!r}")
    return words


def texts_of(source):
    """A test with what it includes from its own folder, where shared cases are."""
    text = source.read_text(encoding="utf-8")
    for name in re.findall(r'#include "([^"]+)"', text):
        for path in (source.parent / name, ROOT / "tests" / name):
            if path.is_file():
                text += path.read_text(encoding="utf-8")
    return text


def body_of(text, function, path):
    """Where the body of a function is. The formatter puts its braces, and no others, alone at column 0."""
    found = []
    for opening in re.finditer(r"^\{$", text, re.M):
        head = re.split(r"[;}]|\n\n|\*/|#.*", text[:opening.start()])[-1]
        names = re.findall(r"(\w+)\(", head.replace("STACK_OF(", "("))
        if names and names[0] == function:
            closing = re.compile(r"^\}", re.M).search(text, opening.end())
            found.append((opening.end(), closing.start()))
    if len(found) != 1:
        raise Wrong(f"{path}: {len(found)} functions are called {function}")
    return found[0]


def read_one(path):
    mutants, mutant = [], None
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        where = f"{path.relative_to(ROOT)}:{number}"
        word, _, rest = line.partition(" ")
        if not line.strip() or word.startswith("#"):
            continue
        if word == "mutant":
            mutant = Mutant(rest.strip(), where)
            mutants.append(mutant)
        elif mutant is not None and word in WORDS:
            mutant.take(word, rest.strip())
        elif mutant is not None and word == "-":
            mutant.old.append(rest.strip())
        elif mutant is not None and word == "+":
            mutant.new.append(rest.strip())
        else:
            raise Wrong(f"{where}: {line!r} is no line of a table")
    return mutants


def read_all():
    """All mutants, and what is wrong with them."""
    mutants, errors, functions, names = [], [], {}, {}
    for path in sorted((ROOT / "tests/mutants").glob("*.mutants")):
        try:
            mutants += read_one(path)
        except Wrong as wrong:
            errors.append(str(wrong))
    for mutant in mutants:
        try:
            mutant.check()
        except Wrong as wrong:
            errors.append(f"{mutant.where}: {mutant.name}: {wrong}")
        other = functions.setdefault((mutant.path, mutant.function), mutant.name)
        if other != mutant.name:
            errors.append(f"{mutant.where}: {mutant.name}: {mutant.function} has {other} already")
        if names.setdefault(mutant.name, mutant) is not mutant:
            errors.append(f"{mutant.where}: {mutant.name}: a name that is taken")
    if len(mutants) < LEAST:
        errors.append(f"{len(mutants)} mutants, at least {LEAST} are wanted")
    return mutants, errors
