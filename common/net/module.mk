MODULES += common/net
common/net.pkgs := libwebsockets openssl libcurl
common/net.uses := common/protocol common/base
