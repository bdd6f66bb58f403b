// Six virtual nodes on real ports, whose clock is moved by orders.
'use strict';
const { spawn } = require('child_process');
const readline = require('readline');
const Redis = require('ioredis');

class VirtualCluster {
  static async start({ port = 17011, control = 17010, nodes = 6 } = {}) {
    const cluster = new VirtualCluster();
    cluster.ports = Array.from({ length: nodes }, (_, i) => port + i);
    cluster.process = spawn(process.env.RCSIM || 'rcsim', ['serve', '--nodes', nodes, '--replicas', 1,
      '--port', port, '--control', control, '--speed', 'manual'].map(String), { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = new Promise((resolve, reject) => {
      cluster.process.once('error', reject);
      cluster.process.once('exit', (code) => reject(new Error(`rcsim ended with ${code}`)));
    });
    ended.catch(() => {});
    const ready = new Promise((resolve) => {
      readline.createInterface(cluster.process.stdout).on('line', (line) => line.startsWith('ready') && resolve());
    });
    await Promise.race([ready, ended]);
    // The control port speaks RESP, but is no Redis: no INFO is asked of it.
    cluster.control = new Redis({ port: control, enableReadyCheck: false, disableClientInfo: true });
    return cluster;
  }

  // kill n1, start n1, advance 20s, until state ok on n2 within 60s ... An error reply rejects.
  order(text) {
    const [name, ...rest] = text.split(' ');
    return this.control.call(name, ...rest);
  }

  name(port) {
    return `n${port - this.ports[0] + 1}`;
  }

  async stop() {
    this.control.disconnect();
    const gone = new Promise((resolve) => this.process.once('exit', resolve));
    this.process.kill();
    await gone;
  }
}

module.exports = { VirtualCluster };
