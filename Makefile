# Thin: what it calls can be called by hand. `make help` lists the targets.
SHELL := /bin/bash
JOBS ?= $(shell nproc)
BUILD := build

.PHONY: help demo test bench bench-quick bench-programs rules sanitize sanitize-one check packages build clean

help: ## this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

packages:
	@tools/install-packages

build: packages ## the program, its plugins, the tests and the sandbox, in build/dev
	@cmake --preset dev >$(BUILD).log 2>&1 || { cat $(BUILD).log; exit 1; }; rm -f $(BUILD).log
	@cmake --build --preset dev -j $(JOBS)

demo: packages ## 200 mails from three mailboxes into a stand-in CRM, shown step by step
	@cmake --preset dev >$(BUILD).log 2>&1 || { cat $(BUILD).log; exit 1; }; rm -f $(BUILD).log
	@cmake --build --preset dev -j $(JOBS) --target syncline syncline-sandbox pop3 crm-rest rules storage-sqlite
	@tools/demo $(BUILD)/dev

test: build ## the whole suite
	@ctest --preset dev -j $(JOBS)

bench: packages ## ours beside its peers, alternating: a table, build/bench.json, docs/benchmarks.md
	@$(MAKE) --no-print-directory bench-programs
	@python3 tests/bench/bench.py --build $(BUILD)/bench --out $(BUILD)/bench.json --doc docs/benchmarks.md

bench-quick: packages ## the same at a tenth of the size, where only counts have goals
	@$(MAKE) --no-print-directory bench-programs
	@python3 tests/bench/bench.py --build $(BUILD)/bench --out $(BUILD)/bench.json --scale 10 --runs 3

bench-programs:
	@cmake --preset bench >$(BUILD).log 2>&1 || { cat $(BUILD).log; exit 1; }; rm -f $(BUILD).log
	@cmake --build --preset bench -j $(JOBS) --target bench-programs

rules: packages ## the acceptance matrix: which row is covered by which test, and whether it holds
	@cmake --preset dev >$(BUILD).log 2>&1 || { cat $(BUILD).log; exit 1; }; rm -f $(BUILD).log
	@cmake --build --preset dev -j $(JOBS) --target acceptance_tests
	@python3 tests/rules/rules.py --build $(BUILD)/dev

sanitize: packages ## units, laws and conformance under ASan + UBSan, then under TSan whatever threads meet in
	@$(MAKE) --no-print-directory sanitize-one KIND=asan LABELS="unit law conformance"
	@$(MAKE) --no-print-directory sanitize-one KIND=tsan LABELS="threads"

space := $(subst ,, )

sanitize-one:
	@cmake --preset $(KIND) >$(BUILD).log 2>&1 || { cat $(BUILD).log; exit 1; }; rm -f $(BUILD).log
	@cmake --build --preset $(KIND) -j $(JOBS) --target $(LABELS:%=%_tests)
	@ctest --preset $(KIND) -j $(JOBS) -L '^($(subst $(space),|,$(LABELS)))$$'

check: build ## style: clang-format and clang-tidy, both version 19
	@git ls-files '*.cpp' '*.hpp' '*.h' | xargs clang-format-19 --dry-run -Werror
	@git ls-files 'sdk/*.cpp' 'kernel/*.cpp' 'plugins/*.cpp' | grep -v _test.cpp | xargs -P $(JOBS) -n 4 clang-tidy-19 -p $(BUILD)/dev --quiet

clean: ## removes build/
	@rm -rf $(BUILD)
