/* union RESULT TARGET THREADS ARCHIVE…

   The limit of a union: writes TARGET, the same bytes as RESULT, which is cachectl's union of the archives. It copies
   each frame from the first archive that has it, checks the frame's checksum on the way, writes the index, and syncs
   once, as cachectl does. Before the clocks start, it reads all indexes; so merging them is not in its time. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "archive.h"

enum { RUN = 1 << 20 }; /* the most that is copied at once, unless one frame is longer: it stays in the cache */

struct source { /* a chunk of an archive, ordered by digest and archive */
    unsigned char digest[DIGEST];
    const struct archive *archive;
    const struct chunk *chunk;
    int place;
};

struct run { /* frames that follow each other in one archive and in the result */
    const struct archive *archive;
    const struct chunk *first; /* in the result */
    uint64_t from, stored;
    size_t count;
};

static const struct archive *result;
static const char *target;
static int file;
static char *trailer;
static struct run *runs;
static size_t run_count, run_room;
static atomic_size_t cursor;
static uint64_t longest = RUN;

static int by_digest(const void *a, const void *b) {
    const struct source *x = a, *y = b;
    int order = memcmp(x->digest, y->digest, DIGEST);
    return order ? order : (x->place > y->place) - (x->place < y->place);
}

static void plan(int count, char **paths) {
    struct source *sources = NULL;
    size_t source_count = 0, room = 0;
    for (int i = 0; i < count; i++) {
        const struct archive *archive = read_archive(paths[i]);
        for (size_t c = 0; c < archive->chunk_count; c++) {
            sources = grown(sources, &room, source_count, sizeof *sources);
            struct source *source = &sources[source_count++];
            *source = (struct source){.archive = archive, .chunk = &archive->chunks[c], .place = i};
            memcpy(source->digest, archive->chunks[c].digest, DIGEST);
        }
    }
    qsort(sources, source_count, sizeof *sources, by_digest);
    for (size_t i = 0; i < result->chunk_count; i++) {
        const struct chunk *chunk = &result->chunks[i];
        struct source *source = bsearch(chunk->digest, sources, source_count, sizeof *sources, compare_digest);
        if (!source) refuse("no archive has a frame of the result", result->path);
        while (source > sources && !memcmp(source[-1].digest, chunk->digest, DIGEST)) source--;
        if (source->chunk->stored != chunk->stored) refuse("the frames of a chunk differ", result->path);
        struct run *last = run_count ? &runs[run_count - 1] : NULL;
        if (last && last->archive == source->archive && last->from + last->stored == source->chunk->offset &&
            last->stored + chunk->stored <= RUN) {
            last->stored += chunk->stored;
            last->count++;
        } else {
            runs = grown(runs, &run_room, run_count, sizeof *runs);
            runs[run_count++] = (struct run){source->archive, chunk, source->chunk->offset, chunk->stored, 1};
        }
        if (chunk->stored > longest) longest = chunk->stored;
    }
    free(sources);
}

static void copy(long thread) {
    (void)thread;
    char *bytes = memory(longest);
    for (size_t i; (i = atomic_fetch_add(&cursor, 1)) < run_count;) {
        struct run *run = &runs[i];
        read_at(run->archive->file, bytes, run->stored, run->from, run->archive->path);
        const char *frame = bytes;
        for (size_t f = 0; f < run->count; frame += run->first[f++].stored)
            if (xxh64(frame, run->first[f].stored) != run->first[f].checksum)
                refuse("a frame has another checksum", run->archive->path);
        write_at(file, bytes, run->stored, run->first->offset, target);
    }
    free(bytes);
}

int main(int argc, char **argv) {
    if (argc < 5) {
        fprintf(stderr, "usage: union RESULT TARGET THREADS ARCHIVE...\n");
        return 64;
    }
    long threads = thread_count(argv[3]);
    result = read_archive(argv[1]);
    target = argv[2];
    plan(argc - 4, argv + 4);
    size_t rest = result->size - result->frames_end;
    trailer = memory(rest);
    read_at(result->file, trailer, rest, result->frames_end, result->path);

    start_clocks();
    file = open(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (file < 0) fail("create", target);
    run_threads(threads, copy);
    write_at(file, trailer, rest, result->frames_end, target);
    if (fsync(file) || close(file)) fail("write", target);
    return print_clocks();
}
