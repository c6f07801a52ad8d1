"""Runs raw on a UDP socket that it inherits.

usage: unseen.py connected|WAY RAW NAME TIMES

connected: raw's way `send` on a socket that this program has connected.
"""
import os
import socket
import sys

way, raw, name, times = sys.argv[1:]
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.settimeout(None)
os.set_inheritable(sock.fileno(), True)
if way == "connected":
    sock.connect(("127.0.0.54", 53))
env = dict(os.environ, RAW_FD=str(sock.fileno()), RAW_CONNECTED="1" if way == "connected" else "")
os.execve(raw, [raw, "send" if way == "connected" else way, name, times], env)
