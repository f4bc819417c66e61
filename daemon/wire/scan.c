#include "scan.h"

#include <string.h>

/* From the byte after an opening quote to its closing quote or the end; sets *nul on \u0000. */
static size_t skip_string(const char *text, size_t i, size_t len, bool *nul)
{
    while (i < len && text[i] != '"') {
        if (text[i] != '\\') {
            i++;
            continue;
        }
        if (len - i >= 6 && memcmp(text + i + 1, "u0000", 5) == 0)
            *nul = true;
        i += 2;
    }
    return i;
}

enum scan_result scan_json(const char *text, size_t len, const struct rpc_limits *limits,
                           bool *ret_nul)
{
    size_t depth = 0, elements = 0;
    bool nul = false;

    for (size_t i = 0; i < len; i++) {
        switch (text[i]) {
        case '"':
            i = skip_string(text, i + 1, len, &nul);
            break;
        case '[':
        case '{':
            elements++;
            if (++depth > limits->depth)
                return SCAN_DEEP;
            break;
        case ']':
        case '}':
            depth -= depth > 0;
            break;
        case ',':
            elements++;
            break;
        default:
            break;
        }
        if (elements > limits->elements)
            return SCAN_MANY;
    }
    *ret_nul = nul;
    return SCAN_OK;
}
