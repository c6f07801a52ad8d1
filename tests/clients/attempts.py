"""Connects as RFC 8305 has it: to each address of a name in turn, the next after so many milliseconds.

    attempts.py HOST[/ADDRESS] PORT MS close|past|keep|late|stay|many

close: an attempt without an answer is given up before the next; past: the same by syscall(2), as libuv does; keep: it stays in flight beside it; late: what
becomes of them is asked after the last one; many: as late, three to each address; stay: as keep, and the program
ends without closing any.
ADDRESS: of those of the name only this one. Prints the address that was connected to, as the program asked for it, or "none"; late, many: the servers
that were, or are being, connected to.
"""
import ctypes
import os
import select
import socket
import subprocess
import sys
import time

(host, _, only), port, wait_ms, how = sys.argv[1].partition("/"), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
poll, attempts = select.poll(), {}
times = 3 if how == "many" else 1
for family, kind, protocol, _, address in socket.getaddrinfo(host, port, socket.AF_INET, socket.SOCK_STREAM) * times:
    if only and address[0] != only:
        continue
    attempt = socket.socket(family, kind, protocol)
    attempt.setblocking(False)
    attempt.connect_ex(address)
    attempts[attempt.fileno()] = (attempt, address[0])
    if how in ("late", "many"):
        time.sleep(wait_ms / 1000)
        continue
    poll.register(attempt, select.POLLOUT)
    for fd, _ in poll.poll(wait_ms):
        attempt, asked = attempts[fd]
        if attempt.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0:
            print(asked, flush=True)
            os._exit(0) if how == "stay" else sys.exit()
        poll.unregister(fd)
    if how == "close" and attempt.fileno() in attempts:
        poll.unregister(attempt)
        attempt.close()
    if how == "past" and attempt.fileno() in attempts:
        poll.unregister(attempt)
        ctypes.CDLL(None).syscall(3, attempt.detach())      # SYS_close on x86-64; elsewhere it fails, and nothing is closed
if how in ("late", "many"):
    seen = subprocess.run(["ss", "-Htn", "dport", f"= :{port}"], capture_output=True, text=True, check=True).stdout
    sys.exit(print(*sorted({line.split()[4].rsplit(":", 1)[0] for line in seen.splitlines()})))
print("none")
