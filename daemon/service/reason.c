#include "reason.h"

static const struct {
    int code;
    const char *word;
    const char *message;
} reasons[REASON_COUNT] = {
#define X(name, code, word, message) {code, word, message},
    SERVICE_REASONS(X)
#undef X
};

void reason_set(struct rpc_error *e, enum reason why)
{
    if (why == REASON_NO_MEMORY) { /* needs none itself */
        rpc_error_no_memory(e);
        return;
    }
    rpc_error_set(e, reasons[why].code, reasons[why].word, "%s", reasons[why].message);
}

const char *reason_word(enum reason why)
{
    return reasons[why].word;
}
