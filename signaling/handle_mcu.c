// SPDX-License-Identifier: Apache-2.0
#include "signaling/handlers.h"
#include "signaling/relay.h"

enum error_code handle_mcu_answer(struct request *request)
{
    return relay_answer(request->service->relay, request->session, request->body);
}

// The conference, if this MCU carries it.
static struct conference *carried(const struct request *request, const char *id)
{
    struct conference *conference = service_conference(request->service, id);
    return conference && conference_mcu(conference) == request->session ? conference : NULL;
}

enum error_code handle_conference_report(struct request *request)
{
    const struct message_conference_report *body = request->body;
    struct conference *conference = service_conference(request->service, body->conference);
    // After a restart of ours: who has the members carries the conference.
    if (conference && !conference_is_settled(conference) && !conference_mcu(conference))
        conference_set_mcu(
                conference, session_who(request->session)->self, session_boot_id(request->session));
    conference = carried(request, body->conference);
    if (!conference)
        return ERROR_CONFERENCE_UNKNOWN;
    conference_note_report(conference, body);
    return ERROR_NONE;
}

enum error_code handle_conference_levels(struct request *request)
{
    const struct message_conference_levels *body = request->body;
    struct conference *conference = carried(request, body->conference);
    if (!conference)
        return ERROR_CONFERENCE_UNKNOWN;
    conference_note_levels(conference, body);
    return ERROR_NONE;
}
