/* The strict reader of JSON: the grammar of RFC 8259 production by production, our own limits,
   numbers as text, raw objects. */
#include "../api/api_internal.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool accepts_bytes(const char *text, size_t len)
{
    char *exact = malloc(len ? len : 1); /* no byte more: a sanitizer sees any over-read */
    memcpy(exact, text, len);
    struct json_doc doc;
    struct err err = {0};
    bool fine = json_open(&doc, exact, len, &err);
    if (fine)
        json_close(&doc);
    else
        assert_int_equal(err.code, ERR_DATA);
    free(exact);
    return fine;
}

static bool accepts(const char *text)
{
    return accepts_bytes(text, strlen(text));
}

/* --- the grammar -------------------------------------------------------------------------- */

/* How the cases are written: ' stands for the quotation mark, ` for the apostrophe, | for the
   backslash, ~ for a NUL byte; all else stands for itself. */
static size_t written(const char *text, char *out)
{
    size_t len = 0;
    for (; *text; text++) {
        char c = *text;
        out[len++] = c == '\'' ? '"' : c == '`' ? '\'' : c == '|' ? '\\' : c == '~' ? '\0' : c;
    }
    return len;
}

#define ALL(...) (const char *const[]){__VA_ARGS__, NULL}
/* clang-format off */
static const struct {
    const char *name;
    const char *const *fine, *const *wrong;
} grammar[] = {
    {"literals",
     ALL("true", "false", "null", " true ", "[true,false,null]", "{'a':null}"),
     ALL("t", "tru", "truex", "True", "TRUE", "tr ue", "fals", "falsee", "False", "nul", "nulll",
         "Null", "NULL", "nil", "none", "undefined", "yes", "[tru]", "[nul]", "true false",
         "truefalse", "'true", "nul~l", "true~", "[true1]", "|u0074rue")},
    {"integers",
     ALL("0", "-0", "1", "-1", "9", "10", "-10", "1234567890", "9223372036854775808", "[0,-0]",
         "123456789012345678901234567890"),
     ALL("00", "01", "-00", "-01", "007", "0123", "-", "--1", "+1", "+-1", "-+1", "- 1", "1-",
         "1+", "1a", "-a", "0x10", "0b1", "0o7", "1_000", "1,000", "1 000", "1f", "1L", "#1", "$1",
         "1`", "1~", "~1", "[01]", "[-]", "{'a':-}", "\xd9\xa1", "\xef\xbc\x91", "Infinity",
         "-Infinity", "+Infinity", "NaN", "-NaN", "nan", "inf")},
    {"fractions and exponents",
     ALL("0.0", "-0.0", "0.10", "1.5", "-1.5", "10.01", "1.0000000000000000000000001", "0e0", "0E0",
         "1e5", "1E5", "1e+5", "1e-5", "1E+05", "1e-00", "-1e1", "1.5e3", "1.5E-3", "-0.0e-0",
         "1e999", "1e-999"),
     ALL("1.", "-1.", "0.", "[1.]", "1.e5", "0.e1", ".5", "-.5", ".", "1..2", "1.2.3", "1. 5",
         "1 .5", "1,5", "1.-5", "1.+5", "1e", "1E", "1e+", "1e-", "1e+-5", "1e++5", "1e 5", "1 e5",
         "1.5e", "1ee5", "1eE5", "1e5.5", "1e5e5", "e5", "-e5", "1e5x", "1.5f", "00.5", "01e5",
         "-01.5", "1^5")},
    {"strings",
     ALL("''", "' '", "'a'", "'a b'", "'{}[]:,'", "'//'", "'/'", "'`'", "'\x7f'", "'123'",
         "'null'", "['','']"),
     ALL("'", "'a", "a'", "a", "`a`", "''a", "'''", "'a''b'", "'a' 'b'", "'a'b'", "'~'", "'a~b'",
         "'a~", "'\t'", "'\n'", "'a\r\nb'", "'\x1b[2J'", "'\x1f'", "['a]", "[a']",
         "\xe2\x80\x9cz\xe2\x80\x9d")},
    {"escapes",
     ALL("'||'", "'|''", "'|/'", "'|b'", "'|f'", "'|n'", "'|r'", "'|t'", "'|u0041'", "'|u00e9'",
         "'|u00E9'", "'|uFFFF'", "'|uffff'", "'|u0001'", "'|u001f'", "'|u2028'", "'|u0022'",
         "'|u005c'", "'|u005C|u0022'", "'|uD7FF'", "'|uE000'", "'|uFDD0'", "'||u0000'", "'||x'",
         "'a|nb|tc'", "{'|n':1}", "'|u00411'", "'||||'"),
     ALL("'|'", "'|", "'|||'", "'|a'", "'|v'", "'|0'", "'|`'", "'| '", "'|\n'", "'|N'", "'|~'",
         "'|u'", "'|u", "'|u0'", "'|u00'", "'|u004'", "'|u004", "'|u004G'", "'|uG041'", "'|u 041'",
         "'|u-041'", "'|u+041'", "'|u0x41'", "'|u00~1'", "'|U0041'", "'|u{41}'", "'|x41'", "'|101'",
         "'|u0041", "|n", "[|n]", "{'a'|n:1}", "'|\xc3\xb1'", "'|u0000'", "'a|u0000b'",
         "{'|u0000':1}", "{'|x':1}")},
    {"surrogates",
     ALL("'|ud83d|ude00'", "'|uD83D|uDE00'", "'|ud800|udc00'", "'|udbff|udfff'",
         "'a|ud83d|ude00b'", "{'|ud83d|ude00':1}", "'|ud83d|ude00|ud83d|ude00'"),
     ALL("'|ud800'", "'|udbff'", "'|udc00'", "'|udfff'", "'|uDBFFa'", "'a|uDC00'",
         "'|ud83d|ud83d'", "'|ude00|ud83d'", "'|ud83dx|ude00'", "'|ud83d |ude00'", "'|ud83d|n'",
         "'|ud83d|u0041'", "'|ud83d|u'", "'|ud83d|ude0'", "'|ud83d|", "'|ud83d|u", "'|ud83d",
         "'|ud83d|'", "'|ud83d|ude00|ude00'", "'|ud83d|uE000'", "'|ud83d|udbff'", "'|ud83d||ude00'",
         "'|ud83d|xde00'", "{'|ud800':1}", "['|udc00|ud800']")},
    {"UTF-8 at the ends of each length",
     ALL("'\xc2\x80'", "'\xdf\xbf'", "'\xe0\xa0\x80'", "'\xe1\x80\x80'", "'\xec\xbf\xbf'",
         "'\xed\x80\x80'", "'\xed\x9f\xbf'", "'\xee\x80\x80'", "'\xef\xbf\xbe'", "'\xef\xbf\xbf'",
         "'\xf0\x90\x80\x80'", "'\xf1\x80\x80\x80'", "'\xf3\xbf\xbf\xbf'", "'\xf4\x8f\xbf\xbf'",
         "'\xef\xbb\xbf'", "'\xe2\x80\xa8'", "{'\xc3\xb1':1}"),
     ALL("'\x80'", "'\xbf'", "'a\x80'", "'\xc0\x80'", "'\xc0\xaf'", "'\xc1\xbf'", "'\xe0\x80\x80'",
         "'\xe0\x9f\xbf'", "'\xf0\x80\x80\x80'", "'\xf0\x8f\xbf\xbf'", "'\xf8\x88\x80\x80\x80'",
         "'\xfc\x84\x80\x80\x80\x80'", "'\xed\xa0\x80'", "'\xed\xaf\xbf'", "'\xed\xb0\x80'",
         "'\xed\xbf\xbf'", "'\xed\xa0\xbd\xed\xb8\x80'", "'\xf4\x90\x80\x80'", "'\xf5\x80\x80\x80'",
         "'\xf7\xbf\xbf\xbf'", "'\xfe'", "'\xff'")},
    {"UTF-8 cut or broken",
     ALL("'\xc3\xb1\xc3\xb1'", "'\xe2\x82\xac\xf0\x9f\x98\x80'"),
     ALL("'\xc2'", "'\xc2", "'\xe1'", "'\xe1\x80'", "'\xe1\x80", "'\xf1'", "'\xf1\x80'",
         "'\xf1\x80\x80'", "'\xf1\x80\x80", "'\xc2z'", "'\xe1z\x80'", "'\xe1\x80z'",
         "'\xf1z\x80\x80'", "'\xf1\x80z\x80'", "'\xf1\x80\x80z'", "'\xc2\xc2\x80'",
         "'\xe1\x80\xc2\x80'", "'\xe9'", "'\xc3\xb1\xb1'", "{'\xff':1}", "[\xc3\xb1]", "\xc3\xb1",
         "'\xe1\x80~'")},
    {"byte order marks and other encodings",
     ALL("'\xef\xbb\xbf{}'"),
     ALL("\xef\xbb\xbf", "\xef\xbb\xbf""1", "\xef\xbb\xbf{}", "1\xef\xbb\xbf", "{}\xef\xbb\xbf",
         "1~", "~1", "1~~~", "~~~1", "\xff\xfe""1~", "\xfe\xff~1", "\xff\xfe~~1~~~", "[~1~]~")},
    {"white space",
     ALL(" 1", "\t1", "\n1", "\r1", "1 ", "1\t", "1\n", "1\r", " \t\r\n1 \t\r\n", "[ ]", "{ }",
         "[\r\n]", "[\t1\n,\r2 ]", "{ 'a' : 1 , 'b' : 2 }", "{\n'a'\n:\n1\n}", " {} ", "{}\n",
         "[]\r\n"),
     ALL("", " ", "\t\n\r", "\v1", "1\v", "\f1", "1\f", "\b1", "[1,\v2]", "{\f}", "\xc2\xa0""1",
         "1\xc2\xa0", "\xc2\x85""1", "\xe2\x80\xa8""1", "\xe3\x80\x80""1", "\xe2\x81\xa0""1",
         "[\x1f]", "[\x7f]", "\x1b[0m1", "|n1", "/**/1", "1/**/", "1//", "{}//", "#1", "1#",
         "[1/*,*/]", "// x\n1", "{/*a*/}")},
    {"arrays",
     ALL("[]", "[1]", "[1,2]", "[[]]", "[[],[]]", "[[],{}]", "[1,'a',null,true,{},[]]", "[[1],[2]]",
         "[{}]", "[[[[]]]]"),
     ALL("[", "]", "[1", "1]", "[,]", "[,,]", "[,1]", "[1,]", "[1,2,]", "[1,,2]", "[1 2]", "[1;2]",
         "[1:2]", "[1|2]", "[1,2", "[1,", "[1,2}", "[1}", "[}", "(1)", "<1>", "[[]", "[[[", "[]]",
         "[1]]", "]]", "[1,]]", "[[,]]", "[[1,]]", "[1][2]", "[],", ",[1]", "[1],[2]", "['a'",
         "['a", "['a':1]", "[=]", "[a]", "[...]", "[1,'a]", "[1,2]]", "[1,|n2]", "[~]")},
    {"objects",
     ALL("{}", "{'a':1}", "{'':1}", "{'a':1,'b':2}", "{'a':{}}", "{'a':[]}", "{'a':{'a':1}}",
         "{' ':1}", "{'1':1}", "{'|u0061':1}", "{'a':{'b':1},'c':{'b':1}}", "[{'a':1},{'a':1}]",
         "{'null':null}"),
     ALL("{", "}", "{'a", "{'a'", "{'a':", "{'a':1", "{'a':1,", "{'a':1,'b'", "'a':1", "'a':1}",
         "{'a'}", "{'a':}", "{:1}", "{:}", "{1}", "{1:1}", "{a:1}", "{`a`:1}", "{null:1}",
         "{true:1}", "{[]:1}", "{{}:1}", "{{}}", "{[]}", "{'a' 1}", "{'a'=1}", "{'a'=>1}",
         "{'a',1}", "{'a':1,}", "{,'a':1}", "{,}", "{'a':1,,'b':2}", "{'a':1 'b':2}",
         "{'a':1;'b':2}", "{'a','b'}", "{'a':1,'b'}", "{'a':1,'b':}", "{'a':1,b:2}", "{'a'::1}",
         "{'a':1:2}", "{'a':'b':1}", "{'a':1]", "{'a':[}", "{'a':{]}", "{'a:1}", "{a':1}",
         "{'a':1}}", "{'a':1 2}", "{'a':1}'b'", "{'a':.5}", "{'a':+}", "[{'a':1,}]", "{'a':[1,]}",
         "{'a':01}", "{'a':a}")},
    {"names that come twice",
     ALL("{'a':1,'A':2}", "{'a':1,'a ':2}", "{'a':1,'aa':2}", "{'':1,' ':2}",
         "{'a':1,'\xc3\xa1':2}", "{'\xc3\xa9':1,'e\xcc\x81':2}", "{'a':1,'a|u200b':2}",
         "{'K':1,'\xe2\x84\xaa':2}", "{'a':1,'|u0041':2}", "{'a':{'a':{'a':1}}}",
         "[{'a':1},{'a':2}]", "{'/':1,'//':2}"),
     ALL("{'a':1,'a':1}", "{'a':1,'a':2}", "{'a':1,'b':2,'a':3}", "{'':1,'':2}",
         "{'a':1,'|u0061':2}", "{'|u0061':1,'|u0061':2}", "{'A':1,'|u0041':2}", "{'/':1,'|/':2}",
         "{'|n':1,'|u000a':2}", "{'|u000A':1,'|u000a':2}", "{'\xc3\xb1':1,'|u00f1':2}",
         "{'||':1,'|u005c':2}", "{'|'':1,'|u0022':2}",
         "{'|ud83d|ude00':1,'\xf0\x9f\x98\x80':2}", "[{'a':1,'a':1}]", "{'x':{'a':1,'a':1}}",
         "{'x':[{'y':{'a':1,'b':[{'c':1,'c':2}]}}]}", "{'a':null,'a':null}", "{'a':{},'a':[]}",
         "{'success':true,'success':false}", "{'b':1,'a':1,'c':1,'b':1}")},
    {"something after the value",
     ALL("{} ", " []"),
     ALL("1 1", "1,", "1]", "1}", "1:", "{}{}", "[][]", "{},", "{};", "[];", "true,", "null null",
         "{}x", "[]~", "{}~", "{}\x1a", "1 /", "{}\n{}", "'a' 1", "{}[]", "{}|n")},
};
/* clang-format on */

static size_t judge_all(const char *name, const char *const *cases, bool fine)
{
    size_t count = 0;
    char text[256];
    for (; cases[count]; count++)
        if (accepts_bytes(text, written(cases[count], text)) != fine)
            fail_msg("%s: %s is %s", name, cases[count], fine ? "refused" : "accepted");
    return count;
}

static void every_production_is_judged_right(void **state)
{
    (void)state;
    size_t cases = 0;
    for (size_t i = 0; i < COUNT_OF(grammar); i++)
        cases += judge_all(grammar[i].name, grammar[i].fine, true) +
                 judge_all(grammar[i].name, grammar[i].wrong, false);
    assert_true(cases > 500);
}

/* Each of the 256 bytes alone, in a string, behind a backslash, and around a number. */
static void every_byte_is_judged_right(void **state)
{
    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        char in_string[] = {'"', (char)byte, '"'}, escaped[] = {'"', '\\', (char)byte, '"'};
        char after[] = {'[', '1', (char)byte, ']'}, before[] = {'[', (char)byte, '1', ']'};
        char alone[] = {(char)byte};
        bool space = byte && strchr(" \t\r\n", byte), digit = byte >= '0' && byte <= '9';
        assert_int_equal(accepts_bytes(in_string, 3),
                         byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\');
        assert_int_equal(accepts_bytes(escaped, 4), byte && strchr("\"\\/bfnrt", byte));
        assert_int_equal(accepts_bytes(after, 4), space || digit);
        assert_int_equal(accepts_bytes(before, 4), space || (digit && byte != '0') || byte == '-');
        assert_int_equal(accepts_bytes(alone, 1), digit);
    }
}

/* A value of each kind cut after each of its bytes is none. */
static void every_cut_is_refused(void **state)
{
    (void)state;
    static const char *const whole[] = {
        "{'a':[1.5e-3,true,null],'|u00e9|ud83d|ude00':{'\xe2\x82\xac':'|n'},'b':false}",
        "['\xf0\x9f\x98\x80','||',{},[]]",
        "'a|u0041b'",
        "true",
        "false",
        "null"};
    char text[256];
    for (size_t i = 0; i < COUNT_OF(whole); i++) {
        size_t len = written(whole[i], text);
        assert_true(accepts_bytes(text, len));
        for (size_t cut = 0; cut < len; cut++)
            if (accepts_bytes(text, cut))
                fail_msg("%s: the first %zu bytes are accepted", whole[i], cut);
    }
}

/* What is accepted also means what it says. */
static void escapes_give_their_characters(void **state)
{
    (void)state;
    static const char *const cases[][2] = {{"'|'|||/'", "\"\\/"},
                                           {"'|b|f|n|r|t'", "\b\f\n\r\t"},
                                           {"'|u0041|u0001'", "A\x01"},
                                           {"'|u00e9\xc3\xa9'", "\xc3\xa9\xc3\xa9"},
                                           {"'|u20AC'", "\xe2\x82\xac"},
                                           {"'|ud83d|ude00'", "\xf0\x9f\x98\x80"},
                                           {"'|uDBFF|uDFFF'", "\xf4\x8f\xbf\xbf"},
                                           {"'||u0041'", "\\u0041"}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char text[64];
        struct json_doc doc;
        assert_true(json_open(&doc, text, written(cases[i][0], text), NULL));
        assert_string_equal(json_text(doc.root), cases[i][1]);
        json_close(&doc);
    }
}

/* --- limits ------------------------------------------------------------------------------- */

static char *repeat(const char *part, size_t count, const char *middle, const char *close)
{
    struct buf buf;
    buf_init(&buf, 32 << 20);
    for (size_t i = 0; i < count; i++)
        buf_puts(&buf, part);
    buf_puts(&buf, middle);
    for (size_t i = 0; i < count && *close; i++)
        buf_puts(&buf, close);
    return buf.data;
}

static bool accepts_repeated(const char *part, size_t count, const char *middle, const char *close)
{
    char *text = repeat(part, count, middle, close);
    bool fine = accepts(text);
    free(text);
    return fine;
}

static void depth_has_a_limit(void **state)
{
    (void)state;
    assert_true(accepts_repeated("[", JSON_DEPTH_MAX, "1", "]"));
    assert_false(accepts_repeated("[", JSON_DEPTH_MAX + 1, "1", "]"));
    assert_true(accepts_repeated("{\"a\":", JSON_DEPTH_MAX, "1", "}"));
    assert_false(accepts_repeated("{\"a\":", JSON_DEPTH_MAX + 1, "1", "}"));
    assert_false(accepts_repeated("[", 100000, "", ""));
    assert_false(accepts_repeated("[{\"\":", 50000, "", ""));
}

static bool accepts_list(size_t values)
{
    struct buf buf;
    buf_init(&buf, 1 << 20);
    for (size_t i = 1; i < values; i++)
        buf_puts(&buf, i == 1 ? "[1" : ",1");
    buf_puts(&buf, "]");
    bool fine = accepts(buf.data);
    buf_done(&buf);
    return fine;
}

static bool accepts_string(size_t len, char c)
{
    char *text = malloc(len + 3);
    memset(text, c, len + 2);
    text[0] = text[len + 1] = '"';
    text[len + 2] = '\0';
    if (c == '1') /* a number of that length instead */
        text[0] = text[len + 1] = ' ';
    bool fine = accepts(text);
    free(text);
    return fine;
}

static void counts_and_lengths_have_limits(void **state)
{
    (void)state;
    assert_true(accepts_list(JSON_VALUES_MAX));
    assert_false(accepts_list(JSON_VALUES_MAX + 1));
    assert_true(accepts_string(JSON_STRING_MAX, 'a'));
    assert_false(accepts_string(JSON_STRING_MAX + 1, 'a'));
    assert_true(accepts_string(JSON_STRING_MAX, '1'));
    assert_false(accepts_string(JSON_STRING_MAX + 1, '1'));
}

/* More names than fit the fast path, with and without one that comes twice. */
static void equal_names_are_found_among_many(void **state)
{
    (void)state;
    for (int twice = 0; twice < 2; twice++) {
        struct buf buf;
        buf_init(&buf, 1 << 20);
        buf_puts(&buf, "{");
        for (int i = 0; i < 5000; i++)
            buf_printf(&buf, "\"n%d\":%d,", i * 7919 % 5000, i);
        buf_printf(&buf, "\"n%s\":0}", twice ? "4321" : "x");
        assert_int_equal(accepts(buf.data), !twice);
        buf_done(&buf);
    }
}

/* --- what is read out --------------------------------------------------------------------- */

static void numbers_stay_text(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        bool fine;
        int64_t value;
    } cases[] = {{"0", true, 0},
                 {"-0", true, 0},
                 {"5000", true, 5000},
                 {"\"5000\"", true, 5000},
                 {"-42", true, -42},
                 {"-999999999999999", true, -999999999999999},
                 {"\"-0\"", true, 0},
                 {"\"5\\u0030\"", true, 50},
                 {"5.0", false, 0},
                 {"-0.0", false, 0},
                 {"5e0", false, 0},
                 {"-1000000000000000", false, 0},
                 {"\"5e0\"", false, 0},
                 {"\"+5\"", false, 0},
                 {"\"0x5\"", false, 0},
                 {"\"-05\"", false, 0},
                 {"\"--5\"", false, 0},
                 {"\"5\\n\"", false, 0},
                 {"\"\xd9\xa5\"", false, 0},
                 {"\"1000000000000000\"", false, 0},
                 {"999999999999999", true, 999999999999999},
                 {"1000000000000000", false, 0},
                 {"9007199254740993", false, 0},
                 {"50.00", false, 0},
                 {"5e3", false, 0},
                 {"1e999", false, 0},
                 {"\"007\"", false, 0},
                 {"\"\"", false, 0},
                 {"\"-\"", false, 0},
                 {"\" 5\"", false, 0},
                 {"\"5 \"", false, 0},
                 {"true", false, 0},
                 {"null", false, 0},
                 {"[5]", false, 0},
                 {"{\"value\":5}", false, 0}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct json_doc doc;
        int64_t value = 77;
        assert_true(json_open(&doc, cases[i].json, strlen(cases[i].json), NULL));
        assert_int_equal(json_integer(doc.root, &value), cases[i].fine);
        assert_int_equal(value, cases[i].fine ? cases[i].value : 77);
        json_close(&doc);
    }
    struct json_doc doc;
    const char *text = "[1.50, -1E+2 ,3]";
    assert_true(json_open(&doc, text, strlen(text), NULL));
    const struct cJSON *value = json_first(doc.root);
    assert_string_equal(json_text(value), "1.50");
    assert_string_equal(json_text(value = json_next(value)), "-1E+2");
    assert_string_equal(json_text(value = json_next(value)), "3");
    assert_null(json_next(value));
    json_close(&doc);
}

static void objects_are_cut_out_as_received(void **state)
{
    (void)state;
    const char *text = " {\"a\" : [ {\"x\":1.0} , {\"y\":{\"z\":[{}]}, \"q\":\"}\" } ],"
                       " \"b\":{ } , \"n\":null, \"t\":true}";
    struct json_doc doc;
    size_t len;
    assert_true(json_open(&doc, text, strlen(text), NULL));
    const struct cJSON *first = json_first(json_member(doc.root, "a"));
    const char *raw = json_raw(&doc, first, &len);
    assert_int_equal(len, 9);
    assert_memory_equal(raw, "{\"x\":1.0}", len);
    raw = json_raw(&doc, json_next(first), &len);
    assert_int_equal(len, 26);
    assert_memory_equal(raw, "{\"y\":{\"z\":[{}]}, \"q\":\"}\" }", len);
    raw = json_raw(&doc, json_member(doc.root, "b"), &len);
    assert_int_equal(len, 3);
    assert_memory_equal(raw, "{ }", len);
    assert_null(json_member(doc.root, "n"));
    assert_null(json_member(doc.root, "B")); /* names are compared as written */
    assert_int_equal(json_truth(json_member(doc.root, "t")), 1);
    assert_int_equal(json_truth(json_member(doc.root, "b")), -1);
    assert_null(json_member(NULL, "x"));
    assert_null(json_first(doc.root));
    json_close(&doc);
}

/* Every single-byte change and every cut of a real answer: no crash, and what is still accepted can
   be read. */
static void damaged_answers_do_no_harm(void **state)
{
    (void)state;
    char text[4096], spoilt[4096];
    FILE *file = fopen("tests/fixtures/session_get.json", "re");
    assert_non_null(file);
    size_t len = fread(text, 1, sizeof(text), file);
    fclose(file);
    assert_true(accepts_bytes(text, len));
    static const char bytes[] = "\"\\{}[]:,0-.eu\x01\x80\xff ";
    size_t accepted = 0;
    for (size_t at = 0; at < len; at++) {
        for (size_t i = 0; i < sizeof(bytes); i++) {
            memcpy(spoilt, text, len);
            spoilt[at] = bytes[i];
            accepted += accepts_bytes(spoilt, len);
        }
        assert_int_equal(accepts_bytes(text, at), at == len - 1); /* only the newline is spare */
    }
    assert_true(accepted > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_production_is_judged_right),
        cmocka_unit_test(every_byte_is_judged_right),
        cmocka_unit_test(every_cut_is_refused),
        cmocka_unit_test(escapes_give_their_characters),
        cmocka_unit_test(depth_has_a_limit),
        cmocka_unit_test(counts_and_lengths_have_limits),
        cmocka_unit_test(equal_names_are_found_among_many),
        cmocka_unit_test(numbers_stay_text),
        cmocka_unit_test(objects_are_cut_out_as_received),
        cmocka_unit_test(damaged_answers_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
