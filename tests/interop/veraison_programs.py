# SPDX-License-Identifier: Apache-2.0
"""Veraison's programs, built from Go modules with the ordinary client of Go: services, evcli, cocli, arc.

Versions are pinned here; Go's own sum database vouches for what comes. Nothing of it is in this tree: programs go into
a folder of the build, and stay there for the next run. ATLS_VERAISON names a folder that has them already, of whatever
version; then nothing is built.
"""

import os
import shutil
import subprocess

SERVICES = "github.com/veraison/services"
# program: module, version, package inside
PROGRAMS = {
    "verification-service": (SERVICES, "v0.0.2501", "/verification/cmd/verification-service"),
    "provisioning-service": (SERVICES, "v0.0.2501", "/provisioning/cmd/provisioning-service"),
    "vts-service": (SERVICES, "v0.0.2501", "/vts/cmd/vts-service"),
    "plugins/psa-iot.plugin": (SERVICES, "v0.0.2501", "/scheme/psa-iot/plugin/combined"),
    "plugins/parsec-tpm.plugin": (SERVICES, "v0.0.2501", "/scheme/parsec-tpm/plugin/combined"),
    "evcli": ("github.com/veraison/evcli", "v1.0.0", ""),
    "cocli": ("github.com/veraison/corim", "v1.1.2", "/cocli"),
    "arc": ("github.com/veraison/ear", "v1.1.3", "/arc"),
}
BUILD_SECONDS = 3600


class Absent(Exception):
    """What is needed is not to be had; the text is the reason for a skip."""


def go(folder: str, *words, timeout: float = BUILD_SECONDS) -> subprocess.CompletedProcess:
    # -mod=mod: the sums are written as the modules come; no program of Go is fetched beside the one that is here
    env = {**os.environ, "GOFLAGS": "-mod=mod -modcacherw", "GOTOOLCHAIN": "local"}
    return subprocess.run(["go", *words], cwd=folder, env=env, capture_output=True, text=True, timeout=timeout,
                          check=False)


def obtainable(module: str, version: str) -> bool:
    return go("/", "mod", "download", f"{module}@{version}").returncode == 0


def _build(folder: str, program: str) -> None:
    module, version, package = PROGRAMS[program]
    work = os.path.join(folder, "modules", module.replace("/", "+"))
    os.makedirs(work, exist_ok=True)
    with open(os.path.join(work, "go.mod"), "w", encoding="ascii") as file:
        file.write(f"module interop\n\ngo 1.22\n\nrequire {module} {version}\n")
    built = go(work, "build", "-o", os.path.join(folder, program), module + package)
    if built.returncode != 0:
        raise AssertionError(f"{module}{package} {version} does not build: {built.stderr[-3000:]}")


def programs(folder: str) -> str:
    """The folder with all of them. Built at most once for a version; Absent when that is not possible here."""
    given = os.environ.get("ATLS_VERAISON")
    if given:
        for program in PROGRAMS:
            if program.startswith("plugins/") and not os.path.isdir(os.path.join(given, "plugins")):
                continue  # services of 2026 can have their schemes in them
            if not os.access(os.path.join(given, program), os.X_OK):
                raise Absent(f"{os.path.join(given, program)} is absent")
        return given
    if shutil.which("go") is None:
        raise Absent("go is not installed")
    folder = os.path.abspath(folder)
    os.makedirs(folder, exist_ok=True)
    stamp, pins = os.path.join(folder, "pins"), repr(PROGRAMS)
    if os.path.exists(stamp):
        with open(stamp, encoding="ascii") as file:
            if file.read() == pins:
                return folder
    for module, version, _ in dict.fromkeys((m, v, "") for m, v, _ in PROGRAMS.values()):
        if not obtainable(module, version):
            raise Absent(f"no Go module {module}@{version} to be had here")
    for program in PROGRAMS:
        _build(folder, program)
    with open(stamp, "w", encoding="ascii") as file:
        file.write(pins)
    return folder
