#!/bin/sh
# Fails when a sample in deploy/settings is not what the program's settings table says; --write mends it.
set -eu
cd "$(dirname "$0")/.."
bin=${1:?usage: check-settings.sh FOLDER [--write]}
for daemon in signal mcu room sim; do
    sample=deploy/settings/$daemon.conf
    if [ "${2:-}" = --write ]; then
        "$bin/rong-$daemon" --sample-config >"$sample"
    elif ! "$bin/rong-$daemon" --sample-config | cmp -s - "$sample"; then
        echo "$sample is not what rong-$daemon --sample-config says: run make settings" >&2
        exit 1
    fi
done
echo "settings: the samples are those of the programs"
