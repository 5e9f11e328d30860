#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""What stands in the place of pppd on a link that pptp-linux or pptpd has made, for pppd needs a
kernel that has PPP: frames there, and the same ones back.

    pptp_link.py speak LOCAL SERVER COUNT
        runs pptp, has COUNT frames come back one after the other and says "spoke COUNT", again at
        each SIGUSR1; ends pptp at SIGTERM, which clears the call
    pptp_link.py answer ...
        is run by pptpd; sends back whatever comes

Frames are those of PPP in HDLC-like framing (RFC 1662), as both programs want them from a pppd.
"""

import os
import pty
import select
import signal
import subprocess
import sys
import time
import tty

FLAG, ESCAPE = 0x7E, 0x7D


def check_sequence(content):
    """The FCS of RFC 1662 §C.2."""
    fcs = 0xFFFF
    for byte in content:
        fcs ^= byte
        for _ in range(8):
            fcs = fcs >> 1 ^ (0x8408 if fcs & 1 else 0)
    return (fcs ^ 0xFFFF).to_bytes(2, "little")


def framed(content):
    escaped = bytearray([FLAG])
    for byte in content + check_sequence(content):
        if byte < 0x20 or byte in (FLAG, ESCAPE):
            escaped += bytes([ESCAPE, byte ^ 0x20])
        else:
            escaped.append(byte)
    escaped.append(FLAG)
    return bytes(escaped)


class Link:
    def __init__(self, file):
        self.file = file
        self.rest = b""

    def frames(self, seconds):
        """The contents of all frames that come in this time, if any does."""
        if not select.select([self.file], [], [], seconds)[0]:
            return []
        try:
            more = os.read(self.file, 65536)
        except OSError:
            more = b""
        if not more:
            sys.exit("the other end of the terminal is closed")
        *parts, self.rest = (self.rest + more).split(bytes([FLAG]))
        return [content for part in parts if (content := self.content(part))]

    @staticmethod
    def content(part):
        plain = bytearray()
        is_escaped = False
        for byte in part:
            if byte == ESCAPE:
                is_escaped = True
            else:
                plain.append(byte ^ 0x20 if is_escaped else byte)
                is_escaped = False
        content, sequence = bytes(plain[:-2]), bytes(plain[-2:])
        return content if len(plain) > 4 and check_sequence(content) == sequence else b""

    def exchange(self, number):
        """One frame there and back. The first may come before the other end is there."""
        content = b"\xff\x03\x00\x21" + number.to_bytes(4, "big") + os.urandom(900)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            os.write(self.file, framed(content))
            if content in self.frames(0.5):
                return
        sys.exit(f"frame {number} has not come back")


def speak(local, server, count):
    own, others = pty.openpty()
    for end in own, others:
        tty.setraw(end)
    pptp = subprocess.Popen(["pptp", server, "--nolaunchpppd", "--nohostroute",
                             "--localbind", local], stdin=others, stdout=others)
    os.close(others)
    wanted = {signal.SIGUSR1, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, wanted)
    link = Link(own)
    while True:
        for number in range(int(count)):
            link.exchange(number)
        print("spoke", count, flush=True)
        if signal.sigwait(wanted) == signal.SIGTERM:
            break
    pptp.terminate()
    pptp.wait()


def answer(*_):
    os.closerange(3, 256)  # of pptpd's own, among them the other end of this terminal
    tty.setraw(0)
    link = Link(0)
    os.write(1, framed(b"\xff\x03\x00\x21here"))  # pptpd reads no GRE before its pppd has spoken
    while True:
        for content in link.frames(None):
            os.write(1, framed(content))


if __name__ == "__main__":
    {"speak": speak, "answer": answer}[sys.argv[1]](*sys.argv[2:])
