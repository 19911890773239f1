MODULES += common/net
common/net.pkgs := libwebsockets openssl gio-2.0
common/net.uses := common/protocol common/base
