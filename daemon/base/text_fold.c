#include <spean/text.h>

#include <stdlib.h>
#include <string.h>

#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

#include <spean/buf.h>

/* Letters that Unicode does not decompose and that people type without the stroke or the tie. */
static const char *plain_letter(ucs4_t c)
{
    switch (c) {
    case 0xe6: /* ae */
        return "ae";
    case 0x153: /* oe, as in soeurs */
        return "oe";
    case 0xf8: /* o with a stroke */
        return "o";
    case 0xf0:  /* eth */
    case 0x111: /* d with a stroke */
        return "d";
    case 0x127: /* h with a stroke */
        return "h";
    case 0x131: /* i without its dot */
        return "i";
    case 0x142: /* l with a stroke */
        return "l";
    case 0x167: /* t with a stroke */
        return "t";
    case 0xfe: /* thorn */
        return "th";
    default:
        return NULL;
    }
}

static bool is_accented_script(ucs4_t c)
{
    const uc_script_t *script = uc_script(c);

    return script && (strcmp(script->name, "Latin") == 0 || strcmp(script->name, "Greek") == 0 ||
                      strcmp(script->name, "Cyrillic") == 0);
}

/* What the folded text is made of, one code point after the other. */
struct folder {
    struct buf *out;
    bool accented; /* the last base is of a script whose marks are dropped */
    bool blank;    /* one is due before the next letter */
    bool started;
};

static void folder_add(struct folder *f, ucs4_t c, const char *s, size_t len)
{
    bool mark = uc_is_general_category_withtable(c, UC_CATEGORY_MASK_M);
    const char *plain;

    /* Invisible: soft hyphens, and the zero-width spaces between Khmer words. */
    if (uc_is_general_category_withtable(c, UC_CATEGORY_MASK_Cf))
        return;
    if (mark && f->accented)
        return;
    if (!mark &&
        !uc_is_general_category_withtable(c, UC_CATEGORY_MASK_L | UC_CATEGORY_MASK_N |
                                                 UC_CATEGORY_MASK_Co | UC_CATEGORY_MASK_Cn)) {
        f->blank = f->started;
        f->accented = false;
        return;
    }
    if (f->blank)
        buf_addc(f->out, ' ');
    f->blank = false;
    f->started = true;
    f->accented = !mark && is_accented_script(c);
    plain = plain_letter(c);
    if (plain)
        buf_adds(f->out, plain);
    else
        buf_add(f->out, s, len);
}

/* NFKD of the case folding of NFKD, on the heap; NULL on no memory. */
static uint8_t *fold_case(const char *s, size_t len, size_t *ret_len)
{
    uint8_t *plain, *folded;
    size_t n;

    plain = u8_normalize(UNINORM_NFKD, (const uint8_t *)s, len, NULL, &n);
    if (!plain)
        return NULL;
    folded = u8_casefold(plain, n, NULL, UNINORM_NFKD, NULL, ret_len);
    free(plain);
    return folded;
}

static bool is_ascii(const char *s, size_t len)
{
    unsigned char all = 0;

    for (size_t i = 0; i < len; i++)
        all |= (unsigned char)s[i];
    return all < 0x80;
}

/* What the long way makes of ASCII: small letters and digits, anything else a blank. */
static int fold_ascii(struct buf *out, const char *s, size_t len)
{
    bool blank = false, started = false;

    for (size_t i = 0; i < len; i++) {
        char c = s[i] >= 'A' && s[i] <= 'Z' ? (char)(s[i] + 32) : s[i];

        if ((c < 'a' || c > 'z') && (c < '0' || c > '9')) {
            blank = started;
            continue;
        }
        if (blank)
            buf_addc(out, ' ');
        buf_addc(out, c);
        blank = false;
        started = true;
    }
    return out->failed ? -1 : 0;
}

int text_fold(struct buf *out, const char *s, size_t len)
{
    struct folder f = {.out = out};
    uint8_t *folded;
    size_t n;

    if (!text_valid(s, len))
        return -1;
    if (len == 0)
        return buf_add(out, "", 0);
    if (is_ascii(s, len))
        return fold_ascii(out, s, len);
    folded = fold_case(s, len, &n);
    if (!folded)
        return -1;
    for (size_t at = 0; at < n;) {
        ucs4_t c;
        int step = u8_mbtouc(&c, folded + at, n - at);

        folder_add(&f, c, (const char *)folded + at, (size_t)step);
        at += (size_t)step;
    }
    free(folded);
    return out->failed ? -1 : 0;
}

/* The Khmer block, 128 code points, as letters that are rare in names: eight times sixteen. */
static void khmer_letters(ucs4_t c, char out[2])
{
    static const char first[] = "jkqvwxyz";
    unsigned offset = c - 0x1780;

    out[0] = first[offset / 16];
    out[1] = (char)('a' + offset % 16);
}

int text_search_key(struct buf *out, const char *s, size_t len)
{
    struct buf folded;
    int r;

    buf_init(&folded, out->max);
    r = text_fold(&folded, s, len);
    for (size_t at = 0; r == 0 && at < folded.len;) {
        ucs4_t c;
        int n = u8_mbtouc(&c, (const uint8_t *)folded.data + at, folded.len - at);

        if (c >= 0x1780 && c <= 0x17ff) {
            char letters[2];

            khmer_letters(c, letters);
            r = buf_add(out, letters, 2);
        } else {
            r = buf_add(out, folded.data + at, (size_t)n);
        }
        at += (size_t)n;
    }
    buf_done(&folded);
    return r;
}
