#!/bin/sh
# Installs the Debian or Ubuntu packages that are missing, saying which.
# usage: install-packages.sh build|test|fuzz     (test: what build needs, and the tools of make
# check; fuzz: what build needs, and the tools of make fuzz)
# With everything there it takes a few hundredths of a second and says nothing.
set -eu

packages="libc6-dev pkg-config libncurses-dev libcurl4-openssl-dev libcjson-dev libsqlite3-dev
libmicrohttpd-dev libsodium-dev libutf8proc-dev libinih-dev libqrencode-dev gettext ncurses-term
ca-certificates"
case "${1-}" in
build) ;;
test)
    packages="$packages libcmocka-dev libvterm-dev libzbar-dev libssl-dev clang jq locales python3"
    ;;
fuzz)
    packages="$packages libcmocka-dev clang"
    # libFuzzer comes with clang, or in a package of its own.
    apt-cache show libclang-rt-dev >/dev/null 2>&1 && packages="$packages libclang-rt-dev"
    ;;
*)
    echo "usage: $0 build|test|fuzz" >&2
    exit 2
    ;;
esac

# Names of the packages that dpkg does not call fully installed.
missing() {
    # shellcheck disable=SC2086
    dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' $packages 2>/dev/null |
        awk -v all="$packages" '
            substr($1, 2, 1) == "i" { there[$2] = 1 }
            END {
                count = split(all, name)
                for (i = 1; i <= count; i++)
                    if (!(name[i] in there))
                        printf "%s ", name[i]
            }'
}

list() {
    for package in $packages; do
        echo "    $package"
    done
}

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    if pkg-config --exists ncursesw libcurl libcjson sqlite3 libmicrohttpd libsodium libutf8proc \
        libqrencode 2>/dev/null && command -v msgfmt >/dev/null; then
        exit 0 # another system on which somebody has seen to it
    fi
    echo "There is no apt-get here. Install what these Debian packages hold, then try again:" >&2
    list >&2
    exit 1
fi

wanted=$(missing)
[ -n "$wanted" ] || exit 0

sudo=
if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "These packages are missing, and only root can install them (there is no sudo):" >&2
        echo "    apt-get install $wanted" >&2
        exit 1
    fi
    sudo=sudo
fi

echo "Installing with ${sudo:+sudo }apt-get: $wanted"
apt="$sudo env DEBIAN_FRONTEND=noninteractive apt-get"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
$apt update -qq || echo "apt-get update failed; trying with the lists at hand" >&2
# shellcheck disable=SC2086
if ! $apt install -qq -y --no-install-recommends $wanted </dev/null >"$log" 2>&1; then
    cat "$log" >&2
    echo "apt-get could not install them. Try yourself: apt-get install $wanted" >&2
    exit 1
fi
wanted=$(missing)
if [ -n "$wanted" ]; then
    echo "Still missing after apt-get: $wanted" >&2
    exit 1
fi
