# avirato-console. Two commands for people: `make demo` and `make check`.
# GNU make; objects under $(BUILD). CC=clang works as well; SAN=1 adds ASan and UBSan; V=1 shows commands,
# COVERAGE=1 counts branches for gcov.

NAME    := avirato-console
comma   := ,
VERSION := 0.1.0
PREFIX  ?= /usr/local
DESTDIR ?=
BUILD   ?= build$(if $(SAN),-asan)
CC      := $(if $(filter default,$(origin CC)),gcc,$(CC))
JOBS    := $(shell nproc)
Q       := $(if $(V),,@)

PACKAGES := ncursesw libcurl libcjson sqlite3 libmicrohttpd libsodium libutf8proc libqrencode
ifeq ($(filter demo check safety security fuzz lint clean,$(MAKECMDGOALS))$(shell pkg-config --exists $(PACKAGES) && echo found),)
$(error Libraries are missing: assets/install-packages.sh build installs them)
endif
INCLUDES := $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null)
LIBS     := $(shell pkg-config --libs $(PACKAGES) 2>/dev/null) -linih -lpthread

probe = $(shell printf 'int main(void){return 0;}' | $(CC) -Werror $(1) -x c - -o /dev/null 2>/dev/null && echo '$(1)')

WARNINGS := -Wall -Wextra -Wformat=2 -Wconversion -Wimplicit-fallthrough -Wshadow -Wstrict-prototypes \
            -Wmissing-prototypes -Wpointer-arith -Wvla -Werror -Werror=format-security -Werror=implicit \
            -Werror=incompatible-pointer-types -Werror=int-conversion
# What this compiler takes of these: gcc 12 lacks the last two, clang 14 the middle three.
HARDEN    = $(foreach flag,-fstack-clash-protection -fcf-protection=full -mbranch-protection=standard \
              -ftrivial-auto-var-init=zero -Wtrampolines -Wbidi-chars=any \
              -fstrict-flex-arrays=3 -fzero-init-padding-bits=all,$(call probe,$(flag))) \
            -fstack-protector-strong -fPIE -fno-delete-null-pointer-checks -fno-strict-overflow \
            -fno-strict-aliasing
ifdef SAN
HARDEN   += -fsanitize=$(if $(FUZZER),fuzzer-no-link$(comma))address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -g -O1
else
HARDEN   += $(if $(COVERAGE),-O0 --coverage -Wno-error,-O2 -g -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
endif
FLAGS    := -std=c17 -D_GNU_SOURCE $(WARNINGS) $(HARDEN) -DVERSION='"$(VERSION)"' \
            -DLOCALEDIR='"$(PREFIX)/share/locale"' $(INCLUDES)
LINK     := $(if $(SAN),-fsanitize=address$(comma)undefined) $(if $(COVERAGE),--coverage $(filter-out 1,$(COVERAGE))) -pie \
            -Wl,-z,relro,-z,now,-z,noexecstack,-z,nodlopen,--as-needed

sources   = $(wildcard $(1)/*.c)
objects   = $(patsubst %.c,$(BUILD)/%.o,$(1))
LIB_API   := $(call objects,$(call sources,api))
LIB_SIM   := $(call objects,$(call sources,api/sim))
LIB_CACHE := $(call objects,$(call sources,cache))
LIB_TUI   := $(call objects,$(filter-out tui/main.c,$(call sources,tui)))
ARCHIVES  := $(BUILD)/libtui.a $(BUILD)/libcache.a $(BUILD)/libsim.a $(BUILD)/libapi.a
LANGUAGES := $(patsubst assets/po/%.po,$(BUILD)/locale/%/LC_MESSAGES/$(NAME).mo,$(wildcard assets/po/*.po))

.PHONY: all tests safety-programs security-programs demo check asan safety security fuzz fuzz-programs fuzz-replays lint screens docs install deb clean force
all: $(BUILD)/$(NAME) $(LANGUAGES)

$(BUILD)/libapi.a: $(LIB_API)
$(BUILD)/libsim.a: $(LIB_SIM)
$(BUILD)/libcache.a: $(LIB_CACHE)
$(BUILD)/libtui.a: $(LIB_TUI)
$(BUILD)/%.a:
	@rm -f $@
	@echo "  ar $@"
	$(Q)ar rcs $@ $^

# Everything is compiled again when the compiler or a flag changes, and only then.
$(BUILD)/flags: force
	@mkdir -p $(@D)
	@printf '%s\n' '$(CC) $(FLAGS)' | cmp -s - $@ || printf '%s\n' '$(CC) $(FLAGS)' > $@

$(BUILD)/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	@echo "  cc $<"
	$(Q)$(CC) $(FLAGS) -MMD -MP -c $< -o $@

$(BUILD)/$(NAME): $(BUILD)/tui/main.o $(ARCHIVES)
	@echo "  ld $@"
	$(Q)$(CC) $(LINK) -o $@ $^ $(LIBS)

$(BUILD)/locale/%/LC_MESSAGES/$(NAME).mo: assets/po/%.po
	@mkdir -p $(@D)
	$(Q)msgfmt --check -o $@ $<

# --- for people ----------------------------------------------------------------------------------

demo:
	@assets/install-packages.sh build
	@$(MAKE) --no-print-directory -j$(JOBS) all
	@$(BUILD)/$(NAME) --env training

check:
	@assets/install-packages.sh test
	@BUILD=$(BUILD) MAKE=$(MAKE) tests/check.sh

# --- tests: one cmocka program a file, each linked with everything but main.c; pty_run runs key scripts

TESTS     := $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/test_*.c))
TEST_HELP := $(call objects,$(filter-out tests/support_core.c,$(wildcard tests/support*.c)))
PTY_RUN   := $(call objects,$(wildcard tests/pty_run*.c tests/support_pty*.c) tests/support_folder.c)
$(BUILD)/tests/test_%: $(BUILD)/tests/test_%.o $(TEST_HELP) $(ARCHIVES)
	@echo "  ld $@"
	$(Q)$(CC) $(LINK) -o $@ $^ $(LIBS) -lcmocka -lvterm -lzbar -lutil
# In test_core_* any one of these calls of the core can be made to fail (support_core.h).
WRAPPED := $(addprefix -Wl$(comma)--wrap=,sqlite3_prepare_v3 sqlite3_step sqlite3_exec open openat fcntl fstat \
           fdopendir getpwuid_r ttyname_r gethostname adjtimex sodium_init inotify_init1 inotify_add_watch \
           curl_easy_init link)
$(BUILD)/tests/test_core_%: $(BUILD)/tests/test_core_%.o $(BUILD)/tests/support_core.o $(TEST_HELP) $(ARCHIVES)
	@echo "  ld $@"
	$(Q)$(CC) $(LINK) $(WRAPPED) -o $@ $^ $(LIBS) -lcmocka -lvterm -lzbar -lutil
$(BUILD)/tests/pty_run: $(PTY_RUN)
	@echo "  ld $@"
	$(Q)$(CC) $(LINK) -o $@ $^ -lvterm -lutil -lzbar
tests: $(TESTS) $(BUILD)/tests/pty_run

# The proof of money safety: each program has its main; "simulate" brings its own clock, loop, network
# and disk (world_*.c), which stand before the archives and so in place of theirs.
SAFETY_HELP  := $(call objects,$(wildcard tests/safety/support*.c tests/support*.c))
SAFETY_WORLD := $(call objects,$(wildcard tests/safety/world*.c) tests/support_folder.c)
SAFETY := $(patsubst tests/%.c,$(BUILD)/tests/%,$(filter-out %/shim.c $(wildcard tests/safety/support*.c \
          tests/safety/world*.c),$(wildcard tests/safety/*.c)))
$(BUILD)/tests/safety/simulate: $(BUILD)/tests/safety/simulate.o $(SAFETY_WORLD) $(ARCHIVES)
	@echo "  ld $@"
	$(Q)$(CC) $(LINK) -Wl,--wrap=db_check_schema -o $@ $^ $(LIBS)
# An archive: a program takes only those of its shared files that it names.
$(BUILD)/libsafety.a: $(SAFETY_HELP)
$(BUILD)/tests/safety/%: $(BUILD)/tests/safety/%.o $(BUILD)/libsafety.a $(ARCHIVES)
	@echo "  ld $@"
	$(Q)$(CC) $(LINK) -o $@ $^ $(LIBS) -lcmocka -lvterm -lzbar -lutil
# Stand between the program and the C library: kill, fail, trace; never sanitized themselves.
SHIMS := $(BUILD)/tests/safety/shim.so $(BUILD)/tests/security/memory_shim.so
$(SHIMS): $(BUILD)/tests/%.so: tests/%.c
	@mkdir -p $(@D)
	@echo "  cc $<"
	$(Q)$(CC) -std=c17 -D_GNU_SOURCE $(WARNINGS) -O2 -fPIC -shared -o $@ $< -ldl
# The program with one of its files made wrong (the file stands in the first line of the script): what
# a proof must see to fail.
CONTROLS := $(patsubst tests/%.sed,$(BUILD)/tests/%,$(wildcard tests/safety/control-*.sed))
$(CONTROLS): $(BUILD)/tests/safety/%: tests/safety/%.sed $(BUILD)/tui/main.o $(ARCHIVES)
	@echo "  ld $@"
	$(Q)file=$$(sed -n '1s/^# //p' $<); mkdir -p $(@D); \
	    sed -f $< $$file > $@.c; ! cmp -s $$file $@.c || { echo "$<: changes nothing"; exit 1; }; \
	    $(CC) $(FLAGS) -iquote $$(dirname $$file) -c $@.c -o $@.o && \
	    $(CC) $(LINK) -o $@ $@.o $(BUILD)/tui/main.o $(ARCHIVES) $(LIBS)
# The proof of the security: these may use what the one of the money shares.
SECURITY := $(patsubst tests/%.c,$(BUILD)/tests/%,$(filter-out %/memory_shim.c \
            $(wildcard tests/security/support*.c),$(wildcard tests/security/*.c)))
$(BUILD)/libsecurity.a: $(call objects,$(wildcard tests/security/support*.c))
$(BUILD)/tests/security/%: $(BUILD)/tests/security/%.o $(BUILD)/libsecurity.a $(BUILD)/libsafety.a $(ARCHIVES)
	@echo "  ld $@"
	$(Q)$(CC) $(LINK) -o $@ $^ $(LIBS) -lcmocka -lvterm -lzbar -lutil -lssl -lcrypto
security-programs: all $(SECURITY) $(SHIMS)
safety-programs: all $(SAFETY) $(CONTROLS) $(BUILD)/tests/safety/shim.so

# The fuzz targets: with libFuzzer's main to invent inputs, and with replay.c for those that were kept.
FUZZ := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
$(BUILD)/libfuzz.a: $(call objects,$(wildcard tests/fuzz/support*.c) tests/support_cache.c tests/support_clean.c \
                      tests/support_folder.c)
fuzz-programs: $(FUZZ:%=$(BUILD)/tests/fuzz/fuzz_%)
fuzz-replays: $(FUZZ:%=$(BUILD)/tests/fuzz/replay_%)
%/fuzz_pager %/replay_pager: FUZZ_WRAP := $(addprefix -Wl$(comma)--wrap=,api_call cache_store cache_get_mark \
          cache_put_mark cache_tidy cache_tidy_forget)
$(BUILD)/tests/fuzz/fuzz_%: $(BUILD)/tests/fuzz/fuzz_%.o $(BUILD)/libfuzz.a $(ARCHIVES)
	@echo "  ld $@"
	$(Q)$(CC) $(LINK) -fsanitize=fuzzer $(FUZZ_WRAP) -o $@ $^ $(LIBS) -lcmocka
$(BUILD)/tests/fuzz/replay_%: $(BUILD)/tests/fuzz/fuzz_%.o $(BUILD)/tests/fuzz/replay.o $(BUILD)/libfuzz.a $(ARCHIVES)
	@echo "  ld $@"
	$(Q)$(CC) $(LINK) $(FUZZ_WRAP) -o $@ $^ $(LIBS) -lcmocka
# FUZZ_SECONDS for each target, two at a time.
fuzz:
	@assets/install-packages.sh fuzz
	@$(MAKE) --no-print-directory -j$(JOBS) BUILD=$(BUILD)-fuzz CC=clang SAN=1 FUZZER=1 fuzz-programs
	@tests/fuzz/fuzz.sh $(BUILD)-fuzz

asan:
	@BUILD=$(BUILD) MAKE=$(MAKE) tests/check.sh asan

# The proof of the money safety in full, with figures; writes tests/SAFETY.md.
safety:
	@assets/install-packages.sh test
	@$(MAKE) --no-print-directory -j$(JOBS) safety-programs tests
	@tests/safety/safety.sh $(BUILD)

# The proof of the security in full, fuzzers too; writes tests/SECURITY.md.
security:
	@assets/install-packages.sh test
	@assets/install-packages.sh fuzz
	@$(MAKE) --no-print-directory -j$(JOBS) security-programs
	@$(MAKE) --no-print-directory -j$(JOBS) BUILD=$(BUILD)-fuzz CC=clang SAN=1 FUZZER=1 fuzz-programs
	@tests/security/security.sh $(BUILD)

lint:
	@tests/lint.sh

# Draws the golden screens and the picture of the README anew, from the running program.
screens: all $(BUILD)/tests/pty_run
	UPDATE=1 $(BUILD)/tests/pty_run -j $(JOBS) -p $(BUILD)/$(NAME) tests/screens/*.keys

# --- docs and packages ---------------------------------------------------------------------------

# The man page and the completions come from the tables of the program itself.
COMPLETIONS := assets/completions
docs: $(BUILD)/$(NAME)
	@mkdir -p $(COMPLETIONS)
	$< --generate man > assets/$(NAME).1
	$< --generate bash > $(COMPLETIONS)/$(NAME).bash
	$< --generate zsh > $(COMPLETIONS)/_$(NAME)
	$< --generate fish > $(COMPLETIONS)/$(NAME).fish

ROOT  := $(DESTDIR)$(PREFIX)
SHARE := $(ROOT)/share
put   = install -D -m $(1) $(2) $(3)
install: all
	$(call put,755,$(BUILD)/$(NAME),$(ROOT)/bin/$(NAME))
	$(call put,644,assets/$(NAME).1,$(SHARE)/man/man1/$(NAME).1)
	$(call put,644,assets/config.ini.example,$(SHARE)/doc/$(NAME)/config.ini.example)
	$(call put,644,$(COMPLETIONS)/$(NAME).bash,$(SHARE)/bash-completion/completions/$(NAME))
	$(call put,644,$(COMPLETIONS)/_$(NAME),$(SHARE)/zsh/site-functions/_$(NAME))
	$(call put,644,$(COMPLETIONS)/$(NAME).fish,$(SHARE)/fish/vendor_completions.d/$(NAME).fish)
	$(foreach mo,$(LANGUAGES),$(call put,644,$(mo),$(SHARE)/$(mo:$(BUILD)/%=%)) &&) true

deb:
	@BUILD=$(BUILD)-deb MAKE=$(MAKE) assets/make-deb.sh $(VERSION)

clean:
	rm -rf build build-*

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
.SECONDARY:
