# `make check`: everything that needs no run of the product, cheapest first.
.PHONY: check check-settings settings check-deploy format check-format check-layers check-headers check-protocol check-web check-shell check-lint check-links check-documents
C_FILES = $(shell git ls-files '*.c' '*.h' 2>/dev/null)

check: deps ## format, layers, documents, headers, warnings, protocol examples, tsc, eslint, shell, clang-tidy, cppcheck
	@$(MAKE) --no-print-directory check-format check-layers check-documents check-dependencies check-shell check-deploy check-protocol
	@$(MAKE) --no-print-directory -j$$(nproc) programs
	@$(MAKE) --no-print-directory check-headers check-settings check-links check-unused check-web check-lint

check-format:
	@clang-format --dry-run -Werror $(C_FILES) && echo "format: $(words $(C_FILES)) files ok"

check-layers:
	@$(PYTHON) tools/check-layers.py

check-headers: protocol
	@tools/check-headers.sh

check-protocol: protocol
	@$(PYTHON) protocol/check-generator.py
	@$(PYTHON) protocol/check-examples.py

check-links: $(BUILD)/rong-signal $(BUILD)/rong-room
	@tools/check-links.sh $(BUILD)

check-lint: protocol
	@tools/check-lint.py

check-deploy:
	@tools/check-units.sh
	@$(PYTHON) tools/check-monitoring.py

check-documents:
	@$(PYTHON) tools/check-documents.py

check-dependencies:
	@$(PYTHON) tools/check-dependencies.py

check-unused: programs
	@$(PYTHON) tools/check-unused.py $(BUILD)

check-settings: $(BUILD)/rong-signal $(BUILD)/rong-mcu $(BUILD)/rong-room $(BUILD)/rong-sim
	@tools/check-settings.sh $(BUILD)

settings: programs ## write the sample settings of deploy/settings anew from the programs' tables
	@tools/check-settings.sh $(BUILD) --write

check-shell:
	@test -z "$$(find tools/hooks -type f ! -name README.md ! -perm -u+x)" || \
		{ echo "tools/hooks: a hook is not executable, git ignores it" >&2; exit 1; }
	@git ls-files '*.sh' '.ci/run' 'tools/hooks/*' | xargs -r shellcheck -x && echo "shell: ok"

check-web: node_modules/.installed protocol
	@npm run --silent check

format: ## put C and TypeScript into the house's format
	@clang-format -i $(C_FILES)
	@npx prettier --log-level warn --write web-client tests
