#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Has a gateway read two files in turn: reload_often.py SOCKET FILE TIMES POOL POOL"""

import http.client
import os
import socket
import sys


def reload(path):
    connection = http.client.HTTPConnection("sluice")
    connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.sock.connect(path)
    connection.request("POST", "/v1/reload", headers={"Content-Length": "0"})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    if answer.status != 200 or "nothing has changed" in text:
        sys.exit(f"reload: {answer.status} {text}")


def main(path, file, times, *pools):
    with open(file, encoding="ascii") as old:
        others = "".join(line for line in old if not line.startswith("pool = "))
    # The first is the one that holds.
    for i in range(1, int(times) + 1):
        with open(file + ".new", "w", encoding="ascii") as new:
            new.write(f"{others}pool = {pools[i % 2]}\n")
        os.rename(file + ".new", file)
        reload(path)


if __name__ == "__main__":
    main(*sys.argv[1:])
