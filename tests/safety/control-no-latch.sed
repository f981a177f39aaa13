# cache/journal_file.c
s/^    if (journal->trouble.code == ERR_NONE.*/    if (journal != NULL)/
