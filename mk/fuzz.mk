# `make fuzz-smoke`: every tests/fuzz/fuzz_*.c for FUZZ_SECONDS under libFuzzer, ASan and UBSan.
# Among its first lines a target says what it links with and, if there is one, where its seeds are:
#   // module: common/protocol            (a module of some module.mk, or several)
#   // corpus: protocol/examples/valid    (folders; tests/fuzz/corpus/<name> is taken by itself)
# What a longer run finds goes into tests/fuzz/corpus/<name>, with a unit test for it.
.PHONY: fuzz fuzz-smoke fuzz-run
FUZZ_SECONDS ?= 4
FUZZ_SOURCES := $(wildcard tests/fuzz/fuzz_*.c)

fuzz-smoke: ## every fuzz target for FUZZ_SECONDS (4); what is found lands in build/fuzz
	@$(MAKE) --no-print-directory VARIANT=fuzz fuzz-run

fuzz: ## every fuzz target for ten minutes, or FUZZ_SECONDS
	@$(MAKE) --no-print-directory VARIANT=fuzz FUZZ_SECONDS=$(if $(filter command line environment,$(origin FUZZ_SECONDS)),$(FUZZ_SECONDS),600) fuzz-run

ifeq ($(VARIANT),fuzz)
FUZZ_PROGRAMS := $(FUZZ_SOURCES:%.c=$(BUILD)/%)

define fuzz_rules
$(1).uses := $(shell sed -n 's|^// module: *||p' $(1).c)
$(BUILD)/$(1): $(1).c mk/flags.mk $$(call archives,$$($(1).uses)) | $$(call contract,$$($(1).uses))
	@mkdir -p $$(@D)
	@echo "  ld $$@"
	@$$(call link,-fsanitize=fuzzer $$(call pkg_cflags,$$(call module_pkgs,$$($(1).uses))) $$<,$$($(1).uses))
-include $(BUILD)/$(1).d
endef
$(foreach t,$(FUZZ_SOURCES:%.c=%),$(eval $(call fuzz_rules,$(t))))

fuzz-run: $(FUZZ_PROGRAMS)
	@tools/run-fuzz.sh $(FUZZ_SECONDS) $(FUZZ_PROGRAMS)
endif
