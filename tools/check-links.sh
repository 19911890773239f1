#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# check-links.sh FOLDER: the programs that do no media link none of its libraries, not even through others.
set -eu
failed=0
for program in rong-signal rong-room rong; do
    [ -x "$1/$program" ] || continue
    found=$(ldd "$1/$program" | grep -oE 'lib(gst|nice|srtp|opus|avcodec)[^ ]*' | sort -u | tr '\n' ' ')
    if [ -n "$found" ]; then
        echo "$program links $found" >&2
        failed=1
    fi
done
[ "$failed" -eq 0 ] && echo "links: no media library where there is no media"
