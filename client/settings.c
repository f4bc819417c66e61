#include "settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <spean/file.h>
#include <spean/ini.h>

#include "address.h"
#include "app.h"

#define CONFIG_SYSTEM "/etc/spean/spean.conf"
#define CONFIG_MAX (64 * 1024)
#define TOKEN_FILE_MAX 4096

struct config {
    char *server;
    char *token_file;
    char *ca_file;
    char *certificate;
    char *key;
    char *lang;
    char *format;
    char *import_dir;
    int64_t timeout;
};

#define CONFIG_AT(field) offsetof(struct config, field)
static const struct opt config_opts[] = {
    {"client", "server", OPT_STRING, CONFIG_AT(server), "", 0, 0,
     "Address of the daemon: unix:/path, tcp:host:port or tls:host:port."},
    {"client", "token_file", OPT_STRING, CONFIG_AT(token_file), "", 0, 0,
     "File that holds the access token, readable by its owner alone."},
    {"client", "ca_file", OPT_STRING, CONFIG_AT(ca_file), "", 0, 0,
     "PEM file of the CAs to trust for tls: addresses; empty: the system's."},
    {"client", "certificate", OPT_STRING, CONFIG_AT(certificate), "", 0, 0,
     "PEM file of a certificate to show to the daemon."},
    {"client", "key", OPT_STRING, CONFIG_AT(key), "", 0, 0, "PEM file of its key."},
    {"client", "lang", OPT_STRING, CONFIG_AT(lang), "", 0, 0,
     "Language of the reasons: eng, fra or khm."},
    {"client", "format", OPT_STRING, CONFIG_AT(format), "", 0, 0,
     "How data is printed: table, plain, json, ndjson or csv."},
    {"client", "import_dir", OPT_STRING, CONFIG_AT(import_dir), "", 0, 0,
     "Where import profiles are looked for first."},
    {"client", "timeout", OPT_MS, CONFIG_AT(timeout), "30s", 100, 3600000,
     "How long to wait for an answer."},
};
#define CONFIG_OPTS (sizeof(config_opts) / sizeof(config_opts[0]))

const char *lang_parse(const char *word)
{
    static const char *const known[][2] = {
        {"eng", "eng"}, {"fra", "fra"}, {"khm", "khm"}, {"en", "eng"}, {"fr", "fra"}, {"km", "khm"},
    };
    size_t len = strcspn(word, "_.@-");

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strlen(known[i][0]) == len && strncmp(word, known[i][0], len) == 0)
            return known[i][1];
    return NULL;
}

/* The language of the messages, as the locale variables say it. */
static const char *lang_of_locale(void)
{
    static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};

    for (size_t i = 0; i < 3; i++) {
        const char *value = getenv(names[i]), *lang;

        if (value && *value) {
            lang = lang_parse(value);
            return lang ? lang : "eng";
        }
    }
    return "eng";
}

/* Reads one file over what is there; an absent one is fine unless it must be. */
static int config_read(struct config *c, const char *path, bool must, char *err, size_t errlen)
{
    char *text, why[160];
    size_t len;
    int r = file_read(path, CONFIG_MAX, &text, &len);

    if ((r == -ENOENT || r == -ENOTDIR || r == -EACCES) && !must)
        return 0;
    if (r < 0) {
        snprintf(err, errlen, "cannot read %.200s: %s", path, strerror(-r));
        return -1;
    }
    r = opts_read(config_opts, CONFIG_OPTS, c, text, why, sizeof(why));
    if (r < 0)
        snprintf(err, errlen, "%.200s: %s", path, why);
    free(text);
    return r;
}

static int config_load(struct config *c, const char *path, char *err, size_t errlen)
{
    const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    char *own = NULL;
    int r = 0;

    if (path)
        return config_read(c, path, true, err, errlen);
    if (config_read(c, CONFIG_SYSTEM, false, err, errlen) < 0)
        return -1;
    if (xdg && xdg[0] == '/')
        r = asprintf(&own, "%s/spean/spean.conf", xdg);
    else if (home && home[0] == '/')
        r = asprintf(&own, "%s/.config/spean/spean.conf", home);
    else
        return 0;
    if (r < 0) {
        snprintf(err, errlen, "no memory");
        return -1;
    }
    r = config_read(c, own, false, err, errlen);
    free(own);
    return r;
}

static int keep(char **ret, const char *value, char *err, size_t errlen)
{
    char *copy = strdup(value);

    if (!copy) {
        snprintf(err, errlen, "no memory");
        return -1;
    }
    free(*ret);
    *ret = copy;
    return 0;
}

/* The token is the file's first word. Others who can read it can be who it says. */
static int token_read(struct app *app, const char *path, char *err, size_t errlen)
{
    struct stat st;
    char *text;
    size_t from, len;
    int r = file_read(path, TOKEN_FILE_MAX, &text, &len);

    if (r < 0) {
        snprintf(err, errlen, "cannot read the token file %.200s: %s", path, strerror(-r));
        return -1;
    }
    if (stat(path, &st) == 0 && (st.st_mode & (S_IRWXG | S_IRWXO)))
        app_say(app, "warning: others can read the token in %s: chmod 600 it", path);
    from = strspn(text, " \t\r\n");
    len = strcspn(text + from, " \t\r\n");
    text[from + len] = '\0';
    if (len == 0) {
        snprintf(err, errlen, "the token file %.200s is empty", path);
        r = -1;
    } else {
        r = keep(&app->token, text + from, err, errlen);
    }
    explicit_bzero(text, from + len);
    free(text);
    return r;
}

static int token_load(struct app *app, const struct args *args, const struct config *c, char *err,
                      size_t errlen)
{
    const char *file = args_get(args, "token-file"), *token = getenv("SPEAN_TOKEN");

    if (file)
        return token_read(app, file, err, errlen);
    if (token && *token)
        return keep(&app->token, token, err, errlen);
    if (c->token_file[0])
        return token_read(app, c->token_file, err, errlen);
    return 0;
}

static size_t terminal_columns(const struct app *app)
{
    const char *said = getenv("COLUMNS");
    struct winsize size;
    long n = said ? strtol(said, NULL, 10) : 0;

    if (n >= 20 && n <= 10000)
        return (size_t)n;
    if (app->out_tty && ioctl(fileno(app->out), TIOCGWINSZ, &size) == 0 && size.ws_col >= 20)
        return size.ws_col;
    return app->out_tty ? 80 : 0;
}

static int style_load(struct app *app, const char *format, char *err, size_t errlen)
{
    const char *plain = getenv("NO_COLOR"), *term = getenv("TERM");

    if (format_parse(format && *format ? format : NULL, app->out_tty, &app->style.format) < 0) {
        snprintf(err, errlen, "format must be table, plain, json, ndjson or csv");
        return -1;
    }
    app->style.columns = terminal_columns(app);
    app->style.terminal = app->out_tty;
    app->style.colour = app->out_tty && !(plain && *plain) && !(term && strcmp(term, "dumb") == 0);
    return 0;
}

static int lang_load(struct app *app, const char *word, char *err, size_t errlen)
{
    const char *lang = word && *word ? lang_parse(word) : lang_of_locale();

    if (!lang) {
        snprintf(err, errlen, "the language must be eng, fra or khm");
        return -1;
    }
    snprintf(app->lang, sizeof(app->lang), "%s", lang);
    return 0;
}

static const char *or_else(const char *first, const char *second)
{
    return first && *first ? first : second;
}

static int tls_load(struct app *app, const struct args *args, const struct config *c, char *err,
                    size_t errlen)
{
    const char *ca = or_else(args_get(args, "ca-file"), c->ca_file);
    const char *certificate = or_else(args_get(args, "certificate"), c->certificate);
    const char *key = or_else(args_get(args, "key"), c->key);

    if (!*certificate != !*key) {
        snprintf(err, errlen, "a certificate needs its key, and a key its certificate");
        return -1;
    }
    if (*ca && keep(&app->ca_file, ca, err, errlen) < 0)
        return -1;
    if (*certificate && keep(&app->certificate, certificate, err, errlen) < 0)
        return -1;
    return *key ? keep(&app->key, key, err, errlen) : 0;
}

static int settings_fill(struct app *app, const struct args *args, const struct config *c,
                         char *err, size_t errlen)
{
    const char *server = or_else(args_get(args, "server"), getenv("SPEAN_SERVER"));

    app->timeout_ms = (uint64_t)c->timeout;
    if (keep(&app->server, or_else(or_else(server, c->server), ADDRESS_DEFAULT), err, errlen) < 0)
        return -1;
    if (c->import_dir[0] && keep(&app->config_dir, c->import_dir, err, errlen) < 0)
        return -1;
    if (token_load(app, args, c, err, errlen) < 0 || tls_load(app, args, c, err, errlen) < 0)
        return -1;
    if (lang_load(app, or_else(args_get(args, "lang"), c->lang), err, errlen) < 0)
        return -1;
    return style_load(app, or_else(args_get(args, "format"), c->format), err, errlen);
}

int settings_load(struct app *app, const struct args *args, char *err, size_t errlen)
{
    struct config c = {0};
    int r = -1;

    if (opts_default(config_opts, CONFIG_OPTS, &c) < 0)
        snprintf(err, errlen, "no memory");
    else if (config_load(&c, args_get(args, "config"), err, errlen) == 0)
        r = settings_fill(app, args, &c, err, errlen);
    opts_done(config_opts, CONFIG_OPTS, &c);
    app->loaded = r == 0;
    return r;
}

int settings_override(struct app *app, const struct args *args, char *err, size_t errlen)
{
    static const char *const fixed[] = {"server",  "config",      "token-file",
                                        "ca-file", "certificate", "key"};
    const char *format = args_get(args, "format"), *lang = args_get(args, "lang");

    for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
        if (args_has(args, fixed[i])) {
            snprintf(err, errlen, "--%s is said when the shell starts", fixed[i]);
            return -1;
        }
    if (format && style_load(app, format, err, errlen) < 0)
        return -1;
    return lang ? lang_load(app, lang, err, errlen) : 0;
}
