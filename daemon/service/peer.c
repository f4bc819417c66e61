#include "auth.h"

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PASSWD_BYTES = 16384, GROUPS_MAX = 1024 };

/* The user's entry in `buffer` (PASSWD_BYTES), or NULL. */
static struct passwd *user_find(uid_t uid, struct passwd *entry, char *buffer)
{
    struct passwd *found = NULL;

    if (getpwuid_r(uid, entry, buffer, PASSWD_BYTES, &found) != 0)
        return NULL;
    return found;
}

bool peer_in_group(uid_t uid, gid_t gid, gid_t group)
{
    struct passwd entry, *user;
    char buffer[PASSWD_BYTES];
    gid_t *groups = NULL;
    int count = GROUPS_MAX;
    bool found = false;

    if (group == (gid_t)-1)
        return false;
    if (gid == group)
        return true;
    user = user_find(uid, &entry, buffer);
    if (!user)
        return false;
    groups = calloc(GROUPS_MAX, sizeof *groups);
    if (groups && getgrouplist(user->pw_name, user->pw_gid, groups, &count) >= 0)
        for (int i = 0; i < count && !found; i++)
            found = groups[i] == group;
    free(groups);
    return found;
}

void peer_principal(const struct service *s, const struct conn_peer *peer, struct principal *ret)
{
    struct passwd entry;
    char buffer[PASSWD_BYTES];
    const struct passwd *user;

    memset(ret, 0, sizeof *ret);
    if (peer->principal) { /* of a TLS certificate */
        ret->role = (enum role)peer->role;
        snprintf(ret->name, sizeof ret->name, "%s", peer->principal);
    }
    if (!peer->local)
        return;
    if (peer->uid == 0 || peer->uid == geteuid())
        ret->role = ROLE_ADMIN;
    else if ((s->o.is_staff ? s->o.is_staff : peer_in_group)(peer->uid, peer->gid,
                                                             s->o.staff_group))
        ret->role = ROLE_STAFF;
    user = user_find(peer->uid, &entry, buffer);
    if (user)
        snprintf(ret->name, sizeof ret->name, "unix:%s", user->pw_name);
    else
        snprintf(ret->name, sizeof ret->name, "unix:%lu", (unsigned long)peer->uid);
}
