// SPDX-License-Identifier: Apache-2.0
#include "signaling/unit_tree.h"

#include <glib.h>
#include <string.h>

#define FIELD_COUNT  6
#define FIELDS_LEAST 5 // language may be missing

struct row {
    struct unit unit; // its strings are owned by the tree's chunk
    int line;
    int32_t parent; // index, -1 for the root; set by unit_tree_check()
};

struct unit_tree {
    GArray *rows;        // struct row
    GHashTable *by_code; // code → index + 1
    GStringChunk *strings;
};

static const char *const header[FIELD_COUNT] = { "code", "parent", "level", "name", "link_kbps",
    "language" };

bool unit_code_is_valid(const char *code)
{
    size_t length = strlen(code);
    return length >= 1 && length <= UNIT_CODE_MAX &&
           strspn(code, "abcdefghijklmnopqrstuvwxyz0123456789-") == length && code[0] != '-';
}

struct unit_tree *unit_tree_new(void)
{
    struct unit_tree *tree = g_new0(struct unit_tree, 1);
    tree->rows = g_array_new(FALSE, TRUE, sizeof(struct row));
    tree->by_code = g_hash_table_new(g_str_hash, g_str_equal);
    tree->strings = g_string_chunk_new(4096);
    return tree;
}

void unit_tree_free(struct unit_tree *tree)
{
    if (!tree)
        return;
    g_array_free(tree->rows, TRUE);
    g_hash_table_destroy(tree->by_code);
    g_string_chunk_free(tree->strings);
    g_free(tree);
}

static void add_row(struct unit_tree *tree, const struct unit *unit, int line)
{
    struct row row = { .unit = *unit, .line = line, .parent = -1 };
    row.unit.code = g_string_chunk_insert(tree->strings, unit->code);
    row.unit.parent = g_string_chunk_insert_const(tree->strings, unit->parent);
    row.unit.name = g_string_chunk_insert(tree->strings, unit->name);
    if (unit->language == LANGUAGE_NONE)
        row.unit.language = LANGUAGE_FLOOR;
    g_array_append_val(tree->rows, row);
}

void unit_tree_add(struct unit_tree *tree, const struct unit *unit)
{
    add_row(tree, unit, (int)tree->rows->len + 2);
}

size_t unit_tree_count(const struct unit_tree *tree)
{
    return tree->rows->len;
}

static struct row *row_at(const struct unit_tree *tree, size_t index)
{
    return &g_array_index(tree->rows, struct row, index);
}

const struct unit *unit_tree_at(const struct unit_tree *tree, size_t index)
{
    return &row_at(tree, index)->unit;
}

static int32_t index_of(const struct unit_tree *tree, const char *code)
{
    return GPOINTER_TO_INT(g_hash_table_lookup(tree->by_code, code)) - 1;
}

const struct unit *unit_tree_find(const struct unit_tree *tree, const char *code)
{
    int32_t index = index_of(tree, code);
    return index < 0 ? NULL : unit_tree_at(tree, (size_t)index);
}

bool unit_tree_is_within(const struct unit_tree *tree, const char *code, const char *ancestor)
{
    int32_t top = index_of(tree, ancestor);
    if (top < 0)
        return false;
    for (int32_t at = index_of(tree, code); at >= 0; at = row_at(tree, (size_t)at)->parent) {
        if (at == top)
            return true;
    }
    return false;
}

static void set_fault(struct unit_fault *fault, int line, enum error_code code, const char *format,
        ...) PRINTF_LIKE(4, 5);

static void set_fault(
        struct unit_fault *fault, int line, enum error_code code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fault->line = line;
    fault->code = code;
    g_vsnprintf(fault->text, sizeof(fault->text), format, arguments);
    va_end(arguments);
}

static bool index_codes(struct unit_tree *tree, struct unit_fault *fault)
{
    g_hash_table_remove_all(tree->by_code);
    for (guint i = 0; i < tree->rows->len; i++) {
        struct row *row = row_at(tree, i);
        int32_t first = index_of(tree, row->unit.code);
        if (first >= 0) {
            set_fault(fault, row->line, ERROR_UNIT_DUPLICATE, "unit %s is already on line %d",
                    row->unit.code, row_at(tree, (size_t)first)->line);
            return false;
        }
        g_hash_table_insert(tree->by_code, (gpointer)row->unit.code, GINT_TO_POINTER((gint)i + 1));
    }
    return true;
}

static bool resolve_parents(struct unit_tree *tree, struct unit_fault *fault)
{
    const struct row *root = NULL;
    for (guint i = 0; i < tree->rows->len; i++) {
        struct row *row = row_at(tree, i);
        row->parent = row->unit.parent[0] ? index_of(tree, row->unit.parent) : -1;
        if (row->unit.parent[0] && row->parent < 0) {
            set_fault(fault, row->line, ERROR_UNIT_ORPHAN, "unit %s has an unknown parent %s",
                    row->unit.code, row->unit.parent);
            return false;
        }
        if (row->unit.parent[0])
            continue;
        if (root) {
            set_fault(fault, row->line, ERROR_UNIT_TWO_ROOTS,
                    "unit %s has no parent, but the root is unit %s on line %d", row->unit.code,
                    root->unit.code, root->line);
            return false;
        }
        root = row;
    }
    return true;
}

static bool refuse_cycles(struct unit_tree *tree, struct unit_fault *fault)
{
    for (guint i = 0; i < tree->rows->len; i++) {
        guint steps = 0;
        for (int32_t at = row_at(tree, i)->parent; at >= 0; at = row_at(tree, (size_t)at)->parent) {
            if (++steps <= tree->rows->len)
                continue;
            set_fault(fault, row_at(tree, i)->line, ERROR_UNIT_CYCLE, "unit %s is below itself",
                    row_at(tree, i)->unit.code);
            return false;
        }
    }
    return true;
}

static bool levels_fall(struct unit_tree *tree, struct unit_fault *fault)
{
    for (guint i = 0; i < tree->rows->len; i++) {
        const struct row *row = row_at(tree, i);
        const struct row *parent = row->parent < 0 ? NULL : row_at(tree, (size_t)row->parent);
        if (!parent || parent->unit.level < row->unit.level)
            continue;
        set_fault(fault, row->line, ERROR_UNIT_BAD_LEVEL, "unit %s (%s) can not be below %s (%s)",
                row->unit.code, unit_level_name(row->unit.level), parent->unit.code,
                unit_level_name(parent->unit.level));
        return false;
    }
    return true;
}

bool unit_tree_check(struct unit_tree *tree, struct unit_fault *fault)
{
    if (tree->rows->len == 0) {
        set_fault(fault, 1, ERROR_UNIT_EMPTY, "the file names no unit");
        return false;
    }
    return index_codes(tree, fault) && resolve_parents(tree, fault) && refuse_cycles(tree, fault) &&
           levels_fall(tree, fault);
}

// --- CSV ----------------------------------------------------------------------------------------

// One record at a time. A quoted field may not hold a line break: names of units have none, and a
// forgotten quote would otherwise swallow the rest of the file and be reported far from its line.
struct csv_reader {
    const char *at;
    const char *end;
    int line;
};

// Splits the next line into fields; the count, -1 at the end of the file, -2 for a bad line.
static int next_record(struct csv_reader *csv, GString *fields[FIELD_COUNT])
{
    if (csv->at >= csv->end)
        return -1;
    const char *stop = memchr(csv->at, '\n', (size_t)(csv->end - csv->at));
    const char *next = stop ? stop + 1 : csv->end;
    stop = stop ? stop : csv->end;
    if (stop > csv->at && stop[-1] == '\r')
        stop--;
    const char *at = csv->at;
    csv->at = next;
    csv->line++;
    for (int i = 0; i < FIELD_COUNT; i++)
        g_string_truncate(fields[i], 0);
    if (at == stop)
        return 0;

    for (int count = 0;; count++) {
        if (count == FIELD_COUNT)
            return -2;
        GString *field = fields[count];
        bool quoted = at < stop && *at == '"';
        if (quoted) {
            for (at++; at < stop; at++) {
                if (*at == '"' && at + 1 < stop && at[1] == '"')
                    at++;
                else if (*at == '"')
                    break;
                g_string_append_c(field, *at);
            }
            if (at >= stop)
                return -2;
            at++;
        }
        for (; !quoted && at < stop && *at != ','; at++) {
            if (*at == '"')
                return -2;
            g_string_append_c(field, *at);
        }
        if (at == stop)
            return count + 1;
        if (*at++ != ',')
            return -2;
    }
}

static bool number_from(const char *text, int64_t *value)
{
    size_t length = strlen(text);
    if (length < 1 || length > 9 || strspn(text, "0123456789") != length)
        return false;
    *value = g_ascii_strtoll(text, NULL, 10);
    return true;
}

static bool has_control(const char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return true;
    }
    return false;
}

static bool read_row(
        struct unit_tree *tree, GString *fields[FIELD_COUNT], int line, struct unit_fault *fault)
{
    struct unit unit = {
        .code = fields[0]->str,
        .parent = fields[1]->str,
        .level = unit_level_from_name(fields[2]->str),
        .name = g_strstrip(fields[3]->str),
        .language = fields[5]->str[0] ? language_from_name(fields[5]->str) : LANGUAGE_FLOOR,
    };
    if (!unit_code_is_valid(unit.code))
        set_fault(fault, line, ERROR_UNIT_BAD_LINE, "the code must be 1 to %d of a-z 0-9 -: %.40s",
                UNIT_CODE_MAX, unit.code);
    else if (unit.parent[0] && !unit_code_is_valid(unit.parent))
        set_fault(fault, line, ERROR_UNIT_BAD_LINE, "the parent must be a unit's code: %.40s",
                unit.parent);
    else if (unit.level == UNIT_LEVEL_NONE)
        set_fault(fault, line, ERROR_UNIT_BAD_LEVEL,
                "the level must be province, district or commune: %.40s", fields[2]->str);
    else if (!unit.name[0] || g_utf8_strlen(unit.name, -1) > UNIT_NAME_MAX ||
             has_control(unit.name))
        set_fault(fault, line, ERROR_UNIT_BAD_LINE, "the name must be 1 to %d characters",
                UNIT_NAME_MAX);
    else if (!number_from(fields[4]->str, &unit.link_kbps))
        set_fault(fault, line, ERROR_UNIT_BAD_LINE, "link_kbps must be a whole number: %.40s",
                fields[4]->str);
    else if (unit.language == LANGUAGE_NONE)
        set_fault(fault, line, ERROR_UNIT_BAD_LINE,
                "the language must be floor, jrai, bahnar or empty: %.40s", fields[5]->str);
    else {
        add_row(tree, &unit, line);
        return true;
    }
    return false;
}

static bool read_rows(struct unit_tree *tree, struct csv_reader *csv, GString *fields[FIELD_COUNT],
        struct unit_fault *fault)
{
    int count = next_record(csv, fields);
    const int columns = count == FIELD_COUNT ? FIELD_COUNT : FIELDS_LEAST;
    for (int i = 0; i < columns; i++) {
        if (count == columns && strcmp(fields[i]->str, header[i]) == 0)
            continue;
        set_fault(fault, 1, ERROR_UNIT_BAD_LINE,
                "the first line must be code,parent,level,name,link_kbps, and ,language if wanted");
        return false;
    }
    while ((count = next_record(csv, fields)) != -1) {
        if (count == 0)
            continue;
        if (count != columns) {
            set_fault(fault, csv->line, ERROR_UNIT_BAD_LINE,
                    "a line has %d fields separated by commas, as the first line", columns);
            return false;
        }
        if (!read_row(tree, fields, csv->line, fault))
            return false;
        if (tree->rows->len > UNIT_COUNT_MAX) {
            set_fault(fault, csv->line, ERROR_UNIT_BAD_LINE, "more than %d units", UNIT_COUNT_MAX);
            return false;
        }
    }
    return true;
}

static int line_of(const char *csv, const char *at)
{
    int line = 1;
    for (; csv < at; csv++)
        line += *csv == '\n';
    return line;
}

struct unit_tree *unit_tree_parse(const char *csv, size_t size, struct unit_fault *fault)
{
    const char *valid_end = NULL;
    if (!g_utf8_validate(csv, (gssize)size, &valid_end)) {
        set_fault(
                fault, line_of(csv, valid_end), ERROR_UNIT_BAD_LINE, "the file must be UTF-8 text");
        return NULL;
    }
    struct csv_reader reader = { .at = csv, .end = csv + size };
    if (size >= 3 && memcmp(csv, "\xef\xbb\xbf", 3) == 0)
        reader.at += 3;

    GString *fields[FIELD_COUNT];
    for (int i = 0; i < FIELD_COUNT; i++)
        fields[i] = g_string_new(NULL);
    struct unit_tree *tree = unit_tree_new();
    bool good = read_rows(tree, &reader, fields, fault) && unit_tree_check(tree, fault);
    for (int i = 0; i < FIELD_COUNT; i++)
        g_string_free(fields[i], TRUE);
    if (good)
        return tree;
    unit_tree_free(tree);
    return NULL;
}
