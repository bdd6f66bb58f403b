/* The yardstick of the other benchmarks, by itself: what this machine pays for one event at least.
 */
#include "measure.h"

int main(void)
{
    figure("plain binary heap, 100 pending, push+pop", yardstick_ns(1000000), "ns", 1, NULL, true);
    return 0;
}
