/* Answers that lie or that no reader should swallow: worked on when they are finished, so that what
   is stored, and what a key gets again without the fault, is the truth. */
#include "faults_internal.h"

#include <cjson/cJSON.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- text put in behind the first bracket ------------------------------------------------------
 */

static void put_in_front(struct sim_answer *answer, const struct buf *text)
{
    struct buf whole;
    if (answer->body.len == 0 || answer->body.data[0] != '{')
        return;
    buf_init(&whole, answer->body.max);
    buf_puts(&whole, "{");
    buf_add(&whole, text->data, text->len);
    buf_add(&whole, answer->body.data + 1, answer->body.len - 1);
    buf_done(&answer->body);
    answer->body = whole;
}

static void put_text(const struct fault_hit *hit, const char *text)
{
    struct buf front;
    buf_init(&front, 256);
    buf_puts(&front, text);
    put_in_front(hit->answer, &front);
    buf_done(&front);
}

void strike_not_utf8(const struct fault_hit *hit)
{
    put_text(hit, "\"note\":\"\xff\xfe\xc3(\",");
}

/* A reader that takes the first of two is told a failure, one that takes the last the truth. */
void strike_twice_named(const struct fault_hit *hit)
{
    put_text(hit, "\"success\":true,\"data\":{\"status\":\"failed\"},");
}

void strike_too_deep(const struct fault_hit *hit)
{
    struct buf front;
    buf_init(&front, hit->answer->body.max / 2);
    buf_puts(&front, "\"deep\":");
    for (int64_t i = 0; i < hit->value; i++)
        buf_puts(&front, "[");
    for (int64_t i = 0; i < hit->value; i++)
        buf_puts(&front, "]");
    buf_puts(&front, ",");
    if (!front.over)
        put_in_front(hit->answer, &front);
    buf_done(&front);
}

/* --- lies ---------------------------------------------------------------------------------------
 */

static void bend_all(cJSON *item, fault_bend bend, int64_t value)
{
    if (cJSON_IsObject(item))
        bend(item, value);
    for (cJSON *child = item->child; child; child = child->next)
        bend_all(child, bend, value);
}

void strike_lie(const struct fault_hit *hit)
{
    struct buf *body = &hit->answer->body;
    cJSON *root = body->len ? cJSON_ParseWithLength(body->data, body->len) : NULL;
    if (!root)
        return;
    bend_all(root, hit->kind->bend, hit->value);
    char *text = cJSON_PrintUnformatted(root);
    buf_clear(body);
    buf_puts(body, text ? text : "");
    cJSON_free(text);
    cJSON_Delete(root);
}

static const char *text_of(const cJSON *object, const char *name)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
}

static void put(cJSON *object, const char *name, const char *text)
{
    if (text_of(object, name))
        cJSON_ReplaceItemInObjectCaseSensitive(object, name, cJSON_CreateString(text));
}

void bend_amount(cJSON *object, int64_t value)
{
    cJSON *number = cJSON_GetObjectItemCaseSensitive(object, "value");
    if (!cJSON_IsNumber(number) || !text_of(object, "currency"))
        return;
    char *text = cJSON_PrintUnformatted(number), wrong[32];
    snprintf(wrong, sizeof(wrong), "%lld", strtoll(text ? text : "0", NULL, 10) + (long long)value);
    cJSON_ReplaceItemInObjectCaseSensitive(object, "value", cJSON_CreateRaw(wrong));
    cJSON_free(text);
}

void bend_currency(cJSON *object, int64_t value)
{
    (void)value;
    const char *currency = text_of(object, "currency");
    if (currency)
        put(object, "currency", strcmp(currency, "USD") == 0 ? "EUR" : "USD");
}

void bend_terminal(cJSON *object, int64_t value)
{
    (void)value;
    const char *poi = text_of(object, "poiId");
    if (poi)
        put(object, "poiId", terminal_poi(strcmp(poi, terminal_poi(0)) == 0));
}

static const char *const references[] = {"sessionId", "posPaymentId", "modificationReference",
                                         "paymentReference"};

/* Test puts a T at the end of the tag, the part before the last dash. */
void bend_environment(cJSON *object, int64_t value)
{
    (void)value;
    for (size_t i = 0; i < COUNT_OF(references); i++) {
        const char *reference = text_of(object, references[i]);
        const char *dash = reference ? strrchr(reference, '-') : NULL;
        if (!dash || dash - reference < 2)
            continue;
        const char *tag = dash;
        while (tag > reference && tag[-1] != '-')
            tag--;
        bool test = dash - tag > 3 && dash[-1] == 'T';
        char other[SIM_REFERENCE_SIZE];
        snprintf(other, sizeof(other), "%.*s%s%s", (int)(dash - reference) - test, reference,
                 test ? "" : "T", dash);
        put(object, references[i], other);
    }
}

void bend_status(cJSON *object, int64_t value)
{
    (void)value;
    put(object, "status", "quarantined");
}

/* The object's own; the payment that a modification belongs to is another's. */
void bend_no_reference(cJSON *object, int64_t value)
{
    (void)value;
    bool other = text_of(object, "modificationReference") != NULL;
    for (size_t i = 0; i < COUNT_OF(references) - (size_t)other; i++)
        cJSON_DeleteItemFromObjectCaseSensitive(object, references[i]);
}

void bend_no_echo(cJSON *object, int64_t value)
{
    (void)value;
    cJSON_DeleteItemFromObjectCaseSensitive(object, "customReference");
}
