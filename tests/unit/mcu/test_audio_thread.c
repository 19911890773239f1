// SPDX-License-Identifier: Apache-2.0
// The audio thread itself, with real packets by the rings and wishes on the way: within it nothing
// is allocated, freed, locked or logged. What the thread calls is counted in place of libc.
#include <dlfcn.h>
#include <glib.h>
#include <opus.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "common/base/log.h"
#include "mcu/audio_thread.h"
#include "mcu/ticker.h"

#include <cmocka.h>

#define MEMBERS    12
#define TALKERS    5
#define CONFERENCE 3
#define WARM_TICKS 30
#define TICKS      150
#define WITHIN_US  (20 * G_USEC_PER_SEC)

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HAS_SANITIZER
#endif
#endif

// --- what a thread named "audio" does while it is watched ----------------------------------------

static _Atomic bool is_watching;
static _Atomic int allocations, locks, lines;

#ifndef HAS_SANITIZER

static bool is_watched(void)
{
    char name[16] = "";
    return atomic_load(&is_watching) && prctl(PR_GET_NAME, name) == 0 && strcmp(name, "audio") == 0;
}

static void count(_Atomic int *what)
{
    if (is_watched())
        atomic_fetch_add(what, 1);
}

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t number, size_t size);
void *__libc_realloc(void *old, size_t size);
void __libc_free(void *block);

void *malloc(size_t size)
{
    count(&allocations);
    return __libc_malloc(size);
}

void *calloc(size_t number, size_t size)
{
    count(&allocations);
    return __libc_calloc(number, size);
}

void *realloc(void *old, size_t size)
{
    count(&allocations);
    return __libc_realloc(old, size);
}

void free(void *block)
{
    count(&allocations);
    __libc_free(block);
}

// What waits is found once, before there is a second thread.
static int (*real_mutex_lock)(pthread_mutex_t *);
static int (*real_cond_wait)(pthread_cond_t *, pthread_mutex_t *);
static void (*real_g_mutex_lock)(GMutex *);
static ssize_t (*real_write)(int, const void *, size_t);

static void __attribute__((constructor)) find_real(void)
{
    real_mutex_lock = dlsym(RTLD_NEXT, "pthread_mutex_lock");
    real_cond_wait = dlsym(RTLD_NEXT, "pthread_cond_wait");
    real_g_mutex_lock = dlsym(RTLD_NEXT, "g_mutex_lock");
    real_write = dlsym(RTLD_NEXT, "write");
}

int pthread_mutex_lock(pthread_mutex_t *mutex)
{
    if (!real_mutex_lock)
        find_real();
    count(&locks);
    return real_mutex_lock(mutex);
}

int pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex)
{
    count(&locks);
    return real_cond_wait(condition, mutex);
}

#undef g_mutex_lock
void g_mutex_lock(GMutex *mutex)
{
    if (!real_g_mutex_lock)
        find_real();
    count(&locks);
    real_g_mutex_lock(mutex);
}

// Event descriptors are written to as well: only lines count.
ssize_t write(int fd, const void *data, size_t size)
{
    if (fd == STDERR_FILENO || fd == STDOUT_FILENO)
        count(&lines);
    return real_write(fd, data, size);
}

#endif

static void watch(bool on)
{
    if (on)
        allocations = locks = lines = 0;
    atomic_store(&is_watching, on);
}

static void *sin_thrice(void *data)
{
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    (void)data;
    pthread_setname_np(pthread_self(), "audio");
    watch(true);
    pthread_mutex_lock(&mutex);
    pthread_mutex_unlock(&mutex);
    char *volatile made = g_strdup("ours");
    g_free(made);
    log_write(LOG_LEVEL_WARN, "test", "said by a thread that should be silent");
    watch(false);
    return NULL;
}

static void a_thread_that_allocates_locks_or_logs_is_noticed(void **state)
{
    (void)state;
#ifdef HAS_SANITIZER
    skip(); // the sanitizer has its own malloc
#endif
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, sin_thrice, NULL), 0);
    pthread_join(thread, NULL);
    assert_true(allocations >= 2);
    assert_true(locks >= 1);
    assert_int_equal(lines, 1);
}

// --- a hall --------------------------------------------------------------------------------------

struct hall {
    struct audio_thread *audio;
    int wake_fd;
    OpusEncoder *encoders[TALKERS];
    uint16_t seq;
    int64_t next_us;
    unsigned own, shared, thin;
};

static void open_hall(struct hall *hall)
{
    int error = 0;
    hall->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    const struct audio_thread_config config = {
        .net_count = 1, .net_wake_fds = { hall->wake_fd }, .bit_rate = 32000, .loss_percent = 5
    };
    assert_int_equal(audio_thread_open(&config, &hall->audio), 0);
    assert_int_equal(audio_thread_add_conference(hall->audio, CONFERENCE), 0);
    for (uint16_t slot = 0; slot < MEMBERS; slot++)
        assert_int_equal(audio_thread_add_member(hall->audio, CONFERENCE, slot), 0);
    for (int i = 0; i < TALKERS; i++) {
        hall->encoders[i] = opus_encoder_create(48000, 1, OPUS_APPLICATION_VOIP, &error);
        assert_int_equal(error, OPUS_OK);
    }
    hall->next_us = ticker_now_us();
}

static void close_hall(struct hall *hall)
{
    audio_thread_remove_conference(hall->audio, CONFERENCE);
    audio_thread_close(hall->audio);
    for (int i = 0; i < TALKERS; i++)
        opus_encoder_destroy(hall->encoders[i]);
    close(hall->wake_fd);
}

// Each talker's next 20 ms, with holes, repetitions and rubbish among them.
static void speak(struct hall *hall)
{
    for (uint16_t slot = 0; slot < TALKERS; slot++) {
        int16_t pcm[AUDIO_FRAME];
        struct mixer_packet packet = { .slot = slot,
            .seq = hall->seq,
            .timestamp = hall->seq * (uint32_t)AUDIO_FRAME,
            .has_level = slot != 4,
            .level = 20 };
        for (int i = 0; i < AUDIO_FRAME; i++)
            pcm[i] = (int16_t)(((i * (40 + slot)) % 480 - 240) * 60);
        const int size = opus_encode(
                hall->encoders[slot], pcm, AUDIO_FRAME, packet.data, sizeof(packet.data));
        assert_true(size > 0);
        packet.size = (uint16_t)size;
        if ((hall->seq + slot) % 11 == 0)
            continue; // lost
        if ((hall->seq + slot) % 17 == 0)
            memset(packet.data, 0xff, packet.size);
        audio_thread_push(hall->audio, 0, &packet, ticker_now_us());
        if ((hall->seq + slot) % 13 == 0)
            audio_thread_push(hall->audio, 0, &packet, ticker_now_us());
    }
    hall->seq++;
}

static void take_sound(struct hall *hall)
{
    struct audio_out out;
    while (audio_thread_pop(hall->audio, 0, &out)) {
        hall->own += out.slot != MIXER_SHARED;
        hall->shared += out.slot == MIXER_SHARED && !out.is_thin;
        hall->thin += out.is_thin;
    }
}

// Who is heard, how loud, in which language and over which link changes all the time.
static void wish(struct hall *hall, int tick)
{
    for (uint16_t slot = 0; slot < MEMBERS; slot++) {
        const struct audio_member wishes = {
            .heard = slot < TALKERS && (tick / 10 + slot) % 5 != 0,
            .pinned = slot == 0,
            .is_thin = slot == 7,
            .gain = mix_gain_from_db(tick % 6),
            .speaks = slot == 1,
            .hears = slot == 8,
        };
        audio_thread_set_member(hall->audio, slot, &wishes);
    }
    audio_thread_set_loss(hall->audio, CONFERENCE, tick % 20);
    audio_thread_restart_member(hall->audio, (uint16_t)(tick % TALKERS));
}

static void run(struct hall *hall, int ticks)
{
    for (int tick = 0; tick < ticks; tick++) {
        speak(hall);
        if (tick % 10 == 0)
            wish(hall, tick);
        hall->next_us += AUDIO_TICK_US;
        const int64_t left_us = hall->next_us - ticker_now_us();
        if (left_us > 0)
            g_usleep((gulong)left_us);
        take_sound(hall);
    }
}

static void the_audio_thread_allocates_locks_and_logs_nothing(void **state)
{
    (void)state;
    static struct hall hall;
    open_hall(&hall);
    run(&hall, WARM_TICKS);
    const unsigned before = hall.shared;
    watch(true);
    run(&hall, TICKS);
    watch(false);
    print_message("%u shared, %u own, %u thin frames\n", hall.shared, hall.own, hall.thin);
    assert_true(hall.shared - before > TICKS / 2); // it did work meanwhile
    assert_true(hall.own > 0 && hall.thin > 0);
    assert_int_equal(allocations, 0);
    assert_int_equal(locks, 0);
    assert_int_equal(lines, 0);
    close_hall(&hall);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thread_that_allocates_locks_or_logs_is_noticed),
        cmocka_unit_test(the_audio_thread_allocates_locks_and_logs_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
