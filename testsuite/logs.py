# SPDX-License-Identifier: ISC
"""What machines make of messages.
logs.py json|logfmt [KEY...] <LOG: each line is a record that begins as all do; print the values of KEYs,
    of all but "time" if there are none
logs.py hostile json|logfmt N: messages with N names that nobody would choose, one write(2) each"""
import json, os, random, re, socket, subprocess, sys

FIELD = re.compile(r'([a-z0-9_]+)=(-?[0-9.]+|"(?:[^"\\]|\\.)*")(?: |$)')
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


def once(pairs):
    assert len(dict(pairs)) == len(pairs), pairs
    return dict(pairs)


def parse(form, line):
    assert line.endswith(b"\n") and line.count(b"\n") == 1 and len(line) <= 4096, line
    text = line[:-1].decode()
    assert not re.search("[\0-\x1f\x7f-\x9f]", text), line
    if form == "json":
        record = json.loads(text, object_pairs_hook=once)
    else:
        assert "".join(m.group(0) for m in FIELD.finditer(text)) == text, text
        record = once([(key, json.loads(value)) for key, value in FIELD.findall(text)])
    assert list(record)[:3] == ["time", "tool", "level"] and "event" in record, record
    assert TIME.fullmatch(record["time"]), record
    return record


def meant(name):
    """Each byte that is no UTF-8 is the character of its number."""
    return "".join(chr(ord(c) - 0xdc00) if 0xdc80 <= ord(c) <= 0xdcff else c
                   for c in name.decode(errors="surrogateescape"))


def said(form, name):
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        subprocess.run([b"ipcclient", name, b"true"], stderr=theirs,
                       env=dict(os.environ, IPCBOX_LOG=form))
        line = ours.recv(1 << 16)
        ours.setblocking(False)
        try:
            assert not ours.recv(1 << 16)
        except BlockingIOError:
            pass
        return line


def hostile(form, count):
    some = random.Random(count)
    names = [b'x" pid 0 uid 0', b'","uid":0,"x":"', b"a\nipcclient: fatal: b", b"a uid=0 b", b"\\", b"\\u0000",
             b"%s%n uid %d", b"\xc2\x9b\xe2\x80\xae\xed\xa0\x80\xff\xf4\x90\x80\x80", b":", b"a: b:", b"\x01" * 90,
             "\u00e9\U0001f600".encode(), b'"' * 90, b" 7"]
    parts = [b'"', b"\\", b"\n", b"%d", b" uid 0", b"=", b":", b"{", b"\xc3", b"\xa9", b"\x7f", b"a", b"\xf0\x9f"]
    for _ in range(count):
        names.append(b"".join(some.choice(parts) if some.random() < .7 else bytes([some.randrange(1, 256)])
                              for _ in range(some.randrange(1, 30))))
    for name in names:
        name = b"./" + name.replace(b"/", b"?")
        record = parse(form, said(form, name))
        del record["time"]
        assert record == {"tool": "ipcclient", "level": "fatal", "event": "unable to connect to",
                          "error": "No such file or directory", "path": meant(name)}, (name, record)


if sys.argv[1] == "hostile":
    hostile(sys.argv[2], int(sys.argv[3]))
    sys.exit()
for line in sys.stdin.buffer:
    record = parse(sys.argv[1], line)
    keys = sys.argv[2:] or [key for key in record if key != "time"]
    print(*(record.get(key, "-") for key in keys))
