// SPDX-License-Identifier: Apache-2.0
#include "common/transport/rtp_crypt.h"

#include <errno.h>
#include <glib.h>
#include <pthread.h>
#include <srtp2/srtp.h>
#include <stdbool.h>
#include <string.h>

// Late packets within this many of the newest still pass: retransmissions and reordering of video.
#define REPLAY_WINDOW 1024

struct rtp_crypt {
    srtp_t send;
    srtp_t receive;
};

static void set_gcm(srtp_policy_t *policy)
{
    srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy->rtp);
    srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy->rtcp);
}

static void set_cm_sha1(srtp_policy_t *policy)
{
    srtp_crypto_policy_set_rtp_default(&policy->rtp);
    srtp_crypto_policy_set_rtcp_default(&policy->rtcp);
}

static const struct profile {
    struct rtp_crypt_profile shown;
    void (*set)(srtp_policy_t *policy);
} profiles[] = {
    { { "SRTP_AEAD_AES_128_GCM", 16, 12 }, set_gcm },
    { { "SRTP_AES128_CM_SHA1_80", 16, 14 }, set_cm_sha1 },
};

_Static_assert(RTP_CRYPT_TRAILER >= SRTP_MAX_TRAILER_LEN + 4, "libsrtp may write this much");

const char *rtp_crypt_profile_names(void)
{
    return "SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80";
}

const struct rtp_crypt_profile *rtp_crypt_profile_find(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(profiles); i++) {
        if (strcmp(profiles[i].shown.name, name) == 0)
            return &profiles[i].shown;
    }
    return NULL;
}

static bool library_is_ready;

static void start_library(void)
{
    library_is_ready = srtp_init() == srtp_err_status_ok;
}

static int open_direction(
        const struct profile *profile, const uint8_t *key, srtp_ssrc_type_t direction, srtp_t *out)
{
    srtp_policy_t policy = { 0 };
    profile->set(&policy);
    policy.ssrc.type = direction;
    policy.key = (unsigned char *)key; // only read
    policy.window_size = REPLAY_WINDOW;
    policy.next = NULL;
    return srtp_create(out, &policy) == srtp_err_status_ok ? 0 : -EIO;
}

int rtp_crypt_open(const struct rtp_crypt_profile *profile, const struct rtp_crypt_keys *keys,
        struct rtp_crypt **out)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, start_library);
    if (!library_is_ready)
        return -EIO;
    if (keys->size != profile->key_size + profile->salt_size)
        return -EINVAL;

    struct rtp_crypt *crypt = g_new0(struct rtp_crypt, 1);
    const struct profile *row = (const struct profile *)profile; // its first member
    int rc = open_direction(row, keys->send, ssrc_any_outbound, &crypt->send);
    if (rc == 0)
        rc = open_direction(row, keys->receive, ssrc_any_inbound, &crypt->receive);
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
    int length = (int)size;
    srtp_err_status_t status = srtp_protect(crypt->send, packet, &length);
    return result(status, length);
}

int rtp_crypt_protect_rtcp(struct rtp_crypt *crypt, uint8_t *packet, size_t size)
{
    int length = (int)size;
    srtp_err_status_t status = srtp_protect_rtcp(crypt->send, packet, &length);
    return result(status, length);
}

int rtp_crypt_unprotect_rtp(struct rtp_crypt *crypt, uint8_t *packet, size_t size)
{
    int length = (int)size;
    srtp_err_status_t status = srtp_unprotect(crypt->receive, packet, &length);
    return result(status, length);
}

int rtp_crypt_unprotect_rtcp(struct rtp_crypt *crypt, uint8_t *packet, size_t size)
{
    int length = (int)size;
    srtp_err_status_t status = srtp_unprotect_rtcp(crypt->receive, packet, &length);
    return result(status, length);
}
