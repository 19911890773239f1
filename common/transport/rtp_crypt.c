// SPDX-License-Identifier: Apache-2.0
#include "common/transport/rtp_crypt.h"

#include <errno.h>
#include <glib.h>
#include <pthread.h>
#include <srtp2/srtp.h>
#include <stdbool.h>
#include <string.h>

#include "common/transport/srtp_gcm.h"

// Late packets within this many of the newest still pass: retransmissions and reordering of video.
#define REPLAY_WINDOW 1024

// Either the two ways of AES-GCM or those of AES-CM with SHA-1.
struct rtp_crypt {
    struct srtp_gcm *gcm_send, *gcm_receive;
    srtp_t send;
    srtp_t receive;
};

static const struct rtp_crypt_profile profiles[] = {
    { "SRTP_AEAD_AES_128_GCM", SRTP_GCM_KEY_SIZE, SRTP_GCM_SALT_SIZE },
    { "SRTP_AES128_CM_SHA1_80", 16, 14 },
};

_Static_assert(RTP_CRYPT_TRAILER >= SRTP_MAX_TRAILER_LEN + 4, "libsrtp may write this much");

const char *rtp_crypt_profile_names(void)
{
    return "SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80";
}

const struct rtp_crypt_profile *rtp_crypt_profile_find(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(profiles); i++) {
        if (strcmp(profiles[i].name, name) == 0)
            return &profiles[i];
    }
    return NULL;
}

static bool library_is_ready;

static void start_library(void)
{
    library_is_ready = srtp_init() == srtp_err_status_ok;
}

static int open_direction(const uint8_t *key, srtp_ssrc_type_t direction, srtp_t *out)
{
    srtp_policy_t policy = { 0 };
    srtp_crypto_policy_set_rtp_default(&policy.rtp);
    srtp_crypto_policy_set_rtcp_default(&policy.rtcp);
    policy.ssrc.type = direction;
    policy.key = (unsigned char *)key; // only read
    policy.window_size = REPLAY_WINDOW;
    policy.next = NULL;
    return srtp_create(out, &policy) == srtp_err_status_ok ? 0 : -EIO;
}

static int open_gcm(struct rtp_crypt *crypt, const struct rtp_crypt_keys *keys)
{
    int rc = srtp_gcm_open_sender(keys->send, &crypt->gcm_send);
    return rc < 0 ? rc : srtp_gcm_open_receiver(keys->receive, &crypt->gcm_receive);
}

static int open_cm(struct rtp_crypt *crypt, const struct rtp_crypt_keys *keys)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, start_library);
    if (!library_is_ready)
        return -EIO;
    int rc = open_direction(keys->send, ssrc_any_outbound, &crypt->send);
    return rc < 0 ? rc : open_direction(keys->receive, ssrc_any_inbound, &crypt->receive);
}

int rtp_crypt_open(const struct rtp_crypt_profile *profile, const struct rtp_crypt_keys *keys,
        struct rtp_crypt **out)
{
    if (keys->size != profile->key_size + profile->salt_size)
        return -EINVAL;
    struct rtp_crypt *crypt = g_new0(struct rtp_crypt, 1);
    const int rc = profile == &profiles[0] ? open_gcm(crypt, keys) : open_cm(crypt, keys);
    if (rc < 0) {
        rtp_crypt_close(crypt);
        return rc;
    }
    *out = crypt;
    return 0;
}

void rtp_crypt_close(struct rtp_crypt *crypt)
{
    if (!crypt)
        return;
    if (crypt->send)
        srtp_dealloc(crypt->send);
    if (crypt->receive)
        srtp_dealloc(crypt->receive);
    srtp_gcm_close(crypt->gcm_send);
    srtp_gcm_close(crypt->gcm_receive);
    g_free(crypt);
}

static int result(srtp_err_status_t status, int size)
{
    switch (status) {
    case srtp_err_status_ok:
        return size;
    case srtp_err_status_bad_param:
    case srtp_err_status_no_ctx:
        return -EINVAL;
    default:
        return -EBADMSG;
    }
}

int rtp_crypt_protect_rtp(struct rtp_crypt *crypt, uint8_t *packet, size_t size)
{
    if (crypt->gcm_send)
        return srtp_gcm_protect_rtp(crypt->gcm_send, packet, size);
    int length = (int)size;
    srtp_err_status_t status = srtp_protect(crypt->send, packet, &length);
    return result(status, length);
}

int rtp_crypt_protect_rtcp(struct rtp_crypt *crypt, uint8_t *packet, size_t size)
{
    if (crypt->gcm_send)
        return srtp_gcm_protect_rtcp(crypt->gcm_send, packet, size);
    int length = (int)size;
    srtp_err_status_t status = srtp_protect_rtcp(crypt->send, packet, &length);
    return result(status, length);
}

int rtp_crypt_unprotect_rtp(struct rtp_crypt *crypt, uint8_t *packet, size_t size)
{
    if (crypt->gcm_receive)
        return srtp_gcm_unprotect_rtp(crypt->gcm_receive, packet, size);
    int length = (int)size;
    srtp_err_status_t status = srtp_unprotect(crypt->receive, packet, &length);
    return result(status, length);
}

int rtp_crypt_unprotect_rtcp(struct rtp_crypt *crypt, uint8_t *packet, size_t size)
{
    if (crypt->gcm_receive)
        return srtp_gcm_unprotect_rtcp(crypt->gcm_receive, packet, size);
    int length = (int)size;
    srtp_err_status_t status = srtp_unprotect_rtcp(crypt->receive, packet, &length);
    return result(status, length);
}
