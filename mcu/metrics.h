// SPDX-License-Identifier: Apache-2.0
// The counters of rong-mcu; every drop has one, with its reason.
#pragma once

#include "common/base/metrics.h"

#define METRICS_MCU(METRIC) \
    METRIC(GAUGE, mcu_conferences, "Conferences that are carried") \
    METRIC(GAUGE, mcu_members, "Members of all conferences, connected or not") \
    METRIC(GAUGE, mcu_members_connected, "Members whose media arrives") \
    METRIC(GAUGE, mcu_peers, "Sockets and keys that are held for members") \
    METRIC(GAUGE, mcu_decoders, "Video decoders running, one a tile") \
    METRIC(GAUGE, mcu_encoders, "Video encoders running, one a tier") \
    METRIC(GAUGE, mcu_receivers_audio, "Members whose link carries no picture") \
    METRIC(GAUGE, mcu_receivers_still, "Members that are sent still pictures") \
    METRIC(GAUGE, mcu_receivers_180p, "Members that are sent 180p") \
    METRIC(GAUGE, mcu_receivers_360p, "Members that are sent 360p") \
    METRIC(GAUGE, mcu_receivers_480p, "Members that are sent 480p") \
    METRIC(GAUGE, mcu_receivers_720p, "Members that are sent 720p") \
    METRIC(GAUGE, mcu_receivers_1080p, "Members that are sent 1080p") \
    METRIC(GAUGE, mcu_overload_level, "What is given up: 1 rate, 2 tiles, 3 size, 4 thumbnails") \
    METRIC(COUNTER, mcu_overload_steps_total, "Times that one thing more was given up") \
    METRIC(GAUGE, mcu_links_thin, "Connected members whose link carries under 1 Mb/s") \
    METRIC(COUNTER, mcu_offers_total, "Offers of endpoints") \
    METRIC(COUNTER, mcu_offers_refused_total, "Offers answered with an error") \
    METRIC(COUNTER, mcu_peers_failed_total, "Peers whose ICE or DTLS failed") \
    METRIC(COUNTER, mcu_peers_aes_gcm_total, "Peers connected with SRTP by AES-GCM") \
    METRIC(COUNTER, mcu_peers_aes_cm_total, \
            "Peers connected with SRTP by AES-CM, at four times the cost") \
    METRIC(COUNTER, mcu_peers_silent_total, "Peers closed: nothing came for 15 s") \
    METRIC(COUNTER, mcu_ice_restarts_total, "ICE restarts that led to a new way") \
    METRIC(COUNTER, mcu_rtp_in_packets_total, "RTP packets that passed SRTP") \
    METRIC(COUNTER, mcu_rtp_in_bytes_total, "Bytes of RTP that passed SRTP") \
    METRIC(COUNTER, mcu_rtp_out_packets_total, "RTP packets sent") \
    METRIC(COUNTER, mcu_rtp_out_bytes_total, "Bytes of RTP sent, before protection") \
    METRIC(COUNTER, mcu_rtp_send_dropped_total, "RTP packets that the socket did not take") \
    METRIC(COUNTER, mcu_srtp_refused_total, "Packets that failed authentication or replay") \
    METRIC(COUNTER, mcu_demux_refused_total, "Datagrams that are neither STUN, DTLS nor RTP") \
    METRIC(COUNTER, mcu_rtp_malformed_total, "Decrypted packets that are not RTP") \
    METRIC(COUNTER, mcu_rtp_unknown_total, "RTP packets of a stream that no line expects") \
    METRIC(COUNTER, mcu_rtcp_malformed_total, "RTCP compounds that could not be read") \
    METRIC(COUNTER, mcu_audio_in_too_large_total, "Sound packets larger than Opus allows") \
    METRIC(COUNTER, mcu_audio_in_flood_total, "Sound packets dropped: over 400 a second") \
    METRIC(COUNTER, mcu_audio_in_ring_full_total, "Sound packets dropped: audio thread behind") \
    METRIC(COUNTER, mcu_audio_packets_total, "Sound packets that reached a jitter buffer") \
    METRIC(COUNTER, mcu_audio_no_input_total, "Sound packets of a member that is gone") \
    METRIC(COUNTER, mcu_audio_late_total, "Sound packets that came too late") \
    METRIC(COUNTER, mcu_audio_duplicate_total, "Sound packets that came twice") \
    METRIC(COUNTER, mcu_audio_overflow_total, "Sound packets that found no place to wait") \
    METRIC(COUNTER, mcu_audio_decoded_total, "Sound frames decoded") \
    METRIC(COUNTER, mcu_audio_decode_errors_total, "Sound frames that Opus refused") \
    METRIC(COUNTER, mcu_audio_corrected_total, "Lost sound frames made good by FEC") \
    METRIC(COUNTER, mcu_audio_red_used_total, "Lost sound frames that a RED copy brought") \
    METRIC(COUNTER, mcu_audio_silent_total, "Sound frames that were due when nothing was sent") \
    METRIC(COUNTER, mcu_audio_out_red_total, "Sound packets sent with copies of the two before") \
    METRIC(COUNTER, mcu_audio_concealed_total, "Lost sound frames concealed") \
    METRIC(COUNTER, mcu_audio_encoded_shared_total, "Sound frames encoded for all listeners") \
    METRIC(COUNTER, mcu_audio_encoded_own_total, "Sound frames encoded for one talker") \
    METRIC(COUNTER, mcu_audio_encoded_thin_total, "60 ms of sound encoded for all thin links") \
    METRIC(COUNTER, mcu_audio_ticks_total, "20 ms ticks of the audio thread") \
    METRIC(COUNTER, mcu_audio_ticks_late_total, "Ticks that began over 20 ms late") \
    METRIC(COUNTER, mcu_audio_ticks_skipped_total, "Ticks left out: too far behind") \
    METRIC(COUNTER, mcu_audio_out_ring_full_total, "Mixed packets dropped: net thread behind") \
    METRIC(COUNTER, mcu_video_in_given_up_total, "Video packets that no retransmission brought") \
    METRIC(COUNTER, mcu_video_in_off_canvas_total, "Video packets of members not on a canvas") \
    METRIC(COUNTER, mcu_video_in_refused_total, "Video packets old, twice or too large") \
    METRIC(COUNTER, mcu_video_nacks_sent_total, "Video packets asked for again") \
    METRIC(COUNTER, mcu_video_plis_sent_total, "Key frames asked of senders") \
    METRIC(COUNTER, mcu_video_decode_busy_total, "Pictures dropped: the decoder is behind") \
    METRIC(COUNTER, mcu_video_decoded_total, "Pictures decoded") \
    METRIC(COUNTER, mcu_canvas_ticks_total, "Deadlines of the compositor") \
    METRIC(COUNTER, mcu_canvas_ticks_skipped_total, "Deadlines left out: too far behind") \
    METRIC(COUNTER, mcu_canvas_tiles_drawn_total, "Tiles drawn: their picture or look changed") \
    METRIC(COUNTER, mcu_canvas_unchanged_total, "Pictures not sent: nothing changed") \
    METRIC(COUNTER, mcu_video_encoder_busy_total, "Pictures dropped: the encoder is behind") \
    METRIC(COUNTER, mcu_video_encoded_total, "Pictures encoded") \
    METRIC(COUNTER, mcu_video_encoded_bytes_total, "Bytes of encoded pictures") \
    METRIC(COUNTER, mcu_video_key_frames_total, "Key frames encoded") \
    METRIC(COUNTER, mcu_video_pack_failed_total, "Encoded pictures too large to be cut") \
    METRIC(COUNTER, mcu_video_out_ring_full_total, "Encoded pictures dropped: net thread behind") \
    METRIC(COUNTER, mcu_video_out_backlog_total, "Times a link was too slow: pictures left out") \
    METRIC(COUNTER, mcu_tier_up_total, "Receivers that were given a larger picture") \
    METRIC(COUNTER, mcu_tier_down_link_total, "Receivers given a smaller one: their link") \
    METRIC(COUNTER, mcu_tier_down_overload_total, "Receivers given a smaller one: this machine") \
    METRIC(COUNTER, mcu_link_probes_total, "Probes whether a link carries more") \
    METRIC(COUNTER, mcu_video_gops_sent_total, "Joiners served from the last key frame on") \
    METRIC(COUNTER, mcu_video_plis_received_total, "Key frames asked for by receivers") \
    METRIC(COUNTER, mcu_video_nacks_received_total, "Packets asked for again by receivers") \
    METRIC(COUNTER, mcu_video_nacks_answered_total, "Packets sent again") \
    METRIC(COUNTER, mcu_video_nacks_too_old_total, "Packets asked for again that are gone") \
    METRIC(COUNTER, mcu_video_nacks_no_room_total, "Packets asked for again beyond what fits") \
    METRIC(COUNTER, mcu_signal_connects_total, "Connections to rong-signal") \
    METRIC(COUNTER, mcu_signal_refused_total, "Messages of rong-signal that could not be read")

METRICS_DECLARE(METRICS_MCU, mcu_metrics)
