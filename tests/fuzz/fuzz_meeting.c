// SPDX-License-Identifier: Apache-2.0
// module: signaling
// meeting_decide and meeting_apply: the bytes are operations, four each. Whatever comes, what was
// decided applies, the state holds together, and the journal folds to the same state.
#include <glib.h>
#include <string.h>

#include "signaling/meeting_decide.h"
#include "signaling/meeting_journal.h"

#define MEETING "abcdefgh"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// The same members again and again, so that they meet.
static void member_of(uint8_t byte, char id[MEMBER_ID_SIZE])
{
    g_snprintf(id, MEMBER_ID_SIZE, "m-%d", byte % 8);
}

// As the store would keep it, and back.
static void apply_both(
        struct meeting *live, struct meeting *again, const struct meeting_event *event)
{
    g_assert_cmpint(meeting_apply(live, event), ==, 0);
    g_autofree char *json = meeting_event_write(MEETING, event);
    struct meeting_event read;
    const char *name = message_infos[meeting_event_message(event->type)].name;
    g_assert_cmpint(meeting_event_read(MEETING, name, json, event->at_ms, &read), ==, 0);
    g_assert_cmpint(meeting_apply(again, &read), ==, 0);
}

static void holds_together(const struct meeting *meeting)
{
    g_assert_true(!meeting->holder[0] || meeting_member(meeting, meeting->holder));
    g_assert_cmpint(meeting_queue_position(meeting, meeting->holder), ==, 0);
    g_assert_true(!meeting->content[0] || meeting_member(meeting, meeting->content));
    for (guint i = 0; i < meeting->queue->len; i++) {
        const char *id = g_array_index(meeting->queue, struct meeting_queued, i).member;
        g_assert_nonnull(meeting_member(meeting, id));
        g_assert_cmpint(meeting_queue_position(meeting, id), ==, (int)i + 1);
    }
}

static void operate(
        struct meeting *live, struct meeting *again, const uint8_t bytes[4], int64_t now_ms)
{
    char actor[MEMBER_ID_SIZE];
    struct meeting_member joins = {
        .kind = bytes[3] & 2 ? MEMBER_KIND_ROOM : MEMBER_KIND_PERSON,
        .role = (enum role)(ROLE_CHAIR + bytes[3] % (ROLE_COUNT - ROLE_CHAIR)),
    };
    member_of(bytes[1], actor);
    member_of(bytes[2], joins.id);
    struct meeting_stage_order order = {
        .mode = bytes[3] & 4 ? STAGE_MODE_AUTO : STAGE_MODE_DECLARED,
        .layout = (enum stage_layout)(bytes[3] % STAGE_LAYOUT_COUNT),
        .tile_count = bytes[3] & 1,
    };
    g_strlcpy(order.tiles[0], joins.id, sizeof(order.tiles[0]));
    const struct meeting_operation operation = {
        .type = (enum meeting_operation_type)(bytes[0] % MEETING_OPERATION_COUNT),
        .actor = actor,
        .member = joins.id,
        .muted = bytes[3] & 1,
        .joins = &joins,
        .order = &order,
        .now_ms = now_ms,
    };
    g_autoptr(GArray) events = g_array_new(FALSE, TRUE, sizeof(struct meeting_event));
    enum error_code code = meeting_decide(live, &operation, events);
    g_assert_true(code == ERROR_NONE || events->len == 0);
    for (guint i = 0; i < events->len; i++)
        apply_both(live, again, &g_array_index(events, struct meeting_event, i));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct meeting *live = meeting_new(MEETING);
    struct meeting *again = meeting_new(MEETING);
    const struct meeting_event created = {
        .type = MEETING_EVENT_CREATED,
        .at_ms = 1,
        .by = "admin",
        .title = "T",
        .mode = size % 2 ? MEETING_MODE_FLOOR : MEETING_MODE_DISCUSSION,
    };
    apply_both(live, again, &created);
    for (size_t at = 0; at + 4 <= size; at += 4) {
        operate(live, again, data + at, (int64_t)at + 2);
        holds_together(live);
    }
    g_assert_true(meeting_equal(live, again));
    meeting_free(live);
    meeting_free(again);
    return 0;
}
