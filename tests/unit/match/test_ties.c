#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "index_in.h"
#include "profiles.h"
#include "query.h"

#include <stdlib.h>
#include <string.h>

/* What is kept of earlier searches is what a search would find by itself. */

#define COMPANIES 1500

static struct model *model;
static struct index *ix;

static int load(void **state)
{
    (void)state;
    model = test_model();
    ix = profiles_index(model, 78, COMPANIES);
    return ix == NULL ? -1 : 0;
}

static int unload(void **state)
{
    (void)state;
    index_unref(ix);
    model_free(model);
    return 0;
}

static void turn_to(struct query *q, struct index_room *room, const uint8_t *a)
{
    const struct tree *t =
        ix->layers[0]->trees[a[AT_COUNTRY] == COUNTRY_KH ? COUNTRY_CA : COUNTRY_KH];
    query_open(q, model, a, TODAY, NULL, room);
    assert_int_equal(query_tree(q, t, true), 0);
}

static void same_ties(const struct ties *kept, const struct ties *made)
{
    assert_non_null(kept);
    assert_non_null(made);
    assert_ptr_not_equal(kept, made);
    assert_int_equal(kept->count, made->count);
    for (size_t i = 0; i < kept->count; i++)
        assert_memory_equal(&kept->at[i], &made->at[i], sizeof kept->at[i]);
}

/* Every company asks, so that nearly all that is kept was found for another. */
static void what_is_kept_is_what_would_be_made(void **state)
{
    (void)state;
    struct index_room *room = index_room_new();
    const struct layer *l = ix->layers[0];
    size_t ties = 0;
    assert_non_null(room);
    for (size_t n = 0; n < l->count; n++) {
        struct query q;
        turn_to(&q, room, l->entries[n].blob->bytes);
        same_ties(ties_of_field(&q, true), ties_of_field(&q, false));
        for (size_t i = 0; i < q.a.need_count; i++) {
            const struct ties *kept = ties_of_need(&q, i, true);
            same_ties(kept, ties_of_need(&q, i, false));
            ties += kept->count;
        }
        query_tree_done(&q);
    }
    assert_true(ties > COMPANIES);
    index_room_free(room);
}

/* A tree that stands where another stood is another. */
static void trees_have_numbers_of_their_own(void **state)
{
    (void)state;
    const struct layer *l = ix->layers[0];
    struct tree *again = tree_new(model, l, COUNTRY_CA, NULL);
    assert_non_null(again);
    assert_true(l->trees[COUNTRY_CA]->number != l->trees[COUNTRY_KH]->number);
    assert_true(l->trees[COUNTRY_CA]->number != again->number);
    tree_free(again);
}

static void what_is_kept_is_bounded(void **state)
{
    (void)state;
    struct index_room *room = index_room_new();
    const struct layer *l = ix->layers[0];
    size_t most = 0, fell = 0;
    assert_non_null(room);
    for (size_t n = 0; n < 30 * l->count && fell == 0; n++) {
        struct query q;
        struct tree t = *l->trees[COUNTRY_CA];
        t.number = n; /* as if there were ever new trees */
        query_open(&q, model, l->entries[n % l->count].blob->bytes, TODAY, NULL, room);
        size_t before = room->ties.bytes;
        assert_int_equal(query_tree(&q, &t, true), 0);
        query_tree_done(&q);
        fell += room->ties.bytes < before / 2;
        most = room->ties.bytes > most ? room->ties.bytes : most;
    }
    assert_true(most <= TIES_BYTES_MOST);
    assert_int_equal(fell, 1); /* else it never came so far */
    index_room_free(room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_kept_is_what_would_be_made),
        cmocka_unit_test(trees_have_numbers_of_their_own),
        cmocka_unit_test(what_is_kept_is_bounded),
    };
    return cmocka_run_group_tests_name("match/ties", tests, load, unload);
}
