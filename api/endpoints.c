/* Every call of the API in one table. */
#include "wire.h"

#include <assert.h>

enum { LIST = QUERY_PAGES | QUERY_FILTERS };

static const struct endpoint_row endpoints[EP_COUNT] = {
    [EP_SESSION_CREATE] = {"payment/session", .post = true, .kind = REC_SESSION},
    [EP_SESSION_GET] = {"payment/session/{id}", .kind = REC_SESSION},
    [EP_SESSIONS] = {"payment/sessions", .shape = SHAPE_RECORDS, .kind = REC_SESSION,
                     .query = LIST | QUERY_CUSTOM},
    [EP_SESSION_MODIFICATIONS] = {"payment/session/{id}/modifications", .shape = SHAPE_RECORDS,
                                  .kind = REC_MODIFICATION, .query = QUERY_PAGES},
    [EP_REFUND] = {"payment/refund", .post = true, .money = true, .kind = REC_MODIFICATION},
    [EP_CAPTURE] = {"payment/capture", .post = true, .money = true, .kind = REC_MODIFICATION},
    [EP_CANCEL] = {"payment/cancel", .post = true, .money = true, .kind = REC_MODIFICATION},
    [EP_EXTEND] = {"payment/extend", .post = true, .money = true, .kind = REC_MODIFICATION},
    [EP_MODIFICATIONS] = {"modifications", .shape = SHAPE_RECORDS, .kind = REC_MODIFICATION,
                          .query = LIST},
    [EP_TERMINALS] = {"pos/terminals", .shape = SHAPE_TERMINALS, .query = QUERY_SYNC},
    [EP_POS_CHARGE] = {"pos/payment", .post = true, .money = true, .kind = REC_PAYMENT},
    [EP_PAYMENTS] = {"pos/payments", .shape = SHAPE_RECORDS, .kind = REC_PAYMENT,
                     .query = LIST | QUERY_CUSTOM | QUERY_TERMINAL},
    [EP_PAYMENT_MODIFICATIONS] = {"pos/payment/{id}/modifications", .shape = SHAPE_RECORDS,
                                  .kind = REC_MODIFICATION, .query = QUERY_PAGES},
};

const struct endpoint_row *endpoint_row(enum endpoint endpoint)
{
    assert((unsigned)endpoint < EP_COUNT);
    return &endpoints[endpoint];
}

bool endpoint_moves_money(enum endpoint endpoint)
{
    return endpoint_row(endpoint)->money;
}
