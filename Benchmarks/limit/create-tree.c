/* create-tree SOURCE TARGET THREADS

   The limit of a restore. Reads the tree SOURCE into memory, then creates the same tree at TARGET, which must
   not exist. Prints the wall and the CPU seconds of the creation alone. One thread makes all directories first.
   Then each thread takes one directory after the other, the largest first, and writes its files. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct file {
    char *name, *data;
    size_t size;
    mode_t mode;
    time_t seconds;
};

struct directory {
    char *path; /* below the tree's root, "." for the root itself */
    mode_t mode;
    struct file *files;
    size_t count, room, bytes;
};

static struct directory *directories; /* a parent before its children */
static size_t directory_count, directory_room;
static struct directory **work; /* the directories with files, the largest first */
static size_t work_count;
static atomic_size_t cursor;
static const char *target;

static void fail(const char *what, const char *name) {
    fprintf(stderr, "create-tree: cannot %s `%s`: %s\n", what, name, strerror(errno));
    exit(1);
}

static void *grown(void *array, size_t *room, size_t count, size_t size) {
    if (count < *room) return array;
    *room = *room ? 2 * *room : 64;
    array = realloc(array, *room * size);
    if (!array) fail("get memory for", "the tree");
    return array;
}

static char *joined(const char *parent, const char *name) {
    char *path;
    if (asprintf(&path, "%s/%s", parent, name) < 0) fail("get memory for", name);
    return path;
}

static void read_file(int folder, const char *name, const struct stat *status, struct file *file) {
    int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
    if (fd < 0) fail("open", name);
    *file = (struct file){strdup(name), malloc((size_t)status->st_size + 1), (size_t)status->st_size,
        status->st_mode & 0777, status->st_mtime};
    if (!file->name || !file->data) fail("get memory for", name);
    for (size_t done = 0; done < file->size;) {
        ssize_t n = read(fd, file->data + done, file->size - done);
        if (n == 0) errno = EIO; /* the file has shrunk */
        if (n <= 0) fail("read", name);
        done += (size_t)n;
    }
    close(fd);
}

static void read_directory(int root, const char *path) {
    int folder = openat(root, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct stat status;
    DIR *stream;
    if (folder < 0 || fstat(folder, &status) || !(stream = fdopendir(folder))) fail("open", path);
    directories = grown(directories, &directory_room, directory_count, sizeof *directories);
    size_t self = directory_count++; /* an index: reading the children moves the array */
    directories[self] = (struct directory){.path = strdup(path), .mode = status.st_mode & 0777};
    if (!directories[self].path) fail("get memory for", path);
    for (struct dirent *entry; errno = 0, (entry = readdir(stream));) {
        const char *name = entry->d_name;
        if (!strcmp(name, ".") || !strcmp(name, "..")) continue;
        if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW)) fail("look at", name);
        if (S_ISDIR(status.st_mode)) {
            char *child = joined(path, name);
            read_directory(root, child);
            free(child);
        } else if (S_ISREG(status.st_mode)) {
            struct directory *d = &directories[self];
            d->files = grown(d->files, &d->room, d->count, sizeof *d->files);
            read_file(folder, name, &status, &d->files[d->count++]);
            d->bytes += (size_t)status.st_size;
        } else {
            errno = EINVAL; /* caches hold nothing else */
            fail("copy what is no file and no directory", name);
        }
    }
    if (errno) fail("list", path);
    closedir(stream);
}

static void make_directories(void) {
    if (mkdir(target, 0755)) fail("create", target);
    int root = open(target, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (root < 0) fail("open", target);
    for (size_t i = 1; i < directory_count; i++)
        if (mkdirat(root, directories[i].path, directories[i].mode)) fail("create", directories[i].path);
    close(root);
}

static void write_file(int folder, const struct file *file) {
    struct timespec times[2] = {{.tv_sec = file->seconds}, {.tv_sec = file->seconds}};
    int fd = openat(folder, file->name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, file->mode);
    if (fd < 0) fail("create", file->name);
    for (size_t done = 0; done < file->size;) {
        ssize_t n = write(fd, file->data + done, file->size - done);
        if (n < 0) fail("write", file->name);
        done += (size_t)n;
    }
    if (futimens(fd, times)) fail("set the time of", file->name);
    if (close(fd)) fail("close", file->name);
}

static void *write_directories(void *argument) {
    (void)argument;
    int root = open(target, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (root < 0) fail("open", target);
    for (size_t i; (i = atomic_fetch_add(&cursor, 1)) < work_count;) {
        int folder = openat(root, work[i]->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (folder < 0) fail("open", work[i]->path);
        for (size_t f = 0; f < work[i]->count; f++) write_file(folder, &work[i]->files[f]);
        close(folder);
    }
    close(root);
    return NULL;
}

static int by_size(const void *a, const void *b) {
    size_t x = (*(struct directory *const *)a)->bytes, y = (*(struct directory *const *)b)->bytes;
    return (x < y) - (x > y);
}

static double seconds(struct timespec t) { return (double)t.tv_sec + (double)t.tv_nsec / 1e9; }

static double clock_now(clockid_t clock) {
    struct timespec now;
    if (clock_gettime(clock, &now)) fail("read", "the clock");
    return seconds(now);
}

int main(int argc, char **argv) {
    char *end = NULL;
    long threads = argc == 4 ? strtol(argv[3], &end, 10) : 0;
    if (argc != 4 || threads < 1 || threads > 256 || *end) {
        fprintf(stderr, "usage: create-tree SOURCE TARGET THREADS (1 to 256)\n");
        return 64;
    }
    int source = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (source < 0) fail("open", argv[1]);
    read_directory(source, ".");
    target = argv[2];
    work = calloc(directory_count, sizeof *work);
    pthread_t *ids = calloc((size_t)threads, sizeof *ids);
    if (!work || !ids) fail("get memory for", "the tree");
    for (size_t i = 0; i < directory_count; i++)
        if (directories[i].count) work[work_count++] = &directories[i];
    qsort(work, work_count, sizeof *work, by_size);
    umask(0);

    double wall = clock_now(CLOCK_MONOTONIC), cpu = clock_now(CLOCK_PROCESS_CPUTIME_ID);
    make_directories();
    for (long i = 0; i < threads; i++)
        if ((errno = pthread_create(&ids[i], NULL, write_directories, NULL))) fail("start", "a thread");
    for (long i = 0; i < threads; i++) pthread_join(ids[i], NULL);
    wall = clock_now(CLOCK_MONOTONIC) - wall;
    cpu = clock_now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    printf("%.6f %.6f\n", wall, cpu);
    return fflush(stdout) ? 1 : 0;
}
