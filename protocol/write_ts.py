# SPDX-License-Identifier: Apache-2.0
"""The contract as TypeScript: types, and the tables that web-client/src/protocol/fields.ts reads."""
import json
import re

from read_schema import SchemaError


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
        out += ["import { findFault, type Field, type FieldFault } from './fields';", ""]
        for name, (values, description) in contract.enums.items():
            out += self.doc(description)
            out.append(f"export const {name.upper()}_VALUES = [{', '.join(map(ts_string, values))}] as const;")
            out += [f"export type {pascal(name)} = (typeof {name.upper()}_VALUES)[number];", ""]
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
        out = []
        for struct in self.contract.types.values():
            out += [f"export const {self.table_name(struct)}: readonly Field[] = {self.rows(struct)};"]
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
            parts.append(f"values: {value.ref.upper()}_VALUES")
        if value.kind == "object":
            parts.append(f"fields: {value.ref.upper()}_FIELDS")
        return "{ " + ", ".join(parts) + " }"


TS_VALIDATE = """
/** A message's name, and not whatever came off the wire. */
export function isMessageName(name: string): name is keyof Messages {
  return Object.hasOwn(BODIES, name);
}

/** The first fault of a message's body, null if it keeps the contract. */
export function validate(name: keyof Messages, d: unknown): FieldFault | null {
  return findFault(BODIES[name], d);
}

export function validateReply(name: keyof Replies, d: unknown): FieldFault | null {
  return findFault(REPLIES[name], d);
}

export function isBody<Name extends keyof Messages>(name: Name, d: unknown): d is Messages[Name] {
  return validate(name, d) === null;
}

export function isReply<Name extends keyof Replies>(name: Name, d: unknown): d is Replies[Name] {
  return validateReply(name, d) === null;
}"""
