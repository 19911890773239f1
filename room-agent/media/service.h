// SPDX-License-Identifier: Apache-2.0
// The room's media as the core declares it: one connection at a time, what is sent on it, what
// comes back. Decides nothing. Everything happens on `loop`.
#pragma once

#include "common/base/check.h"
#include "common/base/loop.h"

struct service;

// `fd` is the socket pair to the core, taken over; the loop ends when the core closes it.
int service_open(struct loop *loop, int fd, struct service **out) MUST_CHECK;
// After loop_run() has ended.
void service_close(struct service *service);
