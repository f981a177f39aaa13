/* Temporary folders of tests. */
#ifndef TESTS_SUPPORT_FOLDER_H
#define TESTS_SUPPORT_FOLDER_H

/* Removes a folder and all that is in it, or a file; links are removed, not followed. As nftw(). */
int folder_remove(const char *path);

#endif
