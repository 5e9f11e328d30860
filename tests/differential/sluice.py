# SPDX-License-Identifier: BSD-3-Clause
"""The real sluice between the two ends of a network, and its flows over its control socket."""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

import datagrams
import network
import state
from state import State

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAM = os.environ.get("SLUICE", str(ROOT / "build/app/sluice/sluice"))

# Setting → flag.
FLAGS = {"loose": "--tcp-loose", "liberal": "--tcp-be-liberal",
         "ignore-invalid-rst": "--tcp-ignore-invalid-rst", "max-retrans": "--tcp-max-retrans"}
SCTP_FLAGS = ["--timeout-sctp-" + state for state in (
    "cookie-wait", "cookie-echoed", "shutdown-sent", "shutdown-recd", "shutdown-ack-sent")]
VERIFY = {0: "never", 1: "auto"}
PORTS = ("af_packet", "af_xdp", "tap")  # kinds of its ports, of which it has two
HELPERS = ((), ("ftp:80", "tftp:80"), ("pptp:80",))  # by the setting


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("sluice", timeout=30)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def read_tuple(fields):
    ports = [fields.get(name, fields.get("id", 0)) for name in ("sport", "dport")]
    return datagrams.Path(fields["src"], fields["dst"], *ports)


def read_flow(flow):
    """(key, State) of a flow's object."""
    name = flow["protocol"]
    number = datagrams.NUMBERS[name] if name in datagrams.NUMBERS else int(name)
    public = read_tuple(flow["reply"])
    known = State(flow.get("state", ""), flow["replied"], flow["assured"], flow["timeout"],
                  (public.destination, public.destination_port),
                  tuple((flow[way]["packets"], flow[way]["bytes"])
                        for way in ("original", "reply")))
    return state.key(number, read_tuple(flow["original"])), known


class Sluice:
    name = "sluice"

    def __init__(self, net, settings, ports=PORTS[0]):
        self.work = tempfile.mkdtemp(prefix="sluice.differential.")
        self.path = self.work + "/sock"
        flags = ["--verify-checksum", VERIFY[settings["checksum"]],
                 "--fragment-timeout", str(network.FRAGMENT_SECONDS)]
        flags += [word for name, flag in FLAGS.items() for word in (flag, str(settings[name]))]
        flags += [word for flag in SCTP_FLAGS for word in (flag, str(settings["sctp-handshake"]))]
        flags += [word for helper in HELPERS[settings["helper"]] for word in ("--helper", helper)]
        if ports == "tap":
            net.remove_cables()
        self.log = open(self.work + "/log", "w+", encoding="utf-8")  # closed by close()
        self.process = net.gateway.start(
            PROGRAM, "--lan", f"{ports}:lan", "--wan", f"{ports}:wan",
            "--lan-address", network.LAN_GATEWAY + "/24",
            "--wan-address", network.PUBLIC + "/24", "--gateway", network.NEXT_HOP,
            "--no-huge", "--flows", "65536", "--accounting", "--control-socket", self.path, *flags,
            stdout=subprocess.PIPE, stderr=self.log, text=True)
        try:
            self._wait_until_ready()
            if ports == "tap":
                net.take_taps()
        except BaseException:
            self.close()
            raise

    def _wait_until_ready(self):
        for line in self.process.stdout:
            if line.strip() == "sluice: ready":
                return
        self.log.seek(0)
        raise RuntimeError(f"sluice ended before it was ready: {self.log.read()}")

    def _ask(self, method, path):
        connection = UnixConnection(self.path)
        try:
            connection.request(method, path, headers={"Accept": "application/json"})
            response = connection.getresponse()
            body = response.read()
            if response.status != 200:
                raise RuntimeError(f"{method} {path}: {response.status} {body}")
            return json.loads(body)
        finally:
            connection.close()

    def flows(self):
        """{key: State} of all flows."""
        return dict(read_flow(flow) for flow in self._ask("GET", "/v1/flows"))

    def flush(self):
        self._ask("DELETE", "/v1/flows?all=1")

    @contextmanager
    def held(self):
        """It receives nothing meanwhile, and all at once then."""
        self.process.send_signal(signal.SIGSTOP)
        pid = self.process.pid
        if os.waitid(os.P_PID, pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT).si_code != \
                os.CLD_STOPPED:
            raise RuntimeError("sluice has ended")
        os.waitpid(pid, os.WUNTRACED)  # takes the notice, or the next stop would be taken for told
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def received(self):
        """IP packets that arrived, for the sender to compare with what it sent."""
        stats = self._ask("GET", "/v1/stats?all=1")
        return stats["packets"]["received"] - stats["events"]["arp_received"]

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process.stdout.close()
        self.log.close()
        shutil.rmtree(self.work, ignore_errors=True)
