<?php
require_once 'Predis/Autoloader.php';
Predis\Autoloader::register();
require_once __DIR__ . '/VirtualCluster.php';

use PHPUnit\Framework\TestCase;

final class FailoverTest extends TestCase
{
    private static VirtualCluster $cluster;

    public static function setUpBeforeClass(): void
    {
        self::$cluster = new VirtualCluster();
    }

    public static function tearDownAfterClass(): void
    {
        self::$cluster->stop();
    }

    /** @param int[] $ports */
    private static function connect(array $ports): Predis\Client
    {
        return new Predis\Client(array_map(fn($port) => "tcp://127.0.0.1:$port", $ports), ['cluster' => 'redis']);
    }

    public function testWritesSurviveAFailover(): void
    {
        $client = self::connect(self::$cluster->ports);
        $client->set('greeting', 'hello');
        $owner = $client->getConnection()->getConnection($client->createCommand('GET', ['greeting']));
        $victim = (int) $owner->getParameters()->port;
        $alive = array_values(array_diff(self::$cluster->ports, [$victim]));
        $other = self::$cluster->name($alive[0]);
        self::$cluster->order('advance 2s'); // its replica has it by then

        $start = microtime(true);
        self::$cluster->order('kill ' . self::$cluster->name($victim));
        self::$cluster->order("until state fail on $other within 60s");
        self::$cluster->order("until state ok on $other within 60s");

        $client = self::connect($alive);
        $this->assertSame('hello', $client->get('greeting'));
        $this->assertSame('OK', (string) $client->set('greeting', 'again'));
        $this->assertLessThan(15, microtime(true) - $start, 'the node timeout that had to pass is longer');
    }
}
