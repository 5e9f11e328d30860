// SPDX-License-Identifier: BSD-3-Clause
#include "config/file.h"

#include "base/descriptor.h"
#include "config/blame.h"

#include <algorithm>
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
    if (!file || fstat(file.get(), &status) != 0)
        return no_file(path, std::strerror(errno));
    if (!S_ISREG(status.st_mode))
        return no_file(path, "it is " + kind_of(status.st_mode) + "; a file is wanted");
    if (status.st_size > static_cast<off_t>(kMostFileBytes))
        return too_large(path);
    string text;
    char buffer[1 << 16];
    while (true) {
        const ssize_t count = ::read(file.get(), buffer, sizeof buffer);
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

Settings settings_of(const std::vector<FileEntry>& entries) {
    Settings settings;
    for (const FileEntry& entry : entries)
        for (const FileWord& word : entry.words)
            settings[entry.flag].push_back(word.text);
    return settings;
}

}  // namespace

Result<Settings> read_settings(string_view text) {
    const Result<std::vector<FileEntry>> entries = read_entries(text);
    if (!entries)
        return entries.error();
    return settings_of(*entries);
}

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
    return settings_of(entries_);
}

Error File::located(const Error& error) const {
    const string_view flag = blamed_flag(error);
    const bool is_set = std::any_of(entries_.begin(), entries_.end(),
                                    [&](const FileEntry& entry) { return entry.flag == flag; });
    if (!is_set)
        return error;
    const std::optional<Place> place = blamed_place(error, entries_);
    return Error{path_ + (place ? ':' + to_string(*place) : "") + ": " + error.message};
}

}  // namespace sluice::config
