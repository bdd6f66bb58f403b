/* Files that go from a real server to rcsim and back: its dump.rdb and appendonlydir are read, and
 * written again they give a real server the same data (DEBUG DIGEST); redis-check-rdb and
 * redis-check-aof find nothing.
 *
 * Usage: live_rdb [PORT]: redis-server on ports PORT to PORT + 3, or as far above as it takes for
 * them to be free, for some seconds. Exit status 0: the same data, 1: other data, 2: could not be
 * tried. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/node/aof_replay.h"
#include "tests/support/live_server.h"
#include "tests/support/support.h"

#define LIMIT_US 20000000

/* Some thousand changes to keys of every type: integers at every width, texts that LZF makes
 * smaller and such that it does not, lists that are split and merged in the middle. */
static const char fill[] =
    "EVAL \"math.randomseed(ARGV[1]) local r=math.random "
    "local function v() local k=r(8) "
    "if k==1 then return tostring(r(-10,200)) elseif k==2 then return "
    "tostring(r(-2000000000,2000000000)) "
    "elseif k==3 then return string.rep(string.char(r(0,255)),r(0,100)) "
    "elseif k==4 then return 'item:'..r(100000) "
    "elseif k==5 then local t={} for j=1,r(60) do t[j]=string.char(r(0,255)) end return "
    "table.concat(t) "
    "elseif k==6 then return string.rep('ab',r(2,3000)) "
    "elseif k==7 then return '-9223372036854775808' else return 'x'..r(9) end end "
    "for i=1,2500 do local n=r(40) local c=r(14) "
    "if c==1 then redis.call('set','s'..n,v()) elseif c==2 then redis.call('append','s'..n,v()) "
    "elseif c==3 then redis.call('pexpireat','s'..n,4102444800000+r(999)) "
    "elseif c<=5 then for j=1,r(80) do redis.call('rpush','l'..n,v()) end "
    "elseif c==6 then for j=1,r(40) do redis.call('lpush','l'..n,v()) end "
    "elseif c==7 then redis.call('linsert','l'..n,'before','x'..r(9),v()) "
    "elseif c==8 then redis.call('lrem','l'..n,r(-2,2),'x'..r(9)) "
    "redis.call('ltrim','l'..n,r(5),-r(5)) "
    "elseif c==9 then for j=1,r(60) do redis.call('hset','h'..n,'f'..r(900),v()) end "
    "elseif c==10 then for j=1,r(60) do redis.call('hdel','h'..n,'f'..r(900)) end "
    "elseif c==11 then for j=1,r(90) do redis.call('sadd','i'..n,r(-40000,40000)) end "
    "elseif c==12 then for j=1,r(30) do redis.call('sadd','t'..n,v()) "
    "redis.call('srem','i'..n,r(-40000,40000)) end "
    "elseif c==13 then for j=1,r(40) do "
    "redis.call('zadd','z'..n,r()*1000-500,string.sub(v(),1,70)) end "
    "else redis.call('zremrangebyrank','z'..n,0,r(20)) end end\" 0 ";

enum { WRITER, FROM_DUMP, FROM_FOLDER, REPLAYED, SERVERS };
static struct live_server servers[SERVERS] = {
    { .name = "writer", .fd = -1 },
    { .name = "dump", .fd = -1 },
    { .name = "folder", .fd = -1 },
    { .name = "replay", .fd = -1 },
};
static char directory[200];

static void clean_up(void)
{
    for (int i = 0; i < SERVERS; i++) {
        live_stop(&servers[i]);
        live_remove(&servers[i]);
    }
    rmdir(directory);
}

static void start(int server, bool appendonly)
{
    const char *options[] = {
        "--save", "",  "--appendonly", appendonly ? "yes" : "no", "--enable-debug-command",
        "yes",    NULL
    };
    live_start(&servers[server], options);
}

/* --- files ------------------------------------------------------------------------------------ */

static bool read_file(const char *directory_name, const char *name, struct rcs_buf *out)
{
    char path[640];
    snprintf(path, sizeof(path), "%s/%s", directory_name, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return false;
    }
    char piece[65536];
    for (size_t size; (size = fread(piece, 1, sizeof(piece), file)) > 0;) {
        rcs_buf_add(out, piece, size);
    }
    fclose(file);
    return true;
}

static bool read_part(void *arg, const char *name, struct rcs_buf *out)
{
    return read_file(arg, name, out);
}

static void write_file(const char *directory_name, const char *name, const struct rcs_buf *bytes)
{
    char path[640];
    mkdir(directory_name, 0700);
    snprintf(path, sizeof(path), "%s/%s", directory_name, name);
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(bytes->data, 1, bytes->size_bytes, file) != bytes->size_bytes ||
        fclose(file) != 0) {
        live_give_up("cannot be written", path);
    }
}

static void check_with(const char *program, const char *directory_name, const char *name)
{
    char path[640];
    int status = 0;
    snprintf(path, sizeof(path), "%s/%s", directory_name, name);
    pid_t pid = fork();
    if (pid == 0) {
        int nowhere = open("/dev/null", O_WRONLY);
        dup2(nowhere, STDOUT_FILENO);
        dup2(nowhere, STDERR_FILENO);
        execlp(program, program, path, (char *)NULL);
        _exit(127);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid) {
        live_give_up("cannot be run", program);
    }
    if (status != 0) {
        printf("DIFFERS   %s finds fault with %s\n", program, name);
        exit(1);
    }
}

/* --- there and back --------------------------------------------------------------------------- */

static struct rcs_rdb_info info_of(const struct rcs_snapshot *snapshot)
{
    return rcs_snapshot_rdb_info(snapshot, RCS_RDB_VERSION, "7.0.15");
}

static void write_dump(int server, const struct rcs_snapshot *snapshot)
{
    struct rcs_rdb_info info = info_of(snapshot);
    struct rcs_buf out;
    rcs_buf_init(&out);
    rcs_snapshot_write_rdb(snapshot, &info, &out);
    write_file(servers[server].dir, "dump.rdb", &out);
    rcs_buf_close(&out);
    check_with("redis-check-rdb", servers[server].dir, "dump.rdb");
}

static void write_folder(int server, struct rcs_snapshot *snapshot)
{
    char folder[300];
    struct rcs_aof_files files;
    struct rcs_rdb_info info = info_of(snapshot);
    const struct rcs_saved_aof saved = { .data = snapshot, .base = 4, .incr = 7, .written = true };
    mkdir(servers[server].dir, 0700);
    snprintf(folder, sizeof(folder), "%s/%s", servers[server].dir, RCS_AOF_DIRNAME);
    rcs_aof_files_init(&files, &saved, RCS_AOF_FILENAME, &info);
    write_file(folder, files.base_name, &files.base);
    write_file(folder, files.incr_name, &files.incr);
    write_file(folder, files.manifest_name, &files.manifest);
    check_with("redis-check-aof", folder, files.manifest_name);
    rcs_aof_files_close(&files);
}

static struct rcs_snapshot *read_dump(void)
{
    struct rcs_buf bytes;
    struct rcs_snapshot *snapshot;
    struct rcs_diag diag;
    rcs_buf_init(&bytes);
    read_file(servers[WRITER].dir, "dump.rdb", &bytes);
    if (rcs_snapshot_read_rdb(bytes.data, bytes.size_bytes, RCS_RDB_VERSION,
                              &rcs_value_limits_default, &snapshot, NULL, NULL, &diag) != RCS_OK) {
        live_give_up(diag.text, "dump.rdb:");
    }
    rcs_buf_close(&bytes);
    return snapshot;
}

static struct rcs_snapshot *read_folder(void)
{
    char folder[300];
    struct rcs_config config;
    struct rcs_saved_aof saved;
    struct rcs_diag diag;
    snprintf(folder, sizeof(folder), "%s/%s", servers[WRITER].dir, RCS_AOF_DIRNAME);
    rcs_config_init(&config);
    struct rcs_aof_player *player = rcs_aof_player_new(&config);
    const struct rcs_aof_source source = {
        .filename = RCS_AOF_FILENAME,
        .version = RCS_RDB_VERSION,
        .limits = &rcs_value_limits_default,
        .read = read_part,
        .read_arg = folder,
        .replay = rcs_aof_player_hook(player),
    };
    if (rcs_saved_aof_read(&source, &saved, NULL, &diag) != RCS_OK) {
        live_give_up(diag.text, diag.source);
    }
    rcs_aof_player_free(player);
    return saved.data;
}

static void rewrite(struct live_server *server)
{
    live_ask(server, "BGREWRITEAOF", NULL);
    int64_t until_us = live_steady_us() + LIMIT_US;
    while (strstr(live_ask(server, "INFO persistence", NULL), "aof_rewrite_in_progress:0") ==
           NULL) {
        if (live_steady_us() > until_us) {
            live_give_up("does not end its rewrite", server->name);
        }
        live_sleep_us(20000);
    }
}

static int hold(int server, const char *what, const char *want)
{
    bool same = strcmp(live_ask(&servers[server], "DEBUG DIGEST", NULL), want) == 0;
    long keys = strtol(live_ask(&servers[server], "DBSIZE", NULL) + 1, NULL, 10); /* ":235" */
    printf("%-9s %s: %ld keys\n", same ? "agrees" : "DIFFERS", what, keys);
    return same ? 0 : 1;
}

static void fill_with(struct live_server *server, int seed)
{
    char command[sizeof(fill) + 16];
    snprintf(command, sizeof(command), "%s%d", fill, seed);
    live_ask(server, command, NULL);
}

int main(int argc, char **argv)
{
    char digest[64];
    int port = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 20600;
    if (argc > 2 || port < 1024 || port > 55535 - SERVERS) {
        fprintf(stderr, "usage: live_rdb [PORT]\n");
        return 2;
    }
    live_directory("live_rdb", "/var/tmp", directory, clean_up);
    port = live_free_ports(port, SERVERS);
    for (int i = 0; i < SERVERS; i++) {
        servers[i].port = port + i;
        snprintf(servers[i].dir, sizeof(servers[i].dir), "%s/%d", directory, i);
    }
    struct live_server *writer = &servers[WRITER];
    start(WRITER, true);
    fill_with(writer, 1);
    rewrite(writer);
    fill_with(writer, 2);
    live_ask(writer, "SAVE", NULL);
    snprintf(digest, sizeof(digest), "%s", live_ask(writer, "DEBUG DIGEST", NULL));
    live_stop(writer);

    struct rcs_snapshot *dump = read_dump(), *folder = read_folder();
    write_dump(FROM_DUMP, dump);
    write_folder(FROM_FOLDER, dump);
    write_dump(REPLAYED, folder);
    rcs_snapshot_release(dump);
    rcs_snapshot_release(folder);
    start(FROM_DUMP, false);
    start(FROM_FOLDER, true);
    start(REPLAYED, false);
    int differing = hold(FROM_DUMP, "dump.rdb, read and written", digest) +
                    hold(FROM_FOLDER, "dump.rdb, written as appendonlydir", digest) +
                    hold(REPLAYED, "appendonlydir, replayed and written as dump.rdb", digest);
    return differing > 0;
}
