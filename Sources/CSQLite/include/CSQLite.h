/// SQLite's C interface, for the journal of searches.
#include <sqlite3.h>
