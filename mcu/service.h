// SPDX-License-Identifier: Apache-2.0
// Makes everything that rong-mcu consists of, and ends it in reverse.
#pragma once

#include "common/base/check.h"
#include "common/base/config.h"
#include "common/base/loop.h"

struct service;

// The settings outlive it. What fails is logged.
int service_open(struct loop *loop, const struct config *config, struct service **out) MUST_CHECK;
void service_close(struct service *service);
