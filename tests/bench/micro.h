// SPDX-License-Identifier: Apache-2.0
// Small things measured alone: one function a row, in the tables of the micro_*.c files. To add
// one, add an entry there.
#pragma once

#include <stddef.h>

#include "common/base/check.h"

struct json_object;
struct micro;

// Measures for about `for_ms` and returns the value in the row's unit; negative: it failed (said in
// the log).
typedef double micro_fn(const struct micro *micro);

struct micro_row {
    const char *name; // with its prefix: "wire.h264_pack"
    const char *unit;
    micro_fn *measure;
    const char *note;
};

struct micro {
    int for_ms;
    const char *folder; // for files that are written; on the disk that is meant
};

extern const struct micro_row micro_audio_rows[], micro_wire_rows[], micro_signal_rows[],
        micro_devices_rows[]; // end with a NULL name

// *out: [{"name","value","unit","note"}, …]; the caller puts it.
int micro_run(const struct micro *micro, struct json_object **out) MUST_CHECK;
