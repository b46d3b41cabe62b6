#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check.py [tables] [claims] [mutants]: what docs/models.md says against what Maude finds, all without a word.

tables   A cell has the letters of the attacks that must be found; every other attack must not be
         found, and the honest run must be, unless the cell begins with "!".
claims   The rows that other pages name are there.
mutants  Each edit of mutants.txt must bring the attack that is named there.

check.py --show MODEL ROW PROFILE PROPERTY prints the steps that lead to one, such as
  check.py --show server tik nonce-key key
check.py --table prints what is found instead of judging it.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PAGE = ROOT / "docs" / "models.md"
sys.path.insert(0, str(HERE.parent))
import edits  # noqa: E402

# A page that claims something of strength names rows as [`row`](docs/models.md#heading).
CLAIMS = ("SECURITY.md", "PROTOCOL.md")


class Table:
    """One table of the page: `<!-- maude MODEL: LETTER property, ...; run, ... -->` above it."""

    def __init__(self, heading, model, letters, runs, lines):
        self.heading, self.model, self.runs = heading, model, runs
        self.letters = dict(pair.split() for pair in letters)
        cells = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines]
        self.profiles = cells[0][3:]
        self.rows = {row[0].strip("`"): row for row in cells[2:]}

    def start(self, row, profile):
        """The term from which to search."""
        world, attacker = (self._terms(self.rows[row][i]) for i in (1, 2))
        return f"start({profile}, ({world}), ({attacker}))"

    @staticmethod
    def _terms(cell):
        return " , ".join(re.findall(r"`(\w+)`", cell)) or "none"

    def cell(self, row, profile):
        return self.rows[row][3 + self.profiles.index(profile)]


def read_tables():
    """Every table of the page, by its model."""
    tables, heading = {}, ""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    for at, line in enumerate(lines):
        if line.startswith("#"):
            heading = re.sub(r"[^\w\- ]", "", line.lstrip("# ").lower()).replace(" ", "-")
        found = re.match(r"<!-- maude (\w+): (.*); (.*) -->", line)
        if found:
            end = at + 2
            while end < len(lines) and lines[end].startswith("|"):
                end += 1
            model, letters, runs = found.groups()
            tables[model] = Table(heading, model, letters.split(", "), runs.split(", "), lines[at + 2:end])
    return tables


class Question:
    """One search, and whether it is to find something."""

    def __init__(self, table, row, profile, properties, wanted):
        self.table, self.row, self.profile = table, row, profile
        self.properties, self.wanted, self.found = properties, wanted, None

    def command(self):
        said = " or ".join(f"{name}(Found:State)" for name in self.properties)
        return f"search [1] {self.table.start(self.row, self.profile)} =>* Found:State such that {said} ."

    def __str__(self):
        return f"{self.table.model}: {self.row} x {self.profile}: {' or '.join(self.properties)}"


def questions_of(table, row, profile, cell):
    """What a cell asserts. All that must not be found is one search."""
    wanted = [name for letter, name in table.letters.items() if letter in cell]
    unwanted = [name for letter, name in table.letters.items() if letter not in cell]
    asked = [Question(table, row, profile, [name], True) for name in wanted]
    if unwanted:
        asked.append(Question(table, row, profile, unwanted, False))
    return asked + [Question(table, row, profile, [name], not cell.startswith("!")) for name in table.runs]


def write_script(folder, model, questions, out):
    out.write(f"load {folder}/{model}.maude\nset show timing off .\nset show command off .\n")
    for question in questions:
        out.write(question.command() + "\n")
    out.write("q\n")


def start_maude(script):
    return subprocess.Popen(["maude", "-no-banner", "-no-wrap", "-batch", script], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def answer(questions, folder=HERE):
    """Asks Maude, as many processes as there are cores."""
    shares = [share for model in sorted({q.table.model for q in questions})
              for share in split([q for q in questions if q.table.model == model])]
    with tempfile.TemporaryDirectory() as scripts:
        for number in range(0, len(shares), cores()):
            running = []
            for at, share in enumerate(shares[number:number + cores()], number):
                script = f"{scripts}/{at}.maude"
                with open(script, "w", encoding="ascii") as out:
                    write_script(folder, share[0].table.model, share, out)
                running.append((start_maude(script), share))
            for process, share in running:
                take_answers(process.communicate()[0], share)


def cores():
    return max(1, len(os.sched_getaffinity(0)))


def split(questions):
    """Shares of about one length; every process has to read the model."""
    count = min(cores(), 1 + len(questions) // 8)
    return [questions[i::count] for i in range(count)]


def take_answers(said, questions):
    found = re.findall(r"^(No solution\.|Solution 1 )", said, re.M)
    if len(found) != len(questions) or "Warning" in said or "Advisory" in said:
        raise SystemExit(f"Maude gave {len(found)} answers to {len(questions)} questions:\n{said[:3000]}")
    for question, text in zip(questions, found):
        question.found = text.startswith("Solution")


def judge(questions):
    """How many are right, and a line for each that is not."""
    wrong = [q for q in questions if q.found != q.wanted]
    for question in wrong:
        if question.wanted:
            print(f"FAILED {question}: must be found, and is not")
        else:
            print(f"FAILED {question}: must not be found, and is; --show has its steps")
    return len(questions) - len(wrong), len(wrong)


def is_found_anyway(table, row, profile, name):
    """By the table, without any mutant."""
    cell = table.cell(row, profile)
    if name in table.runs:
        return not cell.startswith("!")
    return any(letter in cell for letter, prop in table.letters.items() if prop == name)


def try_mutants(tables):
    """Each edit in a copy of the models. The answer to its rows must change as it says."""
    passed = failed = 0
    for mutant in edits.read(HERE / "mutants.txt"):
        questions = []
        for line in mutant.expected:
            model, row, profile, name = line.split()
            question = Question(tables[model], row, profile, [name], True)
            if is_found_anyway(tables[model], row, profile, name):
                raise SystemExit(f"mutant {mutant.name}: {question} is found without it")
            questions.append(question)
        with tempfile.TemporaryDirectory() as copy:
            for source in HERE.glob("*.maude"):
                shutil.copy(source, copy)
            mutant.apply(copy)
            answer(questions, copy)
        caught = all(question.found for question in questions)
        print(f"{'caught' if caught else 'FAILED: not caught'}: {mutant.name} ({mutant.why})")
        passed, failed = passed + caught, failed + (not caught)
    return passed, failed


def check_claims(tables):
    """The rows that other pages name are there."""
    failed = named = 0
    rows = {(table.heading, row) for table in tables.values() for row in table.rows}
    for page in CLAIMS:
        text = (ROOT / page).read_text(encoding="utf-8")
        for row, heading in re.findall(r"\[`([\w+-]+)`\]\(docs/models\.md#([\w-]+)\)", text):
            named += 1
            if (heading, row) not in rows:
                print(f"FAILED {page}: docs/models.md has no row {row} under {heading}")
                failed += 1
    if named == 0:
        print("FAILED no page names a row")
        failed += 1
    return named, failed


def show(tables, model, row, profile, name):
    """The steps to a state with a property: the labels of the rules and what each adds."""
    question = Question(tables[model], row, profile, [name], True)
    with tempfile.NamedTemporaryFile("w", suffix=".maude") as out:
        write_script(HERE, model, [question], out)
        out.flush()
        text = pathlib.Path(out.name).read_text(encoding="ascii")
        first = start_maude(out.name).communicate()[0]
        state = re.search(r"^Solution 1 \(state (\d+)\)", first, re.M)
        if state is None:
            print("not found")
            return
        out.seek(0)
        out.truncate()
        out.write(text.replace("\nq\n", f"\nshow path {state.group(1)} .\nq\n"))
        out.flush()
        print_path(start_maude(out.name).communicate()[0])


def print_path(said):
    """After each step the label of its rule, and what is new in the state; long terms are cut."""
    states = re.findall(r"^state \d+, State: (.*)$", said, re.M)
    labels = re.findall(r"label (\S+?)\]", said)
    for label, before, after in zip(labels, states, states[1:]):
        print(label)
        for piece in reversed(parts(after)):
            if piece not in parts(before):
                print("    " + (piece if len(piece) < 160 else piece[:157] + "..."))


def parts(state):
    """The arguments of a state, of which the last is the attacker's knowledge: each term of that, too."""
    depth, cut = 0, [len(state) - 1]
    for at in range(len(state) - 1, -1, -1):
        depth += (state[at] == ")") - (state[at] == "(")
        if state[at] == "," and depth == 1:
            cut.append(at)
    return [state[b + 1:a].strip() for a, b in zip(cut, cut[1:])]


def print_tables(tables):
    """What is found, in the form of the page."""
    for table in tables.values():
        print(f"\n{table.model}: {', '.join(table.profiles)}")
        asked = {}
        for row in table.rows:
            for profile in table.profiles:
                names = list(table.letters.values()) + table.runs
                asked[row, profile] = [Question(table, row, profile, [name], True) for name in names]
        answer([question for group in asked.values() for question in group])
        for row, cells in table.rows.items():
            found = []
            for profile in table.profiles:
                is_found = {q.properties[0]: q.found for q in asked[row, profile]}
                cell = "".join(letter for letter, name in table.letters.items() if is_found[name])
                runs = all(is_found[name] for name in table.runs)
                found.append(("" if runs else "!") + (cell or "." if runs else cell))
            print("| " + " | ".join(cells[:3] + found) + " |")


def check_tables(tables):
    """Every cell."""
    questions = [question for table in tables.values() for row in table.rows for profile in table.profiles
                 for question in questions_of(table, row, profile, table.cell(row, profile))]
    answer(questions)
    passed, failed = judge(questions)
    print(f"{len(questions)} searches in {len(tables)} models: {passed} as the tables say, {failed} not")
    return passed, failed


def main():
    tables = read_tables()
    if sys.argv[1:2] == ["--show"]:
        show(tables, *sys.argv[2:6])
        return
    if sys.argv[1:2] == ["--table"]:
        print_tables(tables)
        return
    if shutil.which("maude") is None:
        print("skipped: maude is absent")
        sys.exit(77)
    began = time.monotonic()
    parts_asked = {"tables": check_tables, "claims": check_claims, "mutants": try_mutants}
    passed = failed = 0
    for name in sys.argv[1:] or parts_asked:
        more_passed, more_failed = parts_asked[name](tables)
        passed, failed = passed + more_passed, failed + more_failed
    print(f"Ran {passed + failed} tests in {time.monotonic() - began:.1f} s: {failed} failed")
    sys.exit(1 if failed or not passed else 0)


main()
