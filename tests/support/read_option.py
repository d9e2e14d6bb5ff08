"""Reads socket options of another process, by numbers that no one of plumb wrote.

Usage: read_option.py PID. Each line of input is a JSON object; each gets a line of answer.

    {"type": 1, "local": 8080, "peer": null, "listening": true, "option": "TCP_NODELAY", "size": 4}

names a socket by its ends (ports, or names of Unix sockets; null: any) and an option as C does.
The socket is duplicated with pidfd_getfd(2). The answer is the value in hex, or an error.
"""

import ctypes
import json
import os
import socket
import sys

# linux/in.h, linux/in6.h, asm-generic/socket.h, linux/tcp.h: what Python's module does not have.
NUMBERS = {
    "SO_BUSY_POLL": 46,
    "SO_PRIORITY": 12,
    "SO_MARK": 36,
    "IP_MTU_DISCOVER": 10,
    "IP_RECVERR": 11,
    "IP_FREEBIND": 15,
    "IP_BIND_ADDRESS_NO_PORT": 24,
    "IP_MULTICAST_ALL": 49,
    "IP_TRANSPARENT": 19,
    "IPV6_MULTICAST_ALL": 29,
    "IPV6_MTU_DISCOVER": 23,
    "IPV6_TRANSPARENT": 75,
    "IPV6_FREEBIND": 78,
    "TCP_FASTOPEN_CONNECT": 30,
}
LEVELS = {
    "SO": socket.SOL_SOCKET,
    "TCP": socket.IPPROTO_TCP,
    "IP": socket.IPPROTO_IP,
    "IPV6": socket.IPPROTO_IPV6,
}
PIDFD_GETFD = 438
libc = ctypes.CDLL(None, use_errno=True)


def number(option):
    return NUMBERS[option] if option in NUMBERS else getattr(socket, option)


def end(name):
    """The port, or the name of a Unix socket with its NUL as @; None for an end without a name."""
    if isinstance(name, tuple):
        return name[1]
    text = os.fsdecode(name)
    return "@" + text[1:] if text.startswith("\0") else text or None


def ends(sock):
    try:
        peer = end(sock.getpeername())
    except OSError:
        peer = None
    return end(sock.getsockname()), peer


def find(pid, pidfd, wanted):
    """Every socket of the process that fits, duplicated."""
    for entry in os.listdir(f"/proc/{pid}/fd"):
        try:
            if not os.readlink(f"/proc/{pid}/fd/{entry}").startswith("socket:"):
                continue
        except OSError:
            continue
        fd = libc.syscall(PIDFD_GETFD, pidfd, int(entry), 0)
        if fd < 0:
            continue
        sock = socket.socket(fileno=fd)
        if fits(sock, wanted):
            yield sock
        else:
            sock.close()


def fits(sock, wanted):
    if sock.family not in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX):
        return False
    if sock.type != wanted["type"]:
        return False
    listening = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN) != 0
    if listening != wanted["listening"]:
        return False
    local, peer = ends(sock)
    return wanted["local"] in (None, local) and wanted["peer"] in (None, peer)


def answer(pid, pidfd, wanted):
    found = list(find(pid, pidfd, wanted))
    try:
        if len(found) != 1:
            return {"error": f"{len(found)} sockets fit"}
        option = wanted["option"]
        level = LEVELS[option.split("_")[0]]
        return {"value": found[0].getsockopt(level, number(option), wanted["size"]).hex()}
    except OSError as error:
        return {"error": str(error)}
    finally:
        for sock in found:
            sock.close()


def main():
    pid = int(sys.argv[1])
    pidfd = os.pidfd_open(pid)
    for line in sys.stdin:
        print(json.dumps(answer(pid, pidfd, json.loads(line))), flush=True)


main()
