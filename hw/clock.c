// SPDX-License-Identifier: Apache-2.0
#include "hw/clock.h"

// --- a loop's ----------------------------------------------------------------------------------

struct loop_clock {
    struct hw_clock clock; // first
    struct loop *loop;
};

static int64_t loop_now_ms(struct hw_clock *clock)
{
    (void)clock;
    return g_get_monotonic_time() / 1000;
}

static uint32_t loop_random(struct hw_clock *clock)
{
    (void)clock;
    return g_random_int();
}

static void loop_disarm(struct hw_clock *clock, struct hw_timer *timer)
{
    (void)clock;
    loop_clear_source(&timer->source);
}

static gboolean loop_fire(gpointer context)
{
    struct hw_timer *timer = context;
    loop_clear_source(&timer->source);
    timer->fn(timer->context);
    return G_SOURCE_REMOVE;
}

static void loop_arm(struct hw_clock *clock, struct hw_timer *timer, int64_t at_ms)
{
    struct loop_clock *self = (struct loop_clock *)clock;
    int64_t delay_ms = CLAMP(at_ms - loop_now_ms(clock), 0, G_MAXINT);

    loop_disarm(clock, timer);
    timer->at_ms = at_ms;
    timer->source = loop_add_timer(self->loop, (guint)delay_ms, loop_fire, timer);
}

struct hw_clock *hw_clock_loop_new(struct loop *loop)
{
    struct loop_clock *self = g_new0(struct loop_clock, 1);
    self->loop = loop;
    self->clock = (struct hw_clock){ loop_now_ms, loop_random, loop_arm, loop_disarm };
    return &self->clock;
}

void hw_clock_loop_free(struct hw_clock *clock)
{
    g_free(clock);
}

// --- set by hand -------------------------------------------------------------------------------

struct fake_clock {
    struct hw_clock clock; // first
    int64_t now_ms;
    uint32_t random;
    struct hw_timer *timers; // armed, in order
};

static int64_t fake_now_ms(struct hw_clock *clock)
{
    return ((struct fake_clock *)clock)->now_ms;
}

static uint32_t fake_random(struct hw_clock *clock)
{
    struct fake_clock *self = (struct fake_clock *)clock;
    self->random = self->random * 1664525u + 1013904223u;
    return self->random >> 8;
}

static void fake_disarm(struct hw_clock *clock, struct hw_timer *timer)
{
    struct fake_clock *self = (struct fake_clock *)clock;
    for (struct hw_timer **at = &self->timers; *at; at = &(*at)->next) {
        if (*at == timer) {
            *at = timer->next;
            break;
        }
    }
    timer->is_armed = false;
}

static void fake_arm(struct hw_clock *clock, struct hw_timer *timer, int64_t at_ms)
{
    struct fake_clock *self = (struct fake_clock *)clock;
    fake_disarm(clock, timer);
    timer->at_ms = at_ms;
    timer->is_armed = true;
    struct hw_timer **at = &self->timers;
    while (*at && (*at)->at_ms <= at_ms)
        at = &(*at)->next;
    timer->next = *at;
    *at = timer;
}

struct hw_clock *hw_clock_fake_new(void)
{
    struct fake_clock *self = g_new0(struct fake_clock, 1);
    self->now_ms = 1000;
    self->clock = (struct hw_clock){ fake_now_ms, fake_random, fake_arm, fake_disarm };
    return &self->clock;
}

void hw_clock_fake_free(struct hw_clock *clock)
{
    g_free(clock);
}

void hw_clock_fake_advance(struct hw_clock *clock, int64_t ms)
{
    struct fake_clock *self = (struct fake_clock *)clock;
    int64_t until_ms = self->now_ms + ms;
    while (self->timers && self->timers->at_ms <= until_ms) {
        struct hw_timer *timer = self->timers;
        fake_disarm(clock, timer);
        self->now_ms = MAX(self->now_ms, timer->at_ms);
        timer->fn(timer->context);
    }
    self->now_ms = until_ms;
}
