// SPDX-License-Identifier: Apache-2.0
// The offers in data/ were written by the real programs.
#include <errno.h>
#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include "common/sdp/session.h"

#include <cmocka.h>

#define DATA "tests/unit/common/sdp/data/"

static char *read_data(const char *name)
{
    char *path = g_strconcat(DATA, name, NULL);
    char *text = NULL;
    assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_free(path);
    return text;
}

static struct sdp_session *parse_text(const char *text)
{
    struct sdp_session *session = g_new0(struct sdp_session, 1);
    const char *error = NULL;
    int rc = sdp_session_parse(text, session, &error);
    if (rc < 0)
        fail_msg("%s", error);
    return session;
}

static struct sdp_session *parse_file(const char *name)
{
    char *text = read_data(name);
    struct sdp_session *session = parse_text(text);
    g_free(text);
    return session;
}

static void assert_error(const char *text, const char *expected)
{
    struct sdp_session *session = g_new0(struct sdp_session, 1);
    const char *error = NULL;
    assert_int_equal(sdp_session_parse(text, session, &error), -EINVAL);
    assert_string_equal(error, expected);
    g_free(session);
}

// The file with every `from` replaced by `to`.
static char *changed(const char *name, const char *from, const char *to)
{
    char *text = read_data(name);
    char **parts = g_strsplit(text, from, -1);
    assert_true(g_strv_length(parts) > 1);
    char *out = g_strjoinv(to, parts);
    g_strfreev(parts);
    g_free(text);
    return out;
}

static void assert_changed_error(
        const char *name, const char *from, const char *to, const char *expected)
{
    char *text = changed(name, from, to);
    assert_error(text, expected);
    g_free(text);
}

// What the MCU does with an offer, up to the text; NULL: refused.
static char *answer_text(const struct sdp_session *offer)
{
    struct sdp_session *answer = g_new0(struct sdp_session, 1);
    const char *error = NULL;
    char *text = NULL;
    if (sdp_session_answer(offer, answer, &error) == 0) {
        g_strlcpy(answer->ice_ufrag, "ufrg", sizeof(answer->ice_ufrag));
        g_strlcpy(answer->ice_pwd, "0123456789012345678901", sizeof(answer->ice_pwd));
        memset(answer->fingerprint, ':', 95);
        for (int i = 0; i < 95; i++) {
            if (i % 3 != 2)
                answer->fingerprint[i] = 'A';
        }
        answer->candidate_count = 1;
        answer->candidates[0] = (struct sdp_candidate){ "127.0.0.1", 20000, 12345, "1" };
        for (int i = 0; i < SDP_LINE_COUNT; i++) {
            answer->media[i].ssrc = 100u + (unsigned)i;
            answer->media[i].rtx_ssrc = 200u + (unsigned)i;
        }
        text = sdp_session_write(answer);
    }
    g_free(answer);
    return text;
}

static void reads_what_chromium_offers(void **state)
{
    (void)state;
    struct sdp_session *offer = parse_file("chromium.sdp");
    assert_int_equal(offer->m_count, 3);
    assert_string_equal(offer->setup, "actpass");
    assert_false(offer->ice_lite);
    const struct sdp_media *audio = &offer->media[SDP_AUDIO];
    assert_true(audio->present && !audio->rejected);
    assert_string_equal(audio->mid, "0");
    assert_int_equal(audio->codec, SDP_OPUS);
    assert_int_equal(audio->payload_type, 111);
    assert_int_equal(audio->red_payload_type, 63);
    assert_int_equal(audio->ext_audio_level, 1);
    assert_int_equal(audio->ext_transport_cc, 3);
    assert_int_equal(audio->ext_mid, 4);
    assert_int_equal(audio->ext_abs_send_time, 2);
    assert_true(audio->sends && audio->receives);
    assert_true(audio->transport_cc);
    assert_true(audio->ssrc != 0);
    assert_true(audio->cname[0] != '\0');
    const struct sdp_media *content = &offer->media[SDP_CONTENT];
    assert_int_equal(content->m_index, 2);
    assert_int_equal(content->codec, SDP_H264);
    assert_int_equal(content->payload_type, 108); // constrained baseline, mode 1
    assert_int_equal(content->rtx_payload_type, 109);
    assert_true(content->nack && content->pli && content->remb && content->transport_cc);
    assert_true(content->rtx_ssrc != 0 && content->rtx_ssrc != content->ssrc);
    g_free(offer);
}

static void answers_chromium_in_its_numbers(void **state)
{
    (void)state;
    struct sdp_session *offer = parse_file("chromium.sdp");
    char *text = answer_text(offer);
    assert_non_null(text);
    struct sdp_session *answer = parse_text(text);
    assert_string_equal(answer->setup, "passive");
    assert_true(answer->ice_lite);
    assert_int_equal(answer->candidate_count, 1);
    assert_string_equal(answer->candidates[0].address, "127.0.0.1");
    assert_int_equal(answer->candidates[0].port, 20000);
    for (int i = 0; i < SDP_LINE_COUNT; i++) {
        const struct sdp_media *media = &answer->media[i];
        assert_true(media->present && !media->rejected);
        assert_string_equal(media->mid, offer->media[i].mid);
        assert_int_equal(media->payload_type, offer->media[i].payload_type);
        assert_int_equal(media->rtx_payload_type, offer->media[i].rtx_payload_type);
        assert_int_equal(media->ext_transport_cc, offer->media[i].ext_transport_cc);
        assert_int_equal(media->ssrc, 100 + i);
        assert_true(media->sends && media->receives);
    }
    assert_int_equal(answer->media[SDP_MAIN].rtx_ssrc, 201);
    assert_string_equal(answer->media[SDP_MAIN].fmtp,
            "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f");
    g_free(answer);
    g_free(text);
    g_free(offer);
}

static void rejects_a_data_channel_in_its_place(void **state)
{
    (void)state;
    struct sdp_session *offer = parse_file("chromium-data-channel.sdp");
    assert_int_equal(offer->m_count, 3);
    assert_false(offer->media[SDP_CONTENT].present);
    char *text = answer_text(offer);
    assert_non_null(strstr(text, "m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\n"));
    assert_non_null(strstr(text, "a=group:BUNDLE 0 1\r\n"));
    struct sdp_session *answer = parse_text(text);
    assert_true(answer->media[SDP_MAIN].sends); // the offer only receives
    assert_false(answer->media[SDP_MAIN].receives);
    g_free(answer);
    g_free(text);
    g_free(offer);
}

static void answers_webrtcbin_with_what_it_has(void **state)
{
    (void)state;
    struct sdp_session *offer = parse_file("webrtcbin.sdp");
    const struct sdp_media *main_line = &offer->media[SDP_MAIN];
    assert_false(main_line->rejected); // port 0, but bundle-only
    assert_int_equal(main_line->payload_type, 96);
    assert_int_equal(main_line->rtx_payload_type, 99);
    assert_false(main_line->transport_cc); // no extension for its numbers
    char *text = answer_text(offer);
    struct sdp_session *answer = parse_text(text);
    assert_string_equal(answer->media[SDP_AUDIO].mid, "audio0");
    assert_int_equal(answer->media[SDP_AUDIO].payload_type, 97);
    assert_false(answer->media[SDP_AUDIO].nack);
    assert_int_equal(answer->media[SDP_AUDIO].rtx_payload_type, 0);
    assert_false(answer->media[SDP_CONTENT].present);
    g_free(answer);
    g_free(text);
    g_free(offer);
}

static void the_houses_own_offer_comes_back_from_its_text(void **state)
{
    (void)state;
    struct sdp_session *offer = g_new0(struct sdp_session, 1);
    sdp_session_offer(offer);
    g_strlcpy(offer->ice_ufrag, "abcd", sizeof(offer->ice_ufrag));
    g_strlcpy(offer->ice_pwd, "0123456789012345678901", sizeof(offer->ice_pwd));
    char *file = read_data("webrtcbin.sdp");
    const char *fingerprint = strstr(file, "sha-256 ") + strlen("sha-256 ");
    g_strlcpy(offer->fingerprint, fingerprint, sizeof(offer->fingerprint));
    g_free(file);
    offer->media[SDP_MAIN].ssrc = 4000000000u;
    offer->media[SDP_MAIN].rtx_ssrc = 5;
    g_strlcpy(offer->media[SDP_MAIN].cname, "room-64", sizeof(offer->media[SDP_MAIN].cname));
    char *text = sdp_session_write(offer);
    struct sdp_session *read = parse_text(text);
    for (int i = 0; i < SDP_LINE_COUNT; i++) {
        // The text says of the first format, and of a sender's cname, what the struct left open.
        if (!offer->media[i].cname[0])
            read->media[i].cname[0] = '\0';
        assert_memory_equal(&read->media[i], &offer->media[i], sizeof(read->media[i]));
    }
    assert_string_equal(read->ice_ufrag, "abcd");
    assert_string_equal(read->fingerprint, offer->fingerprint);
    assert_true(strlen(text) < 16384); // the contract's limit
    char *answer = answer_text(read);
    assert_non_null(answer);
    g_free(answer);
    g_free(read);
    g_free(text);
    g_free(offer);
}

static void a_line_without_our_codec_is_rejected_alone(void **state)
{
    (void)state;
    char *text = changed("webrtcbin.sdp", "H264/90000", "H265/90000");
    struct sdp_session *offer = parse_text(text);
    assert_true(offer->media[SDP_MAIN].present && offer->media[SDP_MAIN].rejected);
    char *answer = answer_text(offer);
    assert_non_null(strstr(answer, "m=video 0 UDP/TLS/RTP/SAVPF 96\r\n"));
    assert_non_null(strstr(answer, "a=group:BUNDLE audio0\r\n"));
    g_free(answer);
    g_free(offer);
    g_free(text);
}

static void packetization_mode_0_is_not_ours(void **state)
{
    (void)state;
    char *text = changed("webrtcbin.sdp", "packetization-mode=1", "packetization-mode=0");
    struct sdp_session *offer = parse_text(text);
    assert_true(offer->media[SDP_MAIN].rejected);
    g_free(offer);
    g_free(text);
}

static void prefers_constrained_baseline_whatever_the_order(void **state)
{
    (void)state;
    char *text = changed("chromium.sdp", "profile-level-id=42e01f", "profile-level-id=64001f");
    struct sdp_session *offer = parse_text(text);
    assert_int_equal(offer->media[SDP_MAIN].payload_type, 102); // 42001f
    g_free(offer);
    g_free(text);
}

static void each_fault_has_its_code(void **state)
{
    (void)state;
    assert_error("", "sdp.syntax");
    assert_error("hello", "sdp.syntax");
    assert_error("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n", "sdp.syntax");
    assert_changed_error("webrtcbin.sdp", "a=ice-ufrag", "a=x-ufrag", "sdp.no_ice");
    assert_changed_error(
            "webrtcbin.sdp", "a=fingerprint:sha-256", "a=fingerprint:sha-1", "sdp.no_fingerprint");
    assert_changed_error("webrtcbin.sdp", "a=group:BUNDLE", "a=group:LS", "sdp.not_bundled");
    assert_changed_error(
            "webrtcbin.sdp", "BUNDLE audio0 video1", "BUNDLE audio0", "sdp.not_bundled");
    char *no_codec = changed("webrtcbin.sdp", "OPUS/48000", "SPEEX/16000");
    char **parts = g_strsplit(no_codec, "H264/90000", -1);
    char *none = g_strjoinv("VP9/90000", parts);
    assert_error(none, "sdp.no_usable_codec");
    g_free(none);
    g_strfreev(parts);
    g_free(no_codec);
}

static void what_is_too_large_is_refused(void **state)
{
    (void)state;
    char *long_text = g_strnfill(SDP_TEXT_MAX + 1, 'a');
    assert_error(long_text, "sdp.too_large");
    g_free(long_text);
    GString *many = g_string_new("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n");
    for (int i = 0; i <= SDP_LINES_MAX; i++)
        g_string_append(many, "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\n");
    assert_error(many->str, "sdp.too_large");
    g_string_free(many, TRUE);
}

static void an_offerer_that_wants_to_be_dtls_server_is_refused(void **state)
{
    (void)state;
    char *text = changed("webrtcbin.sdp", "a=setup:actpass", "a=setup:passive");
    struct sdp_session *offer = parse_text(text);
    struct sdp_session *answer = g_new0(struct sdp_session, 1);
    const char *error = NULL;
    assert_int_equal(sdp_session_answer(offer, answer, &error), -EINVAL);
    assert_string_equal(error, "sdp.bad_setup");
    g_free(answer);
    g_free(offer);
    g_free(text);
}

static void over_long_values_do_not_overflow(void **state)
{
    (void)state;
    char *mid = g_strnfill(5000, 'm');
    char *line = g_strconcat("a=mid:", mid, NULL);
    char *text = changed("webrtcbin.sdp", "a=mid:audio0", line);
    // The name is cut and no longer what BUNDLE speaks of.
    assert_error(text, "sdp.not_bundled");
    g_free(text);
    char *cname = g_strconcat("cname:", mid, NULL);
    text = changed("webrtcbin.sdp", "cname:", cname);
    struct sdp_session *offer = parse_text(text);
    assert_int_equal(strlen(offer->media[SDP_AUDIO].cname), 64);
    g_free(offer);
    g_free(text);
    g_free(cname);
    g_free(line);
    g_free(mid);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_chromium_offers),
        cmocka_unit_test(answers_chromium_in_its_numbers),
        cmocka_unit_test(rejects_a_data_channel_in_its_place),
        cmocka_unit_test(answers_webrtcbin_with_what_it_has),
        cmocka_unit_test(the_houses_own_offer_comes_back_from_its_text),
        cmocka_unit_test(a_line_without_our_codec_is_rejected_alone),
        cmocka_unit_test(packetization_mode_0_is_not_ours),
        cmocka_unit_test(prefers_constrained_baseline_whatever_the_order),
        cmocka_unit_test(each_fault_has_its_code),
        cmocka_unit_test(what_is_too_large_is_refused),
        cmocka_unit_test(an_offerer_that_wants_to_be_dtls_server_is_refused),
        cmocka_unit_test(over_long_values_do_not_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
