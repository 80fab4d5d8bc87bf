// SQLite: the index of an archive.
#include <sqlite3.h>
