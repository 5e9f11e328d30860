#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# The Debian package, as an operator has it: made of this build, installed by apt in a Debian of its
# own that systemd has booted, started by its unit, used, reloaded, killed, installed again, purged.
# Connections go on when it is killed, and when it is installed again: it has a --state, where its
# user may write. The network is drawn in network.sh; the Debian stands where its gateway is.
#
# At last without systemd, as the container of packaging/Containerfile.
#
# The Debian is downloaded once, into $SLUICE_PACKAGE_CACHE or ~/.cache/sluice-package; later runs
# need no network.
set -euo pipefail
# shellcheck source=tests/smoke/gateway.sh
source "$(dirname "$(readlink -f "$0")")/gateway.sh"
# shellcheck source=tests/smoke/silent.sh
source "$here/silent.sh"

net=package
readonly cache=${SLUICE_PACKAGE_CACHE:-${HOME:-/root}/.cache/sluice-package}
readonly root=$work/debian
build=$(readlink -f "$(dirname "$sluice")/../..")

for tool in dpkg-shlibdeps git lintian mmdebstrap systemd-nspawn; do
    type -P "$tool" >/dev/null || skip "$tool is not installed"
done
# shellcheck source=/dev/null
source /etc/os-release
[[ $ID == debian ]] || skip "packages are made on Debian, for the same Debian"

# download TAR PACKAGES: a Debian as this one, from the same mirrors, all or nothing.
download() {
    local new options=() line
    mkdir -p "$cache"
    rm -f "$cache"/new.* # of a test that was stopped
    new=$(mktemp "$cache/new.XXXXXX")
    while read -r line; do
        [[ -z $line ]] || options+=(--aptopt="$line")
    done < <(apt-config dump | grep -E '^Acquire::https?::Proxy')
    apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' \
        'Created-By: Packages' 'Origin: Debian' >"$work/mirrors"
    if ! timeout 200 mmdebstrap --quiet --format=tar --variant=minbase --include="$2" \
        "${options[@]}" "$VERSION_CODENAME" - - <"$work/mirrors" >"$new" 2>"$work/download"; then
        rm -f "$new"
        skip "no Debian is in $cache, nor to be downloaded: $(tail -n 1 "$work/download")"
    fi
    rm -f "$cache"/*.tar # of other packages
    mv "$new" "$1"
}

# in_debian COMMAND...
in_debian() {
    nsenter --target "$init" --all -- "$@"
}

is_booted() {
    init=$(ps -o pid= --ppid "$debian" | tr -d ' ') && [[ -n $init ]] &&
        in_debian systemctl is-system-running 2>/dev/null | grep --quiet 'running\|degraded'
}

is_booted_or_gone() {
    is_booted || ! kill -0 "$debian" 2>/dev/null
}

# main_pid: of the service.
main_pid() {
    in_debian systemctl show --property MainPID --value sluice
}

is_another() {
    local pid
    pid=$(main_pid)
    ((pid != 0 && pid != $1)) && in_debian systemctl --quiet is-active sluice
}

is_seen_as() {
    [[ $(seen_by_udp "$net") == "$1":* ]]
}

# journal: the end of what the service has said.
journal() {
    in_debian journalctl --unit sluice --no-pager | tail -n 20
}

# left: what of the package is in the Debian.
left() {
    in_debian find /etc /usr /run /var/log /var/lib/systemd -path '*sluice*'
}

(cd "$here/../.." && scripts/package "$build" "$work") >"$work/package.log" 2>&1 ||
    fail "no package: $(tail -n 5 "$work/package.log")"
package=$(echo "$work"/sluice_*.deb)
dpkg-deb --contents "$package" >"$work/contents"
for file in man8/sluice.8 man1/sluicectl.1 man1/sluice-bench.1 man5/sluice.conf.5; do
    grep --quiet "/usr/share/man/$file.gz$" "$work/contents" || fail "$file is not in the package"
done
pass "lintian finds nothing in $(basename "$package")"

dpkg-deb --extract "$package" "$work/extracted"
"$python" "$here/dead_links.py" "$work/extracted" >"$work/dead" ||
    fail "what these point to is not in the package: $(cat "$work/dead")"
pass "its documents and manual pages point to what is there"

installed=/opt/$(basename "$package") # where the Debian has it

# Without versions and without what would do as well.
depends=$(dpkg-deb --field "$package" Depends | sed 's/([^)]*)//g; s/|[^,]*//g; s/ //g')
packages=systemd,dbus,udev,kmod,$depends
tar=$cache/$VERSION_CODENAME-$(md5sum <<<"$packages" | cut -c 1-12).tar
[[ -e $tar ]] || download "$tar" "$packages"
mkdir "$root"
tar --directory "$root" --extract --file "$tar"
cp "$package" "$root$installed"

new_network "$net"
cat >"$work/file" <<<"a file"
start_server "$net"
start_in "$net.server" "$python" "$here/echo_server.py" 7 >"$work/echo"
wait_for 10 "the echo" grep --quiet listening "$work/echo"
setpriv --pdeathsig KILL systemd-nspawn --quiet --directory "$root" --boot --register=no \
    --keep-unit --network-namespace-path="/proc/${namespace_pid[$net.gateway]}/ns/net" \
    --console=pipe --capability=CAP_NET_ADMIN,CAP_NET_RAW >"$work/boot.log" 2>&1 </dev/null &
debian=$!
started+=("$debian")
wait_for 60 "a Debian that has booted" is_booted_or_gone
kill -0 "$debian" 2>/dev/null ||
    skip "systemd-nspawn does not run here: $(tail -n 1 "$work/boot.log")"

in_debian apt-get install --quiet --quiet --yes "$installed" \
    >"$work/install.log" 2>&1 || fail "it is not installed: $(tail -n 5 "$work/install.log")"
in_debian id sluice >/dev/null || fail "there is no user"
in_debian systemctl --quiet is-active sluice && fail "it runs before it is configured"
complaints=$(in_debian systemd-analyze verify sluice.service 2>&1 | grep sluice || true)
[[ -z $complaints ]] || fail "the unit: $complaints"
in_debian udevadm test /sys/class/net/lo >"$work/udev.log" 2>&1 || true # reads all rules
grep --quiet '^Reading rules file: .*/60-sluice-vfio.rules' "$work/udev.log" ||
    fail "udev does not read the rule: $(tail -n 5 "$work/udev.log")"
complaints=$(grep '/60-sluice-vfio.rules:' "$work/udev.log" || true)
[[ -z $complaints ]] || fail "the rule of udev: $complaints"
pass "apt installs it, with a user of its own, and does not start it"

sed --in-place --expression 's/^lan = .*/lan = af_packet:lan/; s/^wan = .*/wan = af_packet:wan/' \
    --expression 's/^#no-huge = .*/no-huge = true/; s/^#flows = .*/flows = 65536/' \
    --expression 's/^#state = /state = /; s/^#tcp-loose = .*/tcp-loose = 0/' \
    "$root/etc/sluice/sluice.conf"
in_debian sluicectl config check /etc/sluice/sluice.conf >/dev/null ||
    fail "the example is refused"
in_debian systemctl start sluice ||
    fail "it does not start: $(journal)"
pid=$(main_pid)
user=$(in_debian stat --format %U "/proc/$pid")
[[ $user == sluice ]] || fail "it runs as $user"
wait_for 10 "an answer" is_seen_as "$public_address"
[[ $(seen_by_http "$net") == "$public_address":* ]] || fail "no HTTP"
in_debian sluicectl --socket /run/sluice/sluice.sock flows | grep --quiet '^tcp .* dport=80 ' ||
    fail "the flow is not listed"
pass "systemd starts it, and it translates"

sed --in-place 's/^#pool = .*/pool = 198.51.100.7/' "$root/etc/sluice/sluice.conf"
in_debian systemctl reload sluice || fail "it does not reload: $(journal)"
wait_for 10 "the new pool" is_seen_as 198.51.100.7
# Each of these is heard again because it was taken over: the gateway is not loose.
open_silent "$net.client" 5 "$server_address"
speak
in_debian systemctl kill --signal KILL sluice
wait_for 30 "another process" is_another "$pid"
wait_for 10 "an answer of it" is_seen_as 198.51.100.7
speak
pass "it reloads, and comes back when it was killed, with its connections"

pid=$(main_pid)
in_debian apt-get install --quiet --quiet --yes --reinstall "$installed" \
    >"$work/install.log" 2>&1 || fail "not installed again: $(tail -n 5 "$work/install.log")"
wait_for 30 "the new process" is_another "$pid"
wait_for 10 "an answer of the new one" is_seen_as 198.51.100.7
speak
journal | grep --quiet ' flows and 0 holders go on, of a process that was stopped ' ||
    fail "it does not say that flows go on: $(journal)"
pass "an upgrade restarts it, with the configuration and the connections that it had"

in_debian apt-get remove --quiet --quiet --yes sluice >"$work/remove.log" 2>&1 ||
    fail "it is not removed: $(tail -n 5 "$work/remove.log")"
in_debian systemctl --quiet is-active sluice && fail "it runs on without its package"
[[ -e $root/etc/sluice/sluice.conf ]] || fail "the configuration has gone"
in_debian apt-get purge --quiet --quiet --yes sluice >"$work/remove.log" 2>&1 ||
    fail "it is not purged: $(tail -n 5 "$work/remove.log")"
[[ -z $(left) ]] || fail "this is left: $(left)"
in_debian systemctl poweroff || true # which ends this, too
wait "$debian" || fail "the Debian ended with $?"
pass "a removal stops it, and nothing is left of a purged one"

# The container: an image of packaging/Containerfile, in place of whose Debian is the one of before,
# built and run by podman as docs/container.md has it. Where there is no podman its command is the
# first process of its own name space, and root with two capabilities.
mkdir "$work/context"
cat >"$work/context/sluice.conf" <<'CONFIGURATION'
lan = af_packet:lan
wan = af_packet:wan
lan-address = 10.1.0.1/24
wan-address = 198.51.100.1/24
gateway = 198.51.100.254
no-huge = true
flows = 65536
CONFIGURATION

# engine ARGUMENT...: podman, with all that it keeps below $work. Its name spaces of processes and
# mounts are the test's, so that nothing is left of it.
engine() {
    nsenter --target "$holder" --mount --pid --net -- podman --cgroup-manager cgroupfs \
        --root "$work/podman" --runroot "$work/podman-run" --tmpdir "$work/podman-tmp" "$@"
}

holds_engine() {
    holder=$(ps -o pid= --ppid "$started_pid" | tr -d ' ') && [[ -n $holder ]] &&
        [[ $(nsenter --target "$holder" --mount stat --file-system --format %T /dev/shm/here) == \
            tmpfs ]]
}

# Its runtime does not know machines with both versions of control groups, so it sees the second.
run_by_podman() {
    start_in "$net.gateway" unshare --mount --pid --fork --kill-child --mount-proc sh -ec '
        mount -t cgroup2 none /sys/fs/cgroup
        [ ! -d /var/lib/containers ] || mount -t tmpfs none /var/lib/containers
        mount -t tmpfs none /run
        mount -t tmpfs none /dev/shm
        touch /dev/shm/here
        exec sleep infinity'
    wait_for 10 "a place for podman" holds_engine 2>/dev/null
    cp "$package" "$work/context/"
    engine import "$tar" debian >"$work/image.log" 2>&1 ||
        fail "no image of Debian: $(tail -n 3 "$work/image.log")"
    engine build --isolation chroot --layers=false --from localhost/debian --tag sluice \
        --file "$here/../../packaging/Containerfile" "$work/context" >"$work/image.log" 2>&1 ||
        fail "packaging/Containerfile: $(tail -n 5 "$work/image.log")"
    engine run --rm --name gateway --network host --cgroups disabled --stop-timeout 15 \
        --cap-drop all --cap-add NET_ADMIN --cap-add NET_RAW \
        --volume "$work/context/sluice.conf:/etc/sluice/sluice.conf:ro" sluice \
        >"$work/container.out" 2>&1 &
    container=$!
    started+=("$container")
    inside=(engine exec gateway)
    stop=(engine stop gateway)
}

run_by_hand() {
    local command
    chroot "$root" dpkg --install "$installed" >"$work/install.log" 2>&1 ||
        fail "not installed without systemd: $(tail -n 5 "$work/install.log")"
    mkdir -p "$root/run/sluice"
    cp "$work/context/sluice.conf" "$root/etc/sluice/sluice.conf"
    mapfile -t command < <("$python" -c '
import json, re, sys
text = open(sys.argv[1], encoding="utf-8").read().replace("\\\n", "")
print("\n".join(json.loads(re.search(r"^ENTRYPOINT (.*)$", text, re.M)[1])))' \
        "$here/../../packaging/Containerfile")
    start_in "$net.gateway" unshare --mount --pid --fork --kill-child sh -ec '
        mount -t proc proc "$1/proc" && mount -t sysfs -o ro sysfs "$1/sys"
        mount --rbind /dev "$1/dev"
        root=$1 && shift
        exec chroot "$root" setpriv --inh-caps=-all --bounding-set=-all,+net_admin,+net_raw "$@"' \
        sh "$root" "${command[@]}" >"$work/container.out" 2>&1
    container=$started_pid
    inside=(chroot "$root")
    stop=(pkill --signal TERM --parent "$container")
}

is_container_ready() {
    grep --quiet '^sluice: ready' "$work/container.out"
}
is_container_ready_or_gone() {
    is_container_ready || ! kill -0 "$container" 2>/dev/null
}
if type -P podman >/dev/null; then by=podman; else by=hand; fi
"run_by_$by"
wait_for 30 "the container" is_container_ready_or_gone
is_container_ready || fail "the container ended: $(cat "$work/container.out")"
[[ $(seen_by_http "$net") == "$public_address":* ]] || fail "the container does not forward"
"${inside[@]}" sluicectl --socket /run/sluice/sluice.sock flows |
    grep --quiet '^tcp .* dport=80 ' || fail "the container lists no flow"
"${stop[@]}" >/dev/null || fail "the container cannot be stopped"
status=0
wait "$container" || status=$?
((status == 0)) || fail "the container ended with $status: $(cat "$work/container.out")"
pass "the container, by $by, with two capabilities"
