/* Kills the process at its N-th change of the outer world, or fails that change (LD_PRELOAD).
 *
 * Counted are, in order of entry and over all threads: write, writev, pwrite, pwrite64, fsync,
 * fdatasync, ftruncate, ftruncate64, rename, renameat, link, unlink, unlinkat on regular files, and
 * write, writev, send, sendto, sendmsg, sendmmsg on sockets. File descriptors 0 to 2 (the log),
 * pipes and event descriptors do not count.
 *
 *   CHORALE_CRASH_AT=N       point at which to raise SIGKILL; 0 or unset: only count
 *   CHORALE_CRASH_WHEN=W     before (default), after, or torn: half of a file write is done; failed:
 *                            no SIGKILL, the call is not made and returns -1 with EIO
 *   CHORALE_CRASH_COUNT=F    file that is mapped and holds the count so far and, by kind, the
 *                            counts of the calls (native 64-bit numbers, see enum kind)
 *
 * Plain C11 and libc only; built without sanitizers.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { TOTAL, WRITE, SYNC, TRUNCATE, RENAME, UNLINK, SEND, KINDS };
enum moment { BEFORE, AFTER, TORN, FAILED };

static _Atomic uint64_t private_counts[KINDS];
static _Atomic uint64_t *counts = private_counts;
static uint64_t crash_at;
static enum moment crash_when;
static _Atomic int is_set_up;

/* The real functions. Not taken before the first call, since constructors may call us. */
#define REAL(name) \
    static __typeof__(name) *real; \
    if (real == NULL) { \
        real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name); \
    }

static void set_up(void) {
    if (atomic_exchange(&is_set_up, 1)) {
        return;
    }
    const char *at = getenv("CHORALE_CRASH_AT");
    const char *when = getenv("CHORALE_CRASH_WHEN");
    const char *file = getenv("CHORALE_CRASH_COUNT");
    crash_at = at != NULL ? strtoull(at, NULL, 10) : 0;
    crash_when = when == NULL              ? BEFORE
                 : !strcmp(when, "after")  ? AFTER
                 : !strcmp(when, "torn")   ? TORN
                 : !strcmp(when, "failed") ? FAILED
                                           : BEFORE;
    if (file != NULL) {
        int descriptor = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (descriptor >= 0) {
            /* posix_fallocate, as ftruncate is one of ours. */
            if (posix_fallocate(descriptor, 0, sizeof(private_counts)) == 0) {
                void *area = mmap(NULL, sizeof(private_counts), PROT_READ | PROT_WRITE, MAP_SHARED,
                                  descriptor, 0);
                if (area != MAP_FAILED) {
                    memset(area, 0, sizeof(private_counts));
                    counts = area;
                }
            }
            close(descriptor);
        }
    }
}

__attribute__((constructor)) static void begin(void) { set_up(); }

static void die(void) {
    kill(getpid(), SIGKILL);
    for (;;) {
        pause();
    }
}

/* What this descriptor is to us: SEND for sockets, WRITE for files, TOTAL for neither. */
static enum kind kind_of(int descriptor) {
    struct stat status;
    int saved = errno;
    enum kind kind = TOTAL;
    if (descriptor > 2 && fstat(descriptor, &status) == 0) {
        kind = S_ISSOCK(status.st_mode) ? SEND : S_ISREG(status.st_mode) ? WRITE : TOTAL;
    }
    errno = saved;
    return kind;
}

/* Counts one point; true if the process has to die at it (and did, if "before"), or the call to fail. */
static int reached(enum kind kind) {
    set_up();
    atomic_fetch_add(&counts[kind], 1);
    uint64_t point = atomic_fetch_add(&counts[TOTAL], 1) + 1;
    if (crash_at == 0 || point != crash_at) {
        return 0;
    }
    if (crash_when == BEFORE) {
        die();
    }
    return 1;
}

static size_t whole_or_half(int dying, size_t size) {
    return dying && crash_when == TORN ? size / 2 : size;
}

#define COUNTED(kind, call, result_type) \
    int dying = (kind) != TOTAL && reached(kind); \
    if (dying && crash_when == FAILED) { \
        errno = EIO; \
        return -1; \
    } \
    result_type result = (call); \
    if (dying) { \
        die(); \
    } \
    return result;

ssize_t write(int descriptor, const void *octets, size_t size) {
    REAL(write)
    enum kind kind = kind_of(descriptor);
    COUNTED(kind, real(descriptor, octets, whole_or_half(dying && kind == WRITE, size)), ssize_t)
}

ssize_t pwrite(int descriptor, const void *octets, size_t size, off_t offset) {
    REAL(pwrite)
    enum kind kind = kind_of(descriptor);
    COUNTED(kind, real(descriptor, octets, whole_or_half(dying, size), offset), ssize_t)
}

ssize_t pwrite64(int descriptor, const void *octets, size_t size, off64_t offset) {
    REAL(pwrite64)
    enum kind kind = kind_of(descriptor);
    COUNTED(kind, real(descriptor, octets, whole_or_half(dying, size), offset), ssize_t)
}

ssize_t writev(int descriptor, const struct iovec *parts, int count) {
    REAL(writev)
    COUNTED(kind_of(descriptor), real(descriptor, parts, count), ssize_t)
}

int fsync(int descriptor) {
    REAL(fsync)
    COUNTED(SYNC, real(descriptor), int)
}

int fdatasync(int descriptor) {
    REAL(fdatasync)
    COUNTED(SYNC, real(descriptor), int)
}

int ftruncate(int descriptor, off_t size) {
    REAL(ftruncate)
    COUNTED(TRUNCATE, real(descriptor, size), int)
}

int ftruncate64(int descriptor, off64_t size) {
    REAL(ftruncate64)
    COUNTED(TRUNCATE, real(descriptor, size), int)
}

int rename(const char *from, const char *to) {
    REAL(rename)
    COUNTED(RENAME, real(from, to), int)
}

int link(const char *from, const char *to) {
    REAL(link)
    COUNTED(RENAME, real(from, to), int)
}

int renameat(int from_folder, const char *from, int to_folder, const char *to) {
    REAL(renameat)
    COUNTED(RENAME, real(from_folder, from, to_folder, to), int)
}

int unlink(const char *path) {
    REAL(unlink)
    COUNTED(UNLINK, real(path), int)
}

int unlinkat(int folder, const char *path, int flags) {
    REAL(unlinkat)
    COUNTED(UNLINK, real(folder, path, flags), int)
}

ssize_t send(int descriptor, const void *octets, size_t size, int flags) {
    REAL(send)
    COUNTED(SEND, real(descriptor, octets, size, flags), ssize_t)
}

ssize_t sendto(int descriptor, const void *octets, size_t size, int flags,
               const struct sockaddr *to, socklen_t length) {
    REAL(sendto)
    COUNTED(SEND, real(descriptor, octets, size, flags, to, length), ssize_t)
}

ssize_t sendmsg(int descriptor, const struct msghdr *message, int flags) {
    REAL(sendmsg)
    COUNTED(SEND, real(descriptor, message, flags), ssize_t)
}

int sendmmsg(int descriptor, struct mmsghdr *messages, unsigned count, int flags) {
    REAL(sendmmsg)
    COUNTED(SEND, real(descriptor, messages, count, flags), int)
}
