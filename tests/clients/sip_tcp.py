#!/usr/bin/python3
"""Registers over TCP, in pieces, with a server of its own at the address that HOST's lookup gives first.

usage: sip_tcp.py WAY HOST OUT IN

Sends OUT bytes at a time and reads IN at a time. Prints the address. WAY:
    STATUS         is answered so ("503 Service Unavailable"), with Retry-After: 200
    late           two keep-alives, a 100 and a 503, all in one segment
    other          by a 503 with another branch
    http, tls      what goes out first is no SIP; then REGISTER, and a 503
    passed         a 503; read by a child that is handed the connected socket
"""
import array
import os
import socket
import sys
import threading

REGISTER = ("REGISTER sip:pool.test SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:5070;branch=%s\r\n"
            "From: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: 1@here\r\nCSeq: 1 REGISTER\r\n"
            "Contact: <sip:a@127.0.0.1:5070;transport=tcp>\r\nl: 9\r\n\r\n")
BRANCH, BODY = "z9hG4bK-1", "SIP/2.0\r\n"


def answer(status, branch=BRANCH):
    """To REGISTER, with what a server copies from it, and a body that starts like a message."""
    copied = (REGISTER % branch).partition("\r\n")[2].replace("\r\n\r\n", "\r\nRetry-After: 200\r\n\r\n")
    return "SIP/2.0 %s\r\n" % status + copied + BODY


def conversation(way):
    """What goes out, and what comes in."""
    register = REGISTER % BRANCH + BODY
    failed = answer("503 Service Unavailable")
    return {
        "late": (register, "\r\n\r\n\r\n\r\n" + answer("100 Trying") + failed),
        "other": (register, answer("503 Service Unavailable", "z9hG4bK-2")),
        "http": ("GET / HTTP/1.1\r\nHost: b\r\n\r\n" + register, failed),
        "tls": ("\x16\x03\x01\x00\x05hello" + register, failed),
        "passed": (register, failed),
    }.get(way) or (register, answer(way))


def serve(listener, size, reply):
    sock = listener.accept()[0]
    while size > 0:
        size -= len(sock.recv(size))
    sock.sendall(reply)
    sock.shutdown(socket.SHUT_WR)     # close would not end it: a child may hold the socket too
    sock.recv(1)


def converse(sock, out, reply_size, piece_out, piece_in):
    while out:
        out = out[sock.send(out[:piece_out]):]
    while reply_size > 0:
        sock.recv(1, socket.MSG_PEEK)   # comes again: must not count twice
        reply_size -= len(sock.recv(min(piece_in, reply_size)))
    if sock.recv(1):
        sys.exit("more came than was sent")


def hand_over(sock, speak):
    """In a child that gets the socket, and has not seen it before."""
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    here.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [sock.fileno()]))])
    sock.close()
    child = os.fork()
    if child == 0:
        control = there.recvmsg(1, 64)[1]
        speak(socket.socket(fileno=array.array("i", control[0][2])[0]))
        os._exit(0)
    if os.waitpid(child, 0)[1] != 0:
        sys.exit("the child failed")


def main():
    way, host, piece_out, piece_in = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    out, reply = (text.encode("latin-1") for text in conversation(way))
    at = socket.getaddrinfo(host, 5060, socket.AF_INET, socket.SOCK_STREAM)[0][4]
    listener = socket.create_server(at)
    threading.Thread(target=serve, args=(listener, len(out), reply), daemon=True).start()
    sock = socket.create_connection(at)

    def speak(connected):
        converse(connected, out, len(reply), piece_out, piece_in)

    if way == "passed":
        hand_over(sock, speak)
    else:
        speak(sock)
    print(at[0])


main()
