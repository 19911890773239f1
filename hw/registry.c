// SPDX-License-Identifier: Apache-2.0
// The table of drivers: adding one is adding a row.
#include <glib.h>
#include <string.h>

#include "common/base/check.h"
#include "hw/driver.h"

static const struct hw_driver *const drivers[] = {
    &hw_visca,
    &hw_novastar,
    &hw_uvc,
    &hw_roomos,
};

const struct hw_driver *hw_driver_find(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(drivers); i++)
        if (strcmp(drivers[i]->name, name) == 0)
            return drivers[i];
    return NULL;
}

const char *hw_driver_names(void)
{
    static char names[256];
    if (!names[0])
        for (size_t i = 0; i < COUNT_OF(drivers); i++) {
            g_strlcat(names, i ? ", " : "", sizeof(names));
            g_strlcat(names, drivers[i]->name, sizeof(names));
        }
    return names;
}
