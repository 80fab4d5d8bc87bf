/* verify ARCHIVE THREADS

   The limit of a verification: decodes every chunk that a member has, and checks every name that the index states: a
   frame's checksum, a chunk's SHA-256, and the SHA-256 of an output or the `h1:` of a tree where that is another. */
#include <stdio.h>

#include "decode.h"

static struct contents contents = {.names = true};

static void verify(long thread) {
    (void)thread;
    do_tasks(&contents);
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: verify ARCHIVE THREADS\n");
        return 64;
    }
    long threads = thread_count(argv[2]);
    const struct archive *archive = contents.archive = read_archive(argv[1]);
    for (size_t i = 0; i < archive->output_count; i++) add_output(&contents, &archive->outputs[i]);
    for (size_t i = 0; i < archive->tree_count; i++) {
        add_manifest(&contents, &archive->trees[i]);
        add_tree(&contents, &archive->trees[i]);
    }
    plan_tasks(&contents, threads);
    start_clocks();
    run_threads(threads, verify);
    return print_clocks();
}
