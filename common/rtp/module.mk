MODULES += common/rtp
common/rtp.uses := common/base
