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

/* U+00C0 to U+00FF as the long way folds them; "": a sign, which parts words. */
static const char *const latin_letters[64] = {
    "a", "a", "a", "a", "a", "a", "ae", "c", "e", "e", "e", "e", "i", "i", "i",  "i",
    "d", "n", "o", "o", "o", "o", "o",  "",  "o", "u", "u", "u", "u", "y", "th", "ss",
    "a", "a", "a", "a", "a", "a", "ae", "c", "e", "e", "e", "e", "i", "i", "i",  "i",
    "d", "n", "o", "o", "o", "o", "o",  "",  "o", "u", "u", "u", "u", "y", "th", "y",
};

/* Letters and signs of English and French beyond ASCII: how many bytes, and what they fold to. 0:
 * any other. */
static size_t french_fold(const unsigned char *s, size_t left, const char **ret)
{
    *ret = "";
    if (left >= 2 && s[0] == 0xc3 && s[1] >= 0x80 && s[1] <= 0xbf) {
        *ret = latin_letters[s[1] - 0x80];
        return 2;
    }
    if (left >= 2 && s[0] == 0xc2) /* a blank that does not break, and angle quotes */
        return s[1] == 0xa0 || s[1] == 0xab || s[1] == 0xbb ? 2 : 0;
    if (left >= 3 && s[0] == 0xe2 && s[1] == 0x80) /* dashes and quotes */
        return s[2] == 0x93 || s[2] == 0x94 || s[2] == 0x98 || s[2] == 0x99 || s[2] == 0x9c ||
                       s[2] == 0x9d
                   ? 3
                   : 0;
    return 0;
}

/*
 * The short way for English and French, which have no marks of their own and nothing to put in
 * order. 0, or -1: the buffer failed; 1: there is something else in the text, and out is as it was.
 */
static int fold_plain(struct buf *out, const char *s, size_t len)
{
    size_t before = out->len, step = 1;
    bool blank = false, started = false;

    for (size_t i = 0; i < len; i += step) {
        char small[2] = {s[i] >= 'A' && s[i] <= 'Z' ? (char)(s[i] + 32) : s[i], '\0'};
        const char *letters = small;

        step = 1;
        if ((unsigned char)s[i] >= 0x80)
            step = french_fold((const unsigned char *)s + i, len - i, &letters);
        else if ((small[0] < 'a' || small[0] > 'z') && (small[0] < '0' || small[0] > '9'))
            letters = "";
        if (step == 0) {
            out->len = before;
            if (out->data)
                out->data[before] = '\0';
            return 1;
        }
        if (*letters == '\0') {
            blank = started;
            continue;
        }
        if (blank)
            buf_addc(out, ' ');
        buf_adds(out, letters);
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
    int done = fold_plain(out, s, len);
    if (done <= 0)
        return done;
    folded = fold_case(s, len, &n);
    if (!folded) {
        buf_starve(out);
        return -1;
    }
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
    if (folded.no_memory)
        buf_starve(out);
    buf_done(&folded);
    return r;
}
