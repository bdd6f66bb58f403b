/* The library `struct`: numbers and strings to and from bytes by a format (Roberto Ierusalimschy's
 * struct 0.2 as Redis 7.0 has it: sizes of a 64-bit machine with its low byte first).
 *
 *   < >   byte order    !N   alignment (8)         blank  nothing
 *   b h l T iN          integers, unsigned in capitals (T has no sign)
 *   f d                 numbers                    x      a zero byte
 *   cN                  N characters; c0: all, or as many as the number read before says
 *   s                   a string and its zero byte
 */
#include <string.h>

#include "sim/lua/parts.h"

#include "sim/pure.h"

enum { INTEGER_BYTES_MAX = 32, ALIGNMENT_MAX = 8 };

struct format {
    const char *at;
    bool big; /* the high byte comes first */
    size_t align;
    char option; /* the one being worked on */
    size_t size; /* of its item; 0: has none, or it is not fixed */
};

/* --- reading a format ------------------------------------------------------------------------- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int read_number(lua_State *lua, struct format *format, int otherwise)
{
    if (!is_digit(*format->at)) {
        return otherwise;
    }
    int64_t number = 0;
    while (is_digit(*format->at)) {
        number = number * 10 + (*format->at++ - '0');
        if (number > INT32_MAX) {
            luaL_error(lua, "integral size overflow");
        }
    }
    return (int)number;
}

static size_t read_size(lua_State *lua, struct format *format)
{
    switch (format->option) {
    case 'b':
    case 'B':
    case 'x':
        return 1;
    case 'h':
    case 'H':
        return 2;
    case 'f':
        return 4;
    case 'l':
    case 'L':
    case 'T':
    case 'd':
        return 8;
    case 'c':
        return (size_t)read_number(lua, format, 1);
    case 'i':
    case 'I': {
        int size = read_number(lua, format, 4);
        if (size > INTEGER_BYTES_MAX) {
            luaL_error(lua, "integral size %d is larger than limit of %d", size, INTEGER_BYTES_MAX);
        }
        return (size_t)size;
    }
    default:
        return 0;
    }
}

static bool next_option(lua_State *lua, struct format *format)
{
    if (*format->at == '\0') {
        return false;
    }
    format->option = *format->at++;
    format->size = read_size(lua, format);
    return true;
}

/* Bytes to pass over before an item that would stand at `position`. */
static size_t padding(const struct format *format, size_t position)
{
    if (format->size == 0 || format->option == 'c') {
        return 0;
    }
    size_t size = format->size > format->align ? format->align : format->size;
    return (size - (position & (size - 1))) & (size - 1);
}

static void control(lua_State *lua, struct format *format)
{
    switch (format->option) {
    case ' ':
        break;
    case '>':
        format->big = true;
        break;
    case '<':
        format->big = false;
        break;
    case '!': {
        int align = read_number(lua, format, ALIGNMENT_MAX);
        if (align <= 0 || (align & (align - 1)) != 0) {
            luaL_error(lua, "alignment %d is not a power of 2", align);
        }
        format->align = (size_t)align;
        break;
    }
    default:
        luaL_argerror(lua, 1, lua_pushfstring(lua, "invalid format option '%c'", format->option));
    }
}

static bool is_integer(char option)
{
    return strchr("bBhHlLTiI", option) != NULL;
}

static bool is_signed(char option)
{
    return option >= 'a' && option <= 'z';
}

/* --- integers --------------------------------------------------------------------------------- */

/* C leaves open what does not fit; this is what an x86-64 makes of it. */
static uint64_t integer_of(lua_Number number)
{
    const lua_Number half = 9223372036854775808.0; /* 2^63 */
    if (number < 0) {
        return number >= -half ? (uint64_t)(int64_t)number : (uint64_t)INT64_MIN;
    }
    if (number < half) {
        return (uint64_t)number;
    }
    if (number >= half) {
        return number < 2 * half ? (uint64_t)number : 0;
    }
    return (uint64_t)INT64_MIN; /* no number at all */
}

static void add_integer(luaL_Buffer *out, uint64_t value, const struct format *format)
{
    char bytes[INTEGER_BYTES_MAX];
    for (size_t i = 0; i < format->size; i++, value >>= 8) {
        bytes[format->big ? format->size - 1 - i : i] = (char)(value & 0xff);
    }
    luaL_addlstring(out, bytes, format->size);
}

/* Of more than eight bytes the low ones count; the sign of other sizes than powers of two beyond
 * them is looked for where an x86-64 shifts to. */
static lua_Number read_integer(const char *data, const struct format *format)
{
    uint64_t value = 0;
    for (size_t i = 0; i < format->size; i++) {
        size_t at = format->big ? i : format->size - 1 - i;
        value = value << 8 | (uint8_t)data[at];
    }
    if (!is_signed(format->option)) {
        return (lua_Number)value;
    }
    uint64_t signs = ~(uint64_t)0 << ((format->size * 8 - 1) & 63);
    value |= (value & signs) != 0 ? signs : 0;
    return (lua_Number)(int64_t)value;
}

/* Copies the bytes of a number between a machine with its low byte first and the format. */
static void ordered(char *out, const char *in, const struct format *format)
{
    for (size_t i = 0; i < format->size; i++) {
        out[format->big ? format->size - 1 - i : i] = in[i];
    }
}

/* --- the functions ---------------------------------------------------------------------------- */

static void pack_one(lua_State *lua, luaL_Buffer *out, struct format *format, int *argument)
{
    char bytes[8];
    if (is_integer(format->option)) {
        add_integer(out, integer_of(luaL_checknumber(lua, (*argument)++)), format);
        return;
    }
    switch (format->option) {
    case 'x':
        luaL_addchar(out, '\0');
        break;
    case 'f': {
        float number = (float)luaL_checknumber(lua, (*argument)++);
        ordered(bytes, (const char *)&number, format);
        luaL_addlstring(out, bytes, format->size);
        break;
    }
    case 'd': {
        double number = luaL_checknumber(lua, (*argument)++);
        ordered(bytes, (const char *)&number, format);
        luaL_addlstring(out, bytes, format->size);
        break;
    }
    case 'c':
    case 's': {
        size_t size_bytes;
        const char *text = luaL_checklstring(lua, (*argument)++, &size_bytes);
        format->size = format->size == 0 ? size_bytes : format->size;
        luaL_argcheck(lua, size_bytes >= format->size, *argument, "string too short");
        luaL_addlstring(out, text, format->size);
        if (format->option == 's') {
            luaL_addchar(out, '\0');
            format->size++;
        }
        break;
    }
    default:
        control(lua, format);
    }
}

static int run_pack(lua_State *lua)
{
    luaL_Buffer out;
    struct format format = { .at = luaL_checkstring(lua, 1), .align = 1 };
    int argument = 2;
    size_t total = 0;
    lua_pushnil(lua); /* between the arguments and what the buffer keeps on the stack */
    luaL_buffinit(lua, &out);
    while (next_option(lua, &format)) {
        for (size_t left = padding(&format, total); left > 0; left--, total++) {
            luaL_addchar(&out, '\0');
        }
        pack_one(lua, &out, &format, &argument);
        total += format.size;
    }
    luaL_pushresult(&out);
    return 1;
}

struct data {
    const char *bytes;
    size_t size_bytes, position;
    int results;
};

static void need(lua_State *lua, const struct data *data, size_t size_bytes)
{
    luaL_argcheck(lua,
                  size_bytes <= data->size_bytes && data->position <= data->size_bytes - size_bytes,
                  2, "data string too short");
}

/* The number read before says how many characters follow. */
static size_t counted(lua_State *lua, struct data *data)
{
    if (data->results == 0 || lua_isnumber(lua, -1) == 0) {
        luaL_error(lua, "format 'c0' needs a previous size");
    }
    lua_Number number = lua_tonumber(lua, -1);
    size_t size_bytes = number > -1 && number < 4294967296.0 ? (size_t)number : SIZE_MAX;
    lua_pop(lua, 1);
    data->results--;
    need(lua, data, size_bytes);
    return size_bytes;
}

static void unpack_one(lua_State *lua, struct format *format, struct data *data)
{
    const char *at = data->bytes + data->position;
    if (is_integer(format->option)) {
        lua_pushnumber(lua, read_integer(at, format));
        data->results++;
        return;
    }
    switch (format->option) {
    case 'x':
        break;
    case 'f': {
        float number = 0;
        ordered((char *)&number, at, format);
        lua_pushnumber(lua, number);
        data->results++;
        break;
    }
    case 'd': {
        double number = 0;
        ordered((char *)&number, at, format);
        lua_pushnumber(lua, number);
        data->results++;
        break;
    }
    case 'c':
        if (format->size == 0) {
            format->size = counted(lua, data);
        }
        lua_pushlstring(lua, at, format->size);
        data->results++;
        break;
    case 's': {
        const char *end = memchr(at, '\0', data->size_bytes - data->position);
        if (end == NULL) {
            luaL_error(lua, "unfinished string in data");
        }
        format->size = (size_t)(end - at) + 1;
        lua_pushlstring(lua, at, format->size - 1);
        data->results++;
        break;
    }
    default:
        control(lua, format);
    }
}

static int run_unpack(lua_State *lua)
{
    struct format format = { .at = luaL_checkstring(lua, 1), .align = 1 };
    struct data data = { .results = 0 };
    data.bytes = luaL_checklstring(lua, 2, &data.size_bytes);
    data.position = (size_t)luaL_optinteger(lua, 3, 1);
    luaL_argcheck(lua, data.position > 0, 3, "offset must be 1 or greater");
    data.position--;
    while (next_option(lua, &format)) {
        data.position += padding(&format, data.position);
        need(lua, &data, format.size);
        luaL_checkstack(lua, 2, "too many results");
        unpack_one(lua, &format, &data);
        data.position += format.size;
    }
    lua_pushinteger(lua, (lua_Integer)(data.position + 1));
    return data.results + 1;
}

static int run_size(lua_State *lua)
{
    struct format format = { .at = luaL_checkstring(lua, 1), .align = 1 };
    size_t total = 0;
    while (next_option(lua, &format)) {
        total += padding(&format, total);
        if (format.option == 's') {
            luaL_argerror(lua, 1, "option 's' has no fixed size");
        } else if (format.option == 'c' && format.size == 0) {
            luaL_argerror(lua, 1, "option 'c0' has no fixed size");
        }
        bool is_letter = (format.option >= 'a' && format.option <= 'z') ||
                         (format.option >= 'A' && format.option <= 'Z');
        if (!is_letter && !is_digit(format.option)) {
            control(lua, &format);
        }
        total += format.size;
    }
    lua_pushinteger(lua, (lua_Integer)total);
    return 1;
}

int rcs_lua_open_struct(lua_State *lua)
{
    static const luaL_Reg functions[] = {
        { "pack", run_pack },
        { "unpack", run_unpack },
        { "size", run_size },
        { NULL, NULL },
    };
    luaL_register(lua, "struct", functions);
    return 1;
}
