/* The transcript of a run: as text for people, or as JSON Lines. Whole lines go out, in order. */
#ifndef RCSIM_SIM_SCENARIO_TRANSCRIPT_H
#define RCSIM_SIM_SCENARIO_TRANSCRIPT_H

#include "sim/scenario/script.h"

struct rcs_transcript;
struct rcs_story;

struct rcs_transcript *rcs_transcript_new(const struct rcs_script *script,
                                          const struct rcs_run_options *options);
void rcs_transcript_free(struct rcs_transcript *transcript);

/* Title and layout; first of all. */
void rcs_transcript_begin(struct rcs_transcript *transcript, const char *release, uint64_t seed);
void rcs_transcript_step(struct rcs_transcript *transcript, rcs_us at_us, const char *title);
/* A statement as it begins: "kill a1..a6"; `kind` for JSON ("fault", "setting", "wait", "print",
 * "cli"). */
void rcs_transcript_act(struct rcs_transcript *transcript, rcs_us at_us, const char *kind,
                        const char *text);
/* "b1..b3> CLUSTER FAILOVER TAKEOVER" */
void rcs_transcript_command(struct rcs_transcript *transcript, rcs_us at_us, const char *prompt,
                            const char *text);
/* What it printed: one line or more, each put below the statement. `who` "" if that is clear. */
void rcs_transcript_output(struct rcs_transcript *transcript, rcs_us at_us, const char *who,
                           const char *text, size_t size_bytes);
/* An answer that so many nodes gave: one of a single line says how many. */
void rcs_transcript_answer(struct rcs_transcript *transcript, rcs_us at_us, const char *who,
                           unsigned times, const char *text, size_t size_bytes);
void rcs_transcript_expect(struct rcs_transcript *transcript, rcs_us at_us, bool holds,
                           const char *text, rcs_us waited_us);
void rcs_transcript_fail(struct rcs_transcript *transcript, rcs_us at_us,
                         const struct rcs_place *place, const char *what, const char *instead);
void rcs_transcript_log(struct rcs_transcript *transcript, rcs_us at_us, int node,
                        const char *line);
/* Between two statements: a line out of the story (story.c), and the same as JSON. */
void rcs_transcript_story(struct rcs_transcript *transcript, rcs_us at_us, const char *who,
                          const char *text, const char *after);
void rcs_transcript_milestone(struct rcs_transcript *transcript,
                              const struct rcs_milestone *milestone);
/* What is printed from now on, without indents and times, goes to `out` as well; NULL: nowhere. */
void rcs_transcript_capture(struct rcs_transcript *transcript, struct rcs_buf *out);
bool rcs_transcript_is_json(const struct rcs_transcript *transcript);
bool rcs_transcript_is_quiet(const struct rcs_transcript *transcript);
void rcs_transcript_end(struct rcs_transcript *transcript, rcs_us at_us, uint64_t digest,
                        unsigned failures, bool interrupted);

/* --- story.c: milestones of many nodes drawn together into lines ------------------------------ */

struct rcs_story *rcs_story_new(const struct rcs_script *script);
void rcs_story_free(struct rcs_story *story);
/* What the times are counted from: "the kill". NULL: nothing. Copied. */
void rcs_story_after(struct rcs_story *story, rcs_us at_us, const char *what);
/* Tells what happened since the last time. */
void rcs_story_tell(struct rcs_story *story, const struct rcs_sim *sim,
                    struct rcs_transcript *transcript);

#endif
