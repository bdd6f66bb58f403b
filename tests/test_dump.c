#include "tests/support/support.h"

#include "sim/keys/dump.h"
#include "sim/keys/saved_aof.h"
#include "tests/support/tsv.h"

static void check_ok(enum rcs_err err, const struct rcs_diag *diag)
{
    if (err != RCS_OK) {
        fail_msg("%s: %s", diag->source, diag->text);
    }
}

static void add(struct rcs_keyspace *keys, const char *name, struct rcs_value *value,
                int64_t expire_ms)
{
    struct rcs_entry *entry = rcs_keyspace_add(keys, name, strlen(name), value);
    rcs_keyspace_expire(keys, entry, expire_ms);
}

/* --- payloads of a real server ---------------------------------------------------------------- */

/* What RESTORE makes of it and DUMP then gives: the same bytes, nodes of a quicklist and width of
 * an intset included. Members of hash tables stay in the payload's order. */
static void values_come_back_from_payloads_of_a_real_server(void **state)
{
    (void)state;
    struct tsv file;
    char *row[7];
    for (tsv_open(&file, "rdb/values-7.0.tsv"); tsv_row(&file, row, 7);) {
        size_t size_bytes;
        uint8_t *payload = test_hex(row[6], &size_bytes);
        const char *type;
        struct rcs_value *value;
        struct rcs_buf out;
        rcs_buf_init(&out);
        assert_int_equal(
            rcs_value_restore(payload, size_bytes, &rcs_value_limits_default, &type, &value),
            RCS_OK);
        assert_string_equal(rcs_value_type_name(value), row[1]);
        assert_string_equal(rcs_value_encoding_name(value), row[2]);
        rcs_value_dump(value, 10, &out);
        if (out.size_bytes != size_bytes || memcmp(out.data, payload, size_bytes) != 0) {
            fail_msg("%s: other bytes than a real server's", row[0]);
        }
        rcs_buf_close(&out);
        rcs_value_release(value);
        free(payload);
    }
    tsv_close(&file);
}

struct limit_row {
    const char *payload; /* its name in values-7.0.tsv */
    size_t directive;    /* in struct rcs_value_limits */
    int64_t value;
    const char *encoding;
};
#define LIMIT(name) offsetof(struct rcs_value_limits, name)

/* clang-format off */
/* CONFIG SET, RESTORE, OBJECT ENCODING of redis-server 7.0.15, the other directives as they are by
 * default. What comes packed is counted only, what does not is measured, too (rdbLoadObject). */
static const struct limit_row limit_rows[] = {
    { "hash: 128 fields", LIMIT(hash_max_listpack_entries), 128, "listpack" },
    { "hash: 128 fields", LIMIT(hash_max_listpack_entries), 127, "hashtable" },
    { "hash: value of 64 bytes", LIMIT(hash_max_listpack_value), 10, "listpack" },
    { "hash: value of 65 bytes", LIMIT(hash_max_listpack_value), 65, "listpack" },
    { "hash: value of 65 bytes", LIMIT(hash_max_listpack_value), 64, "hashtable" },
    { "zset: 128 members", LIMIT(zset_max_listpack_entries), 128, "listpack" },
    { "zset: 128 members", LIMIT(zset_max_listpack_entries), 127, "skiplist" },
    { "zset: 129 members", LIMIT(zset_max_listpack_entries), 129, "listpack" },
    { "zset: 129 members", LIMIT(zset_max_listpack_entries), 128, "skiplist" },
    { "zset: member of 64 bytes", LIMIT(zset_max_listpack_value), 10, "listpack" },
    { "zset: member of 65 bytes", LIMIT(zset_max_listpack_value), 65, "listpack" },
    { "zset: member of 65 bytes", LIMIT(zset_max_listpack_value), 64, "skiplist" },
    { "set: 512 integers", LIMIT(set_max_intset_entries), 512, "intset" },
    { "set: 512 integers", LIMIT(set_max_intset_entries), 511, "hashtable" },
    { "set: 513 integers", LIMIT(set_max_intset_entries), 513, "intset" },
    { "set: 513 integers", LIMIT(set_max_intset_entries), 512, "hashtable" },
    { "set: texts", LIMIT(set_max_intset_entries), 512, "hashtable" },
};
/* clang-format on */

static void check_limit(const struct limit_row *row)
{
    struct tsv file;
    char *fields[7];
    bool found = false;
    struct rcs_value_limits limits = rcs_value_limits_default;
    memcpy((char *)&limits + row->directive, &row->value, sizeof(row->value));
    for (tsv_open(&file, "rdb/values-7.0.tsv"); !found && tsv_row(&file, fields, 7);) {
        found = strcmp(fields[0], row->payload) == 0;
    }
    assert_true(found);
    size_t size_bytes;
    uint8_t *payload = test_hex(fields[6], &size_bytes);
    const char *type;
    struct rcs_value *value;
    assert_int_equal(rcs_value_restore(payload, size_bytes, &limits, &type, &value), RCS_OK);
    if (strcmp(rcs_value_encoding_name(value), row->encoding) != 0) {
        fail_msg("%s at %lld: %s", row->payload, (long long)row->value,
                 rcs_value_encoding_name(value));
    }
    rcs_value_release(value);
    free(payload);
    tsv_close(&file);
}

static void how_compact_a_value_stays_is_up_to_directives(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof(limit_rows) / sizeof(limit_rows[0]); i++) {
        check_limit(&limit_rows[i]);
    }
}

/* Redis 7.0 rdbLoadObject: of a form without nodes the items are pushed one after the other. */
static void a_list_without_nodes_is_pushed_anew(void **state)
{
    (void)state;
    static const char items[] = "\5\1a\1b\1c\1d\1e"; /* type list */
    struct rcs_value_limits limits = rcs_value_limits_default;
    struct rcs_rdb_value parts;
    struct rcs_value_parts again;
    size_t used;
    limits.list_max_listpack_size = 2;
    assert_int_equal(rcs_rdb_value_read(items, sizeof(items) - 1, RCS_RDB_TYPE_LIST, &used, &parts),
                     RCS_OK);
    struct rcs_value *value = rcs_value_of_parts(&parts, &limits);
    rcs_value_parts_init(&again, value);
    assert_int_equal(again.rdb.count, 5);
    assert_int_equal(again.rdb.node_count, 3);
    assert_int_equal(again.rdb.nodes[0], 2);
    assert_int_equal(again.rdb.nodes[2], 1);
    rcs_value_parts_close(&again);
    rcs_value_release(value);
    rcs_rdb_value_close(&parts);
}

/* --- snapshots as RDB files ------------------------------------------------------------------- */

static struct rcs_snapshot *some_strings(void)
{
    struct rcs_keyspace *keys = rcs_keyspace_new();
    add(keys, "a", rcs_string_new("1", 1), RCS_NO_EXPIRE);
    add(keys, "b", rcs_string_new("text", 4), 4102444800123);
    add(keys, "", rcs_string_new("", 0), RCS_NO_EXPIRE);
    struct rcs_snapshot *snapshot = rcs_keyspace_snapshot(keys, 1800000000999);
    rcs_keyspace_free(keys);
    memcpy(snapshot->replid, "0123456789abcdef0123456789abcdef01234567", RCS_ID_LEN + 1);
    snapshot->repl_offset = 14;
    return snapshot;
}

static void check_value(const struct rcs_keyspace *keys, const char *name, const char *want,
                        int64_t expire_ms)
{
    const struct rcs_entry *entry = rcs_keyspace_find(keys, name, strlen(name));
    assert_non_null(entry);
    const struct rcs_string *string = rcs_string_of(entry->value);
    assert_int_equal(string->size_bytes, strlen(want));
    assert_memory_equal(string->bytes, want, strlen(want));
    assert_true(entry->expire_ms == expire_ms);
}

static void a_snapshot_comes_back_from_its_file(void **state)
{
    (void)state;
    struct rcs_snapshot *snapshot = some_strings(), *again;
    struct rcs_rdb_info info = rcs_snapshot_rdb_info(snapshot, 10, "7.0.15");
    struct rcs_diag diag;
    struct rcs_buf out;
    size_t used;
    rcs_buf_init(&out);
    rcs_snapshot_write_rdb(snapshot, &info, &out);
    check_ok(rcs_snapshot_read_rdb(out.data, out.size_bytes, 10, &rcs_value_limits_default, &again,
                                   &info, &used, &diag),
             &diag);
    assert_int_equal(used, out.size_bytes);
    assert_string_equal(info.redis_version, "7.0.15");
    assert_int_equal(info.bits, 64);
    assert_true(info.created_s == 1800000000);
    assert_int_equal(info.used_memory_bytes, snapshot->size_bytes);
    assert_true(again->created_wall_ms == 1800000000000); /* seconds are what a file says */
    assert_string_equal(again->replid, snapshot->replid);
    assert_true(again->repl_offset == 14);
    assert_int_equal(again->keys, 3);

    struct rcs_keyspace *keys = rcs_keyspace_new();
    rcs_keyspace_load(keys, again);
    check_value(keys, "a", "1", RCS_NO_EXPIRE);
    check_value(keys, "b", "text", 4102444800123);
    check_value(keys, "", "", RCS_NO_EXPIRE);
    rcs_keyspace_free(keys);
    rcs_snapshot_release(again);
    rcs_snapshot_release(snapshot);
    rcs_buf_close(&out);
}

/* The same data in the order of another file: bytes depend on the snapshot only. */
static void a_file_read_and_written_is_the_same_file(void **state)
{
    (void)state;
    static const char *const names[] = { "strings", "small", "large", "empty" };
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char path[64];
        size_t size_bytes;
        struct rcs_diag diag;
        struct rcs_snapshot *snapshot;
        struct rcs_rdb_info info;
        struct rcs_buf out;
        snprintf(path, sizeof(path), "rdb/files/redis-7.0/%s.rdb", names[i]);
        char *bytes = test_vector(path, &size_bytes);
        check_ok(rcs_snapshot_read_rdb(bytes, size_bytes, 10, &rcs_value_limits_default, &snapshot,
                                       &info, NULL, &diag),
                 &diag);
        rcs_buf_init(&out);
        rcs_snapshot_write_rdb(snapshot, &info, &out);
        if (out.size_bytes != size_bytes || memcmp(out.data, bytes, size_bytes) != 0) {
            fail_msg("%s.rdb is written with other bytes", names[i]);
        }
        rcs_buf_close(&out);
        rcs_snapshot_release(snapshot);
        free(bytes);
    }
}

#define HEAD "REDIS0010"
#define END  "\xff\0\0\0\0\0\0\0\0"
#define KEY  "\0\1k\1v"

struct refused_row {
    const char *name;
    const char *bytes;
    size_t size_bytes;
    enum rcs_err want;
    const char *text;
};
#define BYTES(text) text, sizeof(text) - 1
static const struct refused_row refused_rows[] = {
    { "snapshot: a key of another database", BYTES(HEAD "\xfe\3" KEY END), RCS_ERR_RANGE,
      "keys in database 3; a node of a cluster has only database 0" },
    { "snapshot: a key twice", BYTES(HEAD KEY KEY END), RCS_ERR_PROTOCOL, "has key \"k\" twice" },
    { "snapshot: a stream", BYTES(HEAD KEY "\x0f\1s" END), RCS_ERR_UNKNOWN, "is a stream" },
    { "snapshot: cut short", BYTES(HEAD KEY), RCS_ERR_PROTOCOL, "it ends before its end" },
};

static void refused_row(void **state)
{
    const struct refused_row *row = *state;
    struct rcs_snapshot *snapshot = NULL;
    struct rcs_diag diag;
    assert_int_equal(rcs_snapshot_read_rdb(row->bytes, row->size_bytes, 10,
                                           &rcs_value_limits_default, &snapshot, NULL, NULL, &diag),
                     row->want);
    assert_null(snapshot);
    assert_non_null(strstr(diag.text, row->text));
}

static void an_expiry_before_1970_is_one_at_its_beginning(void **state)
{
    (void)state;
    static const char bytes[] = HEAD "\xfc\xfe\xff\xff\xff\xff\xff\xff\xff" KEY END;
    struct rcs_snapshot *snapshot;
    struct rcs_keyspace *keys = rcs_keyspace_new();
    assert_int_equal(rcs_snapshot_read_rdb(bytes, sizeof(bytes) - 1, 10, &rcs_value_limits_default,
                                           &snapshot, NULL, NULL, NULL),
                     RCS_OK);
    rcs_keyspace_load(keys, snapshot);
    check_value(keys, "k", "v", 0);
    rcs_keyspace_free(keys);
    rcs_snapshot_release(snapshot);
}

/* --- append-only files ------------------------------------------------------------------------ */

struct folder {
    struct {
        char name[64];
        struct rcs_buf bytes;
    } files[4];
    unsigned count;
};

static void folder_add(struct folder *folder, const char *name, const void *bytes,
                       size_t size_bytes)
{
    assert_true(folder->count < 4);
    snprintf(folder->files[folder->count].name, sizeof(folder->files[0].name), "%s", name);
    rcs_buf_init(&folder->files[folder->count].bytes);
    rcs_buf_add(&folder->files[folder->count++].bytes, bytes, size_bytes);
}

static void folder_add_buf(struct folder *folder, const char *name, const struct rcs_buf *bytes)
{
    folder_add(folder, name, bytes->data, bytes->size_bytes);
}

static bool folder_read(void *arg, const char *name, struct rcs_buf *out)
{
    const struct folder *folder = arg;
    for (unsigned i = 0; i < folder->count; i++) {
        if (strcmp(folder->files[i].name, name) == 0) {
            rcs_buf_add(out, folder->files[i].bytes.data, folder->files[i].bytes.size_bytes);
            return true;
        }
    }
    return false;
}

static void folder_close(struct folder *folder)
{
    for (unsigned i = 0; i < folder->count; i++) {
        rcs_buf_close(&folder->files[i].bytes);
    }
}

static struct rcs_aof_source source_of(struct folder *folder, unsigned version)
{
    return (struct rcs_aof_source){
        .filename = RCS_AOF_FILENAME,
        .version = version,
        .load_truncated = true,
        .limits = &rcs_value_limits_default,
        .read = folder_read,
        .read_arg = folder,
    };
}

static void put_files(struct folder *folder, const struct rcs_aof_files *files)
{
    folder_add_buf(folder, files->base_name, &files->base);
    if (files->in_folder) {
        folder_add_buf(folder, files->manifest_name, &files->manifest);
        folder_add_buf(folder, files->incr_name, &files->incr);
    }
}

static void check_aof_comes_back(unsigned version, bool written)
{
    struct rcs_saved_aof saved = {
        .data = some_strings(),
        .base = version >= 10 ? 3 : 1,
        .incr = version >= 10 ? 5 : 1,
        .base_keys = 3,
        .base_wall_ms = 1700000000000,
        .written = written,
    };
    struct folder folder = { .count = 0 };
    struct rcs_aof_files files;
    struct rcs_saved_aof again;
    struct rcs_diag diag;
    struct rcs_rdb_info info = rcs_snapshot_rdb_info(saved.data, version, "7.0.15");
    bool cut;
    rcs_aof_files_init(&files, &saved, RCS_AOF_FILENAME, &info);
    put_files(&folder, &files);
    struct rcs_aof_source source = source_of(&folder, version);
    check_ok(rcs_saved_aof_read(&source, &again, &cut, &diag), &diag);
    assert_false(cut);
    assert_int_equal(again.base, saved.base);
    assert_int_equal(again.incr, saved.incr);
    assert_int_equal(again.base_keys, saved.base_keys);
    assert_true(again.base_wall_ms == (version >= 7 ? saved.base_wall_ms : 0)); /* 3.0 says none */
    assert_int_equal(again.written, written);
    assert_int_equal(again.data->keys, 3);
    assert_string_equal(again.data->replid,
                        ""); /* a base has none, Redis 7.0 rewriteAppendOnlyFile */
    rcs_snapshot_release(again.data);
    rcs_snapshot_release(saved.data);
    rcs_aof_files_close(&files);
    folder_close(&folder);
}

static void an_append_only_file_comes_back_from_its_files(void **state)
{
    (void)state;
    for (unsigned version = 6; version <= 12; version++) {
        check_aof_comes_back(version, false);
        check_aof_comes_back(version, true);
    }
}

static void files_have_the_names_of_a_real_server(void **state)
{
    (void)state;
    struct rcs_saved_aof saved = { .data = some_strings(), .base = 2, .incr = 2, .written = true };
    struct rcs_rdb_info info = rcs_snapshot_rdb_info(saved.data, 10, "7.0.15");
    struct rcs_aof_files files;
    rcs_aof_files_init(&files, &saved, RCS_AOF_FILENAME, &info);
    assert_string_equal(files.base_name, "appendonly.aof.2.base.rdb");
    assert_string_equal(files.incr_name, "appendonly.aof.2.incr.aof");
    assert_string_equal(files.manifest_name, "appendonly.aof.manifest");
    size_t size_bytes;
    char *want = test_vector("rdb/appendonlydir/appendonly.aof.manifest", &size_bytes);
    assert_int_equal(files.manifest.size_bytes, size_bytes);
    assert_memory_equal(files.manifest.data, want, size_bytes);
    free(want);
    rcs_aof_files_close(&files);
    rcs_snapshot_release(saved.data);
}

/* --- a real server's folder, replayed by a hook ----------------------------------------------- */

struct replayed {
    struct rcs_buf words; /* of all commands */
    struct rcs_keyspace *keys;
    uint32_t base_keys;
    const char *refused; /* a command that cannot be carried out */
};

static void replay_begin(void *arg, const struct rcs_snapshot *data)
{
    struct replayed *r = arg;
    r->base_keys = data->keys;
    r->keys = rcs_keyspace_new();
    rcs_keyspace_load(r->keys, data);
}

static enum rcs_err replay_command(void *arg, unsigned argc, const struct rcs_arg *args,
                                   struct rcs_diag *diag)
{
    struct replayed *r = arg;
    for (unsigned i = 0; i < argc; i++) {
        rcs_buf_add(&r->words, args[i].bytes, args[i].size_bytes);
        rcs_buf_text(&r->words, i + 1 < argc ? " " : ";");
    }
    if (r->refused != NULL && strncmp(args[0].bytes, r->refused, strlen(r->refused)) == 0) {
        return rcs_diag_set(diag, RCS_ERR_UNKNOWN, 0, 0, "no %s", r->refused);
    }
    return RCS_OK;
}

static struct rcs_snapshot *replay_end(void *arg)
{
    struct replayed *r = arg;
    struct rcs_snapshot *snapshot = rcs_keyspace_snapshot(r->keys, 0);
    rcs_keyspace_free(r->keys);
    return snapshot;
}

static void read_real_folder(struct folder *folder, size_t incr_bytes)
{
    static const char *const names[] = { "appendonly.aof.manifest", "appendonly.aof.2.base.rdb",
                                         "appendonly.aof.2.incr.aof" };
    for (unsigned i = 0; i < 3; i++) {
        char path[64];
        size_t size_bytes;
        snprintf(path, sizeof(path), "rdb/appendonlydir/%s", names[i]);
        char *bytes = test_vector(path, &size_bytes);
        folder_add(folder, names[i], bytes,
                   i == 2 && incr_bytes < size_bytes ? incr_bytes : size_bytes);
        free(bytes);
    }
}

static void commands_are_carried_out_by_the_callers_hook(void **state)
{
    (void)state;
    struct folder folder = { .count = 0 };
    struct replayed r = { .refused = NULL };
    struct rcs_aof_replay hook = { &r, replay_begin, replay_command, replay_end };
    struct rcs_saved_aof aof;
    struct rcs_diag diag;
    bool cut;
    read_real_folder(&folder, SIZE_MAX);
    rcs_buf_init(&r.words);
    struct rcs_aof_source source = source_of(&folder, 10);
    source.replay = &hook;
    check_ok(rcs_saved_aof_read(&source, &aof, &cut, &diag), &diag);
    assert_false(cut);
    assert_int_equal(r.base_keys, 6);
    assert_int_equal(aof.base, 2);
    assert_int_equal(aof.incr, 2);
    assert_int_equal(aof.base_keys, 6);
    assert_true(aof.written);
    rcs_buf_add(&r.words, "", 1);
    assert_non_null(strstr(r.words.data, "SELECT 0;SET after rewrite;MULTI;INCR n;INCR n;EXEC;"));
    rcs_snapshot_release(aof.data);
    rcs_buf_close(&r.words);

    r.refused = "INCR";
    assert_int_equal(rcs_saved_aof_read(&source, &aof, NULL, &diag), RCS_ERR_UNKNOWN);
    assert_string_equal(diag.text, "no INCR");
    assert_string_equal(diag.source, "appendonly.aof.2.incr.aof");
    assert_null(aof.data);
    rcs_buf_close(&r.words);

    source.replay = NULL;
    assert_int_equal(rcs_saved_aof_read(&source, &aof, NULL, &diag), RCS_ERR_UNKNOWN);
    assert_non_null(strstr(diag.text, "only files that rcsim wrote can be loaded"));
    assert_null(aof.data);
    folder_close(&folder);
}

/* Redis 7.0 loadSingleAppendOnlyFile: a transaction that is cut is not begun. */
static void a_cut_end_is_passed_over_if_that_is_allowed(void **state)
{
    (void)state;
    struct folder folder = { .count = 0 };
    struct replayed r = { .refused = NULL };
    struct rcs_aof_replay hook = { &r, replay_begin, replay_command, replay_end };
    struct rcs_saved_aof aof;
    struct rcs_diag diag;
    bool cut;
    read_real_folder(&folder, 120); /* within the transaction */
    rcs_buf_init(&r.words);
    struct rcs_aof_source source = source_of(&folder, 10);
    source.replay = &hook;
    check_ok(rcs_saved_aof_read(&source, &aof, &cut, &diag), &diag);
    assert_true(cut);
    rcs_buf_add(&r.words, "", 1);
    assert_string_equal(r.words.data, "SELECT 0;SET after rewrite;");
    rcs_snapshot_release(aof.data);
    rcs_buf_close(&r.words);

    source.load_truncated = false;
    assert_int_equal(rcs_saved_aof_read(&source, &aof, &cut, &diag), RCS_ERR_MORE);
    assert_string_equal(diag.source, "appendonly.aof.2.incr.aof");
    assert_null(aof.data);
    folder_close(&folder);
}

static void a_cut_file_before_the_last_is_refused(void **state)
{
    (void)state;
    static const char manifest[] = "file a seq 1 type i\nfile b seq 2 type i\n";
    struct folder folder = { .count = 0 };
    struct rcs_saved_aof aof;
    struct rcs_diag diag;
    folder_add(&folder, "appendonly.aof.manifest", manifest, strlen(manifest));
    folder_add(&folder, "a", "*2\r\n", 4);
    folder_add(&folder, "b", "", 0);
    struct rcs_aof_source source = source_of(&folder, 10);
    assert_int_equal(rcs_saved_aof_read(&source, &aof, NULL, &diag), RCS_ERR_MORE);
    assert_string_equal(diag.source, "a");
    folder_close(&folder);
}

static void what_is_wrong_with_a_folder_is_said(void **state)
{
    (void)state;
    static const char manifest[] = "file a seq 1 type b\n";
    struct folder folder = { .count = 0 };
    struct rcs_saved_aof aof;
    struct rcs_diag diag;
    struct rcs_aof_source source = source_of(&folder, 10);
    check_ok(rcs_saved_aof_read(&source, &aof, NULL, &diag), &diag); /* there is no such file */
    assert_null(aof.data);

    folder_add(&folder, "appendonly.aof.manifest", manifest, strlen(manifest));
    assert_int_equal(rcs_saved_aof_read(&source, &aof, NULL, &diag), RCS_ERR_IO);
    assert_string_equal(diag.source, "a");
    assert_null(aof.data);

    folder_add(&folder, "a", "REDIS0010", 9);
    assert_int_equal(rcs_saved_aof_read(&source, &aof, NULL, &diag), RCS_ERR_PROTOCOL);
    assert_non_null(strstr(diag.text, "it ends before its end"));
    folder_close(&folder);

    folder.count = 0;
    folder_add(&folder, "appendonly.aof.manifest", "\n", 1);
    assert_int_equal(rcs_saved_aof_read(&source, &aof, NULL, &diag), RCS_ERR_SYNTAX);
    assert_string_equal(diag.source, "appendonly.aof.manifest");
    assert_int_equal(diag.line, 1);
    folder_close(&folder);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_come_back_from_payloads_of_a_real_server),
        cmocka_unit_test(how_compact_a_value_stays_is_up_to_directives),
        cmocka_unit_test(a_list_without_nodes_is_pushed_anew),
        cmocka_unit_test(a_snapshot_comes_back_from_its_file),
        cmocka_unit_test(a_file_read_and_written_is_the_same_file),
        cmocka_unit_test(an_expiry_before_1970_is_one_at_its_beginning),
        cmocka_unit_test(an_append_only_file_comes_back_from_its_files),
        cmocka_unit_test(files_have_the_names_of_a_real_server),
        cmocka_unit_test(commands_are_carried_out_by_the_callers_hook),
        cmocka_unit_test(a_cut_end_is_passed_over_if_that_is_allowed),
        cmocka_unit_test(a_cut_file_before_the_last_is_refused),
        cmocka_unit_test(what_is_wrong_with_a_folder_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) + test_rows(refused_row, refused_rows);
}
