#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model_in.h"
#include "profiles.h"

#include <string.h>

static struct model *model;

static int load(void **state)
{
    (void)state;
    model = test_model();
    return 0;
}

static int unload(void **state)
{
    (void)state;
    model_free(model);
    return 0;
}

/* True if the text names the concept. */
static bool names(const char *text, const char *code)
{
    struct concept_set set = {{0}};
    struct buf folded;
    buf_init(&folded, 65536);
    assert_int_equal(lexicon_fold(&folded, text, strlen(text)), 0);
    lexicon_match(&model->lexicon, folded.data, folded.len, &set);
    buf_done(&folded);
    for (size_t i = 0; i < model->lexicon.concept_count; i++)
        if (strcmp(model->lexicon.concepts[i].code, code) == 0)
            return set.word[i / 64] >> (i % 64) & 1;
    fail_msg("no concept %s", code);
    return false;
}

static void reads_three_languages(void **state)
{
    (void)state;
    assert_true(names("Boilers that burn rice husk", "rice-husk"));
    assert_true(names("dont la BALLE DE RIZ (trois références)", "rice-husk"));
    assert_true(names("យើងលក់អង្កាមពីរោងម៉ាស៊ីន", "rice-husk"));
    assert_true(names("Muriate of potash, bulk", "potash"));
    assert_true(names("ជីប៉ូតាស្យូមក្លរួ", "potash"));
    assert_true(names("Sirop d'érable biologique", "maple"));
}

static void takes_the_longest_words(void **state)
{
    (void)state;
    assert_true(names("use of rice husk", "rice-husk"));
    assert_false(names("use of rice husk", "rice"));
    assert_true(names("wild rice and rice", "rice"));
    assert_true(names("a seed round", "equity"));
    assert_false(names("a seed round", "seed"));
}

static void keeps_to_whole_words(void **state)
{
    (void)state;
    assert_true(names("cashews", "cashew"));
    assert_false(names("licenses for drivers", "rice"));
    assert_false(names("priced low", "rice"));
    assert_true(names("agronomists", "smallholders")); /* a stem */
    assert_false(names("", "rice"));
}

static void reads_khmer_with_hidden_spaces(void **state)
{
    (void)state;
    assert_true(names("គ្រាប់​ស្វាយ​ចន្ទី",
                      "cashew")); /* zero-width spaces */
    assert_false(names("អាជីវកម្ម និងជីវិត", "fertiliser"));
}

static void knows_certificates_and_vagueness(void **state)
{
    (void)state;
    assert_true(names("iso-22000", "ISO 22000"));
    assert_true(names("BRCGS issue 9", "BRCGS"));
    assert_true(names("We deliver to ALL INDUSTRIES", "any-field"));
    assert_true(names("គ្រប់វិស័យ", "any-field"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_three_languages),
        cmocka_unit_test(takes_the_longest_words),
        cmocka_unit_test(keeps_to_whole_words),
        cmocka_unit_test(reads_khmer_with_hidden_spaces),
        cmocka_unit_test(knows_certificates_and_vagueness),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
