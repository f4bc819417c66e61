#ifndef SPEAN_SERVICE_COMPANY_H
#define SPEAN_SERVICE_COMPANY_H

struct request;

#define COMPANY_LIST_PRESET 50
#define COMPANY_LIST_MAX 200
#define UPSERT_MAX 1000 /* companies of one company.upsertMany */

/* company_read.c */
void company_get(struct request *r);
void company_list(struct request *r);
void company_search(struct request *r);

/* company_write.c */
void company_upsert(struct request *r);
void company_upsert_many(struct request *r);
void company_archive(struct request *r);
void company_confirm(struct request *r);

/* company_erase.c */
void company_erase(struct request *r);

#endif
