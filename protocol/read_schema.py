# SPDX-License-Identifier: Apache-2.0
"""Reads protocol/schema/*.json: a small subset of JSON Schema, and nothing outside of it.

A keyword that one side silently ignored would be a contract that the two sides read differently,
so whatever is not known here is a SchemaError with the file, the place in it and the reason.
"""
import dataclasses
import json
import pathlib
import re

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


def identifier(name):
    return name.replace(".", "_")
