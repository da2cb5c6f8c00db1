# SPDX-License-Identifier: ISC
# A peer for the tests of fdpass, in plain python3. It follows docs/protocol.md and shares no code
# with what it tests.
#
#	peer.py MODE TYPE [NAME...] -- PROG...
#
# Runs PROG with one end of a socket pair as descriptor 0 and is at the other end itself. What it
# has to say it prints when PROG has ended:
#
#	send NAME...	sends a pipe for each name (it holds "NAME\n"), prints the answer
#	take		takes a message, prints the names and what the descriptors hold (of up to
#			ten) and their number, answers yes
#	refuse		takes it, answers no
#	raw HEX N	sends these bytes with N descriptors, prints the answer
#	quiet		does nothing until PROG ends
#	hold HEX N	as raw; then becomes PROG, with the other end as descriptor 9: no pipes
#
# The type is stream, packet, or "stream:" to make raw send a byte at a time.
import os
import socket
import struct
import subprocess
import sys

mode, kind = sys.argv[1:3]
split = sys.argv.index("--")
args, prog = sys.argv[3:split], sys.argv[split + 1:]
bytewise = kind.endswith(":")
ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET
                                 if kind.startswith("packet") else socket.SOCK_STREAM)
ours.settimeout(60)


def pipe(text):
    r, w = os.pipe()
    os.write(w, text)
    os.close(w)
    return r


lines = []


def say(*words):
    lines.append(" ".join(map(str, words)))


def answer():
    try:
        byte = ours.recv(1)
    except ConnectionResetError:
        byte = b""
    say({b"\x06": "taken", b"\x15": "refused", b"": "closed"}.get(byte, byte))


def send_raw():
    data, fds = bytes.fromhex(args[0]), [pipe(b"x\n") for _ in range(int(args[1]))]
    if not bytewise:
        socket.send_fds(ours, [data], fds)
        return
    for i in range(len(data)):
        socket.send_fds(ours, [data[i:i + 1]], fds if i == len(data) - 1 else [])


if mode == "hold":
    send_raw()
    os.dup2(theirs.fileno(), 0)
    os.dup2(ours.fileno(), 9)
    os.execvp(prog[0], prog)

child = subprocess.Popen(prog, stdin=theirs, close_fds=False)
theirs.close()
if mode == "send":
    names = b"".join(name.encode() + b"\0" for name in args)
    socket.send_fds(ours, [struct.pack(">IH", len(names), len(args)) + names],
                    [pipe(name.encode() + b"\n") for name in args])
    answer()
elif mode in ("take", "refuse"):
    data, fds, _, _ = socket.recv_fds(ours, 70000, 253)
    while len(data) < 6 + struct.unpack(">I", data[:4])[0]:
        data += ours.recv(70000)
    length, count = struct.unpack(">IH", data[:6])
    names = data[6:].decode().split("\0")[:-1]
    assert length == len(data) - 6 and count == len(fds) == len(names)
    for name, fd in zip(names, fds) if count < 10 else ():
        say(name, os.read(fd, 100).decode().strip())
    say("count", count)
    ours.send(b"\x06" if mode == "take" else b"\x15")
elif mode == "raw":
    send_raw()
    answer()
status = child.wait()
print("".join(line + "\n" for line in lines), end="", flush=True)
sys.exit(status)
