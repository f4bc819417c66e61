#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mapping.h"
#include "mapping_file.h"

#define CONF SPEAN_SOURCE_DIR "/conf/import/"

static char path[64];

static struct mapping *load_text(const char *ini, char *err)
{
    struct mapping *m = NULL;
    int fd;

    snprintf(path, sizeof(path), "/tmp/spean-mapping-XXXXXX");
    fd = mkstemp(path);
    assert_int_equal(write(fd, ini, strlen(ini)), (ssize_t)strlen(ini));
    close(fd);
    mapping_load(path, &m, err, 500);
    unlink(path);
    return m;
}

/* The company as JSON with sorted keys; or "!problem", "skipped"; notes after it. */
static const char *map(const struct mapping *m, const char *row_json)
{
    static char out[4096];
    json_t *row = json_loads(row_json, 0, NULL);
    struct mapped mapped;
    char *company, *notes;

    assert_non_null(row);
    assert_int_equal(mapping_apply(m, row, &mapped), 0);
    company = json_dumps(mapped.company, JSON_COMPACT | JSON_SORT_KEYS);
    notes = json_dumps(mapped.notes, JSON_COMPACT);
    snprintf(out, sizeof(out), "%s%s%s%s",
             mapped.skipped              ? "skipped"
             : mapped.problem[0] != '\0' ? "!"
                                         : company,
             mapped.problem, json_array_size(mapped.notes) > 0 ? " " : "",
             json_array_size(mapped.notes) > 0 ? notes : "");
    free(company);
    free(notes);
    mapped_done(&mapped);
    json_decref(row);
    return out;
}

static void slips_of_the_pen_are_told(void **state)
{
    char err[500] = "";

    (void)state;
    assert_null(load_text("[columns]\nnmae = Name\n", err));
    assert_non_null(strstr(err, "[columns] nmae"));
    assert_null(load_text("[colums]\nname = Name\n", err));
    assert_null(load_text("[sectors]\nnaics_table = not-there.tsv\n", err));
    assert_non_null(strstr(err, "not-there.tsv"));
    assert_null(load_text("[values.region]\nWest = CA-BC\nwest = CA-AB\n", err));
    assert_null(load_text("no ini at all\n", err));
    assert_null(mapping_find("no-such-profile", NULL, err, sizeof(err)));
    assert_non_null(strstr(err, "no-such-profile"));
}

static void columns_and_values(void **state)
{
    char err[500];
    struct mapping *m = load_text("[columns]\n"
                                  "name = Account Name, Company\n"
                                  "names.khm = Khmer name\n"
                                  "country = Country\n"
                                  "region = State\n"
                                  "sectors = Branch\n"
                                  "employees = Staff\n"
                                  "founded = Since\n"
                                  "certifications = Certificates\n"
                                  "contact.name = Contact\n"
                                  "contact.email = E-mail\n"
                                  "external_id = Key\n"
                                  "website = Web\n"
                                  "[external_id]\nsystem = crm\n"
                                  "[values.country]\nKanada = CA\nKambodscha = KH\n"
                                  "[values.region]\nWest = CA-BC\nBatambang = KH-2\n"
                                  "[values.sectors]\nReis = agro-industry.rice\nHandel = -\n"
                                  "[status]\nwith_sector = published\nwithout_sector = draft\n",
                                  err);

    (void)state;
    assert_non_null(m);
    assert_string_equal(
        map(m, "{\"company\":\" A\\nB \",\"country\":\"KAMBODSCHA\",\"state\":\"batambang\","
               "\"branch\":\"Reis; Handel\",\"staff\":\"11-50\",\"since\":\"1999\",\"key\":7,"
               "\"certificates\":\"ISO 9001., HACCP\",\"contact\":\"Sok\",\"khmername\":\"ក\","
               "\"web\":\"a.example.org b\"}"),
        "{\"certifications\":[\"ISO 9001\",\"HACCP\"],\"contacts\":[{\"name\":\"Sok\"}],"
        "\"country\":\"KH\",\"employees\":30,\"external_ids\":[{\"id\":\"7\",\"system\":\"crm\"}],"
        "\"founded\":1999,\"name\":\"A B\",\"names\":{\"khm\":\"ក\"},\"region\":\"KH-2\","
        "\"sectors\":[\"agro-industry.rice\"],\"status\":\"published\","
        "\"website\":\"a.example.org\"} [\"no sector for \\\"Handel\\\"\"]");
    /* a region of the other country, a head count that is none, no sector: said, not stored */
    assert_string_equal(
        map(m, "{\"accountname\":\"X\",\"company\":\"Y\",\"country\":\"Kanada\","
               "\"state\":\"Batambang\",\"staff\":\"many\",\"key\":\"1\"}"),
        "{\"country\":\"CA\",\"external_ids\":[{\"id\":\"1\",\"system\":\"crm\"}],\"name\":\"X\","
        "\"status\":\"draft\"} [\"employees \\\"many\\\" is not understood\","
        "\"no region for \\\"Batambang\\\"\"]");
    assert_string_equal(map(m, "{\"company\":\"A\",\"country\":\"Narnia\",\"key\":\"1\"}"),
                        "!country: \"Narnia\" is not known");
    assert_string_equal(map(m, "{\"company\":\"A\",\"key\":\"1\"}"), "!country: the row has none");
    assert_string_equal(map(m, "{\"company\":\"A\",\"country\":\"Kanada\"}"),
                        "!external_ids: the row has no crm id");
    mapping_free(m);
}

static struct mapping *load_own(const char *name)
{
    struct mapping *m = NULL;
    char file[300], err[500];

    snprintf(file, sizeof(file), CONF "%s.ini", name);
    if (mapping_load(file, &m, err, sizeof(err)) < 0)
        fail_msg("%s: %s", name, err);
    return m;
}

static const char *sector(const struct mapping *m, const char *naics, const char *name,
                          const char *profile)
{
    static char code[64];
    json_t *row = json_pack("{s:s,s:s,s:s,s:s}", "naicsprimary", naics, "operatingname", name,
                            "profile", profile, "cccid", "1");
    struct mapped mapped;
    const char *first;

    assert_int_equal(mapping_apply(m, row, &mapped), 0);
    first = json_string_value(json_array_get(json_object_get(mapped.company, "sectors"), 0));
    snprintf(code, sizeof(code), "%s", first != NULL ? first : "draft");
    if (first == NULL)
        assert_string_equal(json_string_value(json_object_get(mapped.company, "status")), "draft");
    mapped_done(&mapped);
    json_decref(row);
    return code;
}

static void naics_codes(void **state)
{
    struct mapping *m = load_own("ca-registry");

    (void)state;
    assert_string_equal(sector(m, "311710 - Seafood Product Preparation", "", ""),
                        "agro-industry.fisheries-aquaculture");
    /* the longest prefix: 3254 before 325 */
    assert_string_equal(sector(m, "325410 - Pharmaceutical", "", ""), "health.pharmaceuticals");
    assert_string_equal(sector(m, "325610 - Soap", "", ""), "manufacturing");
    /* too general: the words decide, and the table where they are silent */
    assert_string_equal(sector(m, "541510 - Computer Systems Design", "X Inc.", ""),
                        "digital.software");
    assert_string_equal(sector(m, "541510", "Web Hosting Plus", "Web hosting and data center"),
                        "digital.cloud");
    assert_string_equal(sector(m, "333416", "Ice makers Ltd.", "Chilled water"),
                        "agro-industry.cold-chain");
    /* words of a sector that the code does not allow do not count */
    assert_string_equal(sector(m, "311710", "Web Hosting Plus", "Web hosting"),
                        "agro-industry.fisheries-aquaculture");
    /* on purpose nothing, and never guessed */
    assert_string_equal(sector(m, "532290 - Other Consumer Goods Rental", "Software", "software"),
                        "draft");
    assert_string_equal(sector(m, "813910 - Business Associations", "Club", ""), "draft");
    assert_string_equal(sector(m, "nonsense", "", ""), "draft");
    mapping_free(m);
}

static void markets_languages_offers(void **state)
{
    struct mapping *m = load_own("ca-registry");

    (void)state;
    assert_string_equal(
        map(m, "{\"cccid\":\"1\",\"operatingname\":\"Pompes\",\"province\":\"QC\","
               "\"city\":\"TROIS-RIVIÈRES\",\"naicsprimary\":\"333910 - Pump\","
               "\"profile\":\"Nous fabriquons des pompes\\npour les usines.\","
               "\"exportexperience\":[\"Canada\",\"Korea, Republic of\",\"Florida\",\"Georgia\"],"
               "\"activelypursuing\":[\"Gabon\",\"Georgia\",\"Narnia\",\"Viet Nam\"],"
               "\"offerings\":[{\"kind\":\"product\",\"name\":\"Pump\",\"description\":\"Big\"},"
               "{\"kind\":\"product\",\"name\":\"Pump\",\"description\":\"Big\"},"
               "{\"kind\":\"service\",\"name\":\"Repair\"}]}"),
        "{\"city\":\"Trois-Rivières\",\"country\":\"CA\","
        "\"description\":{\"fra\":\"Nous fabriquons des pompes pour les usines.\"},"
        "\"export_markets\":[\"KR\",\"US\",\"GA\",\"GE\",\"VN\"],"
        "\"external_ids\":[{\"id\":\"1\",\"system\":\"ca-registry\"}],"
        "\"languages\":[{\"lang\":\"fra\",\"level\":\"fluent\"}],\"name\":\"Pompes\","
        "\"offers\":[{\"kind\":\"goods\",\"sector\":\"manufacturing.machinery\",\"text\":\"Pump: "
        "Big\"},{\"kind\":\"services\",\"sector\":\"manufacturing.machinery\",\"text\":\"Repair\"}]"
        ","
        "\"region\":\"CA-QC\",\"sectors\":[\"manufacturing.machinery\"],\"status\":\"published\"}"
        " [\"no market for \\\"Narnia\\\"\"]");
    mapping_free(m);
}

static void factories(void **state)
{
    struct mapping *m = load_own("facilities");
    const char *first;
    char copy[600];

    (void)state;
    assert_string_equal(map(m, "{\"country\":\"CA\",\"name\":\"A\",\"address\":\"x\"}"), "skipped");
    first = map(m, "{\"country\":\"KH\",\"name\":\"A\",\"address\":\"Takeo Province\"}");
    assert_non_null(strstr(first, "\"region\":\"KH-21\""));
    snprintf(copy, sizeof(copy), "%s", first);
    /* the same row in another case is the same company, another address is another */
    first = map(m, "{\"country\":\"kh\",\"name\":\"A\",\"address\":\"TAKEO  province\"}");
    assert_string_equal(first, copy);
    first = map(m, "{\"country\":\"KH\",\"name\":\"A\",\"address\":\"Takeo Province 2\"}");
    assert_string_not_equal(first, copy);
    assert_string_equal(map(m, "{\"address\":\"x\",\"name\":\"A\",\"country\":\"??\"}"),
                        "!country: \"??\" is not known");
    mapping_free(m);
}

/* Every sector that the project's tables name exists. */
static void tables_name_real_sectors(void **state)
{
    static const char *const files[] = {"naics.tsv", "keywords.tsv", "crm_industries.tsv"};
    static const char *const known = SPEAN_SOURCE_DIR "/conf/model/sectors.tsv";
    struct stat st;
    char line[4096], text[65536] = "\n";
    FILE *f;

    (void)state;
    if (stat(known, &st) != 0)
        skip();
    f = fopen(known, "r");
    while (fgets(line, sizeof(line), f) != NULL) {
        char *code = strchr(line, '\t');

        if (line[0] != '#' && code != NULL)
            strcat(strncat(text, code + 1, strcspn(code + 1, "\t")), "\n");
    }
    fclose(f);
    for (size_t i = 0; i < 3; i++) {
        snprintf(line, sizeof(line), CONF "%s", files[i]);
        f = fopen(line, "r");
        assert_non_null(f);
        while (fgets(line, sizeof(line), f) != NULL) {
            char code[80], *tab = strchr(line, '\t');

            if (line[0] == '#' || tab == NULL || strncmp(tab, "\t-", 2) == 0)
                continue;
            snprintf(code, sizeof(code), "\n%.*s\n", (int)strcspn(tab + 1, "\t\n"), tab + 1);
            if (strstr(text, code) == NULL)
                fail_msg("%s: there is no sector %s", files[i], code);
        }
        fclose(f);
    }
}

static void own_profiles_load(void **state)
{
    (void)state;
    mapping_free(load_own("salesforce"));
    mapping_free(load_own("hubspot"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slips_of_the_pen_are_told),
        cmocka_unit_test(columns_and_values),
        cmocka_unit_test(naics_codes),
        cmocka_unit_test(markets_languages_offers),
        cmocka_unit_test(factories),
        cmocka_unit_test(tables_name_real_sectors),
        cmocka_unit_test(own_profiles_load),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
