#include "config.h"

#include <errno.h>
#include <grp.h>
#include <libpq-fe.h>
#include <limits.h>
#include <spean/file.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#define FILE_MAX (256 * 1024)
#define NAME_MAX_LEN 64

static int fail(char *err, size_t errlen, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static int fail(char *err, size_t errlen, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(err, errlen, fmt, ap);
    va_end(ap);
    return -1;
}

void config_free(struct config *c)
{
    const struct opt *options;
    size_t count;

    if (c == NULL)
        return;
    options = config_options(&count);
    opts_done(options, count, c);
    free(c);
}

/* "section.name=value" */
static int config_set(struct config *c, const char *setting, char *err, size_t errlen)
{
    const char *equals = strchr(setting, '=');
    const char *dot = strchr(setting, '.');
    char section[NAME_MAX_LEN], name[NAME_MAX_LEN];
    const struct opt *options;
    size_t count;

    if (equals == NULL || dot == NULL || dot > equals || dot - setting >= NAME_MAX_LEN ||
        equals - dot - 1 >= NAME_MAX_LEN)
        return fail(err, errlen, "%s: not of the form section.name=value", setting);
    snprintf(section, sizeof section, "%.*s", (int)(dot - setting), setting);
    snprintf(name, sizeof name, "%.*s", (int)(equals - dot - 1), dot + 1);
    options = config_options(&count);
    return opts_set(options, count, c, section, name, equals + 1, err, errlen);
}

static int check_group(struct config *c, char *err, size_t errlen)
{
    const struct group *group;

    c->staff = (gid_t)-1;
    if (c->listen.staff_group[0] == '\0')
        return 0;
    errno = 0;
    group = getgrnam(c->listen.staff_group);
    if (group == NULL)
        return fail(err, errlen, "[listen] staff_group: no group \"%s\"", c->listen.staff_group);
    c->staff = group->gr_gid;
    return 0;
}

static int check_tls(const struct config *c, char *err, size_t errlen)
{
    bool loopback;

    if (c->listen.tls[0] != '\0' && net_address_check(c->listen.tls, &loopback) != 0)
        return fail(err, errlen, "[listen] tls: \"%s\" is not a numeric address with a port",
                    c->listen.tls);
    if ((c->tls.certificate[0] == '\0') != (c->tls.key[0] == '\0'))
        return fail(err, errlen, "[tls] has one of certificate and key; both are needed");
    if (c->listen.tls[0] != '\0' && c->tls.certificate[0] == '\0')
        return fail(err, errlen, "[listen] tls needs [tls] certificate and key");
    if ((c->tls.client_required || c->tls.clients[0] != '\0') && c->tls.client_ca[0] == '\0')
        return fail(err, errlen, "[tls] clients and client_required need client_ca");
    return 0;
}

static int check_metrics(const struct config *c, char *err, size_t errlen)
{
    bool loopback = false;

    if (c->metrics.listen[0] == '\0')
        return 0;
    if (net_address_check(c->metrics.listen, &loopback) != 0 || !loopback)
        return fail(err, errlen, "[metrics] listen: \"%s\" is not a numeric loopback address",
                    c->metrics.listen);
    return 0;
}

static int check_listen(struct config *c, char *err, size_t errlen)
{
    size_t longest = sizeof((struct sockaddr_un *)0)->sun_path - 1;
    const char *mode = c->listen.mode;
    bool loopback = false;

    if (c->listen.tcp[0] != '\0') {
        if (net_address_check(c->listen.tcp, &loopback) != 0)
            return fail(err, errlen, "[listen] tcp: \"%s\" is not a numeric address with a port",
                        c->listen.tcp);
        if (!loopback && !c->listen.remote)
            return fail(err, errlen,
                        "[listen] tcp: %s leaves the machine unencrypted: use tls instead, or, if "
                        "something else encrypts it, set insecure_remote_without_tls = yes",
                        c->listen.tcp);
    }
    if (check_tls(c, err, errlen) != 0 || check_metrics(c, err, errlen) != 0)
        return -1;
    if (c->listen.path[0] != '\0' && (c->listen.path[0] != '/' || strlen(c->listen.path) > longest))
        return fail(err, errlen, "[listen] unix: not an absolute path of at most %zu bytes",
                    longest);
    if (strlen(mode) < 3 || strlen(mode) > 4 || strspn(mode, "01234567") != strlen(mode) ||
        strtoul(mode, NULL, 8) > 0777)
        return fail(err, errlen, "[listen] unix_mode: \"%s\" is no octal mode such as 0660", mode);
    c->mode = (mode_t)strtoul(mode, NULL, 8);
    return check_group(c, err, errlen);
}

static int check_conninfo(const char *name, const char *conninfo, char *err, size_t errlen)
{
    char *message = NULL;
    PQconninfoOption *parsed = PQconninfoParse(conninfo, &message);
    int ret = 0;

    if (parsed == NULL) /* the message may hold the string, and that a password: not repeated */
        ret = fail(err, errlen, "[database] %s: not a connection string", name);
    PQconninfoFree(parsed);
    PQfreemem(message);
    return ret;
}

static int check_database(const struct config *c, char *err, size_t errlen)
{
    if (check_conninfo("conninfo", c->database.conninfo, err, errlen) != 0)
        return -1;
    return check_conninfo("read_conninfo", c->database.read_conninfo, err, errlen);
}

static int check_limits(const struct config *c, char *err, size_t errlen)
{
    if (c->limits.line_anonymous > c->limits.line)
        return fail(err, errlen, "[limits] line_anonymous is larger than line");
    if (c->limits.output_mark > c->limits.output)
        return fail(err, errlen, "[limits] output_mark is larger than output");
    if (c->limits.buffers < 2 * (c->limits.line + c->limits.output))
        return fail(err, errlen,
                    "[limits] buffers is smaller than two connections need (line and output)");
    return 0;
}

/*
 * An empty directory means that of the source tree in which the program lies (as build/speand or
 * build/PRESET/speand), else the one that was installed.
 */
static int default_dir(char **dir, const char *in_source, const char *installed)
{
    static const char *const up[] = {"..", "../.."};
    char program[PATH_MAX], path[2 * PATH_MAX];
    char *found = NULL;

    if ((*dir)[0] != '\0')
        return 0;
    for (size_t i = 0; found == NULL && i < sizeof up / sizeof *up; i++) {
        if (file_program_dir(program, sizeof program) != 0)
            break;
        snprintf(path, sizeof path, "%s/%s/%s", program, up[i], in_source);
        found = realpath(path, NULL);
        if (found == NULL && errno == ENOMEM)
            return -1;
    }
    if (found == NULL)
        found = strdup(installed);
    if (found == NULL)
        return -1;
    free(*dir);
    *dir = found;
    return 0;
}

static int check_kernel(struct config *c, char *err, size_t errlen)
{
    if (index_kernel_parse(c->daemon.kernel, &c->kernel) != 0)
        return fail(err, errlen, "[daemon] kernel: \"%s\" is not auto, scalar, avx2 or avx512",
                    c->daemon.kernel);
    if (!index_kernel_runs(c->kernel))
        return fail(err, errlen, "[daemon] kernel: this processor has no %s", c->daemon.kernel);
    return 0;
}

static int config_check(struct config *c, char *err, size_t errlen)
{
    if (log_level_parse(c->daemon.log_level, &c->level) != 0)
        return fail(err, errlen, "[daemon] log_level: \"%s\" is not error, warn, info or debug",
                    c->daemon.log_level);
    if (default_dir(&c->daemon.model_dir, "conf/model", SPEAN_DATA_DIR "/model") != 0 ||
        default_dir(&c->daemon.sql_dir, "sql", SPEAN_DATA_DIR "/sql") != 0)
        return fail(err, errlen, "no memory");
    if (check_listen(c, err, errlen) != 0 || check_database(c, err, errlen) != 0 ||
        check_kernel(c, err, errlen) != 0)
        return -1;
    return check_limits(c, err, errlen);
}

int config_parse(const char *text, const char *const *settings, size_t count, struct config **ret,
                 char *err, size_t errlen)
{
    struct config *c = calloc(1, sizeof *c);
    const struct opt *options;
    size_t n;
    int failed;

    if (c == NULL)
        return fail(err, errlen, "no memory");
    options = config_options(&n);
    failed = opts_default(options, n, c);
    if (failed != 0)
        fail(err, errlen, "no memory");
    if (failed == 0)
        failed = opts_read(options, n, c, text, err, errlen);
    for (size_t i = 0; failed == 0 && i < count; i++)
        failed = config_set(c, settings[i], err, errlen);
    if (failed == 0)
        failed = config_check(c, err, errlen);
    if (failed != 0) {
        config_free(c);
        return -1;
    }
    *ret = c;
    return 0;
}

int config_load(const char *path, const char *const *settings, size_t count, struct config **ret,
                char *err, size_t errlen)
{
    const char *where = path == NULL ? CONFIG_PATH : path;
    char *text = NULL, problem[256];
    size_t len = 0;
    int got = file_read(where, FILE_MAX, &text, &len);

    if (got != 0 && !(path == NULL && got == -ENOENT))
        return fail(err, errlen, "%s: %s", where, strerror(-got));
    if (text != NULL && strlen(text) != len) {
        free(text);
        return fail(err, errlen, "%s: has a NUL byte", where);
    }
    got = config_parse(text == NULL ? "" : text, settings, count, ret, problem, sizeof problem);
    if (got != 0)
        fail(err, errlen, "%s: %s", where, problem);
    free(text);
    return got;
}

struct net_limits config_net_limits(const struct config *c)
{
    return (struct net_limits){.line = (size_t)c->limits.line,
                               .line_anonymous = (size_t)c->limits.line_anonymous,
                               .output = (size_t)c->limits.output,
                               .output_mark = (size_t)c->limits.output_mark,
                               .buffers = (size_t)c->limits.buffers,
                               .in_flight = (unsigned)c->limits.in_flight,
                               .connections = (unsigned)c->limits.connections,
                               .turn = (unsigned)c->limits.turn,
                               .idle_ms = (uint64_t)c->limits.idle,
                               .stall_ms = (uint64_t)c->limits.stall,
                               .anonymous_ms = (uint64_t)c->limits.anonymous,
                               .dead_peer_ms = (uint64_t)c->limits.dead_peer};
}

struct rpc_limits config_rpc_limits(const struct config *c)
{
    return (struct rpc_limits){.depth = (size_t)c->limits.depth,
                               .elements = (size_t)c->limits.elements,
                               .batch = (size_t)c->limits.batch};
}

struct store_options config_store_options(const struct config *c)
{
    return (struct store_options){.conninfo = c->database.conninfo,
                                  .connections = (unsigned)c->database.pool,
                                  .pipeline = (unsigned)c->database.pipeline,
                                  .queue = (unsigned)c->database.queue,
                                  .connect_ms = (uint64_t)c->database.connect,
                                  .retry_ms = (uint64_t)c->database.retry};
}
