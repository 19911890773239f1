# Rông. One Makefile; each folder lists its libraries and programs in a module.mk beside its code.
# A variant is a build folder plus flags: `make all`, `make all VARIANT=asan`.

VARIANT ?= release
BUILD   := build/$(VARIANT)
GENERATED := build/generated
PYTHON  ?= python3
CONTRACT := $(GENERATED)/.contract

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help deps all programs web protocol demo hooks clean

help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

deps: ## install the Debian and npm packages that are missing (root or sudo)
	@tools/install-packages.sh

include mk/flags.mk
include mk/modules.mk

# A program is built as soon as its main file exists.
all: programs web ## build every program and the page

programs: $(foreach p,$(PROGRAMS),$(if $(wildcard $($(p).main)),$(BUILD)/$(p))) ## build the C programs

# --- the contract: C in build/generated, TypeScript in web-client -------------------------------
MESSAGES_C  := $(GENERATED)/common/protocol/messages.c
MESSAGES_H  := $(GENERATED)/common/protocol/messages.h
MESSAGES_TS := web-client/src/protocol/messages.gen.ts

protocol: $(CONTRACT) $(MESSAGES_TS) ## generate C and TypeScript from protocol/schema
$(CONTRACT): $(wildcard protocol/*.py protocol/schema/*.json)
	@mkdir -p $(@D)
	@$(PYTHON) protocol/generate.py --c $(GENERATED)/common/protocol --ts $(MESSAGES_TS)
	@touch $@
$(MESSAGES_C) $(MESSAGES_H) $(MESSAGES_TS): $(CONTRACT)
	@test -f $@ || { rm -f $(CONTRACT); $(MAKE) --no-print-directory $(CONTRACT); }

node_modules/.installed: package.json package-lock.json
	npm ci --no-audit --no-fund
	@touch $@

web: node_modules/.installed $(MESSAGES_TS) ## build the page into build/web
	@npm run --silent build

include mk/check.mk
include mk/test.mk
include mk/fuzz.mk
include mk/bench.mk
include mk/package.mk

demo: deps ## install, build and start three rooms; Ctrl-C ends everything
	@$(MAKE) --no-print-directory -j$$(nproc) all
	@exec $(PYTHON) tools/demo.py

hooks: ## run the fast checks before each commit
	git config core.hooksPath tools/hooks

clean: ## remove everything that was built
	rm -rf build
