/* speand: reads the configuration, builds the house, runs it. */
#include "house.h"
#include "house_tls.h"
#include "journal.h"

#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <malloc.h>
#include <pwd.h>
#include <signal.h>
#include <spean/buf.h>
#include <spean/ident.h>
#include <spean/json_reader.h>
#include <spean/log.h>
#include <spean/model.h>
#include <spean/service.h>
#include <spean/tls.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define SETTINGS_MAX 64
#define DESCRIPTORS_SPARE 128 /* beside the connections: database, files, the loop's own */

enum task {
    TASK_RUN,
    TASK_CHECK,
    TASK_MIGRATE,
    TASK_OPTIONS,
    TASK_PROTOCOL,
    TASK_VERSION,
    TASK_HELP,
    TASK_USAGE
};

struct arguments {
    enum task task;
    const char *path; /* NULL: the usual place */
    const char *settings[SETTINGS_MAX];
    size_t setting_count;
    bool migrate_first; /* before it runs */
};

static const char help[] =
    "usage: speand [-c FILE] [-o SECTION.NAME=VALUE]... [-n | --migrate | --migrate-first |\n"
    "              --options | --protocol]\n"
    "\n"
    "  -c, --config FILE       read this configuration instead of " CONFIG_PATH "\n"
    "  -o, --option SETTING    set section.name=value over what the file says\n"
    "  -n, --check             check the configuration, certificates and model, then exit\n"
    "      --migrate           bring the database's schema up to date, then exit\n"
    "      --migrate-first     the same, then serve\n"
    "      --options           print every option with its default and meaning\n"
    "      --protocol          print every method and error, as spean-protocol(7) has them\n"
    "      --version           print the version\n"
    "      --help              print this\n"
    "\n"
    "SIGHUP reloads certificates, limits and log level, SIGTERM and SIGINT stop it.\n"
    "Exit codes: 0 done, 1 failed, 2 usage.\n";

static enum task arguments_option(struct arguments *a, int option)
{
    switch (option) {
    case 'c':
        a->path = optarg;
        return a->task;
    case 'o':
        if (a->setting_count == SETTINGS_MAX)
            return TASK_USAGE;
        a->settings[a->setting_count++] = optarg;
        return a->task;
    case 'n':
        return TASK_CHECK;
    case 'm':
        return TASK_MIGRATE;
    case 'f':
        a->migrate_first = true;
        return a->task;
    case 'p':
        return TASK_OPTIONS;
    case 'd':
        return TASK_PROTOCOL;
    case 'v':
        return TASK_VERSION;
    case 'h':
        return TASK_HELP;
    default:
        return TASK_USAGE;
    }
}

static void arguments_parse(struct arguments *a, int argc, char **argv)
{
    static const struct option longer[] = {
        {"config", required_argument, NULL, 'c'},  {"option", required_argument, NULL, 'o'},
        {"check", no_argument, NULL, 'n'},         {"migrate", no_argument, NULL, 'm'},
        {"migrate-first", no_argument, NULL, 'f'}, {"options", no_argument, NULL, 'p'},
        {"protocol", no_argument, NULL, 'd'},      {"version", no_argument, NULL, 'v'},
        {"help", no_argument, NULL, 'h'},          {NULL, 0, NULL, 0},
    };
    int option;

    while (a->task != TASK_USAGE && (option = getopt_long(argc, argv, "c:o:n", longer, NULL)) != -1)
        a->task = arguments_option(a, option);
    if (optind < argc)
        a->task = TASK_USAGE;
}

static int complain(const char *message)
{
    fprintf(stderr, "speand: %s\n", message);
    return 1;
}

static int run_protocol(void)
{
    struct buf page;
    int ret;

    buf_init(&page, 1024 * 1024);
    ret = methods_page(&page);
    if (ret == 0)
        fputs(page.data, stdout);
    buf_done(&page);
    return ret == 0 ? 0 : complain("no memory");
}

static int run_check(const struct config *c)
{
    struct model *model = NULL;
    struct tls *tls = NULL;
    char err[512];

    if (house_tls_load(c, &tls, err, sizeof err) != 0)
        return complain(err);
    tls_unref(tls);
    if (model_load(c->daemon.model_dir, &model, err, sizeof err) != 0)
        return complain(err);
    printf("configuration and model are fine (model %s)\n", model_version(model));
    model_free(model);
    return 0;
}

static int migrate(const struct config *c, struct log *log, int *ret_version)
{
    char err[512] = "";

    if (store_migrate(c->database.conninfo, c->daemon.sql_dir, log, ret_version, err, sizeof err) !=
        0)
        return complain(err);
    return 0;
}

static int run_migrate(const struct config *c, struct log *log)
{
    int version = 0, ret = migrate(c, log, &version);

    if (ret == 0)
        printf("schema version %d\n", version);
    return ret;
}

/* As many descriptors as the system gives, and a word when they are fewer than connections. */
static void raise_descriptors(const struct config *c, struct log *log)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
        limit.rlim_cur < (rlim_t)c->limits.connections + DESCRIPTORS_SPARE)
        log_event(log, LOG_LEVEL_WARN, "descriptors_few", "limit=%llu connections=%lld",
                  (unsigned long long)limit.rlim_cur, (long long)c->limits.connections);
}

/* What clients said is in this memory: no file of it when it crashes, and no look from beside. The
 * kernel hands a core to a program whatever the limit says, but not one of a process like this. */
static void forbid_cores(const struct config *c, struct log *log)
{
    const struct rlimit none = {0, 0};

    if (c->daemon.core_files)
        return;
    if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        log_event(log, LOG_LEVEL_WARN, "core_files_not_forbidden", NULL);
}

static bool limited(int which)
{
    struct rlimit limit;

    return getrlimit(which, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
}

/*
 * malloc gives each thread an arena of its own and keeps what is freed there mapped. Where the
 * process may map only so much, one thread could find nothing for ever while another's arena is
 * empty: it takes of the others only once there are as many arenas as there may be, which by
 * default is never. Threads that build an index then share those of the workers.
 */
static void share_arenas(const struct config *c)
{
    if (limited(RLIMIT_DATA) || limited(RLIMIT_AS))
        (void)mallopt(M_ARENA_MAX, (int)c->daemon.workers + 1);
}

static int run_daemon(const struct arguments *a, struct config *c, struct log *log)
{
    struct house_options o = {.config = c,
                              .path = a->path,
                              .settings = a->settings,
                              .setting_count = a->setting_count,
                              .log = log};
    struct model *model = NULL;
    struct house *house = NULL;
    char err[512];
    int ret, version = 0;

    /* While there are no other threads: it waits for the database. */
    if (a->migrate_first && migrate(c, log, &version) != 0) {
        config_free(c);
        return 1;
    }
    if (model_load(c->daemon.model_dir, &model, err, sizeof err) != 0) {
        config_free(c);
        return complain(err);
    }
    log_event(log, LOG_LEVEL_INFO, "started", "version=%s model=%s workers=%lld", SPEAN_VERSION,
              model_version(model), (long long)c->daemon.workers);
    raise_descriptors(c, log);
    share_arenas(c);
    forbid_cores(c, log);
    o.model = model;
    if (house_new(&o, &house, err, sizeof err) == 0)
        ret = house_run(house) == 0 ? 0 : 1;
    else
        ret = complain(err);
    house_free(house);
    model_free(model);
    return ret;
}

/* What glibc (which databases of users there are) and OpenSSL (its tables) make once and keep.
 * libpq looks its user up with each connection. */
static int libraries_open(void)
{
    uint8_t digest[DIGEST_BYTES];

    (void)getpwuid(getuid());
    return digest_sha256("", 0, digest);
}

/*
 * Both end the process, by an assertion or worse, where the first use finds no memory. So they are
 * used before anything can be short, and a child goes first: if it does not come through, this
 * process says so.
 */
static int libraries_ready(void)
{
    const struct rlimit none = {0, 0};
    pid_t child = fork();
    int status = 0;

    if (child == 0) {
        (void)setrlimit(RLIMIT_CORE, &none);
        _exit(libraries_open() == 0 ? 0 : 1);
    }
    if (child < 0)
        return -1;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR) /* ECHILD: who started us has children reaped, so that nobody can ask */
            return errno == ECHILD ? libraries_open() : -1;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? libraries_open() : -1;
}

/* The tasks that need the configuration. */
static int run_configured(const struct arguments *a)
{
    struct config *c = NULL;
    struct log *log;
    char err[512];
    int ret = 1;

    if (config_load(a->path, a->settings, a->setting_count, &c, err, sizeof err) != 0)
        return complain(err);
    log = log_new(STDERR_FILENO, c->level);
    if (log == NULL) {
        config_free(c);
        return complain("no memory");
    }
    (void)log_set_journal(log, journal_send);
    if (a->task == TASK_RUN) {
        ret = run_daemon(a, c, log);
    } else {
        ret = a->task == TASK_CHECK ? run_check(c) : run_migrate(c, log);
        config_free(c);
    }
    log_free(log);
    return ret;
}

/*
 * What is large goes back to the system when it is freed. Left to itself malloc keeps blocks of up
 * to 32 MiB for later once it has seen one freed: 20 MiB more resident after 2,050,000 companies
 * were loaded, and as much at the most while they are loaded anew.
 */
#define MALLOC_LARGE (1 << 20) /* bytes */

/* What ends up free at the top of an arena stays for the next answers, which are a few hundred KB
 * for each client that pipelines: to give it back each time and get it anew took most of theirs. */
#define MALLOC_SPARE (16 << 20)

int main(int argc, char **argv)
{
    struct arguments a = {.task = TASK_RUN};

    arguments_parse(&a, argc, argv);
    (void)mallopt(M_MMAP_THRESHOLD, MALLOC_LARGE);
    (void)mallopt(M_TRIM_THRESHOLD, MALLOC_SPARE);
    signal(SIGPIPE, SIG_IGN);
    jr_init(malloc, free); /* this and the seed before there are threads */
    json_object_seed(0);
    switch (a.task) {
    case TASK_USAGE:
        fputs(help, stderr);
        return 2;
    case TASK_HELP:
        fputs(help, stdout);
        break;
    case TASK_VERSION:
        puts("speand " SPEAN_VERSION);
        break;
    case TASK_OPTIONS:
        config_print(stdout);
        break;
    case TASK_PROTOCOL:
        if (run_protocol() != 0)
            return 1;
        break;
    default:
        return libraries_ready() == 0 ? run_configured(&a) : complain("no memory to start");
    }
    return fflush(stdout) == 0 ? 0 : 1;
}
