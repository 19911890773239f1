// SPDX-License-Identifier: Apache-2.0
// From an offer to the answer: what is a new session, and what goes on with the former.
#include <errno.h>
#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "mcu/negotiate.h"

#include <cmocka.h>

#define FINGERPRINT \
    "AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:" \
    "AA:AA"

static void make_offer(struct sdp_session *offer)
{
    sdp_session_offer(offer);
    strcpy(offer->id, "4611731400430051336");
    strcpy(offer->ice_ufrag, "abcd");
    strcpy(offer->ice_pwd, "abcdefghijklmnopqrstuvwx");
    strcpy(offer->fingerprint, FINGERPRINT);
    offer->version = 2;
}

static int start(const struct sdp_session *offer, const struct negotiation *former,
        struct negotiation *out, const char **error)
{
    g_autofree char *text = sdp_session_write(offer);
    return negotiate_start(text, former, out, error);
}

static void assert_same_lines(const struct negotiation *a, const struct negotiation *b)
{
    for (int line = 0; line < SDP_LINE_COUNT; line++) {
        assert_int_equal(a->answer.media[line].ssrc, b->answer.media[line].ssrc);
        assert_int_equal(a->answer.media[line].rtx_ssrc, b->answer.media[line].rtx_ssrc);
    }
    assert_string_equal(a->answer.id, b->answer.id);
}

static void new_credentials_in_the_same_session_are_an_ice_restart(void **state)
{
    (void)state;
    static struct sdp_session offer;
    static struct negotiation first, second, third;
    const char *error = NULL;
    make_offer(&offer);
    assert_int_equal(start(&offer, NULL, &first, &error), 0);
    assert_false(first.is_same_session);
    assert_int_not_equal(first.answer.media[SDP_AUDIO].ssrc, 0);

    strcpy(offer.ice_ufrag, "efgh");
    strcpy(offer.ice_pwd, "zyxwvutsrqponmlkjihgfedc");
    offer.version = 3;
    assert_int_equal(start(&offer, &first, &second, &error), 0);
    assert_true(second.is_same_session && second.is_ice_restart);
    assert_same_lines(&first, &second);
    assert_int_equal(second.answer.version, first.answer.version + 1);

    // The same again: nothing is restarted.
    assert_int_equal(start(&offer, &second, &third, &error), 0);
    assert_true(third.is_same_session);
    assert_false(third.is_ice_restart);
    assert_same_lines(&first, &third);
}

static void another_session_or_certificate_begins_anew(void **state)
{
    (void)state;
    static struct sdp_session offer;
    static struct negotiation first, second;
    const char *error = NULL;
    make_offer(&offer);
    assert_int_equal(start(&offer, NULL, &first, &error), 0);
    strcpy(offer.id, "4611731400430051337"); // the same process with the same certificate
    assert_int_equal(start(&offer, &first, &second, &error), 0);
    assert_false(second.is_same_session);
    assert_int_not_equal(first.answer.media[SDP_AUDIO].ssrc, second.answer.media[SDP_AUDIO].ssrc);

    make_offer(&offer);
    offer.fingerprint[0] = 'B';
    assert_int_equal(start(&offer, &first, &second, &error), 0);
    assert_false(second.is_same_session);
}

static void a_session_keeps_its_lines(void **state)
{
    (void)state;
    static struct sdp_session offer;
    static struct negotiation first, second;
    const char *error = NULL;
    make_offer(&offer);
    assert_int_equal(start(&offer, NULL, &first, &error), 0);
    offer.media[SDP_MAIN].sends = false;
    assert_int_equal(start(&offer, &first, &second, &error), -EINVAL);
    assert_string_equal(error, "sdp.lines_changed");
    make_offer(&offer);
    offer.media[SDP_AUDIO].payload_type = 99;
    error = NULL;
    assert_int_equal(start(&offer, &first, &second, &error), -EINVAL);
    assert_string_equal(error, "sdp.lines_changed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_credentials_in_the_same_session_are_an_ice_restart),
        cmocka_unit_test(another_session_or_certificate_begins_anew),
        cmocka_unit_test(a_session_keeps_its_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
