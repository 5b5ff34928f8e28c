#ifdef __linux__
#define _GNU_SOURCE
#include <fcntl.h>
#endif
#include "files.h"

void tw_send_to_disk(int descriptor, int64_t offset, int64_t count) {
#ifdef __linux__
  (void)sync_file_range(descriptor, offset, count, SYNC_FILE_RANGE_WRITE);
#else
  (void)descriptor, (void)offset, (void)count;
#endif
}

int tw_open_direct(const char *path) {
#if defined(__linux__) && defined(O_DIRECT)
  return open(path, O_WRONLY | O_DIRECT | O_CLOEXEC);
#else
  (void)path;
  return -1;
#endif
}
