#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Proves that the generator refuses what is outside of its subset, and says which file and why."""
import copy
import json
import pathlib
import sys
import tempfile

from read_schema import Reader, SchemaError
from write_ts import TsWriter

TYPES = {
    "$defs": {
        "id": {"type": "string", "pattern": "^[a-z0-9-]{1,32}$"},
        "role": {"type": "string", "enum": ["chair", "room"]},
        "row": {"type": "object", "properties": {"id": {"$ref": "#/$defs/id"}}, "required": ["id"]},
    }
}
ERRORS = {"a.error": {"status": 409, "vi": "Lỗi.", "en": "Error."}}
MESSAGE = {
    "title": "a.message",
    "x-kind": "request",
    "x-roles": ["chair"],
    "description": "Does something.",
    "type": "object",
    "properties": {
        "id": {"$ref": "types.json#/$defs/id"},
        "rows": {"type": "array", "maxItems": 4, "items": {"$ref": "types.json#/$defs/row"}},
        "count": {"type": "integer", "minimum": 0, "maximum": 9},
        "text": {"type": "string", "maxLength": 10},
    },
    "required": ["id"],
    "x-reply": {"type": "object", "properties": {"done": {"type": "boolean"}}, "required": ["done"]},
    "x-errors": ["a.error"],
}

# What is changed: (file, place in it, new value), and what the complaint has to say.
MESSAGE_FILE, TYPES_FILE, ERRORS_FILE = "a.message.json", "types.json", "errors.json"
CASES = [
    (MESSAGE_FILE, ["properties", "count", "multipleOf"], 2, "multipleOf is outside of the subset"),
    (MESSAGE_FILE, ["properties", "count", "type"], "null", "type 'null' is outside of the subset"),
    (MESSAGE_FILE, ["properties", "count", "type"], ["integer", "string"], "outside of the subset"),
    (MESSAGE_FILE, ["properties", "count", "maximum"], None, "without minimum and maximum"),
    (MESSAGE_FILE, ["properties", "count", "maximum"], 2**53, "2^53 - 1"),
    (MESSAGE_FILE, ["properties", "count", "minimum"], 10, "minimum is over maximum"),
    (MESSAGE_FILE, ["properties", "text", "maxLength"], None, "maxLength from 1"),
    (MESSAGE_FILE, ["properties", "text", "format"], "uri", "format is outside of the subset"),
    (MESSAGE_FILE, ["properties", "text", "pattern"], "^[a-z]{1,9}$", "maxLength is outside"),
    (MESSAGE_FILE, ["properties", "text"], {"type": "string", "pattern": "^a+$"}, "a pattern has the form"),
    (MESSAGE_FILE, ["properties", "text"], {"type": "string", "pattern": "^[z-a]{1,9}$"}, "is empty"),
    (MESSAGE_FILE, ["properties", "text"], {"type": "string", "enum": ["a"]}, "have a name"),
    (MESSAGE_FILE, ["properties", "text"], {"type": "object", "properties": {}}, "have a name"),
    (MESSAGE_FILE, ["properties", "text"], {"$ref": "types.json#/$defs/nothing"}, "has no $defs/nothing"),
    (MESSAGE_FILE, ["properties", "text"], {"$ref": "other.json#/$defs/id"}, "does not point into"),
    (MESSAGE_FILE, ["properties", "rows", "maxItems"], None, "maxItems from 1"),
    (MESSAGE_FILE, ["properties", "rows", "uniqueItems"], True, "uniqueItems is outside"),
    (MESSAGE_FILE, ["properties", "rows", "items"], None, "an array has items"),
    (MESSAGE_FILE, ["properties", "Upper"], {"type": "boolean"}, "lower-case identifier"),
    (MESSAGE_FILE, ["additionalProperties"], False, "additionalProperties is outside of the subset"),
    (MESSAGE_FILE, ["required"], ["id", "nothing"], "required nothing is not a property"),
    (MESSAGE_FILE, ["title"], "another.message", "is not the file's name"),
    (MESSAGE_FILE, ["description"], None, "no description"),
    (MESSAGE_FILE, ["x-kind"], "command", "is none of"),
    (MESSAGE_FILE, ["x-kind"], "event", "only a request has x-reply"),
    (MESSAGE_FILE, ["x-kind"], "rest", "x-path and x-method"),
    (MESSAGE_FILE, ["x-roles"], None, "no x-roles"),
    (MESSAGE_FILE, ["x-roles"], ["boss"], "boss is no role"),
    (MESSAGE_FILE, ["x-errors"], ["b.error"], "b.error is not in errors.json"),
    (MESSAGE_FILE, ["x-ephemeral"], True, "only an event is x-ephemeral"),
    (MESSAGE_FILE, ["properties", "text", "maxLength"], 20000, "the limit is 65536"),
    (TYPES_FILE, ["$defs", "row", "properties", "row"], {"$ref": "#/$defs/row"}, "contains itself"),
    (TYPES_FILE, ["$defs", "role", "enum"], ["chair", "none"], '"none" comes first'),
    (TYPES_FILE, ["$defs", "role", "enum"], ["chair", "chair"], "different values"),
    (TYPES_FILE, ["$defs", "a_message"], {"type": "string", "enum": ["x"]}, "two types in TypeScript"),
    (ERRORS_FILE, ["a.error", "status"], 200, "from 400 to 599"),
    (ERRORS_FILE, ["a.error", "vi"], None, "has a dotted code, status, vi and en"),
]


def write(folder, file, place, value):
    documents = {MESSAGE_FILE: MESSAGE, TYPES_FILE: TYPES, ERRORS_FILE: ERRORS}
    for name, document in copy.deepcopy(documents).items():
        inner = document
        if name == file:
            for key in place[:-1]:
                inner = inner[key]
            inner[place[-1]] = value
            if value is None:
                del inner[place[-1]]
        (folder / name).write_text(json.dumps(document), encoding="utf-8")


def complaint(folder):
    try:
        TsWriter(Reader(folder).contract()).text()
    except SchemaError as fault:
        return str(fault)
    return ""


def main():
    bad = []
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        write(folder, "", [], None)
        if complaint(folder):
            bad.append(f"the plain schema is refused: {complaint(folder)}")
        for file, place, value, reason in CASES:
            write(folder, file, place, value)
            said = complaint(folder)
            is_named = file in said or "TypeScript" in said
            if reason not in said or not is_named:
                bad.append(f"{file} {'.'.join(place)} = {value}: said {said!r}, not {reason!r}")
        write(folder, "", [], None)
        (folder / MESSAGE_FILE).write_text('{"title": 1, "title": 2}', encoding="utf-8")
        if "stands twice" not in complaint(folder):
            bad.append("a key that stands twice was accepted")
        (folder / MESSAGE_FILE).write_text("{", encoding="utf-8")
        if MESSAGE_FILE not in complaint(folder):
            bad.append("a file that is not JSON was accepted")
    print("\n".join(bad) or f"generator: {len(CASES) + 3} schemas ok")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
