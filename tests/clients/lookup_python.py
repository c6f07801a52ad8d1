#!/usr/bin/python3
"""Connects to HOST:PORT in one of python's ways, asks for / and prints the body.

usage: lookup_python.py blocking|timeout|nonblocking|byname|asyncio HOST PORT

blocking and timeout try one address after the other (create_connection); nonblocking and byname try the
first only and fail with errno's name on standard error; asyncio tries all.
"""
import asyncio
import errno
import os
import select
import socket
import sys

REQUEST = b"GET / HTTP/1.0\r\n\r\n"


def body(reply):
    return reply.partition(b"\r\n\r\n")[2].decode("ascii").strip()


def ask(sock):
    """Sends the request over a connected socket and reads to the end."""
    sock.sendall(REQUEST)
    parts = []
    while part := sock.recv(4096):
        parts.append(part)
    return body(b"".join(parts))


def by_create_connection(host, port, timeout):
    with socket.create_connection((host, port), timeout) as sock:
        return ask(sock)


def by_nonblocking(host, port):
    family, kind, _, _, address = socket.getaddrinfo(host, port, socket.AF_INET, socket.SOCK_STREAM)[0]
    with socket.socket(family, kind) as sock:
        sock.setblocking(False)
        error = sock.connect_ex(address)
        if error == errno.EINPROGRESS:
            poll = select.poll()
            poll.register(sock, select.POLLOUT)
            poll.poll(60000)
            error = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            raise OSError(error, os.strerror(error))
        sock.setblocking(True)
        return ask(sock)


def by_name(host, port):
    with socket.socket() as sock:
        sock.connect((socket.gethostbyname(host), port))
        return ask(sock)


async def by_asyncio(host, port):
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(REQUEST)
    reply = await reader.read()
    writer.close()
    return body(reply)


def main():
    mode, host, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
    ways = {
        "blocking": lambda: by_create_connection(host, port, None),
        "timeout": lambda: by_create_connection(host, port, 60),
        "nonblocking": lambda: by_nonblocking(host, port),
        "byname": lambda: by_name(host, port),
        "asyncio": lambda: asyncio.run(by_asyncio(host, port)),
    }
    try:
        print(ways[mode]())
    except OSError as error:
        sys.exit(errno.errorcode.get(error.errno, str(error)))


main()
