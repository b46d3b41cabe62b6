#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What is installed is usable, by pkg-config or find_package alone and outside of the tree: the headers in C
# and C++, the examples against the shared and against the static library, and they talk to each other.
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
[ -f "$work/prefix/share/atls/wireshark/atls.lua" ] || fail "no dissector for Wireshark is installed"
if ! "$work/prefix/bin/atls" verifier -h 2>&1 | grep -q "not built"; then
    grep -q "^ExecStart=$work/prefix/bin/atls verifier " "$work/prefix/lib/systemd/system/atls-verifier.service" ||
        fail "no unit for systemd is installed, or one that names another program"
fi
if grep -rI "$source_dir" "$work/prefix" | grep -v "ExecStart=$work/prefix/bin/atls "; then
    fail "these installed texts name the source folder"
fi

# The static tree has no shared library of ours: -latls is libatls.a there.
cp -a "$work/prefix" "$work/static"
find "$work/static" -name 'libatls*.so*' -delete

cp "$source_dir"/examples/*.[ch] "$source_dir/examples/token_service.py" "$work/src"
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
    for name in verifying_client appraise_file; do
        gcc -std=c11 $warnings $name.c -o "$name-$1" $(flags "$1" $2 --cflags --libs atls)
    done
    gcc -std=c11 -D_GNU_SOURCE $warnings attesting_client.c own_attester.c -o "own-$1" \
        $(flags "$1" $2 --cflags --libs atls)
}
compile prefix ""
compile static --static
if readelf -d ./*-static | grep 'NEEDED.*libatls'; then
    fail "the static examples need a shared library of ours"
fi

# find_package TREE COMPONENT...: a project elsewhere that finds that tree; its log is cmake.log.
find_package() {
    tree=$1
    shift
    rm -rf ../cmake && mkdir ../cmake
    cat >../cmake/CMakeLists.txt <<TXT
cmake_minimum_required(VERSION 3.25)
project(elsewhere C)
find_package(atls 0.1 REQUIRED COMPONENTS $*)
add_executable(server-cmake $work/src/attesting_server.c)
target_link_libraries(server-cmake atls::tpm2)
add_executable(verifying_client-cmake $work/src/verifying_client.c)
target_link_libraries(verifying_client-cmake atls::atls)
TXT
    cmake -S ../cmake -B ../cmake/build -G Ninja "-DCMAKE_PREFIX_PATH=$work/$tree" -DCMAKE_BUILD_WITH_INSTALL_RPATH=ON \
        -DCMAKE_RUNTIME_OUTPUT_DIRECTORY="$work/src" >cmake.log 2>&1
}
# refused SENTENCE TREE COMPONENT...: that is not found, and cmake, which breaks its lines, says why.
refused() {
    sentence=$1
    shift
    if find_package "$@" || ! tr -s ' \n' ' ' <cmake.log | grep -q "$sentence"; then
        cat cmake.log
        fail "find_package $*: expected \"$sentence\""
    fi
}
refused 'the library of none is not installed' prefix tpm2 none
refused 'the library of atls is not installed' static tpm2
if ! find_package prefix tpm2 || ! cmake --build ../cmake/build >>cmake.log 2>&1; then
    cat cmake.log
    fail "what find_package finds does not build"
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
    for _ in $(seq 240); do # until it listens: 00010000 (proc(5), /proc/net/unix)
        ! grep -q " 00010000 .* $work/run/tpm-$name/socket\$" /proc/net/unix || break
        sleep 0.25
    done
    "$work/prefix/bin/atls" keygen --rot tpm2 --tcti "swtpm:path=$work/run/tpm-$name/socket" -o "$name" --csr
done
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -subj "/CN=a CA" \
    -days 2 2>/dev/null
openssl x509 -req -in server/request.pem -CA ca.pem -CAkey ca.key -copy_extensions copy -days 2 -out server.pem \
    2>/dev/null

# certify NAME: NAME.key, and NAME.pem by the CA, for a peer at 127.0.0.1.
certify() {
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" -out "$1.csr" -subj "/CN=$1" \
        -addext subjectAltName=IP:127.0.0.1 2>/dev/null
    openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -copy_extensions copy -days 2 -out "$1.pem" 2>/dev/null
}

# await PATTERN FILE PID: the port that a server prints.
await() {
    for _ in $(seq 240); do
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
    "$work/src/verifying_client-$2" 127.0.0.1 "$port" ca.pem "$3" >client.log 2>&1 || status=$?
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
talk cmake cmake server/endorsement.corim 0
talk prefix prefix other/endorsement.corim 2
grep -q ': .*expected' client.log || fail "no sentence says why"

# A server that does not attest is refused, whatever the environment says (R-38).
certify plain
openssl s_server -accept 127.0.0.1:0 -cert plain.pem -key plain.key -tls1_3 -naccept 1 -www >plain.log 2>&1 </dev/null &
plain=$!
pids="$pids $plain"
await 'ACCEPT .*:\([0-9]*\)$' plain.log $plain
status=0
env ATLS_INSECURE=1 ATLS_SIMULATED=1 ATLS_SKIP_VERIFY=1 ATLS_ALLOW_DEBUG=1 ATLS_ALLOW_OUTDATED_TCB_INSECURE=1 \
    RA_TLS_ALLOW_DEBUG_ENCLAVE_INSECURE=1 RA_TLS_ALLOW_OUTDATED_TCB_INSECURE=1 ATLS_REQUIRE=none \
    "$work/src/verifying_client-prefix" 127.0.0.1 "$port" ca.pem server/endorsement.corim >client.log 2>&1 || status=$?
[ $status = 2 ] || {
    cat client.log
    fail "a server without attestation: exit status $status, expected 2"
}

# Evidence in a file: the right one, with another nonce, of another machine, and none.
nonce=$(openssl rand -hex 33)
"$work/prefix/bin/atls" attest --identity server --nonce "$nonce" -o evidence.cmw
# appraise STATUS PATTERN NONCE ENDORSEMENTS: what it says of evidence.cmw.
appraise() {
    for kind in prefix static; do
        status=0
        "$work/src/appraise_file-$kind" evidence.cmw "$3" "$4" tpm2 >appraise.log 2>&1 || status=$?
        if [ $status != "$1" ] || ! grep -q "$2" appraise.log; then
            cat appraise.log
            fail "appraise_file $3 $4: exit status $status, expected $1 and \"$2\""
        fi
    done
}
appraise 0 '^accepted' "$nonce" server/endorsement.corim
appraise 2 'evidence freshness: .*expected' "$(openssl rand -hex 33)" server/endorsement.corim
appraise 2 'no loaded endorsement names the key' "$nonce" other/endorsement.corim
appraise 1 'failed: 00zz' 00zz server/endorsement.corim
printf 'no Evidence' >evidence.cmw
appraise 2 'not well-formed' "$nonce" server/endorsement.corim

# An attester of one's own, against the program: a service signs for the client.
if /usr/bin/python3 -c 'import cbor2, cryptography' 2>/dev/null; then
    # service NAME: its folder, and an endorsement made of one token; the service itself in $service.
    service() {
        mkdir -p "$1"
        echo "firmware of $1" >"$1/firmware"
        /usr/bin/python3 -B "$work/src/token_service.py" "$1" "$nonce$nonce" >"$1/refused" && fail "a nonce of 66 octets"
        /usr/bin/python3 -B "$work/src/token_service.py" "$1" "$(openssl rand -hex 64)" >"$1/token.cbor"
        "$work/prefix/bin/atls" corim create --from "$1/token.cbor" --ak "$1/ak.pem" -o "$1.corim" 2>/dev/null
        /usr/bin/python3 -B "$work/src/token_service.py" "$1" &
        service=$!
        pids="$pids $service"
        for _ in $(seq 240); do
            ! grep -q " 00010000 .*$1/socket\$" /proc/net/unix || return 0
            sleep 0.25
        done
        fail "no service"
    }
    # attest STATUS PATTERN ENDORSEMENTS: a client whose token comes from the first service.
    attest() {
        for kind in prefix static; do
            timeout 120 "$work/prefix/bin/atls" serve 127.0.0.1:0 --once --cert plain.pem --key plain.key --ca ca.pem \
                --require psa --endorsements "$3" >own-server.log 2>&1 &
            server=$!
            pids="$pids $server"
            await '^.*listening on 127.0.0.1:\([0-9]*\);.*' own-server.log $server
            status=0
            "$work/src/own-$kind" mine/socket peer.pem peer.key ca.pem 127.0.0.1 "$port" >own.log 2>&1 || status=$?
            wait $server || true
            if [ $status != "$1" ] || ! cat own.log own-server.log | grep -q "$2"; then
                cat own.log own-server.log
                fail "own_attester, $3: exit status $status, expected $1 and \"$2\""
            fi
        done
    }
    certify peer
    service yours
    service mine
    attest 0 '^attested by my own root of trust' mine.corim
    attest 2 'no loaded endorsement names the key' yours.corim
    echo "firmware of mine, changed" >mine/firmware
    attest 2 'a measurement does not match the reference values' mine.corim
    kill $service
    attest 1 'own attester: our own attester could not make Evidence' mine.corim
else
    echo "skipped: python3-cbor2 or python3-cryptography is absent"
fi
echo "install: headers in C and C++, examples shared and static, and what they say to each other"
