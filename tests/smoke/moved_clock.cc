// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// Moved clock: a library that, loaded before all others, lets a program live at another time.
///
/// The file that $MOVED_CLOCK names holds three 64-bit numbers: nanoseconds that are added to the
/// monotonic clock, nanoseconds that are added to the time of day, and how often the program's
/// first thread has read a clock, by which the test knows that a new time has been seen. Who waits
/// for a time (std::condition_variable) waits by the moved clock, too.

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

constexpr int64_t kSecond = 1'000'000'000;

struct Page {
    std::atomic<int64_t> monotonic;
    std::atomic<int64_t> wall;
    std::atomic<int64_t> readings;
};

Page* page() {
    static Page* const mapped = [] {
        const char* name = std::getenv("MOVED_CLOCK");
        const int file = name == nullptr ? -1 : open(name, O_RDWR | O_CLOEXEC);
        if (file < 0)
            return static_cast<Page*>(nullptr);
        void* start = mmap(nullptr, sizeof(Page), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        close(file);
        return start == MAP_FAILED ? nullptr : static_cast<Page*>(start);
    }();
    return mapped;
}

}  // namespace

extern "C" int clock_gettime(clockid_t clock, timespec* time) noexcept {
    const auto result = static_cast<int>(syscall(SYS_clock_gettime, clock, time));
    Page* moved = page();
    if (result != 0 || moved == nullptr || (clock != CLOCK_MONOTONIC && clock != CLOCK_REALTIME))
        return result;
    const auto& offset = clock == CLOCK_REALTIME ? moved->wall : moved->monotonic;
    const int64_t sum = time->tv_sec * kSecond + time->tv_nsec + offset.load();
    time->tv_sec = sum / kSecond;
    time->tv_nsec = sum % kSecond;
    if (syscall(SYS_gettid) == getpid())
        moved->readings.fetch_add(1);
    return result;
}

extern "C" time_t time(time_t* place) noexcept {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    if (place != nullptr)
        *place = now.tv_sec;
    return now.tv_sec;
}

/// A short wait by the clock as it is; woken too early, whoever waits looks at the moved one.
extern "C" int pthread_cond_clockwait(pthread_cond_t* condition, pthread_mutex_t* mutex,
                                      clockid_t clock, const timespec* until) {
    using Wait = int (*)(pthread_cond_t*, pthread_mutex_t*, clockid_t, const timespec*);
    static const auto real = reinterpret_cast<Wait>(dlsym(RTLD_NEXT, "pthread_cond_clockwait"));
    constexpr int64_t kSlice = 10'000'000;
    timespec now{};
    clock_gettime(clock, &now);
    const int64_t left = (until->tv_sec - now.tv_sec) * kSecond + until->tv_nsec - now.tv_nsec;
    if (left <= 0)
        return ETIMEDOUT;
    timespec end{};
    syscall(SYS_clock_gettime, clock, &end);
    const int64_t sum = end.tv_sec * kSecond + end.tv_nsec + (left < kSlice ? left : kSlice);
    end = {sum / kSecond, sum % kSecond};
    const int result = real(condition, mutex, clock, &end);
    return result == ETIMEDOUT ? 0 : result;
}
