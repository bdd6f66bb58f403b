import time

from redis.cluster import ClusterNode, RedisCluster


def connect(ports):
    return RedisCluster(startup_nodes=[ClusterNode("127.0.0.1", port) for port in ports], decode_responses=True)


def test_writes_survive_a_failover(cluster):
    client = connect(cluster.ports)
    client.set("greeting", "hello")
    victim = client.get_node_from_key("greeting").port
    cluster.order("advance 2s")  # its replica has it by then

    start = time.monotonic()
    cluster.order(f"kill {cluster.name(victim)}")
    alive = [port for port in cluster.ports if port != victim]
    for condition in ("fail", "ok"):
        cluster.order(f"until state {condition} on {cluster.name(alive[0])} within 60s")

    client = connect(alive)
    assert client.get("greeting") == "hello"
    assert client.set("greeting", "again")
    assert client.get_node_from_key("greeting").port != victim
    assert time.monotonic() - start < 15  # less than the node timeout that had to pass
