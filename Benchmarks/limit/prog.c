/* prog ARCHIVE PACK GOCACHE THREADS

   The limit of serving a build: looks up the actions of PACK, the archive of one job, in a sorted array of those of
   ARCHIVE, and writes their entries and outputs to GOCACHE, which must not exist. `cachectl prog` does the same
   after as many gets: Go wants the path of a file for an answer. The outputs are decoded, and each byte is hashed
   once. There is no protocol. The indexes are read before the clocks start. */
#include <stdio.h>
#include <stdlib.h>

#include "files.h"

enum { ENTRY = 175 };

static struct contents contents = {.create = create_part, .finish = finish_part};

static void serve(long thread) {
    (void)thread;
    do_tasks(&contents);
    write_small_files();
}

static void add_directories(void) {
    static const char digits[] = "0123456789abcdef";
    for (int i = 0; i < 256; i++) {
        char *path = memory(3);
        path[0] = digits[i >> 4], path[1] = digits[i & 15];
        add_directory(path, 0755, true);
    }
}

/* Adds the entry of an action, as Go writes it, and its output if it is the first that asks for it. */
static void add_answer(const struct action *action, bool *asked) {
    const struct output *output = &contents.archive->outputs[action->output];
    char id[65], value[65], *bytes = memory(ENTRY + 1), *name = memory(80);
    if (output->executable) refuse("an executable is served by another way", output->executable);
    write_hex(action->id, id);
    write_hex(output->digest, value);
    snprintf(bytes, ENTRY + 1, "v1 %s %s %20llu %20d\n", id, value, (unsigned long long)output->size, 0);
    snprintf(name, 80, "%s-a", id);
    add_small(action->id[0], (struct small){name, bytes, ENTRY, 0644});
    if (asked[action->output]) return;
    asked[action->output] = true;
    struct part *part = add_output(&contents, output)->parts;
    char *own = memory(80);
    snprintf(own, 80, "%s-d", value);
    part->name = own, part->directory = output->digest[0], part->mode = 0644;
}

int main(int argc, char **argv) {
    if (argc != 5) {
        fprintf(stderr, "usage: prog ARCHIVE PACK GOCACHE THREADS\n");
        return 64;
    }
    long threads = thread_count(argv[4]);
    const struct archive *archive = contents.archive = read_archive(argv[1]), *pack = read_archive(argv[2]);

    start_clocks();
    create_target(argv[3]);
    add_directories();
    create_directories(0, directory_count);
    bool *asked = memory(archive->output_count * sizeof *asked);
    for (size_t i = 0; i < pack->action_count; i++) {
        const struct action *found = bsearch(pack->actions[i].id, archive->actions, archive->action_count,
                                             sizeof *found, compare_digest);
        if (!found) refuse("the archive lacks an action of the pack", argv[2]);
        add_answer(found, asked);
    }
    plan_tasks(&contents, threads);
    run_threads(threads, serve);
    return print_clocks();
}
