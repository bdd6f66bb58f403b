/* Which part of a campaign this process is, as the engines say that start many of the same command.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/tools.h"

static const struct engine {
    const char *index;  /* the variable that numbers this process, */
    const char *first;  /* the one that has the first number, NULL: it is `base`, */
    const char *count;  /* and the one that says how many there are; NULL: none does */
    const char *stride; /* from one number to the next; NULL: 1 */
    unsigned base;
} engines[] = {
    { "SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_MIN", "SLURM_ARRAY_TASK_COUNT",
      "SLURM_ARRAY_TASK_STEP", 0 },
    { "JOB_COMPLETION_INDEX", NULL, NULL, NULL, 0 },
    { "OMPI_COMM_WORLD_RANK", NULL, "OMPI_COMM_WORLD_SIZE", NULL, 0 },
    { "PARALLEL_SEQ", NULL, NULL, NULL, 1 },
};
#define ENGINE_COUNT (sizeof(engines) / sizeof(engines[0]))

/* False after a message: it is there and is no number. */
static bool read_variable(const char *name, unsigned otherwise, unsigned *out)
{
    const char *text = name == NULL ? NULL : getenv(name);
    char *end;
    *out = otherwise;
    if (text == NULL || text[0] == '\0') {
        return true;
    }
    unsigned long value = strtoul(text, &end, 10);
    if (*end != '\0' || strlen(text) > 9) {
        complain("--shard auto: %s is \"%s\", which is no number", name, text);
        return false;
    }
    *out = (unsigned)value;
    return true;
}

int shard_from_environment(unsigned shards, unsigned *shard, unsigned *of)
{
    const struct engine *engine = NULL;
    for (size_t i = 0; i < ENGINE_COUNT; i++) {
        const char *there = getenv(engines[i].index);
        if (there == NULL || there[0] == '\0') {
            continue;
        }
        if (engine != NULL) {
            return complain("--shard auto: %s and %s are both set: say which part this is "
                            "(--shard I/N)",
                            engine->index, engines[i].index);
        }
        engine = &engines[i];
    }
    if (engine == NULL) {
        return complain("--shard auto: none of SLURM_ARRAY_TASK_ID, JOB_COMPLETION_INDEX, "
                        "OMPI_COMM_WORLD_RANK and PARALLEL_SEQ is set (--shard I/N says it)");
    }
    unsigned index, first, count, stride;
    if (!read_variable(engine->index, 0, &index) ||
        !read_variable(engine->first, engine->base, &first) ||
        !read_variable(engine->count, 0, &count) || !read_variable(engine->stride, 1, &stride)) {
        return EXIT_USAGE;
    }
    count = shards > 0 ? shards : count;
    if (count == 0) {
        return complain("--shard auto: %s is %u, and nothing says of how many (--shard auto/N)",
                        engine->index, index);
    }
    stride = stride > 0 ? stride : 1;
    if (index < first || (index - first) / stride >= count) {
        return complain("--shard auto: %s is %u, which is none of %u from %u on", engine->index,
                        index, count, first);
    }
    *shard = (index - first) / stride + 1;
    *of = count;
    return 0;
}

void shard_part(uint64_t count, unsigned shard, unsigned of, uint64_t *from, uint64_t *size)
{
    /* The first `rest` parts have one more. */
    const uint64_t each = count / of, rest = count % of, before = shard - 1;
    *from = each * before + (before < rest ? before : rest);
    *size = each + (before < rest);
}
