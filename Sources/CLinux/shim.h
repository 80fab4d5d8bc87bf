// What the C library declares for GNU sources only, or in headers that Swift's Glibc module leaves out.
#include <stdint.h>

// syncfs(2)
extern int syncfs(int descriptor);

// sync_file_range(2)
extern int sync_file_range(int descriptor, int64_t offset, int64_t count, unsigned int flags);
#define SYNC_FILE_RANGE_WRITE 2

// fallocate(2)
extern int fallocate(int descriptor, int mode, int64_t offset, int64_t count);
#define FALLOC_FL_KEEP_SIZE 1
#define FALLOC_FL_PUNCH_HOLE 2

// renameat2(2)
extern int renameat2(int from, const char *old, int to, const char *new, unsigned int flags);
#define RENAME_EXCHANGE (1 << 1)

// pipe2(2)
extern int pipe2(int ends[2], int flags);

// mallopt(3)
extern int mallopt(int parameter, int value);
#define M_MMAP_THRESHOLD (-3)

// memfd_create(2)
extern int memfd_create(const char *name, unsigned int flags);
#define MFD_CLOEXEC 1U

// lseek(2)
#define SEEK_DATA 3
