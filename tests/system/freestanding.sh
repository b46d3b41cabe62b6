#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds the core rooms for a Cortex-M4 without an operating system, and refuses whatever the
# rooms must not have: a function of a library beyond memcpy, memmove, memset and memcmp, and
# memory of their own (.data, .bss). Prints the size of each room in octets of flash.
#
# usage: freestanding.sh SOURCE_DIR WORK_DIR      77: there is no cross compiler
set -eu

source_dir=$1
work_dir=$2
prefix=arm-none-eabi-
rooms="base codec handshake result"
flags="-mcpu=cortex-m4 -mthumb -Os -std=c11 -ffreestanding -ffunction-sections -fdata-sections
       -Wall -Wextra -Werror"

if ! command -v ${prefix}gcc >/dev/null; then
    echo "skipped: ${prefix}gcc is absent"
    exit 77
fi

rm -rf "$work_dir"
mkdir -p "$work_dir"
failed=0

for room in $rooms; do
    mkdir "$work_dir/$room"
    for file in "$source_dir/src/$room"/*.c; do
        # shellcheck disable=SC2086 # the flags are words
        ${prefix}gcc $flags -I"$source_dir/include" -I"$source_dir/src" -c "$file" \
            -o "$work_dir/$room/$(basename "$file" .c).o"
    done
done

# One relocatable object: what the rooms use of each other is resolved in it.
${prefix}ld -r -o "$work_dir/core.o" "$work_dir"/*/*.o
${prefix}ar rcs "$work_dir/libatls-core.a" "$work_dir"/*/*.o

undefined=$(${prefix}nm -u "$work_dir/core.o" | awk '{print $2}' |
    grep -Ev '^(memcpy|memmove|memset|memcmp|__aeabi_.*)$' || true)
if [ -n "$undefined" ]; then
    echo "FAILED: the core uses functions that it must not:"
    for symbol in $undefined; do
        ${prefix}nm -A -u "$work_dir"/*/*.o | grep -w "$symbol"
    done
    failed=1
fi

# Columns of size -A: section, octets, address.
sections() {
    ${prefix}size -A "$@" | awk -v kind="$kind" '
        $1 ~ "^[.]text"                          { sum["code"] += $2 }
        $1 ~ "^[.]rodata"                        { sum["tables"] += $2 }
        $1 ~ "^[.](data|bss)" || $1 == "COMMON"  { sum["memory"] += $2 }
        END { print sum[kind] + 0 }'
}

printf '%-12s %8s %8s %8s\n' room code tables memory
for room in $rooms core; do
    objects="$work_dir/$room"
    if [ "$room" = core ]; then
        set -- "$work_dir/core.o"
    else
        set -- "$objects"/*.o
    fi
    code=$(kind=code; sections "$@")
    tables=$(kind=tables; sections "$@")
    memory=$(kind=memory; sections "$@")
    printf '%-12s %8d %8d %8d\n' "$room" "$code" "$tables" "$memory"
    if [ "$memory" -ne 0 ]; then
        echo "FAILED: $room has variables that outlive a call:"
        ${prefix}nm -A "$@" | grep -E ' [bBdDC] ' || true
        failed=1
    fi
done
exit $failed
