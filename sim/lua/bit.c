/* The library `bit`: operations on numbers as words of 32 bits, with the results and errors of
 * LuaBitOp 1.0.2 (bitop.luajit.org), which Redis has. */
#include "sim/lua/parts.h"

#include "sim/pure.h"

/* Adding 2^52 + 2^51 leaves the low 32 bits of a whole number in the low bits of the double. */
static uint32_t word_at(lua_State *lua, int index)
{
    union {
        lua_Number number;
        uint64_t bits;
    } shifted = { .number = lua_tonumber(lua, index) + 6755399441055744.0 };
    uint32_t word = (uint32_t)shifted.bits;
    if (word == 0 && lua_isnumber(lua, index) == 0) {
        luaL_typerror(lua, index, "number");
    }
    return word;
}

static int result(lua_State *lua, uint32_t word)
{
    lua_pushnumber(lua, (lua_Number)(int32_t)word);
    return 1;
}

static int run_tobit(lua_State *lua)
{
    return result(lua, word_at(lua, 1));
}

static int run_bnot(lua_State *lua)
{
    return result(lua, ~word_at(lua, 1));
}

static int run_band(lua_State *lua)
{
    uint32_t word = word_at(lua, 1);
    for (int i = lua_gettop(lua); i > 1; i--) {
        word &= word_at(lua, i);
    }
    return result(lua, word);
}

static int run_bor(lua_State *lua)
{
    uint32_t word = word_at(lua, 1);
    for (int i = lua_gettop(lua); i > 1; i--) {
        word |= word_at(lua, i);
    }
    return result(lua, word);
}

static int run_bxor(lua_State *lua)
{
    uint32_t word = word_at(lua, 1);
    for (int i = lua_gettop(lua); i > 1; i--) {
        word ^= word_at(lua, i);
    }
    return result(lua, word);
}

static int run_lshift(lua_State *lua)
{
    uint32_t word = word_at(lua, 1), bits = word_at(lua, 2) & 31;
    return result(lua, word << bits);
}

static int run_rshift(lua_State *lua)
{
    uint32_t word = word_at(lua, 1), bits = word_at(lua, 2) & 31;
    return result(lua, word >> bits);
}

static int run_arshift(lua_State *lua)
{
    uint32_t word = word_at(lua, 1), bits = word_at(lua, 2) & 31;
    uint32_t sign = (word & 0x80000000u) != 0 && bits > 0 ? ~(uint32_t)0 << (32 - bits) : 0;
    return result(lua, word >> bits | sign);
}

static uint32_t rotated(uint32_t word, uint32_t bits)
{
    return word << (bits & 31) | word >> ((32 - (bits & 31)) & 31);
}

static int run_rol(lua_State *lua)
{
    uint32_t word = word_at(lua, 1);
    return result(lua, rotated(word, word_at(lua, 2)));
}

static int run_ror(lua_State *lua)
{
    uint32_t word = word_at(lua, 1);
    return result(lua, rotated(word, 32 - (word_at(lua, 2) & 31)));
}

static int run_bswap(lua_State *lua)
{
    uint32_t word = word_at(lua, 1);
    return result(lua, word >> 24 | (word >> 8 & 0xff00) | (word << 8 & 0xff0000) | word << 24);
}

/* The last digits, at most eight; in capitals for a negative number of them. */
static int run_tohex(lua_State *lua)
{
    enum { DIGITS = 8 };
    uint32_t word = word_at(lua, 1);
    int64_t wanted = lua_isnone(lua, 2) ? DIGITS : (int32_t)word_at(lua, 2);
    const char *digits = wanted < 0 ? "0123456789ABCDEF" : "0123456789abcdef";
    int64_t count = wanted < 0 ? -wanted : wanted;
    count = count > DIGITS ? DIGITS : count;
    char text[DIGITS];
    for (int64_t i = count; i-- > 0; word >>= 4) {
        text[i] = digits[word & 15];
    }
    lua_pushlstring(lua, text, (size_t)count);
    return 1;
}

int rcs_lua_open_bit(lua_State *lua)
{
    static const luaL_Reg functions[] = {
        { "tobit", run_tobit },   { "bnot", run_bnot },       { "band", run_band },
        { "bor", run_bor },       { "bxor", run_bxor },       { "lshift", run_lshift },
        { "rshift", run_rshift }, { "arshift", run_arshift }, { "rol", run_rol },
        { "ror", run_ror },       { "bswap", run_bswap },     { "tohex", run_tohex },
        { NULL, NULL },
    };
    luaL_register(lua, "bit", functions);
    return 1;
}
