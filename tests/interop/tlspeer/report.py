# SPDX-License-Identifier: Apache-2.0
"""What one connection came to: a plain dictionary that --json prints."""

from . import numbers

OK, USAGE, ALERTED, FAILED = 0, 1, 2, 3


class Report(dict):
    """Every key is there from the start, so that a reader need not ask which ones exist."""

    def __init__(self, role: str, faults: list):
        super().__init__(
            role=role, ok=False, exit=FAILED, handshake=False, error=None,
            alert_sent=None, alert_received=None, suite=None, group=None, hrr=False,
            server_name=None, signature_scheme=None, peer_signature_scheme=None,
            offered=None, chosen={"server": None, "client": None},
            binder={"own": None, "peer": None}, peer_certificate=None, peer_evidence=None,
            application_data_received=None, application_data_sent=None, echo=None, tickets=0,
            messages_sent=[], messages_received=[], frames_sent=[], frames_received=[],
            exchanged=False, closed_with=None, closed_by=None, faults=faults)

    def alert_out(self, number: int) -> None:
        self["alert_sent"] = {"number": number, "name": numbers.alert_name(number)}

    def alert_in(self, number: int, encrypted: bool) -> None:
        self["alert_received"] = {"number": number, "name": numbers.alert_name(number),
                                  "encrypted": encrypted}

    def finish(self, code: int, error=None) -> int:
        self["exit"], self["ok"] = code, code == OK
        if error is not None:
            self["error"] = str(error)
        return code

    def text(self) -> str:
        """A few lines for people."""
        lines = [f"{self['role']}: " + ("ok" if self["ok"] else f"exit {self['exit']}")]
        for key in ("error", "suite", "group", "hrr", "alert_sent", "alert_received", "chosen",
                    "binder", "application_data_received"):
            if self[key]:
                lines.append(f"  {key.replace('_', ' ')}: {self[key]}")
        for finding in (self["peer_evidence"] or {}).get("findings", []):
            mark = "ok" if finding["ok"] else "NO"
            lines.append(f"  [{mark}] {finding['check']}: {finding['found'][:80]}")
        return "\n".join(lines)
