#include "files.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct directory *directories;
size_t directory_count;
static size_t directory_room;
static int root;
static atomic_size_t cursor;
static const time_t stamp = 4102444800; /* 2100, as a restore writes it */

size_t add_directory(char *path, mode_t mode, bool stamped) {
    directories = grown(directories, &directory_room, directory_count, sizeof *directories);
    directories[directory_count] = (struct directory){.path = path, .mode = mode, .stamped = stamped};
    return directory_count++;
}

void add_small(size_t directory, struct small file) {
    struct directory *d = &directories[directory];
    d->files = grown(d->files, &d->room, d->count, sizeof *d->files);
    d->files[d->count++] = file;
}

void create_target(const char *path) {
    if (mkdir(path, 0755)) fail("create", path);
    root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (root < 0) fail("open", path);
    umask(0);
}

void create_directories(size_t from, size_t to) {
    for (size_t i = from; i < to; i++) /* another user than root needs the right to write in them */
        if (mkdirat(root, directories[i].path, directories[i].mode | (geteuid() ? 0300 : 0)))
            fail("create", directories[i].path);
}

static int opened(size_t directory) {
    int folder = openat(root, directories[directory].path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) fail("open", directories[directory].path);
    return folder;
}

static int create_file(int folder, const char *name, mode_t mode) {
    int file = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (file < 0) fail("create", name);
    return file;
}

static void finish_file(size_t directory, const char *name, int file) {
    const struct timespec times[2] = {{.tv_sec = stamp}, {.tv_sec = stamp}};
    if (directories[directory].stamped && futimens(file, times)) fail("set the time of", name);
    if (close(file)) fail("close", name);
}

int create_part(const struct part *part) {
    /* The files of a directory follow each other. */
    static _Thread_local struct { bool open; size_t directory; int folder; } last;
    if (!last.open || last.directory != part->directory) {
        if (last.open) close(last.folder);
        last.folder = opened(last.directory = part->directory);
        last.open = true;
    }
    return create_file(last.folder, part->name, part->mode);
}

void finish_part(const struct part *part, int file) { finish_file(part->directory, part->name, file); }

void write_small_files(void) {
    for (size_t i; (i = atomic_fetch_add(&cursor, 1)) < directory_count;) {
        struct directory *d = &directories[i];
        if (!d->count) continue;
        int folder = opened(i);
        for (size_t f = 0; f < d->count; f++) {
            int file = create_file(folder, d->files[f].name, d->files[f].mode);
            write_at(file, d->files[f].bytes, d->files[f].size, 0, d->files[f].name);
            finish_file(i, d->files[f].name, file);
        }
        close(folder);
    }
}
