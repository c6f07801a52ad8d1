# stickydns: sticky DNS resolution for unmodified programs
#
#   make            build/libstickydns.so, build/pinctl, build/pinkeeper and, where clang, bpftool and libbpf are, build/pinwatch
#   make demo       install what is missing, build, and show the main job on real SIP programs
#   make test       install what is missing, build, run every test
#   make check      build and run every test; what is needed must be there (CI runs this after deps)
#   make bench      cost of each part beside the bare call: in time, and counted in instructions
#   make matrix     never worse than bare: faults, transports, patience and herds, with and without the shim (root)
#   make asan       unit and stress tests under AddressSanitizer and UBSan
#   make tsan       those of them that have threads under ThreadSanitizer
#   make coverage   lines of policy/ and shim/ that the tests run, by file (gcov); with TESTS, of end-to-end files only those
#   make arm64      unit and stress tests, built for ARM and run by qemu-user
#   make fuzz       each fuzz target for FUZZ_SECONDS (60) under libFuzzer (clang), one after the other
#   make deps       install Debian packages (root or sudo)
#   make install    PREFIX=/usr/local DESTDIR=
#   make uninstall
#   make dist       build/stickydns-VERSION.tar.xz of what is committed, always the same bytes
#   make deb        Debian packages, in build/deb; for another machine with ARCH=arm64
#   make deb-check  builds and tries them in fresh Debian systems: all of it, in several minutes (root)
#   make clean
#   make help       this text
#
# Variables: CC, CLANG, BPFTOOL, CFLAGS, LDFLAGS, PREFIX, DESTDIR, PKG_CONFIG, V=1 (show commands),
# EMULATOR (what runs a program that was built, as qemu-aarch64),
# STRICT= (empty: warnings are no errors, for packagers), TESTS (bats files to run), B (where to build),
# ARCH (of Debian packages), OBJECTS (a directory B of another build: make deb links what was compiled there).

# The one place that has the version is the first line of debian/changelog: "stickydns (1.0) unstable; urgency=medium".
VERSION := $(patsubst (%),%,$(word 2,$(file <debian/changelog)))
$(if $(VERSION),,$(error debian/changelog has no version))
PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
SBINDIR ?= $(PREFIX)/sbin
UNITDIR ?= $(PREFIX)/lib/systemd/system
LIBDIR ?= $(PREFIX)/lib
KEEPDIR ?= $(LIBDIR)/stickydns
MANDIR ?= $(PREFIX)/share/man
COMPDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHDIR ?= $(PREFIX)/share/zsh/site-functions
SYSUSERSDIR ?= $(PREFIX)/lib/sysusers.d
TMPFILESDIR ?= $(PREFIX)/lib/tmpfiles.d
DATADIR ?= $(PREFIX)/share/stickydns
DOCDIR ?= $(PREFIX)/share/doc/stickydns
PKG_CONFIG ?= pkg-config
CFLAGS ?= -O2 -g
STRICT ?= -Werror
FUZZ_SECONDS ?= 60
TEST_FUZZ_SECONDS ?= 5
B ?= build
CLANG ?= clang
BPFTOOL ?= bpftool

ifneq ($(V),1)
Q = @
say = @printf '  %-5s %s\n'
else
say = @true
endif

WARNINGS = -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes \
	-Wpointer-arith -Wcast-align -Wundef -Wwrite-strings $(STRICT)
BASE = -std=gnu11 -D_GNU_SOURCE -iquote . $(WARNINGS) -MMD -MP
HARDEN = -fstack-protector-strong -D_FORTIFY_SOURCE=2

POLICY_OBJ = $(patsubst %.c,$(B)/%.o,$(wildcard policy/*/*.c))
SHIM_OBJ = $(patsubst %.c,$(B)/%.o,$(wildcard shim/*/*.c))
COMMON_OBJ = $(patsubst %.c,$(B)/%.o,$(wildcard tools/common/*.c))
PINCTL_OBJ = $(patsubst %.c,$(B)/%.o,$(wildcard tools/pinctl/*.c))
KEEPER_OBJ = $(patsubst %.c,$(B)/%.o,$(wildcard tools/pinkeeper/*.c))
UNIT = $(patsubst tests/unit/%.c,$(B)/tests/unit/%,$(wildcard tests/unit/*.c))
STRESS = $(patsubst tests/stress/%.c,$(B)/tests/stress/%,$(wildcard tests/stress/*.c))
BENCH = $(patsubst tests/bench/%.c,$(B)/tests/bench/%,$(filter-out tests/bench/lib%,$(wildcard tests/bench/*.c)))
BENCH_LIBS = $(patsubst tests/bench/lib%.c,$(B)/tests/bench/lib%.so,$(wildcard tests/bench/lib*.c))
CLIENTS = $(patsubst tests/clients/%.c,$(B)/tests/clients/%,$(filter-out tests/clients/lib%,$(wildcard tests/clients/*.c)))
CLIENT_LIBS = $(patsubst tests/clients/lib%.c,$(B)/tests/clients/lib%.so,$(wildcard tests/clients/lib*.c))
FUZZ = $(patsubst tests/fuzz/%.c,$(B)/tests/fuzz/%,$(wildcard tests/fuzz/*.c))
TEST_PARTS = $(UNIT) $(STRESS) $(FUZZ) $(B)/tests/servers/counted $(CLIENTS) $(B)/tests/clients/phone_tls $(CLIENT_LIBS)

SCRIPTS = lookups.bt failures.bt latency.bt
# Pages and units name what is installed by its place under the default PREFIX: these put in its real one.
real_places = sed 's|/usr/local/sbin|$(SBINDIR)|g; s|/usr/local/bin|$(BINDIR)|g; s|/usr/local/share/stickydns|$(DATADIR)|g; s|/usr/local/lib/stickydns|$(KEEPDIR)|g; s|/usr/local/lib/lib|$(LIBDIR)/lib|g'
unit_for = $(real_places) tools/systemd/$(1) >$(DESTDIR)$(UNITDIR)/$(1) && chmod 644 $(DESTDIR)$(UNITDIR)/$(1)
# What follows the last dot of a page's name is its section.
page_place = $(DESTDIR)$(MANDIR)/man$(patsubst .%,%,$(suffix $(1)))/$(1)
page_for = $(real_places) tools/man/$(1) >$(page_place) && chmod 644 $(page_place)

BUILD_PACKAGES = gcc make pkg-config libc6-dev libc-ares-dev libjansson-dev libconfuse-dev \
	libuv1-dev libmicrohttpd-dev libncurses-dev systemtap-sdt-dev clang bpftool libbpf-dev
DEB_PACKAGES = debhelper dpkg-dev lintian xz-utils
DEB_CHECK_PACKAGES = mmdebstrap piuparts systemd-container git
ARM64_PACKAGES = gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user
TEST_PACKAGES = bats parallel dnsmasq-base sip-tester sipsak kamailio baresip linphone-cli linphone-common curl jq openssl \
	python3 python3-jsonschema iproute2 netbase nftables util-linux bsdutils procps strace valgrind binutils libcap2-bin bpftrace unbound \
	bind9-dnsutils groff-base golang-go libssl-dev nodejs chrony faketime nscd spin tmux zsh git systemd prometheus $(DEB_PACKAGES)

# pinwatch needs more than the rest; without that everything else is built, and one line says what is missing.
PINWATCH_MISSING := $(strip $(shell for p in $(CLANG) $(BPFTOOL); do command -v $$p >/dev/null || echo $$p; done; \
	$(PKG_CONFIG) --exists libbpf 2>/dev/null || echo libbpf))

.PHONY: dist deb deb-check check-units coverage coverage-programs arm64 arm64-programs all pinwatch-missing demo test check check-parts bench matrix fuzz asan tsan deps install install-core install-pinwatch uninstall clean help test-parts programs threaded fuzz-parts asan-programs tsan-programs fuzzers bench-parts libs

all: $(B)/libstickydns.so $(B)/pinctl $(B)/pinkeeper $(SCRIPTS:%=$(B)/%) $(if $(PINWATCH_MISSING),pinwatch-missing,$(B)/pinwatch)

help:
	@sed -n '/^#   make/s/^#   //p' Makefile

# ---- what is built ----

$(B)/libpolicy.a: $(POLICY_OBJ)
	$(say) AR $@
	$(Q)rm -f $@ && $(AR) rcs $@ $^

# What the shim exports: the symbols that are hooked, and nothing else.
$(B)/libstickydns.map: shim/core/symbols.h
	@mkdir -p $(@D)
	$(say) CPP $@
	$(Q)printf '%s\n' '#include "shim/core/symbols.h"' '#define NAME(name, type, args) name;' \
		'#define OLD_NAME(name, type, args) __##name;' \
		'{ global: REAL_SYMBOLS(NAME) RESOLVER_SYMBOLS(OLD_NAME) local: *; };' | $(CC) -E -P -iquote . -o $@ -x c -

$(B)/libstickydns.so: $(SHIM_OBJ) $(B)/libpolicy.a $(B)/libstickydns.map
	$(say) LD $@
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -shared -Wl,--version-script=$(B)/libstickydns.map -Wl,-z,defs,-z,now,-z,relro,-z,nodelete \
		-Wl,-soname,libstickydns.so -o $@ $(SHIM_OBJ) $(B)/libpolicy.a

# What the tools share: each is linked with as much of it as it uses, and with the libraries of that.
$(B)/libcommon.a: $(COMMON_OBJ)
	$(say) AR $@
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(B)/pinctl: $(PINCTL_OBJ) $(B)/libcommon.a $(B)/libpolicy.a
	$(say) LD $@
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -Wl,--as-needed -o $@ $(PINCTL_OBJ) $(B)/libcommon.a $(B)/libpolicy.a $(TOOL_LIBS) \
		$(PINCTL_LIBS) -lresolv

$(B)/pinkeeper: $(KEEPER_OBJ) $(B)/libcommon.a $(B)/libpolicy.a
	$(say) LD $@
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -pthread -Wl,--as-needed -o $@ $(KEEPER_OBJ) $(B)/libcommon.a $(B)/libpolicy.a \
		$(TOOL_LIBS) $(KEEPER_LIBS) -lresolv

# -fPIC -fvisibility=hidden for both: policy is linked into the shim. The shim is not
# fortified: __*_chk of its own calls would be one more thing between it and libc.
$(B)/policy/%.o: policy/%.c
	@mkdir -p $(@D)
	$(say) CC $<
	$(Q)$(CC) $(BASE) $(CFLAGS) -fPIC -fvisibility=hidden -c -o $@ $<

$(B)/shim/%.o: shim/%.c
	@mkdir -p $(@D)
	$(say) CC $<
	$(Q)$(CC) $(BASE) $(CFLAGS) -fPIC -fvisibility=hidden -fstack-protector-strong -c -o $@ $<

# The tools' libraries are looked for once, and only when a tool is built.
TOOL_CFLAGS = $(eval TOOL_CFLAGS := $$(shell $(PKG_CONFIG) --cflags libcares jansson libconfuse libuv 2>/dev/null))$(TOOL_CFLAGS)
TOOL_LIBS = $(eval TOOL_LIBS := $$(shell $(PKG_CONFIG) --libs libcares jansson libconfuse libuv 2>/dev/null))$(TOOL_LIBS)

PINCTL_LIBS = $(shell $(PKG_CONFIG) --libs ncursesw 2>/dev/null)
KEEPER_LIBS = $(shell $(PKG_CONFIG) --libs libmicrohttpd 2>/dev/null)

libs:
	@for l in libcares jansson libconfuse libuv libmicrohttpd ncursesw; do \
		$(PKG_CONFIG) --exists $$l || { echo "$$l is missing: make deps (as root) installs it" >&2; exit 1; }; done

$(B)/tools/%.o: tools/%.c | libs
	@mkdir -p $(@D)
	$(say) CC $<
	$(Q)$(CC) $(BASE) $(HARDEN) $(CFLAGS) $(TOOL_CFLAGS) $(WITH) -c -o $@ $<

# These are told the version, where the library is, and where old layouts' pinctl are: compiled anew when that changes.
TOLD = $(VERSION) $(LIBDIR) $(KEEPDIR)
TOLD_OBJ = $(addprefix $(B)/tools/,common/cmd.o pinctl/reach.o pinctl/cmd-init.o)
$(TOLD_OBJ): WITH = -DVERSION='"$(VERSION)"' -DLIBDIR='"$(LIBDIR)"' -DKEEPDIR='"$(KEEPDIR)"'
$(TOLD_OBJ): $(B)/told
ifneq ($(file <$(B)/told),$(TOLD))
.PHONY: $(B)/told
endif
$(B)/told:
	@mkdir -p $(@D)
	@echo '$(TOLD)' >$@

# bpftrace scripts name the library by its path: the default one as they are, in build/ that of this build.
script_for = sed 's,/usr/local/lib/libstickydns,$(1)/libstickydns,' tools/pinwatch/$(notdir $(2)) >$(2) && chmod 755 $(2)

$(B)/%.bt: tools/pinwatch/%.bt
	$(say) SED $@
	$(Q)$(call script_for,$(abspath $(B)),$@)

# ---- pinwatch ----

PINWATCH_OBJ = $(patsubst %.c,$(B)/%.o,$(filter-out %.bpf.c,$(wildcard tools/pinwatch/*.c)))
PINWATCH_BPF = $(patsubst tools/%.bpf.c,$(B)/tools/%.skel.h,$(wildcard tools/pinwatch/*.bpf.c))
BPF_INCLUDE = -I/usr/include/$(shell $(CC) -print-multiarch 2>/dev/null)
# How the caller's registers are named (regs.bpf.h); others than this one are not read.
BPF_ARCH = $(if $(filter x86_64-%,$(shell $(CC) -dumpmachine 2>/dev/null)),-D__TARGET_ARCH_x86)

pinwatch-missing:
	@echo "pinwatch is not built: missing: $(PINWATCH_MISSING) (make deps, as root, installs it)" >&2

# Programs for the kernel: CO-RE, so without its headers. What they are linked into is a header with their bytes.
$(PINWATCH_BPF:.skel.h=.bpf.o): $(B)/tools/%.bpf.o: tools/%.bpf.c
	@mkdir -p $(@D)
	$(say) BPF $<
	$(Q)$(CLANG) -target bpf -mcpu=v3 -O2 -g -ffile-prefix-map=$(CURDIR)=. -Wall -Wextra -Wno-unused-parameter $(STRICT) $(BPF_ARCH) -iquote . $(BPF_INCLUDE) -MMD -MP -c -o $@ $<

$(PINWATCH_BPF): $(B)/tools/%.skel.h: $(B)/tools/%.bpf.o
	$(say) SKEL $@
	$(Q)$(BPFTOOL) gen skeleton $< name $(notdir $*)_bpf >$@.new && mv $@.new $@

$(PINWATCH_OBJ): $(B)/tools/pinwatch/%.o: tools/pinwatch/%.c | libs
	@mkdir -p $(@D)
	$(say) CC $<
	$(Q)$(CC) $(BASE) -isystem $(@D) $(HARDEN) $(CFLAGS) $(TOOL_CFLAGS) -pthread -c -o $@ $<

$(patsubst %,$(B)/tools/pinwatch/%.o,connects datagrams probes steer): $(PINWATCH_BPF)

$(B)/pinwatch: $(PINWATCH_OBJ) $(B)/libcommon.a $(B)/libpolicy.a
	$(say) LD $@
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -pthread -Wl,--as-needed -o $@ $(PINWATCH_OBJ) $(B)/libcommon.a $(B)/libpolicy.a \
		$(TOOL_LIBS) $(shell $(PKG_CONFIG) --libs libbpf)

# ---- test programs ----

# The shim without its hooks: what a unit test calls of it is linked, and what that needs.
$(B)/libshim.a: $(filter-out $(B)/shim/hooks/%,$(SHIM_OBJ))
	$(say) AR $@
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(B)/tests/unit/%: tests/unit/%.c $(B)/libshim.a $(B)/libpolicy.a
	@mkdir -p $(@D)
	$(say) TEST $<
	$(Q)$(CC) $(BASE) $(CFLAGS) $(LDFLAGS) -o $@ $< $(filter %.o,$^) $(B)/libshim.a $(B)/libpolicy.a

$(B)/tests/unit/probes: $(B)/tools/pinkeeper/probe-set.o
$(B)/tests/unit/watch: $(B)/tools/pinwatch/finding.o $(B)/tools/pinwatch/icmp.o
$(B)/tests/unit/followed: $(patsubst %,$(B)/tools/%.o,pinkeeper/followed pinkeeper/schedule common/hosts common/file-stamp)
$(B)/tests/unit/schedule: $(B)/tools/pinkeeper/schedule.o $(B)/tools/pinkeeper/pace.o
$(B)/tests/unit/census $(B)/tests/unit/exposition: $(B)/tests/unit/%: $(B)/tools/pinkeeper/%.o
$(B)/tests/unit/when: $(B)/tools/pinctl/when.o
$(B)/tests/unit/entry: $(B)/tools/pinkeeper/entry.o $(B)/tools/pinkeeper/backlog.o

# Built plainly a fuzz target replays its corpus.
$(B)/tests/fuzz/%: tests/fuzz/%.c $(B)/libpolicy.a
	@mkdir -p $(@D)
	$(say) TEST $<
	$(Q)$(CC) $(BASE) $(CFLAGS) $(LDFLAGS) -o $@ $< $(filter %.o,$^) $(B)/libpolicy.a -lresolv

$(B)/tests/fuzz/settings: $(B)/tools/common/conf-text.o
$(B)/tests/fuzz/replysrv: $(B)/tools/common/reply.o

$(B)/tests/stress/%: tests/stress/%.c $(B)/libpolicy.a
	@mkdir -p $(@D)
	$(say) TEST $<
	$(Q)$(CC) $(BASE) $(CFLAGS) $(LDFLAGS) -pthread -o $@ $< $(B)/libpolicy.a

$(B)/tests/bench/lib%.so: tests/bench/lib%.c
	@mkdir -p $(@D)
	$(say) BENCH $<
	$(Q)$(CC) $(BASE) $(CFLAGS) $(LDFLAGS) -shared -fPIC -o $@ $<

$(B)/tests/bench/%: tests/bench/%.c $(B)/libpolicy.a
	@mkdir -p $(@D)
	$(say) BENCH $<
	$(Q)$(CC) $(BASE) $(CFLAGS) $(LDFLAGS) -o $@ $< $(filter %.o,$^) $(B)/libpolicy.a -ldl

$(B)/tests/bench/probe: $(B)/shim/core/probes.o

$(B)/tests/clients/lib%.so: tests/clients/lib%.c
	@mkdir -p $(@D)
	$(say) TEST $<
	$(Q)$(CC) $(BASE) -Wno-missing-prototypes $(CFLAGS) $(LDFLAGS) -shared -fPIC -o $@ $<

# As phone, and over TLS.
$(B)/tests/clients/phone_tls: tests/clients/phone.c
	@mkdir -p $(@D)
	$(say) TEST "$< (TLS)"
	$(Q)$(CC) $(BASE) -DTLS $(CFLAGS) $(LDFLAGS) -o $@ $< -lssl

# It writes into the table itself.
$(B)/tests/clients/journal: tests/clients/journal.c $(B)/libpolicy.a
	@mkdir -p $(@D)
	$(say) TEST $<
	$(Q)$(CC) $(BASE) $(CFLAGS) $(LDFLAGS) -o $@ $< $(B)/libpolicy.a

# No preload reaches these.
$(B)/tests/clients/reach $(B)/tests/clients/steered: LDFLAGS += -static

$(B)/tests/servers/%: tests/servers/%.c
	@mkdir -p $(@D)
	$(say) TEST $<
	$(Q)$(CC) $(BASE) $(CFLAGS) $(LDFLAGS) -pthread -o $@ $<

$(B)/tests/clients/%: tests/clients/%.c
	@mkdir -p $(@D)
	$(say) TEST $<
	$(Q)$(CC) $(BASE) $(CFLAGS) $(LDFLAGS) -pthread -o $@ $< -ldl -Wl,--as-needed -lresolv

test-parts: $(TEST_PARTS)
# What steps through instructions takes for ever with a sanitizer between them.
programs: $(UNIT) $(filter-out %/stopped,$(STRESS))
# ThreadSanitizer sees the threads of one process; the other programs have processes.
threaded: $(B)/tests/stress/threads $(B)/tests/unit/sip-transactions
bench-parts: $(BENCH) $(BENCH_LIBS)

# ---- front door ----

# These build on all CPUs, unless make was told on how many.
PARALLEL = $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))

demo: deps
	$(Q)$(MAKE) --no-print-directory $(PARALLEL) all
	$(Q)BUILD=$(abspath $(B)) tests/demo.sh

test: deps
	$(Q)$(MAKE) --no-print-directory $(PARALLEL) check-parts
	$(Q)$(MAKE) --no-print-directory check

# With names of test files only those run, no fuzzer, and nothing under sanitizers.
check-parts: all test-parts bench-parts $(if $(TESTS),,fuzzers asan-programs tsan-programs)

check: check-parts
	$(Q)BUILD=$(abspath $(B)) FUZZ_SECONDS=$(TEST_FUZZ_SECONDS) tests/run.sh $(TESTS)

bench: all bench-parts
	$(Q)BUILD=$(abspath $(B)) tests/bench/run.sh
	$(Q)! command -v valgrind >/dev/null || BUILD=$(abspath $(B)) tests/bench/run.sh --counts
	@echo "How the shim fares beside the bare programs when a server has a fault: make matrix"

# All cells; tests/matrix.sh --help tells how to choose some.
matrix: all test-parts
	$(Q)BUILD=$(abspath $(B)) tests/matrix.sh

# $(call other_build,DIR,CC,CFLAGS,LDFLAGS) TARGET
other_build = +$(Q)$(MAKE) --no-print-directory $(PARALLEL) B=$(B)/$(1) CC=$(2) CFLAGS="-O1 -g -fno-omit-frame-pointer $(3)" LDFLAGS="$(4)"
ASAN = -fsanitize=address,undefined -fno-sanitize-recover=all
TSAN = -fsanitize=thread

asan-programs:
	$(call other_build,asan,$(CC),$(ASAN),$(ASAN)) programs

tsan-programs:
	$(call other_build,tsan,$(CC),$(TSAN),$(TSAN)) threaded

# A program that is killed, ends by _exit or may not write there (another user, a sandbox) leaves no counts: what only
# such programs run is told as not run. Each writes to the directory of the objects, one after the other (fcntl locks).
COVERAGE = $(abspath $(B)/coverage)
coverage-programs:
	$(call other_build,coverage,$(CC),--coverage -fprofile-update=atomic,--coverage) STRICT= all test-parts

coverage: coverage-programs
	$(Q)find $(COVERAGE) -name '*.gcda' -delete
	$(Q)export BUILD=$(COVERAGE) GCOV_ERROR_FILE=/dev/null; $(if $(TESTS),tests/run.sh --programs;) tests/run.sh $(TESTS); \
		tests/lib/coverage.py $(COVERAGE)

ARM64 = aarch64-linux-gnu
arm64-programs:
	@command -v $(ARM64)-gcc qemu-aarch64 >/dev/null || { echo "make arm64 needs $(ARM64_PACKAGES)" >&2; exit 1; }
	$(call other_build,arm64,$(ARM64)-gcc,,) programs
	@rm -f $(B)/arm64/tests/stress/hostile			# remaps memory as qemu-user does not

arm64: arm64-programs
	$(Q)BUILD=$(abspath $(B)/arm64) EMULATOR="qemu-aarch64 -L /usr/$(ARM64)" tests/run.sh --programs

asan tsan: %: %-programs
	$(Q)BUILD=$(abspath $(B)/$@) tests/run.sh --programs

FUZZ_CFLAGS = -DFUZZ -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
FUZZERS = $(FUZZ:$(B)/%=$(B)/fuzz/%)

fuzzers:
	$(call other_build,fuzz,$(CLANG),$(FUZZ_CFLAGS),-fsanitize=fuzzer) fuzz-parts

fuzz-parts: $(FUZZ)

fuzz: fuzzers
	$(Q)for fuzzer in $(FUZZERS); do \
		target=$${fuzzer##*/}; \
		mkdir -p $(B)/fuzz/corpus-$$target && \
		$$fuzzer -max_total_time=$(FUZZ_SECONDS) -print_final_stats=1 -artifact_prefix=$(B)/fuzz/ \
			$(B)/fuzz/corpus-$$target tests/fuzz/corpus/$$target || exit 1; done

# Asks apt only when something is missing, so that a second run needs no network.
deps:
	@missing=$$(dpkg-query -W -f '$${db:Status-Status} $${Package}\n' $(BUILD_PACKAGES) $(TEST_PACKAGES) 2>/dev/null | \
		sed -n 's/^installed //p' | sort -u > $(CURDIR)/.deps.tmp; \
		printf '%s\n' $(BUILD_PACKAGES) $(TEST_PACKAGES) | sort -u | comm -23 - $(CURDIR)/.deps.tmp; rm -f $(CURDIR)/.deps.tmp); \
	if [ -n "$$missing" ]; then \
		sudo=; [ "$$(id -u)" = 0 ] || sudo=sudo; \
		echo "installing:" $$missing; \
		log=$$(mktemp); \
		{ $$sudo apt-get update && \
		  $$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $$missing; } >$$log 2>&1 || \
			{ cat $$log >&2; rm -f $$log; exit 1; }; rm -f $$log; fi

install: install-core $(if $(PINWATCH_MISSING),,install-pinwatch)

install-core: all
	install -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(SBINDIR) $(DESTDIR)$(LIBDIR) $(DESTDIR)$(KEEPDIR) $(DESTDIR)$(MANDIR)/man1 $(DESTDIR)$(MANDIR)/man5 $(DESTDIR)$(MANDIR)/man7 \
		$(DESTDIR)$(MANDIR)/man8 $(DESTDIR)$(COMPDIR) $(DESTDIR)$(ZSHDIR) $(DESTDIR)$(DOCDIR) $(DESTDIR)$(DATADIR) $(DESTDIR)$(UNITDIR) \
		$(DESTDIR)$(SYSUSERSDIR) $(DESTDIR)$(TMPFILESDIR)
	install -m 755 $(B)/pinctl $(DESTDIR)$(BINDIR)/pinctl
	@# Stays behind an upgrade, for tables of this layout: pinctl init of the next one takes them over by it.
	layout=$$($(EMULATOR) $(B)/pinctl --version | sed 's/.*\.//') && \
		install -m 755 $(B)/pinctl $(DESTDIR)$(KEEPDIR)/pinctl.$$layout
	install -m 644 $(B)/libstickydns.so $(DESTDIR)$(LIBDIR)/libstickydns.so
	$(call page_for,pinctl.1)
	$(call page_for,stickydns.conf.5)
	$(call page_for,stickydns.7)
	$(call page_for,libstickydns.8)
	$(call unit_for,stickydns.service)
	install -m 755 $(B)/pinkeeper $(DESTDIR)$(SBINDIR)/pinkeeper
	$(call page_for,pinkeeper.8)
	$(call unit_for,pinkeeper.service)
	install -m 644 tools/systemd/stickydns.sysusers $(DESTDIR)$(SYSUSERSDIR)/stickydns.conf
	install -m 644 tools/systemd/stickydns.tmpfiles $(DESTDIR)$(TMPFILESDIR)/stickydns.conf
	@# bash looks for a file of the command's name. One file is for all tools.
	install -m 644 tools/completions/stickydns.bash $(DESTDIR)$(COMPDIR)/pinctl
	ln -sf pinctl $(DESTDIR)$(COMPDIR)/pinkeeper
	install -m 644 tools/completions/stickydns.zsh $(DESTDIR)$(ZSHDIR)/_stickydns
	set -e; for s in $(SCRIPTS); do $(call script_for,$(LIBDIR),$(DESTDIR)$(DATADIR)/$$s); done
	install -m 644 tools/schema/pinctl.schema.json tools/monitoring/stickydns-dashboard.json $(DESTDIR)$(DATADIR)
	$(real_places) tools/monitoring/stickydns.rules.yml >$(DESTDIR)$(DATADIR)/stickydns.rules.yml && chmod 644 $(DESTDIR)$(DATADIR)/stickydns.rules.yml
	install -m 644 README.md LICENSE $(DESTDIR)$(DOCDIR)
	$(EMULATOR) $(B)/pinctl check --defaults >$(DESTDIR)$(DOCDIR)/stickydns.conf && chmod 644 $(DESTDIR)$(DOCDIR)/stickydns.conf

install-pinwatch: all
	install -d $(DESTDIR)$(SBINDIR) $(DESTDIR)$(UNITDIR) $(DESTDIR)$(MANDIR)/man8 $(DESTDIR)$(COMPDIR)
	install -m 755 $(B)/pinwatch $(DESTDIR)$(SBINDIR)/pinwatch
	$(call page_for,pinwatch.8)
	ln -sf pinctl $(DESTDIR)$(COMPDIR)/pinwatch
	$(call unit_for,pinwatch.service)
	$(call unit_for,pinwatch-steer@.service)

uninstall:
	rm -f $(DESTDIR)$(BINDIR)/pinctl $(DESTDIR)$(LIBDIR)/libstickydns.so $(DESTDIR)$(SBINDIR)/pinkeeper $(DESTDIR)$(SBINDIR)/pinwatch \
		$(foreach page,pinctl.1 stickydns.conf.5 stickydns.7 libstickydns.8 pinkeeper.8 pinwatch.8,$(call page_place,$(page))) \
		$(foreach tool,pinctl pinkeeper pinwatch,$(DESTDIR)$(COMPDIR)/$(tool)) $(DESTDIR)$(ZSHDIR)/_stickydns \
		$(foreach unit,stickydns.service pinkeeper.service pinwatch.service pinwatch-steer@.service,$(DESTDIR)$(UNITDIR)/$(unit)) \
		$(DESTDIR)$(SYSUSERSDIR)/stickydns.conf $(DESTDIR)$(TMPFILESDIR)/stickydns.conf
	rm -rf $(DESTDIR)$(DOCDIR) $(DESTDIR)$(DATADIR) $(DESTDIR)$(KEEPDIR)

# ---- packages ----

DIST = $(B)/stickydns-$(VERSION).tar.xz

# Its bytes follow from the commit alone: its time is that of all files.
dist:
	@git rev-parse --verify --quiet HEAD >/dev/null 2>&1 || { echo "make dist: this is no clone of the repository" >&2; exit 1; }
	$(Q)mkdir -p $(B)
	$(Q)git diff --quiet HEAD || echo "make dist: changes that are not committed are left out" >&2
	$(Q)git -c tar.umask=022 archive --prefix=stickydns-$(VERSION)/ -o $(DIST:.xz=) HEAD && xz -f -T1 $(DIST:.xz=)
	@echo $(DIST)

# From a copy of this tree as it is, so that what dpkg leaves beside it comes into build/deb. No variable of this make
# reaches that one, but where the objects are.
CROSS_HINT = echo "For $(ARCH), make deb needs libraries of it, which a fresh system can have: dpkg --add-architecture $(ARCH);" \
	"apt-get update; apt-get install crossbuild-essential-$(ARCH); apt-get --host-architecture $(ARCH) -P cross build-dep ."
DEB_TREE = $(B)/deb/stickydns-$(VERSION)
deb:
	@for p in dh dpkg-buildpackage; do \
		command -v $$p >/dev/null || { echo "make deb needs $(DEB_PACKAGES)" >&2; exit 1; }; done
	$(Q)rm -rf $(B)/deb && mkdir -p $(DEB_TREE)
	$(Q)tar --exclude-vcs --exclude=./build --exclude=./$(B) -cf - . | tar -C $(DEB_TREE) -xf -
	$(Q)cd $(DEB_TREE) && env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL $(OBJECTS:%=B=$(abspath $(OBJECTS))) \
		dpkg-buildpackage --build=binary --unsigned-changes --jobs-try=auto $(ARCH:%=--host-arch=%) $(if $(filter 1,$(V)),,>../log 2>&1) || \
		{ [ ! -f ../log ] || tail -n 15 ../log >&2; $(if $(ARCH),$(CROSS_HINT) >&2;) exit 1; }
	@ls $(B)/deb/*.deb

deb-check:
	@for p in mmdebstrap piuparts systemd-nspawn git dh lintian; do \
		command -v $$p >/dev/null || { echo "make deb-check needs $(DEB_PACKAGES) $(DEB_CHECK_PACKAGES)" >&2; exit 1; }; done
	$(Q)tests/packages.sh $(abspath $(B))

# What the packages' build runs.
check-units: $(UNIT)
	$(Q)BUILD=$(abspath $(B)) tests/run.sh --programs

clean:
	rm -rf build

-include $(shell find $(B) -path $(B)/deb -prune -o -name '*.d' -type f -print 2>/dev/null)
