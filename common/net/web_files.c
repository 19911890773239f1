// SPDX-License-Identifier: Apache-2.0
#include "common/net/web_files.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib.h>
#include <string.h>

#include "common/base/log.h"

#define LOG_TOPIC "files"

struct loaded_file {
    struct web_file file;
    char *etag;
    char *data;
    GBytes *packed;
};

struct web_files {
    GHashTable *by_path; // "/index.html" → struct loaded_file
};

static const struct {
    const char *suffix;
    const char *content_type;
} content_types[] = {
    { ".html", "text/html; charset=utf-8" },
    { ".js", "text/javascript; charset=utf-8" },
    { ".css", "text/css; charset=utf-8" },
    { ".json", "application/json" },
    { ".webmanifest", "application/manifest+json" },
    { ".svg", "image/svg+xml" },
    { ".png", "image/png" },
    { ".jpg", "image/jpeg" },
    { ".webp", "image/webp" },
    { ".ico", "image/x-icon" },
    { ".woff2", "font/woff2" },
    { ".txt", "text/plain; charset=utf-8" },
    { ".map", "application/json" },
    { ".wasm", "application/wasm" },
    { ".mp3", "audio/mpeg" },
    { ".wav", "audio/wav" },
};

static const char *content_type_of(const char *path)
{
    for (size_t i = 0; i < COUNT_OF(content_types); i++) {
        if (g_str_has_suffix(path, content_types[i].suffix))
            return content_types[i].content_type;
    }
    return "application/octet-stream";
}

static void loaded_file_free(void *data)
{
    struct loaded_file *loaded = data;
    g_free(loaded->etag);
    g_free(loaded->data);
    g_clear_pointer(&loaded->packed, g_bytes_unref);
    g_free(loaded);
}

// By gzip, once for all who ask: rural links are thin. NULL where that saves less than a tenth.
static GBytes *pack(const char *data, size_t size)
{
    g_autoptr(GZlibCompressor) compressor = g_zlib_compressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP, 9);
    g_autoptr(GOutputStream) memory = g_memory_output_stream_new_resizable();
    g_autoptr(GOutputStream) packing =
            g_converter_output_stream_new(memory, G_CONVERTER(compressor));
    if (!g_output_stream_write_all(packing, data, size, NULL, NULL, NULL) ||
            !g_output_stream_close(packing, NULL, NULL))
        return NULL;
    GBytes *packed = g_memory_output_stream_steal_as_bytes(G_MEMORY_OUTPUT_STREAM(memory));
    if (g_bytes_get_size(packed) < size - size / 10)
        return packed;
    g_bytes_unref(packed);
    return NULL;
}

static int load_file(struct web_files *files, const char *name, const char *path)
{
    char *data = NULL;
    gsize size = 0;
    g_autoptr(GError) error = NULL;
    if (!g_file_get_contents(name, &data, &size, &error)) {
        log_error("page file unreadable path=%s error=%s", name, error->message);
        return -ENOENT;
    }
    g_autofree char *digest =
            g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)data, size);
    struct loaded_file *loaded = g_new0(struct loaded_file, 1);
    loaded->etag = g_strdup_printf("\"%.32s\"", digest);
    loaded->data = data;
    loaded->file = (struct web_file){
        .content_type = content_type_of(path),
        .cache_control = g_str_has_prefix(path, "/assets/") ? "public, max-age=31536000, immutable"
                                                            : "no-cache",
        .etag = loaded->etag,
        .data = data,
        .size = size,
    };
    loaded->packed = pack(data, size);
    if (loaded->packed)
        loaded->file.packed = g_bytes_get_data(loaded->packed, &loaded->file.packed_size);
    g_hash_table_insert(files->by_path, g_strdup(path), loaded);
    return 0;
}

static int load_dir(struct web_files *files, const char *dir, const char *prefix)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GDir) listing = g_dir_open(dir, 0, &error);
    if (!listing) {
        log_error("page folder unreadable path=%s error=%s", dir, error->message);
        return -ENOENT;
    }
    const char *entry = NULL;
    while ((entry = g_dir_read_name(listing))) {
        g_autofree char *name = g_build_filename(dir, entry, NULL);
        g_autofree char *path = g_strdup_printf("%s/%s", prefix, entry);
        int rc = 0;
        if (entry[0] == '.')
            continue;
        if (g_file_test(name, G_FILE_TEST_IS_DIR))
            rc = load_dir(files, name, path);
        else
            rc = load_file(files, name, path);
        if (rc < 0)
            return rc;
    }
    return 0;
}

int web_files_open(const char *dir, struct web_files **out)
{
    struct web_files *files = g_new0(struct web_files, 1);
    files->by_path = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, loaded_file_free);
    int rc = load_dir(files, dir, "");
    if (rc == 0 && !g_hash_table_contains(files->by_path, "/index.html")) {
        log_error("page folder without index.html path=%s", dir);
        rc = -ENOENT;
    }
    if (rc < 0) {
        web_files_close(files);
        return rc;
    }
    *out = files;
    return 0;
}

void web_files_close(struct web_files *files)
{
    if (!files)
        return;
    g_hash_table_unref(files->by_path);
    g_free(files);
}

const struct web_file *web_files_find(const struct web_files *files, const char *path)
{
    const struct loaded_file *found = g_hash_table_lookup(files->by_path, path);
    const char *last = strrchr(path, '/');
    if (!found && last && !strchr(last, '.'))
        found = g_hash_table_lookup(files->by_path, "/index.html");
    return found ? &found->file : NULL;
}
