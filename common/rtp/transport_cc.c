// SPDX-License-Identifier: Apache-2.0
#include "common/rtp/transport_cc.h"

#include <errno.h>
#include <string.h>

#define FORMAT           15
#define VERSION_BITS     0x80
#define TICK_US          250   // of a delta
#define REFERENCE_US     64000 // of the reference time
#define HEADER_SIZE      20
#define VECTOR_SYMBOLS   7 // of two bits
#define RUN_MAX          0x1fff
#define LOG_MASK         (TRANSPORT_CC_LOG_SIZE - 1)
#define BYTES_PER_PACKET 3 // at most: two of delta, two sevenths of a chunk, and rounding

_Static_assert((TRANSPORT_CC_LOG_SIZE & LOG_MASK) == 0, "a power of two");

enum symbol { NOT_RECEIVED, SMALL_DELTA, LARGE_DELTA, RESERVED };

// --- the receiver's log -------------------------------------------------------------------------

void transport_cc_log_init(struct transport_cc_log *log)
{
    memset(log, 0, sizeof(*log));
}

static int64_t *arrival(struct transport_cc_log *log, int64_t seq)
{
    return &log->arrival_us[seq & LOG_MASK];
}

static void start_log(struct transport_cc_log *log, uint16_t seq, int64_t now_us)
{
    if (!log->started) {
        log->origin_us = now_us - now_us % REFERENCE_US;
        log->highest_seq = 0x10000 + seq;
    }
    log->started = true;
    log->next_seq = log->highest_seq;
    for (size_t i = 0; i < TRANSPORT_CC_LOG_SIZE; i++)
        log->arrival_us[i] = -1;
    *arrival(log, log->highest_seq) = now_us - log->origin_us;
}

void transport_cc_log_arrived(struct transport_cc_log *log, uint16_t transport_seq, int64_t now_us)
{
    if (!log->started) {
        start_log(log, transport_seq, now_us);
        return;
    }
    int64_t step = (int16_t)(uint16_t)(transport_seq - (uint16_t)log->highest_seq);
    int64_t seq = log->highest_seq + step;
    if (step <= 0) {
        if (seq >= log->next_seq && *arrival(log, seq) < 0)
            *arrival(log, seq) = now_us - log->origin_us;
        return;
    }
    log->highest_seq = seq;
    if (step >= TRANSPORT_CC_LOG_SIZE) {
        start_log(log, transport_seq, now_us);
        return;
    }
    for (int64_t missing = seq - step + 1; missing < seq; missing++)
        *arrival(log, missing) = -1;
    *arrival(log, seq) = now_us - log->origin_us;
    if (seq - log->next_seq >= TRANSPORT_CC_LOG_SIZE)
        log->next_seq = seq - TRANSPORT_CC_LOG_SIZE + 1;
}

// --- writing ------------------------------------------------------------------------------------

// What one message says: symbols and deltas of `count` packets from `first` on.
struct message {
    int64_t first;
    int64_t reference; // in units of REFERENCE_US
    size_t count;
    uint8_t symbols[TRANSPORT_CC_LOG_SIZE];
    int16_t deltas[TRANSPORT_CC_LOG_SIZE];
};

static int64_t first_arrived(struct transport_cc_log *log)
{
    for (int64_t seq = log->next_seq; seq <= log->highest_seq; seq++) {
        if (*arrival(log, seq) >= 0)
            return seq;
    }
    return -1;
}

// Gathers until the log, the room or the range of a delta
// ends; the last packet told of is a received one.
static void gather(struct transport_cc_log *log, size_t room, struct message *out)
{
    size_t limit = room < HEADER_SIZE + 8 ? 1 : (room - HEADER_SIZE - 4) / BYTES_PER_PACKET;
    int64_t seq = first_arrived(log);
    out->first = log->next_seq;
    // Losses before the first arrival are told too, unless they alone would fill the message.
    if (seq - out->first >= (int64_t)limit)
        out->first = seq;
    out->reference = *arrival(log, seq) / REFERENCE_US;
    int64_t last_ticks = out->reference * (REFERENCE_US / TICK_US);
    out->count = 0;
    for (seq = out->first; seq <= log->highest_seq; seq++) {
        size_t i = (size_t)(seq - out->first);
        if (i >= limit || i >= TRANSPORT_CC_LOG_SIZE)
            break;
        out->symbols[i] = NOT_RECEIVED;
        if (*arrival(log, seq) < 0)
            continue;
        int64_t ticks = *arrival(log, seq) / TICK_US;
        int64_t delta = ticks - last_ticks;
        if (delta < INT16_MIN || delta > INT16_MAX)
            break; // the next message has a reference of its own
        out->symbols[i] = delta >= 0 && delta <= UINT8_MAX ? SMALL_DELTA : LARGE_DELTA;
        out->deltas[i] = (int16_t)delta;
        out->count = i + 1;
        last_ticks = ticks;
    }
}

static size_t run_length(const struct message *message, size_t at)
{
    size_t end = at;
    while (end < message->count && end - at < RUN_MAX &&
            message->symbols[end] == message->symbols[at])
        end++;
    return end - at;
}

static void put_chunks(struct bytes_writer *out, const struct message *message)
{
    for (size_t at = 0; at < message->count;) {
        size_t run = run_length(message, at);
        if (run >= VECTOR_SYMBOLS || at + run == message->count) {
            bytes_put_u16(out, (uint16_t)((unsigned)message->symbols[at] << 13 | run));
            at += run;
            continue;
        }
        uint16_t chunk = 0xc000; // status vector of two-bit symbols
        for (unsigned int i = 0; i < VECTOR_SYMBOLS && at < message->count; i++, at++)
            chunk |= (uint16_t)((unsigned)message->symbols[at] << (12 - 2 * i));
        bytes_put_u16(out, chunk);
    }
}

static void put_deltas(struct bytes_writer *out, const struct message *message)
{
    for (size_t i = 0; i < message->count; i++) {
        if (message->symbols[i] == SMALL_DELTA) {
            bytes_put_u8(out, (uint8_t)message->deltas[i]);
        } else if (message->symbols[i] == LARGE_DELTA) {
            bytes_put_u16(out, (uint16_t)message->deltas[i]);
        }
    }
}

bool transport_cc_write(struct transport_cc_log *log, struct bytes_writer *out,
        uint32_t sender_ssrc, uint32_t media_ssrc)
{
    if (!log->started || first_arrived(log) < 0)
        return false;
    struct message message;
    gather(log, (size_t)(out->end - out->at), &message);
    uint8_t *header = out->at;
    bytes_put_u8(out, VERSION_BITS | FORMAT);
    bytes_put_u8(out, RTCP_TRANSPORT_FEEDBACK);
    bytes_put_u16(out, 0);
    bytes_put_u32(out, sender_ssrc);
    bytes_put_u32(out, media_ssrc);
    bytes_put_u16(out, (uint16_t)message.first);
    bytes_put_u16(out, (uint16_t)message.count);
    bytes_put_u24(out, (uint32_t)message.reference & 0xffffff);
    bytes_put_u8(out, log->message_count++);
    put_chunks(out, &message);
    put_deltas(out, &message);
    while (!out->overflow && (out->at - header) % 4 != 0)
        bytes_put_u8(out, 0);
    log->next_seq = message.first + (int64_t)message.count;
    if (out->overflow)
        return false;
    size_t words = (size_t)(out->at - header) / 4 - 1;
    header[2] = (uint8_t)(words >> 8);
    header[3] = (uint8_t)words;
    return true;
}

// --- reading ------------------------------------------------------------------------------------

// Walks the symbols of the chunks one by one.
struct symbols {
    struct bytes_reader in;
    uint16_t chunk;
    unsigned int left; // of the chunk
};

static enum symbol next_symbol(struct symbols *symbols)
{
    if (symbols->left == 0) {
        symbols->chunk = bytes_read_u16(&symbols->in);
        bool is_vector = symbols->chunk & 0x8000;
        bool is_two_bit = symbols->chunk & 0x4000;
        symbols->left = !is_vector ? symbols->chunk & RUN_MAX : is_two_bit ? VECTOR_SYMBOLS : 14;
    }
    if (symbols->left == 0) { // a run of none: malformed
        symbols->in.overrun = true;
    } else {
        symbols->left--;
    }
    if (!(symbols->chunk & 0x8000))
        return symbols->chunk >> 13 & 3;
    if (symbols->chunk & 0x4000)
        return symbols->chunk >> (2 * symbols->left) & 3;
    return symbols->chunk >> symbols->left & 1;
}

// Deltas begin where the chunks end, so the symbols are walked once before.
static int skip_symbols(struct symbols *symbols, size_t count)
{
    for (size_t i = 0; i < count && !symbols->in.overrun; i++)
        next_symbol(symbols);
    return bytes_reader_status(&symbols->in);
}

int transport_cc_read(
        const struct rtcp_packet *packet, struct transport_cc_result *results, size_t room)
{
    if (packet->type != RTCP_TRANSPORT_FEEDBACK || packet->count != FORMAT)
        return -EBADMSG;
    struct bytes_reader in;
    bytes_reader_init(&in, packet->body, packet->size);
    bytes_read(&in, 8);
    uint16_t first = bytes_read_u16(&in);
    size_t count = bytes_read_u16(&in);
    int64_t reference = (int32_t)(bytes_read_u24(&in) << 8) >> 8; // signed
    bytes_read_u8(&in);
    if (bytes_reader_status(&in) < 0)
        return -EBADMSG;
    struct symbols symbols = { .in = in };
    struct symbols ahead = { .in = in };
    if (skip_symbols(&ahead, count) < 0)
        return -EBADMSG;
    struct bytes_reader deltas = ahead.in;
    int64_t at_us = reference * REFERENCE_US;
    for (size_t i = 0; i < count; i++) {
        enum symbol symbol = next_symbol(&symbols);
        if (symbol == SMALL_DELTA) {
            at_us += (int64_t)bytes_read_u8(&deltas) * TICK_US;
        } else if (symbol == LARGE_DELTA) {
            at_us += (int64_t)(int16_t)bytes_read_u16(&deltas) * TICK_US;
        }
        if (i < room) {
            results[i].seq = (uint16_t)(first + i);
            results[i].received = symbol == SMALL_DELTA || symbol == LARGE_DELTA;
            results[i].arrival_us = at_us;
        }
    }
    return bytes_reader_status(&deltas) < 0 ? -EBADMSG : (int)count;
}
