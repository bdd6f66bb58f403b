'use strict';
const { Cluster } = require('ioredis');
const { VirtualCluster } = require('./cluster');

let cluster;
beforeAll(async () => { cluster = await VirtualCluster.start(); });
afterAll(() => cluster && cluster.stop());

test('writes survive a failover', async () => {
  const client = new Cluster(cluster.ports.map((port) => ({ host: '127.0.0.1', port })));
  client.on('error', () => {});
  await client.set('greeting', 'hello');
  const slot = require('cluster-key-slot')('greeting');
  const victim = Number(client.slots[slot][0].split(':')[1]);
  const other = cluster.name(cluster.ports.find((port) => port !== victim));
  await cluster.order('advance 2s'); // its replica has it by then

  const start = Date.now();
  await cluster.order(`kill ${cluster.name(victim)}`);
  await cluster.order(`until state fail on ${other} within 60s`);
  await cluster.order(`until state ok on ${other} within 60s`);

  expect(await client.get('greeting')).toBe('hello');
  expect(await client.set('greeting', 'again')).toBe('OK');
  expect(Date.now() - start).toBeLessThan(15000); // less than the node timeout that had to pass
  client.disconnect();
}, 30000);
