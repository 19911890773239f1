// SPDX-License-Identifier: Apache-2.0
// A whole province offers in one moment: all are in for five seconds of a processor's time, the
// rooms' own included (make bench has the time by the clock, which others on this machine disturb),
// and the centre has as many threads as with one room.
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "common/endpoint/endpoint.h"
#include "common/media/media.h"
#include "mcu/engine.h"

#include <cmocka.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HAS_SANITIZER
#endif
#endif

#ifdef HAS_SANITIZER
#define ROOMS 40 // on both sides of each
#else
#define ROOMS 240
#endif
#define CONFERENCE "abcdefgh"
#define JOIN_CPU_S 5.0
#define IDLE_US    G_USEC_PER_SEC
#define WITHIN_US  (30 * G_USEC_PER_SEC) // of a build that checks itself, or a busy machine

struct room {
    struct province *province;
    char id[8];
    struct endpoint *endpoint;
};

struct province {
    struct loop *loop;
    struct engine *engine;
    struct certificate *certificate;
    struct room rooms[ROOMS];
    int connected, failed;
};

static const char *const addresses[] = { "127.0.0.1", NULL };

static int count_threads(void)
{
    DIR *tasks = opendir("/proc/self/task");
    int count = 0;
    assert_non_null(tasks);
    // NOLINTNEXTLINE(concurrency-mt-unsafe): the directory is ours alone
    for (const struct dirent *task = readdir(tasks); task; task = readdir(tasks))
        count += task->d_name[0] != '.';
    closedir(tasks);
    return count;
}

static void on_state(void *user, enum peer_state state, const char *reason)
{
    struct room *room = user;
    (void)reason;
    room->province->connected += state == PEER_CONNECTED;
    room->province->failed += state == PEER_FAILED;
}

static void on_answered(void *user, const char *offer_id, const char *sdp, const char *error)
{
    struct province *province = user;
    const char *fault = NULL;
    assert_null(error);
    const int number = (int)g_ascii_strtoll(offer_id, NULL, 10);
    assert_int_equal(endpoint_answer(province->rooms[number].endpoint, sdp, &fault), 0);
}

static void on_connection_changed(void *user, const char *conference, const char *member)
{
    (void)user;
    (void)conference;
    (void)member;
}

// As many tiles as a canvas has, each with a decoder.
static void apply(struct province *province)
{
    struct desired *desired = g_new0(struct desired, 1);
    g_strlcpy(desired->conference, CONFERENCE, sizeof(desired->conference));
    desired->members = g_new0(struct type_conference_member, ROOMS);
    struct type_canvas *canvas = &desired->canvases[desired->canvas_count++];
    canvas->kind = CANVAS_KIND_PROGRAM;
    canvas->layout = STAGE_LAYOUT_GRID;
    for (int i = 0; i < ROOMS; i++) {
        struct type_conference_member *member = &desired->members[desired->member_count++];
        g_strlcpy(member->id, province->rooms[i].id, sizeof(member->id));
        if (canvas->tiles_count < G_N_ELEMENTS(canvas->tiles))
            g_strlcpy(canvas->tiles[canvas->tiles_count++].member, member->id,
                    sizeof(canvas->tiles[0].member));
    }
    engine_apply(province->engine, desired);
}

static struct desired *ended(void)
{
    struct desired *desired = g_new0(struct desired, 1);
    g_strlcpy(desired->conference, CONFERENCE, sizeof(desired->conference));
    desired->ended = true;
    return desired;
}

static void dial(struct province *province, int number)
{
    struct room *room = &province->rooms[number];
    const struct endpoint_config config = {
        .context = loop_context(province->loop),
        .certificate = province->certificate,
        .local_addresses = addresses,
        .cname = room->id,
        .is_counting_only = true,
        .events = { .state_changed = on_state },
        .user = room,
    };
    const char *error = NULL;
    assert_int_equal(endpoint_open(&config, &room->endpoint), 0);
    g_autofree char *offer = endpoint_offer(room->endpoint);
    assert_int_equal(
            engine_offer(province->engine, CONFERENCE, room->id, room->id, offer, &error), 0);
}

static double cpu_seconds(void)
{
    struct rusage used;
    assert_int_equal(getrusage(RUSAGE_SELF, &used), 0);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

static size_t heard_by_the_centre(const struct province *province)
{
    g_autoptr(GArray) rows = engine_members(province->engine, CONFERENCE, NULL);
    size_t connected = 0;
    for (guint i = 0; i < rows->len; i++)
        connected += g_array_index(rows, struct engine_member, i).connected;
    return connected;
}

static void wait_until_in(struct province *province, size_t count)
{
    const int64_t deadline_us = g_get_monotonic_time() + WITHIN_US;
    while (province->connected < (int)count || heard_by_the_centre(province) < count) {
        assert_int_equal(province->failed, 0);
        assert_true(g_get_monotonic_time() < deadline_us);
        g_main_context_iteration(loop_context(province->loop), TRUE);
    }
}

static void begin(struct province *province)
{
    static const struct engine_events events = { on_answered, on_connection_changed };
    const char *missing = NULL;
    assert_int_equal(media_init(NULL, &missing), 0);
    province->loop = loop_new_main();
    assert_int_equal(certificate_new(&province->certificate), 0);
    const struct engine_config config = {
        .loop = province->loop,
        .addresses = addresses,
        .net_threads = 1,
        .width = 640,
        .height = 360,
        .fps = 25,
        .kbps = 1000,
        .audio_bit_rate = 32000,
    };
    assert_int_equal(engine_open(&config, &events, province, &province->engine), 0);
    for (int i = 0; i < ROOMS; i++) {
        province->rooms[i].province = province;
        g_snprintf(province->rooms[i].id, sizeof(province->rooms[i].id), "%d", i);
    }
    apply(province);
}

static void end(struct province *province)
{
    for (int i = 0; i < ROOMS; i++)
        endpoint_close(province->rooms[i].endpoint);
    engine_close(province->engine);
    while (g_main_context_iteration(loop_context(province->loop), FALSE))
        ;
    certificate_free(province->certificate);
    loop_free(province->loop);
}

static void all_rooms_join_at_once_and_no_thread_is_added(void **state)
{
    (void)state;
    static struct province province;
    begin(&province);
    dial(&province, 0);
    wait_until_in(&province, 1);
    const int threads = count_threads();

    const int64_t begun_us = g_get_monotonic_time();
    const double cpu_before = cpu_seconds();
    for (int i = 1; i < ROOMS; i++)
        dial(&province, i);
    wait_until_in(&province, ROOMS);
    const int64_t took_us = g_get_monotonic_time() - begun_us;
    const double cpu_s = cpu_seconds() - cpu_before;
    print_message("%d rooms in after %d ms, for %.1f s of a processor; %d threads\n", ROOMS,
            (int)(took_us / 1000), cpu_s, threads);
    assert_int_equal(count_threads(), threads);
#ifndef HAS_SANITIZER
    assert_true(cpu_s < JOIN_CPU_S);
#endif
    end(&province);
}

// How often the threads of the media plane went to sleep so far; each time they had been woken.
static uint64_t count_wakes(void)
{
    DIR *tasks = opendir("/proc/self/task");
    uint64_t wakes = 0;
    assert_non_null(tasks);
    // NOLINTNEXTLINE(concurrency-mt-unsafe): the directory is ours alone
    for (const struct dirent *task = readdir(tasks); task; task = readdir(tasks)) {
        g_autofree char *path = g_build_filename("/proc/self/task", task->d_name, "status", NULL);
        g_autofree char *status = NULL;
        char name[32] = "";
        if (task->d_name[0] == '.' || !g_file_get_contents(path, &status, NULL, NULL) ||
                sscanf(status, "Name: %31s", name) != 1)
            continue;
        const char *found = strstr(status, "\nvoluntary_ctxt_switches:");
        if (found && (g_str_equal(name, "net-0") || g_str_equal(name, "audio") ||
                             g_str_equal(name, "compositor") || g_str_equal(name, "codec")))
            wakes += g_ascii_strtoull(strchr(found, ':') + 1, NULL, 10);
    }
    closedir(tasks);
    return wakes;
}

static void assert_asleep(void)
{
    // What was under way ends first.
    const int64_t deadline_us = g_get_monotonic_time() + WITHIN_US;
    uint64_t before = 0, after = count_wakes();
    do {
        assert_true(g_get_monotonic_time() < deadline_us);
        before = after;
        g_usleep(IDLE_US);
        after = count_wakes();
    } while (after != before);
}

static void without_a_meeting_no_media_thread_wakes(void **state)
{
    (void)state;
    static struct province province;
    begin(&province);
    engine_apply(province.engine, ended());
    assert_asleep();
    apply(&province);
    for (int i = 0; i < 3; i++)
        dial(&province, i);
    wait_until_in(&province, 3);
    const uint64_t before = count_wakes();
    g_usleep(IDLE_US);
    assert_true(count_wakes() - before > 20); // it is no blind eye
    engine_apply(province.engine, ended());
    assert_asleep();
    end(&province);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_meeting_no_media_thread_wakes),
        cmocka_unit_test(all_rooms_join_at_once_and_no_thread_is_added),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
