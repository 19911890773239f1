// SPDX-License-Identifier: Apache-2.0
// module: hw/codec
// novastar_read_health; novastar_reader_take, as a computer and as a controller: what is accepted
// is written back to a frame that reads the same, and a stream says the same however it is cut.
#include <stdlib.h>
#include <string.h>

#include "hw/codec/novastar_codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static bool is_same(const struct novastar_frame *a, const struct novastar_frame *b)
{
    return a->is_reply == b->is_reply && a->ack == b->ack && a->serial == b->serial &&
           a->source == b->source && a->destination == b->destination && a->device == b->device &&
           a->port == b->port && a->board == b->board && a->is_write == b->is_write &&
           a->address == b->address && a->length == b->length && a->size == b->size &&
           a->is_intact == b->is_intact && memcmp(a->data, b->data, a->size) == 0;
}

static void check_frame(const struct novastar_frame *frame)
{
    static struct novastar_reader reader;
    static struct novastar_frame again;
    uint8_t bytes[NOVASTAR_FRAME_MAX];
    struct bytes_writer out;
    bytes_writer_init(&out, bytes, sizeof(bytes));
    int size = novastar_write(&out, frame);
    require(size >= 20);
    // A reply that was refused without its data says in its length that there is some.
    if (frame->is_reply && frame->ack != NOVASTAR_OK)
        return;
    novastar_reader_init(&reader, frame->is_reply);
    const uint8_t *at = bytes;
    require(novastar_reader_take(&reader, &at, bytes + size, &again));
    if (frame->is_intact)
        require(is_same(frame, &again));
}

static void check_stream(const uint8_t *data, size_t size, bool replies)
{
    static struct novastar_reader whole;
    static struct novastar_reader cut;
    static struct novastar_frame frame;
    static struct novastar_frame other;
    novastar_reader_init(&whole, replies);
    novastar_reader_init(&cut, replies);
    const uint8_t *at = data;
    const uint8_t *cut_at = data;
    const uint8_t *end = data + size;
    while (novastar_reader_take(&whole, &at, end, &frame)) {
        // A frame that was complete within what came before is found without another byte.
        bool found = novastar_reader_take(&cut, &cut_at, cut_at, &other);
        while (!found && cut_at < end)
            found = novastar_reader_take(&cut, &cut_at, cut_at + 1, &other);
        require(found && is_same(&frame, &other));
        check_frame(&frame);
    }
}

static void check_health(const uint8_t *data, size_t size)
{
    struct novastar_health health;
    if (novastar_read_health(data, size, &health) < 0)
        return;
    require(health.fans <= NOVASTAR_FANS_MAX && health.voltages_count <= NOVASTAR_VOLTAGES_MAX);
    require(health.has_monitor || (!health.has_smoke && !health.is_door_open && health.fans == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_health(data, size);
    check_stream(data, size, true);
    check_stream(data, size, false);
    return 0;
}
