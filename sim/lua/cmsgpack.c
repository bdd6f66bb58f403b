/* The library `cmsgpack`: values of Lua to and from MessagePack (msgpack.org; the forms and errors
 * of lua-cmsgpack 0.4.0, which Redis has). */
#include <float.h>
#include <limits.h>
#include <math.h>
#include <string.h>

#include "sim/lua/parts.h"

#include "sim/pure.h"

/* First bytes. Those before FIXED hold their value or length in the lower bits. */
enum {
    FIXED_MAP = 0x80,
    FIXED_ARRAY = 0x90,
    FIXED_STRING = 0xa0,
    NIL = 0xc0,
    FALSE = 0xc2,
    TRUE = 0xc3,
    FLOAT = 0xca,
    DOUBLE = 0xcb,
    UINT8 = 0xcc,
    UINT16 = 0xcd,
    UINT32 = 0xce,
    UINT64 = 0xcf,
    INT8 = 0xd0,
    INT16 = 0xd1,
    INT32 = 0xd2,
    INT64 = 0xd3,
    STRING8 = 0xd9,
    STRING16 = 0xda,
    STRING32 = 0xdb,
    ARRAY16 = 0xdc,
    ARRAY32 = 0xdd,
    MAP16 = 0xde,
    MAP32 = 0xdf,
    NEGATIVE = 0xe0 /* to 0xff: -32 to -1 */
};

/* --- packing ---------------------------------------------------------------------------------- */

enum { NESTED_MAX = 16 }; /* tables within tables; what lies deeper is nil */

static void pack(lua_State *lua, struct rcs_buf *out, int level);

static void add(lua_State *lua, struct rcs_buf *out, const void *bytes, size_t size_bytes)
{
    if (size_bytes > RCS_LUA_MEMORY_BYTES - out->size_bytes) {
        luaL_error(lua, "not enough memory");
    }
    rcs_buf_add(out, bytes, size_bytes);
}

/* A first byte and a number behind it, high byte first. */
static void add_number(lua_State *lua, struct rcs_buf *out, int first, uint64_t number,
                       unsigned bytes)
{
    char text[9] = { (char)first };
    for (unsigned i = 0; i < bytes; i++) {
        text[1 + i] = (char)(number >> 8 * (bytes - 1 - i));
    }
    add(lua, out, text, 1 + bytes);
}

static void pack_integer(lua_State *lua, struct rcs_buf *out, int64_t number)
{
    uint64_t bits = (uint64_t)number;
    if (number >= -32 && number <= 127) {
        add_number(lua, out, (int)(bits & 0xff), 0, 0);
    } else if (number >= 0) {
        if (number <= UINT8_MAX) {
            add_number(lua, out, UINT8, bits, 1);
        } else if (number <= UINT16_MAX) {
            add_number(lua, out, UINT16, bits, 2);
        } else if (number <= UINT32_MAX) {
            add_number(lua, out, UINT32, bits, 4);
        } else {
            add_number(lua, out, UINT64, bits, 8);
        }
    } else if (number >= INT8_MIN) {
        add_number(lua, out, INT8, bits, 1);
    } else if (number >= INT16_MIN) {
        add_number(lua, out, INT16, bits, 2);
    } else if (number >= INT32_MIN) {
        add_number(lua, out, INT32, bits, 4);
    } else {
        add_number(lua, out, INT64, bits, 8);
    }
}

static void pack_number(lua_State *lua, struct rcs_buf *out, lua_Number number)
{
    const lua_Number half = 9223372036854775808.0; /* 2^63 */
    if (number >= -half && number < half && (lua_Number)(int64_t)number == number) {
        pack_integer(lua, out, (int64_t)number);
        return;
    }
    bool fits = isinf(number) || (number >= -FLT_MAX && number <= FLT_MAX);
    float narrow = fits ? (float)number : 0;
    if (fits && (lua_Number)narrow == number) {
        uint32_t bits;
        memcpy(&bits, &narrow, sizeof(bits));
        add_number(lua, out, FLOAT, bits, 4);
    } else {
        uint64_t bits;
        memcpy(&bits, &number, sizeof(bits));
        add_number(lua, out, DOUBLE, bits, 8);
    }
}

static void pack_string(lua_State *lua, struct rcs_buf *out, const char *text, size_t size_bytes)
{
    if (size_bytes < 32) {
        add_number(lua, out, FIXED_STRING | (int)size_bytes, 0, 0);
    } else if (size_bytes <= UINT8_MAX) {
        add_number(lua, out, STRING8, size_bytes, 1);
    } else if (size_bytes <= UINT16_MAX) {
        add_number(lua, out, STRING16, size_bytes, 2);
    } else {
        add_number(lua, out, STRING32, size_bytes, 4);
    }
    add(lua, out, text, size_bytes);
}

static void pack_length(lua_State *lua, struct rcs_buf *out, size_t count, int fixed, int first)
{
    if (count <= 15) {
        add_number(lua, out, fixed | (int)count, 0, 0);
    } else if (count <= UINT16_MAX) {
        add_number(lua, out, first, count, 2);
    } else {
        add_number(lua, out, first + 1, count, 4);
    }
}

/* Counts the elements of the table on top; true if they are numbered from 1 without a gap. */
static bool is_array(lua_State *lua, size_t *count)
{
    lua_Number highest = 0;
    bool numbered = true;
    *count = 0;
    luaL_checkstack(lua, 3, "in function table_is_an_array");
    for (lua_pushnil(lua); lua_next(lua, -2) != 0; lua_pop(lua, 1)) {
        lua_Number key = lua_type(lua, -2) == LUA_TNUMBER ? lua_tonumber(lua, -2) : -1;
        numbered = numbered && key > 0 && key <= INT_MAX && (lua_Number)(int)key == key;
        highest = numbered && key > highest ? key : highest;
        (*count)++;
    }
    return numbered && highest == (lua_Number)*count;
}

static void pack_table(lua_State *lua, struct rcs_buf *out, int level)
{
    size_t count;
    rcs_lua_unguard(lua, lua_gettop(lua));
    if (is_array(lua, &count)) {
        pack_length(lua, out, count, FIXED_ARRAY, ARRAY16);
        for (size_t i = 1; i <= count; i++) {
            lua_rawgeti(lua, -1, (int)i);
            pack(lua, out, level + 1);
        }
        return;
    }
    pack_length(lua, out, count, FIXED_MAP, MAP16);
    lua_pushnil(lua);
    while (lua_next(lua, -2) != 0) {
        lua_pushvalue(lua, -2);
        pack(lua, out, level + 1);
        pack(lua, out, level + 1);
    }
}

/* The value on top, which is popped. */
static void pack(lua_State *lua, struct rcs_buf *out, int level)
{
    size_t size_bytes;
    int type = lua_type(lua, -1);
    if (type == LUA_TSTRING) {
        const char *text = lua_tolstring(lua, -1, &size_bytes);
        pack_string(lua, out, text, size_bytes);
    } else if (type == LUA_TBOOLEAN) {
        add_number(lua, out, lua_toboolean(lua, -1) != 0 ? TRUE : FALSE, 0, 0);
    } else if (type == LUA_TNUMBER) {
        pack_number(lua, out, lua_tonumber(lua, -1));
    } else if (type == LUA_TTABLE && level < NESTED_MAX) {
        pack_table(lua, out, level);
    } else {
        add_number(lua, out, NIL, 0, 0);
    }
    lua_pop(lua, 1);
}

static int run_pack(lua_State *lua)
{
    struct rcs_buf *out = &rcs_lua_of(lua)->packed;
    int count = lua_gettop(lua);
    if (count == 0) {
        return luaL_argerror(lua, 0, "MessagePack pack needs input.");
    }
    rcs_buf_clear(out);
    for (int i = 1; i <= count; i++) {
        luaL_checkstack(lua, 1, "in function mp_check");
        lua_pushvalue(lua, i);
        pack(lua, out, 0);
    }
    lua_pushlstring(lua, out->data, out->size_bytes);
    return 1;
}

/* --- unpacking -------------------------------------------------------------------------------- */

struct input {
    const uint8_t *at;
    size_t left;
};

static void unpack(lua_State *lua, struct input *input);

static const uint8_t *take(lua_State *lua, struct input *input, size_t size_bytes)
{
    if (input->left < size_bytes) {
        luaL_error(lua, "Missing bytes in input.");
    }
    const uint8_t *at = input->at;
    input->at += size_bytes;
    input->left -= size_bytes;
    return at;
}

static uint64_t take_number(lua_State *lua, struct input *input, unsigned bytes)
{
    uint64_t number = 0;
    for (const uint8_t *at = take(lua, input, bytes), *end = at + bytes; at < end; at++) {
        number = number << 8 | *at;
    }
    return number;
}

static void unpack_string(lua_State *lua, struct input *input, size_t size_bytes)
{
    const uint8_t *text = take(lua, input, size_bytes);
    lua_pushlstring(lua, (const char *)text, size_bytes);
}

static void unpack_array(lua_State *lua, struct input *input, size_t count)
{
    lua_newtable(lua);
    luaL_checkstack(lua, 1, "in function mp_decode_to_lua_array");
    for (size_t i = 1; i <= count; i++) {
        lua_pushnumber(lua, (lua_Number)i);
        unpack(lua, input);
        lua_settable(lua, -3);
    }
}

static void unpack_map(lua_State *lua, struct input *input, size_t count)
{
    lua_newtable(lua);
    for (size_t i = 0; i < count; i++) {
        unpack(lua, input);
        unpack(lua, input);
        lua_settable(lua, -3);
    }
}

static void push_float(lua_State *lua, uint32_t bits)
{
    float number;
    memcpy(&number, &bits, sizeof(number));
    lua_pushnumber(lua, number);
}

static void push_double(lua_State *lua, uint64_t bits)
{
    double number;
    memcpy(&number, &bits, sizeof(number));
    lua_pushnumber(lua, number);
}

/* What the first byte alone tells the kind of. */
static void unpack_sized(lua_State *lua, struct input *input, uint8_t first)
{
    switch (first) {
    case NIL:
        lua_pushnil(lua);
        break;
    case FALSE:
    case TRUE:
        lua_pushboolean(lua, first == TRUE);
        break;
    case FLOAT:
        push_float(lua, (uint32_t)take_number(lua, input, 4));
        break;
    case DOUBLE:
        push_double(lua, take_number(lua, input, 8));
        break;
    case UINT8:
    case UINT16:
    case UINT32:
    case UINT64: /* what is over 2^63 is negative, as in Redis */
        lua_pushnumber(lua, (lua_Number)(int64_t)take_number(lua, input, 1u << (first - UINT8)));
        break;
    case INT8:
        lua_pushnumber(lua, (int8_t)take_number(lua, input, 1));
        break;
    case INT16:
        lua_pushnumber(lua, (int16_t)take_number(lua, input, 2));
        break;
    case INT32:
        lua_pushnumber(lua, (int32_t)take_number(lua, input, 4));
        break;
    case INT64:
        lua_pushnumber(lua, (lua_Number)(int64_t)take_number(lua, input, 8));
        break;
    case STRING8:
    case STRING16:
    case STRING32:
        unpack_string(lua, input, take_number(lua, input, 1u << (first - STRING8)));
        break;
    case ARRAY16:
    case ARRAY32:
        unpack_array(lua, input, take_number(lua, input, 2u << (first - ARRAY16)));
        break;
    case MAP16:
    case MAP32:
        unpack_map(lua, input, take_number(lua, input, 2u << (first - MAP16)));
        break;
    default:
        luaL_error(lua, "Bad data format in input.");
    }
}

static void unpack(lua_State *lua, struct input *input)
{
    uint8_t first = *take(lua, input, 1);
    luaL_checkstack(lua, 1,
                    "too many return values at once; use unpack_one or unpack_limit instead.");
    if (first < FIXED_MAP) {
        lua_pushnumber(lua, first);
    } else if (first < FIXED_ARRAY) {
        unpack_map(lua, input, first & 15u);
    } else if (first < FIXED_STRING) {
        unpack_array(lua, input, first & 15u);
    } else if (first < NIL) {
        unpack_string(lua, input, first & 31u);
    } else if (first >= NEGATIVE) {
        lua_pushnumber(lua, (int8_t)first);
    } else {
        unpack_sized(lua, input, first);
    }
}

/* The values of the text at 1, from `offset` on, at most `limit`; 0 and 0: all of them, without the
 * place where the next one begins. */
static int unpack_values(lua_State *lua, lua_Integer limit, lua_Integer offset)
{
    size_t size_bytes;
    const char *text = luaL_checklstring(lua, 1, &size_bytes);
    bool all = limit == 0 && offset == 0;
    if (offset < 0 || limit < 0) {
        return luaL_error(lua, "Invalid request to unpack with offset of %d and limit of %d.",
                          (int)offset, (int)size_bytes);
    }
    if ((size_t)offset > size_bytes) {
        return luaL_error(lua, "Start offset %d greater than input length %d.", (int)offset,
                          (int)size_bytes);
    }
    struct input input = { .at = (const uint8_t *)text + offset,
                           .left = size_bytes - (size_t)offset };
    int count = 0;
    for (; input.left > 0 && (all || count < limit); count++) {
        unpack(lua, &input);
    }
    if (!all) {
        luaL_checkstack(lua, 1, "in function mp_unpack_full");
        lua_pushinteger(lua, input.left == 0 ? -1 : (lua_Integer)(size_bytes - input.left));
        lua_insert(lua, 2);
        count++;
    }
    return count;
}

static int run_unpack(lua_State *lua)
{
    return unpack_values(lua, 0, 0);
}

static int run_unpack_one(lua_State *lua)
{
    lua_Integer offset = luaL_optinteger(lua, 2, 0);
    lua_settop(lua, lua_gettop(lua) > 0 ? 1 : 0);
    return unpack_values(lua, 1, offset);
}

static int run_unpack_limit(lua_State *lua)
{
    lua_Integer limit = luaL_checkinteger(lua, 2), offset = luaL_optinteger(lua, 3, 0);
    lua_settop(lua, 1);
    return unpack_values(lua, limit, offset);
}

int rcs_lua_open_cmsgpack(lua_State *lua)
{
    static const luaL_Reg functions[] = {
        { "pack", run_pack },
        { "unpack", run_unpack },
        { "unpack_one", run_unpack_one },
        { "unpack_limit", run_unpack_limit },
        { NULL, NULL },
    };
    static const struct {
        const char *name, *text;
    } about[] = {
        { "_NAME", "cmsgpack" },
        { "_VERSION", "lua-cmsgpack 0.4.0" },
        { "_COPYRIGHT", "Copyright (C) 2012, Salvatore Sanfilippo" },
        { "_DESCRIPTION", "MessagePack C implementation for Lua" },
    };
    lua_newtable(lua);
    luaL_register(lua, NULL, functions);
    for (size_t i = 0; i < sizeof(about) / sizeof(about[0]); i++) {
        lua_pushstring(lua, about[i].text);
        lua_setfield(lua, -2, about[i].name);
    }
    lua_setglobal(lua, "cmsgpack");
    return 0;
}
