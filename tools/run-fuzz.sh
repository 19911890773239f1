#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run-fuzz.sh SECONDS PROGRAM… — runs each fuzz target from its seeds; fails at the end if one failed.
set -u
seconds=$1
shift
failed=0
passed=0
for program in "$@"; do
    name=$(basename "$program")
    found=build/fuzz/found/$name # libFuzzer adds what reaches new code
    log=build/fuzz/$name.log
    mkdir -p "$found"
    seeds=$(sed -n 's|^// corpus: *||p' "tests/fuzz/$name.c")
    [ ! -d "tests/fuzz/corpus/$name" ] || seeds="$seeds tests/fuzz/corpus/$name"
    # shellcheck disable=SC2086 # seeds are folders without spaces
    if G_DEBUG=fatal-criticals "$program" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 \
        -print_final_stats=1 -artifact_prefix="build/fuzz/$name." "$found" $seeds >"$log" 2>&1; then
        passed=$((passed + 1))
        count=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
        echo "fuzz: $name: $count inputs ok"
    else
        failed=$((failed + 1))
        echo "fuzz: $name: FAILED, see $log"
        tail -n 30 "$log"
    fi
done
echo "fuzz: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
