// SPDX-License-Identifier: Apache-2.0
#define LOG_TOPIC "micro"

#include "tests/bench/micro.h"

#include <errno.h>
#include <json-c/json.h>

#include "common/base/log.h"

static const struct micro_row *const tables[] = { micro_wire_rows, micro_audio_rows,
    micro_signal_rows, micro_devices_rows };

int micro_run(const struct micro *micro, struct json_object **out)
{
    struct json_object *results = json_object_new_array();
    for (size_t table = 0; table < COUNT_OF(tables); table++) {
        for (const struct micro_row *row = tables[table]; row->name; row++) {
            const double value = row->measure(micro);
            if (value < 0) {
                log_error("not measured name=%s", row->name);
                json_object_put(results);
                return -EIO;
            }
            struct json_object *result = json_object_new_object();
            json_object_object_add(result, "name", json_object_new_string(row->name));
            json_object_object_add(result, "value", json_object_new_double(value));
            json_object_object_add(result, "unit", json_object_new_string(row->unit));
            json_object_object_add(result, "note", json_object_new_string(row->note));
            json_object_array_add(results, result);
        }
    }
    *out = results;
    return 0;
}
