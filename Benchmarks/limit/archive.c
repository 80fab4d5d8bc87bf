#include "archive.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <sqlite3.h>
#include <zstd.h>

enum { MARK = 25, HEADER = 64 };

void decode_chunk(const struct archive *archive, const struct chunk *chunk, unsigned char *stored,
                  unsigned char *content) {
    static _Thread_local ZSTD_DCtx *decoder;
    if (!decoder && !(decoder = ZSTD_createDCtx())) fail("get", "memory");
    read_at(archive->file, stored, chunk->stored, chunk->offset, archive->path);
    size_t count = ZSTD_decompressDCtx(decoder, content, CHUNK_MOST, stored, chunk->stored);
    if (count != chunk->size) refuse("a frame does not decode", archive->path);
}

int compare_digest(const void *digest, const void *entry) { return memcmp(digest, entry, DIGEST); }

/* ------------------------------------------------------------ rows */

static sqlite3 *database;

static sqlite3_stmt *prepared(const char *text) {
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v2(database, text, -1, &statement, NULL) != SQLITE_OK)
        refuse(sqlite3_errmsg(database), text);
    return statement;
}

static bool step(sqlite3_stmt *statement) {
    int result = sqlite3_step(statement);
    if (result == SQLITE_ROW) return true;
    if (result != SQLITE_DONE) refuse("SQLite cannot read the index", sqlite3_errmsg(database));
    sqlite3_finalize(statement);
    return false;
}

static size_t number(sqlite3_stmt *statement, int column) { return (size_t)sqlite3_column_int64(statement, column); }

static size_t sole(const char *text) {
    sqlite3_stmt *statement = prepared(text);
    size_t value = step(statement) ? number(statement, 0) : 0;
    sqlite3_finalize(statement);
    return value;
}

static void digest(sqlite3_stmt *statement, int column, unsigned char *target) {
    if (sqlite3_column_bytes(statement, column) != DIGEST) refuse("a digest is no digest", "index");
    memcpy(target, sqlite3_column_blob(statement, column), DIGEST);
}

static char *text(sqlite3_stmt *statement, int column) {
    const char *value = (const char *)sqlite3_column_text(statement, column);
    return value ? strdup(value) : NULL;
}

static void read_chunks(struct archive *a) {
    a->chunks = memory((a->chunk_count = sole("SELECT count(*) FROM chunk")) * sizeof *a->chunks);
    sqlite3_stmt *rows = prepared("SELECT offset, stored, size, checksum, digest FROM chunk ORDER BY id");
    for (struct chunk *chunk = a->chunks; step(rows); chunk++) {
        chunk->offset = number(rows, 0), chunk->stored = number(rows, 1), chunk->size = number(rows, 2);
        chunk->checksum = number(rows, 3);
        if (chunk->size > CHUNK_MOST || chunk->stored > ZSTD_compressBound(CHUNK_MOST))
            refuse("a chunk is too long", a->path);
        digest(rows, 4, chunk->digest);
    }
}

static void read_streams(struct archive *a) {
    uint32_t *places = memory(sole("SELECT count(*) FROM stream") * sizeof *places);
    a->stream_count = sole("SELECT max((SELECT ifnull(max(id), 0) FROM stream), (SELECT count(*) FROM output), "
                           "(SELECT ifnull(max(stream), 0) FROM tree))");
    a->streams = memory(a->stream_count * sizeof *a->streams);
    sqlite3_stmt *rows = prepared("SELECT id, chunk FROM stream ORDER BY id, position");
    for (; step(rows); places++) {
        struct stream *stream = &a->streams[number(rows, 0) - 1];
        *places = (uint32_t)number(rows, 1) - 1;
        if (!stream->count++) stream->chunks = places;
    }
}

static void read_outputs(struct archive *a) {
    a->outputs = memory((a->output_count = sole("SELECT count(*) FROM output")) * sizeof *a->outputs);
    sqlite3_stmt *rows = prepared("SELECT digest, size, executable FROM output ORDER BY id");
    for (struct output *output = a->outputs; step(rows); output++) {
        digest(rows, 0, output->digest);
        output->size = number(rows, 1), output->executable = text(rows, 2);
    }
    a->actions = memory((a->action_count = sole("SELECT count(*) FROM action")) * sizeof *a->actions);
    rows = prepared("SELECT id, output FROM action ORDER BY id, output");
    for (struct action *action = a->actions; step(rows); action++) {
        digest(rows, 0, action->id);
        action->output = (uint32_t)number(rows, 1) - 1;
    }
}

/* Makes the files of a manifest, whose lines are `f` or `x`, a length, and a path. */
static void read_manifest(const struct archive *a, struct tree *tree) {
    size_t length = 0;
    for (size_t i = 0; i < tree->manifest.count; i++) length += a->chunks[tree->manifest.chunks[i]].size;
    char *lines = memory(length + CHUNK_MOST), *end = lines;
    unsigned char *stored = memory(ZSTD_compressBound(CHUNK_MOST));
    for (size_t i = 0; i < tree->manifest.count; i++) {
        const struct chunk *chunk = &a->chunks[tree->manifest.chunks[i]];
        decode_chunk(a, chunk, stored, (unsigned char *)end);
        end += chunk->size;
    }
    *end = 0;
    free(stored);
    struct tree_file *file = tree->files;
    for (char *line = lines, *feed; (feed = strchr(line, '\n')); line = feed + 1, file++) {
        if (file == tree->files + tree->file_count) refuse("a manifest has too many lines", tree->module);
        *feed = 0;
        file->executable = *line == 'x';
        file->size = strtoull(line + 2, &file->path, 10);
        file->path++;
    }
    if (file != tree->files + tree->file_count) refuse("a manifest has too few lines", tree->module);
}

static void read_trees(struct archive *a) {
    a->trees = memory((a->tree_count = sole("SELECT count(*) FROM tree")) * sizeof *a->trees);
    sqlite3_stmt *rows = prepared("SELECT module, h1, files, stream, manifest FROM tree ORDER BY id");
    for (struct tree *tree = a->trees; step(rows); tree++) {
        tree->module = text(rows, 0);
        digest(rows, 1, tree->h1);
        tree->files = memory((tree->file_count = number(rows, 2)) * sizeof *tree->files);
        tree->stream = (uint32_t)number(rows, 3) - 1;
        int64_t manifest = sqlite3_column_int64(rows, 4);
        uint32_t *place = memory(sizeof *place);
        *place = (uint32_t)manifest - 1;
        tree->manifest = manifest > 0 ? (struct stream){place, 1} : a->streams[-manifest - 1];
        read_manifest(a, tree);
    }
}

struct archive *read_archive(const char *path) {
    struct archive *a = memory(sizeof *a);
    struct stat status;
    unsigned char mark[MARK], header[HEADER];
    a->path = path;
    a->file = open(path, O_RDONLY | O_CLOEXEC);
    if (a->file < 0 || fstat(a->file, &status)) fail("open", path);
    a->size = (uint64_t)status.st_size;
    if (a->size < HEADER + MARK) refuse("no archive", path);
    read_at(a->file, mark, MARK, a->size - MARK, path);
    for (int i = MARK - 8; i < MARK; i++) a->index_start = a->index_start << 8 | mark[i];
    if (a->index_start < HEADER || a->index_start % 4096 || a->index_start > a->size - MARK) refuse("no archive", path);
    read_at(a->file, header, HEADER, a->index_start - HEADER, path);
    memcpy(&a->frames_end, header + 16, sizeof a->frames_end);

    sqlite3_int64 count = (sqlite3_int64)(a->size - MARK - a->index_start);
    unsigned char *image = mmap(NULL, (size_t)count, PROT_READ, MAP_PRIVATE, a->file, (off_t)a->index_start);
    if (image == MAP_FAILED) fail("map", path);
    if (sqlite3_open_v2(":memory:", &database, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK ||
        sqlite3_deserialize(database, "main", image, count, count, SQLITE_DESERIALIZE_READONLY) != SQLITE_OK)
        refuse("SQLite cannot open the index", path);
    read_chunks(a);
    read_streams(a);
    read_outputs(a);
    read_trees(a);
    sqlite3_close(database);
    munmap(image, (size_t)count);
    return a;
}
