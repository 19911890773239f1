# Unit tests: tests/unit/<module>/test_*.c, one cmocka program each, linked with <module>, what that
# uses, and what `<test_name>.uses := …` names besides.
.PHONY: test test-unit test-asan test-tsan unit-programs
TEST_SOURCES  := $(wildcard tests/unit/*/test_*.c tests/unit/*/*/test_*.c)
TEST_PROGRAMS := $(TEST_SOURCES:%.c=$(BUILD)/%)

define test_rules
$(BUILD)/$(1): TEST_USES := $(patsubst tests/unit/%/,%,$(dir $(1))) $($(notdir $(1)).uses)
$(BUILD)/$(1): $(1).c mk/flags.mk $(call archives,$(patsubst tests/unit/%/,%,$(dir $(1))) $($(notdir $(1)).uses)) \
		| $(call contract,$(patsubst tests/unit/%/,%,$(dir $(1))) $($(notdir $(1)).uses))
	@mkdir -p $$(@D)
	@echo "  ld $$@"
	@$$(call link,$$(call pkg_cflags,cmocka $$(call module_pkgs,$$(TEST_USES))) $$<,$$(TEST_USES),cmocka)
-include $(BUILD)/$(1).d
endef
$(foreach t,$(TEST_SOURCES:%.c=%),$(eval $(call test_rules,$(t))))

unit-programs: $(TEST_PROGRAMS)

test: deps ## install, build, and run every test; last line "N passed, N failed"
	@$(MAKE) --no-print-directory -j$$(nproc) all unit-programs
	@$(MAKE) --no-print-directory -j$$(nproc) VARIANT=asan programs unit-programs
	@$(MAKE) --no-print-directory -j$$(nproc) VARIANT=tsan tsan-programs
	@$(PYTHON) tools/run-tests.py

# What run-tests.py runs under ThreadSanitizer (its TSAN_PROGRAMS).
.PHONY: tsan-programs
tsan-programs: $(addprefix $(BUILD)/tests/unit/,$(shell sed -n '/^TSAN_PROGRAMS/,/]/p' tools/run-tests.py | grep -o '"[^"]*"' | tr -d '"'))

test-unit: unit-programs ## the C unit tests alone, in this VARIANT
	@$(PYTHON) tools/run-tests.py --only unit --variant $(VARIANT)

test-asan: ## the C unit tests under AddressSanitizer and UBSan
	@$(MAKE) --no-print-directory VARIANT=asan unit-programs
	@$(PYTHON) tools/run-tests.py --only asan

test-tsan: ## what crosses threads under ThreadSanitizer
	@$(MAKE) --no-print-directory VARIANT=tsan tsan-programs
	@$(PYTHON) tools/run-tests.py --only tsan

.PHONY: screenshot
screenshot: all ## the README's picture anew, from the browser's test
	@npm run --silent test:e2e
	@cp build/test/floor.png docs/images/stage.png
