// Counts the system calls of a program, and lets one of them fail. Load it with LD_PRELOAD:
//
//   CACHESTORE_TRACE=FILE             writes a line per call, with the name of the function
//   CACHESTORE_FAULT=N:FUNCTION:WHAT  does WHAT at the N-th call of FUNCTION:
//       an errno, as a number   the call fails with it and does nothing
//       short                   a transfer moves one byte only
//       before, after           the process is killed before or after the call
//
// With several threads the order of calls differs from run to run, so a fault hits one of several calls. The program's children are not touched.
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NONE, FAIL, SHORT, BEFORE, AFTER };

static atomic_long calls;
static long target = -1;
static char function[64];
static int what, error, trace = -1;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("CACHESTORE_TRACE"), *fault = getenv("CACHESTORE_FAULT");
    if (path) trace = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (trace >= 0 && trace < 100) { // out of the way of the program's own descriptors
        int moved = (int)syscall(SYS_fcntl, trace, F_DUPFD_CLOEXEC, 200);
        if (moved >= 0) { syscall(SYS_close, trace); trace = moved; }
    }
    if (fault) {
        char *rest;
        target = strtol(fault, &rest, 10);
        char *colon = strchr(++rest, ':');
        if (!colon || colon - rest >= (long)sizeof function) abort();
        memcpy(function, rest, (size_t)(colon - rest));
        rest = colon + 1;
        if (!strcmp(rest, "short")) what = SHORT;
        else if (!strcmp(rest, "before")) what = BEFORE;
        else if (!strcmp(rest, "after")) what = AFTER;
        else { what = FAIL; error = atoi(rest); }
    }
    unsetenv("LD_PRELOAD");
    unsetenv("CACHESTORE_TRACE");
    unsetenv("CACHESTORE_FAULT");
}

static int enter(const char *name, const char *path, int descriptor) { // what to do at this call
    if (trace >= 0) {
        char line[512];
        int saved = errno;
        int count = path ? snprintf(line, sizeof line, "%s %.400s\n", name, path)
                         : snprintf(line, sizeof line, "%s %d\n", name, descriptor);
        syscall(SYS_write, trace, line, (size_t)count);
        errno = saved;
    }
    if (target < 0 || strcmp(name, function) || atomic_fetch_add(&calls, 1) + 1 != target) return NONE;
    if (what == BEFORE) syscall(SYS_kill, getpid(), SIGKILL);
    return what;
}

static void leave(int todo) {
    if (todo == AFTER) syscall(SYS_kill, getpid(), SIGKILL);
}

// WRAP defines a function that calls the real one unless it is to fail. RESULT is the type, BAD the result of
// a failure, DECLARED and PASSED are the parameters, PATH and DESCRIPTOR describe the call.
#define REAL(name) \
    static __typeof__(&name) real; \
    if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

#define WRAP(RESULT, BAD, name, DECLARED, PASSED, PATH, DESCRIPTOR) \
    RESULT name DECLARED { \
        REAL(name); \
        int todo = enter(#name, PATH, DESCRIPTOR); \
        if (todo == FAIL) { errno = error; return BAD; } \
        RESULT result = real PASSED; \
        leave(todo); \
        return result; \
    }

#define TRANSFER(name, DECLARED, PASSED, ONE) \
    ssize_t name DECLARED { \
        REAL(name); \
        int todo = enter(#name, NULL, fd); \
        if (todo == FAIL) { errno = error; return -1; } \
        ssize_t result = todo == SHORT && count > 1 ? real ONE : real PASSED; \
        leave(todo); \
        return result; \
    }

TRANSFER(read, (int fd, void *buffer, size_t count), (fd, buffer, count), (fd, buffer, 1))
TRANSFER(write, (int fd, const void *buffer, size_t count), (fd, buffer, count), (fd, buffer, 1))
TRANSFER(pread, (int fd, void *buffer, size_t count, off_t at), (fd, buffer, count, at), (fd, buffer, 1, at))
TRANSFER(pread64, (int fd, void *buffer, size_t count, off64_t at), (fd, buffer, count, at), (fd, buffer, 1, at))
TRANSFER(pwrite, (int fd, const void *buffer, size_t count, off_t at), (fd, buffer, count, at), (fd, buffer, 1, at))
TRANSFER(pwrite64, (int fd, const void *buffer, size_t count, off64_t at), (fd, buffer, count, at),
         (fd, buffer, 1, at))

#define OPEN(name, DECLARED, PATH, PASSED) \
    int name DECLARED { \
        REAL(name); \
        mode_t mode = 0; \
        if (flags & (O_CREAT | __O_TMPFILE)) { \
            va_list list; \
            va_start(list, flags); \
            mode = va_arg(list, mode_t); \
            va_end(list); \
        } \
        int todo = enter(#name, PATH, -1); \
        if (todo == FAIL) { errno = error; return -1; } \
        int result = real PASSED; \
        leave(todo); \
        return result; \
    }

OPEN(open, (const char *path, int flags, ...), path, (path, flags, mode))
OPEN(open64, (const char *path, int flags, ...), path, (path, flags, mode))
OPEN(openat, (int at, const char *path, int flags, ...), path, (at, path, flags, mode))
OPEN(openat64, (int at, const char *path, int flags, ...), path, (at, path, flags, mode))

// The program makes its own call of this number for openat2, which glibc has no function for, and others.
long syscall(long number, ...) {
    static long (*real)(long, ...);
    if (!real) real = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
    long a[6];
    va_list list;
    va_start(list, number);
    for (int i = 0; i < 6; i++) a[i] = va_arg(list, long);
    va_end(list);
    int todo = NONE;
    const char *name = number == SYS_openat2 ? "openat2" : number == SYS_renameat2 ? "renameat2"
        : number == SYS_copy_file_range ? "copy_file_range" : NULL;
    if (name) todo = enter(name, name[0] == 'c' ? NULL : (const char *)a[1], (int)a[0]);
    if (todo == FAIL) { errno = error; return -1; }
    long result = real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    leave(todo);
    return result;
}

WRAP(int, -1, mkdir, (const char *path, mode_t mode), (path, mode), path, -1)
WRAP(int, -1, mkdirat, (int at, const char *path, mode_t mode), (at, path, mode), path, at)
WRAP(char *, NULL, mkdtemp, (char *path), (path), path, -1)
WRAP(int, -1, rmdir, (const char *path), (path), path, -1)
WRAP(int, -1, unlink, (const char *path), (path), path, -1)
WRAP(int, -1, unlinkat, (int at, const char *path, int flags), (at, path, flags), path, at)
WRAP(int, -1, renameat, (int from, const char *old, int to, const char *new), (from, old, to, new), new, to)
WRAP(int, -1, linkat, (int from, const char *old, int to, const char *new, int flags), (from, old, to, new, flags),
     new, to)
WRAP(int, -1, symlinkat, (const char *text, int at, const char *path), (text, at, path), path, at)
WRAP(ssize_t, -1, readlinkat, (int at, const char *path, char *buffer, size_t count), (at, path, buffer, count), path,
     at)
WRAP(int, -1, fchmod, (int fd, mode_t mode), (fd, mode), NULL, fd)
WRAP(int, -1, fchmodat, (int at, const char *path, mode_t mode, int flags), (at, path, mode, flags), path, at)
WRAP(int, -1, futimens, (int fd, const struct timespec times[2]), (fd, times), NULL, fd)
WRAP(int, -1, utimensat, (int at, const char *path, const struct timespec times[2], int flags),
     (at, path, times, flags), path, at)
WRAP(int, -1, ftruncate, (int fd, off_t size), (fd, size), NULL, fd)
WRAP(int, -1, ftruncate64, (int fd, off64_t size), (fd, size), NULL, fd)
WRAP(int, -1, fsync, (int fd), (fd), NULL, fd)
WRAP(int, -1, fdatasync, (int fd), (fd), NULL, fd)
WRAP(int, -1, syncfs, (int fd), (fd), NULL, fd)
WRAP(int, -1, sync_file_range, (int fd, off64_t at, off64_t count, unsigned flags), (fd, at, count, flags), NULL, fd)

int close(int fd) { // the descriptor is gone even if this fails: close(2)
    REAL(close);
    int todo = enter("close", NULL, fd);
    int result = real(fd);
    if (todo == FAIL) { errno = error; return -1; }
    leave(todo);
    return result;
}

WRAP(int, -1, dup, (int fd), (fd), NULL, fd)
WRAP(int, -1, fstat, (int fd, struct stat *status), (fd, status), NULL, fd)
WRAP(int, -1, fstat64, (int fd, struct stat64 *status), (fd, status), NULL, fd)
WRAP(int, -1, stat, (const char *path, struct stat *status), (path, status), path, -1)
WRAP(int, -1, stat64, (const char *path, struct stat64 *status), (path, status), path, -1)
WRAP(int, -1, lstat, (const char *path, struct stat *status), (path, status), path, -1)
WRAP(int, -1, fstatat, (int at, const char *path, struct stat *status, int flags), (at, path, status, flags), path, at)
WRAP(int, -1, fstatvfs, (int fd, struct statvfs *status), (fd, status), NULL, fd)
WRAP(int, -1, access, (const char *path, int mode), (path, mode), path, -1)
WRAP(int, -1, flock, (int fd, int how), (fd, how), NULL, fd)
WRAP(off_t, -1, lseek, (int fd, off_t at, int whence), (fd, at, whence), NULL, fd)
WRAP(int, -1, pipe, (int ends[2]), (ends), NULL, -1)
WRAP(int, -1, pipe2, (int ends[2], int flags), (ends, flags), NULL, -1)
WRAP(int, -1, poll, (struct pollfd *files, nfds_t count, int time), (files, count, time), NULL, -1)
WRAP(pid_t, -1, waitpid, (pid_t child, int *status, int options), (child, status, options), NULL, -1)
// These two give the error as their result.
WRAP(int, error, posix_spawnp,
     (pid_t *child, const char *path, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attributes,
      char *const words[], char *const variables[]),
     (child, path, actions, attributes, words, variables), path, -1)
WRAP(int, error, pthread_create,
     (pthread_t *thread, const pthread_attr_t *attributes, void *(*body)(void *), void *argument),
     (thread, attributes, body, argument), NULL, -1)
WRAP(DIR *, NULL, fdopendir, (int fd), (fd), NULL, fd)
WRAP(struct dirent *, NULL, readdir, (DIR *directory), (directory), NULL, -1)
WRAP(void *, MAP_FAILED, mmap, (void *at, size_t size, int access, int flags, int fd, off_t offset),
     (at, size, access, flags, fd, offset), NULL, fd)
