/* The decoding of an archive's contents by all threads: each chunk of a content once, each byte hashed once under
   the name that Go uses (an output's ID, a tree's `h1:`), and handed on.

   A chunk that several contents use is decoded for each of them; in caches there is hardly any. */
#ifndef DECODE_H
#define DECODE_H

#include <pthread.h>

#include "archive.h"

/* A file of a content: an output, or one file of a tree. */
struct part {
    uint64_t start, size; /* in the content */
    const char *name;
    size_t directory; /* for who creates the file */
    mode_t mode;
    unsigned char digest[DIGEST]; /* when it is hashed */
    /* These are for a part in several chunks. */
    struct sequence *sequence;
    size_t first; /* the place of its first chunk in the content */
    atomic_size_t left; /* its chunks that are not written yet */
    pthread_mutex_t lock;
    int file; /* -1 until it is created */
};

struct content {
    struct stream stream;
    struct part *parts;
    size_t part_count; /* 0 for a manifest: nothing but the chunks' own names is checked */
    const struct output *output; /* or NULL */
    const struct tree *tree; /* or NULL */
    atomic_size_t left; /* the parts that are not hashed yet */
};

struct contents {
    const struct archive *archive;
    struct content *list;
    size_t count, room;
    bool names; /* checks each chunk's own name and its frame's checksum, too */
    int (*create)(const struct part *part); /* opens a new file for a part; or NULL */
    void (*finish)(const struct part *part, int file); /* closes it */
};

struct content *add_output(struct contents *contents, const struct output *output);
struct content *add_tree(struct contents *contents, const struct tree *tree);
struct content *add_manifest(struct contents *contents, const struct tree *tree);

/* Makes the tasks of the contents in the order of their frames; all must have been added. */
void plan_tasks(struct contents *contents, long threads);

/* Does tasks until there are no more; each thread calls this. */
void do_tasks(struct contents *contents);

#endif
