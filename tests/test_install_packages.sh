#!/bin/sh
# assets/install-packages.sh on machines that are not this one: dpkg-query, apt-get, id and sudo are
# played by small scripts in a PATH of their own. Last line: "N passed, N failed".
set -u
script=$(cd "$(dirname "$0")/.." && pwd)/assets/install-packages.sh
temp=$(mktemp -d)
trap 'rm -rf "$temp"' EXIT
passed=0 failed=0

# A machine: which of the wanted packages dpkg knows (all, none, all but one), who one is, and which
# tools there are.
machine() { # KNOWN USER TOOLS...
    rm -rf "$temp/bin" "$temp/asked" "$temp/offline" "$temp/broken"
    mkdir "$temp/bin"
    echo "$1" >"$temp/known"
    for tool in sh awk cat sed env rm mktemp; do
        ln -s "$(command -v $tool)" "$temp/bin/$tool"
    done
    fake id "echo $2"
    shift 2
    for tool; do
        case $tool in
        dpkg-query) fake dpkg-query "
            shift 3
            for package; do
                case \$(cat $temp/known) in
                all) echo \"ii  \$package\" ;;
                removed) echo \"rc  \$package\" ;;
                no-\$package) ;;
                no-*) echo \"ii  \$package\" ;;
                esac
            done" ;;
        apt-get) fake apt-get "
            echo \"\$@\" >>$temp/asked
            case \$1 in
            update) [ ! -e $temp/offline ] ;;
            install) [ ! -e $temp/broken ] && echo all >$temp/known ;;
            esac" ;;
        sudo) fake sudo "echo sudo >>$temp/asked; exec \"\$@\"" ;;
        pkg-config | msgfmt) fake "$tool" "exit 0" ;;
        esac
    done
}

fake() { # NAME BODY
    printf '#!/bin/sh\n%s\n' "$2" >"$temp/bin/$1"
    chmod +x "$temp/bin/$1"
}

run() { # ARGUMENTS: what was said is in $temp/said, the exit status in $status
    PATH=$temp/bin sh "$script" "$@" >"$temp/said" 2>&1
    status=$?
}

check() { # WHAT STATUS; then lines of "said TEXT", "asked TEXT", "silent", "not-asked" on stdin
    ok=1
    [ $status = "$2" ] || ok=0
    while read -r kind text; do
        case $kind in
        said) grep -q -F -e "$text" "$temp/said" || ok=0 ;;
        asked) grep -q -F -e "$text" "$temp/asked" 2>/dev/null || ok=0 ;;
        silent) [ ! -s "$temp/said" ] || ok=0 ;;
        not-asked) [ ! -e "$temp/asked" ] || ok=0 ;;
        esac
    done
    if [ $ok = 1 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL $1 (exit status $status, expected $2)"
        sed 's/^/    said: /' "$temp/said"
        [ ! -e "$temp/asked" ] || sed 's/^/    asked: /' "$temp/asked"
    fi
}

machine all 0 dpkg-query apt-get
run test
check "everything there" 0 <<END
silent
not-asked
END

machine no-libcurl4-openssl-dev 0 dpkg-query apt-get
run build
check "one missing, root" 0 <<END
said Installing with apt-get: libcurl4-openssl-dev
asked update
asked install -qq -y --no-install-recommends libcurl4-openssl-dev
END

machine removed 1000 dpkg-query apt-get sudo
run build
check "removed but configured, sudo" 0 <<END
said Installing with sudo apt-get: libc6-dev pkg-config libncurses-dev
asked sudo
END

machine no-libcmocka-dev 0 dpkg-query apt-get
run build
check "test packages are not for build" 0 <<END
silent
END

run test
check "test packages are for test" 0 <<END
asked libcmocka-dev
END

machine no-jq 1000 dpkg-query apt-get
run test
check "not root and no sudo" 1 <<END
said apt-get install jq
not-asked
END

machine no-jq 0 dpkg-query apt-get
touch "$temp/offline"
run test
check "no lists to be had, but the package is" 0 <<END
said trying with the lists at hand
asked jq
END

machine no-jq 0 dpkg-query apt-get
touch "$temp/broken"
run test
check "apt-get cannot" 1 <<END
said Try yourself: apt-get install jq
END

machine all 0
run build
check "no apt-get, nothing there" 1 <<END
said There is no apt-get here
said libmicrohttpd-dev
END

machine all 0 pkg-config msgfmt
run build
check "no apt-get, but somebody has seen to it" 0 <<END
silent
END

run nonsense
check "wrong use" 2 <<END
said usage:
END

echo "$passed passed, $failed failed"
[ $failed = 0 ]
