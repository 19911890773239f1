MODULES += tests/bench
tests/bench.pkgs := json-c opus sqlite3
tests/bench.uses := tests/load mcu mcu/audio mcu/canvas signaling hw/codec hw common/endpoint common/sdp common/media common/transport common/rtp common/net common/protocol common/base
PROGRAMS += rong-bench
rong-bench.main := tests/bench/main.c
rong-bench.uses := tests/bench
