// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "common/base/log.h"
#include "signaling/conference.h"
#include "signaling/rest.h"
#include "signaling/wall_clock.h"

#define LOG_TOPIC "meetings"

static enum error_code find_units(const struct service *service,
        const struct message_rest_meeting_create *body, const struct unit **units, char **detail)
{
    for (size_t i = 0; i < body->units_count; i++) {
        units[i] = service->units ? unit_tree_find(service->units, body->units[i]) : NULL;
        bool is_double = false;
        for (size_t j = 0; units[i] && j < i; j++)
            is_double |= units[j] == units[i];
        if (units[i] && !is_double)
            continue;
        *detail = g_strdup_printf("unit %s", body->units[i]);
        return is_double ? ERROR_UNIT_DUPLICATE : ERROR_UNIT_UNKNOWN;
    }
    return ERROR_NONE;
}

enum error_code rest_meeting_create(struct rest_call *call, char **detail)
{
    const struct message_rest_meeting_create *body = call->body;
    struct message_rest_meeting_create_reply *reply = call->reply;
    const struct unit *units[COUNT_OF(body->units)];
    enum error_code code = find_units(call->service, body, units, detail);
    if (code != ERROR_NONE)
        return code;
    const struct conference_plan plan = { .title = body->title,
        .mode = body->has_mode ? body->mode : MEETING_MODE_FLOOR,
        .units = units,
        .unit_count = body->units_count,
        .is_open = body->has_open && body->open };
    const struct conference *conference = service_create_meeting(call->service, &plan, &code);
    if (!conference)
        return code;
    g_strlcpy(reply->id, conference_meeting(conference)->id, sizeof(reply->id));
    log_info("meeting created meeting=%s rooms=%zu", reply->id, body->units_count);
    return code;
}

enum error_code rest_meeting_list(struct rest_call *call, char **detail)
{
    (void)detail;
    struct message_rest_meeting_list_reply *reply = call->reply;
    const GPtrArray *order = call->service->order;
    for (guint i = order->len; i > 0 && reply->meetings_count < COUNT_OF(reply->meetings); i--) {
        const struct meeting *meeting = conference_meeting(g_ptr_array_index(order, i - 1));
        struct type_meeting_summary *out = &reply->meetings[reply->meetings_count++];
        g_strlcpy(out->id, meeting->id, sizeof(out->id));
        g_strlcpy(out->title, meeting->title, sizeof(out->title));
        out->state = meeting->state;
        out->mode = meeting->mode;
        out->member_count = meeting->members->len;
    }
    return ERROR_NONE;
}

static void fill_queue(const struct meeting *meeting, struct message_rest_meeting_get_reply *reply)
{
    for (guint i = 0; i < meeting->queue->len && i < COUNT_OF(reply->queue); i++) {
        const struct meeting_queued *queued =
                &g_array_index(meeting->queue, struct meeting_queued, i);
        struct type_queue_entry *entry = &reply->queue[reply->queue_count++];
        g_strlcpy(entry->member, queued->member, sizeof(entry->member));
        wall_clock_format(queued->since_ms, entry->since);
    }
}

enum error_code rest_meeting_get(struct rest_call *call, char **detail)
{
    (void)detail;
    struct message_rest_meeting_get_reply *reply = call->reply;
    const struct conference *conference =
            service_conference(call->service, web_request_parameter(call->request, "id"));
    if (!conference)
        return ERROR_MEETING_UNKNOWN;
    const struct meeting *meeting = conference_meeting(conference);
    g_strlcpy(reply->id, meeting->id, sizeof(reply->id));
    g_strlcpy(reply->title, meeting->title, sizeof(reply->title));
    reply->state = meeting->state;
    reply->mode = meeting->mode;
    for (guint i = 0; i < meeting->members->len && i < COUNT_OF(reply->members); i++)
        conference_fill_member(conference, g_ptr_array_index(meeting->members, i),
                &reply->members[reply->members_count++]);
    reply->has_floor = meeting->holder[0];
    g_strlcpy(reply->floor.member, meeting->holder, sizeof(reply->floor.member));
    wall_clock_format(meeting->holder_since_ms, reply->floor.since);
    fill_queue(meeting, reply);
    conference_fill_stage(conference, &reply->stage);
    return ERROR_NONE;
}

static enum error_code operate(struct rest_call *call, enum meeting_operation_type type)
{
    struct conference *conference =
            service_conference(call->service, web_request_parameter(call->request, "id"));
    if (!conference)
        return ERROR_MEETING_UNKNOWN;
    struct meeting_operation operation = {
        .type = type, .actor = call->who.self, .now_ms = wall_clock_ms()
    };
    return conference_operate(conference, &operation);
}

enum error_code rest_meeting_open(struct rest_call *call, char **detail)
{
    (void)detail;
    return operate(call, MEETING_OPEN);
}

enum error_code rest_meeting_end(struct rest_call *call, char **detail)
{
    (void)detail;
    return operate(call, MEETING_END);
}
