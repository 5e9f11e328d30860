// SPDX-License-Identifier: BSD-3-Clause
#include "ethdev/driver_log.h"

#include <rte_log.h>

#include <algorithm>
#include <cstdio>
#include <mutex>
#include <string_view>
#include <sys/mman.h>
#include <unistd.h>
#include <utility>

namespace sluice::ethdev {
namespace {

struct Complaints {
    std::mutex mutex;
    Echo echo = Echo::Off;
    std::function<void(std::string_view)> sink;
    std::string driver;
    std::string eal;
};

Complaints& complaints() {
    static Complaints only;  // DPDK has one log a process
    return only;
}

void remember(std::string_view line) {
    while (!line.empty() && (line.back() == '\n' || line.back() == ' '))
        line.remove_suffix(1);
    // Drivers begin with the name of their function, which tells an operator nothing.
    if (const size_t end = line.find("(): "); end != std::string_view::npos)
        line.remove_prefix(end + 4);
    if (line.empty())
        return;
    Complaints& kept = complaints();
    const std::lock_guard lock(kept.mutex);
    std::string& place = line.starts_with("EAL: ") ? kept.eal : kept.driver;
    if (place.empty())
        place = line;
}

ssize_t write_log(void* cookie, const char* text, size_t bytes) {
    if (rte_log_cur_msg_loglevel() <= static_cast<int>(RTE_LOG_ERR))
        remember({text, bytes});
    if (cookie == nullptr)
        return static_cast<ssize_t>(bytes);
    if (const auto& sink = complaints().sink)
        sink({text, bytes});
    else
        std::fwrite(text, 1, bytes, static_cast<FILE*>(cookie));
    return static_cast<ssize_t>(bytes);
}

void restore(int saved, int original) {
    if (saved < 0)
        return;
    dup2(saved, original);
    close(saved);
}

}  // namespace

void install_driver_log(Echo echo) {
    complaints().echo = echo;
    const cookie_io_functions_t functions{nullptr, write_log, nullptr, nullptr};
    FILE* stream = fopencookie(echo == Echo::Stderr ? stderr : nullptr, "w", functions);
    if (stream != nullptr)
        rte_openlog_stream(stream);
}

void redirect_driver_log(std::function<void(std::string_view)> sink) {
    complaints().sink = std::move(sink);
}

std::string take_complaint() {
    Complaints& kept = complaints();
    const std::lock_guard lock(kept.mutex);
    std::string driver = std::exchange(kept.driver, {});
    std::string eal = std::exchange(kept.eal, {});
    return driver.empty() ? eal : driver;
}

Quiet::Quiet() {
    if (complaints().echo == Echo::Stderr)
        return;
    file_ = memfd_create("quiet", MFD_CLOEXEC);
    if (file_ < 0)
        return;
    std::fflush(nullptr);
    out_ = dup(STDOUT_FILENO);
    err_ = dup(STDERR_FILENO);
    dup2(file_, STDOUT_FILENO);
    dup2(file_, STDERR_FILENO);
}

Quiet::~Quiet() {
    std::fflush(nullptr);
    restore(out_, STDOUT_FILENO);
    restore(err_, STDERR_FILENO);
    if (file_ >= 0)
        close(file_);
}

std::string Quiet::first_line() const {
    std::fflush(nullptr);
    std::string text(256, '\0');
    const ssize_t bytes = pread(file_, text.data(), text.size(), 0);
    text.resize(bytes > 0 ? static_cast<size_t>(bytes) : 0);
    text.resize(std::min(text.size(), text.find('\n')));
    return text;
}

}  // namespace sluice::ethdev
