// SPDX-License-Identifier: Apache-2.0
// struct sdp_session → text.
#include <gst/sdp/gstsdpmessage.h>
#include <string.h>

#include "common/sdp/codecs.h"
#include "common/sdp/session.h"

#define DEFAULT_CNAME "rong"

static void PRINTF_LIKE(3, 4) add(GstSDPMedia *media, const char *name, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *value = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    gst_sdp_media_add_attribute(media, name, value);
    g_free(value);
}

// An attribute without a value: gstsdp writes the colon unless the value is an empty string.
static void add_flag(GstSDPMedia *media, const char *name)
{
    gst_sdp_media_add_attribute(media, name, "");
}

static void add_format(GstSDPMedia *media, unsigned int payload_type)
{
    char text[4];
    g_snprintf(text, sizeof(text), "%u", payload_type & 0x7f);
    gst_sdp_media_add_format(media, text);
}

static void write_codec(GstSDPMedia *out, const struct sdp_media *media)
{
    const struct codec *codec = codecs_of(media->codec);
    add_format(out, media->payload_type);
    if (codec->channels > 0) {
        add(out, "rtpmap", "%u %s/%d/%d", media->payload_type, codec->name, codec->clock_rate,
                codec->channels);
    } else {
        add(out, "rtpmap", "%u %s/%d", media->payload_type, codec->name, codec->clock_rate);
    }
    if (media->fmtp[0])
        add(out, "fmtp", "%u %s", media->payload_type, media->fmtp);
    // After the codec itself: whoever prefers by order sends plain Opus.
    if (media->red_payload_type) {
        add_format(out, media->red_payload_type);
        add(out, "rtpmap", "%u red/%d/%d", media->red_payload_type, codec->clock_rate,
                codec->channels);
        add(out, "fmtp", "%u %u/%u", media->red_payload_type, media->payload_type,
                media->payload_type);
    }
    if (media->rtx_payload_type) {
        add_format(out, media->rtx_payload_type);
        add(out, "rtpmap", "%u rtx/%d", media->rtx_payload_type, codec->clock_rate);
        add(out, "fmtp", "%u apt=%u", media->rtx_payload_type, media->payload_type);
    }
}

static void write_feedback(GstSDPMedia *out, const struct sdp_media *media)
{
    if (media->transport_cc)
        add(out, "rtcp-fb", "%u transport-cc", media->payload_type);
    if (media->remb)
        add(out, "rtcp-fb", "%u goog-remb", media->payload_type);
    if (media->nack)
        add(out, "rtcp-fb", "%u nack", media->payload_type);
    if (media->pli)
        add(out, "rtcp-fb", "%u nack pli", media->payload_type);
}

static void write_extension(GstSDPMedia *out, unsigned int id, const char *uri)
{
    if (id != 0)
        add(out, "extmap", "%u %s", id, uri);
}

static void write_extensions(GstSDPMedia *out, const struct sdp_media *media)
{
    write_extension(out, media->ext_audio_level, SDP_EXT_AUDIO_LEVEL);
    write_extension(out, media->ext_abs_send_time, SDP_EXT_ABS_SEND_TIME);
    write_extension(out, media->ext_transport_cc, SDP_EXT_TRANSPORT_CC);
    write_extension(out, media->ext_mid, SDP_EXT_MID);
}

static const char *direction(const struct sdp_media *media)
{
    if (media->sends)
        return media->receives ? "sendrecv" : "sendonly";
    return media->receives ? "recvonly" : "inactive";
}

// Sound and main picture share a stream (and so are played in step); content has its own.
static void write_ssrcs(GstSDPMedia *out, const struct sdp_media *media, enum sdp_line line)
{
    if (!media->sends)
        return;
    add(out, "msid", "%s %s", line == SDP_CONTENT ? "rong-content" : "rong",
            line == SDP_AUDIO  ? "audio"
            : line == SDP_MAIN ? "main"
                               : "content");
    const char *cname = media->cname[0] ? media->cname : DEFAULT_CNAME;
    if (media->ssrc && media->rtx_ssrc && media->rtx_payload_type) {
        add(out, "ssrc-group", "FID %u %u", media->ssrc, media->rtx_ssrc);
        add(out, "ssrc", "%u cname:%s", media->ssrc, cname);
        add(out, "ssrc", "%u cname:%s", media->rtx_ssrc, cname);
    } else if (media->ssrc) {
        add(out, "ssrc", "%u cname:%s", media->ssrc, cname);
    }
}

// On the first line in use: the others are bundled on its transport.
static void write_candidates(GstSDPMedia *out, const struct sdp_session *session)
{
    for (size_t i = 0; i < session->candidate_count; i++) {
        const struct sdp_candidate *candidate = &session->candidates[i];
        add(out, "candidate", "%s 1 udp %u %s %u typ host", candidate->foundation,
                candidate->priority, candidate->address, candidate->port);
    }
    if (session->candidate_count > 0)
        add_flag(out, "end-of-candidates");
}

static void write_media(
        GstSDPMedia *out, const struct sdp_session *session, enum sdp_line line, bool is_first)
{
    const struct sdp_media *media = &session->media[line];
    add(out, "ice-ufrag", "%s", session->ice_ufrag);
    add(out, "ice-pwd", "%s", session->ice_pwd);
    add(out, "fingerprint", "sha-256 %s", session->fingerprint);
    add(out, "setup", "%s", session->setup);
    if (media->mid[0])
        add(out, "mid", "%s", media->mid);
    write_extensions(out, media);
    add_flag(out, direction(media));
    add_flag(out, "rtcp-mux");
    add_flag(out, "rtcp-rsize");
    write_codec(out, media);
    write_feedback(out, media);
    write_ssrcs(out, media, line);
    if (is_first)
        write_candidates(out, session);
}

static void write_rejected(GstSDPMedia *out, const struct sdp_session *session, int index)
{
    gst_sdp_media_add_format(out, session->m_formats[index][0] ? session->m_formats[index] : "0");
    if (session->m_mids[index][0])
        add(out, "mid", "%s", session->m_mids[index]);
    add_flag(out, "inactive");
}

// The line that is at this place of the text and in use; SDP_LINE_COUNT: none.
static enum sdp_line line_at(const struct sdp_session *session, int index)
{
    int line = 0;
    while (line < SDP_LINE_COUNT) {
        const struct sdp_media *media = &session->media[line];
        if (media->present && !media->rejected && media->m_index == index)
            break;
        line++;
    }
    return (enum sdp_line)line;
}

// True when the line is in use.
static bool write_line(
        GstSDPMessage *message, const struct sdp_session *session, int index, bool is_first)
{
    enum sdp_line line = line_at(session, index);
    bool is_used = line != SDP_LINE_COUNT;
    GstSDPMedia *media = NULL;
    gst_sdp_media_new(&media);
    gst_sdp_media_set_media(media, session->m_kinds[index]);
    gst_sdp_media_set_port_info(media, is_used ? 9 : 0, 0);
    gst_sdp_media_set_proto(media, session->m_protos[index]);
    gst_sdp_media_add_connection(media, "IN", "IP4", "0.0.0.0", 0, 0);
    if (is_used) {
        write_media(media, session, line, is_first);
    } else {
        write_rejected(media, session, index);
    }
    gst_sdp_message_add_media(message, media); // takes the content
    gst_sdp_media_free(media);
    return is_used;
}

static void write_bundle(GstSDPMessage *message, const struct sdp_session *session)
{
    GString *group = g_string_new("BUNDLE");
    for (int i = 0; i < session->m_count; i++) {
        if (line_at(session, i) != SDP_LINE_COUNT && session->m_mids[i][0])
            g_string_append_printf(group, " %s", session->m_mids[i]);
    }
    gst_sdp_message_add_attribute(message, "group", group->str);
    g_string_free(group, TRUE);
}

char *sdp_session_write(const struct sdp_session *session)
{
    GstSDPMessage *message = NULL;
    gst_sdp_message_new(&message);
    gst_sdp_message_set_version(message, "0");
    char *id = session->id[0] ? g_strdup(session->id)
                              : g_strdup_printf("%" G_GINT64_FORMAT, g_get_real_time());
    char version[12];
    g_snprintf(version, sizeof(version), "%u", MAX(session->version, 1));
    gst_sdp_message_set_origin(message, "-", id, version, "IN", "IP4", "0.0.0.0");
    g_free(id);
    gst_sdp_message_set_session_name(message, "-");
    gst_sdp_message_add_time(message, "0", "0", NULL);
    write_bundle(message, session);
    if (session->ice_lite)
        gst_sdp_message_add_attribute(message, "ice-lite", "");
    bool is_first = true;
    for (int i = 0; i < session->m_count && i < SDP_LINES_MAX; i++) {
        if (write_line(message, session, i, is_first))
            is_first = false;
    }
    char *text = gst_sdp_message_as_text(message);
    gst_sdp_message_free(message);
    return text;
}
