// redis (node-redis) through a failover. Usage: node_redis.js PORT...; CUE in the environment kills the node at a
// port.
'use strict';
const { execFileSync } = require('child_process');
const { createCluster, createClient } = require('redis');

const LIMIT_MS = 30000;
const ports = process.argv.slice(2).map(Number);
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function check(sentence, holds) {
  console.log(`${holds ? 'ok' : 'NOT'}: ${sentence}`);
  if (!holds) process.exit(1);
}

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
const keys = Array.from({ length: 60 }, (_, i) => `key:${i}`);

function connect(from, RESP = 2) {
  const client = createCluster({
    RESP,
    rootNodes: from.map((port) => ({ url: `redis://127.0.0.1:${port}` })),
    defaults: { socket: { connectTimeout: 1000, reconnectStrategy: 100 } },
  });
  client.on('error', () => {}); // those that matter come with the commands
  client.on('node-error', () => {});
  return client.connect().then(() => client);
}

async function main() {
  const client = await connect(ports, 3);
  check('connects and knows three masters', client.masters.length === 3);
  await Promise.all(keys.map((key, i) => client.set(key, `value ${i}`)));
  const values = await Promise.all(keys.map((key) => client.get(key)));
  check('writes and reads keys of all nodes', same(values, keys.map((_, i) => `value ${i}`)));
  const old = await connect(ports);
  check('so does RESP2', (await old.get('key:1')) === 'value 1');
  await old.close();

  check('transacts', same(await client.multi().set('{t}a', '1').incr('{t}a').get('{t}a').exec(), ['OK', 2, '2']));
  const counters = Array.from({ length: 20 }, (_, i) => client.incr(`counter:${i % 5}`)); // sent in one go
  check('pipelines', same(await Promise.all(counters), Array.from({ length: 20 }, (_, i) => 1 + Math.floor(i / 5))));

  let hear;
  const heard = new Promise((resolve) => (hear = resolve));
  await client.subscribe('news', (text, channel) => hear(`${channel} ${text}`));
  const publisher = await createClient({ url: `redis://127.0.0.1:${ports[2]}` }).on('error', () => {}).connect();
  await publisher.publish('news', 'hello');
  await publisher.close();
  check('subscribes on one node to what is published on another', (await heard) === 'news hello');
  await client.unsubscribe('news');

  const whole = new Promise((resolve) => (hear = resolve));
  await client.sSubscribe('{t}shard', (text, channel) => hear(`${channel} ${text}`));
  await client.sPublish('{t}shard', 'hello');
  check('subscribes to a shard', (await whole) === '{t}shard hello');
  await client.sUnsubscribe('{t}shard');

  const found = new Set();
  for (const master of client.masters) {
    const node = await client.nodeClient(master);
    for await (const some of node.scanIterator({ MATCH: 'key:*', COUNT: 7 })) some.forEach((key) => found.add(key));
  }
  check('scans all nodes', found.size === 60);
  await client.hSet('hash', { a: 1, b: 2 });
  check('reads a hash', same(await client.hGetAll('hash'), { a: '1', b: '2' }));
  check('runs a script', same(await client.eval('return {KEYS[1], ARGV[1]}', { keys: ['key:1'], arguments: ['x'] }), ['key:1', 'x']));

  let victim = 0;
  for (const master of client.masters) {
    const direct = await createClient({ url: `redis://${master.address}` }).on('error', () => {}).connect();
    if ((await direct.get('key:1').catch(() => null)) === 'value 1') {
      victim = Number(master.address.split(':')[1]);
      await direct.wait(1, 1000);
    }
    direct.destroy();
  }
  const start = Date.now();
  execFileSync(process.env.CUE, [String(victim)], { stdio: 'ignore' });
  const errors = new Set();
  let left;
  let again = null; // a fresh object: one whose node is gone waits for it, and reads its map only when redirected
  while (again === null && Date.now() - start < LIMIT_MS) {
    let fresh;
    try {
      const limit = sleep(2000).then(() => { throw new Error('no reply within 2 s'); });
      fresh = await Promise.race([connect(ports.filter((port) => port !== victim), 3), limit]);
      await Promise.race([fresh.set('key:1', 'after'), limit]);
      left = await Promise.race([Promise.all(keys.map((key) => fresh.get(key))), limit]); // others hear of it later
      again = fresh;
    } catch (error) {
      errors.add(error.message);
      if (fresh) fresh.destroy();
      await sleep(100);
    }
  }
  check('writes again after a failover, by a fresh object', again !== null && (await again.get('key:1')) === 'after');
  check('no key was lost', left.every((value) => value !== null));
  console.log(`ok: it took ${(Date.now() - start) / 1000} s; errors meanwhile: ${[...errors].join('; ')}`);
  again.destroy();
  client.destroy();
}

main().then(() => process.exit(0), (error) => check(`no error: ${error.stack}`, false));
