#include "limit.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/evp.h>

void fail(const char *what, const char *name) {
    fprintf(stderr, "%s: cannot %s `%s`: %s\n", program_invocation_short_name, what, name, strerror(errno));
    exit(1);
}

void refuse(const char *what, const char *name) {
    fprintf(stderr, "%s: %s: `%s`\n", program_invocation_short_name, what, name);
    exit(1);
}

void *memory(size_t size) {
    void *bytes = calloc(1, size ? size : 1);
    if (!bytes) fail("get", "memory");
    return bytes;
}

void *grown(void *array, size_t *room, size_t count, size_t size) {
    if (count < *room) return array;
    *room = *room ? 2 * *room : 64;
    array = realloc(array, *room * size);
    if (!array) fail("get", "memory");
    return array;
}

char *joined(const char *parent, const char *name) {
    char *path;
    if (asprintf(&path, "%s/%s", parent, name) < 0) fail("get", "memory");
    return path;
}

void read_at(int file, void *bytes, size_t count, uint64_t offset, const char *name) {
    for (size_t done = 0; done < count;) {
        ssize_t n = pread(file, (char *)bytes + done, count - done, (off_t)(offset + done));
        if (n == 0) errno = EIO; /* the file has shrunk */
        if (n <= 0) fail("read", name);
        done += (size_t)n;
    }
}

void write_at(int file, const void *bytes, size_t count, uint64_t offset, const char *name) {
    for (size_t done = 0; done < count;) {
        ssize_t n = pwrite(file, (const char *)bytes + done, count - done, (off_t)(offset + done));
        if (n < 0) fail("write", name);
        done += (size_t)n;
    }
}

char *read_whole(int folder, const char *name, size_t size) {
    int file = openat(folder, name, O_RDONLY | O_CLOEXEC);
    if (file < 0) fail("open", name);
    char *bytes = memory(size + 1);
    read_at(file, bytes, size, 0, name);
    close(file);
    return bytes;
}

/* ------------------------------------------------------------ threads and clocks */

static void (*thread_body)(long);

static void *call_body(void *number) {
    thread_body((long)(intptr_t)number);
    return NULL;
}

long thread_count(const char *text) {
    char *end;
    long count = strtol(text, &end, 10);
    if (count < 1 || count > 256 || *end) refuse("no number of threads from 1 to 256", text);
    return count;
}

void run_threads(long count, void (*body)(long)) {
    pthread_t *ids = memory((size_t)count * sizeof *ids);
    thread_body = body;
    for (long i = 0; i < count; i++)
        if ((errno = pthread_create(&ids[i], NULL, call_body, (void *)(intptr_t)i))) fail("start", "a thread");
    for (long i = 0; i < count; i++) pthread_join(ids[i], NULL);
    free(ids);
}

static double wall_start, cpu_start;

static double clock_now(clockid_t clock) {
    struct timespec now;
    if (clock_gettime(clock, &now)) fail("read", "the clock");
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void start_clocks(void) {
    wall_start = clock_now(CLOCK_MONOTONIC);
    cpu_start = clock_now(CLOCK_PROCESS_CPUTIME_ID);
}

int print_clocks(void) {
    double wall = clock_now(CLOCK_MONOTONIC) - wall_start, cpu = clock_now(CLOCK_PROCESS_CPUTIME_ID) - cpu_start;
    printf("%.6f %.6f\n", wall, cpu);
    return fflush(stdout) ? 1 : 0;
}

/* ------------------------------------------------------------ checksums */

static EVP_MD *sha256_kind;
static _Thread_local EVP_MD_CTX *thread_context;

__attribute__((constructor)) static void fetch_kind(void) { /* a fetch takes longer than a small hash */
    sha256_kind = EVP_MD_fetch(NULL, "SHA256", NULL);
    if (!sha256_kind) refuse("libcrypto has none", "SHA-256");
}

static EVP_MD_CTX *begin_hash(EVP_MD_CTX *context) {
    if (!context) context = EVP_MD_CTX_new();
    if (!context || !EVP_DigestInit_ex2(context, sha256_kind, NULL)) refuse("cannot begin", "SHA-256");
    return context;
}

void sha256(const void *bytes, size_t count, unsigned char *digest) {
    thread_context = begin_hash(thread_context);
    if (!EVP_DigestUpdate(thread_context, bytes, count) || !EVP_DigestFinal_ex(thread_context, digest, NULL))
        refuse("cannot make", "SHA-256");
}

static uint64_t word(const unsigned char *bytes) {
    uint64_t value;
    memcpy(&value, bytes, sizeof value); /* the machine is little-endian */
    return value;
}

static uint64_t turned(uint64_t value, int bits) { return value << bits | value >> (64 - bits); }

/* XXH64 with seed 0 (github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md). */
uint64_t xxh64(const void *content, size_t count) {
    static const uint64_t p1 = 0x9E3779B185EBCA87, p2 = 0xC2B2AE3D27D4EB4F, p3 = 0x165667B19E3779F9,
                          p4 = 0x85EBCA77C2B2AE63, p5 = 0x27D4EB2F165667C5;
    const unsigned char *bytes = content, *end = bytes + count;
    uint64_t hash = p5;
    if (count >= 32) {
        uint64_t lanes[4] = {p1 + p2, p2, 0, -p1};
        for (; end - bytes >= 32; bytes += 32)
            for (int i = 0; i < 4; i++) lanes[i] = turned(lanes[i] + word(bytes + 8 * i) * p2, 31) * p1;
        hash = turned(lanes[0], 1) + turned(lanes[1], 7) + turned(lanes[2], 12) + turned(lanes[3], 18);
        for (int i = 0; i < 4; i++) hash = (hash ^ turned(lanes[i] * p2, 31) * p1) * p1 + p4;
    }
    hash += count;
    for (; end - bytes >= 8; bytes += 8) hash = turned(hash ^ turned(word(bytes) * p2, 31) * p1, 27) * p1 + p4;
    if (end - bytes >= 4) {
        uint32_t half;
        memcpy(&half, bytes, sizeof half);
        hash = turned(hash ^ half * p1, 23) * p2 + p3;
        bytes += 4;
    }
    for (; bytes < end; bytes++) hash = turned(hash ^ *bytes * p5, 11) * p1;
    hash = (hash ^ hash >> 33) * p2;
    hash = (hash ^ hash >> 29) * p3;
    return hash ^ hash >> 32;
}

void write_hex(const unsigned char *digest, char *text) {
    static const char digits[] = "0123456789abcdef";
    for (int i = 0; i < DIGEST; i++) text[2 * i] = digits[digest[i] >> 4], text[2 * i + 1] = digits[digest[i] & 15];
    text[2 * DIGEST] = 0;
}

bool read_hex(const char *text, unsigned char *digest) {
    for (int i = 0; i < 2 * DIGEST; i++) {
        char c = text[i];
        int value = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        if (value < 0) return false;
        digest[i / 2] = (unsigned char)(i % 2 ? digest[i / 2] << 4 | value : value);
    }
    return true;
}

/* ------------------------------------------------------------ buffers */

static pthread_mutex_t pool_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t pool_filled = PTHREAD_COND_INITIALIZER;
static struct buffer *pool; /* the last one that was used first: it is in the processor's cache */

void make_buffers(size_t count, size_t size) {
    for (size_t i = 0; i < count; i++) {
        struct buffer *buffer = memory(sizeof *buffer);
        buffer->bytes = malloc(size);
        if (!buffer->bytes) fail("get", "memory");
        buffer->references = 1;
        release_buffer(buffer);
    }
}

struct buffer *take_buffer(void) {
    pthread_mutex_lock(&pool_lock);
    while (!pool) pthread_cond_wait(&pool_filled, &pool_lock);
    struct buffer *buffer = pool;
    pool = buffer->next;
    pthread_mutex_unlock(&pool_lock);
    buffer->references = 1;
    return buffer;
}

void release_buffer(struct buffer *buffer) {
    if (atomic_fetch_sub(&buffer->references, 1) > 1) return;
    pthread_mutex_lock(&pool_lock);
    buffer->next = pool;
    pool = buffer;
    pthread_mutex_unlock(&pool_lock);
    pthread_cond_signal(&pool_filled);
}

/* ------------------------------------------------------------ sequences */

struct piece {
    struct buffer *buffer;
    const void *bytes;
    size_t count;
};

struct sequence {
    pthread_mutex_t lock;
    EVP_MD_CTX *context;
    struct piece *pieces;
    size_t count, next;
    bool busy; /* a thread is hashing */
};

struct sequence *make_sequence(size_t count) {
    struct sequence *sequence = memory(sizeof *sequence);
    pthread_mutex_init(&sequence->lock, NULL);
    sequence->pieces = memory(count * sizeof *sequence->pieces);
    sequence->context = begin_hash(NULL);
    sequence->count = count;
    return sequence;
}

bool hash_in_turn(struct sequence *s, size_t position, struct buffer *buffer, const void *bytes, size_t count,
                  unsigned char *digest) {
    atomic_fetch_add(&buffer->references, 1);
    pthread_mutex_lock(&s->lock);
    s->pieces[position] = (struct piece){buffer, bytes, count};
    bool mine = !s->busy;
    while (mine && s->next < s->count && s->pieces[s->next].buffer) {
        struct piece piece = s->pieces[s->next];
        s->busy = true;
        pthread_mutex_unlock(&s->lock);
        if (!EVP_DigestUpdate(s->context, piece.bytes, piece.count)) refuse("cannot make", "SHA-256");
        release_buffer(piece.buffer);
        pthread_mutex_lock(&s->lock);
        s->next++;
        s->busy = false;
    }
    bool done = mine && s->next == s->count;
    pthread_mutex_unlock(&s->lock);
    if (done && !EVP_DigestFinal_ex(s->context, digest, NULL)) refuse("cannot make", "SHA-256");
    return done;
}
