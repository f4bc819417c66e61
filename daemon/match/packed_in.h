#ifndef SPEAN_MATCH_PACKED_IN_H
#define SPEAN_MATCH_PACKED_IN_H

#include <spean/packed.h>

#include <string.h>

/*
 * Layout of a packed profile, little-endian, no padding. A fixed head of PACKED_HEAD bytes:
 *
 *    0  "SP", format (1), zero (1)        44  sectors, languages, offers, seeks: counts (1 each)
 *    4  length of all (4)                 48  sectors, the main one first (8)
 *    8  id (16)                           56  certificates held (8)
 *   24  valid_until, verified, updated    64  certificates asked for (8)
 *       (4 each)                          72  groups touched by anything it says (4)
 *   36  country, status, region, flags    76  topics of the descriptions, external ids: counts
 *   40  employees (4)                     78  bytes of name, of city (2 each), zero (2)
 *
 * then languages (code 3, level 1), topics (2 each), needs, name, city, external ids (2 + 2 bytes
 * of lengths, system, id). A need: kind, sector, flags, counts of HS codes and topics, bytes of
 * text (1 each), HS codes (3 each), topics (2 each), text. Offers stand before seeks; languages,
 * topics, HS codes and needs are sorted, so that the order of the profile's lists is lost.
 */
#define PACKED_HEAD 84
#define NEED_HEAD 6

enum packed_at {
    AT_FORMAT = 2,
    AT_LENGTH = 4,
    AT_ID = 8,
    AT_VALID = 24,
    AT_VERIFIED = 28,
    AT_UPDATED = 32,
    AT_COUNTRY = 36,
    AT_STATUS = 37,
    AT_REGION = 38,
    AT_FLAGS = 39,
    AT_EMPLOYEES = 40,
    AT_SECTOR_COUNT = 44,
    AT_LANG_COUNT = 45,
    AT_OFFER_COUNT = 46,
    AT_SEEK_COUNT = 47,
    AT_SECTORS = 48,
    AT_CERTS = 56,
    AT_CERTS_ASKED = 64,
    AT_GROUPS = 72,
    AT_TOPIC_COUNT = 76,
    AT_EXTERNAL_COUNT = 77,
    AT_NAME_LEN = 78,
    AT_CITY_LEN = 80
};

enum packed_flag {
    FLAG_VAGUE = 1,     /* the description is for everything and everybody */
    FLAG_EMPLOYEES = 2, /* employees are given */
    FLAG_EXPORTS = 4,   /* sells abroad */
    FLAG_EXPORTS_KH = 8,
    FLAG_EXPORTS_CA = 16,
    FLAG_ALL = 31
};
#define NEED_VAGUE 1 /* flag of a need */

#define TOPICS_MAX 40      /* of all descriptions */
#define NEED_TOPICS_MAX 12 /* of one need */
#define NEED_TEXT_MAX 180  /* bytes kept to quote */
#define NAME_BYTES_MAX 1000
#define CITY_BYTES_MAX 1000
#define EXTERNAL_BYTES_MAX 1024

static inline uint16_t get16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t get24(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16;
}

static inline uint32_t get32(const uint8_t *p)
{
    return get24(p) | (uint32_t)p[3] << 24;
}

static inline uint64_t get64(const uint8_t *p)
{
    return get32(p) | (uint64_t)get32(p + 4) << 32;
}

/* Bytes of a packed profile that has been checked. */
static inline size_t packed_length(const uint8_t *p)
{
    return get32(p + AT_LENGTH);
}

/* HS codes as numbers: chapters, then headings, then subheadings. */
#define HS_HEADING 100u
#define HS_SUBHEADING 10100u
#define HS_END 1010100u

/* Reads 2, 4 or 6 digits; HS_END if they are none. */
uint32_t hs_parse(const char *s, size_t len);
/* Writes the digits; returns how many. */
size_t hs_format(uint32_t hs, char out[8]);
/* How many digits two codes share from the front: 0, 2, 4 or 6; the shorter code decides. */
int hs_common(uint32_t a, uint32_t b);

/* Bytes of a need that has been checked. */
static inline size_t need_size(const uint8_t *p)
{
    return NEED_HEAD + (size_t)p[3] * 3 + (size_t)p[4] * 2 + p[5];
}

/* Which needs a checked profile has, as a number by which they can be ordered: of the first four
 * (offers stand first) 16 bits each, the first uppermost: one more than side * KIND_COUNT + kind,
 * then the sector. 0 for none. It stands in cursors: what it is of must not change. */
uint64_t packed_needs_key(const uint8_t *p);

/* Bytes of the need at p, at most left; 0 if it does not fit or does not hold together. */
size_t need_length(const uint8_t *p, size_t left);

#endif
