# SPDX-License-Identifier: ISC
"""dgramd.py serve [N [DELAY]]: the program of ipcdgramd: print N messages (all) and what is known
of each. dgramd.py send dgram|seqpacket PATH TEXT...: send messages; "xN" is N bytes, "uid:N" goes on
as user N, "fds:N" sends N descriptors with the next, "new" connects anew."""
import array, os, socket, struct, sys


def serve(count=-1):
    while count:
        packet = os.read(0, 1 << 20)
        if not packet:
            break
        length, message = struct.unpack(">II", packet[:8])
        assert 8 + length + message == len(packet)
        facts = packet[8:8 + length].split(b"\0")[:-1]
        facts = dict(f.partition(b"=")[::2] for f in facts if b"=" in f)
        facts = {name.decode(): value.decode() for name, value in facts.items()}
        text = packet[8 + length:]
        if len(text) > 100:
            text = b"%d bytes" % len(text)
        extra = [name for name in facts if not name.startswith("IPC") and name != "PROTO"]
        words = [facts["PROTO"], facts.get("IPCREMOTEEUID"), facts.get("IPCREMOTEEGID"),
                 "pid" if int(facts.get("IPCREMOTEPID", 0)) > 0 else "no pid",
                 facts["IPCLOCALPATH"], facts["IPCREMOTEPATH"], "[%s]" % facts["IPCCONNNUM"],
                 *["%s=%s" % (name, facts[name]) for name in extra], text.decode()]
        # in one piece: others write there, too
        os.write(1, (" ".join(map(str, words)) + "\n").encode())
        count -= 1


def send(kind, path, *texts):
    kind = socket.SOCK_DGRAM if kind == "dgram" else socket.SOCK_SEQPACKET

    def connect():
        s = socket.socket(socket.AF_UNIX, kind)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 400000)
        s.connect(path)
        return s

    s, fds = connect(), []
    for text in texts:
        if text.startswith("uid:"):
            os.setgid(int(text[4:]))
            os.setuid(int(text[4:]))
        elif text.startswith("fds:"):
            fds = [0] * int(text[4:])
        elif text == "new":
            s = connect()
        else:
            data = b"x" * int(text[1:]) if text[:1] == "x" else text.encode()
            rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
            s.sendmsg([data], rights)
            fds = []


if sys.argv[1] == "serve":
    serve(*map(int, sys.argv[2:]))
else:
    send(*sys.argv[2:])
