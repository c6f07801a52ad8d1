#!/usr/bin/python3
"""A TCP server that counts: a line is added to FILE for each connection, which is answered by a small
HTTP response with the server's own address in it, and closed.

usage: accept.py ADDR PORT FILE
"""
import socket
import socketserver
import sys
import time


class Counted(socketserver.BaseRequestHandler):
    def handle(self):
        with open(sys.argv[3], "a", encoding="ascii") as hits:
            hits.write("HIT connection from %s:%d %d\n" % (*self.client_address[:2], time.time_ns()))
        self.request.settimeout(5)
        try:
            self.request.recv(4096)
            body = sys.argv[1].encode("ascii") + b"\n"
            self.request.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        except OSError:
            pass    # it only connected


class Server(socketserver.ThreadingTCPServer):
    address_family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128


Server((sys.argv[1], int(sys.argv[2])), Counted).serve_forever()
