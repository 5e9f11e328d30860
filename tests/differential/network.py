# SPDX-License-Identifier: BSD-3-Clause
"""Network namespaces that live as long as this process, and the cables between them.

A namespace is held by a file descriptor and has no name, so it is gone when the process is, however
that ends; so are its interfaces. Programs started in one get SIGKILL when this process dies.
"""

import ctypes
import ipaddress
import json
import os
import signal
import subprocess
from contextlib import contextmanager

CLONE_NEWNET = 0x40000000
PR_SET_PDEATHSIG = 1

CLIENT, SERVER = "10.1.0.10", "203.0.113.10"
FRAGMENT_SECONDS = 2  # for which a gateway keeps a datagram of which something is missing
LAN_GATEWAY, PUBLIC, NEXT_HOP = "10.1.0.1", "198.51.100.1", "198.51.100.254"



def server(index):
    """The address of one of many servers, which are behind SERVER."""
    return str(ipaddress.ip_address(SERVER) + 1 + index)


DEAF = """table ip deaf {
    chain everything {
        type filter hook prerouting priority -300; policy drop;
    }
}
"""

libc = ctypes.CDLL(None, use_errno=True)


def check(result):
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


class Namespace:
    """A network namespace with lo up and IPv6 off, so that nobody speaks unless asked to."""

    def __init__(self):
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            check(libc.unshare(CLONE_NEWNET))
            self.file = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        finally:
            check(libc.setns(home, CLONE_NEWNET))
            os.close(home)
        self.sysctl("net.ipv6.conf.all.disable_ipv6", 1)
        self.sysctl("net.ipv6.conf.default.disable_ipv6", 1)
        self.sysctl("net.ipv4.ip_forward", 0)
        self.run("ip", "link", "set", "dev", "lo", "up")

    @contextmanager
    def entered(self):
        """What is opened within belongs to the namespace for good."""
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            check(libc.setns(self.file, CLONE_NEWNET))
            yield
        finally:
            check(libc.setns(home, CLONE_NEWNET))
            os.close(home)

    def sysctl(self, name, value):
        with self.entered(), open("/proc/sys/" + name.replace(".", "/"), "w",
                                  encoding="ascii") as file:
            file.write(str(value))

    def _enter_for_good(self):
        check(libc.setns(self.file, CLONE_NEWNET))
        check(libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0))

    def start(self, *command, **options):
        return subprocess.Popen(command, preexec_fn=self._enter_for_good, **options)

    def run(self, *command, text=None):
        with self.start(*command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                        stderr=subprocess.STDOUT, text=True) as process:
            output = process.communicate(text)[0]
        if process.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}: {output}")
        return output

    def dropped(self):
        """Packets lost at the interfaces, by the interfaces' own counters."""
        with self.entered(), open("/proc/thread-self/net/dev", encoding="ascii") as file:
            fields = [line.split(":")[1].split() for line in file if ":" in line]
        return sum(int(field[i]) for field in fields for i in (2, 3, 10, 11))

    def close(self):
        os.close(self.file)


class Network:
    """Client, gateway, server:

        client                          gateway                         server
      ┌──────────────┐   veth   ┌────────────────────┐   veth   ┌─────────────────────┐
      │ eth0         ├──────────┤ lan            wan ├──────────┤ eth0                │
      │ 10.1.0.10/24 │          │                    │          │ 198.51.100.254/24   │
      └──────────────┘          └────────────────────┘          └─────────────────────┘

    Client and server answer ARP and nothing else: whatever speaks there is the rig's own.
    """

    def __init__(self):
        self.client, self.gateway, self.server = Namespace(), Namespace(), Namespace()
        self._connect(self.client, "lan")
        self._connect(self.server, "wan")
        self._add_addresses()
        self.gateway_addresses = {name: self.hardware_address(self.gateway, name)
                                  for name in ("lan", "wan")}
        for end in (self.client, self.server):
            end.run("nft", "-f", "-", text=DEAF)

    def _add_addresses(self):
        self.client.run("ip", "address", "add", CLIENT + "/24", "dev", "eth0")
        self.server.run("ip", "address", "add", NEXT_HOP + "/24", "dev", "eth0")

    def remove_cables(self):
        """For a gateway that brings its own."""
        for name in ("lan", "wan"):
            self.gateway.run("ip", "link", "delete", "dev", name)

    def take_taps(self):
        """The gateway's taps become the cables: client and server have the kernel's ends of them,
        whose addresses differ in their last bit from those of the gateway."""
        for end, name in ((self.client, "lan"), (self.server, "wan")):
            self.gateway.run("ip", "link", "set", "dev", name, "netns",
                             f"/proc/{os.getpid()}/fd/{end.file}", "name", "eth0")
            end.run("ip", "link", "set", "dev", "eth0", "up")
            address = self.hardware_address(end, "eth0")
            self.gateway_addresses[name] = address[:-1] + bytes([address[-1] ^ 1])
        self._add_addresses()

    def _connect(self, end, name):
        holder = f"/proc/{os.getpid()}/fd/{self.gateway.file}"
        end.run("ip", "link", "add", "name", "eth0", "type", "veth", "peer", "name", name,
                "netns", holder)
        for namespace, interface in ((end, "eth0"), (self.gateway, name)):
            namespace.run("ethtool", "--offload", interface, "tx", "off", "gso", "off",
                          "tso", "off", "gro", "off")
            namespace.run("ip", "link", "set", "dev", interface, "up")

    def hardware_address(self, part, interface):
        """Of an interface of one of the three namespaces, as six bytes."""
        return bytes.fromhex(json.loads(part.run("ip", "-json", "link", "show", "dev", interface))
                             [0]["address"].replace(":", ""))

    def dropped(self):
        return sum(part.dropped() for part in (self.client, self.gateway, self.server))

    def close(self):
        for part in (self.client, self.gateway, self.server):
            part.close()
