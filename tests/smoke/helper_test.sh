#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# FTP and TFTP through the gateway, with real programs: vsftpd and in.tftpd outside, curl, lftp and
# atftp inside. The network is drawn in network.sh. SLUICE_FTP_MIB says how large the file is that
# ten clients get at once; one gets another of 1 GiB.
set -euo pipefail
# shellcheck source=tests/smoke/gateway.sh
source "$(dirname "$(readlink -f "$0")")/gateway.sh"

for tool in vsftpd in.tftpd openssl lftp atftp; do
    PATH=$PATH:/usr/sbin type -P "$tool" >/dev/null || skip "$tool is not installed"
done

clients=10
mib=${SLUICE_FTP_MIB:-4}

# start_vsftpd NET: what prepare_vsftpd has written down.
start_vsftpd() {
    start_in "$1.server" /usr/sbin/vsftpd "$work/vsftpd.conf" 2>"$work/vsftpd.err"
    wait_for 10 "vsftpd: $(cat "$work/vsftpd.err")" \
        from_server "$1" bash -c "exec 3<>/dev/tcp/$server_address/21" 2>/dev/null
}

# Anonymous, $work/ftp, in clear and over TLS.
prepare_vsftpd() {
    mkdir --parents "$work/ftp/in" "$work/empty"
    head --bytes "${mib}M" /dev/urandom >"$work/ftp/file"
    chmod 755 "$work" "$work/ftp"
    cp "$work/ftp/file" "$work/ftp/large"
    truncate --size 1G "$work/ftp/large" # a hole, which takes no room
    chmod 644 "$work/ftp/file" "$work/ftp/large"
    chown ftp "$work/ftp/in"
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=test \
        -keyout "$work/key.pem" -out "$work/key.pem.crt" 2>/dev/null
    cat >"$work/vsftpd.conf" <<CONF
listen=YES
background=NO
listen_address=$server_address
anonymous_enable=YES
no_anon_password=YES
anon_root=$work/ftp
write_enable=YES
anon_upload_enable=YES
anon_umask=022
connect_from_port_20=YES
secure_chroot_dir=$work/empty
seccomp_sandbox=NO
isolate=NO
isolate_network=NO
ssl_enable=YES
allow_anon_ssl=YES
force_anon_data_ssl=NO
force_anon_logins_ssl=NO
require_ssl_reuse=NO
rsa_cert_file=$work/key.pem.crt
rsa_private_key_file=$work/key.pem
# Sessions outlive the listener, and end by themselves.
idle_session_timeout=30
CONF
}

# fetch NET LAST FILE FLAG...: the file by FTP for 10.1.0.LAST.
fetch() {
    local net=$1 last=$2 file=$3
    shift 3
    from_client "$net" curl --silent --show-error --fail --max-time 200 --insecure \
        --interface "10.1.0.$last" --output "$file" "$@" "ftp://$server_address/file"
}

# fetch_by_all NET WHAT FLAG...: by ten clients at once, each gets all of it.
fetch_by_all() {
    local net=$1 what=$2 last fetches=() each
    shift 2
    for ((last = 10; last < 10 + clients; ++last)); do
        fetch "$net" "$last" "$work/got.$last" "$@" &
        fetches+=("$!")
    done
    for each in "${fetches[@]}"; do wait "$each" || fail "$what: a client got nothing"; done
    for ((last = 10; last < 10 + clients; ++last)); do
        [[ $(sha256sum <"$work/got.$last") == "$sum" ]] ||
            fail "$what: 10.1.0.$last got another file"
        rm "$work/got.$last"
    done
    pass "$what: $clients clients, $mib MiB each"
}

# fetch_large NET WHAT FLAG...
fetch_large() {
    local net=$1 what=$2
    shift 2
    from_client "$net" curl --silent --show-error --fail --max-time 100 \
        --interface "$client_address" "$@" "ftp://$server_address/large" |
        cmp - "$work/ftp/large" || fail "1 GiB, $what: another file, or none"
    pass "1 GiB, $what"
}

# assert_related TIMES: so many flows of each client were foretold.
assert_related() {
    local related
    related=$(counter "$net" flows_related)
    ((related == $1 * clients)) || fail "$related foretold flows, not $1 of each client"
}

# hold_port NET PORT: a control connection of the client that has told PORT, until it is ended.
hold_port() {
    local told
    rm --force "$work/answer"
    told="10,1,0,10,$(($2 / 256)),$(($2 % 256))"
    start_in "$1.client" bash -c "
        exec 3<>/dev/tcp/$server_address/21
        for line in '' 'USER ftp' 'PASS x' 'PORT $told'; do
            [[ -z \$line ]] || printf '%s\r\n' \"\$line\" >&3
            read -r answer <&3
        done
        echo \"\$answer\" >'$work/answer'
        exec sleep infinity <&3"
    holder_pid=$started_pid
    wait_for 10 "an answer to PORT" test -s "$work/answer"
    grep --quiet '^200' "$work/answer" || fail "vsftpd refuses the address: $(cat "$work/answer")"
}

net=helper
new_network "$net"
prepare_vsftpd
start_vsftpd "$net"
sum=$(sha256sum <"$work/ftp/file")
start_sluice "$net" --workers 2 --helper ftp,tftp
start_capture "$net.server" eth0 "$work/$net.pcap"

fetch_by_all "$net" 'FTP, passive (EPSV)'
fetch_by_all "$net" 'FTP, passive (PASV)' --disable-epsv
assert_related 2
fetch_by_all "$net" 'FTP, active (EPRT)' --ftp-port -
fetch_by_all "$net" 'FTP, active (PORT)' --ftp-port - --disable-eprt
assert_related 4
fetch_large "$net" passive
fetch_large "$net" active --ftp-port -
fetch_by_all "$net" 'FTP over TLS, passive' --ssl-reqd
assert_accounts "$net"

from_client "$net" curl --silent --show-error --fail --max-time 30 --ftp-port - \
    --interface "$client_address" --upload-file "$work/ftp/file" "ftp://$server_address/in/up"
[[ $(sha256sum <"$work/ftp/in/up") == "$sum" ]] || fail 'the server got another file'
pass 'a file goes to the server in active mode'

# lftp asks for TLS first, unless it is told not to, and by other commands than curl.
for mode in on off; do
    from_client "$net" lftp -c "set ftp:ssl-allow no; set ftp:passive-mode $mode; set net:timeout 30
        set net:max-retries 1; get ftp://$server_address/file -o $work/got" ||
        fail "lftp, passive mode $mode: nothing"
    [[ $(sha256sum <"$work/got") == "$sum" ]] || fail "lftp, passive mode $mode: another file"
    rm "$work/got"
done
pass 'lftp, passive and active'

# What Linux says of the same, the seconds and the client's port left out.
linux=linux
new_network "$linux"
linux_gateway "$linux"
cat >"$work/rules" <<'RULES'
table ip helper {
    ct helper ftp { type "ftp" protocol tcp; }
    chain prerouting {
        type filter hook prerouting priority filter;
        tcp dport 21 ct helper set "ftp"
    }
}
RULES
without_numbers() {
    sed --regexp-extended 's/^(tcp +6 )?[0-9]+ //; s/sport=[0-9]{5}/sport=N/g
        s/(sport=21 dport)=[0-9]+/\1=N/'
}
compares=false
if in_namespace "$linux.gateway" nft -f "$work/rules" 2>"$work/nft.err"; then
    compares=true
    start_vsftpd "$linux"
    hold_port "$linux" 45000
    in_namespace "$linux.gateway" conntrack -L expect 2>/dev/null |
        without_numbers >"$work/expected"
    in_namespace "$linux.gateway" conntrack -L -p tcp --dport 21 --state ESTABLISHED 2>/dev/null |
        without_numbers >>"$work/expected"
    end "$holder_pid" KILL || true
else
    echo "not compared with Linux, whose kernel here has no helper of FTP: $(cat "$work/nft.err")"
fi

hold_port "$net" 45000
list=$(ctl "$net" expectations)
{
    without_numbers <<<"$list"
    ctl "$net" flows --dport 21 --state ESTABLISHED --src "$client_address" | without_numbers
} >"$work/listed"
! $compares || diff "$work/expected" "$work/listed" ||
    fail 'Linux lists expectation and master otherwise'
port=$(sed --regexp-extended 's/.*sport=0 dport=([0-9]+) mask.*/\1/' <<<"$list")
ctl "$net" why tcp "$server_address:20" "$public_address:$port" >"$work/why"
grep --quiet '^related: ' "$work/why" || fail "why: $(cat "$work/why")"
ctl "$net" flows --delete --dport 21 >"$work/deleted"
no_expectations() { [[ -z $(ctl "$net" expectations) ]]; }
wait_for 15 'the end of the expectation with its master' no_expectations
pass 'what is waited for is listed, told by why, and ends with its master'

mkdir "$work/tftp"
head --bytes 200K /dev/urandom >"$work/tftp/small"
chmod --recursive a+rX "$work/tftp"
start_in "$net.server" /usr/sbin/in.tftpd --foreground --listen --user nobody \
    --address "$server_address:69" --secure "$work/tftp"
tftp_is_up() { [[ -n $(from_server "$net" ss -Hlun 'sport = 69') ]]; }
wait_for 10 'in.tftpd' tftp_is_up
from_client "$net" curl --silent --show-error --fail --max-time 30 --interface "$client_address" \
    --output "$work/got" "tftp://$server_address/small"
cmp "$work/got" "$work/tftp/small" || fail 'TFTP: another file'
from_client "$net" atftp --get --remote-file small --local-file "$work/atftp" "$server_address" \
    >"$work/atftp.log" 2>&1 || fail "atftp: $(cat "$work/atftp.log")"
cmp "$work/atftp" "$work/tftp/small" || fail 'TFTP: atftp has another file'
pass 'TFTP: the answer comes from another port'

assert_accounts "$net"
assert_no_leak "$work/$net.pcap"
stop_sluice "$net"
