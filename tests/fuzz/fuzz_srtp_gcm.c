// SPDX-License-Identifier: Apache-2.0
// module: common/transport
// corpus: tests/fuzz/corpus/fuzz_demux
// srtp_gcm_unprotect_* never takes rubbish, and gives back what srtp_gcm_protect_* took.
#include <stdlib.h>
#include <string.h>

#include "common/transport/srtp_gcm.h"

#define SIZE_MAX_TRIED 2000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef int crypt_fn(struct srtp_gcm *gcm, uint8_t *packet, size_t size);

static void try_both(const uint8_t *data, size_t size, crypt_fn *protect, crypt_fn *unprotect)
{
    static const uint8_t key[SRTP_GCM_KEY_SIZE + SRTP_GCM_SALT_SIZE] = { 1, 2, 3 };
    struct srtp_gcm *sender, *receiver;
    if (srtp_gcm_open_sender(key, &sender) < 0 || srtp_gcm_open_receiver(key, &receiver) < 0)
        abort();
    uint8_t *exact = malloc(size + 1); // so that a byte too far is seen
    memcpy(exact, data, size);
    if (unprotect(receiver, exact, size) >= 0)
        abort();
    free(exact);

    uint8_t packet[SIZE_MAX_TRIED + SRTP_GCM_TAG_SIZE + 4];
    memcpy(packet, data, size);
    const int sent = protect(sender, packet, size);
    if (sent >= 0 && (unprotect(receiver, packet, (size_t)sent) != (int)size ||
                             memcmp(packet, data, size) != 0))
        abort();
    srtp_gcm_close(sender);
    srtp_gcm_close(receiver);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > SIZE_MAX_TRIED)
        return 0;
    try_both(data, size, srtp_gcm_protect_rtp, srtp_gcm_unprotect_rtp);
    try_both(data, size, srtp_gcm_protect_rtcp, srtp_gcm_unprotect_rtcp);
    return 0;
}
