#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs the Debian packages that are missing, as root or through sudo. Why each one: docs/dependencies.md.
# `install-packages.sh bench`: also what `make bench` compares with.
set -eu

packages="
build-essential pkg-config git ca-certificates curl openssl
python3
clang clang-format clang-tidy libclang-rt-14-dev llvm cppcheck shellcheck
libglib2.0-dev libsystemd-dev libjson-c-dev libssl-dev libcurl4-openssl-dev
libwebsockets-dev libwebsockets-evlib-glib libsqlite3-dev sqlite3
libnice-dev libsrtp2-dev libopus-dev libyuv-dev libpango1.0-dev libcairo2-dev
libgstreamer1.0-dev libgstreamer-plugins-base1.0-dev libgstreamer-plugins-bad1.0-dev
gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad
gstreamer1.0-plugins-ugly gstreamer1.0-libav gstreamer1.0-nice
libcmocka-dev iproute2 chromium fonts-dejavu-core alsa-utils
"
if [ "${1:-}" = bench ]; then
    packages="$packages janus"
    packages="$packages ffmpeg"
fi
# Somebody's newer nodejs is as good as Debian's, and Debian's npm would remove it.
command -v node >/dev/null 2>&1 || packages="$packages nodejs"
command -v npm >/dev/null 2>&1 || packages="$packages npm"

# shellcheck disable=SC2086 # words are packages
installed=$(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' $packages 2>/dev/null | sed -n 's/^ii  *//p' | sort -u)
missing=
for package in $packages; do
    printf '%s\n' "$installed" | grep -qxF "$package" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null 2>&1 || {
        echo "install-packages: run this as root, or install sudo; missing:$missing" >&2
        exit 1
    }
    as_root=sudo
fi
echo "installing:$missing"
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086
install() {
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing >build/install.log 2>&1
}
mkdir -p build
# The lists of a machine that was never updated do not know the packages.
if ! install; then
    $as_root apt-get update -q >build/install-update.log 2>&1
    install || {
        tail -n 20 build/install.log >&2
        exit 1
    }
fi
# The bench starts a Janus of its own; the package's service is nobody's wish.
case "$missing" in *janus*)
    if [ -d /run/systemd/system ]; then
        $as_root systemctl disable -q --now janus || true
    fi
    ;;
esac
