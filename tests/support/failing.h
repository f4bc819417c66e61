#ifndef SPEAN_TEST_FAILING_H
#define SPEAN_TEST_FAILING_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Lets allocations fail: those of the program under test and, but in the builds of the sanitizers
 * (which bring an allocator of their own), those of every library that it uses, in all threads.
 */

/* Allocations are counted from now on; the at-th fails (0: none does), and so do those after it,
 * `many` in all. */
void failing_set(size_t at, size_t many);
/* None fails any more. How many did. */
size_t failing_rest(void);
/* How many have failed since failing_set. */
size_t failing_count(void);
/* Blocks in use; always 0 where the sanitizers look for leaks. */
long failing_live(void);

/*
 * Does a piece of work again and again, until it has come through: first with its first allocation
 * failing, then with its second, and so on; then once more with all failing from one on. The work
 * gives true when it was done whole, and false when it gave up as it says it does; it asserts
 * whatever must hold in both cases and leaves nothing behind: a block too many fails the test,
 * unless a library failed within itself.
 * What it has only to look at afterwards it may do under failing_rest. Gives how many failures
 * were made.
 */
size_t failing_each(bool (*work)(void *ctx), void *ctx);
/* The same for work that makes thousands: the first ones in turn, then ever fewer. */
size_t failing_thinly(bool (*work)(void *ctx), void *ctx);

#endif
