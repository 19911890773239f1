MODULES += tests/load
tests/load.pkgs := json-c
tests/load.uses := room-agent/media mcu/canvas common/endpoint common/media common/transport common/sdp common/rtp common/net common/protocol common/base
PROGRAMS += rong-load
rong-load.main := tests/load/main.c
rong-load.uses := tests/load
MODULES += tests/support
tests/support.pkgs := glib-2.0 openssl
test_web_server.uses := tests/support
test_enroll.uses := tests/support
test_allocation.uses := tests/support
test_packet_path.uses := tests/support common/endpoint
# The smallest MCU, for endpoints.
MODULES += tests/mirror
tests/mirror.uses := common/transport common/sdp common/rtp common/base
test_endpoint.uses := tests/mirror
test_network_change.uses := tests/mirror
test_room_media.uses := tests/mirror
test_audio_jitter_traces.uses := tests/load
# Its posed links.
test_links.uses := tests/load
# It talks to the program itself.
$(BUILD)/tests/unit/room-agent/media/test_room_media: | $(BUILD)/rong-room-media
# A peer that the project did not write: GStreamer's webrtcbin.
MODULES += tests/webrtcbin
tests/webrtcbin.pkgs := gstreamer-1.0 gstreamer-sdp-1.0 gstreamer-webrtc-1.0 json-c
PROGRAMS += rong-test-webrtcbin
rong-test-webrtcbin.main := tests/webrtcbin/main.c
rong-test-webrtcbin.uses := tests/webrtcbin
