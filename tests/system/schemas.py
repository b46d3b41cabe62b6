# SPDX-License-Identifier: Apache-2.0
"""docs/json: every line that a test makes the program write is held to the schema of its verb."""

import functools
import json
import pathlib

try:
    import jsonschema
except ImportError:
    jsonschema = None

DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs" / "json"


@functools.lru_cache(maxsize=None)
def _validator(verb: str):
    path = DOCS / f"{verb}.schema.json"
    schema = json.loads(path.read_text(encoding="utf-8"))
    resolver = jsonschema.RefResolver(path.as_uri(), schema)
    return jsonschema.Draft202012Validator(schema, resolver=resolver)


def check(line: dict) -> None:
    """AssertionError when LINE is not what docs/json says; nothing without python3-jsonschema."""
    if jsonschema is None:
        return
    errors = [error.message for error in _validator(line["verb"]).iter_errors(line)]
    if errors:
        raise AssertionError(f"{errors} in {json.dumps(line)}")
