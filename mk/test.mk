# Unit tests: tests/unit/<module>/test_*.c, one cmocka program each, linked with <module> and what it uses.
.PHONY: test-unit unit-programs
TEST_SOURCES := $(wildcard tests/unit/*/test_*.c tests/unit/*/*/test_*.c)
TEST_PROGRAMS := $(TEST_SOURCES:%.c=$(BUILD)/%)

define test_rules
$(BUILD)/$(1): TEST_MODULE := $(patsubst tests/unit/%/,%,$(dir $(1)))
$(BUILD)/$(1): $(1).c $(call archives,$(patsubst tests/unit/%/,%,$(dir $(1))) $($(notdir $(1)).uses)) | $(GENERATED)/common/protocol/messages.h
	@mkdir -p $$(@D)
	@echo "  ld $$@"
	@$$(CC) $$(CFLAGS) $$(call pkg_cflags,cmocka $$(call module_pkgs,$$(TEST_MODULE) $$($(notdir $(1)).uses))) -o $$@ $$< -Wl,--start-group $$(call archives,$$(TEST_MODULE) $$($(notdir $(1)).uses)) -Wl,--end-group $$(LDFLAGS) $$(call pkg_libs,cmocka $$(call module_pkgs,$$(TEST_MODULE) $$($(notdir $(1)).uses))) $$(call module_libs,$$(TEST_MODULE)) -lpthread -lm
-include $(BUILD)/$(1).d
endef
$(foreach t,$(TEST_SOURCES:%.c=%),$(eval $(call test_rules,$(t))))

unit-programs: $(TEST_PROGRAMS)

test: deps ## install, build, and run every test; last line "N passed, N failed"
	@$(MAKE) --no-print-directory -j$$(nproc) all unit-programs
	@$(PYTHON) tools/run-tests.py

test-unit: unit-programs ## the C unit tests alone
	@$(PYTHON) tools/run-tests.py --only unit
