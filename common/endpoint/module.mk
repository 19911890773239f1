MODULES += common/endpoint
common/endpoint.pkgs := glib-2.0
common/endpoint.uses := common/transport common/sdp common/rtp common/base
