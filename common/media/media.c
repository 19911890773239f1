// SPDX-License-Identifier: Apache-2.0
#include "common/media/media.h"

#include <errno.h>
#include <gst/gst.h>

int media_init(const char *const *elements, const char **missing)
{
    gst_init(NULL, NULL);
    *missing = NULL;
    for (size_t i = 0; elements && elements[i]; i++) {
        GstElementFactory *factory = gst_element_factory_find(elements[i]);
        if (!factory) {
            *missing = elements[i];
            return -ENOENT;
        }
        gst_object_unref(factory);
    }
    return 0;
}
