/* Where other releases' redis-cli prints other words than that of 7.0; what those before 7.0 do
 * differently stands where it is done. 3.0 and 4.0 came with redis-trib.rb: their clusters are
 * looked after with the redis-cli of 5.0. */
#include <string.h>

#include "sim/scenario/cli_parts.h"
#include "sim/world/world.h"

#include "sim/pure.h"

/* valkey-cli 8.0. */
static const struct {
    const char *words, *instead;
} valkey[] = {
    { ">>> Trying to optimize slaves allocation", ">>> Trying to optimize replicas allocation" },
    { "[WARNING] Some slaves are in the same host as their master",
      "[WARNING] Some replicas are in the same host as their primary" },
    { "[WARNING] Some slaves of the same master are in the same host",
      "[WARNING] Some replicas of the same primary are in the same host" },
    { "*** Redis Cluster requires at least 3 master nodes.",
      "*** Valkey Cluster requires at least 3 primary nodes." },
    { " slaves.\n", " replicas.\n" },
    { " masters.\n", " primaries.\n" },
    { "Master[", "Primary[" },
    { "Automatically selected master ", "Automatically selected primary " },
    { "[ERR] No such master ID ", "[ERR] No such primary ID " },
    { "*** No such master node ", "*** No such primary node " },
    { " claims to be slave of ", " claims to be replica of " },
    { " not known or not a master,", " not known or not a primary," },
    { " unreachable masters is dangerous: redis-cli ",
      " unreachable primaries is dangerous: valkey-cli " },
    { " slots about masters ", " slots about primaries " },
    { "--cluster-fix-with-unreachable-masters", "--cluster-fix-with-unreachable-primaries" },
    { "[ERR] Sorry, redis-cli ", "[ERR] Sorry, valkey-cli " },
    { " as Redis version ", " as Valkey version " },
};

static const struct rcs_profile *profile_of(const struct rcs_cli *cli)
{
    return rcs_sim_config(cli->sim, -1)->profile;
}

bool rcs_cli_since(const struct rcs_cli *cli, enum rcs_release release)
{
    return profile_of(cli)->release >= release;
}

/* Copies text with each of the words replaced. */
static void translate(struct rcs_buf *out, const char *text)
{
    while (*text != '\0') {
        size_t i = 0, count = sizeof(valkey) / sizeof(valkey[0]);
        while (i < count && strncmp(text, valkey[i].words, strlen(valkey[i].words)) != 0) {
            i++;
        }
        if (i < count) {
            rcs_buf_text(out, valkey[i].instead);
            text += strlen(valkey[i].words);
        } else {
            rcs_buf_add(out, text++, 1);
        }
    }
}

void rcs_cli_say_as_release(struct rcs_cli *cli)
{
    if (!profile_of(cli)->says_primary || cli->out.size_bytes == cli->said_bytes) {
        return;
    }
    struct rcs_buf said;
    rcs_buf_init(&said);
    rcs_buf_add(&cli->out, "", 1);
    translate(&said, cli->out.data + cli->said_bytes);
    cli->out.size_bytes = cli->said_bytes;
    rcs_buf_add(&cli->out, said.data, said.size_bytes);
    rcs_buf_close(&said);
    cli->said_bytes = cli->out.size_bytes;
}
