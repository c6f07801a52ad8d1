#!/usr/bin/python3
"""A pool of three SIP servers behind one name, the first of which has a fault; and the DNS that rotates it. One process.

    pool.py FAULT WARM LOG CERTIFICATE

sip.pool.test is 127.0.0.11 to .13: the n-th answer begins with the n-th of them, in turn, so that a third of those who
take the first address meet the faulty one, exactly. On each address UDP and TCP on port 5060, TLS on 5061. Requests
but ACK are answered by 200, with the address in Server. The fault begins at lookup number WARM (counted from 0), before
that is answered: no request is on its way then. FAULT:

    none       refused    RST, and "port unreachable" over UDP
    drop       what arrives over TCP is dropped                    icmp   "host unreachable"
    noroute    this machine has no way to it                       flap   10 s down (RST; silent over UDP), 10 s up ...
    silent     accepts, and says nothing; over TLS no handshake    mute   the same behind the handshake
    fin, rst   accepts and closes                                  finr, rstr  the same when it has read the request
    503        503 to all;  503one, 480one  to the user "one"      options     only OPTIONS is answered
    slow       answers after 5 s                                   half   loses the first of each two requests;
    over UDP the first send of each (what the user "monitor" sends is answered)

LOG gets a line for each request: milliseconds, address, transport, method, user, and what it was answered (or -).
"""
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time

NAME, POOL, RESOLVER = "sip.pool.test", ["127.0.0.11", "127.0.0.12", "127.0.0.13"], "127.0.0.54"
SIP, SIPS, TTL, SLOW, FLAP = 5060, 5061, 5, 5.0, 10.0
FAULTY = POOL[0]
TCP = "tcp dport { 5060, 5061 } "
NETWORK = {
    "refused": [TCP + "reject with tcp reset", "udp dport 5060 reject with icmp port-unreachable"],
    "drop": [TCP + "drop"],
    "icmp": [TCP + "reject with icmp host-unreachable", "udp dport 5060 reject with icmp host-unreachable"],
    "flap": [TCP + "reject with tcp reset", "udp dport 5060 drop"],
}
STATUS = {200: "OK", 480: "Temporarily Unavailable", 503: "Service Unavailable"}

fault, warm, log, certificate = sys.argv[1], int(sys.argv[2]), open(sys.argv[3], "a", buffering=1), sys.argv[4]
on = threading.Event()
lock = threading.Lock()
heard = {}


# ---- the fault ----

def nft(text):
    subprocess.run(["nft", "-f", "-"], input=text, text=True, check=True)


def network(rules):
    """In one transaction, the rules before it go."""
    nft("table ip pool\ndelete table ip pool\ntable ip pool {\nchain in {\ntype filter hook input priority 0\n"
        + "".join(f"ip daddr {FAULTY} {rule}\n" for rule in rules) + "}\n}\n")


def flap():
    while True:
        time.sleep(FLAP)
        network([])
        time.sleep(FLAP)
        network(NETWORK[fault])


def begin():
    if fault == "noroute":
        subprocess.run("ip rule add pref 100 lookup local && ip rule del pref 0 && "
                       f"ip rule add pref 1 to {FAULTY} unreachable", shell=True, check=True)
    elif fault in NETWORK:
        network(NETWORK[fault])
        if fault == "flap":
            threading.Thread(target=flap, daemon=True).start()
    on.set()


def does(address, transport, method, user, call):
    """The status to answer with, and after how many seconds; (None, 0): nothing."""
    if address != FAULTY or not on.is_set():
        return 200, 0
    if fault in ("silent", "mute") or fault == "options" and method != "OPTIONS":
        return None, 0
    if fault == "503":
        return 503, 0
    if fault in ("503one", "480one") and user == "one":
        return int(fault[:3]), 0
    if fault == "half" and user != "monitor":
        with lock:
            seen = call if transport == "udp" else "any"
            heard[seen] = heard.get(seen, 0) + 1
            return (None if heard[seen] % 2 else 200), 0
    return 200, SLOW if fault == "slow" else 0


# ---- SIP ----

def field(message, name):
    for line in message.split("\r\n")[1:]:
        if line.lower().startswith(name.lower() + ":"):
            return line.split(":", 1)[1].strip()
    return ""


def answer(message, status, address):
    keep = [line if not line.startswith("To:") or "tag=" in line else line + ";tag=server"
            for line in message.split("\r\n")[1:] if line.split(":")[0] in ("Via", "From", "To", "Call-ID", "CSeq")]
    return "\r\n".join([f"SIP/2.0 {status} {STATUS[status]}"] + keep
                       + [f"Server: {address}", "Content-Length: 0", "", ""]).encode("latin-1")


def request(data, address, transport, send):
    """Answers one through send(bytes), or does not."""
    message = data.decode("latin-1")
    method = message.split(" ")[0]
    if " SIP/2.0\r\n" not in message or method == "ACK":
        return
    user = field(message, "From").partition("sip:")[2].partition("@")[0]
    status, delay = does(address, transport, method, user, field(message, "Call-ID"))
    log.write(f"{time.monotonic() * 1000:.0f} {address} {transport} {method} {user} {status or '-'}\n")
    if status:
        text = answer(message, status, address)
        if delay:
            threading.Timer(delay, quietly, (send, text)).start()
        else:
            quietly(send, text)


def quietly(call, *args):
    """The other side may have gone."""
    try:
        return call(*args)
    except OSError:
        return b""


def bound(address, port):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((address, port))
    return sock


def datagrams(sock, address):
    while True:
        data, peer = sock.recvfrom(65535)
        request(data, address, "udp", lambda text, to=peer: sock.sendto(text, to))


def close(sock, how):
    """FIN is sent before what has not been read could make it a RST."""
    if how.startswith("rst"):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.close()
    else:
        quietly(socket.socket.shutdown, sock, socket.SHUT_WR)
        while quietly(socket.socket.recv, sock, 65535):
            pass
        sock.close()


def connection(sock, address, transport):
    bad = fault if address == FAULTY and on.is_set() else ""
    if bad in ("fin", "rst"):
        return close(sock, bad)
    if transport == "tls":
        if bad == "silent":
            return time.sleep(600)
        try:
            sock = context.wrap_socket(sock, server_side=True)
        except OSError:
            return sock.close()
    while data := quietly(sock.recv, 65535):
        if address == FAULTY and on.is_set() and fault in ("finr", "rstr"):
            return close(sock, fault)
        request(data, address, transport, sock.sendall)
    sock.close()


def connections(listener, address, transport):
    while True:
        sock = listener.accept()[0]
        threading.Thread(target=connection, args=(sock, address, transport), daemon=True).start()


# ---- DNS ----

def names():
    """RFC 1035 section 4: the question is echoed, the answers point back to it."""
    sock, turn = bound(RESOLVER, 53), 0
    print("ready", flush=True)
    while True:
        query, peer = sock.recvfrom(4096)
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode("ascii").lower())
            at += 1 + query[at]
        known = ".".join(labels) == NAME
        records = []
        if known and query[at + 1:at + 3] == b"\0\1":
            if turn == warm:
                begin()
            records = [struct.pack("!HHHIH", 0xC00C, 1, 1, TTL, 4) + socket.inet_aton(POOL[(turn + i) % 3]) for i in range(3)]
            turn += 1
        flags = 0x8580 | (query[2] & 1) << 8 | (0 if known else 3)
        sock.sendto(query[:2] + struct.pack("!HHHHH", flags, 1, len(records), 0, 0) + query[12:at + 5]
                    + b"".join(records), peer)


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate)
for one in POOL:
    threading.Thread(target=datagrams, args=(bound(one, SIP), one), daemon=True).start()
    for port, transport in (SIP, "tcp"), (SIPS, "tls"):
        listener = socket.create_server((one, port), backlog=256)
        threading.Thread(target=connections, args=(listener, one, transport), daemon=True).start()
names()
