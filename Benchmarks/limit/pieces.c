// The limits of the hot pieces: the same work as micro/Microbenchmark.swift, in C with libzstd, libcrypto and
// SQLite, with buffers that are allocated once. The arguments and the output have the same form; `check` must
// be equal, too.
//
// usage: pieces PIECE INPUT SECONDS
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <sqlite3.h>
#include <zstd.h>

enum { LEAST = 2 << 20, NORMAL = 4 << 20, MOST = 8 << 20, FRAME = 4 << 20, FILES = 5000, MARK = 25, HEADER = 64 };

typedef struct { long items, bytes, check; } Pass;

static unsigned char *content;
static size_t length;

static _Noreturn void die(const char *what) {
    perror(what);
    exit(1);
}

static _Noreturn void refuse(const char *what) {
    fprintf(stderr, "pieces: %s\n", what);
    exit(1);
}

static double cpu_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void read_content(const char *path) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (file < 0 || fstat(file, &status) != 0) die(path);
    length = (size_t)status.st_size;
    content = malloc(length + 1);
    if (content == NULL) die("malloc");
    for (size_t done = 0; done < length;) {
        ssize_t got = pread(file, content + done, length - done, (off_t)done);
        if (got <= 0) die(path);
        done += (size_t)got;
    }
    close(file);
}

// ---------------------------------------------------------------- cutting and hashing

static uint64_t gear[256];
static EVP_MD_CTX *digester;
static EVP_MD *sha256;
static size_t hash_size;

static void digest_of(const void *bytes, size_t count, unsigned char *digest) {
    if (!EVP_DigestInit_ex2(digester, sha256, NULL) || !EVP_DigestUpdate(digester, bytes, count) ||
        !EVP_DigestFinal_ex(digester, digest, NULL))
        refuse("SHA-256 failed");
}

static void prepare_gear(void) {
    for (int value = 0; value < 256; value++) {
        char text[32];
        unsigned char digest[32];
        digest_of(text, (size_t)snprintf(text, sizeof text, "castore gear %d", value), digest);
        for (int byte = 7; byte >= 0; byte--) gear[value] = gear[value] << 8 | digest[byte];
    }
}

static size_t first_cut(const unsigned char *bytes, size_t count) {
    if (count <= LEAST) return count;
    size_t end = count < MOST ? count : MOST, middle = end < NORMAL ? end : NORMAL, at = LEAST;
    uint64_t hash = 0;
    while (at < middle) {
        hash = (hash << 1) + gear[bytes[at++]];
        if (hash >> 40 == 0) return at;
    }
    while (at < end) {
        hash = (hash << 1) + gear[bytes[at++]];
        if (hash >> 44 == 0) return at;
    }
    return end;
}

static Pass cut(void) {
    Pass pass = {.bytes = (long)length};
    for (size_t at = 0; at < length; pass.items++, pass.check ^= (long)at) at += first_cut(content + at, length - at);
    return pass;
}

static Pass hash(void) {
    Pass pass = {.bytes = (long)length};
    unsigned char digest[32];
    for (size_t at = 0; at < length; at += hash_size, pass.items++) {
        digest_of(content + at, length - at < hash_size ? length - at : hash_size, digest);
        pass.check ^= digest[0];
    }
    return pass;
}

// ---------------------------------------------------------------- zstd

static ZSTD_CCtx *compressor;
static ZSTD_DCtx *decompressor;
static char *frame, **frames;
static unsigned char *decoded;
static size_t room, *frame_sizes, frame_count;

static size_t compress_one(size_t at, void *target) {
    size_t count = length - at < FRAME ? length - at : FRAME;
    size_t stored = ZSTD_compress2(compressor, target, room, content + at, count);
    if (ZSTD_isError(stored)) refuse(ZSTD_getErrorName(stored));
    return stored;
}

static void prepare_zstd(int level) {
    room = ZSTD_compressBound(FRAME);
    frame = malloc(room);
    decoded = malloc(FRAME);
    compressor = ZSTD_createCCtx();
    decompressor = ZSTD_createDCtx();
    if (frame == NULL || decoded == NULL || compressor == NULL || decompressor == NULL) refuse("no memory for zstd");
    ZSTD_CCtx_setParameter(compressor, ZSTD_c_compressionLevel, level);
    ZSTD_CCtx_setParameter(compressor, ZSTD_c_checksumFlag, 1);
}

static void prepare_frames(void) {
    prepare_zstd(3);
    size_t count = length / FRAME + 1;
    frames = calloc(count, sizeof *frames);
    frame_sizes = calloc(count, sizeof *frame_sizes);
    if (frames == NULL || frame_sizes == NULL) die("calloc");
    for (size_t at = 0; at < length; at += FRAME, frame_count++) {
        size_t stored = compress_one(at, frame);
        frames[frame_count] = malloc(stored);
        if (frames[frame_count] == NULL) die("malloc");
        memcpy(frames[frame_count], frame, stored);
        frame_sizes[frame_count] = stored;
    }
}

static Pass compress(void) {
    Pass pass = {.bytes = (long)length};
    for (size_t at = 0; at < length; at += FRAME, pass.items++) pass.check += (long)compress_one(at, frame);
    return pass;
}

static Pass decode(void) {
    Pass pass = {0};
    for (size_t i = 0; i < frame_count; i++, pass.items++) {
        size_t count = ZSTD_decompressDCtx(decompressor, decoded, FRAME, frames[i], frame_sizes[i]);
        if (ZSTD_isError(count)) refuse(ZSTD_getErrorName(count));
        pass.bytes += (long)count;
        pass.check ^= decoded[count / 2];
    }
    return pass;
}

// ---------------------------------------------------------------- the index: SHA-256, then all columns

static const char *archive;

static Pass read_index(void) {
    static const char *const tables[] = {"archive", "source", "environment", "source_set", "chunk", "stream",
                                         "output", "action", "tree", "download", "checksum_file"};
    Pass pass = {.items = 1};
    int file = open(archive, O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (file < 0 || fstat(file, &status) != 0 || status.st_size < HEADER + MARK) die(archive);
    pass.bytes = status.st_size;
    unsigned char mark[MARK], digest[32];
    if (pread(file, mark, MARK, status.st_size - MARK) != MARK) die(archive);
    off_t start = 0;
    for (int i = 17; i < MARK; i++) start = start << 8 | mark[i];
    if (start < HEADER || start % 4096 != 0 || start > status.st_size - MARK) refuse("no archive");
    size_t count = (size_t)(status.st_size - MARK - start);
    unsigned char *image = mmap(NULL, count, PROT_READ, MAP_PRIVATE, file, start);
    if (image == MAP_FAILED) die(archive);
    digest_of(image, count, digest);
    sqlite3 *database;
    if (sqlite3_open_v2(":memory:", &database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK ||
        sqlite3_deserialize(database, "main", image, (sqlite3_int64)count, (sqlite3_int64)count,
                            SQLITE_DESERIALIZE_READONLY) != SQLITE_OK)
        refuse("SQLite cannot open the index");
    volatile long sum = 0;
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        char text[64];
        snprintf(text, sizeof text, "SELECT * FROM %s ORDER BY 1, 2", tables[i]);
        sqlite3_stmt *statement;
        if (sqlite3_prepare_v2(database, text, -1, &statement, NULL) != SQLITE_OK) refuse(sqlite3_errmsg(database));
        int columns = sqlite3_column_count(statement), result;
        while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
            for (int column = 0; column < columns; column++) {
                if (sqlite3_column_type(statement, column) == SQLITE_INTEGER)
                    sum += sqlite3_column_int64(statement, column);
                else if (sqlite3_column_bytes(statement, column) > 0)
                    sum += *(const unsigned char *)sqlite3_column_blob(statement, column);
            }
            if (i == 1) pass.check++;
        }
        if (result != SQLITE_DONE) refuse(sqlite3_errmsg(database));
        sqlite3_finalize(statement);
    }
    sqlite3_close(database);
    munmap(image, count);
    close(file);
    return pass;
}

// ---------------------------------------------------------------- creating files as a restore does

static int directory;

static Pass create(void) {
    static int number = 0;
    static char bytes[1024];
    const struct timespec times[2] = {{.tv_sec = 4102444800}, {.tv_sec = 4102444800}};
    memset(bytes, 'x', sizeof bytes);
    number++;
    for (int i = 0; i < FILES; i++) {
        char name[32], temporary[48];
        snprintf(name, sizeof name, "%d-%d", number, i);
        snprintf(temporary, sizeof temporary, ".castore-%s", name);
        int file = openat(directory, temporary, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_TRUNC, 0644);
        if (file < 0 || pwrite(file, bytes, sizeof bytes, 0) != sizeof bytes || futimens(file, times) != 0 ||
            close(file) != 0 || renameat(directory, temporary, directory, name) != 0)
            die(name);
    }
    return (Pass){.items = FILES, .bytes = (long)FILES * (long)sizeof bytes, .check = FILES};
}

int main(int argc, char **argv) {
    if (argc != 4) refuse("usage: pieces PIECE INPUT SECONDS");
    const char *piece = argv[1];
    double seconds = atof(argv[3]), cpu = 0;
    digester = EVP_MD_CTX_new();
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    if (digester == NULL || sha256 == NULL) refuse("no SHA-256");
    Pass (*work)(void);
    if (strcmp(piece, "index") == 0) {
        archive = argv[2];
        work = read_index;
    } else if (strcmp(piece, "create") == 0) {
        directory = open(argv[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (directory < 0) die(argv[2]);
        work = create;
    } else {
        read_content(argv[2]);
        int level;
        if (strcmp(piece, "cut") == 0) prepare_gear(), work = cut;
        else if (sscanf(piece, "hash-%zu", &hash_size) == 1 && hash_size > 0) work = hash;
        else if (sscanf(piece, "compress-%d", &level) == 1) prepare_zstd(level), work = compress;
        else if (strcmp(piece, "decode") == 0) prepare_frames(), work = decode;
        else refuse("no such piece");
    }
    // The first pass touches all memory for the first time, and does not count.
    Pass sums = {.check = work().check};
    do {
        double start = cpu_now();
        Pass pass = work();
        cpu += cpu_now() - start;
        sums.items += pass.items, sums.bytes += pass.bytes;
    } while (cpu < seconds);
    printf("{\"items\": %ld, \"bytes\": %ld, \"cpu\": %.6f, \"check\": %ld}\n", sums.items, sums.bytes, cpu, sums.check);
}
