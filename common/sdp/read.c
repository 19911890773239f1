// SPDX-License-Identifier: Apache-2.0
// Text → struct sdp_session.
#include <errno.h>
#include <gst/sdp/gstsdpmessage.h>
#include <stdlib.h>
#include <string.h>

#include "common/sdp/codecs.h"
#include "common/sdp/session.h"

#define PAYLOAD_TYPE_MAX 127

static const struct {
    const char *uri;
    size_t offset;
} extensions[] = {
    { SDP_EXT_AUDIO_LEVEL, offsetof(struct sdp_media, ext_audio_level) },
    { SDP_EXT_ABS_SEND_TIME, offsetof(struct sdp_media, ext_abs_send_time) },
    { SDP_EXT_TRANSPORT_CC, offsetof(struct sdp_media, ext_transport_cc) },
    { SDP_EXT_MID, offsetof(struct sdp_media, ext_mid) },
};

static const char *text_or_empty(const char *text)
{
    return text ? text : "";
}

// A number at the start of `text`, followed by a space, '/' or
// the end; false: none or out of range.
static bool read_number(const char *text, unsigned long long max, unsigned long long *out)
{
    char *end;
    if (*text < '0' || *text > '9')
        return false;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno != 0 || value > max || (*end != '\0' && *end != ' ' && *end != '/'))
        return false;
    *out = value;
    return true;
}

static const char *after_space(const char *text)
{
    const char *space = strchr(text, ' ');
    return space ? space + strspn(space, " ") : "";
}

// --- one payload type ---------------------------------------------------------------------------

struct payload {
    uint8_t type;
    char name[24];
    int clock_rate;
    int channels;
    const char *fmtp;
};

// The value after "PT " of the attribute `name` for this payload type; "" when there is none.
static const char *payload_attribute(const GstSDPMedia *media, const char *name, uint8_t type)
{
    const char *value;
    for (guint i = 0; (value = gst_sdp_media_get_attribute_val_n(media, name, i)); i++) {
        unsigned long long found;
        if (read_number(value, PAYLOAD_TYPE_MAX, &found) && found == type)
            return after_space(value);
    }
    return "";
}

static bool read_payload(const GstSDPMedia *media, guint index, struct payload *out)
{
    unsigned long long type;
    if (!read_number(
                text_or_empty(gst_sdp_media_get_format(media, index)), PAYLOAD_TYPE_MAX, &type))
        return false;
    out->type = (uint8_t)type;
    const char *map = payload_attribute(media, "rtpmap", out->type); // "opus/48000/2"
    size_t name_size = strcspn(map, "/");
    unsigned long long number;
    if (name_size == 0 || name_size >= sizeof(out->name) || map[name_size] != '/' ||
            !read_number(map + name_size + 1, 1000000, &number))
        return false;
    g_strlcpy(out->name, map, name_size + 1);
    out->clock_rate = (int)number;
    const char *channels = strchr(map + name_size + 1, '/');
    out->channels = channels && read_number(channels + 1, 255, &number) ? (int)number : 1;
    out->fmtp = payload_attribute(media, "fmtp", out->type);
    return true;
}

static void choose_codec(const GstSDPMedia *media, struct sdp_media *out)
{
    int best = 0;
    for (guint i = 0; i < gst_sdp_media_formats_len(media); i++) {
        struct payload payload;
        if (!read_payload(media, i, &payload))
            continue;
        const struct codec *codec = codecs_find(
                gst_sdp_media_get_media(media), payload.name, payload.clock_rate, payload.channels);
        if (!codec)
            continue;
        int score = codec->suits(payload.fmtp);
        if (score > best) {
            best = score;
            out->codec = codec->id;
            out->payload_type = payload.type;
            g_strlcpy(out->fmtp, payload.fmtp, sizeof(out->fmtp));
        }
    }
}

// RTX names what it repeats by "apt=PT" (RFC 4588 §8.1), RED by "PT/PT" (RFC 2198 §5).
static void find_companions(const GstSDPMedia *media, struct sdp_media *out)
{
    for (guint i = 0; i < gst_sdp_media_formats_len(media); i++) {
        struct payload payload;
        if (!read_payload(media, i, &payload))
            continue;
        char apt[8];
        unsigned long long of = 0;
        if (g_ascii_strcasecmp(payload.name, "rtx") == 0) {
            if (codecs_fmtp_value(payload.fmtp, "apt", apt, sizeof(apt)) &&
                    read_number(apt, PAYLOAD_TYPE_MAX, &of) && of == out->payload_type)
                out->rtx_payload_type = payload.type;
        } else if (out->codec == SDP_OPUS && g_ascii_strcasecmp(payload.name, "red") == 0) {
            if (payload.clock_rate == 48000 && read_number(payload.fmtp, PAYLOAD_TYPE_MAX, &of) &&
                    of == out->payload_type)
                out->red_payload_type = payload.type;
        }
    }
}

static void read_feedback(const GstSDPMedia *media, struct sdp_media *out)
{
    const char *value;
    for (guint i = 0; (value = gst_sdp_media_get_attribute_val_n(media, "rtcp-fb", i)); i++) {
        unsigned long long type;
        bool is_ours = value[0] == '*' ||
                       (read_number(value, PAYLOAD_TYPE_MAX, &type) && type == out->payload_type);
        if (!is_ours)
            continue;
        const char *what = after_space(value);
        out->nack |= strcmp(what, "nack") == 0;
        out->pli |= strcmp(what, "nack pli") == 0;
        out->transport_cc |= strcmp(what, "transport-cc") == 0;
        out->remb |= strcmp(what, "goog-remb") == 0;
    }
}

// --- one m= line --------------------------------------------------------------------------------

// a=extmap:ID[/direction] URI
static void read_extensions(const GstSDPMedia *media, struct sdp_media *out)
{
    const char *value;
    for (guint i = 0; (value = gst_sdp_media_get_attribute_val_n(media, "extmap", i)); i++) {
        unsigned long long id;
        if (!read_number(value, 255, &id) || id == 0)
            continue;
        const char *uri = after_space(value);
        size_t size = strcspn(uri, " ");
        for (size_t k = 0; k < G_N_ELEMENTS(extensions); k++) {
            if (strlen(extensions[k].uri) == size && strncmp(uri, extensions[k].uri, size) == 0)
                *((uint8_t *)out + extensions[k].offset) = (uint8_t)id;
        }
    }
}

static void read_direction(const GstSDPMedia *media, struct sdp_media *out)
{
    bool is_inactive = gst_sdp_media_get_attribute_val(media, "inactive") != NULL;
    bool is_send_only = gst_sdp_media_get_attribute_val(media, "sendonly") != NULL;
    bool is_receive_only = gst_sdp_media_get_attribute_val(media, "recvonly") != NULL;
    out->sends = !is_inactive && !is_receive_only;
    out->receives = !is_inactive && !is_send_only;
}

// a=ssrc:S cname:… and a=ssrc-group:FID S RTX
static void read_ssrcs(const GstSDPMedia *media, struct sdp_media *out)
{
    const char *value;
    unsigned long long ssrc;
    for (guint i = 0; (value = gst_sdp_media_get_attribute_val_n(media, "ssrc", i)); i++) {
        if (!read_number(value, UINT32_MAX, &ssrc))
            continue;
        if (out->ssrc == 0)
            out->ssrc = (uint32_t)ssrc;
        const char *what = after_space(value);
        if (!out->cname[0] && g_str_has_prefix(what, "cname:"))
            g_strlcpy(out->cname, what + strlen("cname:"), sizeof(out->cname));
    }
    for (guint i = 0; (value = gst_sdp_media_get_attribute_val_n(media, "ssrc-group", i)); i++) {
        const char *first = after_space(value);
        unsigned long long rtx;
        if (g_str_has_prefix(value, "FID ") && read_number(first, UINT32_MAX, &ssrc) &&
                read_number(after_space(first), UINT32_MAX, &rtx)) {
            out->ssrc = (uint32_t)ssrc;
            out->rtx_ssrc = (uint32_t)rtx;
        }
    }
}

// Port 0 rejects a line, unless it only says that the line lives on another's transport.
static bool is_rejected(const GstSDPMedia *media)
{
    return gst_sdp_media_get_port(media) == 0 &&
           !gst_sdp_media_get_attribute_val(media, "bundle-only");
}

static void read_media(const GstSDPMedia *media, int index, struct sdp_media *out)
{
    out->present = true;
    out->m_index = index;
    g_strlcpy(out->mid, text_or_empty(gst_sdp_media_get_attribute_val(media, "mid")),
            sizeof(out->mid));
    choose_codec(media, out);
    out->rejected = is_rejected(media) || out->codec == SDP_CODEC_NONE;
    if (out->rejected)
        return;
    find_companions(media, out);
    read_feedback(media, out);
    read_extensions(media, out);
    out->transport_cc &= out->ext_transport_cc != 0; // webrtcbin asks for it without the numbers
    read_direction(media, out);
    read_ssrcs(media, out);
}

// The place of a line: the first audio, the first and the second video; NULL: no place.
static struct sdp_media *place_of(struct sdp_session *session, const char *kind)
{
    if (strcmp(kind, "audio") == 0 && !session->media[SDP_AUDIO].present)
        return &session->media[SDP_AUDIO];
    if (strcmp(kind, "video") != 0)
        return NULL;
    if (!session->media[SDP_MAIN].present)
        return &session->media[SDP_MAIN];
    return session->media[SDP_CONTENT].present ? NULL : &session->media[SDP_CONTENT];
}

static void read_line(const GstSDPMedia *media, int index, struct sdp_session *out)
{
    const char *kind = text_or_empty(gst_sdp_media_get_media(media));
    g_strlcpy(out->m_kinds[index], kind, sizeof(out->m_kinds[index]));
    g_strlcpy(out->m_protos[index], text_or_empty(gst_sdp_media_get_proto(media)),
            sizeof(out->m_protos[index]));
    g_strlcpy(out->m_formats[index], text_or_empty(gst_sdp_media_get_format(media, 0)),
            sizeof(out->m_formats[index]));
    g_strlcpy(out->m_mids[index], text_or_empty(gst_sdp_media_get_attribute_val(media, "mid")),
            sizeof(out->m_mids[index]));
    struct sdp_media *place = place_of(out, kind);
    if (place)
        read_media(media, index, place);
}

// --- the transport ------------------------------------------------------------------------------

// A line's own attribute, else the session's.
static const char *attribute(
        const GstSDPMessage *message, const GstSDPMedia *media, const char *name)
{
    const char *value = gst_sdp_media_get_attribute_val(media, name);
    return value ? value : gst_sdp_message_get_attribute_val(message, name);
}

static bool read_fingerprint(const char *value, char *out, size_t room)
{
    if (!value || g_ascii_strncasecmp(value, "sha-256 ", 8) != 0)
        return false;
    const char *hex = after_space(value);
    if (strlen(hex) != 32 * 3 - 1 || strlen(hex) >= room)
        return false;
    for (size_t i = 0; hex[i]; i++) {
        if (i % 3 == 2 ? hex[i] != ':' : !g_ascii_isxdigit(hex[i]))
            return false;
    }
    g_strlcpy(out, hex, room);
    return true;
}

// foundation component transport priority address port "typ" type … (RFC 8839 §5.1)
static void read_candidate(const char *value, struct sdp_session *out)
{
    char **words = g_strsplit(value, " ", 9);
    unsigned long long priority, port;
    if (out->candidate_count < SDP_CANDIDATES_MAX && g_strv_length(words) >= 8 &&
            strcmp(words[1], "1") == 0 && g_ascii_strcasecmp(words[2], "udp") == 0 &&
            read_number(words[3], UINT32_MAX, &priority) && read_number(words[5], 65535, &port) &&
            strcmp(words[7], "host") == 0 && strlen(words[0]) <= 32 && strlen(words[4]) <= 45) {
        struct sdp_candidate *candidate = &out->candidates[out->candidate_count++];
        g_strlcpy(candidate->foundation, words[0], sizeof(candidate->foundation));
        g_strlcpy(candidate->address, words[4], sizeof(candidate->address));
        candidate->priority = (uint32_t)priority;
        candidate->port = (uint16_t)port;
    }
    g_strfreev(words);
}

static const char *read_transport(
        const GstSDPMessage *message, const GstSDPMedia *media, struct sdp_session *out)
{
    const char *ufrag = attribute(message, media, "ice-ufrag");
    const char *pwd = attribute(message, media, "ice-pwd");
    if (!ufrag || !pwd || strlen(ufrag) < 4 || strlen(pwd) < 22 ||
            g_strlcpy(out->ice_ufrag, ufrag, sizeof(out->ice_ufrag)) >= sizeof(out->ice_ufrag) ||
            g_strlcpy(out->ice_pwd, pwd, sizeof(out->ice_pwd)) >= sizeof(out->ice_pwd))
        return "sdp.no_ice";
    if (!read_fingerprint(attribute(message, media, "fingerprint"), out->fingerprint,
                sizeof(out->fingerprint)))
        return "sdp.no_fingerprint";
    g_strlcpy(out->setup, text_or_empty(attribute(message, media, "setup")), sizeof(out->setup));
    out->ice_lite = gst_sdp_message_get_attribute_val(message, "ice-lite") != NULL;
    const char *value;
    for (guint i = 0; (value = gst_sdp_media_get_attribute_val_n(media, "candidate", i)); i++)
        read_candidate(value, out);
    return NULL;
}

static bool bundle_has(const char *bundle, const char *mid)
{
    size_t size = strlen(mid);
    for (const char *at = strchr(bundle, ' '); at; at = strchr(at, ' ')) {
        at++;
        if (size > 0 && strncmp(at, mid, size) == 0 && (at[size] == ' ' || at[size] == '\0'))
            return true;
    }
    return false;
}

// Are all the lines that we use in one group? A single line needs none.
static bool is_bundled(const GstSDPMessage *message, const struct sdp_session *session)
{
    const char *group = NULL;
    const char *value;
    for (guint i = 0; (value = gst_sdp_message_get_attribute_val_n(message, "group", i)); i++) {
        if (!group && g_str_has_prefix(value, "BUNDLE"))
            group = value;
    }
    int used = 0;
    int bundled = 0;
    for (int i = 0; i < SDP_LINE_COUNT; i++) {
        const struct sdp_media *media = &session->media[i];
        if (!media->present || media->rejected)
            continue;
        used++;
        bundled += group && bundle_has(group, media->mid);
    }
    return used <= 1 || bundled == used;
}

static const struct sdp_media *first_used(const struct sdp_session *session)
{
    const struct sdp_media *first = NULL;
    for (int i = 0; i < SDP_LINE_COUNT; i++) {
        const struct sdp_media *media = &session->media[i];
        if (media->present && !media->rejected && (!first || media->m_index < first->m_index))
            first = media;
    }
    return first;
}

// An identifier that does not fit is none.
static void read_origin(const GstSDPMessage *message, struct sdp_session *out)
{
    const GstSDPOrigin *origin = gst_sdp_message_get_origin(message);
    const char *id = origin->sess_id ? origin->sess_id : "";
    if (strlen(id) < sizeof(out->id))
        g_strlcpy(out->id, id, sizeof(out->id));
    const guint64 version =
            origin->sess_version ? g_ascii_strtoull(origin->sess_version, NULL, 10) : 0;
    out->version = (uint32_t)MIN(version, G_MAXUINT32);
}

static const char *read_message(const GstSDPMessage *message, struct sdp_session *out)
{
    guint count = gst_sdp_message_medias_len(message);
    if (count == 0 || g_strcmp0(gst_sdp_message_get_version(message), "0") != 0)
        return "sdp.syntax";
    if (count > SDP_LINES_MAX)
        return "sdp.too_large";
    read_origin(message, out);
    out->m_count = (int)count;
    for (guint i = 0; i < count; i++)
        read_line(gst_sdp_message_get_media(message, i), (int)i, out);
    const struct sdp_media *first = first_used(out);
    if (!first)
        return "sdp.no_usable_codec";
    if (!is_bundled(message, out))
        return "sdp.not_bundled";
    return read_transport(message, gst_sdp_message_get_media(message, (guint)first->m_index), out);
}

int sdp_session_parse(const char *text, struct sdp_session *out, const char **error)
{
    memset(out, 0, sizeof(*out));
    size_t size = strnlen(text, SDP_TEXT_MAX + 1);
    if (size > SDP_TEXT_MAX) {
        *error = "sdp.too_large";
        return -EINVAL;
    }
    if (size == 0) {
        *error = "sdp.syntax";
        return -EINVAL;
    }
    GstSDPMessage *message = NULL;
    gst_sdp_message_new(&message);
    if (gst_sdp_message_parse_buffer((const guint8 *)text, (guint)size, message) != GST_SDP_OK) {
        *error = "sdp.syntax";
    } else {
        *error = read_message(message, out);
    }
    gst_sdp_message_free(message);
    return *error ? -EINVAL : 0;
}
