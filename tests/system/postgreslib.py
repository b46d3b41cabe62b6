# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL for tests: a cluster of its own in a temporary folder, on a Unix socket there, ended by its process id."""

import glob
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import unittest

from atlslib import WAIT, wait_until


def _programs() -> str:
    """The folder of the highest version that Debian has installed."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/postgres"), key=lambda path: int(path.split("/")[4]))
    if not found:
        raise unittest.SkipTest("PostgreSQL is not installed, there is no /usr/lib/postgresql")
    return os.path.dirname(found[-1])


class Postgres:
    """A server; root runs it as nobody, for PostgreSQL refuses root."""

    def __init__(self, *settings):
        self.programs, self.settings, self.process = _programs(), settings, None
        # A path of a socket may not be long, and TMPDIR can be.
        self.folder = tempfile.mkdtemp(prefix="atls-pg-", dir="/tmp")
        self.user = {}
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            self.user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
            os.chown(self.folder, nobody.pw_uid, nobody.pw_gid)
        try:
            self._run("initdb", "--pgdata=data", "--auth=trust", "--username=atls", "--encoding=UTF8", "--locale=C", "--no-sync")
            self.start()
        except BaseException:
            self.remove()
            raise

    def _words(self, name: str, *words) -> list:
        return [os.path.join(self.programs, name), *words]

    def _run(self, name: str, *words) -> None:
        done = subprocess.run(self._words(name, *words), cwd=self.folder, capture_output=True, text=True, timeout=WAIT,
                              check=False, stdin=subprocess.DEVNULL, **self.user)
        if done.returncode != 0:
            raise AssertionError(f"{name} {words}: {done.stdout} {done.stderr}")

    def uri(self, database: str = "postgres") -> str:
        return f"postgres://atls@/{database}?host={self.folder}"

    def sql(self, statement: str, database: str = "postgres") -> None:
        self._run("psql", "-X", "-q", "-vON_ERROR_STOP=1", self.uri(database), "-c", statement)

    def _answers(self) -> bool:
        if self.process.poll() is not None:
            with open(os.path.join(self.folder, "log"), encoding="utf-8") as file:
                raise AssertionError(f"PostgreSQL ended: {file.read()[-2000:]}")
        return subprocess.run(self._words("pg_isready", "-q", "-h", self.folder), check=False).returncode == 0

    def start(self) -> None:
        with open(os.path.join(self.folder, "log"), "ab") as log:
            self.process = subprocess.Popen(
                self._words("postgres", "-D", "data", "-k", self.folder, "-c", "listen_addresses=",
                            *[word for setting in self.settings for word in ("-c", setting)]),
                cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **self.user)
        wait_until(self._answers, "PostgreSQL")

    def stop(self, how: int = signal.SIGINT) -> None:
        """SIGINT: clients are cut off, and what is committed stays."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(how)
        if self.process is not None:
            self.process.wait(WAIT)

    def remove(self) -> None:
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)


class Databases:
    """A database for each folder and name, made when it is asked for: what Verifier.store wants."""

    def __init__(self, postgres: Postgres):
        self.postgres, self.known = postgres, {}

    def __call__(self, folder: str, name: str) -> str:
        key = os.path.join(folder, name)
        if key not in self.known:
            self.known[key] = f"v{len(self.known)}"
            self.postgres.sql(f"CREATE DATABASE {self.known[key]}")
        return self.postgres.uri(self.known[key])
