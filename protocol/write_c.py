# SPDX-License-Identifier: Apache-2.0
"""The contract as C: structs, enums, and the tables that common/protocol/fields.c reads."""
import json

from read_schema import KINDS, identifier


def c_string(text):
    return json.dumps(text, ensure_ascii=False)  # the same escapes, as long as they are plain text


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
            "// \"floor.not_held\"; NULL for ERROR_NONE.",
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
