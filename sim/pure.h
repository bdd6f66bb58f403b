/* What the core may not call. Included last in every file of sim/ but sim/uv/: gcc and clang then
 * refuse the call, with its line. (It poisons fields of that name as well.) */
#ifndef RCSIM_SIM_PURE_H
#define RCSIM_SIM_PURE_H
#pragma GCC poison time clock gettimeofday clock_gettime rand random srand srandom getenv
#endif
