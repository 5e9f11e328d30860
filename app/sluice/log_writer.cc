// SPDX-License-Identifier: BSD-3-Clause
#include "sluice/log_writer.h"

#include "base/if_memory_allows.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <poll.h>
#include <string>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace sluice::app {
namespace {

uint64_t count_lines(std::string_view text) {
    return static_cast<uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

/// Writes all of it; what it returns could not be written.
std::string_view write_all(int descriptor, std::string_view text) {
    while (!text.empty()) {
        const ssize_t count = ::write(descriptor, text.data(), text.size());
        if (count > 0) {
            text.remove_prefix(static_cast<size_t>(count));
        } else if (count < 0 && errno == EAGAIN) {  // whoever shares it made it so
            pollfd writable{descriptor, POLLOUT, 0};
            poll(&writable, 1, -1);
        } else if (count == 0 || errno != EINTR) {
            break;
        }
    }
    return text;
}

std::string loss_of(uint64_t lines) {
    return "sluice: " + std::to_string(lines) + (lines == 1 ? " line" : " lines") +
           " of this log lost here: nobody read it in time\n";
}

/// False where it could not be said.
bool say_loss(int descriptor, uint64_t lines) {
    bool is_said = false;
    if_memory_allows([&] { is_said = write_all(descriptor, loss_of(lines)).empty(); });
    return is_said;
}

}  // namespace

struct LogWriter::Shared {
    std::atomic<uint64_t> lost{0};
    std::mutex mutex;
    std::condition_variable changed;
    std::string lines;    // to be written
    uint64_t untold = 0;  // lost, and the log does not say so yet
    bool ending = false;
    bool ended = false;

    void lose(uint64_t count) {
        untold += count;
        // relaxed: the number stands alone. Not under the lock, since whoever asks for it may run
        // in the idle class and must not make others wait.
        lost.fetch_add(count, std::memory_order_relaxed);
    }

    void run(int descriptor) {
        std::unique_lock lock(mutex);
        while (true) {
            changed.wait(lock, [this] { return ending || !lines.empty(); });
            if (lines.empty())
                break;
            const std::string taken = std::exchange(lines, {});
            // Lines are lost only while the buffer is full: they would stand behind what is in it.
            const uint64_t told = std::exchange(untold, 0);
            lock.unlock();
            const std::string_view unwritten = write_all(descriptor, taken);
            const bool said = told == 0 || (unwritten.empty() && say_loss(descriptor, told));
            lock.lock();
            lose(count_lines(unwritten));
            if (!said)
                untold += told;
        }
        ended = true;
        changed.notify_all();
    }
};

LogWriter::LogWriter(const LogWriterParams& params)
    : params_(params), shared_(std::make_shared<Shared>()), thread_([shared = shared_, params] {
          params.background.enter();
          shared->run(params.descriptor);
      }) {}

Result<std::unique_ptr<LogWriter>> LogWriter::start(const LogWriterParams& params) {
    try {
        return std::unique_ptr<LogWriter>(new LogWriter(params));
    } catch (const std::system_error& error) {
        return Error{std::string("the log's thread cannot be started: ") + error.what()};
    }
}

/// Nothing ends a write() that nobody reads: then the thread is left to the process's end.
LogWriter::~LogWriter() {
    std::unique_lock lock(shared_->mutex);
    shared_->ending = true;
    shared_->changed.notify_all();
    const bool ended =
        shared_->changed.wait_for(lock, params_.farewell, [this] { return shared_->ended; });
    lock.unlock();
    if (ended)
        thread_.join();
    else
        thread_.detach();
}

void LogWriter::add(std::initializer_list<std::string_view> pieces) {
    size_t bytes = 0;
    uint64_t count = 0;
    for (const std::string_view piece : pieces) {
        bytes += piece.size();
        count += count_lines(piece);
    }
    {
        const std::lock_guard lock(shared_->mutex);
        std::string& lines = shared_->lines;
        const size_t before = lines.size();
        const bool are_in = before + bytes <= params_.most_bytes && if_memory_allows([&] {
                                for (const std::string_view piece : pieces)
                                    lines += piece;
                            });
        if (!are_in) {
            lines.resize(before);
            return shared_->lose(count);
        }
    }
    shared_->changed.notify_one();
}

uint64_t LogWriter::lost() const {
    return shared_->lost.load(std::memory_order_relaxed);
}

}  // namespace sluice::app
