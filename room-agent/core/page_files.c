// SPDX-License-Identifier: Apache-2.0
#include "room-agent/core/page_files.h"

// The assembler takes the files in as they are; paths are from the repository's root.
#define EMBED(symbol, path) \
    __asm__(".section .rodata\n" #symbol "_begin:\n" \
            ".incbin \"" path "\"\n" #symbol "_end:\n" \
            ".previous\n"); \
    extern const char symbol##_begin[]; \
    extern const char symbol##_end[];

EMBED(page_html, "room-agent/core/page/page.html")
EMBED(page_js, "room-agent/core/page/page.js")
EMBED(page_css, "room-agent/core/page/page.css")

const struct page_file page_files[3] = {
    { "/", "text/html; charset=utf-8", page_html_begin, page_html_end },
    { "/page.js", "text/javascript; charset=utf-8", page_js_begin, page_js_end },
    { "/page.css", "text/css; charset=utf-8", page_css_begin, page_css_end },
};
