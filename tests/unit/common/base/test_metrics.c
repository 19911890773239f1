// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>

#include "common/base/metrics.h"

#include <cmocka.h>

#define METRICS_TEST(METRIC) \
    METRIC(COUNTER, test_things_total, "Things that were") \
    METRIC(GAUGE, test_depth, "How deep it is")

METRICS_DECLARE(METRICS_TEST, test_metrics)
METRICS_DEFINE(METRICS_TEST, test_metrics)

static void writes_what_prometheus_reads(void **state)
{
    (void)state;
    metric_add(&test_things_total, 2);
    metric_add(&test_things_total, 3);
    metric_set(&test_depth, -7);
    g_autoptr(GString) out = g_string_new(NULL);
    metrics_write(out, test_metrics);
    assert_string_equal(out->str, "# HELP test_things_total Things that were\n"
                                  "# TYPE test_things_total counter\n"
                                  "test_things_total 5\n"
                                  "# HELP test_depth How deep it is\n"
                                  "# TYPE test_depth gauge\n"
                                  "test_depth -7\n");
    assert_int_equal(metric_get(&test_depth), -7);
}

static gpointer count_up(gpointer data)
{
    for (int i = 0; i < 10000; i++)
        metric_add(data, 1);
    return NULL;
}

static void any_thread_counts(void **state)
{
    (void)state;
    GThread *threads[4];
    metric_set(&test_things_total, 0);
    for (int i = 0; i < 4; i++)
        threads[i] = g_thread_new("count", count_up, &test_things_total);
    for (int i = 0; i < 4; i++)
        g_thread_join(threads[i]);
    assert_int_equal(metric_get(&test_things_total), 40000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_what_prometheus_reads),
        cmocka_unit_test(any_thread_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
