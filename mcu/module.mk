MODULES += mcu
mcu.pkgs := pangocairo libsystemd
mcu.uses := mcu/audio mcu/canvas common/media common/transport common/sdp common/rtp common/net common/protocol common/base
PROGRAMS += rong-mcu
rong-mcu.main := mcu/main.c
rong-mcu.uses := mcu
test_call.uses := common/endpoint
test_province.uses := common/endpoint
