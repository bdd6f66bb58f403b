#include "tests/support/busy.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/times.h>

/* proc(5): user nice system idle iowait irq softirq steal, in ticks. */
static void read_all(struct busy *out)
{
    int64_t ticks[8] = { 0 };
    FILE *file = fopen("/proc/stat", "r");
    if (file != NULL) {
        if (fscanf(file,
                   "cpu %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64
                   " %" SCNd64 " %" SCNd64,
                   &ticks[0], &ticks[1], &ticks[2], &ticks[3], &ticks[4], &ticks[5], &ticks[6],
                   &ticks[7]) != 8) {
            memset(ticks, 0, sizeof(ticks));
        }
        fclose(file);
    }
    out->all = 0;
    for (int i = 0; i < 8; i++) {
        out->all += ticks[i];
    }
    out->used = out->all - ticks[3] - ticks[4];
}

static int64_t of_process(pid_t pid)
{
    char path[32], text[1024];
    int64_t ticks[4] = { 0 };
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        return 0;
    }
    size_t size = fread(text, 1, sizeof(text) - 1, file);
    fclose(file);
    text[size] = '\0';
    const char *behind = strrchr(text, ')'); /* the name may hold blanks */
    if (behind == NULL || sscanf(behind + 1,
                                 " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNd64 " %" SCNd64
                                 " %" SCNd64 " %" SCNd64,
                                 &ticks[0], &ticks[1], &ticks[2], &ticks[3]) != 4) {
        return 0;
    }
    return ticks[0] + ticks[1] + ticks[2] + ticks[3];
}

static int64_t own_ticks(void)
{
    struct tms own;
    (void)times(&own);
    return own.tms_utime + own.tms_stime + own.tms_cutime + own.tms_cstime;
}

void busy_begin(struct busy *busy)
{
    read_all(busy);
    busy->own = own_ticks();
}

int busy_others(const struct busy *busy, const pid_t *pids, unsigned count)
{
    struct busy now;
    read_all(&now);
    int64_t own = own_ticks() - busy->own;
    for (unsigned i = 0; i < count; i++) {
        own += of_process(pids[i]);
    }
    int64_t all = now.all - busy->all, others = now.used - busy->used - own;
    return all <= 0 || others <= 0 ? 0 : (int)(others * 100 / all);
}
