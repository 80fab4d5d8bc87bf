#include "decode.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zstd.h>

struct task {
    struct content *content;
    size_t position, first_part;
    uint64_t start; /* of the chunk in the content */
};

static struct task *tasks;
static size_t task_count;
static atomic_size_t task_cursor;

static struct content *add(struct contents *contents, struct stream stream, size_t parts) {
    contents->list = grown(contents->list, &contents->room, contents->count, sizeof *contents->list);
    struct content *content = &contents->list[contents->count++];
    *content = (struct content){.stream = stream, .part_count = parts, .left = parts};
    content->parts = memory(parts * sizeof *content->parts);
    return content;
}

struct content *add_output(struct contents *contents, const struct output *output) {
    const struct archive *archive = contents->archive;
    struct content *content = add(contents, archive->streams[output - archive->outputs], 1);
    content->output = output;
    content->parts->size = output->size;
    return content;
}

struct content *add_tree(struct contents *contents, const struct tree *tree) {
    struct content *content = add(contents, contents->archive->streams[tree->stream], tree->file_count);
    content->tree = tree;
    uint64_t start = 0;
    for (size_t i = 0; i < tree->file_count; i++) {
        content->parts[i].start = start;
        start += content->parts[i].size = tree->files[i].size;
    }
    return content;
}

struct content *add_manifest(struct contents *contents, const struct tree *tree) {
    return add(contents, tree->manifest, 0);
}

static int by_frames(const void *a, const void *b) {
    const struct content *x = a, *y = b;
    uint32_t first = x->stream.count ? *x->stream.chunks : 0, second = y->stream.count ? *y->stream.chunks : 0;
    return (first > second) - (first < second);
}

static void plan_content(const struct archive *archive, struct content *content) {
    struct part *part = content->parts, *end = part + content->part_count;
    uint64_t start = 0;
    size_t position = 0;
    do { /* an empty content has one task, too, for its empty files */
        uint64_t size = content->stream.count ? archive->chunks[content->stream.chunks[position]].size : 0;
        while (part < end && part->start < start && part->start + part->size <= start) part++;
        tasks[task_count++] = (struct task){content, position, (size_t)(part - content->parts), start};
        for (struct part *next = part; next < end && next->start < start + size; next++) {
            if (next->start + next->size <= start + size && next->start >= start) continue;
            if (!next->left++) { /* its first chunk of several */
                next->first = position;
                next->file = -1;
                pthread_mutex_init(&next->lock, NULL);
            }
        }
        start += size;
    } while (++position < content->stream.count);
    if (part < end && end[-1].start + end[-1].size != start)
        refuse("the lengths of the files and of the content differ", archive->path);
    for (part = content->parts; part < end; part++)
        if (part->left) part->sequence = make_sequence(part->left);
}

void plan_tasks(struct contents *contents, long threads) {
    size_t count = contents->count;
    qsort(contents->list, count, sizeof *contents->list, by_frames);
    for (size_t i = 0; i < contents->count; i++) count += contents->list[i].stream.count;
    tasks = memory(count * sizeof *tasks);
    for (size_t i = 0; i < contents->count; i++) plan_content(contents->archive, &contents->list[i]);
    make_buffers((size_t)threads * 2 + 2, CHUNK_MOST);
}

/* ------------------------------------------------------------ the names of files */

/* Hashes the lines of a tree's files (golang.org/x/mod/sumdb/dirhash, Hash1). */
static void check_tree(const struct content *content) {
    const struct tree *tree = content->tree;
    if (!strncmp(tree->module, "golang.org/toolchain@", 21)) return; /* its h1 has fewer files */
    char module[8192];
    size_t length = 0, count = 0, room = 1;
    for (const char *c = tree->module; *c && length + 1 < sizeof module; c++) /* `!a` stands for `A` */
        module[length++] = *c == '!' ? (char)(*++c - 'a' + 'A') : *c;
    module[length] = 0;
    for (size_t i = 0; i < tree->file_count; i++) room += 64 + 2 + length + 1 + strlen(tree->files[i].path) + 1;
    char *lines = memory(room);
    for (size_t i = 0; i < tree->file_count; i++) {
        write_hex(content->parts[i].digest, lines + count);
        count += 64;
        count += (size_t)snprintf(lines + count, room - count, "  %s/%s\n", module, tree->files[i].path);
    }
    unsigned char digest[DIGEST];
    sha256(lines, count, digest);
    free(lines);
    if (memcmp(digest, tree->h1, DIGEST)) refuse("a tree has another h1", tree->module);
}

static void hashed(struct content *content, const struct part *part) {
    if (content->output && memcmp(part->digest, content->output->digest, DIGEST))
        refuse("an output has another SHA-256", part->name ? part->name : "output");
    if (atomic_fetch_sub(&content->left, 1) == 1 && content->tree) check_tree(content);
}

/* ------------------------------------------------------------ tasks */

static void do_whole(struct contents *contents, struct content *content, struct part *part,
                     const unsigned char *bytes) {
    sha256(bytes, part->size, part->digest);
    if (contents->create) {
        int file = contents->create(part);
        if (part->size) write_at(file, bytes, part->size, 0, part->name);
        contents->finish(part, file);
    }
    hashed(content, part);
}

/* Does a chunk's piece of a part: writes it at once, and hashes it in its turn. */
static void do_piece(struct contents *contents, struct task *task, struct part *part, struct buffer *buffer,
                     uint64_t chunk_size) {
    uint64_t begin = part->start > task->start ? part->start : task->start;
    uint64_t end = part->start + part->size, chunk_end = task->start + chunk_size;
    const unsigned char *bytes = buffer->bytes + (begin - task->start);
    size_t count = (size_t)((end < chunk_end ? end : chunk_end) - begin);
    if (contents->create) {
        pthread_mutex_lock(&part->lock);
        if (part->file < 0) part->file = contents->create(part);
        pthread_mutex_unlock(&part->lock);
        write_at(part->file, bytes, count, begin - part->start, part->name);
        if (atomic_fetch_sub(&part->left, 1) == 1) contents->finish(part, part->file);
    }
    if (hash_in_turn(part->sequence, task->position - part->first, buffer, bytes, count, part->digest))
        hashed(task->content, part);
}

static void check_name(struct contents *contents, struct task *task, const struct chunk *chunk,
                       const unsigned char *stored, const unsigned char *bytes) {
    unsigned char digest[DIGEST];
    if (xxh64(stored, chunk->stored) != chunk->checksum)
        refuse("a frame has another checksum", contents->archive->path);
    const struct output *output = task->content->output;
    if (output && output->size == chunk->size && !memcmp(output->digest, chunk->digest, DIGEST)) return; /* the same */
    sha256(bytes, chunk->size, digest);
    if (memcmp(digest, chunk->digest, DIGEST)) refuse("a chunk has another SHA-256", contents->archive->path);
}

void do_tasks(struct contents *contents) {
    unsigned char *stored = memory(ZSTD_compressBound(CHUNK_MOST));
    for (;;) {
        struct buffer *buffer = take_buffer(); /* before the task: see `hash_in_turn` */
        size_t i = atomic_fetch_add(&task_cursor, 1);
        if (i >= task_count) {
            release_buffer(buffer);
            break;
        }
        struct task *task = &tasks[i];
        struct content *content = task->content;
        uint64_t size = 0;
        bool last = task->position + 1 >= content->stream.count;
        if (content->stream.count) {
            const struct chunk *chunk = &contents->archive->chunks[content->stream.chunks[task->position]];
            decode_chunk(contents->archive, chunk, stored, buffer->bytes);
            if (contents->names) check_name(contents, task, chunk, stored, buffer->bytes);
            size = chunk->size;
        }
        for (size_t p = task->first_part; p < content->part_count; p++) {
            struct part *part = &content->parts[p];
            if (part->start >= task->start + size && !(last && !part->size)) break;
            if (part->sequence) do_piece(contents, task, part, buffer, size);
            else do_whole(contents, content, part, buffer->bytes + (part->start - task->start));
        }
        release_buffer(buffer);
    }
    free(stored);
}
