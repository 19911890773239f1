// SPDX-License-Identifier: Apache-2.0
#include "tests/support/allocations.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <stdlib.h>
#include <string.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HAS_SANITIZER
#endif
#endif

static _Thread_local bool is_watching;
static _Thread_local size_t of_ours, of_others;

void allocations_begin(void)
{
    of_ours = of_others = 0;
    is_watching = true;
}

void allocations_end(void)
{
    is_watching = false;
}

size_t allocations_of_ours(void)
{
    return of_ours;
}

size_t allocations_of_others(void)
{
    return of_others;
}

#ifdef HAS_SANITIZER

const bool allocations_are_counted = false;

#else

const bool allocations_are_counted = true;

static _Thread_local bool is_inside; // backtrace() may allocate the first time

static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

// Frames of libc and GLib are passed over.
static bool is_ours(void *const *frames, int count)
{
    Dl_info program;
    if (!dladdr((void *)allocations_begin, &program))
        return false;
    for (int i = 2; i < count; i++) {
        Dl_info info;
        if (!dladdr(frames[i], &info) || !info.dli_fname)
            return false;
        // No callback of ours stands below it: the loop's list of ready sources grew.
        if (info.dli_sname && strcmp(info.dli_sname, "g_main_context_iteration") == 0)
            return false;
        const char *name = file_name(info.dli_fname);
        if (strncmp(name, "libc.", 5) == 0 || strncmp(name, "libglib", 7) == 0 ||
                strncmp(name, "libgobject", 10) == 0 || strncmp(name, "libgio", 6) == 0)
            continue;
        return info.dli_fbase == program.dli_fbase;
    }
    return false;
}

static void __attribute__((noinline)) note_allocation(void)
{
    if (!is_watching || is_inside)
        return;
    is_inside = true;
    void *frames[24];
    if (is_ours(frames, backtrace(frames, 24)))
        of_ours++;
    else
        of_others++;
    is_inside = false;
}

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

void *malloc(size_t size)
{
    note_allocation();
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    note_allocation();
    return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    note_allocation();
    return __libc_realloc(old, size);
}

#endif
