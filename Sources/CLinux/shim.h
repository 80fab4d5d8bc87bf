// System calls of Linux that the C library declares for GNU sources only, which Swift's Glibc module is not.
#include <stdint.h>

// syncfs(2)
extern int syncfs(int descriptor);

// sync_file_range(2)
extern int sync_file_range(int descriptor, int64_t offset, int64_t count, unsigned int flags);
#define SYNC_FILE_RANGE_WRITE 2
