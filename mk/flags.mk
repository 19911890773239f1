# Compiler and flags of each variant: release, asan (with UBSan), tsan, fuzz (libFuzzer with both).
CCACHE   := $(notdir $(wildcard /usr/bin/ccache))
WARNINGS := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wundef -Wvla \
	-Wformat=2 -Wwrite-strings -Wimplicit-fallthrough
CFLAGS_COMMON := -std=c11 -D_GNU_SOURCE -g -MMD -MP -I. -I$(GENERATED) $(WARNINGS)
LDFLAGS_COMMON := -Wl,--as-needed

COMPILER_release := gcc
CFLAGS_release := -O2 -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE -ffunction-sections
LDFLAGS_release := -pie -Wl,-z,relro,-z,now -Wl,--gc-sections

COMPILER_asan := clang
CFLAGS_asan := -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
LDFLAGS_asan := -fsanitize=address,undefined

COMPILER_tsan := clang
CFLAGS_tsan := -O1 -fsanitize=thread -fno-omit-frame-pointer
LDFLAGS_tsan := -fsanitize=thread

COMPILER_fuzz := clang
CFLAGS_fuzz := -O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
LDFLAGS_fuzz := -fsanitize=address,undefined

ifndef COMPILER_$(VARIANT)
$(error VARIANT is release, asan, tsan or fuzz, not '$(VARIANT)')
endif
# The sanitizers are clang's, whatever CC says.
ifneq ($(filter $(origin CC),default)$(filter asan tsan fuzz,$(VARIANT)),)
override CC := $(CCACHE) $(COMPILER_$(VARIANT))
endif

CFLAGS  += $(CFLAGS_COMMON) $(CFLAGS_$(VARIANT))
LDFLAGS += $(LDFLAGS_COMMON) $(LDFLAGS_$(VARIANT))
