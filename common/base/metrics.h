// SPDX-License-Identifier: Apache-2.0
// Counters and gauges of one program, as a table; Prometheus text exposition format 0.0.4.
// A program writes one X-macro list (with a backslash at each line's end); a row makes the storage,
// the /metrics line and the reference:
//
//   #define METRICS_MCU(METRIC)
//       METRIC(COUNTER, mcu_rtp_in_packets_total, "RTP packets that passed SRTP")
//       METRIC(GAUGE, mcu_members, "Members of all conferences")
//
//   mcu/metrics.h:  METRICS_DECLARE(METRICS_MCU, mcu_metrics)
//   mcu/metrics.c:  METRICS_DEFINE(METRICS_MCU, mcu_metrics)
//
//   metric_add(&mcu_rtp_in_packets_total, 1);   // any thread: one relaxed atomic
#pragma once

#include <glib.h>
#include <stdatomic.h>
#include <stdint.h>

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE };

struct metric {
    const char *name;
    const char *help;
    enum metric_kind kind;
    _Atomic int64_t value;
};

#define METRICS_EXTERN_(kind_, name_, help_) extern struct metric name_;
#define METRICS_STORAGE_(kind_, name_, help_) \
    struct metric name_ = { .name = #name_, .help = help_, .kind = METRIC_##kind_ };
#define METRICS_POINTER_(kind_, name_, help_) &name_,
#define METRICS_DECLARE(LIST, table)          LIST(METRICS_EXTERN_) extern struct metric *const table[];
#define METRICS_DEFINE(LIST, table) \
    LIST(METRICS_STORAGE_) struct metric *const table[] = { LIST(METRICS_POINTER_) NULL };

static inline void metric_add(struct metric *metric, int64_t amount)
{
    atomic_fetch_add_explicit(&metric->value, amount, memory_order_relaxed);
}

static inline void metric_set(struct metric *metric, int64_t value)
{
    atomic_store_explicit(&metric->value, value, memory_order_relaxed);
}

static inline int64_t metric_get(const struct metric *metric)
{
    return atomic_load_explicit(&metric->value, memory_order_relaxed);
}

// Appends every metric of a NULL-terminated table in Prometheus' text format.
void metrics_write(GString *out, struct metric *const table[]);
