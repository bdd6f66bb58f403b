/* What only orders do: nodes come and go while the run is under way. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/scenario/act.h"
#include "sim/scenario/run_parts.h"
#include "sim/world/disk.h"
#include "sim/world/world.h"

#include "sim/pure.h"

/* --- nodes ------------------------------------------------------------------------------------ */

/* SERVE_IP and the first port that is free, from that of the node's number on. */
static void next_address(const struct rcs_run *run, struct rcs_buf *out)
{
    unsigned port = run->options.serve_port + rcs_sim_node_count(run->sim);
    while (rcs_sim_node_at(run->sim, run->options.serve_ip, port) >= 0) {
        port++;
    }
    rcs_buf_format(out, "%s:%u", run->options.serve_ip, port);
}

/* The run knows one node more. */
static void declare(struct rcs_run *run, const struct rcs_stmt *stmt, const char *address)
{
    struct rcs_script *script = run->own_script;
    struct rcs_arena *arena = &script->arena;
    script->nodes =
        rcs_arena_grow(arena, script->nodes, script->node_count, sizeof(script->nodes[0]));
    script->nodes[script->node_count++] = (struct rcs_node_decl){
        .name = rcs_arena_text(arena, stmt->name, strlen(stmt->name)),
        .site = stmt->b.text == NULL ? "" : stmt->b.text, /* the script's own text */
        .address = rcs_arena_text(arena, address, strlen(address)),
        .absent = stmt->oneway,
        .place = { "order", 1, 1 },
    };
    run->prompts = realloc(run->prompts, script->node_count * sizeof(struct rcs_session *));
    RCS_ASSERT(run->prompts != NULL);
    run->prompts[script->node_count - 1] = NULL;
}

static enum rcs_err configure(struct rcs_run *run, const struct rcs_stmt *stmt, int node,
                              struct rcs_diag *diag)
{
    enum rcs_err err = RCS_OK;
    for (unsigned i = 0; i + 1 < stmt->word_count && err == RCS_OK; i += 2) {
        err = rcs_sim_configure(run->sim, node, stmt->words[i].text, stmt->words[i + 1].text, diag);
    }
    return err;
}

enum rcs_progress rcs_act_new_node(struct rcs_run *run, struct rcs_task *task)
{
    const struct rcs_stmt *stmt = rcs_task_stmt(task);
    struct rcs_diag diag = { .line = 0 };
    struct rcs_buf address;
    rcs_buf_init(&address);
    if (stmt->value != NULL) {
        rcs_buf_text(&address, stmt->value);
    } else {
        next_address(run, &address);
    }
    rcs_buf_add(&address, "", 1);
    int node = rcs_sim_add_node(run->sim, stmt->name, stmt->b.text, address.data, &diag);
    if (node >= 0) {
        declare(run, stmt, address.data);
        RCS_ASSERT(run->script->node_count == (unsigned)node + 1);
        rcs_run_tell(run, "setting", stmt->text);
        enum rcs_err err = configure(run, stmt, node, &diag);
        rcs_sim_set_pid(run->sim, node, (uint32_t)stmt->number);
        if (err == RCS_OK && !stmt->oneway) {
            err = rcs_sim_fault(run->sim, RCS_FAULT_START, &node, 1, &diag);
        }
        if (err != RCS_OK) {
            (void)rcs_sim_remove_node(run->sim, node, NULL);
            run->own_script->nodes[node].removed = true;
            node = -1;
        }
    }
    if (node < 0) {
        rcs_run_stop(run, stmt, RCS_ERR_STATE, diag.text);
    }
    rcs_buf_close(&address);
    return RCS_PROGRESS_DONE;
}

enum rcs_progress rcs_act_put(struct rcs_run *run, struct rcs_task *task)
{
    const struct rcs_stmt *stmt = rcs_task_stmt(task);
    const struct rcs_arg bytes = { stmt->words[0].text, (uint32_t)stmt->words[0].size_bytes };
    enum rcs_disk_file file = (enum rcs_disk_file)stmt->number;
    struct rcs_diag diag = { .line = 0 };
    struct rcs_buf told;
    rcs_buf_init(&told);
    rcs_buf_format(&told, "put %s %s", stmt->a.text, rcs_disk_file_name(file));
    rcs_run_tell(run, "setting", told.data);
    rcs_buf_close(&told);
    for (unsigned i = 0; i < stmt->a.count; i++) {
        enum rcs_err err =
            rcs_disk_put(run->sim, stmt->a.nodes[i], file, &bytes, stmt->skip, stmt->times, &diag);
        if (err != RCS_OK) {
            rcs_run_stop(run, stmt, err, diag.text);
            break;
        }
    }
    return RCS_PROGRESS_DONE;
}

enum rcs_progress rcs_act_config_file(struct rcs_run *run, struct rcs_task *task)
{
    const struct rcs_stmt *stmt = rcs_task_stmt(task);
    rcs_run_tell(run, "setting", stmt->text);
    for (unsigned i = 0; i < stmt->a.count; i++) {
        rcs_disk_set_conf_file(run->sim, stmt->a.nodes[i], (enum rcs_conf_file)stmt->number);
    }
    return RCS_PROGRESS_DONE;
}

enum rcs_progress rcs_act_remove(struct rcs_run *run, struct rcs_task *task)
{
    const struct rcs_stmt *stmt = rcs_task_stmt(task);
    struct rcs_diag diag = { .line = 0 };
    for (unsigned i = 0; i < stmt->a.count; i++) {
        enum rcs_node_life life = rcs_sim_node_life(run->sim, stmt->a.nodes[i]);
        if (life == RCS_LIFE_UP || life == RCS_LIFE_PAUSED) {
            snprintf(diag.text, sizeof(diag.text), "%s has a process: stop or kill it first",
                     run->script->nodes[stmt->a.nodes[i]].name);
            rcs_run_stop(run, stmt, RCS_ERR_STATE, diag.text);
            return RCS_PROGRESS_DONE;
        }
    }
    rcs_run_tell(run, "setting", stmt->text);
    for (unsigned i = 0; i < stmt->a.count; i++) {
        enum rcs_err err = rcs_sim_remove_node(run->sim, stmt->a.nodes[i], &diag);
        RCS_ASSERT(err == RCS_OK);
        run->own_script->nodes[stmt->a.nodes[i]].removed = true;
    }
    return RCS_PROGRESS_DONE;
}

/* A directive's value as one word of an order. */
static void add_value(struct rcs_buf *out, const char *text, size_t size_bytes)
{
    struct rcs_word word = { .text = text, .size_bytes = size_bytes, .quoted = true };
    struct rcs_buf plain;
    rcs_buf_init(&plain);
    rcs_words_print(&plain, &word, 0, 1);
    for (size_t i = 0; i < plain.size_bytes; i++) { /* a $ would begin a parameter's name */
        rcs_buf_add(out, plain.data[i] == '$' ? "$$" : &plain.data[i], 1 + (plain.data[i] == '$'));
    }
    rcs_buf_close(&plain);
}

/* NAME VALUE lines. */
static void add_directives(struct rcs_buf *out, const char *lines)
{
    while (lines != NULL && *lines != '\0') {
        size_t line_bytes = strcspn(lines, "\n"), name_bytes = strcspn(lines, " \n");
        if (line_bytes > name_bytes) {
            rcs_buf_format(out, " %.*s ", (int)name_bytes, lines);
            add_value(out, lines + name_bytes + 1, line_bytes - name_bytes - 1);
        }
        lines += line_bytes + (lines[line_bytes] == '\n');
    }
}

struct added {
    bool done, good;
    char error[384];
};

static void on_added(void *arg, bool success, const char *text, size_t size_bytes)
{
    struct added *added = arg;
    added->done = true;
    added->good = success;
    snprintf(added->error, sizeof(added->error), "%.*s", (int)(size_bytes < 383 ? size_bytes : 383),
             text);
}

int rcs_run_add_node(struct rcs_run *run, const char *name, const char *address,
                     const char *directives, bool start, struct rcs_diag *diag)
{
    struct added added = { .done = false };
    struct rcs_diag own = { .line = 0 };
    struct rcs_diag *told = diag != NULL ? diag : &own;
    struct rcs_buf order;
    rcs_buf_init(&order);
    rcs_buf_format(&order, "node %s", name);
    if (address == NULL) {
        rcs_buf_text(&order, " ");
        next_address(run, &order);
    } else {
        rcs_buf_format(&order, " %s", address);
    }
    rcs_buf_text(&order, start ? "" : " absent");
    add_directives(&order, directives);
    enum rcs_err err = rcs_run_order(run, order.data, order.size_bytes, on_added, &added, told);
    rcs_buf_close(&order);
    RCS_IMPLIES(err == RCS_OK, added.done);
    if (err == RCS_OK && !added.good) {
        err = rcs_diag_set(told, RCS_ERR_STATE, 0, 0, "%s", added.error);
    }
    return err == RCS_OK ? rcs_sim_find_node(run->sim, name) : -1;
}

/* --- the script ------------------------------------------------------------------------------- */

enum rcs_progress rcs_act_play(struct rcs_run *run, struct rcs_task *task)
{
    rcs_run_add_steps(run, rcs_task_stmt(task)->times);
    return RCS_PROGRESS_DONE;
}
