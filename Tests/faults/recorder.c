// Records what a program changes on the disk, in the order in which it does it. Load it with LD_PRELOAD:
//
//   CACHESTORE_RECORD=FILE   writes a line per call that changed something, or that wrote to the disk what
//                            had changed; the bytes of all writes go to FILE.data, one after the other
//
// A file or directory is named by its inode. In a path, `%` and bytes that are no letters are written as %XX.
// The changing calls of all threads are made one at a time, so the order of the lines is the order of the
// calls. The program's children are not recorded.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { PATH = 3 * 4096 };

static pthread_mutex_t order = PTHREAD_MUTEX_INITIALIZER;
static int lines = -1, data = -1;
static long written; // the length of the file of data

static int outOfTheWay(const char *path) { // a descriptor that the program will not get
    int low = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (low < 0) { perror(path); _exit(99); }
    int high = (int)syscall(SYS_fcntl, low, F_DUPFD_CLOEXEC, 300);
    if (high < 0) return low;
    syscall(SYS_close, low);
    return high;
}

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("CACHESTORE_RECORD");
    if (path) {
        char name[4096];
        snprintf(name, sizeof name, "%s.data", path);
        lines = outOfTheWay(path);
        data = outOfTheWay(name);
    }
    unsetenv("LD_PRELOAD");
    unsetenv("CACHESTORE_RECORD");
}

#define REAL(name) \
    static __typeof__(&name) real; \
    if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

// ---------------------------------------------------------------- lines

static void note(const char *format, ...) {
    char line[2 * PATH + 256];
    va_list list;
    va_start(list, format);
    int count = vsnprintf(line, sizeof line, format, list);
    va_end(list);
    if (count < 0 || count >= (int)sizeof line || syscall(SYS_write, lines, line, (size_t)count) != count) _exit(99);
}

static const char *place(int at, const char *path, char *result) { // the whole path, with %XX
    char whole[4096], link[64];
    size_t length = 0;
    if (path[0] != '/') {
        snprintf(link, sizeof link, at == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", at);
        long got = syscall(SYS_readlink, link, whole, sizeof whole - 1);
        if (got < 0) _exit(99);
        length = (size_t)got;
        whole[length++] = '/';
    }
    if (length + strlen(path) >= sizeof whole) _exit(99);
    strcpy(whole + length, path);
    char *end = result;
    for (const unsigned char *c = (const unsigned char *)whole; *c; c++)
        end += *c > ' ' && *c < 127 && *c != '%' ? sprintf(end, "%c", *c) : sprintf(end, "%%%02X", *c);
    return result;
}

static unsigned long inode(int at, const char *path) { // of what has the path, or 0
    struct stat status;
    return syscall(SYS_newfstatat, at, path, &status, AT_SYMLINK_NOFOLLOW) ? 0 : status.st_ino;
}

static int isFile(int fd, struct stat *status) {
    return !syscall(SYS_fstat, fd, status) && S_ISREG(status->st_mode);
}

static void noteWrite(int fd, const void *bytes, long count, long at) {
    struct stat status;
    if (count <= 0 || !isFile(fd, &status)) return;
    for (long done = 0; done < count;) {
        long got = syscall(SYS_write, data, (const char *)bytes + done, (size_t)(count - done));
        if (got <= 0) _exit(99);
        done += got;
    }
    note("write %lu %ld %ld %ld\n", status.st_ino, at, count, written);
    written += count;
}

static void noteCopy(int fd, long count, long at) { // what the system has copied to a file
    char buffer[65536];
    while (count > 0) {
        long got = syscall(SYS_pread64, fd, buffer, count < (long)sizeof buffer ? count : (long)sizeof buffer, at);
        if (got <= 0) { note("unknown copy\n"); return; } // the file is open for writing only
        noteWrite(fd, buffer, got, at);
        count -= got;
        at += got;
    }
}

static void noteOpen(int fd, int at, const char *path, int flags, int wasThere) {
    struct stat status;
    char text[PATH];
    if (!isFile(fd, &status)) return;
    if ((flags & O_TMPFILE) == O_TMPFILE) note("nameless %lu %o\n", status.st_ino, status.st_mode & 07777);
    else if (!wasThere) note("create %lu %o %s\n", status.st_ino, status.st_mode & 07777, place(at, path, text));
    else if (flags & O_TRUNC) note("size %lu 0\n", status.st_ino);
}

static void noteFile(const char *what, int fd) {
    struct stat status;
    if (!syscall(SYS_fstat, fd, &status)) note("%s %lu\n", what, status.st_ino);
}

static void noteMode(int at, const char *path) {
    struct stat status;
    if (syscall(SYS_newfstatat, at, path, &status, path[0] ? AT_SYMLINK_NOFOLLOW : AT_EMPTY_PATH)) _exit(99);
    note("mode %lu %o\n", status.st_ino, status.st_mode & 07777);
}

static void noteTimes(int at, const char *path) {
    struct stat status;
    if (syscall(SYS_newfstatat, at, path, &status, path[0] ? AT_SYMLINK_NOFOLLOW : AT_EMPTY_PATH)) _exit(99);
    note("time %lu %ld%09ld\n", status.st_ino, status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
}

// ---------------------------------------------------------------- calls

// CHANGE defines a function that calls the real one and, if that has not FAILED, makes a NOTE of it.
#define CHANGE(RESULT, name, DECLARED, PASSED, FAILED, NOTE) \
    RESULT name DECLARED { \
        REAL(name); \
        if (lines < 0) return real PASSED; \
        pthread_mutex_lock(&order); \
        char text[PATH], other[PATH]; \
        (void)text, (void)other; \
        RESULT result = real PASSED; \
        int saved = errno; \
        if (!(FAILED)) { NOTE; } \
        pthread_mutex_unlock(&order); \
        errno = saved; \
        return result; \
    }

#define OPEN(name, DECLARED, AT, PASSED) \
    int name DECLARED { \
        REAL(name); \
        mode_t mode = 0; \
        int changes = flags & (O_CREAT | O_TRUNC | __O_TMPFILE); \
        if (changes) { \
            va_list list; \
            va_start(list, flags); \
            mode = va_arg(list, mode_t); \
            va_end(list); \
        } \
        if (lines < 0 || !changes) return real PASSED; \
        pthread_mutex_lock(&order); \
        int wasThere = inode(AT, path) != 0; \
        int result = real PASSED; \
        int saved = errno; \
        if (result >= 0) noteOpen(result, AT, path, flags, wasThere); \
        pthread_mutex_unlock(&order); \
        errno = saved; \
        return result; \
    }

OPEN(open, (const char *path, int flags, ...), AT_FDCWD, (path, flags, mode))
OPEN(open64, (const char *path, int flags, ...), AT_FDCWD, (path, flags, mode))
OPEN(openat, (int at, const char *path, int flags, ...), at, (at, path, flags, mode))
OPEN(openat64, (int at, const char *path, int flags, ...), at, (at, path, flags, mode))

// glibc 2.36 has no function for openat2, so the program makes this call by its number.
long syscall(long number, ...) {
    static long (*real)(long, ...);
    if (!real) real = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
    long a[6];
    va_list list;
    va_start(list, number);
    for (int i = 0; i < 6; i++) a[i] = va_arg(list, long);
    va_end(list);
    int flags = 0;
    if (number == SYS_openat2) flags = (int)((struct open_how *)a[2])->flags & (O_CREAT | O_TRUNC | __O_TMPFILE);
    int isOpen = flags != 0, isRename = number == SYS_renameat2;
    int isCopy = number == SYS_copy_file_range || number == SYS_sendfile || number == SYS_splice;
    if (lines < 0 || !(isOpen || isRename || isCopy)) return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    pthread_mutex_lock(&order);
    char text[PATH], other[PATH];
    int wasThere = isOpen && inode((int)a[0], (const char *)a[1]) != 0;
    long at = 0;
    if (number == SYS_copy_file_range) at = a[3] ? *(long *)a[3] : real(SYS_lseek, a[2], 0, SEEK_CUR);
    long result = real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    int saved = errno;
    if (result >= 0 && isOpen) noteOpen((int)result, (int)a[0], (const char *)a[1], flags, wasThere);
    if (result >= 0 && isRename)
        note("%s %s %s\n", a[4] & RENAME_EXCHANGE ? "exchange" : "rename",
             place((int)a[0], (const char *)a[1], text), place((int)a[2], (const char *)a[3], other));
    if (result > 0 && number == SYS_copy_file_range) noteCopy((int)a[2], result, at);
    if (result > 0 && isCopy && number != SYS_copy_file_range) note("unknown copy\n");
    pthread_mutex_unlock(&order);
    errno = saved;
    return result;
}

CHANGE(ssize_t, write, (int fd, const void *buffer, size_t count), (fd, buffer, count), result <= 0,
       noteWrite(fd, buffer, result, syscall(SYS_lseek, fd, 0, SEEK_CUR) - result))
CHANGE(ssize_t, pwrite, (int fd, const void *buffer, size_t count, off_t at), (fd, buffer, count, at), result <= 0,
       noteWrite(fd, buffer, result, at))
CHANGE(ssize_t, pwrite64, (int fd, const void *buffer, size_t count, off64_t at), (fd, buffer, count, at), result <= 0,
       noteWrite(fd, buffer, result, at))
CHANGE(ssize_t, copy_file_range, (int in, off64_t *from, int out, off64_t *to, size_t count, unsigned flags),
       (in, from, out, to, count, flags), result <= 0,
       noteCopy(out, result, (to ? *to : syscall(SYS_lseek, out, 0, SEEK_CUR)) - result))
CHANGE(int, ftruncate, (int fd, off_t size), (fd, size), result, struct stat s;
       if (isFile(fd, &s)) note("size %lu %ld\n", s.st_ino, size))
CHANGE(int, ftruncate64, (int fd, off64_t size), (fd, size), result, struct stat s;
       if (isFile(fd, &s)) note("size %lu %ld\n", s.st_ino, size))
CHANGE(int, fallocate, (int fd, int mode, off_t at, off_t count), (fd, mode, at, count), result, struct stat s;
       // A hole in a file without a name is nothing that a disk keeps.
       if (!isFile(fd, &s)) {} else if (!mode) note("size %lu %ld\n", s.st_ino, s.st_size);
       else if (s.st_nlink) note("unknown fallocate\n"))

static void noteDirectory(int at, const char *path) {
    struct stat status;
    char text[PATH];
    if (syscall(SYS_newfstatat, at, path, &status, AT_SYMLINK_NOFOLLOW)) _exit(99);
    note("mkdir %lu %o %s\n", status.st_ino, status.st_mode & 07777, place(at, path, text));
}

CHANGE(int, mkdir, (const char *path, mode_t mode), (path, mode), result, noteDirectory(AT_FDCWD, path))
CHANGE(int, mkdirat, (int at, const char *path, mode_t mode), (at, path, mode), result, noteDirectory(at, path))
CHANGE(char *, mkdtemp, (char *path), (path), !result, noteDirectory(AT_FDCWD, path))
CHANGE(int, rmdir, (const char *path), (path), result, note("remove %s\n", place(AT_FDCWD, path, text)))
CHANGE(int, unlink, (const char *path), (path), result, note("remove %s\n", place(AT_FDCWD, path, text)))
CHANGE(int, unlinkat, (int at, const char *path, int flags), (at, path, flags), result,
       note("remove %s\n", place(at, path, text)))
CHANGE(int, rename, (const char *old, const char *new), (old, new), result,
       note("rename %s %s\n", place(AT_FDCWD, old, text), place(AT_FDCWD, new, other)))
CHANGE(int, renameat, (int from, const char *old, int to, const char *new), (from, old, to, new), result,
       note("rename %s %s\n", place(from, old, text), place(to, new, other)))
CHANGE(int, renameat2, (int from, const char *old, int to, const char *new, unsigned flags),
       (from, old, to, new, flags), result,
       note("%s %s %s\n", flags & RENAME_EXCHANGE ? "exchange" : "rename", place(from, old, text),
            place(to, new, other)))
CHANGE(int, link, (const char *old, const char *new), (old, new), result,
       note("link %lu %s\n", inode(AT_FDCWD, new), place(AT_FDCWD, new, text)))
CHANGE(int, linkat, (int from, const char *old, int to, const char *new, int flags), (from, old, to, new, flags),
       result, note("link %lu %s\n", inode(to, new), place(to, new, text)))
CHANGE(int, symlinkat, (const char *target, int at, const char *path), (target, at, path), result,
       note("symlink %lu %s %s\n", inode(at, path), place(AT_FDCWD, target, other), place(at, path, text)))
CHANGE(int, fchmod, (int fd, mode_t mode), (fd, mode), result, noteMode(fd, ""))
CHANGE(int, fchmodat, (int at, const char *path, mode_t mode, int flags), (at, path, mode, flags), result,
       noteMode(at, path))
CHANGE(int, futimens, (int fd, const struct timespec times[2]), (fd, times), result, noteTimes(fd, ""))
CHANGE(int, utimensat, (int at, const char *path, const struct timespec times[2], int flags),
       (at, path, times, flags), result, noteTimes(at, path))
CHANGE(int, fsync, (int fd), (fd), result, noteFile("sync", fd))
CHANGE(int, fdatasync, (int fd), (fd), result, noteFile("datasync", fd))
CHANGE(int, syncfs, (int fd), (fd), result, note("syncall\n"))
CHANGE(int, sync_file_range, (int fd, off64_t at, off64_t count, unsigned flags), (fd, at, count, flags), result,
       noteFile("hint", fd)) // it promises nothing

// What is written through a shared map can't be recorded.
CHANGE(void *, mmap, (void *at, size_t size, int access, int flags, int fd, off_t offset),
       (at, size, access, flags, fd, offset), result == MAP_FAILED, struct stat s;
       if (fd >= 0 && (flags & 3) != MAP_PRIVATE && access & PROT_WRITE && isFile(fd, &s)) note("unknown map\n"))
CHANGE(void *, mmap64, (void *at, size_t size, int access, int flags, int fd, off64_t offset),
       (at, size, access, flags, fd, offset), result == MAP_FAILED, struct stat s;
       if (fd >= 0 && (flags & 3) != MAP_PRIVATE && access & PROT_WRITE && isFile(fd, &s)) note("unknown map\n"))

// ---------------------------------------------------------------- functions of the network library

static void refuse(const char *name) { // ends the program, whose record would be wrong
    if (lines < 0) return;
    fprintf(stderr, "the recorder does not know %s, which the program calls\n", name);
    _exit(99);
}

int remove(const char *path) {
    REAL(remove);
    refuse("remove");
    return real(path);
}

int symlink(const char *target, const char *path) {
    REAL(symlink);
    refuse("symlink");
    return real(target, path);
}

ssize_t sendfile(int to, int from, off_t *offset, size_t count) {
    REAL(sendfile);
    struct stat status;
    if (isFile(to, &status)) refuse("sendfile");
    return real(to, from, offset, count);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    REAL(writev);
    struct stat status;
    if (isFile(fd, &status)) refuse("writev");
    return real(fd, parts, count);
}
