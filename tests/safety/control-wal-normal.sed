# cache/db_open.c
s/"PRAGMA journal_mode=TRUNCATE", "PRAGMA journal_mode", "truncate"/"PRAGMA journal_mode=WAL", "PRAGMA journal_mode", "wal"/
s/"PRAGMA synchronous=EXTRA", "PRAGMA synchronous", "3"/"PRAGMA synchronous=NORMAL", "PRAGMA synchronous", "1"/
