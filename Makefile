# SPDX-License-Identifier: GPL-2.0-only
# hindsight: one non-recursive Makefile. `make help` lists the targets.
#
#   OFFLINE=1            without bpf/ and collectors/: needs no clang, libbpf or root
#   SAN=address,undefined  sanitizers (tests set it themselves)
#   CC=clang             another compiler
#   V=1                  show the commands

MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:

VERSION := 0.1.0
PREFIX ?= /usr/local
CC := $(if $(filter default,$(origin CC)),gcc,$(CC))
CLANG ?= clang
BPFTOOL ?= $(firstword $(wildcard /usr/sbin/bpftool) bpftool)
Q := $(if $(V),,@)

# Each set of flags has its own objects, so that switching costs no rebuild.
BUILD := build/$(CC)$(if $(SAN),-san)$(if $(OFFLINE),-offline)

CFLAGS ?= -O2 -g
WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes
ALL_CPPFLAGS := -I. -I$(BUILD) -D_GNU_SOURCE -DHS_VERSION='"$(VERSION)"' $(if $(OFFLINE),,-DHS_WITH_RECORDING) $(CPPFLAGS)
ALL_CFLAGS := -std=gnu11 $(WARNINGS) $(CFLAGS) $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=undefined) -MMD -MP
ALL_LDFLAGS := $(if $(SAN),-fsanitize=$(SAN)) $(LDFLAGS)
# replay/ and analysis/ need libc alone; zstd, zlib and jansson are traces', jansson and inih cli's.
LIBS := -lzstd -ljansson -lz -linih -lm
RECORDING_LIBS := -lbpf -lelf -lz

sources_in = $(sort $(foreach folder,$(1),$(wildcard $(folder)/*.c)))
CORE_SOURCES := $(call sources_in,lib traces replay replay/address_space replay/collapse replay/block replay/svm replay/notifier analysis plots)
RECORDING_SOURCES := $(if $(OFFLINE),,$(call sources_in,collectors))
# Same command line with and without recording; see cli/recording.h.
CLI_SOURCES := $(filter-out $(if $(OFFLINE),cli/record_%.c cli/doctor_%.c,cli/without_recording.c),$(call sources_in,cli))
objects_of = $(patsubst %.c,$(BUILD)/%.o,$(1))

CORE_OBJECTS := $(call objects_of,$(CORE_SOURCES))
RECORDING_OBJECTS := $(call objects_of,$(RECORDING_SOURCES))
# Plot scripts and the report's style are compiled in as text, so that the binary needs no files beside it.
TEMPLATES := $(sort $(wildcard plots/*.gp plots/*.css))
CORE_OBJECTS += $(BUILD)/plots/templates.o
CLI_OBJECTS := $(call objects_of,$(CLI_SOURCES))
BINARY := $(BUILD)/hindsight
# What programs other than hindsight link with: they take what they use.
CORE := $(BUILD)/core.a
TOOL := $(BUILD)/tool.a
ALL_LIBS := $(if $(OFFLINE),,$(RECORDING_LIBS)) $(LIBS)

.PHONY: all hindsight
all: hindsight ## build ./hindsight

hindsight: $(BINARY)
	$(Q)ln -sfn $(BINARY) $@

$(BINARY): $(CLI_OBJECTS) $(RECORDING_OBJECTS) $(CORE_OBJECTS)
	@echo "  LD    $@"
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(ALL_LIBS)

$(CORE): $(CORE_OBJECTS)
$(TOOL): $(filter-out $(BUILD)/cli/main.o,$(CLI_OBJECTS)) $(RECORDING_OBJECTS)
$(CORE) $(TOOL):
	@echo "  AR    $@"
	$(Q)rm -f $@ && ar rcsT $@ $^

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -c -o $@ $<

$(BUILD)/plots/templates.c: $(TEMPLATES) Makefile
	@mkdir -p $(@D)
	@echo "  GEN   $@"
	$(Q){ echo '#include "plots/templates.h"'; echo 'const struct hs_template hs_templates[] = {'; \
	for file in $(TEMPLATES); do echo "{ \"$${file##*/}\","; \
		sed 's/\\/\\\\/g; s/"/\\"/g; s/^/"/; s/$$/\\n"/' $$file; echo '},'; done; \
	echo '{ 0, 0 } };'; } >$@

$(BUILD)/plots/templates.o: $(BUILD)/plots/templates.c
	@echo "  CC    $<"
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -c -o $@ $<

# --- probes -----------------------------------------------------------------------------------------
# Each source's programs are one object; linked into one, and turned into a header that holds it.
BPF_ARCH := $(patsubst x86_64,x86,$(shell uname -m))
BPF_CFLAGS := -target bpf -mcpu=v3 -D__TARGET_ARCH_$(BPF_ARCH) -O2 -g -Wall -Wextra -Wno-unused-parameter -I.
# The one that defines the shared maps comes first: libbpf's linker wants definitions before their users.
BPF_OBJECTS := $(patsubst %.bpf.c,$(BUILD)/%.bpf.o,bpf/maps.bpf.c $(filter-out bpf/maps.bpf.c,$(sort $(wildcard bpf/*.bpf.c))))
PROBES := $(BUILD)/bpf/hs_probes

$(BUILD)/bpf/%.bpf.o: bpf/%.bpf.c
	@mkdir -p $(@D)
	@echo "  BPF   $<"
	$(Q)$(CLANG) $(BPF_CFLAGS) -MMD -MP -c -o $@ $<

$(PROBES).o: $(BPF_OBJECTS)
	@echo "  LINK  $@"
	$(Q)$(BPFTOOL) gen object $@ $^

$(PROBES).skel.h: $(PROBES).o
	@echo "  GEN   $@"
	$(Q)$(BPFTOOL) gen skeleton $< name hs_probes_bpf > $@

$(RECORDING_OBJECTS): $(if $(OFFLINE),,$(PROBES).skel.h)

# --- examples ---------------------------------------------------------------------------------------
EXAMPLES := $(patsubst %.c,$(BUILD)/%,$(wildcard examples/*.c))
all: $(EXAMPLES)
$(BUILD)/examples/%: $(BUILD)/examples/%.o
	@echo "  LD    $@"
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^

.PHONY: demo
demo: deps ## record a workload here, replay it, write demo/report/index.html
	$(Q)$(MAKE) --no-print-directory all $(BUILD)/examples/thp_workload
	$(Q)examples/demo ./hindsight $(BUILD)/examples/thp_workload demo

# --- what is installed -----------------------------------------------------------------------------
# Man pages and completion are made by the binary from its own command tables.
MAN_SOURCES := $(wildcard docs/man/*.in)
$(BUILD)/man/hindsight.1: $(BINARY) $(MAN_SOURCES) docs/man/make_man
	@echo "  MAN   $(@D)"
	$(Q)rm -rf $(@D)
	$(Q)docs/man/make_man $(BINARY) $(@D)

$(BUILD)/completion.bash: $(BINARY)
	$(Q)$(BINARY) completion bash > $@

CORPUS := $(wildcard traces/corpus/*.hst traces/corpus/*.md traces/corpus/*.ini)
.PHONY: man install
man: $(BUILD)/man/hindsight.1 ## man pages, below build/

install: $(BINARY) $(BUILD)/man/hindsight.1 $(BUILD)/completion.bash ## DESTDIR= PREFIX=/usr/local
	install -D -m 755 $(BINARY) $(DESTDIR)$(PREFIX)/bin/hindsight
	install -d $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/hindsight/corpus
	install -m 644 $(BUILD)/man/*.1 $(DESTDIR)$(PREFIX)/share/man/man1
	install -D -m 644 $(BUILD)/completion.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/hindsight
	$(if $(CORPUS),install -m 644 $(CORPUS) $(DESTDIR)$(PREFIX)/share/hindsight/corpus)

# --- tests -----------------------------------------------------------------------------------------
# A unit test is tests/unit/test_NAME.c (cmocka), linked with everything but cli's main.
UNIT_SOURCES := $(wildcard tests/unit/test_*.c)
UNIT_BINARIES := $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(UNIT_SOURCES))
$(BUILD)/tests/%: $(BUILD)/tests/unit/%.o $(TOOL) $(CORE)
	@mkdir -p $(@D)
	@echo "  LD    $@"
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ -lcmocka $(ALL_LIBS)

# A golden runner is tests/golden/golden_MODEL.c; helpers of one are golden_MODEL_*.c beside it.
GOLDEN_MODELS := $(filter $(patsubst tests/golden/golden_%.c,%,$(wildcard tests/golden/golden_*.c)),block collapse_v2010 svm)
GOLDEN_BINARIES := $(patsubst %,$(BUILD)/golden/golden_%,$(GOLDEN_MODELS))
.PHONY: golden
golden: $(GOLDEN_BINARIES)
define golden_rule
$(BUILD)/golden/golden_$(1): $(call objects_of,$(wildcard tests/golden/golden_$(1).c tests/golden/golden_$(1)_*.c) tests/golden/golden.c) $(CORE)
	@mkdir -p $$(@D)
	@echo "  LD    $$@"
	$(Q)$(CC) $(ALL_LDFLAGS) -o $$@ $$^ $(LIBS)
endef
$(foreach model,$(GOLDEN_MODELS),$(eval $(call golden_rule,$(model))))

# Programs with a known number of events, for the live and guest tests; static, so that any guest runs them.
WORKLOADS := $(patsubst tests/workloads/%.c,build/workloads/%,$(wildcard tests/workloads/*.c))
build/workloads/%: tests/workloads/%.c $(wildcard tests/workloads/*.h)
	@mkdir -p $(@D)
	@echo "  CC    $@"
	$(Q)$(CC) -I. -std=gnu11 -Wall -Wextra -O2 -static -o $@ $<
.PHONY: workloads
workloads: $(WORKLOADS)

# The running kernel as referee of the address_space model: random sequences, see tests/property/mm_property.c.
.PHONY: property
property: $(BUILD)/tests/mm_property ## build the property test (build/…/tests/mm_property)
PROPERTY_BINARY := $(BUILD)/tests/mm_property
$(PROPERTY_BINARY): $(call objects_of,$(sort $(wildcard tests/property/*.c))) $(CORE)
	@mkdir -p $(@D)
	@echo "  LD    $@"
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

# Fuzz programs, tests/fuzz/fuzz_NAME.c: without arguments they mutate for FUZZ_SECONDS, as part of the check.
FUZZ_BINARIES := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
$(BUILD)/fuzz/%: $(BUILD)/tests/fuzz/%.o $(CORE)
	@mkdir -p $(@D)
	@echo "  LD    $@"
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

# Benchmarks are scripts, tests/bench/NAME.bench; programs they need are made from tests/bench/*.c.
# tests/bench/*.bpf.c are peers' probes; each is in the program of its name.
BENCH_PROBES := $(if $(OFFLINE),,$(patsubst tests/bench/%.bpf.c,%,$(wildcard tests/bench/*.bpf.c)))
BENCH_BINARIES := $(addprefix $(BUILD)/bench/,$(BENCH_PROBES) $(patsubst tests/bench/%.c,%,\
	$(filter-out $(wildcard tests/bench/*.bpf.c) $(patsubst %.bpf.c,%.c,$(wildcard tests/bench/*.bpf.c)),\
	$(wildcard tests/bench/*.c))))
$(BUILD)/bench/%.skel.h: tests/bench/%.bpf.c
	@mkdir -p $(@D)
	@echo "  BPF   $<"
	$(Q)$(CLANG) $(BPF_CFLAGS) -MMD -MP -c -o $(@:.skel.h=.bpf.o) $<
	$(Q)$(BPFTOOL) gen skeleton $(@:.skel.h=.bpf.o) name $*_bpf > $@
$(patsubst %,$(BUILD)/tests/bench/%.o,$(BENCH_PROBES)): $(BUILD)/tests/bench/%.o: $(BUILD)/bench/%.skel.h
$(BUILD)/tests/bench/%.o: ALL_CPPFLAGS += -I$(BUILD)/bench
$(BUILD)/bench/%: $(BUILD)/tests/bench/%.o $(CORE)
	@mkdir -p $(@D)
	@echo "  LD    $@"
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o %.a,$^) $(ALL_LIBS)
.PHONY: bench
bench: all $(BENCH_BINARIES) ## measure, and write tests/bench/results.csv (as root, minutes)
	$(Q)HINDSIGHT=$(CURDIR)/$(BINARY) BUILD=$(CURDIR)/$(BUILD) tests/bench/run $(BENCH)

# What the live tests record.
LIVE_PROGRAMS := $(patsubst %.c,$(BUILD)/tests/live/%,$(notdir $(wildcard tests/live/*.c)))
$(BUILD)/tests/live/%: tests/live/%.c
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) -D_GNU_SOURCE -std=gnu11 $(WARNINGS) $(CFLAGS) -o $@ $<

# Other test programs are scripts (tests/FOLDER/*.test, any language): exit 0 passed, 77 skipped (last
# line: why), else failed. They find the binary in $HINDSIGHT.
TEST_SAN := address,undefined
run_tests = HINDSIGHT=$(CURDIR)/$(BUILD)/hindsight BUILD=$(CURDIR)/$(BUILD) python3 tests/run

.PHONY: check check-unit check-all-inner
check-unit: ## unit tests with sanitizers, in seconds
	$(Q)$(MAKE) --no-print-directory SAN=$(TEST_SAN) check-unit-inner
.PHONY: check-unit-inner
check-unit-inner: $(UNIT_BINARIES)
	$(Q)$(run_tests) $(UNIT_BINARIES)

check: deps ## build and run all tests (installs what is missing)
	$(Q)$(MAKE) --no-print-directory all workloads property
	$(Q)$(MAKE) --no-print-directory SAN=$(TEST_SAN) check-all-inner
check-all-inner: $(LIVE_PROGRAMS) $(UNIT_BINARIES) $(FUZZ_BINARIES) $(GOLDEN_BINARIES) $(PROPERTY_BINARY) $(BINARY)
	$(Q)$(run_tests) $(UNIT_BINARIES) $(FUZZ_BINARIES) $(sort $(wildcard tests/*/*.test))

.PHONY: check-live
check-live: all $(LIVE_PROGRAMS) ## tests that record on this host
	$(Q)$(run_tests) $(sort $(wildcard tests/live/*.test))

.PHONY: check-guest guest-shell
check-guest: deps all workloads property ## tests in guests (Debian 6.1 and 6.12 under QEMU)
	$(Q)$(run_tests) $(sort $(wildcard tests/guest/*.test))

# Tests whose length is a matter of patience: SEQUENCES of the property test here, seconds of it in each guest.
.PHONY: soak
soak: SEQUENCES ?= 50000
soak: PROPERTY_SECONDS ?= 600
soak: all workloads property ## the random tests for hours: SEQUENCES=50000 PROPERTY_SECONDS=600 SEED=
	$(Q)$(MAKE) --no-print-directory SAN=$(TEST_SAN) property
	$(Q)HINDSIGHT=$(CURDIR)/$(BUILD)/hindsight BUILD=$(CURDIR)/$(BUILD)-san TEST_SECONDS=36000 SEED=$(or $(SEED),$(shell date +%s)) \
		SEQUENCES=$(SEQUENCES) PROPERTY_SECONDS=$(PROPERTY_SECONDS) python3 tests/run \
		tests/property/address_space.test tests/guest/property.test

.PHONY: limits
limits: all workloads ## docs/limits.md: which rung works on which kernel and what it costs, from runs in guests
	$(Q)python3 tests/guest/doctor.test --update
	$(Q)python3 tests/guest/svm.test --update
	$(Q)python3 tests/guest/costs --update
	$(Q)tests/guest/limits

KERNEL ?= 6.12
guest-shell: all ## a shell in a test guest: make guest-shell KERNEL=6.1
	$(Q)HINDSIGHT=$(BINARY) tests/guest/shell $(KERNEL)

.PHONY: deps
deps: ## install missing Debian packages (as root)
	$(Q)tests/install_packages packages.txt

.PHONY: clean help
clean: ## remove what was built
	$(Q)rm -rf build hindsight

help: ## this list
	$(Q)awk -F':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
