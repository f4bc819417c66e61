#ifndef SPEAN_BENCH_GENERATE_H
#define SPEAN_BENCH_GENERATE_H

#include <spean/packed.h>

struct buf;

/*
 * Companies that never were, as many as there are businesses: profile `number` depends on the seed,
 * its number and the date, nothing else, so any thread can make any of them. They pass every check
 * of the protocol and are packed as the daemon would pack them.
 */

/* ---- chance: splitmix64 ---- */

struct chance {
    uint64_t state;
};
struct chance chance_for(uint64_t seed, uint64_t number);
uint64_t chance_next(struct chance *c);
unsigned chance_below(struct chance *c, unsigned n);    /* 0..n-1; n > 0 */
bool chance_permille(struct chance *c, unsigned share); /* true in share of 1,000 */
/* Place in a list of weights. */
size_t chance_weighted(struct chance *c, const unsigned *weights, size_t count);

/* ---- the tables ---- */

/* How a firm of a sector does business; says which needs are likely. */
enum way { WAY_MAKER, WAY_TRADER, WAY_SERVICE, WAY_TECH, WAY_FINANCE, WAY_TEACHER, WAY_RETAIL };
enum { WAY_COUNT = WAY_RETAIL + 1 };

struct sector_facts {
    const char *code;
    unsigned weight[COUNTRY_COUNT];  /* share of firms, only relative to each other */
    enum way way[COUNTRY_COUNT];     /* by country: what one makes the other trades */
    const char *hs;                  /* HS headings and subheadings of its goods */
    const char *noun_eng, *noun_fra; /* for names and texts */
    const char *noun_khm;            /* NULL: the sector's title */
    const char *wants;               /* "kind sector, kind sector": what it looks for outside */
};
extern const struct sector_facts sector_facts[];
extern const size_t sector_facts_count;

#define CITIES_MAX 12
struct region_facts {
    const char *code;
    unsigned weight; /* share of the country's businesses, per 1,000 */
    /* per 1,000: people whose official language is English only, French only, both */
    unsigned english, french, both;
    const char *cities[CITIES_MAX];
};
extern const struct region_facts region_facts[COUNTRY_COUNT][26];
extern const size_t region_facts_count[COUNTRY_COUNT];

/* ---- the world ---- */

#define SECTORS_KNOWN 128
#define WANTS_MAX 6
struct sector_world {
    uint8_t id, group;
    struct {
        uint8_t kind, sector;
    } wants[WANTS_MAX];
    size_t want_count;
    struct text_ref hs[HS_MAX];
    size_t hs_count;
    const char *noun[LANG_COUNT];
};

struct world {
    const struct model *model;
    uint64_t seed;
    uint64_t first, count; /* numbers first .. first + count - 1 */
    int32_t today;
    struct sector_world sectors[SECTORS_KNOWN]; /* beside sector_facts */
    unsigned sector_weights[COUNTRY_COUNT][SECTORS_KNOWN];
    unsigned region_weights[COUNTRY_COUNT][26];
    int regions[COUNTRY_COUNT][26];
    uint8_t by_id[SECTOR_MAX + 1]; /* sector id -> place, 0xFF: none */
};

/* Resolves the tables with the model. 0, or -1 with a message. */
int world_init(struct world *w, const struct model *m, char *err, size_t errlen);

/* ---- a company ---- */

#define MARKETS_MOST 8
#define CERTS_MOST 4
#define TEXT_ROOM 16384

struct company {
    uint64_t number;
    struct profile p; /* everything it points to lives here or in tables */
    size_t sector;    /* place of the main sector */
    size_t region;
    int64_t updated_ms;
    struct text_ref names[LANG_COUNT]; /* besides p.name; empty: none */
    enum model_lang description_langs[LANG_COUNT];
    struct text_ref website, phone;
    char markets[MARKETS_MOST][3];
    struct text_ref certs[CERTS_MOST];
    struct external externals[2];
    char text[TEXT_ROOM];
    size_t text_len;
};

/* Country, id, external ids and time only: what the change feed says of it. */
void company_identity(const struct world *w, uint64_t number, struct company *ret);
/* The whole profile. */
void company_make(const struct world *w, uint64_t number, struct company *ret);

/* Parts of company_make, in this order. */
void company_name(const struct world *w, struct company *c, struct chance *r);
void company_needs(const struct world *w, struct company *c, struct chance *r);
void company_describe(const struct world *w, struct company *c, struct chance *r);

/* Text that lives as long as the company; empty when there is no room left. */
struct text_ref company_text(struct company *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
struct text_ref text_of(const char *s);
/* The language its people write in. */
enum model_lang company_lang(const struct company *c);

/* ---- rows ---- */

/* The stored form of the profile as JSON text; 0 or -1. */
int company_doc(const struct world *w, const struct company *c, struct buf *out);

/* Rows of COPY's binary form, for the columns that these texts name. 0 or -1. */
extern const char rows_company_copy[], rows_external_copy[], rows_key_copy[], rows_change_copy[];
int rows_begin(struct buf *out);
int rows_end(struct buf *out);
struct rows_scratch {
    struct buf *doc, *packed, *key;
};
int rows_company(const struct world *w, const struct company *c, const struct rows_scratch *s,
                 struct buf *out);
int rows_external(const struct company *c, struct buf *out);
int rows_key(const struct company *c, struct buf *scratch, struct buf *out);
int rows_change(const struct company *c, uint64_t seq, struct buf *scratch, struct buf *out);

/* ---- the load ---- */

struct load_options {
    const char *conninfo;
    unsigned jobs;
    bool append; /* the tables hold companies already: their indexes stay */
};
/*
 * Puts the world's companies into the database; *ret_seq: the feed's counter after. 0, or -1 with a
 * message: then no company is there, or, if what failed came after the last row, all are and lack
 * their change rows.
 */
int load_run(const struct world *w, const struct load_options *o, uint64_t *ret_seq, char *err,
             size_t errlen);

#endif
