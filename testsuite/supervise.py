# SPDX-License-Identifier: ISC
"""supervise.py N SOCKET COMMAND...: run COMMAND with NOTIFY_SOCKET, print the first N messages that
come, and close their descriptors"""
import os, socket, struct, subprocess, sys

count, name, command = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
if name[0] == "@":
    s.bind("\0" + name[1:])
else:
    name = os.path.abspath(name)
    directory = os.open(os.path.dirname(name), os.O_PATH)
    s.bind("/proc/self/fd/%d/%s" % (directory, os.path.basename(name)))
os.environ["NOTIFY_SOCKET"] = name
prog = subprocess.Popen(command)
s.settimeout(60)
for _ in range(count):
    data, controls, flags, address = s.recvmsg(4096, 4096)
    pid = uid = fds = 0
    for level, kind, value in controls:
        if kind == socket.SCM_RIGHTS:
            fds = len(value) // 4
            for fd in struct.unpack("%di" % fds, value):
                os.close(fd)
        else:
            pid, uid, gid = struct.unpack("3i", value)
    text = data.decode()
    print(text, end="" if text.endswith("\n") else "\n")
    print("of uid %d" % uid + (" with %d" % fds if fds else ""))
sys.stdout.flush()
prog.wait()
