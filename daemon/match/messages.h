#ifndef SPEAN_MATCH_MESSAGES_H
#define SPEAN_MATCH_MESSAGES_H

#include <spean/model.h>

struct table;
struct buf;

/*
 * The catalogues: one whole sentence (or the name of a thing) a key and language, with named
 * placeholders. Key of each message and the placeholders it may hold, parted by blanks.
 */
#define MESSAGES(X)                                                                                \
    X(OFFER_GOODS, "offer.goods", "x what")                                                        \
    X(OFFER_SERVICES, "offer.services", "x what")                                                  \
    X(OFFER_TECHNOLOGY, "offer.technology", "x what")                                              \
    X(OFFER_CAPITAL, "offer.capital", "x what")                                                    \
    X(OFFER_TRAINING, "offer.training", "x what")                                                  \
    X(OFFER_DISTRIBUTION, "offer.distribution", "x what")                                          \
    X(OFFER_JOINT_VENTURE, "offer.joint-venture", "x what")                                        \
    X(OFFER_RESEARCH, "offer.research", "x what")                                                  \
    X(SEEK_GOODS, "seek.goods", "x what")                                                          \
    X(SEEK_SERVICES, "seek.services", "x what")                                                    \
    X(SEEK_TECHNOLOGY, "seek.technology", "x what")                                                \
    X(SEEK_CAPITAL, "seek.capital", "x what")                                                      \
    X(SEEK_TRAINING, "seek.training", "x what")                                                    \
    X(SEEK_DISTRIBUTION, "seek.distribution", "x what")                                            \
    X(SEEK_JOINT_VENTURE, "seek.joint-venture", "x what")                                          \
    X(SEEK_RESEARCH, "seek.research", "x what")                                                    \
    X(WHAT_SECTOR, "what.sector", "sector")                                                        \
    X(WHAT_SECTOR_HS, "what.sector-hs", "sector hs")                                               \
    X(WHAT_TEXT, "what.text", "text")                                                              \
    X(WHAT_TEXT_HS, "what.text-hs", "text hs")                                                     \
    X(NEED_OWN, "need.own", "y sector")                                                            \
    X(NEED_SERVES, "need.serves", "y sector")                                                      \
    X(NEED_DESCRIBED, "need.described", "x y sector")                                              \
    X(NEED_MORE, "need.more", "count")                                                             \
    X(NEED_NONE, "need.none", "a b")                                                               \
    X(NEED_RIVALS, "need.rivals", "a b sector")                                                    \
    X(SECTOR_SAME, "sector.same", "sector")                                                        \
    X(SECTOR_CLOSE, "sector.close", "a b sector_a sector_b")                                       \
    X(SECTOR_SOUGHT, "sector.sought", "x y sector")                                                \
    X(SECTOR_SOUGHT_CLOSE, "sector.sought-close", "x y sector sector_y")                           \
    X(SECTOR_FAR, "sector.far", "a b sector_a sector_b")                                           \
    X(SECTOR_NONE, "sector.none", "x")                                                             \
    X(LANGUAGE_SHARED, "language.shared", "language level")                                        \
    X(LANGUAGE_FRENCH, "language.french", "x y region")                                            \
    X(LANGUAGE_UNKNOWN, "language.unknown", "x")                                                   \
    X(LANGUAGE_NONE, "language.none", "a b")                                                       \
    X(SIZE_FITS, "size.fits", "a b count_a count_b")                                               \
    X(SIZE_APART, "size.apart", "a b count_a count_b")                                             \
    X(SIZE_FREE, "size.free", "a b count_a count_b")                                               \
    X(SIZE_UNKNOWN, "size.unknown", "x")                                                           \
    X(EXPORT_TARGET, "export.target", "x country")                                                 \
    X(EXPORT_SOME, "export.some", "x")                                                             \
    X(EXPORT_NONE, "export.none", "a b")                                                           \
    X(CHECKED_BOTH, "checked.both", "a b")                                                         \
    X(CHECKED_ONE, "checked.one", "x y")                                                           \
    X(CHECKED_NONE, "checked.none", "a b")                                                         \
    X(CERTIFIED_HAS, "certified.has", "x y certificate")                                           \
    X(CERTIFIED_MISSING, "certified.missing", "x y certificate")                                   \
    X(COUNTRY_KH, "country.KH", "")                                                                \
    X(COUNTRY_CA, "country.CA", "")                                                                \
    X(EXCLUDED_SAME_COMPANY, "excluded.same-company", "a")                                         \
    X(EXCLUDED_SAME_COUNTRY, "excluded.same-country", "a b country")                               \
    X(EXCLUDED_NOT_PUBLISHED, "excluded.not-published", "b")                                       \
    X(EXCLUDED_EXPIRED, "excluded.expired", "b")                                                   \
    X(EXCLUDED_ZERO, "excluded.zero", "a b")

enum message {
#define MESSAGE_ENUM(name, key, holders) MSG_##name,
    MESSAGES(MESSAGE_ENUM)
#undef MESSAGE_ENUM
        MSG_COUNT
};

/* All placeholders. */
#define HOLDERS(H)                                                                                 \
    H(X, "x")                                                                                      \
    H(Y, "y")                                                                                      \
    H(A, "a")                                                                                      \
    H(B, "b")                                                                                      \
    H(WHAT, "what")                                                                                \
    H(TEXT, "text")                                                                                \
    H(HS, "hs")                                                                                    \
    H(SECTOR, "sector")                                                                            \
    H(SECTOR_A, "sector_a")                                                                        \
    H(SECTOR_B, "sector_b")                                                                        \
    H(SECTOR_Y, "sector_y")                                                                        \
    H(COUNT, "count")                                                                              \
    H(COUNT_A, "count_a")                                                                          \
    H(COUNT_B, "count_b")                                                                          \
    H(LANGUAGE, "language")                                                                        \
    H(LEVEL, "level")                                                                              \
    H(REGION, "region")                                                                            \
    H(COUNTRY, "country")                                                                          \
    H(CERTIFICATE, "certificate")

enum holder {
    HOLDER_NONE, /* ends a list of arguments */
#define HOLDER_ENUM(name, word) HOLDER_##name,
    HOLDERS(HOLDER_ENUM)
#undef HOLDER_ENUM
        HOLDERS_END
};

/* A sentence as it stands, and where its placeholders are, so that nobody looks for them again. */
#define PIECES_MAX 12
struct message_text {
    const char *s;
    uint16_t len;
    uint8_t count;
    struct message_piece {
        uint16_t at, len; /* of the placeholder with its braces */
        uint8_t holder;
    } pieces[PIECES_MAX];
};

struct messages {
    struct message_text text[LANG_COUNT][MSG_COUNT];
};

/* Reads the catalogue of one language; all keys must stand there once. */
int messages_read(struct table *t, enum model_lang lang);

struct message_arg {
    enum holder holder;
    const char *s;
    size_t len;
};

/* Appends the sentence with its placeholders filled in. 0 or -1. */
int message_format(const struct model *m, enum model_lang lang, enum message msg,
                   const struct message_arg *args, struct buf *out);

#endif
