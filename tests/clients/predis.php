<?php
// predis through a failover. Usage: predis.php PORT...; CUE in the environment kills the node at a port.
require 'Predis/Autoloader.php';
Predis\Autoloader::register();

const LIMIT_S = 30;
$ports = array_slice($argv, 1);

function check(string $sentence, bool $holds): void
{
    echo $holds ? 'ok' : 'NOT', ": $sentence\n";
    if (!$holds) {
        exit(1);
    }
}

function connect(array $ports): Predis\Client
{
    $nodes = array_map(fn($port) => "tcp://127.0.0.1:$port?timeout=2&read_write_timeout=2", $ports);
    return new Predis\Client($nodes, ['cluster' => 'redis']);
}

function single(int $port): Predis\Client
{
    return new Predis\Client("tcp://127.0.0.1:$port?read_write_timeout=5");
}

$client = connect($ports);
$right = true;
for ($i = 0; $i < 60; $i++) {
    $client->set("key:$i", "value $i");
}
for ($i = 0; $i < 60; $i++) {
    $right = $right && $client->get("key:$i") === "value $i";
}
check('writes and reads keys of all nodes', $right);

$map = $client->getConnection();
$map->useClusterSlots(false); // it is not asked: the first node that is guessed redirects
$guess = new Predis\Client(["tcp://127.0.0.1:{$ports[0]}"], ['cluster' => 'redis']);
$guess->getConnection()->useClusterSlots(false);
$right = true;
for ($i = 0; $i < 20; $i++) {
    $right = $right && $guess->get("key:$i") === "value $i";
}
check('follows MOVED', $right);

$replies = $client->pipeline(function ($pipe) {
    for ($i = 0; $i < 20; $i++) {
        $pipe->incr('counter:' . $i % 5);
    }
});
check('pipelines over all nodes', $replies === array_map(fn($i) => 1 + intdiv($i, 5), range(0, 19)));

$owner = $map->getConnection($client->createCommand('GET', ['{t}a']));
$port = $owner->getParameters()->port;
$one = single($port);
$replies = $one->transaction(['watch' => '{t}a'], function ($t) {
    $t->multi();
    $t->set('{t}a', '1');
    $t->incr('{t}a');
    $t->get('{t}a');
});
check('transacts with WATCH', $replies[1] === 2 && $replies[2] === '2');

$listener = single((int) $ports[1]);
$loop = $listener->pubSubLoop();
$loop->subscribe('news');
$seen = [];
foreach ($loop as $message) {
    $seen[] = $message->kind;
    if ($message->kind === 'subscribe') {
        single((int) $ports[2])->publish('news', 'hello'); // at another node
    } elseif ($message->kind === 'message') {
        $seen[] = $message->payload;
        $loop->unsubscribe();
    }
}
check('subscribes on one node to what is published on another', array_slice($seen, 0, 3) === ['subscribe', 'message', 'hello']);

$found = [];
foreach ($ports as $port) {
    $node = single((int) $port);
    if ($node->executeRaw(['ROLE'])[0] === 'master') {
        foreach (new Predis\Collection\Iterator\Keyspace($node, 'key:*', 7) as $key) {
            $found[$key] = true;
        }
    }
}
check('scans all nodes', count($found) === 60);
$client->hmset('hash', ['a' => '1', 'b' => '2']);
check('reads a hash', $client->hgetall('hash') == ['a' => '1', 'b' => '2']);
check('runs a script', $client->eval('return {KEYS[1], ARGV[1]}', 1, 'key:1', 'x') === ['key:1', 'x']);

$client = connect($ports);
$client->get('key:1'); // now it knows who has it
$victim = (int) $client->getConnection()->getConnection($client->createCommand('GET', ['key:1']))->getParameters()->port;
single($victim)->executeRaw(['WAIT', '1', '1000']);
$start = microtime(true);
exec(escapeshellarg(getenv('CUE')) . " $victim", $output, $status);
check('the cue is given', $status === 0);
$errors = [];
$written = false;
while (!$written && microtime(true) - $start < LIMIT_S) {
    try {
        $client = connect(array_values(array_diff($ports, [$victim])));
        $client->set('key:1', 'after');
        for ($left = $i = 0; $i < 60; $i++) { // the new master serves before the others have heard of it
            $left += $client->get("key:$i") !== null;
        }
        $written = true;
    } catch (Predis\PredisException $error) {
        $errors[strtok($error->getMessage(), ' ')] = true;
        usleep(100000);
    }
}
check('writes again after a failover', $written && $client->get('key:1') === 'after');
check('no key was lost', $left === 60);
printf("ok: it took %.1f s; errors meanwhile: %s\n", microtime(true) - $start, implode(' ', array_keys($errors)));
