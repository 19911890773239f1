# Rông. One Makefile; each folder lists its libraries and programs in a module.mk beside its code.
# A variant is a build folder plus flags: `make all`, `make all VARIANT=asan`.

VARIANT ?= release
BUILD   := build/$(VARIANT)
GENERATED := build/generated
CC      ?= gcc
PYTHON  ?= python3

include mk/flags.mk
include mk/modules.mk

.DEFAULT_GOAL := help
.PHONY: help all programs web protocol deps test check clean demo hooks format

help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

deps: ## install the Debian and npm packages that are missing (root or sudo)
	@tools/install-packages.sh

all: programs web ## build every program and the page

programs: $(PROGRAMS:%=$(BUILD)/%) ## build the C programs

# --- the contract: C in build/generated, TypeScript in web-client -------------------------------
MESSAGES_C  := $(GENERATED)/common/protocol/messages.c
MESSAGES_H  := $(GENERATED)/common/protocol/messages.h
MESSAGES_TS := web-client/src/protocol/messages.gen.ts
SCHEMAS     := $(wildcard protocol/schema/*.json)

protocol: $(MESSAGES_H) ## generate C and TypeScript from protocol/schema
$(MESSAGES_C) $(MESSAGES_TS): $(MESSAGES_H) ;
$(MESSAGES_H): protocol/generate.py $(SCHEMAS)
	@$(PYTHON) protocol/generate.py --c $(GENERATED)/common/protocol --ts $(MESSAGES_TS)

node_modules/.installed: package.json package-lock.json
	npm ci --no-audit --no-fund
	@touch $@

web: node_modules/.installed $(MESSAGES_TS) ## build the page into build/web
	npm run --silent build

include mk/check.mk
include mk/test.mk
include mk/package.mk

demo: deps ## install, build and start three rooms; Ctrl-C ends everything
	@$(MAKE) --no-print-directory all
	@exec $(PYTHON) tools/demo.py

hooks: ## run the fast checks before each commit
	git config core.hooksPath tools/hooks

clean: ## remove everything that was built
	rm -rf build
