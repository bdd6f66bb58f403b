/* The control port's own orders, and what client libraries say before anything else. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <rcsim/explain.h>

#include "sim/node/command_args.h"
#include "sim/scenario/control_parts.h"
#include "sim/scenario/kept_trace.h"
#include "sim/scenario/run_parts.h"

#include "sim/pure.h"

#define LOG_LINES 20 /* unless more are asked for */

/* A copy with a NUL behind it; the caller frees it. */
static char *text_of(const struct rcs_arg *arg)
{
    return rcs_run_copy(arg->bytes, arg->size_bytes);
}

/* -1, and it is said. */
static int find_node(struct rcs_control_client *client, const struct rcs_arg *arg)
{
    const struct rcs_script *script = client->control->run->script;
    char *name = text_of(arg);
    int node = rcs_script_node(script, name);
    if (node < 0) {
        struct rcs_buf names;
        rcs_buf_init(&names);
        int *all = rcs_run_alloc(script->node_count * sizeof(all[0]));
        unsigned count = 0;
        for (unsigned i = 0; i < script->node_count; i++) {
            if (!script->nodes[i].removed) {
                all[count++] = (int)i;
            }
        }
        rcs_group_print(&names, script, all, count);
        rcs_control_error(client, "no node \"%.64s\" (there are: %.*s)", name,
                          (int)names.size_bytes, names.data == NULL ? "" : names.data);
        free(all);
        rcs_buf_close(&names);
    }
    free(name);
    return node;
}

static void add_field(struct rcs_control_client *client, const char *name, const char *value)
{
    rcs_resp_bulk_text(&client->out, name);
    rcs_resp_bulk_text(&client->out, value);
}

/* --- what there is ---------------------------------------------------------------------------- */

static const char *life_of(const struct rcs_sim *sim, int node)
{
    static const char *const names[] = {
        [RCS_LIFE_NEVER_STARTED] = "never-started",
        [RCS_LIFE_UP] = "up",
        [RCS_LIFE_PAUSED] = "paused",
        [RCS_LIFE_DOWN] = "down",
        [RCS_LIFE_OFF] = "off",
    };
    return names[rcs_sim_node_life(sim, node)];
}

static const char *master_of(const struct rcs_sim *sim, const struct rcs_view *view)
{
    return !view->replica ? "-" : view->master < 0 ? "?" : rcs_sim_node_name(sim, view->master);
}

/* "name address role master state life slots"; `-` where there is nothing to say. */
static void node_line(struct rcs_control_client *client, int node)
{
    struct rcs_sim *sim = client->control->run->sim;
    struct rcs_view view;
    struct rcs_buf line;
    rcs_sim_view(sim, node, &view);
    const char *slots = rcs_sim_slot_ranges(sim, node, node);
    rcs_buf_init(&line);
    rcs_buf_format(&line, "%s %s:%d %s %s %s %s %s", rcs_sim_node_name(sim, node),
                   rcs_sim_node_ip(sim, node), rcs_sim_node_port(sim, node),
                   !view.running  ? "-"
                   : view.replica ? "replica"
                                  : "master",
                   master_of(sim, &view),
                   !view.running   ? "-"
                   : view.state_ok ? "ok"
                                   : "fail",
                   life_of(sim, node), slots[0] == '\0' ? "-" : slots);
    rcs_resp_bulk(&client->out, line.data, line.size_bytes);
    rcs_buf_close(&line);
}

static void node_map(struct rcs_control_client *client, int node)
{
    struct rcs_sim *sim = client->control->run->sim;
    struct rcs_view view;
    struct rcs_buf address;
    rcs_sim_view(sim, node, &view);
    rcs_buf_init(&address);
    rcs_buf_format(&address, "%s:%d", rcs_sim_node_ip(sim, node), rcs_sim_node_port(sim, node));
    rcs_resp_bulk_text(&client->out, rcs_sim_node_name(sim, node));
    rcs_resp_map(&client->out, view.running ? (view.replica ? 7 : 6) : 3, true);
    add_field(client, "address", address.data);
    add_field(client, "id", rcs_sim_node_id(sim, node));
    add_field(client, "life", life_of(sim, node));
    if (view.running) {
        add_field(client, "role", view.replica ? "replica" : "master");
        add_field(client, "state", view.state_ok ? "ok" : "fail");
        add_field(client, "slots", rcs_sim_slot_ranges(sim, node, node));
    }
    if (view.running && view.replica) {
        add_field(client, "master", master_of(sim, &view));
    }
    rcs_buf_close(&address);
}

static void tell_nodes(struct rcs_control_client *client, unsigned argc, const struct rcs_arg *args)
{
    const struct rcs_script *script = client->control->run->script;
    unsigned count = 0;
    (void)argc;
    (void)args;
    for (unsigned i = 0; i < script->node_count; i++) {
        count += !script->nodes[i].removed;
    }
    if (client->resp3) {
        rcs_resp_map(&client->out, count, true);
    } else {
        rcs_resp_array(&client->out, count);
    }
    for (unsigned i = 0; i < script->node_count; i++) {
        if (!script->nodes[i].removed && client->resp3) {
            node_map(client, (int)i);
        } else if (!script->nodes[i].removed) {
            node_line(client, (int)i);
        }
    }
}

/* What the nodes that run say: ok, fail, or some this and some that. */
static const char *state_of(const struct rcs_run *run)
{
    bool good = false, bad = false;
    for (unsigned i = 0; i < run->script->node_count; i++) {
        struct rcs_view view;
        rcs_sim_view(run->sim, (int)i, &view);
        good |= view.running && view.state_ok;
        bad |= view.running && !view.state_ok;
    }
    return good && bad ? "mixed" : good ? "ok" : "fail";
}

static void add_speed(struct rcs_buf *out, int64_t speed)
{
    if (speed == 0) {
        rcs_buf_text(out, "manual");
    } else {
        rcs_buf_i64(out, speed);
    }
    rcs_buf_add(out, "", 1);
}

static void tell_status(struct rcs_control_client *client, unsigned argc,
                        const struct rcs_arg *args)
{
    const struct rcs_control *control = client->control;
    rcs_us now = rcs_sim_now(control->run->sim);
    struct rcs_buf speed;
    char at[32], digest[17];
    (void)argc;
    (void)args;
    rcs_buf_init(&speed);
    add_speed(&speed, control->host.speed_of(control->host.arg));
    snprintf(at, sizeof(at), "%lld.%06d", (long long)(now / RCS_S(1)), (int)(now % RCS_S(1)));
    snprintf(digest, sizeof(digest), "%016llx",
             (unsigned long long)rcs_sim_digest(control->run->sim));
    rcs_resp_map(&client->out, 7, client->resp3);
    add_field(client, "time", at);
    add_field(client, "speed", speed.data);
    add_field(client, "state", state_of(control->run));
    add_field(client, "scenario", rcs_run_idle(control->run) ? "waits" : "plays");
    rcs_resp_bulk_text(&client->out, "orders");
    rcs_resp_integer(&client->out, rcs_run_orders(control->run));
    rcs_resp_bulk_text(&client->out, "failures");
    rcs_resp_integer(&client->out, rcs_run_failures(control->run));
    add_field(client, "digest", digest);
    rcs_buf_close(&speed);
}

static void tell_digest(struct rcs_control_client *client, unsigned argc,
                        const struct rcs_arg *args)
{
    char digest[17];
    (void)argc;
    (void)args;
    snprintf(digest, sizeof(digest), "%016llx",
             (unsigned long long)rcs_sim_digest(client->control->run->sim));
    rcs_resp_bulk_text(&client->out, digest);
}

/* --- what happened ---------------------------------------------------------------------------- */

static void tell_log(struct rcs_control_client *client, unsigned argc, const struct rcs_arg *args)
{
    const struct rcs_run *run = client->control->run;
    int64_t wanted = LOG_LINES;
    int node = find_node(client, &args[1]);
    if (node < 0) {
        return;
    }
    if (argc > 2 && (!rcs_decimal_read(args[2].bytes, args[2].size_bytes, &wanted) || wanted < 0)) {
        rcs_control_error(client, "how many lines must be a number from 0 on");
        return;
    }
    unsigned from = run->log_count;
    int64_t count = 0;
    while (from > 0 && count < wanted) {
        count += run->log[--from].node == node;
    }
    rcs_resp_array(&client->out, (size_t)count);
    for (unsigned i = from; i < run->log_count; i++) {
        if (run->log[i].node == node) {
            rcs_resp_bulk_text(&client->out, run->log[i].text);
        }
    }
}

static void print_explanation(struct rcs_control_client *client,
                              const struct rcs_explanation *explanation)
{
    struct rcs_statement statement;
    size_t count = 0;
    struct rcs_buf line;
    rcs_buf_init(&line);
    while (rcs_explanation_statement(explanation, count, &statement)) {
        count++;
    }
    rcs_resp_array(&client->out, count);
    for (size_t i = 0; i < count; i++) {
        (void)rcs_explanation_statement(explanation, i, &statement);
        rcs_buf_clear(&line);
        rcs_statement_print(&line, &statement);
        rcs_resp_bulk(&client->out, line.data, line.size_bytes);
    }
    rcs_buf_close(&line);
}

static void tell_why(struct rcs_control_client *client, unsigned argc, const struct rcs_arg *args)
{
    const struct rcs_control *control = client->control;
    struct rcs_explain_options options = { .node = NULL };
    struct rcs_explanation *explanation;
    struct rcs_diag diag = { .line = 0 };
    if (find_node(client, &args[1]) < 0) {
        return;
    }
    if (argc > 2 && !rcs_arg_is(&args[2], "why-not")) {
        rcs_control_error(client, "explain NODE tells why it changed, explain NODE why-not why it "
                                  "was not promoted");
        return;
    }
    if (control->kept == NULL || !rcs_run_flush_trace(control->run, NULL)) {
        rcs_control_error(client, "nothing is kept that could be explained");
        return;
    }
    char *name = text_of(&args[1]);
    const struct rcs_buf *text = rcs_kept_trace_text(control->kept);
    options.node = argc > 2 ? NULL : name;
    options.why_not = argc > 2 ? name : NULL;
    enum rcs_err err =
        rcs_explain(&explanation, "trace", text->data, text->size_bytes, &options, &diag);
    if (err == RCS_OK) {
        print_explanation(client, explanation);
    } else if (err == RCS_ERR_UNKNOWN) { /* it is in no line: nothing happened to it */
        rcs_resp_array(&client->out, 0);
    } else {
        rcs_control_error(client, "%s", diag.text);
    }
    rcs_explanation_free(explanation);
    free(name);
}

static void save(struct rcs_control_client *client, unsigned argc, const struct rcs_arg *args)
{
    const struct rcs_control_host *host = &client->control->host;
    struct rcs_diag diag = { .line = 0 };
    (void)argc;
    if (host->save == NULL) {
        rcs_control_error(client, "no trace is kept (rcsim serve --trace FILE keeps one)");
        return;
    }
    char *file = text_of(&args[1]);
    if (host->save(host->arg, file, &diag) == RCS_OK) {
        rcs_resp_status(&client->out, "OK");
    } else {
        rcs_control_error(client, "%s", diag.text);
    }
    free(file);
}

/* --- time ------------------------------------------------------------------------------------- */

static void set_speed(struct rcs_control_client *client, unsigned argc, const struct rcs_arg *args)
{
    const struct rcs_control_host *host = &client->control->host;
    int64_t speed = 0;
    if (argc == 1) {
        struct rcs_buf text;
        rcs_buf_init(&text);
        add_speed(&text, host->speed_of(host->arg));
        rcs_resp_bulk_text(&client->out, text.data);
        rcs_buf_close(&text);
        return;
    }
    if (!rcs_arg_is(&args[1], "manual") &&
        (!rcs_decimal_read(args[1].bytes, args[1].size_bytes, &speed) || speed < 1 ||
         speed > RCS_CONTROL_SPEED_MAX)) {
        rcs_control_error(client, "a speed is manual, or 1 to %d virtual seconds a real one",
                          RCS_CONTROL_SPEED_MAX);
        return;
    }
    host->speed(host->arg, speed);
    rcs_resp_status(&client->out, "OK");
}

static void on_advanced(void *arg)
{
    rcs_control_told(arg, NULL, NULL, 0);
}

static void advance(struct rcs_control_client *client, unsigned argc, const struct rcs_arg *args)
{
    const struct rcs_control_host *host = &client->control->host;
    rcs_us duration;
    (void)argc;
    char *text = text_of(&args[1]);
    if (strlen(text) == args[1].size_bytes && rcs_duration_read(text, &duration)) {
        host->advance(host->arg, duration, on_advanced, rcs_control_wait(client));
    } else {
        rcs_control_error(client,
                          "\"%.32s\" is no duration (a number with us, ms, s or m, such as "
                          "15s or 250ms)",
                          text);
    }
    free(text);
}

static void shut_down(struct rcs_control_client *client, unsigned argc, const struct rcs_arg *args)
{
    const struct rcs_control_host *host = &client->control->host;
    (void)argc;
    (void)args;
    rcs_resp_status(&client->out, "OK");
    host->stop(host->arg);
}

/* --- what client libraries say ---------------------------------------------------------------- */

static void ping(struct rcs_control_client *client, unsigned argc, const struct rcs_arg *args)
{
    if (argc > 1) {
        rcs_resp_bulk(&client->out, args[1].bytes, args[1].size_bytes);
    } else {
        rcs_resp_status(&client->out, "PONG");
    }
}

static void hello(struct rcs_control_client *client, unsigned argc, const struct rcs_arg *args)
{
    if (argc > 1 && !rcs_arg_is(&args[1], "2") && !rcs_arg_is(&args[1], "3")) {
        rcs_resp_error_raw(&client->out, "NOPROTO unsupported protocol version");
        return;
    }
    client->resp3 = argc > 1 ? rcs_arg_is(&args[1], "3") : client->resp3;
    rcs_resp_map(&client->out, 7, client->resp3);
    add_field(client, "server", "rcsim");
    add_field(client, "version", RCS_VERSION);
    rcs_resp_bulk_text(&client->out, "proto");
    rcs_resp_integer(&client->out, client->resp3 ? 3 : 2);
    rcs_resp_bulk_text(&client->out, "id");
    rcs_resp_integer(&client->out, client->id);
    add_field(client, "mode", "standalone");
    add_field(client, "role", "master");
    rcs_resp_bulk_text(&client->out, "modules");
    rcs_resp_array(&client->out, 0);
}

static void client_words(struct rcs_control_client *client, unsigned argc,
                         const struct rcs_arg *args)
{
    if (rcs_arg_is(&args[1], "id") && argc == 2) {
        rcs_resp_integer(&client->out, client->id);
    } else if (rcs_arg_is(&args[1], "setname") || rcs_arg_is(&args[1], "setinfo")) {
        rcs_resp_status(&client->out, "OK");
    } else {
        rcs_control_error(client, "the control port knows CLIENT ID, SETNAME and SETINFO only");
    }
}

static void no_commands(struct rcs_control_client *client, unsigned argc,
                        const struct rcs_arg *args)
{
    (void)argc;
    (void)args;
    rcs_resp_array(&client->out, 0);
}

static void info(struct rcs_control_client *client, unsigned argc, const struct rcs_arg *args)
{
    struct rcs_buf text;
    (void)argc;
    (void)args;
    rcs_buf_init(&text);
    rcs_buf_format(&text, "# Server\r\nrcsim_version:%s\r\nredis_mode:standalone\r\n", RCS_VERSION);
    rcs_buf_text(&text, "# Persistence\r\nloading:0\r\n");
    rcs_resp_verbatim(&client->out, text.data, text.size_bytes, client->resp3);
    rcs_buf_close(&text);
}

static void select_db(struct rcs_control_client *client, unsigned argc, const struct rcs_arg *args)
{
    (void)argc;
    if (rcs_arg_is(&args[1], "0")) {
        rcs_resp_status(&client->out, "OK");
    } else {
        rcs_control_error(client, "the control port has one database, 0");
    }
}

static void quit(struct rcs_control_client *client, unsigned argc, const struct rcs_arg *args)
{
    (void)argc;
    (void)args;
    rcs_resp_status(&client->out, "OK");
    client->closing = true;
}

/* --- help ------------------------------------------------------------------------------------- */

static void add_help(struct rcs_buf *out, const char *usage, const char *what)
{
    if (what == NULL) {
        rcs_buf_format(out, "%s\n", usage);
    } else {
        rcs_buf_format(out, "    %s\n        %s\n", usage, what);
    }
}

static void help(struct rcs_control_client *client, unsigned argc, const struct rcs_arg *args)
{
    const char *usage, *what;
    struct rcs_buf text;
    char *word = argc > 1 ? text_of(&args[1]) : NULL;
    rcs_buf_init(&text);
    for (unsigned i = 0; (usage = rcs_control_usage(i, &what)) != NULL; i++) {
        bool meant = word == NULL || (what != NULL && strlen(word) == strcspn(usage, " ") &&
                                      strncasecmp(word, usage, strlen(word)) == 0);
        if (meant) {
            add_help(&text, usage, what);
        }
    }
    if (text.size_bytes == 0) {
        rcs_control_error(client, "no order \"%.64s\" (HELP lists them)", word);
    } else {
        rcs_control_lines(client, text.data, text.size_bytes);
    }
    free(word);
    rcs_buf_close(&text);
}

/* --- the table -------------------------------------------------------------------------------- */

#define ANY 1000000

/* clang-format off */
static const struct rcs_control_order orders[] = {
    { "help", "help [ORDER]", "what can be ordered", 1, 2, help },
    { "nodes", "nodes", "a line a node: name, address, role, master, cluster_state, life of the process, slots; with RESP3 a map", 1, 1, tell_nodes },
    { "status", "status", "virtual time, speed, what the nodes say of the cluster's state, whether the scenario waits, orders that are not over, expectations of the scenario that failed, digest", 1, 1, tell_status },
    { "log", "log NODE [COUNT]", "the newest lines of the node's log, as its server writes them; 20 unless told", 2, 3, tell_log },
    { "explain", "explain NODE [why-not]", "why the node's role and state changed; why-not: why it was not promoted", 2, 3, tell_why },
    { "digest", "digest", "of the run so far", 1, 1, tell_digest },
    { "save", "save FILE", "the trace so far, below --disk, to be played again by rcsim replay", 2, 2, save },
    { "speed", "speed [N|manual]", "virtual seconds a real one; manual: the clock stands but for advance", 1, 2, set_speed },
    { "advance", "advance DURATION", "so much virtual time passes at once; answered when it has", 2, 2, advance },
    { "shutdown", "shutdown", "ends it all; the trace is complete", 1, 1, shut_down },
    { "ping", "ping [TEXT]", "answers", 1, 2, ping },
    { "quit", "quit", "closes the connection", 1, 1, quit },
    { "hello", "hello [2|3]", "the protocol's version", 1, ANY, hello },
    { "client", "client id|setname NAME|setinfo NAME VALUE", "for client libraries; names are kept nowhere", 2, ANY, client_words },
    { "command", "command", "for client libraries: an empty list", 1, ANY, no_commands },
    { "info", "info", "for client libraries: nothing is loading", 1, ANY, info },
    { "select", "select 0", "for client libraries", 2, 2, select_db },
};
/* clang-format on */
#define ORDER_COUNT (sizeof(orders) / sizeof(orders[0]))

/* What the live server takes itself (rcs_control_host.request): nodes that stand in for processes.
 */
/* clang-format off */
static const struct {
    const char *usage, *what;
} of_server[] = {
    { "node add CWD FILE TEXT", "a node as redis-server with that redis.conf would be, from now on and as long as this connection lasts; its disk is the real directory `dir`; +EXITED STATUS says that it ended" },
    { "node pause", "as by SIGSTOP" },
    { "node resume", "as by SIGCONT" },
    { "node term", "as by SIGTERM" },
    { "node crash", "as by SIGSEGV" },
    { "node pid PROCESS", "the process that stands in for the node: stopped and continued, the node is, too" },
    { "node log", "lines of the node's log come as +LOG LINE" },
};
/* clang-format on */
#define SERVER_COUNT (sizeof(of_server) / sizeof(of_server[0]))

const struct rcs_control_order *rcs_control_order_row(unsigned index)
{
    return index < ORDER_COUNT ? &orders[index] : NULL;
}

const struct rcs_control_order *rcs_control_order_find(const struct rcs_arg *word)
{
    for (unsigned i = 0; i < ORDER_COUNT; i++) {
        if (rcs_arg_is(word, orders[i].word)) {
            return &orders[i];
        }
    }
    return NULL;
}

/* Verbs that an order can begin with. */
static const struct rcs_verb *nth_verb(unsigned index)
{
    static const struct rcs_verb *const others[] = { &rcs_verb_prompt, &rcs_verb_directive,
                                                     &rcs_verb_new_node };
    if (index < 3) {
        return others[index];
    }
    index -= 3;
    const struct rcs_verb *verb;
    for (unsigned i = 0; (verb = rcs_verb_row(i)) != NULL; i++) {
        bool order = verb->usage != NULL && verb->where != RCS_VERB_LAYOUT &&
                     strcmp(verb->word, "include") != 0;
        if (order && index-- == 0) {
            return verb;
        }
    }
    return NULL;
}

const char *rcs_control_usage(unsigned index, const char **what)
{
    *what = NULL;
    if (index == 0) {
        return "The control port's own orders:";
    }
    if (index <= ORDER_COUNT) {
        *what = orders[index - 1].what;
        return orders[index - 1].usage;
    }
    index -= (unsigned)ORDER_COUNT + 1;
    if (index == 0) {
        return "Nodes that stand in for redis-server processes, one a connection:";
    }
    if (index <= SERVER_COUNT) {
        *what = of_server[index - 1].what;
        return of_server[index - 1].usage;
    }
    index -= (unsigned)SERVER_COUNT + 1;
    if (index == 0) {
        return "Orders of the scenario language (NODES: a1, a1..a6, a1,b2, a site's name, all):";
    }
    const struct rcs_verb *verb = nth_verb(index - 1);
    *what = verb == NULL ? NULL : verb->what;
    return verb == NULL ? NULL : verb->usage;
}
