/* Explanations: each reason by its numbers, from a run to the sentence; what is taken out of a
 * trace is said to be missing; no trace, however damaged, is more than that. */
#include "tests/support/explained.h"
#include "tests/support/support.h"

#include <rcsim/explain.h>
#include <rcsim/scenario.h>

#include "sim/explain/sentence.h"
#include "sim/facts.h"

/* --- sentences -------------------------------------------------------------------------------- */

static bool has_field(const char *words, const char *name)
{
    char field[64], choice[64];
    snprintf(field, sizeof(field), "{%s}", name);
    snprintf(choice, sizeof(choice), "{%s?", name);
    return words != NULL && (strstr(words, field) != NULL || strstr(words, choice) != NULL);
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
                snprintf(name, sizeof(name), "%.*s", (int)strcspn(at, "?}") - 1, at + 1);
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
    struct rcs_buf trace = explain_golden("election-vs-takeover/election.trace");
    struct rcs_explain_options options = { .why_not = "a7" };
    struct rcs_buf before = explain_asked(&trace, &options);
    assert_non_null(strstr(before.data, " ms random (of 0 to 499), 1000 ms for the rank\n"));
    char *at = strstr(trace.data, from);
    assert_non_null(at);
    memcpy(at, to, sizeof(to) - 1);
    struct rcs_explanation *explanation = explain_trace(&trace, &options);
    assert_false(rcs_explanation_intact(explanation));
    struct rcs_buf after = explain_text_of(explanation);
    assert_non_null(strstr(after.data, " ms random (of 0 to 499), 7000 ms for the rank\n"));
    rcs_explanation_free(explanation);
    rcs_buf_close(&after);
    rcs_buf_close(&before);
    rcs_buf_close(&trace);
}

static void of_equal_epochs_the_greater_id_keeps_its_own(void **state)
{
    (void)state;
    struct rcs_buf trace = explain_golden("two-dc-chained.trace");
    struct rcs_buf text = explain_asked(&trace, &(struct rcs_explain_options){ .node = "b1" });
    assert_non_null(strstr(text.data, "b1 takes epoch 9: b6 has the same as it had\n"
                                      "  both had 0; the id of b6 is the greater one ("));
    rcs_buf_close(&text);
    rcs_buf_close(&trace);
}

static void of_equal_offsets_the_smaller_id_is_ahead_in_valkey(void **state)
{
    (void)state;
    struct rcs_buf trace = explain_traced("redis valkey-8.0\n" EXPLAIN_BASE
                                          "a4> CLUSTER REPLICATE $a1.id\n= OK\nwait 3s\n"
                                          "kill a1\nwait 6s\n",
                                          NULL);
    struct rcs_buf text = explain_asked(&trace, &(struct rcs_explain_options){ .why_not = "a4" });
    assert_non_null(strstr(text.data, " as well, but a5 has the smaller id\n"));
    assert_non_null(strstr(text.data, ", 1000 ms for the rank\n"));
    assert_null(strstr(text.data, "missing"));
    rcs_buf_close(&text);
    rcs_buf_close(&trace);
}

static void directives_by_the_names_of_the_release(void **state)
{
    (void)state;
    struct rcs_buf trace =
        explain_traced("redis 3.0\ncluster-node-timeout 1000\nappendonly no\nsave "
                       "\"\"\ncluster-slave-validity-factor 1\n"
                       "repl-ping-slave-period 1\nsite A a1..a6\n"
                       "cli --cluster create a1..a3 a4..a6 --cluster-replicas 1\n= ...\nwait 7s\n"
                       "partition a1 a5\nwait 9s\npoweroff a1\nheal\nwait 10s\n",
                       NULL);
    struct rcs_buf text = explain_asked(&trace, &(struct rcs_explain_options){ .why_not = "a5" });
    assert_non_null(strstr(text.data, "the limit is 1000 ms (repl-ping-slave-period) and 1 "
                                      "(cluster-slave-validity-factor) times 1000 ms"));
    assert_non_null(strstr(text.data, "a greater cluster-slave-validity-factor (0: any age)"));
    rcs_buf_close(&text);
    rcs_buf_close(&trace);
}

/* --- what is missing -------------------------------------------------------------------------- */

/* Two rounds of everything: an older line of a kind must never be taken for one that was removed.
 */
static struct rcs_buf two_rounds(void)
{
    return explain_traced(
        EXPLAIN_BASE "kill a1\nwait 9s\nstart a1\nwait 9s\n"
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
        "kill",     "poweroff",    "drop",        "dropped", "rank-behind",
        "promoted", "slots-added", "vote-denied", "command",
    };
    if (strstr(statement->text, ", but its vote has not arrived") != NULL) {
        return true;
    }
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(statement->what, words[i]) == 0) {
            return true;
        }
    }
    return false;
}

static void each_cause_taken_out_is_missing(void **state)
{
    struct rcs_buf trace = *state == NULL ? two_rounds() : explain_golden(*state);
    struct rcs_explain_options options = { .node = NULL };
    struct rcs_explanation *whole = explain_trace(&trace, &options);
    assert_true(rcs_explanation_intact(whole));
    struct rcs_statement statement;
    unsigned taken = 0;
    for (size_t i = 0; rcs_explanation_statement(whole, i, &statement); i++) {
        assert_string_not_equal(statement.what, "missing");
        if (statement.depth == 0 || statement.line == 0 || may_lack(&statement)) {
            continue;
        }
        struct rcs_buf less = explain_without(&trace, statement.line, NULL);
        struct rcs_explanation *explanation = explain_trace(&less, &options);
        struct rcs_buf text = explain_text_of(explanation);
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
    struct rcs_buf trace = explain_golden("election-vs-takeover/election.trace");
    struct rcs_buf bare = explain_without(&trace, 0, "\"why\":");
    struct rcs_buf text = explain_asked(&bare, &(struct rcs_explain_options){ .node = "a5" });
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
    text = explain_asked(&bare, &(struct rcs_explain_options){ .why_not = "a6" });
    assert_non_null(strstr(text.data, "(missing in this trace: why a6 did not stand for election"));
    rcs_buf_close(&text);
    rcs_buf_close(&bare);
    rcs_buf_close(&trace);
}

static void a_number_taken_out_is_missing(void **state)
{
    (void)state;
    struct rcs_buf trace = explain_golden("election-vs-takeover/election.trace");
    static const char from[] = "\"ping_age_ms\"", to[] = "\"pong_age_ms\"";
    unsigned count = 0;
    for (char *at = trace.data; (at = strstr(at, from)) != NULL; count++) {
        memcpy(at, to, sizeof(to) - 1);
    }
    assert_true(count > 0);
    struct rcs_buf text = explain_asked(&trace, &(struct rcs_explain_options){ .node = "a5" });
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
    struct rcs_buf trace = explain_golden("election-vs-takeover/takeover.trace");
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
    struct rcs_buf trace = explain_golden("election-vs-takeover/takeover.trace");
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
    struct rcs_buf text = explain_asked(&chain, &(struct rcs_explain_options){ .node = "n5000" });
    assert_non_null(strstr(text.data, "(goes on: ask for this node at that time)"));
    rcs_buf_close(&text);
    rcs_buf_close(&chain);
    rcs_buf_close(&trace);
}

static void wrong_questions_are_refused(void **state)
{
    (void)state;
    struct rcs_buf trace = explain_golden("election-vs-takeover/takeover.trace");
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
    struct rcs_buf a = explain_golden("election-vs-takeover/election.trace");
    struct rcs_buf b = explain_golden("election-vs-takeover/takeover.trace");
    struct rcs_buf text = compared(&a, &b, false);
    static const char *const wanted[] = {
        "\nbegins with           poweroff a1 at ",
        "\norder to fail over    -  ",
        "\nvotes                 3 asked, 2 granted, 0 refused   -\n",
        "\nOnly in A did a replica stand for election.\n",
        "\nOnly in B did an operator give the order.\n",
        "\nIn B the new master was there 6.507 s sooner. Until then nobody served the slots.\n",
        "\nOnly in B did a replica have more than its new master, and drop it",
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
    assert_non_null(strstr(text.data, "\nOnly in A did an operator give the order.\n"));
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

/* A master that only was asked to go serves until it is replaced. */
static void an_election_beside_a_manual_failover(void **state)
{
    (void)state;
    struct rcs_buf a = explain_traced(EXPLAIN_BASE "a5> CLUSTER FAILOVER\n= OK\nwait 4s\n", NULL);
    struct rcs_buf b = explain_traced(EXPLAIN_BASE "kill a1\nwait 6s\n", NULL);
    struct rcs_buf text = compared(&a, &b, false);
    assert_non_null(strstr(text.data, "\nbegins with           a5> FAILOVER at "));
    assert_non_null(strstr(text.data, "\nIn A the new master was there "));
    assert_null(strstr(text.data, "nobody served"));
    rcs_buf_close(&text);
    rcs_buf_close(&a);
    rcs_buf_close(&b);
}

/* Nodes are counted once, however often their state changes; a partition has two sides. */
static void a_partition_beside_another(void **state)
{
    (void)state;
    struct rcs_buf a =
        explain_traced(EXPLAIN_BASE "partition a1,a5 a2,a3,a4,a6\nwait 6s\nheal\n"
                                    "wait 6s\npartition a1,a5 a2,a3,a4,a6\nwait 6s\n",
                       NULL);
    struct rcs_buf text = compared(&a, &a, false);
    assert_non_null(strstr(text.data, "partition a1, a5 from a2, a3, a4, a6 at "));
    assert_non_null(strstr(text.data, "  6 nodes  "));
    rcs_buf_close(&text);
    rcs_buf_close(&a);
}

static void nothing_to_compare_from(void **state)
{
    (void)state;
    struct rcs_buf trace = explain_traced("site A a1\nwait 1s\n", NULL), out;
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
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cause_has_a_sentence_with_all_its_numbers),
        cmocka_unit_test(sentences_name_what_is_recorded),
        cmocka_unit_test(a_number_changed_changes_the_sentence),
        cmocka_unit_test(of_equal_epochs_the_greater_id_keeps_its_own),
        cmocka_unit_test(of_equal_offsets_the_smaller_id_is_ahead_in_valkey),
        cmocka_unit_test(directives_by_the_names_of_the_release),
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
        cmocka_unit_test(an_election_beside_a_manual_failover),
        cmocka_unit_test(a_partition_beside_another),
        cmocka_unit_test(nothing_to_compare_from),
    };
    return cmocka_run_group_tests_name("explain", tests, NULL, NULL);
}
