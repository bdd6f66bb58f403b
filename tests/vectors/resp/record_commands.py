#!/usr/bin/env python3
"""Fills in the replies of commands_more.txt: record_commands.py PORT FILE asks a running redis-server.

The server must be a redis-server 7.0.15 in cluster mode that owns all slots, with
enable-debug-command yes, save "" and DEBUG SET-ACTIVE-EXPIRE 0. Lines of the file:

    case NAME       fresh connections, no keys
    $ words         sent by client 0; 1$ by client 1 and so on. Words as in a shell, with \\xHH, \\r, \\n
    < bytes         the reply, with \\r, \\n, \\\\ and \\xHH; \\? stands for anything
"""
import re
import socket
import sys


class Client:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.file = self.socket.makefile("rb")

    def reply(self):
        line = self.file.readline()
        kind, number = line[:1], line[1:-2]
        if kind in b"$=" and int(number) >= 0:
            return line + self.file.read(int(number) + 2)
        if kind in b"*~>%":
            count = max(0, int(number)) * (2 if kind == b"%" else 1)
            return line + b"".join(self.reply() for _ in range(count))
        return line

    def ask(self, words):
        request = b"*%d\r\n" % len(words)
        for word in words:
            request += b"$%d\r\n%s\r\n" % (len(word), word)
        self.socket.sendall(request)
        return self.reply()


def split(line):
    """Words with blanks between them; double quotes may stand around or inside one."""
    words, word, quoted = [], None, False
    for char in line + " ":
        if char == " " and not quoted:
            words += [] if word is None else [word]
            word = None
        else:
            word = word or ""
            quoted ^= char == '"'
            word += "" if char == '"' else char
    return [word.encode().decode("unicode_escape").encode("latin1") for word in words]


def escape(data):
    named = {13: "\\r", 10: "\\n", 92: "\\\\"}
    return "".join(named.get(c) or (chr(c) if 32 <= c < 127 else "\\x%02x" % c) for c in data)


def main(port, path):
    clients, lines = {}, []
    for line in open(path).read().split("\n"):
        if line.startswith("< "):
            continue
        lines.append(line)
        if line.startswith("case "):
            clients = {}
            Client(port).ask([b"FLUSHALL"])
        asked = re.match(r"(\d*)\$ (.*)", line)
        if asked:
            client = clients.setdefault(asked.group(1), None) or Client(port)
            clients[asked.group(1)] = client
            reply = escape(client.ask(split(asked.group(2))))
            lines.append("< " + re.sub(r"(\$2\\r\\nid\\r\\n:)\d+", r"\1\\?", reply))
    open(path, "w").write("\n".join(lines))


main(int(sys.argv[1]), sys.argv[2])
