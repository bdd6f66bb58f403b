/* The node of a stand-in: all that is done to it are orders to the run. */
#include <string.h>

#include "sim/uv/standin_parts.h"
#include "sim/world/world.h"

struct told {
    struct rcs_diag *diag;
    bool done, good;
};

static void on_done(void *arg, bool success, const char *text, size_t size_bytes)
{
    struct told *told = arg;
    told->done = true;
    told->good = success;
    if (!success) {
        const char *at = strstr(text, ": "); /* behind the place, which is in no file */
        size_t skip = at == NULL ? 0 : (size_t)(at + 2 - text);
        rcs_diag_set(told->diag, RCS_ERR_STATE, 0, 0, "%.*s", (int)(size_bytes - skip),
                     text + skip);
    }
}

bool rcs_standin_give(struct rcs_standin *s, struct rcs_diag *diag)
{
    struct told told = { .diag = diag };
    enum rcs_err err =
        rcs_run_order(s->serve->run, s->to.data, s->to.size_bytes, on_done, &told, diag);
    RCS_IMPLIES(err == RCS_OK, told.done);
    return err == RCS_OK && told.good;
}

bool rcs_standin_order(struct rcs_standin *s, const char *verb, struct rcs_diag *diag)
{
    struct rcs_diag own;
    rcs_buf_clear(&s->to);
    rcs_buf_format(&s->to, "%s %s", verb, s->name);
    return rcs_standin_give(s, diag != NULL ? diag : &own);
}

enum rcs_node_life rcs_standin_life(const struct rcs_standin *s)
{
    return s->node < 0 ? RCS_LIFE_DOWN : rcs_sim_node_life(s->serve->sim, s->node);
}

bool rcs_standin_lives(const struct rcs_standin *s)
{
    enum rcs_node_life life = rcs_standin_life(s);
    return life == RCS_LIFE_UP || life == RCS_LIFE_PAUSED;
}

void rcs_standin_remove(struct rcs_standin *s)
{
    rcs_standin_disk_save(&s->disk, s->serve->sim, s->node);
    (void)rcs_standin_order(s, "remove", NULL);
    rcs_standin_disk_close(&s->disk);
    s->node = -1;
    s->stopped = s->crashed = false;
}

void rcs_standin_kill(struct rcs_standin *s)
{
    if (rcs_standin_lives(s)) {
        (void)rcs_standin_order(s, "kill", NULL);
    }
    if (s->node >= 0) {
        rcs_standin_remove(s);
    }
}
