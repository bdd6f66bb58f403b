// ioredis through a failover. Usage: ioredis.js PORT...; CUE in the environment kills the node at a port.
'use strict';
const { execFileSync } = require('child_process');
const { Cluster, Redis } = require('ioredis');
const slotOf = require('cluster-key-slot');

const LIMIT_MS = 30000;
const ports = process.argv.slice(2).map(Number);
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function check(sentence, holds) {
  console.log(`${holds ? 'ok' : 'NOT'}: ${sentence}`);
  if (!holds) process.exit(1);
}

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
const keys = Array.from({ length: 60 }, (_, i) => `key:${i}`);

async function main() {
  const client = new Cluster(ports.map((port) => ({ host: '127.0.0.1', port })));
  client.on('error', () => {}); // those that matter come with the commands
  await new Promise((resolve) => client.once('ready', resolve));
  check('connects and knows three masters', client.nodes('master').length === 3);
  await Promise.all(keys.map((key, i) => client.set(key, `value ${i}`)));
  const values = await Promise.all(keys.map((key) => client.get(key)));
  check('writes and reads keys of all nodes', same(values, keys.map((_, i) => `value ${i}`)));

  client.slots[slotOf('key:1')] = client.slots[(slotOf('key:1') + 8192) % 16384];
  check('follows MOVED', (await client.get('key:1')) === 'value 1');

  const pipeline = client.pipeline(); // of one node's keys: this client does not split it
  for (let i = 0; i < 20; i++) pipeline.incr(`{t}counter:${i % 5}`);
  check('pipelines', same(await pipeline.exec(), Array.from({ length: 20 }, (_, i) => [null, 1 + Math.floor(i / 5)])));
  check('transacts', same(await client.multi().set('{t}a', '1').incr('{t}a').get('{t}a').exec(), [[null, 'OK'], [null, 2], [null, '2']]));

  const subscriber = new Cluster(ports.map((port) => ({ host: '127.0.0.1', port })), { shardedSubscribers: false });
  const heard = new Promise((resolve) => subscriber.once('message', (channel, text) => resolve(`${channel} ${text}`)));
  await subscriber.subscribe('news');
  for (const port of ports) { // at every node in turn: one is not the subscriber's
    const publisher = new Redis(port);
    await publisher.publish('news', 'hello');
    publisher.disconnect();
    break;
  }
  check('subscribes on one node to what is published on another', (await heard) === 'news hello');
  subscriber.disconnect();

  const owner = client.slots[slotOf('{t}shard')][0];
  const shard = new Redis(Number(owner.split(':')[1]));
  const whole = new Promise((resolve) => shard.once('smessage', (channel, text) => resolve(`${channel} ${text}`)));
  await shard.ssubscribe('{t}shard');
  await client.spublish('{t}shard', 'hello');
  check('subscribes to a shard', (await whole) === '{t}shard hello');
  shard.disconnect();

  const found = new Set();
  for (const node of client.nodes('master')) {
    for await (const some of node.scanStream({ match: 'key:*', count: 7 })) some.forEach((key) => found.add(key));
  }
  check('scans all nodes', found.size === 60);
  await client.hset('hash', { a: 1, b: 2 });
  check('reads a hash', same(await client.hgetall('hash'), { a: '1', b: '2' }));
  client.defineCommand('both', { numberOfKeys: 1, lua: 'return {KEYS[1], ARGV[1]}' });
  check('runs a script by its digest', same(await client.both('key:1', 'x'), ['key:1', 'x']));

  const victim = Number(client.slots[slotOf('key:1')][0].split(':')[1]);
  const direct = new Redis(victim);
  await direct.wait(1, 1000);
  direct.disconnect();
  const start = Date.now();
  execFileSync(process.env.CUE, [String(victim)], { stdio: 'ignore' });
  const errors = new Set();
  let left;
  let written = false;
  while (!written && Date.now() - start < LIMIT_MS) {
    try {
      const set = await client.set('key:1', 'after');
      left = await Promise.all(keys.map((key) => client.get(key))); // the new master serves before others know it
      written = set === 'OK';
    } catch (error) {
      errors.add(error.message);
      await sleep(100);
    }
  }
  check('writes again after a failover, by the same object', written && (await client.get('key:1')) === 'after');
  check('no key was lost', left.every((value) => value !== null));
  console.log(`ok: it took ${(Date.now() - start) / 1000} s; errors meanwhile: ${[...errors].join('; ')}`);
  client.disconnect();
}

main().then(() => process.exit(0), (error) => check(`no error: ${error.stack}`, false));
