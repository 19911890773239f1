#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Proves the examples against the schemas, by a reading of them that shares no code with fields.c.

Every message, and every reply that has fields, has at least one example that is valid and one that
is not; the first kind is accepted, the second refused with the code and path that it names. The
prose names every message.
"""
import json
import re
import sys

from read_schema import SCHEMA_DIR, Reader, SchemaError

EXAMPLES = SCHEMA_DIR.parent / "examples"
CONTROL = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f]|[\ud800-\udfff]")


class Fault(Exception):
    def __init__(self, code, path):
        super().__init__(f"{code} at {path or 'the whole'}")
        self.code = code
        self.path = path


class Checker:
    def __init__(self, contract):
        self.contract = contract

    def object(self, struct, value, path):
        if not isinstance(value, dict):
            raise Fault("proto.bad_field", path)
        for field in struct.fields:
            inner = f"{path}.{field.name}" if path else field.name
            if field.name in value:
                self.field(field, value[field.name], inner)
            elif field.required:
                raise Fault("proto.missing_field", inner)

    def field(self, field, value, path):
        if not field.max_items:
            return self.value(field.value, value, path)
        if not isinstance(value, list) or not field.min_items <= len(value) <= field.max_items:
            raise Fault("proto.bad_field", path)
        for at, item in enumerate(value):
            self.value(field.value, item, f"{path}[{at}]")

    def value(self, kind, value, path):
        if kind.kind == "object":
            return self.object(self.contract.types[kind.ref], value, path)
        if not getattr(self, "is_" + kind.kind)(kind, value):
            raise Fault("proto.bad_field", path)

    def is_string(self, kind, value):
        if not isinstance(value, str) or CONTROL.search(value):
            return False
        if kind.pattern:
            return bool(re.fullmatch(kind.pattern[1:-1], value))
        return kind.min <= len(value) <= kind.max and (value.isascii() or not kind.ascii)

    def is_enum(self, kind, value):
        return value in self.contract.enums[kind.ref][0]

    def is_boolean(self, _, value):
        return isinstance(value, bool)

    def is_number(self, kind, value):
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return is_number and kind.min <= value <= kind.max

    def is_integer(self, kind, value):
        return self.is_number(kind, value) and value == int(value)


def structs(contract):
    """Every body and reply by the name that its examples begin with."""
    for message in contract.messages:
        yield message.name, message.body
        if message.reply:
            yield message.reply.name, message.reply


def fault_of(checker, struct, example):
    try:
        checker.object(struct, example["d"], "")
    except Fault as fault:
        return fault
    return None


def check(path, is_valid, checker, by_name):
    """The complaint about one example, None if it is as it should be."""
    name, label = path.name.removesuffix(".json").rsplit(".", 1)
    if name not in by_name:
        return f"no message or reply {name} (the file is called {name}.<what it shows>.json)"
    example = json.loads(path.read_text(encoding="utf-8"))
    fault = fault_of(checker, by_name[name], example)
    if is_valid:
        return f"refused: {fault}" if fault else None
    if not fault:
        return "accepted"
    if (fault.code, fault.path) != (example.get("code"), example.get("path")):
        return f"refused for another reason than {label}: {fault}"
    return None


def main():
    try:
        contract = Reader(SCHEMA_DIR).contract()
    except SchemaError as fault:
        sys.exit(f"check-examples.py: {fault}")
    by_name = dict(structs(contract))
    checker = Checker(contract)
    complaints, count = [], 0
    for folder in ("valid", "invalid"):
        missing = set(by_name)
        for path in sorted((EXAMPLES / folder).glob("*.json")):
            count += 1
            missing.discard(path.name.removesuffix(".json").rsplit(".", 1)[0])
            complaint = check(path, folder == "valid", checker, by_name)
            if complaint:
                complaints.append(f"{path.relative_to(SCHEMA_DIR.parent.parent)}: {complaint}")
        complaints += [f"{name}: no {folder} example" for name in sorted(missing)]
    prose = (SCHEMA_DIR.parent / "README.md").read_text(encoding="utf-8")
    complaints += [f"{m.name}: not in protocol/README.md" for m in contract.messages if f"`{m.name}`" not in prose]
    print("\n".join(complaints) or f"protocol: {len(contract.messages)} messages, {count} examples ok")
    return bool(complaints)


if __name__ == "__main__":
    sys.exit(main())
