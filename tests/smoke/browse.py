#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Opens a page in a headless Chromium and runs JavaScript in it, a line of the file LINES each.

    browse.py CHROMIUM PROFILE URL LINES WIDTH

After each line it prints what that evaluates to, as JSON; "quit" is the last one. A line "scheme
dark" or "scheme light" makes the page believe that its reader prefers that. What the page
complains of on the console, and what it throws, is printed to standard error; then the exit status
is 1.
"""

import json
import os
import subprocess
import sys


class Browser:
    """Chromium, spoken to by two pipes: JSON objects, with a zero byte behind each."""

    def __init__(self, program, profile):
        from_us, self.requests = os.pipe()
        self.answers, to_us = os.pipe()
        os.set_inheritable(from_us, True)
        os.set_inheritable(to_us, True)
        # It reads its third descriptor and writes its fourth.
        command = [
            "bash", "-c", f'exec "$@" 3<&{from_us} 4>&{to_us}', "-", program,
            "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
            "--no-first-run", "--disable-background-networking", "--disable-sync",
            f"--user-data-dir={profile}", "--remote-debugging-pipe", "about:blank",
        ]
        self.process = subprocess.Popen(command, pass_fds=(from_us, to_us),
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        os.close(from_us)
        os.close(to_us)
        self.received = b""
        self.number = 0
        self.complaints = []

    def receive(self):
        while b"\0" not in self.received:
            piece = os.read(self.answers, 65536)
            if not piece:
                sys.exit("chromium has ended")
            self.received += piece
        message, self.received = self.received.split(b"\0", 1)
        message = json.loads(message)
        method, about = message.get("method"), message.get("params", {})
        if method == "Runtime.exceptionThrown":
            self.complaints.append(json.dumps(about["exceptionDetails"]))
        elif method == "Log.entryAdded" and about["entry"]["level"] == "error":
            self.complaints.append(json.dumps(about["entry"]))
        elif method == "Runtime.consoleAPICalled" and about["type"] in ("error", "warning"):
            self.complaints.append(json.dumps(about["args"]))
        return message

    def ask(self, method, session=None, **params):
        self.number += 1
        request = {"id": self.number, "method": method, "params": params}
        if session:
            request["sessionId"] = session
        os.write(self.requests, json.dumps(request).encode() + b"\0")
        while (answer := self.receive()).get("id") != self.number:
            pass
        if "error" in answer:
            sys.exit(f"{method}: {answer['error']}")
        return answer["result"]


def main():
    program, profile, url, lines, width = sys.argv[1:]
    browser = Browser(program, profile)
    target = browser.ask("Target.createTarget", url="about:blank")["targetId"]
    session = browser.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    for domain in ("Runtime", "Log", "Page"):
        browser.ask(f"{domain}.enable", session)
    browser.ask("Emulation.setDeviceMetricsOverride", session, width=int(width), height=900,
                deviceScaleFactor=1, mobile=False)
    browser.ask("Page.navigate", session, url=url)
    for line in open(lines, encoding="utf-8"):
        if line == "quit\n":
            break
        if not line.strip():
            continue
        if line.startswith("scheme "):
            browser.ask("Emulation.setEmulatedMedia", session,
                        features=[{"name": "prefers-color-scheme", "value": line.split()[1]}])
            continue
        result = browser.ask("Runtime.evaluate", session, expression=line, awaitPromise=True,
                             returnByValue=True)
        print(json.dumps(result["result"].get("value")), flush=True)
    browser.ask("Browser.close")
    browser.process.wait()
    print("\n".join(browser.complaints), end="", file=sys.stderr)
    sys.exit(bool(browser.complaints))


if __name__ == "__main__":
    main()
