/* From section [tls] to what the listeners use. */
#include "house_tls.h"
#include "service/tokens.h"

#include <spean/file.h>
#include <spean/tls.h>
#include <spean/tsv.h>
#include <stdlib.h>
#include <string.h>

#define CLIENTS_FILE_MAX (1024 * 1024)
#define CLIENTS_MAX 10000
#define PRINCIPAL_MAX 100 /* bytes */
#define CREDENTIAL "credential:"

/* A file name, or the one of a credential of the service manager; to be freed, "" gives NULL. */
static int path_of(const char *said, char **ret, char *err, size_t errlen)
{
    const char *dir = getenv("CREDENTIALS_DIRECTORY");
    const char *name = said + strlen(CREDENTIAL);
    int made;

    *ret = NULL;
    if (said[0] == '\0')
        return 0;
    if (strncmp(said, CREDENTIAL, strlen(CREDENTIAL)) != 0) {
        made = asprintf(ret, "%s", said);
    } else if (dir == NULL || name[0] == '\0' || strchr(name, '/') != NULL) {
        snprintf(err, errlen, "[tls] %s: no such credential has been handed over", said);
        return -1;
    } else {
        made = asprintf(ret, "%s/%s", dir, name);
    }
    if (made >= 0)
        return 0;
    *ret = NULL;
    snprintf(err, errlen, "no memory");
    return -1;
}

static const char *client_problem(const struct tsv *t)
{
    static const char *const kinds[] = {"dns:", "email:", "uri:", "cn:"};
    const char *name = t->field[0], *principal = t->field[2];
    bool known = false;

    if (t->n != 3)
        return "needs a name, a role and a principal, parted by tabs";
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        known = known ||
                (strncmp(name, kinds[i], strlen(kinds[i])) == 0 && name[strlen(kinds[i])] != '\0');
    if (!known)
        return "the name must begin with dns:, email:, uri: or cn:";
    if (role_parse(t->field[1]) == ROLE_NONE)
        return "the role must be viewer, staff, integration or admin";
    if (principal[0] == '\0' || principal[0] == ' ' || strlen(principal) > PRINCIPAL_MAX ||
        strncmp(principal, "unix:", 5) == 0)
        return "the principal must have 1 to 100 bytes and not begin with unix: or a blank";
    for (const char *p = principal; *p != '\0'; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7f)
            return "the principal has a control character";
    return NULL;
}

/* The lines of the text, which the clients go on pointing into. Their number, or -1. */
static int clients_read(const char *path, char *text, struct tls_client clients[CLIENTS_MAX],
                        char *err, size_t errlen)
{
    struct tsv t;
    int n = 0, got;

    tsv_init(&t, text);
    while ((got = tsv_next(&t)) != 0) {
        const char *problem = got < 0 ? "has too many fields" : client_problem(&t);

        if (problem == NULL && n == CLIENTS_MAX)
            problem = "there are too many lines";
        if (problem != NULL) {
            snprintf(err, errlen, "%.200s: line %d: %s", path, t.line, problem);
            return -1;
        }
        clients[n++] = (struct tls_client){
            .name = t.field[0], .principal = t.field[2], .role = (int)role_parse(t.field[1])};
    }
    return n;
}

/* Loads the TLS with the clients of a file, or with none. */
static int load_with_clients(struct tls_options *o, const char *path, struct tls **ret, char *err,
                             size_t errlen)
{
    struct tls_client *clients = NULL;
    char *text = NULL;
    size_t len;
    int ret_code = -1, n = 0, got;

    if (path != NULL) {
        got = file_read(path, CLIENTS_FILE_MAX, &text, &len);
        clients = calloc(CLIENTS_MAX, sizeof *clients);
        if (got != 0 || clients == NULL) {
            snprintf(err, errlen, "%.200s: %s", path, got != 0 ? strerror(-got) : "no memory");
            goto out;
        }
        n = clients_read(path, text, clients, err, errlen);
        if (n < 0)
            goto out;
    }
    o->clients = clients;
    o->client_count = (size_t)n;
    ret_code = tls_new(o, ret, err, errlen);
out:
    free(clients);
    free(text);
    return ret_code;
}

int house_tls_load(const struct config *c, struct tls **ret, char *err, size_t errlen)
{
    char *certificate = NULL, *key = NULL, *client_ca = NULL, *clients = NULL;
    struct tls_options o = {.client_required = c->tls.client_required};
    struct tls *tls = NULL;
    int failed = -1;

    if (path_of(c->tls.certificate, &certificate, err, errlen) != 0 ||
        path_of(c->tls.key, &key, err, errlen) != 0 ||
        path_of(c->tls.client_ca, &client_ca, err, errlen) != 0 ||
        path_of(c->tls.clients, &clients, err, errlen) != 0)
        goto out;
    o.certificate = certificate;
    o.key = key;
    o.client_ca = client_ca;
    failed = certificate == NULL ? 0 : load_with_clients(&o, clients, &tls, err, errlen);
    if (failed == 0)
        *ret = tls;
out:
    free(clients);
    free(client_ca);
    free(key);
    free(certificate);
    return failed;
}
