#!/bin/sh
# Builds avirato-console_VERSION_ARCH.deb in the object folder with nothing but dpkg-deb.
# usage: BUILD=build-deb make-deb.sh VERSION
set -eu

version=$1
name=avirato-console
root=$BUILD/root
rm -rf "$root"
"${MAKE:-make}" --no-print-directory -j"$(nproc)" BUILD="$BUILD" PREFIX=/usr DESTDIR="$root" install
gzip -9n "$root/usr/share/man/man1/$name.1"
mkdir -p "$root/DEBIAN" "$root/usr/share/doc/$name"
cp LICENSE "$root/usr/share/doc/$name/copyright"
strip "$root/usr/bin/$name"

# The packages of the shared libraries that the program names, at least as new as those here.
depends=$(ldd "$root/usr/bin/$name" | awk '{ print $1, $3 }' | while read -r library path; do
    readelf -d "$root/usr/bin/$name" | grep -qF "[$library]" || continue
    file=$(realpath "$path")
    # dpkg may know it under /lib or /usr/lib, whichever it was packed for
    package=$(dpkg-query -S "*/$(basename "${file%/*}")/${file##*/}" | sed 's/[:,].*//;q')
    echo "$package (>= $(dpkg-query -W -f '${Version}' "$package" | sed 's/[-+].*//;q'))"
done | sort -u | paste -sd , | sed 's/,/, /g')

cat >"$root/DEBIAN/control" <<END
Package: $name
Version: $version
Architecture: $(dpkg --print-architecture)
Maintainer: avirato-console maintainers
Installed-Size: $(du -sk "$root/usr" | cut -f1)
Depends: $depends
Recommends: ca-certificates, ncurses-term
Section: admin
Priority: optional
Description: terminal back office for a payments API
 Lists payment sessions, charges card terminals, refunds, captures and makes
 payment links, over SSH or at the desk, with a journal that never forgets
 what became of the money. Training mode needs no server.
END
find "$root" -type d -exec chmod 755 {} +
dpkg-deb --root-owner-group --build "$root" "$BUILD"
