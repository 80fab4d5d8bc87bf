/* Directories and files that the limits create: what a restore and a served build leave. */
#ifndef FILES_H
#define FILES_H

#include "decode.h"

struct small { /* a file that is in memory */
    char *name, *bytes;
    size_t size;
    mode_t mode;
};

struct directory {
    char *path; /* below the target, a parent before its children */
    mode_t mode;
    bool stamped; /* its files get a time, as those of GOCACHE do */
    struct small *files;
    size_t count, room;
};

extern struct directory *directories;
extern size_t directory_count;

size_t add_directory(char *path, mode_t mode, bool stamped);
void add_small(size_t directory, struct small file);

/* Creates the target, which must not exist; then the directories from `from` to `to`. */
void create_target(const char *path);
void create_directories(size_t from, size_t to);

/* Creates a file of a content; ends one. For `struct contents`. */
int create_part(const struct part *part);
void finish_part(const struct part *part, int file);

/* Writes the small files, each directory's by one thread. Each thread calls this. */
void write_small_files(void);

#endif
