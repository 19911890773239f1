// SPDX-License-Identifier: Apache-2.0
// module: mcu
// corpus: tests/unit/common/sdp/data
// negotiate_start, _remote and _finish with two offers, one after the other: the first up to a zero
// byte, then the second. The same offer again is never a restart and changes no SSRC.
#include <glib.h>
#include <string.h>

#include "mcu/negotiate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool start(const char *text, const struct negotiation *former, struct negotiation *out)
{
    const char *error = NULL;
    if (negotiate_start(text, former, out, &error) == 0)
        return true;
    if (!g_str_has_prefix(error, "sdp."))
        g_error("no code");
    return false;
}

static void answer(struct negotiation *negotiation)
{
    struct peer_description remote;
    negotiate_remote(negotiation, &remote);
    remote.ice_lite = true;
    g_autofree char *text = negotiate_finish(negotiation, &remote);
    if (strlen(text) == 0)
        g_error("no answer");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *first = g_strndup((const char *)data, size);
    const size_t length = strlen(first);
    g_autofree char *second =
            length < size ? g_strndup((const char *)data + length + 1, size - length - 1)
                          : g_strdup("");
    g_autofree struct negotiation *before = g_new0(struct negotiation, 1);
    g_autofree struct negotiation *after = g_new0(struct negotiation, 1);
    if (!start(first, NULL, before))
        return 0;
    if (start(second, before, after))
        answer(after);
    if (!start(first, before, after) || after->is_ice_restart)
        g_error("the same offer again is another");
    if (after->is_same_session && after->answer.media[0].ssrc != before->answer.media[0].ssrc)
        g_error("another SSRC in the same session");
    answer(before);
    return 0;
}
