<?php
// phpredis through a failover. Usage: phpredis.php PORT...; CUE in the environment kills the node at a port.
const LIMIT_S = 30;
$ports = array_map('intval', array_slice($argv, 1));

function check(string $sentence, bool $holds): void
{
    echo $holds ? 'ok' : 'NOT', ": $sentence\n";
    if (!$holds) {
        exit(1);
    }
}

function connect(array $ports): RedisCluster
{
    return new RedisCluster(null, array_map(fn($port) => "127.0.0.1:$port", $ports), 2, 2);
}

function single(int $port): Redis
{
    $redis = new Redis();
    $redis->connect('127.0.0.1', $port, 2);
    return $redis;
}

$client = connect($ports);
check('connects and reads the map of slots', count($client->_masters()) === 3);
$right = true;
for ($i = 0; $i < 60; $i++) {
    $client->set("key:$i", "value $i");
}
for ($i = 0; $i < 60; $i++) {
    $right = $right && $client->get("key:$i") === "value $i";
}
check('writes and reads keys of all nodes', $right);
check('MGET over all nodes', $client->mget(['key:1', 'key:2', 'key:3', 'none']) === ['value 1', 'value 2', 'value 3', false]);

[$host, $port] = array_slice($client->_redir() === null ? ['127.0.0.1', 0] : explode(':', $client->_redir()), 0, 2);
check('was not redirected, as it knows the map', $port === 0);

$client->multi();
$client->set('{t}a', '1');
$client->incr('{t}a');
$client->get('{t}a');
check('transacts', $client->exec() === [true, 2, '2']);
$client->watch('{t}a');
connect($ports)->set('{t}a', 'changed');
$client->multi();
$client->get('{t}a');
check('a watched key that changed ends the transaction', $client->exec() === [false] || $client->exec() === false);

$owner = 0; // pipelines are for a single node here
foreach ($ports as $port) {
    $node = single($port);
    if ($owner === 0 && $node->rawCommand('ROLE')[0] === 'master') {
        $owner = $port;
        $replies = $node->pipeline()->ping()->rawCommand('CLUSTER', 'MYID')->echo('x')->exec();
        check('pipelines on one node', strlen($replies[1]) === 40 && $replies[2] === 'x');
    }
}

$subscriber = proc_open(
    [PHP_BINARY, '-r', '$r = new Redis(); $r->connect("127.0.0.1", (int) $argv[1]);
        $r->setOption(Redis::OPT_READ_TIMEOUT, 5);
        fwrite(STDOUT, "listening\n");
        $r->subscribe(["news"], function ($r, $channel, $text) { fwrite(STDOUT, "$channel $text\n"); exit; });', '--', (string) $ports[1]],
    [1 => ['pipe', 'w']],
    $pipes
);
fgets($pipes[1]);
for ($i = 0; $i < 50 && single($ports[1])->pubsub('numsub', ['news'])['news'] < 1; $i++) {
    usleep(50000);
}
single($ports[2])->publish('news', 'hello'); // at another node
check('subscribes on one node to what is published on another', trim(fgets($pipes[1])) === 'news hello');
proc_close($subscriber);

$found = [];
foreach ($client->_masters() as $master) {
    $cursor = null;
    do {
        $keys = $client->scan($cursor, $master, 'key:*', 7);
        foreach ($keys ?: [] as $key) {
            $found[$key] = true;
        }
    } while ($cursor > 0);
}
check('scans all nodes', count($found) === 60);
$client->hMSet('hash', ['a' => '1', 'b' => '2']);
check('reads a hash', $client->hGetAll('hash') == ['a' => '1', 'b' => '2']);
check('runs a script', $client->eval('return {KEYS[1], ARGV[1]}', ['key:1', 'x'], 1) === ['key:1', 'x']);

// Who has key:1: the one of the masters that does not redirect.
$victim = 0;
foreach ($client->_masters() as [$host, $port]) {
    try {
        single($port)->get('key:1');
        $victim = $port;
    } catch (RedisException $moved) {
        check("who does not have it redirects: {$moved->getMessage()}", str_starts_with($moved->getMessage(), 'MOVED'));
    }
}
single($victim)->rawCommand('WAIT', 1, 1000);
$start = microtime(true);
exec(escapeshellarg(getenv('CUE')) . " $victim", $output, $status);
check('the cue is given', $status === 0);
$written = false;
$errors = [];
while (!$written && microtime(true) - $start < LIMIT_S) { // fresh objects: 5.3.7 crashes in an old one
    try {
        $client = connect(array_values(array_diff($ports, [$victim])));
        $set = $client->set('key:1', 'after') === true;
        for ($left = $i = 0; $i < 60; $i++) { // the new master serves before the others have heard of it
            $left += $client->get("key:$i") !== false;
        }
        $written = $set;
    } catch (RedisClusterException | RedisException $error) {
        $errors[$error->getMessage()] = true;
        usleep(100000);
    }
}
check('writes again after a failover', $written && $client->get('key:1') === 'after');
check('no key was lost', $left === 60);
printf("ok: it took %.1f s; errors meanwhile: %s\n", microtime(true) - $start, implode('; ', array_keys($errors)));
