// Measures the gains and costs of cutting, grouping and levels on the streams of a real archive.
//
// usage: choices CORPUS INDEX THREADS CONFIGURATION…
//
// CORPUS is the content of all streams, one after another. INDEX has one line per piece: `o LENGTH` for an
// output, `t LENGTH` for a module tree, then `f LENGTH` for each of the tree's files.
//
// A CONFIGURATION is KIND:HOW:LEVEL:SAMPLE. KIND is `o`, `t`, or `b` for both. HOW is one of:
//   cut=BYTES    gear cuts with that average, as Format.md cuts at 4194304
//   whole        no cuts
//   file         each file of a tree by itself
//   fixed=BYTES  a cut after that many bytes
//   group=BYTES  outputs below a quarter of BYTES in solid frames of that size; longer ones cut as in the format
// SAMPLE N compresses every N-th chunk.
//
// Prints one line of JSON per configuration: the unique chunks, their content and stored bytes, and the CPU
// seconds of each step.
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

#include <openssl/evp.h>
#include <zstd.h>

enum { DIGEST = 32, BATCH = 16 };

typedef struct { char kind; size_t offset, length; } Piece;
typedef struct { size_t offset, length; unsigned char digest[DIGEST]; bool unique; } Chunk;

static const unsigned char *corpus;
static Piece *pieces;
static size_t piece_count;
static Chunk *chunks;
static size_t chunk_count, chunk_room;
static uint64_t gear[256];

static _Noreturn void die(const char *what) {
    perror(what);
    exit(1);
}

static _Noreturn void refuse(const char *what) {
    fprintf(stderr, "choices: %s\n", what);
    exit(2);
}

static double cpu_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void sha256(const void *bytes, size_t length, unsigned char *digest) {
    if (EVP_Digest(bytes, length, digest, NULL, EVP_sha256(), NULL) != 1) refuse("SHA-256 failed");
}

static void add_chunk(size_t offset, size_t length) {
    if (length == 0) return;
    if (chunk_count == chunk_room) {
        chunk_room = chunk_room ? 2 * chunk_room : 1 << 16;
        chunks = realloc(chunks, chunk_room * sizeof *chunks);
        if (chunks == NULL) die("realloc");
    }
    chunks[chunk_count++] = (Chunk){.offset = offset, .length = length};
}

// Returns the first cut of the rest of a stream: at least half the average, at most twice the average. The
// condition is four times as hard before the average as the average itself, and four times as easy after it.
static size_t first_cut(const unsigned char *bytes, size_t length, size_t average) {
    size_t least = average / 2, most = 2 * average;
    int bits = __builtin_ctzl(average);
    if (length <= least) return length;
    size_t end = length < most ? length : most, middle = end < average ? end : average, at = least;
    uint64_t hash = 0;
    int hard = 64 - (bits + 2), easy = 64 - (bits - 2);
    while (at < middle) {
        hash = (hash << 1) + gear[bytes[at++]];
        if (hash >> hard == 0) return at;
    }
    while (at < end) {
        hash = (hash << 1) + gear[bytes[at++]];
        if (hash >> easy == 0) return at;
    }
    return end;
}

static void cut(const Piece *piece, size_t average) {
    for (size_t at = 0; at < piece->length;) {
        size_t length = first_cut(corpus + piece->offset + at, piece->length - at, average);
        add_chunk(piece->offset + at, length);
        at += length;
    }
}

static void cut_fixed(const Piece *piece, size_t size) {
    for (size_t at = 0; at < piece->length; at += size)
        add_chunk(piece->offset + at, piece->length - at < size ? piece->length - at : size);
}

// ---------------------------------------------------------------- the work of the threads

typedef struct { double hash, compress, decode; size_t count, raw, stored; } Sums;
typedef struct { int level; size_t sample; Sums sums; } Worker;

static atomic_size_t cursor;

static void *hash_chunks(void *context) {
    Worker *worker = context;
    double start = cpu_now();
    for (size_t at; (at = atomic_fetch_add(&cursor, BATCH)) < chunk_count;)
        for (size_t i = at; i < chunk_count && i < at + BATCH; i++)
            sha256(corpus + chunks[i].offset, chunks[i].length, chunks[i].digest);
    worker->sums.hash = cpu_now() - start;
    return NULL;
}

static void *compress_chunks(void *context) {
    Worker *worker = context;
    size_t room = 0, content_room = 0;
    char *frame = NULL, *content = NULL;
    ZSTD_CCtx *compressor = ZSTD_createCCtx();
    ZSTD_DCtx *decompressor = ZSTD_createDCtx();
    if (compressor == NULL || decompressor == NULL) refuse("no memory for zstd");
    ZSTD_CCtx_setParameter(compressor, ZSTD_c_compressionLevel, worker->level);
    ZSTD_CCtx_setParameter(compressor, ZSTD_c_checksumFlag, 1);
    for (size_t at; (at = atomic_fetch_add(&cursor, 1)) < chunk_count;) {
        const Chunk *chunk = &chunks[at];
        if (!chunk->unique || at % worker->sample != 0) continue;
        if (ZSTD_compressBound(chunk->length) > room && (frame = realloc(frame, room = ZSTD_compressBound(chunk->length))) == NULL)
            die("realloc");
        if (chunk->length > content_room && (content = realloc(content, content_room = chunk->length)) == NULL) die("realloc");
        double start = cpu_now();
        size_t stored = ZSTD_compress2(compressor, frame, room, corpus + chunk->offset, chunk->length);
        double middle = cpu_now();
        if (ZSTD_isError(stored)) refuse(ZSTD_getErrorName(stored));
        size_t length = ZSTD_decompressDCtx(decompressor, content, content_room, frame, stored);
        if (length != chunk->length) refuse("what was compressed does not come back");
        worker->sums.decode += cpu_now() - middle;
        worker->sums.compress += middle - start;
        worker->sums.count++;
        worker->sums.raw += chunk->length;
        worker->sums.stored += stored;
    }
    ZSTD_freeCCtx(compressor);
    ZSTD_freeDCtx(decompressor);
    free(frame);
    free(content);
    return NULL;
}

static Sums run(void *(*work)(void *), size_t threads, int level, size_t sample) {
    pthread_t thread[64];
    Worker workers[64];
    Sums all = {0};
    atomic_store(&cursor, 0);
    for (size_t i = 0; i < threads; i++) {
        workers[i] = (Worker){.level = level, .sample = sample};
        if (pthread_create(&thread[i], NULL, work, &workers[i]) != 0) refuse("no thread");
    }
    for (size_t i = 0; i < threads; i++) {
        pthread_join(thread[i], NULL);
        Sums sums = workers[i].sums;
        all.hash += sums.hash, all.compress += sums.compress, all.decode += sums.decode;
        all.count += sums.count, all.raw += sums.raw, all.stored += sums.stored;
    }
    return all;
}

// ---------------------------------------------------------------- equal chunks are kept once

static void find_unique(void) {
    size_t slots = 1;
    while (slots < 2 * chunk_count + 1) slots *= 2;
    size_t *table = calloc(slots, sizeof *table);  // a chunk's number + 1
    if (table == NULL) die("calloc");
    for (size_t i = 0; i < chunk_count; i++) {
        size_t slot;
        memcpy(&slot, chunks[i].digest, sizeof slot);
        for (slot &= slots - 1; table[slot] != 0; slot = (slot + 1) & (slots - 1))
            if (memcmp(chunks[table[slot] - 1].digest, chunks[i].digest, DIGEST) == 0) break;
        chunks[i].unique = table[slot] == 0;
        if (chunks[i].unique) table[slot] = i + 1;
    }
    free(table);
}

// ---------------------------------------------------------------- configurations

static unsigned char *solid;  // the small outputs of a grouping, one after another

static void lay_out(char kind, const char *how, size_t size) {
    chunk_count = 0;
    bool by_file = strcmp(how, "file") == 0;
    for (size_t i = 0; i < piece_count; i++) {
        const Piece *piece = &pieces[i];
        if (piece->kind == 'f') {
            if (by_file && kind != 'o') add_chunk(piece->offset, piece->length);
            continue;
        }
        if ((kind != 'b' && piece->kind != kind) || (by_file && piece->kind == 't')) continue;
        if (strcmp(how, "cut") == 0) cut(piece, size);
        else if (strcmp(how, "fixed") == 0) cut_fixed(piece, size);
        else if (strcmp(how, "group") == 0 && piece->length >= size / 4) cut(piece, 4 << 20);
        else if (strcmp(how, "group") != 0) add_chunk(piece->offset, piece->length);
    }
}

// Collects outputs below a quarter of `size`, in order, until a frame is full. It copies them, since they do
// not lie side by side.
static void lay_out_groups(size_t size) {
    size_t total = 0;
    for (size_t i = 0; i < piece_count; i++)
        if (pieces[i].kind == 'o' && pieces[i].length < size / 4) total += pieces[i].length;
    solid = malloc(total + 1);
    if (solid == NULL) die("malloc");
    // A chunk's offset counts from the corpus: pointer arithmetic modulo 2⁶⁴ finds the other buffer.
    size_t base = (size_t)((uintptr_t)solid - (uintptr_t)corpus), at = 0, begin = 0;
    for (size_t i = 0; i < piece_count; i++) {
        if (pieces[i].kind != 'o' || pieces[i].length >= size / 4) continue;
        memcpy(solid + at, corpus + pieces[i].offset, pieces[i].length);
        at += pieces[i].length;
        if (at - begin >= size) add_chunk(base + begin, at - begin), begin = at;
    }
    add_chunk(base + begin, at - begin);
}

static void measure(const char *text, size_t threads) {
    char kind, how[16];
    size_t size = 0, sample;
    int level;
    const char *rest = text + 2 + strcspn(text + (text[0] ? 2 : 0), ":=");
    if (sscanf(text, "%c:%15[a-z]", &kind, how) != 2 || strchr("otb", kind) == NULL) refuse("KIND:HOW:LEVEL:SAMPLE");
    if (*rest == '=') size = strtoull(rest + 1, (char **)&rest, 10);
    if (sscanf(rest, ":%d:%zu", &level, &sample) != 2 || sample == 0) refuse("KIND:HOW:LEVEL:SAMPLE");
    bool sized = strcmp(how, "cut") == 0 || strcmp(how, "fixed") == 0 || strcmp(how, "group") == 0;
    if (sized ? size < 1024 || (size & (size - 1)) != 0 : strcmp(how, "whole") != 0 && strcmp(how, "file") != 0)
        refuse("HOW is cut=, fixed= or group= with a power of two, whole or file");
    double start = cpu_now();
    lay_out(kind, how, size);
    if (strcmp(how, "group") == 0) lay_out_groups(size);
    double cutting = cpu_now() - start;
    size_t raw = 0, count = 0;
    for (size_t i = 0; i < chunk_count; i++) raw += chunks[i].length;
    Sums hashed = run(hash_chunks, threads, 0, 1);
    find_unique();
    size_t unique = 0;
    for (size_t i = 0; i < chunk_count; i++)
        if (chunks[i].unique) unique += chunks[i].length, count++;
    Sums done = run(compress_chunks, threads, level, sample);
    printf("{\"configuration\": \"%s\", \"kind\": \"%c\", \"how\": \"%s\", \"size\": %zu, \"level\": %d, \"sample\": %zu, "
           "\"raw\": %zu, \"unique\": %zu, \"chunks\": %zu, \"compressed\": %zu, \"compressed_chunks\": %zu, \"stored\": %zu, "
           "\"cut_cpu\": %.3f, \"hash_cpu\": %.3f, \"compress_cpu\": %.3f, \"decode_cpu\": %.3f}\n",
           text, kind, how, size, level, sample, raw, unique, count, done.raw, done.count, done.stored, cutting, hashed.hash,
           done.compress, done.decode);
    fflush(stdout);
    free(solid);
    solid = NULL;
}

int main(int argc, char **argv) {
    if (argc < 5) refuse("usage: choices CORPUS INDEX THREADS CONFIGURATION…");
    int file = open(argv[1], O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (file < 0 || fstat(file, &status) != 0) die(argv[1]);
    corpus = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_SHARED, file, 0);
    if (corpus == MAP_FAILED) die(argv[1]);
    FILE *index = fopen(argv[2], "re");
    if (index == NULL) die(argv[2]);
    char kind;
    size_t length, offset = 0, in_tree = 0, room = 0;
    while (fscanf(index, " %c %zu", &kind, &length) == 2) {
        if (piece_count == room && (pieces = realloc(pieces, (room = room ? 2 * room : 1 << 16) * sizeof *pieces)) == NULL)
            die("realloc");
        // The lines of a tree's files cover the content of the tree once more.
        pieces[piece_count++] = (Piece){kind, kind == 'f' ? in_tree : offset, length};
        if (kind == 'f') in_tree += length;
        else in_tree = offset, offset += length;
    }
    if (!feof(index) || offset != (size_t)status.st_size) refuse("the index does not fit the corpus");
    size_t threads = strtoull(argv[3], NULL, 10);
    if (threads < 1 || threads > 64) refuse("1 to 64 threads");
    for (int value = 0; value < 256; value++) {
        char text[32];
        unsigned char digest[DIGEST];
        sha256(text, (size_t)snprintf(text, sizeof text, "castore gear %d", value), digest);
        for (int byte = 7; byte >= 0; byte--) gear[value] = gear[value] << 8 | digest[byte];
    }
    for (int i = 4; i < argc; i++) measure(argv[i], threads);
}
