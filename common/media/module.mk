MODULES += common/media
common/media.pkgs := gstreamer-1.0 gstreamer-app-1.0 gstreamer-video-1.0 opus
common/media.libs := -lyuv
common/media.uses := common/rtp common/base
