#ifndef SPEAN_SERVICE_AUTH_H
#define SPEAN_SERVICE_AUTH_H

#include "core.h"
#include "request.h"

/* Who calls: unix peers by their credentials, others by a token. */

/* The principal of a unix peer; role ROLE_NONE for who is none of ours. */
void peer_principal(const struct service *s, const struct conn_peer *peer, struct principal *ret);
/* One of the user's groups is `group`. */
bool peer_in_group(uid_t uid, gid_t gid, gid_t group);

enum auth_outcome {
    AUTH_OK,      /* r->who is set (ROLE_NONE: nobody, and no token was shown) */
    AUTH_REFUSED, /* answered */
    AUTH_LATER    /* the token table is being read: again is called after */
};
/*
 * Finds out who makes the present call: by the member `auth` of its params, which is taken out of
 * them, else by the connection.
 */
enum auth_outcome auth_call(struct request *r, void (*again)(struct request *r));
/* Looks a token up; *ret_digest for a session that logs in. AUTH_OK sets *ret_who. */
enum auth_outcome auth_token(struct request *r, const char *token, void (*again)(struct request *r),
                             struct principal *ret_who, uint8_t ret_digest[DIGEST_BYTES]);

/* Whether the session's principal may surely call a method for these roles. False: it has to be
 * looked at by auth_call. */
bool auth_may(const struct service *s, const struct session *session, unsigned roles);

/* Reads the token table again, soon. */
void auth_refresh(struct service *s);
/* This service has just changed the table: what a load saw before is out of date. */
void auth_changed(struct service *s);
/* The same; and no worker of this daemon may take the token of this id any more. */
void auth_revoked(struct service *s, const char *id);
void auth_timer(evutil_socket_t fd, short what, void *arg);
void auth_loaded(struct service *s, const struct store_result *result);
/* The session's principal as of now; ROLE_NONE when there is none, or no longer. */
struct principal session_principal(const struct service *s, const struct session *session);

#endif
