#ifndef SPEAN_CONFIG_H
#define SPEAN_CONFIG_H

#include <spean/index.h>
#include <spean/ini.h>
#include <spean/log.h>
#include <spean/net.h>
#include <spean/rpc.h>
#include <spean/store.h>
#include <stdio.h>

#define CONFIG_PATH "/etc/spean/speand.conf"

/* Everything that can be set. Strings are owned; sizes in bytes, times in ms. */
struct config {
    struct {
        char *tcp, *tls, *path, *mode, *staff_group;
        bool remote;
    } listen;
    struct {
        char *certificate, *key, *client_ca, *clients;
        bool client_required;
    } tls;
    struct {
        char *listen;
        int64_t ready_lag;
    } metrics;
    struct {
        char *conninfo, *read_conninfo;
        int64_t pool, pipeline, queue, connect, retry, poll;
    } database;
    struct {
        int64_t workers, shutdown, answers;
        char *kernel, *log_level, *model_dir, *sql_dir;
        bool core_files;
    } daemon;
    struct {
        int64_t line, line_anonymous, depth, elements, batch, in_flight, output, output_mark,
            buffers, connections, turn, idle, stall, anonymous, dead_peer, guesses, guess_window,
            request, idempotency;
    } limits;
    /* What the words above mean, filled in by config_load. */
    enum log_level level;
    enum index_kernel kernel;
    mode_t mode;
    gid_t staff; /* (gid_t)-1: no group */
};

/*
 * Defaults, then the file, then `count` settings of the form section.name=value, then the checks
 * that look at several options together. path NULL: CONFIG_PATH, which may be absent. 0, or -1 with
 * a message in err and *ret untouched.
 */
int config_load(const char *path, const char *const *settings, size_t count, struct config **ret,
                char *err, size_t errlen);
void config_free(struct config *c);

/* The same from a text, for tests. */
int config_parse(const char *text, const char *const *settings, size_t count, struct config **ret,
                 char *err, size_t errlen);

const struct opt *config_options(size_t *ret_count);
/* The commented file with every option at its default: what conf/speand.conf holds. */
void config_print(FILE *out);

/*
 * Calls `changed` for every option whose value differs; live: a running daemon can take the new
 * value over.
 */
void config_compare(const struct config *a, const struct config *b,
                    void (*changed)(void *ctx, const struct opt *o, bool live), void *ctx);

/* The parts that the rooms take. */
struct net_limits config_net_limits(const struct config *c);
struct rpc_limits config_rpc_limits(const struct config *c);
struct store_options config_store_options(const struct config *c);

#endif
