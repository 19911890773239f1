MODULES += common/sdp
common/sdp.pkgs := gstreamer-sdp-1.0 glib-2.0
common/sdp.uses := common/base
