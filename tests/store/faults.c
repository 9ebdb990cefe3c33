/* Preloaded into a test process: counts the changes it makes to files below one folder, writes them
   down, and at a chosen one kills the process or says that the disk is full. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { RECORD, KILL, KILL_TORN, FULL_ONCE, FULL };

static char folder[PATH_MAX];
static long count, at = -1;
static int kind, record = -1;

/* log: a file that takes every change, or an empty path. */
void fault_arm(const char *watched, long nth, int what, const char *log) {
  snprintf(folder, sizeof folder, "%s", watched);
  count = 0;
  at = nth;
  kind = what;
  record = log[0] ? (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_TRUNC, 0600) : -1;
}

long fault_count(void) { return count; }

/* The folder itself and what lies below it, but not SQLite's shared memory, which no one keeps. */
static int watched_path(const char *path) {
  size_t length = strlen(path), start = strlen(folder);
  if (!start || strncmp(path, folder, start) || (path[start] && path[start] != '/')) return 0;
  return length < 4 || strcmp(path + length - 4, "-shm");
}

static int watched_handle(int handle, char *path) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", handle);
  ssize_t length = readlink(link, path, PATH_MAX - 1);
  path[length < 0 ? 0 : length] = 0;
  return watched_path(path);
}

static void note(char what, const char *path, const char *other, off_t offset, const void *data,
                 size_t size) {
  if (record < 0) return;
  char head[2 * PATH_MAX + 64];
  int length = snprintf(head, sizeof head, "%c\t%s\t%s\t%lld\t%zu\n", what, path, other,
                        (long long)offset, size);
  syscall(SYS_write, record, head, (size_t)length);
  if (size) syscall(SYS_write, record, data, size);
}

/* 1 where this change must fail as on a full disk; may not return at all. */
static int strike(int handle, const void *data, size_t size, off_t offset) {
  long number = count++;
  if (at < 0 || number < at) return 0;
  if (number == at && kind == KILL_TORN && size > 1)
    syscall(SYS_pwrite64, handle, data, size / 2, offset);
  if (number == at && (kind == KILL || kind == KILL_TORN)) raise(SIGKILL);
  int full = kind == FULL || (kind == FULL_ONCE && number == at);
  if (full && data) errno = ENOSPC;
  return full && data;
}

ssize_t pwrite64(int handle, const void *data, size_t size, off64_t offset) {
  char path[PATH_MAX];
  if (watched_handle(handle, path)) {
    if (strike(handle, data, size, offset)) return -1;
    note('W', path, "", offset, data, size);
  }
  return syscall(SYS_pwrite64, handle, data, size, offset);
}

ssize_t pwrite(int handle, const void *data, size_t size, off_t offset) {
  return pwrite64(handle, data, size, offset);
}

ssize_t write(int handle, const void *data, size_t size) {
  char path[PATH_MAX];
  if (watched_handle(handle, path)) {
    off_t offset = lseek(handle, 0, SEEK_CUR);
    if (strike(handle, data, size, offset)) return -1;
    note('W', path, "", offset, data, size);
  }
  return syscall(SYS_write, handle, data, size);
}

int ftruncate64(int handle, off64_t size) {
  char path[PATH_MAX];
  if (watched_handle(handle, path)) {
    strike(handle, NULL, 0, 0);
    note('T', path, "", size, NULL, 0);
  }
  return (int)syscall(SYS_ftruncate, handle, size);
}

int ftruncate(int handle, off_t size) { return ftruncate64(handle, size); }

static int sync_handle(int handle, long number) {
  char path[PATH_MAX];
  if (watched_handle(handle, path)) {
    strike(handle, NULL, 0, 0);
    note('S', path, "", 0, NULL, 0);
  }
  return (int)syscall(number, handle);
}

int fsync(int handle) { return sync_handle(handle, SYS_fsync); }
int fdatasync(int handle) { return sync_handle(handle, SYS_fdatasync); }

int rename(const char *from, const char *to) {
  if (watched_path(from)) {
    strike(-1, NULL, 0, 0);
    note('R', from, to, 0, NULL, 0);
  }
  return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int unlink(const char *path) {
  if (watched_path(path)) {
    strike(-1, NULL, 0, 0);
    note('U', path, "", 0, NULL, 0);
  }
  return (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

static int open_watched(const char *path, int flags, mode_t mode) {
  if ((flags & (O_CREAT | O_TRUNC)) && watched_path(path)) {
    struct stat found;
    int there = !stat(path, &found);
    if ((flags & O_CREAT && !there) || (flags & O_TRUNC && found.st_size)) {
      strike(-1, NULL, 0, 0);
      note(there ? 'T' : 'C', path, "", 0, NULL, 0);
    }
  }
  return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

#define OPEN(name)                                                          \
  int name(const char *path, int flags, ...) {                              \
    va_list rest;                                                           \
    va_start(rest, flags);                                                  \
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
    va_end(rest);                                                           \
    return open_watched(path, flags, mode);                                 \
  }
OPEN(open)
OPEN(open64)
