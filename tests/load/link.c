// SPDX-License-Identifier: Apache-2.0
#include "tests/load/link.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_SIZE   16
#define QUEUE_MAX_US    300000 // of a narrow link
#define HELD_BACK_US    50000  // two packets of sound overtake
#define HEADERS         54     // of SRTP's tag, UDP, IP and Ethernet, of each packet
#define GOLDEN_INCREASE 0x9e3779b97f4a7c15u

static int take_value(struct link_profile *out, const char *name, double value)
{
    if (strcmp(name, "rtt") == 0) {
        out->delay_ms += value / 2;
        return 0;
    }
    const struct {
        const char *name;
        double *value;
        double most;
    } rows[] = { { "loss", &out->loss_percent, 100 }, { "burst", &out->burst, 1000 },
        { "delay", &out->delay_ms, 10000 }, { "jitter", &out->jitter_ms, 10000 },
        { "reorder", &out->reorder_percent, 100 }, { "rate", &out->rate_kbps, 10000000 } };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strcmp(name, rows[i].name) != 0)
            continue;
        if (value > rows[i].most)
            return -EINVAL;
        *rows[i].value += value;
        return 0;
    }
    return -EINVAL;
}

int link_profile_parse(const char *text, struct link_profile *out)
{
    *out = (struct link_profile){ 0 };
    while (*text) {
        char name[NAME_MAX_SIZE] = "";
        const size_t length = strcspn(text, "=");
        if (text[length] != '=' || length >= sizeof(name))
            return -EINVAL;
        memcpy(name, text, length);
        char *end = NULL;
        const double value = strtod(text + length + 1, &end);
        if (end == text + length + 1 || (*end && *end != ',') || !(value >= 0))
            return -EINVAL;
        const int rc = take_value(out, name, value);
        if (rc < 0)
            return rc;
        text = *end ? end + 1 : end;
    }
    return 0;
}

bool link_profile_is_plain(const struct link_profile *profile)
{
    return !(profile->loss_percent > 0 || profile->delay_ms > 0 || profile->jitter_ms > 0 ||
             profile->reorder_percent > 0 || profile->rate_kbps > 0);
}

void link_init(struct link *link, const struct link_profile *profile, uint64_t seed)
{
    *link = (struct link){ .profile = *profile, .random = seed };
}

// SplitMix64: from 0 up to, but not with, 1.
static double draw(struct link *link)
{
    uint64_t z = link->random += GOLDEN_INCREASE;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    z ^= z >> 31;
    return (double)(z >> 11) / 9007199254740992.0;
}

// Gilbert's two states: the way into a burst is as rare as the share of lost packets asks for.
static bool is_lost(struct link *link)
{
    const double loss = link->profile.loss_percent / 100;
    const double burst = link->profile.burst;
    if (loss <= 0)
        return false;
    if (burst <= 1 || loss >= 1)
        return draw(link) < loss;
    const double enter = loss / (1 - loss) / burst;
    link->is_losing = link->is_losing ? draw(link) >= 1 / burst : draw(link) < enter;
    return link->is_losing;
}

int64_t link_take(struct link *link, int64_t now_us, size_t size)
{
    const struct link_profile *profile = &link->profile;
    int64_t sent_us = now_us;
    link->packets++;
    if (profile->rate_kbps > 0) {
        const int64_t begin_us = link->free_us > now_us ? link->free_us : now_us;
        if (begin_us - now_us > QUEUE_MAX_US) {
            link->lost++;
            return LINK_LOST;
        }
        sent_us = begin_us + (int64_t)((double)(size + HEADERS) * 8000 / profile->rate_kbps);
        link->free_us = sent_us;
    }
    if (is_lost(link)) {
        link->lost++;
        return LINK_LOST;
    }
    int64_t due_us =
            sent_us + (int64_t)(1000 * (profile->delay_ms + draw(link) * profile->jitter_ms));
    if (profile->reorder_percent > 0 && draw(link) * 100 < profile->reorder_percent) {
        link->reordered++;
        return due_us + HELD_BACK_US;
    }
    if (due_us < link->last_due_us)
        due_us = link->last_due_us;
    link->last_due_us = due_us;
    return due_us;
}
