/* Replies as values of Lua, and values of Lua as replies (Redis 7.0 script_lua.c). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/lua/parts.h"

#include "sim/pure.h"

/* --- from replies ----------------------------------------------------------------------------- */

static void push_bytes(lua_State *lua, const struct rcs_reply *reply)
{
    lua_pushlstring(lua, reply->bytes, reply->size_bytes);
}

/* { [name] = the value on top } */
static void wrap(lua_State *lua, const char *name)
{
    lua_newtable(lua);
    lua_insert(lua, -2);
    lua_setfield(lua, -2, name);
}

static void push_array(lua_State *lua, const struct rcs_reply *reply)
{
    const struct rcs_reply *element = reply + 1;
    lua_createtable(lua, 0, 0);
    for (uint32_t i = 0; i < reply->elements; i++, element += element->size) {
        lua_pushnumber(lua, (lua_Number)(i + 1));
        rcs_lua_push_reply(lua, element);
        lua_rawset(lua, -3);
    }
}

/* A nil key would raise an error in Lua; a real server has no such reply either. */
static void push_map(lua_State *lua, const struct rcs_reply *reply)
{
    const struct rcs_reply *element = reply + 1;
    lua_newtable(lua);
    for (uint32_t i = 0; i < reply->elements; i += 2) {
        rcs_lua_push_reply(lua, element);
        element += element->size;
        rcs_lua_push_reply(lua, element);
        element += element->size;
        lua_rawset(lua, -3);
    }
    wrap(lua, "map");
}

static void push_set(lua_State *lua, const struct rcs_reply *reply)
{
    const struct rcs_reply *element = reply + 1;
    lua_newtable(lua);
    for (uint32_t i = 0; i < reply->elements; i++, element += element->size) {
        rcs_lua_push_reply(lua, element);
        lua_pushboolean(lua, 1);
        lua_rawset(lua, -3);
    }
    wrap(lua, "set");
}

static void push_error(lua_State *lua, const struct rcs_reply *reply)
{
    lua_pushliteral(lua, "-");
    push_bytes(lua, reply);
    lua_concat(lua, 2);
    rcs_lua_push_error(lua, lua_tostring(lua, -1));
    rcs_lua_mark_counted(lua);
    lua_remove(lua, -2);
}

static void push_double(lua_State *lua, const struct rcs_reply *reply)
{
    push_bytes(lua, reply);
    lua_Number number = strtod(lua_tostring(lua, -1), NULL);
    lua_pop(lua, 1);
    lua_pushnumber(lua, number);
    wrap(lua, "double");
}

static void push_verbatim(lua_State *lua, const struct rcs_reply *reply)
{
    lua_newtable(lua);
    push_bytes(lua, reply);
    lua_setfield(lua, -2, "string");
    lua_pushliteral(lua, "txt");
    lua_setfield(lua, -2, "format");
    wrap(lua, "verbatim_string");
}

void rcs_lua_push_reply(lua_State *lua, const struct rcs_reply *reply)
{
    luaL_checkstack(lua, 8, "lua stack limit reach when parsing redis.call reply");
    switch (reply->kind) {
    case RCS_REPLY_STATUS:
        push_bytes(lua, reply);
        wrap(lua, "ok");
        break;
    case RCS_REPLY_ERROR:
        push_error(lua, reply);
        break;
    case RCS_REPLY_INTEGER:
        lua_pushnumber(lua, (lua_Number)reply->integer);
        break;
    case RCS_REPLY_BULK:
        push_bytes(lua, reply);
        break;
    case RCS_REPLY_NIL:
        if (rcs_lua_of(lua)->resp3) {
            lua_pushnil(lua);
        } else {
            lua_pushboolean(lua, 0);
        }
        break;
    case RCS_REPLY_NIL_ARRAY:
        lua_pushboolean(lua, 0);
        break;
    case RCS_REPLY_ARRAY:
    case RCS_REPLY_PUSH:
        push_array(lua, reply);
        break;
    case RCS_REPLY_MAP:
        push_map(lua, reply);
        break;
    case RCS_REPLY_SET:
        push_set(lua, reply);
        break;
    case RCS_REPLY_DOUBLE:
        push_double(lua, reply);
        break;
    case RCS_REPLY_BOOLEAN:
        lua_pushboolean(lua, reply->integer != 0);
        break;
    case RCS_REPLY_BIG_NUMBER:
        push_bytes(lua, reply);
        wrap(lua, "big_number");
        break;
    case RCS_REPLY_VERBATIM:
        push_verbatim(lua, reply);
        break;
    case RCS_REPLY_ATTRIBUTE: /* what it says is not for scripts; the reply stands last in it */
    {
        const struct rcs_reply *element = reply + 1;
        for (uint32_t i = 1; i < reply->elements; i++) {
            element += element->size;
        }
        rcs_lua_push_reply(lua, element);
        break;
    }
    }
}

/* --- to replies ------------------------------------------------------------------------------- */

/* How the value on top is to be written, and how much more may be. */
struct form {
    bool bare, resp3;
    struct rcs_buf *out;
    size_t most_bytes;    /* of `out` */
    int64_t instructions; /* an element costs one */
};

static void reply_to(lua_State *lua, struct form *form);

/* Tables that hold one table twice, again and again, make a reply that no memory holds. A real
 * server tries. */
static bool is_spent(const struct form *form)
{
    return form->instructions <= 0 || form->out->size_bytes > form->most_bytes;
}

static int64_t integer_of(lua_Number number)
{
    const lua_Number limit = 9223372036854775808.0; /* 2^63: what C leaves open is the least here */
    return number >= -limit && number < limit ? (int64_t)number : INT64_MIN;
}

/* True if the table on top has a field of this type, which is pushed then. */
static bool has(lua_State *lua, const char *field, int type)
{
    lua_pushstring(lua, field);
    lua_rawget(lua, -2);
    if (lua_type(lua, -1) == type) {
        return true;
    }
    lua_pop(lua, 1);
    return false;
}

/* The text on top with blanks for the ends of lines. */
static void add_line(lua_State *lua, struct rcs_buf *out)
{
    size_t size_bytes;
    const char *text = lua_tolstring(lua, -1, &size_bytes);
    for (size_t i = 0; i < size_bytes; i++) {
        rcs_buf_add(out, text[i] == '\r' || text[i] == '\n' ? " " : &text[i], 1);
    }
}

static bool reply_with_verbatim(lua_State *lua, const struct form *form)
{
    if (!has(lua, "verbatim_string", LUA_TTABLE)) {
        return false;
    }
    bool done = false;
    if (has(lua, "format", LUA_TSTRING)) {
        lua_insert(lua, -2);
        if (has(lua, "string", LUA_TSTRING)) {
            size_t size_bytes;
            const char *format = lua_tostring(lua, -3);
            const char *text = lua_tolstring(lua, -1, &size_bytes);
            if (form->resp3) {
                rcs_buf_format(form->out, "=%zu\r\n%-3.3s:", size_bytes + 4, format);
                rcs_buf_add(form->out, text, size_bytes);
                rcs_buf_text(form->out, "\r\n");
            } else {
                rcs_resp_bulk(form->out, text, size_bytes);
            }
            lua_pop(lua, 1);
            done = true;
        }
        lua_remove(lua, -2);
    }
    lua_pop(lua, 1);
    return done;
}

/* Elements of the table on top. */
static size_t pairs_in(lua_State *lua)
{
    size_t count = 0;
    for (lua_pushnil(lua); lua_next(lua, -2) != 0; lua_pop(lua, 1)) {
        count++;
    }
    return count;
}

static void reply_with_pairs(lua_State *lua, struct form *form, bool is_map)
{
    size_t count = pairs_in(lua);
    form->instructions -= (int64_t)count;
    if (is_map) {
        rcs_resp_map(form->out, count, form->resp3);
    } else {
        rcs_resp_set(form->out, count, form->resp3);
    }
    lua_pushnil(lua);
    while (lua_next(lua, -2) != 0) {
        if (is_spent(form)) {
            lua_pop(lua, 2);
            return;
        }
        lua_pushvalue(lua, -2);
        reply_to(lua, form);
        if (is_map) {
            reply_to(lua, form);
        } else {
            lua_pop(lua, 1);
        }
    }
}

static void reply_with_array(lua_State *lua, struct form *form)
{
    int count = 0;
    for (lua_rawgeti(lua, -1, 1); !lua_isnil(lua, -1); lua_rawgeti(lua, -1, count + 1)) {
        lua_pop(lua, 1);
        count++;
    }
    lua_pop(lua, 1);
    form->instructions -= count;
    rcs_resp_array(form->out, (size_t)count);
    for (int i = 1; i <= count && !is_spent(form); i++) {
        lua_rawgeti(lua, -1, i);
        reply_to(lua, form);
    }
}

/* An error or a status is the table of one field that redis.pcall gives; the other fields are those
 * of RESP3; everything else is a list that ends at its first nil. */
static void reply_with_table(lua_State *lua, struct form *form)
{
    if (has(lua, "err", LUA_TSTRING)) {
        size_t size_bytes = strlen(lua_tostring(lua, -1));
        while (size_bytes > 0 && strchr("\r\n", lua_tostring(lua, -1)[size_bytes - 1]) != NULL) {
            size_bytes--;
        }
        lua_pushlstring(lua, lua_tostring(lua, -1), size_bytes);
        rcs_lua_error_reply(lua, lua_tostring(lua, -1),
                            rcs_lua_is_counted(lua, lua_gettop(lua) - 2), form->out);
        lua_pop(lua, 2);
    } else if (has(lua, "ok", LUA_TSTRING)) {
        lua_pushstring(lua, lua_tostring(lua, -1)); /* it ends at a NUL */
        rcs_buf_text(form->out, "+");
        add_line(lua, form->out);
        rcs_buf_text(form->out, "\r\n");
        lua_pop(lua, 2);
    } else if (has(lua, "double", LUA_TNUMBER)) {
        rcs_resp_double(form->out, lua_tonumber(lua, -1), form->resp3);
        lua_pop(lua, 1);
    } else if (has(lua, "big_number", LUA_TSTRING)) {
        if (form->resp3) {
            rcs_buf_text(form->out, "(");
        } else {
            rcs_buf_format(form->out, "$%zu\r\n", lua_objlen(lua, -1));
        }
        add_line(lua, form->out);
        rcs_buf_text(form->out, "\r\n");
        lua_pop(lua, 1);
    } else if (reply_with_verbatim(lua, form)) {
        return;
    } else if (has(lua, "map", LUA_TTABLE)) {
        reply_with_pairs(lua, form, true);
        lua_pop(lua, 1);
    } else if (has(lua, "set", LUA_TTABLE)) {
        reply_with_pairs(lua, form, false);
        lua_pop(lua, 1);
    } else {
        reply_with_array(lua, form);
    }
}

static void reply_to(lua_State *lua, struct form *form)
{
    size_t size_bytes;
    if (lua_checkstack(lua, 4) == 0) {
        rcs_lua_error_reply(lua, "ERR reached lua stack limit", false, form->out);
        lua_pop(lua, 1);
        return;
    }
    switch (lua_type(lua, -1)) {
    case LUA_TSTRING: {
        const char *text = lua_tolstring(lua, -1, &size_bytes);
        rcs_resp_bulk(form->out, text, size_bytes);
        break;
    }
    case LUA_TNUMBER:
        rcs_resp_integer(form->out, integer_of(lua_tonumber(lua, -1)));
        break;
    case LUA_TBOOLEAN:
        if (!form->bare) {
            rcs_resp_boolean(form->out, lua_toboolean(lua, -1) != 0, form->resp3);
        } else if (lua_toboolean(lua, -1) != 0) {
            rcs_resp_integer(form->out, 1);
        } else {
            rcs_resp_nil(form->out, form->resp3);
        }
        break;
    case LUA_TTABLE:
        reply_with_table(lua, form);
        break;
    default:
        rcs_resp_nil(form->out, form->resp3);
        break;
    }
    lua_pop(lua, 1);
}

void rcs_lua_reply(lua_State *lua, bool bare, bool resp3, struct rcs_buf *out)
{
    const struct rcs_lua *script = rcs_lua_of(lua);
    const size_t start_bytes = out->size_bytes;
    struct form form = { .bare = bare,
                         .resp3 = resp3,
                         .out = out,
                         .most_bytes = start_bytes + RCS_LUA_MEMORY_BYTES,
                         .instructions = script->instructions };
    reply_to(lua, &form);
    if (is_spent(&form)) {
        char text[128];
        snprintf(text, sizeof(text),
                 "ERR rcsim ends a reply after %lld elements or %u bytes: this one may have no end",
                 (long long)script->instructions, RCS_LUA_MEMORY_BYTES);
        out->size_bytes = start_bytes;
        rcs_lua_error_reply(lua, text, false, out);
    }
}
