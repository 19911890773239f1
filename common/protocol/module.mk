MODULES += common/protocol
common/protocol.pkgs := json-c
common/protocol.uses := common/base
common/protocol.generated := $(GENERATED)/common/protocol/messages.c
