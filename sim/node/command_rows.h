/* Short words for the rows of command tables; included last but one by the files that hold a table.
 */
#ifndef RCSIM_SIM_NODE_COMMAND_ROWS_H
#define RCSIM_SIM_NODE_COMMAND_ROWS_H

#include "sim/node/command.h"

#define WRITE            RCS_COMMAND_WRITE
#define READONLY         RCS_COMMAND_READONLY
#define DENYOOM          RCS_COMMAND_DENYOOM
#define ADMIN            RCS_COMMAND_ADMIN
#define PUBSUB           RCS_COMMAND_PUBSUB
#define NOSCRIPT         RCS_COMMAND_NOSCRIPT
#define LOADING          RCS_COMMAND_LOADING
#define STALE            RCS_COMMAND_STALE
#define SKIP_MONITOR     RCS_COMMAND_SKIP_MONITOR
#define SKIP_SLOWLOG     RCS_COMMAND_SKIP_SLOWLOG
#define ASKING           RCS_COMMAND_ASKING
#define FAST             RCS_COMMAND_FAST
#define NO_AUTH          RCS_COMMAND_NO_AUTH
#define KEYS_OPTIONAL    RCS_COMMAND_NO_MANDATORY_KEYS
#define NO_ASYNC_LOADING RCS_COMMAND_NO_ASYNC_LOADING
#define NO_MULTI         RCS_COMMAND_NO_MULTI
#define MOVABLE_KEYS     RCS_COMMAND_MOVABLE_KEYS
#define ALLOW_BUSY       RCS_COMMAND_ALLOW_BUSY
#define MAY_REPLICATE    RCS_COMMAND_MAY_REPLICATE
#define PROTECTED        RCS_COMMAND_PROTECTED
#define SHARD_PUBSUB     RCS_COMMAND_SHARD_PUBSUB
#define IN_SUBSCRIBED    RCS_COMMAND_IN_SUBSCRIBED
#define NOT_QUEUED       RCS_COMMAND_NOT_QUEUED
#define ARBITRARY_KEYS   RCS_COMMAND_ARBITRARY_KEYS
#define MOVES_KEYS       RCS_COMMAND_MOVES_KEYS
#define RUNS_SCRIPT      RCS_COMMAND_RUNS_SCRIPT
#define BY_SHA           RCS_COMMAND_BY_SHA
#define IS_EXEC          RCS_COMMAND_EXEC

#define CATEGORY(name) RCS_CATEGORY_##name

#define RO         RCS_KEY_RO
#define RW         RCS_KEY_RW
#define OW         RCS_KEY_OW
#define RM         RCS_KEY_RM
#define ACCESS     RCS_KEY_ACCESS
#define UPDATE     RCS_KEY_UPDATE
#define INSERT     RCS_KEY_INSERT
#define DELETE     RCS_KEY_DELETE
#define NOT_KEY    RCS_KEY_NOT_KEY
#define INCOMPLETE RCS_KEY_INCOMPLETE
#define VARIABLE   RCS_KEY_VARIABLE

/* One key; all words from `first` on, in steps; two keys with flags of their own; none. */
#define ONE_KEY(first, flags)                                                                      \
    {                                                                                              \
        {                                                                                          \
            first, 0, 1, flags, NULL, 0, NULL                                                      \
        }                                                                                          \
    }
#define ALL_KEYS(first, step, flags)                                                               \
    {                                                                                              \
        {                                                                                          \
            first, -1, step, flags, NULL, 0, NULL                                                  \
        }                                                                                          \
    }
#define TWO_KEYS(flags, flags2)                                                                    \
    {                                                                                              \
        { 1, 0, 1, flags, NULL, 0, NULL },                                                         \
        {                                                                                          \
            2, 0, 1, flags2, NULL, 0, NULL                                                         \
        }                                                                                          \
    }
/* So many keys behind the word at `position` as it says, of a command with the flag MOVABLE_KEYS;
 * one key at 1 before such a count at 2 (ZUNIONSTORE). */
#define NUMKEYS(position, flags)                                                                   \
    {                                                                                              \
        {                                                                                          \
            (position) + 1, 0, 1, flags, NULL, position, NULL                                      \
        }                                                                                          \
    }
#define ONE_KEY_AND_NUMKEYS(flags, flags2)                                                         \
    {                                                                                              \
        { 1, 0, 1, flags, NULL, 0, NULL },                                                         \
        {                                                                                          \
            3, 0, 1, flags2, NULL, 2, NULL                                                         \
        }                                                                                          \
    }
#define NO_KEYS                                                                                    \
    {                                                                                              \
        {                                                                                          \
            0                                                                                      \
        }                                                                                          \
    }

#define END_OF_COMMANDS                                                                            \
    {                                                                                              \
        .name = NULL                                                                               \
    }

#endif
