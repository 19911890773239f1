MODULES += mcu
mcu.pkgs := pangocairo
mcu.uses := common/media common/transport common/sdp common/rtp common/net common/protocol common/base
PROGRAMS += rong-mcu
rong-mcu.main := mcu/main.c
rong-mcu.uses := mcu
