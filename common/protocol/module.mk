MODULES += common/protocol
common/protocol.pkgs := json-c glib-2.0
common/protocol.libs := -lm
common/protocol.uses := common/base
common/protocol.generated := $(GENERATED)/common/protocol/messages.c
