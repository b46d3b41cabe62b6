#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What is installed is usable, by pkg-config alone and outside of the tree: the headers in C and C++,
# the examples against the shared and against the static library, and they talk to each other.
#
# usage: test_install.sh SOURCE_DIR BUILD_DIR WORK_DIR      77: what it needs is absent
set -eu
source_dir=$1
build_dir=$2
work=$3

for tool in gcc g++ pkg-config openssl swtpm; do
    command -v $tool >/dev/null || {
        echo "skipped: $tool is absent"
        exit 77
    }
done

pids=""
finish() {
    for pid in $pids; do
        kill "$pid" 2>/dev/null || true
    done
}
trap finish EXIT
trap 'exit 1' INT TERM

fail() {
    echo "FAILED: $*"
    exit 1
}

rm -rf "$work"
mkdir -p "$work/prefix" "$work/src" "$work/run"
work=$(cd "$work" && pwd)
cmake --install "$build_dir" --prefix "$work/prefix" >"$work/install.log"
[ -z "$(find "$work/prefix" -name '*_internal.h')" ] || fail "an internal header is installed"
for page in atls.1 atls-serve.1; do
    [ -n "$(find "$work/prefix" -name $page)" ] || fail "no manual page $page is installed"
done
if grep -rIl "$source_dir" "$work/prefix"; then
    fail "these installed texts name the source folder"
fi

# The static tree has no shared library of ours: -latls is libatls.a there.
cp -a "$work/prefix" "$work/static"
find "$work/static" -name 'libatls*.so*' -delete

cp "$source_dir"/examples/*.c "$work/src"
cd "$work/src"

# flags TREE WORD...: what pkg-config says with the files of that tree.
flags() {
    tree=$1
    shift
    PKG_CONFIG_PATH=$(dirname "$(find "$work/$tree" -name atls.pc)") pkg-config "$@"
}

warnings="-Wall -Wextra -Wpedantic -Werror"
# shellcheck disable=SC2046,SC2086 # flags are words
compile() {
    gcc -std=c11 $warnings attesting_server.c -o "server-$1" $(flags "$1" $2 --cflags --libs atls-tpm2)
    gcc -std=c11 $warnings verifying_client.c -o "client-$1" $(flags "$1" $2 --cflags --libs atls)
}
compile prefix ""
compile static --static
if readelf -d server-static client-static | grep 'NEEDED.*libatls'; then
    fail "the static examples need a shared library of ours"
fi

# Every header at once, in C++, with a call.
{
    for header in "$work"/prefix/include/atls/*.h; do
        echo "#include <atls/$(basename "$header")>"
    done
    echo 'int main() { return atls_version() == ATLS_VERSION_HEX ? 0 : 1; }'
} >all.cpp
# shellcheck disable=SC2046,SC2086
g++ -std=c++17 $warnings all.cpp -o all-cpp $(flags prefix --cflags --libs atls)

libraries=$(dirname "$(find "$work/prefix" -name libatls.so)")
export LD_LIBRARY_PATH="$libraries"
./all-cpp || fail "header and library are of different versions"
[ "$(flags prefix --modversion atls)" = "$(./../prefix/bin/atls version | sed -n 's/^atls //p')" ] ||
    fail "atls.pc and the program say different versions"

# Two machines, a CA, and a certificate for the first.
cd "$work/run"
for name in server other; do
    mkdir "tpm-$name"
    swtpm socket --tpm2 --server "type=unixio,path=$work/run/tpm-$name/socket" --tpmstate "dir=tpm-$name" \
        --flags not-need-init,startup-clear >"swtpm-$name.log" 2>&1 &
    pids="$pids $!"
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        [ ! -S "tpm-$name/socket" ] || break
        sleep 0.5
    done
    "$work/prefix/bin/atls" keygen --rot tpm2 --tcti "swtpm:path=$work/run/tpm-$name/socket" -o "$name" --csr
done
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -subj "/CN=a CA" \
    -days 2 2>/dev/null
openssl x509 -req -in server/request.pem -CA ca.pem -CAkey ca.key -copy_extensions copy -days 2 -out server.pem \
    2>/dev/null

# await PATTERN FILE PID: the port that a server prints.
await() {
    for _ in $(seq 120); do
        port=$(sed -n "s/$1/\\1/p" "$2" | head -1)
        [ -z "$port" ] || return 0
        kill -0 "$3" 2>/dev/null || break
        sleep 0.25
    done
    cat "$2"
    fail "no server listens"
}

# talk SERVER CLIENT ENDORSEMENTS STATUS: one connection, which must end with that exit status.
talk() {
    "$work/src/server-$1" server server.pem 127.0.0.1:0 >server.log 2>&1 &
    server=$!
    pids="$pids $server"
    await 'listening on port \([0-9]*\)' server.log $server
    status=0
    "$work/src/client-$2" 127.0.0.1 "$port" ca.pem "$3" >client.log 2>&1 || status=$?
    wait $server || true
    [ $status = "$4" ] || {
        cat server.log client.log
        fail "server $1, client $2, $3: exit status $status, expected $4"
    }
}
for server_kind in prefix static; do
    for client_kind in prefix static; do
        talk $server_kind $client_kind server/endorsement.corim 0
        grep -q 'hello from a machine that attests' client.log || fail "no greeting"
        grep -q '"accepted":true' client.log || fail "no verdict"
    done
done
talk prefix prefix other/endorsement.corim 2
grep -q '^verifying_client: .*expected' client.log || fail "no sentence says why"

# A server that does not attest is refused, whatever the environment says (R-38).
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout plain.key -out plain.csr -subj "/CN=plain" \
    -addext subjectAltName=IP:127.0.0.1 2>/dev/null
openssl x509 -req -in plain.csr -CA ca.pem -CAkey ca.key -copy_extensions copy -days 2 -out plain.pem 2>/dev/null
openssl s_server -accept 127.0.0.1:0 -cert plain.pem -key plain.key -tls1_3 -naccept 1 -www >plain.log 2>&1 </dev/null &
plain=$!
pids="$pids $plain"
await 'ACCEPT .*:\([0-9]*\)$' plain.log $plain
status=0
env ATLS_INSECURE=1 ATLS_SIMULATED=1 ATLS_SKIP_VERIFY=1 ATLS_ALLOW_DEBUG=1 ATLS_ALLOW_OUTDATED_TCB_INSECURE=1 \
    RA_TLS_ALLOW_DEBUG_ENCLAVE_INSECURE=1 RA_TLS_ALLOW_OUTDATED_TCB_INSECURE=1 ATLS_REQUIRE=none \
    "$work/src/client-prefix" 127.0.0.1 "$port" ca.pem server/endorsement.corim >client.log 2>&1 || status=$?
[ $status = 2 ] || {
    cat client.log
    fail "a server without attestation: exit status $status, expected 2"
}
echo "install: headers in C and C++, examples shared and static, and what they say to each other"
