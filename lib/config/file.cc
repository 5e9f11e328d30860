// SPDX-License-Identifier: BSD-3-Clause
#include "config/file.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace sluice::config {
namespace {

using std::string;
using std::string_view;

class Descriptor {
public:
    explicit Descriptor(int number) : number_(number) {}
    Descriptor(const Descriptor&) = delete;
    ~Descriptor() {
        if (number_ >= 0)
            close(number_);
    }
    int number() const { return number_; }

private:
    int number_;
};

Error no_file(const string& path, const string& why) {
    return Error{"--config " + path + ": " + why};
}

Error too_large(const string& path) {
    return no_file(path, "it is larger than 16 MB, which no configuration is");
}

string kind_of(mode_t mode) {
    if (S_ISDIR(mode))
        return "a directory";
    if (S_ISFIFO(mode))
        return "a pipe";
    if (S_ISSOCK(mode))
        return "a socket";
    return "a device";
}

/// All of it, at most kMostFileBytes: a file may grow while it is read.
Result<string> read_text(const string& path) {
    // Without O_NONBLOCK a pipe that nobody writes to would be waited for.
    const Descriptor file(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
    struct stat status {};
    if (file.number() < 0 || fstat(file.number(), &status) != 0)
        return no_file(path, std::strerror(errno));
    if (!S_ISREG(status.st_mode))
        return no_file(path, "it is " + kind_of(status.st_mode) + "; a file is wanted");
    if (status.st_size > static_cast<off_t>(kMostFileBytes))
        return too_large(path);
    string text;
    char buffer[1 << 16];
    while (true) {
        const ssize_t count = ::read(file.number(), buffer, sizeof buffer);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return no_file(path, std::strerror(errno));
        if (count == 0)
            return text;
        text.append(buffer, static_cast<size_t>(count));
        if (text.size() > kMostFileBytes)
            return too_large(path);
    }
}

/// What an error speaks about.
struct Blamed {
    string_view flag;
    string_view value;
};

/// Nothing where it does not begin as config::wrong() makes it.
std::optional<Blamed> blamed_by(string_view message) {
    if (!message.starts_with("--"))
        return std::nullopt;
    const size_t end = message.find_first_of(" :");
    if (end == string_view::npos)
        return std::nullopt;
    const string_view flag = message.substr(2, end - 2);
    if (message[end] == ':')
        return Blamed{flag, {}};
    const size_t colon = message.find(": ", end);
    if (colon == string_view::npos)
        return std::nullopt;
    return Blamed{flag, message.substr(end + 1, colon - end - 1)};
}

bool is_part_of_word(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '.' || c == '/';
}

/// Where `value` stands in `text` last, and not as a part of something longer.
size_t find_value(string_view text, string_view value) {
    size_t last = string_view::npos;
    for (size_t found = text.find(value); found != string_view::npos;
         found = text.find(value, found + 1)) {
        const size_t behind = found + value.size();
        const bool begins = found == 0 || !is_part_of_word(text[found - 1]);
        if (begins && (behind == text.size() || !is_part_of_word(text[behind])))
            last = found;
    }
    return last;
}

}  // namespace

Result<File> File::read(const string& path) {
    Result<string> text = read_text(path);
    if (!text)
        return text.error();
    Result<std::vector<FileEntry>> entries = read_entries(*text);
    if (!entries)
        return Error{path + ':' + entries.error().message};
    return File(path, std::move(*entries));
}

Settings File::settings() const {
    Settings settings;
    for (const FileEntry& entry : entries_)
        for (const FileWord& word : entry.words)
            settings[entry.flag].push_back(word.text);
    return settings;
}

/// Of values that are there twice the second is the one that is wrong.
Error File::located(const Error& error) const {
    const auto blamed = blamed_by(error.message);
    if (!blamed)
        return error;
    std::optional<Place> place;
    bool is_exact = false;
    unsigned entries = 0;
    for (const FileEntry& entry : entries_) {
        if (entry.flag != blamed->flag)
            continue;
        if (++entries == 1)
            place = entry.words.front().place;
        for (const FileWord& word : entry.words) {
            const size_t offset =
                blamed->value.empty() ? string_view::npos : find_value(word.text, blamed->value);
            if (offset == string_view::npos)
                continue;
            is_exact = true;
            place = Place{word.place.line, word.place.column + static_cast<unsigned>(offset)};
        }
    }
    if (!place)
        return error;
    if (!is_exact && entries > 1)
        return Error{path_ + ": " + error.message};
    return Error{path_ + ':' + to_string(*place) + ": " + error.message};
}

}  // namespace sluice::config
