# SPDX-License-Identifier: ISC
"""say.py TEXT...: one message each to NOTIFY_SOCKET; "uid:N" goes on as user N, "fd:N" sends
descriptor N along with the next, "barrier" waits for the answer of BARRIER=1"""
import array, os, socket, sys

s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
name = os.environ["NOTIFY_SOCKET"]
if name[0] == "@":
    name = "\0" + name[1:]
fds = []


def send(data, fds):
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
    s.sendmsg([data], rights, 0, name)


for text in sys.argv[1:]:
    if text.startswith("uid:"):
        os.setuid(int(text[4:]))
    elif text.startswith("fd:"):
        fds.append(int(text[3:]))
    elif text == "barrier":
        ours, theirs = os.pipe()
        send(b"BARRIER=1", [theirs])
        os.close(theirs)
        os.read(ours, 1)
        print("barrier", file=sys.stderr)
    else:
        send(text.encode().decode("unicode_escape").encode(), fds)
        fds = []
