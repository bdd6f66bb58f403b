#!/usr/bin/php
<?php
// Writes a key and reads it back, again and again, whatever happens to the cluster. Needs predis (1.1 is Debian
// 12's: php-nrk-predis).
//
// Usage: writer.php [--every SECONDS] [--times N] HOST:PORT...
//
// Prints a line a try: `ok 17` when key 17 was written and read back, else the error. After an error it makes a new
// client from those addresses: one that is kept may go on asking a node that is gone. Exit status 0 if the last try
// went well.
require 'Predis/Autoloader.php';
Predis\Autoloader::register();

function connect(array $addresses): Predis\Client
{
    shuffle($addresses); // the first is the one it asks for the map: it may be the one that is gone
    $nodes = array_map(fn($address) => "tcp://$address?timeout=1&read_write_timeout=1", $addresses);
    return new Predis\Client($nodes, ['cluster' => 'redis']);
}

function write_and_read(Predis\Client $client, int $number): void
{
    $client->set("lab:$number", $number);
    if ($client->get("lab:$number") !== (string) $number) {
        throw new RuntimeException("lab:$number was written, but something else was read");
    }
}

$every = 0.5;
$times = 0; // until it is interrupted
$addresses = [];
for ($i = 1; $i < $argc; $i++) {
    if ($argv[$i] === '--every' && $i + 1 < $argc) {
        $every = (float) $argv[++$i];
    } elseif ($argv[$i] === '--times' && $i + 1 < $argc) {
        $times = (int) $argv[++$i];
    } elseif (str_contains($argv[$i], ':')) {
        $addresses[] = $argv[$i];
    } else {
        $addresses = [];
        break;
    }
}
if ($addresses === []) {
    fwrite(STDERR, "usage: writer.php [--every SECONDS] [--times N] HOST:PORT...\n");
    exit(2);
}

$client = null;
$well = false;
for ($number = 1; $times === 0 || $number <= $times; $number++) {
    try {
        $client ??= connect($addresses);
        write_and_read($client, $number);
        $well = true;
        echo "ok $number\n";
    } catch (Predis\PredisException | RuntimeException $error) {
        $client = null;
        $well = false;
        echo "error $number: ", (new ReflectionClass($error))->getShortName(), ': ', strtok($error->getMessage(), "\n"), "\n";
    }
    usleep((int) ($every * 1e6));
}
exit($well ? 0 : 1);
