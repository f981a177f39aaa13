/* The error catalogue: what a code means for the person who reads it. */
#include "api.h"

static const struct {
    int code;
    enum api_trouble trouble;
} catalogue[] = {
    {11001, TROUBLE_KEY},       {11002, TROUBLE_IP},        {11008, TROUBLE_ACCESS},
    {12001, TROUBLE_PARAMETER}, {12002, TROUBLE_DATE},      {12006, TROUBLE_COUNTRY_FORMAT},
    {12009, TROUBLE_COUNTRY},   {10404, TROUBLE_NOT_FOUND}, {13001, TROUBLE_PROVIDER},
    {13004, TROUBLE_TERMINAL},
};

enum api_trouble api_trouble_of(int code, int http_status)
{
    for (size_t i = 0; i < COUNT_OF(catalogue); i++)
        if (catalogue[i].code == code)
            return catalogue[i].trouble;
    if (http_status == 409)
        return TROUBLE_CONFLICT;
    return http_status == 429 ? TROUBLE_RATE : TROUBLE_OTHER;
}

bool api_code_precedes_execution(int code)
{
    return (code >= 11000 && code <= 12999) || code == 10404;
}
