/* What a command leaves in the stream to the replicas, and how many changes it counts (for `save`):
 * lists, hashes and sets. Strings and keys are in test_call.c. */
#include "tests/support/node_harness.h"

/* Recorded from a real server; the changes are those of INFO's rdb_changes_since_last_save. PXAT 1:
 * the key has expired, but nobody has looked yet. */
static const struct row {
    const char *before; /* requests, separated by ; */
    const char *request;
    unsigned changes;
    const char *stream;
} rows[] = {
    { "", "HSET h a 1 b 2", 2, "HSET h a 1 b 2\n" },
    { "HSET h a 1", "HSET h a 1", 1, "HSET h a 1\n" },
    { "", "HSETNX h a 1", 1, "HSETNX h a 1\n" },
    { "HSET h a 1", "HSETNX h a 2", 0, "" },
    { "", "HMSET h a 1", 1, "HMSET h a 1\n" },
    { "HSET h a 1 b 2", "HDEL h a x b c", 2, "HDEL h a x b c\n" },
    { "HSET h a 1", "HDEL h x", 0, "" },
    { "", "HINCRBY h a 5", 1, "HINCRBY h a 5\n" },
    { "HSET h a x", "HINCRBY h a 5", 0, "" },
    { "", "HINCRBYFLOAT h a 1.50", 1, "HSET h a 1.5\n" },
    { "HSET h a 1", "hincrbyfloat h a 3e2", 1, "HSET h a 301\n" },
    { "HSET h a x", "HINCRBYFLOAT h a 1", 0, "" },
    { "HSET h a 1", "HSCAN h 0", 0, "" },
    { "SET h 1 PXAT 1", "HSET h b 2", 1, "MULTI\nDEL h\nHSET h b 2\nEXEC\n" },
    { "SET h 1 PXAT 1", "HGET h a", 0, "DEL h\n" },
    { "SET h 1 PXAT 1", "HDEL h a", 0, "DEL h\n" },
    { "", "SADD s 1 2 1", 2, "SADD s 1 2 1\n" },
    { "SADD s 1", "SADD s 1", 0, "" },
    { "SADD s 1 2", "SREM s 2 x 1 3", 2, "SREM s 2 x 1 3\n" },
    { "SADD s 1", "SREM s x", 0, "" },
    { "SADD s 1", "SPOP s", 1, "SREM s 1\n" },
    { "SADD s 1", "SPOP s 1", 1, "DEL s\n" },
    { "SADD s 1 2", "SPOP s 2", 2, "DEL s\n" },
    { "SADD s 1 2", "SPOP s 9", 2, "DEL s\n" },
    { "SADD s 1", "SPOP s 0", 0, "" },
    { "SADD s a", "spop s", 1, "SREM s a\n" },
    { "", "SPOP s", 0, "" },
    { "", "SPOP s 3", 0, "" },
    { "SET s 1 PXAT 1", "SPOP s", 0, "DEL s\n" },
    { "SADD s 1;MULTI;SPOP s", "EXEC", 1, "SREM s 1\n" },
    { "SADD s 1 2;MULTI;SPOP s 2", "EXEC", 2, "DEL s\n" },
    { "SADD {s}1 1", "SMOVE {s}1 {s}2 1", 2, "SMOVE {s}1 {s}2 1\n" },
    { "SADD {s}1 1;SADD {s}2 1", "SMOVE {s}1 {s}2 1", 1, "SMOVE {s}1 {s}2 1\n" },
    { "SADD {s}1 1", "SMOVE {s}1 {s}2 2", 0, "" },
    { "SADD {s}1 1", "SMOVE {s}1 {s}1 1", 0, "" },
    { "SADD {s}1 1", "SINTERSTORE {s}d {s}1", 1, "SINTERSTORE {s}d {s}1\n" },
    { "SADD {s}1 1", "SUNIONSTORE {s}d {s}1 {s}none", 1, "SUNIONSTORE {s}d {s}1 {s}none\n" },
    { "SADD {s}1 1", "SDIFFSTORE {s}d {s}1", 1, "SDIFFSTORE {s}d {s}1\n" },
    { "SADD {s}1 1", "SDIFFSTORE {s}d {s}1 {s}1", 0, "" },
    { "SADD {s}1 1", "SDIFFSTORE {s}1 {s}1 {s}1", 1, "SDIFFSTORE {s}1 {s}1 {s}1\n" },
    { "SET {s}d 1", "SINTERSTORE {s}d {s}none", 1, "SINTERSTORE {s}d {s}none\n" },
    { "SET {s}d 1 PXAT 1", "SINTERSTORE {s}d {s}none", 1, "SINTERSTORE {s}d {s}none\n" },
    { "SET {s}d 1 PXAT 1;SADD {s}1 1", "SINTERSTORE {s}d {s}1", 1,
      "MULTI\nDEL {s}d\nSINTERSTORE {s}d {s}1\nEXEC\n" },
    { "SET {s}1 1 PXAT 1", "SUNIONSTORE {s}d {s}1", 0, "DEL {s}1\n" },
    { "SET {s}1 1 PXAT 1", "SINTERCARD 1 {s}1", 0, "DEL {s}1\n" },
    { "SADD {s}1 1", "SINTER {s}1", 0, "" },
    { "SADD s 1", "SRANDMEMBER s 1", 0, "" },
    { "SET s 1 PXAT 1", "SMEMBERS s", 0, "DEL s\n" },
    { "", "LPUSH l 1 2 3", 3, "LPUSH l 1 2 3\n" },
    { "", "RPUSH l 1", 1, "RPUSH l 1\n" },
    { "", "LPUSHX l 1", 0, "" },
    { "RPUSH l 1", "RPUSHX l 2 3", 2, "RPUSHX l 2 3\n" },
    { "RPUSH l 1", "LINSERT l BEFORE 1 0", 1, "LINSERT l BEFORE 1 0\n" },
    { "RPUSH l 1", "LINSERT l BEFORE 2 0", 0, "" },
    { "RPUSH l 1", "LSET l 0 1", 1, "LSET l 0 1\n" },
    { "RPUSH l 1", "LSET l 1 1", 0, "" },
    { "RPUSH l 1 1 2", "LREM l 0 1", 2, "LREM l 0 1\n" },
    { "RPUSH l 1", "LREM l 0 2", 0, "" },
    { "RPUSH l 1 2 3", "LTRIM l 1 1", 2, "LTRIM l 1 1\n" },
    { "RPUSH l 1 2 3", "LTRIM l 0 -1", 0, "" },
    { "RPUSH l 1 2 3", "LTRIM l 1 0", 3, "LTRIM l 1 0\n" },
    { "RPUSH l 1 2 3", "LPOP l", 1, "LPOP l\n" },
    { "RPUSH l 1 2 3", "rpop l 2", 2, "rpop l 2\n" },
    { "RPUSH l 1 2 3", "RPOP l 9", 3, "RPOP l 9\n" },
    { "RPUSH l 1", "LPOP l 0", 0, "" },
    { "", "LPOP l", 0, "" },
    { "RPUSH l 1 2", "LMPOP 1 l LEFT", 1, "LPOP l 1\n" },
    { "RPUSH l 1 2", "lmpop 2 l l right count 9", 2, "RPOP l 2\n" },
    { "", "LMPOP 1 l LEFT", 0, "" },
    { "RPUSH {l}1 1 2", "LMOVE {l}1 {l}2 left RIGHT", 1, "LMOVE {l}1 {l}2 left RIGHT\n" },
    { "RPUSH {l}1 1 2", "RPOPLPUSH {l}1 {l}1", 1, "RPOPLPUSH {l}1 {l}1\n" },
    { "", "RPOPLPUSH {l}1 {l}1", 0, "" },
    { "RPUSH l 1 2", "BLPOP l 0", 1, "LPOP l\n" },
    { "RPUSH l 1 2", "brpop l 0", 1, "RPOP l\n" },
    { "RPUSH l 1 2", "BLMPOP 0 1 l LEFT COUNT 9", 2, "LPOP l 2\n" },
    { "RPUSH {l}1 1 2", "BLMOVE {l}1 {l}2 left RIGHT 0", 1, "LMOVE {l}1 {l}2 left RIGHT\n" },
    { "RPUSH {l}1 1 2", "BRPOPLPUSH {l}1 {l}2 0", 1, "RPOPLPUSH {l}1 {l}2\n" },
    { "RPUSH l 1;MULTI;BLPOP l 0;BLPOP {l} 0", "EXEC", 1, "LPOP l\n" },
    { "SET l 1 PXAT 1", "LPUSH l 1", 1, "MULTI\nDEL l\nLPUSH l 1\nEXEC\n" },
    { "SET l 1 PXAT 1", "LPUSHX l 1", 0, "DEL l\n" },
    { "SET l 1 PXAT 1", "LLEN l", 0, "DEL l\n" },
    { "SET l 1 PXAT 1", "LPOP l", 0, "DEL l\n" },
    { "SET {l}1 1 PXAT 1;RPUSH {l}2 1", "LMOVE {l}2 {l}1 LEFT LEFT", 1,
      "MULTI\nDEL {l}1\nLMOVE {l}2 {l}1 LEFT LEFT\nEXEC\n" },
    { "SET {l}1 1 PXAT 1;RPUSH {l}2 1", "LMPOP 2 {l}1 {l}2 LEFT", 1,
      "MULTI\nDEL {l}1\nLPOP {l}2 1\nEXEC\n" },
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static void change_row(void **state)
{
    const struct row *row = *state;
    struct desk *desk = desk_new(NULL);
    struct rcs_buf got;
    char before[160];
    desk_attach_replica(desk, 5);
    snprintf(before, sizeof(before), "SET first 1;%s", row->before); /* takes SELECT with it */
    for (char *request = strtok(before, ";"); request != NULL; request = strtok(NULL, ";")) {
        desk_ask(desk, 0, request);
    }
    desk_receive(desk, 5, NULL);
    uint64_t changes = desk->node->dirty;
    desk_ask(desk, 0, row->request);
    rcs_buf_init(&got);
    desk_stream(desk, 5, &got);
    assert_string_equal(got.data, row->stream);
    assert_int_equal(desk->node->dirty - changes, row->changes);
    rcs_buf_close(&got);
    desk_free(desk);
}

int main(void)
{
    static struct CMUnitTest tests[ROWS];
    static char names[ROWS][96];
    for (size_t i = 0; i < ROWS; i++) {
        snprintf(names[i], sizeof(names[i]), "%s%s%s", rows[i].before,
                 rows[i].before[0] != '\0' ? ", then " : "", rows[i].request);
        tests[i] = (struct CMUnitTest){ .name = names[i],
                                        .test_func = change_row,
                                        .initial_state = (void *)&rows[i] };
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
