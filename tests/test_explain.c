/* Explanations: each reason by its numbers, from a run to the sentence; what is taken out of a
 * trace is said to be missing; no trace, however damaged, is more than that. */
#include "tests/support/support.h"

#include <rcsim/explain.h>
#include <rcsim/scenario.h>

#include "sim/explain/sentence.h"
#include "sim/facts.h"

/* --- traces ----------------------------------------------------------------------------------- */

static void collect(void *arg, const char *bytes, size_t size_bytes)
{
    rcs_buf_add(arg, bytes, size_bytes);
}

static struct rcs_buf traced(const char *text, const char *overrides)
{
    struct rcs_scenario *scenario;
    struct rcs_diag diag = { .line = 0 };
    struct rcs_buf trace;
    rcs_buf_init(&trace);
    if (rcs_scenario_parse(&scenario, "test", text, strlen(text), NULL, NULL, &diag) != RCS_OK) {
        fail_msg("%d:%d: %s", diag.line, diag.column, diag.text);
    }
    struct rcs_run_options options = {
        .quiet = true, .overrides = overrides, .trace = true, .write_trace = collect, .arg = &trace
    };
    struct rcs_run *run = rcs_run_new(scenario, &options, &diag);
    if (run == NULL) {
        fail_msg("%s", diag.text);
    }
    while (rcs_run_turn(run, 4096) == RCS_RUN_MORE) {
    }
    assert_int_equal(rcs_run_error(run, &diag), RCS_OK);
    rcs_run_free(run);
    rcs_scenario_free(scenario);
    return trace;
}

static struct rcs_buf golden(const char *name)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s", RCS_TEST_TRACES, name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    struct rcs_buf trace;
    rcs_buf_init(&trace);
    char bytes[4096];
    for (size_t got; (got = fread(bytes, 1, sizeof(bytes), file)) > 0;) {
        rcs_buf_add(&trace, bytes, got);
    }
    fclose(file);
    rcs_buf_add(&trace, "", 1); /* a NUL, which does not count */
    trace.size_bytes--;
    return trace;
}

/* The trace without the line of that number, or (0) without all that hold `part`. */
static struct rcs_buf without(const struct rcs_buf *trace, int line, const char *part)
{
    struct rcs_buf out;
    rcs_buf_init(&out);
    int number = 0;
    for (const char *at = trace->data, *end = at + trace->size_bytes; at < end;) {
        const char *lf = memchr(at, '\n', (size_t)(end - at));
        size_t size = (size_t)(lf - at) + 1;
        bool drop = ++number == line;
        for (size_t i = 0; !drop && part != NULL && i + strlen(part) <= size; i++) {
            drop = number > 1 && memcmp(at + i, part, strlen(part)) == 0;
        }
        if (!drop) {
            rcs_buf_add(&out, at, size);
        }
        at += size;
    }
    return out;
}

/* --- explanations as text --------------------------------------------------------------------- */

static struct rcs_explanation *explanation_of(const struct rcs_buf *trace,
                                              const struct rcs_explain_options *options)
{
    struct rcs_explanation *explanation;
    struct rcs_diag diag = { .line = 0 };
    if (rcs_explain(&explanation, "t.trace", trace->data, trace->size_bytes, options, &diag) !=
        RCS_OK) {
        fail_msg("%s:%d: %s", diag.source, diag.line, diag.text);
    }
    return explanation;
}

static struct rcs_buf text_of(const struct rcs_explanation *explanation)
{
    struct rcs_buf text;
    struct rcs_statement statement;
    rcs_buf_init(&text);
    for (size_t i = 0; rcs_explanation_statement(explanation, i, &statement); i++) {
        rcs_buf_format(&text, "%*s%s\n", (int)statement.depth * 2, "", statement.text);
    }
    rcs_buf_add(&text, "", 1);
    return text;
}

static struct rcs_buf explained(const struct rcs_buf *trace,
                                const struct rcs_explain_options *options)
{
    struct rcs_explanation *explanation = explanation_of(trace, options);
    struct rcs_buf text = text_of(explanation);
    rcs_explanation_free(explanation);
    return text;
}

/* --- reasons, from a run to the sentence ------------------------------------------------------ */

/* a5 replicates a1, a4 a3, a6 a2; all is well at 10 s. */
#define BASE                                                                                       \
    "cluster-node-timeout 1000\nrepl-diskless-sync-delay 0\nappendonly no\nsave \"\"\n"            \
    "repl-ping-replica-period 1\nsite A a1..a6\n"                                                  \
    "cli --cluster create a1..a3 a4..a6 --cluster-replicas 1\n= ...\nwait 7s\n"

struct row {
    const char *name;
    const char *play; /* behind BASE */
    const char *overrides;
    struct rcs_explain_options options;
    const char *want; /* several: with "|" between them */
};

/* clang-format off */
#define WHY_NOT(of)  { .why_not = of }
#define NODE(of)     { .node = of }
#define AT(of, when) { .node = of, .has_at = true, .at_us = when }
#define FACTOR(n)    "cluster-replica-validity-factor " n "\n"
#define LONG_GONE    "partition a1 a5\nwait 6s\npoweroff a1\nheal\nwait 10s\n"

static const struct row rows[] = {
    /* why not promoted: only suspected */
    { "all masters lost: nobody reports", "kill a1..a3\nwait 5s\n", NULL, WHY_NOT("a5"),
      "a5 stands in no election: it only suspects a1; 0 of 3 masters report it, FAIL takes 2|"
      "what would do: FAIL of a1, by 2 of 3 masters." },
    { "two of three lost: one reports", "kill a1, a2\nwait 5s\n", NULL, WHY_NOT("a5"),
      "it only suspects a1; 1 of 3 masters report it, FAIL takes 2|`CLUSTER FAILOVER TAKEOVER` at a5" },
    { "one lost: elected", "kill a1\nwait 10s\n", NULL, WHY_NOT("a5"),
      "a5 was promoted:|a5 has won the election of epoch 7: 2 votes, 2 needed" },
    /* not allowed to */
    { "cluster-replica-no-failover", "a5> CONFIG SET cluster-replica-no-failover yes\n= OK\nkill a1\nwait 10s\n",
      NULL, WHY_NOT("a5"),
      "a5 stands in no election: cluster-replica-no-failover is on|what would do: `cluster-replica-no-failover no` at a5" },
    /* data too old */
    { "validity factor 1", LONG_GONE, FACTOR("1"), WHY_NOT("a5"),
      "less 1000 ms for noticing, at most 2000 ms are allowed|1 (cluster-replica-validity-factor) times 1000 ms" },
    { "validity factor 2", LONG_GONE, FACTOR("2"), WHY_NOT("a5"),
      "less 1000 ms for noticing, at most 3000 ms are allowed|2 (cluster-replica-validity-factor) times 1000 ms" },
    { "validity factor 0: elected", LONG_GONE, FACTOR("0"), WHY_NOT("a5"),
      "a5 was promoted:|cluster-replica-validity-factor 0 allows any age" },
    /* votes */
    { "no vote arrives", "drop auth-ack to a5 times 9\nkill a1\nwait 4s\n", NULL, WHY_NOT("a5"),
      "a5 has 0 votes in epoch 7, needed are 2|2 votes of masters with slots in epoch 7" },
    { "one vote arrives", "drop auth-ack to a5 times 1\nkill a1\nwait 4s\n", NULL, WHY_NOT("a5"),
      "a5 has 1 votes in epoch 7, needed are 2|a5 counts the vote of a" },
    { "the attempt expires", "drop auth-ack to a5 times 9\nkill a1\nwait 6s\n", NULL, WHY_NOT("a5"),
      "votes count for 2000 ms, the next may be scheduled after 4000 ms|more than 4000 ms after this one was due" },
    { "the attempt expires, node timeout 1500", "drop auth-ack to a5 times 9\nkill a1\nwait 8s\n",
      "cluster-node-timeout 1500\n", WHY_NOT("a5"),
      "votes count for 3000 ms, the next may be scheduled after 6000 ms" },
    /* nothing was the matter */
    { "nothing called for it", "wait 1s\n", NULL, WHY_NOT("a5"),
      "nothing called for it: a5 never suspected its master, and nobody gave an order" },
    { "a master", "wait 1s\n", NULL, WHY_NOT("a2"),
      "a2 starts as a master, with 0 slots|a2 is a master since, and a master stands in no election" },
    /* manual failover */
    { "the command at a master", "a2> CLUSTER FAILOVER TAKEOVER\n= *\n", NULL, WHY_NOT("a2"),
      "a2 refuses to fail over: it is a master|what would do: sending the command to a replica" },
    { "plain, the master is dead", "kill a1\nwait 3ms\na5> CONFIG SET cluster-replica-no-failover yes\n= OK\n"
      "wait 4s\na5> CLUSTER FAILOVER\n= *\n", NULL, WHY_NOT("a5"),
      "a5 refuses to fail over: it holds a1 for fail|what would do: `CLUSTER FAILOVER FORCE`, which does without a1" },
    { "plain, the request is lost", "drop mfstart times 1\na5> CLUSTER FAILOVER\n= OK\nwait 6s\n", NULL,
      WHY_NOT("a5"), "ms for a1 to say at which offset it holds its writes|a5 gives up its manual failover: time is out" },
    { "plain, no votes", "drop auth-ack to a5 times 9\na5> CLUSTER FAILOVER\n= OK\nwait 6s\n", NULL,
      WHY_NOT("a5"), "a5 has 0 votes in epoch 7, needed are 2|`CLUSTER FAILOVER TAKEOVER`" },
    { "plain, as it should go", "a5> CLUSTER FAILOVER\n= OK\nwait 1s\n", NULL, NODE("a5"),
      "a manual failover waits for no delay and has no rank|a5 has processed all that its master wrote|"
      "a1 holds its writes: its replica a5 wants to take over|command: a5> CLUSTER FAILOVER" },
    { "the old master knows why it follows", "a5> CLUSTER FAILOVER\n= OK\nwait 1s\n", NULL, NODE("a1"),
      "a1 becomes a replica of a5, which claims the slots with epoch 7|"
      "5461 slots of a1 went to a5, which leaves it 0|5461 of them were of a1: epoch 1, less than 7" },
    /* states */
    { "a minority", "kill a1, a2\nwait 5s\n", NULL, AT("a3", RCS_S(20)),
      "a3 reaches 1 masters with slots and 2 not, 2 are needed|a3 holds a2 for fail?|"
      "what would do: contact with 2 masters with slots" },
    { "slots nobody serves", "kill a1, a5\nwait 5s\n", NULL, AT("a3", RCS_S(20)),
      "a3 sees 5461 slots served by nobody (0 without owner; 1 owners not reached)|a3 holds a1 for fail, owner of 5461 slots" },
    { "slots of nobody", "a1> CLUSTER DELSLOTS 0 1 2\n= OK\nwait 1s\n", NULL, AT("a1", RCS_S(20)),
      "a1 sees 3 slots served by nobody (3 without owner; 0 owners not reached)|"
      "what would do: an owner without FAIL for each of these slots" },
    { "after a minority", "kill a4\npartition a3 a1,a2,a5,a6\nwait 4s\nheal\nwait 4s\n", NULL, NODE("a3"),
      "at least 1000 ms were needed" },
    { "after a minority, node timeout 700", "kill a4\npartition a3 a1,a2,a5,a6\nwait 4s\nheal\nwait 4s\n",
      "cluster-node-timeout 700\n", NODE("a3"), "at least 700 ms were needed" },
    /* roles by order */
    { "reset", "a5> CLUSTER RESET\n= OK\nwait 1s\n", NULL, NODE("a5"),
      "a5 is a master again: it was reset and no longer follows a1|command: a5> CLUSTER RESET" },
    { "the last slot given away", "a1> CLUSTER DELSLOTSRANGE 1 5460\n= OK\na1> CLUSTER SETSLOT 0 NODE $a2.id\n= OK\nwait 1s\n",
      NULL, NODE("a1"), "a1 becomes a replica of a2, which was given its last slot|command: a1> CLUSTER SETSLOT 0 NODE" },
    /* a voter and a claim */
    { "how a voter voted", "kill a1\nwait 10s\n", NULL, NODE("a2"), "a2 votes for a5 in epoch 7|its last vote was in epoch 0" },
    { "a bump of the epoch", "a1> CLUSTER BUMPEPOCH\n= *\nwait 2s\n", NULL, NODE("a1"), "a1 takes epoch 7 without asking|"
      "its config epoch was 1, the greatest it knows of is 6, the current one 6" },
    /* migration */
    { "one without replica, none to spare", "kill a6\nwait 9s\n", NULL, AT("a5", RCS_S(20)),
      "a5 stays: no master has 2 working replicas, the most is 1|what would do: a master with 2 working replicas" },
    /* what another node said */
    { "who reported whom", "kill a1\nwait 10s\n", NULL, NODE("a5"),
      "marks a1 as FAIL: 2 say so, 2 are needed|reports a1, |"
      "a ping is unanswered for|fault: kill a1" },
};
/* clang-format on */
#define ROWS (sizeof(rows) / sizeof(rows[0]))

static void reason(void **state)
{
    const struct row *row = *state;
    char play[2048];
    snprintf(play, sizeof(play), "%s%s", BASE, row->play);
    struct rcs_buf trace = traced(play, row->overrides);
    struct rcs_buf text = explained(&trace, &row->options);
    for (const char *at = row->want; *at != '\0';) {
        char want[512];
        size_t length = strcspn(at, "|");
        snprintf(want, sizeof(want), "%.*s", (int)length, at);
        if (strstr(text.data, want) == NULL) {
            fail_msg("no word of \"%s\" in\n%s", want, text.data);
        }
        at += length + (at[length] == '|');
    }
    if (strstr(text.data, "missing") != NULL) {
        fail_msg("nothing was taken out, but:\n%s", text.data);
    }
    rcs_buf_close(&text);
    rcs_buf_close(&trace);
}

/* --- sentences -------------------------------------------------------------------------------- */

static bool has_field(const char *words, const char *name)
{
    char field[64];
    snprintf(field, sizeof(field), "{%s}", name);
    return words != NULL && strstr(words, field) != NULL;
}

static const char *words_of(const char *what)
{
    const char *its, *words;
    for (unsigned i = 0; (words = rcs_sentence_row(i, &its)) != NULL; i++) {
        if (strcmp(its, what) == 0) {
            return words;
        }
    }
    return NULL;
}

static void every_cause_has_a_sentence_with_all_its_numbers(void **state)
{
    (void)state;
    for (int code = 0; code < RCS_FACT_COUNT; code++) {
        const struct rcs_fact_row *row = rcs_fact_row((enum rcs_fact_code)code);
        const char *words = words_of(row->trace);
        if (!row->cause) {
            continue;
        }
        if (words == NULL) {
            fail_msg("%s has no sentence", row->trace);
        }
        for (unsigned i = 0; i < 3; i++) {
            if (row->fields[i][0] != '\0' && !has_field(words, row->fields[i])) {
                fail_msg("%s: {%s} is not said", row->trace, row->fields[i]);
            }
        }
    }
}

/* A field that the fact does not have would always read "(missing)". */
static void sentences_name_what_is_recorded(void **state)
{
    (void)state;
    static const char always[] = "node about by from text text2";
    const char *what, *words;
    for (unsigned i = 0; (words = rcs_sentence_row(i, &what)) != NULL; i++) {
        const char *both[] = { words, rcs_sentence_unblock(what) };
        for (unsigned part = 0; part < 2 && both[part] != NULL; part++) {
            for (const char *at = both[part]; (at = strchr(at, '{')) != NULL; at++) {
                char name[32];
                snprintf(name, sizeof(name), "%.*s", (int)strcspn(at, "}") - 1, at + 1);
                bool known = strstr(always, name) != NULL, of_fact = false;
                const char *fact = strcmp(what, "follows-order") == 0 ? "follows" : what;
                for (int code = 0; code < RCS_FACT_COUNT; code++) {
                    const struct rcs_fact_row *row = rcs_fact_row((enum rcs_fact_code)code);
                    bool its = strcmp(row->trace, fact) == 0;
                    of_fact |= its;
                    for (unsigned f = 0; its && f < 3; f++) {
                        known |= strcmp(row->fields[f], name) == 0;
                    }
                }
                if (!of_fact || !known) {
                    fail_msg("%s: %s", what, of_fact ? name : "no such fact");
                }
            }
        }
    }
}

static void a_number_changed_changes_the_sentence(void **state)
{
    (void)state;
    static const char from[] = "\"rank_ms\":1000", to[] = "\"rank_ms\":7000";
    struct rcs_buf trace = golden("election-vs-takeover/election.trace");
    struct rcs_explain_options options = { .why_not = "a7" };
    struct rcs_buf before = explained(&trace, &options);
    assert_non_null(strstr(before.data, " ms random (of 0 to 499), 1000 ms for the rank\n"));
    char *at = strstr(trace.data, from);
    assert_non_null(at);
    memcpy(at, to, sizeof(to) - 1);
    struct rcs_explanation *explanation = explanation_of(&trace, &options);
    assert_false(rcs_explanation_intact(explanation));
    struct rcs_buf after = text_of(explanation);
    assert_non_null(strstr(after.data, " ms random (of 0 to 499), 7000 ms for the rank\n"));
    rcs_explanation_free(explanation);
    rcs_buf_close(&after);
    rcs_buf_close(&before);
    rcs_buf_close(&trace);
}

static void of_equal_epochs_the_greater_id_keeps_its_own(void **state)
{
    (void)state;
    struct rcs_buf trace = golden("two-dc-chained.trace");
    struct rcs_buf text = explained(&trace, &(struct rcs_explain_options){ .node = "b1" });
    assert_non_null(strstr(text.data, "b1 takes epoch 9: b6 has the same as it had\n"
                                      "  both had 0; the id of b6 is the greater one ("));
    rcs_buf_close(&text);
    rcs_buf_close(&trace);
}

/* --- what is missing -------------------------------------------------------------------------- */

/* Two rounds of everything: an older line of a kind must never be taken for one that was removed.
 */
static struct rcs_buf two_rounds(void)
{
    return traced(BASE "kill a1\nwait 9s\nstart a1\nwait 9s\n"
                       "kill a5\nwait 9s\nstart a5\nwait 9s\n"
                       "kill a1\nwait 9s\nstart a1\nwait 9s\n"
                       "a1> CLUSTER FAILOVER\n= OK\nwait 9s\na5> CLUSTER FAILOVER\n= OK\nwait 9s\n"
                       "a1> CLUSTER FAILOVER FORCE\n= OK\nwait 9s\n"
                       "a5> CLUSTER FAILOVER TAKEOVER\n= OK\nwait 9s\n"
                       "drop mfstart times 1\na1> CLUSTER FAILOVER\n= OK\nwait 9s\n"
                       "drop auth-ack to a1 times 9\na1> CLUSTER FAILOVER\n= OK\nwait 9s\n",
                  NULL);
}

/* Lines that nothing in a trace demands: without them less is known, and nobody can tell. The
 * explanation says that the trace was edited. */
static bool may_lack(const struct rcs_statement *statement)
{
    static const char *const words[] = {
        "kill", "poweroff", "rank-behind", "promoted", "slots-added", "vote-denied", "command",
    };
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(statement->what, words[i]) == 0) {
            return true;
        }
    }
    return false;
}

static void each_cause_taken_out_is_missing(void **state)
{
    struct rcs_buf trace = *state == NULL ? two_rounds() : golden(*state);
    struct rcs_explain_options options = { .node = NULL };
    struct rcs_explanation *whole = explanation_of(&trace, &options);
    assert_true(rcs_explanation_intact(whole));
    struct rcs_statement statement;
    unsigned taken = 0;
    for (size_t i = 0; rcs_explanation_statement(whole, i, &statement); i++) {
        assert_string_not_equal(statement.what, "missing");
        if (statement.depth == 0 || statement.line == 0 || may_lack(&statement)) {
            continue;
        }
        struct rcs_buf less = without(&trace, statement.line, NULL);
        struct rcs_explanation *explanation = explanation_of(&less, &options);
        struct rcs_buf text = text_of(explanation);
        if (strstr(text.data, "(missing in this trace: ") == NULL) {
            fail_msg("line %d (%s) is not missed", statement.line, statement.text);
        }
        assert_false(rcs_explanation_intact(explanation));
        rcs_buf_close(&text);
        rcs_explanation_free(explanation);
        rcs_buf_close(&less);
        taken++;
    }
    assert_true(taken >= 10);
    rcs_explanation_free(whole);
    rcs_buf_close(&trace);
}

static void a_trace_without_causes_says_so(void **state)
{
    (void)state;
    struct rcs_buf trace = golden("election-vs-takeover/election.trace");
    struct rcs_buf bare = without(&trace, 0, "\"why\":");
    struct rcs_buf text = explained(&bare, &(struct rcs_explain_options){ .node = "a5" });
    static const char *const wanted[] = {
        "(missing in this trace: the parts of the delay)",
        "(missing in this trace: who reported it)",
        "(missing in this trace: which epochs a2 compared)",
        "(missing in this trace: who has a vote)",
        "(missing in this trace: by which rule: a minority, or slots that nobody serves)",
    };
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        assert_non_null(strstr(text.data, wanted[i]));
    }
    rcs_buf_close(&text);
    text = explained(&bare, &(struct rcs_explain_options){ .why_not = "a6" });
    assert_non_null(strstr(text.data, "(missing in this trace: why a6 stood in no election"));
    rcs_buf_close(&text);
    rcs_buf_close(&bare);
    rcs_buf_close(&trace);
}

static void a_number_taken_out_is_missing(void **state)
{
    (void)state;
    struct rcs_buf trace = golden("election-vs-takeover/election.trace");
    static const char from[] = "\"ping_age_ms\"", to[] = "\"pong_age_ms\"";
    unsigned count = 0;
    for (char *at = trace.data; (at = strstr(at, from)) != NULL; count++) {
        memcpy(at, to, sizeof(to) - 1);
    }
    assert_true(count > 0);
    struct rcs_buf text = explained(&trace, &(struct rcs_explain_options){ .node = "a5" });
    assert_non_null(strstr(text.data, "a ping is unanswered for (missing) ms"));
    rcs_buf_close(&text);
    rcs_buf_close(&trace);
}

/* --- damage ----------------------------------------------------------------------------------- */

static void ask_everything(const struct rcs_buf *trace)
{
    const struct rcs_explain_options questions[] = {
        { .node = NULL },
        { .why_not = "a5" },
        { .has_at = true, .at_us = RCS_S(25) },
    };
    for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
        struct rcs_explanation *explanation;
        struct rcs_diag diag = { .line = 0 };
        enum rcs_err err = rcs_explain(&explanation, "t.trace", trace->data, trace->size_bytes,
                                       &questions[i], &diag);
        assert_int_equal(err == RCS_OK, explanation != NULL);
        rcs_explanation_free(explanation);
    }
    struct rcs_buf out;
    struct rcs_diag diag = { .line = 0 };
    rcs_buf_init(&out);
    (void)rcs_compare(&out, false, "a", trace->data, trace->size_bytes, "b", trace->data,
                      trace->size_bytes, &diag);
    rcs_buf_close(&out);
}

static void damage_is_survived(void **state)
{
    (void)state;
    struct rcs_buf trace = golden("election-vs-takeover/takeover.trace");
    uint64_t random = 1;
    for (unsigned i = 0; i < 300; i++) {
        struct rcs_buf damaged;
        rcs_buf_init(&damaged);
        rcs_buf_add(&damaged, trace.data, trace.size_bytes);
        const char *header_end = memchr(trace.data, '\n', trace.size_bytes);
        size_t first = (size_t)(header_end - trace.data);
        for (unsigned change = 0; change < 4; change++) {
            random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            size_t at = first + (size_t)(random >> 33) % (trace.size_bytes - first);
            char *byte = &damaged.data[at];
            if (*byte >= 'a' && *byte <= 'z') { /* still JSON: other words and nodes */
                *byte = (char)('a' + (random >> 20) % 26);
            } else if (*byte >= '1' && *byte <= '9') {
                *byte = (char)('1' + (random >> 20) % 9);
            } else if (i % 4 == 0) {
                *byte = (char)(random >> 13);
            }
        }
        ask_everything(&damaged);
        rcs_buf_close(&damaged);
    }
    for (size_t size = 0; size < trace.size_bytes; size += 997) {
        struct rcs_buf cut;
        rcs_buf_init(&cut);
        rcs_buf_add(&cut, trace.data, size);
        ask_everything(&cut);
        rcs_buf_close(&cut);
    }
    rcs_buf_close(&trace);
}

/* A chain as long as the trace is cut, and said to be. */
static void endless_chains_are_cut(void **state)
{
    (void)state;
    struct rcs_buf trace = golden("election-vs-takeover/takeover.trace");
    const char *lf = memchr(trace.data, '\n', trace.size_bytes);
    struct rcs_buf chain;
    rcs_buf_init(&chain);
    rcs_buf_add(&chain, trace.data, (size_t)(lf - trace.data) + 1);
    for (unsigned i = 0; i < 5000; i++) {
        rcs_buf_format(
            &chain,
            "{\"t\":%u,\"node\":\"n%u\",\"what\":\"follows-grandmaster\",\"about\":\"m\","
            "\"by\":\"n%u\",\"on\":\"pong\"}\n",
            i, i + 1, i);
    }
    struct rcs_buf text = explained(&chain, &(struct rcs_explain_options){ .node = "n5000" });
    assert_non_null(strstr(text.data, "(goes on: ask for this node at that time)"));
    rcs_buf_close(&text);
    rcs_buf_close(&chain);
    rcs_buf_close(&trace);
}

static void wrong_questions_are_refused(void **state)
{
    (void)state;
    struct rcs_buf trace = golden("election-vs-takeover/takeover.trace");
    struct rcs_explanation *explanation;
    struct rcs_diag diag;
    assert_int_equal(rcs_explain(&explanation, "t.trace", trace.data, trace.size_bytes,
                                 &(struct rcs_explain_options){ .node = "b1" }, &diag),
                     RCS_ERR_UNKNOWN);
    assert_null(explanation);
    assert_string_equal(diag.source, "t.trace");
    assert_string_equal(diag.text, "the trace knows no node \"b1\" (it speaks of: a1, a2, a3, a4, "
                                   "a5, a6, a7)");
    assert_int_equal(rcs_explain(&explanation, "t.trace", trace.data, trace.size_bytes,
                                 &(struct rcs_explain_options){ .why_not = "pfail" }, NULL),
                     RCS_ERR_UNKNOWN);
    rcs_buf_close(&trace);
}

/* --- comparing -------------------------------------------------------------------------------- */

static struct rcs_buf compared(const struct rcs_buf *a, const struct rcs_buf *b, bool json)
{
    struct rcs_buf out;
    struct rcs_diag diag = { .line = 0 };
    rcs_buf_init(&out);
    assert_int_equal(
        rcs_compare(&out, json, "A", a->data, a->size_bytes, "B", b->data, b->size_bytes, &diag),
        RCS_OK);
    rcs_buf_add(&out, "", 1);
    return out;
}

static void an_election_beside_a_takeover(void **state)
{
    (void)state;
    struct rcs_buf a = golden("election-vs-takeover/election.trace");
    struct rcs_buf b = golden("election-vs-takeover/takeover.trace");
    struct rcs_buf text = compared(&a, &b, false);
    static const char *const wanted[] = {
        "\nbegins with           poweroff a1 at ",
        "\norder to fail over    -  ",
        "\nvotes                 3 asked, 2 granted, 0 refused   -\n",
        "\nOnly in A a replica stood for election.\n",
        "\nOnly in B an operator gave the order.\n",
        "\nIn B the new master was there ",
        "\nOnly in B a replica had more than its new master, and dropped it",
        "a5 asks from 128, a7 has it up to 76",
    };
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        if (strstr(text.data, wanted[i]) == NULL) {
            fail_msg("no \"%s\" in\n%s", wanted[i], text.data);
        }
    }
    rcs_buf_close(&text);
    /* The other way round says the same of the other. */
    text = compared(&b, &a, false);
    assert_non_null(strstr(text.data, "\nOnly in A an operator gave the order.\n"));
    assert_non_null(strstr(text.data, "\nIn A the new master was there "));
    rcs_buf_close(&text);
    text = compared(&a, &b, true);
    assert_non_null(
        strstr(text.data, "\n{\"step\":\"votes\",\"a\":\"3 asked, 2 granted, 0 refused\"}\n"));
    rcs_buf_close(&text);
    text = compared(&a, &a, false);
    assert_null(strstr(text.data, "nly in"));
    assert_null(strstr(text.data, "sooner"));
    rcs_buf_close(&text);
    rcs_buf_close(&a);
    rcs_buf_close(&b);
}

static void nothing_to_compare_from(void **state)
{
    (void)state;
    struct rcs_buf trace = traced("site A a1\nwait 1s\n", NULL), out;
    struct rcs_diag diag;
    rcs_buf_init(&out);
    assert_int_equal(rcs_compare(&out, false, "A", trace.data, trace.size_bytes, "B", trace.data,
                                 trace.size_bytes, &diag),
                     RCS_ERR_STATE);
    assert_string_equal(diag.source, "A");
    assert_non_null(strstr(diag.text, "neither a fault nor an order"));
    rcs_buf_close(&out);
    rcs_buf_close(&trace);
}

int main(void)
{
    static const char *const goldens[] = {
        "election-vs-takeover/election.trace",
        "election-vs-takeover/takeover.trace",
        "two-dc-chained.trace",
    };
    const struct CMUnitTest others[] = {
        cmocka_unit_test(every_cause_has_a_sentence_with_all_its_numbers),
        cmocka_unit_test(sentences_name_what_is_recorded),
        cmocka_unit_test(a_number_changed_changes_the_sentence),
        cmocka_unit_test(of_equal_epochs_the_greater_id_keeps_its_own),
        { "each cause taken out is missing: election", each_cause_taken_out_is_missing, NULL, NULL,
          (void *)(uintptr_t)goldens[0] },
        { "each cause taken out is missing: takeover", each_cause_taken_out_is_missing, NULL, NULL,
          (void *)(uintptr_t)goldens[1] },
        { "each cause taken out is missing: two-dc-chained", each_cause_taken_out_is_missing, NULL,
          NULL, (void *)(uintptr_t)goldens[2] },
        { "each cause taken out is missing: two rounds", each_cause_taken_out_is_missing, NULL,
          NULL, NULL },
        cmocka_unit_test(a_trace_without_causes_says_so),
        cmocka_unit_test(a_number_taken_out_is_missing),
        cmocka_unit_test(damage_is_survived),
        cmocka_unit_test(endless_chains_are_cut),
        cmocka_unit_test(wrong_questions_are_refused),
        cmocka_unit_test(an_election_beside_a_takeover),
        cmocka_unit_test(nothing_to_compare_from),
    };
    enum { OTHERS = sizeof(others) / sizeof(others[0]) };
    struct CMUnitTest tests[ROWS + OTHERS];
    for (size_t i = 0; i < ROWS; i++) {
        tests[i] = (struct CMUnitTest){ .name = rows[i].name,
                                        .test_func = reason,
                                        .initial_state = (void *)(uintptr_t)&rows[i] };
    }
    memcpy(tests + ROWS, others, sizeof(others));
    return _cmocka_run_group_tests("explain", tests, ROWS + OTHERS, NULL, NULL);
}
