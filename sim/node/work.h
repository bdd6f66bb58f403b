/* How long what a process does takes where that is no rule but work, as asked of a
 * redis-server 7.0.15 by tests/live_child.c, which holds these times against whatever server it
 * finds. They decide in which order, within milliseconds, lines of parents and children come, and
 * how long data of some size keeps a node busy. But for a disk that a scenario makes slow nothing
 * else takes virtual time: a step of a node is done at once.
 *
 * Microseconds, drawn evenly from MIN to MAX; bytes of RDB in a microsecond. Files are on a disk
 * that takes some 500 us for an fsync. */
#ifndef RCSIM_SIM_NODE_WORK_H
#define RCSIM_SIM_NODE_WORK_H

/* fork() of a server without data, and what its data adds (page tables). */
#define RCS_FORK_US_MIN       380
#define RCS_FORK_US_MAX       490
#define RCS_FORK_BYTES_PER_US 20000

/* From the fork until a child has written its file, and the disk has it, or sent it to replicas. */
#define RCS_SAVE_US_MIN              650
#define RCS_SAVE_US_MAX              1800
#define RCS_SEND_US_MIN              200
#define RCS_SEND_US_MAX              600
#define RCS_CHILD_WRITE_BYTES_PER_US 150

/* From then to its last line (it counts the memory it copied), and from that to its end. */
#define RCS_CHILD_REPORT_US_MIN 560
#define RCS_CHILD_REPORT_US_MAX 660
#define RCS_CHILD_END_US_MIN    210
#define RCS_CHILD_END_US_MAX    580

/* An RDB from a file to the replica that waits for it, once the child's end was seen. */
#define RCS_BULK_US_MIN 100
#define RCS_BULK_US_MAX 350

/* From the last byte of an RDB until the replica has written it to its disk and loaded it. */
#define RCS_LOAD_US_MIN       600
#define RCS_LOAD_US_MAX       1050
#define RCS_LOAD_BYTES_PER_US 400

/* From the first turn of an event loop that has much to read, after its process was stopped, to the
 * next, which reads what new connections brought: at most, most often some 15. */
#define RCS_TURN_US 100

/* Memory that a key takes beside its bytes in an RDB: DEBUG POPULATE 100000 in cluster mode gives
 * 85 with values of 10 bytes, 102 with values of 1000. */
#define RCS_KEY_BYTES 90

#endif
