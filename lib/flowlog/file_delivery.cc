// SPDX-License-Identifier: BSD-3-Clause
#include "base/descriptor.h"
#include "flowlog/delivery.h"

#include <cerrno>
#include <cstring>
#include <deque>
#include <fcntl.h>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace sluice::flowlog {
namespace {

constexpr int64_t kLookMilliseconds = 1000;  // between looks whether the file is still there
constexpr mode_t kMode = 0640;

/// A descriptor of the file that a path names.
class File : public Descriptor {
public:
    /// Made where there is none; without a descriptor where it cannot be opened (errno). Nobody
    /// waits for the reader of a FIFO.
    explicit File(const std::string& path)
        : Descriptor(::open(path.c_str(),
                            O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
                            kMode)) {}
    /// The path names another file now, or none: this one was rotated away.
    bool has_left(const std::string& path) const {
        struct stat own {};
        struct stat named {};
        if (::fstat(get(), &own) != 0)
            return true;
        return ::stat(path.c_str(), &named) != 0 || own.st_ino != named.st_ino ||
               own.st_dev != named.st_dev;
    }
};

/// Messages wait until the file has taken them. A file that is full, or cannot be opened where it
/// was rotated, is tried again; only what finds no room meanwhile is lost.
class FileDelivery final : public Delivery {
public:
    FileDelivery(const DeliveryParams& params, File file)
        : params_(params), file_(std::move(file)) {}

    void turn(int64_t now) override;
    void put(Message message) override;
    bool has_waiting() const override { return !waiting_.empty(); }
    void give_up() override;

private:
    static size_t cost_of(const Message& message) { return message.bytes.size() + sizeof(message); }
    const std::string& path() const { return params_.target.collector.path; }
    void look();
    void reopen();
    void add(Message message);
    bool write_waiting();
    void forget_first();
    void note_absence(int reason);

    DeliveryParams params_;
    File file_;
    int64_t now_ = 0;
    int64_t looked_at_ = 0;
    bool is_away_ = false;
    std::deque<Message> waiting_;  // the oldest first
    size_t waiting_bytes_ = 0;
    size_t offset_ = 0;  // of the first, is written
};

void FileDelivery::turn(int64_t now) {
    now_ = now;
    if (now - looked_at_ >= kLookMilliseconds)
        look();
    if (!is_away_)
        write_waiting();
}

/// Once a second: follows the path, tries again what did not go, and tells what was lost.
void FileDelivery::look() {
    looked_at_ = now_;
    if (!file_ || file_.has_left(path()))
        reopen();
    if (is_away_ && file_ && write_waiting()) {
        is_away_ = false;
        params_.say([this] {
            return ": it is written again; " + std::to_string(params_.account.lost()) +
                   " records have been lost since the start";
        });
    }
    if (is_away_ || !params_.account.has_untold() || waiting_bytes_ >= params_.most_waiting_bytes)
        return;
    Message losses = params_.encoder.losses(params_.account.lost(), params_.account.untold());
    losses.told = params_.account.told();
    add(std::move(losses));
    params_.account.tell();
}

void FileDelivery::reopen() {
    File file(path());
    if (!file)
        note_absence(errno);
    file_ = std::move(file);
    if (offset_ == 0)
        return;
    // The new file begins with a whole line.
    const size_t line = waiting_.front().bytes.rfind('\n', offset_ - 1);
    offset_ = line == std::string::npos ? 0 : line + 1;
}

void FileDelivery::put(Message message) {
    const auto [records, period] = std::pair(message.records, message.period);
    if (waiting_bytes_ + cost_of(message) > params_.most_waiting_bytes ||
        !if_memory_allows([&] { add(std::move(message)); }))
        params_.account.lose(records, period);
}

void FileDelivery::add(Message message) {
    message.bytes.shrink_to_fit();  // it may wait for long
    waiting_.push_back(std::move(message));
    waiting_bytes_ += cost_of(waiting_.back());
}

/// True when nothing waits any more.
bool FileDelivery::write_waiting() {
    while (!waiting_.empty()) {
        const std::string_view rest = std::string_view(waiting_.front().bytes).substr(offset_);
        const ssize_t count = ::write(file_.get(), rest.data(), rest.size());
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0 && errno == EAGAIN)  // a FIFO, whose reader is slow
            return false;
        if (count < 0) {
            note_absence(errno);
            return false;
        }
        offset_ += static_cast<size_t>(count);
        if (offset_ == waiting_.front().bytes.size())
            forget_first();
    }
    return true;
}

void FileDelivery::forget_first() {
    const Message& message = waiting_.front();
    if (message.kind == Message::Kind::Records)
        params_.account.send(message.records);
    waiting_bytes_ -= cost_of(message);
    waiting_.pop_front();
    offset_ = 0;
}

void FileDelivery::note_absence(int reason) {
    if (!std::exchange(is_away_, true))
        params_.say([this, reason] {
            return std::string(": it cannot be written (") + std::strerror(reason) +
                   "); records wait, up to " + std::to_string(params_.most_waiting_bytes >> 10) +
                   " KiB";
        });
}

void FileDelivery::give_up() {
    if (file_)
        write_waiting();
    for (const Message& message : waiting_)
        if (message.kind == Message::Kind::Records)
            params_.account.lose(message.records, message.period);
        else if (message.kind == Message::Kind::Losses)
            params_.account.untell(message.period, message.told);
    waiting_.clear();
    waiting_bytes_ = offset_ = 0;
}

Error cannot_be_opened(const config::FlowLogTarget& target, int reason) {
    return Error{target.name + ": it cannot be opened: " + std::strerror(reason)};
}

/// By this thread, with what rights it has.
bool may(const std::string& path, int how) {
    return ::faccessat(AT_FDCWD, path.c_str(), how, AT_EACCESS) == 0;
}

}  // namespace

Status look_at_file(const config::FlowLogTarget& target) {
    const std::string& path = target.collector.path;
    struct stat status {};
    if (::stat(path.c_str(), &status) == 0) {
        if (S_ISDIR(status.st_mode))
            return cannot_be_opened(target, EISDIR);
        if (!may(path, W_OK))
            return cannot_be_opened(target, errno);
        return Done{};
    }
    if (errno != ENOENT)
        return cannot_be_opened(target, errno);
    if (!may(path.substr(0, path.rfind('/') + 1), W_OK | X_OK))
        return cannot_be_opened(target, errno);
    return Done{};
}

Result<std::unique_ptr<Delivery>> deliver_to_file(const DeliveryParams& params) {
    File file(params.target.collector.path);
    if (!file)
        return cannot_be_opened(params.target, errno);
    return std::unique_ptr<Delivery>(std::make_unique<FileDelivery>(params, std::move(file)));
}

}  // namespace sluice::flowlog
