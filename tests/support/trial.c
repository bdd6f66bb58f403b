#include "tests/support/trial.h"

#include <rcsim/bus.h>
#include <rcsim/check.h>

#include "tests/support/support.h"

/* Up to so many ms pass: nobody acts in step with the servers' clocks. */
static void dawdle(struct trial *trial, unsigned most_ms)
{
    trial->chance = trial->chance * 6364136223846793005u + 1442695040888963407u;
    rcs_sim_advance(trial->sim, (rcs_us)((trial->chance >> 33) % (most_ms * 1000)));
}

int64_t trial_now_ms(const struct trial *trial)
{
    return rcs_sim_now(trial->sim) / 1000;
}

int trial_node(const struct trial *trial, const char *name)
{
    int found = rcs_sim_find_node(trial->sim, name);
    assert_true(found >= 0);
    return found;
}

/* --- commands --------------------------------------------------------------------------------- */

void trial_request(struct trial *trial, struct rcs_session *session, const char *name,
                   const char *text)
{
    static char words[RCS_SLOTS * 8];
    static struct rcs_arg args[RCS_SLOTS + 8];
    unsigned argc = 0;
    assert_true(strlen(text) < sizeof(words));
    strcpy(words, text);
    for (char *word = strtok(words, " "); word != NULL; word = strtok(NULL, " ")) {
        args[argc++] = (struct rcs_arg){ word, (uint32_t)strlen(word) };
    }
    rcs_session_request(session, trial_node(trial, name), argc, args);
}

struct rcs_session *trial_send(struct trial *trial, const char *name, const char *text)
{
    struct rcs_session *session = rcs_session_new(trial->sim, NULL, false);
    trial_request(trial, session, name, text);
    return session;
}

void trial_await(struct trial *trial, struct rcs_session *session)
{
    rcs_us limit = rcs_sim_now(trial->sim) + RCS_S(10);
    while (rcs_session_state(session) == RCS_SESSION_WAITING && rcs_sim_step(trial->sim, limit)) {
    }
    assert_int_equal(rcs_session_state(session), RCS_SESSION_REPLIED);
}

void trial_finish(struct trial *trial, struct rcs_session *session, const char *text)
{
    trial_await(trial, session);
    if (rcs_session_reply(session)->kind == RCS_REPLY_ERROR) {
        fail_msg("%.60s: %.*s", text, (int)rcs_session_reply(session)->size_bytes,
                 rcs_session_reply(session)->bytes);
    }
    rcs_session_free(session);
}

void trial_ask(struct trial *trial, const char *name, const char *text)
{
    trial_finish(trial, trial_send(trial, name, text), text);
}

void trial_ask_about(struct trial *trial, const char *name, const char *order, const char *about)
{
    char text[128];
    snprintf(text, sizeof(text), "%s %s", order,
             rcs_sim_node_id(trial->sim, trial_node(trial, about)));
    trial_ask(trial, name, text);
}

void trial_add_slots(struct trial *trial, const char *name, int first, int last)
{
    struct rcs_buf text;
    rcs_buf_init(&text);
    rcs_buf_text(&text, "CLUSTER ADDSLOTS");
    for (int slot = first; slot <= last; slot++) {
        rcs_buf_format(&text, " %d", slot);
    }
    rcs_buf_add(&text, "", 1);
    trial_ask(trial, name, text.data);
    rcs_buf_close(&text);
}

void trial_fault(struct trial *trial, enum rcs_fault what, const char *const *names, unsigned count)
{
    int nodes[TRIAL_NODES_MAX];
    struct rcs_diag diag;
    for (unsigned i = 0; i < count; i++) {
        nodes[i] = trial_node(trial, names[i]);
    }
    assert_int_equal(rcs_sim_fault(trial->sim, what, nodes, count, &diag), RCS_OK);
}

void trial_fault_one(struct trial *trial, enum rcs_fault what, const char *name)
{
    trial_fault(trial, what, &name, 1);
}

/* --- the cluster ------------------------------------------------------------------------------ */

void trial_open(struct trial *trial, const struct rcs_profile *profile, uint64_t seed)
{
    struct rcs_sim_options options = {
        .seed = seed, .redis = profile->name, .network = "loopback", .keep_milestones = true
    };
    struct rcs_diag diag;
    *trial =
        (struct trial){ .sim = rcs_sim_new(&options, &diag), .profile = profile, .chance = seed };
    assert_non_null(trial->sim);
    (void)rcs_check_watch(trial->sim);
    assert_int_equal(rcs_sim_configure(trial->sim, -1, "cluster-node-timeout", "2000", &diag), 0);
    assert_int_equal(rcs_sim_configure(trial->sim, -1, "save", "", &diag), RCS_OK);
}

void trial_close(struct trial *trial)
{
    assert_string_equal(rcs_check_broken(rcs_check_of(trial->sim)), "");
    rcs_sim_free(trial->sim);
}

void trial_add_nodes(struct trial *trial, const char *const *names, int count, bool epochs)
{
    struct rcs_diag diag;
    for (int i = 0; i < count; i++) {
        assert_true(rcs_sim_add_node(trial->sim, names[i], NULL, NULL, &diag) >= 0);
        trial_fault_one(trial, RCS_FAULT_START, names[i]);
        dawdle(trial, 200);
        if (epochs) {
            char text[64];
            snprintf(text, sizeof(text), "CLUSTER SET-CONFIG-EPOCH %d", ++trial->count);
            trial_ask(trial, names[i], text);
        }
    }
}

void trial_meet(struct trial *trial, const char *name, const char *const *names, int count)
{
    for (int i = 0; i < count; i++) {
        char text[80];
        if (strcmp(names[i], name) == 0) {
            continue;
        }
        snprintf(text, sizeof(text), "CLUSTER MEET %s %d",
                 rcs_sim_node_ip(trial->sim, trial_node(trial, names[i])),
                 rcs_sim_node_port(trial->sim, trial_node(trial, names[i])));
        trial_ask(trial, name, text);
    }
}

void trial_form(struct trial *trial, const char *const *names, int count, int masters,
                const int *cuts)
{
    trial_add_nodes(trial, names, count, true);
    for (int i = 0; i < masters; i++) {
        trial_add_slots(trial, names[i], cuts[i], cuts[i + 1] - 1);
    }
    trial_meet(trial, names[0], names, count);
    rcs_sim_advance(trial->sim, RCS_S(6));
    for (int i = masters; i < count; i++) {
        trial_ask_about(trial, names[i], "CLUSTER REPLICATE", names[i % masters]);
    }
    rcs_sim_advance(trial->sim, RCS_S(15));
}

/* --- what happened ---------------------------------------------------------------------------- */

void trial_begin(struct trial *trial)
{
    dawdle(trial, 1000);
    struct rcs_milestone milestone;
    while (rcs_sim_milestone(trial->sim, trial->seen, &milestone)) {
        trial->seen++;
    }
    trial->t0_ms = trial_now_ms(trial);
}

int64_t trial_ms(const struct trial *trial)
{
    return trial_now_ms(trial) - trial->t0_ms;
}

int64_t trial_first_ms(const struct trial *trial, const char *what, const char *name,
                       const char *about)
{
    struct rcs_milestone milestone;
    for (size_t i = trial->seen; rcs_sim_milestone(trial->sim, i, &milestone); i++) {
        if (strcmp(milestone.what, what) == 0 &&
            (name == NULL || milestone.node == trial_node(trial, name)) &&
            (about == NULL || milestone.about == trial_node(trial, about))) {
            return milestone.at_us / 1000 - trial->t0_ms;
        }
    }
    return -1;
}

int64_t trial_earlier(int64_t a, int64_t b)
{
    return a < 0 ? b : b < 0 ? a : a < b ? a : b;
}

int64_t trial_all_ok_ms(const struct trial *trial)
{
    int64_t last = -1;
    for (unsigned i = 0; i < rcs_sim_node_count(trial->sim); i++) {
        struct rcs_view view;
        rcs_sim_view(trial->sim, (int)i, &view);
        if (rcs_sim_node_life(trial->sim, (int)i) != RCS_LIFE_UP) {
            continue;
        }
        int64_t at = trial_first_ms(trial, "state-ok", rcs_sim_node_name(trial->sim, (int)i), NULL);
        if (at < 0 || !view.state_ok) {
            return -1;
        }
        last = at > last ? at : last;
    }
    return last;
}

int64_t trial_until(struct trial *trial, bool (*holds)(struct trial *trial), int64_t most_ms)
{
    while (!holds(trial)) {
        assert_true(trial_ms(trial) < most_ms);
        rcs_sim_advance(trial->sim, RCS_MS(1));
    }
    return trial_ms(trial);
}

void trial_write_view(struct trial *trial, int viewer, struct rcs_buf *out)
{
    for (unsigned i = 0; i < rcs_sim_node_count(trial->sim); i++) {
        struct rcs_opinion opinion;
        char flags[96];
        if (!rcs_sim_opinion(trial->sim, viewer, (int)i, &opinion)) {
            continue;
        }
        rcs_node_flags_write(opinion.flags & ~(unsigned)RCS_NODE_MYSELF, flags);
        rcs_buf_format(out, "%s%s=%s", out->size_bytes > 0 ? " " : "",
                       rcs_sim_node_name(trial->sim, (int)i), flags);
        if (opinion.master >= 0) {
            rcs_buf_format(out, ":%s", rcs_sim_node_name(trial->sim, opinion.master));
        }
        const char *slots = rcs_sim_slot_ranges(trial->sim, viewer, (int)i);
        if (slots[0] != '\0') {
            rcs_buf_format(out, "[%s]", slots);
        }
    }
    rcs_buf_add(out, "", 1);
}
