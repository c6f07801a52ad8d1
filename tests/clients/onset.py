#!/usr/bin/python3
"""What a program says first on a TCP connection, in each way of connecting; after a lookup of the name.

    onset.py NAME WAY ADDR FIRST-LINE [HEADER...]

WAY: block, poll (waits for the connect, then sends), once (sends at once, waits when it must), epoll (registered before the
connect, edge-triggered, in another thread). Prints the status of the answer, the peer, and what went wrong.
"""
import errno
import select
import socket
import sys
import threading

name, way, address, first, *headers = sys.argv[1:]
socket.getaddrinfo(name, 5060, socket.AF_INET, socket.SOCK_STREAM)
message = "\r\n".join([first, "Via: SIP/2.0/TCP 127.0.0.1;branch=z9hG4bKonset", "From: <sip:a@pool.test>;tag=a",
                       "Call-ID: call", "CSeq: 1 " + first.split()[0]] + headers
                      + ([] if any(h.startswith("To:") for h in headers) else ["To: <sip:b@pool.test>"])
                      + ["Content-Length: 0", "", ""]).encode()
s = socket.socket()
events = []


def watch(poll):
    while not events or events[-1] != "end":
        for _, event in poll.poll(0.05):
            if event & (select.EPOLLERR | select.EPOLLHUP):
                events.append("hangup")


def wait(what):
    poll = select.poll()
    poll.register(s, what)
    poll.poll(20000)
    error = s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if error:
        raise OSError(error, "")


try:
    if way == "block":
        s.connect((address, 5060))
        s.sendall(message)
    else:
        s.setblocking(False)
        if s.connect_ex((address, 5060)) not in (0, errno.EINPROGRESS):
            raise OSError(errno.ECONNREFUSED, "")
        if way == "epoll":
            epoll = select.epoll()
            epoll.register(s, select.EPOLLIN | select.EPOLLET | select.EPOLLRDHUP)
            threading.Thread(target=watch, args=(epoll,)).start()
        if way != "once":
            wait(select.POLLOUT)
        try:
            s.send(message)
        except BlockingIOError:
            wait(select.POLLOUT)
            s.send(message)
        wait(select.POLLIN)
    s.setblocking(True)
    s.settimeout(20)
    print(s.recv(2000).split()[1].decode(), s.getpeername()[0])
except OSError as e:
    print(errno.errorcode.get(e.errno, str(e)))
events.append("end")
