// SPDX-License-Identifier: Apache-2.0
// Structured log to stderr: "<level> <topic> message key=value …", with sd-daemon(3) level prefixes
// when stderr is the journal. Any thread; never from the audio tick or once a packet.
#pragma once

#include <stdbool.h>

#include "common/base/check.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

// Lines above this level are dropped. "error", "warn", "info", "debug"; false if it is none of
// them.
bool log_set_level(const char *name);

// Each file defines its topic before it logs: #define LOG_TOPIC "peer"
#define log_error(...) log_write(LOG_LEVEL_ERROR, LOG_TOPIC, __VA_ARGS__)
#define log_warn(...)  log_write(LOG_LEVEL_WARN, LOG_TOPIC, __VA_ARGS__)
#define log_info(...)  log_write(LOG_LEVEL_INFO, LOG_TOPIC, __VA_ARGS__)
#define log_debug(...) log_write(LOG_LEVEL_DEBUG, LOG_TOPIC, __VA_ARGS__)

// Control characters in the result are escaped, so that input can not forge a line.
void log_write(enum log_level level, const char *topic, const char *format, ...) PRINTF_LIKE(3, 4);
