// SPDX-License-Identifier: Apache-2.0
#include "common/transport/srtp_gcm.h"

#include <errno.h>
#include <glib.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <string.h>

#define RTP_HEADER     12
#define RTCP_HEADER    8 // up to the sender's SSRC: authenticated, not encrypted
#define TRAILER        4 // E flag and index of SRTCP
#define ENCRYPTED_FLAG 0x80000000u
// Late packets within this many of the newest still pass: retransmissions and reordering of video.
#define RTP_WINDOW  1024
#define RTCP_WINDOW 128
#define WORD_BITS   64

// Labels of RFC 3711 §4.3.2.
enum { LABEL_RTP_KEY = 0, LABEL_RTP_SALT = 2, LABEL_RTCP_KEY = 3, LABEL_RTCP_SALT = 5 };

// Which indices were seen, the newest and those before it.
struct window {
    bool has_newest;
    uint64_t newest;
    uint64_t *bits; // a ring
    unsigned size;
};

struct stream {
    uint32_t ssrc;
    struct window rtp, rtcp;
    uint64_t rtp_bits[RTP_WINDOW / WORD_BITS], rtcp_bits[RTCP_WINDOW / WORD_BITS];
};

struct session_keys {
    EVP_CIPHER_CTX *cipher;
    uint8_t salt[SRTP_GCM_SALT_SIZE];
};

struct srtp_gcm {
    bool is_sender;
    struct session_keys rtp, rtcp;
    size_t stream_count;
    struct stream streams[SRTP_GCM_STREAMS_MAX];
};

// --- keys ----------------------------------------------------------------------------------------

// RFC 3711 §4.3.3, AES-CM; RFC 7714 §11: the salt of 96 bits counts as one of 112.
static bool derive(const uint8_t *key, uint8_t label, uint8_t *out, size_t size)
{
    static const uint8_t zeros[SRTP_GCM_KEY_SIZE];
    uint8_t block[16] = { 0 };
    int written = 0;
    memcpy(block, key + SRTP_GCM_KEY_SIZE, SRTP_GCM_SALT_SIZE);
    block[7] ^= label;
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    const bool is_done = cipher &&
                         EVP_EncryptInit_ex(cipher, EVP_aes_128_ctr(), NULL, key, block) == 1 &&
                         EVP_EncryptUpdate(cipher, out, &written, zeros, (int)size) == 1;
    EVP_CIPHER_CTX_free(cipher);
    return is_done;
}

static bool set_keys(struct session_keys *keys, const uint8_t *master, uint8_t key_label,
        uint8_t salt_label, bool is_sender)
{
    uint8_t key[SRTP_GCM_KEY_SIZE];
    keys->cipher = EVP_CIPHER_CTX_new();
    const bool is_set =
            keys->cipher && derive(master, key_label, key, sizeof(key)) &&
            derive(master, salt_label, keys->salt, sizeof(keys->salt)) &&
            EVP_CipherInit_ex(keys->cipher, EVP_aes_128_gcm(), NULL, key, NULL, is_sender) == 1;
    OPENSSL_cleanse(key, sizeof(key));
    return is_set;
}

static int open_direction(const uint8_t *key, bool is_sender, struct srtp_gcm **out)
{
    struct srtp_gcm *gcm = g_new0(struct srtp_gcm, 1);
    gcm->is_sender = is_sender;
    if (!set_keys(&gcm->rtp, key, LABEL_RTP_KEY, LABEL_RTP_SALT, is_sender) ||
            !set_keys(&gcm->rtcp, key, LABEL_RTCP_KEY, LABEL_RTCP_SALT, is_sender)) {
        srtp_gcm_close(gcm);
        return -EIO;
    }
    *out = gcm;
    return 0;
}

int srtp_gcm_open_sender(const uint8_t *key, struct srtp_gcm **out)
{
    return open_direction(key, true, out);
}

int srtp_gcm_open_receiver(const uint8_t *key, struct srtp_gcm **out)
{
    return open_direction(key, false, out);
}

void srtp_gcm_close(struct srtp_gcm *gcm)
{
    if (!gcm)
        return;
    EVP_CIPHER_CTX_free(gcm->rtp.cipher);
    EVP_CIPHER_CTX_free(gcm->rtcp.cipher);
    OPENSSL_cleanse(gcm, sizeof(*gcm));
    g_free(gcm);
}

// --- indices -------------------------------------------------------------------------------------

static bool has_bit(const struct window *window, uint64_t index)
{
    const uint64_t at = index % window->size;
    return window->bits[at / WORD_BITS] >> at % WORD_BITS & 1;
}

static void set_bit(struct window *window, uint64_t index, bool on)
{
    const uint64_t at = index % window->size;
    const uint64_t bit = UINT64_C(1) << at % WORD_BITS;
    if (on)
        window->bits[at / WORD_BITS] |= bit;
    else
        window->bits[at / WORD_BITS] &= ~bit;
}

static bool window_takes(const struct window *window, uint64_t index)
{
    if (!window->has_newest || index > window->newest)
        return true;
    return window->newest - index < window->size && !has_bit(window, index);
}

static void window_note(struct window *window, uint64_t index)
{
    if (!window->has_newest || (index > window->newest && index - window->newest >= window->size)) {
        memset(window->bits, 0, window->size / 8);
        window->newest = index;
    }
    while (window->newest < index)
        set_bit(window, ++window->newest, false);
    window->has_newest = true;
    set_bit(window, index, true);
}

// RFC 3711 §3.3.1: the index whose lower half is this sequence number, nearest to the newest.
static uint64_t guess_index(const struct window *window, uint16_t seq)
{
    if (!window->has_newest)
        return seq;
    uint64_t roc = window->newest >> 16;
    const int newest = (int)(window->newest & 0xffff);
    if (newest < 0x8000 && seq - newest > 0x8000 && roc > 0)
        roc--;
    else if (newest >= 0x8000 && newest - 0x8000 > seq)
        roc++;
    return roc << 16 | seq;
}

// NULL: not seen yet.
static struct stream *find_stream(struct srtp_gcm *gcm, uint32_t ssrc)
{
    for (size_t i = 0; i < gcm->stream_count; i++)
        if (gcm->streams[i].ssrc == ssrc)
            return &gcm->streams[i];
    return NULL;
}

static void init_stream(struct stream *stream, uint32_t ssrc)
{
    *stream = (struct stream){ .ssrc = ssrc };
    stream->rtp = (struct window){ .bits = stream->rtp_bits, .size = RTP_WINDOW };
    stream->rtcp = (struct window){ .bits = stream->rtcp_bits, .size = RTCP_WINDOW };
}

// The stream, or the place of a new one, which counts only when its first packet is authentic.
// NULL: there is no place. (To forget one would let its packets be replayed, or its indices be used
// again.)
static struct stream *stream_for(struct srtp_gcm *gcm, uint32_t ssrc)
{
    struct stream *stream = find_stream(gcm, ssrc);
    if (stream || gcm->stream_count == SRTP_GCM_STREAMS_MAX)
        return stream;
    stream = &gcm->streams[gcm->stream_count];
    init_stream(stream, ssrc);
    return stream;
}

static void keep_stream(struct srtp_gcm *gcm, const struct stream *stream)
{
    if (stream == &gcm->streams[gcm->stream_count])
        gcm->stream_count++;
}

// --- packets -------------------------------------------------------------------------------------

static uint32_t read_u32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void write_u32(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 24);
    at[1] = (uint8_t)(value >> 16);
    at[2] = (uint8_t)(value >> 8);
    at[3] = (uint8_t)value;
}

// RFC 7714 §8.1 and §9.1: both end in six bytes of index, after the SSRC.
static void make_iv(const struct session_keys *keys, uint32_t ssrc, uint64_t index, uint8_t iv[12])
{
    memset(iv, 0, 2);
    write_u32(iv + 2, ssrc);
    iv[6] = (uint8_t)(index >> 40);
    iv[7] = (uint8_t)(index >> 32);
    write_u32(iv + 8, (uint32_t)index);
    for (int i = 0; i < SRTP_GCM_SALT_SIZE; i++)
        iv[i] ^= keys->salt[i];
}

// What is authenticated only, in one or two pieces; and what is encrypted as well, in place.
struct text {
    const uint8_t *header, *trailer;
    size_t header_size, trailer_size;
    uint8_t *body, *tag;
    size_t body_size;
};

static bool run_cipher(
        struct session_keys *keys, const struct text *text, const uint8_t iv[12], bool is_sender)
{
    EVP_CIPHER_CTX *cipher = keys->cipher;
    int written = 0;
    uint8_t rest[16];
    if (EVP_CipherInit_ex(cipher, NULL, NULL, NULL, iv, -1) != 1 ||
            EVP_CipherUpdate(cipher, NULL, &written, text->header, (int)text->header_size) != 1)
        return false;
    if (text->trailer_size > 0 &&
            EVP_CipherUpdate(cipher, NULL, &written, text->trailer, (int)text->trailer_size) != 1)
        return false;
    if (text->body_size > 0 &&
            EVP_CipherUpdate(cipher, text->body, &written, text->body, (int)text->body_size) != 1)
        return false;
    if (!is_sender &&
            EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, SRTP_GCM_TAG_SIZE, text->tag) != 1)
        return false;
    if (EVP_CipherFinal_ex(cipher, rest, &written) != 1)
        return false;
    return !is_sender ||
           EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, SRTP_GCM_TAG_SIZE, text->tag) == 1;
}

// Fixed part, contributing sources and extension; 0: it is no RTP.
static size_t rtp_header_size(const uint8_t *packet, size_t size)
{
    if (size < RTP_HEADER || packet[0] >> 6 != 2)
        return 0;
    size_t header = RTP_HEADER + (packet[0] & 0x0f) * (size_t)4;
    if (packet[0] & 0x10) {
        if (size < header + 4)
            return 0;
        header += 4 + ((size_t)packet[header + 2] << 8 | packet[header + 3]) * 4;
    }
    return header <= size ? header : 0;
}

// `size` without the tag.
static int crypt_rtp(struct srtp_gcm *gcm, uint8_t *packet, size_t size)
{
    const size_t header = rtp_header_size(packet, size);
    if (header == 0)
        return -EINVAL;
    const uint32_t ssrc = read_u32(packet + 8);
    struct stream *stream = stream_for(gcm, ssrc);
    if (!stream)
        return -ENOSPC;
    const uint64_t index = guess_index(&stream->rtp, (uint16_t)(packet[2] << 8 | packet[3]));
    if (!window_takes(&stream->rtp, index))
        return -EBADMSG;
    const struct text text = {
        .header = packet,
        .header_size = header,
        .body = packet + header,
        .body_size = size - header,
        .tag = packet + size,
    };
    uint8_t iv[12];
    make_iv(&gcm->rtp, ssrc, index, iv);
    if (!run_cipher(&gcm->rtp, &text, iv, gcm->is_sender))
        return -EBADMSG;
    window_note(&stream->rtp, index);
    keep_stream(gcm, stream);
    return 0;
}

int srtp_gcm_protect_rtp(struct srtp_gcm *sender, uint8_t *packet, size_t size)
{
    const int rc = crypt_rtp(sender, packet, size);
    return rc < 0 ? rc : (int)size + SRTP_GCM_TAG_SIZE;
}

int srtp_gcm_unprotect_rtp(struct srtp_gcm *receiver, uint8_t *packet, size_t size)
{
    if (size < RTP_HEADER + SRTP_GCM_TAG_SIZE)
        return -EINVAL;
    const int rc = crypt_rtp(receiver, packet, size - SRTP_GCM_TAG_SIZE);
    return rc < 0 ? rc : (int)size - SRTP_GCM_TAG_SIZE;
}

// `size` without tag and index. In an IV the index has 31 bits, so that its upper bytes are zero.
static int crypt_rtcp(struct srtp_gcm *gcm, uint8_t *packet, size_t size, uint32_t index)
{
    const uint32_t ssrc = read_u32(packet + 4);
    struct stream *stream = stream_for(gcm, ssrc);
    if (!stream)
        return -ENOSPC;
    if (gcm->is_sender) {
        index = stream->rtcp.has_newest ? (uint32_t)stream->rtcp.newest + 1 : 1;
        if (index >= ENCRYPTED_FLAG)
            return -EBADMSG; // 2^31 compounds: the keys are worn out
        write_u32(packet + size + SRTP_GCM_TAG_SIZE, index | ENCRYPTED_FLAG);
    }
    if (!window_takes(&stream->rtcp, index))
        return -EBADMSG;
    const struct text text = {
        .header = packet,
        .header_size = RTCP_HEADER,
        .trailer = packet + size + SRTP_GCM_TAG_SIZE,
        .trailer_size = TRAILER,
        .body = packet + RTCP_HEADER,
        .body_size = size - RTCP_HEADER,
        .tag = packet + size,
    };
    uint8_t iv[12];
    make_iv(&gcm->rtcp, ssrc, index, iv);
    if (!run_cipher(&gcm->rtcp, &text, iv, gcm->is_sender))
        return -EBADMSG;
    window_note(&stream->rtcp, index);
    keep_stream(gcm, stream);
    return 0;
}

int srtp_gcm_protect_rtcp(struct srtp_gcm *sender, uint8_t *packet, size_t size)
{
    if (size < RTCP_HEADER)
        return -EINVAL;
    const int rc = crypt_rtcp(sender, packet, size, 0);
    return rc < 0 ? rc : (int)size + SRTP_GCM_TAG_SIZE + TRAILER;
}

int srtp_gcm_unprotect_rtcp(struct srtp_gcm *receiver, uint8_t *packet, size_t size)
{
    if (size < RTCP_HEADER + SRTP_GCM_TAG_SIZE + TRAILER)
        return -EINVAL;
    const uint32_t index = read_u32(packet + size - TRAILER);
    if (!(index & ENCRYPTED_FLAG))
        return -EBADMSG;
    const size_t plain = size - SRTP_GCM_TAG_SIZE - TRAILER;
    const int rc = crypt_rtcp(receiver, packet, plain, index & ~ENCRYPTED_FLAG);
    return rc < 0 ? rc : (int)plain;
}
