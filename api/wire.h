/* Names and shapes of the wire: the one place to edit when the API turns out to differ from what is
   assumed about it. */
#ifndef API_WIRE_H
#define API_WIRE_H

#include "api_internal.h"

/* What data of an endpoint's answer is read as. */
enum wire_shape {
    SHAPE_RECORD,    /* one object with an id */
    SHAPE_RECORDS,   /* a list in any dialect */
    SHAPE_TERMINALS, /* a list of terminals */
};

/* Parts of the query an endpoint takes, besides webcode. */
enum wire_query_part {
    QUERY_PAGES = 1,    /* page, limit, cursor */
    QUERY_FILTERS = 2,  /* status, dateFrom, dateTo */
    QUERY_CUSTOM = 4,   /* customReference */
    QUERY_TERMINAL = 8, /* poiId */
    QUERY_SYNC = 16,    /* syncFromProvider */
};

/* One row of endpoints.c. */
struct endpoint_row {
    const char *path; /* after the base; {id} stands for api_request.id */
    bool post, money;
    enum wire_shape shape;
    enum record_kind kind;
    unsigned query; /* wire_query_part */
};
const struct endpoint_row *endpoint_row(enum endpoint endpoint);

/* "webcode=ABC&page=1…", percent-encoded. */
void wire_query(struct buf *out, const struct endpoint_row *row, const char *webcode,
                const struct list_query *query);
/* Everything but A-Z a-z 0-9 - _ . ~ becomes %XX. */
void wire_percent(struct buf *out, const char *text);

/* Reads a whole body into body, error, record(s), terminals, page, skipped and trouble of answer,
   whose endpoint and http_status are set. Strings live in arena. */
void wire_decode(struct api_answer *answer, struct arena *arena, const char *body, size_t len);

#endif
