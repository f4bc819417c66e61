#include <spean/ident.h>

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

static const char hex_digits[] = "0123456789abcdef";

static int random_fill(void *out, size_t len)
{
    unsigned char *at = out;

    while (len > 0) {
        ssize_t n = getrandom(at, len, 0);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return -1;
        at += n;
        len -= (size_t)n;
    }
    return 0;
}

int ident_make(uint8_t out[IDENT_BYTES], int64_t wall_ms)
{
    uint8_t id[IDENT_BYTES];

    if (random_fill(id, sizeof(id)) < 0)
        return -1;
    for (int i = 0; i < 6; i++)
        id[i] = (uint8_t)((uint64_t)wall_ms >> (40 - 8 * i));
    id[6] = (uint8_t)(0x70 | (id[6] & 0x0f));
    id[8] = (uint8_t)(0x80 | (id[8] & 0x3f));
    memcpy(out, id, sizeof(id));
    return 0;
}

static char *hex_format(const uint8_t *bytes, size_t len, char *out)
{
    for (size_t i = 0; i < len; i++) {
        *out++ = hex_digits[bytes[i] >> 4];
        *out++ = hex_digits[bytes[i] & 15];
    }
    *out = '\0';
    return out;
}

static const uint8_t ident_groups[] = {4, 2, 2, 2, 6};

void ident_format(const uint8_t id[IDENT_BYTES], char out[IDENT_TEXT])
{
    for (size_t g = 0; g < sizeof(ident_groups); g++) {
        if (g > 0)
            *out++ = '-';
        out = hex_format(id, ident_groups[g], out);
        id += ident_groups[g];
    }
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

int ident_parse(const char *text, size_t len, uint8_t ret[IDENT_BYTES])
{
    uint8_t id[IDENT_BYTES];
    size_t n = 0;

    if (len != IDENT_TEXT - 1)
        return -1;
    for (size_t g = 0; g < sizeof(ident_groups); g++) {
        if (g > 0 && *text++ != '-')
            return -1;
        for (int i = 0; i < ident_groups[g]; i++, text += 2) {
            int high = hex_value(text[0]), low = hex_value(text[1]);

            if (high < 0 || low < 0)
                return -1;
            id[n++] = (uint8_t)(high << 4 | low);
        }
    }
    memcpy(ret, id, sizeof(id));
    return 0;
}

int digest_sha256(const void *data, size_t len, uint8_t out[DIGEST_BYTES])
{
    uint8_t digest[DIGEST_BYTES];

    if (EVP_Digest(data, len, digest, NULL, EVP_sha256(), NULL) != 1)
        return -1;
    memcpy(out, digest, sizeof(digest));
    return 0;
}

void digest_format(const uint8_t digest[DIGEST_BYTES], char out[DIGEST_TEXT])
{
    hex_format(digest, DIGEST_BYTES, out);
}

bool digest_equal(const uint8_t a[DIGEST_BYTES], const uint8_t b[DIGEST_BYTES])
{
    return CRYPTO_memcmp(a, b, DIGEST_BYTES) == 0;
}

/*
 * Tokens. The prefix is what secret scanners look for; the checksum lets them, and us, drop a
 * mistyped one without asking the database.
 */
#define TOKEN_PREFIX "spean_"
#define TOKEN_PREFIX_LEN 6
#define TOKEN_RANDOM 32
#define TOKEN_BODY_LEN 43
#define TOKEN_CHECK_LEN 6

/* CRC-32 of IEEE 802.3, bit by bit: 49 bytes at a time need no table. */
static uint32_t crc32_of(const char *s, size_t len)
{
    uint32_t crc = UINT32_MAX;

    for (size_t i = 0; i < len; i++) {
        crc ^= (unsigned char)s[i];
        for (int bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ (UINT32_C(0xedb88320) & (0 - (crc & 1)));
    }
    return ~crc;
}

/* The checksum of a token's prefix and body, as TOKEN_CHECK_LEN characters without a NUL. */
static void token_check(const char *token, char out[TOKEN_CHECK_LEN])
{
    static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    uint32_t crc = crc32_of(token, TOKEN_PREFIX_LEN + TOKEN_BODY_LEN);

    for (int i = TOKEN_CHECK_LEN - 1; i >= 0; i--) {
        out[i] = digits[crc % 62];
        crc /= 62;
    }
}

int token_make(char out[TOKEN_TEXT])
{
    uint8_t random[TOKEN_RANDOM];
    unsigned char body[TOKEN_BODY_LEN + 2]; /* one '=' of padding, and the NUL */

    if (random_fill(random, sizeof(random)) < 0)
        return -1;
    EVP_EncodeBlock(body, random, sizeof(random));
    for (int i = 0; i < TOKEN_BODY_LEN; i++)
        body[i] = body[i] == '+' ? '-' : body[i] == '/' ? '_' : body[i];
    memcpy(out, TOKEN_PREFIX, TOKEN_PREFIX_LEN);
    memcpy(out + TOKEN_PREFIX_LEN, body, TOKEN_BODY_LEN);
    token_check(out, out + TOKEN_PREFIX_LEN + TOKEN_BODY_LEN);
    out[TOKEN_TEXT - 1] = '\0';
    OPENSSL_cleanse(random, sizeof(random));
    OPENSSL_cleanse(body, sizeof(body));
    return 0;
}

static bool is_base64url(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '_';
}

bool token_plausible(const char *s, size_t len)
{
    char check[TOKEN_CHECK_LEN];

    if (len != TOKEN_TEXT - 1 || memcmp(s, TOKEN_PREFIX, TOKEN_PREFIX_LEN) != 0)
        return false;
    for (int i = 0; i < TOKEN_BODY_LEN; i++)
        if (!is_base64url(s[TOKEN_PREFIX_LEN + i]))
            return false;
    token_check(s, check);
    return memcmp(s + TOKEN_PREFIX_LEN + TOKEN_BODY_LEN, check, TOKEN_CHECK_LEN) == 0;
}
