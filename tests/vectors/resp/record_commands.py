#!/usr/bin/env python3
"""Fills in the replies of commands_more.txt and its kind: record_commands.py PORT FILE asks a running
redis-server.

The server must be a redis-server 7.0.15 in cluster mode that owns all slots, with
enable-debug-command yes, save "" and DEBUG SET-ACTIVE-EXPIRE 0. Lines of the file:

    case NAME       fresh connections, no keys
    $ words         sent by client 0; 1$ by client 1 and so on. Words as in a shell, with \\xHH, \\r, \\n
    1& words        sent by client 1, whose reply is not waited for
    1?              what has come to client 1 besides
    wait MS         so many milliseconds pass
    mask REGEX      from here to the end of the case each group in a reply is written \\?
    < bytes         the reply, with \\r, \\n, \\\\ and \\xHH; \\? stands for anything
"""
import re
import select
import socket
import sys
import time


class Client:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.settimeout(5)
        self.bytes = b""

    def more(self):
        data = self.socket.recv(65536)
        self.bytes += data
        return data

    def take(self, size):
        while len(self.bytes) < size:
            if not self.more():
                size = len(self.bytes)
        taken, self.bytes = self.bytes[:size], self.bytes[size:]
        return taken

    def line(self):
        while b"\n" not in self.bytes:
            if not self.more():
                return self.take(len(self.bytes))
        return self.take(self.bytes.index(b"\n") + 1)

    def reply(self):
        line = self.line()
        kind, number = line[:1], line[1:-2]
        if kind in b"$=" and int(number or b"-1") >= 0:
            return line + self.take(int(number) + 2)
        if kind and kind in b"*~>%":
            count = max(0, int(number)) * (2 if kind == b"%" else 1)
            return line + b"".join(self.reply() for _ in range(count))
        return line

    def rest(self):
        while select.select([self.socket], [], [], 0.1)[0] and self.more():
            pass
        return self.take(len(self.bytes))

    def send(self, words):
        request = b"*%d\r\n" % len(words)
        for word in words:
            request += b"$%d\r\n%s\r\n" % (len(word), word)
        self.socket.sendall(request)

    def ask(self, words):
        self.send(words)
        reply = self.reply()
        while self.bytes or select.select([self.socket], [], [], 0.005)[0]:
            more = self.reply()
            reply += more
            if not more:  # the server has closed the connection
                break
        return reply


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


def masked(reply, masks):
    """Applied to the escaped text; groups from the last to the first, so that places stay."""
    for mask in masks:
        for match in reversed(list(re.finditer(mask, reply))):
            for group in range(len(match.groups()), 0, -1):
                if match.start(group) >= 0:
                    reply = reply[: match.start(group)] + "\\?" + reply[match.end(group) :]
    return reply


def main(port, path):
    clients, lines, masks = {}, [], []
    for line in open(path).read().split("\n"):
        if line.startswith("< "):
            continue
        lines.append(line)
        if line.startswith("case "):
            clients, masks = {}, [r"\$2\\r\\nid\\r\\n:(\d+)"]
            Client(port).ask([b"FLUSHALL"])
        if line.startswith("mask "):
            masks.append(line[5:])
        if line.startswith("wait "):
            time.sleep(int(line[5:]) / 1000)
        sent = re.match(r"(\d*)& (.*)$", line)
        if sent:
            who = sent.group(1) or "0"
            client = clients[who] = clients.get(who) or Client(port)
            client.send(split(sent.group(2)))
            time.sleep(0.05)
        asked = re.match(r"(\d*)(\$ .*|\?)$", line)
        if asked:
            who, what = asked.group(1) or "0", asked.group(2)
            client = clients[who] = clients.get(who) or Client(port)
            reply = client.rest() if what == "?" else client.ask(split(what[2:]))
            lines.append("< " + masked(escape(reply), masks))
    open(path, "w").write("\n".join(lines))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
