#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Each header compiles alone: it includes what it needs.
set -eu
packages=$(sed -n 's/^[a-z0-9_/-]*\.pkgs := //p' ./*/module.mk ./*/*/module.mk | tr ' ' '\n' | sort -u)
# shellcheck disable=SC2086 # words
flags=$(pkg-config --cflags $packages cmocka)
headers=$(git ls-files --cached --others --exclude-standard '*.h')
# shellcheck disable=SC2086,SC2016 # flags and headers are words; $1 is the inner shell's
printf '%s\n' $headers | xargs -P "$(nproc)" -I{} gcc -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror \
    -I. -Ibuild/generated $flags -fsyntax-only -include {} -x c /dev/null
echo "headers: $(printf '%s\n' "$headers" | wc -l) compile alone"
