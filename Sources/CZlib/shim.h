// zlib: deflate and gzip.
#include <zlib.h>
