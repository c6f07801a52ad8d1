# ICMP errors that nobody met.

# icmp_forge FROM ADDR PORT WHAT : port unreachable, for a datagram that 127.0.0.1:FROM is said to have sent to ADDR:PORT.
# WHAT: "head LENGTH", no more than the UDP header with a payload of LENGTH bytes; "text FILE", its text too.
icmp_forge() {
    /usr/bin/python3 -S - "$@" <<'PY'
import socket, struct, sys
own, addr, port, what, arg = sys.argv[1:]
text = open(arg, "rb").read() if what == "text" else b""
length = len(text) if what == "text" else int(arg)
def checksum(b):
    b += b"\0" * (len(b) % 2)
    s = sum(struct.unpack("!%dH" % (len(b) // 2), b)); s = (s >> 16) + (s & 0xffff); return ~(s + (s >> 16)) & 0xffff
ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 28 + length, 1, 0, 64, 17, 0, socket.inet_aton("127.0.0.1"), socket.inet_aton(addr))
icmp = struct.pack("!BBHI", 3, 3, 0, 0) + ip + struct.pack("!HHHH", int(own), int(port), 8 + length, 0) + text
icmp = icmp[:2] + struct.pack("!H", checksum(icmp)) + icmp[4:]
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
for _ in range(3): s.sendto(icmp, ("127.0.0.1", 0))
PY
}
