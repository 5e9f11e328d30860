// SPDX-License-Identifier: BSD-3-Clause
#include "sluice/privilege.h"

#include "sluice/system_calls.h"

#include <rte_alarm.h>

#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <memory>
#include <mutex>
#include <sched.h>
#include <seccomp.h>
#include <span>
#include <string>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace sluice::app {
namespace {

constexpr uint64_t kNetwork = uint64_t{1} << CAP_NET_ADMIN | uint64_t{1} << CAP_NET_RAW;

Error failed(const std::string& what, int reason) {
    return Error{what + ": " + std::strerror(reason) + "; this process keeps more than it needs"};
}

/// Of this thread's capabilities, those of `kept` stay.
Status keep_capabilities(uint64_t kept) {
    __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3]{};
    if (syscall(SYS_capget, &header, sets) != 0)
        return failed("the kernel does not tell capabilities", errno);
    for (auto& set : sets) {
        set.permitted &= static_cast<uint32_t>(kept);
        set.effective &= static_cast<uint32_t>(kept);
        set.inheritable = 0;
        kept >>= 32;
    }
    // Those that an execve() would hand on; there is none any more.
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    if (syscall(SYS_capset, &header, sets) != 0)
        return failed("the kernel does not take capabilities back", errno);
    return Done{};
}

/// Runs something on EAL's interrupt thread, and waits for it.
class OnInterruptThread {
public:
    Status run(Status (*work)()) {
        work_ = work;
        if (const int error = rte_eal_alarm_set(1, call, this); error != 0)
            return failed("EAL's interrupt thread cannot be reached", -error);
        std::unique_lock lock(mutex_);
        finished_.wait(lock, [this] { return is_done_; });
        return result_;
    }

private:
    static void call(void* argument) {
        auto& self = *static_cast<OnInterruptThread*>(argument);
        Status result = self.work_();
        // Notified under the lock: the waiting thread destroys this once it has it.
        const std::lock_guard lock(self.mutex_);
        self.result_ = std::move(result);
        self.is_done_ = true;
        self.finished_.notify_one();
    }

    Status (*work_)() = nullptr;
    std::mutex mutex_;
    std::condition_variable finished_;
    bool is_done_ = false;
    Status result_ = Done{};
};

/// A filter in the making; a rule that fails is remembered.
class Filter {
public:
    explicit Filter(uint32_t otherwise) : context_(seccomp_init(otherwise), seccomp_release) {}

    void add(uint32_t action, std::span<const std::string_view> names) {
        for (const std::string_view name : names)
            if (const int number = number_of(name); number != __NR_SCMP_ERROR)
                add(action, number, {});
    }
    void add(uint32_t action, int number, std::span<const scmp_arg_cmp> conditions) {
        if (context_ == nullptr || error_ != 0)
            return;
        error_ =
            seccomp_rule_add_array(context_.get(), action, number,
                                   static_cast<unsigned>(conditions.size()), conditions.data());
    }
    /// On this thread, or on all of them.
    Status load(bool all_threads) {
        if (context_ == nullptr)
            return failed("no filter of system calls", ENOMEM);
        if (all_threads && error_ == 0)
            error_ = seccomp_attr_set(context_.get(), SCMP_FLTATR_CTL_TSYNC, 1);
        if (error_ == 0)
            error_ = seccomp_load(context_.get());
        if (error_ != 0)
            return failed("no filter of system calls", -error_);
        return Done{};
    }

private:
    static int number_of(std::string_view name) {
        return seccomp_syscall_resolve_name(std::string(name).c_str());
    }

    std::unique_ptr<void, decltype(&seccomp_release)> context_;
    int error_ = 0;
};

constexpr uint32_t kRefuse = SCMP_ACT_ERRNO(EPERM);

/// The C library makes a thread by clone3(), whose flags no filter can see, and by clone() where
/// there is none.
constexpr uint32_t kAbsent = SCMP_ACT_ERRNO(ENOSYS);

constexpr scmp_arg_cmp has_bits(unsigned argument, uint64_t mask, uint64_t value) {
    return {argument, SCMP_CMP_MASKED_EQ, mask, value};
}

/// Other processes of the same user are there, of root's as many as there may be.
void refuse_others(Filter& filter) {
    const auto own = static_cast<uint64_t>(getpid());
    filter.add(kRefuse, SCMP_SYS(tgkill), std::array{scmp_arg_cmp{0, SCMP_CMP_NE, own, 0}});
    filter.add(kRefuse, SCMP_SYS(prlimit64), std::array{scmp_arg_cmp{0, SCMP_CMP_NE, 0, 0}});
    // Nor does it type at the terminal that it was started from, where a shell may listen.
    for (const uint64_t request : {TIOCSTI, TIOCLINUX})
        filter.add(kRefuse, SCMP_SYS(ioctl), std::array{has_bits(1, UINT32_MAX, request)});
}

/// What was written is not to be run.
void refuse_new_code(Filter& filter) {
    constexpr uint64_t kBoth = PROT_WRITE | PROT_EXEC;
    filter.add(kRefuse, SCMP_SYS(mmap), std::array{has_bits(2, kBoth, kBoth)});
    for (const int number : {SCMP_SYS(mprotect), SCMP_SYS(pkey_mprotect)})
        filter.add(kRefuse, number, std::array{has_bits(2, PROT_EXEC, PROT_EXEC)});
    filter.add(kRefuse, SCMP_SYS(shmat), std::array{has_bits(2, SHM_EXEC, SHM_EXEC)});
}

/// A thread ends the process by a signal to itself (abort()).
void allow_own_signals(Filter& filter) {
    filter.add(SCMP_ACT_ALLOW, SCMP_SYS(tgkill),
               std::array{scmp_arg_cmp{0, SCMP_CMP_EQ, static_cast<uint64_t>(getpid()), 0}});
}

/// Memory may not become code.
void allow_memory(Filter& filter) {
    for (const int number : {SCMP_SYS(mmap), SCMP_SYS(mprotect)})
        filter.add(SCMP_ACT_ALLOW, number, std::array{has_bits(2, PROT_EXEC, 0)});
}

void allow_worker(Filter& filter) {
    filter.add(SCMP_ACT_ALLOW, kWorkerCalls);
    allow_own_signals(filter);
    allow_memory(filter);
}

void allow_background(Filter& filter) {
    allow_worker(filter);
    filter.add(SCMP_ACT_ALLOW, kBackgroundCalls);
    filter.add(SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), std::array{scmp_arg_cmp{0, SCMP_CMP_EQ, 0, 0}});
    filter.add(SCMP_ACT_ALLOW, SCMP_SYS(openat),
               std::array{has_bits(2, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY)});
    filter.add(SCMP_ACT_ALLOW, SCMP_SYS(clone),
               std::array{has_bits(0, CLONE_THREAD, CLONE_THREAD)});
    filter.add(kAbsent, SCMP_SYS(clone3), {});
}

void allow_collectors(Filter& filter) {
    for (const uint64_t family : {AF_INET, AF_UNIX})
        filter.add(SCMP_ACT_ALLOW, SCMP_SYS(socket),
                   std::array{scmp_arg_cmp{0, SCMP_CMP_EQ, family, 0}});
    filter.add(SCMP_ACT_ALLOW, SCMP_SYS(connect), {});
}

void allow_appending(Filter& filter) {
    filter.add(SCMP_ACT_ALLOW, SCMP_SYS(openat),
               std::array{has_bits(2, O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND,
                                   O_WRONLY | O_CREAT | O_APPEND)});
}

/// To give up more: a filter of the calling thread alone, and capabilities that it has.
void allow_confining(Filter& filter) {
    filter.add(SCMP_ACT_ALLOW, SCMP_SYS(seccomp),
               std::array{scmp_arg_cmp{0, SCMP_CMP_EQ, SECCOMP_SET_MODE_FILTER, 0},
                          scmp_arg_cmp{1, SCMP_CMP_EQ, 0, 0}});
    for (const int number : {SCMP_SYS(capget), SCMP_SYS(capset)})
        filter.add(SCMP_ACT_ALLOW, number, {});
}

/// The calling thread: no capabilities, and of the system calls those that allow(filter) adds.
template <typename Allow>
Status confine(Allow allow) {
    if (Status status = keep_capabilities(0); !status)
        return status;
    Filter filter(kRefuse);
    allow(filter);
    return filter.load(false);
}

}  // namespace

Status forbid_new_privileges() {
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return failed("the kernel does not forbid new privileges", errno);
    return Done{};
}

Status filter_process() {
    Filter filter(SCMP_ACT_ALLOW);
    filter.add(kRefuse, kForbidden);
    filter.add(kRefuse, SCMP_SYS(clone), std::array{has_bits(0, CLONE_THREAD, 0)});
    filter.add(kAbsent, SCMP_SYS(clone3), {});
    refuse_others(filter);
    refuse_new_code(filter);
    return filter.load(true);
}

Status drop_capabilities() {
    OnInterruptThread interrupts;
    const Status interrupt_thread = interrupts.run([] { return keep_capabilities(0); });
    const Status own = keep_capabilities(kNetwork);
    return interrupt_thread ? own : interrupt_thread;
}

Status confine_worker() {
    return confine(allow_worker);
}

Status confine_background() {
    return confine(allow_background);
}

/// Its collector may come later, and come again.
Status confine_flow_log() {
    return confine([](Filter& filter) {
        allow_background(filter);
        allow_collectors(filter);
    });
}

/// Its file may be rotated.
Status confine_file_log() {
    return confine([](Filter& filter) {
        allow_background(filter);
        allow_appending(filter);
    });
}

Status confine_reload() {
    return confine([](Filter& filter) {
        allow_background(filter);
        allow_collectors(filter);
        allow_appending(filter);
        allow_confining(filter);
    });
}

/// Its peer may come later, and come again.
Status confine_pair() {
    return confine([](Filter& filter) {
        allow_background(filter);
        filter.add(SCMP_ACT_ALLOW, SCMP_SYS(socket),
                   std::array{scmp_arg_cmp{0, SCMP_CMP_EQ, AF_INET, 0}});
        for (const int number : {SCMP_SYS(connect), SCMP_SYS(bind)})
            filter.add(SCMP_ACT_ALLOW, number, {});
    });
}

}  // namespace sluice::app
