/* What the files of a node say of themselves, wherever they are made: what a real server's do, in
 * its order (Redis 7.0 rdbSaveInfoAuxFields, rdbPopulateSaveInfo). */
#include "tests/support/served.h"
#include "tests/support/support.h"

#include <rcsim/rdb_file.h>

#include "sim/world/disk.h"
#include "tests/support/tsv.h"

#define HEAD_BYTES 9
#define FIELD      0xfa

static void take_text(const struct rcs_buf *file, size_t *at, struct rcs_buf *out)
{
    size_t used;
    rcs_buf_init(out);
    assert_int_equal(rcs_rdb_string_read(file->data + *at, file->size_bytes - *at, &used, out),
                     RCS_OK);
    rcs_buf_add(out, "", 1);
    *at += used;
}

static bool differs_every_run(const char *name)
{
    return strcmp(name, "ctime") == 0 || strcmp(name, "used-mem") == 0 ||
           strcmp(name, "repl-id") == 0;
}

/* In the form of the vector. */
static void say_fields(const struct rcs_buf *file, struct rcs_buf *out)
{
    assert_true(file->size_bytes > HEAD_BYTES);
    rcs_buf_add(out, file->data, HEAD_BYTES);
    for (size_t at = HEAD_BYTES; (uint8_t)file->data[at] == FIELD;) {
        struct rcs_buf name, text;
        at++;
        take_text(file, &at, &name);
        take_text(file, &at, &text);
        rcs_buf_format(out, " %s=%s", name.data, differs_every_run(name.data) ? "~" : text.data);
        rcs_buf_close(&name);
        rcs_buf_close(&text);
    }
    rcs_buf_add(out, "", 1);
}

static void expect_fields(const char *what, const struct rcs_buf *file)
{
    struct tsv rows;
    char *row[2];
    struct rcs_buf said;
    bool found = false;
    rcs_buf_init(&said);
    say_fields(file, &said);
    for (tsv_open(&rows, "rdb/fields-7.0.tsv"); !found && tsv_row(&rows, row, 2);) {
        found = strcmp(row[0], what) == 0;
        if (found) {
            assert_string_equal(said.data, row[1]);
        }
    }
    assert_true(found);
    tsv_close(&rows);
    rcs_buf_close(&said);
}

static void expect_dump(struct served *served, const char *what)
{
    struct rcs_buf dump;
    rcs_buf_init(&dump);
    served_order(served, "a1> SAVE");
    assert_true(rcs_disk_dump(served->sim, 0, &dump));
    expect_fields(what, &dump);
    rcs_buf_close(&dump);
}

/* The file stands behind a line that begins as `preamble`. */
static void expect_sync(struct served *served, const char *what, uint32_t client,
                        const char *request, const char *preamble)
{
    served_send(served, client, request);
    served_pass(served, RCS_S(2), 0);
    struct rcs_buf *got = &served->got[client];
    rcs_buf_add(got, "", 1);
    char *line = strstr(got->data, preamble);
    assert_non_null(line);
    char *file = strchr(line, '\n') + 1;
    assert_memory_equal(file, "REDIS", 5);
    expect_fields(what, &(struct rcs_buf){
                            .data = file,
                            .size_bytes = (size_t)(got->data + got->size_bytes - file),
                        });
}

static void every_file_says_what_a_real_servers_says(void **state)
{
    (void)state;
    struct served served;
    struct rcs_aof_files files;
    served_open(&served,
                "cluster-node-timeout 1000\nsite A a1\nwait 1s\n"
                "repl-diskless-sync-delay 0\nrepl-ping-replica-period 3600\n",
                (struct rcs_run_options){ .has_seed = false });
    served_pass(&served, RCS_S(2), 0);
    expect_dump(&served, "dump");
    expect_sync(&served, "sync", served_connect(&served, 0), "SYNC", "$");
    uint32_t client = served_connect(&served, 0);
    served_send(&served, client, "REPLCONF capa eof");
    served_pass(&served, RCS_S(1), 0);
    expect_sync(&served, "sync eof", client, "PSYNC ? -1", "$EOF:");
    expect_dump(&served, "dump after a sync");
    served_order(&served, "a1> CONFIG SET appendonly yes");
    served_pass(&served, RCS_S(2), 0);
    served_order(&served, "kill a1");
    assert_true(rcs_disk_aof(served.sim, 0, RCS_AOF_FILENAME, &files));
    expect_fields("base", &files.base);
    rcs_aof_files_close(&files);
    served_end(&served);
    served_close(&served);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_file_says_what_a_real_servers_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
