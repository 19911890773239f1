// SPDX-License-Identifier: Apache-2.0
#include "common/base/metrics.h"

void metrics_write(GString *out, struct metric *const table[])
{
    static const char *const kinds[] = { [METRIC_COUNTER] = "counter", [METRIC_GAUGE] = "gauge" };
    for (; *table; table++) {
        const struct metric *metric = *table;
        g_string_append_printf(out, "# HELP %s %s\n", metric->name, metric->help);
        g_string_append_printf(out, "# TYPE %s %s\n", metric->name, kinds[metric->kind]);
        g_string_append_printf(out, "%s %" G_GINT64_FORMAT "\n", metric->name, metric_get(metric));
    }
}
