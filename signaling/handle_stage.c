// SPDX-License-Identifier: Apache-2.0
#include "signaling/handlers.h"
#include "signaling/meeting_journal.h"

enum error_code handle_stage_set(struct request *request)
{
    const struct message_stage_set *body = request->body;
    struct meeting_stage_order order;
    meeting_order_read(&body->order, &order);
    struct meeting_operation operation = { .type = MEETING_STAGE_SET, .order = &order };
    return dispatch_operate(request, body->meeting, operation);
}

enum error_code handle_content_start(struct request *request)
{
    const struct message_content_start *body = request->body;
    struct meeting_operation operation = { .type = MEETING_CONTENT_START };
    return dispatch_operate(request, body->meeting, operation);
}

enum error_code handle_content_stop(struct request *request)
{
    const struct message_content_stop *body = request->body;
    struct meeting_operation operation = { .type = MEETING_CONTENT_STOP };
    return dispatch_operate(request, body->meeting, operation);
}
