#include "tests/support/support.h"

#include <rcsim/rdb_file.h>

#include "tests/support/tsv.h"

/* --- files of real servers -------------------------------------------------------------------- */

static const char *const releases[] = { "redis-3.0", "redis-3.2", "redis-4.0",
                                        "redis-5.0", "redis-6.2", "redis-7.0" };
static const unsigned versions[] = { 6, 7, 8, 9, 9, 10 };
static const char *const files[] = { "empty", "strings", "expiry", "small", "large" };
#define RELEASES (sizeof(releases) / sizeof(releases[0]))
#define FILES    (sizeof(files) / sizeof(files[0]))

static char *open_file(const char *release, const char *name, size_t *size_bytes)
{
    char path[128];
    snprintf(path, sizeof(path), "rdb/files/%s/%s.rdb", release, name);
    return test_vector(path, size_bytes);
}

static void check_ok(enum rcs_err err, const struct rcs_diag *diag)
{
    if (err != RCS_OK) {
        fail_msg("%s", diag->text);
    }
}

static int by_bytes(const void *left, const void *right)
{
    const struct rcs_arg *a = left, *b = right;
    uint32_t shared = a->size_bytes < b->size_bytes ? a->size_bytes : b->size_bytes;
    int order = memcmp(a->bytes, b->bytes, shared);
    return order != 0 ? order : (a->size_bytes > b->size_bytes) - (a->size_bytes < b->size_bytes);
}

/* Over "length:bytes" of each item; members and fields sorted, as no order is theirs. */
static uint64_t crc_of(const struct rcs_rdb_value *value)
{
    struct rcs_arg *items = calloc(value->count, sizeof(items[0]));
    assert_non_null(items);
    memcpy(items, value->items, value->count * sizeof(items[0]));
    if (value->kind == RCS_RDB_SET) {
        qsort(items, value->count, sizeof(items[0]), by_bytes);
    } else if (value->kind == RCS_RDB_HASH) { /* a pair is moved as one */
        qsort(items, value->count / 2, 2 * sizeof(items[0]), by_bytes);
    }
    struct rcs_buf joined;
    rcs_buf_init(&joined);
    for (size_t i = 0; i < value->count; i++) {
        rcs_buf_i64(&joined, items[i].size_bytes);
        rcs_buf_text(&joined, ":");
        rcs_buf_add(&joined, items[i].bytes, items[i].size_bytes);
    }
    uint64_t crc = rcs_crc64(0, joined.data, joined.size_bytes);
    rcs_buf_close(&joined);
    free(items);
    return crc;
}

static void check_scores(const struct rcs_rdb_value *value, char *want)
{
    if (value->kind != RCS_RDB_SORTED_SET) {
        assert_string_equal(want, "-");
        return;
    }
    char *token = strcmp(want, "many") == 0 ? NULL : strtok(want, ",");
    for (size_t i = 0; i < value->count; i++) {
        if (token != NULL) {
            assert_true(value->scores[i] == strtod(token, NULL));
            token = strtok(NULL, ",");
        }
        assert_true(i == 0 || value->scores[i - 1] <= value->scores[i]);
    }
}

/* The row of a key; false: there is none. */
static bool find_row(const char *file, const struct rcs_rdb_key *key, char *row[9],
                     struct tsv *rows)
{
    for (tsv_open(rows, "rdb/keys.tsv"); tsv_row(rows, row, 9);) {
        size_t name_bytes;
        uint8_t *name = test_hex(row[2], &name_bytes);
        bool found = strcmp(row[0], file) == 0 && strtoul(row[1], NULL, 10) == key->database &&
                     name_bytes == key->name.size_bytes &&
                     memcmp(name, key->name.bytes, name_bytes) == 0;
        free(name);
        if (found) {
            return true;
        }
    }
    return false;
}

static const char *const kinds[] = { "string", "list", "set", "hash", "zset" };
static const char *const encodings[] = { "raw",       "quicklist", "intset",
                                         "hashtable", "listpack",  "skiplist" };

static void check_key(const char *file, const struct rcs_rdb_key *key)
{
    struct tsv rows;
    char *row[9];
    assert_true(find_row(file, key, row, &rows));
    assert_string_equal(row[3], kinds[key->value.kind]);
    assert_string_equal(row[4], encodings[key->value.encoding]);
    assert_true(strtoll(row[5], NULL, 10) == key->expire_ms);
    assert_int_equal(strtoul(row[6], NULL, 10), key->value.count);
    assert_true(strtoull(row[7], NULL, 16) == crc_of(&key->value));
    check_scores(&key->value, row[8]);
    tsv_close(&rows);
}

static unsigned count_rows(const char *file)
{
    struct tsv rows;
    char *row[9];
    unsigned count = 0;
    for (tsv_open(&rows, "rdb/keys.tsv"); tsv_row(&rows, row, 9);) {
        count += strcmp(row[0], file) == 0;
    }
    tsv_close(&rows);
    return count;
}

static void check_info(const struct rcs_rdb_info *info, const char *release, unsigned version)
{
    const char *number = strchr(release, '-') + 1;
    assert_int_equal(info->version, version);
    if (version >= 7) { /* 3.0 says nothing of itself */
        assert_memory_equal(info->redis_version, number, strlen(number));
        assert_int_equal(info->bits, 64);
        assert_true(info->created_s > 1700000000 && info->used_memory_bytes > 100000);
    } else {
        assert_string_equal(info->redis_version, "");
        assert_true(info->created_s == -1);
    }
    assert_string_equal(info->replid, "");
    assert_false(info->aof_base);
}

static void check_file(const char *release, unsigned version, const char *name)
{
    struct rcs_rdb_reader reader;
    const struct rcs_rdb_key *key;
    struct rcs_diag diag;
    size_t size_bytes;
    unsigned count = 0;
    char *bytes = open_file(release, name, &size_bytes);
    check_ok(rcs_rdb_reader_init(&reader, bytes, size_bytes, version, &diag), &diag);
    check_info(&reader.info, release, version);
    for (;; count++) {
        check_ok(rcs_rdb_reader_next(&reader, &key, &diag), &diag);
        if (key == NULL) {
            break;
        }
        check_key(name, key);
    }
    assert_int_equal(count, count_rows(name));
    assert_int_equal(reader.used, size_bytes);
    rcs_rdb_reader_close(&reader);
    free(bytes);
}

static void files_of_every_release_are_read(void **state)
{
    (void)state;
    for (unsigned r = 0; r < RELEASES; r++) {
        for (unsigned f = 0; f < FILES; f++) {
            check_file(releases[r], versions[r], files[f]);
        }
    }
}

/* --- written again ---------------------------------------------------------------------------- */

/* Keys of a database, and those with an expiry, from its first key on. */
static void count_keys(const char *bytes, size_t size_bytes, unsigned database, size_t *keys,
                       size_t *expires)
{
    struct rcs_rdb_reader reader;
    const struct rcs_rdb_key *key;
    *keys = *expires = 0;
    assert_int_equal(rcs_rdb_reader_init(&reader, bytes, size_bytes, 10, NULL), RCS_OK);
    while (rcs_rdb_reader_next(&reader, &key, NULL) == RCS_OK && key != NULL) {
        *keys += key->database == database;
        *expires += key->database == database && key->expire_ms != RCS_RDB_NO_EXPIRE;
    }
    rcs_rdb_reader_close(&reader);
}

static void check_rewritten(const char *release, const char *name)
{
    struct rcs_rdb_reader reader;
    struct rcs_rdb_writer writer;
    const struct rcs_rdb_key *key;
    struct rcs_buf out;
    size_t size_bytes;
    unsigned database = UINT32_MAX;
    char *bytes = open_file(release, name, &size_bytes);
    rcs_buf_init(&out);
    rcs_buf_text(&out, "before");
    assert_int_equal(rcs_rdb_reader_init(&reader, bytes, size_bytes, 10, NULL), RCS_OK);
    rcs_rdb_writer_init(&writer, &out, &reader.info);
    while (rcs_rdb_reader_next(&reader, &key, NULL) == RCS_OK && key != NULL) {
        if (key->database != database) {
            size_t keys, expires;
            database = key->database;
            count_keys(bytes, size_bytes, database, &keys, &expires);
            rcs_rdb_write_database(&writer, database, keys, expires);
        }
        rcs_rdb_write_key(&writer, &key->name, key->expire_ms, &key->value);
    }
    rcs_rdb_write_end(&writer);
    if (out.size_bytes - 6 != size_bytes || memcmp(out.data + 6, bytes, size_bytes) != 0) {
        fail_msg("%s/%s.rdb is written with other bytes", release, name);
    }
    rcs_rdb_reader_close(&reader);
    rcs_buf_close(&out);
    free(bytes);
}

static void files_of_every_release_are_written_byte_for_byte(void **state)
{
    (void)state;
    for (unsigned r = 0; r < RELEASES; r++) {
        for (unsigned f = 0; f < FILES; f++) {
            /* Before 4.0 a sorted set was saved in the order of its hash table; 3.0 has an LZF of
             * its own, which small.rdb shows. */
            bool sorted_sets = strcmp(files[f], "small") == 0 || strcmp(files[f], "large") == 0;
            if (versions[r] >= 8 || !sorted_sets) {
                check_rewritten(releases[r], files[f]);
            }
        }
    }
}

/* --- how lists fall into nodes ---------------------------------------------------------------- */

/* The recorded lists were pushed item by item. */
static void check_list(const char *release, unsigned version, const struct rcs_rdb_key *key)
{
    struct rcs_buf with_nodes, filled;
    struct rcs_rdb_value value = key->value;
    rcs_buf_init(&with_nodes);
    rcs_buf_init(&filled);
    rcs_rdb_value_write(&with_nodes, &value, version);
    value.nodes = NULL;
    rcs_rdb_value_write(&filled, &value, version);
    if (with_nodes.size_bytes != filled.size_bytes ||
        memcmp(with_nodes.data, filled.data, filled.size_bytes) != 0) {
        fail_msg("%s fills nodes in another way", release);
    }
    rcs_buf_close(&filled);
    rcs_buf_close(&with_nodes);
}

static void nodes_are_filled_as_each_release_does(void **state)
{
    (void)state;
    for (unsigned r = 0; r < RELEASES; r++) {
        struct rcs_rdb_reader reader;
        const struct rcs_rdb_key *key;
        size_t size_bytes, nodes = 0;
        char *bytes = open_file(releases[r], "large", &size_bytes);
        assert_int_equal(rcs_rdb_reader_init(&reader, bytes, size_bytes, 10, NULL), RCS_OK);
        while (rcs_rdb_reader_next(&reader, &key, NULL) == RCS_OK && key != NULL) {
            if (key->value.nodes != NULL) {
                nodes += key->value.node_count;
                check_list(releases[r], versions[r], key);
            }
        }
        assert_int_equal(nodes, versions[r] >= 7 ? 3 : 0);
        rcs_rdb_reader_close(&reader);
        free(bytes);
    }
}

/* --- broken files ----------------------------------------------------------------------------- */

/* Reads everything; `keys` tells how many came before the error. */
static enum rcs_err read_all(const char *bytes, size_t size_bytes, unsigned version, unsigned *keys,
                             struct rcs_diag *diag)
{
    struct rcs_rdb_reader reader;
    const struct rcs_rdb_key *key;
    *keys = 0;
    enum rcs_err err = rcs_rdb_reader_init(&reader, bytes, size_bytes, version, diag);
    if (err != RCS_OK) {
        return err;
    }
    do {
        err = rcs_rdb_reader_next(&reader, &key, diag);
        *keys += key != NULL;
    } while (key != NULL);
    rcs_rdb_reader_close(&reader);
    return err;
}

static void a_file_cut_anywhere_is_refused(void **state)
{
    (void)state;
    size_t size_bytes;
    struct rcs_diag diag;
    unsigned keys;
    char *bytes = open_file("redis-7.0", "small", &size_bytes);
    for (size_t size = 0; size < size_bytes; size++) {
        char *cut = malloc(size > 0 ? size : 1);
        assert_non_null(cut);
        memcpy(cut, bytes, size);
        assert_int_equal(read_all(cut, size, 10, &keys, &diag), RCS_ERR_PROTOCOL);
        free(cut);
    }
    free(bytes);
}

static void a_changed_bit_is_found(void **state)
{
    (void)state;
    size_t size_bytes;
    struct rcs_diag diag;
    unsigned keys;
    char *bytes = open_file("redis-7.0", "expiry", &size_bytes);
    for (size_t at = 0; at < size_bytes; at++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            bytes[at] = (char)(bytes[at] ^ 1 << bit);
            assert_int_not_equal(read_all(bytes, size_bytes, 10, &keys, &diag), RCS_OK);
            bytes[at] = (char)(bytes[at] ^ 1 << bit);
        }
    }
    assert_int_equal(read_all(bytes, size_bytes, 10, &keys, &diag), RCS_OK);
    free(bytes);
}

static void streams_are_refused_by_name(void **state)
{
    (void)state;
    static const char *const with_streams[] = { "redis-5.0", "redis-7.0" };
    for (unsigned i = 0; i < 2; i++) {
        size_t size_bytes;
        struct rcs_diag diag;
        unsigned keys;
        char *bytes = open_file(with_streams[i], "stream", &size_bytes);
        assert_int_equal(read_all(bytes, size_bytes, 10, &keys, &diag), RCS_ERR_UNKNOWN);
        assert_non_null(strstr(diag.text, " is a stream, which rcsim does not have"));
        free(bytes);
    }
}

struct odd_row {
    const char *name;
    const char *bytes;
    size_t size_bytes;
    unsigned keys;
    const char *want; /* in the error; NULL: none */
};
#define BYTES(text) text, sizeof(text) - 1
#define HEAD        "REDIS0010"
#define END         "\xff\0\0\0\0\0\0\0\0" /* saved without checksum */
#define KEY         "\0\1k\1v"

/* What redis-check-rdb of 7.0.15 says agrees, but for functions and modules, which it knows, for
 * blanks in the version, which it ignores, and for a list of nothing, which only loading passes
 * over. */
static const struct odd_row odd_rows[] = {
    { "rdb file: nothing", BYTES(""), 0, "does not begin with REDIS" },
    { "rdb file: another magic", BYTES("REDIX0010" END), 0, "does not begin with REDIS" },
    { "rdb file: a later version", BYTES("REDIS0011" END), 0, "version 0011; versions 1 to 10" },
    { "rdb file: version 0", BYTES("REDIS0000" END), 0, "version 0000" },
    { "rdb file: no version", BYTES("REDIS 10 " END), 0, "version  10 " },
    { "rdb file: no keys", BYTES(HEAD END), 0, NULL },
    { "rdb file: one key", BYTES(HEAD KEY END), 1, NULL },
    { "rdb file: before checksums", BYTES("REDIS0004" KEY "\xff"), 1, NULL },
    { "rdb file: no end", BYTES(HEAD KEY), 1, "byte 14 of the RDB file: it ends before its end" },
    { "rdb file: half a checksum", BYTES(HEAD "\xff\0\0\0"), 0, "the checksum is cut short" },
    { "rdb file: another checksum", BYTES(HEAD "\xff\1\0\0\0\0\0\0\0"), 0, "does not fit" },
    { "rdb file: bytes behind it", BYTES(HEAD KEY END "*1\r\n"), 1, NULL },
    { "rdb file: how recently a key was used", BYTES(HEAD "\xf8\5" KEY "\xf9\5" KEY END), 2, NULL },
    { "rdb file: a field nobody knows", BYTES(HEAD "\xfa\4word\3abc" KEY END), 1, NULL },
    { "rdb file: half a field", BYTES(HEAD "\xfa\4word\3ab"), 0, "a field is broken" },
    { "rdb file: fields between keys", BYTES(HEAD KEY "\xfe\3\xfb\1\0" KEY END), 2, NULL },
    { "rdb file: half an expiry", BYTES(HEAD "\xfc\0\0\0"), 0, "byte 9 of the RDB file: a field" },
    { "rdb file: half a name", BYTES(HEAD "\0\4abc"), 0, "the name of a key is broken" },
    { "rdb file: half a value", BYTES(HEAD "\1\3key\2\1a"), 0,
      "the list of key \"key\" is broken" },
    { "rdb file: a list of nothing", BYTES(HEAD "\1\1e\0" KEY END), 1, NULL },
    { "rdb file: a stream", BYTES(HEAD KEY "\x0f\1s\0" END), 1,
      "byte 14 of the RDB file: key \"s\" "
      "is a stream" },
    { "rdb file: a type nobody knows", BYTES(HEAD "\x14\2\n\xff\0" END), 0,
      "key \"??\" is of type "
      "20" },
    { "rdb file: functions", BYTES(HEAD "\xf5\1x" KEY END), 0, "it holds functions" },
    { "rdb file: data of a module", BYTES(HEAD "\xf7\1\2\1\0" KEY END), 0, "data of a module" },
};

static void odd_row(void **state)
{
    const struct odd_row *row = *state;
    struct rcs_diag diag;
    unsigned keys;
    char *bytes = malloc(row->size_bytes > 0 ? row->size_bytes : 1);
    assert_non_null(bytes);
    memcpy(bytes, row->bytes, row->size_bytes);
    enum rcs_err err = read_all(bytes, row->size_bytes, 10, &keys, &diag);
    assert_int_equal(keys, row->keys);
    if (row->want == NULL) {
        check_ok(err, &diag);
    } else {
        assert_int_not_equal(err, RCS_OK);
        if (strstr(diag.text, row->want) == NULL) {
            fail_msg("%s", diag.text);
        }
    }
    free(bytes);
}

/* --- the rest --------------------------------------------------------------------------------- */

/* The expiry of a key that is passed over is not the next one's. */
static void expiries_belong_to_their_key(void **state)
{
    (void)state;
    static const char bytes[] = HEAD "\xfc\1\0\0\0\0\0\0\0\1\1e\0" KEY "\xfd\2\0\0\0" KEY
                                     "\xfc\3\0\0\0\0\0\0\0" KEY KEY END;
    static const int64_t want[] = { -1, 2000, 3, -1 };
    struct rcs_rdb_reader reader;
    const struct rcs_rdb_key *key;
    assert_int_equal(rcs_rdb_reader_init(&reader, bytes, sizeof(bytes) - 1, 10, NULL), RCS_OK);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(rcs_rdb_reader_next(&reader, &key, NULL), RCS_OK);
        assert_true(key->expire_ms == want[i]);
    }
    assert_int_equal(rcs_rdb_reader_next(&reader, &key, NULL), RCS_OK);
    assert_null(key);
    assert_int_equal(reader.empty_keys, 1);
    assert_int_equal(rcs_rdb_reader_next(&reader, &key, NULL), RCS_OK); /* the end stays the end */
    assert_null(key);
    rcs_rdb_reader_close(&reader);
}

/* Redis 7.0 rdbSaveInfoAuxFields, rdbPopulateSaveInfo: all fields there can be. */
static void what_a_file_says_of_itself_comes_back(void **state)
{
    (void)state;
    struct rcs_rdb_info info = {
        .version = 10,
        .redis_version = "7.0.15",
        .bits = 64,
        .created_s = 1800000000,
        .used_memory_bytes = 1234567,
        .replid = "0123456789abcdef0123456789abcdef01234567",
        .repl_offset = 9223372036854775807,
        .aof_base = true,
    };
    struct rcs_buf out;
    struct rcs_rdb_writer writer;
    struct rcs_rdb_reader reader;
    rcs_buf_init(&out);
    rcs_rdb_writer_init(&writer, &out, &info);
    rcs_rdb_write_end(&writer);
    assert_int_equal(rcs_rdb_reader_init(&reader, out.data, out.size_bytes, 10, NULL), RCS_OK);
    assert_string_equal(reader.info.redis_version, "7.0.15");
    assert_int_equal(reader.info.bits, 64);
    assert_true(reader.info.created_s == 1800000000 && reader.info.used_memory_bytes == 1234567);
    assert_string_equal(reader.info.replid, info.replid);
    assert_true(reader.info.repl_offset == INT64_MAX);
    assert_int_equal(reader.info.repl_stream_db, 0);
    assert_true(reader.info.aof_base);
    rcs_rdb_reader_close(&reader);
    rcs_buf_close(&out);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_of_every_release_are_read),
        cmocka_unit_test(files_of_every_release_are_written_byte_for_byte),
        cmocka_unit_test(nodes_are_filled_as_each_release_does),
        cmocka_unit_test(a_file_cut_anywhere_is_refused),
        cmocka_unit_test(a_changed_bit_is_found),
        cmocka_unit_test(streams_are_refused_by_name),
        cmocka_unit_test(expiries_belong_to_their_key),
        cmocka_unit_test(what_a_file_says_of_itself_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) + test_rows(odd_row, odd_rows);
}
