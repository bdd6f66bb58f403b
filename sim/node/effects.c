#include "sim/node/effects.h"

#include <stdlib.h>

#include "sim/cluster/saved_config.h"
#include "sim/keys/keyspace.h"

#include "sim/pure.h"

void rcs_effects_init(struct rcs_effects *effects)
{
    *effects = (struct rcs_effects){ 0 };
    rcs_facts_init(&effects->facts);
}

void rcs_effects_close(struct rcs_effects *effects, struct rcs_store *store)
{
    rcs_effects_clear(effects, store);
    rcs_facts_close(&effects->facts);
    free(effects->list);
    *effects = (struct rcs_effects){ 0 };
}

/* Gives back the one counted value an effect owns, if it still does. */
static void give_back(struct rcs_effect *effect, struct rcs_store *store)
{
    switch ((enum rcs_effect_kind)effect->kind) {
    case RCS_EFFECT_BUS_SEND:
        if (effect->bus_msg != NULL) {
            rcs_bus_msg_release(store, effect->bus_msg);
        }
        break;
    case RCS_EFFECT_CLIENT_REPLY:
        if (effect->blob != NULL) {
            rcs_blob_release(store, effect->blob);
        }
        break;
    case RCS_EFFECT_MASTER_REQUEST:
    case RCS_EFFECT_TARGET_REQUEST:
        if (effect->request != NULL) {
            rcs_request_release(store, effect->request);
        }
        break;
    case RCS_EFFECT_CLIENT_SNAPSHOT:
    case RCS_EFFECT_SAVE_DUMP:
        if (effect->snapshot != NULL) {
            rcs_snapshot_release(effect->snapshot);
        }
        break;
    case RCS_EFFECT_SAVE_CONFIG:
        if (effect->saved != NULL) {
            rcs_saved_config_release(store, effect->saved);
        }
        break;
    case RCS_EFFECT_LINK_CONNECT:
    case RCS_EFFECT_LINK_CLOSE:
    case RCS_EFFECT_LINK_RENAME:
    case RCS_EFFECT_TURN:
    case RCS_EFFECT_SAVE_REDIS_CONF:
    case RCS_EFFECT_CLIENT_CLOSE:
    case RCS_EFFECT_MASTER_CONNECT:
    case RCS_EFFECT_MASTER_CLOSE:
    case RCS_EFFECT_SLEEP:
    case RCS_EFFECT_EXIT:
    case RCS_EFFECT_TARGET_CONNECT:
    case RCS_EFFECT_TARGET_CLOSE:
    case RCS_EFFECT_BLOCK:
    case RCS_EFFECT_UNBLOCK:
        break; /* plain values */
    }
}

RCS_HOT void rcs_effects_clear(struct rcs_effects *effects, struct rcs_store *store)
{
    for (size_t i = 0; effects->kinds & RCS_EFFECTS_OWNING && i < effects->count; i++) {
        give_back(&effects->list[i], store);
    }
    effects->count = 0;
    effects->kinds = 0;
    rcs_facts_clear(&effects->facts);
}

void rcs_effects_keep_saves(struct rcs_effects *effects, struct rcs_store *store, size_t from,
                            size_t until)
{
    size_t kept = from;
    for (size_t i = from; i < effects->count; i++) {
        struct rcs_effect *effect = &effects->list[i];
        bool saves = effect->kind == RCS_EFFECT_SAVE_CONFIG ||
                     effect->kind == RCS_EFFECT_SAVE_DUMP ||
                     effect->kind == RCS_EFFECT_SAVE_REDIS_CONF;
        if (saves && i < until) {
            effects->list[kept++] = *effect;
        } else {
            give_back(effect, store);
        }
    }
    effects->count = kept;
}

void rcs_effects_grow(struct rcs_effects *effects)
{
    effects->room = effects->room == 0 ? 16 : effects->room * 2;
    effects->list = realloc(effects->list, effects->room * sizeof(effects->list[0]));
    RCS_ASSERT(effects->list != NULL);
}
