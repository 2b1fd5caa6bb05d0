// Lets the calls of a program that change, or read, files below a folder fail, one or all from one on.
//
//     gcc -O2 -shared -fPIC -o faults.so faults.c
//     LD_PRELOAD=./faults.so FAULTS_DIR=/run/dir FAULTS_LOG=log FAULTS_AT=17 FAULTS_ERRNO=28 program
//
// FAULTS_DIR     paths at and below it count, those at and below FAULTS_BUT do not; without links
// FAULTS_AT      the call that fails, from 1; 0 for none
// FAULTS_ERRNO   what it says; 0 for a program that is killed before it
// FAULTS_ON      if set, all later ones fail too, but for removing: a disk that stays full can be emptied
// FAULTS_READS   if set, it is opening, reading, listing and asking that counts and fails, not changing
// FAULTS_LOG     gets a line a call: number, system call, path, and ! if it failed
//
// The first write that fails lets half of its bytes through.
//
// The kernel hands the calls over (seccomp, SIGSYS), so that none is missed that goes round the C library.
// Linux on x86-64.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define PASS 0x6b6f6cUL // As a sixth argument, which none of these calls has: not handed over again

static const char *dir, *but;
static long at, count;
static int error, on, reads, log_fd = -1;
enum { FD, PATH, AT_PATH }; // Where the path of a call is
static const struct { int number, place, read; const char *name; } calls[] = {
    {SYS_openat, AT_PATH, 2, "open"},      {SYS_open, PATH, 2, "open"},
    {SYS_write, FD, 0, "write"},           {SYS_pwrite64, FD, 0, "pwrite"},
    {SYS_writev, FD, 0, "writev"},         {SYS_fsync, FD, 0, "fsync"},
    {SYS_fdatasync, FD, 0, "fdatasync"},   {SYS_ftruncate, FD, 0, "ftruncate"},
    {SYS_rename, PATH, 0, "rename"},       {SYS_renameat, AT_PATH, 0, "rename"},
    {SYS_renameat2, AT_PATH, 0, "rename"}, {SYS_mkdir, PATH, 0, "mkdir"},
    {SYS_mkdirat, AT_PATH, 0, "mkdir"},    {SYS_unlink, PATH, 0, "unlink"},
    {SYS_unlinkat, AT_PATH, 0, "unlink"},  {SYS_rmdir, PATH, 0, "rmdir"},
    {SYS_read, FD, 1, "read"},             {SYS_pread64, FD, 1, "pread"},
    {SYS_getdents64, FD, 1, "list"},       {SYS_statx, AT_PATH, 1, "stat"},
    {SYS_newfstatat, AT_PATH, 1, "stat"},
};
#define CALLS (sizeof calls / sizeof *calls)

static long pass(long n, const greg_t *r) {
    long result = syscall(n, r[REG_RDI], r[REG_RSI], r[REG_RDX], r[REG_R10], r[REG_R8], PASS);
    return result < 0 ? -errno : result;
}

static int below(const char *path, const char *folder) {
    size_t length = folder ? strlen(folder) : 0;
    return length && !strncmp(path, folder, length) && (path[length] == '/' || !path[length]);
}

// The path of a call: of its file, or as it was given, behind the folder that it is relative to.
static void path_of(int place, const greg_t *r, char *path) {
    const char *given = place == FD ? "" : (const char *)(place == PATH ? r[REG_RDI] : r[REG_RSI]);
    long length = 0;
    if (!given) given = ""; // std asks whether there is a statx at all.
    if (*given != '/') {
        char link[64];
        if (place == PATH || (place == AT_PATH && (int)r[REG_RDI] == AT_FDCWD)) strcpy(link, "/proc/self/cwd");
        else snprintf(link, sizeof link, "/proc/self/fd/%d", (int)r[REG_RDI]);
        length = readlink(link, path, PATH_MAX);
        length = length < 0 ? 0 : length;
    }
    snprintf(path + length, PATH_MAX - length, "%s%s", length && *given ? "/" : "", given);
}

static void on_call(int signal, siginfo_t *info, void *context) {
    greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;
    int saved = errno;
    long number = info->si_syscall;
    char path[PATH_MAX + 64] = "", line[PATH_MAX + 128];
    (void)signal;
    for (size_t i = 0; i < CALLS; i++) {
        if (calls[i].number != number) continue;
        path_of(calls[i].place, r, path);
        int flags = (int)(number == SYS_open ? r[REG_RSI] : r[REG_RDX]), read = calls[i].read;
        if (read == 2) read = (flags & O_ACCMODE) == O_RDONLY && !(flags & O_CREAT);
        if (read != reads || !below(path, dir) || below(path, but)) break;
        long k = __atomic_add_fetch(&count, 1, __ATOMIC_SEQ_CST);
        int removes = number == SYS_unlink || number == SYS_unlinkat || number == SYS_rmdir;
        int fails = at && (k == at || (on && k > at && !removes));
        int length = snprintf(line, sizeof line, "%ld %s %s%s\n", k, calls[i].name, path, fails ? " !" : "");
        syscall(SYS_write, log_fd, line, length, 0, 0, PASS);
        if (!fails) break;
        if (!error) kill(getpid(), SIGKILL);
        if (number == SYS_write && k == at) { r[REG_RDX] /= 2; pass(number, r); }
        r[REG_RAX] = -error;
        errno = saved;
        return;
    }
    r[REG_RAX] = pass(number, r);
    errno = saved;
}

__attribute__((constructor)) static void start(void) {
    struct sock_filter filter[CALLS + 7];
    size_t n = 0;
    dir = getenv("FAULTS_DIR");
    but = getenv("FAULTS_BUT");
    if (!dir || !getenv("FAULTS_LOG")) return;
    at = atol(getenv("FAULTS_AT") ?: "0");
    error = atoi(getenv("FAULTS_ERRNO") ?: "28");
    on = getenv("FAULTS_ON") != NULL;
    reads = getenv("FAULTS_READS") != NULL;
    log_fd = open(getenv("FAULTS_LOG"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    struct sigaction action = {.sa_sigaction = on_call, .sa_flags = SA_SIGINFO | SA_NODEFER | SA_RESTART};
    sigaction(SIGSYS, &action, NULL);
    filter[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[5]));
    filter[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PASS, CALLS + 1, 0);
    filter[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (size_t i = 0; i < CALLS; i++)
        filter[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[i].number, CALLS - i, 0);
    filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP);
    struct sock_fprog program = {.len = n, .filter = filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) {
        perror("faults");
        _exit(99);
    }
}
