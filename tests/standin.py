#!/usr/bin/env python3
"""A suite as others have it: it starts redis-server processes and steers them by signals.

    tests/standin.py RCSIM RCSIM-REDIS-SERVER   on virtual nodes: no other redis-server is on the PATH
    tests/standin.py --real                     the same suite on real servers (7.0.15)
    tests/standin.py --exchange RCSIM RCSIM-REDIS-SERVER
                                                directories that go from real servers to virtual nodes and back

Six servers, a cluster of three masters and their replicas: kill -9, SIGTERM, SIGSTOP and SIGCONT, restarts with and
without the directory, SHUTDOWN, a crash, a busy port, a daemon. On virtual nodes then 25 servers in one process, and the
recorded session played again. Nothing here depends on how fast the machine is, but for limits of a minute.
"""
import fcntl
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

LIMIT_S = 60
NODE_TIMEOUT_MS = 2000
SPEED = 20  # virtual seconds a real one
checks = 0


def check(good, what):
    global checks
    checks += 1
    if not good:
        raise AssertionError(what)


def until(what, condition):
    end = time.monotonic() + LIMIT_S
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not in {LIMIT_S} s: {what}")
        time.sleep(0.02)


# --- a client ---------------------------------------------------------------------------------------


class Error(str):
    pass


class Client:
    def __init__(self, port, timeout=10):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout)
        self.file = self.socket.makefile("rb")

    def close(self):
        self.file.close()
        self.socket.close()

    def send(self, *words):
        out = b"*%d\r\n" % len(words)
        for word in words:
            word = word if isinstance(word, bytes) else str(word).encode()
            out += b"$%d\r\n%s\r\n" % (len(word), word)
        self.socket.sendall(out)

    def read(self):
        line = self.file.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("closed")
        kind, rest = line[:1], line[1:-2].decode()
        if kind == b"+":
            return rest
        if kind == b"-":
            return Error(rest)
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return None if rest == "-1" else self.file.read(int(rest) + 2)[:-2].decode()
        if kind == b"*":
            return [self.read() for _ in range(int(rest))]
        raise ValueError(line)

    def ask(self, *words):
        self.send(*words)
        return self.read()


def ask(port, *words):
    """On a connection of its own; None if there is no answer."""
    try:
        client = Client(port)
    except OSError:
        return None
    try:
        return client.ask(*words)
    except OSError:
        return None
    finally:
        client.close()


def info(port, section, field):
    found = re.search(rf"^{field}:(.*?)\r?$", ask(port, "INFO", section) or "", re.M)
    return found and found.group(1)


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), 5).close()
        return True
    except OSError:
        return False


# --- a server ---------------------------------------------------------------------------------------


class Server:
    started = []  # all there were

    def __init__(self, home, port, environment, own_file=False):
        self.port = port
        self.directory = os.path.join(home, str(port))
        self.environment = environment
        self.own_file = own_file
        self.keeps_file = False  # as it is, not written anew
        self.log = os.path.join(home, f"{port}.log")
        self.pidfile = os.path.join(home, f"{port}.pid")
        self.cluster = "yes"
        self.appendonly = "yes"
        self.log_bytes = 0  # what earlier processes wrote
        self.process = None

    def arguments(self):
        settings = {
            "port": self.port,
            "cluster-enabled": self.cluster,
            "cluster-node-timeout": NODE_TIMEOUT_MS,
            "repl-diskless-sync-delay": 0,
            "appendonly": self.appendonly,
            "enable-debug-command": "yes",
            "bind": "127.0.0.1",
            "save": "",
            "pidfile": self.pidfile,
            "logfile": self.log,
        }
        if not self.own_file:
            settings["dir"] = self.directory
            return [word for name, value in settings.items() for word in (f"--{name}", str(value))]
        path = os.path.join(self.directory, "redis.conf")
        if self.keeps_file:
            return [path]
        common = os.path.join(self.directory, "common.conf")
        with open(common, "w", encoding="utf-8") as file:
            file.write("# of all servers\nport 1\n" + "".join(f'{n} "{v}"\n' for n, v in settings.items()))
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"include {common}\ndir '{self.directory}'\n")
        return [path, "--port", str(self.port)]

    def start(self, wait=True):
        os.makedirs(self.directory, exist_ok=True)
        self.log_bytes = os.path.getsize(self.log) if os.path.exists(self.log) else 0
        self.process = subprocess.Popen(["redis-server"] + self.arguments(), env=self.environment,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        Server.started.append(self)
        if wait:
            until(f"{self.port} is ready", lambda: "Ready to accept connections" in self.new_log())
            check(ask(self.port, "PING") == "PONG", "a server that is ready answers")
            check(info(self.port, "server", "process_id") == str(self.process.pid), "INFO has the process id")

    def new_log(self):
        """From its last start on."""
        try:
            with open(self.log, encoding="utf-8") as file:
                file.seek(self.log_bytes)
                return file.read()
        except FileNotFoundError:
            return ""

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self):
        status = self.process.wait(LIMIT_S)
        self.process.stderr.close()
        self.process = None
        return status

    def gone(self):
        until(f"{self.port} is closed", lambda: not listens(self.port))

    def ask(self, *words):
        return ask(self.port, *words)

    def id(self):
        return self.ask("CLUSTER", "MYID")

    def role(self):
        return info(self.port, "replication", "role")

    def link_up(self):
        return info(self.port, "replication", "master_link_status") == "up"

    def master_port(self):
        return int(info(self.port, "replication", "master_port") or 0)

    def state_ok(self):
        return "cluster_state:ok" in (self.ask("CLUSTER", "INFO") or "")

    def known(self):
        return int(re.search(r"cluster_known_nodes:(\d+)", self.ask("CLUSTER", "INFO"))[1])


class Cluster:
    def __init__(self, servers):
        self.servers = servers

    def command(self, *words):
        """Follows redirections, asks again while the cluster is down."""
        port = [None]

        def once():
            candidates = [port[0]] if port[0] else [s.port for s in self.servers if s.process]
            for candidate in candidates:
                reply = ask(candidate, *words)
                port[0] = None
                if isinstance(reply, Error) and reply.startswith("MOVED"):
                    port[0] = int(reply.rpartition(":")[2])
                    return None
                if reply is not None and not (isinstance(reply, Error) and reply.startswith("CLUSTERDOWN")):
                    return [reply]
            return None

        return until(" ".join(map(str, words)), once)[0]


# --- the suite --------------------------------------------------------------------------------------


def form(servers):
    masters, replicas = servers[:3], servers[3:]
    for i, (first, last) in enumerate(((0, 5460), (5461, 10922), (10923, 16383))):
        check(masters[i].ask("CLUSTER", "ADDSLOTSRANGE", first, last) == "OK", "slots are given")
        check(masters[i].ask("CLUSTER", "SET-CONFIG-EPOCH", i + 1) == "OK", "an epoch is given")
    for server in servers[1:]:
        check(servers[0].ask("CLUSTER", "MEET", "127.0.0.1", server.port) == "OK", "MEET")
    for server in servers:
        until(f"{server.port} knows all", lambda s=server: s.known() == len(servers))
    for replica, master in zip(replicas, masters):
        until("it can follow", lambda r=replica, m=master: r.ask("CLUSTER", "REPLICATE", m.id()) == "OK")
    for server in servers:
        until(f"{server.port} sees state ok", server.state_ok)
    for replica in replicas:
        until(f"{replica.port} is linked", replica.link_up)


def suite(home, port, environment):
    servers = [Server(home, port + i, environment, own_file=i % 2 == 0) for i in range(6)]
    cluster = Cluster(servers)
    try:
        for server in servers:
            server.start()
        run(servers, cluster, home, environment)
    finally:
        end_all()


def end_all():
    for server in Server.started:
        if server.process:
            server.signal(signal.SIGKILL)
            server.wait()


def run(servers, cluster, home, environment):
    form(servers)
    a, b, c, replica_a, replica_b, replica_c = servers
    for i in range(100):
        check(cluster.command("SET", f"key:{i}", i) == "OK", "a write")
    check(a.ask("WAIT", 1, 5000) == 1, "the replica has it")

    check(b.ask("CONFIG", "REWRITE") == "ERR The server is running without a config file", "it has no file")

    # kill -9: the replica takes over, and the node comes back with its files as its replica.
    old = a.id()
    a.signal(signal.SIGKILL)
    check(a.wait() == -signal.SIGKILL, "killed")
    a.gone()
    until("the replica takes over", lambda: replica_a.role() == "master")
    for i in range(100):
        check(cluster.command("GET", f"key:{i}") == str(i), "nothing is lost")
    check(cluster.command("SET", "after:kill", 1) == "OK", "a write after the failover")
    check(os.path.exists(os.path.join(a.directory, "nodes.conf")), "nodes.conf lies in its directory")
    a.start()
    check(a.id() == old, "with its directory it is the same node")
    until("it follows", lambda: a.role() == "slave" and a.link_up() and a.master_port() == replica_a.port)

    # SIGSTOP: it is there, and does not answer; replaced, it follows when it goes on.
    client = Client(b.port, timeout=1)
    check(client.ask("PING") == "PONG", "it answers")
    b.signal(signal.SIGSTOP)
    client.send("PING")
    try:
        check(client.read() is None, "a stopped process answers")
    except TimeoutError:
        pass
    check(listens(b.port), "a stopped process can be connected to")
    until("the replica takes over", lambda: replica_b.role() == "master")
    check(b.process.poll() is None, "it lives")
    b.signal(signal.SIGCONT)
    client.close()
    until("it follows", lambda: b.role() == "slave" and b.link_up() and b.master_port() == replica_b.port)

    # SIGTERM: orderly; without its directory it is another node.
    old = c.id()
    check(os.path.exists(c.pidfile), "the pid file is there")
    c.signal(signal.SIGTERM)
    check(c.wait() == 0, "SIGTERM ends it with status 0")
    check(not listens(c.port), "its port is closed")
    check("Received SIGTERM" in c.new_log() and "bye bye" in c.new_log(), "the log says so")
    check(not os.path.exists(c.pidfile), "the pid file is gone")
    until("the replica takes over", lambda: replica_c.role() == "master")
    shutil.rmtree(c.directory)
    c.start()
    check(c.id() != old, "without its directory it is a new node")
    check(c.known() == 1 and c.ask("DBSIZE") == 0, "which knows nobody and holds nothing")
    check(replica_c.ask("CLUSTER", "MEET", "127.0.0.1", c.port) == "OK", "MEET")
    until("it can follow", lambda: c.ask("CLUSTER", "REPLICATE", replica_c.id()) == "OK")
    until("it follows", c.link_up)
    for i in range(100):
        check(cluster.command("GET", f"key:{i}") == str(i), "nothing is lost")

    # A stop that is stopped: SIGTERM is handled when the process goes on.
    a.signal(signal.SIGSTOP)
    time.sleep(0.2)
    a.signal(signal.SIGTERM)
    time.sleep(0.3)
    check(a.process.poll() is None, "a stopped process does not end")
    a.signal(signal.SIGCONT)
    check(a.wait() == 0, "then it ends")
    a.start()
    until("it follows again", lambda: a.role() == "slave" and a.link_up())

    # It ends by itself.
    check(b.ask("SHUTDOWN", "NOSAVE") is None, "SHUTDOWN does not answer")
    check(b.wait() == 0, "SHUTDOWN ends with status 0")
    b.start()
    check(b.ask("DEBUG", "SEGFAULT") is None, "a crash does not answer")
    check(b.wait() == -signal.SIGSEGV, "a crash ends by SIGSEGV")
    b.start()
    until("it follows again", lambda: b.role() == "slave" and b.link_up())

    # A port that is taken.
    other = Server(home, b.port, environment)
    other.directory += "-other"
    other.log += ".other"
    other.start(wait=False)
    check(other.wait() == 1, "a busy port ends with status 1")
    check("Could not create server TCP listening socket" in open(other.log, encoding="utf-8").read(), "and is named")

    # A configuration that is wrong.
    wrong = subprocess.run(["redis-server", "--port", str(b.port), "--cluster-enabled", "yes", "--dir", home,
                            "--maxmemory", "much"],
                           env=environment, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    check(wrong.returncode == 1 and "FATAL CONFIG FILE ERROR" in wrong.stderr, "a bad value is refused")

    # All of them, at once, and again: a power cut.
    ids = [server.id() for server in servers]
    for server in servers:
        server.signal(signal.SIGKILL)
    for server in servers:
        check(server.wait() == -signal.SIGKILL, "killed")
        server.gone()
    for server in servers:
        server.start()
    check([server.id() for server in servers] == ids, "all are who they were")
    for server in servers:
        until(f"{server.port} sees state ok", server.state_ok)
    for i in range(100):
        check(cluster.command("GET", f"key:{i}") == str(i), "what was acknowledged is there")

    # A server of its own: no cluster.
    alone = Server(home, servers[-1].port + 2, environment)
    alone.cluster = "no"
    alone.start()
    check(info(alone.port, "cluster", "cluster_enabled") == "0", "cluster support is off")
    check(info(alone.port, "server", "redis_mode") == "standalone", "and INFO says so")
    check(alone.ask("CLUSTER", "INFO") == "ERR This instance has cluster support disabled", "CLUSTER is refused")
    check(alone.ask("READONLY") == "ERR This instance has cluster support disabled", "READONLY is refused")
    check(alone.ask("MSET", "a", 1, "b", 2, "c", 3) == "OK", "keys of several slots")
    check(alone.ask("EVAL", "return redis.call('MGET', 'a', 'b')", 0) == ["1", "2"], "in scripts, too")
    check(alone.ask("SELECT", 0) == "OK", "SELECT 0")
    alone.signal(signal.SIGKILL)
    check(alone.wait() == -signal.SIGKILL, "killed")
    alone.gone()
    check(not os.path.exists(os.path.join(alone.directory, "nodes.conf")), "it has no nodes.conf")
    alone.start()
    check(alone.ask("GET", "b") == "2", "it has its data again")
    alone.signal(signal.SIGTERM)
    check(alone.wait() == 0, "SIGTERM ends it with status 0")

    append(Server(home, servers[-1].port + 4, environment))
    rewrite(Server(home, servers[-1].port + 3, environment, own_file=True))

    # A daemon.
    daemon = Server(home, servers[-1].port + 1, environment)
    os.makedirs(daemon.directory)
    done = subprocess.run(["redis-server"] + daemon.arguments() + ["--daemonize", "yes"], env=environment,
                          timeout=LIMIT_S, check=False)
    check(done.returncode == 0, "the parent of a daemon ends at once")
    until("the daemon is ready", lambda: "Ready to accept connections" in daemon.new_log())
    with open(daemon.pidfile, encoding="utf-8") as file:
        pid = int(file.read())
    check(info(daemon.port, "server", "process_id") == str(pid), "the pid file names the daemon")
    os.kill(pid, signal.SIGTERM)
    until("the daemon ends", lambda: not os.path.exists(daemon.pidfile) and not listens(daemon.port))


def rewrite(server):
    """CONFIG REWRITE, and a process that starts with what it wrote."""
    success = "CONFIG REWRITE executed with success."
    path = os.path.join(server.directory, "redis.conf")
    server.cluster = "no"
    server.start()
    with open(path, "a", encoding="utf-8") as file:
        file.write("# kept\n\n\n  maxmemory-policy   allkeys-lru \nnosuch 1\n")
    check(server.ask("CONFIG", "SET", "maxmemory", "100mb", "maxmemory-policy", "noeviction") == "OK", "CONFIG SET")
    check(server.ask("CONFIG", "REWRITE") == "OK", "CONFIG REWRITE")
    until("the log says so", lambda: success in server.new_log())
    check(server.ask("CONFIG", "SET", "maxmemory", "1gb") == "OK", "CONFIG SET")
    with open(path, encoding="utf-8") as file:
        lines = file.read().split("\n")
    check(lines[0].startswith("include ") and lines[1] == f'dir "{server.directory}"', "lines that were there")
    check(lines[2:7] == ["# kept", "", "maxmemory-policy noeviction", "# ??? nosuch 1", ""], f"and others: {lines}")
    check(lines[7] == "# Generated by CONFIG REWRITE", "then those it adds")
    check({f"port {server.port}", "maxmemory 100mb", "appendonly yes", f'logfile "{server.log}"'} < set(lines[8:]),
          f"what is not as by default: {lines}")
    server.signal(signal.SIGKILL)
    server.wait()
    server.gone()
    server.keeps_file = True
    server.start()
    check(server.ask("CONFIG", "GET", "maxmemory") == ["maxmemory", "104857600"], "what was written holds")
    check(server.ask("CONFIG", "GET", "port") == ["port", str(server.port)], "the port as well")
    os.rename(path, path + ".old")
    os.mkdir(path)
    check(server.ask("CONFIG", "REWRITE") == "ERR Rewriting config file: Is a directory", "a directory is in the way")
    until("the log says so", lambda: "CONFIG REWRITE failed: Is a directory" in server.new_log())
    os.rmdir(path)
    check(success not in server.new_log() and server.ask("CONFIG", "REWRITE") == "OK", "a file that was removed")
    with open(path, encoding="utf-8") as file:
        check("maxmemory 100mb" in file.read().split("\n"), "is written again")
    os.rename(server.directory, server.directory + ".away")
    check(server.ask("CONFIG", "REWRITE") == "ERR Rewriting config file: No such file or directory", "nor a directory")
    os.rename(server.directory + ".away", server.directory)
    server.signal(signal.SIGTERM)
    check(server.wait() == 0, "SIGTERM ends it with status 0")


def log_of(server):
    """The commands of its append-only file."""
    folder = os.path.join(server.directory, "appendonlydir")
    with open(os.path.join(folder, "appendonly.aof.manifest"), encoding="utf-8") as file:
        name = re.findall(r"file (\S+) seq \d+ type i", file.read())[-1]
    with open(os.path.join(folder, name), encoding="utf-8", newline="") as file:
        return [word for word in file.read().split("\r\n") if word and word[0] not in "*$"]


def append(server):
    """The append-only file holds what was acknowledged before the process ends, in commands. Real servers put it off
    while an fsync is under way (Redis 7.0 flushAppendOnlyFile)."""
    server.cluster = "no"
    server.start()
    until("the files are there from the start on, and empty", lambda: log_of(server) == [])
    check(server.ask("SET", "a", 1) == "OK", "a write")
    until("it is in the file", lambda: log_of(server) == ["SELECT", "0", "SET", "a", "1"])
    client = Client(server.port)
    for words in (("MULTI",), ("INCR", "a"), ("RPUSH", "l", 1, 2), ("EXEC",), ("GET", "a"), ("SPOP", "none")):
        client.ask(*words)
    client.close()
    until("in transactions, without reads",
          lambda: log_of(server)[5:] == ["MULTI", "INCR", "a", "RPUSH", "l", "1", "2", "EXEC"])
    server.signal(signal.SIGKILL)
    server.wait()
    server.gone()
    server.start()
    check(server.ask("GET", "a") == "2" and server.ask("LRANGE", "l", 0, -1) == ["1", "2"], "nothing is done twice")
    check(server.ask("DEL", "l") == 1, "a write of the next process")
    until("stands behind those of the first", lambda: log_of(server)[13:] == ["SELECT", "0", "DEL", "l"])
    check("started" in server.ask("BGREWRITEAOF"), "BGREWRITEAOF")
    until("it is rewritten", lambda: log_of(server) == [])
    check(server.ask("INCR", "a") == 3, "a write behind it")
    until("is all there is", lambda: log_of(server) == ["SELECT", "0", "INCR", "a"])
    server.signal(signal.SIGKILL)
    server.wait()
    server.gone()
    server.start()
    check(server.ask("GET", "a") == "3" and server.ask("EXISTS", "l") == 0, "nothing is done twice")
    server.signal(signal.SIGTERM)
    check(server.wait() == 0, "SIGTERM ends it with status 0")


# --- virtual nodes ----------------------------------------------------------------------------------


def many(home, port, environment):
    servers = [Server(home, port + i, environment) for i in range(25)]
    try:
        for server in servers:
            server.start(wait=False)
        for server in servers:
            until(f"{server.port} is ready", lambda s=server: "Ready to accept connections" in s.new_log())
        for server in servers[1:]:
            check(servers[0].ask("CLUSTER", "MEET", "127.0.0.1", server.port) == "OK", "MEET")
        for server in servers:
            until(f"{server.port} knows all 25", lambda s=server: s.known() == 25)
        for server in servers:
            server.signal(signal.SIGTERM)
        for server in servers:
            check(server.wait() == 0, "SIGTERM ends it with status 0")
    finally:
        end_all()


locks = []


def free_ports(count):
    """The first of so many in a row that are free, and whose bus ports are, and no other test's (tests/ports.sh)."""
    for first in range(10500 + os.getpid() % 100 * 100, 22600, 100):  # bus ports are below those the kernel gives
        sockets = []
        lock = open(f"/tmp/rcsim-test-ports.{first // 100}", "a", encoding="ascii")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for port in [first + i for i in range(count)] + [first + 10000 + i for i in range(count)]:
                sockets.append(socket.socket())
                sockets[-1].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                sockets[-1].bind(("127.0.0.1", port))
            locks.append(lock)  # until this program ends
            return first
        except OSError:
            lock.close()
            continue
        finally:
            for each in sockets:
                each.close()
    raise AssertionError("no ports are free")


def alone_on_path(home, standin, port):
    """An environment in which redis-server is the one that stands in, and rcsim serve is at `port`."""
    path = os.path.join(home, "bin")
    os.mkdir(path)
    os.symlink(os.path.abspath(standin), os.path.join(path, "redis-server"))
    return {"PATH": path, "RCSIM_CONTROL": f"127.0.0.1:{port}"}


def fill(server, tag):
    for words in (("SET", f"{tag}:s", "text"), ("SET", f"{tag}:n", 12345), ("RPUSH", f"{tag}:l", *range(300)),
                  ("HSET", f"{tag}:h", "a", 1, "b", "two"), ("SADD", f"{tag}:i", 3, 1, 2), ("SADD", f"{tag}:t", "x", "y"),
                  ("ZADD", f"{tag}:z", 1.5, "a", -2, "b"), ("SET", f"{tag}:e", "soon", "PX", 86400000)):
        check(not isinstance(server.ask(*words), Error), f"{words[0]} is carried out")


def contents(server):
    """Keys with their values, as sets of words, and whether they expire."""
    read = {"string": ("GET",), "list": ("LRANGE", 0, -1), "hash": ("HGETALL",), "set": ("SMEMBERS",),
            "zset": ("ZRANGE", 0, -1, "WITHSCORES")}
    out = {}
    for key in server.ask("KEYS", "*"):
        kind = server.ask("TYPE", key)
        value = server.ask(read[kind][0], key, *read[kind][1:])
        out[key] = kind, sorted(value) if kind in ("hash", "set") else value, server.ask("PTTL", key) > 0
    return out


def exchange(rcsim, standin):
    home = tempfile.mkdtemp()
    port = free_ports(10)
    worlds = {"real": dict(os.environ), "virtual": alone_on_path(home, standin, port)}
    serve = subprocess.Popen([rcsim, "serve", "--nodes", "0", "--control", str(port), "--disk", home],
                             stdout=subprocess.PIPE, text=True)
    server = Server(home, port + 1, worlds["real"])
    server.appendonly = "no"
    try:
        until("rcsim serve is ready", lambda: "ready" in serve.stdout.readline())
        server.start()
        check(server.ask("CLUSTER", "ADDSLOTSRANGE", 0, 16383) == "OK", "slots are given")
        known, own = None, server.id()
        for number, (world, appendonly) in enumerate((("real", "no"), ("virtual", "no"), ("real", "no"),
                                                      ("virtual", "no"), ("virtual", "yes"), ("real", "yes"),
                                                      ("virtual", "yes"), ("real", "yes"), ("virtual", "yes"))):
            if number > 0:
                if appendonly == "yes" and server.appendonly == "no":
                    os.remove(os.path.join(server.directory, "dump.rdb"))  # all of it comes back from the other file
                    shutil.rmtree(os.path.join(server.directory, "appendonlydir"), ignore_errors=True)
                    known = {}
                server.environment = worlds[world]
                server.appendonly = appendonly
                server.start()
            until("the state is ok", server.state_ok)
            check(server.id() == own, f"{world}: the same node")
            check(known is None or contents(server) == known, f"{world}: the same data")
            fill(server, f"{world}:{number}")
            known = contents(server)
            check(number == 0 or len(known) >= 8, f"{world}: it was filled")
            check(server.ask("LPOP", f"{world}:{number}:l") == "0", "a command that changes a value")
            known = contents(server)
            if appendonly == "yes":  # a real server may put it off (append above)
                until("it is in the file", lambda key=f"{world}:{number}:l": log_of(server)[-2:] == ["LPOP", key])
            if appendonly == "no":
                check(server.ask("SAVE") == "OK", "SAVE")
            server.signal(signal.SIGKILL)
            check(server.wait() == -signal.SIGKILL, "killed")
            server.gone()
    finally:
        end_all()
        serve.terminate()
        serve.wait()
        serve.stdout.close()
        shutil.rmtree(home)


def deaf(port):
    """A control client that asks and does not read: it is not read from, nobody else minds, and all is answered once it
    reads."""
    client = Client(port)
    word = "x" * 10000
    request = b"*2\r\n$4\r\nPING\r\n$10000\r\n" + word.encode() + b"\r\n"
    client.socket.settimeout(0.5)
    sent = 0
    try:
        while sent < 100 << 20:
            sent += client.socket.send(request[sent % len(request):])
    except TimeoutError:
        pass
    check(sent < 100 << 20, "it cannot write without end")
    check(ask(port, "PING") == "PONG", "another one is answered")
    client.socket.settimeout(LIMIT_S)
    for _ in range(sent // len(request)):
        check(client.read() == word, "it gets what it asked for")
    client.close()


def no_room(home, port, control, environment):
    """A disk that is full by order: what it did not take waits in the process, and goes with it."""
    server = Server(home, port, environment)
    server.cluster = "no"
    server.start()

    def disk(state):
        check(ask(control, f"disk redis-{port} {state}") == "OK", f"disk {state}")

    def kept():
        folder = os.path.join(server.directory, "appendonlydir")
        return sum(os.path.getsize(os.path.join(folder, name)) for name in os.listdir(folder))

    check(server.ask("SET", "a", 1) == "OK", "there is room")
    before = kept()
    disk("full")
    check(server.ask("SET", "b", 2) == "OK" and kept() == before, "the first write only finds out")
    check(str(server.ask("SET", "c", 3)).startswith("MISCONF"), "the next one is refused")
    disk("ok")
    until("there is room again", lambda: server.ask("SET", "d", 4) == "OK")
    check(kept() > before, "what waited is written")
    before = kept()
    disk("full")
    check(server.ask("SET", "e", 5) == "OK" and kept() == before, "it is not written")
    server.signal(signal.SIGKILL)
    server.wait()
    server.gone()
    server.start()
    check(sorted(server.ask("KEYS", "*")) == ["a", "b", "d"] and kept() == before, "nor is it after the end")
    server.signal(signal.SIGTERM)
    server.wait()


def full(rcsim, port):
    """Open files: as many as the nodes may have clients; who comes beyond the limit is closed, the others stay."""
    for hard in (4096, 40):
        serve = subprocess.Popen([rcsim, "serve", "--nodes", "1", "--port", str(port + 1), "--control", str(port),
                                  "--maxclients", "1000"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                 preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (40, hard)))
        try:
            until("rcsim serve is ready", lambda: "ready" in serve.stdout.readline())
            soft = resource.prlimit(serve.pid, resource.RLIMIT_NOFILE)[0]
            check(soft == min(1000 + 32 + 32, hard), f"the soft limit is {soft}")
            clients = [Client(port + 1) for _ in range(100)]
            answers = []
            for client in clients:
                try:
                    answers.append(client.ask("PING"))
                except OSError:
                    answers.append(None)
            check(answers.count("PONG") == 100 if hard > 40 else "PONG" in answers and None in answers,
                  f"with {hard} files: {answers}")
            for client in clients:
                client.close()
            until("there is room again", lambda: ask(port + 1, "PING") == "PONG")
        finally:
            serve.terminate()
            error = serve.communicate()[1]
        check(("ulimit -Hn" in error) == (hard == 40), error)


def killed(rcsim, home, port, environment):
    """kill -9 of rcsim serve is kill -9 of all servers at once: what they acknowledged is on their disks."""
    server = Server(home, port + 1, environment)
    server.cluster = "no"
    for expected in (None, "1000", "2000"):
        serve = subprocess.Popen([rcsim, "serve", "--nodes", "0", "--control", str(port), "--disk", home],
                                 stdout=subprocess.PIPE, text=True)
        try:
            until("rcsim serve is ready", lambda: "ready" in serve.stdout.readline())
            server.start()
            check(server.ask("GET", "n") == expected, "what was acknowledged is there")
            client = Client(server.port)
            client.socket.sendall(b"INCR n\r\n" * 1000)
            check([client.read() for _ in range(1000)][-1] == int(expected or 0) + 1000, "it counts")
            client.close()
        finally:
            serve.kill()
            serve.wait()
            serve.stdout.close()
            check(server.wait() != 0, "a server ends with it")


def virtual(rcsim, standin):
    home = tempfile.mkdtemp()
    port = free_ports(40)
    environment = alone_on_path(home, standin, port)
    trace = os.path.join(home, "session.trace")
    none = subprocess.run(["redis-server", "--cluster-enabled", "yes"], env=environment, capture_output=True, text=True,
                          timeout=LIMIT_S, check=False)
    check(none.returncode == 1 and "nobody takes orders" in none.stderr, "without rcsim serve it says what to do")
    serve = subprocess.Popen([rcsim, "serve", "--nodes", "0", "--control", str(port), "--disk", home, "--speed",
                              str(SPEED), "--trace", trace], stdout=subprocess.PIPE, text=True)
    try:
        until("rcsim serve is ready", lambda: "ready" in serve.stdout.readline())
        deaf(port)
        suite(home, port + 1, environment)
        many(home, port + 12, environment)
        no_room(home, port + 11, port, environment)
        outside = subprocess.run(["redis-server", "--cluster-enabled", "yes", "--port", str(port + 1), "--dir", "/"],
                                 env=environment, capture_output=True, text=True, timeout=LIMIT_S, check=False)
        check(outside.returncode == 1 and "--disk" in outside.stdout, "other directories are not touched")
        serve.terminate()
        check(serve.wait(LIMIT_S) == 0, "rcsim serve ends well")
        again = subprocess.run([rcsim, "replay", trace], capture_output=True, text=True, check=False)
        check(again.returncode == 0 and again.stdout == "identical\n", f"replay: {again.stdout}{again.stderr}")
        full(rcsim, port + 36)
        killed(rcsim, home, port + 38, environment | {"RCSIM_CONTROL": f"127.0.0.1:{port + 38}"})
    finally:
        if serve.poll() is None:
            serve.kill()
        serve.wait()
        serve.stdout.close()
        shutil.rmtree(home)


def real():
    home = tempfile.mkdtemp()
    try:
        suite(home, free_ports(10), dict(os.environ))
    finally:
        shutil.rmtree(home)


def main():
    if sys.argv[1:] == ["--real"]:
        real()
    elif len(sys.argv) == 4 and sys.argv[1] == "--exchange":
        exchange(sys.argv[2], sys.argv[3])
    elif len(sys.argv) == 3:
        virtual(sys.argv[1], sys.argv[2])
    else:
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    print(f"ok: {checks} checks")


main()
