MODULES += common/transport
common/transport.pkgs := nice libsrtp2 openssl glib-2.0
common/transport.uses := common/rtp common/base
