# avirato-console. Two commands for people: `make demo` and `make check`.
# GNU make; objects under $(BUILD). CC=clang works as well; SAN=1 adds ASan and UBSan.

NAME    := avirato-console
comma   := ,
VERSION := 0.1.0
PREFIX  ?= /usr/local
DESTDIR ?=
BUILD   ?= build$(if $(SAN),-asan)
CC      := $(if $(filter default,$(origin CC)),gcc,$(CC))

PACKAGES := ncursesw libcurl libcjson sqlite3 libmicrohttpd libsodium libutf8proc libqrencode
INCLUDES  = $(shell pkg-config --cflags $(PACKAGES))
LIBS      = $(shell pkg-config --libs $(PACKAGES)) -linih -lpthread

probe = $(shell printf 'int main(void){return 0;}' | $(CC) -Werror $(1) -x c - -o /dev/null 2>/dev/null && echo '$(1)')

WARNINGS := -Wall -Wextra -Wformat=2 -Wconversion -Wimplicit-fallthrough -Wshadow -Wstrict-prototypes \
            -Wmissing-prototypes -Wpointer-arith -Wvla -Werror -Werror=format-security -Werror=implicit \
            -Werror=incompatible-pointer-types -Werror=int-conversion
HARDEN    = $(foreach flag,-fstack-clash-protection -fcf-protection=full -ftrivial-auto-var-init=zero \
              -Wtrampolines -Wbidi-chars=any,$(call probe,$(flag))) \
            -fstack-protector-strong -fPIE -fno-delete-null-pointer-checks -fno-strict-overflow \
            -fno-strict-aliasing
ifdef SAN
HARDEN   += -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -g -O1
else
HARDEN   += -O2 -g -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3
endif
FLAGS    := -std=c17 -D_GNU_SOURCE $(WARNINGS) $(HARDEN) -DVERSION='"$(VERSION)"' \
            -DLOCALEDIR='"$(PREFIX)/share/locale"' $(INCLUDES)
LINK     := $(if $(SAN),-fsanitize=address$(comma)undefined) -pie -Wl,-z,relro,-z,now,-z,noexecstack,--as-needed

sources   = $(wildcard $(1)/*.c)
objects   = $(patsubst %.c,$(BUILD)/%.o,$(1))
LIB_API   := $(call objects,$(call sources,api))
LIB_SIM   := $(call objects,$(call sources,api/sim))
LIB_CACHE := $(call objects,$(call sources,cache))
LIB_TUI   := $(call objects,$(filter-out tui/main.c,$(call sources,tui)))
ARCHIVES  := $(BUILD)/libtui.a $(BUILD)/libcache.a $(BUILD)/libsim.a $(BUILD)/libapi.a

.PHONY: all clean
all: $(BUILD)/$(NAME)

$(BUILD)/libapi.a: $(LIB_API)
$(BUILD)/libsim.a: $(LIB_SIM)
$(BUILD)/libcache.a: $(LIB_CACHE)
$(BUILD)/libtui.a: $(LIB_TUI)
$(BUILD)/%.a:
	@rm -f $@
	ar rcs $@ $^

$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(FLAGS) -MMD -MP -c $< -o $@

$(BUILD)/$(NAME): $(BUILD)/tui/main.o $(ARCHIVES)
	$(CC) $(LINK) -o $@ $^ $(LIBS)

# One cmocka program a file: tests/test_*.c, each linked with everything but main.c.
TESTS := $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/test_*.c))
TEST_HELP := $(call objects,$(wildcard tests/support*.c))
$(BUILD)/tests/test_%: $(BUILD)/tests/test_%.o $(TEST_HELP) $(ARCHIVES)
	$(CC) $(LINK) -o $@ $^ $(LIBS) -lcmocka -lvterm -lutil

clean:
	rm -rf build build-*

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
.SECONDARY:
