// SPDX-License-Identifier: Apache-2.0
#include "common/base/config.h"

#include <errno.h>
#include <string.h>

#include "common/base/address_text.h"
#include "common/base/url.h"

#define DEFAULT_STRING_BYTES 4096

struct entry {
    char *text;
    char **list; // CONFIG_LIST
    int line;
};

struct section {
    char *name;
    int line;
    GHashTable *entries; // key → struct entry
    GPtrArray *keys;     // of entries, lent, in the file's order; NULL-terminated
};

struct config {
    char *path;
    const struct config_setting *table;
    GPtrArray *sections;    // struct section, in the file's order
    GHashTable *patterns;   // pattern → GPtrArray of lent names, NULL-terminated
    GHashTable *list_cache; // the table's row → char **, for lists that are defaults
};

static void entry_free(void *data)
{
    struct entry *entry = data;
    g_free(entry->text);
    g_strfreev(entry->list);
    g_free(entry);
}

static void section_free(void *data)
{
    struct section *section = data;
    g_free(section->name);
    g_ptr_array_unref(section->keys);
    g_hash_table_unref(section->entries);
    g_free(section);
}

// "device *" stands for every [device NAME].
static bool section_matches(const char *pattern, const char *name)
{
    size_t length = strlen(pattern);
    if (length > 0 && pattern[length - 1] == '*')
        return strncmp(pattern, name, length - 1) == 0 && name[length - 1] != '\0';
    return strcmp(pattern, name) == 0;
}

static const struct config_setting *find_setting(
        const struct config_setting *table, const char *section, const char *key)
{
    for (const struct config_setting *row = table; row->key; row++) {
        if (section_matches(row->section, section) &&
                (strcmp(row->key, key) == 0 || strcmp(row->key, "*") == 0))
            return row;
    }
    return NULL;
}

static bool is_section_known(const struct config_setting *table, const char *name)
{
    for (const struct config_setting *row = table; row->key; row++) {
        if (section_matches(row->section, name))
            return true;
    }
    return false;
}

// Levenshtein's distance; names are short.
static size_t distance(const char *left, const char *right)
{
    size_t width = strlen(right);
    g_autofree size_t *row = g_new(size_t, width + 1);
    for (size_t i = 0; i <= width; i++)
        row[i] = i;
    for (size_t l = 0; left[l]; l++) {
        size_t diagonal = row[0];
        row[0] = l + 1;
        for (size_t r = 0; r < width; r++) {
            size_t replaced = diagonal + (left[l] != right[r]);
            diagonal = row[r + 1];
            row[r + 1] = MIN(replaced, MIN(row[r], row[r + 1]) + 1);
        }
    }
    return row[width];
}

// The section (section NULL) or key of a section that was meant, or NULL when none is near: two
// slips, or one in three letters, but never the whole name.
static const char *nearest(
        const struct config_setting *table, const char *section, const char *name)
{
    const char *best = NULL;
    size_t best_distance = MIN(MAX(2, strlen(name) / 3) + 1, strlen(name));
    for (const struct config_setting *row = table; row->key; row++) {
        if (section && !section_matches(row->section, section))
            continue;
        const char *candidate = section ? row->key : row->section;
        size_t found = distance(candidate, name);
        if (found < best_distance) {
            best_distance = found;
            best = candidate;
        }
    }
    return best;
}

static char *did_you_mean(const char *before, const char *name, const char *after)
{
    return name ? g_strdup_printf("; did you mean %s%s%s?", before, name, after) : g_strdup("");
}

// "https://HOST:PORT or http://HOST:PORT"
static char *url_shape(const struct config_setting *row)
{
    g_autofree char *schemes = g_strjoinv("://HOST:PORT or ", (char **)row->choices);
    return g_strdup_printf("%s://HOST:PORT", schemes);
}

static char *shape_fault(const struct config_setting *row, const char *text)
{
    if (text[0] == '\0' && row->default_text && row->default_text[0] == '\0')
        return NULL;
    g_autofree char *host = NULL;
    uint16_t port = 0;
    struct url url = { 0 };
    switch (row->kind) {
    case CONFIG_ADDRESS:
        if (!address_text_is_numeric(text))
            return g_strdup_printf(
                    "%s = '%s'; expected a numeric IPv4 or IPv6 address", row->key, text);
        break;
    case CONFIG_LISTEN:
        if (address_text_split(text, &host, &port) < 0)
            return g_strdup_printf("%s = '%s'; expected ADDRESS:PORT with a numeric address, such "
                                   "as 127.0.0.1:8480 or [::1]:8480",
                    row->key, text);
        break;
    case CONFIG_URL:
        if (url_read(text, row->choices, &url) < 0) {
            g_autofree char *shape = url_shape(row);
            return g_strdup_printf("%s = '%s'; expected %s", row->key, text, shape);
        }
        break;
    default:
        break;
    }
    url_fini(&url);
    return NULL;
}

// What is wrong with a value, or NULL.
static char *value_fault(const struct config_setting *row, const char *text)
{
    if (!g_utf8_validate(text, -1, NULL))
        return g_strdup_printf("%s is not UTF-8", row->key);
    switch (row->kind) {
    case CONFIG_INTEGER: {
        g_autoptr(GError) error = NULL;
        if (!g_ascii_string_to_signed(text, 10, row->minimum, row->maximum, NULL, &error))
            return g_strdup_printf("%s = '%s'; expected a whole number from %" G_GINT64_FORMAT
                                   " to %" G_GINT64_FORMAT,
                    row->key, text, row->minimum, row->maximum);
        return NULL;
    }
    case CONFIG_BOOLEAN:
        if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
            return g_strdup_printf("%s = '%s'; expected true or false", row->key, text);
        return NULL;
    case CONFIG_CHOICE:
        if (!g_strv_contains(row->choices, text)) {
            g_autofree char *choices = g_strjoinv(", ", (char **)row->choices);
            return g_strdup_printf("%s = '%s'; expected one of %s", row->key, text, choices);
        }
        return NULL;
    case CONFIG_STRING:
    case CONFIG_LIST:
    case CONFIG_ADDRESS:
    case CONFIG_LISTEN:
    case CONFIG_URL:
        break;
    }
    size_t limit = row->maximum > 0 ? (size_t)row->maximum : DEFAULT_STRING_BYTES;
    if (strlen(text) > limit)
        return g_strdup_printf("%s is longer than %zu bytes", row->key, limit);
    if (text[0] == '\0' && !row->default_text)
        return g_strdup_printf("%s is empty; expected: %s", row->key, row->help);
    return shape_fault(row, text);
}

// "a; b;" → "a", "b".
static char **split_list(const char *text)
{
    g_autoptr(GStrvBuilder) list = g_strv_builder_new();
    g_auto(GStrv) parts = g_strsplit(text, ";", -1);
    for (char **part = parts; *part; part++) {
        if (*g_strstrip(*part))
            g_strv_builder_add(list, *part);
    }
    return g_strv_builder_end(list);
}

static struct section *find_section(const struct config *config, const char *name)
{
    for (guint i = 0; i < config->sections->len; i++) {
        struct section *section = g_ptr_array_index(config->sections, i);
        if (strcmp(section->name, name) == 0)
            return section;
    }
    return NULL;
}

static char *open_section(struct config *config, char *text, int line, struct section **current)
{
    size_t length = strlen(text);
    if (text[length - 1] != ']')
        return g_strdup("a section has no ]; expected [name]");
    text[length - 1] = '\0';
    const char *name = g_strstrip(text + 1);
    if (!g_utf8_validate(name, -1, NULL))
        return g_strdup("a section's name is not UTF-8");
    if (!is_section_known(config->table, name)) {
        g_autofree char *hint = did_you_mean("[", nearest(config->table, NULL, name), "]");
        return g_strdup_printf("unknown section [%s]%s", name, hint);
    }
    const struct section *earlier = find_section(config, name);
    if (earlier)
        return g_strdup_printf("section [%s] is there already, in line %d", name, earlier->line);

    struct section *section = g_new0(struct section, 1);
    section->name = g_strdup(name);
    section->line = line;
    section->entries = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, entry_free);
    section->keys = g_ptr_array_new();
    g_ptr_array_add(section->keys, NULL);
    g_ptr_array_add(config->sections, section);
    *current = section;
    return NULL;
}

static char *read_key(struct config *config, struct section *section, char *text, int line)
{
    char *equals = strchr(text, '=');
    if (!equals)
        return g_strdup("neither [section] nor key = value nor # comment");
    *equals = '\0';
    const char *key = g_strstrip(text);
    const char *value = g_strstrip(equals + 1);
    if (!section)
        return g_strdup_printf("%s stands before any [section]", key);
    const struct config_setting *row = find_setting(config->table, section->name, key);
    if (!row) {
        g_autofree char *hint = did_you_mean("", nearest(config->table, section->name, key), "");
        return g_strdup_printf("unknown key %s in [%s]%s", key, section->name, hint);
    }
    const struct entry *earlier = g_hash_table_lookup(section->entries, key);
    if (earlier)
        return g_strdup_printf("%s is set already, in line %d", key, earlier->line);
    char *fault = value_fault(row, value);
    if (fault)
        return fault;

    struct entry *entry = g_new0(struct entry, 1);
    entry->text = g_strdup(value);
    entry->list = row->kind == CONFIG_LIST ? split_list(value) : NULL;
    entry->line = line;
    char *owned_key = g_strdup(key);
    g_hash_table_insert(section->entries, owned_key, entry);
    g_ptr_array_insert(section->keys, (gint)section->keys->len - 1, owned_key);
    return NULL;
}

// Required keys that are not there, in the sections that are.
static char *missing_fault(const struct config *config)
{
    for (const struct config_setting *row = config->table; row->key; row++) {
        if (row->default_text)
            continue;
        bool is_pattern = g_str_has_suffix(row->section, "*");
        if (!is_pattern && !find_section(config, row->section))
            return g_strdup_printf("%s:1: section [%s] with %s is missing; expected: %s",
                    config->path, row->section, row->key, row->help);
        for (guint i = 0; i < config->sections->len; i++) {
            const struct section *section = g_ptr_array_index(config->sections, i);
            if (section_matches(row->section, section->name) &&
                    !g_hash_table_contains(section->entries, row->key))
                return g_strdup_printf("%s:%d: %s is missing in [%s]; expected: %s", config->path,
                        section->line, row->key, section->name, row->help);
        }
    }
    return NULL;
}

static char *parse(struct config *config, const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    struct section *section = NULL;
    for (int i = 0; lines[i]; i++) {
        char *line = g_strstrip(lines[i]);
        char *fault = NULL;
        if (line[0] == '[')
            fault = open_section(config, line, i + 1, &section);
        else if (line[0] != '\0' && line[0] != '#')
            fault = read_key(config, section, line, i + 1);
        if (fault) {
            char *full = g_strdup_printf("%s:%d: %s", config->path, i + 1, fault);
            g_free(fault);
            return full;
        }
    }
    return missing_fault(config);
}

struct config *config_load(const char *path, const struct config_setting *table, char **fault)
{
    struct config *config = g_new0(struct config, 1);
    config->path = g_strdup(path);
    config->table = table;
    config->sections = g_ptr_array_new_with_free_func(section_free);
    config->patterns = g_hash_table_new_full(
            g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
    config->list_cache =
            g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, (GDestroyNotify)g_strfreev);

    g_autofree char *text = NULL;
    gsize size = 0;
    g_autoptr(GError) error = NULL;
    if (!g_file_get_contents(path, &text, &size, &error))
        *fault = g_strdup_printf("%s: can not be read: %s", path, error->message);
    else if (strlen(text) != size)
        *fault = g_strdup_printf("%s: is not a text file", path);
    else
        *fault = parse(config, text);
    if (!*fault)
        return config;
    config_free(config);
    return NULL;
}

void config_free(struct config *config)
{
    if (!config)
        return;
    g_ptr_array_unref(config->sections);
    g_hash_table_unref(config->patterns);
    g_hash_table_unref(config->list_cache);
    g_free(config->path);
    g_free(config);
}

static const struct entry *find_entry(
        const struct config *config, const char *section, const char *key)
{
    const struct section *found = find_section(config, section);
    return found ? g_hash_table_lookup(found->entries, key) : NULL;
}

static const struct config_setting *need_setting(
        const struct config *config, const char *section, const char *key)
{
    const struct config_setting *row = find_setting(config->table, section, key);
    if (!row)
        g_error("setting [%s] %s is not in the table", section, key);
    return row;
}

const char *config_string(const struct config *config, const char *section, const char *key)
{
    const struct config_setting *row = need_setting(config, section, key);
    const struct entry *entry = find_entry(config, section, key);
    return entry ? entry->text : row->default_text;
}

int64_t config_integer(const struct config *config, const char *section, const char *key)
{
    const char *text = config_string(config, section, key);
    return text ? g_ascii_strtoll(text, NULL, 10) : 0;
}

bool config_boolean(const struct config *config, const char *section, const char *key)
{
    return g_strcmp0(config_string(config, section, key), "true") == 0;
}

char *const *config_list(const struct config *config, const char *section, const char *key)
{
    const struct config_setting *row = need_setting(config, section, key);
    const struct entry *entry = find_entry(config, section, key);
    if (entry)
        return entry->list;
    char **list = g_hash_table_lookup(config->list_cache, row);
    if (!list) {
        list = split_list(row->default_text ? row->default_text : "");
        g_hash_table_insert(config->list_cache, (void *)row, list);
    }
    return list;
}

char *const *config_sections(const struct config *config, const char *pattern)
{
    GPtrArray *names = g_hash_table_lookup(config->patterns, pattern);
    if (!names) {
        names = g_ptr_array_new();
        for (guint i = 0; i < config->sections->len; i++) {
            const struct section *section = g_ptr_array_index(config->sections, i);
            if (section_matches(pattern, section->name))
                g_ptr_array_add(names, section->name);
        }
        g_ptr_array_add(names, NULL);
        g_hash_table_insert(config->patterns, g_strdup(pattern), names);
    }
    return (char *const *)names->pdata;
}

char *const *config_keys(const struct config *config, const char *section)
{
    static char *const none[] = { NULL };
    const struct section *found = find_section(config, section);
    return found ? (char *const *)found->keys->pdata : none;
}

int config_line(const struct config *config, const char *section, const char *key)
{
    const struct section *found = find_section(config, section);
    if (!key || !found)
        return found ? found->line : 0;
    const struct entry *entry = g_hash_table_lookup(found->entries, key);
    return entry ? entry->line : 0;
}

char *config_fault(
        const struct config *config, const char *section, const char *key, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *expected = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    const struct entry *entry = find_entry(config, section, key);
    const struct section *around = find_section(config, section);
    return g_strdup_printf("%s:%d: %s = '%s'%s; %s", config->path,
            entry    ? entry->line
            : around ? around->line
                     : 1,
            key, config_string(config, section, key), entry ? "" : " by default", expected);
}

const char *config_path(const struct config *config)
{
    return config->path;
}

static char *kind_text(const struct config_setting *row)
{
    switch (row->kind) {
    case CONFIG_INTEGER:
        return g_strdup_printf(
                "%" G_GINT64_FORMAT " to %" G_GINT64_FORMAT, row->minimum, row->maximum);
    case CONFIG_BOOLEAN:
        return g_strdup("true or false");
    case CONFIG_CHOICE:
        return g_strjoinv(", ", (char **)row->choices);
    case CONFIG_LIST:
        return g_strdup("values separated by ;");
    case CONFIG_ADDRESS:
        return g_strdup("numeric IP address");
    case CONFIG_LISTEN:
        return g_strdup("ADDRESS:PORT");
    case CONFIG_URL:
        return url_shape(row);
    case CONFIG_STRING:
        break;
    }
    return g_strdup("text");
}

// roff: a line may not start with . or ', and - and \\ have meanings.
static void append_roff(GString *out, const char *text)
{
    for (const char *at = text; *at; at++) {
        if (*at == '\\')
            g_string_append(out, "\\e");
        else if (*at == '-')
            g_string_append(out, "\\-");
        else if ((*at == '.' || *at == '\'') && at == text)
            g_string_append_printf(out, "\\&%c", *at);
        else
            g_string_append_c(out, *at);
    }
}

void config_write_man_item(GString *out, const char *head, const char *text)
{
    g_string_append(out, ".TP\n.B ");
    append_roff(out, head);
    g_string_append_c(out, '\n');
    append_roff(out, text);
    g_string_append_c(out, '\n');
}

// The first row of each section, in the table's order; rows of one section may stand apart.
static bool is_first_of_section(
        const struct config_setting *table, const struct config_setting *row)
{
    while (table != row && strcmp(table->section, row->section) != 0)
        table++;
    return table == row;
}

// A sentence that goes on needs no full stop.
static int help_length(const struct config_setting *row)
{
    size_t length = strlen(row->help);
    return (int)(length > 0 && row->help[length - 1] == '.' ? length - 1 : length);
}

void config_write_help(GString *out, const struct config_setting *table)
{
    for (const struct config_setting *row = table; row->key; row++) {
        g_autofree char *name = g_strdup_printf("[%s] %s", row->section, row->key);
        g_autofree char *kind = kind_text(row);
        g_string_append_printf(out, "  %-34s %.*s (%s; ", name, help_length(row), row->help, kind);
        if (!row->default_text)
            g_string_append(out, "required)\n");
        else
            g_string_append_printf(
                    out, "default %s)\n", *row->default_text ? row->default_text : "empty");
    }
}

static void write_sample_row(GString *out, const struct config_setting *row)
{
    bool is_example = row->default_text || g_str_has_suffix(row->section, "*");
    g_autofree char *kind = kind_text(row);
    g_string_append_printf(out, "# %.*s (%s%s)\n", help_length(row), row->help, kind,
            row->default_text ? "" : "; required");
    g_string_append_printf(out, "%s%s = %s\n", is_example ? "#" : "", row->key,
            row->default_text ? row->default_text : "");
}

void config_write_sample(GString *out, const struct config_setting *table, const char *title)
{
    g_string_append_printf(out,
            "# %s\n# Lines that start with # are comments; what is commented out is the default.\n",
            title);
    for (const struct config_setting *first = table; first->key; first++) {
        if (!is_first_of_section(table, first))
            continue;
        // A section that repeats is an example until somebody gives it a name.
        const char *section = first->section;
        if (g_str_has_suffix(section, "*"))
            g_string_append_printf(out, "\n#[%.*sNAME]\n", (int)strlen(section) - 1, section);
        else
            g_string_append_printf(out, "\n[%s]\n", section);
        for (const struct config_setting *row = first; row->key; row++) {
            if (strcmp(row->section, section) == 0)
                write_sample_row(out, row);
        }
    }
}

void config_write_man(GString *out, const struct config_setting *table)
{
    for (const struct config_setting *first = table; first->key; first++) {
        if (!is_first_of_section(table, first))
            continue;
        g_string_append_printf(out, ".SS [%s]\n", first->section);
        for (const struct config_setting *row = first; row->key; row++) {
            if (strcmp(row->section, first->section) != 0)
                continue;
            g_autofree char *kind = kind_text(row);
            g_autofree char *text = g_strdup_printf("%.*s (%s; %s%s).", help_length(row), row->help,
                    kind, row->default_text ? "default " : "required",
                    !row->default_text   ? ""
                    : *row->default_text ? row->default_text
                                         : "empty");
            config_write_man_item(out, row->key, text);
        }
    }
}
