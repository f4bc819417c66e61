#include "codes.h"

bool code_hs(const char *code, size_t len)
{
    if (len != 2 && len != 4 && len != 6)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (code[i] < '0' || code[i] > '9')
            return false;
    }
    int chapter = (code[0] - '0') * 10 + (code[1] - '0');
    return chapter >= 1 && chapter <= 97 && chapter != 77;
}
