// SPDX-License-Identifier: BSD-3-Clause
#include "sluice/privilege.h"

#include "catch.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <initializer_list>
#include <iterator>
#include <linux/seccomp.h>
#include <new>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace privilege_test {

using namespace sluice;
using namespace sluice::app;

namespace {

/// Who is held to a filter, as bits of who may make a call.
enum Confined : unsigned {
    kProcess = 1,  ///< The control core, and who else has no filter but the process's.
    kWorker = 2,
    kBackground = 4,
    kFlowLog = 8,
    kFileLog = 16,
    kReload = 32,
    kPair = 64,
};
constexpr unsigned kNobody = 0;
constexpr unsigned kAll = 127;
constexpr unsigned kAllButWorkers = kAll & ~kWorker;

Status no_further() {
    return Done{};
}

struct Way {
    const char* name;
    unsigned bit;
    Status (*confine)();
};
constexpr Way kWays[] = {
    {"process", kProcess, no_further},
    {"worker", kWorker, confine_worker},
    {"background", kBackground, confine_background},
    {"flow log", kFlowLog, confine_flow_log},
    {"file log", kFileLog, confine_file_log},
    {"reload", kReload, confine_reload},
    {"pair", kPair, confine_pair},
};

// Each makes one call that harms nobody, and returns what syscall() does.
long new_program() {
    return syscall(SYS_execve, "/nonexistent/program", nullptr, nullptr);
}
long new_process() {
    const long child = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (child == 0)
        _exit(0);
    return child > 0 ? waitpid(static_cast<pid_t>(child), nullptr, 0) : child;
}
template <int kFamily>
long new_socket() {
    return syscall(SYS_socket, kFamily, SOCK_DGRAM, 0);
}
template <long kNumber>
long on_no_socket() {
    return syscall(kNumber, -1, nullptr, 0);
}
template <int kFlags>
long open_file() {
    return syscall(SYS_openat, AT_FDCWD, "/dev/null", kFlags, 0600);
}
template <int kProtection>
long map_memory() {
    return syscall(SYS_mmap, nullptr, 4096, kProtection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}
long make_code() {
    const long page = map_memory<PROT_READ | PROT_WRITE>();
    return page < 0 ? page : syscall(SYS_mprotect, page, 4096, PROT_READ | PROT_EXEC);
}
long signal_itself() {
    return syscall(SYS_tgkill, getpid(), gettid(), 0);
}
long signal_parent() {
    return syscall(SYS_tgkill, getppid(), getppid(), 0);
}
long kill_parent() {
    return syscall(SYS_kill, getppid(), 0);
}
long limits_of_parent() {
    rlimit limits{};
    return syscall(SYS_prlimit64, getppid(), RLIMIT_NOFILE, nullptr, &limits);
}
long own_limits() {
    rlimit limits{};
    return syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, nullptr, &limits);
}
/// With bits that the kernel passes over.
long type_for_the_shell() {
    return syscall(SYS_ioctl, -1, uint64_t{1} << 32 | TIOCSTI, "");
}
long look_at_ports() {
    return syscall(SYS_ioctl, -1, FIONREAD, nullptr);
}
long filter_further() {
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, nullptr);
}

struct Call {
    const char* name;
    long (*make)();
    unsigned may;  ///< Who may make it; to others it is refused.
};
constexpr Call kCalls[] = {
    {"a program", new_program, kNobody},
    {"a process", new_process, kNobody},
    {"an IPv4 socket", new_socket<AF_INET>, kProcess | kFlowLog | kReload | kPair},
    {"a socket of this machine", new_socket<AF_UNIX>, kProcess | kFlowLog | kReload},
    {"another socket", new_socket<AF_NETLINK>, kProcess},
    {"connect", on_no_socket<SYS_connect>, kProcess | kFlowLog | kReload | kPair},
    {"bind", on_no_socket<SYS_bind>, kProcess | kPair},
    {"listen", on_no_socket<SYS_listen>, kProcess},
    {"accept", on_no_socket<SYS_accept>, kAllButWorkers},
    {"send", on_no_socket<SYS_sendmsg>, kAll},
    {"read a file", open_file<O_RDONLY>, kAllButWorkers},
    {"write a file", open_file<O_WRONLY>, kProcess},
    {"make a file", open_file<O_WRONLY | O_CREAT>, kProcess},
    {"append to a file", open_file<O_WRONLY | O_CREAT | O_APPEND>, kProcess | kFileLog | kReload},
    {"empty a file", open_file<O_RDONLY | O_TRUNC>, kProcess},
    {"memory", map_memory<PROT_READ | PROT_WRITE>, kAll},
    {"code", map_memory<PROT_READ | PROT_EXEC>, kProcess},
    {"code to write", map_memory<PROT_WRITE | PROT_EXEC>, kNobody},
    {"code of what was written", make_code, kNobody},
    {"a signal to itself", signal_itself, kAll},
    {"a signal to another process's thread", signal_parent, kNobody},
    {"a signal to another process", kill_parent, kNobody},
    {"its own limits", own_limits, kAllButWorkers},
    {"another process's limits", limits_of_parent, kNobody},
    {"ioctl", look_at_ports, kAll},
    {"a character for the terminal", type_for_the_shell, kNobody},
    {"a filter", filter_further, kProcess | kReload},
};
constexpr size_t kCallCount = std::size(kCalls);

/// What comes of each call, its errno or 0, in a process of its own that is confined by these, one
/// after the other.
struct Outcomes {
    bool is_confined = false;
    std::array<int, kCallCount> error{};
};

Outcomes outcomes(std::initializer_list<Status (*)()> steps) {
    void* const memory =
        mmap(nullptr, sizeof(Outcomes), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    REQUIRE(memory != MAP_FAILED);
    auto* const shared = new (memory) Outcomes;
    const pid_t child = fork();
    if (child == 0) {
        shared->is_confined =
            std::all_of(steps.begin(), steps.end(), [](auto step) { return step().ok(); });
        for (size_t i = 0; i < kCallCount; ++i)
            shared->error[i] = kCalls[i].make() < 0 ? errno : 0;
        _exit(0);
    }
    REQUIRE(child > 0);
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(status == 0);
    const Outcomes result = *shared;
    munmap(memory, sizeof(Outcomes));
    return result;
}

}  // namespace

TEST_CASE("privilege: each kind of thread makes the calls of its list, and no other", "[sluice]") {
    for (const Way& way : kWays) {
        CAPTURE(way.name);
        const Outcomes result = outcomes({forbid_new_privileges, filter_process, way.confine});
        REQUIRE(result.is_confined);
        for (size_t i = 0; i < kCallCount; ++i) {
            CAPTURE(kCalls[i].name, result.error[i]);
            CHECK((result.error[i] != EPERM) == ((kCalls[i].may & way.bit) != 0));
        }
    }
}

TEST_CASE("privilege: who is not confined is refused none of these calls", "[sluice]") {
    const Outcomes result = outcomes({});
    for (size_t i = 0; i < kCallCount; ++i) {
        CAPTURE(kCalls[i].name, result.error[i]);
        CHECK(result.error[i] != EPERM);
    }
}

}  // namespace privilege_test
