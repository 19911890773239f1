# Compiler flags of each variant.
WARNINGS := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wundef -Wvla \
	-Wformat=2 -Wwrite-strings -Wimplicit-fallthrough
CFLAGS_COMMON := -std=c11 -D_GNU_SOURCE -g -MMD -MP -I. -I$(GENERATED) $(WARNINGS)

CFLAGS_release := -O2 -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE
LDFLAGS_release := -pie -Wl,-z,relro,-z,now -Wl,--as-needed

CFLAGS_asan := -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
LDFLAGS_asan := -fsanitize=address,undefined

CFLAGS_tsan := -O1 -fsanitize=thread -fno-omit-frame-pointer
LDFLAGS_tsan := -fsanitize=thread

ifneq ($(filter $(VARIANT),asan tsan),)
CC := clang
endif

CFLAGS  += $(CFLAGS_COMMON) $(CFLAGS_$(VARIANT))
LDFLAGS += $(LDFLAGS_$(VARIANT))
