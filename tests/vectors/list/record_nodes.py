#!/usr/bin/env python3
"""Makes nodes.txt: record_nodes.py PORT changes lists of a redis-server 7.0.15 at random and writes down
what was done and into which nodes the items fell, as DUMP shows them. A line each:

    new FILL            a new list, list-max-listpack-size FILL
    push END ITEM       END 0 the head, 1 the tail
    pop END
    insert INDEX AFTER ITEM
    set INDEX ITEM
    delete INDEX FORWARD    the next place is asked for in that direction
    cut START COUNT
    nodes COUNT:BYTES ...   items and bytes of each listpack

ITEM: '@' the empty string, 'x*N' N times x, anything else is itself.
"""
import random
import socket
import sys

OPTIONS = [-1, -2, -2, -5, 0, 1, 3, 30, 500]


class Server:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.file = self.socket.makefile("rb")

    def __call__(self, *words):
        words = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        request = b"*%d\r\n" % len(words)
        self.socket.sendall(request + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words))
        return self.reply()

    def reply(self):
        line = self.file.readline()
        kind, rest = line[:1], line[1:-2]
        if kind == b"$":
            return None if int(rest) < 0 else self.file.read(int(rest) + 2)[:-2]
        if kind == b"*":
            return [self.reply() for _ in range(int(rest))]
        assert kind != b"-", line
        return rest


def length(data, at):
    form = data[at] >> 6
    if form == 0:
        return data[at] & 63, at + 1
    if form == 1:
        return (data[at] & 63) << 8 | data[at + 1], at + 2
    assert data[at] == 0x80
    return int.from_bytes(data[at + 1 : at + 5], "big"), at + 5


def nodes(dump):
    count, at = length(dump, 1)
    found = []
    for _ in range(count):
        container, at = length(dump, at)
        size, at = length(dump, at)
        assert dump[0] == 18 and container == 2
        found.append("%d:%d" % (int.from_bytes(dump[at + 4 : at + 6], "little"), size))
        at += size
    return " ".join(found)


def item(choice, big):
    kind = choice.randrange(5)
    if kind == 0:
        return str(choice.choice([1, -1, 1]) * choice.randrange(10 ** choice.randrange(1, 19)))
    if kind == 1:
        return choice.choice(["@", "007", "9223372036854775807", "9223372036854775808", "-0"])
    return "x*%d" % choice.randrange(1, 80 if kind == 2 else big)


def text(word):
    return "" if word == "@" else "x" * int(word[2:]) if word.startswith("x*") else word


def play(server, choice, out):
    fill, big, count = choice.choice(OPTIONS), choice.choice([10, 300, 3000, 9000]), 0
    server("CONFIG", "SET", "list-max-listpack-size", fill)
    server("DEL", "k")
    out.append("new %d" % fill)
    for step in range(120):
        kind, word, end = choice.randrange(14), item(choice, big), choice.randrange(2)
        at = choice.randrange(count) if count else 0
        if count == 0 or kind < 5:
            server("RPUSH" if end else "LPUSH", "k", text(word))
            out.append("push %d %s" % (end, word))
            count += 1
        elif kind < 6:
            server("RPOP" if end else "LPOP", "k")
            out.append("pop %d" % end)
            count -= 1
        elif kind < 11:  # a pivot is found at its first place
            old = server("LINDEX", "k", at)
            at = server("LRANGE", "k", 0, -1).index(old)
            server("LINSERT", "k", "AFTER" if end else "BEFORE", old, text(word))
            out.append("insert %d %d %s" % (at, end, word))
            count += 1
        elif kind < 12:
            at = choice.randrange(-count, count)
            server("LSET", "k", at, text(word))
            out.append("set %d %s" % (at, word))
        elif kind < 13:
            old = server("LINDEX", "k", at)
            items = server("LRANGE", "k", 0, -1)
            at = items.index(old) if end else -1 - items[::-1].index(old)
            server("LREM", "k", 1 if end else -1, old)
            out.append("delete %d %d" % (at, end))
            count -= 1
        else:
            some = choice.randrange(1, 2 + count // 6)
            some = min(some, count)
            start = choice.choice([0, count - some])
            if start == 0:
                server("LPOP", "k", some)
            else:
                server("LTRIM", "k", 0, start - 1)
            out.append("cut %d %d" % (start, some))
            count -= some
        if count and step % 7 == 6:
            out.append("nodes " + nodes(server("DUMP", "k")))


# The last byte that a node takes, or that two nodes are merged with, and the first that is too many.
EDGES = [
    "new -1; push 1 x*1000; push 1 x*3077",
    "new -1; push 1 x*1000; push 1 x*3078",
    "new -1; push 1 x*1000; push 1 x*3085; push 1 x*900; insert 1 1 x*200",
    "new -1; push 1 x*1000; push 1 x*3086; push 1 x*900; insert 1 1 x*200",
    "new 3; push 1 x*1000; push 1 x*7173",
    "new 3; push 1 x*1000; push 1 x*7174",
]


def play_edge(server, line, out):
    for order in line.split("; "):
        word, first, *rest = order.split()
        if word == "new":
            server("CONFIG", "SET", "list-max-listpack-size", first)
            server("DEL", "k")
        elif word == "push":
            server("RPUSH" if first == "1" else "LPUSH", "k", text(rest[0]))
        else:
            pivot = server("LINDEX", "k", first)
            server("LINSERT", "k", "AFTER" if rest[0] == "1" else "BEFORE", pivot, text(rest[1]))
        out.append(order)
    out.append("nodes " + nodes(server("DUMP", "k")))


def main(port):
    server, out = Server(port), []
    server("CONFIG", "SET", "rdbcompression", "no")
    choice = random.Random(1)
    for _ in range(24):
        play(server, choice, out)
    for line in EDGES:
        play_edge(server, line, out)
    print("\n".join(out))


main(int(sys.argv[1]))
