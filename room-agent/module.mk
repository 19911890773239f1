MODULES += room-agent/core room-agent/media
room-agent/core.uses := hw hw/web common/net common/protocol common/base
room-agent/media.pkgs := pangocairo gstreamer-app-1.0 gstreamer-video-1.0 opus
room-agent/media.uses := common/endpoint common/media common/transport common/sdp common/rtp common/protocol common/base
PROGRAMS += rong-room rong-room-media
rong-room.main := room-agent/core/main.c
rong-room.uses := room-agent/core
rong-room-media.main := room-agent/media/main.c
rong-room-media.uses := room-agent/media
# The page is part of the program.
$(BUILD)/room-agent/core/page_files.o: $(wildcard room-agent/core/page/*)
