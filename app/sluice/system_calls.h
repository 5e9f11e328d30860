// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// System calls: the lists that the process's threads are held to.
///
/// Shape    Names as libseccomp knows them; one that an architecture lacks is passed over.

#include <array>
#include <string_view>

namespace sluice::app {

/// No thread of a running gateway has a use for these.
inline constexpr std::array<std::string_view, 50> kForbidden{
    // Other programs, and other processes.
    "execve", "execveat", "fork", "vfork", "ptrace", "process_vm_readv", "process_vm_writev",
    "process_madvise", "pidfd_open", "pidfd_getfd", "pidfd_send_signal", "kcmp", "kill", "tkill",
    "rt_sigqueueinfo", "rt_tgsigqueueinfo",
    // Name spaces and mounts.
    "setns", "unshare", "mount", "umount2", "pivot_root", "chroot", "move_mount", "open_tree",
    "fsopen", "fsmount", "fsconfig", "fspick", "mount_setattr", "open_by_handle_at",
    // The kernel itself.
    "init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load", "reboot",
    "swapon", "swapoff", "userfaultfd", "perf_event_open", "io_uring_setup", "iopl", "ioperm",
    "personality",
    // Keys, clocks, accounts.
    "add_key", "keyctl", "request_key", "clock_settime", "settimeofday", "acct"};

/// A worker polls its ports, wakes other threads, and sleeps.
inline constexpr std::array<std::string_view, 45> kWorkerCalls{
    // Ports: packet, XDP and tap sockets, event descriptors of memif and vhost.
    "read", "write", "readv", "writev", "recvfrom", "recvmsg", "recvmmsg", "sendto", "sendmsg",
    "sendmmsg", "ioctl", "poll", "ppoll", "select", "pselect6", "epoll_wait", "epoll_pwait",
    "epoll_ctl", "getsockopt", "setsockopt",
    // Time and other threads.
    "nanosleep", "clock_nanosleep", "clock_gettime", "gettimeofday", "futex", "sched_yield",
    "getcpu", "gettid", "getpid", "membarrier", "set_robust_list", "rseq", "restart_syscall",
    "rt_sigreturn", "rt_sigprocmask", "rt_sigaction",
    // Memory that the C library takes and gives back.
    "munmap", "mremap", "madvise", "brk",
    // The end.
    "exit", "exit_group", "sigaltstack", "close", "getrandom"};

/// A thread of the control socket does that, too, and takes clients, and makes the threads that
/// walk the flow table; these ask what CPUs there are. What depends on arguments is in
/// privilege.cc.
inline constexpr std::array<std::string_view, 37> kBackgroundCalls{"accept",
                                                                   "accept4",
                                                                   "shutdown",
                                                                   "getsockname",
                                                                   "getpeername",
                                                                   "fcntl",
                                                                   "dup",
                                                                   "dup3",
                                                                   "pipe2",
                                                                   "eventfd2",
                                                                   "newfstatat",
                                                                   "fstat",
                                                                   "stat",
                                                                   "lstat",
                                                                   "statx",
                                                                   "fstatfs",
                                                                   "statfs",
                                                                   "lseek",
                                                                   "pread64",
                                                                   "readlink",
                                                                   "readlinkat",
                                                                   "access",
                                                                   "faccessat",
                                                                   "faccessat2",
                                                                   "getdents64",
                                                                   "getcwd",
                                                                   "sched_getaffinity",
                                                                   "sched_setaffinity",
                                                                   "sched_getparam",
                                                                   "sched_setscheduler",
                                                                   "setpriority",
                                                                   "sched_getscheduler",
                                                                   "prctl",
                                                                   "sysinfo",
                                                                   "uname",
                                                                   "getuid",
                                                                   "geteuid"};

}  // namespace sluice::app
