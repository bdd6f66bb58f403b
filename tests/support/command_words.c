#include "tests/support/command_words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- pools ------------------------------------------------------------------------------------ */

#define FORTY_FOUR "forty-four-bytes-are-the-most-of-an-embstr-0"
#define LONG_WORD  "longer-than-sixty-four-bytes-so-that-it-does-not-fit-the-compact-form-of-a-key"
/* Some ten of them are more than a node of a list holds. */
#define BIG_WORD                                                                                   \
    LONG_WORD LONG_WORD LONG_WORD LONG_WORD LONG_WORD LONG_WORD LONG_WORD LONG_WORD LONG_WORD      \
        LONG_WORD
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
    BYTES("-9223372036854775808"), BYTES("1e3"), BYTES("-0"), BYTES("0"), BYTES("\xff\xf0\x00\x0f"), BYTES("9999"),
    BYTES("a"), BYTES("b"), BYTES("10"), BYTES(FORTY_FOUR), BYTES(FORTY_FOUR "+"),
};
static const struct word numbers[] = {
    BYTES("1"), BYTES("2"), BYTES("3"), BYTES("-5"), BYTES("70000"), BYTES("5000000000"),
};
static const struct word fields[] = {
    BYTES("f1"), BYTES("f2"), BYTES("f3"), BYTES("f4"), BYTES("1"), BYTES("F1"), BYTES("f1"), BYTES("f2"), BYTES("f3"),
    BYTES("\0\377"), BYTES(""),
};
static const struct word members[] = {
    BYTES("m1"), BYTES("m2"), BYTES("m3"), BYTES("m4"), BYTES("1"), BYTES("2"), BYTES("3"), BYTES("a"),
    BYTES("m1"), BYTES("m2"), BYTES("m3"), BYTES(""), BYTES("\0\377"), BYTES("-1"), BYTES("01"), BYTES("9223372036854775807"),
    BYTES("70000"),
};
static const struct word ints[] = {
    BYTES("1"), BYTES("2"), BYTES("-1"), BYTES("10"), BYTES("0"), BYTES("-7"), BYTES("1000000"),
    BYTES("9223372036854775807"), BYTES("-9223372036854775808"), BYTES("9223372036854775797"),
};
static const struct word floats[] = {
    BYTES("0.5"), BYTES("-1.25"), BYTES("3"), BYTES("1e3"), BYTES("100.000001"), BYTES("5.0e-2"), BYTES("0.1"),
    BYTES("1e17"), BYTES("3.0e3"), BYTES("-0"), BYTES("1e-17"), BYTES("0.1000000000000000055511"), BYTES("0x1p3"),
    BYTES("9007199254740993"), BYTES("1e300"), BYTES("-1e300"), BYTES(".5"), BYTES("5."), BYTES("1e4932"),
};
static const struct word scores[] = {
    BYTES("1"), BYTES("2"), BYTES("2.5"), BYTES("-1"), BYTES("0"), BYTES("inf"), BYTES("-inf"), BYTES("1e10"),
    BYTES("3"), BYTES("0.1"), BYTES("1"), BYTES("2"),
    BYTES("-0"), BYTES("1e17"), BYTES("1.7976931348623157e308"), BYTES("5e-324"), BYTES("9007199254740993"), BYTES("3.0"),
    BYTES("0x10"), BYTES("1e-7"), BYTES("123456789.123456789"), BYTES("-2.5e-10"), BYTES("1e21"),
};
static const struct word bounds[] = {
    BYTES("1"), BYTES("(1"), BYTES("2"), BYTES("(2.5"), BYTES("-inf"), BYTES("+inf"), BYTES("0"), BYTES("(3"), BYTES("-1"), BYTES("10"),
    BYTES("(-inf"), BYTES("(inf"), BYTES("1e3"), BYTES("(1e-7"), BYTES("-0"), BYTES("(0"), BYTES("inf"),
};
static const struct word lexes[] = {
    BYTES("[m1"), BYTES("(m3"), BYTES("-"), BYTES("+"), BYTES("[a"), BYTES("(1"), BYTES("[z"), BYTES("["), BYTES("("), BYTES("[m"),
    BYTES("[m2"), BYTES("(m1"), BYTES("[\0"), BYTES("[\377"), BYTES("(m3\0"),
};
static const struct word patterns[] = {
    BYTES("*"), BYTES("{t}*"), BYTES("m*"), BYTES("f[1-3]"), BYTES("?1"), BYTES("*1"), BYTES("\\*"),
    BYTES("[^a]*"), BYTES("{t}?1"), BYTES(""), BYTES("c*"),
    BYTES("[a-"), BYTES("*[12]"), BYTES("m[^1]"), BYTES("[3-1]*"), BYTES("f\\1"), BYTES("**1*"), BYTES("[]"), BYTES("*\\"),
    BYTES("[\\f]1"), BYTES("?"), BYTES("{t}[hl]*"), BYTES("[-a]*"),
};
static const struct word channels[] = { BYTES("c1"), BYTES("c2"), BYTES("{t}c3"), BYTES("") };
static const struct word cursors[] = { BYTES("0"), BYTES("0"), BYTES("0"), BYTES("0"), BYTES("5") };
static const struct word secs[] = {
    BYTES("100"), BYTES("5000"), BYTES("5000"), BYTES("7000"), BYTES("0"), BYTES("-1"), BYTES("9223372036854775"),
    BYTES("10000000000"),
};
static const struct word ms[] = { BYTES("100000"), BYTES("7000000"), BYTES("7000000"), BYTES("100001"), BYTES("8000000") };
static const struct word gt_secs[] = { BYTES("101"), BYTES("4000"), BYTES("6000"), BYTES("8500"), BYTES("9000"), BYTES("-1") };
static const struct word gt_ms[] = { BYTES("100100"), BYTES("4100000"), BYTES("6100000"), BYTES("7500000"), BYTES("0") };
static const struct word unixes[] = { BYTES("4102444800"), BYTES("4102444801"), BYTES("1") };
static const struct word unixes_ms[] = { BYTES("4102444800000"), BYTES("4102444801000"), BYTES("1") };
static const struct word ttls[] = { BYTES("0"), BYTES("0"), BYTES("7000000"), BYTES("-1") };
static const struct word counts[] = {
    BYTES("0"), BYTES("1"), BYTES("1"), BYTES("2"), BYTES("3"), BYTES("6"), BYTES("100"), BYTES("-1"), BYTES("4"),
    BYTES("1000"),
};
static const struct word indexes[] = {
    BYTES("0"), BYTES("1"), BYTES("2"), BYTES("-1"), BYTES("-2"), BYTES("5"), BYTES("-100"), BYTES("100"), BYTES("3"), BYTES("-3"),
    BYTES("7"), BYTES("8"), BYTES("-8"), BYTES("-4"), BYTES("15"),
};
static const struct word offsets[] = { BYTES("0"), BYTES("1"), BYTES("7"), BYTES("8"), BYTES("33"), BYTES("1000") };
static const struct word bits[] = { BYTES("0"), BYTES("1"), BYTES("1") };
static const struct word timeouts[] = { BYTES("0.01"), BYTES("0.05"), BYTES(PLAN_LONG_WAIT), BYTES(PLAN_LONG_WAIT) };
static const struct word databases[] = { BYTES("0"), BYTES("0"), BYTES("1"), BYTES("15"), BYTES("16") };
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
    BYTES("zunionstore"), BYTES("ZRANGE"), BYTES("bitop"), BYTES("lmpop"), BYTES("object|freq"), BYTES("client|kill"),
    BYTES("smove"), BYTES("getex"), BYTES("spublish"), BYTES("restore"), BYTES("copy"), BYTES("exec"),
    BYTES("hrandfield"), BYTES("lpos"), BYTES("set|x"), BYTES("cluster|nosuch"), BYTES("cluster|"), BYTES(""),
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
static const struct word loaded_scripts[] = {
    BYTES("return 1"), BYTES("return redis.call('GET',KEYS[1])"),
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
    BYTES("redis.setresp(3) local t=redis.call('HGETALL',KEYS[1]) return t.map and t.map.f1"),
    BYTES("redis.setresp(3) local t=redis.call('SMEMBERS',KEYS[1]) return t.set and t.set['m1']"),
    BYTES("redis.setresp(3) return redis.call('INFO','nosuch')"),
    BYTES("redis.setresp(3) return redis.call('CONFIG','GET','maxmemory')"),
    BYTES("return redis.call('CONFIG','GET','maxmemory')"),
    BYTES("redis.setresp(3) return redis.call('ZADD',KEYS[1],'XX','INCR','1','m1')"),
    BYTES("redis.setresp(3) return cjson.encode(redis.call('ZSCORE',KEYS[1],'m1'))"),
    BYTES("return cmsgpack.pack(0,1,127,128,255,256,65535,65536,4294967295,4294967296)"),
    BYTES("return cmsgpack.pack(-1,-32,-33,-128,-129,-32768,-32769,-2147483648,-2147483649)"),
    BYTES("return cmsgpack.pack(1.5,0.1,-0.25,1/0,-1/0,2^53,2^63,1e300,nil,true,false)"),
    BYTES("return cmsgpack.pack(string.rep('x',31),string.rep('y',32),string.rep('z',256))"),
    BYTES("return cmsgpack.pack({1,2,{3,{}}},{[1]=1,[3]=3},{1,nil,3})"), BYTES("return cmsgpack.pack({a={b={c=1}}})"),
    BYTES("return cmsgpack.pack()"), BYTES("return cmsgpack.pack(print)"),
    BYTES("local t={} t.t=t return #cmsgpack.pack(t)"),
    BYTES("return {cmsgpack.unpack('\\1\\255\\192\\195\\194\\161a')}"),
    BYTES("return {cmsgpack.unpack('\\204\\200\\205\\1\\2\\206\\1\\2\\3\\4\\207\\0\\0\\0\\0\\0\\0\\1\\0')}"),
    BYTES("return {cmsgpack.unpack('\\208\\200\\209\\255\\2\\210\\255\\255\\255\\4\\211\\255\\255\\255\\255\\255\\255\\255\\0')}"),
    BYTES("return {tostring(cmsgpack.unpack('\\203\\63\\240\\0\\0\\0\\0\\0\\1'))}"),
    BYTES("return {tostring(cmsgpack.unpack('\\202\\63\\192\\0\\0'))}"),
    BYTES("return cmsgpack.unpack('\\130\\161a\\1\\161b\\147\\1\\2\\3').b"),
    BYTES("return cmsgpack.unpack('\\220\\0\\2\\1\\2')"), BYTES("return cmsgpack.unpack('\\217\\2ab')"),
    BYTES("return cmsgpack.unpack('\\193')"), BYTES("return cmsgpack.unpack('\\146\\1')"),
    BYTES("return cmsgpack.unpack('')"), BYTES("return {cmsgpack.unpack_one('\\1\\2\\3')}"),
    BYTES("return {cmsgpack.unpack_one('\\1\\2\\3',1)}"), BYTES("return {cmsgpack.unpack_one('\\1\\2\\3',9)}"),
    BYTES("return {cmsgpack.unpack_limit('\\1\\2\\3',2)}"), BYTES("return {cmsgpack.unpack_limit('\\1\\2\\3',-1,1)}"),
    BYTES("return struct.pack('>I2<I2=I4hHlLbB',1,2,3,-4,5,-6,7,-8,9)"), BYTES("return struct.pack('>fd',1.5,-2.25)"),
    BYTES("return struct.pack('!4bi','1','2')"), BYTES("return struct.pack('!3i',1)"),
    BYTES("return struct.pack('c5','hello world')"), BYTES("return struct.pack('c0',ARGV[1])"),
    BYTES("return struct.pack('s',ARGV[1])"), BYTES("return struct.pack('xbxx',7)"),
    BYTES("return struct.pack('i9',1)"), BYTES("return struct.pack('i16',1)"), BYTES("return struct.pack('i33',1)"),
    BYTES("return struct.pack('q',1)"), BYTES("return struct.pack('I1',256)"), BYTES("return struct.pack('B',-1)"),
    BYTES("return struct.pack('I8',2^63)"), BYTES("return struct.pack('i8',-2^63)"),
    BYTES("return struct.pack('I',1.9)"), BYTES("return struct.pack('b')"), BYTES("return struct.pack('b','x')"),
    BYTES("return struct.size('!8bicl')"), BYTES("return struct.size('s')"), BYTES("return struct.size('c0')"),
    BYTES("return struct.size('>bhil')"), BYTES("return struct.size('i99999999999')"),
    BYTES("return {struct.unpack('>I2<I2','\\1\\2\\3\\4')}"),
    BYTES("return {struct.unpack('>h<b','\\255\\254\\253')}"),
    BYTES("return {tostring(struct.unpack('>f','\\63\\192\\0\\0'))}"),
    BYTES("return {tostring(struct.unpack('<d','\\0\\0\\0\\0\\0\\0\\2\\192'))}"),
    BYTES("return {struct.unpack('bc0','\\3abcd')}"), BYTES("return {struct.unpack('c0','abc')}"),
    BYTES("return {struct.unpack('s','ab\\0cd')}"), BYTES("return {struct.unpack('s','abcd')}"),
    BYTES("return {struct.unpack('I4','abc')}"), BYTES("return {struct.unpack('b','abc',2)}"),
    BYTES("return {struct.unpack('b','abc',9)}"), BYTES("return {struct.unpack('b','abc',0)}"),
    BYTES("return {struct.unpack('!4bI4','\\1\\0\\0\\0\\2\\0\\0\\0')}"),
    BYTES("return tostring(struct.unpack('I8','\\255\\255\\255\\255\\255\\255\\255\\255'))"),
    BYTES("local o={} for k,v in pairs({10,20,30}) do o[#o+1]=k*v end return o"),
    BYTES("local o={} for k,v in ipairs({10,20,nil,30}) do o[#o+1]=v end return o"), BYTES("return next({})"),
    BYTES("return {next({5})}"), BYTES("return next(nil)"), BYTES("return rawget({5},1)"),
    BYTES("return rawset({},1,7)[1]"), BYTES("return rawequal('a','a')"), BYTES("rawset(_G,'x',1)"),
    BYTES("setmetatable(_G,{})"), BYTES("getmetatable('').__index=nil"), BYTES("return getmetatable(_G)"),
    BYTES("return tostring(getmetatable(''))~=nil"), BYTES("redis.x=1"), BYTES("cjson.encode=nil"),
    BYTES("table.insert(KEYS,'x') return KEYS"),
    BYTES("math.randomseed(7) return {math.random(1000),math.random(5,9),math.floor(math.random()*1000)}"),
    BYTES("math.randomseed(0) return math.random(0)"), BYTES("return math.random(3,1)"),
    BYTES("return math.random(1,2,3)"), BYTES("math.randomseed(-1) return math.random(100000)"),
    BYTES("return {math.max(1,5,3),math.min(4,2),math.abs(-3),math.fmod(7,3),math.ceil(1.2)}"),
    BYTES("return {math.huge,-math.huge}"), BYTES("return math.pi*1000"), BYTES("return tostring(math.huge)"),
    BYTES("return tostring(0/0)==tostring(-(0/0))"),
    BYTES("return {tostring(1e100),tostring(123456789012345),tostring(-1.5e-7),tostring(2^31),1e3 ..''}"),
    BYTES("return {tonumber('1e3'),tonumber(' 5 '),tonumber('5x'),tonumber('z',36),tonumber('ff',16)}"),
    BYTES("return {string.format('%s|%10s|%-5s|%05d|%+d|%e|%g|%c','a','b','c',42,7,12345.678,0.0001,65)}"),
    BYTES("return string.format('%s')"), BYTES("return string.format('%y',1)"),
    BYTES("return string.format('%i|%u|%o|%X|%#x|%.3s',-1,5,8,255,255,'abcdef')"),
    BYTES("return {string.match('key=val','(%w+)=(%w+)')}"), BYTES("return {string.gsub('abc','%w','%0%0',2)}"),
    BYTES("return {string.gsub('abc','b',{b='X'})}"), BYTES("return string.gsub('x','(','')"),
    BYTES("return string.reverse(ARGV[1])"), BYTES("return string.sub(ARGV[1],-3,-2)"),
    BYTES("return {string.len('a\\0b'),('x'):rep(0),('%d'):format(3)}"),
    BYTES("return {table.concat({1,2,3},'-',2,3),table.remove({1,2,3}),table.maxn({1,nil,3})}"),
    BYTES("local t={3,1,2} table.sort(t) return t"),
    BYTES("local t={3,1,2} table.sort(t,function(a,b) return a>b end) return t"), BYTES("table.sort({1,'a'})"),
    BYTES("return table.concat({{}})"), BYTES("return cjson.encode({a={1,2},[1]=nil})"),
    BYTES("return cjson.encode({1,2,[4]=4})"), BYTES("return cjson.encode('\\0\\31\\127\\200\"\\\\/')"),
    BYTES("return cjson.encode(cjson.null)"), BYTES("return cjson.encode({cjson.null,cjson.decode('null')})"),
    BYTES("return cjson.decode('{\"a\":{\"b\":[1,{\"c\":null}]}}').a.b[1]"), BYTES("return cjson.decode('[1,]')"),
    BYTES("return cjson.decode('{\"a\"}')"), BYTES("return cjson.decode('nul')"),
    BYTES("return cjson.decode('\"\\\\u00e9\\\\n\\\\ud83d\\\\ude00\"')"),
    BYTES("return cjson.decode('\"\\\\ud83d\"')"), BYTES("return {cjson.decode('[1e3,-0,0x10,1.5]')}"),
    BYTES("return cjson.decode('[1] x')"), BYTES("return cjson.decode('')"),
    BYTES("return cjson.decode('  [ true , false ]  ')"),
    BYTES("cjson.encode_max_depth(2) return cjson.encode({{{1}}})"),
    BYTES("cjson.decode_max_depth(2) return cjson.decode('[[[1]]]')"),
    BYTES("cjson.encode_number_precision(3) return cjson.encode(1/3)"),
    BYTES("cjson.encode_sparse_array(true) return cjson.encode({[1]=1,[50]=2})"),
    BYTES("cjson.encode_invalid_numbers(true) return cjson.encode(1/0)"),
    BYTES("cjson.decode_invalid_numbers(false) return cjson.decode('[nan]')"),
    BYTES("cjson.encode_keep_buffer(false) return cjson.encode({1})"), BYTES("return cjson.new().encode({1})"),
    BYTES("return cjson._NAME..cjson._VERSION"),
    BYTES("return {bit.tobit(2^32+5),bit.bnot(0),bit.bor(1,2,4),bit.rshift(-1,28),bit.rol(1,33),bit.ror(1,1),bit.bswap(1)}"),
    BYTES("return {bit.tohex(-1,-4),bit.tohex(10),bit.tohex(1,0),bit.lshift(1,32),bit.band(2^40+1,-1),bit.bor(1.5)}"),
    BYTES("return bit.bor('x')"), BYTES("return redis.breakpoint()"), BYTES("return redis.debug('x')"),
    BYTES("return redis.set_repl()"), BYTES("return redis.set_repl(redis.REPL_NONE)"),
    BYTES("redis.log(redis.LOG_WARNING,'a','b',5)"), BYTES("redis.log('a','b')"),
    BYTES("return {redis.LOG_DEBUG,redis.LOG_VERBOSE,redis.REPL_SLAVE,redis.REPL_AOF,redis.REPL_REPLICA}"),
    BYTES("return pcall(redis.error_reply)"), BYTES("return select(2,pcall(redis.call,'nosuch')).err"),
    BYTES("local e=redis.pcall('SET',KEYS[1]) return {e.err,e.source~=nil,e.line~=nil,e.ignore_error_stats_update}"),
    BYTES("return redis.call('SET','{t}s1','x')"), BYTES("return redis.call('GET','s1')"),
    BYTES("return xpcall(function() error('in') end,function(m) return 'H'..m end)"),
    BYTES("return select(2,xpcall(function() error({err='E x'}) end,function(m) return m end))"),
    BYTES("local function f(n) return n==0 and 0 or 1+f(n-1) end return f(100)"),
    BYTES("local function f(n) return 1+f(n+1) end return f(0)"),
    BYTES("return coroutine.wrap(function() coroutine.yield(5) end)()"),
    BYTES("return coroutine.wrap(function() return redis.call('PING') end)()"), BYTES("return assert(false,'claim')"),
    BYTES("return assert(nil)"), BYTES("return assert(redis.call('PING'))"), BYTES("return unpack({},1,8000)"),
    BYTES("return #{unpack({},1,7000)}"), BYTES("return load"),
    BYTES("return loadstring('syntax error here')"), BYTES("return print"),
    BYTES("return {type(require),type(io),type(os.execute),type(debug),type(package),type(module)}"),
    BYTES("return gcinfo"), BYTES("return collectgarbage('count')>0"), BYTES("return newproxy"), BYTES("local a<1"),
    BYTES("::x::"), BYTES("return 'unfinished"), BYTES("return \"a\\x41\""), BYTES("return [[long\nstring]]"),
    BYTES("--only a comment"),
    BYTES("return redis.call('INCR',KEYS[1])"), BYTES("return redis.call('HMGET',KEYS[1],'f1','f9')"),
    BYTES("redis.setresp(3) return redis.call('HGET',KEYS[1],'f9')"),
    BYTES("return redis.call('ZRANGE',KEYS[1],0,-1,'WITHSCORES')"),
    BYTES("redis.setresp(3) return redis.call('ZRANGE',KEYS[1],0,-1,'WITHSCORES')"),
    BYTES("return redis.call('EXPIRE',KEYS[1],ARGV[1])"),
    BYTES("return redis.call('SET',KEYS[1],ARGV[1],'NX','GET')"), BYTES("return redis.call('LPOP',KEYS[1],2)"),
    BYTES("return tostring(redis.call('ZSCORE',KEYS[1],'m1'))"), BYTES("return redis.call()"),
    BYTES("return redis.call(KEYS)"), BYTES("return redis.call('SET',KEYS[1],{})"),
    BYTES("return redis.call('SET',KEYS[1],1.5)"), BYTES("return redis.call('SET',KEYS[1],1e20)"),
    BYTES("return redis.call('SET',KEYS[1],true)"), BYTES("return ARGV[3]"), BYTES("return {[1]='a',[3]='c'}"),
    BYTES("return 'a\\0b'"), BYTES("return 2^53"), BYTES("return 1/0"), BYTES("return 0/0"), BYTES("return -2^63"),
    BYTES("return {1.9,-1.9,'1.9'}"), BYTES("return {err='noprefix'}"),
    BYTES("return {err='ERR with\\r\\nnewlines'}"), BYTES("return {ok='with\\r\\n'}"),
    BYTES("return redis.error_reply('-dashed')"), BYTES("return redis.error_reply('')"),
    BYTES("return redis.error_reply()"), BYTES("return redis.status_reply('')"),
    BYTES("return redis.status_reply({})"), BYTES("return {map={a=1}}"), BYTES("redis.setresp(3) return {map={a=1}}"),
    BYTES("redis.setresp(3) return {set={x=true}}"), BYTES("redis.setresp(3) return {big_number='123'}"),
    BYTES("redis.setresp(3) return {verbatim_string={format='txt',string='hi'}}"),
    BYTES("redis.setresp(3) return {true,false,nil,1}"), BYTES("redis.setresp(3) return false"),
    BYTES("redis.setresp(4)"), BYTES("redis.setresp()"), BYTES("return redis.log(redis.LOG_NOTICE,'x')"),
    BYTES("return redis.log(9,'x')"), BYTES("return redis.log('x')"),
    BYTES("return redis.acl_check_cmd('SET','k','v')"), BYTES("return redis.acl_check_cmd('nosuch')"),
    BYTES("return redis.replicate_commands()"), BYTES("return redis.set_repl(redis.REPL_ALL)"),
    BYTES("return redis.set_repl(17)"),
    BYTES("local t=redis.pcall('LPUSH',KEYS[1],1) if type(t)=='table' then return t.err end return t"),
    BYTES("local ok,e=pcall(redis.call,'INCR',KEYS[1]) if ok then return e end return e.err or e"),
    BYTES("return cjson.encode(redis.call('LRANGE',KEYS[1],0,-1))"),
    BYTES("return cjson.encode({1e20,0.1,2^53,1/3,-5})"), BYTES("return cjson.encode(cjson.decode('{}'))"),
    BYTES("return cjson.encode({})"), BYTES("return cjson.encode({[1]=1,[20]=2})"),
    BYTES("return cjson.decode(ARGV[1])"), BYTES("return cjson.encode(ARGV)"), BYTES("return cjson.encode(1/0)"),
    BYTES("return cmsgpack.unpack(cmsgpack.pack({a=1,b=2.5})).a"), BYTES("return cmsgpack.unpack(ARGV[1])"),
    BYTES("return {struct.unpack('<I4hb','\\1\\2\\3\\4\\5\\6\\7')}"), BYTES("return {string.byte(ARGV[1],1,-1)}"),
    BYTES("return tostring(1e15)"), BYTES("return tostring(1e16)"), BYTES("return tostring(0.1)"),
    BYTES("return tonumber('0x10')"), BYTES("return tonumber(ARGV[1],16)"), BYTES("return #ARGV[1]"),
    BYTES("return string.rep('ab',3)"), BYTES("return table.concat(ARGV,',')"), BYTES("error({err='My Err'})"),
    BYTES("error({err='My Err',ignore_error_stats_update=true})"), BYTES("error('ERR x')"), BYTES("error()"),
    BYTES("error(5)"), BYTES("return redis.call('MULTI')"),
    BYTES("return redis.call('EVAL','return 1',0)"), BYTES("return redis.call('WATCH','k')"),
    BYTES("return redis.call('PING','a','b')"), BYTES("return redis.call('get',KEYS[1],KEYS[1])"),
    BYTES("return redis.call('WAIT',0,0)"), BYTES("return redis.call('SCRIPT','LOAD','x')"),
    BYTES("return redis.call('client','nosuch')"), BYTES("return redis.call('client')"),
    BYTES("return redis.pcall('nosuch').err"), BYTES("return redis.pcall('GET')"),
    BYTES("#!lua flags=allow-oom,no-cluster\nreturn 1"), BYTES("#!lua name=x\nreturn 1"),
    BYTES("#!lua flags=nosuch\nreturn 1"), BYTES("#!python\nreturn 1"), BYTES("#!lua"), BYTES("#!"),
    BYTES("#!lua flags=allow-cross-slot-keys\nreturn redis.call('GET','elsewhere')"), BYTES("#!lua flags=\nreturn 1"),
    BYTES("#!lua flags=allow-stale,no-writes\nreturn redis.pcall('INCR',KEYS[1]).err"),
    BYTES("return setmetatable({},{__index=function() return 1 end})[1]"), BYTES("return _G.nosuch"),
    BYTES("string.x=1"), BYTES("return loadstring('return 5')()"), BYTES("return dofile"),
    BYTES("return os.clock()>=0"), BYTES("return os.time"), BYTES("return {KEYS,ARGV}"),
    BYTES("for i=1,3 do redis.call('RPUSH',KEYS[1],i) end return redis.call('LLEN',KEYS[1])"),
    BYTES("return redis.call('ZADD',KEYS[1],'nan','x')"), BYTES("return redis.call('ZINCRBY',KEYS[1],0.1,'m1')"),
    BYTES("redis.setresp(3) return redis.call('ZINCRBY',KEYS[1],0.1,'m1')"),
    BYTES("return redis.call('INCRBYFLOAT',KEYS[1],0.1)"), BYTES("return redis.call('INCRBYFLOAT',KEYS[1],ARGV[1])"),
    BYTES("return string.format('%5.2f|%q|%x|%s',3.14159,'a\\nb',255,'z')"), BYTES("return string.format('%d','x')"),
    BYTES("return nil"), BYTES("return 'x','y'"), BYTES("return"), BYTES("return 1 // 2"),
    BYTES("return unpack({1,2},1,3)"), BYTES("return bit.tohex(255,4)"), BYTES("return bit.lshift(1,31)"),
    BYTES("return bit.bxor(-1,5)"), BYTES("return bit.arshift(-8,1)"), BYTES("return bit.band()"),
    BYTES("local a={} a[1]=a return #a"), BYTES("return string.gsub('hello','l','L')"),
    BYTES("return ({string.find('hello','l+')})[2]"), BYTES("return KEYS[1]..ARGV[1]"), BYTES("return ARGV[1]+1"),
    BYTES("return ARGV[1]<ARGV[2]"), BYTES("return nil..'x'"), BYTES("return ('x'):upper()"),
    BYTES("KEYS=nil return KEYS"), BYTES("redis.call=nil return 1"),
    BYTES("return redis.call('SET',KEYS[1],ARGV[1],'EX','0')"), BYTES("return redis.call('RESTORE',KEYS[1],0,'x')"),
    BYTES("return redis.call('OBJECT','ENCODING',KEYS[1])"),
    BYTES("return redis.call('SMISMEMBER',KEYS[1],'m1','m9')"),
    BYTES("redis.setresp(3) return redis.call('SMISMEMBER',KEYS[1],'m1','m9')"),
    BYTES("return redis.call('COPY',KEYS[1],KEYS[1])"), BYTES("return redis.call('BLMPOP','0','1',KEYS[1],'LEFT')"),
    BYTES("return redis.call('ZPOPMIN',KEYS[1])"), BYTES("redis.setresp(3) return redis.call('ZPOPMIN',KEYS[1],1)"),
    BYTES("return redis.sha1hex()"), BYTES("return redis.sha1hex('a','b')"), BYTES("return redis.REDIS_VERSION_NUM"),
    BYTES("return select('#',redis.call('PING'))"), BYTES("return pcall(redis.call,'PING')"),
};
static const struct word edges[] = {
    BYTES("9223372036854775807"), BYTES("-9223372036854775808"), BYTES("9223372036854775808"),
    BYTES("-9223372036854775807"), BYTES("18446744073709551615"), BYTES("-0"), BYTES("1e400"), BYTES("nan"),
    BYTES("inf"), BYTES("-inf"), BYTES("+inf"), BYTES("Infinity"), BYTES(""), BYTES(" 1"), BYTES("1 "), BYTES("+1"),
    BYTES("01"), BYTES("0x10"), BYTES("1.5"), BYTES("3.0"), BYTES("1e3"), BYTES("abc"), BYTES("\0\377"),
    BYTES("2147483648"), BYTES("-2147483649"), BYTES("4294967296"), BYTES("99999999999999999999"),
    BYTES("1e-400"), BYTES("179769313486231570000000000000"), BYTES("1\0"), BYTES("(1"), BYTES("("), BYTES("["),
    BYTES("+"), BYTES("-"), BYTES("*"), BYTES("MATCH"), BYTES("COUNT"), BYTES("LIMIT"), BYTES("-1"), BYTES("0"),
    BYTES("9223372036854775806"), BYTES("4611686018427387904"), BYTES("9223372036854775"), BYTES("9223372036854776"),
    BYTES("-9223372036854776"), BYTES("-nan"), BYTES("-1e400"), BYTES("1e309"), BYTES("1e4932"), BYTES("1e5000"),
    BYTES("-1e4933"), BYTES("0x1p3"), BYTES("0x"), BYTES("infinit"), BYTES("nan(1)"), BYTES("--1"), BYTES("1-"),
    BYTES("\t1"), BYTES("1\n"), BYTES("1\0002"), BYTES("."), BYTES("e5"), BYTES("5."), BYTES("1e"),
    BYTES("0.00000000000000000001"), BYTES("3.4028234663852886e+38"), BYTES("123456789012345678"), BYTES("(inf"),
    BYTES("(nan"), BYTES("(-0"), BYTES("[\0"), BYTES("++"), BYTES("WITHSCORES"), BYTES("GET"), BYTES("XX"), BYTES("NX"),
    BYTES("KEEPTTL"), BYTES("BYLEX"), BYTES("REV"), BYTES("INCR"), BYTES("DB"), BYTES(LONG_WORD), BYTES("{t}s1"),
    BYTES("elsewhere"), BYTES("{t}z1"), BYTES("-2"), BYTES("65536"), BYTES("16384"),
};
/* Numbers out of range or small: ROW_SMALL. */
static const struct word small_edges[] = {
    BYTES("9223372036854775808"), BYTES("-9223372036854775809"), BYTES("-0"), BYTES("1e400"), BYTES("nan"),
    BYTES(""), BYTES(" 1"), BYTES("1.5"), BYTES("abc"), BYTES("\0\377"), BYTES("-1"), BYTES("0"), BYTES("+1"),
    BYTES("4294967296"), BYTES("9223372036854775807"), BYTES("99999999999999999999"), BYTES("-10"),
};
static const struct word longs[] = { BYTES(LONG_WORD) };
static const struct word bigs[] = { BYTES(BIG_WORD), BYTES(BIG_WORD "+"), BYTES(LONG_WORD) };

#define POOL(name, words) { name, words, sizeof(words) / sizeof(words[0]) }
static const struct {
    const char *name;
    const struct word *words;
    size_t count;
} pools[] = {
    POOL("value", values), POOL("number", numbers), POOL("field", fields), POOL("member", members),
    POOL("int", ints), POOL("float", floats), POOL("score", scores), POOL("bound", bounds),
    POOL("lex", lexes), POOL("pattern", patterns), POOL("channel", channels), POOL("cursor", cursors),
    POOL("secs", secs), POOL("ms", ms), POOL("gtsecs", gt_secs), POOL("gtms", gt_ms), POOL("unix", unixes), POOL("unixms", unixes_ms),
    POOL("ttl", ttls), POOL("count", counts), POOL("index", indexes), POOL("offset", offsets),
    POOL("bit", bits), POOL("timeout", timeouts), POOL("database", databases),
    POOL("typename", type_names), POOL("slot", slots), POOL("nodeid", node_ids),
    POOL("command", commands), POOL("payload", payloads), POOL("sha", shas), POOL("loaded", loaded_scripts), POOL("script", scripts),
    POOL("edge", edges), POOL("smalledge", small_edges), POOL("long", longs), POOL("big", bigs),
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
