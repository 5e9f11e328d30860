#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# --sync with certificates in place of a key, made by the commands of docs/continuity.md: the right
# one is believed, and is renewed without a restart; one of another authority, of another address,
# or past its time is not, nor is who has a key alone. Both logs say why.
set -euo pipefail
# shellcheck source=tests/smoke/pair.sh
source "$(dirname "$(readlink -f "$0")")/pair.sh"

trap remove_all EXIT

# make_authority NAME: NAME.pem, and NAME.key.
make_authority() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 \
        -subj "/CN=sluice pair" -keyout "$work/$1.key" -out "$work/$1.pem" 2>/dev/null
}

# certify NAME ALTERNATIVE [AUTHORITY [DAYS]]: NAME.pem, and NAME.key.
certify() {
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" \
        -keyout "$work/$1.key" -out "$work/$1.csr" 2>/dev/null
    printf '%s\n' "subjectAltName=$2" basicConstraints=critical,CA:FALSE \
        keyUsage=critical,digitalSignature extendedKeyUsage=serverAuth,clientAuth >"$work/$1.ext"
    openssl x509 -req -in "$work/$1.csr" -CA "$work/${3:-ca}.pem" -CAkey "$work/${3:-ca}.key" \
        -CAcreateserial -days "${4:-365}" -extfile "$work/$1.ext" -out "$work/$1.pem" 2>/dev/null
}

# show NAME: who starts next has that certificate.
show() {
    proof=(--sync-cert "$work/$1.pem" --sync-cert-key "$work/$1.key" --sync-ca "$work/ca.pem"
        --address-key 00112233445566778899aabbccddeeff)
}

# has_said GATEWAY WORDS, for wait_for.
has_said() {
    grep --quiet --fixed-strings -e "$2" "$work/$1.out"
}

# expect_refusal WHAT WORDS: b, which stands by, is started anew, and a does not believe it.
expect_refusal() {
    stop_sluice b
    wait_for_role a 'active; the peer is away'
    start b standby
    wait_for 30 "a to say \"$2\": $(tail -n 3 "$work/a.out")" has_said a "$2"
    wait_for 30 "b to be told: $(tail -n 3 "$work/b.out")" has_said b \
        "it refuses this gateway's certificate (--sync-cert)"
    says a 'active; the peer is away' || fail "$1: a is $(ctl a role)"
    says b 'standby; the peer is away' || fail "$1: b is $(ctl b role)"
    pass "$1 is refused"
}

new_pair
make_authority ca
make_authority stranger
certify a IP:192.0.2.1
certify b IP:192.0.2.2
show a
start a active
show b
start b standby
wait_for_role a "$all_there"
pass "two that have certificates of one authority are a pair"

certify other IP:192.0.2.2 stranger
show other
expect_refusal "a certificate of another authority" \
    'its certificate is refused: it is of no authority in'

certify wrong IP:192.0.2.3
show wrong
expect_refusal "a certificate of another address" 'its subject alternative names lack IP:192.0.2.2'

certify ended IP:192.0.2.2 ca -1
show ended
expect_refusal "a certificate that has ended" 'its certificate is refused: certificate has expired'
has_said b 'its certificate has ended on' || fail "b does not say that its certificate has ended"
status=0
in_namespace b.gateway "$sluice" check "${port_flags[@]}" "${address_flags[@]}" \
    "${memory_flags[@]}" --sync listen=192.0.2.2:3780,peer=192.0.2.1:3780 "${proof[@]}" \
    >"$work/check" || status=$?
grep --quiet '^note: --sync-cert .*: its certificate has ended on ' "$work/check" ||
    fail "the check ($status) does not say it: $(cat "$work/check")"
pass "log and check say that a certificate has ended"

certify new IP:192.0.2.2
mv "$work/new.key" "$work/ended.key"
mv "$work/new.pem" "$work/ended.pem"
wait_for_role a "$all_there"
has_said b 'certificates were read anew' || fail "b does not say that it has read them anew"
pass "it is renewed without a restart"

stop_sluice b
wait_for_role a 'active; the peer is away'
proof=(--sync-key "$work/key")
start b standby
wait_for 30 "b to say that a has no key" has_said b 'it has another key (--sync-key'
says a 'active; the peer is away' || fail "a believes who has a key alone: $(ctl a role)"
stop_sluice b
pass "who has a key alone is refused"

certify named DNS:b.example.net
show named
start b standby
stop_sluice a
show a
start a active --sync-peer-name b.example.net
wait_for_role a "$all_there"
for gateway in a b; do stop_sluice "$gateway"; done
pass "a certificate may have a name in place of an address"
