#include "sim/node/event.h"

#include "sim/pure.h"

const char *rcs_event_kind_name(enum rcs_event_kind kind)
{
    static const char *const names[] = {
        [RCS_EVENT_START] = "start",
        [RCS_EVENT_WAKE] = "wake",
        [RCS_EVENT_SHUTDOWN] = "shutdown",
        [RCS_EVENT_LINK_ACCEPTED] = "link-accepted",
        [RCS_EVENT_LINK_UP] = "link-up",
        [RCS_EVENT_LINK_FAILED] = "link-failed",
        [RCS_EVENT_LINK_LOST] = "link-lost",
        [RCS_EVENT_BUS_MSG] = "bus-msg",
        [RCS_EVENT_CLIENT_OPEN] = "client-open",
        [RCS_EVENT_CLIENT_REQUEST] = "client-request",
        [RCS_EVENT_CLIENT_DATA] = "client-data",
        [RCS_EVENT_CLIENT_GONE] = "client-gone",
        [RCS_EVENT_MASTER_UP] = "master-up",
        [RCS_EVENT_MASTER_FAILED] = "master-failed",
        [RCS_EVENT_MASTER_DATA] = "master-data",
        [RCS_EVENT_MASTER_SNAPSHOT] = "master-snapshot",
        [RCS_EVENT_MASTER_LOST] = "master-lost",
        [RCS_EVENT_TARGET_UP] = "target-up",
        [RCS_EVENT_TARGET_FAILED] = "target-failed",
        [RCS_EVENT_TARGET_DATA] = "target-data",
        [RCS_EVENT_TARGET_LOST] = "target-lost",
        [RCS_EVENT_BLOCK_OVER] = "block-over",
    };
    _Static_assert(sizeof(names) / sizeof(names[0]) == RCS_EVENT_KIND_COUNT,
                   "every kind has a name");
    RCS_ASSERT((unsigned)kind < RCS_EVENT_KIND_COUNT);
    return names[kind];
}
