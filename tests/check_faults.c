/* Faults and orders at random, then all is healed: usage: check_faults FROM TO [REDIS [tell]].
 * Prints what the checks find; fails if a finding is a breach. Not a fuzzer: it asks whether the
 * checks accuse nodes that do what Redis does. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rcsim/check.h>
#include <rcsim/scenario.h>

/* Three masters with two replicas each, or six with one. */
static const char *const clusters[] = {
    "cluster-node-timeout 2000\nsite A a1..a3\nsite B b1..b6\nlatency A B 5ms..20ms\n"
    "client c at a1\nwait 1s\n"
    "cli --cluster create a1..a3 b1..b6 --cluster-replicas 2 --cluster-yes\n= ...\n",
    "cluster-node-timeout 3000\nsite A a1..a6\nsite B b1..b6\nlatency A B 1ms..5ms\n"
    "client c at a1\nwait 1s\n"
    "cli --cluster create a1..a6 b1..b6 --cluster-replicas 1 --cluster-yes\n= ...\n",
};
static const char ready[] =
    "await state ok on all within 40s\nawait link up on b1..b6 within 40s\n"
    "workload w redis-cli a1..a3 every 20ms timeout 500ms keys 100\nwait 5s\n";

enum { NODES_MAX = 12, SESSIONS = 64, FAULTS = 25 };

struct trial {
    struct rcs_sim *sim;
    unsigned count;
    uint64_t chance;
    struct rcs_session *sessions[SESSIONS];
    unsigned session_count;
    bool kept[NODES_MAX];
    bool tell;
};

static unsigned draw(struct trial *trial, unsigned below) /* splitmix64 */
{
    uint64_t z = (trial->chance += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (unsigned)((z ^ (z >> 31)) % below);
}

static void say(const struct trial *trial, int node, const char *what)
{
    if (trial->tell) {
        printf("  %8.3f %s %s\n", (double)rcs_sim_now(trial->sim) / 1e6,
               rcs_sim_node_name(trial->sim, node), what);
    }
}

static void order(struct trial *trial, int node, const char *text)
{
    char words[128];
    struct rcs_arg args[8];
    unsigned argc = 0;
    if (trial->session_count == SESSIONS) {
        return;
    }
    snprintf(words, sizeof(words), "%s", text);
    for (char *word = strtok(words, " "); word != NULL; word = strtok(NULL, " ")) {
        args[argc++] = (struct rcs_arg){ word, (uint32_t)strlen(word) };
    }
    say(trial, node, text);
    struct rcs_session *session = rcs_session_new(trial->sim, NULL, false);
    trial->sessions[trial->session_count++] = session;
    rcs_session_request(session, node, argc, args);
}

static bool fault(struct trial *trial, enum rcs_fault what, int node)
{
    struct rcs_diag diag;
    bool done = rcs_sim_fault(trial->sim, what, &node, 1, &diag) == RCS_OK;
    if (done) {
        say(trial, node, rcs_fault_name(what));
    }
    return done;
}

static void cut(struct trial *trial, bool oneway)
{
    int from[NODES_MAX], to[NODES_MAX];
    unsigned from_count = 0, to_count = 0;
    for (unsigned i = 0; i < trial->count; i++) {
        if (draw(trial, 3) == 0) {
            from[from_count++] = (int)i;
        } else {
            to[to_count++] = (int)i;
        }
    }
    say(trial, from_count > 0 ? from[0] : 0,
        oneway ? "and others: cut one way" : "and others: cut");
    rcs_sim_partition(trial->sim, from, from_count, to, to_count, oneway);
}

static void act(struct trial *trial)
{
    int node = (int)draw(trial, trial->count);
    int other = (int)draw(trial, trial->count);
    char text[96];
    switch (draw(trial, 24)) {
    case 0:
    case 1:
        (void)fault(trial, RCS_FAULT_KILL, node);
        break;
    case 2:
    case 3:
    case 4:
    case 5:
        (void)fault(trial, RCS_FAULT_START, node);
        break;
    case 6:
        (void)fault(trial, RCS_FAULT_PAUSE, node);
        break;
    case 7:
    case 8:
        (void)fault(trial, RCS_FAULT_RESUME, node);
        break;
    case 9:
        (void)fault(trial, RCS_FAULT_POWEROFF, node);
        break;
    case 10:
        cut(trial, draw(trial, 2) == 0);
        break;
    case 11:
    case 12:
        rcs_sim_heal(trial->sim, NULL, 0, NULL, 0);
        say(trial, 0, "and all: heal");
        break;
    case 13:
        order(trial, node, "CLUSTER FAILOVER TAKEOVER");
        break;
    case 14:
        order(trial, node, "CLUSTER FAILOVER");
        break;
    case 15:
        order(trial, node, "CLUSTER FAILOVER FORCE");
        break;
    case 16:
        trial->kept[node] |= rcs_sim_keep_conf(trial->sim, &node, 1, NULL) == RCS_OK;
        break;
    case 17:
        if (trial->kept[node] && fault(trial, RCS_FAULT_KILL, node)) {
            (void)fault(trial, RCS_FAULT_STALE_CONF, node);
            (void)fault(trial, RCS_FAULT_START, node);
        }
        break;
    case 18:
        snprintf(text, sizeof(text), "CLUSTER REPLICATE %s", rcs_sim_node_id(trial->sim, other));
        order(trial, node, text);
        break;
    case 19:
        order(trial, node, "CLUSTER BUMPEPOCH");
        break;
    case 20:
        snprintf(text, sizeof(text), "CLUSTER FORGET %s", rcs_sim_node_id(trial->sim, other));
        order(trial, node, text);
        break;
    case 21:
        order(trial, node, draw(trial, 2) == 0 ? "CLUSTER RESET HARD" : "CLUSTER RESET SOFT");
        break;
    case 22:
        if (draw(trial, 3) == 0 && fault(trial, RCS_FAULT_KILL, node)) {
            (void)fault(trial, RCS_FAULT_LOSE_CONF, node);
            (void)fault(trial, RCS_FAULT_START, node);
        }
        break;
    case 23:
        say(trial, node, "fsync");
        (void)rcs_sim_fsync(trial->sim, &node, 1, RCS_MS(draw(trial, 500)), NULL);
        break;
    }
}

static void heal(struct trial *trial)
{
    rcs_sim_heal(trial->sim, NULL, 0, NULL, 0);
    for (unsigned i = 0; i < trial->count; i++) {
        (void)fault(trial, RCS_FAULT_RESUME, (int)i);
        (void)fault(trial, RCS_FAULT_START, (int)i);
        (void)rcs_sim_fsync(trial->sim, &(int){ (int)i }, 1, 0, NULL);
    }
    rcs_sim_advance(trial->sim, RCS_S(120));
}

static void tell_views(const struct trial *trial)
{
    for (unsigned i = 0; trial->tell && i < trial->count; i++) {
        struct rcs_view view;
        rcs_sim_view(trial->sim, (int)i, &view);
        printf("  %s: %s of %s, epoch %llu of %llu, %u slots, %u assigned, state %s:",
               rcs_sim_node_name(trial->sim, (int)i), view.replica ? "replica" : "master",
               view.master < 0 ? "-" : rcs_sim_node_name(trial->sim, view.master),
               (unsigned long long)view.my_epoch, (unsigned long long)view.current_epoch,
               view.slots, view.assigned, view.state_ok ? "ok" : "fail");
        for (unsigned j = 0; j < trial->count; j++) {
            struct rcs_opinion seen;
            if (rcs_sim_opinion(trial->sim, (int)i, (int)j, &seen) && seen.slots > 0) {
                printf(" %s %s", rcs_sim_node_name(trial->sim, (int)j),
                       rcs_sim_slot_ranges(trial->sim, (int)i, (int)j));
            }
        }
        printf("\n");
    }
}

static void ignore(void *arg, const char *bytes, size_t size_bytes)
{
    (void)arg, (void)bytes, (void)size_bytes;
}

static unsigned breaches;

static void tell(const struct rcs_check *check, uint64_t seed)
{
    struct rcs_check_finding found;
    for (unsigned i = 0; rcs_check_found(check, i, &found); i++) {
        breaches += found.permit == NULL;
        printf("seed %llu: %s x%llu: %s [%s]\n", (unsigned long long)seed,
               found.permit == NULL ? "BREACH" : found.permit, (unsigned long long)found.count,
               found.text, found.fingerprint);
    }
}

static void run(const char *redis, uint64_t seed, bool aloud)
{
    char text[1024];
    struct rcs_diag diag;
    struct rcs_scenario *scenario;
    snprintf(text, sizeof(text), "%s%s", clusters[seed % 2], ready);
    if (rcs_scenario_parse(&scenario, "faults", text, strlen(text), NULL, NULL, &diag) != RCS_OK) {
        fprintf(stderr, "%s\n", diag.text);
        exit(2);
    }
    const struct rcs_run_options options = {
        .seed = seed, .has_seed = true, .redis = redis, .quiet = true, .print = ignore
    };
    struct rcs_run *run = rcs_run_new(scenario, &options, &diag);
    if (run == NULL) {
        fprintf(stderr, "%s\n", diag.text);
        exit(2);
    }
    while (rcs_run_turn(run, 4096) == RCS_RUN_MORE) {
    }
    if (rcs_run_error(run, &diag) != RCS_OK || rcs_run_failures(run) > 0) {
        fprintf(stderr, "seed %llu: no cluster: %s\n", (unsigned long long)seed, diag.text);
        exit(2);
    }
    struct trial trial = { .sim = rcs_run_sim(run), .chance = seed, .tell = aloud };
    trial.count = rcs_sim_node_count(trial.sim);
    struct rcs_check *check = rcs_check_of(trial.sim);
    rcs_check_begin(check);
    for (unsigned i = 0; i < FAULTS; i++) {
        rcs_sim_advance(trial.sim, RCS_MS(draw(&trial, 6000)));
        act(&trial);
    }
    heal(&trial);
    rcs_check_healed(check, trial.sim);
    rcs_check_data(check, trial.sim);
    tell(check, seed);
    tell_views(&trial);
    rcs_run_free(run);
    rcs_scenario_free(scenario);
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: check_faults FROM TO [REDIS [tell]]\n");
        return 2;
    }
    for (uint64_t seed = strtoull(argv[1], NULL, 10); seed <= strtoull(argv[2], NULL, 10); seed++) {
        run(argc > 3 ? argv[3] : NULL, seed, argc > 4);
    }
    printf("%u breaches\n", breaches);
    return breaches > 0;
}
