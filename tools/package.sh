#!/bin/sh
# Builds the .debs into build/packages: rong-signal, rong-mcu, rong-room, rong-web.
# Their libraries are found by dpkg-shlibdeps; what is loaded at run time only is named in deploy/debian/*.depends.
set -eu
cd "$(dirname "$0")/.."
bin=build/release
out=build/packages
arch=$(dpkg --print-architecture)
version=$("$bin/rong-signal" --version | awk '{print $NF}')
rm -rf "$out"
mkdir -p "$out"

# lay PACKAGE PATH-IN-PACKAGE MODE FILE…
lay() {
    root=$out/$1
    folder=$root$2
    mode=$3
    shift 3
    mkdir -p "$folder"
    install -m "$mode" "$@" "$folder/"
}

programs() { # PACKAGE PROGRAM…: binaries, stripped, with their man pages
    package=$1
    shift
    for program in "$@"; do
        lay "$package" /usr/bin 0755 "$bin/$program"
        strip --strip-unneeded "$out/$package/usr/bin/$program"
        if "$bin/$program" --man >"$out/$program.8" 2>/dev/null; then
            gzip -9n "$out/$program.8"
            lay "$package" /usr/share/man/man8 0644 "$out/$program.8.gz"
            rm "$out/$program.8.gz"
        fi
    done
}

daemon() { # PACKAGE SETTINGS-FILE: unit, user, sample settings as a conffile
    lay "$1" /lib/systemd/system 0644 "deploy/systemd/$1.service"
    mkdir -p "$out/$1/usr/lib/sysusers.d" "$out/$1/etc/rong"
    printf 'u %s - "Rong" /var/lib/%s\n' "$1" "$1" >"$out/$1/usr/lib/sysusers.d/$1.conf"
    install -m 0644 "deploy/settings/$2" "$out/$1/etc/rong/$2"
}

depends() { # PACKAGE: libraries of its binaries, then those that no linker sees
    found=
    if [ -d "$out/$1/usr/bin" ]; then
        mkdir -p "$out/shlibs/debian"
        printf 'Source: rong\n\nPackage: %s\nArchitecture: any\n' "$1" >"$out/shlibs/debian/control"
        found=$(cd "$out/shlibs" && find "../$1/usr/bin" -type f -exec dpkg-shlibdeps -O {} + 2>/dev/null |
            sed -n 's/^shlibs:Depends=//p')
        rm -r "$out/shlibs"
    fi
    more=
    if [ -f "deploy/debian/$1.depends" ]; then
        more=$(grep -v '^#' "deploy/debian/$1.depends" | paste -sd, | sed 's/,/, /g')
    fi
    printf '%s' "$found${found:+${more:+, }}$more"
}

pack() { # PACKAGE ARCHITECTURE
    root=$out/$1
    mkdir -p "$root/DEBIAN" "$root/usr/share/doc/$1"
    cp LICENSE "$root/usr/share/doc/$1/copyright"
    gzip -9nc CHANGELOG.md >"$root/usr/share/doc/$1/changelog.gz"
    {
        printf 'Package: %s\nVersion: %s\nArchitecture: %s\nMaintainer: %s\n' "$1" "$version" "$2" \
            "${MAINTAINER:-The Rong maintainers <rong@localhost>}"
        printf 'Section: video\nPriority: optional\n'
        list=$(depends "$1")
        [ -z "$list" ] || printf 'Depends: %s\n' "$list"
        [ "$1" != rong-signal ] || printf 'Recommends: rong-web\n'
        cat "deploy/debian/$1.description"
    } >"$root/DEBIAN/control"
    if [ -d "$root/etc" ]; then
        (cd "$root" && find etc -type f | sed 's,^,/,') >"$root/DEBIAN/conffiles"
        for script in postinst prerm postrm; do
            sed "s/@PACKAGE@/$1/g" "deploy/debian/$script" >"$root/DEBIAN/$script"
            chmod 0755 "$root/DEBIAN/$script"
        done
    fi
    find "$root" -type d -exec chmod 0755 {} +
    dpkg-deb --root-owner-group --build "$root" "$out/$1_${version}_$2.deb" >/dev/null
    rm -r "$root"
    echo "$out/$1_${version}_$2.deb"
}

programs rong-signal rong-signal rong
daemon rong-signal signal.conf
pack rong-signal "$arch"

programs rong-mcu rong-mcu
daemon rong-mcu mcu.conf
pack rong-mcu "$arch"

programs rong-room rong-room rong-room-media
daemon rong-room room.conf
pack rong-room "$arch"

mkdir -p "$out/rong-web/usr/share/rong"
cp -r build/web "$out/rong-web/usr/share/rong/web"
find "$out/rong-web" -type f -exec chmod 0644 {} +
pack rong-web all
