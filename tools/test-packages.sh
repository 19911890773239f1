#!/bin/sh
# Installs, configures, starts, upgrades and purges the .debs in a fresh Debian 12 (debootstrap).
# Needs root and some minutes: `make test-packages`, not part of the ordinary CI.
set -eu
cd "$(dirname "$0")/.."
packages=build/packages
root=${CHROOT:-build/chroot}
passed=0
started=$(date +%s)

say() {
    echo "packages: $* ($(($(date +%s) - started)) s)"
}
ok() {
    passed=$((passed + 1))
    say "ok: $*"
}
fail() {
    echo "packages: FAILED: $*" >&2
    echo "$passed passed, 1 failed"
    exit 1
}
inside() {
    chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"
}
as() { # USER PROGRAM…
    user=$1
    shift
    inside setpriv --reuid "$user" --regid "$user" --clear-groups "$@"
}
begin() { # USER LOG PROGRAM…: in the background, its own pid in $pids
    user=$1
    log=$2
    shift 2
    (exec chroot "$root" /usr/bin/env -i PATH=/usr/bin:/bin LC_ALL=C.UTF-8 \
        setpriv --reuid "$user" --regid "$user" --clear-groups "$@") 2>"$root/$log" &
    pids="$pids $!"
}
end() {
    for pid in ${pids:-}; do
        kill "$pid" 2>/dev/null || true
    done
    umount "$root/proc" 2>/dev/null || true
}
trap end EXIT

[ "$(id -u)" = 0 ] || fail "must run as root: sudo make test-packages"
command -v debootstrap >/dev/null || apt-get install -y -qq debootstrap >/dev/null
ls "$packages"/*.deb >/dev/null 2>&1 || fail "no packages: run make package first"

if [ ! -x "$root/bin/sh" ]; then
    say "making a fresh Debian 12 in $root"
    debootstrap --variant=minbase --include=adduser,ca-certificates bookworm "$root" >/dev/null
fi
mount -t proc proc "$root/proc"
mkdir -p "$root/packages"
cp "$packages"/*.deb "$root/packages/"

say "installing"
inside apt-get update -qq
inside sh -c 'apt-get install -y -qq --no-install-recommends /packages/*.deb' >"$root/install.log" 2>&1 ||
    fail "install: see $root/install.log"
ok "all four packages install with their dependencies"

for daemon in signal mcu room; do
    inside "/usr/bin/rong-$daemon" --version >/dev/null || fail "rong-$daemon --version"
    inside test -f "/etc/rong/$daemon.conf" || fail "no /etc/rong/$daemon.conf"
    inside getent passwd "rong-$daemon" >/dev/null || fail "no user rong-$daemon"
done
ok "each daemon runs, has its user and its settings file"

# A meeting with the installed programs, on a loopback address of its own.
ip=127.77.0.1
inside sh -c "cat >/etc/rong/signal.conf" <<SETTINGS
[signal]
state_dir=/var/lib/rong-signal
public_url=https://$ip:8443
public_listen=$ip:8443
machine_listen=$ip:8444
status_listen=$ip:9080
server_names=$ip
SETTINGS
inside sh -c "cat >/etc/rong/mcu.conf" <<SETTINGS
[signal]
url=https://$ip:8443
machine_url=wss://$ip:8444/ws
[mcu]
state_dir=/var/lib/rong-mcu
media_addresses=$ip
status_listen=$ip:9081
SETTINGS
inside sh -c "cat >/etc/rong/room.conf" <<SETTINGS
[room]
state_dir=/var/lib/rong-room
[signal]
url=https://$ip:8443
machine_url=wss://$ip:8444/ws
[media]
source=synthetic
address=127.77.21.1
[page]
listen=127.77.21.1:8480
[status]
listen=127.77.21.1:9082
SETTINGS
for daemon in signal mcu room; do
    inside install -d -m 0700 -o "rong-$daemon" -g "rong-$daemon" "/var/lib/rong-$daemon"
    inside "/usr/bin/rong-$daemon" --config "/etc/rong/$daemon.conf" --check-config >/dev/null ||
        fail "rong-$daemon --check-config"
done
pids=
begin rong-signal signal.log /usr/bin/rong-signal --config /etc/rong/signal.conf
for _ in $(seq 100); do
    curl -sf "http://$ip:9080/healthz" >/dev/null && break
    sleep 0.1
done
curl -sf "http://$ip:9080/healthz" >/dev/null || fail "rong-signal is not healthy: see $root/signal.log"
curl -sfk "https://$ip:8443/" | grep -qi '<!doctype html' || fail "the page of rong-web is not served"
ok "rong-signal serves the page of rong-web"

printf 'code,parent,level,name,link_kbps\n64,,province,Tỉnh Gia Lai,100000\n' >"$root/units.csv"
inside rong unit import /units.csv >/dev/null || fail "rong unit import"
mcu_code=$(inside rong mcu code mcu-1 --json | sed 's/.*"code": *"\([^"]*\)".*/\1/')
room_code=$(inside rong room code 64 --json | sed 's/.*"code": *"\([^"]*\)".*/\1/')
# As root, as an administrator would: the daemon must be able to read what that leaves.
inside /usr/bin/rong-mcu --config /etc/rong/mcu.conf --enroll "$mcu_code" || fail "rong-mcu --enroll"
inside /usr/bin/rong-room --config /etc/rong/room.conf --enroll "$room_code" || fail "rong-room --enroll"
begin rong-mcu mcu.log /usr/bin/rong-mcu --config /etc/rong/mcu.conf
begin rong-room room.log /usr/bin/rong-room --config /etc/rong/room.conf
meeting=$(inside rong meeting create --title "Thử gói" --units 64 --open --json | sed 's/.*"id": *"\([^"]*\)".*/\1/')
token=$(cat "$root/var/lib/rong-signal/admin.token")
joined=
for _ in $(seq 200); do
    joined=$(curl -sfk -H "Authorization: Bearer $token" "https://$ip:8443/api/v1/meetings/$meeting" |
        grep -o '"connected": *true' | head -1)
    [ -z "$joined" ] || break
    sleep 0.1
done
[ -n "$joined" ] || fail "the room did not join the mix: see $root/*.log"
ok "an installed room joins an installed meeting with sound and picture"
for pid in $pids; do
    kill "$pid"
done
wait
pids=

say "upgrading"
before=$(sha256sum "$root/etc/rong/signal.conf")
for deb in "$packages"/*.deb; do
    name=$(basename "$deb" | cut -d_ -f1)
    tree=build/upgrade/$name
    rm -rf "$tree"
    mkdir -p build/upgrade
    dpkg-deb -R "$deb" "$tree"
    sed -i 's/^Version: .*/&+upgrade/' "$tree/DEBIAN/control"
    if [ -d "$tree/etc" ]; then
        find "$tree/etc" -type f -exec sh -c 'echo "# a new default" >>"$1"' _ {} \;
    fi
    dpkg-deb --root-owner-group --build "$tree" "$root/packages/upgrade-$name.deb" >/dev/null
done
inside sh -c 'dpkg --force-confdef --force-confold -i /packages/upgrade-*.deb' >"$root/upgrade.log" 2>&1 ||
    fail "upgrade: see $root/upgrade.log"
[ "$before" = "$(sha256sum "$root/etc/rong/signal.conf")" ] || fail "the upgrade touched the administrator's settings"
[ -s "$root/var/lib/rong-signal/admin.token" ] || fail "the upgrade lost state"
ok "an upgrade keeps settings and state"

inside apt-get purge -y -qq rong-signal rong-mcu rong-room rong-web >"$root/purge.log" 2>&1 || fail "purge: see $root/purge.log"
left=$(inside sh -c 'ls -d /etc/rong /var/lib/rong-* /usr/share/rong /usr/bin/rong* /lib/systemd/system/rong-* 2>/dev/null; getent passwd | grep ^rong-' || true)
[ -z "$left" ] || fail "purge left: $left"
ok "purge leaves nothing"
echo "$passed passed, 0 failed"
