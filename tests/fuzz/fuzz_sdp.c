// SPDX-License-Identifier: Apache-2.0
// module: common/sdp
// corpus: tests/unit/common/sdp/data
// sdp_session_parse, sdp_session_answer, sdp_session_write; our answer to what was accepted can be
// read.
#include <glib.h>
#include <string.h>

#include "common/sdp/session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void answer_to(const struct sdp_session *offer)
{
    g_autofree struct sdp_session *answer = g_new0(struct sdp_session, 1);
    g_autofree struct sdp_session *again = g_new0(struct sdp_session, 1);
    const char *error = NULL;
    if (sdp_session_answer(offer, answer, &error) < 0)
        return;
    memcpy(answer->ice_ufrag, offer->ice_ufrag, sizeof(answer->ice_ufrag));
    memcpy(answer->ice_pwd, offer->ice_pwd, sizeof(answer->ice_pwd));
    memcpy(answer->fingerprint, offer->fingerprint, sizeof(answer->fingerprint));
    g_autofree char *text = sdp_session_write(answer);
    if (sdp_session_parse(text, again, &error) < 0)
        g_error("%s: %s", error, text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    g_autofree struct sdp_session *offer = g_new0(struct sdp_session, 1);
    const char *error = NULL;
    if (sdp_session_parse(text, offer, &error) == 0)
        answer_to(offer);
    else if (!g_str_has_prefix(error, "sdp."))
        g_error("no code");
    return 0;
}
