"""redis-py through a failover. Usage: redis_py.py PORT...; CUE in the environment kills the node at a port."""

import logging
import os
import subprocess
import sys
import time

import redis
from redis.cluster import ClusterNode, RedisCluster

logging.disable(logging.CRITICAL)  # each error that it survives
PORTS = [int(word) for word in sys.argv[1:]]
LIMIT_S = 30


def connect(ports=None):
    return RedisCluster(
        startup_nodes=[ClusterNode("127.0.0.1", port) for port in ports or PORTS],
        decode_responses=True,
        socket_timeout=2,
    )


def check(sentence, holds):
    print(f"{'ok' if holds else 'NOT'}: {sentence}", flush=True)
    if not holds:
        sys.exit(1)


def await_write(key, value, ports):
    """Fresh client objects: 4.3.4 never reads its map again when the first node of it is dead. The new master
    serves before the others have heard of it: each key is read."""
    start = time.monotonic()
    while time.monotonic() - start < LIMIT_S:
        try:
            client = connect(ports)
            client.set(key, value)
            for i in range(60):
                client.get(f"key:{i}")
            return client
        except (redis.exceptions.RedisError, redis.exceptions.RedisClusterException):
            time.sleep(0.1)
    return None


client = connect()
check("connects and reads the map of slots", len(client.get_primaries()) == 3)
for i in range(60):
    client.set(f"key:{i}", f"value {i}")
check("writes and reads keys of all nodes", [client.get(f"key:{i}") for i in range(60)] == [f"value {i}" for i in range(60)])

# A node that is asked for another's key redirects; the client follows.
client.nodes_manager.slots_cache[client.keyslot("key:1")] = client.nodes_manager.slots_cache[
    (client.keyslot("key:1") + 8192) % 16384
]
check("follows MOVED", client.get("key:1") == "value 1")

pipe = client.pipeline()
for i in range(20):
    pipe.incr(f"counter:{i % 5}")
check("pipelines over all nodes", pipe.execute() == [1 + i // 5 for i in range(20)])

single = redis.Redis(
    host=client.get_node_from_key("{t}a").host, port=client.get_node_from_key("{t}a").port, decode_responses=True
)
with single.pipeline(transaction=True) as pipe:
    pipe.watch("{t}a")
    pipe.multi()
    pipe.set("{t}a", "1").incr("{t}a").get("{t}a")
    check("transacts with WATCH", pipe.execute() == [True, 2, "2"])
with single.pipeline(transaction=True) as pipe:
    pipe.watch("{t}a")
    client.set("{t}a", "changed")
    pipe.multi()
    pipe.get("{t}a")
    try:
        pipe.execute()
        check("a watched key that changed ends the transaction", False)
    except redis.exceptions.WatchError:
        check("a watched key that changed ends the transaction", True)

subscriber = redis.Redis(host="127.0.0.1", port=PORTS[1], decode_responses=True).pubsub()
subscriber.subscribe("news")
subscriber.psubscribe("new*")
kinds = [subscriber.get_message(timeout=2)["type"] for _ in range(2)]
redis.Redis(host="127.0.0.1", port=PORTS[2]).publish("news", "hello") # at another node
got = [subscriber.get_message(timeout=2) for _ in range(2)]
check(
    "subscribes on one node to what is published on another",
    kinds == ["subscribe", "psubscribe"] and [message["data"] for message in got] == ["hello", "hello"],
)
subscriber.close()

found = set(client.scan_iter(match="key:*", count=7))
check("scans all nodes", found == {f"key:{i}" for i in range(60)})
client.hset("hash", mapping={"a": 1, "b": 2})
check("scans a hash", dict(client.hscan_iter("hash")) == {"a": "1", "b": "2"})
check("runs a script", client.eval("return {KEYS[1], ARGV[1]}", 1, "key:1", "x") == ["key:1", "x"])

victim = client.get_node_from_key("key:1").port
client.execute_command("WAIT", 1, 1000, target_nodes=client.get_node_from_key("key:1"))
start = time.monotonic()
subprocess.run([os.environ["CUE"], str(victim)], check=True, stdout=subprocess.DEVNULL)
client = await_write("key:1", "after", [port for port in PORTS if port != victim])
check("writes again after a failover", client is not None and client.get("key:1") == "after")
owner = client.get_node_from_key("key:1").port
check("and to another node", owner != victim)
check("no key was lost", all(client.get(f"key:{i}") is not None for i in range(60)))
print(f"ok: it took {time.monotonic() - start:.1f} s")
