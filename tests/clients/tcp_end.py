#!/usr/bin/python3
"""Connects to a server of its own at the first address of HOST, which then ends the connection.

usage: tcp_end.py END WAY HOST

END: reset (SO_LINGER 0), close, gone (the path drops all packets; TCP_USER_TIMEOUT gives up), gone-vfork (the same,
after a vfork), abort (our own end is killed). WAY is the call that shows it: recv, recvmsg, read, send, sendmsg,
write, error (SO_ERROR), again (a second send), or tls, a recv on a connection that began like TLS. Prints the address
and the errno's name, or "none".
"""
import errno
import os
import select
import socket
import struct
import subprocess
import sys
import threading

PORT = 7060
CLIENT_HELLO = b"\x16\x03\x01\x00\x05hello"


def serve(listener, ready, end):
    sock = listener.accept()[0]
    sock.recv(len(CLIENT_HELLO), socket.MSG_WAITALL)
    ready.set()
    if end == "reset":
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.close()
    elif end == "close":
        sock.close()
    else:
        threading.Event().wait()


def run(command, vfork=False):
    """subprocess makes its child by vfork, which closes all descriptors in the memory of its parent."""
    env = {k: v for k, v in os.environ.items() if k != "LD_PRELOAD"}
    if vfork:
        subprocess.run(command, shell=True, check=True, env=env)
    elif os.waitpid(os.posix_spawn("/bin/sh", ["sh", "-c", command], env), 0)[1] != 0:
        sys.exit("failed: " + command)


def drop(sock, address, vfork):
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 500)
    run("nft add table ip gone; nft 'add chain ip gone in { type filter hook input priority 0; }'; "
        f"nft add rule ip gone in ip daddr {address} tcp dport {PORT} drop", vfork)
    sock.send(b"into the void")


def send_twice(sock):
    """The first, into a connection that the peer closed, brings a reset; the second fails with EPIPE (tcp(7))."""
    sock.send(b"x")
    poll = select.poll()
    poll.register(sock, 0)
    poll.poll(60000)
    sock.send(b"x")


def show(sock, way):
    fd = sock.fileno()
    calls = {
        "recv": lambda: sock.recv(100), "tls": lambda: sock.recv(100),
        "recvmsg": lambda: sock.recvmsg(100), "read": lambda: os.read(fd, 100),
        "send": lambda: sock.send(b"x"), "sendmsg": lambda: sock.sendmsg([b"x", b"y"]),
        "write": lambda: os.write(fd, b"x"), "again": lambda: send_twice(sock),
    }
    if way == "error":
        return sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    try:
        calls[way]()
        return 0
    except OSError as e:
        return e.errno


def main():
    end, way, host = sys.argv[1:]
    at = socket.getaddrinfo(host, PORT, socket.AF_INET, socket.SOCK_STREAM)[0][4]
    ready = threading.Event()
    listener = socket.create_server(at)
    threading.Thread(target=serve, args=(listener, ready, end), daemon=True).start()
    sock = socket.create_connection(at)
    sock.setblocking(False)
    sock.send(CLIENT_HELLO if way == "tls" else b"REGISTER si"[:len(CLIENT_HELLO)])
    ready.wait()
    if end in ("gone", "gone-vfork"):
        drop(sock, at[0], end == "gone-vfork")
    if end == "abort":
        run(f"ss -t -K dst {at[0]}:{PORT} >/dev/null")
    poll = select.poll()
    poll.register(sock, select.POLLIN | select.POLLRDHUP)
    if not poll.poll(60000):
        sys.exit("nothing happened")
    error = show(sock, way)
    print(at[0], errno.errorcode.get(error, "none"))


main()
