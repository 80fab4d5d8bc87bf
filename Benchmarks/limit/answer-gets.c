/* answer-gets TABLE SCRATCH

   The limit of a program of GOCACHEPROG (cmd/go/internal/cacheprog): it answers gets from a table in memory, and does
   nothing else. So the build pays for the protocol alone. Each line of TABLE has an action ID and an output ID in
   base64, a size in bytes, and the path of the output. The bodies of puts become files in the directory SCRATCH. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { slots = 1 << 16, id_length = 44 };

static char *actions[slots], *answers[slots];
static char buffer[1 << 24]; /* what was read, and not used yet; it ends with a zero */
static size_t filled;

static _Noreturn void fail(const char *what) {
    perror(what);
    exit(1);
}

static unsigned slot(const char *action) {
    unsigned hash = 2166136261u;
    for (int i = 0; i < id_length; i++) hash = (hash ^ (unsigned char)action[i]) * 16777619u;
    hash %= slots;
    while (actions[hash] && memcmp(actions[hash], action, id_length)) hash = (hash + 1) % slots;
    return hash;
}

static void load(const char *path) {
    static char line[1 << 14], action[64], output[64], file[1 << 13];
    long size;
    int count = 0;
    FILE *table = fopen(path, "r");
    if (!table) fail(path);
    while (fgets(line, sizeof line, table)) {
        if (sscanf(line, "%63s %63s %ld %8191[^\n]", action, output, &size, file) != 4 || ++count > slots / 2) {
            fprintf(stderr, "answer-gets: %s: line %d is wrong, or one too many\n", path, count);
            exit(1);
        }
        unsigned place = slot(action);
        if (asprintf(&answers[place],
                     "\"OutputID\":\"%s\",\"Size\":%ld,\"DiskPath\":\"%s\",\"Time\":\"2026-01-01T00:00:00Z\"",
                     output, size, file) < 0 ||
            !(actions[place] = strdup(action)))
            fail("memory");
    }
    fclose(table);
}

/* Reads more, and returns whether there was more. */
static int fill(void) {
    ssize_t count = read(0, buffer + filled, sizeof buffer - 1 - filled);
    if (count < 0) fail("read");
    filled += count;
    buffer[filled] = 0;
    return count > 0;
}

/* Drops the first bytes of the buffer. */
static void drop(size_t count) {
    filled -= count;
    memmove(buffer, buffer + count, filled + 1);
}

/* Returns the length of the first line that is not blank, with its line feed, or 0 at the end. */
static size_t line(void) {
    for (;;) {
        size_t blanks = strspn(buffer, " \n");
        if (blanks) drop(blanks);
        char *end = memchr(buffer, '\n', filled);
        if (end) return end - buffer + 1;
        if (!fill()) return 0;
    }
}

/* Writes the body of a put, a JSON string in base64, to a file. */
static void save(const char *path) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    static unsigned char body[sizeof buffer];
    size_t length = line(), count = 0;
    unsigned value = 0, bits = 0;
    for (size_t i = 1; i < length && buffer[i] != '"' && buffer[i] != '='; i++) {
        value = value << 6 | (unsigned)(strchr(digits, buffer[i]) - digits);
        if ((bits += 6) >= 8) body[count++] = value >> (bits -= 8);
    }
    drop(length);
    int file = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0644);
    if (file < 0 || write(file, body, count) != (ssize_t)count || close(file)) fail(path);
}

static long number(const char *key) {
    const char *place = strstr(buffer, key);
    return place ? atol(place + strlen(key)) : 0;
}

int main(int count, char **arguments) {
    static char answer[1 << 14], path[1 << 13];
    if (count != 3) {
        fprintf(stderr, "usage: answer-gets TABLE SCRATCH\n");
        return 2;
    }
    load(arguments[1]);
    dprintf(1, "{\"ID\":0,\"KnownCommands\":[\"get\",\"put\",\"close\"]}\n");
    for (size_t length; (length = line());) {
        buffer[length - 1] = 0; /* only this line is searched */
        long id = number("\"ID\":"), size = number("\"BodySize\":");
        char *action = strstr(buffer, "\"ActionID\":\"");
        int isPut = strstr(buffer, "\"Command\":\"put\"") != NULL;
        char *found = action && !isPut ? answers[slot(action + 12)] : NULL;
        drop(length);
        if (isPut) {
            snprintf(path, sizeof path, "%s/%ld", arguments[2], id);
            if (size) save(path);
            else close(open(path, O_CREAT | O_WRONLY, 0644));
            snprintf(answer, sizeof answer, "{\"ID\":%ld,\"DiskPath\":\"%s\"}\n", id, path);
        } else if (found) {
            snprintf(answer, sizeof answer, "{\"ID\":%ld,%s}\n", id, found);
        } else {
            snprintf(answer, sizeof answer, "{\"ID\":%ld%s}\n", id, action ? ",\"Miss\":true" : "");
        }
        size_t all = strlen(answer);
        if (write(1, answer, all) != (ssize_t)all) fail("write");
    }
}
