"""A fixture for pytest: six virtual nodes on real ports, whose clock is moved by orders."""

import os
import subprocess

import pytest
import redis


class Cluster:
    def __init__(self, port=17001, control=17000, nodes=6):
        self.ports = list(range(port, port + nodes))
        self.process = subprocess.Popen(
            [os.environ.get("RCSIM", "rcsim"), "serve", "--nodes", str(nodes), "--replicas", "1",
             "--port", str(port), "--control", str(control), "--speed", "manual"],
            stdout=subprocess.PIPE, text=True)
        for line in self.process.stdout:
            if line.startswith("ready"):
                break
        else:
            raise RuntimeError(f"rcsim ended with {self.process.wait()}")
        self.control = redis.Redis(port=control, decode_responses=True)

    def order(self, text):
        """kill n1, start n1, advance 20s, until state ok on n2 within 60s ... An error reply raises."""
        return self.control.execute_command(*text.split())

    def name(self, port):
        return f"n{port - self.ports[0] + 1}"

    def stop(self):
        self.process.terminate()
        self.process.wait()


@pytest.fixture(scope="module")
def cluster():
    cluster = Cluster()
    yield cluster
    cluster.stop()
