# SPDX-License-Identifier: Apache-2.0
"""Seeded mutants: named edits of a model, each of which must be caught.

A file of them has blocks, separated by empty lines:

    name-of-the-mutant: what was taken away
    file: where
    - the text, which must stand there once
    + what stands in its place
    > what must then be found

Several "-", "+" and ">" lines make one text each, of several lines.
"""

import pathlib


class Mutant:
    """One block."""

    def __init__(self, block):
        head, *rest = block.splitlines()
        self.name, self.why = head.split(": ", 1)
        self.file = rest[0].removeprefix("file: ")
        self.old = self._lines(rest, "-")
        self.new = self._lines(rest, "+")
        self.expected = [line[2:] for line in rest if line.startswith(">")]
        if not self.expected or not self.old:
            raise SystemExit(f"mutant {self.name}: nothing is edited, or nothing expected")

    @staticmethod
    def _lines(lines, mark):
        return "\n".join(line[2:] for line in lines if line.startswith(mark))

    def apply(self, folder):
        """Edits the file in `folder`, a copy of the model's."""
        path = pathlib.Path(folder) / self.file
        text = path.read_text(encoding="utf-8")
        if text.count(self.old) != 1:
            raise SystemExit(f"mutant {self.name}: its text stands {text.count(self.old)} times in {self.file}")
        path.write_text(text.replace(self.old, self.new), encoding="utf-8")


def read(path):
    """The mutants of a file."""
    lines = [line for line in pathlib.Path(path).read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    blocks = [block for block in "\n".join(lines).split("\n\n") if block.strip()]
    return [Mutant(block.strip("\n")) for block in blocks]
