/* pack GOCACHE GOMODCACHE TARGET THREADS

   The limit of a pack: lists both caches, reads once each file that an archive holds, hashes each byte once,
   compresses at level 3 what is new, writes the frames and a list of the files to TARGET, and syncs once, as cachectl
   does. An output is a stream of its own, and so are the files of a module; frames have about 4 MiB. The pieces of a
   long file are compressed by all threads, and hashed in their order.

   It neither classifies nor cuts by content, and its list of files is no index. A module's zip and lock stay
   unread. */
#include "limit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zstd.h>

enum { FRAME = 4 << 20, LONG = 8 << 20, LEVEL = 3, STRIPES = 1 << 16 };
enum kind { SMALL, OUTPUT, TREE }; /* a small file is kept in the list itself */

struct file {
    const char *directory, *name;
    uint64_t size;
    enum kind kind;
    unsigned char digest[DIGEST];
    struct sequence *sequence; /* of a long file */
    int opened; /* of a long file */
    char *bytes; /* of a small file */
};

struct piece { /* a frame: whole files, or a part of a long one */
    struct file *first;
    size_t count;
    uint64_t offset, size;
    size_t position;
};

/* ------------------------------------------------------------ listing */

struct folder {
    const char *path;
    struct folder *next;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct folder *folders; /* still to be listed */
static size_t unlisted;        /* and those that a thread is listing */
static const char *build_cache, *module_cache;
static struct file *files;
static size_t file_count, file_room;

static void add_folder(const char *path) {
    struct folder *folder = memory(sizeof *folder);
    pthread_mutex_lock(&lock);
    *folder = (struct folder){.path = path, .next = folders};
    folders = folder;
    unlisted++;
    pthread_mutex_unlock(&lock);
    pthread_cond_signal(&changed);
}

/* Returns whether a path is a directory or is below it. */
static bool below(const char *path, const char *parent) {
    size_t length = strlen(parent);
    return !strncmp(path, parent, length) && (!path[length] || path[length] == '/');
}

static bool ends_in(const char *name, const char *end) {
    size_t length = strlen(name), count = strlen(end);
    return length > count && !strcmp(name + length - count, end);
}

/* Returns whether an archive has the file, and how. */
static bool is_wanted(const char *path, const char *name, bool in_downloads, enum kind *kind) {
    *kind = SMALL;
    if (below(path, build_cache)) {
        if (ends_in(path, "-d") || ends_in(name, "-d")) *kind = OUTPUT;
        return *kind == OUTPUT || ends_in(name, "-a");
    }
    if (in_downloads)
        return ends_in(name, ".info") || ends_in(name, ".mod") || ends_in(name, ".ziphash") || strstr(path, "/sumdb/");
    *kind = TREE;
    return true;
}

static void list(const char *path) {
    static _Thread_local struct file *found;
    static _Thread_local size_t room;
    size_t count = 0;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = fd < 0 ? NULL : fdopendir(fd);
    if (!stream) fail("open", path);
    bool in_downloads = below(path, module_cache) && below(path + strlen(module_cache), "/cache");
    for (struct dirent *entry; errno = 0, (entry = readdir(stream));) {
        const char *name = entry->d_name;
        struct stat status;
        enum kind kind;
        if (!strcmp(name, ".") || !strcmp(name, "..")) continue;
        if (entry->d_type == DT_DIR) {
            add_folder(joined(path, name));
        } else if (is_wanted(path, name, in_downloads, &kind)) {
            if (fstatat(fd, name, &status, AT_SYMLINK_NOFOLLOW)) fail("look at", name);
            found = grown(found, &room, count, sizeof *found);
            found[count++] = (struct file){.directory = path, .name = strdup(name), .size = (uint64_t)status.st_size,
                                           .kind = kind, .opened = -1};
        }
    }
    if (errno) fail("list", path);
    closedir(stream);
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < count; i++) {
        files = grown(files, &file_room, file_count, sizeof *files);
        files[file_count++] = found[i];
    }
    if (!--unlisted) pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static void list_folders(long thread) {
    (void)thread;
    for (;;) {
        pthread_mutex_lock(&lock);
        while (!folders && unlisted) pthread_cond_wait(&changed, &lock);
        struct folder *folder = folders;
        if (folder) folders = folder->next;
        pthread_mutex_unlock(&lock);
        if (!folder) return;
        list(folder->path);
        free(folder);
    }
}

/* ------------------------------------------------------------ pieces */

static struct piece *pieces;
static size_t piece_count, piece_room;
static atomic_size_t cursor;

/* Long files first, then by path: so the files of a module follow each other. */
static int by_place(const void *a, const void *b) {
    const struct file *x = a, *y = b;
    uint64_t first = x->size > LONG ? x->size : 0, second = y->size > LONG ? y->size : 0;
    if (first != second) return first < second ? 1 : -1;
    int order = strcmp(x->directory, y->directory);
    return order ? order : strcmp(x->name, y->name);
}

/* Returns the length of the path up to the end of `module@version`. */
static size_t module_length(const struct file *file) {
    const char *at = strchr(file->directory + strlen(module_cache), '@');
    return at ? (size_t)(strchrnul(at, '/') - file->directory) : strlen(file->directory);
}

static bool fits(const struct piece *piece, const struct file *file) {
    if (file->kind != piece->first->kind || piece->size + file->size > FRAME) return false;
    if (file->kind == SMALL) return true;
    size_t length = file->kind == TREE ? module_length(file) : 0;
    return length && length == module_length(piece->first) && !strncmp(file->directory, piece->first->directory, length);
}

static void add_piece(struct piece piece) {
    pieces = grown(pieces, &piece_room, piece_count, sizeof *pieces);
    pieces[piece_count++] = piece;
}

static void plan(void) {
    qsort(files, file_count, sizeof *files, by_place);
    for (struct file *file = files; file < files + file_count; file++) {
        if (file->size > LONG) {
            file->sequence = make_sequence((size_t)((file->size + FRAME - 1) / FRAME));
            for (uint64_t offset = 0; offset < file->size; offset += FRAME)
                add_piece((struct piece){file, 1, offset, file->size - offset < FRAME ? file->size - offset : FRAME,
                                         offset / FRAME});
        } else if (piece_count && !pieces[piece_count - 1].first->sequence && fits(&pieces[piece_count - 1], file)) {
            pieces[piece_count - 1].count++;
            pieces[piece_count - 1].size += file->size;
        } else {
            add_piece((struct piece){.first = file, .count = 1, .size = file->size});
        }
    }
}

/* ------------------------------------------------------------ the frames */

static const char *target;
static int archive;
static _Atomic uint64_t written;

struct known {
    unsigned char digest[DIGEST];
    struct known *next;
};

static _Atomic(struct known *) known[STRIPES];

/* Returns whether a tree's content is seen for the first time; two threads may both be first, which costs a copy. */
static bool is_new(const unsigned char *digest) {
    _Atomic(struct known *) *place = &known[digest[0] << 8 | digest[1]];
    for (struct known *next = *place; next; next = next->next)
        if (!memcmp(next->digest, digest, DIGEST)) return false;
    struct known *own = memory(sizeof *own);
    memcpy(own->digest, digest, DIGEST);
    own->next = *place;
    while (!atomic_compare_exchange_weak(place, &own->next, own)) {}
    return true;
}

static int open_file(const struct file *file) {
    static _Thread_local struct { const char *path; int folder; } last;
    if (last.path != file->directory) {
        if (last.path) close(last.folder);
        last.folder = open(file->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (last.folder < 0) fail("open", file->directory);
        last.path = file->directory;
    }
    int fd = openat(last.folder, file->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) fail("open", file->name);
    return fd;
}

static void write_frame(const unsigned char *bytes, size_t count) {
    static _Thread_local ZSTD_CCtx *compressor;
    static _Thread_local unsigned char *frame;
    size_t room = ZSTD_compressBound(LONG);
    if (!compressor) {
        compressor = ZSTD_createCCtx();
        frame = memory(room);
        if (!compressor) fail("get", "memory");
        ZSTD_CCtx_setParameter(compressor, ZSTD_c_compressionLevel, LEVEL);
        ZSTD_CCtx_setParameter(compressor, ZSTD_c_checksumFlag, 1); /* the format asks for it */
    }
    size_t stored = ZSTD_compress2(compressor, frame, room, bytes, count);
    if (ZSTD_isError(stored)) refuse("zstd cannot compress", ZSTD_getErrorName(stored));
    write_at(archive, frame, stored, atomic_fetch_add(&written, stored), target);
}

static void pack_long(struct piece *piece, struct buffer *buffer) {
    struct file *file = piece->first;
    pthread_mutex_lock(&lock);
    if (file->opened < 0) file->opened = open_file(file);
    pthread_mutex_unlock(&lock);
    read_at(file->opened, buffer->bytes, piece->size, piece->offset, file->name);
    if (hash_in_turn(file->sequence, piece->position, buffer, buffer->bytes, piece->size, file->digest))
        close(file->opened);
    write_frame(buffer->bytes, piece->size);
}

static void pack_files(struct piece *piece, struct buffer *buffer) {
    size_t count = 0;
    for (struct file *file = piece->first; file < piece->first + piece->count; file++) {
        unsigned char *bytes = buffer->bytes + count;
        int fd = open_file(file);
        read_at(fd, bytes, file->size, 0, file->name);
        close(fd);
        if (file->kind == SMALL) {
            file->bytes = memory(file->size);
            memcpy(file->bytes, bytes, file->size);
            continue;
        }
        sha256(bytes, file->size, file->digest);
        if (file->kind == OUTPUT || is_new(file->digest)) count += file->size; /* outputs are unique by name */
    }
    if (count) write_frame(buffer->bytes, count);
}

static void pack(long thread) {
    (void)thread;
    for (;;) {
        struct buffer *buffer = take_buffer(); /* before the piece: see `hash_in_turn` */
        size_t i = atomic_fetch_add(&cursor, 1);
        if (i < piece_count) {
            if (pieces[i].first->sequence) pack_long(&pieces[i], buffer);
            else pack_files(&pieces[i], buffer);
        }
        release_buffer(buffer);
        if (i >= piece_count) return;
    }
}

/* Writes the digests and the small files, where an archive has its index; and checks the outputs' names. */
static void write_list(void) {
    size_t room = 0, count = 0;
    for (size_t i = 0; i < file_count; i++) room += DIGEST + files[i].size * (files[i].kind == SMALL);
    char *bytes = memory(room);
    for (struct file *file = files; file < files + file_count; file++) {
        unsigned char name[DIGEST];
        const char *id = file->name; /* an executable's ID is the name of its directory */
        if (file->kind == OUTPUT && !ends_in(id, "-d")) id = strrchr(file->directory, '/') + 1;
        if (file->kind == OUTPUT && (!read_hex(id, name) || memcmp(name, file->digest, DIGEST)))
            refuse("an output has another SHA-256", file->name);
        memcpy(bytes + count, file->digest, DIGEST);
        count += DIGEST;
        if (file->kind != SMALL) continue;
        memcpy(bytes + count, file->bytes, file->size);
        count += file->size;
    }
    write_at(archive, bytes, count, written, target);
}

int main(int argc, char **argv) {
    if (argc != 5) {
        fprintf(stderr, "usage: pack GOCACHE GOMODCACHE TARGET THREADS\n");
        return 64;
    }
    long threads = thread_count(argv[4]);
    build_cache = argv[1], module_cache = argv[2], target = argv[3];

    start_clocks();
    archive = open(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (archive < 0) fail("create", target);
    add_folder(build_cache);
    add_folder(module_cache);
    run_threads(threads, list_folders);
    plan();
    make_buffers((size_t)threads * 2 + 2, LONG);
    run_threads(threads, pack);
    write_list();
    if (fsync(archive) || close(archive)) fail("write", target);
    return print_clocks();
}
