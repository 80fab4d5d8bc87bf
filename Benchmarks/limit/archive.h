/* The index of an archive in memory, as Format.md describes it. Reading it is no part of what a limit measures. */
#ifndef ARCHIVE_H
#define ARCHIVE_H

#include "limit.h"

struct chunk {
    unsigned char digest[DIGEST];
    uint64_t offset, stored, size, checksum;
};

struct stream {
    const uint32_t *chunks; /* places in `chunks`, from 0 */
    size_t count;
};

struct output {
    unsigned char digest[DIGEST];
    uint64_t size;
    char *executable; /* NULL for a file */
};

struct action {
    unsigned char id[DIGEST];
    uint32_t output; /* a place in `outputs`, from 0 */
};

struct tree_file {
    char *path;
    uint64_t size;
    bool executable;
};

struct tree {
    char *module;
    unsigned char h1[DIGEST];
    uint32_t stream;
    struct stream manifest;
    struct tree_file *files;
    size_t file_count;
};

struct archive {
    const char *path;
    int file;
    uint64_t frames_end, index_start, size;
    struct chunk *chunks;
    struct stream *streams; /* an output's has the output's place */
    struct output *outputs;
    struct action *actions; /* ordered by ID */
    struct tree *trees; /* ordered by module */
    size_t chunk_count, stream_count, output_count, action_count, tree_count;
};

struct archive *read_archive(const char *path);

/* Decodes one chunk; `stored` has room for a frame, `content` for a chunk. */
void decode_chunk(const struct archive *archive, const struct chunk *chunk, unsigned char *stored,
                  unsigned char *content);

/* Compares an archive's entry with a digest, for bsearch. */
int compare_digest(const void *digest, const void *entry);

#endif
