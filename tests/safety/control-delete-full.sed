# cache/db_open.c
s/"PRAGMA journal_mode=TRUNCATE", "PRAGMA journal_mode", "truncate"/"PRAGMA journal_mode=DELETE", "PRAGMA journal_mode", "delete"/
s/"PRAGMA synchronous=EXTRA", "PRAGMA synchronous", "3"/"PRAGMA synchronous=FULL", "PRAGMA synchronous", "2"/
