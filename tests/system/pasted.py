# SPDX-License-Identifier: Apache-2.0
"""Commands of a page, pasted into a shell."""

import os
import re
import signal
import subprocess

import atlslib
from atlslib import WAIT, Lines


class Machine:
    """A shell that lives as long as the test, so that `export`, `cd` and jobs do."""

    def __init__(self, folder: str, prefix: list, env: dict):
        self.steps = 0
        self.process = subprocess.Popen([*prefix, "bash", "-m"], cwd=folder, env=env, text=True, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
        self.lines = Lines(self.process.stdout)

    def run(self, text: str) -> str:
        """What the block wrote; its last command must have ended with 0."""
        self.steps += 1
        before = len(self.lines.all())
        mark = f"::end {self.steps} "
        self.process.stdin.write(f"{text}\nprintf '%s\\n' \"{mark}$?\"\n")
        self.process.stdin.flush()
        end = self.lines.wait(lambda line: line.startswith(mark), f"the end of {text}")
        said = "\n".join(line for line in self.lines.all()[before:] if not line.startswith("::end "))
        if end != mark + "0":
            raise AssertionError(f"{text}\nended with {end}\n{said}")
        return said

    def expect(self, pattern: str, before: int) -> None:
        """Waits for a line, since what runs in the background may be slower than its shell."""
        wanted = re.compile(".*".join(re.escape(part) for part in pattern.split("...")) + r"\Z", re.S)
        atlslib.wait_until(lambda: any(wanted.match(line) for line in self.lines.all()[before:]),
                           f"{pattern!r}; there is {self.lines.all()[before:]}")

    def stop(self) -> None:
        # what it started is in its session: jobs, and swtpm
        for line in subprocess.run(["ps", "-o", "pid=", "--sid", str(self.process.pid)], capture_output=True, text=True,
                                   check=False).stdout.split():
            try:
                os.kill(int(line), signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.stdin.close()
        self.process.wait(WAIT)
        self.lines.join()
