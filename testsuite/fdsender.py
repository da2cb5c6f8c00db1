# SPDX-License-Identifier: ISC
# fdsender.py PATH PROG...: become PROG, and leave a child that waits for the socket PATH and sends
# one byte and $N (1) descriptors of a pipe that holds "sent", as fdsend does. In plain python3.
import os
import socket
import sys
import time

if os.fork():
    os.execvp(sys.argv[2], sys.argv[2:])
sock = socket.socket(socket.AF_UNIX)
for _ in range(3000):
    if sock.connect_ex(sys.argv[1]) == 0:
        break
    time.sleep(0.01)
r, w = os.pipe()
os.write(w, b"sent\n")
os.close(w)
socket.send_fds(sock, [b" "], [r] * int(os.environ.get("N", 1)))
