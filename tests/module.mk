MODULES += tests/load
tests/load.pkgs := json-c
tests/load.uses := room-agent/media common/endpoint common/media common/transport common/sdp common/rtp common/net common/protocol common/base
PROGRAMS += rong-load
rong-load.main := tests/load/main.c
rong-load.uses := tests/load
MODULES += tests/support
tests/support.pkgs := glib-2.0 openssl
