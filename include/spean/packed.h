#ifndef SPEAN_PACKED_H
#define SPEAN_PACKED_H

#include <spean/ident.h>
#include <spean/model.h>

struct buf;

/*
 * The packed profile: what matching needs of a company, in bytes that are stored beside the profile
 * in PostgreSQL and read by the index as they are. Little-endian, versioned; a reader refuses what
 * it does not know and what does not hold together. No personal data.
 */
#define PACKED_FORMAT 1 /* grows with every change of layout or of what the lexicon puts in */
#define PACKED_MAX 32768

#define SECTORS_MAX 8
#define LANGS_MAX 12
#define NEEDS_MAX 16
#define HS_MAX 8
#define EXTERNAL_MAX 16
#define DAY_NONE INT32_MIN

enum status { STATUS_DRAFT, STATUS_PUBLISHED, STATUS_PAUSED, STATUS_ARCHIVED };
int status_parse(const char *word, size_t len); /* enum status, or -1 */
const char *status_name(enum status s);

struct text_ref { /* UTF-8, not terminated, borrowed */
    const char *s;
    size_t len;
};

struct tongue {
    char code[4];  /* ISO 639-3 */
    uint8_t level; /* enum level */
};

struct need { /* an offer or a seek */
    uint8_t kind;
    uint8_t sector; /* id */
    uint8_t hs_count;
    struct text_ref hs[HS_MAX]; /* "10", "1006", "100630" */
    struct text_ref text;       /* free text, may be empty; NFC */
};

struct external {
    struct text_ref system, id;
};

/* What is packed: the profile with codes resolved. All pointers borrowed. */
struct profile {
    uint8_t id[IDENT_BYTES];
    enum country country;
    enum status status;
    int32_t valid_until; /* last day, inclusive */
    int32_t verified;    /* day or DAY_NONE */
    int32_t updated;     /* day of the last accepted change */
    struct text_ref name, city;
    int region; /* id, 0: not given */
    uint8_t sectors[SECTORS_MAX];
    size_t sector_count;
    struct tongue langs[LANGS_MAX];
    size_t lang_count;
    struct need offers[NEEDS_MAX], seeks[NEEDS_MAX];
    size_t offer_count, seek_count;
    int64_t employees;        /* -1: not given */
    int founded;              /* 0: not given */
    const char (*markets)[3]; /* ISO 3166-1 alpha-2 */
    size_t market_count;
    const struct text_ref *certifications;
    size_t certification_count;
    struct text_ref descriptions[8]; /* in any language */
    size_t description_count;
    const struct external *externals;
    size_t external_count;
};

/* Appends the packed form. 0; -1: no memory; -2: over PACKED_MAX, or values that can't be. Same
 * profile and model, same bytes. */
int packed_make(const struct model *m, const struct profile *p, struct buf *out);

/* True if the bytes are a whole, well-formed packed profile of PACKED_FORMAT. Never reads beyond
 * len. */
bool packed_check(const void *bytes, size_t len);

/* Getters on checked bytes. */
const uint8_t *packed_id(const void *bytes);
enum country packed_country(const void *bytes);
enum status packed_status(const void *bytes);
struct text_ref packed_name(const void *bytes);
struct text_ref packed_city(const void *bytes);
int packed_region(const void *bytes);
size_t packed_sectors(const void *bytes, uint8_t out[SECTORS_MAX]);
size_t packed_external_count(const void *bytes);
struct external packed_external(const void *bytes, size_t n);

#endif
