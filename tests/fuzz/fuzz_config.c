#include "fuzz.h"

#include <stdbool.h>
#include <string.h>

#include <spean/ini.h>

/* Any text as a configuration: taken, or refused with a message; numbers stay in their bounds. */

struct settings {
    char *listen;
    int64_t workers, line, idle;
    bool verbose;
};

static const struct opt opts[] = {
    {"net", "listen", OPT_STRING, offsetof(struct settings, listen), "127.0.0.1:8551", 0, 64, "L."},
    {"net", "workers", OPT_INT, offsetof(struct settings, workers), "1", 1, 64, "W."},
    {"limits", "line", OPT_BYTES, offsetof(struct settings, line), "1m", 1024, 1 << 24, "L."},
    {"limits", "idle", OPT_MS, offsetof(struct settings, idle), "5min", 1, 86400000, "I."},
    {"log", "verbose", OPT_BOOL, offsetof(struct settings, verbose), "no", 0, 0, "V."},
};
#define OPTS (sizeof(opts) / sizeof(opts[0]))

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct settings s = {0};
    char err[128] = "";
    char *text = malloc(size + 1);

    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    FUZZ_PROMISE(opts_default(opts, OPTS, &s) == 0);
    if (opts_read(opts, OPTS, &s, text, err, sizeof(err)) < 0)
        FUZZ_PROMISE(err[0] && memchr(err, '\0', sizeof(err)));
    FUZZ_PROMISE(s.listen);
    FUZZ_PROMISE(s.workers >= 1 && s.workers <= 64);
    FUZZ_PROMISE(s.line >= 1024 && s.line <= 1 << 24);
    FUZZ_PROMISE(s.idle >= 1 && s.idle <= 86400000);
    opts_done(opts, OPTS, &s);
    free(text);
    return 0;
}
