#!/bin/sh
# The engine is pure: it links libc, libm and base, and asks libc for no clock, socket, environment or
# randomness.
#
#     check_match.sh NM libspean_match.a libspean_base.a
set -eu

nm=$1
match=$2
base=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$nm" --defined-only "$match" "$base" 2>/dev/null | awk 'NF == 3 { print $3 }' >"$work/ours"
for library in libc.so.6 libm.so.6; do
    path=$(cc -print-file-name="$library")
    "$nm" -D --defined-only "$path" | awk '{ sub(/@.*/, "", $NF); print $NF }'
done >"$work/system"
"$nm" -u "$match" | awk 'NF == 2 { print $2 }' | sort -u >"$work/wanted"

awk -v system_file="$work/system" '
    BEGIN {
        n = split("time clock_gettime gettimeofday clock_mono_ms clock_wall_ms clock_today " \
                  "log_event socket connect getenv getrandom rand random popen system", names, " ")
        for (i = 1; i <= n; i++) closed[names[i]] = 1
        # Of the compiler itself; the second says what the processor can do.
        compiler["_GLOBAL_OFFSET_TABLE_"] = compiler["__cpu_model"] = 1
    }
    # What the processor can: from the runtime of the compiler.
    BEGIN { known["__cpu_model"] = known["__cpu_indicator_init"] = 1 }
    FNR == NR { known[$1] = 1; next }
    FILENAME == system_file { known[$1] = 1; next }
    closed[$1] { print $1 ": closed to the engine"; bad = 1 }
    !known[$1] && !compiler[$1] { print $1 ": from neither libc, libm nor base"; bad = 1 }
    { wanted++ }
    END { print wanted " symbols wanted"; exit bad || wanted == 0 }
' "$work/ours" "$work/system" "$work/wanted"
