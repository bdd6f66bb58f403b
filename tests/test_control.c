/* The control port: requests in, answers out, against a server that only notes what it is told. */
#include "tests/support/served.h"
#include "tests/support/support.h"

#include "sim/scenario/control.h"
#include "sim/scenario/expect.h"
#include "sim/scenario/kept_trace.h"

/* What a server would do; time passes when the test says so. */
struct fake {
    int64_t speed;
    rcs_us advance_us;
    void (*advanced)(void *arg);
    void *advanced_arg;
    bool stopped;
    char saved[64];
    struct rcs_control_client *asked; /* by OWN */
};

struct port {
    struct served served;
    struct rcs_kept_trace *kept;
    struct rcs_control *control;
    struct rcs_control_client *client;
    struct fake fake;
    struct rcs_buf got;
    bool closed, full;
};

static void fake_speed(void *arg, int64_t speed)
{
    ((struct fake *)arg)->speed = speed;
}

static int64_t fake_speed_of(void *arg)
{
    return ((struct fake *)arg)->speed;
}

static void fake_advance(void *arg, rcs_us duration, void (*done)(void *done_arg), void *done_arg)
{
    struct fake *fake = arg;
    fake->advance_us = duration;
    fake->advanced = done;
    fake->advanced_arg = done_arg;
}

static void fake_stop(void *arg)
{
    ((struct fake *)arg)->stopped = true;
}

static enum rcs_err fake_save(void *arg, const char *file, struct rcs_diag *diag)
{
    struct fake *fake = arg;
    if (file[0] == '/') {
        return rcs_diag_set(diag, RCS_ERR_IO, 0, 0, "%s cannot be written: Permission denied",
                            file);
    }
    snprintf(fake->saved, sizeof(fake->saved), "%s", file);
    return RCS_OK;
}

static bool fake_request(void *arg, struct rcs_control_client *client, unsigned argc,
                         const struct rcs_arg *args)
{
    struct fake *fake = arg;
    bool own = argc == 1 && args[0].size_bytes == 3 && memcmp(args[0].bytes, "OWN", 3) == 0;
    fake->asked = own ? client : NULL;
    return own;
}

static bool on_reply(void *arg, const char *bytes, size_t size_bytes, bool close)
{
    struct port *port = arg;
    assert_false(port->closed);
    assert_true(size_bytes > 0 || close);
    rcs_buf_add(&port->got, bytes, size_bytes);
    port->closed = close;
    return !port->full;
}

static void tee(void *arg, const char *bytes, size_t size_bytes)
{
    rcs_kept_trace_write(arg, bytes, size_bytes);
}

static void port_open(struct port *port, const char *text)
{
    memset(port, 0, sizeof(*port));
    port->kept = rcs_kept_trace_new();
    served_open_with(&port->served, text, (struct rcs_run_options){ .hold = true, .steps = 1 }, tee,
                     port->kept);
    rcs_buf_init(&port->got);
    port->fake.speed = 1;
    struct rcs_control_host host = {
        .arg = &port->fake,
        .speed = fake_speed,
        .speed_of = fake_speed_of,
        .advance = fake_advance,
        .stop = fake_stop,
        .save = fake_save,
        .request = fake_request,
    };
    port->control = rcs_control_new(port->served.run, port->kept, &host);
    port->client = rcs_control_open(port->control, on_reply, port);
}

static void port_close(struct port *port)
{
    served_end(&port->served);
    rcs_control_free(port->control);
    served_close(&port->served);
    rcs_kept_trace_free(port->kept);
    rcs_buf_close(&port->got);
}

/* What comes back for bytes, now. Borrowed until the next call. */
static const char *ask_bytes(struct port *port, const void *bytes, size_t size_bytes)
{
    rcs_buf_clear(&port->got);
    rcs_control_feed(port->client, bytes, size_bytes);
    rcs_buf_add(&port->got, "", 1);
    port->got.size_bytes--;
    return port->got.data;
}

/* An inline request. */
static const char *ask(struct port *port, const char *line)
{
    struct rcs_buf bytes;
    rcs_buf_init(&bytes);
    rcs_buf_format(&bytes, "%s\r\n", line);
    const char *got = ask_bytes(port, bytes.data, bytes.size_bytes);
    rcs_buf_close(&bytes);
    return got;
}

/* And what comes when so much time has passed. */
static const char *ask_and_wait(struct port *port, const char *line, rcs_us duration)
{
    (void)ask(port, line);
    served_pass(&port->served, duration, 0);
    rcs_buf_add(&port->got, "", 1);
    port->got.size_bytes--;
    return port->got.data;
}

static void answers(struct port *port, const char *line, const char *pattern)
{
    const char *got = ask(port, line);
    if (!rcs_pattern_matches(pattern, got)) {
        fail_msg("%s: %s and not %s", line, got, pattern);
    }
}

struct row {
    const char *line, *answer; /* pattern */
};

/* Of six nodes that form a cluster, after 20 s. */
static const struct row rows[] = {
    { "ping", "+PONG\r\n" },
    { "PING hello", "$5\r\nhello\r\n" },
    { "nodes",
      "\\*6\r\n$*\r\na1 127.0.0.1:7001 master - ok up 0-5460\r\n*a4 127.0.0.1:7004 replica "
      "a* ok up -\r\n*" },
    { "status",
      "\\*14\r\n$4\r\ntime\r\n$9\r\n20.000000\r\n$5\r\nspeed\r\n$1\r\n1\r\n$5\r\nstate\r\n"
      "$2\r\nok\r\n$8\r\nscenario\r\n$5\r\nwaits\r\n$6\r\norders\r\n:0\r\n$8\r\nfailures\r\n"
      ":0\r\n$6\r\ndigest\r\n$16\r\n*\r\n" },
    { "digest", "$16\r\n*\r\n" },
    { "log a1 1", "\\*1\r\n$*\r\n1001:M 01 Jan 2026 00:00:*\r\n" },
    { "log a1 0", "\\*0\r\n" },
    { "LOG a1", "\\*20\r\n*" },
    { "log a9", "-ERR no node \"a9\" (there are: a1..a6)\r\n" },
    { "log a1 many", "-ERR how many lines must be a number from 0 on\r\n" },
    { "log", "-ERR wrong number of words: log NODE [COUNT]\r\n" },
    { "explain a1", "\\**a1: cluster state changed to ok*" },
    { "explain a4 why-not", "\\**a4 becomes a replica of a*" },
    { "explain a1 how", "-ERR explain NODE tells why *" },
    { "explain a9", "-ERR no node \"a9\" (there are: a1..a6)\r\n" },
    { "save run.trace", "+OK\r\n" },
    { "save /etc/x", "-ERR /etc/x cannot be written: Permission denied\r\n" },
    { "speed", "$1\r\n1\r\n" },
    { "speed 10", "+OK\r\n" },
    { "speed 0", "-ERR a speed is manual, or 1 to 1000000 *" },
    { "speed fast", "-ERR a speed is manual, *" },
    { "advance soon", "-ERR \"soon\" is no duration *" },
    { "advance 20", "-ERR \"20\" is no duration *" },
    { "shutdown", "+OK\r\n" },
    { "play 1", "+OK\r\n" },
    { "kill a1", "+OK\r\n" },
    { "KILL a1 a2", "+OK\r\n" },
    { "\"kill a1..a2\"", "+OK\r\n" },
    { "\"KILL a1\"", "+OK\r\n" },
    { "CLUSTER-NODE-TIMEOUT 2000", "+OK\r\n" },
    { "partition A B", "-ERR order:1:13: no node \"B\" (declared: a1..a6)\r\n" },
    { "kill b9", "-ERR order:1:6: no node \"b9\" (declared: a1..a6)\r\n" },
    { "start a1", "-ERR order:1:1: *a1*\r\n" },
    { "kil a1", "-ERR no order \"kil\" (did you mean kill?)\r\n" },
    { "statsu", "-ERR no order \"statsu\" (did you mean status?)\r\n" },
    { "cluster-node-timeuot 5", "-ERR no order \"cluster-node-timeuot\" (did you mean "
                                "cluster-node-timeout?)\r\n" },
    { "zzzzzz", "-ERR no order \"zzzzzz\" (HELP lists them)\r\n" },
    { "site B b1", "-ERR order:1:1: site belongs to a scenario's layout and is no order\r\n" },
    { "print \"a # b\" '#c'", "$8\r\na # b #c\r\n" },
    { "print \"\"", "*" },
    { "show info on a1", "$*\r\na1     state ok *" },
    { "show info on a1..a2", "\\*2\r\n$*\r\na1     state ok *" },
    { "expect state ok on all", "+OK\r\n" },
    { "expect state fail on a1", "-ERR order:1:1: expected state fail on a1; instead: a1: ok\r\n" },
    { "hello", "\\*14\r\n$6\r\nserver\r\n$5\r\nrcsim\r\n*" },
    { "hello 3", "%7\r\n*$5\r\nproto\r\n:3\r\n*" },
    { "hello 4", "-NOPROTO unsupported protocol version\r\n" },
    { "client setname x", "+OK\r\n" },
    { "CLIENT SETINFO LIB-NAME x", "+OK\r\n" },
    { "client id", ":1\r\n" },
    { "client kill x", "-ERR the control port knows CLIENT ID, *" },
    { "command docs", "\\*0\r\n" },
    { "info", "$*\r\n# Server\r\n*loading:0\r\n\r\n" },
    { "select 0", "+OK\r\n" },
    { "select 1", "-ERR *" },
    { "help", "\\*[1-9]*" },
    { "help log", "\\*2\r\n*    log NODE [COUNT]\r\n*" },
    { "help kill", "\\*2\r\n*    kill NODES\r\n*" },
    { "help nothing", "-ERR no order \"nothing\" (HELP lists them)\r\n" },
    { "quit", "+OK\r\n" },
};

static void request_row(void **state)
{
    const struct row *row = *state;
    struct port port;
    port_open(&port, SERVED_SIX "step \"two\"\nwait 1s\n");
    served_pass(&port.served, RCS_S(20), 0);
    if (strcmp(row->answer, "\\*[1-9]*") == 0) {
        assert_true(ask(&port, row->line)[1] > '0');
    } else {
        answers(&port, row->line, row->answer);
    }
    port_close(&port);
}

static void the_server_is_told(void **state)
{
    (void)state;
    struct port port;
    port_open(&port, SERVED_SIX);
    answers(&port, "speed 25", "+OK\r\n");
    assert_int_equal(port.fake.speed, 25);
    answers(&port, "speed manual", "+OK\r\n");
    assert_int_equal(port.fake.speed, 0);
    answers(&port, "speed", "$6\r\nmanual\r\n");
    answers(&port, "save x.trace", "+OK\r\n");
    assert_string_equal(port.fake.saved, "x.trace");
    answers(&port, "advance 1.5s", "");
    assert_int_equal(port.fake.advance_us, 1500000);
    answers(&port, "ping", ""); /* behind it */
    rcs_buf_clear(&port.got);
    port.fake.advanced(port.fake.advanced_arg);
    assert_int_equal(port.got.size_bytes, strlen("+OK\r\n+PONG\r\n"));
    assert_memory_equal(port.got.data, "+OK\r\n+PONG\r\n", port.got.size_bytes);
    assert_false(port.fake.stopped);
    answers(&port, "SHUTDOWN", "+OK\r\n");
    assert_true(port.fake.stopped);
    port_close(&port);
}

static void a_server_has_requests_of_its_own(void **state)
{
    (void)state;
    struct port port;
    port_open(&port, SERVED_SIX);
    answers(&port, "OWN", "");
    assert_true(port.fake.asked == port.client);
    answers(&port, "ping", "");
    rcs_buf_clear(&port.got);
    rcs_control_answer(port.client, "+MINE\r\n", 7);
    assert_int_equal(port.got.size_bytes, 14);
    assert_memory_equal(port.got.data, "+MINE\r\n+PONG\r\n", 14);
    port_close(&port);
}

static void answers_come_in_order(void **state)
{
    (void)state;
    struct port port;
    port_open(&port, SERVED_SIX);
    served_pass(&port.served, RCS_S(20), 0);
    const char *got = ask(&port, "ping a\r\nkill a1\r\nuntil life paused on a2 within 3s\r\n"
                                 "ping b\r\nkil\r\nwait 2s\r\nping c");
    assert_string_equal(got, "$1\r\na\r\n+OK\r\n");
    rcs_buf_clear(&port.got);
    served_pass(&port.served, RCS_S(30), 0);
    rcs_buf_add(&port.got, "", 1);
    assert_true(
        rcs_pattern_matches("-ERR order:1:1: expected life paused on a2 within 3 s; instead: a2: "
                            "up\r\n$1\r\nb\r\n-ERR no order \"kil\" *\r\n+OK\r\n$1\r\nc\r\n",
                            port.got.data));
    port_close(&port);
}

static void a_failover_on_order_is_explained(void **state)
{
    (void)state;
    struct port port;
    port_open(&port, SERVED_SIX);
    served_pass(&port.served, RCS_S(20), 0);
    answers(&port, "kill a1", "+OK\r\n");
    assert_string_equal(
        ask_and_wait(&port, "until event first a4..a6 promoted within 30s", RCS_S(30)), "+OK\r\n");
    const char *nodes = ask(&port, "nodes");
    const char *heir = strstr(nodes, " master - ok up 0-5460");
    assert_non_null(heir);
    assert_non_null(strstr(nodes, "a1 127.0.0.1:7001 - - - down -"));
    char line[32];
    snprintf(line, sizeof(line), "explain a%c", heir[-1]);
    const char *why = ask(&port, line);
    assert_non_null(strstr(why, "is master now, in place of a1"));
    assert_non_null(strstr(why, "fault: kill a1"));
    assert_null(strstr(why, "missing"));
    port_close(&port);
}

static void resp3_has_maps(void **state)
{
    (void)state;
    struct port port;
    port_open(&port, SERVED_SIX);
    served_pass(&port.served, RCS_S(20), 0);
    (void)ask(&port, "hello 3");
    answers(
        &port, "nodes",
        "%6\r\n$2\r\na1\r\n%6\r\n$7\r\naddress\r\n$14\r\n127.0.0.1:7001\r\n$2\r\nid\r\n$40\r\n*\r\n"
        "$4\r\nlife\r\n$2\r\nup\r\n$4\r\nrole\r\n$6\r\nmaster\r\n*$6\r\nmaster\r\n$2\r\na*");
    answers(&port, "status", "%7\r\n*");
    answers(&port, "info", "=*");
    answers(&port, "hello 2", "\\*14\r\n*");
    port_close(&port);
}

/* Words of a RESP request are words of the line, whatever they hold. */
static void words_stay_words(void **state)
{
    (void)state;
    struct port port;
    port_open(&port, SERVED_SIX);
    served_pass(&port.served, RCS_S(20), 0);
    static const char *const values[] = { "two words",   "#",   "",  "a\"b\\c'd", "tab\there",
                                          "caf\xc3\xa9", "a>b", "{", "}",         "=" };
    for (unsigned i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        struct rcs_buf request, want;
        rcs_buf_init(&request);
        rcs_buf_init(&want);
        struct rcs_arg args[] = { { "a1>", 3 },
                                  { "ECHO", 4 },
                                  { values[i], (uint32_t)strlen(values[i]) } };
        rcs_resp_request(&request, 3, args);
        (void)ask_bytes(&port, request.data, request.size_bytes);
        rcs_buf_clear(&port.got);
        served_pass(&port.served, RCS_MS(10), 0);
        rcs_buf_add(&port.got, "", 1);
        struct rcs_reply reply = {
            .kind = RCS_REPLY_BULK, .size = 1, .bytes = values[i], .size_bytes = strlen(values[i])
        };
        rcs_reply_print(&want, &reply); /* as redis-cli prints it */
        rcs_buf_add(&want, "", 1);
        if (strstr(port.got.data, want.data) == NULL) {
            fail_msg("%s: %s", values[i], port.got.data);
        }
        rcs_buf_close(&request);
        rcs_buf_close(&want);
    }
    port_close(&port);
}

static void bytes_come_in_any_pieces(void **state)
{
    (void)state;
    struct port port;
    port_open(&port, SERVED_SIX);
    static const char bytes[] = "*2\r\n$4\r\nkill\r\n$2\r\na1\r\nping\r\n*1\r\n$6\r\ndigest\r\n";
    for (size_t i = 0; i < sizeof(bytes) - 1; i++) {
        rcs_control_feed(port.client, bytes + i, 1);
    }
    rcs_buf_add(&port.got, "", 1);
    assert_true(rcs_pattern_matches("+OK\r\n+PONG\r\n$16\r\n*\r\n", port.got.data));
    port_close(&port);
}

static void what_breaks_the_protocol_is_closed(void **state)
{
    (void)state;
    struct port port;
    port_open(&port, SERVED_SIX);
    assert_string_equal(ask(&port, "ping\r\n*1\r\nnonsense"),
                        "+PONG\r\n-ERR Protocol error: expected '$', got 'n'\r\n");
    assert_true(port.closed);
    rcs_control_feed(port.client, "ping\r\n", 6); /* nothing more is read */
    rcs_control_close(port.client);
    port_close(&port);
}

static void who_speaks_http_is_closed_silently(void **state)
{
    (void)state;
    struct port port;
    port_open(&port, SERVED_SIX);
    assert_string_equal(ask(&port, "POST / HTTP/1.1"), "");
    assert_true(port.closed);
    port_close(&port);
}

static void but_not_before_what_was_ordered_is_answered(void **state)
{
    (void)state;
    struct port port;
    port_open(&port, SERVED_SIX);
    served_pass(&port.served, RCS_S(20), 0);
    assert_string_equal(ask(&port, "wait 2s\r\nping\r\n*1\r\nnonsense\r\nping"), "");
    assert_false(port.closed);
    rcs_control_feed(port.client, "ping\r\n", 6); /* nothing more is read */
    assert_string_equal(ask_and_wait(&port, "ping", RCS_S(3)),
                        "+OK\r\n+PONG\r\n-ERR Protocol error: expected '$', got 'n'\r\n");
    assert_true(port.closed);
    port_close(&port);
}

/* Too many that wait: the one they wait for is not answered any more. */
static void what_ends_after_the_last_answer_is_not_told(void **state)
{
    (void)state;
    struct port port;
    struct rcs_buf bytes;
    port_open(&port, SERVED_SIX);
    served_pass(&port.served, RCS_S(20), 0);
    rcs_buf_init(&bytes);
    rcs_buf_text(&bytes, "wait 2s\r\n");
    for (unsigned i = 0; i < 20000; i++) {
        rcs_buf_text(&bytes, "ping\r\n");
    }
    (void)ask_bytes(&port, bytes.data, bytes.size_bytes);
    assert_true(port.closed);
    served_pass(&port.served, RCS_S(5), 0); /* on_reply would fail */
    rcs_buf_close(&bytes);
    port_close(&port);
}

static void quit_closes_behind_what_was_asked(void **state)
{
    (void)state;
    struct port port;
    port_open(&port, SERVED_SIX);
    assert_string_equal(ask(&port, "ping\r\nquit\r\nping"), "+PONG\r\n+OK\r\n");
    assert_true(port.closed);
    port_close(&port);
}

/* Who leaves is not told; what it ordered is done. */
static void who_left_is_not_told(void **state)
{
    (void)state;
    struct port port;
    port_open(&port, SERVED_SIX);
    served_pass(&port.served, RCS_S(20), 0);
    (void)ask(&port, "during 5s { pause a1 }\r\nping");
    rcs_control_close(port.client);
    (void)rcs_control_open(port.control, on_reply, &port);
    served_pass(&port.served, RCS_S(1), 0);
    assert_int_equal(rcs_sim_node_life(port.served.sim, 0), RCS_LIFE_PAUSED);
    served_pass(&port.served, RCS_S(10), 0);
    assert_int_equal(rcs_sim_node_life(port.served.sim, 0), RCS_LIFE_UP);
    assert_int_equal(port.got.size_bytes, 0);
    port_close(&port);
}

static void too_many_that_wait_are_refused(void **state)
{
    (void)state;
    struct port port;
    struct rcs_buf bytes;
    port_open(&port, SERVED_SIX);
    rcs_buf_init(&bytes);
    for (unsigned i = 0; i < 20000; i++) { /* none waits: all are answered */
        rcs_buf_text(&bytes, "ping\r\n");
    }
    (void)ask_bytes(&port, bytes.data, bytes.size_bytes);
    assert_int_equal(port.got.size_bytes, 20000 * 7);
    assert_string_equal(ask(&port, "advance 1s"), "");
    (void)ask_bytes(&port, bytes.data, bytes.size_bytes);
    assert_string_equal(port.got.data, "-ERR too many requests wait for one that takes time\r\n");
    assert_true(port.closed);
    rcs_buf_close(&bytes);
    port_close(&port);
}

/* Their bytes count as well. */
static void too_much_that_waits_is_refused(void **state)
{
    (void)state;
    struct port port;
    struct rcs_buf bytes;
    char *text = malloc(1 << 20);
    port_open(&port, SERVED_SIX);
    rcs_buf_init(&bytes);
    memset(text, 'x', 1 << 20);
    const struct rcs_arg words[] = { { "ping", 4 }, { text, 1 << 20 } };
    rcs_resp_request(&bytes, 2, words);
    assert_string_equal(ask(&port, "advance 1s"), "");
    for (unsigned i = 0; i < 15; i++) {
        assert_string_equal(ask_bytes(&port, bytes.data, bytes.size_bytes), "");
    }
    assert_string_equal(ask_bytes(&port, bytes.data, bytes.size_bytes),
                        "-ERR too many requests wait for one that takes time\r\n");
    assert_true(port.closed);
    rcs_buf_close(&bytes);
    free(text);
    port_close(&port);
}

/* Who does not read is answered nothing more until it does; nothing is lost, however much it asks.
 */
static void who_does_not_read_waits(void **state)
{
    (void)state;
    struct port port;
    struct rcs_buf bytes;
    char *text = malloc(1 << 16);
    port_open(&port, SERVED_SIX);
    rcs_buf_init(&bytes);
    memset(text, 'x', 1 << 16);
    const struct rcs_arg words[] = { { "ping", 4 }, { text, 1 << 16 } };
    for (unsigned i = 0; i < 20; i++) {
        rcs_resp_request(&bytes, 2, words);
    }
    for (unsigned i = 0; i < 10001; i++) {
        rcs_buf_text(&bytes, "ping\r\n");
    }
    rcs_buf_text(&bytes, "quit\r\n");
    size_t answer_bytes = (1 << 16) + 10; /* $65536\r\n...\r\n */
    port.full = true;
    (void)ask_bytes(&port, bytes.data, bytes.size_bytes);
    for (unsigned i = 1; i < 20; i++) { /* as many as one has read */
        assert_int_equal(port.got.size_bytes, i * answer_bytes);
        rcs_control_taken(port.client);
    }
    assert_false(port.closed);
    port.full = false;
    rcs_control_taken(port.client);
    assert_int_equal(port.got.size_bytes,
                     20 * answer_bytes + 10001 * strlen("+PONG\r\n") + strlen("+OK\r\n"));
    assert_true(port.closed);
    rcs_buf_close(&bytes);
    free(text);
    port_close(&port);
}

static void a_request_too_long_is_refused(void **state)
{
    (void)state;
    struct port port;
    char *text = malloc(1 << 20);
    memset(text, 'x', 1 << 20);
    port_open(&port, SERVED_SIX);
    assert_string_equal(ask(&port, "*2\r\n$4\r\nping\r\n$500000000"), "");
    assert_string_equal(ask_bytes(&port, text, (1 << 20) - 100), "");
    assert_string_equal(ask_bytes(&port, text, 200),
                        "-ERR a request is at most 1048576 bytes long\r\n");
    assert_true(port.closed);
    free(text);
    port_close(&port);
}

static void an_order_too_long_is_refused(void **state)
{
    (void)state;
    struct port port;
    port_open(&port, SERVED_SIX);
    char *text = malloc(70000);
    memset(text, 'x', 70000);
    struct rcs_arg args[] = { { "print", 5 }, { text, 70000 } };
    struct rcs_buf bytes;
    rcs_buf_init(&bytes);
    rcs_resp_request(&bytes, 2, args);
    assert_string_equal(ask_bytes(&port, bytes.data, bytes.size_bytes),
                        "-ERR an order is at most 65536 bytes long\r\n");
    rcs_buf_close(&bytes);
    free(text);
    port_close(&port);
}

/* The trace so far, with the line that ends it, is a trace that plays. */
static void a_trace_so_far_is_whole(void **state)
{
    (void)state;
    struct port port;
    port_open(&port, SERVED_SIX);
    served_pass(&port.served, RCS_S(20), 0);
    (void)ask(&port, "kill a1");
    served_pass(&port.served, RCS_S(3), 0);
    struct rcs_buf last;
    rcs_buf_init(&last);
    assert_true(rcs_run_flush_trace(port.served.run, &last));
    struct served copy = port.served;
    rcs_buf_init(&copy.trace);
    rcs_buf_add(&copy.trace, port.served.trace.data, port.served.trace.size_bytes);
    rcs_buf_add(&copy.trace, last.data, last.size_bytes);
    served_replays(&copy);
    rcs_buf_close(&copy.trace);
    rcs_buf_close(&last);
    served_pass(&port.served, RCS_S(3), 0); /* and the run goes on */
    served_end(&port.served);
    served_replays(&port.served);
    port_close(&port);
}

/* No order sets a role or a slot: they are in no word of the port's own, and verbs have none. */
static void help_lists_every_order(void **state)
{
    (void)state;
    const char *usage, *what;
    unsigned count = 0;
    for (unsigned i = 0; (usage = rcs_control_usage(i, &what)) != NULL; i++) {
        assert_non_null(usage);
        count += what != NULL;
    }
    assert_true(count > 40);
}

int main(void)
{
    static const struct CMUnitTest others[] = {
        cmocka_unit_test(the_server_is_told),
        cmocka_unit_test(a_server_has_requests_of_its_own),
        cmocka_unit_test(answers_come_in_order),
        cmocka_unit_test(a_failover_on_order_is_explained),
        cmocka_unit_test(resp3_has_maps),
        cmocka_unit_test(words_stay_words),
        cmocka_unit_test(bytes_come_in_any_pieces),
        cmocka_unit_test(what_breaks_the_protocol_is_closed),
        cmocka_unit_test(who_speaks_http_is_closed_silently),
        cmocka_unit_test(but_not_before_what_was_ordered_is_answered),
        cmocka_unit_test(what_ends_after_the_last_answer_is_not_told),
        cmocka_unit_test(quit_closes_behind_what_was_asked),
        cmocka_unit_test(who_left_is_not_told),
        cmocka_unit_test(too_many_that_wait_are_refused),
        cmocka_unit_test(too_much_that_waits_is_refused),
        cmocka_unit_test(who_does_not_read_waits),
        cmocka_unit_test(a_request_too_long_is_refused),
        cmocka_unit_test(an_order_too_long_is_refused),
        cmocka_unit_test(a_trace_so_far_is_whole),
        cmocka_unit_test(help_lists_every_order),
    };
    enum { ROWS = sizeof(rows) / sizeof(rows[0]), OTHERS = sizeof(others) / sizeof(others[0]) };
    struct CMUnitTest tests[ROWS + OTHERS];
    for (size_t i = 0; i < ROWS; i++) {
        tests[i] = (struct CMUnitTest){ .name = rows[i].line,
                                        .test_func = request_row,
                                        .initial_state = (void *)(uintptr_t)&rows[i] };
    }
    memcpy(tests + ROWS, others, sizeof(others));
    return _cmocka_run_group_tests("control", tests, ROWS + OTHERS, NULL, NULL);
}
