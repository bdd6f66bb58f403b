#include "tests/support/command_words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- pools ------------------------------------------------------------------------------------ */

#define LONG_WORD "longer-than-sixty-four-bytes-so-that-it-does-not-fit-the-compact-form-of-a-key"
#define BYTES(literal)                                                                             \
    {                                                                                              \
        literal, sizeof(literal) - 1                                                               \
    }

struct word {
    const char *bytes;
    size_t size_bytes;
};

/* clang-format off */
static const struct word values[] = {
    BYTES("a"), BYTES("b"), BYTES("value"), BYTES("10"), BYTES("-3"), BYTES("3.14"), BYTES(""),
    BYTES("\0\377\r\n"), BYTES(LONG_WORD), BYTES("9223372036854775807"), BYTES("two words"), BYTES("7"),
};
static const struct word numbers[] = {
    BYTES("1"), BYTES("2"), BYTES("3"), BYTES("-5"), BYTES("70000"), BYTES("5000000000"),
};
static const struct word fields[] = {
    BYTES("f1"), BYTES("f2"), BYTES("f3"), BYTES("f4"), BYTES("1"), BYTES("F1"),
};
static const struct word members[] = {
    BYTES("m1"), BYTES("m2"), BYTES("m3"), BYTES("m4"), BYTES("1"), BYTES("2"), BYTES("3"), BYTES("a"),
};
static const struct word ints[] = {
    BYTES("1"), BYTES("2"), BYTES("-1"), BYTES("10"), BYTES("0"), BYTES("-7"), BYTES("1000000"),
};
static const struct word floats[] = {
    BYTES("0.5"), BYTES("-1.25"), BYTES("3"), BYTES("1e3"), BYTES("100.000001"), BYTES("5.0e-2"), BYTES("0.1"),
};
static const struct word scores[] = {
    BYTES("1"), BYTES("2"), BYTES("2.5"), BYTES("-1"), BYTES("0"), BYTES("inf"), BYTES("-inf"), BYTES("1e10"),
    BYTES("3"), BYTES("0.1"), BYTES("1"), BYTES("2"),
};
static const struct word bounds[] = {
    BYTES("1"), BYTES("(1"), BYTES("2"), BYTES("(2.5"), BYTES("-inf"), BYTES("+inf"), BYTES("0"), BYTES("(3"),
};
static const struct word lexes[] = {
    BYTES("[m1"), BYTES("(m3"), BYTES("-"), BYTES("+"), BYTES("[a"), BYTES("(1"), BYTES("[z"),
};
static const struct word patterns[] = {
    BYTES("*"), BYTES("{t}*"), BYTES("m*"), BYTES("f[1-3]"), BYTES("?1"), BYTES("*1"), BYTES("\\*"),
    BYTES("[^a]*"), BYTES("{t}?1"), BYTES(""), BYTES("c*"),
};
static const struct word channels[] = { BYTES("c1"), BYTES("c2"), BYTES("{t}c3"), BYTES("") };
static const struct word cursors[] = { BYTES("0"), BYTES("0"), BYTES("0"), BYTES("0"), BYTES("5") };
static const struct word secs[] = { BYTES("100"), BYTES("5000"), BYTES("5000"), BYTES("0"), BYTES("-1") };
static const struct word ms[] = { BYTES("100000"), BYTES("7000000"), BYTES("7000000"), BYTES("100001") };
static const struct word unixes[] = { BYTES("4102444800"), BYTES("4102444801"), BYTES("1") };
static const struct word unixes_ms[] = { BYTES("4102444800000"), BYTES("4102444801000"), BYTES("1") };
static const struct word ttls[] = { BYTES("0"), BYTES("0"), BYTES("7000000"), BYTES("-1") };
static const struct word counts[] = {
    BYTES("0"), BYTES("1"), BYTES("1"), BYTES("2"), BYTES("3"), BYTES("6"), BYTES("100"),
};
static const struct word indexes[] = {
    BYTES("0"), BYTES("1"), BYTES("2"), BYTES("-1"), BYTES("-2"), BYTES("5"), BYTES("-100"), BYTES("100"),
};
static const struct word offsets[] = { BYTES("0"), BYTES("1"), BYTES("7"), BYTES("8"), BYTES("33"), BYTES("1000") };
static const struct word bits[] = { BYTES("0"), BYTES("1") };
static const struct word timeouts[] = { BYTES("0.01"), BYTES("0.05"), BYTES(PLAN_LONG_WAIT), BYTES(PLAN_LONG_WAIT) };
static const struct word databases[] = { BYTES("0"), BYTES("0"), BYTES("1") };
static const struct word type_names[] = {
    BYTES("string"), BYTES("list"), BYTES("hash"), BYTES("SET"), BYTES("zset"), BYTES("stream"), BYTES("x"),
};
static const struct word slots[] = {
    BYTES("0"), BYTES("15891"), BYTES("15891"), BYTES("16383"), BYTES("16384"), BYTES("-1"), /* 15891: {t} */
};
static const struct word node_ids[] = {
    BYTES("0000000000000000000000000000000000000000"), BYTES("nonsense"), BYTES(""),
};
static const struct word commands[] = {
    BYTES("get"), BYTES("SET"), BYTES("nonsense"), BYTES("hset"), BYTES("cluster|info"), BYTES("eval"),
    BYTES("blmpop"), BYTES("client"), BYTES("zadd"), BYTES("config|nonsense"), BYTES("migrate"), BYTES("mset"),
};
static const struct word payloads[] = { /* DUMP of a string, a list, a hash, a set, a sorted set */
    BYTES("\x00\x03\x61\x62\x63\x0a\x00\xd9\xac\x30\x3d\x41\x72\xa2\xe2"),
    BYTES("\x12\x01\x02\x10\x10\x00\x00\x00\x03\x00\x81\x61\x02\x01\x01\x82\x62\x62\x03\xff\x0a\x00\xdf\x0a\xf3\x10"
          "\xbe\x9d\x9e\x9d"),
    BYTES("\x10\x0e\x0e\x00\x00\x00\x02\x00\x82\x66\x31\x03\x81\x76\x02\xff\x0a\x00\x17\xbf\xdc\xee\x83\x3f\xd4\x01"),
    BYTES("\x0b\x0e\x02\x00\x00\x00\x03\x00\x00\x00\x01\x00\x02\x00\x03\x00\x0a\x00\xa5\x02\x5c\xe2\x6d\x6e\x4d\x1b"),
    BYTES("\x11\x16\x16\x00\x00\x00\x04\x00\x82\x6d\x31\x03\x01\x01\x82\x6d\x32\x03\x83\x32\x2e\x35\x04\xff\x0a\x00"
          "\xdd\x92\x6f\x09\x5f\x85\x4c\x7b"),
    BYTES("\x00\x03\x61\x62\x63\x0a\x00\xd9\xac\x30\x3d\x41\x72\xa2\xe3"),
};
static const struct word shas[] = { /* of the first two scripts; of none */
    BYTES("e0e1f9fabfc9d4800c877a703b823ac0578ff8db"), BYTES("620cd258c2c9c88c9d10db67812ccf663d96bdc6"),
    BYTES("620CD258C2C9C88C9D10DB67812CCF663D96BDC6"), BYTES("ffffffffffffffffffffffffffffffffffffffff"),
    BYTES("short"),
};
static const struct word scripts[] = {
    BYTES("return 1"), BYTES("return redis.call('GET',KEYS[1])"),
    BYTES("return {KEYS[1],ARGV[1],ARGV[2]}"), BYTES("return redis.call('SET',KEYS[1],ARGV[1])"),
    BYTES("return redis.pcall('INCR',KEYS[1])"), BYTES("return redis.error_reply('MY own error')"),
    BYTES("return {1,2,{3,'x'},nil,4}"), BYTES("return cjson.encode({ARGV[1],1,true})"),
    BYTES("return tostring(tonumber(ARGV[1]))"), BYTES("return 3.99"), BYTES("return -3.99"),
    BYTES("return redis.call('TYPE',KEYS[1])"), BYTES("x=1"), BYTES("return redis.sha1hex(ARGV[1])"),
    BYTES("return nosuch"), BYTES("return redis.call('nosuch')"),
    BYTES("return redis.call('LPUSH',KEYS[1],unpack(ARGV))"), BYTES("return {ok='fine'}"),
    BYTES("return {err='BAD thing'}"), BYTES("return true"), BYTES("return false"),
    BYTES("return #redis.call('LRANGE',KEYS[1],0,-1)"), BYTES("return string.format('%d %s',5,ARGV[2])"),
    BYTES("return redis.status_reply('X')"), BYTES("return bit.band(6,3)"),
    BYTES("return struct.pack('>I2',258)"), BYTES("return cmsgpack.pack({1,2,'x'})"),
    BYTES("error('boom')"), BYTES("return redis.call('ZADD',KEYS[1],'1',ARGV[1])"),
    BYTES("return {double=3.25}"), BYTES("redis.setresp(3) return {double=3.25}"),
    BYTES("redis.setresp(3) return redis.call('ZSCORE',KEYS[1],'m1')"), BYTES("return math.random(100)"),
    BYTES("return redis.REDIS_VERSION"), BYTES("return redis.call('blpop',KEYS[1],'0')"),
    BYTES("return redis.pcall('GET',KEYS[1])['err'] or 'none'"), BYTES("return redis.call('SUBSCRIBE','c')"),
    BYTES("return redis.call('HGET',KEYS[1])"), BYTES("return redis.call('SET','elsewhere',1)"),
    BYTES("#!lua flags=no-writes\nreturn redis.call('SET',KEYS[1],1)"), BYTES("#!lua\nreturn 5"), BYTES("return {"),
    BYTES("return cjson.decode('[1,2.5,\"x\",null]')"), BYTES("return redis.call('CLUSTER','KEYSLOT','a')"),
};
static const struct word edges[] = {
    BYTES("9223372036854775807"), BYTES("-9223372036854775808"), BYTES("9223372036854775808"),
    BYTES("-9223372036854775807"), BYTES("18446744073709551615"), BYTES("-0"), BYTES("1e400"), BYTES("nan"),
    BYTES("inf"), BYTES("-inf"), BYTES("+inf"), BYTES("Infinity"), BYTES(""), BYTES(" 1"), BYTES("1 "), BYTES("+1"),
    BYTES("01"), BYTES("0x10"), BYTES("1.5"), BYTES("3.0"), BYTES("1e3"), BYTES("abc"), BYTES("\0\377"),
    BYTES("2147483648"), BYTES("-2147483649"), BYTES("4294967296"), BYTES("99999999999999999999"),
    BYTES("1e-400"), BYTES("179769313486231570000000000000"), BYTES("1\0"), BYTES("(1"), BYTES("("), BYTES("["),
    BYTES("+"), BYTES("-"), BYTES("*"), BYTES("MATCH"), BYTES("COUNT"), BYTES("LIMIT"), BYTES("-1"), BYTES("0"),
};
/* Numbers out of range or small: ROW_SMALL. */
static const struct word small_edges[] = {
    BYTES("9223372036854775808"), BYTES("-9223372036854775809"), BYTES("-0"), BYTES("1e400"), BYTES("nan"),
    BYTES(""), BYTES(" 1"), BYTES("1.5"), BYTES("abc"), BYTES("\0\377"), BYTES("-1"), BYTES("0"), BYTES("+1"),
    BYTES("4294967296"), BYTES("9223372036854775807"), BYTES("99999999999999999999"), BYTES("-10"),
};
static const struct word longs[] = { BYTES(LONG_WORD) };

#define POOL(name, words) { name, words, sizeof(words) / sizeof(words[0]) }
static const struct {
    const char *name;
    const struct word *words;
    size_t count;
} pools[] = {
    POOL("value", values), POOL("number", numbers), POOL("field", fields), POOL("member", members),
    POOL("int", ints), POOL("float", floats), POOL("score", scores), POOL("bound", bounds),
    POOL("lex", lexes), POOL("pattern", patterns), POOL("channel", channels), POOL("cursor", cursors),
    POOL("secs", secs), POOL("ms", ms), POOL("unix", unixes), POOL("unixms", unixes_ms),
    POOL("ttl", ttls), POOL("count", counts), POOL("index", indexes), POOL("offset", offsets),
    POOL("bit", bits), POOL("timeout", timeouts), POOL("database", databases),
    POOL("typename", type_names), POOL("slot", slots), POOL("nodeid", node_ids),
    POOL("command", commands), POOL("payload", payloads), POOL("sha", shas), POOL("script", scripts),
    POOL("edge", edges), POOL("smalledge", small_edges), POOL("long", longs),
};
/* clang-format on */

/* --- keys ------------------------------------------------------------------------------------- */

static void add_key(struct words *words, char type)
{
    static const char types[] = "slhtz";
    char key[16];
    if (type == 'u') {
        type = words_below(words, 3) == 0 ? 't' : 'z';
    }
    if (type == 'a' || words->other_types) {
        type = types[words_below(words, type == 'e' ? 4 : 5)];
    }
    bool tagged = words_below(words, 12) != 0;
    snprintf(key, sizeof(key), "%s%c%u", tagged ? "{t}" : "", type,
             tagged ? 1 + words_below(words, 3) : 1);
    plan_step_add(words->step, key, strlen(key));
}

static void add_keys(struct words *words, char type)
{
    char number[8];
    unsigned count = 1 + words_below(words, 3);
    snprintf(number, sizeof(number), "%u", words_below(words, 20) == 0 ? count + 1 : count);
    plan_step_add(words->step, number, strlen(number));
    while (count-- > 0) {
        add_key(words, type);
    }
}

/* --- grammar ---------------------------------------------------------------------------------- */

#define ITEMS_MAX 32

static const char *skip_blanks(const char *at)
{
    return at + strspn(at, " ");
}

/* Behind the item at `at`: a word, or a bracket with what is in it. */
static const char *behind(const char *at)
{
    int depth = 0;
    do {
        at = skip_blanks(at);
        depth += *at == '(' || *at == '[' || *at == '<';
        depth -= *at == ')' || *at == ']' || *at == '>';
        at += strcspn(at, " ");
    } while (depth > 0);
    return at;
}

static void add_word(struct words *words, const char *word, size_t length)
{
    char text[64];
    snprintf(text, sizeof(text), "%.*s", (int)length, word);
    if (strncmp(text, "key:", 4) == 0) {
        add_key(words, text[4]);
        return;
    }
    if (strncmp(text, "keys:", 5) == 0) {
        add_keys(words, text[5]);
        return;
    }
    if (strcmp(text, "\"\"") == 0) {
        plan_step_add(words->step, "", 0);
        return;
    }
    if (strcmp(text, "directive") == 0) {
        static const char *const more[] = { "hash-*", "maxmemory*", "nonsense", "*timeout",
                                            "MAXMEMORY" };
        unsigned known = 0;
        while (command_row_directives[known] != NULL) {
            known++;
        }
        unsigned at = words_below(words, known + 5);
        const char *name = at < known ? command_row_directives[at] : more[at - known];
        plan_step_add(words->step, name, strlen(name));
        return;
    }
    for (size_t i = 0; i < sizeof(pools) / sizeof(pools[0]); i++) {
        if (strcmp(pools[i].name, text) == 0) {
            const struct word *found =
                &pools[i].words[words_below(words, (unsigned)pools[i].count)];
            plan_step_add(words->step, found->bytes, found->size_bytes);
            return;
        }
    }
    bool odd = words_below(words, 4) == 0;
    for (size_t i = 0; odd && text[i] != '\0'; i++) { /* options in odd case */
        if (text[i] >= 'A' && text[i] <= 'Z' && words_below(words, 2) == 0) {
            text[i] = (char)(text[i] + 32);
        }
    }
    plan_step_add(words->step, text, strlen(text));
}

static void generate(struct words *words, const char *at, const char *end);

/* The items of a bracket; `bar` splits at | only. */
static unsigned split(const char *at, const char *end, bool bar, const char *item[ITEMS_MAX + 1])
{
    unsigned count = 0;
    item[count++] = at;
    for (at = skip_blanks(at); at < end; at = skip_blanks(at)) {
        if (bar && *at == '|') {
            item[count++] = at + 1;
        } else if (!bar && at != skip_blanks(item[count - 1])) {
            item[count++] = at;
        }
        RCS_ASSERT(count <= ITEMS_MAX);
        at = behind(at);
    }
    item[count] = end;
    return count;
}

static void generate_bracket(struct words *words, const char *at, const char *end)
{
    bool again = end[-1] == '+';
    const char *item[ITEMS_MAX + 1], *first = at + 1, *last = end - (again ? 2 : 1);
    switch (*at) {
    case '[':
        if (words_below(words, 2) == 0) {
            generate(words, first, last);
        }
        break;
    case '(': {
        unsigned count = split(first, last, true, item);
        unsigned times = again ? 1 + words_below(words, 3) : 1;
        while (times-- > 0) {
            unsigned chosen = words_below(words, count);
            generate(words, item[chosen], chosen + 1 == count ? last : item[chosen + 1] - 1);
        }
        break;
    }
    default: { /* any order */
        unsigned count = split(first, last, false, item), order[ITEMS_MAX];
        for (unsigned i = 0; i < count; i++) {
            unsigned j = words_below(words, i + 1);
            order[i] = order[j];
            order[j] = i;
        }
        for (unsigned i = 0; i < count; i++) {
            generate(words, item[order[i]], behind(item[order[i]]));
        }
    }
    }
}

static void generate(struct words *words, const char *at, const char *end)
{
    for (at = skip_blanks(at); at < end; at = skip_blanks(at)) {
        const char *next = behind(at);
        if (*at == '(' || *at == '[' || *at == '<') {
            generate_bracket(words, at, next);
        } else {
            add_word(words, at, (size_t)(next - at));
        }
        at = next;
    }
}

void words_generate(struct words *words, const char *grammar)
{
    generate(words, grammar, grammar + strlen(grammar));
}
