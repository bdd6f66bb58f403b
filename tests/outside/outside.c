/* What somebody else's program does with librcsim: makes a cluster of three masters and three
 * replicas with the commands an operator gives, kills a master, lets time pass, and asserts who was
 * elected and why. Prints a line per answer; exit status 0 if all of them are as expected. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rcsim/check.h>
#include <rcsim/sim.h>

enum { NODES = 6, MASTERS = 3, WORDS = 16 };

static void die(const char *what, const char *why)
{
    fprintf(stderr, "outside: %s: %s\n", what, why);
    exit(1);
}

static void check(bool holds, const char *sentence)
{
    printf("%s: %s\n", holds ? "ok" : "NOT", sentence);
    if (!holds)
        exit(1);
}

/* Sends the words of `text` to a node and lets time pass until the answer is there, which must be
 * OK. */
static void command(struct rcs_sim *sim, struct rcs_session *session, int node, const char *text)
{
    struct rcs_arg args[WORDS];
    unsigned argc = 0;
    for (const char *word = text; *word != '\0' && argc < WORDS; argc++) {
        size_t length = strcspn(word, " ");
        args[argc].bytes = word;
        args[argc].size_bytes = (uint32_t)length;
        word += length + (word[length] == ' ');
    }
    rcs_session_request(session, node, argc, args);
    rcs_us limit = rcs_sim_now(sim) + RCS_S(10);
    while (rcs_session_state(session) == RCS_SESSION_WAITING && rcs_sim_step(sim, limit))
        ;
    if (rcs_session_state(session) != RCS_SESSION_REPLIED)
        die(text, rcs_session_error(session));
    const struct rcs_reply *reply = rcs_session_reply(session);
    if (reply->kind != RCS_REPLY_STATUS || reply->size_bytes != 2 ||
        memcmp(reply->bytes, "OK", 2) != 0)
        die(text, "the reply is not OK");
}

static void make_cluster(struct rcs_sim *sim)
{
    struct rcs_diag diag;
    if (rcs_sim_configure(sim, -1, "cluster-node-timeout", "2000", &diag) != RCS_OK)
        die("cluster-node-timeout", diag.text);
    int nodes[NODES];
    for (int i = 0; i < NODES; i++) {
        char name[8];
        snprintf(name, sizeof(name), "%c%d", i < MASTERS ? 'm' : 'r', i % MASTERS + 1);
        nodes[i] = rcs_sim_add_node(sim, name, NULL, NULL, &diag);
        if (nodes[i] != i)
            die(name, diag.text);
    }
    if (rcs_sim_fault(sim, RCS_FAULT_START, nodes, NODES, &diag) != RCS_OK)
        die("start", diag.text);
    rcs_sim_advance(sim, RCS_S(1));

    static const char *const ranges[MASTERS] = { "0 5460", "5461 10922", "10923 16383" };
    struct rcs_session *session = rcs_session_new(sim, NULL, false);
    char text[128];
    for (int i = 0; i < NODES; i++) {
        snprintf(text, sizeof(text), "CLUSTER SET-CONFIG-EPOCH %d", i + 1);
        command(sim, session, i, text);
        if (i < MASTERS) {
            snprintf(text, sizeof(text), "CLUSTER ADDSLOTSRANGE %s", ranges[i]);
            command(sim, session, i, text);
        }
    }
    for (int i = 1; i < NODES; i++) {
        snprintf(text, sizeof(text), "CLUSTER MEET %s %d", rcs_sim_node_ip(sim, 0),
                 rcs_sim_node_port(sim, 0));
        command(sim, session, i, text);
    }
    rcs_sim_advance(sim, RCS_S(10));
    for (int i = MASTERS; i < NODES; i++) {
        snprintf(text, sizeof(text), "CLUSTER REPLICATE %s", rcs_sim_node_id(sim, i - MASTERS));
        command(sim, session, i, text);
    }
    rcs_sim_advance(sim, RCS_S(20));
    rcs_session_free(session);
}

/* The number a milestone gives under `name`. */
static int64_t number(const struct rcs_milestone *milestone, const char *name)
{
    for (int i = 0; i < 3; i++) {
        if (strcmp(milestone->fields[i], name) == 0)
            return milestone->values[i];
    }
    die(milestone->what, "lacks a number");
    return 0;
}

/* The first milestone of a kind since `from_us` that a node decided; -1: any node. */
static bool find(const struct rcs_sim *sim, const char *what, int node, rcs_us from_us,
                 struct rcs_milestone *out)
{
    for (size_t i = 0; rcs_sim_milestone(sim, i, out); i++) {
        if (out->at_us >= from_us && strcmp(out->what, what) == 0 &&
            (node < 0 || out->node == node))
            return true;
    }
    return false;
}

int main(void)
{
    struct rcs_diag diag;
    const struct rcs_sim_options options = { .seed = 7, .keep_milestones = true };
    struct rcs_sim *sim = rcs_sim_new(&options, &diag);
    if (sim == NULL)
        die("options", diag.text);
    (void)rcs_check_watch(sim);
    make_cluster(sim);

    struct rcs_view view;
    for (int i = 0; i < NODES; i++) {
        rcs_sim_view(sim, i, &view);
        check(view.state_ok && view.known == NODES && view.assigned == RCS_SLOTS &&
                  view.replica == (i >= MASTERS),
              "the node sees six nodes, all slots, and its own role");
    }

    const int lost = 0, heir = 3;
    const rcs_us killed_us = rcs_sim_now(sim);
    if (rcs_sim_fault(sim, RCS_FAULT_KILL, &lost, 1, &diag) != RCS_OK)
        die("kill", diag.text);
    rcs_sim_advance(sim, RCS_S(15));

    struct rcs_milestone fail, won, granted;
    check(find(sim, "fail", -1, killed_us, &fail) && fail.about == lost,
          "m1 was marked as failing by a quorum");
    check(number(&fail, "reports") >= number(&fail, "needed"),
          "with as many reports as were needed");
    check(find(sim, "election-won", -1, fail.at_us, &won) && won.node == heir,
          "then r1, m1's replica, won an election");
    check(number(&won, "needed") == 2 && number(&won, "votes") == 2,
          "with the two votes of the masters that were left, a majority of three");
    check(strcmp(won.on, "auth-ack") == 0 && (won.on_from == 1 || won.on_from == 2),
          "when the second of them arrived");
    check(find(sim, "vote-granted", won.on_from, fail.at_us, &granted) && granted.about == heir &&
              number(&granted, "epoch") == number(&won, "epoch"),
          "which was granted for the epoch it asked for");
    printf("killed at %.3f s, failing %.3f s later, elected %.3f s later, epoch %lld\n",
           (double)killed_us / 1e6, (double)(fail.at_us - killed_us) / 1e6,
           (double)(won.at_us - killed_us) / 1e6, (long long)number(&won, "epoch"));

    rcs_sim_view(sim, heir, &view);
    check(!view.replica && view.slots == 5461 && view.state_ok, "r1 serves m1's slots");
    struct rcs_opinion opinion;
    check(rcs_sim_opinion(sim, 1, heir, &opinion) && opinion.slots == 5461, "and m2 knows it");
    check(rcs_check_broken(rcs_check_of(sim))[0] == '\0', "no invariant was broken");
    printf("digest %016llx\n", (unsigned long long)rcs_sim_digest(sim));
    rcs_sim_free(sim);
    return 0;
}
