/* The options of speand.conf: one table with type, bounds, default and help. */
#include "config.h"

#include <spean/service.h>
#include <string.h>

#define AT(member) offsetof(struct config, member)
#define KIB ((int64_t)1024)
#define MIB (KIB * 1024)
#define GIB (MIB * 1024)
#define SECOND ((int64_t)1000)
#define HOUR (SECOND * 3600)

static const struct opt options[] = {
    {"listen", "tcp", OPT_STRING, AT(listen.tcp), "127.0.0.1:8551", 0, 0,
     "Numeric address and port for TCP, as 127.0.0.1:8551 or [::1]:8551; port 0 takes a free one; "
     "empty: no TCP."},
    {"listen", "insecure_remote_without_tls", OPT_BOOL, AT(listen.remote), "no", 0, 0,
     "Allow plain TCP on an address that is not a loopback one. Tokens and contacts then cross the "
     "network for everybody to read: say yes only where something else encrypts it (a tunnel)."},
    {"listen", "tls", OPT_STRING, AT(listen.tls), "", 0, 0,
     "Numeric address and port for TLS, as 192.0.2.7:8552; empty: no TLS."},
    {"listen", "unix", OPT_STRING, AT(listen.path), "/run/spean/speand.sock", 0, 0,
     "Absolute path of the unix socket for local staff and admin; empty: none. Root and the "
     "daemon's own user are admin there."},
    {"listen", "unix_mode", OPT_STRING, AT(listen.mode), "0666", 0, 0,
     "Mode of the socket file, octal. Who may connect can call nothing but system.ping and "
     "auth.login unless its user counts for something."},
    {"listen", "staff_group", OPT_STRING, AT(listen.staff_group), "", 0, 0,
     "Members of this group are staff on the unix socket; empty: nobody."},

    {"tls", "certificate", OPT_STRING, AT(tls.certificate), "", 0, 0,
     "PEM file of the server's certificate, followed by those between it and its CA. A name "
     "credential:NAME is the file that systemd's LoadCredential=NAME:... has handed over. SIGHUP "
     "reads all files of this section again."},
    {"tls", "key", OPT_STRING, AT(tls.key), "", 0, 0,
     "PEM file of its key, without a passphrase; or credential:NAME."},
    {"tls", "client_ca", OPT_STRING, AT(tls.client_ca), "", 0, 0,
     "PEM file of the CAs whose client certificates are accepted; or credential:NAME; empty: none "
     "is asked for."},
    {"tls", "client_required", OPT_BOOL, AT(tls.client_required), "no", 0, 0,
     "Refuse TLS clients that show no certificate. Else they log in by token."},
    {"tls", "clients", OPT_STRING, AT(tls.clients), "", 0, 0,
     "File that says whom client certificates stand for, one a line, parted by tabs: a name in the "
     "certificate (dns:, email: or uri: and an alternative name, or cn: and the common name), "
     "role, "
     "principal. The first line that fits counts. Empty: they stand for nobody."},

    {"database", "conninfo", OPT_STRING, AT(database.conninfo), "dbname=spean", 0, 0,
     "Connection string for libpq (postgresql.org/docs, \"Connection Strings\"). A unix socket, "
     "hostaddr or a host name; several hosts and target_session_attrs are fine. Keep passwords in "
     "a passfile. gssencmode is always disable."},
    {"database", "read_conninfo", OPT_STRING, AT(database.read_conninfo), "", 0, 0,
     "Where the companies are loaded from at a start, to spare the primary: standbys, as "
     "host=db2,db3 "
     "target_session_attrs=prefer-standby. Changes and everything else come from conninfo, which "
     "also steps in. Empty: conninfo."},
    {"database", "pool", OPT_INT, AT(database.pool), "4", 1, 64,
     "Connections of each worker; one more is the daemon's change feed."},
    {"database", "pipeline", OPT_INT, AT(database.pipeline), "32", 1, 1024,
     "Statements in flight on a connection."},
    {"database", "queue", OPT_INT, AT(database.queue), "1024", 1, 65536,
     "Statements of a worker that may wait for a place; requests beyond are refused as "
     "unavailable."},
    {"database", "connect_timeout", OPT_MS, AT(database.connect), "3s", 100, 60 * SECOND,
     "How long an attempt to connect may take."},
    {"database", "retry", OPT_MS, AT(database.retry), "200ms", 10, 60 * SECOND,
     "Pause after a failed attempt; it doubles up to ten times this."},
    {"database", "poll", OPT_MS, AT(database.poll), "500ms", 10, 60 * SECOND,
     "How often the change feed looks for changes on its own; notifications wake it before."},

    {"metrics", "listen", OPT_STRING, AT(metrics.listen), "", 0, 0,
     "Numeric loopback address and port where HTTP is answered: /metrics for Prometheus, /healthz, "
     "/readyz; empty: nowhere, unless the service manager hands over a socket named metrics."},
    {"metrics", "ready_lag", OPT_MS, AT(metrics.ready_lag), "10s", 100, HOUR,
     "/readyz says no when the index has been behind the database, or the database away, for so "
     "long."},

    {"daemon", "workers", OPT_INT, AT(daemon.workers), "1", 1, 64,
     "Threads that hold connections; about one for each processor core."},
    {"daemon", "shutdown", OPT_MS, AT(daemon.shutdown), "8s", 0, 60 * SECOND,
     "How long a stopping daemon waits until what it owes is answered and read."},
    {"daemon", "answers", OPT_BYTES, AT(daemon.answers), "32m", 0, 64 * GIB,
     "Bytes of finished match answers that each worker keeps, so that what has not changed is not "
     "computed again; 0: none."},
    {"daemon", "kernel", OPT_STRING, AT(daemon.kernel), "auto", 0, 0,
     "How searches compare: scalar, avx2 or avx512, or auto for the best that the processor has. "
     "All find the same."},
    {"daemon", "log_level", OPT_STRING, AT(daemon.log_level), "info", 0, 0,
     "error, warn, info or debug; the log goes to standard error."},
    {"daemon", "core_files", OPT_BOOL, AT(daemon.core_files), "no", 0, 0,
     "Leave a core file when the daemon crashes, and let its own user trace it. A core file holds "
     "what clients sent, contacts and tokens too."},
    {"daemon", "model_dir", OPT_STRING, AT(daemon.model_dir), "", 0, 0,
     "Directory of the tables that the score is made from; empty: those of the source tree that "
     "speand was built in, else the installed ones."},
    {"daemon", "sql_dir", OPT_STRING, AT(daemon.sql_dir), "", 0, 0,
     "Directory of the numbered migrations; empty: likewise."},

    {"limits", "line", OPT_BYTES, AT(limits.line), "1m", 4 * KIB, 64 * MIB,
     "Longest line of an authenticated client."},
    {"limits", "line_anonymous", OPT_BYTES, AT(limits.line_anonymous), "64k", 1 * KIB, 64 * MIB,
     "Longest line before authentication."},
    {"limits", "depth", OPT_INT, AT(limits.depth), "32", 4, 64, "Deepest nesting of a line."},
    {"limits", "elements", OPT_INT, AT(limits.elements), "32768", 64, 10000000,
     "Most values in a line."},
    {"limits", "batch", OPT_INT, AT(limits.batch), "100", 1, 10000, "Most calls in a batch."},
    {"limits", "in_flight", OPT_INT, AT(limits.in_flight), "64", 1, 10000,
     "Requests of a connection not answered yet; above, nothing more is read from it."},
    {"limits", "output", OPT_BYTES, AT(limits.output), "1m", 4 * KIB, 1 * GIB,
     "Bytes that may wait for a client to read them; above, it is dropped."},
    {"limits", "output_mark", OPT_BYTES, AT(limits.output_mark), "256k", 1 * KIB, 1 * GIB,
     "Bytes waiting for a client above which nothing more is read from it."},
    {"limits", "buffers", OPT_BYTES, AT(limits.buffers), "256m", 1 * MIB, 64 * GIB,
     "Bytes in the buffers of all connections; above, those that hold most are dropped."},
    {"limits", "connections", OPT_INT, AT(limits.connections), "10000", 1, 1000000,
     "Connections at a time; one more is told so and closed. The unix socket has 16 places "
     "beyond."},
    {"limits", "turn", OPT_INT, AT(limits.turn), "16", 1, 10000,
     "Lines of a connection handled before others get their turn."},
    {"limits", "idle", OPT_MS, AT(limits.idle), "5min", 1 * SECOND, 24 * HOUR,
     "A connection without a request for so long is closed, unless it has subscribed."},
    {"limits", "stall", OPT_MS, AT(limits.stall), "1min", 1 * SECOND, 24 * HOUR,
     "A client that takes nothing of what waits for it for so long is dropped."},
    {"limits", "anonymous", OPT_MS, AT(limits.anonymous), "8s", 1 * SECOND, 24 * HOUR,
     "A connection that nobody has authenticated on and that sends no whole line for so long is "
     "closed."},
    {"limits", "dead_peer", OPT_MS, AT(limits.dead_peer), "1min", 3 * SECOND, 24 * HOUR,
     "A client whose machine or network is gone without a word is noticed after about so long. Of "
     "TCP, in whole seconds; for connections made from now on."},
    {"limits", "guesses", OPT_INT, AT(limits.guesses), "10", 0, GUESSES_MAX,
     "Wrong tokens that may come from one address (IPv6: a network of 64 bits; unix socket: a "
     "user) within guess_window; then none is looked at from there, but for those that were right "
     "from there before. 0: any number."},
    {"limits", "guess_window", OPT_MS, AT(limits.guess_window), "1min", 1 * SECOND, 24 * HOUR,
     "The time in which guesses are counted."},
    {"limits", "request_timeout", OPT_MS, AT(limits.request), "5s", 100, 300 * SECOND,
     "How long a request may take; waiting that the client asked for is not counted."},
    {"limits", "idempotency", OPT_MS, AT(limits.idempotency), "24h", 60 * SECOND, 720 * HOUR,
     "How long idempotency keys and the answers they got are kept."},
};

#define COUNT (sizeof options / sizeof *options)

const struct opt *config_options(size_t *ret_count)
{
    *ret_count = COUNT;
    return options;
}

/* Words of text as comment lines of at most 90 columns. */
static void print_wrapped(FILE *out, const char *text)
{
    while (*text != '\0') {
        size_t len = strlen(text);

        if (len > 88) {
            len = 88;
            while (len > 1 && text[len] != ' ')
                len--;
        }
        fprintf(out, "# %.*s\n", (int)len, text);
        text += len;
        text += strspn(text, " ");
    }
}

void config_print(FILE *out)
{
    const char *section = "";

    fputs("# speand.conf: every option with its default. speand -n checks a file; SIGHUP makes a\n"
          "# running daemon take over [tls], [limits] (request_timeout and idempotency apart) and\n"
          "# log_level, all of them or, if anything is wrong, none. The rest needs a restart.\n"
          "# Sizes take k, m, g; times need a unit: ms, s, min, h, d.\n",
          out);
    for (size_t i = 0; i < COUNT; i++) {
        const struct opt *o = &options[i];

        if (strcmp(section, o->section) != 0)
            fprintf(out, "\n[%s]\n", o->section);
        section = o->section;
        fputc('\n', out);
        print_wrapped(out, o->help);
        fprintf(out, "#%s =%s%s\n", o->name, *o->preset ? " " : "", o->preset);
    }
}

static bool option_is_live(const struct opt *o)
{
    if (strcmp(o->section, "limits") == 0)
        return strcmp(o->name, "request_timeout") != 0 && strcmp(o->name, "idempotency") != 0;
    return strcmp(o->section, "tls") == 0 || strcmp(o->name, "log_level") == 0;
}

static bool option_equal(const struct opt *o, const struct config *a, const struct config *b)
{
    const char *x = (const char *)a + o->offset, *y = (const char *)b + o->offset;

    switch (o->type) {
    case OPT_STRING:
        return strcmp(*(char *const *)(const void *)x, *(char *const *)(const void *)y) == 0;
    case OPT_BOOL:
        return memcmp(x, y, sizeof(bool)) == 0;
    default:
        return memcmp(x, y, sizeof(int64_t)) == 0;
    }
}

void config_compare(const struct config *a, const struct config *b,
                    void (*changed)(void *ctx, const struct opt *o, bool live), void *ctx)
{
    for (size_t i = 0; i < COUNT; i++)
        if (!option_equal(&options[i], a, b))
            changed(ctx, &options[i], option_is_live(&options[i]));
}
