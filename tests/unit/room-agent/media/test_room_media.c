// SPDX-License-Identifier: Apache-2.0
// rong-room-media itself, over its socket pair, against the mirror: this test is its core.
#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <glib.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/protocol/envelope.h"
#include "common/sdp/session.h"
#include "tests/mirror/mirror.h"

#include <cmocka.h>

#define WITHIN_US (15 * G_USEC_PER_SEC)

struct core {
    GMainContext *context;
    pid_t pid;
    int fd;
    int status; // of the process, once it ended; -1 before
    bool is_closed;
    struct mirror *mirror;
    int ready, offers;
    struct message_local_offer offer;
    struct message_local_state state;
    bool was_connected;
    GSource *readable, *beat;
};

static void take(struct core *core, const char *text, size_t size)
{
    struct envelope envelope;
    struct fields_error error = { 0 };
    assert_int_equal(envelope_parse(text, size, &envelope, &error), 0);
    assert_int_equal(envelope.kind, ENVELOPE_EVENT);
    if (envelope.type == MESSAGE_LOCAL_READY)
        core->ready++;
    if (envelope.type == MESSAGE_LOCAL_OFFER) {
        assert_int_equal(envelope_body(&envelope, &core->offer, &error), 0);
        core->offers++;
    }
    if (envelope.type == MESSAGE_LOCAL_STATE) {
        assert_int_equal(envelope_body(&envelope, &core->state, &error), 0);
        core->was_connected |= core->state.state == MEDIA_STATE_CONNECTED;
    }
    envelope_fini(&envelope);
}

static gboolean on_readable(gint fd, GIOCondition condition, gpointer data)
{
    (void)condition;
    struct core *core = data;
    char text[ENVELOPE_MAX_BYTES];
    const ssize_t size = recv(fd, text, sizeof(text), MSG_DONTWAIT);
    if (size > 0)
        take(core, text, (size_t)size);
    core->is_closed = size == 0;
    return size != 0;
}

static gboolean on_beat(gpointer data)
{
    struct core *core = data;
    int status;
    if (core->status < 0 && waitpid(core->pid, &status, WNOHANG) == core->pid)
        core->status = status;
    return G_SOURCE_CONTINUE;
}

#define UNTIL(core, condition) \
    do { \
        const int64_t deadline_us_ = g_get_monotonic_time() + WITHIN_US; \
        while (!(condition) && g_get_monotonic_time() < deadline_us_) \
            g_main_context_iteration((core)->context, TRUE); \
        assert_true(condition); \
    } while (0)

static void say(struct core *core, enum message_type type, const void *body)
{
    g_autofree char *text = envelope_event(type, 0, NULL, body);
    assert_int_equal(send(core->fd, text, strlen(text), 0), strlen(text));
}

// Beside the tests' folder: build/VARIANT/rong-room-media.
static char *program_path(void)
{
    g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
    char *end = strstr(self, "/tests/unit/");
    assert_non_null(end);
    *end = '\0';
    return g_build_filename(self, "rong-room-media", NULL);
}

static void begin(struct core *core, const struct mirror_config *config)
{
    int fds[2];
    g_autofree char *program = program_path();
    *core = (struct core){ .status = -1 };
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
    core->pid = fork();
    assert_true(core->pid >= 0);
    if (core->pid == 0) {
        if (fds[1] == 3)
            fcntl(3, F_SETFD, 0);
        else
            dup2(fds[1], 3);
        execl(program, program, (char *)NULL);
        _exit(127);
    }
    close(fds[1]);
    core->fd = fds[0];
    core->context = g_main_context_new();
    g_main_context_push_thread_default(core->context);
    core->readable = g_unix_fd_source_new(core->fd, G_IO_IN | G_IO_HUP);
    g_source_set_callback(core->readable, G_SOURCE_FUNC(on_readable), core, NULL);
    g_source_attach(core->readable, core->context);
    core->beat = g_timeout_source_new(10);
    g_source_set_callback(core->beat, on_beat, core, NULL);
    g_source_attach(core->beat, core->context);
    struct mirror_config mirror = config ? *config : (struct mirror_config){ 0 };
    mirror.context = core->context;
    mirror.address = "127.0.0.1";
    core->mirror = mirror_new(&mirror);
}

// Closing the socket ends the process, and without a fault.
static void end(struct core *core)
{
    g_source_destroy(core->readable);
    g_source_unref(core->readable);
    close(core->fd);
    UNTIL(core, core->status >= 0);
    assert_true(WIFEXITED(core->status));
    assert_int_equal(WEXITSTATUS(core->status), 0);
    g_source_destroy(core->beat);
    g_source_unref(core->beat);
    mirror_free(core->mirror);
    while (g_main_context_iteration(core->context, FALSE)) // what closes in the background
        ;
    g_main_context_pop_thread_default(core->context);
    g_main_context_unref(core->context);
}

static void start(struct core *core)
{
    const struct message_local_start message = { .room = "64",
        .line1 = "Phường Diên Hồng",
        .line2 = "Thành phố Pleiku",
        .mark = 3,
        .source = MEDIA_SOURCE_SYNTHETIC,
        .address = "127.0.0.1" };
    UNTIL(core, core->ready == 1);
    say(core, MESSAGE_LOCAL_START, &message);
}

static void get_offer(struct core *core)
{
    const struct message_local_offer_wanted message = { .epoch = "00ff" };
    const int offers = core->offers;
    say(core, MESSAGE_LOCAL_OFFER_WANTED, &message);
    UNTIL(core, core->offers == offers + 1);
}

static void answer(struct core *core)
{
    g_autofree struct message_local_answer *message = g_new0(struct message_local_answer, 1);
    g_autofree char *sdp = mirror_answer(core->mirror, core->offer.sdp);
    g_strlcpy(message->offer_id, core->offer.offer_id, sizeof(message->offer_id));
    message->has_sdp = true;
    g_strlcpy(message->sdp, sdp, sizeof(message->sdp));
    say(core, MESSAGE_LOCAL_ANSWER, message);
}

static void it_is_ready_and_ends_with_its_core(void **state)
{
    (void)state;
    struct core core;
    begin(&core, NULL);
    UNTIL(&core, core.ready == 1);
    end(&core);
}

static void it_offers_three_bundled_lines(void **state)
{
    (void)state;
    struct core core;
    const char *error = NULL;
    g_autofree struct sdp_session *session = g_new0(struct sdp_session, 1);
    begin(&core, NULL);
    start(&core);
    get_offer(&core);
    assert_int_equal(sdp_session_parse(core.offer.sdp, session, &error), 0);
    assert_int_equal(session->m_count, 3);
    assert_int_equal(session->media[SDP_AUDIO].codec, SDP_OPUS);
    assert_int_not_equal(session->media[SDP_AUDIO].red_payload_type, 0);
    assert_int_equal(session->media[SDP_MAIN].codec, SDP_H264);
    assert_int_equal(session->media[SDP_CONTENT].codec, SDP_H264);
    for (int line = 0; line < SDP_LINE_COUNT; line++) {
        const char mid[] = { (char)('0' + line), '\0' };
        assert_string_equal(session->media[line].mid, mid);
        assert_int_not_equal(session->media[line].ssrc, 0);
        assert_true(session->media[line].sends && session->media[line].receives);
    }
    assert_true(session->candidate_count >= 1);
    for (size_t i = 0; i < session->candidate_count; i++)
        assert_string_equal(session->candidates[i].address, "127.0.0.1");
    assert_string_equal(session->setup, "actpass");
    UNTIL(&core, core.state.state == MEDIA_STATE_CONNECTING);
    end(&core);
}

// The mirror sends back what comes to it, so the room sees as many pictures a second as it sends:
// two thirds of them at least, however slow the machine makes both.
struct pace {
    int64_t since_us;
    uint64_t pictures;
};

static struct pace pace_begin(const struct core *core)
{
    return (struct pace){ g_get_monotonic_time(), mirror_counters(core->mirror)->pictures_in };
}

static bool sees_what_is_sent(const struct core *core, const struct pace *pace)
{
    const int64_t past_us = g_get_monotonic_time() - pace->since_us;
    const uint64_t sent = mirror_counters(core->mirror)->pictures_in - pace->pictures;
    return past_us > G_USEC_PER_SEC && sent > 0 && core->state.has_picture_in_fps &&
           core->state.picture_in_fps * (double)past_us * 3 > 2.0 * (double)sent * G_USEC_PER_SEC;
}

static void it_sends_and_sees_and_hears(void **state)
{
    (void)state;
    struct core core;
    begin(&core, NULL);
    start(&core);
    get_offer(&core);
    answer(&core);
    UNTIL(&core, core.state.state == MEDIA_STATE_CONNECTED);
    const struct pace pace = pace_begin(&core);
    UNTIL(&core, sees_what_is_sent(&core, &pace) && core.state.picture_in_fps > 4);
    UNTIL(&core, mirror_counters(core.mirror)->audio_in > 3);
    assert_int_equal(mirror_counters(core.mirror)->level, 127); // closed at first
    assert_int_equal(core.state.level, -127);
    assert_true(core.state.rtp_in > 0 && core.state.rtp_out > 0);

    say(&core, MESSAGE_LOCAL_MICROPHONE, &(struct message_local_microphone){ .open = true });
    UNTIL(&core, mirror_counters(core.mirror)->level < 50);
    UNTIL(&core, core.state.level > -50);
    say(&core, MESSAGE_LOCAL_MICROPHONE, &(struct message_local_microphone){ .open = false });
    UNTIL(&core, mirror_counters(core.mirror)->level == 127);

    const uint64_t key_frames = mirror_counters(core.mirror)->key_frames_in;
    mirror_request_key_frame(core.mirror);
    UNTIL(&core, mirror_counters(core.mirror)->key_frames_in > key_frames);
    end(&core);
}

static void it_sends_the_picture_that_is_asked_for(void **state)
{
    (void)state;
    struct core core;
    begin(&core, NULL);
    start(&core);
    say(&core, MESSAGE_LOCAL_SEND, &(struct message_local_send){ 0 });
    get_offer(&core);
    answer(&core);
    UNTIL(&core, mirror_counters(core.mirror)->audio_in > 3);
    assert_int_equal(mirror_counters(core.mirror)->picture_in, 0);
    say(&core, MESSAGE_LOCAL_SEND,
            &(struct message_local_send){ .height = 180, .fps = 10, .kbps = 150 });
    const struct pace pace = pace_begin(&core);
    UNTIL(&core, sees_what_is_sent(&core, &pace) && core.state.picture_in_fps > 3);
    assert_true(core.state.picture_in_fps < 14);
    say(&core, MESSAGE_LOCAL_STOP, NULL);
    UNTIL(&core, core.state.state == MEDIA_STATE_OFF);
    UNTIL(&core, mirror_counters(core.mirror)->byes_in == 1);
    end(&core);
}

static void a_refused_offer_is_told_and_the_next_one_works(void **state)
{
    (void)state;
    struct core core;
    struct message_local_answer *refusal = g_new0(struct message_local_answer, 1);
    begin(&core, NULL);
    start(&core);
    get_offer(&core);
    g_strlcpy(refusal->offer_id, core.offer.offer_id, sizeof(refusal->offer_id));
    refusal->has_error = true;
    g_strlcpy(refusal->error.code, "media.no_mcu", sizeof(refusal->error.code));
    say(&core, MESSAGE_LOCAL_ANSWER, refusal);
    g_free(refusal);
    UNTIL(&core, core.state.state == MEDIA_STATE_FAILED);
    assert_string_equal(core.state.reason, "media.no_mcu");
    get_offer(&core);
    answer(&core);
    UNTIL(&core, core.state.state == MEDIA_STATE_CONNECTED);
    end(&core);
}

static void a_dead_mcu_is_a_failure(void **state)
{
    (void)state;
    struct core core;
    begin(&core, &(struct mirror_config){ .is_silent = true });
    start(&core);
    get_offer(&core);
    answer(&core);
    UNTIL(&core, core.was_connected);
    UNTIL(&core, core.state.state == MEDIA_STATE_FAILED);
    assert_string_equal(core.state.reason, "media.silent");
    end(&core);
}

static void it_goes_on_by_another_way_when_its_line_dies(void **state)
{
    (void)state;
    struct core core;
    begin(&core, &(struct mirror_config){ .is_silent_until_restart = true });
    start(&core);
    get_offer(&core);
    answer(&core);
    UNTIL(&core, core.was_connected);
    UNTIL(&core, core.offers == 2); // nobody asked for it
    assert_int_equal(core.state.state, MEDIA_STATE_CONNECTED);
    answer(&core);
    UNTIL(&core, core.state.rtp_in > 100);
    assert_int_equal(core.state.state, MEDIA_STATE_CONNECTED);
    end(&core);
}

static void rubbish_changes_nothing(void **state)
{
    (void)state;
    static const char *const texts[] = { "", "{", "{\"ev\":\"local.start\",\"d\":{}}",
        "{\"ev\":\"no.such\",\"d\":{}}", "{\"op\":\"hello\",\"id\":1,\"d\":{\"versions\":[1]}}",
        "{\"ev\":\"local.page\",\"d\":{}}", "\xff\xfe" };
    struct core core;
    begin(&core, NULL);
    UNTIL(&core, core.ready == 1);
    for (size_t i = 1; i < G_N_ELEMENTS(texts); i++)
        assert_true(send(core.fd, texts[i], strlen(texts[i]), 0) > 0);
    say(&core, MESSAGE_LOCAL_OFFER_WANTED, &(struct message_local_offer_wanted){ 0 }); // too early
    start(&core);
    get_offer(&core);
    assert_int_equal(core.offers, 1);
    end(&core);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_ready_and_ends_with_its_core),
        cmocka_unit_test(it_offers_three_bundled_lines),
        cmocka_unit_test(it_sends_and_sees_and_hears),
        cmocka_unit_test(it_sends_the_picture_that_is_asked_for),
        cmocka_unit_test(a_refused_offer_is_told_and_the_next_one_works),
        cmocka_unit_test(a_dead_mcu_is_a_failure),
        cmocka_unit_test(it_goes_on_by_another_way_when_its_line_dies),
        cmocka_unit_test(rubbish_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
