#ifndef SPEAN_SERVICE_TOKENS_H
#define SPEAN_SERVICE_TOKENS_H

#include <spean/ident.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Roles are bits, so that a method can name all that may call it in one number. */
enum role { ROLE_NONE = 0, ROLE_VIEWER = 1, ROLE_STAFF = 2, ROLE_ADMIN = 4, ROLE_INTEGRATION = 8 };
enum role role_parse(const char *word); /* ROLE_NONE if unknown */
const char *role_name(enum role role);
extern const char *const role_words[]; /* NULL-terminated */

#define PRINCIPAL_TEXT 408 /* a token's name: 100 code points and the NUL */
struct principal {
    char name[PRINCIPAL_TEXT];
    enum role role;
};

/* The tokens that are good now, in memory: only digests, never the tokens themselves. */
struct token {
    uint8_t digest[DIGEST_BYTES];
    char id[IDENT_TEXT];
    int64_t expires_ms; /* INT64_MAX: never */
    struct principal principal;
};

struct tokens {
    struct token *list; /* by digest, once tokens_sort was called */
    size_t count, cap;
};

void tokens_done(struct tokens *t); /* leaves it empty */
/* name is cut to fit. 0 or -1 (no memory). */
int tokens_add(struct tokens *t, const char *id, const char *name, enum role role,
               const uint8_t digest[DIGEST_BYTES], int64_t expires_ms);
void tokens_sort(struct tokens *t);
/* NULL if there is none; expired ones are found. */
const struct token *tokens_find(const struct tokens *t, const uint8_t digest[DIGEST_BYTES]);
void tokens_remove(struct tokens *t, const char *id);
/* Lower-case hex of exactly DIGEST_BYTES bytes; 0 or -1. */
int digest_parse(const char *hex, uint8_t ret[DIGEST_BYTES]);

#endif
