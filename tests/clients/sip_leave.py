#!/usr/bin/python3
"""One TCP connection with SIP on it, both ends: does the program see its end?

usage: sip_leave.py HOST STEP...

The server listens at the address that HOST's lookup gives first, which is printed first. Steps:
    METHOD     the program sends this request; with `+`, as one within a dialog
    STATUS     the server answers the oldest request that waits, and the program reads that
    STATUS-    the same, but the answer has a body, which is not read yet
    STATUS!    the same, but the server has reset the connection behind its answer; prints what the next read says
    STATUS>METHOD  the server's request follows in the same segment, and is not read yet
    rest       what was not read is
    >METHOD    the server sends this request, and the program reads it
    write      the program writes (CRLFs); prints `written`
    look       prints `open`, or `end` if reading gives the end of the stream
"""
import select
import signal
import socket
import struct
import sys

signal.signal(signal.SIGPIPE, signal.SIG_DFL)     # python ignores it, other programs die of it
BODY = b"SIP/2.0\r\n"


def fields(start, method, number, tagged=False, body=b""):
    return ("%s\r\nVia: SIP/2.0/TCP 127.0.0.1:5070;branch=z9hG4bK-%d\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>%s\r\n"
            "Call-ID: %d@here\r\nCSeq: 1 %s\r\nContent-Length: %d\r\n\r\n" %
            (start, number, ";tag=2" if tagged else "", number, method, len(body))).encode()


class Connection:
    def __init__(self, host):
        at = socket.getaddrinfo(host, 5060, socket.AF_INET, socket.SOCK_STREAM)[0][4]
        listener = socket.create_server(at)
        self.program = socket.create_connection(at)
        self.server = listener.accept()[0]
        self.waiting, self.number, self.unread = [], 0, b""
        print(at[0])

    def request(self, method, tagged=False):
        self.number += 1
        return fields("%s sip:pool.test SIP/2.0" % method, method, self.number, tagged)

    def send(self, method):
        tagged = method.endswith("+")
        message = self.request(method.rstrip("+"), tagged)
        self.waiting.append((method.rstrip("+"), self.number))
        self.program.sendall(message)
        self.server.recv(len(message), socket.MSG_WAITALL)

    def read(self, n):
        if len(self.program.recv(n, socket.MSG_WAITALL)) != n:
            sys.exit("the stream ended too early")

    def reset(self):
        """The server is gone: SO_LINGER of 0 (socket(7))."""
        self.server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.server.close()

    def next_read(self):
        try:
            print("end" if self.program.recv(1) == b"" else "bytes")
        except ConnectionResetError:
            print("reset")

    def answer(self, status, body=b"", then=b"", reset=False):
        method, number = self.waiting.pop(0)
        message = fields("SIP/2.0 %s Said" % status, method, number, True, body)
        self.server.sendall(message + body + then)
        self.unread += body + then
        if reset:
            self.reset()
        select.select([self.program], [], [], 5)
        self.read(len(message))

    def read_rest(self):
        self.read(len(self.unread))
        self.unread = b""

    def ask(self, method):
        self.unread = self.request(method)
        self.server.sendall(self.unread)
        self.read_rest()

    def look(self):
        """What the program sees now: nothing is on its way, for both ends are here."""
        readable = select.select([self.program], [], [], 0)[0]
        if readable and self.program.recv(1, socket.MSG_PEEK):
            sys.exit("something is there unread")
        print("end" if readable else "open")

    def step(self, what):
        status, _, method = what.partition(">")
        if what == "look":
            self.look()
        elif what == "write":
            self.program.sendall(b"\r\n\r\n")
            print("written")
        elif what == "rest":
            self.read_rest()
        elif what.endswith("-"):
            self.answer(what[:-1], BODY)
        elif what.endswith("!"):
            self.answer(what[:-1], reset=True)
            self.next_read()
        elif what.startswith(">"):
            self.ask(method)
        elif status.isdigit():
            self.answer(status, then=self.request(method) if method else b"")
        else:
            self.send(what)


connection = Connection(sys.argv[1])
for what in sys.argv[2:]:
    connection.step(what)
