// SPDX-License-Identifier: Apache-2.0
#include "mcu/tier_choice.h"

#include <string.h>

#define WAIT_US       10000000  // before a step up is tried
#define WAIT_MAX_US   160000000 // after many that failed
#define FAILED_US     20000000  // who falls so soon after a step up tried too much
#define ANSWER_US     1000000   // until a probe's result is in the estimate
#define HEADERS       108       // percent of the bit rate: RTP, SRTP, UDP, IP, and repair
#define PROBE_PERCENT 112
#define PROBE_OVER    150 // percent of the estimate, at most
#define FOUND_PERCENT 120
#define AGAIN_US      2000000
#define SPARE_PERCENT 105   // that a step up must fit with
#define PACKET_BPS    15000 // a picture is a packet at least
#define STILL_KBPS    12
#define STILL_PAYLOAD 400 // bytes; a longer packet would hold the sound up
#define STILL_US      4000000
#define FULL_HEIGHT   720 // whose share is 100 percent

static const struct {
    int height;
    int share; // of the bit rate at FULL_HEIGHT, percent
} steps[TIER_STEP_COUNT] = {
    [TIER_AUDIO] = { 0, 0 },
    [TIER_STILL] = { 180, 0 },
    [TIER_180P] = { 180, 8 },
    [TIER_360P] = { 360, 23 },
    [TIER_480P] = { 480, 47 },
    [TIER_720P] = { 720, 100 },
    [TIER_1080P] = { 1080, 200 },
};

enum tier_step tier_step_of_height(int height)
{
    enum tier_step step = TIER_1080P;
    while (step > TIER_180P && steps[step].height > height)
        step--;
    return step;
}

static int step_kbps(enum tier_step step, enum tier_step top, int kbps)
{
    if (step == TIER_STILL)
        return STILL_KBPS;
    if (step == TIER_AUDIO || step == top)
        return step == top ? kbps : 0;
    return kbps * steps[step].share / steps[top].share;
}

struct tier_shape tier_step_shape(enum tier_step step, int width, int height, int fps, int kbps)
{
    const enum tier_step top = tier_step_of_height(height);
    struct tier_shape shape = {
        .width = width,
        .height = height,
        .interval_us = step == TIER_STILL ? STILL_US : 1000000 / fps,
        .payload_max = step == TIER_STILL ? STILL_PAYLOAD : TIER_PAYLOAD_MAX,
        .kbps = step_kbps(step, top, kbps),
    };
    if (steps[step].height < height && step != top) {
        shape.height = steps[step].height;
        shape.width = width * shape.height / height & ~1;
    }
    return shape;
}

int64_t tier_choice_needs_bps(const struct tier_choice_config *config, enum tier_step step)
{
    const int64_t bps = (int64_t)step_kbps(step, config->top, config->kbps) * 10 * HEADERS;
    return step > TIER_STILL ? bps + PACKET_BPS : bps;
}

static bool fits(const struct tier_choice *choice, enum tier_step step,
        const struct tier_choice_input *input, int percent)
{
    if (step > input->most || step > choice->config.top)
        return false;
    const int64_t sound_bps = step <= TIER_STILL ? input->thin_bps : input->other_bps;
    const int64_t needs_bps = tier_choice_needs_bps(&choice->config, step) + sound_bps;
    return step == TIER_AUDIO || needs_bps * percent / 100 <= input->estimate_bps;
}

static enum tier_step best(const struct tier_choice *choice, const struct tier_choice_input *input)
{
    enum tier_step step = choice->config.top;
    while (step > TIER_AUDIO && !fits(choice, step, input, 100))
        step--;
    return step;
}

void tier_choice_init(struct tier_choice *choice, const struct tier_choice_config *config,
        const struct tier_choice_input *input)
{
    memset(choice, 0, sizeof(*choice));
    choice->config = *config;
    choice->wait_us = WAIT_US;
    choice->since_us = input->now_us;
    choice->step = best(choice, input);
}

static void wait_longer(struct tier_choice *choice)
{
    choice->wait_us = choice->wait_us * 2 < WAIT_MAX_US ? choice->wait_us * 2 : WAIT_MAX_US;
}

static bool step_down(struct tier_choice *choice, const struct tier_choice_input *input)
{
    if (fits(choice, choice->step, input, 100))
        return false;
    const bool is_shed = choice->step > input->most; // it is not the link's fault
    choice->step = best(choice, input);
    choice->probe_us = 0;
    if (!is_shed && choice->up_us && input->now_us - choice->up_us < FAILED_US)
        wait_longer(choice);
    else if (!is_shed)
        choice->wait_us = WAIT_US;
    choice->since_us = input->now_us;
    return true;
}

// Not far over what is known: on a thin link a longer queue would hold the sound up.
static void begin_probe(
        struct tier_choice *choice, enum tier_step next, const struct tier_choice_input *input)
{
    const int64_t needs_bps = tier_choice_needs_bps(&choice->config, next) + input->other_bps;
    const int64_t wanted_bps = needs_bps * PROBE_PERCENT / 100;
    const int64_t most_bps = input->estimate_bps * PROBE_OVER / 100;
    choice->probe_us = input->now_us;
    choice->probed_bps = input->estimate_bps;
    choice->probe_bps = wanted_bps < most_bps ? wanted_bps : most_bps;
}

// It was not enough to step up: where it found more, the next one follows soon.
static void end_probe(struct tier_choice *choice, const struct tier_choice_input *input)
{
    const bool found_more = input->estimate_bps * 100 >= choice->probed_bps * FOUND_PERCENT;
    choice->probe_us = 0;
    choice->since_us = input->now_us;
    if (found_more)
        choice->since_us -= choice->wait_us - AGAIN_US;
    else
        wait_longer(choice);
}

static bool step_up(struct tier_choice *choice, const struct tier_choice_input *input)
{
    const enum tier_step next = choice->step + 1;
    if (next > choice->config.top || next > input->most)
        return false;
    if (input->is_low)
        choice->since_us = input->now_us;
    if (input->now_us - choice->since_us < choice->wait_us)
        return false;
    if (fits(choice, next, input, SPARE_PERCENT)) {
        choice->step = next;
        choice->probe_us = 0;
        choice->since_us = choice->up_us = input->now_us;
        return true;
    }
    if (choice->probe_us == 0) {
        begin_probe(choice, next, input);
    } else if (input->now_us - choice->probe_us > ANSWER_US) {
        end_probe(choice, input);
    }
    return false;
}

bool tier_choice_update(struct tier_choice *choice, const struct tier_choice_input *input)
{
    choice->probe_bps = 0;
    return step_down(choice, input) || step_up(choice, input);
}
