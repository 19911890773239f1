// SPDX-License-Identifier: Apache-2.0
#include "signaling/wall_clock.h"

#include <glib.h>

int64_t wall_clock_ms(void)
{
    return g_get_real_time() / 1000;
}

void wall_clock_format(int64_t ms, char text[WALL_CLOCK_TEXT_SIZE])
{
    g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(ms / 1000);
    g_autoptr(GDateTime) local = utc ? g_date_time_to_local(utc) : NULL;
    g_autofree char *day = local ? g_date_time_format(local, "%Y-%m-%dT%H:%M:%S") : NULL;
    g_autofree char *zone = local ? g_date_time_format(local, "%:z") : NULL;
    g_snprintf(text, WALL_CLOCK_TEXT_SIZE, "%s.%03d%s", day ? day : "1970-01-01T00:00:00",
            (int)(ms % 1000), zone ? zone : "+00:00");
}
