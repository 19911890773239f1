// SPDX-License-Identifier: Apache-2.0
// module: common/protocol
// corpus: protocol/examples/envelope/valid protocol/examples/envelope/invalid
// envelope_parse, envelope_body and back: whatever is accepted comes back the same.
#include <glib.h>
#include <string.h>

#include "common/protocol/envelope.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// Our own text of what was read has to be readable, and to say the same.
static void come_back(const struct envelope *envelope, const void *body)
{
    const struct message_info *info = &message_infos[envelope->type];
    const char *at = envelope->at[0] ? envelope->at : NULL;
    g_autofree char *text = envelope->kind == ENVELOPE_REQUEST
                                    ? envelope_request(envelope->type, envelope->id, body)
                                    : envelope_event(envelope->type, envelope->seq, at, body);
    struct envelope again;
    struct fields_error error;
    g_autofree void *back = g_malloc(info->size);
    if (envelope_parse(text, strlen(text), &again, &error) < 0 ||
            envelope_body(&again, back, &error) < 0 || memcmp(body, back, info->size) != 0 ||
            again.id != envelope->id || again.seq != envelope->seq)
        g_error("did not come back: %s", text);
    envelope_fini(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct envelope envelope;
    struct fields_error error;
    if (envelope_parse((const char *)data, size, &envelope, &error) < 0) {
        g_autofree char *answer = envelope_fault(envelope.id > 0 ? envelope.id : 1, &error);
        (void)answer;
    } else if (envelope.type != MESSAGE_NONE) {
        g_autofree void *body = g_malloc(message_infos[envelope.type].size);
        if (envelope_body(&envelope, body, &error) == 0)
            come_back(&envelope, body);
    }
    envelope_fini(&envelope);
    return 0;
}
