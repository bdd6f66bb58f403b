/* Bugs that a test plants in nodes to prove that the checks of sim/explore find them. Only the
 * test's own copy of these files knows them (RCS_PLANT, tests/rows_check.cmake); elsewhere there is
 * nothing to be switched, and nothing to pay. */
#ifndef RCSIM_SIM_CLUSTER_PLANTED_H
#define RCSIM_SIM_CLUSTER_PLANTED_H

#ifdef RCS_PLANT
enum rcs_planted {
    RCS_PLANTED_NONE,
    RCS_PLANTED_DOUBLE_VOTE,  /* a master votes as often as it is asked */
    RCS_PLANTED_EPOCH_FALLS,  /* the current epoch is that of the last packet */
    RCS_PLANTED_VOTE_UNSAVED, /* a vote is not saved */
    RCS_PLANTED_SLOT_KEPT,    /* who owns a slot keeps it against every claim */
    RCS_PLANTED_FAIL_ALONE    /* who suspects a node calls it FAIL */
};
extern enum rcs_planted rcs_planted;
#define RCS_IS_PLANTED(bug) (rcs_planted == RCS_PLANTED_##bug)
#else
#define RCS_IS_PLANTED(bug) 0
#endif

#endif
