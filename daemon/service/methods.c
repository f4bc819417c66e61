#include "company.h"
#include "method.h"
#include "nouns.h"
#include "tokens.h"
#include "view.h"

/* The table of all methods: what dispatch checks, rpc.discover tells and the document describes. */

#define READERS (ROLE_VIEWER | ROLE_STAFF | ROLE_ADMIN | ROLE_INTEGRATION)
#define WRITERS (ROLE_STAFF | ROLE_ADMIN | ROLE_INTEGRATION)

/* ---- words ---- */

static const char *const country_words[] = {"KH", "CA", NULL};
static const char *const status_words[] = {"draft", "published", "paused", "archived", NULL};
static const char *const action_words[] = {"contacts_read", "company_erased", "token_created",
                                           "token_revoked", NULL};
static const char *const order_words[] = {"id", "needs", NULL};
static const char *const lang_words[] = {"eng", "fra", "khm", NULL};
static const char *const kind_words[] = {"goods",         "services", "technology",
                                         "capital",       "training", "distribution",
                                         "joint-venture", "research", NULL};

/* ---- params that several methods have ---- */

#define PARAM_ID_                                                                                  \
    .name = "id", .type = PARAM_STRING, .min = 1, .max = 100, .help = "The company's id."
#define PARAM_EXTERNAL_                                                                            \
    .name = "external_id", .type = PARAM_OBJECT, .fields = external_params,                        \
    .help = "The company's id in another system, instead of id."
#define PARAM_IF_VERSION_                                                                          \
    .name = "if_version", .type = PARAM_INT, .min = 0, .max = INT64_MAX,                           \
    .help = "Refuse with 1002 unless the company has this version; 0: must not exist yet."
#define PARAM_KEY_                                                                                 \
    .name = "idempotency_key", .type = PARAM_STRING, .min = 1, .max = 200,                         \
    .help = "Sent again with the same key and content, the first answer comes again."
#define PARAM_LIMIT_(most)                                                                         \
    .name = "limit", .type = PARAM_INT, .min = 1, .max = (most), .help = "At most so many."
#define PARAM_CURSOR_                                                                              \
    .name = "cursor", .type = PARAM_STRING, .min = 1, .max = 200,                                  \
    .help = "The next of an earlier answer, to go on after it."
#define PARAM_LANG_                                                                                \
    .name = "lang", .type = PARAM_WORD, .words = lang_words,                                       \
    .help = "Language of the sentences; English unless given."
#define PARAM_COUNTRY_                                                                             \
    .name = "country", .type = PARAM_WORD, .words = country_words, .help = "Only of this country."

static const struct param none[] = {{0}};

static const struct param login_params[] = {
    {.name = "token",
     .type = PARAM_STRING,
     .required = true,
     .min = 1,
     .max = 200,
     .help = "An access token."},
    {0},
};

static const struct param token_create_params[] = {
    {.name = "name",
     .type = PARAM_STRING,
     .required = true,
     .min = 1,
     .max = 100,
     .help = "Who will use it: the principal of all that is done with it."},
    {.name = "role",
     .type = PARAM_WORD,
     .required = true,
     .words = role_words,
     .help = "What it may do."},
    {.name = "expires",
     .type = PARAM_STRING,
     .min = 10,
     .max = 40,
     .help = "A date (its last day) or an RFC 3339 time; never unless given."},
    {0},
};

static const struct param token_list_params[] = {
    {PARAM_LIMIT_(TOKEN_LIST_MAX)},
    {PARAM_CURSOR_},
    {0},
};

static const struct param token_revoke_params[] = {
    {.name = "id",
     .type = PARAM_STRING,
     .required = true,
     .min = 1,
     .max = 100,
     .help = "The token's id, as token.list gives it."},
    {0},
};

static const struct param upsert_params[] = {
    {.name = "company",
     .type = PARAM_OBJECT,
     .required = true,
     .help = "A company profile; on an existing company a JSON Merge Patch (RFC 7396)."},
    {PARAM_IF_VERSION_},
    {PARAM_KEY_},
    {0},
};

static const struct param upsert_many_params[] = {
    {.name = "companies",
     .type = PARAM_ARRAY,
     .required = true,
     .min = 0,
     .max = UPSERT_MAX,
     .help = "Profiles, each as in company.upsert; applied in this order."},
    {.name = "keep_ids",
     .type = PARAM_BOOL,
     .help = "An id that is not there yet makes a company with it; for admin only."},
    {PARAM_KEY_},
    {0},
};

static const struct param field_param[] = {
    {.name = "field", .type = PARAM_WORD, .words = view_words},
    {0},
};

static const struct param any_field_param[] = {
    {.name = "field", .type = PARAM_WORD, .words = view_all_words},
    {0},
};

static const struct param company_get_params[] = {
    {PARAM_ID_},
    {PARAM_EXTERNAL_},
    {.name = "fields",
     .type = PARAM_ARRAY,
     .min = 0,
     .max = 50,
     .fields = any_field_param,
     .help = "Only these fields of the profile, and id; all unless given."},
    {0},
};

static const struct param company_list_params[] = {
    {PARAM_COUNTRY_},
    {.name = "sector",
     .type = PARAM_STRING,
     .min = 1,
     .max = 100,
     .help = "Only with this sector; a group finds its leaves."},
    {.name = "region",
     .type = PARAM_STRING,
     .min = 1,
     .max = 10,
     .help = "Only of this ISO 3166-2 region."},
    {.name = "status",
     .type = PARAM_WORD,
     .words = status_words,
     .help = "Only with this status; every status unless given."},
    {.name = "updated_after",
     .type = PARAM_STAMP,
     .help = "Only changed after this RFC 3339 time."},
    {.name = "fields",
     .type = PARAM_ARRAY,
     .min = 0,
     .max = 50,
     .fields = field_param,
     .help = "Only these fields of each profile, and id; all but contacts unless given."},
    {PARAM_LIMIT_(COMPANY_LIST_MAX)},
    {PARAM_CURSOR_},
    {0},
};

static const struct param company_search_params[] = {
    {.name = "text",
     .type = PARAM_STRING,
     .required = true,
     .min = 1,
     .max = 200,
     .help = "A part of a name, in any script; accents and small slips do not matter."},
    {PARAM_COUNTRY_},
    {PARAM_LIMIT_(100)},
    {0},
};

static const struct param company_touch_params[] = {
    {PARAM_ID_, .required = true},
    {PARAM_IF_VERSION_},
    {0},
};

static const struct param company_erase_params[] = {
    {PARAM_ID_, .required = true},
    {0},
};

static const struct param filter_params[] = {
    {.name = "sector",
     .type = PARAM_STRING,
     .min = 1,
     .max = 100,
     .help = "The partner's sector; a group finds its leaves."},
    {.name = "region", .type = PARAM_STRING, .min = 1, .max = 10, .help = "The partner's region."},
    {.name = "kind",
     .type = PARAM_WORD,
     .words = kind_words,
     .help = "A kind of offer or seek that meets between the two."},
    {.name = "lang",
     .type = PARAM_STRING,
     .min = 3,
     .max = 3,
     .help = "ISO 639-3 code of a language that the partner speaks."},
    {0},
};

static const struct param match_list_params[] = {
    {PARAM_ID_},
    {PARAM_EXTERNAL_},
    {PARAM_LIMIT_(MATCH_LIMIT_MAX)},
    {.name = "min_score",
     .type = PARAM_NUMBER,
     .min = 0,
     .max = 100,
     .help = "Only pairs with at least this score; pairs with 0 are never listed."},
    {.name = "filter",
     .type = PARAM_OBJECT,
     .fields = filter_params,
     .help = "What the partners must have."},
    {PARAM_LANG_},
    {.name = "min_seq",
     .type = PARAM_INT,
     .min = 0,
     .max = INT64_MAX,
     .help = "Wait until the index has caught up with this seq."},
    {0},
};

static const struct param match_all_params[] = {
    {PARAM_COUNTRY_, .required = true},
    {.name = "order",
     .type = PARAM_WORD,
     .words = order_words,
     .help = "By id, unless given, or by what companies need, which is faster."},
    {PARAM_LIMIT_(MATCH_LIMIT_MAX)},
    {.name = "min_score",
     .type = PARAM_NUMBER,
     .min = 0,
     .max = 100,
     .help = "Only pairs with at least this score; pairs with 0 are never listed."},
    {.name = "filter",
     .type = PARAM_OBJECT,
     .fields = filter_params,
     .help = "What the partners must have."},
    {PARAM_LANG_},
    {PARAM_CURSOR_},
    {0},
};

static const struct param match_explain_params[] = {
    {.name = "a",
     .type = PARAM_STRING,
     .required = true,
     .min = 1,
     .max = 100,
     .help = "Id of the company asked about."},
    {.name = "b",
     .type = PARAM_STRING,
     .required = true,
     .min = 1,
     .max = 100,
     .help = "Id of the other one."},
    {PARAM_LANG_},
    {0},
};

static const struct param changes_list_params[] = {
    {.name = "since",
     .type = PARAM_INT_OR_STRING,
     .help = "The next of an earlier answer, or a seq: what came after it; from the oldest unless "
             "given."},
    {PARAM_LIMIT_(CHANGES_LIMIT_MAX)},
    {.name = "wait_s",
     .type = PARAM_INT,
     .min = 0,
     .max = CHANGES_WAIT_MAX,
     .help = "Wait so many seconds for a change when there is none."},
    {0},
};

static const struct param taxonomy_params[] = {
    {.name = "lang",
     .type = PARAM_WORD,
     .words = lang_words,
     .help = "Titles in this language only."},
    {0},
};

static const struct param audit_params[] = {
    {.name = "action",
     .type = PARAM_WORD,
     .words = action_words,
     .help = "Only of this kind; every kind unless given."},
    {.name = "company",
     .type = PARAM_STRING,
     .min = 1,
     .max = 100,
     .help = "Only what concerns the company of this id, which may have been erased."},
    {.name = "principal",
     .type = PARAM_STRING,
     .min = 1,
     .max = 200,
     .help = "Only what this principal did."},
    {.name = "since", .type = PARAM_STAMP, .help = "Only from this RFC 3339 time on."},
    {PARAM_LIMIT_(AUDIT_LIST_MAX)},
    {PARAM_CURSOR_},
    {0},
};

/* ---- schemas of results ---- */

#define OBJECT(...) "{\"type\":\"object\",\"properties\":{" __VA_ARGS__ "}}"
#define STR(name) "\"" name "\":{\"type\":\"string\"}"
#define STR_NULL(name) "\"" name "\":{\"type\":[\"string\",\"null\"]}"
#define INT(name) "\"" name "\":{\"type\":\"integer\"}"
#define NUM(name) "\"" name "\":{\"type\":\"number\",\"minimum\":0,\"maximum\":100}"
#define BOOL(name) "\"" name "\":{\"type\":\"boolean\"}"
#define LIST(name, of) "\"" name "\":{\"type\":\"array\",\"items\":" of "}"
#define MEMBER(name, of) "\"" name "\":" of
#define REF(name) "{\"$ref\":\"#/components/schemas/" name "\"}"

static const char who_schema[] = OBJECT(STR("principal") "," STR("role"));
static const char touch_schema[] = OBJECT(STR("id") "," INT("version") "," INT("seq"));

const struct method methods[] = {
    {"system.ping", 0, "Is anybody there?", none, "pong", "{\"const\":\"pong\"}", system_ping, 0},
    {"system.version", 0, "Name and version of the server and its protocol.", none, "version",
     OBJECT(STR("name") "," STR("version") "," INT("protocol")), system_version, 0},
    {"system.health", READERS, "How the server, its database and its index are.", none, "health",
     OBJECT(STR("status") "," STR("database") "," MEMBER(
         "index", OBJECT(INT("companies") "," INT("seq") "," INT("lag_ms"))) "," INT("uptime_s")),
     system_health, 0},
    {"rpc.discover", 0, "This document: all methods as OpenRPC.", none, "openrpc",
     "{\"type\":\"object\"}", rpc_discover, 0},
    {"auth.login", 0, "Makes the connection the token's principal.", login_params, "principal",
     who_schema, auth_login, 0},
    {"auth.whoami", READERS, "Who the caller is.", none, "principal", who_schema, auth_whoami, 0},
    {"token.create", ROLE_ADMIN, "Makes an access token, which is shown this once.",
     token_create_params, "token", OBJECT(STR("id") "," STR("token")), token_create,
     METHOD_DATABASE},
    {"token.list", ROLE_ADMIN, "All tokens, without their secrets.", token_list_params, "tokens",
     OBJECT(LIST("tokens", REF("Token")) "," STR_NULL("next")), token_list, METHOD_DATABASE},
    {"token.revoke", ROLE_ADMIN, "Makes a token worthless, on open connections too.",
     token_revoke_params, "revoked", OBJECT(STR("id") "," BOOL("revoked")), token_revoke,
     METHOD_DATABASE},
    {"company.upsert", WRITERS, "Creates a company or patches the one that it names.",
     upsert_params, "written",
     OBJECT(STR("id") "," INT("version") "," BOOL("created") "," INT("seq")), company_upsert,
     METHOD_DATABASE},
    {"company.upsertMany", WRITERS, "Many upserts in one transaction, each with its own outcome.",
     upsert_many_params, "written", OBJECT(LIST("results", "{\"type\":\"object\"}") "," INT("seq")),
     company_upsert_many, METHOD_DATABASE},
    {"company.get", READERS, "One company; its contacts too for staff, admin and integration.",
     company_get_params, "company", REF("Company"), company_get, METHOD_DATABASE},
    {"company.list", READERS, "Companies that the filters let through, by id.", company_list_params,
     "page", OBJECT(LIST("companies", REF("Company")) "," STR_NULL("next")), company_list,
     METHOD_DATABASE | METHOD_BULKY},
    {"company.search", READERS, "Finds companies by a part of a name.", company_search_params,
     "found", OBJECT(LIST("companies", REF("Found"))), company_search, METHOD_DATABASE},
    {"company.archive", WRITERS, "Sets status archived.", company_touch_params, "written",
     touch_schema, company_archive, METHOD_DATABASE},
    {"company.confirm", WRITERS, "Renews valid_until to twelve months from today.",
     company_touch_params, "written", touch_schema, company_confirm, METHOD_DATABASE},
    {"company.erase", ROLE_ADMIN, "Takes a company away for good, with all that is stored of it.",
     company_erase_params, "erased", OBJECT(STR("id") "," BOOL("erased") "," INT("seq")),
     company_erase, METHOD_DATABASE},
    {"match.list", READERS, "The best partners of a company, with reasons.", match_list_params,
     "matches",
     OBJECT(MEMBER("company", OBJECT(STR("id") "," STR("name") "," STR("country"))) "," LIST(
         "matches", REF("Match")) "," INT("seq") "," STR("weights_version")),
     match_list, 0},
    {"match.all", READERS, "The best partners of every published company of a country.",
     match_all_params, "page",
     OBJECT(LIST("companies", "{\"type\":\"object\"}") "," STR_NULL("next") "," INT("seq") "," STR(
         "weights_version")),
     match_all, METHOD_BULKY},
    {"match.explain", READERS, "One pair with every factor, also if it would not be suggested.",
     match_explain_params, "match", REF("Match"), match_explain, 0},
    {"changes.list", READERS, "What changed after a position, in commit order; may wait.",
     changes_list_params, "page",
     OBJECT(LIST("changes", REF("Change")) "," STR("next") "," BOOL("more")), changes_list,
     METHOD_DATABASE | METHOD_BULKY},
    {"changes.subscribe", READERS, "Notifications changes.event whenever there are changes.", none,
     "subscription", OBJECT(STR("subscription")), changes_subscribe, 0},
    {"taxonomy.get", READERS, "Sectors, kinds, regions and levels with their titles.",
     taxonomy_params, "taxonomy",
     OBJECT(LIST("sectors", REF("Term")) "," LIST("kinds", REF("Term")) "," LIST(
         "levels", REF("Term")) "," LIST("regions", REF("Term")) "," STR("version")),
     taxonomy_get, 0},
    {"audit.list", ROLE_ADMIN,
     "Who read contacts, erased companies, made and revoked tokens; the newest first.",
     audit_params, "page", OBJECT(LIST("entries", REF("AuditEntry")) "," STR_NULL("next")),
     audit_list, METHOD_DATABASE | METHOD_BULKY},
    {0},
};
