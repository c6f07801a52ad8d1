"""SIP servers on several addresses, in one process, that tell what they get.

    sip.py LOG PORT ADDR...

Every message is a line in LOG: "ADDR udp|tcp METHOD BRANCH" for a request, "ADDR udp STATUS BRANCH" for a response,
"ADDR udp raw" for what is no SIP, "ADDR tcp connect" for a connection. Requests but ACK are answered with 200 and a
To-tag; raw datagrams come back as they are. MESSAGE makes the server send an OPTIONS of its own, branch z9hG4bKserver
and the same Call-ID. A server whose address is the name of a file beside LOG is silent on UDP.
"""
import os
import selectors
import socket
import sys

log, port, addresses = open(sys.argv[1], "a", buffering=1), int(sys.argv[2]), sys.argv[3:]
silent = os.path.dirname(os.path.abspath(sys.argv[1]))
wait = selectors.DefaultSelector()


def field(message, name):
    for line in message.split("\r\n")[1:]:
        if line.lower().startswith(name.lower() + ":"):
            return line.split(":", 1)[1].strip()
    return ""


def branch(message):
    via = field(message, "Via")
    return via.split("branch=", 1)[1].split(";")[0] if "branch=" in via else "-"


def answer(message):
    keep = [line if not line.startswith("To:") or "tag=" in line else line + ";tag=server"
            for line in message.split("\r\n")[1:] if line.split(":")[0] in ("Via", "From", "To", "Call-ID", "CSeq")]
    return "\r\n".join(["SIP/2.0 200 OK"] + keep + ["Content-Length: 0", "", ""])


def own_request(address, message):
    return (f"OPTIONS sip:client SIP/2.0\r\nVia: SIP/2.0/UDP {address}:{port};branch=z9hG4bKserver\r\n"
            f"From: <sip:server@{address}>;tag=s\r\nTo: <sip:client>\r\nCall-ID: {field(message, 'Call-ID')}\r\n"
            "CSeq: 7 OPTIONS\r\nContent-Length: 0\r\n\r\n")


def datagram(sock, address):
    data, sender = sock.recvfrom(65535)
    message = data.decode("latin-1")
    if os.path.exists(os.path.join(silent, address)):
        log.write(f"{address} udp {message.split(' ')[0]} {branch(message)}\n")
        return
    if message.startswith("SIP/2.0 "):
        log.write(f"{address} udp {message.split(' ')[1]} {branch(message)}\n")
    elif " SIP/2.0\r\n" not in message:
        log.write(f"{address} udp raw\n")
        sock.sendto(data, sender)
    else:
        method = message.split(" ")[0]
        log.write(f"{address} udp {method} {branch(message)}\n")
        if method != "ACK":
            sock.sendto(answer(message).encode("latin-1"), sender)
        if method == "MESSAGE":
            sock.sendto(own_request(address, message).encode(), sender)


def connection(sock, address):
    conn, _ = sock.accept()
    log.write(f"{address} tcp connect\n")
    wait.register(conn, selectors.EVENT_READ, (stream, address))


def stream(sock, address):
    try:
        data = sock.recv(65535)
    except ConnectionResetError:
        data = b""
    if not data:
        wait.unregister(sock)
        sock.close()
        return
    message = data.decode("latin-1")
    log.write(f"{address} tcp {message.split(' ')[0]} {branch(message)}\n")
    sock.sendall(answer(message).encode("latin-1"))


for a in addresses:
    for kind, act in ((socket.SOCK_DGRAM, datagram), (socket.SOCK_STREAM, connection)):
        s = socket.socket(socket.AF_INET6 if ":" in a else socket.AF_INET, kind)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind((a, port))
        if kind == socket.SOCK_STREAM:
            s.listen(16)
        wait.register(s, selectors.EVENT_READ, (act, a))
while True:
    for key, _ in wait.select():
        key.data[0](key.fileobj, key.data[1])
