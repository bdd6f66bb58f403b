<?php
// Six virtual nodes on real ports, whose clock is moved by orders.
final class VirtualCluster
{
    /** @var int[] */
    public array $ports;
    /** @var resource */
    private $process;
    private Predis\Client $control;

    public function __construct(int $port = 17021, int $control = 17020, int $nodes = 6)
    {
        $this->ports = range($port, $port + $nodes - 1);
        $command = [getenv('RCSIM') ?: 'rcsim', 'serve', '--nodes', "$nodes", '--replicas', '1',
            '--port', "$port", '--control', "$control", '--speed', 'manual'];
        $this->process = proc_open($command, [1 => ['pipe', 'w']], $pipes);
        do {
            $line = fgets($pipes[1]);
            if ($line === false) {
                throw new RuntimeException('rcsim ended before it was ready');
            }
        } while (!str_starts_with($line, 'ready'));
        $this->control = new Predis\Client("tcp://127.0.0.1:$control?read_write_timeout=60");
    }

    /** kill n1, start n1, advance 20s, until state ok on n2 within 60s ... An error reply throws. */
    public function order(string $text): mixed
    {
        $error = false;
        $reply = $this->control->executeRaw(explode(' ', $text), $error);
        if ($error) {
            throw new RuntimeException("$text: $reply");
        }
        return $reply;
    }

    public function name(int $port): string
    {
        return 'n' . ($port - $this->ports[0] + 1);
    }

    public function stop(): void
    {
        proc_terminate($this->process);
        proc_close($this->process);
    }
}
