/* What the limits of the verbs share: errors, clocks, threads, checksums, and buffers that wait for their turn.

   The limit of a verb does the necessary work of the verb and no more, in C, with the same libraries and the same
   number of threads. It prints the wall and the CPU seconds of that work alone. */
#ifndef LIMIT_H
#define LIMIT_H

#define _GNU_SOURCE
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { DIGEST = 32, CHUNK_MOST = 8 << 20 };

/* Ends the program with the system's reason, or with a sentence of its own. */
_Noreturn void fail(const char *what, const char *name);
_Noreturn void refuse(const char *what, const char *name);

void *memory(size_t size);
void *grown(void *array, size_t *room, size_t count, size_t size);
char *joined(const char *parent, const char *name);

void read_at(int file, void *bytes, size_t count, uint64_t offset, const char *name);
void write_at(int file, const void *bytes, size_t count, uint64_t offset, const char *name);
char *read_whole(int folder, const char *name, size_t size);

/* Returns the number of threads that an argument asks for. */
long thread_count(const char *text);

/* Calls `body` with each number from 0 in a thread of its own, and waits for all of them. */
void run_threads(long count, void (*body)(long));

void start_clocks(void);
int print_clocks(void); /* the exit status */

void sha256(const void *bytes, size_t count, unsigned char *digest);
uint64_t xxh64(const void *bytes, size_t count);
void write_hex(const unsigned char *digest, char *text); /* 64 characters and a zero */
bool read_hex(const char *text, unsigned char *digest);

/* A buffer of a bounded pool. Who keeps it beyond a call counts a reference. */
struct buffer {
    unsigned char *bytes;
    atomic_int references;
    struct buffer *next;
};

void make_buffers(size_t count, size_t size);
struct buffer *take_buffer(void); /* waits for one */
void release_buffer(struct buffer *buffer);

/* The SHA-256 of a content whose pieces become ready in any order, on any thread. A thread that brings the next
   piece hashes it, and all that follow and are there. The others leave theirs and go on. Progress needs that the
   pieces are begun in order, each with its buffer in hand. */
struct sequence;
struct sequence *make_sequence(size_t count);

/* Adds a piece, and keeps its buffer until the piece is hashed. Returns whether that was the last; then `digest` is
   the content's. */
bool hash_in_turn(struct sequence *sequence, size_t position, struct buffer *buffer, const void *bytes, size_t count,
                  unsigned char *digest);

#endif
