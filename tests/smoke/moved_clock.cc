// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// Moved clock: a library that, loaded before all others, lets a program live at another time.
///
/// The file that $MOVED_CLOCK names holds three 64-bit numbers: nanoseconds that are added to the
/// monotonic clock, nanoseconds that are added to the time of day, and how often the program's
/// first thread has read a clock, by which the test knows that a new time has been seen.

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

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
    constexpr int64_t kSecond = 1'000'000'000;
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
