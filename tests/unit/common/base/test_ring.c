// SPDX-License-Identifier: Apache-2.0
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include "common/base/ring.h"

#include <cmocka.h>

#define MANY 200000

struct item {
    uint32_t number;
    uint32_t check;
};

static void refuses_when_full_and_when_empty(void **state)
{
    (void)state;
    struct ring *ring = ring_new(sizeof(int), 3); // four
    int item = 0;
    assert_false(ring_pop(ring, &item));
    for (int i = 0; i < 4; i++)
        assert_true(ring_push(ring, &i));
    assert_false(ring_push(ring, &item));
    assert_int_equal(ring_size(ring), 4);
    for (int i = 0; i < 4; i++) {
        assert_true(ring_pop(ring, &item));
        assert_int_equal(item, i);
    }
    assert_false(ring_pop(ring, &item));
    assert_int_equal(ring_size(ring), 0);
    ring_free(ring);
}

static void keeps_the_order_round_and_round(void **state)
{
    (void)state;
    struct ring *ring = ring_new(sizeof(int), 4);
    for (int i = 0; i < 100; i++) {
        int item = -1;
        assert_true(ring_push(ring, &i));
        assert_true(ring_pop(ring, &item));
        assert_int_equal(item, i);
    }
    ring_free(ring);
    ring_free(NULL);
}

static void *produce(void *data)
{
    for (uint32_t i = 0; i < MANY; i++) {
        struct item item = { i, ~i };
        while (!ring_push(data, &item))
            sched_yield();
    }
    return NULL;
}

static void carries_whole_items_between_threads(void **state)
{
    (void)state;
    struct ring *ring = ring_new(sizeof(struct item), 64);
    pthread_t producer;
    assert_int_equal(pthread_create(&producer, NULL, produce, ring), 0);
    for (uint32_t i = 0; i < MANY; i++) {
        struct item item;
        while (!ring_pop(ring, &item))
            sched_yield();
        assert_int_equal(item.number, i);
        assert_int_equal(item.check, ~i);
    }
    pthread_join(producer, NULL);
    ring_free(ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_when_full_and_when_empty),
        cmocka_unit_test(keeps_the_order_round_and_round),
        cmocka_unit_test(carries_whole_items_between_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
