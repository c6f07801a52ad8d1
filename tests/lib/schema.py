#!/usr/bin/python3
"""Judges what pinctl --json printed by its schema: schema.py SCHEMA (DEFINITION FILE)..., and prints what is wrong.

`events` is one object a line, each an event or a loss. Beside what the schema asks for, an object may have no other keys
than the schema names: users may meet keys of later versions, this one may not print keys that are documented nowhere."""
import json
import sys

import jsonschema


def close(schema):
    """Forbids other keys, wherever an object lists its own."""
    if isinstance(schema, dict):
        if "properties" in schema and schema.get("type") == "object":
            schema.setdefault("additionalProperties", False)
        for part in schema.values():
            close(part)
    elif isinstance(schema, list):
        for part in schema:
            close(part)


def judge(schema, definition, text):
    """How many lines of the text are wrong."""
    one_of = ["event", "lost"] if definition == "events" else [definition]
    validator = jsonschema.Draft202012Validator({"$defs": schema["$defs"], "anyOf": [{"$ref": f"#/$defs/{d}"} for d in one_of]})
    lines = text.splitlines() if definition == "events" else [text]
    wrong = 0 if lines else 1
    for line in lines:
        errors = list(validator.iter_errors(json.loads(line)))
        wrong += bool(errors)
        for error in [part for e in errors for part in e.context or [e]]:
            print(f"{definition}: {error.json_path}: {error.message[:300]}")
    return wrong


def main(path, *documents):
    with open(path) as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    close(schema)
    wrong = 0
    for definition, document in zip(documents[::2], documents[1::2], strict=True):
        with open(document) as file:
            wrong += judge(schema, definition, file.read())
    return wrong > 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
