/* restore ARCHIVE TREE TARGET THREADS

   The limit of a restore: creates at TARGET, which must not exist, the tree that cachectl has restored to TREE. It
   reads the archive's frames, decodes them, hashes each byte once and writes it. Before the clocks start, it reads the
   archive's index, the shape of TREE, and those of its files that come from the index (entries, `.info`, `.mod` and
   so on). One thread makes the directories while the others begin with the outputs. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"

static struct contents contents = {.create = create_part, .finish = finish_part};
static size_t outputs_end; /* the directories before this place are those of GOCACHE */
static atomic_int stage; /* 1: GOCACHE's directories exist; 2: all */
static pthread_mutex_t stage_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t stage_reached = PTHREAD_COND_INITIALIZER;

/* ------------------------------------------------------------ reading the tree */

static int compare_module(const void *name, const void *tree) {
    return strcmp(name, ((const struct tree *)tree)->module);
}

static void add_file(size_t directory, int folder, const char *name, const struct stat *status) {
    unsigned char digest[DIGEST];
    const char *path = directories[directory].path, *own = strrchr(path, '/');
    /* An executable's ID is the name of its directory. */
    const char *id = own && strlen(own) == 67 && !strcmp(own + 65, "-d") ? own + 1 : name;
    const struct output *output = NULL;
    if (strlen(id) == 66 && !strcmp(id + 64, "-d") && read_hex(id, digest))
        output = bsearch(digest, contents.archive->outputs, contents.archive->output_count, sizeof *output,
                         compare_digest);
    if (output) {
        struct part *part = add_output(&contents, output)->parts;
        part->name = strdup(name), part->directory = directory, part->mode = status->st_mode & 0777;
    } else {
        size_t size = (size_t)status->st_size;
        char *bytes = read_whole(folder, name, size);
        add_small(directory, (struct small){strdup(name), bytes, size, status->st_mode & 0777});
    }
}

/* Adds a directory and all below it; of a module's tree, the directories only. */
static void read_directory(int source, const char *path, bool in_module) {
    int folder = openat(source, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = folder < 0 ? NULL : fdopendir(folder);
    struct stat status;
    if (!stream || fstat(folder, &status)) fail("open", path);
    size_t self = add_directory(strdup(path), status.st_mode & 0777, !strncmp(path, "go-build", 8));
    const struct archive *archive = contents.archive;
    const struct tree *tree = NULL;
    if (!strncmp(path, "go-mod/", 7))
        tree = bsearch(path + 7, archive->trees, archive->tree_count, sizeof *tree, compare_module);
    if (tree) {
        in_module = true;
        add_tree(&contents, tree);
    }
    for (struct dirent *entry; errno = 0, (entry = readdir(stream));) {
        const char *name = entry->d_name;
        if (!strcmp(name, ".") || !strcmp(name, "..")) continue;
        if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW)) fail("look at", name);
        if (S_ISDIR(status.st_mode)) {
            char *child = joined(path, name);
            read_directory(source, child, in_module);
            free(child);
        } else if (!S_ISREG(status.st_mode)) {
            refuse("no file and no directory", name);
        } else if (!in_module) {
            add_file(self, folder, name, &status);
        }
    }
    if (errno) fail("list", path);
    closedir(stream);
}

/* ------------------------------------------------------------ the files of trees */

static int by_path(const void *a, const void *b) {
    return strcmp(directories[*(const size_t *)a].path, directories[*(const size_t *)b].path);
}

static size_t directory_named(const char *path, const size_t *sorted) {
    size_t low = 0, high = directory_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp(path, directories[sorted[middle]].path);
        if (!order) return sorted[middle];
        if (order < 0) high = middle;
        else low = middle + 1;
    }
    refuse("the tree lacks a directory of the archive", path);
}

static void place_trees(void) {
    size_t *sorted = memory(directory_count * sizeof *sorted);
    for (size_t i = 0; i < directory_count; i++) sorted[i] = i;
    qsort(sorted, directory_count, sizeof *sorted, by_path);
    for (size_t i = 0; i < contents.count; i++) {
        struct content *content = &contents.list[i];
        if (!content->tree) continue;
        char *base = joined("go-mod", content->tree->module);
        for (size_t f = 0; f < content->tree->file_count; f++) {
            char *path = joined(base, content->tree->files[f].path), *slash = strrchr(path, '/');
            *slash = 0;
            content->parts[f].directory = directory_named(path, sorted);
            content->parts[f].name = slash + 1;
            content->parts[f].mode = content->tree->files[f].executable ? 0555 : 0444;
        }
        free(base);
    }
    free(sorted);
}

/* ------------------------------------------------------------ the measured work */

static void reach(int next) {
    pthread_mutex_lock(&stage_lock);
    stage = next;
    pthread_cond_broadcast(&stage_reached);
    pthread_mutex_unlock(&stage_lock);
}

static void await(int next) {
    if (stage >= next) return;
    pthread_mutex_lock(&stage_lock);
    while (stage < next) pthread_cond_wait(&stage_reached, &stage_lock);
    pthread_mutex_unlock(&stage_lock);
}

static int create(const struct part *part) {
    if (part->directory >= outputs_end) await(2);
    return create_part(part);
}

static void restore(long thread) {
    if (thread == 0) {
        create_directories(0, outputs_end);
        reach(1);
        create_directories(outputs_end, directory_count);
        reach(2);
    }
    await(1);
    do_tasks(&contents);
    await(2);
    write_small_files();
}

int main(int argc, char **argv) {
    if (argc != 5) {
        fprintf(stderr, "usage: restore ARCHIVE TREE TARGET THREADS\n");
        return 64;
    }
    long threads = thread_count(argv[4]);
    contents.archive = read_archive(argv[1]);
    contents.create = create;
    int source = open(argv[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (source < 0) fail("open", argv[2]);
    read_directory(source, "go-build", false);
    outputs_end = directory_count;
    read_directory(source, "go-mod", false);
    place_trees();
    plan_tasks(&contents, threads);

    start_clocks();
    create_target(argv[3]);
    run_threads(threads, restore);
    return print_clocks();
}
