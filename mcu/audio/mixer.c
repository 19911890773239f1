// SPDX-License-Identifier: Apache-2.0
#include "mcu/audio/mixer.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "mcu/audio/bus.h"

struct mixer {
    struct mixer_bus *buses[MIXER_SLOTS]; // by id
    struct mixer_input *inputs[MIXER_SLOTS];
    uint16_t bus_ids[MIXER_SLOTS]; // those in use, for the tick
    size_t bus_count;
    _Atomic int8_t levels[MIXER_SLOTS];
    _Atomic uint32_t concealed[MIXER_SLOTS];
    struct mixer_counters counters;
};

struct mixer *mixer_new(void)
{
    struct mixer *mixer = calloc(1, sizeof(*mixer));
    if (!mixer)
        abort();
    for (int i = 0; i < MIXER_SLOTS; i++)
        atomic_store(&mixer->levels[i], -127);
    return mixer;
}

void mixer_free(struct mixer *mixer)
{
    if (!mixer)
        return;
    for (int i = 0; i < MIXER_SLOTS; i++) {
        mixer_input_close(mixer->inputs[i]);
        mixer_bus_close(mixer->buses[i]);
    }
    free(mixer);
}

int mixer_add_bus(struct mixer *mixer, struct mixer_bus *bus)
{
    uint16_t id = bus->config.id;
    if (id >= MIXER_SLOTS || mixer->buses[id])
        return -EEXIST;
    mixer->buses[id] = bus;
    mixer->bus_ids[mixer->bus_count++] = id;
    return 0;
}

int mixer_add_input(struct mixer *mixer, uint16_t bus_id, struct mixer_input *input)
{
    if (input->slot >= MIXER_SLOTS || mixer->inputs[input->slot])
        return -EEXIST;
    struct mixer_bus *bus = bus_id < MIXER_SLOTS ? mixer->buses[bus_id] : NULL;
    if (!bus)
        return -ENOENT;
    if (bus->input_count == BUS_INPUTS_MAX)
        return -ENOSPC;
    input->bus = bus;
    bus->inputs[bus->input_count++] = input;
    mixer->inputs[input->slot] = input;
    return 0;
}

struct mixer_input *mixer_remove_input(struct mixer *mixer, uint16_t slot)
{
    struct mixer_input *input = slot < MIXER_SLOTS ? mixer->inputs[slot] : NULL;
    if (!input)
        return NULL;
    bus_forget_input(input->bus, input);
    mixer->inputs[slot] = NULL;
    atomic_store_explicit(&mixer->levels[slot], -127, memory_order_relaxed);
    return input;
}

struct mixer_bus *mixer_remove_bus(struct mixer *mixer, uint16_t id)
{
    struct mixer_bus *bus = id < MIXER_SLOTS ? mixer->buses[id] : NULL;
    if (!bus || bus->input_count > 0)
        return NULL;
    mixer->buses[id] = NULL;
    for (size_t i = 0; i < mixer->bus_count; i++) {
        if (mixer->bus_ids[i] != id)
            continue;
        mixer->bus_ids[i] = mixer->bus_ids[--mixer->bus_count];
        break;
    }
    return bus;
}

bool mixer_is_empty(const struct mixer *mixer)
{
    return mixer->bus_count == 0;
}

void mixer_set(struct mixer *mixer, uint16_t slot, bool heard, bool pinned, int gain)
{
    struct mixer_input *input = slot < MIXER_SLOTS ? mixer->inputs[slot] : NULL;
    if (!input)
        return;
    input->heard = heard;
    input->is_asked_pinned = pinned;
    input->rank.pinned = pinned || input->speaks != 0;
    input->gain = gain;
}

void mixer_set_even(struct mixer *mixer, uint16_t slot, bool is_even)
{
    struct mixer_input *input = slot < MIXER_SLOTS ? mixer->inputs[slot] : NULL;
    if (input)
        input->is_even = is_even;
}

void mixer_set_language(
        struct mixer *mixer, uint16_t slot, uint8_t speaks, uint8_t hears, bool is_thin)
{
    struct mixer_input *input = slot < MIXER_SLOTS ? mixer->inputs[slot] : NULL;
    if (input && speaks < MIXER_LANGUAGES && hears < MIXER_LANGUAGES)
        bus_set_language(input->bus, input, speaks, hears, is_thin);
}

void mixer_set_loss(struct mixer *mixer, uint16_t id, int loss_percent)
{
    struct mixer_bus *bus = id < MIXER_SLOTS ? mixer->buses[id] : NULL;
    if (bus)
        bus_set_loss(bus, loss_percent);
}

void mixer_restart(struct mixer *mixer, uint16_t slot)
{
    struct mixer_input *input = slot < MIXER_SLOTS ? mixer->inputs[slot] : NULL;
    if (input)
        input_restart(input);
}

void mixer_push(struct mixer *mixer, const struct mixer_packet *packet, int64_t now_us)
{
    struct mixer_input *input = packet->slot < MIXER_SLOTS ? mixer->inputs[packet->slot] : NULL;
    if (!input) {
        mixer->counters.no_input++;
        return;
    }
    const struct audio_jitter_counters *jitter = audio_jitter_counters(input->jitter);
    const struct audio_jitter_counters before = *jitter;
    input->has_levels = packet->has_level;
    audio_jitter_push(input->jitter, packet->seq, packet->timestamp, packet->data, packet->size,
            packet->has_level ? packet->level : 127, packet->is_copy, now_us);

    struct mixer_counters *counters = &mixer->counters;
    counters->packets++;
    counters->late += jitter->late - before.late;
    counters->duplicate += jitter->duplicate - before.duplicate;
    counters->overflow += jitter->overflow - before.overflow;
}

void mixer_tick(struct mixer *mixer, uint32_t tick, int64_t now_us, mixer_output_fn *fn, void *user)
{
    for (size_t b = 0; b < mixer->bus_count; b++) {
        struct mixer_bus *bus = mixer->buses[mixer->bus_ids[b]];
        bus_tick(bus, tick, now_us, &mixer->counters, fn, user);
        for (size_t i = 0; i < bus->input_count; i++) {
            const struct mixer_input *input = bus->inputs[i];
            atomic_store_explicit(&mixer->levels[input->slot], (int8_t)input->display_level,
                    memory_order_relaxed);
            atomic_store_explicit(&mixer->concealed[input->slot],
                    (uint32_t)audio_jitter_counters(input->jitter)->concealed,
                    memory_order_relaxed);
        }
    }
}

int mixer_level(const struct mixer *mixer, uint16_t slot)
{
    if (slot >= MIXER_SLOTS)
        return -127;
    return atomic_load_explicit(&((struct mixer *)mixer)->levels[slot], memory_order_relaxed);
}

uint32_t mixer_concealed(const struct mixer *mixer, uint16_t slot)
{
    if (slot >= MIXER_SLOTS)
        return 0;
    return atomic_load_explicit(&((struct mixer *)mixer)->concealed[slot], memory_order_relaxed);
}

const struct mixer_counters *mixer_counters(const struct mixer *mixer)
{
    return &mixer->counters;
}
