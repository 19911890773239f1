// SPDX-License-Identifier: Apache-2.0
// A serial line between a driver and a posed device: a pseudo-terminal whose bytes go to the
// device's TCP port, which carries the same stream.
#pragma once

#include <stdint.h>

#include "common/base/loop.h"

struct serial_line {
    int master;
    int device;
    GSource *sources[2];
    char path[64]; // what the driver opens
};

void serial_line_open(struct loop *loop, uint16_t port, struct serial_line *line);
// As if the adapter was pulled out. Twice is fine.
void serial_line_close(struct serial_line *line);
