#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes C structs with field tables, and TypeScript types with a validator, from protocol/schema/*.json.

The schemas are a small subset of JSON Schema. Whatever is outside of it stops the build with the
file, the place in it and the reason: a keyword that one side silently ignored would be a contract
that the two sides read differently.
"""
import argparse
import dataclasses
import json
import pathlib
import re
import sys

SCHEMA_DIR = pathlib.Path(__file__).resolve().parent / "schema"
KINDS = ("request", "event", "rest", "local", "journal")
MAX_MESSAGE_BYTES = 64 * 1024
ENVELOPE_BYTES = 256  # what stands around "d": names, id or seq, time
SAFE_INTEGER = 2**53 - 1  # a JavaScript number holds no larger one exactly
PATTERN = re.compile(r"\^\[([^\]\\^]+)\]\{(\d+)(?:,(\d+))?\}\$")
IDENTIFIER = re.compile(r"[a-z][a-z0-9_]*")
MESSAGE_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")

STRING_KEYS = {"type", "description", "maxLength", "minLength", "pattern", "x-ascii"}
NUMBER_KEYS = {"type", "description", "minimum", "maximum"}
OBJECT_KEYS = {"type", "description", "properties", "required"}
MESSAGE_KEYS = OBJECT_KEYS | {
    "title", "x-kind", "x-roles", "x-reply", "x-errors", "x-ephemeral", "x-path", "x-method",
}


class SchemaError(Exception):
    pass


@dataclasses.dataclass
class Value:
    """A scalar, or a reference to a named enum or object."""

    kind: str  # string integer number boolean enum object
    min: float = 0
    max: float = 0  # of a string: characters
    ascii: bool = False
    alphabet: str = ""  # all characters a string may have; empty: any
    pattern: str = ""
    ref: str = ""


@dataclasses.dataclass
class Field:
    name: str
    value: Value
    required: bool
    max_items: int = 0  # 0: not an array
    min_items: int = 0
    description: str = ""


@dataclasses.dataclass
class Struct:
    name: str  # as in the schema: "floor.request", "member"
    fields: list
    description: str


@dataclasses.dataclass
class Message:
    name: str
    kinds: list
    roles: list
    body: Struct
    reply: Struct | None
    errors: list
    ephemeral: bool
    path: str
    method: str


@dataclasses.dataclass
class Contract:
    enums: dict  # name -> (values, description)
    types: dict  # name -> Struct, in order of use
    messages: list
    errors: dict  # code -> {"status", "vi", "en"}


# --- reading --------------------------------------------------------------------------------------


class Reader:
    def __init__(self, folder):
        self.folder = folder
        self.defs = {}
        self.enums = {}
        self.scalars = {}
        self.types = {}
        self.errors = {}

    def load(self, path):
        def no_duplicates(pairs):
            seen = dict(pairs)
            if len(seen) != len(pairs):
                twice = [k for k, _ in pairs if [p for p, _ in pairs].count(k) > 1]
                raise SchemaError(f"{path}: {twice[0]} stands twice in one object")
            return seen

        try:
            return json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=no_duplicates)
        except (json.JSONDecodeError, UnicodeDecodeError) as cause:
            raise SchemaError(f"{path}: {cause}") from cause

    def contract(self):
        self.read_errors(self.folder / "errors.json")
        self.read_types(self.folder / "types.json")
        shared = {"errors.json", "types.json"}
        files = [p for p in sorted(self.folder.glob("*.json")) if p.name not in shared]
        messages = [self.message(path) for path in files]
        if not messages:
            raise SchemaError(f"{self.folder}: no schema of a message")
        return Contract(self.enums, self.types, messages, self.errors)

    def read_errors(self, path):
        for code, entry in self.load(path).items():
            if not MESSAGE_NAME.fullmatch(code) or set(entry) != {"status", "vi", "en"}:
                raise SchemaError(f"{path}: {code}: an error has a dotted code, status, vi and en")
            if not isinstance(entry["status"], int) or not 400 <= entry["status"] <= 599:
                raise SchemaError(f"{path}: {code}: status is a number from 400 to 599")
            self.errors[code] = entry

    def read_types(self, path):
        document = self.load(path)
        only(document, {"description", "$defs"}, path)
        self.defs = document.get("$defs", {})
        self.path = path
        for name, schema in self.defs.items():
            self.check_identifier(name, path)
            if "enum" in schema:
                self.read_enum(name, schema, f"{path}: {name}")
        for name in self.defs:
            self.resolve(name, f"{path}: {name}", [])

    def read_enum(self, name, schema, where):
        only(schema, {"type", "enum", "description"}, where)
        values = schema["enum"]
        if schema.get("type") != "string" or not values or len(set(values)) != len(values):
            raise SchemaError(f"{where}: an enum is a string with different values")
        for value in values:
            self.check_identifier(value, where)
        if "none" in values[1:]:
            raise SchemaError(f"{where}: \"none\" comes first, it is 0 in C")
        self.enums[name] = (values, schema.get("description", ""))

    def check_identifier(self, name, where):
        if not isinstance(name, str) or not IDENTIFIER.fullmatch(name):
            raise SchemaError(f"{where}: {name!r} is not a lower-case identifier")

    def resolve(self, name, where, open_names):
        """The value that types.json#/$defs/<name> stands for; reads it if this is the first use."""
        if name in self.enums:
            return Value("enum", ref=name)
        if name in self.scalars:
            return self.scalars[name]
        if name in self.types:
            return Value("object", ref=name)
        if name in open_names:
            raise SchemaError(f"{where}: {name} contains itself")
        schema = self.defs.get(name)
        if schema is None:
            raise SchemaError(f"{where}: types.json has no $defs/{name}")
        inside = f"{self.path}: {name}"
        if schema.get("type") != "object":
            self.scalars[name] = self.scalar(schema, inside)
            return self.scalars[name]
        only(schema, OBJECT_KEYS, inside)
        struct = self.struct(name, schema, inside, [*open_names, name])
        self.types[name] = struct  # after what it uses, so that C sees that first
        return Value("object", ref=name)

    def struct(self, name, schema, where, open_names=()):
        if schema.get("type") != "object":
            raise SchemaError(f"{where}: type is not object")
        properties = schema.get("properties", {})
        required = schema.get("required", [])
        for missing in set(required) - set(properties):
            raise SchemaError(f"{where}: required {missing} is not a property")
        fields = [
            self.field(key, value, key in required, f"{where}.{key}", list(open_names))
            for key, value in properties.items()
        ]
        return Struct(name, fields, schema.get("description", ""))

    def field(self, name, schema, required, where, open_names):
        self.check_identifier(name, where)
        if schema.get("type") != "array":
            value = self.value(schema, where, open_names)
            return Field(name, value, required, description=schema.get("description", ""))
        only(schema, {"type", "items", "maxItems", "minItems", "description"}, where)
        limit, least = schema.get("maxItems"), schema.get("minItems", 0)
        if not isinstance(limit, int) or not 1 <= limit <= 4096 or not 0 <= least <= limit:
            raise SchemaError(f"{where}: an array has maxItems from 1 to 4096")
        if "items" not in schema:
            raise SchemaError(f"{where}: an array has items")
        value = self.value(schema["items"], where + "[]", open_names)
        return Field(name, value, required, limit, least, schema.get("description", ""))

    def value(self, schema, where, open_names):
        if "$ref" in schema:
            only(schema, {"$ref", "description"}, where)
            ref = schema["$ref"]
            prefix = "types.json#/$defs/" if not ref.startswith("#") else "#/$defs/"
            if not ref.startswith(prefix):
                raise SchemaError(f"{where}: $ref {ref} does not point into types.json#/$defs/")
            return self.resolve(ref.removeprefix(prefix), where, open_names)
        if schema.get("type") == "object" or "enum" in schema:
            raise SchemaError(f"{where}: objects and enums have a name: put it into types.json")
        return self.scalar(schema, where)

    def scalar(self, schema, where):
        kind = schema.get("type")
        if kind == "boolean":
            only(schema, {"type", "description"}, where)
            return Value("boolean")
        if kind in ("integer", "number"):
            return self.number(kind, schema, where)
        if kind == "string":
            return self.string(schema, where)
        raise SchemaError(f"{where}: type {kind!r} is outside of the subset")

    def number(self, kind, schema, where):
        only(schema, NUMBER_KEYS, where)
        low, high = schema.get("minimum"), schema.get("maximum")
        wanted = int if kind == "integer" else (int, float)
        for bound in (low, high):
            if not isinstance(bound, wanted) or isinstance(bound, bool):
                raise SchemaError(f"{where}: {kind} without minimum and maximum of its own kind")
            if abs(bound) > SAFE_INTEGER:
                raise SchemaError(f"{where}: a bound is over 2^53 - 1")
        if low > high:
            raise SchemaError(f"{where}: minimum is over maximum")
        return Value(kind, min=low, max=high)

    def string(self, schema, where):
        only(schema, STRING_KEYS, where)
        pattern = schema.get("pattern", "")
        if pattern:
            only(schema, {"type", "description", "pattern"}, where)
            found = PATTERN.fullmatch(pattern)
            if not found:
                raise SchemaError(f"{where}: a pattern has the form ^[characters]{{least,most}}$")
            alphabet = expand(found[1], where)
            least = int(found[2])
            most = int(found[3] or found[2])
            value = Value("string", min=least, max=most, ascii=True, alphabet=alphabet, pattern=pattern)
        else:
            least, most = schema.get("minLength", 0), schema.get("maxLength")
            value = Value("string", min=least, max=most, ascii=schema.get("x-ascii", False))
        if not isinstance(value.max, int) or not 1 <= value.max <= 65536 or value.min > value.max:
            raise SchemaError(f"{where}: a string has maxLength from 1 to 65536")
        return value

    def message(self, path):
        schema = self.load(path)
        only(schema, MESSAGE_KEYS, path)
        name = schema.get("title", "")
        if name != path.name.removesuffix(".json") or not MESSAGE_NAME.fullmatch(name):
            raise SchemaError(f"{path}: title {name!r} is not the file's name")
        if not schema.get("description"):
            raise SchemaError(f"{path}: no description")
        kinds = schema.get("x-kind")
        kinds = kinds if isinstance(kinds, list) else [kinds]
        if not kinds or any(kind not in KINDS for kind in kinds):
            raise SchemaError(f"{path}: x-kind {kinds} is none of {', '.join(KINDS)}")
        message = Message(
            name=name,
            kinds=kinds,
            roles=self.roles(schema, kinds, path),
            body=self.struct(name, schema, path),
            reply=self.reply(schema, kinds, path),
            errors=schema.get("x-errors", []),
            ephemeral=schema.get("x-ephemeral", False),
            path=schema.get("x-path", ""),
            method=schema.get("x-method", ""),
        )
        self.check_message(message, path)
        return message

    def roles(self, schema, kinds, path):
        known = self.enums.get("role", ([], ""))[0]
        roles = schema.get("x-roles")
        wants = {"request", "event", "rest"} & set(kinds)
        if wants and roles is None:
            raise SchemaError(f"{path}: no x-roles")
        for role in roles or []:
            if role not in known:
                raise SchemaError(f"{path}: x-roles: {role} is no role")
        return roles or []

    def reply(self, schema, kinds, path):
        if "x-reply" not in schema:
            return None
        if not {"request", "rest"} & set(kinds):
            raise SchemaError(f"{path}: only a request has x-reply")
        only(schema["x-reply"], OBJECT_KEYS, f"{path}: x-reply")
        return self.struct(schema["title"] + ".reply", schema["x-reply"], f"{path}: x-reply")

    def check_message(self, message, path):
        for code in message.errors:
            if code not in self.errors:
                raise SchemaError(f"{path}: x-errors: {code} is not in errors.json")
        is_rest = "rest" in message.kinds
        if is_rest != bool(message.path and message.method):
            raise SchemaError(f"{path}: x-path and x-method belong to kind rest, and only there")
        if message.ephemeral and "event" not in message.kinds:
            raise SchemaError(f"{path}: only an event is x-ephemeral")
        if is_rest:
            return
        for struct in filter(None, (message.body, message.reply)):
            size = ENVELOPE_BYTES + self.worst_size(struct)
            if size > MAX_MESSAGE_BYTES:
                raise SchemaError(f"{path}: {struct.name} may take {size} bytes, the limit is {MAX_MESSAGE_BYTES}")

    def worst_size(self, struct):
        """The most bytes a struct can take as JSON: with it the sender need not look at sizes."""
        total = 2
        for field in struct.fields:
            one = self.worst_value(field.value)
            total += len(field.name) + 4
            total += 2 + field.max_items * (one + 1) if field.max_items else one
        return total

    def worst_value(self, value):
        if value.kind == "string":  # control characters are refused, so an escape has two bytes
            each = 1 if value.alphabet else 2 if value.ascii else 4
            return 2 + each * value.max
        if value.kind == "enum":
            return 2 + max(map(len, self.enums[value.ref][0]))
        if value.kind == "object":
            return self.worst_size(self.types[value.ref])
        return {"boolean": 5, "integer": 17, "number": 25}[value.kind]


def only(schema, allowed, where):
    if not isinstance(schema, dict):
        raise SchemaError(f"{where}: not an object")
    for key in schema:
        if key not in allowed:
            raise SchemaError(f"{where}: {key} is outside of the subset here")


def expand(body, where):
    """The characters of a regular expression's class such as a-z0-9-."""
    characters = []
    at = 0
    while at < len(body):
        if at + 2 < len(body) and body[at + 1] == "-":
            first, last = ord(body[at]), ord(body[at + 2])
            if first > last:
                raise SchemaError(f"{where}: the range {body[at:at + 3]} is empty")
            characters += [chr(c) for c in range(first, last + 1)]
            at += 3
        else:
            characters.append(body[at])
            at += 1
    if any(not " " <= c <= "~" or c in '"\\' for c in characters):
        raise SchemaError(f"{where}: a pattern has printable ASCII without quotes only")
    return "".join(dict.fromkeys(characters))


# --- C --------------------------------------------------------------------------------------------


def identifier(name):
    return name.replace(".", "_")


def c_string(text):
    out = []
    for byte in text.encode("utf-8"):
        char = chr(byte)
        if char in '"\\':
            out.append("\\" + char)
        elif byte < 0x20 or byte == 0x7F:
            out.append(f"\\{byte:03o}")
        else:
            out.append(bytes([byte]))
    return '"' + b"".join(p if isinstance(p, bytes) else p.encode() for p in out).decode("utf-8") + '"'


def c_comment(text, indent=""):
    words, lines, line = text.split(), [], ""
    for word in words:
        if line and len(indent) + 4 + len(line) + len(word) > 99:
            lines.append(line)
            line = ""
        line = f"{line} {word}".strip()
    return [f"{indent}// {part}" for part in [*lines, line] if part]


class CWriter:
    HEADER = "// Made by protocol/generate.py from protocol/schema; not edited, not committed."

    def __init__(self, contract):
        self.contract = contract

    # Each struct as (C name, Struct): shared types first, then messages with their replies.
    def structs(self):
        for struct in self.contract.types.values():
            yield "type_" + struct.name, struct
        for message in self.contract.messages:
            yield "message_" + identifier(message.name), message.body
            if message.reply:
                yield "message_" + identifier(message.reply.name), message.reply

    def header(self):
        out = [self.HEADER, "#pragma once", "", '#include "common/protocol/fields.h"', ""]
        out += ["#include <stdbool.h>", "#include <stddef.h>", "#include <stdint.h>", ""]
        for name, (values, description) in self.contract.enums.items():
            out += self.enum(name, values, description)
        out += self.error_enum()
        out += self.message_enum()
        for name, struct in self.structs():
            out += self.struct(name, struct)
        for name, _ in self.structs():
            out.append(f"extern const struct field_table {name}_fields;")
        out += ["", "// By enum message_type; [MESSAGE_NONE] is empty."]
        out.append("extern const struct message_info message_infos[MESSAGE_COUNT];")
        out.append("// NULL: no message has this name.")
        out.append("const struct message_info *message_find(const char *name);")
        return "\n".join(out) + "\n"

    def enum(self, name, values, description):
        upper = name.upper()
        out = c_comment(description)
        out.append(f"enum {name} {{")
        zero = "on the wire \"none\"" if values[0] == "none" else "unset; never on the wire"
        out.append(f"    {upper}_NONE, // {zero}")
        out += [f"    {upper}_{value.upper()}," for value in values if value != "none"]
        out += [f"    {upper}_COUNT", "};"]
        out.append(f"// NULL: not a value that may be on the wire.")
        out.append(f"const char *{name}_name(enum {name} value);")
        out.append(f"// {upper}_NONE: no value has this name.")
        out.append(f"enum {name} {name}_from_name(const char *name);")
        return [*out, ""]

    def error_enum(self):
        out = ["// Every error a peer or a person may see (protocol/schema/errors.json).", "enum error_code {", "    ERROR_NONE,"]
        out += [f"    ERROR_{identifier(code).upper()}," for code in self.contract.errors]
        out += ["    ERROR_COUNT", "};", ""]
        out += [
            "struct error_info {",
            "    enum error_code error;",
            "    const char *code; // stable, on the wire",
            "    int http_status;",
            "    const char *vi;",
            "    const char *en;",
            "};",
            "// By enum error_code; [ERROR_NONE] is empty.",
            "extern const struct error_info error_infos[ERROR_COUNT];",
            "// \"floor.not_allowed\"; NULL for ERROR_NONE.",
            "const char *error_code_name(enum error_code error);",
            "// ERROR_NONE: no error has this code.",
            "enum error_code error_code_from_name(const char *code);",
            "",
        ]
        return out

    def message_enum(self):
        out = ["enum message_type {", "    MESSAGE_NONE,"]
        out += [f"    MESSAGE_{identifier(m.name).upper()}," for m in self.contract.messages]
        out += ["    MESSAGE_COUNT", "};", ""]
        out += ["// A message may be of several kinds: what the journal stores is also sent as an event.", "enum message_kind {"]
        out += [f"    MESSAGE_KIND_{kind.upper()} = 1 << {bit}," for bit, kind in enumerate(KINDS)]
        out += ["};", ""]
        out += ["#define ROLE_BIT(role) (UINT32_C(1) << (role))", ""]
        out += [
            "struct message_info {",
            "    enum message_type type;",
            "    const char *name;",
            "    unsigned kinds; // set of enum message_kind",
            "    uint32_t roles; // ROLE_BIT()s: who may send a request, or receives an event",
            "    bool is_ephemeral; // an event without seq, not replayed",
            "    const struct field_table *fields;",
            "    size_t size; // of the struct",
            "    const struct field_table *reply_fields; // a table without fields if there is no reply",
            "    size_t reply_size;",
            "    const char *method; // of a REST body, else NULL",
            "    const char *path;",
            "};",
            "",
        ]
        return out

    def struct(self, name, struct):
        out = c_comment(struct.description)
        out.append(f"struct {name} {{")
        for field in struct.fields:
            out += c_comment(field.description, "    ")
            if field.max_items:
                out.append(f"    size_t {field.name}_count;")
            elif not field.required:
                out.append(f"    bool has_{field.name};")
            out.append(f"    {self.declaration(field)};")
        if not struct.fields:
            out.append("    char empty; // C has no empty struct")
        return [*out, "};", ""]

    def declaration(self, field):
        value = field.value
        items = f"[{field.max_items}]" if field.max_items else ""
        if value.kind == "string":
            return f"char {field.name}{items}[{self.room(value)}]"
        kinds = {"integer": "int64_t", "number": "double", "boolean": "bool"}
        kinds |= {"enum": f"enum {value.ref}", "object": f"struct type_{value.ref}"}
        return f"{kinds[value.kind]} {field.name}{items}"

    @staticmethod
    def room(value):
        return (1 if value.ascii else 4) * value.max + 1

    def source(self):
        out = [self.HEADER, '#include "common/protocol/messages.h"', "", "#include <string.h>", ""]
        for name, (values, _) in self.contract.enums.items():
            out += self.enum_source(name, values)
        for name, struct in self.structs():
            out += self.table(name, struct)
        out += ["static const struct field_table no_fields = { .name = \"\" };", ""]
        out += self.infos()
        out += self.error_source()
        return "\n".join(out) + "\n"

    def enum_source(self, name, values):
        upper = name.upper()
        out = [f"static const char *const {name}_names[{upper}_COUNT] = {{"]
        out += [f"    [{upper}_{value.upper()}] = {c_string(value)}," for value in values]
        out += ["};", ""]
        out += [
            f"const char *{name}_name(enum {name} value)",
            "{",
            f"    return (size_t)value < {upper}_COUNT ? {name}_names[value] : NULL;",
            "}",
            "",
            f"enum {name} {name}_from_name(const char *name)",
            "{",
            f"    for (size_t i = 0; i < {upper}_COUNT; i++)",
            f"        if ({name}_names[i] && strcmp({name}_names[i], name) == 0)",
            f"            return (enum {name})i;",
            f"    return {upper}_NONE;",
            "}",
            "",
        ]
        return out

    def table(self, name, struct):
        out = []
        if struct.fields:
            out.append(f"static const struct field {name}_list[] = {{")
            out += [self.row(name, field) for field in struct.fields]
            out.append("};")
        out.append(f"const struct field_table {name}_fields = {{")
        out.append(f"    .name = {c_string(struct.name)},")
        if struct.fields:
            out.append(f"    .fields = {name}_list,")
            out.append(f"    .count = {len(struct.fields)},")
        out += [f"    .size = sizeof(struct {name}),", "};", ""]
        return out

    def row(self, name, field):
        value = field.value
        parts = [f".name = {c_string(field.name)}", f".type = FIELD_{value.kind.upper()}"]
        parts.append(f".offset = offsetof(struct {name}, {field.name})")
        if field.required:
            parts.append(".is_required = true")
        if field.max_items:
            parts.append(f".max_items = {field.max_items}")
            parts.append(f".min_items = {field.min_items}")
            parts.append(f".count_offset = offsetof(struct {name}, {field.name}_count)")
            parts.append(f".item_size = sizeof(((struct {name} *)0)->{field.name}[0])")
        elif not field.required:
            parts.append(".has_flag = true")
            parts.append(f".has_offset = offsetof(struct {name}, has_{field.name})")
        if value.kind == "string":
            parts += [f".min_length = {value.min}", f".max_length = {value.max}", f".room = {self.room(value)}"]
            if value.ascii:
                parts.append(".is_ascii = true")
            if value.alphabet:
                parts.append(f".alphabet = {c_string(value.alphabet)}")
        if value.kind == "integer":
            parts += [f".min = INT64_C({value.min})", f".max = INT64_C({value.max})"]
        if value.kind == "number":
            parts += [f".min_number = {float(value.min)!r}", f".max_number = {float(value.max)!r}"]
        if value.kind == "enum":
            parts += [f".names = {value.ref}_names", f".name_count = {value.ref.upper()}_COUNT"]
        if value.kind == "object":
            parts.append(f".fields = &type_{value.ref}_fields")
        return "    { " + ",\n            ".join(parts) + " },"

    def infos(self):
        out = ["const struct message_info message_infos[MESSAGE_COUNT] = {"]
        for message in self.contract.messages:
            name = identifier(message.name)
            kinds = " | ".join(f"MESSAGE_KIND_{kind.upper()}" for kind in message.kinds)
            roles = " | ".join(f"ROLE_BIT(ROLE_{role.upper()})" for role in message.roles) or "0"
            out.append(f"    [MESSAGE_{name.upper()}] = {{")
            out.append(f"        .type = MESSAGE_{name.upper()},")
            out.append(f"        .name = {c_string(message.name)},")
            out.append(f"        .kinds = {kinds},")
            out.append(f"        .roles = {roles},")
            if message.ephemeral:
                out.append("        .is_ephemeral = true,")
            out.append(f"        .fields = &message_{name}_fields,")
            out.append(f"        .size = sizeof(struct message_{name}),")
            if message.reply:
                out.append(f"        .reply_fields = &message_{name}_reply_fields,")
                out.append(f"        .reply_size = sizeof(struct message_{name}_reply),")
            else:
                out.append("        .reply_fields = &no_fields,")
            if message.method:
                out.append(f"        .method = {c_string(message.method)},")
                out.append(f"        .path = {c_string(message.path)},")
            out.append("    },")
        out += ["};", ""]
        out += [
            "const struct message_info *message_find(const char *name)",
            "{",
            "    for (size_t i = 1; i < MESSAGE_COUNT; i++)",
            "        if (strcmp(message_infos[i].name, name) == 0)",
            "            return &message_infos[i];",
            "    return NULL;",
            "}",
            "",
        ]
        return out

    def error_source(self):
        out = ["const struct error_info error_infos[ERROR_COUNT] = {"]
        for code, entry in self.contract.errors.items():
            name = f"ERROR_{identifier(code).upper()}"
            out.append(f"    [{name}] = {{")
            out.append(f"        .error = {name},")
            out.append(f"        .code = {c_string(code)},")
            out.append(f"        .http_status = {entry['status']},")
            out.append(f"        .vi = {c_string(entry['vi'])},")
            out.append(f"        .en = {c_string(entry['en'])},")
            out.append("    },")
        out += ["};", ""]
        out += [
            "const char *error_code_name(enum error_code error)",
            "{",
            "    return (size_t)error < ERROR_COUNT ? error_infos[error].code : NULL;",
            "}",
            "",
            "enum error_code error_code_from_name(const char *code)",
            "{",
            "    for (size_t i = 1; i < ERROR_COUNT; i++)",
            "        if (strcmp(error_infos[i].code, code) == 0)",
            "            return (enum error_code)i;",
            "    return ERROR_NONE;",
            "}",
        ]
        return out


# --- TypeScript -----------------------------------------------------------------------------------


def pascal(name):
    return "".join(part[:1].upper() + part[1:] for part in re.split(r"[._]", name))


def ts_string(text):
    return json.dumps(text, ensure_ascii=False)



class TsWriter:
    def __init__(self, contract):
        self.contract = contract
        self.check_names()

    def check_names(self):
        names = [pascal(n) for n in [*self.contract.enums, *self.contract.types]]
        for message in self.contract.messages:
            names += [pascal(message.name), pascal(message.name) + "Reply"]
        for name in names:
            if names.count(name) > 1:
                raise SchemaError(f"{name} would be two types in TypeScript")

    def text(self):
        contract = self.contract
        out = ["// Made by protocol/generate.py from protocol/schema; not edited, not committed.", ""]
        for name, (values, description) in contract.enums.items():
            out += self.doc(description)
            out.append(f"export const {name.upper()}S = [{', '.join(map(ts_string, values))}] as const;")
            out += [f"export type {pascal(name)} = (typeof {name.upper()}S)[number];", ""]
        for struct in contract.types.values():
            out += self.interface(pascal(struct.name), struct)
        for message in contract.messages:
            out += self.interface(pascal(message.name), message.body)
            if message.reply:
                out += self.interface(pascal(message.name) + "Reply", message.reply)
        out += self.maps()
        out += self.errors()
        out += self.tables()
        return "\n".join(out) + "\n"

    def doc(self, text, indent=""):
        return [f"{indent}/** {text} */"] if text else []

    def interface(self, name, struct):
        out = self.doc(struct.description)
        if not struct.fields:
            return [*out, f"export type {name} = Readonly<Record<string, never>>;", ""]
        out.append(f"export interface {name} {{")
        for field in struct.fields:
            out += self.doc(field.description, "  ")
            optional = "" if field.required else "?"
            kind = self.type_of(field.value)
            kind = f"readonly {kind}[]" if field.max_items else kind
            out.append(f"  readonly {field.name}{optional}: {kind};")
        return [*out, "}", ""]

    def type_of(self, value):
        kinds = {"integer": "number", "number": "number", "boolean": "boolean", "string": "string"}
        return kinds.get(value.kind) or pascal(value.ref)

    def maps(self):
        out = []
        for title, kind in (("Requests", "request"), ("RestBodies", "rest")):
            out.append(f"export interface {title} {{")
            for message in self.of(kind):
                reply = pascal(message.name) + "Reply" if message.reply else "Empty"
                out.append(f"  readonly {ts_string(message.name)}: {{ readonly d: {pascal(message.name)}; readonly reply: {reply} }};")
            out += ["}", ""]
        for title, kind in (("Events", "event"), ("LocalMessages", "local")):
            out.append(f"export interface {title} {{")
            out += [f"  readonly {ts_string(m.name)}: {pascal(m.name)};" for m in self.of(kind)]
            out += ["}", ""]
        out.append("/** The body of every message, by name. */")
        out.append("export interface Messages {")
        out += [f"  readonly {ts_string(m.name)}: {pascal(m.name)};" for m in self.contract.messages]
        out += ["}", ""]
        out.append("/** The reply to every message that has one, by name. */")
        out.append("export interface Replies {")
        for message in self.contract.messages:
            if {"request", "rest"} & set(message.kinds):
                reply = pascal(message.name) + "Reply" if message.reply else "Empty"
                out.append(f"  readonly {ts_string(message.name)}: {reply};")
        out += ["}", ""]
        out += ["/** A reply without fields. */", "export type Empty = Readonly<Record<string, never>>;", ""]
        out.append("/** Who may send which request: the page shows nobody a button that would be refused. */")
        out.append("export const REQUEST_ROLES: { readonly [Name in keyof Requests]: readonly Role[] } = {")
        out += [f"  {ts_string(m.name)}: [{', '.join(map(ts_string, m.roles))}]," for m in self.of("request")]
        out += ["};", ""]
        return out

    def of(self, kind):
        return [m for m in self.contract.messages if kind in m.kinds]

    def errors(self):
        out = ["/** Every error code, with its text. */", "export const ERRORS = {"]
        for code, entry in self.contract.errors.items():
            out.append(f"  {ts_string(code)}: {{ vi: {ts_string(entry['vi'])}, en: {ts_string(entry['en'])} }},")
        return [*out, "} as const;", "export type ErrorCode = keyof typeof ERRORS;", ""]

    def tables(self):
        out = [TS_TYPES]
        for struct in self.contract.types.values():
            out += [f"const {self.table_name(struct)}: readonly Field[] = {self.rows(struct)};"]
        out += ["", "const BODIES: { readonly [Name in keyof Messages]: readonly Field[] } = {"]
        out += [f"  {ts_string(m.name)}: {self.rows(m.body)}," for m in self.contract.messages]
        out += ["};", "", "const REPLIES: { readonly [Name in keyof Replies]: readonly Field[] } = {"]
        for message in self.contract.messages:
            if {"request", "rest"} & set(message.kinds):
                out.append(f"  {ts_string(message.name)}: {self.rows(message.reply) if message.reply else '[]'},")
        return [*out, "};", TS_VALIDATE]

    @staticmethod
    def table_name(struct):
        return struct.name.upper() + "_FIELDS"

    def rows(self, struct):
        return "[" + ", ".join(self.row(f) for f in struct.fields) + "]"

    def row(self, field):
        value = field.value
        parts = [f"name: {ts_string(field.name)}", f"kind: {ts_string(value.kind)}"]
        if field.required:
            parts.append("required: true")
        if field.max_items:
            parts.append(f"items: [{field.min_items}, {field.max_items}]")
        if value.kind in ("string", "integer", "number"):
            parts += [f"min: {value.min}", f"max: {value.max}"]
        if value.pattern:
            parts.append(f"pattern: /{value.pattern.replace('/', chr(92) + '/')}/")
        elif value.ascii:
            parts.append("ascii: true")
        if value.kind == "enum":
            parts.append(f"values: {value.ref.upper()}S")
        if value.kind == "object":
            parts.append(f"fields: {value.ref.upper()}_FIELDS")
        return "{ " + ", ".join(parts) + " }"


TS_TYPES = r"""/** Where and why a body breaks the contract; `path` is such as `members[3].id`. */
export interface Fault {
  readonly code: 'proto.bad_field' | 'proto.missing_field';
  readonly path: string;
}

interface Field {
  readonly name: string;
  readonly kind: 'string' | 'integer' | 'number' | 'boolean' | 'enum' | 'object';
  readonly required?: true;
  readonly items?: readonly [number, number];
  readonly min?: number;
  readonly max?: number;
  readonly ascii?: true;
  readonly pattern?: RegExp;
  readonly values?: readonly string[];
  readonly fields?: readonly Field[];
}
"""

TS_VALIDATE = r"""
// Control characters other than tab and line ends, and halves of surrogate pairs, are in no text.
// eslint-disable-next-line no-control-regex
const BAD_TEXT = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]|\p{Surrogate}/u;
// eslint-disable-next-line no-control-regex
const NOT_ASCII = /[^\u0000-\u007f]/u;

function stringFits(field: Field, value: unknown): boolean {
  if (typeof value !== 'string' || BAD_TEXT.test(value)) return false;
  if (field.pattern) return field.pattern.test(value);
  if (field.ascii && NOT_ASCII.test(value)) return false;
  const length = [...value].length;
  return length >= (field.min ?? 0) && length <= (field.max ?? 0);
}

function numberFits(field: Field, value: unknown): boolean {
  const fits = field.kind === 'integer' ? Number.isInteger(value) : Number.isFinite(value);
  return fits && Number(value) >= (field.min ?? 0) && Number(value) <= (field.max ?? 0);
}

function valueFault(field: Field, value: unknown, path: string): Fault | null {
  let fits: boolean;
  switch (field.kind) {
    case 'object':
      return objectFault(field.fields ?? [], value, path);
    case 'string':
      fits = stringFits(field, value);
      break;
    case 'enum':
      fits = typeof value === 'string' && (field.values ?? []).includes(value);
      break;
    case 'boolean':
      fits = typeof value === 'boolean';
      break;
    case 'integer':
    case 'number':
      fits = numberFits(field, value);
  }
  return fits ? null : { code: 'proto.bad_field', path };
}

function arrayFault(field: Field, value: unknown, path: string): Fault | null {
  const [least, most] = field.items ?? [0, 0];
  if (!Array.isArray(value) || value.length < least || value.length > most) {
    return { code: 'proto.bad_field', path };
  }
  for (const [at, item] of value.entries()) {
    const fault = valueFault(field, item, `${path}[${String(at)}]`);
    if (fault) return fault;
  }
  return null;
}

function objectFault(fields: readonly Field[], value: unknown, path: string): Fault | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { code: 'proto.bad_field', path };
  }
  for (const field of fields) {
    const inner = path === '' ? field.name : `${path}.${field.name}`;
    const item: unknown = Object.hasOwn(value, field.name)
      ? (value as Record<string, unknown>)[field.name]
      : undefined;
    if (item === undefined) {
      if (field.required) return { code: 'proto.missing_field', path: inner };
      continue;
    }
    const fault = field.items ? arrayFault(field, item, inner) : valueFault(field, item, inner);
    if (fault) return fault;
  }
  return null;
}

export function isMessageName(name: string): name is keyof Messages {
  return Object.hasOwn(BODIES, name);
}

/** The first fault of a message's body, null if it keeps the contract. Unknown fields are ignored. */
export function validate(name: keyof Messages, d: unknown): Fault | null {
  return objectFault(BODIES[name], d, '');
}

export function validateReply(name: keyof Replies, d: unknown): Fault | null {
  return objectFault(REPLIES[name], d, '');
}

export function isBody<Name extends keyof Messages>(name: Name, d: unknown): d is Messages[Name] {
  return validate(name, d) === null;
}

export function isReply<Name extends keyof Replies>(name: Name, d: unknown): d is Replies[Name] {
  return validateReply(name, d) === null;
}"""


def write(path, text):
    """Leaves a file alone that already says this, so that make builds nothing anew."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--schema", type=pathlib.Path, default=SCHEMA_DIR, metavar="DIR")
    parser.add_argument("--c", type=pathlib.Path, metavar="DIR", help="write messages.h and messages.c there")
    parser.add_argument("--ts", type=pathlib.Path, metavar="FILE", help="write the TypeScript there")
    arguments = parser.parse_args()
    try:
        contract = Reader(arguments.schema).contract()
        c_files = CWriter(contract)
        ts_file = TsWriter(contract)
    except SchemaError as fault:
        sys.exit(f"generate.py: {fault}")
    if arguments.c:
        write(arguments.c / "messages.c", c_files.source())
        write(arguments.c / "messages.h", c_files.header())
        (arguments.c / "messages.h").touch()  # make compares its time with the schemas'
    if arguments.ts:
        write(arguments.ts, ts_file.text())


if __name__ == "__main__":
    main()
