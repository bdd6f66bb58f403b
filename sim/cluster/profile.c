#include "sim/cluster/profile.h"

#include <rcsim/resp.h>

#include <string.h>

#include "sim/pure.h"

/* Each line of RCS_PROFILES has nine values; a column takes one of them. */
#define PICK_0(a, b, c, d, e, f, g, h, i) a
#define PICK_1(a, b, c, d, e, f, g, h, i) b
#define PICK_2(a, b, c, d, e, f, g, h, i) c
#define PICK_3(a, b, c, d, e, f, g, h, i) d
#define PICK_4(a, b, c, d, e, f, g, h, i) e
#define PICK_5(a, b, c, d, e, f, g, h, i) f
#define PICK_6(a, b, c, d, e, f, g, h, i) g
#define PICK_7(a, b, c, d, e, f, g, h, i) h
#define PICK_8(a, b, c, d, e, f, g, h, i) i

#define yes true
#define no  false

#define JOIN(a, b)     a##b
#define CONSTANT(a, b) JOIN(a, b)

/* clang-format off */
#define B0(name, ...) .name = PICK_0(__VA_ARGS__),
#define B1(name, ...) .name = PICK_1(__VA_ARGS__),
#define B2(name, ...) .name = PICK_2(__VA_ARGS__),
#define B3(name, ...) .name = PICK_3(__VA_ARGS__),
#define B4(name, ...) .name = PICK_4(__VA_ARGS__),
#define B5(name, ...) .name = PICK_5(__VA_ARGS__),
#define B6(name, ...) .name = PICK_6(__VA_ARGS__),
#define B7(name, ...) .name = PICK_7(__VA_ARGS__),
#define B8(name, ...) .name = PICK_8(__VA_ARGS__),
#define E0(type, prefix, name, ...) .name = CONSTANT(prefix, PICK_0(__VA_ARGS__)),
#define E1(type, prefix, name, ...) .name = CONSTANT(prefix, PICK_1(__VA_ARGS__)),
#define E2(type, prefix, name, ...) .name = CONSTANT(prefix, PICK_2(__VA_ARGS__)),
#define E3(type, prefix, name, ...) .name = CONSTANT(prefix, PICK_3(__VA_ARGS__)),
#define E4(type, prefix, name, ...) .name = CONSTANT(prefix, PICK_4(__VA_ARGS__)),
#define E5(type, prefix, name, ...) .name = CONSTANT(prefix, PICK_5(__VA_ARGS__)),
#define E6(type, prefix, name, ...) .name = CONSTANT(prefix, PICK_6(__VA_ARGS__)),
#define E7(type, prefix, name, ...) .name = CONSTANT(prefix, PICK_7(__VA_ARGS__)),
#define E8(type, prefix, name, ...) .name = CONSTANT(prefix, PICK_8(__VA_ARGS__)),
/* clang-format on */

static const struct rcs_profile profiles[RCS_RELEASE_COUNT] = {
    { RCS_REDIS_3_0, "3.0", "3.0.7", "Redis 3.0.7", "3.0.7",
      RCS_PROFILES(B0, B0, E0) RCS_NODE_PROFILES(B0, B0, E0) },
    { RCS_REDIS_4_0, "4.0", "4.0.14", "Redis 4.0.14", "4.0.14",
      RCS_PROFILES(B1, B1, E1) RCS_NODE_PROFILES(B1, B1, E1) },
    { RCS_REDIS_5_0, "5.0", "5.0.14", "Redis 5.0.14", "5.0.14",
      RCS_PROFILES(B2, B2, E2) RCS_NODE_PROFILES(B2, B2, E2) },
    { RCS_REDIS_6_0, "6.0", "6.0.20", "Redis 6.0.20", "6.0.20",
      RCS_PROFILES(B3, B3, E3) RCS_NODE_PROFILES(B3, B3, E3) },
    { RCS_REDIS_6_2, "6.2", "6.2.16", "Redis 6.2.16", "6.2.16",
      RCS_PROFILES(B4, B4, E4) RCS_NODE_PROFILES(B4, B4, E4) },
    { RCS_REDIS_7_0, "7.0", "7.0.15", "Redis 7.0.15", "7.0.15",
      RCS_PROFILES(B5, B5, E5) RCS_NODE_PROFILES(B5, B5, E5) },
    { RCS_REDIS_7_2, "7.2", "7.2.6", "Redis 7.2.6", "7.2.6",
      RCS_PROFILES(B6, B6, E6) RCS_NODE_PROFILES(B6, B6, E6) },
    { RCS_REDIS_7_4, "7.4", "7.4.1", "Redis 7.4.1", "7.4.1",
      RCS_PROFILES(B7, B7, E7) RCS_NODE_PROFILES(B7, B7, E7) },
    /* It calls itself 7.2.4 where clients look for a Redis, and 8.0.1 elsewhere. */
    { RCS_VALKEY_8_0, "valkey-8.0", "8.0.1", "Valkey 8.0.1", "valkey-8.0.1",
      RCS_PROFILES(B8, B8, E8) RCS_NODE_PROFILES(B8, B8, E8) },
};

const struct rcs_profile *rcs_profile_at(unsigned index)
{
    return index < RCS_RELEASE_COUNT ? &profiles[index] : NULL;
}

struct rcs_bus_dialect rcs_profile_dialect(const struct rcs_profile *profile)
{
    return (struct rcs_bus_dialect){
        .version = (uint8_t)profile->bus_version,
        .types = (uint8_t)profile->bus_types,
        .extensions = (uint8_t)profile->extensions,
        .asks = profile->extend == RCS_EXTEND_ASKED,
        .light = profile->light_header,
        .says_lengths = profile->logs_bad_length,
    };
}

const struct rcs_profile *rcs_profile_default(void)
{
    return &profiles[RCS_REDIS_7_0];
}

const struct rcs_profile *rcs_profile_find(const char *name)
{
    for (unsigned i = 0; i < RCS_RELEASE_COUNT; i++) {
        if (strcmp(name, profiles[i].name) == 0 || strcmp(name, profiles[i].full) == 0) {
            return &profiles[i];
        }
    }
    return NULL;
}

/* How far two names agree from their beginning: "6.2.7" is a 6.2, "valkey" a Valkey. */
static size_t agreement(const char *a, const char *b)
{
    size_t at = 0;
    while (a[at] != '\0' && b[at] != '\0' && (a[at] | 0x20) == (b[at] | 0x20)) {
        at++;
    }
    return at;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* A Redis may be called "redis-7.2", "Redis 7.2", "redis7" or "v7". */
static const char *number_of(const char *name)
{
    static const char redis[] = "redis";
    if (agreement(name, redis) == sizeof(redis) - 1) {
        name += sizeof(redis) - 1;
        name += *name == '-' || *name == ' ' || *name == '_';
    }
    return (*name | 0x20) == 'v' && is_digit(name[1]) ? name + 1 : name;
}

static const struct rcs_profile *nearest(const char *name)
{
    const struct rcs_profile *best = NULL;
    size_t most = 0;
    name = number_of(name);
    for (unsigned i = 0; i < RCS_RELEASE_COUNT; i++) {
        size_t agreed = agreement(name, profiles[i].name);
        if (agreed > most) {
            most = agreed;
            best = &profiles[i];
        }
    }
    return best;
}

enum rcs_err rcs_profile_refuse(const char *name, struct rcs_diag *diag)
{
    struct rcs_buf names;
    rcs_buf_init(&names);
    for (unsigned i = 0; i < RCS_RELEASE_COUNT; i++) {
        rcs_buf_format(&names, "%s%s", i == 0 ? "" : ", ", profiles[i].name);
    }
    rcs_buf_add(&names, "", 1);
    const struct rcs_profile *near = nearest(name);
    enum rcs_err err =
        near == NULL
            ? rcs_diag_set(diag, RCS_ERR_UNKNOWN, 0, 0, "no release \"%.40s\" is modelled (%s are)",
                           name, names.data)
            : rcs_diag_set(diag, RCS_ERR_UNKNOWN, 0, 0,
                           "no release \"%.40s\" is modelled (%s are; did you mean %s, as %s?)",
                           name, names.data, near->name, near->full);
    rcs_buf_close(&names);
    return err;
}
