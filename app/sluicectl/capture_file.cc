// SPDX-License-Identifier: BSD-3-Clause
#include "sluicectl/capture_file.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace sluicectl {
namespace {

constexpr uint32_t kStatistics = 5;
constexpr uint32_t kPacket = 6;
constexpr size_t kHeadBytes = 8;                // type and length
constexpr size_t kLeastCaptureBlock = 12;       // these, and the length once more
constexpr size_t kMostCaptureBlock = 1U << 20;  // no block of ours is so long
constexpr size_t kStatisticsBytes = 12;         // interface and time, before the options
constexpr uint16_t kDropped = 7;                // isb_osdrop

template <typename T>
T number_at(std::string_view bytes, size_t at) {
    T number{};
    if (at + sizeof number <= bytes.size())
        std::memcpy(&number, bytes.data() + at, sizeof number);
    return number;
}

}  // namespace

void CaptureFile::Close::operator()(std::FILE* file) const {
    if (file != stdout)
        std::fclose(file);
}

sluice::Result<CaptureFile> CaptureFile::open(const std::string& path) {
    if (path.empty() || path == "-") {
        if (isatty(STDOUT_FILENO) != 0)
            return sluice::Error{
                "a capture is no text: say -w FILE, or pipe it to a program that reads it."};
        return CaptureFile(File(stdout), "the standard output");
    }
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    File file(fd < 0 ? nullptr : fdopen(fd, "wb"));
    if (file == nullptr)
        return sluice::Error{"-w " + path + ": it cannot be opened: " + std::strerror(errno) + "."};
    return CaptureFile(std::move(file), path);
}

bool CaptureFile::write(const char* bytes, size_t count) {
    rest_.append(bytes, count);
    size_t whole = 0;
    while (rest_.size() - whole >= kHeadBytes) {
        const auto length = number_at<uint32_t>(rest_, whole + sizeof(uint32_t));
        if (length < kLeastCaptureBlock || length > kMostCaptureBlock) {
            error_ = "the gateway sent what is no capture.";
            return false;
        }
        if (rest_.size() - whole < length)
            break;
        this->count(std::string_view(rest_).substr(whole, length));
        whole += length;
    }
    if (std::fwrite(rest_.data(), 1, whole, file_.get()) != whole)
        return fail();
    rest_.erase(0, whole);
    return flush();
}

bool CaptureFile::flush() {
    return std::fflush(file_.get()) == 0 || fail();
}

bool CaptureFile::fail() {
    if (errno != EPIPE)
        error_ = "cannot write " + name_ + ": " + std::strerror(errno) + ".";
    return false;
}

void CaptureFile::count(std::string_view block) {
    const auto type = number_at<uint32_t>(block, 0);
    packets_ += type == kPacket ? 1 : 0;
    if (type != kStatistics)
        return;
    size_t at = kHeadBytes + kStatisticsBytes;
    while (const auto code = number_at<uint16_t>(block, at)) {
        const auto size = number_at<uint16_t>(block, at + sizeof code);
        if (code == kDropped)
            lost_ = number_at<uint64_t>(block, at + sizeof code + sizeof size);
        at += sizeof code + sizeof size + (size + size_t{3}) / 4 * 4;
    }
}

}  // namespace sluicectl
