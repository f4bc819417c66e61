#ifndef SPEAN_SERVICE_NOUNS_H
#define SPEAN_SERVICE_NOUNS_H

struct request;

/* The methods' functions, one file a noun (those of companies: company.h). */

#define MATCH_LIMIT_PRESET 10
#define MATCH_LIMIT_MAX 100
#define CHANGES_LIMIT_PRESET 100
#define CHANGES_LIMIT_MAX 1000
#define CHANGES_WAIT_MAX 30
#define TOKEN_LIST_PRESET 100
#define TOKEN_LIST_MAX 1000
#define AUDIT_LIST_PRESET 100
#define AUDIT_LIST_MAX 1000

void system_ping(struct request *r);
void system_version(struct request *r);
void system_health(struct request *r);
void rpc_discover(struct request *r);

void auth_login(struct request *r);
void auth_whoami(struct request *r);

void token_create(struct request *r);
void token_list(struct request *r);
void token_revoke(struct request *r);

void match_list(struct request *r);
void match_explain(struct request *r);
void match_all(struct request *r);

void changes_list(struct request *r);
void changes_subscribe(struct request *r);

void taxonomy_get(struct request *r);

void audit_list(struct request *r);

#endif
