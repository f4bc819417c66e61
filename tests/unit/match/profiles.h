#ifndef SPEAN_TEST_PROFILES_H
#define SPEAN_TEST_PROFILES_H

#include <spean/buf.h>
#include <spean/index.h>
#include <spean/packed.h>
#include <spean/score.h>

#include <stdint.h>

/* Companies for tests: by hand, or at random from a seed, always the same ones. */

#define TODAY 20781 /* 2026-11-24 */

struct model *test_model(void); /* conf/model; ends the test when it does not load */

/* An empty published company of a country; id: its last byte. */
struct profile profile_of(enum country c, uint8_t id, const char *name);
void profile_sector(const struct model *m, struct profile *p, const char *code);
void profile_lang(struct profile *p, const char *code, enum level l);
/* hs: codes parted by blanks, or NULL. */
void profile_offer(const struct model *m, struct profile *p, enum kind k, const char *sector,
                   const char *hs, const char *text);
void profile_seek(const struct model *m, struct profile *p, enum kind k, const char *sector,
                  const char *hs, const char *text);
void profile_describe(struct profile *p, const char *text);

/* Packs into an initialised buf; ends the test when that fails. */
void profile_pack(const struct model *m, const struct profile *p, struct buf *out);
struct score profile_score(const struct model *m, const struct profile *a, const struct profile *b);

/* How often to do what is done n times: fewer where everything is slow (SPEAN_TEST_SCALE, a
 * divisor, which the runs under valgrind and in the emulator set). At least 1. */
int test_count(int n);

/* The kernel that SPEAN_TEST_KERNEL names, which this processor then has to have: the test fails if
 * it lacks it. INDEX_KERNEL_AUTO if none is named. */
enum index_kernel test_kernel(void);
/* Whether a test of all kernels tries this one: the one named alone, or each that runs here. */
bool test_kernel_due(enum index_kernel which);

uint64_t random_next(uint64_t *seed);
size_t random_below(uint64_t *seed, size_t n);
/* Fills with a random company; its texts are static. */
void profile_random(const struct model *m, uint64_t *seed, struct profile *ret);
/* An index of so many of them. NULL: no memory. */
struct index *profiles_index(const struct model *m, uint64_t seed, int count);

#endif
