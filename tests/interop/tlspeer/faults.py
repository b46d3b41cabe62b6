# SPDX-License-Identifier: Apache-2.0
"""The table of faults.

A fault is a small function f(value, endpoint, argument) -> value for one hook of the handshake;
a few need two hooks and register twice under one name.  Several may be active at once.
"""

from dataclasses import dataclass, field

from .wire import UsageError

TABLE = {}
BOTH = ("client", "server")


@dataclass
class Fault:
    name: str
    summary: str
    roles: tuple
    argument: str = ""                         # what ARG means, empty where there is none
    functions: dict = field(default_factory=dict)


def fault(name: str, hook: str, summary: str, roles=BOTH, argument: str = ""):
    """Registers the decorated function for HOOK under NAME."""
    def register(function):
        entry = TABLE.setdefault(name, Fault(name, summary, tuple(roles), argument))
        entry.functions[hook] = function
        return function
    return register


class Faults:
    """The faults that were asked for, each with its argument (None when there was none)."""

    def __init__(self, chosen=()):
        self.chosen = list(chosen)

    def names(self) -> list:
        return [entry.name if argument is None else f"{entry.name}={argument}"
                for entry, argument in self.chosen]

    def apply(self, hook: str, value, endpoint):
        for entry, argument in self.chosen:
            function = entry.functions.get(hook)
            if function is not None:
                value = function(value, endpoint, argument)
        return value


def parse(texts: list, role: str) -> Faults:
    """--fault NAME[=ARG], any number of times."""
    chosen = []
    for text in texts:
        name, equals, argument = text.partition("=")
        entry = TABLE.get(name)
        if entry is None:
            raise UsageError(f"no fault {name!r}: see 'peer.py faults'")
        if role not in entry.roles:
            raise UsageError(f"fault {name} is one of a {' or '.join(entry.roles)}")
        if equals and not entry.argument:
            raise UsageError(f"fault {name} takes no argument")
        chosen.append((entry, argument if equals else None))
    return Faults(chosen)


def number(argument, default):
    """A numeric argument."""
    if argument is None:
        return default
    try:
        return type(default)(argument)
    except ValueError as error:
        raise UsageError(f"{argument!r} is not a number") from error


def table_text() -> str:
    lines = []
    for entry in TABLE.values():
        name = entry.name + (f"[={entry.argument}]" if entry.argument else "")
        lines.append(f"{name:38} {'/'.join(entry.roles):14} {entry.summary}")
    return "\n".join(lines)


def load_all() -> None:
    """Fills the table."""
    from . import faults_evidence, faults_extension, faults_flow
    assert faults_evidence and faults_extension and faults_flow
