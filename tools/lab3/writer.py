#!/usr/bin/python3
"""Writes a key and reads it back, again and again, whatever happens to the cluster. Needs redis-py (4.3.4 is Debian
12's: python3-redis).

Usage: writer.py [--every SECONDS] [--times N] HOST:PORT...

Prints a line a try: `ok 17` when key 17 was written and read back, else the error. After an error it makes a new
client from those addresses: one that is kept may go on asking a node that is gone. Exit status 0 if the last try
went well.
"""

import argparse
import logging
import sys
import time

import redis
from redis.cluster import ClusterNode, RedisCluster


# RedisClusterException is no RedisError in 4.3.4.
ERRORS = (redis.exceptions.RedisError, redis.exceptions.RedisClusterException, RuntimeError)


def connect(addresses):
    nodes = []
    for address in addresses:
        host, port = address.rsplit(":", 1)
        nodes.append(ClusterNode(host, int(port)))
    return RedisCluster(startup_nodes=nodes, decode_responses=True, socket_timeout=1)


def write_and_read(client, number):
    client.set(f"lab:{number}", number)
    if client.get(f"lab:{number}") != str(number):
        raise RuntimeError(f"lab:{number} was written, but something else was read")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--every", type=float, default=0.5)
    parser.add_argument("--times", type=int, default=0, help="0: until it is interrupted")
    parser.add_argument("address", nargs="+")
    arguments = parser.parse_args()
    logging.disable(logging.CRITICAL)  # the library logs what is printed here
    client, number, well = None, 0, False
    while arguments.times == 0 or number < arguments.times:
        number += 1
        try:
            client = client or connect(arguments.address)
            write_and_read(client, number)
            well = True
            print(f"ok {number}", flush=True)
        except ERRORS as error:
            client, well = None, False
            print(f"error {number}: {type(error).__name__}: {str(error).splitlines()[0]}", flush=True)
        time.sleep(arguments.every)
    return 0 if well else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(0)
