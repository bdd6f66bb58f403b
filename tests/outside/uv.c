/* A program on libuv: the one public header that names it, and the library that goes with it. */
#include <stdio.h>

#include <rcsim/uv.h>

int main(void)
{
    struct rcs_sim *sim = rcs_sim_new(&(struct rcs_sim_options){ .seed = 1 }, NULL);
    printf("librcsim %s on libuv %s\n", RCS_VERSION, uv_version_string());
    rcs_sim_free(sim);
    return sim == NULL;
}
