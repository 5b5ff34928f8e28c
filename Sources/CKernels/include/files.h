// What the operating system offers for files beyond POSIX.
#ifndef TW_FILES_H
#define TW_FILES_H

#include <stdint.h>

/// Begins writing a range of a file from the page cache to the disk and returns at once; does nothing where the
/// system has no call for it. Durability still takes an fsync, which then finds little left to do.
void tw_send_to_disk(int descriptor, int64_t offset, int64_t count);

/// Addresses, offsets and counts of writes past the page cache are multiples of this.
#define TW_DIRECT_ALIGNMENT 4096
/// Opens an existing file for writing past the page cache; -1 where the system or the file system cannot do it.
int tw_open_direct(const char *path);

#endif
